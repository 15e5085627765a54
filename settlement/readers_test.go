package settlement_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/settlement"
)

const ownHeader = "type,currency,amount_minor,occurred_at,provider_reference,line_id\n"

// running says whether another reader was in the way.
func running(err error) bool {
	refused, ok := errors.AsType[*models.Error](err)
	return ok && refused.Code == "settlement_running"
}

func (s *shop) rows(table string) (n int) {
	s.t.Helper()
	if err := s.db.SQL().QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// fees are lines that match nothing.
func fees(from, to int) string {
	var text strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "fee,EUR,-1,2026-11-02T12:00:00Z,,fee_%d\n", i)
	}
	return text.String()
}

// Many bring the same file at once: it is read once.
func TestOneFileIsReadOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		_, _ = s.at(2, 9).paid(100, "ch_1")
		text := ownHeader + "charge,EUR,90,2026-11-02T12:00:00Z,ch_1,1\n" + fees(0, 1100)
		var all sync.WaitGroup
		reports := [9]settlement.Report{}
		for i := range 8 {
			all.Go(func() {
				var err error
				if reports[i], err = s.try(settlement.FormatCSV, text, false); err != nil && !running(err) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		after := s.readAs(settlement.FormatCSV, text)
		reports[8] = after
		s.wants("the file", after, "amount_differs charge 90/100")
		for _, r := range reports {
			if r.FileID != "" && (r.FileID != after.FileID || r.Lines != 1101 || r.Differences[models.AmountDiffers] != 1) {
				t.Errorf("%+v", r)
			}
		}
		entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{Action: "settlement.import"}, models.Page{})
		if err != nil || len(entries) != 1 || s.rows("settlement_files") != 1 || s.rows("settlement_lines") != 1101 {
			t.Errorf("%d audit entries, %v; %d files with %d lines", len(entries), err, s.rows("settlement_files"), s.rows("settlement_lines"))
		}
	})
}

