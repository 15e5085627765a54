package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
)

// journal appends every change of state to a file, one JSON object a line. A
// line holds the new state of what changed, so that the last line counts. It is
// not synced: it survives the process, not the machine.
type journal struct {
	log *slog.Logger

	mu   sync.Mutex
	file *os.File // nil: no journal is kept
	err  error    // the first failure to write
}

type entry struct {
	Charge    *charge       `json:"charge,omitempty"`
	Refund    *refund       `json:"refund,omitempty"`
	Key       *storedKey    `json:"key,omitempty"`
	Settings  *settings     `json:"settings,omitempty"`
	Parcel    *registration `json:"parcel,omitempty"`
	AlipayKey []byte        `json:"alipay_key,omitempty"` // PKCS#1
	WeChatKey []byte        `json:"wechat_key,omitempty"` // likewise
	Dropped   int           `json:"dropped,omitempty"`    // charges dropped before this line
}

func (j *journal) write(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil || j.err != nil {
		return
	}
	if _, err := j.file.Write(line(e)); err != nil {
		j.err = fmt.Errorf("write sandbox journal: %w", err)
		j.log.Error("sandbox journal failed; the state will not survive a restart", "error", err)
	}
}

// failure returns why the journal has stopped, or nil.
func (j *journal) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	if err != nil {
		return fmt.Errorf("close sandbox journal: %w", err)
	}
	return nil
}

// restore reads the state back and starts the journal anew with what of it still counts.
func (s *Server) restore(path string) error {
	if err := s.replay(path); err != nil {
		return err
	}
	compact := path + ".new"
	file, err := os.OpenFile(compact, os.O_CREATE|os.O_WRONLY|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start anew: %w", err)
	}
	if err := s.snapshot(file); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := os.Rename(compact, path); err != nil {
		return errors.Join(fmt.Errorf("start anew: %w", err), file.Close())
	}
	s.journal.file = file
	return nil
}

func (s *Server) replay(path string) (err error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	reader := bufio.NewReader(file)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // a last line without its end was cut off by the end of the process: it never happened
		}
		if err != nil {
			return fmt.Errorf("%s line %d: %w", path, number, err)
		}
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return fmt.Errorf("%s line %d: %w", path, number, err)
		}
		if err := s.apply(e); err != nil {
			return fmt.Errorf("%s line %d: %w", path, number, err)
		}
	}
}

func (s *Server) apply(e entry) error {
	if e.Charge != nil {
		if known := s.bank.charges[e.Charge.ID]; known != nil {
			*known = *e.Charge
		} else {
			s.bank.add(e.Charge)
		}
	}
	if e.Refund != nil && s.bank.charges[e.Refund.Charge] != nil {
		s.bank.refunds[e.Refund.ID] = e.Refund
	}
	if e.Key != nil {
		s.keys.restore(*e.Key)
	}
	if e.Settings != nil {
		s.accounts.set(*e.Settings)
	}
	if e.Parcel != nil {
		s.parcels.keep(*e.Parcel)
	}
	if e.AlipayKey != nil {
		if err := s.alipay.restore(e.AlipayKey); err != nil {
			return err
		}
	}
	if e.WeChatKey != nil {
		if err := s.wechat.restore(e.WeChatKey); err != nil {
			return err
		}
	}
	s.bank.dropped += e.Dropped
	return nil
}

func (s *Server) snapshot(file io.Writer) error {
	w := bufio.NewWriter(file)
	put := func(e entry) { _, _ = w.Write(line(e)) } // the writer keeps an error until Flush
	if s.bank.dropped > 0 {
		put(entry{Dropped: s.bank.dropped})
	}
	for _, id := range s.bank.order {
		c := s.bank.charges[id]
		put(entry{Charge: c})
		for _, id := range c.Refunds {
			put(entry{Refund: s.bank.refunds[id]})
		}
	}
	for _, key := range s.keys.snapshot() {
		put(entry{Key: key})
	}
	for _, one := range s.accounts.snapshot() {
		put(entry{Settings: &one})
	}
	for _, parcel := range s.parcels.snapshot() {
		put(entry{Parcel: &parcel})
	}
	if key := s.alipay.stored(); key != nil {
		put(entry{AlipayKey: key})
	}
	if key := s.wechat.stored(); key != nil {
		put(entry{WeChatKey: key})
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func line(e entry) []byte {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // only plain structs come here
	}
	return append(text, '\n')
}
