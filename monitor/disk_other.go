//go:build !unix

package monitor

import "errors"

// disk is not asked for on this platform.
func disk(string) (free, size int64, err error) {
	return 0, 0, errors.ErrUnsupported
}
