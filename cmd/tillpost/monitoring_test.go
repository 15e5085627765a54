package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// monitoring is the folder of what is shipped for Prometheus and Grafana.
const monitoring = "../../docs/monitoring"

var (
	figureName = regexp.MustCompile(`\b(?:tillpost|go|process)_[a-z0-9_]+`)
	typeLine   = regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)
	anyID      = regexp.MustCompile(`\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b`)
)

// What the alert rules, the dashboard and the manual name is what a running
// node shows, all of it, and nothing of it is anybody's.
func TestMonitoringNamesWhatIsShown(t *testing.T) {
	t.Parallel()
	rules := read(t, filepath.Join(monitoring, "alerts.yml"))
	used := map[string]string{}
	for _, name := range figureName.FindAllString(rules, -1) {
		used[name] = "alerts.yml"
	}
	for _, expr := range expressions(t) {
		for _, name := range figureName.FindAllString(expr, -1) {
			used[name] = "dashboard.json"
		}
	}
	// Without PostgreSQL, https, forged webhooks and carriers' errors these are not there.
	absent := map[string]bool{
		"tillpost_db_replication_sync": true, "tillpost_db_standbys": true, "tillpost_db_timeline": true, "tillpost_certificate_expiry_timestamp_seconds": true,
		"tillpost_hooks_rejected_total": true, "tillpost_carrier_errors_total": true,
	}
	shown, state := demoFigures(t, func(shown map[string]bool) bool {
		for name := range used {
			if !shown[name] && !absent[name] {
				return false
			}
		}
		return true
	})
	for name, where := range used {
		if !shown.names[name] && !absent[name] {
			t.Errorf("%s names %s, which is not shown", where, name)
		}
	}
	for _, id := range anyID.FindAllString(shown.text, -1) {
		t.Errorf("an id is shown: %s", id)
	}
	for _, key := range state.APIKeys {
		if strings.Contains(shown.text, key.Key) || strings.Contains(shown.text, key.Merchant) {
			t.Errorf("a merchant is shown: %s", key.Merchant)
		}
	}
	for _, login := range state.Logins {
		if strings.Contains(shown.text, login.Email) || strings.Contains(shown.text, login.Password) {
			t.Errorf("a login is shown: %s", login.Email)
		}
	}
	manual := read(t, "../../docs/operating.md")
	for family := range shown.families {
		if strings.HasPrefix(family, "tillpost_") && !strings.Contains(manual, "`"+family+"`") && !strings.Contains(manual, "`"+family+"{") {
			t.Errorf("the manual does not tell of %s", family)
		}
	}
	for _, name := range figureName.FindAllString(manual, -1) {
		if strings.HasPrefix(name, "tillpost_") && !shown.names[name] && !absent[name] {
			t.Errorf("the manual tells of %s, which is not shown", name)
		}
	}
}

// Every alert has a course of figures at which it fires.
func TestEveryAlertIsTried(t *testing.T) {
	t.Parallel()
	named := func(file, pattern string) []string {
		var names []string
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, filepath.Join(monitoring, file)), -1) {
			names = append(names, found[1])
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	alerts, tried := named("alerts.yml", `(?m)^ +- alert: (\w+)$`), named("alerts_test.yml", `(?m)^ +alertname: (\w+)$`)
	if len(alerts) == 0 || !slices.Equal(alerts, tried) {
		t.Errorf("alerts are\n%v, tried are\n%v", alerts, tried)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// expressions are what the dashboard asks for.
func expressions(t *testing.T) []string {
	t.Helper()
	var dashboard struct {
		Title  string
		UID    string
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(monitoring, "dashboard.json"))), &dashboard); err != nil {
		t.Fatal(err)
	}
	var found []string
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q cannot be shown", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			found = append(found, target.Expr)
		}
	}
	if dashboard.Title == "" || dashboard.UID == "" || len(found) == 0 {
		t.Error("the dashboard is empty")
	}
	return found
}

// scraped is what a node shows.
type scraped struct {
	text            string
	families, names map[string]bool
}

// demoFigures runs the demo until it shows enough, or for a minute.
func demoFigures(t *testing.T, enough func(map[string]bool) bool) (scraped, demoState) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	folder := t.TempDir()
	c := &Config{
		Addr: "127.0.0.1:0", Data: folder, Log: "error", AllowNets: "127.0.0.0/8,::1/128", MetricsAddr: addr, BackupPath: folder,
	}
	ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
	defer stop()
	states, ended := make(chan demoState, 1), make(chan error, 1)
	d := &demo{folder: folder, print: func(s demoState) error {
		states <- s
		return nil
	}}
	go func() { ended <- d.run(ctx, c) }()
	var state demoState
	select {
	case state = <-states:
	case err := <-ended:
		t.Fatalf("the demo ended: %v", err)
	}
	var last scraped
	for ctx.Err() == nil {
		if last = figuresAt(ctx, t, "http://"+addr+"/metrics"); enough(last.names) {
			break
		}
		time.Sleep(time.Second)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended: %v", err)
	}
	return last, state
}

// figuresAt scrapes a node. A histogram has the names of its parts.
func figuresAt(ctx context.Context, t *testing.T, url string) scraped {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return scraped{}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics answers %d, %v", response.StatusCode, err)
	}
	s := scraped{text: string(text), families: map[string]bool{}, names: map[string]bool{}}
	for _, line := range typeLine.FindAllStringSubmatch(s.text, -1) {
		s.families[line[1]], s.names[line[1]] = true, true
		if line[2] == "histogram" {
			for _, part := range []string{"_bucket", "_count", "_sum"} {
				s.names[fmt.Sprint(line[1], part)] = true
			}
		}
	}
	return s
}
