package settlement_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/settlement"
)

func (s *shop) wants(name string, r settlement.Report, want ...string) {
	s.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, s.found(r.FileID)); diff != "" {
		s.t.Errorf("%s: differences (-want +got):\n%s", name, diff)
	}
	f, err := s.db.SettlementFile(s.t.Context(), models.MerchantScope(s.id), r.FileID)
	if err != nil {
		s.t.Fatal(err)
	}
	if int(f.Differences) != len(want) {
		s.t.Errorf("%s: the file counts %d differences, has %d", name, f.Differences, len(want))
	}
}

// Everything agrees but what was put in: one difference of each kind, and only
// those are found.
func TestEachDifferenceIsFound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p1, _ := s.at(2, 9).paid(1000, "ch_1")
		p2, a2 := s.at(2, 10).paid(2000, "ch_2")
		_, _ = s.at(3, 10).paid(3000, "ch_3")
		p4, _ := s.at(4, 10).paid(4000, "ch_4")
		_, _ = s.at(5, 10).paid(5000, "ch_lacking")
		r1 := s.at(5, 11).refunded(p1, 400, "re_1", models.RefundSucceeded)
		_ = s.refunded(p2, 700, "re_lacking", models.RefundSucceeded)
		s.disputed(p4, 4000, "dp_1")
		s.at(19, 1).paid(600, "ch_late") // within the grace at the end
		all := []string{
			line("charge", "", "ch_1", 1000, 1, "t1"), line("charge", a2.ID, "other", 2000, 2, "t2"), line("charge", "", "ch_3", 2990, 3, "t3"),
			line("charge", p4.ID, "", 4000, 4, "t4"), line("charge", p4.ID, "", 4000, 4, "t4b"), line("charge", "", "ch_unknown", 50, 4, "t5"),
			line("refund", r1.ID, "", -400, 5, "t6"), line("refund", "", "re_unknown", -1, 5, "t7"), line("dispute", "", "dp_1", -4000, 6, "t8"),
			line("fee", "", "", -30, 7, "t9"), line("payout", "", "po_1", -9000, 20, "t10"), line("other", "", "", 5, 20, "t11"),
		}
		dry, err := s.try(settlement.FormatCSV, "type,reference,provider_reference,amount_minor,currency,occurred_at,line_id\n"+strings.Join(all, "\n"), true)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"amount_differs charge 2990/3000", "duplicate charge 4000/4000", "missing_here charge 50/0", "missing_here refund -1/0",
			"missing_there charge 0/5000", "missing_there refund 0/-700",
		}
		if diff := cmp.Diff(want, told(dry.Differing())); diff != "" {
			t.Errorf("a dry run finds (-want +got):\n%s", diff)
		}
		if files, _, err := db.SettlementFiles(t.Context(), models.AllMerchants(), "", models.Page{}); err != nil || len(files) != 0 {
			t.Errorf("a dry run stored %d files, %v", len(files), err)
		}
		r := s.read(all...)
		s.wants("the file", r, want...)
		if diff := cmp.Diff(dry.Differences, r.Differences); diff != "" {
			t.Errorf("a dry run counts otherwise:\n%s", diff)
		}
		if r.Lines != 12 || len(r.Refused) != 0 || r.Unchecked != 0 {
			t.Errorf("%+v", r)
		}
		if again := s.read(all...); !again.Unchanged || again.FileID != r.FileID || !cmp.Equal(again.Differences, r.Differences) || !cmp.Equal(again.Sums, r.Sums, cmp.Transformer("id", func(s models.SettlementSum) models.SettlementSum { s.FileID = ""; return s })) {
			t.Errorf("the same file again: %+v\nbefore %+v", again, r)
		}
	})
}

// What lines come to together counts: captures in parts, what was not captured,
// failures of charges and refunds.
func TestLinesOfOnePaymentAreAddedUp(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p1, _ := s.at(2, 9).paid(1000, "ch_1")
		_, _ = s.paid(2000, "ch_2")
		p3, _ := s.paid(3000, "ch_3")
		failed := s.refunded(p3, 300, "re_3", models.RefundSucceeded)
		s.at(9, 1).write(func(tx *models.Tx) error {
			_, _, err := tx.MoveRefund(failed.ID, models.RefundFailed, models.RefundChange{})
			return err
		})
		unknown, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.id, 700), s.account.ID)
		s.move(unknown, models.PaymentProcessing, 0)
		s.attempt(a, models.AttemptUnknown, "ch_4")
		r := s.read(
			line("charge", "", "ch_1", 600, 2, "1"), line("charge", "", "ch_1", 400, 2, "2"),
			line("charge", "", "ch_2", 2500, 2, "3"), line("charge", "", "ch_2", -500, 2, "4"),
			line("charge", "", "ch_3", 3000, 2, "5"), line("refund", "", "re_3", -300, 3, "6"),
			line("charge", a.ID, "", 700, 3, "7"),
		)
		s.wants("together", r, "amount_differs charge 700/0")
		s.wants("the failure of a refund in the next file", s.read(line("refund", "", "re_3", 300, 9, "8")))
		s.wants("the reversal of a charge that stands", s.read(line("charge", p1.ID, "", -1000, 10, "9")), "amount_differs charge -1000/1000")
	})
}

