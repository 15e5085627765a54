package views

// Form is what every form that writes has beside its fields.
type Form struct {
	CSRF    string
	Key     string            // issued once: sending the form twice acts once
	Version string            // of what the form is about, which must still be it; empty: any
	Dialog  bool              // it stands in the page's dialog
	Errors  map[string]string // by field; "" is about the whole form
}

// Error is why a field was refused.
func (f Form) Error(field string) string { return f.Errors[field] }
