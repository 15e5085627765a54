package seventeentrack

import (
	"strconv"

	"github.com/tillpost/tillpost/carriers"
)

// meaning is what a status says about a parcel.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// meanings are the sub statuses of 17TRACK's documentation, and below them the
// main statuses and the stages, which are all that some scans have. NotFound
// and Expired move nothing.
var meanings = map[string]meaning{
	"InfoReceived":                          {status: carriers.StatusInfoReceived},
	"InTransit_PickedUp":                    {status: carriers.StatusPickedUp},
	"InTransit_Other":                       {status: carriers.StatusInTransit},
	"InTransit_Departure":                   {status: carriers.StatusInTransit},
	"InTransit_Arrival":                     {status: carriers.StatusInTransit},
	"InTransit_CustomsProcessing":           {carriers.StatusInTransit, carriers.ReasonCustoms},
	"InTransit_CustomsReleased":             {status: carriers.StatusInTransit},
	"InTransit_CustomsRequiringInformation": {carriers.StatusInTransit, carriers.ReasonCustomsDocuments},
	"AvailableForPickup_Other":              {status: carriers.StatusAvailableForPickup},
	"OutForDelivery_Other":                  {status: carriers.StatusOutForDelivery},
	"DeliveryFailure_Other":                 {status: carriers.StatusDeliveryFailed},
	"DeliveryFailure_NoBody":                {carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
	"DeliveryFailure_Security":              {carriers.StatusDeliveryFailed, carriers.ReasonSecurityCheck},
	"DeliveryFailure_Rejected":              {carriers.StatusDeliveryFailed, carriers.ReasonRecipientRefused},
	"DeliveryFailure_InvalidAddress":        {carriers.StatusDeliveryFailed, carriers.ReasonAddressProblem},
	"Delivered_Other":                       {status: carriers.StatusDelivered},
	"Exception_Other":                       {status: carriers.StatusException},
	"Exception_Returning":                   {status: carriers.StatusReturning},
	"Exception_Returned":                    {status: carriers.StatusReturned},
	"Exception_NoBody":                      {carriers.StatusException, carriers.ReasonRecipientUnavailable},
	"Exception_Security":                    {carriers.StatusException, carriers.ReasonSecurityCheck},
	"Exception_Damage":                      {carriers.StatusException, carriers.ReasonDamaged},
	"Exception_Rejected":                    {carriers.StatusException, carriers.ReasonRecipientRefused},
	"Exception_Delayed":                     {carriers.StatusInTransit, carriers.ReasonDelay}, // a delayed parcel is on its way still
	"Exception_Lost":                        {carriers.StatusException, carriers.ReasonLost},
	"Exception_Destroyed":                   {carriers.StatusException, carriers.ReasonDestroyed},
	"Exception_Cancel":                      {status: carriers.StatusCanceled},

	"InTransit":       {status: carriers.StatusInTransit},
	"DeliveryFailure": {status: carriers.StatusDeliveryFailed},
	"Exception":       {status: carriers.StatusException},

	"PickedUp":           {status: carriers.StatusPickedUp},
	"Departure":          {status: carriers.StatusInTransit}, // from the country of origin
	"Arrival":            {status: carriers.StatusInTransit}, // in the country of destination
	"AvailableForPickup": {status: carriers.StatusAvailableForPickup},
	"OutForDelivery":     {status: carriers.StatusOutForDelivery},
	"Delivered":          {status: carriers.StatusDelivered},
	"Returning":          {status: carriers.StatusReturning},
	"Returned":           {status: carriers.StatusReturned},
}

// keys are 17TRACK's keys of carriers that it need not guess, from its list
// https://res.17track.net/asset/carrier/info/apicarrier.all.json. Others are left
// to its detection, as is "dhl": that may be any of DHL's divisions.
var keys = map[string]int{
	"ups":           100002,
	"fedex":         100003,
	"usps":          21051,
	"chinapost":     3011,
	"ems":           3013,
	"dhl_parcel_de": 7041,
	"gls":           100005,
	"dpd":           100007, // the German one
	"royalmail":     11031,  // public lists disagree
}

// registration is how a parcel is made known to 17TRACK. SF shows its parcels
// with digits of a phone only.
func registration(parcel carriers.Parcel) wireNumber {
	key := serviceKey(parcel.Service)
	if key == 0 {
		key = keys[parcel.Carrier]
	}
	number := wireNumber{Number: parcel.Number, Carrier: key, Detect: key == 0}
	if parcel.Carrier == "sf" {
		number.Param = parcel.RecipientPhoneLast4
	}
	return number
}

// serviceKey is the carrier's key that an earlier answer named; 0 for none.
func serviceKey(service string) int {
	key, err := strconv.Atoi(service)
	if err != nil || key < 0 {
		return 0
	}
	return key
}

// Codes that are no failures of a number.
const (
	registered   = "-18019901" // before
	unregistered = "-18019902"
)

// refusal is what an error code means.
type refusal struct {
	kind    carriers.ErrorKind
	message string
}

// refusals are the error codes of 17TRACK's documentation.
var refusals = map[string]refusal{
	"-18010001":  {carriers.ErrAuth, "17TRACK does not accept calls from this machine's IP address"},
	"-18010002":  {carriers.ErrAuth, "17TRACK refused the token"},
	"-18010003":  {carriers.ErrUnavailable, "17TRACK failed"},
	"-18010004":  {carriers.ErrAuth, "17TRACK has disabled the account"},
	"-18010005":  {carriers.ErrAuth, "17TRACK does not let this account ask"},
	"-18010010":  {carriers.ErrBadRequest, "17TRACK misses a field"},
	"-18010011":  {carriers.ErrBadRequest, "17TRACK finds a field invalid"},
	"-18010012":  {carriers.ErrBadRequest, "17TRACK finds the form of a field invalid"},
	"-18010013":  {carriers.ErrBadRequest, "17TRACK finds the question invalid"},
	"-18010014":  {carriers.ErrBadRequest, "too many numbers in one question"},
	registered:   {carriers.ErrNotFound, "17TRACK follows this number and has no news of it yet"},
	unregistered: {carriers.ErrNotFound, "17TRACK does not follow this number"},
	"-18019903":  {carriers.ErrBadRequest, "17TRACK cannot tell who carries this number; choose its carrier"},
	// Only new numbers are refused by these: what is known is told on.
	"-18019907": {carriers.ErrForbidden, "the account's numbers of this day are used up"},
	"-18019908": {carriers.ErrForbidden, "the account's numbers are used up"},
	"-18019909": {carriers.ErrNotFound, "17TRACK has no news of this number yet"},
	"-18019910": {carriers.ErrBadRequest, "17TRACK says that this carrier does not carry this number"},
}
