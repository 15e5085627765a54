//go:build unix

package monitor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// disk says how much room is left where a folder is, and how much there is.
func disk(folder string) (free, size int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, 0, fmt.Errorf("look at the disk of %s: %w", folder, err)
	}
	block := int64(s.Bsize) //nolint:unconvert // narrower on other systems
	return int64(s.Bavail) * block, int64(s.Blocks) * block, nil
}
