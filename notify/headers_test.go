package notify

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
)

func TestCheckHeaders(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range maxHeaders + 1 {
		many["X-"+strings.Repeat("a", i+1)] = "1"
	}
	stored := map[string]string{"Authorization": "Bearer old"}
	tests := []struct {
		name    string
		headers map[string]string
		want    map[string]string
		code    string
	}{
		{"none", nil, map[string]string{}, ""},
		{"canonical name, trimmed value", map[string]string{"x-shop": " 7 "}, map[string]string{"X-Shop": "7"}, ""},
		{"empty value keeps the stored one", map[string]string{"authorization": ""}, stored, ""},
		{"new value replaces the stored one", map[string]string{"Authorization": "Bearer new"}, map[string]string{"Authorization": "Bearer new"}, ""},
		{"empty value without a stored one", map[string]string{"X-Shop": ""}, nil, "required"},
		{"twice in other letters", map[string]string{"x-shop": "1", "X-SHOP": "2"}, nil, "header_twice"},
		{"no name", map[string]string{"": "1"}, nil, "header_name"},
		{"name with a space", map[string]string{"X Shop": "1"}, nil, "header_name"},
		{"name with a colon", map[string]string{"X-Shop:": "1"}, nil, "header_name"},
		{"name with a line break", map[string]string{"X-Shop\r\nHost": "1"}, nil, "header_name"},
		{"name of other letters", map[string]string{"X-Größe": "1"}, nil, "header_name"},
		{"long name", map[string]string{strings.Repeat("x", maxHeaderName+1): "1"}, nil, "header_name"},
		{"host", map[string]string{"host": "evil.example"}, nil, "header_reserved"},
		{"content", map[string]string{"content-length": "1"}, nil, "header_reserved"},
		{"own", map[string]string{"Webhook-Signature": "v1,x"}, nil, "header_reserved"},
		{"user agent", map[string]string{"user-agent": "x"}, nil, "header_reserved"},
		{"hop by hop", map[string]string{"TRANSFER-ENCODING": "chunked"}, nil, "header_reserved"},
		{"te", map[string]string{"TE": "trailers"}, nil, "header_reserved"},
		{"proxy", map[string]string{"Proxy-Authorization": "x"}, nil, "header_reserved"},
		{"line break in a value", map[string]string{"X-Shop": "1\r\nHost: evil"}, nil, "header_value"},
		{"value of other letters", map[string]string{"X-Shop": "é"}, nil, "header_value"},
		{"too many", many, nil, "too_many_headers"},
		{"too long", map[string]string{"X-Shop": strings.Repeat("1", maxHeaderSize)}, nil, "headers_too_long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := checkHeaders(test.headers, stored)
			if test.code != "" {
				if refused, ok := errors.AsType[*models.Error](err); !ok || refused.Code != test.code {
					t.Errorf("got %v, %v, want %s", got, err, test.code)
				}
				return
			}
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}
