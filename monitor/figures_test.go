package monitor_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/monitor"
)

func scrape(t *testing.T, handler http.Handler) string {
	t.Helper()
	shown := httptest.NewRecorder()
	handler.ServeHTTP(shown, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if shown.Code != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", shown.Code, shown.Body)
	}
	return shown.Body.String()
}

// labelNames are all labels of our figures; an id or an address has none.
var labelNames = map[string]string{
	"tillpost_http_request_seconds": "method route status", "tillpost_logins_total": "result", "tillpost_authz_denied_total": "why",
	"tillpost_connections_refused_total": "why", "tillpost_hooks_rejected_total": "kind", "tillpost_provider_call_seconds": "outcome provider",
	"tillpost_double_charge_guard_total": "guard", "tillpost_carrier_call_seconds": "carrier result", "tillpost_carrier_errors_total": "carrier class",
	"tillpost_webhook_attempts_total": "result", "tillpost_webhook_attempt_seconds": "", "tillpost_job_seconds": "kind result",
	"tillpost_connections": "", "tillpost_live_streams": "", "tillpost_db_up": "", "tillpost_nodes": "role state", "tillpost_jobs": "queue state",
	"tillpost_jobs_oldest_seconds": "queue", "tillpost_worker_last_success_timestamp_seconds": "job", "tillpost_payments": "state",
	"tillpost_payments_unknown_oldest_seconds": "", "tillpost_attempts_open": "status", "tillpost_attention": "what",
	"tillpost_outbox_oldest_seconds": "", "tillpost_carrier_poll_lag_seconds": "carrier", "tillpost_carrier_accounts_stopped": "",
	"tillpost_gateway_breakers_open": "", "tillpost_disk_free_bytes": "", "tillpost_disk_size_bytes": "", "tillpost_backup_age_seconds": "",
	"tillpost_secrets_undecryptable": "", "tillpost_certificate_expiry_timestamp_seconds": "", "tillpost_leader": "node",
	"tillpost_db_timeline": "", "tillpost_db_standbys": "state", "tillpost_db_replication_sync": "",
}

var (
	series  = regexp.MustCompile(`(?m)^(tillpost_\w+?)(_bucket|_sum|_count)?(?:\{(.*)\})? [-+0-9.eInf]+$`)
	labels  = regexp.MustCompile(`(\w+)="((?:\\.|[^"\\])*)"`)
	secrets = []string{"06fkqmgyt1x1w9d6v6sxnhsqgm", "sk_live_canary", "shop.example", "grace@", "Canary Ltd"}
)

