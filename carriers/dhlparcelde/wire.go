package dhlparcelde

import (
	"encoding/xml"
	"strings"
)

// document is an answer. Everything in it is an element data that a name tells
// apart: a piece-shipment-list with pieces (piece-shipment), each with a
// piece-event-list of events (piece-event), oldest first. What is known of them
// stands in attributes.
type document struct {
	data

	XMLName xml.Name `xml:"data"`
}

type data struct {
	Attributes []xml.Attr `xml:",any,attr"`
	Data       []data     `xml:"data"`
}

// get returns an attribute; empty if there is none.
func (d data) get(name string) string {
	for _, attribute := range d.Attributes {
		if attribute.Name.Local == name {
			return strings.TrimSpace(attribute.Value)
		}
	}
	return ""
}

// named returns the elements of a name, however deep they are.
func (d data) named(name string) []data {
	var found []data
	for _, child := range d.Data {
		if child.get("name") == name {
			found = append(found, child)
			continue
		}
		found = append(found, child.named(name)...)
	}
	return found
}

// code is the result of the question: of the list, or of what wraps it.
func (d data) code() string {
	if code := d.get("code"); code != "" {
		return code
	}
	for _, child := range d.Data {
		if code := child.get("code"); code != "" {
			return code
		}
	}
	return ""
}
