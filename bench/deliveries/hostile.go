package deliveries

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillpost/tillpost/notify"
)

// Receivers is the only private address that the program may post to in a run
// with hostile endpoints.
const Receivers = "127.0.0.2"

// Bounds of what hostile endpoints may do.
const (
	goodShops = 10
	// rounds of calm and hostility in turn, so that what else the machine does
	// weighs on both.
	rounds      = 5
	slowerBy    = 2        // times the calm p99
	keptAnswer  = 64 << 10 // bytes
	memoryLimit = 50       // MB more than while all is calm
)

// HostileReport is what hostile endpoints did to others.
type HostileReport struct {
	Events       int // to good endpoints, in each of the two parts
	Calm, Stormy Part
	Private      int // connections to the listener on the loopback
	Metadata     int // looks at which there was a connection to the address of metadata
	Kept         int // bytes of the longest answer that is stored
	Attempts     map[string]int
	Answered     map[string]int // attempts noted with a 2xx
}

// Part is one part of a run.
type Part struct {
	P50, P99 time.Duration
	Memory   float64 // MB, the most
}

// String is the report in words.
func (r *HostileReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events to %d good endpoints in each part\n         p50        p99        PSS MB\n", r.Events, goodShops)
	for i, p := range []Part{r.Calm, r.Stormy} {
		name := []string{"calm", "hostile"}[i]
		fmt.Fprintf(&b, "%-7s  %-9s  %-9s  %.1f\n", name, p.P50.Round(100*time.Microsecond), p.P99.Round(100*time.Microsecond), p.Memory)
	}
	fmt.Fprintf(&b, "connections to the loopback %d, to metadata %d; longest answer kept %d bytes\n", r.Private, r.Metadata, r.Kept)
	for _, path := range hostilities {
		fmt.Fprintf(&b, "%-13s %d attempts, %d noted as delivered\n", path, r.Attempts[path], r.Answered[path])
	}
	return b.String()
}

// Err says which promise is broken, nil when none is.
func (r *HostileReport) Err() error {
	var errs []error
	check := func(broken bool, format string, args ...any) {
		if broken {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(r.Stormy.P99 > slowerBy*r.Calm.P99, "p99 is %.1f times what it was", r.Stormy.P99.Seconds()/r.Calm.P99.Seconds())
	check(r.Private+r.Metadata > 0, "%d connections to the loopback, %d to metadata", r.Private, r.Metadata)
	check(r.Kept > keptAnswer, "%d bytes of an answer are kept", r.Kept)
	check(r.Stormy.Memory-r.Calm.Memory >= memoryLimit, "%.1f MB more memory", r.Stormy.Memory-r.Calm.Memory)
	for _, path := range hostilities {
		check(r.Attempts[path] == 0, "nothing was sent to %s", path)
		check(path != "/floods" && r.Answered[path] > 0, "%d deliveries to %s count as delivered", r.Answered[path], path)
	}
	return errors.Join(errs...)
}

// Hostile measures what endpoints that hang, drip, flood and redirect do to
// others: the same orders of the same shops, in turn with and without hostility.
func Hostile(ctx context.Context, o Options) (*HostileReport, error) {
	trap, err := newTrap()
	if err != nil {
		return nil, err
	}
	defer trap.Close()
	v := &villain{private: "http://" + trap.Addr().String() + "/", done: make(chan struct{})}
	defer close(v.done)
	villains, end, err := serve(Receivers+":0", v)
	if err != nil {
		return nil, err
	}
	defer end()
	sink, err := newSink(Receivers + ":0")
	if err != nil {
		return nil, err
	}
	defer sink.close()
	var endpoints []notify.NewEndpoint
	for i := range goodShops {
		endpoints = append(endpoints, notify.NewEndpoint{URL: fmt.Sprintf("%s/%d", sink.URL, i)})
	}
	for _, path := range hostilities {
		endpoints = append(endpoints, notify.NewEndpoint{URL: villains + path})
	}
	shops, err := openShops(ctx, o, endpoints)
	if err != nil {
		return nil, err
	}
	w := &world{Options: o, sink: sink, shops: shops, report: &Report{}}
	report := &HostileReport{Attempts: map[string]int{}, Answered: map[string]int{}}
	if err := w.compareParts(ctx, v, report); err != nil {
		return nil, err
	}
	report.Private = int(trap.caught.Load())
	return report, reading(ctx, o.Database, func(db *sql.DB) error { return report.read(ctx, db) })
}

// compareParts measures without hostility and with it, in turn.
func (w *world) compareParts(ctx context.Context, v *villain, report *HostileReport) (err error) {
	n, err := w.start(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	looked := watchMetadata()
	defer func() {
		var failed error
		report.Metadata, failed = looked()
		err = errors.Join(err, failed)
	}()
	count := w.Rate * int(w.Time/rounds/time.Second) / len(w.shops) * len(w.shops)
	w.Log("%d orders to warm up", count)
	if _, err := w.part(ctx, count); err != nil {
		return err
	}
	var calm, stormy []receipt
	for round := range rounds {
		w.Log("round %d of %d: %d orders, %d a second, while all endpoints answer, then while a third is hostile", round+1, rounds, count, w.Rate)
		for _, loose := range []bool{false, true} {
			part, into := &report.Calm, &calm
			if loose {
				part, into = &report.Stormy, &stormy
			}
			v.loose.Store(loose)
			peak := n.Peak()
			got, err := w.part(ctx, count)
			memory, unread := peak()
			if err := errors.Join(err, unread); err != nil {
				return err
			}
			part.Memory = max(part.Memory, memory.PSS)
			*into = append(*into, got...)
		}
	}
	report.Events = len(calm)
	if report.Calm.P50, report.Calm.P99, err = waits(calm); err != nil {
		return err
	}
	report.Stormy.P50, report.Stormy.P99, err = waits(stormy)
	return err
}

// part sends so many orders of all shops in turn, and waits for what good
// endpoints get of them.
func (w *world) part(ctx context.Context, count int) ([]receipt, error) {
	done := w.sink.expect(count / len(w.shops) * goodShops)
	if err := w.evenlyTo(count, func(i int) error { return w.order(ctx, w.shops[i%len(w.shops)]) }); err != nil {
		return nil, err
	}
	if err := wait(ctx, done); err != nil {
		return nil, err
	}
	got := w.sink.taken()
	return got, w.check(got)
}

// read takes from the database what is kept of the attempts. While all was calm
// the villains answered, with nothing.
func (r *HostileReport) read(ctx context.Context, db *sql.DB) error {
	if err := db.QueryRowContext(ctx, "SELECT COALESCE(MAX(OCTET_LENGTH(answer)), 0) FROM delivery_attempts").Scan(&r.Kept); err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, "SELECT e.url, a.status, a.answer_cut, COUNT(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id "+
		"JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE a.status <> 200 OR a.answer_cut GROUP BY e.url, a.status, a.answer_cut")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			url           string
			status, count int
			cut           bool
		)
		if err := rows.Scan(&url, &status, &cut, &count); err != nil {
			return err
		}
		path := url[strings.LastIndex(url, "/"):]
		r.Attempts[path] += count
		if status >= 200 && status <= 299 {
			r.Answered[path] += count
		}
	}
	return rows.Err()
}
