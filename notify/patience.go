package notify

import "time"

// WillDisable is when an endpoint is disabled that has only failed since a time,
// if nothing arrives until then.
func WillDisable(failingSince time.Time) time.Time { return failingSince.Add(failingLimit) }
