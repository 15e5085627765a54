package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ticks is how many of /proc's units of processor time make a second.
const ticks = 100

// Processor is how much processor time the program has used since it started.
func (n *Node) Processor() (time.Duration, error) {
	stat, err := os.ReadFile(n.proc("stat"))
	if err != nil {
		return 0, err
	}
	// After the name in parentheses; user and system time are the 14th and 15th.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const user, system = 11, 12
	var sum int64
	for _, i := range []int{user, system} {
		spent, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, err
		}
		sum += spent
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// Memory is the program's share of the machine's memory, in MB.
func (n *Node) Memory() (float64, error) { return memory(n.proc("smaps_rollup")) }

// Peak samples the memory until the function that it returns is called, which
// returns the most that was seen.
func (n *Node) Peak() func() float64 {
	path := n.proc("smaps_rollup")
	done, most := make(chan struct{}), make(chan float64, 1)
	go func() {
		var top float64
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			if mb, err := memory(path); err == nil { // gone when the program has ended
				top = max(top, mb)
			}
			select {
			case <-tick.C:
			case <-done:
				most <- top
				return
			}
		}
	}()
	return func() float64 {
		close(done)
		return <-most
	}
}

func (n *Node) proc(file string) string { return fmt.Sprintf("/proc/%d/%s", n.cmd.Process.Pid, file) }

func memory(path string) (float64, error) {
	rollup, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(rollup) {
		if rest, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
			kb, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
			return kb / 1000, err
		}
	}
	return 0, errors.New("no Pss in smaps_rollup")
}
