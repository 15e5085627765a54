package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sumOf adds up a metric over its labels, in the text that Prometheus reads.
func sumOf(text io.Reader, name string) (int, error) {
	sum := 0.0
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		metric, value, ok := strings.Cut(lines.Text(), " ")
		if bare, _, _ := strings.Cut(metric, "{"); !ok || bare != name {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum += n
	}
	return int(sum), lines.Err()
}
