package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/models"
)

// apiDetection is what a tracking number tells of its carrier.
type apiDetection struct {
	Number     string         `json:"number" doc:"As the likeliest carrier writes it" example:"00340434161094042557"`
	Best       *string        `json:"best" doc:"Code of the carrier, when no other comes near; null: a person should choose" example:"dhl"`
	Candidates []apiCandidate `json:"candidates" nullable:"false" doc:"The likeliest first"`
}

// apiCandidate is a carrier that a number may be of.
type apiCandidate struct {
	Carrier string  `json:"carrier" doc:"Its code, as a shipment takes it" example:"dhl"`
	Name    string  `json:"name" example:"DHL"`
	Score   int     `json:"score" doc:"How likely it is this one, 0 to 100: by the number, your accounts and recent parcels, and the country" example:"96"`
	Checked bool    `json:"checked" doc:"The number has a check digit, and it is right"`
	Format  string  `json:"format" doc:"What the carrier calls such numbers" example:"DHL Paket (20)"`
	Country *string `json:"country" doc:"ISO 3166-1 code that the number names: of the post that issued it, or of the destination"`
}

type detectInput struct {
	Number  string `query:"number" required:"true" minLength:"1" maxLength:"200" doc:"As it was typed or pasted: blanks, dashes and small letters make no difference" example:"00340434161094042557"`
	Country string `query:"country" maxLength:"2" doc:"ISO 3166-1 code of where the parcel goes, or comes from" example:"DE"`
}

func (a *shopAPI) carrierOperations() {
	read(a, huma.Operation{
		OperationID: "detectCarrier", Method: http.MethodGet, Path: apiPrefix + "/carriers/detect", Errors: []int{422},
		Tags: []string{"Shipments"}, Security: requires("read", "shipments"), Summary: "Tell the carrier from a number",
		Description: "Lists the carriers that a number may be of. " +
			"Nobody is asked: its form, its check digit and what you usually send with decide.",
	}, a.detectCarrier)
}

func (a *shopAPI) detectCarrier(ctx context.Context, call *apiCall, in *detectInput) (out apiDetection, err error) {
	var k checker
	k.text("number", &in.Number, true)
	k.country("country", &in.Country)
	if err := k.err(); err != nil {
		return out, err
	}
	found, err := a.Carriers.Detect(ctx, call.scope, in.Number, in.Country)
	if err != nil {
		return out, err
	}
	out = apiDetection{Number: models.NormalTrackingNumber(in.Number), Candidates: make([]apiCandidate, len(found))}
	if len(found) > 0 {
		out.Number = found[0].Number
	}
	if best, ok := detect.Best(found); ok {
		out.Best = &best.Carrier
	}
	for i, c := range found {
		out.Candidates[i] = apiCandidate{
			Carrier: c.Carrier, Name: detect.Name(c.Carrier), Score: c.Score, Checked: c.Checked, Format: c.Format,
		}
		if c.Country != "" {
			out.Candidates[i].Country = &c.Country
		}
	}
	return out, nil
}
