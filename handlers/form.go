package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// keyField is the hidden field of forms that make something: a key issued with
// the form, so that sending it twice acts once.
const keyField = "_key"

// versionField is the hidden field of forms that are about something as it was
// shown: one that somebody else has changed meanwhile is looked at again first.
const versionField = "version"

// maxForm is the size of a form.
const maxForm = 64 << 10

// limitForm refuses forms that nobody fills in by hand.
func limitForm(c *fiber.Ctx) error {
	if isUpload(c.Method(), c.Path()) { // its limit held before it was read; Body would put it into memory
		return c.Next()
	}
	limit := maxForm
	if isPaste(c.Method(), c.Path()) {
		limit = maxPaste
	}
	if len(c.Request().Body()) > limit {
		return fiber.ErrRequestEntityTooLarge
	}
	return c.Next()
}

// newFormKey is issued with each form that goes through once.
func newFormKey() string { return models.NewID("form") }

// once runs fn in a transaction, unless the form with the same key and content
// was already sent: then it only returns the answer that fn gave, with Replayed
// set. The answer's Location is where the sender is led; it never holds a secret.
//
// Keys are kept with the merchant that the form is about, because their table
// names merchants; the user's id in the key keeps users apart. Forms that move
// something from one state to another need no key: their update is guarded.
func (s *server) once(
	c *fiber.Ctx, v *viewer, merchantID string, fn func(tx *models.Tx) (models.Answer, error),
) (models.Answer, error) {
	key := c.FormValue(keyField)
	if !models.IsID("form", key) {
		return models.Answer{}, models.Invalid(keyField, "required")
	}
	answer, err := s.DB.Idempotent(c.UserContext(), merchantID, v.User.ID+"/"+key, formFingerprint(c), fn)
	if errors.Is(err, errKeyReused) { // whoever went back in their browser knows of no keys
		return answer, errSentBefore
	}
	return answer, err
}

// errSentBefore refuses a form that was sent before with something else in it.
var errSentBefore = models.Invalid("", "form_sent_before")

var errKeyReused = models.Invalid("", "idempotency_key_reused")

// unchanged refuses to do something with a payment that is not what its form
// showed, such as a refund that a colleague has made meanwhile.
func unchanged(c *fiber.Ctx, tx *models.Tx, scope models.Scope, id string) error {
	p, err := tx.Payment(scope, id)
	if err == nil && !sameVersion(c, paymentVersion(p)) {
		err = models.Conflict(codePaymentChanged, string(p.Status))
	}
	return err
}

// errChanged refuses an edit of something that somebody else has edited since
// its form was opened: it would take their changes back.
var errChanged = models.Conflict("changed_meanwhile", "")

// sameVersion says whether a form was made for the version.
func sameVersion(c *fiber.Ctx, version string) bool {
	seen := c.FormValue(versionField)
	return seen == "" || seen == version
}

// codePaymentChanged is the code by which unchanged refuses.
const codePaymentChanged = "payment_changed"

func paymentVersion(p *models.Payment) string { return strconv.FormatInt(p.Version, 10) }

// formFingerprint is the same for the same form with the same content.
func formFingerprint(c *fiber.Ctx) string {
	sum := sha256.New()
	sum.Write([]byte(c.Method() + " " + c.Path() + "\n"))
	for name, value := range c.Request().PostArgs().All() {
		if field := string(name); field != csrfField && field != keyField {
			sum.Write([]byte(field + "=" + string(value) + "\n"))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// field is a form field without the space around it.
func field(c *fiber.Ctx, name string) string {
	return strings.ToValidUTF8(strings.TrimSpace(c.FormValue(name)), "")
}

// checked are the values of a form's checkboxes of one name.
func checked(c *fiber.Ctx, name string) []string {
	var values []string
	for _, value := range c.Request().PostArgs().PeekMulti(name) {
		values = append(values, string(value))
	}
	return values
}

// form is what the form in an answer has beside its fields.
func (s *server) form(c *fiber.Ctx, v *viewer, errs map[string]string) views.Form {
	return views.Form{CSRF: v.csrf, Key: newFormKey(), Dialog: wantsFragment(c), Errors: errs}
}

// missing tells of each field that a form needs and lacks, not of the first
// alone; nil when it lacks none.
func missing(v *viewer, needed map[string]string) map[string]string {
	var errs map[string]string
	for field, value := range needed {
		if value != "" {
			continue
		}
		if errs == nil {
			errs = map[string]string{}
		}
		errs[field] = errorText(v.Texts, models.Invalid(field, "required"))
	}
	return errs
}

// fieldErrors tells by field why a form was refused; nil when the error is none
// that the form's sender can correct.
func fieldErrors(v *viewer, err error) map[string]string {
	var domain *models.Error
	if !errors.As(err, &domain) || domain.Kind != models.KindInvalid && domain.Field == "" {
		return nil
	}
	return map[string]string{domain.Field: errorText(v.Texts, domain)}
}
