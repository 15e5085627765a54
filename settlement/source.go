package settlement

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read.
const (
	MaxSize   = 200 << 20 // bytes of a file
	maxRecord = 1 << 20   // bytes of one line
	maxField  = 500       // bytes of a field that is stored
)

// source reads a CSV file record by record.
type source struct {
	in      *bounds
	records *csv.Reader
	columns map[string]int // by name, in small letters
	names   []string       // as they stand in the file
}

// bounds ends a file that is too long, and one whose quote never ends before
// all of it is in memory.
type bounds struct {
	r      io.Reader
	total  int64
	record int64 // where the record began
}

var (
	errTooLong   = fmt.Errorf("the file is longer than %d MB", MaxSize>>20)
	errUnbounded = fmt.Errorf("a line is longer than %d MB: is a quote opened that does not end?", maxRecord>>20)
)

func (b *bounds) Read(p []byte) (int, error) {
	if b.total > MaxSize {
		return 0, errTooLong
	}
	if b.total-b.record > maxRecord+1<<16 { // what is buffered ahead belongs to no record yet
		return 0, errUnbounded
	}
	n, err := b.r.Read(p)
	b.total += int64(n)
	return n, err //nolint:wrapcheck // io.EOF must stay what it is
}

// openSource reads the header, whose names are compared in small letters.
func openSource(r io.Reader) (*source, error) {
	s := &source{in: &bounds{r: r}, columns: map[string]int{}}
	s.records = csv.NewReader(s.in)
	s.records.FieldsPerRecord = -1
	header, err := s.records.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line must name the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return nil, errors.New("columns must be separated by commas")
	}
	for i, name := range header {
		name = strings.TrimSpace(name)
		key := strings.ToLower(name)
		if _, twice := s.columns[key]; twice && key != "" {
			return nil, fmt.Errorf("column %q stands there twice", name)
		}
		s.columns[key] = i
		s.names = append(s.names, name)
	}
	return s, nil
}

// column is the first of the names that the file has; empty when it has none.
func (s *source) column(names ...string) string {
	i := slices.IndexFunc(names, func(name string) bool { _, ok := s.columns[name]; return ok })
	if i < 0 {
		return ""
	}
	return names[i]
}

// missing says that a column is missing, under each of its names.
func (s *source) missing(names ...string) error {
	return fmt.Errorf("column %s is missing; the file has %s", strings.Join(names, " or "), strings.Join(s.names, ", "))
}

// next reads a record. It returns io.EOF at the end, and another error only
// where it cannot be told which records follow.
func (s *source) next() (*row, error) {
	s.in.record = s.in.total
	fields, err := s.records.Read()
	var broken *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err == nil:
		line, _ := s.records.FieldPos(0)
		r := &row{source: s, line: int64(line), fields: fields}
		if len(fields) != len(s.names) {
			r.refusef("%d fields instead of %d", len(fields), len(s.names))
		}
		return r, nil
	case errors.As(err, &broken) && broken.Line == broken.StartLine:
		r := &row{source: s, line: int64(broken.StartLine)}
		r.refusef("%v", broken.Err)
		return r, nil
	case errors.As(err, &broken):
		return nil, fmt.Errorf("line %d: a quote is opened that does not end properly (line %d): %w", broken.StartLine, broken.Line, broken.Err)
	default:
		return nil, fmt.Errorf("read the file: %w", err)
	}
}

// row is one record. Its first problem is kept and later ones are not, so that
// fields can be read one after the other and judged at the end.
type row struct {
	source  *source
	line    int64
	fields  []string
	refusal string
}

func (r *row) refusef(format string, args ...any) {
	if r.refusal == "" {
		r.refusal = fmt.Sprintf(format, args...)
	}
}

// text reads a field. It is copied, since fields share the memory of their line.
func (r *row) text(column string) string {
	i, ok := r.source.columns[column]
	if column == "" || !ok || i >= len(r.fields) {
		return ""
	}
	text := strings.TrimSpace(r.fields[i])
	switch {
	case len(text) > maxField:
		r.refusef("%s is longer than %d bytes", column, maxField)
		return ""
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		r.refusef("%s is not text in UTF-8", column)
		return ""
	}
	return strings.Clone(text)
}

// required reads a field that must not be empty.
func (r *row) required(column string) string {
	text := r.text(column)
	if text == "" {
		r.refusef("%s is empty", column)
	}
	return text
}
