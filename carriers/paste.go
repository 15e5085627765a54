package carriers

import (
	"cmp"
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// MaxLines is how many parcels may be added at once.
const MaxLines = 500

// Line is one parcel of what somebody pasted or uploaded.
type Line struct {
	Line        int // in the text, from 1
	OrderNumber string
	Number      string
	Carrier     string // code, name or account id; empty: by the number
	Direction   string // empty: outbound
	ReturnOf    string // tracking number of the parcel that a return sends back
	Items       []models.ShipmentItem
	PromisedAt  *time.Time
	promised    day           // that PromisedAt is the end of; zero for a moment
	words       []string      // of a line without separators; what they are, the plan finds out
	Refusal     *models.Error // why the line cannot be read
}

// day is one of whoever wrote it.
type day struct {
	text string
	zone *time.Location
}

// Columns are those of a table of parcels that are read; others are passed over,
// so that an exported table can be read again.
var Columns = []string{"order_number", "tracking_number", "carrier", "direction", "return_of", "items", "promised_at"}

// ReadLines reads parcels, one a line: a tracking number, or an order's number
// and a tracking number, and perhaps a carrier, with tabs, semicolons, commas or
// blanks between. A text whose first line names columns is a table of them. Days are
// those of the zone until it is known where the parcels go. More than MaxLines are too many.
func ReadLines(text string, zone *time.Location) ([]Line, error) {
	text = strings.TrimPrefix(strings.ToValidUTF8(text, "\uFFFD"), "\uFEFF")
	var (
		lines     []Line
		header    []string
		separator rune // of the table
	)
	for i, raw := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		fields := splitLine(raw, separator)
		if len(fields) == 0 {
			continue
		}
		if header == nil && len(lines) == 0 && slices.Contains(columns(fields), "tracking_number") {
			header, separator = columns(fields), separatorOf(raw)
			continue
		}
		if len(lines) == MaxLines {
			return nil, models.Invalid("text", "too_many_lines")
		}
		line := Line{Line: i + 1}
		if header != nil {
			line.fill(header, fields, zone)
		} else {
			line.positional(fields)
		}
		lines = append(lines, line)
	}
	switch {
	case len(lines) > 0:
		return lines, nil
	case header != nil:
		return nil, models.Invalid("text", "only_header")
	default:
		return nil, models.Invalid("text", "required")
	}
}

// separatorOf is the first separator in a line.
func separatorOf(raw string) rune {
	if i := strings.IndexAny(raw, "\t;,"); i >= 0 {
		return rune(raw[i])
	}
	return ','
}

// splitLine parts a line at the separator, or at its own when that is 0; a blank
// line has no fields.
func splitLine(raw string, separator rune) []string {
	if strings.TrimSpace(raw) == "" {
		return nil
	}
	if separator == 0 {
		separator = separatorOf(raw)
	}
	reader := csv.NewReader(strings.NewReader(raw))
	reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord = separator, true, -1
	fields, err := reader.Read()
	if err != nil {
		fields = strings.Split(raw, string(separator))
	}
	for i := range fields {
		fields[i] = unquoted(Text(fields[i], maxText))
	}
	return fields
}

// unquoted takes away the quote that keeps spreadsheets from taking a text for a
// formula.
func unquoted(field string) string {
	if rest, ok := strings.CutPrefix(field, "'"); ok && rest != "" && strings.ContainsAny(rest[:1], "=+-@") {
		return rest
	}
	return field
}

// aliases are what others call the columns.
var aliases = map[string]string{
	"order": "order_number", "order_no": "order_number", "order_id": "order_number", "订单号": "order_number", "nombor_pesanan": "order_number",
	"tracking": "tracking_number", "tracking_no": "tracking_number", "tracking_code": "tracking_number", "tracking_id": "tracking_number",
	"运单号": "tracking_number", "快递单号": "tracking_number", "nombor_penjejakan": "tracking_number",
	"courier": "carrier", "carrier_name": "carrier", "承运商": "carrier", "快递公司": "carrier", "pembawa": "carrier",
}

// columns are the names in a header, as they are written here.
func columns(fields []string) []string {
	names := make([]string, len(fields))
	for i, field := range fields {
		name := strings.ReplaceAll(strings.TrimRight(strings.ToLower(field), " .:#"), " ", "_")
		names[i] = cmp.Or(aliases[name], name)
	}
	return names
}

func (l *Line) positional(fields []string) {
	switch {
	case len(fields) == 1:
		l.Number = fields[0]
		if words := strings.Fields(l.Number); len(words) > 1 {
			l.words = words
			return // is checked once it is known which of them are the number
		}
	case len(fields) == 2 && codeOf(fields[1]) != "":
		l.Number, l.Carrier = fields[0], fields[1]
	default:
		l.OrderNumber, l.Number = fields[0], fields[1]
		if len(fields) > 2 {
			l.Carrier = fields[2]
		}
	}
	l.check()
}

func (l *Line) fill(header, fields []string, zone *time.Location) {
	for i, field := range fields[:min(len(fields), len(header))] {
		switch header[i] {
		case "order_number":
			l.OrderNumber = field
		case "tracking_number":
			l.Number = field
		case "carrier":
			l.Carrier = field
		case "direction":
			l.Direction = strings.ToLower(field)
		case "return_of":
			l.ReturnOf = field
		case "items":
			l.readItems(field)
		case "promised_at":
			l.readPromise(field, zone)
		}
	}
	l.check()
}

func (l *Line) check() {
	if l.Refusal == nil && !numberForm.MatchString(models.NormalTrackingNumber(l.Number)) {
		l.Refusal = models.Invalid("tracking_number", "bad_tracking_number")
	}
	if l.Refusal == nil && !slices.Contains([]string{"", models.DirectionOutbound, models.DirectionReturn}, l.Direction) {
		l.Refusal = models.Invalid("direction", "unknown_direction")
	}
}

// itemForm is an item with how many of it: "TEA-1 x 2", or the item alone.
var itemForm = regexp.MustCompile(`^(.+?)(?:\s+[x×*]\s*|\s*[×*]\s*|:)(\d{1,7})$`)

func (l *Line) readItems(text string) {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '|' }) {
		item := models.ShipmentItem{SKU: strings.TrimSpace(part), Quantity: 1}
		if found := itemForm.FindStringSubmatch(item.SKU); found != nil {
			n, err := strconv.ParseInt(found[2], 10, 64)
			if err != nil || n < 1 {
				l.Refusal = models.Invalid("items", "bad_items")
				return
			}
			item = models.ShipmentItem{SKU: found[1], Quantity: n}
		}
		if item.SKU != "" {
			l.Items = append(l.Items, item)
		}
	}
}

// readPromise reads a moment, or a day that lasts until its end.
func (l *Line) readPromise(text string, zone *time.Location) {
	if text == "" {
		return
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		l.promised = day{text, zone}
		at, err = PromisedBy(text, models.Address{}, zone)
	}
	if err != nil || at.Year() < 2000 || at.Year() > 2100 {
		l.Refusal = models.Invalid("promised_at", "bad_date")
		return
	}
	at = at.UTC()
	l.PromisedAt = &at
}
