package sandbox

import (
	"encoding/hex"
	"errors"
	"sync"
)

// keys remembers idempotency keys with the answers that they got.
type keys struct {
	journal *journal
	max     int

	mu      sync.Mutex
	records map[keyID]*keyRecord
	order   []keyID // oldest first
}

type keyID struct {
	Account string `json:"account"`
	Key     string `json:"key"`
}

// keyRecord is one key; its answer is kept once execution had begun.
type keyRecord struct {
	fingerprint [32]byte
	tries       int
	running     bool
	free        bool // no request was executed: the key may still be used for any
	answered    bool
	answer      reply
}

// storedKey is a keyRecord in the journal.
type storedKey struct {
	ID          keyID  `json:"id"`
	Fingerprint string `json:"fingerprint"`
	Status      int    `json:"status"`
	Body        []byte `json:"body"`
}

func newKeys(maximum int, j *journal) *keys {
	return &keys{journal: j, max: maximum, records: make(map[keyID]*keyRecord)}
}

// once runs a POST at most once for its key and keeps the answer for replays.
// The outcome's fault, if any, acts on the first request of the key.
func (s *Server) once(q *request, fault Fault, run func() reply) reply {
	if q.key == "" {
		return s.run(q, fault, run)
	}
	id := keyID{q.account, q.key}
	first, kept, err := s.keys.begin(id, fingerprint(q.Method, q.URL.Path, string(q.body)))
	switch {
	case errors.Is(err, errKeyReused):
		return q.format.fault(faultKeyReused, "")
	case errors.Is(err, errKeyBusy):
		return q.format.fault(faultKeyBusy, "")
	case kept != nil:
		return *kept
	}
	if !first {
		fault = ""
	}
	if fault.before() {
		s.keys.finish(id, reply{idle: true})
		return reply{fault: fault}
	}
	rep := s.run(q, fault, run)
	s.keys.finish(id, rep)
	return rep
}

func (s *Server) run(q *request, fault Fault, run func() reply) reply {
	if fault.before() {
		return reply{fault: fault}
	}
	if fault == FaultLatency {
		s.wait(q.Request, s.slow())
		fault = ""
	}
	rep := run()
	if fault == FaultErrorStored {
		return q.format.fault(faultInternal, "")
	}
	if !rep.idle {
		rep.fault = fault
	}
	return rep
}

var (
	errKeyReused = errors.New("the idempotency key belongs to another request")
	errKeyBusy   = errors.New("a request with the idempotency key is under way")
)

// begin claims a key. It says whether this is the key's first request, or
// returns the answer that is kept for it.
func (k *keys) begin(id keyID, digest [32]byte) (first bool, kept *reply, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rec := k.records[id]
	switch {
	case rec == nil:
		rec = &keyRecord{fingerprint: digest}
		k.add(id, rec)
	case rec.free:
		rec.fingerprint, rec.free = digest, false
	case rec.fingerprint != digest:
		return false, nil, errKeyReused
	case rec.running:
		return false, nil, errKeyBusy
	case rec.answered:
		rep := rec.answer
		rep.header = map[string]string{"Idempotent-Replayed": "true"}
		return false, &rep, nil
	}
	rec.tries++
	rec.running = true
	return rec.tries == 1, nil, nil
}

// finish gives a key back, with its answer unless nothing was executed.
func (k *keys) finish(id keyID, rep reply) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rec := k.records[id]
	if rec == nil {
		return // dropped as the oldest meanwhile
	}
	rec.running = false
	if rep.idle {
		rec.free = true
		return
	}
	rec.answered = true
	rec.answer = reply{status: rep.status, body: rep.body}
	k.journal.write(entry{Key: rec.stored(id)})
}

func (k *keys) add(id keyID, rec *keyRecord) {
	k.records[id] = rec
	k.order = append(k.order, id)
	if len(k.order) > k.max {
		delete(k.records, k.order[0])
		k.order = k.order[1:]
	}
}

func (k *keys) restore(stored storedKey) {
	rec := &keyRecord{tries: 1, answered: true, answer: reply{status: stored.Status, body: stored.Body}}
	if _, err := hex.Decode(rec.fingerprint[:], []byte(stored.Fingerprint)); err != nil {
		return // not written by this program: without its fingerprint the key is worth nothing
	}
	if _, known := k.records[stored.ID]; known {
		k.records[stored.ID] = rec
		return
	}
	k.add(stored.ID, rec)
}

func (rec *keyRecord) stored(id keyID) *storedKey {
	return &storedKey{ID: id, Fingerprint: hex.EncodeToString(rec.fingerprint[:]), Status: rec.answer.status, Body: rec.answer.body}
}

// snapshot lists the kept answers, oldest first.
func (k *keys) snapshot() []*storedKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []*storedKey
	for _, id := range k.order {
		if rec := k.records[id]; rec != nil && rec.answered {
			all = append(all, rec.stored(id))
		}
	}
	return all
}
