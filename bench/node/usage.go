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
	Own float64 // what of it is no page of a file
}

// Peak samples the memory until the function that it returns is called, which
// returns the most that was seen, or why nothing was.
func (n *Node) Peak() func() (Memory, error) {
	type peak struct {
		Memory

		err error
	}
	path := n.proc("smaps_rollup")
	done, most := make(chan struct{}), make(chan peak, 1)
	go func() {
		var top peak
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			m, err := memory(path)
			switch {
			case err == nil:
				top = peak{Memory: Memory{PSS: max(top.PSS, m.PSS), Own: max(top.Own, m.Own)}}
			case top.PSS == 0: // else it is gone, when the program has ended
				top.err = err
			}
			select {
			case <-tick.C:
			case <-done:
				most <- top
				return
			}
		}
	}()
	return func() (Memory, error) {
		close(done)
		top := <-most
		return top.Memory, top.err
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
	if m.PSS == 0 || m.Own == 0 {
		return m, fmt.Errorf("%s does not say how much memory there is", path)
	}
	return m, nil
}
