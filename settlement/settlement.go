// Package settlement compares what providers say that they settled with what is
// stored here.
//
// A file is read once: the same bytes again change nothing. Its lines are
// matched to payments, refunds and disputes of one payment account, many at a
// time, and stored with what they agree or disagree about. A line that cannot
// be read is kept with its number and the reason. A file that cannot be
// understood at all, or has too many such lines, leaves nothing behind.
//
// Stripe reads exports of balance transactions, CSV our own format with these
// columns, in any order, of which those marked * must be there:
//
//	type*                charge, refund, dispute, fee, payout or other
//	currency*            ISO 4217, in capitals
//	amount* or amount_minor*
//	                     a decimal of major units, or a whole number of minor
//	                     units; what the provider gave is above zero, what it
//	                     took (refunds, disputes, payouts) is below
//	occurred_at*         RFC 3339, or 2006-01-02 15:04:05 by the merchant's clock
//	provider_reference   the provider's id of the charge, refund or dispute
//	reference            our id, pay_…, att_… or ref_…; one of the two must be there
//	fee or fee_minor     in the same units
//	line_id              the provider's id of the line
package settlement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones of merchants, also where the system has none

	"github.com/tillpost/tillpost/models"
)

// Formats of files.
const (
	FormatStripe = "stripe"
	FormatCSV    = "csv"
)

// Formats lists all.
var Formats = []string{FormatStripe, FormatCSV}

// Bounds of the work.
const (
	linesAtOnce = 1000 // that one transaction takes
	maxRefused  = 1000 // lines that cannot be read, before the file is none of this format
)

// Options says how a file is read.
type Options struct {
	Name     string // of the file, as people know it
	Format   string
	DryRun   bool                    // matches everything, writes nothing
	Progress func(done, total int64) // told of bytes read; may be nil
	Actor    models.Actor            // who asked, for the audit log
}

// Report is what was found.
type Report struct {
	DryRun      bool                        `json:"dry_run"`
	FileID      string                      `json:"file_id,omitempty"`
	Unchanged   bool                        `json:"unchanged"` // the same file was read before; the rest is what was found then
	Lines       int64                       `json:"lines"`
	CoversFrom  *time.Time                  `json:"covers_from"`
	CoversTo    *time.Time                  `json:"covers_to"`
	Differences map[models.Difference]int64 `json:"differences"`
	Unchecked   int64                       `json:"unchecked"` // settled here in currencies that the file does not have
	Sums        []models.SettlementSum      `json:"sums"`
	Refused     []models.SettlementRefusal  `json:"refused"`

	differing []models.SettlementLine // of a dry run
}

// Differing are the lines that a dry run found to differ; those of a file that
// was read are stored.
func (r *Report) Differing() []models.SettlementLine { return r.differing }

// FileError is a file that cannot be read as what it is said to be.
type FileError struct{ err error }

func (e *FileError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong.
func (e *FileError) Unwrap() error { return e.err }

// Import reads a file and matches its lines. The reader is read twice: a file
// is known by its digest before the first of its lines is stored.
func Import(ctx context.Context, db *models.DB, account *models.GatewayAccount, file io.ReadSeeker, o Options) (Report, error) {
	digest, size, err := digestOf(file)
	if err != nil {
		return Report{}, err
	}
	known, err := db.SettlementByDigest(ctx, account.ID, digest)
	if err == nil {
		return reportOf(ctx, db, known, o.DryRun)
	}
	if !errors.Is(err, models.ErrNotFound) {
		return Report{}, err
	}
	in := &intake{db: db, account: account, options: o, size: size, report: Report{
		DryRun: o.DryRun, Differences: map[models.Difference]int64{}, Sums: []models.SettlementSum{}, Refused: []models.SettlementRefusal{},
	}, sums: map[sumKey]*models.SettlementSum{}, lines: map[string]int64{}}
	if err := in.open(ctx, file, digest); err != nil {
		return Report{}, err
	}
	if in.file != nil && in.file.Status == models.SettlementDone { // another reader was faster
		return reportOf(ctx, db, in.file, o.DryRun)
	}
	if err := in.read(ctx); err != nil {
		return Report{}, errors.Join(err, in.forget(ctx))
	}
	return in.report, nil
}

func digestOf(file io.ReadSeeker) (digest string, size int64, err error) {
	sum := sha256.New()
	if size, err = io.Copy(sum, io.LimitReader(file, MaxSize+1)); err != nil {
		return "", 0, fmt.Errorf("read the file: %w", err)
	}
	if size > MaxSize {
		return "", 0, &FileError{errTooLong}
	}
	if _, err = file.Seek(0, io.SeekStart); err != nil {
		return "", 0, fmt.Errorf("read the file again: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), size, nil
}

// reportOf is what a file that was read before was found to be.
func reportOf(ctx context.Context, db *models.DB, f *models.SettlementFile, dryRun bool) (Report, error) {
	r := Report{
		DryRun: dryRun, FileID: f.ID, Unchanged: true, Lines: f.Lines, CoversFrom: f.CoversFrom, CoversTo: f.CoversTo, Unchecked: f.Unchecked,
	}
	var err error
	if r.Sums, err = db.SettlementSums(ctx, f.ID); err != nil {
		return r, err
	}
	if r.Refused, err = db.SettlementRefusals(ctx, f.ID, maxRefused); err != nil {
		return r, err
	}
	r.Differences, err = db.CountDifferences(ctx, f.ID)
	return r, err
}

// auditOf is what the audit log keeps of a file that was read.
func (in *intake) auditOf(f *models.SettlementFile) models.AuditEntry {
	return models.AuditEntry{
		MerchantID: &f.MerchantID, Action: "settlement.import", ObjectID: f.ID,
		Detail: map[string]string{
			"name": f.Name, "format": f.Format, "account": f.GatewayAccountID,
			"lines": strconv.FormatInt(f.Lines, 10), "differences": strconv.FormatInt(f.Differences, 10),
		},
	}
}

// sumsOf sorts the sums as they are shown.
func (in *intake) sumsOf() []models.SettlementSum {
	out := make([]models.SettlementSum, 0, len(in.sums))
	for _, s := range in.sums {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b models.SettlementSum) int {
		return strings.Compare(string(a.Kind)+" "+a.Currency, string(b.Kind)+" "+b.Currency)
	})
	return out
}
