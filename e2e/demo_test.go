// Package e2e drives the demo in a real browser, as its users would.
package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// demo is a running tillpost demo.
type demo struct {
	URL    string `json:"url"`
	Logins []struct {
		Role     string `json:"role"`
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"logins"`
	APIKeys []struct {
		Merchant string `json:"merchant"`
		Key      string `json:"key"`
	} `json:"api_keys"`

	cmd *exec.Cmd
}

// shared is the demo that all tests of the package look at.
var shared *demo

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "tillpost-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "tillpost")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/tillpost").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build: %w: %s", err, out)
	}
	kept = filepath.Join(folder, "demo")
	if shared, err = startDemo("--keep", kept); err != nil {
		return 0, err
	}
	defer shared.cmd.Process.Kill()
	return m.Run(), nil
}

// binary is the program under test.
var binary string

// kept is the folder of the shared demo.
var kept string

// startDemo starts a demo and waits until it answers.
func startDemo(args ...string) (*demo, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, append([]string{"demo", "--json", "--addr", addr}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("demo printed no address: %w", err), cmd.Process.Kill())
	}
	d := &demo{cmd: cmd}
	if err := json.Unmarshal(line, d); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		response, err := http.Get(d.URL + "/readyz")
		if err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK {
			return d, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("demo did not become ready"), cmd.Process.Kill())
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
