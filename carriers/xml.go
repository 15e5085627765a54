package carriers

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// maxXMLDepth is far more than any carrier nests.
const maxXMLDepth = 50

// DecodeXML reads an XML answer that is whole and holds one document. A tag of
// into without a name space fits every one. Fields should be strings: those
// accept whatever stands there. Characters that cannot be read cost themselves
// only, whatever charset the answer declares.
func DecodeXML(body []byte, into any) *Error {
	text := readable(body)
	if message := faultOf(text); message != "" {
		return Malformed(message, body)
	}
	if err := xmlDecoder(text).Decode(into); err != nil {
		return Malformed("the answer does not have the expected form", body)
	}
	return nil
}

// faultOf says what is wrong with a text that should be one XML document;
// nothing if it is one.
func faultOf(text []byte) string {
	start := strings.ToLower(string(text[:min(len(text), 20)]))
	switch {
	case start == "":
		return "the answer is empty"
	case start[0] == '{' || start[0] == '[':
		return "the answer is JSON instead of XML"
	case strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html"):
		return "the answer is a web page instead of XML"
	}
	decoder, depth, documents := xmlDecoder(text), 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && documents == 1 {
			return ""
		}
		if err != nil {
			return "the answer is not valid XML, or breaks off"
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				documents++
			}
			depth++
			if depth > maxXMLDepth {
				return "the answer is nested too deeply"
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(token)) > 0 {
				return "the answer is not valid XML, or breaks off"
			}
		}
	}
}

// xmlDecoder reads what readable returned, whatever charset that declares.
func xmlDecoder(text []byte) *xml.Decoder {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.Entity = xml.HTMLEntity
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return decoder
}

var declaredCharset = regexp.MustCompile(`^\s*<\?xml[^>]{0,100}\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']`)

// charsets are the ones besides UTF-8 that carriers write in. Windows' sets hold
// those of ISO that they are often mistaken for.
var charsets = map[string]*charmap.Charmap{
	"us-ascii":     charmap.Windows1252,
	"iso-8859-1":   charmap.Windows1252,
	"latin1":       charmap.Windows1252,
	"windows-1252": charmap.Windows1252,
	"cp1252":       charmap.Windows1252,
	"iso-8859-2":   charmap.ISO8859_2,
	"windows-1250": charmap.Windows1250,
	"iso-8859-15":  charmap.ISO8859_15,
}

// readable makes UTF-8 of a text, without characters that XML does not allow.
func readable(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if declared := declaredCharset.FindSubmatch(body); declared != nil {
		if charset := charsets[strings.ToLower(string(declared[1]))]; charset != nil {
			if text, err := charset.NewDecoder().Bytes(body); err == nil {
				body = text
			}
		}
	}
	return bytes.TrimSpace(bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' {
			return ' '
		}
		return r
	}, body))
}
