package models

import (
	"net"
	"syscall"
	"time"
)

// silence is how long a server of the database may leave what was sent without
// an acknowledgment until the connection counts as broken: after a loss of
// power or of the network nobody says that it is.
const silence = 10 * time.Second

// newDialer makes the dialer of the connections to PostgreSQL.
func newDialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence, Interval: 3 * time.Second, Count: 3},
		Control: func(network, _ string, conn syscall.RawConn) error {
			if network == "unix" {
				return nil
			}
			return boundSilence(conn)
		},
	}
}
