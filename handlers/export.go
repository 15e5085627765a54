package handlers

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Limits of an export.
const (
	exportTime = 10 * time.Minute
	exportRows = 1000 // lines of one query
)

// csvStream writes a table to somebody who reads it as it is made.
type csvStream struct {
	*csv.Writer

	out  *bufio.Writer
	conn net.Conn
}

// send hands over what was written. Whoever does not take it in time is gone.
func (s *csvStream) send() error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	s.Writer.Flush()
	if err := s.Error(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// streamCSV answers with a table that write makes. From here on c is not used:
// the writer outlives it. What breaks off closes the connection, so that nobody
// takes a part for the whole.
func (s *server) streamCSV(c *fiber.Ctx, name string, write func(ctx context.Context, out *csvStream) error) {
	conn := c.Context().Conn()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, "attachment; filename="+strconv.Quote(name))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithTimeout(s.base, exportTime)
		defer cancel()
		defer endDeadline(conn)
		defer func() { // a panic here would end the process
			if p := recover(); p != nil {
				s.Log.Error("export panicked", "export", name, "panic", p, "stack", string(debug.Stack()))
				_ = conn.Close() // as below
			}
		}()
		if err := write(ctx, &csvStream{Writer: csv.NewWriter(w), out: w, conn: conn}); err != nil {
			s.Log.Error("export broke off", "export", name, "error", err)
			_ = conn.Close() // there is nobody to tell
		}
	})
}

// harmless keeps a spreadsheet from taking text of the file for a formula: at
// its beginning, and after what parts cells where commas do not.
func harmless(text string) string {
	var out strings.Builder
	begins := true
	for _, r := range text {
		if begins && strings.ContainsRune("=+-@＝＋－＠\t\r\n", r) {
			out.WriteByte('\'')
		}
		out.WriteRune(r)
		begins = strings.ContainsRune(";\t\r\n", r)
	}
	return out.String()
}
