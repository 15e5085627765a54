package sandbox

import (
	"fmt"
	"sort"
	"time"
	_ "time/tzdata" // places keep their zones on machines without a zone database
)

// stop is where a step of a journey happens.
type stop int

const (
	atSender stop = iota
	atOriginHub
	atCustoms
	atDestinationHub
	atRecipient
)

// step is one scan of a scenario, so many hours after the parcel was announced.
type step struct {
	hours  float64
	status string
	reason string
	code   string
	text   string
	stop   stop
}

// scenario is what can become of a parcel; weight is how many of a hundred
// parcels that nobody registered go that way.
type scenario struct {
	name   string
	weight int
	steps  []step
}

var (
	announced  = step{0, "info_received", "", "ANN", "Shipment information received", atSender}
	collected  = step{5, "picked_up", "", "COL", "Parcel picked up from the sender", atSender}
	sorted     = step{11, "in_transit", "", "SRT", "Processed at the sorting centre", atOriginHub}
	notified   = step{12, "info", "", "NTF", "Recipient was told of the parcel by e-mail", atOriginHub}
	left       = step{16, "in_transit", "", "DEP", "Departed from the facility", atOriginHub}
	arrived    = step{44, "in_transit", "", "ARR", "Arrived at the destination facility", atDestinationHub}
	onVehicle  = step{62, "out_for_delivery", "", "OFD", "Out for delivery", atRecipient}
	handedOver = step{68, "delivered", "", "DLV", "Delivered", atRecipient}
)

// at moves a step in time.
func (s step) at(hours float64) step {
	s.hours = hours
	return s
}

// scenarios are numbered from 1 by their place: numbers of parcels name them so.
var scenarios = []scenario{
	{"delivered", 55, []step{announced, collected, sorted, notified, left, arrived, onVehicle, handedOver}},
	{"slow", 10, []step{
		announced, collected.at(30), sorted.at(52), left.at(60),
		{100, "in_transit", "delay", "DLY", "The shipment is delayed", atOriginHub},
		arrived.at(190), onVehicle.at(230), handedOver.at(237),
	}},
	{"exception", 8, []step{
		announced, collected, sorted, left, arrived,
		{50, "exception", "address_problem", "EXA", "Incomplete address: please give the house number", atDestinationHub},
		{74, "in_transit", "", "ADR", "Address was completed", atDestinationHub},
		onVehicle.at(86), handedOver.at(92),
	}},
	{"pickup", 8, []step{
		announced, collected, sorted, left, arrived, onVehicle,
		{67, "delivery_failed", "recipient_unavailable", "DFL", "Delivery attempted: recipient not at home", atRecipient},
		{70, "available_for_pickup", "", "PUP", "Ready for collection at the parcel shop", atRecipient},
		{98, "delivered", "", "DLC", "Handed over to the recipient at the parcel shop", atRecipient},
	}},
	{"returned", 5, []step{
		announced, collected, sorted, left, arrived, onVehicle,
		{67, "delivery_failed", "recipient_refused", "DFR", "Delivery attempted: recipient refused the parcel", atRecipient},
		{90, "returning", "", "RTS", "The shipment is being returned to the sender", atDestinationHub},
		{120, "in_transit", "", "SRT", "Processed at the sorting centre", atOriginHub},
		{144, "returned", "", "RTD", "The shipment was returned to the sender", atSender},
	}},
	{"customs", 6, []step{
		announced, collected, sorted, left,
		{40, "in_transit", "customs", "CUS", "Presented to customs", atCustoms},
		{52, "exception", "customs_documents", "CUD", "Customs requires further documents: commercial invoice", atCustoms},
		{80, "in_transit", "", "CUR", "Released by customs", atCustoms},
		arrived.at(90), onVehicle.at(110), handedOver.at(116),
	}},
	{"lost", 2, []step{
		announced, collected, sorted, left,
		{200, "exception", "lost", "LST", "The shipment is lost", atDestinationHub},
	}},
	{"never_found", 3, nil},
	{"throttled", 3, []step{announced, collected, sorted, left, arrived, onVehicle, handedOver}},
}

// scenarioDigit is a scenario's number; the first scenario's for an unknown name.
func scenarioDigit(name string) int {
	for i, s := range scenarios {
		if s.name == name {
			return i + 1
		}
	}
	return 1
}

func scenarioOf(draw uint64) string {
	left := int(draw % 100)
	for _, s := range scenarios {
		if left -= s.weight; left < 0 {
			return s.name
		}
	}
	return scenarios[0].name
}

// journey is a parcel's whole future.
type journey struct {
	number    string
	scenario  string
	from, to  *place
	scans     []parcelScan // oldest first
	delivered time.Time    // zero when it will not be
}

// parcelScan is a step with its time and place.
type parcelScan struct {
	step

	id    string
	time  time.Time // in the place's zone
	city  string
	place *place
}

// plan lays a registration out in time. Parcels of one scenario differ by a
// fifth in speed.
func (p *parcels) plan(r registration) journey {
	number := r.Number
	pace := p.pace
	if r.Pace > 0 {
		pace = r.Pace
	}
	from, to := p.route(r)
	j := journey{number: number, scenario: r.Scenario, from: from, to: to}
	speed := pace / (0.8 + float64(seed(number, "speed")%401)/1000)
	for i, s := range scenarios[scenarioDigit(r.Scenario)-1].steps {
		where, city := s.stop.of(from, to, seed(number, "city"))
		at := r.Start.Add(time.Duration(s.hours * float64(time.Hour) / speed)).Truncate(time.Second).In(where.zone)
		j.scans = append(j.scans, parcelScan{
			step: s, id: fmt.Sprintf("scn_%016x", seed(number, fmt.Sprint("scan", i))), time: at, city: city, place: where,
		})
		if s.status == "delivered" {
			j.delivered = at
		}
	}
	return j
}

func (s stop) of(from, to *place, draw uint64) (*place, string) {
	switch s {
	case atSender:
		return from, from.cities[draw%uint64(len(from.cities))]
	case atOriginHub:
		return from, from.hub
	case atRecipient:
		return to, to.cities[(draw/7)%uint64(len(to.cities))]
	default:
		return to, to.hub
	}
}

// until are the scans that have happened.
func (j journey) until(now time.Time) []parcelScan {
	n := sort.Search(len(j.scans), func(i int) bool { return j.scans[i].time.After(now) })
	return j.scans[:n]
}

// throttled tells how long the carrier wants to be left alone about a parcel of
// that scenario: for the first 20 seconds of every minute.
func (j journey) throttled(now time.Time) time.Duration {
	if second := now.Second(); j.scenario == "throttled" && second < 20 {
		return time.Duration(20-second) * time.Second
	}
	return 0
}
