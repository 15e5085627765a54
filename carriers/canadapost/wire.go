package canadapost

import "encoding/xml"

// answer is a detail, or messages that say why there is none; either may stand
// in a wrapper.
type answer struct {
	detail
	messages

	XMLName  xml.Name
	Detail   *detail   `xml:"tracking-detail"`
	Messages *messages `xml:"messages"`
}

// detail is a parcel's history.
type detail struct {
	PIN             string       `xml:"pin"`
	Expected        string       `xml:"expected-delivery-date"`
	ChangedExpected string       `xml:"changed-expected-date"`
	Events          *occurrences `xml:"significant-events"`
}

type occurrences struct {
	List []occurrence `xml:"occurrence"`
}

// occurrence is a scan. Its clock stands at the place, whose zone is told by an
// abbreviation; that may be empty or a country's name.
type occurrence struct {
	Code        string `xml:"event-identifier"`
	Date        string `xml:"event-date"`
	Time        string `xml:"event-time"`
	Zone        string `xml:"event-time-zone"`
	Description string `xml:"event-description"`
	Site        string `xml:"event-site"`
	Province    string `xml:"event-province"`
	Retail      string `xml:"event-retail-name"`
}

type messages struct {
	List []message `xml:"message"`
}

type message struct {
	Code        string `xml:"code"`
	Description string `xml:"description"`
}
