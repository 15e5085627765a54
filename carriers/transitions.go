package carriers

// Rank says how far along its way a status places a parcel. Statuses that
// stand beside the way (exception, the return, the ends) share the top rank.
func Rank(status Status) int {
	switch status {
	case StatusInfoReceived:
		return 1
	case StatusPickedUp:
		return 2
	case StatusInTransit:
		return 3
	case StatusOutForDelivery, StatusAvailableForPickup, StatusDeliveryFailed:
		return 4
	case StatusException, StatusReturning:
		return 5
	case StatusCanceled, StatusReturned, StatusDelivered:
		return 6
	default:
		return 0
	}
}

// Milestone reports whether a scan of this status moves a parcel.
func Milestone(status Status) bool { return Rank(status) > 0 }

// Terminal reports whether a parcel's journey is over. A parcel that is lost,
// seized or destroyed is an exception whose reason ends the journey.
func Terminal(status Status, reason Reason) bool {
	switch status {
	case StatusDelivered, StatusReturned, StatusCanceled:
		return true
	case StatusException:
		return reason == ReasonLost || reason == ReasonDestroyed || reason == ReasonSeized
	default:
		return false
	}
}
