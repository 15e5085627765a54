package sandbox

import (
	"net/http"
	"slices"
	"strconv"
)

const ledgerPageRows = 500

func (s *Server) ledgerPage(w http.ResponseWriter, r *http.Request) {
	ledger := s.Ledger(r.FormValue("payment_reference"))
	view := struct {
		Ledger

		Newest, OfRefunds, OfDisputes any // the newest rows of each table
		Filter                        string
		Outcomes                      []Outcome
	}{
		Ledger: ledger, Newest: newest(ledger.Charges), OfRefunds: newest(ledger.Refunds), OfDisputes: newest(ledger.Disputes),
		Filter: r.FormValue("payment_reference"), Outcomes: outcomes,
	}
	s.page(w, "ledger.html", view)
}

// newest returns the last rows, the last one first.
func newest[T any](rows []T) []T {
	var last []T
	for _, row := range slices.Backward(rows) {
		if last = append(last, row); len(last) == ledgerPageRows {
			break
		}
	}
	return last
}

// money shows an amount in minor units; it knows no currency's digits, so it shows the units.
func money(amount int64, currency string) string {
	return strconv.FormatInt(amount, 10) + " " + currency
}
