package carriers

import "testing"

func TestZoneAt(t *testing.T) {
	t.Parallel()
	tests := []struct{ country, region, postal, want string }{
		{"DE", "", "", "Europe/Berlin"},
		{" de ", "Bayern", "80331", "Europe/Berlin"},
		{"MY", "Sabah", "", "Asia/Kuala_Lumpur"},
		{"US", "", "", ""},
		{"US", "NY", "", "America/New_York"},
		{"US", "us-ca", "94105", "America/Los_Angeles"},
		{"US", "TX", "", ""},
		{"US", "TX", "79901", "America/Denver"},
		{"US", "TX", "75201-1234", "America/Chicago"},
		{"US", "", "85004", "America/Phoenix"},
		{"US", "AZ", "86515", ""},
		{"US", "NV", "89883", ""},
		{"US", "IN", "47586", ""},
		{"CA", "BC", "", ""},
		{"CA", "BC", "v5k 0a1", "America/Vancouver"},
		{"CA", "BC", "V1G 1A1", ""},
		{"CA", "ON", "M5V 2T6", "America/Toronto"},
		{"CA", "ON", "P9N 1A1", ""},
		{"AU", "NSW", "2000", "Australia/Sydney"},
		{"AU", "NSW", "2880", ""},
		{"AU", "QLD", "", "Australia/Brisbane"},
		{"BR", "SP", "01310-100", "America/Sao_Paulo"},
		{"ES", "", "28001", "Europe/Madrid"},
		{"ES", "", "35001", "Atlantic/Canary"},
		{"ES", "", "", ""},
		{"PT", "", "9500-150", "Atlantic/Azores"},
		{"ID", "", "", ""},
		{"", "", "", ""},
		{"XX", "NY", "10001", ""},
	}
	for _, tt := range tests {
		t.Run(tt.country+" "+tt.region+" "+tt.postal, func(t *testing.T) {
			t.Parallel()
			got := ""
			if zone := ZoneAt(tt.country, tt.region, tt.postal); zone != nil {
				got = zone.String()
			}
			if got != tt.want {
				t.Errorf("ZoneAt() = %q, want %q", got, tt.want)
			}
		})
	}
}

// Every name in the tables is known to the zone database.
func TestZonesExist(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, name := range zones {
		names[name] = true
	}
	for _, name := range mainlands {
		names[name] = true
	}
	for _, states := range regions {
		for _, name := range states {
			names[name] = true
		}
	}
	for _, area := range postalZones {
		names[area.zone] = true
	}
	for name := range names {
		if located(name) == nil {
			t.Errorf("%q is no zone", name)
		}
	}
}
