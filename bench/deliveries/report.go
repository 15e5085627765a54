package deliveries

import (
	"fmt"
	"time"

	"github.com/tillpost/tillpost/bench/node"
)

// Report is what was measured.
type Report struct {
	Endpoints    int
	InFlight     int         // deliveries to one at once, at most
	Burst        float64     // deliveries a second
	BurstCPU     float64     // seconds for 1,000
	BurstMemory  node.Memory // the most
	P50, P99     time.Duration
	StreamCPU    float64 // with what the orders took
	StreamMemory node.Memory
	Repeated     int // came more than once
}

// Head is the first line of a table of reports.
const Head = "endpoints  in flight  deliveries/s  CPU s per 1,000  PSS MB   own | p50 ms  p99 ms  CPU s per 1,000 with the orders  PSS MB   own | repeated\n"

// String is one line of the table.
func (r *Report) String() string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("%9d  %9d  %12.0f  %15.2f  %6.1f %5.1f | %6.1f  %6.1f  %31.2f  %6.1f %5.1f | %8d\n",
		r.Endpoints, r.InFlight, r.Burst, r.BurstCPU, r.BurstMemory.PSS, r.BurstMemory.Own,
		ms(r.P50), ms(r.P99), r.StreamCPU, r.StreamMemory.PSS, r.StreamMemory.Own, r.Repeated)
}
