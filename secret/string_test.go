package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestStringHidesItself(t *testing.T) {
	t.Parallel()
	const text = "hunter2"
	value := NewString(text)
	type account struct {
		Public  String
		private String
		nested  struct{ deep *String }
	}
	outer := account{Public: value, private: value}
	outer.nested.deep = &value

	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("x", "value", value, "pointer", &value, "outer", outer, "group", slog.GroupValue(slog.Any("in", value)))
	}
	encoded, err := json.Marshal(map[string]any{"value": value, "pointer": &value, "outer": outer, "list": []String{value}})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{logged.String(), string(encoded), value.String(), value.GoString(), fmt.Sprint(value, &value, outer, &outer)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		shown = append(shown, fmt.Sprintf(verb, value), fmt.Sprintf(verb, &value), fmt.Sprintf(verb, outer), fmt.Sprintf(verb, []String{value}))
	}
	shown = append(shown, fmt.Errorf("wrap: %v", value).Error())
	for _, output := range shown {
		if strings.Contains(output, text) || strings.Contains(strings.ToLower(output), "68756e74657232") {
			t.Errorf("it shows itself: %s", output)
		}
	}
	if got := fmt.Sprintf("<%v>", value); got != "<***>" {
		t.Errorf("prints %q, want ***", got)
	}
	if value.Reveal() != text {
		t.Errorf("Reveal = %q", value.Reveal())
	}
}

func TestStringReadsAndCompares(t *testing.T) {
	t.Parallel()
	var body struct {
		Token String `json:"token"`
		None  String `json:"none,omitzero"`
	}
	if err := json.Unmarshal([]byte(`{"token":"hunter2"}`), &body); err != nil {
		t.Fatal(err)
	}
	if body.Token.Reveal() != "hunter2" || body.Token.IsZero() {
		t.Errorf("token %q", body.Token.Reveal())
	}
	if !body.None.IsZero() || body.None.Reveal() != "" {
		t.Errorf("absent token %q", body.None.Reveal())
	}
	if !body.Token.Equal(NewString("hunter2")) || body.Token.Equal(NewString("hunter3")) || body.Token.Equal(body.None) {
		t.Error("Equal is wrong")
	}
	if encoded, err := json.Marshal(body); err != nil || string(encoded) != `{"token":"***"}` {
		t.Errorf("encoded %s, %v", encoded, err)
	}
}
