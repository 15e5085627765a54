package handlers

import (
	"time"

	"github.com/tillpost/tillpost/models"
)

// apiList is a page of a list, newest first.
type apiList[T any] struct {
	Data       []T     `json:"data" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Pass as cursor to go on; null at the end"`
}

// listOf makes the page; the cursor is empty at the end.
func listOf[T any](data []T, cursor string) apiList[T] {
	list := apiList[T]{Data: data}
	if list.Data == nil {
		list.Data = []T{}
	}
	if cursor != "" {
		list.NextCursor = &cursor
	}
	return list
}

// PageInput is the part of a list's input that chooses the page.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

func (p PageInput) page() models.Page { return models.Page{Limit: p.Limit, Cursor: p.Cursor} }

// CreatedInput is the part of a list's input that limits it in time.
type CreatedInput struct {
	From string `query:"created_from" format:"date-time" doc:"Created then or later" example:"2026-01-01T00:00:00Z"`
	To   string `query:"created_to" format:"date-time" doc:"Created before then" example:"2026-02-01T00:00:00Z"`
}

func (c CreatedInput) span() (models.Span, error) {
	from, err := parseTime("created_from", c.From)
	if err != nil {
		return models.Span{}, err
	}
	to, err := parseTime("created_to", c.To)
	if err != nil {
		return models.Span{}, err
	}
	return models.Span{From: from, To: to}, nil
}

func parseTime(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, invalidInput([]fieldProblem{fieldError(field, "bad_time", impossible)})
	}
	return t, nil
}
