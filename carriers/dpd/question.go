package dpd

import (
	"encoding/xml"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// service is one of DPD's.
type service struct{ path, action string }

var (
	login = service{
		path:   "/soap/services/LoginService/V2_1",
		action: "http://dpd.com/common/service/LoginService/2.1/getAuth",
	}
	tracking = service{
		path:   "/soap/services/ParcelLifeCycleService/V2_0",
		action: "http://dpd.com/common/service/ParcelLifeCycleService/2.0/getTrackingData",
	}
)

// language is that of descriptions; dates are American in it.
const language = "en_EN"

func loginQuestion(delisID, password string) []byte {
	return []byte(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:ns="http://dpd.com/common/service/types/LoginService/2.1"><soapenv:Header/><soapenv:Body><ns:getAuth>` +
		`<delisId>` + escaped(delisID) + `</delisId><password>` + escaped(password) + `</password>` +
		`<messageLanguage>` + language + `</messageLanguage></ns:getAuth></soapenv:Body></soapenv:Envelope>`)
}

func trackingQuestion(delisID, token, number string) []byte {
	return []byte(`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:ns="http://dpd.com/common/service/types/Authentication/2.0"` +
		` xmlns:ns1="http://dpd.com/common/service/types/ParcelLifeCycleService/2.0">` +
		`<soapenv:Header><ns:authentication><delisId>` + escaped(delisID) + `</delisId><authToken>` + escaped(token) + `</authToken>` +
		`<messageLanguage>` + language + `</messageLanguage></ns:authentication></soapenv:Header>` +
		`<soapenv:Body><ns1:getTrackingData><parcelLabelNumber>` + escaped(number) + `</parcelLabelNumber></ns1:getTrackingData>` +
		`</soapenv:Body></soapenv:Envelope>`)
}

// escaped is a text as it stands in XML.
func escaped(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return "" // a strings.Builder takes everything
	}
	return b.String()
}

// Bounds of a token's life: a day, of which another instance may have used a
// part, since DPD hands out the same token until it ends.
const (
	shortestLife = time.Minute
	longestLife  = 24 * time.Hour
	unknownLife  = 12 * time.Hour
	early        = 5 * time.Minute // Tokens replaces a token by so much earlier
)

// life is how long a token is good for that ends at a time in UTC. It is used to
// the very end: before that a login would bring the same one, and count.
func life(expires string, now time.Time) time.Duration {
	var clock carriers.Event
	clock.SetTime(expires, time.UTC)
	if clock.OccurredAt == nil {
		return unknownLife
	}
	return min(max(clock.OccurredAt.Sub(now), shortestLife), longestLife) + early
}
