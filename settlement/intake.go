package settlement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// intake reads one file.
type intake struct {
	db      *models.DB
	account *models.GatewayAccount
	options Options
	size    int64

	source *source
	parse  func(*row) models.SettlementLine
	file   *models.SettlementFile // nil on a dry run
	match  *matcher
	covers span
	lines  map[string]int64 // line numbers by the provider's id
	sums   map[sumKey]*models.SettlementSum
	report Report
}

type sumKey struct {
	kind     models.SettlementKind
	currency string
}

// open reads the header and, unless it is a dry run, makes the file known.
func (in *intake) open(ctx context.Context, file io.Reader, digest string) error {
	m, err := in.db.Merchant(ctx, models.AllMerchants(), in.account.MerchantID)
	if err != nil {
		return err
	}
	if in.source, err = openSource(file); err != nil {
		return &FileError{err}
	}
	switch in.options.Format {
	case FormatStripe:
		f, err := newStripe(in.source, m.Location())
		if err != nil {
			return &FileError{err}
		}
		in.parse = f.line
	case FormatCSV:
		f, err := newGeneric(in.source, m.Location())
		if err != nil {
			return &FileError{err}
		}
		in.parse = f.line
	default:
		return fmt.Errorf("format %q is unknown", in.options.Format)
	}
	if !in.options.DryRun {
		if err := in.begin(ctx, digest); err != nil {
			return err
		}
	}
	in.match = newMatcher(in.db, in.account, in.report.FileID)
	return nil
}

// begin makes the file known, once what a reader that died has left of the
// account is gone.
func (in *intake) begin(ctx context.Context, digest string) error {
	var dead *models.SettlementFile
	err := in.db.Write(ctx, func(tx *models.Tx) (err error) {
		dead, err = tx.TakeDeadSettlement(in.account.ID)
		return err
	})
	if err == nil {
		err = in.db.DropSettlement(ctx, dead)
	}
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	err = in.db.Write(ctx, func(tx *models.Tx) (err error) {
		in.file, err = tx.OpenSettlement(models.SettlementFile{
			MerchantID: in.account.MerchantID, GatewayAccountID: in.account.ID, Name: in.options.Name, Format: in.options.Format,
			Digest: digest, ImportedBy: in.options.Actor.Name,
		})
		return err
	})
	if err == nil {
		in.report.FileID = in.file.ID
	}
	return err
}

// forget drops what was stored of a file that could not be read to its end.
func (in *intake) forget(ctx context.Context) error {
	if in.file == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return in.db.DropSettlement(ctx, in.file)
}

func (in *intake) read(ctx context.Context) error {
	for more := true; more; {
		var (
			lines    []models.SettlementLine
			refusals []models.SettlementRefusal
		)
		for more && len(lines)+len(refusals) < linesAtOnce {
			r, err := in.source.next()
			if errors.Is(err, io.EOF) {
				more = false
				break
			}
			if err != nil {
				return &FileError{err}
			}
			line := in.take(r)
			if r.refusal != "" {
				refusals = append(refusals, models.SettlementRefusal{FileID: in.report.FileID, Position: r.line, Reason: r.refusal})
				continue
			}
			lines = append(lines, line)
		}
		if err := in.store(ctx, lines, refusals); err != nil {
			return err
		}
		if in.options.Progress != nil {
			in.options.Progress(in.source.in.total, in.size)
		}
	}
	return in.finish(ctx)
}

// take reads a line; one whose id stands there already is refused.
func (in *intake) take(r *row) models.SettlementLine {
	if r.refusal != "" {
		return models.SettlementLine{}
	}
	l := in.parse(r)
	l.FileID, l.MerchantID, l.Position = in.report.FileID, in.account.MerchantID, r.line
	if first, twice := in.lines[l.LineID]; twice {
		r.refusef("%s stands in line %d already", l.LineID, first)
	}
	if r.refusal == "" && l.LineID != "" {
		in.lines[l.LineID] = r.line
	}
	return l
}

func (in *intake) store(ctx context.Context, lines []models.SettlementLine, refusals []models.SettlementRefusal) error {
	in.report.Refused = append(in.report.Refused, refusals...)
	if len(in.report.Refused) > maxRefused {
		r := in.report.Refused[0]
		return &FileError{fmt.Errorf("more than %d lines cannot be read; line %d: %s", maxRefused, r.Position, r.Reason)}
	}
	if err := in.match.match(ctx, lines); err != nil {
		return err
	}
	for i := range lines {
		l := &lines[i]
		in.covers.include(l.OccurredAt)
		key := sumKey{l.Kind, l.Currency}
		if in.sums[key] == nil {
			in.sums[key] = &models.SettlementSum{Kind: l.Kind, Currency: l.Currency}
		}
		s := in.sums[key]
		s.Lines, s.Amount, s.Fee = s.Lines+1, s.Amount+l.Amount, s.Fee+l.Fee
	}
	in.report.Lines += int64(len(lines))
	return in.add(ctx, lines, refusals)
}

// add counts differences and stores lines.
func (in *intake) add(ctx context.Context, lines []models.SettlementLine, refusals []models.SettlementRefusal) error {
	for i := range lines {
		if lines[i].Difference != models.NoDifference {
			in.differs(lines[i])
		}
	}
	if in.file == nil || len(lines)+len(refusals) == 0 {
		return nil
	}
	in.file.Lines = in.report.Lines
	var lease *time.Time
	err := in.db.Write(ctx, func(tx *models.Tx) (err error) {
		lease, err = tx.AddSettlementLines(in.file, lines, refusals)
		return err
	})
	if err == nil {
		in.file.LeaseUntil = lease
	}
	return err
}

func (in *intake) differs(l models.SettlementLine) {
	in.report.Differences[l.Difference]++
	if in.file == nil {
		in.report.differing = append(in.report.differing, l)
	}
}

func (in *intake) finish(ctx context.Context) error {
	done := models.FinishedSettlement{
		Differs:  map[models.Difference][]int64{},
		Payments: in.match.told(models.SettledCharge), Refunds: in.match.told(models.SettledRefund),
	}
	for _, l := range in.match.differing() {
		in.differs(l)
		done.Differs[l.Difference] = append(done.Differs[l.Difference], l.Position)
	}
	var err error
	in.report.Unchecked, err = in.match.missing(ctx, in.covers, func(lines []models.SettlementLine) error {
		for i := range lines {
			lines[i].FileID, lines[i].MerchantID = in.report.FileID, in.account.MerchantID
		}
		return in.add(ctx, lines, nil)
	})
	if err != nil {
		return err
	}
	in.report.Sums = in.sumsOf()
	if !in.covers.from.IsZero() {
		in.report.CoversFrom, in.report.CoversTo = &in.covers.from, &in.covers.to
	}
	slices.SortFunc(in.report.differing, func(a, b models.SettlementLine) int { return int(a.Position - b.Position) })
	if in.file == nil {
		return nil
	}
	return in.close(ctx, &done)
}

func (in *intake) close(ctx context.Context, done *models.FinishedSettlement) error {
	f := *in.file
	f.Lines, f.Refused, f.Unchecked = in.report.Lines, int64(len(in.report.Refused)), in.report.Unchecked
	f.CoversFrom, f.CoversTo = in.report.CoversFrom, in.report.CoversTo
	for _, n := range in.report.Differences {
		f.Differences += n
	}
	done.File, done.Sums = f, slices.Clone(in.report.Sums)
	return in.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.FinishSettlement(done); err != nil {
			return err
		}
		return tx.Audit(in.options.Actor, in.auditOf(&f))
	})
}
