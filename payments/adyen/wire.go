package adyen

// nowhere is the return address of payments whose customer is not there to
// return: Adyen wants one for every payment. [unverified] that it takes any.
const nowhere = "https://tillpost.invalid/return"

// methodTypes are Adyen's names of the types of payment methods. A token of a
// wallet stands for a card.
var methodTypes = map[string]string{"card": "scheme", "wallet": "scheme"}

// What we have Adyen remember with a payment and tell in its webhooks, which say
// by themselves neither whether an amount was captured nor which payment it was
// for.
const (
	metaPayment      = "payment_id"
	metaCapture      = "capture"
	captureAutomatic = "automatic"
	captureManual    = "manual"
)

// amount is money on the wire, in Adyen's minor units: see toWire.
type amount struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
}

type paymentRequest struct {
	Amount                   amount            `json:"amount"`
	Reference                string            `json:"reference"`
	MerchantAccount          string            `json:"merchantAccount"`
	PaymentMethod            paymentMethod     `json:"paymentMethod"`
	ReturnURL                string            `json:"returnUrl"`
	ShopperReference         string            `json:"shopperReference,omitempty"`
	ShopperInteraction       string            `json:"shopperInteraction"`
	RecurringProcessingModel string            `json:"recurringProcessingModel"`
	Metadata                 map[string]string `json:"metadata"`
	AdditionalData           map[string]string `json:"additionalData,omitempty"`
}

type paymentMethod struct {
	Type                  string `json:"type"`
	StoredPaymentMethodID string `json:"storedPaymentMethodId"`
}

// payment is the answer to a payment, refused or not.
type payment struct {
	PSPReference      string     `json:"pspReference"`
	MerchantReference string     `json:"merchantReference"`
	ResultCode        string     `json:"resultCode"`
	RefusalReason     string     `json:"refusalReason"`
	RefusalReasonCode string     `json:"refusalReasonCode"`
	Amount            *amount    `json:"amount"`
	Action            *action    `json:"action"`
	AdditionalData    additional `json:"additionalData"`
}

// action is what the customer must do.
type action struct {
	Type       string `json:"type"`
	Method     string `json:"method"`
	URL        string `json:"url"`
	QRCodeData string `json:"qrCodeData"`
}

// additional are extra values, most of them text and none of them promised.
type additional map[string]any

func (a additional) text(name string) string {
	text, _ := a[name].(string) // what is no text is none of ours
	return text
}

// modificationRequest captures, cancels or refunds a payment.
type modificationRequest struct {
	MerchantAccount      string  `json:"merchantAccount"`
	Reference            string  `json:"reference"`
	Amount               *amount `json:"amount,omitempty"`
	PaymentReference     string  `json:"paymentReference,omitempty"`
	MerchantRefundReason string  `json:"merchantRefundReason,omitempty"`
}

// modification is the answer to one: Adyen has it, and tells later what came of it.
type modification struct {
	Status              string `json:"status"`
	PSPReference        string `json:"pspReference"`
	PaymentPSPReference string `json:"paymentPspReference"`
	PaymentReference    string `json:"paymentReference"`
	Reference           string `json:"reference"`
}

// wireError is an answer that reports an error.
type wireError struct {
	ErrorCode    string `json:"errorCode"`
	ErrorType    string `json:"errorType"`
	Message      string `json:"message"`
	PSPReference string `json:"pspReference"`
}
