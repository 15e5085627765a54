package carriers

import "testing"

func TestKey(t *testing.T) {
	t.Parallel()
	scan := func(change func(*Event)) Event {
		e := Event{Code: "OFD", Description: "Out for delivery", Location: "Berlin, DE", Status: StatusOutForDelivery}
		e.SetTime("2026-01-05T08:00:00+01:00", nil)
		if change != nil {
			change(&e)
		}
		return e
	}
	local := func(zone string) Event {
		return scan(func(e *Event) { e.SetTime("2026-01-05T08:00:00", ZoneOf(zone)) })
	}
	named := func(id, text string) Event {
		return scan(func(e *Event) { e.CarrierID, e.Description = id, text })
	}
	tests := []struct {
		name string
		a, b Event
		same bool
	}{
		{"the place in the list", scan(nil), scan(func(e *Event) { e.Sequence = 7 }), true},
		{"case and blanks", scan(nil), scan(func(e *Event) { e.Description = " OUT for  delivery" }), true},
		{"the same instant in another offset", scan(nil), scan(func(e *Event) { e.SetTime("2026-01-05T07:00:00Z", nil) }), true},
		{"a wall clock whose zone became known", local(""), local("DE"), true},
		{"another second", scan(nil), scan(func(e *Event) { e.SetTime("2026-01-05T08:00:01+01:00", nil) }), false},
		{"another place", scan(nil), scan(func(e *Event) { e.Location = "Bonn, DE" }), false},
		{"fields do not run into each other", scan(func(e *Event) { e.Code, e.Description = "ab", "c" }),
			scan(func(e *Event) { e.Code, e.Description = "a", "bc" }), false},
		{"a translation under the carrier's id", named("77", "Out for delivery"), named("77", "In Zustellung"), true},
		{"another id", named("77", "Out for delivery"), named("78", "Out for delivery"), false},
		{"an unreadable time", scan(func(e *Event) { e.SetTime("Monday", nil) }), scan(func(e *Event) { e.SetTime("Tuesday", nil) }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if same := Key("dhl", "1", tt.a) == Key("dhl", "1", tt.b); same != tt.same {
				t.Errorf("same key: %v, want %v", same, tt.same)
			}
		})
	}
	if Key("dhl", "1", scan(nil)) == Key("ups", "1", scan(nil)) || Key("dhl", "1", scan(nil)) == Key("dhl", "2", scan(nil)) {
		t.Error("carrier and number must be part of the key")
	}
}
