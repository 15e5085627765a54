package wechat

// currency is the only one that orders of mainland China may have.
const currency = "CNY"

type wireError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// orderRequest is the body of a native order; it is the same each time it is sent.
type orderRequest struct {
	AppID       string    `json:"appid"`
	MchID       string    `json:"mchid"`
	Description string    `json:"description"`
	OutTradeNo  string    `json:"out_trade_no"`
	TimeExpire  string    `json:"time_expire"`
	Attach      string    `json:"attach,omitempty"` // given back with each answer
	NotifyURL   string    `json:"notify_url"`
	Amount      wireTotal `json:"amount"`
}

type wireTotal struct {
	Total    int64  `json:"total"` // fen
	Currency string `json:"currency"`
}

// wireTrade is an order as WeChat Pay tells it, by query or by notice.
type wireTrade struct {
	AppID         string    `json:"appid"`
	MchID         string    `json:"mchid"`
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"` // once it is paid
	State         string    `json:"trade_state"`
	StateText     string    `json:"trade_state_desc"`
	SuccessTime   string    `json:"success_time"`
	Amount        wireTotal `json:"amount"`
}

type refundRequest struct {
	OutTradeNo  string           `json:"out_trade_no"`
	OutRefundNo string           `json:"out_refund_no"`
	Reason      string           `json:"reason,omitempty"`
	NotifyURL   string           `json:"notify_url,omitempty"`
	Amount      wireRefundAmount `json:"amount"`
}

type wireRefundAmount struct {
	Refund   int64  `json:"refund"`
	Total    int64  `json:"total"` // of the order, not of what is left of it
	Currency string `json:"currency,omitempty"`
}

// wireRefund is a refund as WeChat Pay tells it; a notice calls its state by another name.
type wireRefund struct {
	MchID         string           `json:"mchid"`
	RefundID      string           `json:"refund_id"`
	OutRefundNo   string           `json:"out_refund_no"`
	TransactionID string           `json:"transaction_id"`
	OutTradeNo    string           `json:"out_trade_no"`
	Status        string           `json:"status"`
	NoticeStatus  string           `json:"refund_status"`
	SuccessTime   string           `json:"success_time"`
	Amount        wireRefundAmount `json:"amount"`
}
