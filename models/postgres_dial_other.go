//go:build !linux

package models

import "syscall"

// boundSilence does nothing where the system knows no such bound: there the
// deadlines of what waits for the database have to do.
func boundSilence(syscall.RawConn) error { return nil }
