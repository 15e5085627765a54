package models

import "errors"

// Unavailable says that an error means the database could not be reached, or had
// no room for the work, of which nothing was kept.
func Unavailable(err error) bool {
	return !errors.Is(err, ErrCommitUnknown) &&
		(connectionLost(err) || conflict(err) || sqliteCode(err) == sqliteFull || postgresCode(err) == "53100")
}
