package views

// LoginView is the form to sign in.
type LoginView struct {
	Email string
	Next  string // the page to go to
	Error string
}
