package sandbox

func (s *Server) cancelReference(q *request) reply {
	var in struct {
		Reference string `json:"reference"`
	}
	if rep, ok := decode(q, &in); !ok {
		return rep
	}
	if in.Reference == "" || len(in.Reference) > 255 {
		return badRequest("parameter_missing", "reference is required, with at most 255 characters")
	}
	return chargeOrError(q)(s.bank.cancelReference(apiNative, q.account, in.Reference))
}

// modification is the body of a capture or a void.
type modification struct {
	Amount    int64  `json:"amount"`    // of a capture; all of it when left out
	Reference string `json:"reference"` // the caller's own of the capture or void
}

func (in modification) check() string {
	switch {
	case in.Amount < 0:
		return "amount must not be negative"
	case len(in.Reference) > 255:
		return "reference has at most 255 characters"
	}
	return ""
}

func (in modification) note(c *charge) { c.ModifiedBy = in.Reference }

func (s *Server) captureCharge(q *request) reply {
	return s.modify(q, func(id string, in modification) (charge, error) {
		return s.bank.capture(q.account, id, in.Amount, in.note)
	})
}

func (s *Server) voidCharge(q *request) reply {
	return s.modify(q, func(id string, in modification) (charge, error) {
		return s.bank.void(q.account, id, in.note)
	})
}

func (s *Server) modify(q *request, do func(id string, in modification) (charge, error)) reply {
	var in modification
	if rep, ok := decode(q, &in); !ok {
		return rep
	}
	if fault := in.check(); fault != "" {
		return badRequest("parameter_invalid", fault)
	}
	return s.once(q, "", func() reply { return chargeOrError(q)(do(q.PathValue("id"), in)) })
}
