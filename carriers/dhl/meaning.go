package dhl

import (
	"regexp"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// meaning reads a scan. DHL's five status codes are coarse, so its texts refine
// them, in English and German; but a delivery is believed of the code alone,
// and the code "unknown", which stands on ordinary scans, moves nothing.
func (w scan) meaning() (carriers.Status, carriers.Reason) {
	words := strings.ToLower(strings.Join([]string{string(w.Status), string(w.Description), string(w.Remark)}, " \n "))
	reason := reasonIn(words)
	switch strings.ToLower(string(w.StatusCode)) {
	case "pre-transit":
		return carriers.StatusInfoReceived, reason
	case "transit":
		return refined(words, carriers.StatusInTransit), reason
	case "failure":
		return refined(words, carriers.StatusException), reason
	case "delivered":
		if returnWords.MatchString(words) {
			return carriers.StatusReturned, ""
		}
		return carriers.StatusDelivered, ""
	default:
		return carriers.StatusInfo, reason
	}
}

var (
	returnWords = regexp.MustCompile(`\breturn(?:ed|ing|s)? (?:back )?to (?:the )?(?:sender|shipper|origin)\b|\brto\b|` +
		`\bbeing returned\b|\breturn (?:shipment|journey)\b|r(?:ü|ue)cksendung|` +
		`\bzur(?:ü|ue)ck an (?:den )?absender\b|an (?:den )?absender zur(?:ü|ue)ck`)
	courierWords = regexp.MustCompile(`\bout for delivery\b|\bwith (?:the )?(?:delivery )?courier\b|` +
		`\bloaded (?:on|in)to (?:the )?delivery vehicle\b|zustellfahrzeug|in zustellung`)
	collectedWords = regexp.MustCompile(`(?m)\b(?:shipment|parcel|package) (?:was |has been )?picked up(?: from (?:the )?(?:sender|shipper))?[. ]*$`)
	pickupWords    = regexp.MustCompile(`\b(?:ready|available|awaiting|waiting|held) (?:for|at|in) ` +
		`(?:the |a |your )?(?:collection|pick-?up|packstation|locker|(?:post|parcel|service) ?(?:office|shop|point|locker|branch))|` +
		`\b(?:can|may) be (?:picked up|collected)\b|abholbereit|zur abholung bereit|` +
		`in (?:die|der|eine|einer) (?:packstation|filiale) eingestellt`)
	futureWords  = regexp.MustCompile(`\b(?:will|not|to) be (?:ready|available|held|out|loaded|picked up|collected)\b|\bnot (?:yet )?(?:ready|available|out)\b`)
	attemptWords = regexp.MustCompile(`\bdelivery (?:was )?attempted\b|\bunsuccessful delivery\b|` +
		`\b(?:failed|attempted) delivery\b|\bdelivery attempt (?:failed|was unsuccessful|unsuccessful)|` +
		`\bcould not be delivered\b|erfolglos(?:er)? zustell|nicht zugestellt|nicht angetroffen`)
)

// refined looks for what a coarse code leaves out.
func refined(words string, coarse carriers.Status) carriers.Status {
	switch {
	case returnWords.MatchString(words):
		return carriers.StatusReturning
	case pickupWords.MatchString(words) && !futureWords.MatchString(words):
		return carriers.StatusAvailableForPickup
	case attemptWords.MatchString(words):
		return carriers.StatusDeliveryFailed
	case coarse == carriers.StatusInTransit && courierWords.MatchString(words) && !futureWords.MatchString(words):
		return carriers.StatusOutForDelivery
	case coarse == carriers.StatusInTransit && collectedWords.MatchString(words):
		return carriers.StatusPickedUp
	default:
		return coarse
	}
}

// reasons are tried in order, special ones first.
var reasons = []struct {
	words  *regexp.Regexp
	reason carriers.Reason
}{
	{regexp.MustCompile(`\b(?:cleared|released) (?:by |through |from )?customs|\bcustoms clearance (?:is |was |has been )?complete|` +
		`\bclearance processing complete|zollabfertigung abgeschlossen`), ""},
	{regexp.MustCompile(`\b(?:duties|duty|import (?:tax|charges)|taxes)\b.*\b(?:due|paid|payment|payable|required|outstanding)\b|` +
		`\b(?:payment|pay) .*\b(?:duties|duty|taxes|import charges)\b|einfuhrabgaben`), carriers.ReasonCustomsDuties},
	{regexp.MustCompile(`\b(?:documents?|paperwork|information|invoice)\b.*\b(?:customs|clearance)\b|` +
		`\b(?:customs|clearance)\b.*\b(?:documents?|paperwork|information|invoice)\b`), carriers.ReasonCustomsDocuments},
	{regexp.MustCompile(`\bcustoms\b|\bclearance\b|\bzoll`), carriers.ReasonCustoms},
	{regexp.MustCompile(`\b(?:shipment|parcel|package|item) (?:is |was |has been |declared |presumed )*lost\b`), carriers.ReasonLost},
	{regexp.MustCompile(`\bdestroyed\b|\bdisposed\b|vernichtet`), carriers.ReasonDestroyed},
	{regexp.MustCompile(`\bdamaged?\b|besch(?:ä|ae)digt`), carriers.ReasonDamaged},
	{regexp.MustCompile(`\brefused\b|annahme verweigert`), carriers.ReasonRecipientRefused},
	{regexp.MustCompile(`\b(?:incorrect|incomplete|wrong|bad|insufficient|invalid) (?:delivery )?address\b|\baddress (?:is |information )?` +
		`(?:incorrect|incomplete|insufficient|needed|required)|adresse .*(?:unvollst|falsch|fehler)`), carriers.ReasonAddressProblem},
	{regexp.MustCompile(`\b(?:recipient|consignee|receiver|customer|addressee) (?:was |is )?(?:not (?:at )?(?:home|available|present)|` +
		`unavailable|absent|closed)|\bnot (?:at )?home\b|\bnobody (?:was )?home\b|\bbusiness (?:is |was )?closed\b|nicht angetroffen`),
		carriers.ReasonRecipientUnavailable},
	{regexp.MustCompile(`\bnot (?:collected|picked up)\b|\bunclaimed\b|nicht abgeholt`), carriers.ReasonUnclaimed},
	{regexp.MustCompile(`\bredirect|\brerout|umgeleitet`), carriers.ReasonRedirected},
	{regexp.MustCompile(`\bmis-?(?:routed|sorted|sent)\b|fehlgeleitet|fehlsortier`), carriers.ReasonMisrouted},
	{regexp.MustCompile(`\b(?:weather|storm|snow|flood)`), carriers.ReasonWeather},
	{regexp.MustCompile(`\bon hold\b|\bheld\b|\bstorage\b`), carriers.ReasonHeld},
	{regexp.MustCompile(`\bdelay|verz(?:ö|oe)ger|versp(?:ä|ae)t`), carriers.ReasonDelay},
}

func reasonIn(words string) carriers.Reason {
	for _, r := range reasons {
		if r.words.MatchString(words) {
			return r.reason
		}
	}
	return ""
}