// Two files of one account come at once, and each has one half of what is wrong.
func TestFilesAtOnceKnowOfEachOther(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		_, _ = s.at(2, 9).paid(100, "ch_1")
		_, _ = s.at(4, 0).paid(200, "ch_lacking") // within the grace of the first
		s.at(20, 0)
		files := []string{
			ownHeader + "fee,EUR,-1,2026-11-01T12:00:00Z,,0\ncharge,EUR,100,2026-11-04T12:00:00Z,ch_1,1\n" + fees(0, 1100),
			ownHeader + "charge,EUR,100,2026-11-05T12:00:00Z,ch_1,2\nfee,EUR,-1,2026-11-09T12:00:00Z,,3\n" + fees(2000, 3100),
		}
		var all sync.WaitGroup
		for _, text := range files {
			all.Go(func() {
				if _, err := s.try(settlement.FormatCSV, text, false); err != nil && !running(err) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var found []settlement.Report
		for _, text := range files { // again, if the other one was in the way
			found = append(found, s.readAs(settlement.FormatCSV, text))
		}
		got := strings.Join(append(s.found(found[0].FileID), s.found(found[1].FileID)...), ", ")
		if strings.Count(got, "duplicate charge 100/100") != 1 || strings.Count(got, "missing_there charge 0/200") != 1 || strings.Count(got, ",") != 1 {
			t.Errorf("found %s", got)
		}
	})
}

// die reads a file with a reader that is killed after two thousand lines.
func (s *shop) die(text string) {
	s.t.Helper()
	calls := 0
	defer func() {
		if died := recover(); died != "killed" {
			s.t.Fatalf("the reader did not die: %v", died)
		}
	}()
	_, _ = settlement.Import(s.t.Context(), s.db, s.account, strings.NewReader(text), settlement.Options{
		Name: "file.csv", Format: settlement.FormatCSV, Actor: modelstest.Actor(),
		Progress: func(int64, int64) {
			calls++
			if calls == 2 {
				panic("killed")
			}
		},
	})
}

// A reader dies half-way: nobody sees a part of the file, other files wait for
// its lease, and then it is as if it had never been there.
func TestReaderThatDied(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		_, _ = s.at(2, 9).paid(100, "ch_1")
		text := ownHeader + "charge,EUR,100,2026-11-02T12:00:00Z,ch_1,1\n" + fees(0, 2100)
		for name, next := range map[string]string{
			"the same file": text, "another file": ownHeader + "charge,EUR,100,2026-11-02T12:00:00Z,ch_1,other\n" + fees(5000, 5100),
		} {
			s.die(text)
			files, _, err := db.SettlementFiles(t.Context(), models.MerchantScope(s.id), "", models.Page{})
			if err != nil || len(files) != 1 || files[0].Status != models.SettlementReading || files[0].Lines != 2000 {
				t.Fatalf("%s: while it is half-read: %+v, %v", name, files, err)
			}
			if _, err := db.SettlementFile(t.Context(), models.MerchantScope(s.id), files[0].ID); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("%s: a part of the file is shown, %v", name, err)
			}
			if _, err := s.try(settlement.FormatCSV, next, false); !running(err) {
				t.Errorf("%s: within the lease: %v", name, err)
			}
			s.now = s.now.Add(3 * time.Minute)
			r := s.readAs(settlement.FormatCSV, next)
			s.wants(name, r)
			if n := s.rows("settlement_lines"); s.rows("settlement_files") != 1 || n != int(r.Lines) {
				t.Errorf("%s: %d files with %d lines", name, s.rows("settlement_files"), n)
			}
			for _, table := range []string{"settlement_sums", "settlement_lines", "settlement_files"} {
				if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// A reader is stopped half-way and tidies up behind it.
func TestReaderThatIsStopped(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := settlement.Import(ctx, db, s.account, strings.NewReader(ownHeader+fees(0, 1100)), settlement.Options{
			Format: settlement.FormatCSV, Actor: modelstest.Actor(), Progress: func(int64, int64) { cancel() },
		})
		if !errors.Is(err, context.Canceled) || s.rows("settlement_lines") != 0 || s.rows("settlement_files") != 0 {
			t.Errorf("%v; %d files with %d lines", err, s.rows("settlement_files"), s.rows("settlement_lines"))
		}
	})
}

// A reader that stood still beyond its lease finds that another one has read
// the file, and leaves it alone.
func TestReaderThatStoodStill(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		text := ownHeader + fees(0, 1100)
		var faster settlement.Report
		_, err := settlement.Import(t.Context(), db, s.account, strings.NewReader(text), settlement.Options{
			Format: settlement.FormatCSV, Actor: modelstest.Actor(), Progress: func(int64, int64) {
				if s.now = s.now.Add(3 * time.Minute); faster.FileID == "" {
					faster = s.readAs(settlement.FormatCSV, text)
				}
			},
		})
		if !running(err) {
			t.Errorf("the slower one is told %v", err)
		}
		s.wants("the faster one", faster)
		if s.rows("settlement_files") != 1 || s.rows("settlement_lines") != 1100 {
			t.Errorf("%d files with %d lines", s.rows("settlement_files"), s.rows("settlement_lines"))
		}
	})
}

// A duplicate that is given back is none, be it in this file or in the next.
func TestDuplicateThatIsGivenBack(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		_, _ = s.at(2, 9).paid(100, "ch_1")
		_, _ = s.paid(200, "ch_2")
		s.wants("in one file", s.read(line("charge", "", "ch_1", 100, 2, "1"), line("charge", "", "ch_1", 100, 2, "2"), line("charge", "", "ch_1", -100, 3, "3")))
		s.wants("in a file", s.read(line("charge", "", "ch_2", 200, 2, "4"), line("charge", "", "ch_2", 200, 2, "5")), "duplicate charge 200/200")
		s.wants("in the next", s.read(line("charge", "", "ch_2", -200, 3, "6")))
		s.wants("once more than it was taken", s.read(line("charge", "", "ch_2", -200, 4, "7")), "amount_differs charge -200/200")
		s.wants("beside one that is known", s.read(line("charge", "", "ch_1", 100, 2, "1"), line("charge", "", "ch_1", -40, 5, "8")), "amount_differs charge -40/100")
	})
}
