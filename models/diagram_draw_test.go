package models

import (
	"fmt"
	"slices"
	"strings"
)

// attemptStatuses lists all, in the order of an attempt's life.
var attemptStatuses = []AttemptStatus{
	AttemptQueued, AttemptSending, AttemptRequiresAction, AttemptUnknown, AttemptAuthorized, AttemptSucceeded,
	AttemptDeclined, AttemptNotSent,
}

// PaymentDiagram draws the table of a payment's legal moves in Mermaid.
func PaymentDiagram() string { return stateDiagram(PaymentStatuses, paymentMoves) }

// AttemptDiagram draws the table of an attempt's legal moves in Mermaid.
func AttemptDiagram() string { return stateDiagram(attemptStatuses, attemptMoves) }

// RefundDiagram draws the table of a refund's legal moves in Mermaid.
func RefundDiagram() string { return stateDiagram(RefundStatuses, refundMoves) }

// DisputeDiagram draws the table of a dispute's legal moves in Mermaid.
func DisputeDiagram() string { return stateDiagram(DisputeStatuses, disputeMoves) }

// stateDiagram lists the moves by where they start; the first status is where
// all begin, and those without a way out are ends.
func stateDiagram[S ~string](statuses []S, moves map[S][]S) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stateDiagram-v2\n    [*] --> %s\n", statuses[0])
	for _, from := range statuses {
		end := true
		for _, to := range statuses {
			if slices.Contains(moves[to], from) {
				end = false
				fmt.Fprintf(&b, "    %s --> %s\n", from, to)
			}
		}
		if end {
			fmt.Fprintf(&b, "    %s --> [*]\n", from)
		}
	}
	return b.String()
}