// Files may overlap and follow each other.
func TestFilesOfOneAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		_, _ = s.at(1, 13).paid(100, "ch_1")
		_, _ = s.at(2, 13).paid(200, "ch_2")
		_, _ = s.at(3, 13).paid(300, "ch_3")
		day1 := s.read(line("charge", "", "ch_1", 100, 1, "1"), line("charge", "", "ch_0", 1, 1, "0"))
		s.wants("one day", day1, "missing_here charge 1/0")
		s.wants("the same line again", s.read(line("charge", "", "ch_1", 100, 1, "1"), line("charge", "", "ch_3", 300, 2, "3")))
		s.wants("charged again on another day", s.read(line("charge", "", "ch_1", 100, 3, "1b")), "duplicate charge 100/100")
		s.at(9, 1)
		after := s.read(line("charge", "", "ch_3", 300, 4, "3"), line("payout", "", "po", -1, 6, "p"))
		s.wants("days later", after, "missing_there charge 0/200")
		s.wants("what was missing", s.read(line("charge", "", "ch_2", 200, 6, "2")))
		s.wants("is not any more", after)
	})
}

// What another account or merchant has is not found, and not told of.
func TestOtherAccountsStayOut(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		other := newShop(t, db)
		p, a := other.at(2, 1).paid(100, "ch_1")
		r := other.refunded(p, 50, "re_1", models.RefundSucceeded)
		s.at(2, 1).paid(100, "ch_own")
		got := s.read(line("charge", a.ID, "", 100, 2, "1"), line("charge", p.ID, "", 100, 2, "2"), line("charge", "", "ch_1", 100, 2, "3"),
			line("refund", r.ID, "re_1", -50, 9, "4"))
		s.wants("another merchant's", got, "missing_here charge 100/0", "missing_here charge 100/0", "missing_here charge 100/0",
			"missing_here refund -50/0")
		lines, err := db.SettlementDifferences(t.Context(), got.FileID, models.DifferenceFilter{}, 0, 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if l.PaymentID != nil || l.RefundID != nil {
				t.Errorf("%+v names another merchant's payment", l)
			}
		}
	})
}

// A payment that failed over: what the first account took all the same differs.
func TestTakenByTwoAccounts(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		first, second := s.account, modelstest.Gateway(t, db, s.id)
		p, a := modelstest.Payment(t, db, modelstest.Order(t, db, s.id, 900), first.ID)
		s.move(p, models.PaymentProcessing, 0)
		s.attempt(a, models.AttemptNotSent, "ch_a")
		var b *models.Attempt
		s.write(func(tx *models.Tx) (err error) {
			fresh, err := tx.Payment(models.AllMerchants(), p.ID)
			if err != nil {
				return err
			}
			b, err = tx.CreateAttempt(fresh, models.Attempt{GatewayAccountID: &second.ID, Cause: models.CauseFailover})
			return err
		})
		s.attempt(b, models.AttemptSucceeded, "ch_b")
		s.move(p, models.PaymentPaid, 900)
		s.wants("the first account", s.read(line("charge", "", "ch_a", 900, 2, "1")), "amount_differs charge 900/0")
		s.account = second
		s.wants("the second account", s.read(line("charge", "", "ch_b", 900, 2, "1")))
	})
}

func TestStripeReport(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p1, _ := s.at(1, 1).paid(1000, "pi_1")
		p2, a2 := s.at(2, 11).paid(2500, "pi_2")
		r2 := s.at(3, 10).refunded(p2, 400, "re_other", models.RefundSucceeded)
		_, _ = s.at(3, 11).paid(2000, "pi_3") // of EUR, where the provider took USD
		s.disputed(p1, 1000, "dp_1")
		text, err := os.ReadFile("testdata/stripe_report.csv")
		if err != nil {
			t.Fatal(err)
		}
		r := s.readAs(settlement.FormatStripe, strings.NewReplacer("ATT2", a2.ID, "REF1", r2.ID).Replace(string(text)))
		s.wants("report", r, "amount_differs charge 1840/2000")
		sums := map[models.SettlementKind][3]int64{}
		for _, sum := range r.Sums {
			sums[sum.Kind] = [3]int64{sum.Lines, sum.Amount, sum.Fee}
		}
		want := map[models.SettlementKind][3]int64{
			models.SettledCharge: {3, 5340, 180}, models.SettledRefund: {1, -400, 0}, models.SettledDispute: {1, -1000, 1500},
			models.SettledFee: {1, -210, 0}, models.SettledPayout: {1, -3000, 0}, models.SettledOther: {1, 100, 0},
		}
		if diff := cmp.Diff(want, sums); diff != "" {
			t.Errorf("sums (-want +got):\n%s", diff)
		}
	})
}
