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

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// Limits of an export.
const (
	exportTime = 10 * time.Minute
	exportRows = 1000 // lines of one query
)

var exportHeader = []string{
	"line", "difference", "kind", "provider_reference", "reference", "line_id", "payment_id", "refund_id",
	"amount", "currency", "expected_amount", "expected_currency", "occurred_at",
}

// exportSettlement streams all differences that the filter shows.
func (s *server) exportSettlement(c *fiber.Ctx, v *viewer) error {
	f, err := s.DB.SettlementFile(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	filter, conn, id := differenceFilter(c), c.Context().Conn(), f.ID
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="differences-`+id+`.csv"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no")
	// From here on c is not used: the writer outlives it.
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithTimeout(s.base, exportTime)
		defer cancel()
		defer func() { // a panic here would end the process
			if p := recover(); p != nil {
				s.Log.Error("export panicked", "panic", p, "stack", string(debug.Stack()))
				_ = conn.Close() // as below
			}
		}()
		if err := s.writeDifferences(ctx, w, conn, id, filter); err != nil {
			s.Log.Error("export of differences broke off", "file", id, "error", err)
			_ = conn.Close() // so that nobody takes a part for the whole
		}
	})
	return nil
}

func (s *server) writeDifferences(ctx context.Context, w *bufio.Writer, conn net.Conn, fileID string, f models.DifferenceFilter) error {
	out := csv.NewWriter(w)
	if err := out.Write(exportHeader); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	for after := int64(0); ; {
		lines, err := s.DB.SettlementDifferences(ctx, fileID, f, after, exportRows)
		if err != nil {
			return err
		}
		for i := range lines {
			if err := out.Write(exported(&lines[i])); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		if err := conn.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if len(lines) < exportRows {
			return nil
		}
		after = lines[len(lines)-1].Position
	}
}

func exported(l *models.SettlementLine) []string {
	amount, currency := l.Compared()
	line, text := strconv.FormatInt(l.Position, 10), views.Amount(amount, currency)
	if l.Difference == models.MissingThere {
		line, text, currency = "", "", ""
	}
	expected := ""
	if l.ExpectedCurrency != "" {
		expected = views.Amount(l.ExpectedAmount, l.ExpectedCurrency)
	}
	at := ""
	if l.OccurredAt != nil {
		at = l.OccurredAt.UTC().Format(time.RFC3339)
	}
	return []string{
		line, string(l.Difference), string(l.Kind), harmless(l.ProviderReference), harmless(l.Reference), harmless(l.LineID),
		orEmpty(l.PaymentID), orEmpty(l.RefundID), text, currency, expected, l.ExpectedCurrency, at,
	}
}

func orEmpty(id *string) string {
	if id == nil {
		return ""
	}
	return *id
}

// harmless keeps a spreadsheet from taking text of the file for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
