package sandbox

import (
	"net/http"
	"time"
)

type nativeRefund struct {
	ID        string    `json:"id"`
	Object    string    `json:"object"`
	Charge    string    `json:"charge"`
	Reference string    `json:"reference,omitempty"`
	Key       string    `json:"idempotency_key"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Reason    string    `json:"reason,omitempty"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
}

func refundView(r refund) nativeRefund {
	return nativeRefund{
		ID: r.ID, Object: "refund", Charge: r.Charge, Reference: r.Reference, Key: r.Key, Amount: r.Amount, Currency: r.Currency,
		Reason: r.Reason, Status: r.Status, CreatedAt: r.CreatedAt,
	}
}

func (s *Server) createRefund(q *request) reply {
	var in struct {
		Charge    string `json:"charge"`
		Reference string `json:"reference"` // the caller's own; a refund that failed may be asked for again with it
		Amount    int64  `json:"amount"`    // all that is left when left out
		Reason    string `json:"reason"`
	}
	if rep, ok := decode(q, &in); !ok {
		return rep
	}
	switch {
	case in.Charge == "":
		return badRequest("parameter_missing", "charge is required")
	case in.Amount < 0:
		return badRequest("parameter_invalid", "amount must not be negative")
	case len(in.Reference) > 255:
		return badRequest("parameter_invalid", "reference has at most 255 characters")
	case q.key == "" || len(q.key) > 255:
		return badRequest("idempotency_key_required", "The header Idempotency-Key is required, with at most 255 characters.")
	}
	return s.once(q, "", func() reply {
		r, err := s.bank.refund(q.account, in.Charge, in.Amount, in.Reason, func(r *refund) {
			r.Key, r.Reference = q.key, in.Reference
		})
		if err != nil {
			return nativeError(err, charge{}, "")
		}
		return jsonReply(http.StatusOK, refundView(r))
	})
}

func (s *Server) listRefunds(q *request) reply {
	all, err := s.bank.refundsOf(q.account, q.FormValue("charge"))
	if err != nil {
		return nativeError(err, charge{}, "")
	}
	reference := q.FormValue("reference")
	data := []nativeRefund{}
	for _, r := range all {
		if reference == "" || r.Reference == reference {
			data = append(data, refundView(r))
		}
	}
	return jsonReply(http.StatusOK, map[string]any{"object": "list", "data": data})
}

func (s *Server) showRefund(q *request) reply {
	r, err := s.bank.refundByID(q.account, q.PathValue("id"))
	if err != nil {
		return nativeError(err, charge{}, "")
	}
	return jsonReply(http.StatusOK, refundView(r))
}
