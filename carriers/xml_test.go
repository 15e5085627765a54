package carriers

import (
	"strings"
	"testing"
)

func TestDecodeXML(t *testing.T) {
	t.Parallel()
	const unreadable = "the answer is not valid XML, or breaks off"
	tests := []struct {
		name, body  string
		want        string // the text of the parcel's place
		wantMessage string
	}{
		{"UTF-8", `<?xml version="1.0" encoding="UTF-8"?><parcel><place>Köln</place></parcel>`, "Köln", ""},
		{"nothing declared", `<parcel><place>Köln</place></parcel>`, "Köln", ""},
		{"a byte order mark", "\xef\xbb\xbf<parcel><place>Köln</place></parcel>", "Köln", ""},
		{"a prefix", `<x:parcel xmlns:x="urn:x"><x:place>Köln</x:place></x:parcel>`, "Köln", ""},
		{"Latin 1", "<?xml version='1.0' encoding='ISO-8859-1'?><parcel><place>K\xf6ln</place></parcel>", "Köln", ""},
		{"Latin 1 that is Windows'", "<?xml version=\"1.0\" encoding=\"latin1\"?><parcel><place>\x80 K\xf6ln</place></parcel>", "€ Köln", ""},
		{"Latin 9", "<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?><parcel><place>\xa4</place></parcel>", "€", ""},
		{"UTF-8 that is not", "<?xml version=\"1.0\" encoding=\"utf-8\"?><parcel><place>K\xf6ln</place></parcel>", "K\ufffdln", ""},
		{"a charset of nobody's", "<?xml version=\"1.0\" encoding=\"x-own\"?><parcel><place>Bonn</place></parcel>", "Bonn", ""},
		{"a control character", "<parcel><place>Bo\x02nn</place></parcel>", "Bo nn", ""},
		{"an entity of HTML", `<parcel><place>Acc&eacute;l&#233;r&#xe9;</place></parcel>`, "Accéléré", ""},
		{"what else there is", `<!-- x --><parcel><new deep="1"><x/></new><place>Bonn<b/></place></parcel><!-- y --> `, "Bonn", ""},
		{"a list in place of a text", `<parcel><place>Bonn</place><place>Köln</place></parcel>`, "Köln", ""},
		{"nothing", " ", "", "the answer is empty"},
		{"JSON", `{"parcel":{}}`, "", "the answer is JSON instead of XML"},
		{"a list of JSON", ` []`, "", "the answer is JSON instead of XML"},
		{"a web page", `<!DOCTYPE html><html></html>`, "", "the answer is a web page instead of XML"},
		{"a short web page", `<HTML><body>Sorry</body></HTML>`, "", "the answer is a web page instead of XML"},
		{"words", "Bad Gateway", "", unreadable},
		{"half", `<parcel><place>Bo`, "", unreadable},
		{"one and a half", `<parcel/><par`, "", unreadable},
		{"two", `<parcel><place>Bonn</place></parcel> x`, "", unreadable},
		{"another document", `<letter/>`, "", "the answer does not have the expected form"},
		{"an entity of nobody's", `<!DOCTYPE a [<!ENTITY x "y">]><parcel><place>&x;</place></parcel>`, "", unreadable},
		{"nested to the sky", strings.Repeat("<a>", 1000), "", "the answer is nested too deeply"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var parcel struct {
				XMLName struct{} `xml:"parcel"`
				Place   string   `xml:"place"`
			}
			failure := DecodeXML([]byte(tt.body), &parcel)
			if failure != nil && (failure.Kind != ErrMalformed || failure.Message != tt.wantMessage) {
				t.Errorf("%v, want %q", failure, tt.wantMessage)
			}
			if failure == nil && (tt.wantMessage != "" || parcel.Place != tt.want) {
				t.Errorf("place %q, want %q, %q", parcel.Place, tt.want, tt.wantMessage)
			}
		})
	}
}
