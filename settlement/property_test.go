package settlement_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/settlement"
)

// Whatever goes wrong at the provider is found, once, and nothing else is: in
// whatever order lines stand, however they are cut into files, whether those
// overlap, and in whatever order the files come.
func TestWhatWentWrongIsFoundOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		if db.Dialect == models.SQLite { // nothing here is about the machine's crashes
			if _, err := db.SQL().ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
				t.Fatal(err)
			}
		}
		s := newShop(t, db)
		moves := s.moves()
		s.at(28, 0)
		rapid.Check(t, func(rt *rapid.T) {
			for _, table := range []string{"settlement_sums", "settlement_refusals", "settlement_lines", "settlement_files"} {
				if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
					t.Fatal(err)
				}
			}
			books, want := drawBooks(rt, moves)
			files := drawFiles(rt, books, &want)
			got := []string{}
			for _, text := range files {
				r := s.readAs(settlement.FormatCSV, text)
				if len(r.Refused) > 0 {
					rt.Fatalf("refused: %v", r.Refused)
				}
			}
			for _, text := range files {
				r := s.readAs(settlement.FormatCSV, text)
				found := s.found(r.FileID)
				f, err := db.SettlementFile(t.Context(), models.MerchantScope(s.id), r.FileID)
				if err != nil || !r.Unchanged || int(f.Differences) != len(found) {
					rt.Fatalf("again: %+v counts %d differences of %v, %v", r, f.Differences, found, err)
				}
				got = append(got, found...)
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("differences (-want +got):\n%s\nof the files\n%s", diff, strings.Join(files, "\n"))
			}
		})
	})
}

// move is a payment or refund that settled here.
type move struct {
	kind      models.SettlementKind
	reference string
	amount    int64 // below zero for a refund
	at        time.Time
}

// moves adds payments, some of which take their time, and refunds of every other.
func (s *shop) moves() []move {
	s.t.Helper()
	var out []move
	for i := range 10 {
		s.at(2+i, 7*i%24)
		p, a := modelstest.Payment(s.t, s.db, modelstest.Order(s.t, s.db, s.id, int64(1000+i)), s.account.ID)
		s.move(p, models.PaymentProcessing, 0)
		s.now = s.now.Add(time.Duration(i%3) * 13 * time.Hour)
		reference := "ch_" + strconv.Itoa(i)
		s.attempt(a, models.AttemptSucceeded, reference)
		p = s.move(p, models.PaymentPaid, p.Amount)
		out = append(out, move{models.SettledCharge, reference, p.Amount, s.now})
		if i%2 == 0 {
			s.now = s.now.Add(50 * time.Hour)
			r := s.refunded(p, int64(100+i), "re_"+strconv.Itoa(i), models.RefundSucceeded)
			out = append(out, move{models.SettledRefund, r.ID, -r.Amount, s.now})
		}
	}
	return out
}

// booked is a line of the provider's books.
type booked struct {
	kind      models.SettlementKind
	reference string
	amount    int64
	at        time.Time
}

// drawBooks books what happened, most of it rightly, and tells what is to be
// found. Something is booked twice a day, and not all of the charges are lacking,
// since nothing could be said of a currency that no file has.
func drawBooks(t *rapid.T, moves []move) (books []booked, want []string) {
	want = []string{}
	for at := day(1); at.Before(day(26)); at = at.Add(12 * time.Hour) {
		books = append(books, booked{models.SettledFee, "", -1, at})
	}
	faults := []string{"", "", "", "other", "twice", "parts", "reversed", "lacking"}
	for i, m := range moves {
		at := m.at.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "lag")) * time.Hour)
		amounts := []int64{m.amount}
		switch rapid.SampledFrom(faults[:len(faults)-1+min(1, i%3)]).Draw(t, m.reference) {
		case "lacking":
			amounts = nil
			want = append(want, fmt.Sprintf("missing_there %s 0/%d", m.kind, m.amount))
		case "other":
			amounts = []int64{m.amount + rapid.SampledFrom([]int64{-7, 7}).Draw(t, "by")}
			want = append(want, fmt.Sprintf("amount_differs %s %d/%d", m.kind, amounts[0], m.amount))
		case "twice":
			amounts = []int64{m.amount, m.amount}
			want = append(want, fmt.Sprintf("duplicate %s %d/%d", m.kind, m.amount, m.amount))
		case "parts":
			amounts = []int64{m.amount / 3, m.amount - m.amount/3}
		case "reversed": // more than was captured, or a refund that failed and was made again
			amounts = []int64{m.amount, -m.amount / 2, m.amount / 2}
		}
		for _, amount := range amounts {
			books = append(books, booked{m.kind, m.reference, amount, at})
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "strangers") {
		at := day(1).Add(time.Duration(rapid.IntRange(0, 24*24).Draw(t, "at")) * time.Hour)
		books = append(books, booked{models.SettledCharge, "ch_stranger_" + strconv.Itoa(i), 5, at})
	}
	return rapid.Permutation(books).Draw(t, "order"), want
}

// drawFiles cuts the books into files. A line that matches nothing is found in
// every file that has it.
func drawFiles(t *rapid.T, books []booked, want *[]string) (files []string) {
	cuts := rapid.SliceOfNDistinct(rapid.IntRange(2, 24), 0, 4, rapid.ID[int]).Draw(t, "cuts")
	slices.Sort(cuts)
	cuts = append(cuts, 27)
	named := rapid.Bool().Draw(t, "lines have ids")
	from := day(1)
	for _, cut := range cuts {
		to := day(cut)
		from = from.Add(-time.Duration(rapid.SampledFrom([]int{0, 0, 5, 30, 80}).Draw(t, "overlap")) * time.Hour)
		var text strings.Builder
		text.WriteString("type,provider_reference,reference,amount_minor,currency,occurred_at,line_id\n")
		for i, b := range books {
			if b.at.Before(from) || !b.at.Before(to) {
				continue
			}
			id := ""
			if named {
				id = strconv.Itoa(i)
			}
			theirs, ours := b.reference, ""
			if models.IsID(models.PrefixRefund, b.reference) {
				theirs, ours = "", b.reference
			}
			fmt.Fprintf(&text, "%s,%s,%s,%d,EUR,%s,%s\n", b.kind, theirs, ours, b.amount, b.at.Format(time.RFC3339), id)
			if strings.Contains(b.reference, "stranger") {
				*want = append(*want, fmt.Sprintf("missing_here %s %d/0", b.kind, b.amount))
			}
		}
		files = append(files, text.String())
		from = to
	}
	return rapid.Permutation(files).Draw(t, "files")
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
