package australiapost

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// answer is what GET /track returns: results for the numbers, or errors when it
// refuses the whole question.
type answer struct {
	Results json.RawMessage      `json:"tracking_results"`
	Errors  carriers.LenientList `json:"errors"`
}

type result struct {
	ID     text                 `json:"tracking_id"`
	Status text                 `json:"status"`
	Errors carriers.LenientList `json:"errors"`
	Items  carriers.LenientList `json:"trackable_items"`
}

// item is an article with its events, or a consignment with its articles.
type item struct {
	ArticleID     text                 `json:"article_id"`
	ConsignmentID text                 `json:"consignment_id"`
	Status        text                 `json:"status"`
	Events        carriers.LenientList `json:"events"`
	Items         carriers.LenientList `json:"items"`
}

// scan has no code: its description is one of Australia Post's own texts.
type scan struct {
	Date        text `json:"date"`
	Description text `json:"description"`
	Location    text `json:"location"`
}

type refusal struct {
	Code    text `json:"code"`
	Name    text `json:"name"`
	Message text `json:"message"`
}