// Whatever is told to the figures, only short words become labels: no id, no
// address, no secret, and no more series than there are words.
func TestFiguresHaveFewLabels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		f := monitor.New()
		hostile := []string{
			"mer_" + secrets[0], secrets[1] + "_0123456789abcdefghijkl", "https://shop.example/hook?key=1", "grace@example.com", "Canary Ltd", "a\nb", `a"b`, "",
		}
		for _, text := range hostile {
			f.ProviderCall(text, text, time.Second)
			f.CarrierCall(text, text, time.Second)
			f.Denied(text)
			f.Refused(text)
			f.Guarded(text)
			f.HookRejected(text)
			f.WebhookSent(text, time.Second)
			f.JobEnded(text, text, time.Second, true, errors.New(text))
			f.Answered(text, "/api/v1/payments/:id", http.StatusOK, time.Second)
			f.Answered(http.MethodGet, "/"+text, http.StatusNotFound, time.Second)
		}
		f.CarrierCall("dhl", "unavailable", time.Second)
		f.CarrierCall("dhl", "not_found", time.Second)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			m, err := tx.CreateMerchant(models.Merchant{Name: "Canary Ltd", Currency: "EUR"})
			if err != nil {
				return err
			}
			if err := tx.Beat(models.Node{ID: models.NewID(models.PrefixNode), Name: "web-1", Web: true, Workers: true}); err != nil {
				return err
			}
			now := tx.Now()
			if err := tx.NoteJobs([]models.PeriodicJob{{Kind: "shipment.sweep", RanAt: now, SucceededAt: &now}}); err != nil {
				return err
			}
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: models.NewID(models.PrefixCarrierAccount), MerchantID: m.ID, Kind: "sandbox", Name: "Canary Ltd", Enabled: true,
			}})
		})
		backup := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(backup, []byte("rows"), 0o600); err != nil {
			t.Fatal(err)
		}
		machine := &monitor.Machine{Folder: t.TempDir(), Backup: filepath.Dir(backup), Log: slog.New(slog.DiscardHandler)}
		until := time.Unix(1_900_000_000, 0)
		machine.Certificate = func(context.Context) *time.Time { return &until }
		text := scrape(t, f.Handler(monitor.NewStore(db, slog.New(slog.DiscardHandler)), machine))
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s is shown", secret)
			}
		}
		count := 0
		for _, line := range series.FindAllStringSubmatch(text, -1) {
			count++
			names := []string{}
			for _, label := range labels.FindAllStringSubmatch(line[3], -1) {
				if label[1] != "le" {
					names = append(names, label[1])
				}
			}
			want, known := labelNames[line[1]]
			if got := strings.Join(names, " "); !known || got != want {
				t.Errorf("%s has the labels %q, want %q", line[1], got, want)
			}
		}
		if count == 0 || count > 600 {
			t.Errorf("there are %d series", count)
		}
		for _, want := range []string{
			`tillpost_provider_call_seconds_count{outcome="other",provider="other"} 8`, `tillpost_nodes{role="workers",state="alive"} 1`,
			`tillpost_carrier_call_seconds_count{carrier="dhl",result="error"} 1`, `tillpost_carrier_call_seconds_count{carrier="dhl",result="ok"} 1`,
			`tillpost_carrier_errors_total{carrier="dhl",class="not_found"} 1`, `tillpost_payments{state="needs_review"} 0`,
			`tillpost_carrier_poll_lag_seconds{carrier="sandbox"} 0`, `tillpost_logins_total{result="refused"} 0`, "tillpost_backup_age_seconds 0", "tillpost_certificate_expiry_timestamp_seconds 1.9e+09",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("not shown: %s", want)
			}
		}
	})
}

// Nobody has to know whether somebody watches.
func TestNoFiguresCountNothing(t *testing.T) {
	t.Parallel()
	var f *monitor.Figures
	f.ProviderCall("stripe", "succeeded", time.Second)
	f.CarrierCall("dhl", "", time.Second)
	f.WebhookSent("delivered", time.Second)
	f.JobEnded("a", "done", time.Second, true, nil)
	f.Answered(http.MethodGet, "/", http.StatusOK, time.Second)
	f.Login(true)
	f.Denied(monitor.DeniedKey)
	f.Refused(monitor.RefusedLimit)
	f.Guarded(monitor.GuardOpen)
	f.HookRejected("stripe")
	f.Connected()()
	f.Streaming()()
}

// Many scrapes at once cost the database one set of statements.
func TestScrapesShareWhatTheyAsk(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		store := monitor.NewStore(db, slog.New(slog.DiscardHandler))
		handler := monitor.New().Handler(store)
		first := scrape(t, handler)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if again := scrape(t, handler); !strings.Contains(first, "tillpost_db_up 1") || !strings.Contains(again, "tillpost_db_up 1") {
			t.Error("the second scrape asked the database again")
		}
	})
}

// A missing backup is a figure too, and an empty file is none.
func TestBackupAge(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string, age time.Duration) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	age := func(path string) time.Duration {
		return (&monitor.Machine{Folder: folder, Backup: path, Log: slog.New(slog.DiscardHandler)}).State().BackupAge
	}
	write("empty", "", 0)
	if got := age(folder); got != -1 {
		t.Errorf("of an empty file the age is %s", got)
	}
	write("old", "rows", 48*time.Hour)
	write("new", "rows", 2*time.Hour)
	if got := age(folder).Round(time.Minute); got != 2*time.Hour {
		t.Errorf("of a folder the age is %s", got)
	}
	if got := age(filepath.Join(folder, "old")).Round(time.Minute); got != 48*time.Hour {
		t.Errorf("of a file the age is %s", got)
	}
	if got := age(filepath.Join(folder, "gone")); got != -1 {
		t.Errorf("of nothing the age is %s", got)
	}
}
