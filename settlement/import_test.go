package settlement_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/sandbox"
	"github.com/tillpost/tillpost/settlement"
)

// A file that is none leaves nothing behind, also one that breaks off half-way.
func TestUnreadableFilesLeaveNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		const header = "type,currency,amount,occurred_at,reference\n"
		good := strings.Repeat("fee,EUR,1,2026-11-02,\n", 1500)
		for name, text := range map[string]string{
			"no header": "", "another file": "a,b\n1,2\n", "a quote that never ends": header + good + "fee,EUR,\"1\n" + good,
			"nothing that can be read": header + strings.Repeat("fee,EUR,x,2026-11-02,\n", 1500),
		} {
			_, err := s.try(settlement.FormatCSV, text, false)
			if _, ok := errors.AsType[*settlement.FileError](err); !ok {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, table := range []string{"settlement_files", "settlement_lines", "settlement_refusals"} {
			var n int
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
		r := s.readAs(settlement.FormatCSV, header+good+"fee,EUR,x,2026-11-02,\n")
		if r.Lines != 1500 || len(r.Refused) != 1 || r.Refused[0].Position != 1502 {
			t.Errorf("%d lines, refused %v", r.Lines, r.Refused)
		}
		kept, err := db.SettlementRefusals(t.Context(), r.FileID, 10)
		if err != nil || !cmp.Equal(kept, r.Refused) {
			t.Errorf("kept %v, %v", kept, err)
		}
	})
}

func TestRepeatedLineIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t, modelstest.SQLite(t))
	s.at(2, 1).paid(100, "ch_1")
	r := s.read(line("charge", "", "ch_1", 100, 2, "t1"), line("charge", "", "ch_1", 100, 2, "t1"))
	if len(r.Refused) != 1 || r.Refused[0].Reason != "t1 stands in line 2 already" || r.Differences[models.Duplicate] != 0 {
		t.Errorf("%+v", r)
	}
}

// Amounts in currencies that the file does not have are counted, not called missing.
func TestOtherCurrenciesAreNotJudged(t *testing.T) {
	t.Parallel()
	s := newShop(t, modelstest.SQLite(t))
	s.at(2, 1).paid(100, "ch_1")
	r := s.readAs(settlement.FormatCSV, "type,currency,amount,occurred_at,reference\nfee,USD,1,2026-11-01,\nfee,USD,1,2026-11-09,\n")
	if r.Unchecked != 1 || r.Differences[models.MissingThere] != 0 {
		t.Errorf("%+v", r)
	}
}

// What the sandbox's ledger calls a double charge is what its settlement file
// shows as a duplicate, and nothing else is.
func TestLedgersDoubleIsADuplicate(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		s.now = time.Now().UTC().Truncate(time.Microsecond)
		bank, err := sandbox.New(sandbox.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		web := httptest.NewServer(bank.Handler())
		t.Cleanup(func() {
			web.Close()
			if err := bank.Close(); err != nil {
				t.Error(err)
			}
		})
		var doubled string
		for i := range 4 {
			p, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.id, int64(1000+i)), s.account.ID)
			s.move(p, models.PaymentProcessing, 0)
			if i == 2 { // taken, but the answer is lost, and somebody charges once more
				doubled = p.ID
				charge(t, web.URL, p, a.ID)
				s.attempt(a, models.AttemptNotSent, "")
				s.write(func(tx *models.Tx) error {
					fresh, err := tx.Payment(models.AllMerchants(), p.ID)
					if err == nil {
						a, err = tx.CreateAttempt(fresh, models.Attempt{GatewayAccountID: &s.account.ID, Cause: models.CauseManualRetry})
					}
					return err
				})
			}
			s.attempt(a, models.AttemptSucceeded, charge(t, web.URL, p, a.ID))
			s.move(p, models.PaymentPaid, p.Amount)
		}
		ledger := bank.Ledger("")
		if len(ledger.Charges) != 5 || !cmp.Equal(ledger.Doubles, []string{doubled}) {
			t.Fatalf("ledger: %d charges, doubles %v", len(ledger.Charges), ledger.Doubles)
		}
		file := "type,currency,amount_minor,occurred_at,reference,provider_reference\n"
		for _, c := range ledger.Charges {
			file += fmt.Sprintf("charge,%s,%d,%s,%s,%s\n", c.Currency, c.Captured, c.ChargedAt.Format(time.RFC3339), c.Reference, c.Charge)
		}
		r := s.readAs(settlement.FormatCSV, file)
		s.wants("the ledger", r, "duplicate charge 1002/1002")
		found, err := db.SettlementDifferences(t.Context(), r.FileID, models.DifferenceFilter{Difference: models.Duplicate}, 0, 10)
		if err != nil || len(found) != 1 || *found[0].PaymentID != doubled {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// charge makes the sandbox take a payment and returns its reference.
func charge(t *testing.T, url string, p *models.Payment, reference string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"reference": reference, "payment_reference": p.ID, "amount": p.Amount, "currency": p.Currency, "token": "tok_success",
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/charges", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_sandbox_settle")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", reference)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", res.StatusCode, answer, err)
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	return made.ID
}
