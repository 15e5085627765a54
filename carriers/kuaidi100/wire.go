package kuaidi100

import "github.com/tillpost/tillpost/carriers"

type text = carriers.JSONText

// detail asks for the finer states and for a code on each scan (resultv2).
const detail = "4"

// question is the param of a query.
type question struct {
	Company string `json:"com"`
	Number  string `json:"num"`
	Phone   string `json:"phone"`
	Detail  string `json:"resultv2"`
	Show    string `json:"show"` // 0: JSON
	Order   string `json:"order"`
}

// subscription is the param of a subscription.
type subscription struct {
	Company    string     `json:"company"`
	Number     string     `json:"number"`
	Key        string     `json:"key"`
	Parameters parameters `json:"parameters"`
}

type parameters struct {
	CallbackURL string `json:"callbackurl"`
	Salt        string `json:"salt"`
	Detail      string `json:"resultv2"`
	AutoCompany string `json:"autoCom"` // 1: a wrong company is put right
	Phone       string `json:"phone"`
}

// answer is what a query returns, and what a push holds of each leg. Failures
// have a return code and no data.
type answer struct {
	ReturnCode text                 `json:"returnCode"`
	Message    text                 `json:"message"`
	Status     text                 `json:"status"`
	Number     text                 `json:"nu"`
	Company    text                 `json:"com"`
	State      text                 `json:"state"`
	Data       carriers.LenientList `json:"data"` // newest first
	Arrival    text                 `json:"arrivalTime"`
}

type scan struct {
	Time     text `json:"time"`
	Formed   text `json:"ftime"`
	Context  text `json:"context"`
	Location text `json:"location"`
	Area     text `json:"areaName"`
	Code     text `json:"statusCode"`
}

// push is the param of a push.
type push struct {
	Status     text                     `json:"status"`
	NewCompany text                     `json:"comNew"` // put right by Kuaidi100
	Last       carriers.Lenient[answer] `json:"lastResult"`
	Abroad     carriers.Lenient[answer] `json:"destResult"`
}
