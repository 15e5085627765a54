package settlement

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
)

// lines reads a whole file, as those that could be read and reasons of the others.
func lines(t *testing.T, format, text string) (out []models.SettlementLine, refused []string) {
	t.Helper()
	s, err := openSource(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	parse := parser(t, s, format)
	for {
		r, err := s.next()
		if errors.Is(err, io.EOF) {
			return out, refused
		}
		if err != nil {
			t.Fatal(err)
		}
		l := models.SettlementLine{}
		if r.refusal == "" {
			l = parse(r)
		}
		if r.refusal != "" {
			refused = append(refused, fmt.Sprintf("%d: %s", r.line, r.refusal))
		} else {
			out = append(out, l)
		}
	}
}

func parser(t *testing.T, s *source, format string) func(*row) models.SettlementLine {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if format == FormatStripe {
		f, err := newStripe(s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return f.line
	}
	f, err := newGeneric(s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return f.line
}

// The list of the dashboard: other names, a byte order mark, CRLF, minutes, and
// adjustments whose source says what they are.
func TestStripeDashboardExport(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/stripe_dashboard.csv")
	if err != nil {
		t.Fatal(err)
	}
	got, refused := lines(t, FormatStripe, string(text))
	at := func(day, hour, minute int) *time.Time {
		when := time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC)
		return &when
	}
	want := []models.SettlementLine{
		{Kind: models.SettledCharge, LineID: "txn_1", ProviderReference: "ch_1", Reference: "att_a", Amount: 1000, Fee: 40, Currency: "EUR", OccurredAt: at(1, 0, 0)},
		{Kind: models.SettledRefund, LineID: "txn_2", ProviderReference: "re_1", ParentReference: "att_a", Amount: -400, Currency: "EUR", OccurredAt: at(3, 9, 30)},
		{Kind: models.SettledDispute, LineID: "txn_3", ProviderReference: "du_1", Amount: -600, Fee: 1500, Currency: "EUR", OccurredAt: at(3, 9, 31)},
		{Kind: models.SettledPayout, LineID: "txn_4", ProviderReference: "po_1", Amount: -960, Currency: "EUR", OccurredAt: at(5, 0, 0)},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(refused) > 0 {
		t.Errorf("lines (-want +got):\n%s\nrefused %v", diff, refused)
	}
}

// The file is said to lack what it lacks, by the names that one may look for.
func TestHeaders(t *testing.T) {
	t.Parallel()
	const full = "balance_transaction_id,created_utc,currency,gross,fee,reporting_category,source_id,payment_intent_id"
	for _, tt := range []struct{ name, format, header, want string }{
		{"whole", FormatStripe, full, ""},
		{"capitals", FormatStripe, strings.ToUpper(full), ""},
		{"no category", FormatStripe, strings.Replace(full, "reporting_category", "x", 1), "column reporting_category or reporting category or type"},
		{"no way to payments", FormatStripe, strings.Replace(full, ",payment_intent_id", "", 1), "payment_intent_id or payment_metadata[attempt_id]"},
		{"twice", FormatStripe, full + ",Currency", `"Currency" stands there twice`},
		{"empty", FormatStripe, "", "empty"},
		{"semicolons", FormatCSV, "type;amount", "separated by commas"},
		{"own", FormatCSV, "type,currency,amount,occurred_at,reference", ""},
		{"unknown column", FormatCSV, "type,currency,amount,occurred_at,reference,note", `unknown column "note"`},
		{"two amounts", FormatCSV, "type,currency,amount,amount_minor,occurred_at,reference", "one of them"},
		{"no reference", FormatCSV, "type,currency,amount,occurred_at", "provider_reference or reference"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := openSource(strings.NewReader(tt.header))
			if err == nil && tt.format == FormatStripe {
				_, err = newStripe(s, time.UTC)
			} else if err == nil {
				_, err = newGeneric(s, time.UTC)
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// Lines that cannot be read are told by number and reason, and the rest is read.
func TestBadLines(t *testing.T) {
	t.Parallel()
	got, refused := lines(t, FormatCSV, strings.Join([]string{
		"type,currency,amount,occurred_at,reference,fee",
		"charge,EUR,1.00,2026-11-02 12:00:00,att_1,0.10",
		"charge,EUR,1.001,2026-11-02,att_1,",
		"gift,EUR,1,2026-11-02,att_1,",
		"charge,eur,1,2026-11-02,att_1,",
		"charge,EUR,1,02/11/2026,att_1,",
		"charge,EUR,1,2026-11-02,,",
		"charge,EUR,1",
		`charge,EUR,1,2026-11-02,"a"b,`,
		"charge,EUR,,2026-11-02,att_1,",
		"charge,EUR,1,1026-11-02,att_1,",
		"charge,EUR,1,2026-11-02," + strings.Repeat("x", 501) + ",",
		"charge,EUR,1,2026-11-02,\xff,",
		"charge,JPY,5,2026-11-02T12:00:00+09:00,att_2,1",
	}, "\n"))
	want := []string{
		`3: amount: "1.001" has more than 2 decimals`, "4: type: \"gift\" is not one of [charge refund dispute fee payout other]",
		`5: currency: "eur" is not a currency of ISO 4217`, `6: occurred_at: "02/11/2026" is not a time like 2026-11-25 08:36:04`,
		"7: a charge needs a provider_reference or a reference", "8: 3 fields instead of 6", `9: extraneous or missing " in quoted-field`,
		"10: amount is empty", `11: occurred_at: "1026-11-02" is not in this century`, "12: reference is longer than 500 bytes",
		"13: reference is not text in UTF-8",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if len(got) != 2 || got[0].Amount != 100 || got[0].Fee != 10 || got[0].OccurredAt.Hour() != 11 || got[1].Amount != 5 || got[1].OccurredAt.Hour() != 3 {
		t.Errorf("%+v", got)
	}
}

// endless is a file whose quote never ends.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestEndlessLineEnds(t *testing.T) {
	t.Parallel()
	rest := &endless{}
	s, err := openSource(io.MultiReader(strings.NewReader("type,currency\ncharge,\""), rest))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.next(); !errors.Is(err, errUnbounded) || rest.read > 2*maxRecord {
		t.Errorf("%v after %d bytes", err, rest.read)
	}
}
