package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxField bounds a field, in bytes: longer ones do not fit in indexes.
const maxField = 500

// table is one file.
type table struct {
	name    string
	columns map[string]int
	rows    []*row
}

// readTable reads a file whose header must name all required columns and may
// name the optional ones. Rows that are no rows are kept with a reason, so that
// reading goes on; only where it cannot be told which rows follow does it fail.
func readTable(path string, required, optional []string) (*table, error) {
	name := filepath.Base(path)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	records := csv.NewReader(bytes.NewReader(data))
	records.FieldsPerRecord = -1
	header, err := records.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty, its first line must name the columns %s", name, strings.Join(required, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: header: %w", name, err)
	}
	t := &table{name: name, columns: map[string]int{}}
	if err := t.readHeader(header, required, optional); err != nil {
		return nil, err
	}
	for {
		start := records.InputOffset()
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		var broken *csv.ParseError
		switch {
		case err == nil:
			line, _ := records.FieldPos(0)
			t.add(line, record)
		case errors.As(err, &broken) && broken.Line == broken.StartLine && !openEnded(data[start:], broken):
			raw := string(bytes.TrimSpace(data[start:records.InputOffset()]))
			t.add(broken.StartLine, strings.Split(raw, ",")).refusef("%v", broken.Err)
		case errors.As(err, &broken):
			return nil, fmt.Errorf("%s line %d: a quote is opened that does not end properly (line %d): %w",
				name, broken.StartLine, broken.Line, broken.Err)
		default:
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
}

// openEnded says whether the rest of a file is one line with a quote that never
// ends, which the reader reports like a quote in the wrong place.
func openEnded(rest []byte, broken *csv.ParseError) bool {
	rest = bytes.TrimSpace(rest)
	return errors.Is(broken.Err, csv.ErrQuote) && !bytes.ContainsRune(rest, '\n') && bytes.Count(rest, []byte{'"'})%2 == 1
}

func (t *table) readHeader(header, required, optional []string) error {
	if len(header) == 1 && strings.Contains(header[0], ";") {
		return fmt.Errorf("%s: columns must be separated by commas, not semicolons", t.name)
	}
	for i, column := range header {
		column = strings.TrimSpace(column)
		if _, twice := t.columns[column]; twice {
			return fmt.Errorf("%s: column %q appears twice", t.name, column)
		}
		if !slices.Contains(required, column) && !slices.Contains(optional, column) {
			return fmt.Errorf("%s: unknown column %q: columns are %s", t.name, column,
				strings.Join(slices.Concat(required, optional), ", "))
		}
		t.columns[column] = i
	}
	for _, column := range required {
		if _, ok := t.columns[column]; !ok {
			return fmt.Errorf("%s: column %q is missing", t.name, column)
		}
	}
	return nil
}

// add keeps a record and checks that it can be stored.
func (t *table) add(line int, record []string) *row {
	r := &row{table: t, line: line, fields: record}
	t.rows = append(t.rows, r)
	if len(record) != len(t.columns) {
		r.refusef("%d fields instead of %d", len(record), len(t.columns))
	}
	for i, field := range record {
		record[i] = strings.TrimSpace(decode(field))
		if strings.ContainsRune(field, 0) {
			r.refusef("field %d contains a zero byte", i+1)
		}
		if len(record[i]) > maxField {
			r.refusef("field %d is longer than %d bytes", i+1, maxField)
		}
	}
	return r
}

// decode reads a text as UTF-8 or, where it is none, as Windows-1252, which
// contains the letters of Latin-1.
func decode(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(charmap.Windows1252.DecodeByte(text[i]))
	}
	return b.String()
}
