package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DHL's Unified Tracking: https://developer.dhl.com/api-reference/shipment-tracking

type dhlAddress struct {
	Locality string `json:"addressLocality,omitempty"`
	Country  string `json:"countryCode,omitempty"`
}

type dhlPlace struct {
	Address dhlAddress `json:"address"`
}

type dhlEvent struct {
	Timestamp   string   `json:"timestamp"`
	Location    dhlPlace `json:"location"`
	StatusCode  string   `json:"statusCode"`
	Status      string   `json:"status"`
	Description string   `json:"description"`
}

type dhlShipment struct {
	ID          any            `json:"id"`
	Service     string         `json:"service"`
	Origin      dhlPlace       `json:"origin"`
	Destination dhlPlace       `json:"destination"`
	Status      dhlEvent       `json:"status"`
	ETA         string         `json:"estimatedTimeOfDelivery,omitempty"`
	Details     map[string]any `json:"details"`
	Events      []dhlEvent     `json:"events"`
}

type dhlProblem struct {
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Status   int    `json:"status"`
	Instance string `json:"instance,omitempty"`
}

func (p *parcels) dhlShipments(w http.ResponseWriter, r *http.Request) {
	if !hasAnyPrefix(r.Header.Get("DHL-API-Key"), append([]string{"dhl_"}, carrierTokens...)) {
		dhlRefuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized for given resource.", "")
		return
	}
	number := normalized(r.URL.Query().Get("trackingNumber"))
	if number == "" {
		dhlRefuse(w, http.StatusBadRequest, "Bad Request", "Missing or invalid tracking number.", "")
		return
	}
	now := p.now()
	j, known := p.journey(number, dhlForm)
	if pause := j.throttled(now); pause > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(pause.Seconds())))
		dhlRefuse(w, http.StatusTooManyRequests, "Too Many Requests", "Too many requests within defined time period, please try again later.", "")
		return
	}
	service := r.URL.Query().Get("service")
	if !known || len(j.until(now)) == 0 || (service != "" && service != dhlService(number)) {
		dhlRefuse(w, http.StatusNotFound, "No result found", "No shipment with given tracking number found.", "/shipment/"+number)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"url":                            "/shipments?trackingNumber=" + number,
		"shipments":                      []dhlShipment{j.dhl(now, p.atlas["DE"].zone)},
		"possibleAdditionalShipmentsUrl": []string{"/shipments?trackingNumber=" + number + "&service=parcel-nl"},
	})
}

func dhlRefuse(w http.ResponseWriter, status int, title, detail, instance string) {
	writeJSON(w, status, dhlProblem{Title: title, Detail: detail, Status: status, Instance: instance})
}

// dhlService is the division that a number belongs to by its form.
func dhlService(number string) string {
	switch {
	case germanForm.MatchString(number), strings.HasPrefix(number, "JJD"):
		return "parcel-de"
	case len(number) == 10:
		return "express"
	default:
		return "ecommerce"
	}
}

// dhl tells of a parcel as DHL would, with the divisions' ways of writing times:
// German wall clocks, the place's wall clocks with a Z on the summary, or full
// instants with nanoseconds.
func (j journey) dhl(now time.Time, german *time.Location) dhlShipment {
	service := dhlService(j.number)
	s := dhlShipment{
		ID: dhlID(j.number), Service: service,
		Origin:      dhlPlace{dhlAddress{Country: j.from.code}},
		Destination: dhlPlace{dhlAddress{Country: j.to.code}},
		Details: map[string]any{
			"product":             map[string]string{"productName": "DHL " + service},
			"totalNumberOfPieces": 1,
			"references":          dhlReferences(j.number),
		},
	}
	for _, scan := range j.until(now) {
		event := dhlEvent{
			Timestamp:   dhlTime(service, scan.time, german),
			Location:    dhlPlace{dhlAddress{Locality: scan.city, Country: scan.place.code}},
			StatusCode:  dhlStatusCode(scan.status),
			Status:      scan.text,
			Description: scan.text,
		}
		s.Events = append([]dhlEvent{event}, s.Events...) // newest first
		if scan.status == "info" {
			continue
		}
		s.Status = event
		if service == "express" {
			s.Status.Timestamp += "Z"
		}
	}
	if j.delivered.After(now) {
		s.ETA = j.delivered.Format("2006-01-02") + "T00:00:00Z"
	}
	return s
}

func dhlTime(service string, at time.Time, german *time.Location) string {
	switch service {
	case "parcel-de":
		return at.In(german).Format("2006-01-02T15:04:05")
	case "express":
		return at.Format("2006-01-02T15:04:05")
	default:
		return at.Add(331_986_369 * time.Nanosecond).Format("2006-01-02T15:04:05.999999999Z07:00")
	}
}

// dhlID is a number where it can be one, as in DHL's own answers.
func dhlID(number string) any {
	if _, err := strconv.ParseInt(number, 10, 64); err == nil && number[0] != '0' && len(number) <= 15 {
		return json.Number(number)
	}
	return number
}

// dhlReferences is an object for some parcels and a list for others, as in
// DHL's answers.
func dhlReferences(number string) any {
	reference := map[string]string{"number": "ORDER-" + number[len(number)-4:], "type": "customer-reference"}
	if seed(number, "references")%2 == 0 {
		return reference
	}
	return []map[string]string{reference}
}

// dhlStatusCode is DHL's coarse code, which calls a return a transit.
func dhlStatusCode(status string) string {
	switch status {
	case "info_received":
		return "pre-transit"
	case "delivered", "returned":
		return "delivered"
	case "delivery_failed", "exception":
		return "failure"
	case "info":
		return "unknown"
	default:
		return "transit"
	}
}
