package node

import (
	"bytes"
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

// Memory is what a program takes of the machine's memory, in MB.
type Memory struct {
	PSS float64 // its share, with the pages of its file that are mapped
	Own float64 // what nobody but the program can give back
}

// Peak samples the memory until the function that it returns is called, which
// returns the most that was seen.
func (n *Node) Peak() func() Memory {
	path := n.proc("smaps_rollup")
	done, most := make(chan struct{}), make(chan Memory, 1)
	go func() {
		var top Memory
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			if m, err := memory(path); err == nil { // gone when the program has ended
				top.PSS, top.Own = max(top.PSS, m.PSS), max(top.Own, m.Own)
			}
			select {
			case <-tick.C:
			case <-done:
				most <- top
				return
			}
		}
	}()
	return func() Memory {
		close(done)
		return <-most
	}
}

func (n *Node) proc(file string) string { return fmt.Sprintf("/proc/%d/%s", n.cmd.Process.Pid, file) }

func memory(path string) (m Memory, err error) {
	rollup, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	for line := range bytes.Lines(rollup) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		into := map[string]*float64{"Pss:": &m.PSS, "Pss_Anon:": &m.Own}[string(fields[0])]
		if into == nil {
			continue
		}
		kb, err := strconv.ParseFloat(string(fields[1]), 64)
		if err != nil {
			return m, fmt.Errorf("read %s: %w", path, err)
		}
		*into = kb / 1000
	}
	return m, nil
}
