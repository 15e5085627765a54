package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, content, want string // fields by |, rows by /, refusals in []
	}{
		{"plain", "a,b\n1,2\n", "1|2"},
		{"byte order mark, CRLF, no last line end", "\xef\xbb\xbfa,b\r\n1,2\r\n3,4", "1|2/3|4"},
		{"other order of columns", "b,a\n1,2\n", "2|1"},
		{"quotes", "a,b\n\"x, \"\"y\"\"\nz\",2\n", "x, \"y\"\nz|2"},
		{"blanks around", "a, b\n 1 ,2 \n\n", "1|2"},
		{"UTF-8", "a,b\nsão,d´oeste\n", "são|d´oeste"},
		{"Latin-1", "a,b\ns\xe3o,d\xb4oeste\n", "são|d´oeste"},
		{"Windows-1252 beside UTF-8", "a,b\nsão,5\x80\n", "são|5€"},
		{"too few fields", "a,b\n1\n3,4\n", "1|[1 fields instead of 2]/3|4"},
		{"too many fields", "a,b\n1,2,3\n", "1|2[3 fields instead of 2]"},
		{"stray quote", "a,b\n1,x\"y\n3,4\n", "1|x\"y[bare \" in non-quoted-field]/3|4"},
		{"zero byte", "a,b\n1,x\x00y\n", "1|x\x00y[field 2 contains a zero byte]"},
		{"long field", "a,b\n1," + strings.Repeat("x", 501) + "\n", "1|" + strings.Repeat("x", 501) + "[field 2 is longer than 500 bytes]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table, err := readTable(write(t, "x.csv", tt.content), []string{"a"}, []string{"b"})
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			for _, r := range table.rows {
				text := r.text("a") + "|" + r.text("b")
				if r.refusal != "" {
					text += "[" + r.refusal + "]"
				}
				rows = append(rows, text)
			}
			if got := strings.Join(rows, "/"); got != tt.want {
				t.Errorf("rows = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadTableRefusesFiles(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content, want string }{
		{"empty", "", "x.csv: the file is empty, its first line must name the columns a"},
		{"missing column", "b\n1\n", `x.csv: column "a" is missing`},
		{"unknown column", "a,c\n1,2\n", `x.csv: unknown column "c": columns are a, b`},
		{"repeated column", "a,a\n1,2\n", `x.csv: column "a" appears twice`},
		{"semicolons", "a;b\n1;2\n", "x.csv: columns must be separated by commas, not semicolons"},
		{"a quote that never ends in the last line", "a,b\n1,2\n3,\"x\n", "x.csv line 3: a quote is opened that does not end properly"},
		{"a quote that swallows rows", "a,b\n1,\"x\n3,4\n5,6\n", "x.csv line 2: a quote is opened that does not end properly"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := readTable(write(t, "x.csv", tt.content), []string{"a"}, []string{"b"})
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error = %v, want %s", err, tt.want)
			}
		})
	}
}
