package carriers

import "slices"

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

// Attention reports whether somebody should look after a parcel of this status.
func Attention(status Status) bool {
	switch status {
	case StatusDeliveryFailed, StatusException, StatusReturning, StatusExpired:
		return true
	default:
		return false
	}
}

// onTheWay are the statuses that a parcel in the carrier's hands may get.
var onTheWay = []Status{
	StatusInTransit, StatusOutForDelivery, StatusAvailableForPickup, StatusDeliveryFailed, StatusException,
	StatusDelivered, StatusReturning, StatusReturned, StatusExpired,
}

// Legal reports whether a move is one that parcels normally make. Others
// happen and are applied, but deserve a flag: carriers file scans late, void
// labels of parcels they hold, and correct themselves.
func Legal(from, to Status) bool {
	if from == to {
		return true
	}
	switch from {
	case StatusUnknown, StatusExpired:
		return true
	case StatusInfoReceived:
		return to != StatusUnknown && to != StatusReturned
	case StatusPickedUp, StatusInTransit, StatusOutForDelivery, StatusAvailableForPickup, StatusDeliveryFailed, StatusException:
		return slices.Contains(onTheWay, to)
	case StatusReturning:
		return to == StatusReturned || to == StatusException || to == StatusInTransit || to == StatusExpired
	case StatusDelivered:
		return to == StatusReturning || to == StatusReturned
	default:
		return false
	}
}
