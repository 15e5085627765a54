package carriers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// Auto stands for the carrier that the tracking number tells.
const Auto = "auto"

// maxChoices is how many candidates a refusal names.
const maxChoices = 5

// Detect lists the carriers that a number may be of, the likeliest first, by the
// number, by the accounts and recent parcels of the scope's merchant, and by the
// country where the parcel goes or comes from; it may be empty.
func (s *Service) Detect(ctx context.Context, scope models.Scope, number, country string) ([]detect.Candidate, error) {
	habit, err := s.db.CarrierHabit(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("carriers of the merchant: %w", err)
	}
	return detect.Detect(number, hints(habit, country)), nil
}

// hints says what a habit tells. Aggregators follow parcels of any carrier:
// neither an account there nor a parcel whose carrier nobody named tells one.
func hints(habit models.CarrierHabit, country string) detect.Hints {
	h := detect.Hints{Recent: map[string]int{}, Country: country}
	aggregators := credentials.Aggregators()
	for _, kind := range habit.Kinds {
		if slices.Contains(aggregators, kind) {
			h.Anyone = true
		} else {
			h.Enabled = append(h.Enabled, kind)
		}
	}
	for carrier, n := range habit.Recent {
		if !slices.Contains(aggregators, carrier) {
			h.Recent[carrier] = n
		}
	}
	return h
}

// detect puts the carrier that the number tells in the place of Auto, and the
// number in that carrier's spelling.
func (in *New) detect(tx *models.Tx, merchantID, country string) error {
	habit, err := tx.CarrierHabit(models.MerchantScope(merchantID))
	if err != nil {
		return fmt.Errorf("carriers of the merchant: %w", err)
	}
	candidates := detect.Detect(in.TrackingNumber, hints(habit, country))
	if len(candidates) == 0 {
		return misread(models.Invalid("carrier", "carrier_not_detected"), in.TrackingNumber)
	}
	best, ok := detect.Best(candidates)
	if !ok {
		refusal := misread(models.Invalid("carrier", "carrier_unclear"), in.TrackingNumber)
		refusal.Choices = choices(candidates)
		return refusal
	}
	in.Carrier, in.TrackingNumber = best.Carrier, best.Number
	return nil
}

// Unclear asks whoever chose no carrier to choose the one of a number.
func Unclear(number string) *models.Error {
	return misread(models.Invalid("carrier", "choose_carrier"), number)
}

// misread tells of a check digit that is wrong where that is why the number's
// carrier is not known.
func misread(refusal *models.Error, number string) *models.Error {
	if detect.Misread(number) {
		refusal.Cause = "wrong_check_digit"
	}
	return refusal
}

// choices names candidates for people, with the codes to choose them by.
func choices(candidates []detect.Candidate) string {
	named := make([]string, 0, maxChoices)
	for _, c := range candidates[:min(len(candidates), maxChoices)] {
		named = append(named, fmt.Sprintf("%s (%s)", detect.Name(c.Carrier), c.Carrier))
	}
	return strings.Join(named, ", ")
}
