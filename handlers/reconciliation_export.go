package handlers

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
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
	filter, id := differenceFilter(c), f.ID
	s.streamCSV(c, "differences-"+id+".csv", func(ctx context.Context, out *csvStream) error {
		return s.writeDifferences(ctx, out, id, filter)
	})
	return nil
}

func (s *server) writeDifferences(ctx context.Context, out *csvStream, fileID string, f models.DifferenceFilter) error {
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
		if err := out.send(); err != nil {
			return err
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
