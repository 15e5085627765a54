package views

import "github.com/tillpost/tillpost/models"

// UsersView is the list of users.
type UsersView struct {
	Rows     []UserRow
	After    string // cursor of this page
	NextHref string
}

// UserRow is one user of the list.
type UserRow struct {
	User     models.User
	Merchant string
	Self     bool // the viewer, who cannot lock themselves out
}

// UserForm is a new user.
type UserForm struct {
	Form

	Email, Role, Merchant string
	Merchants             []MerchantOption
}

// PasswordForm is a new password of a user.
type PasswordForm struct {
	Form

	User models.User
}

// ConfirmForm asks before something is done.
type ConfirmForm struct {
	Form

	Title, Text, Action, Label string
	Icon                       string
	Danger                     bool
	BackHref, BackLabel        string
}
