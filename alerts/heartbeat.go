package alerts

import (
	"context"
	"net/http"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// beat asks the heartbeat's address, once a minute over all nodes: whoever
// listens there raises the alarm when it stays away. A beat that is lost is not
// made up for, as the next one follows.
func (s *Service) beat(ctx context.Context) error {
	if s.opts.HeartbeatURL == "" {
		return nil
	}
	var ours bool
	err := s.store(ctx, func(tx *models.Tx) (err error) {
		ours, err = tx.ClaimHeartbeat(s.opts.HeartbeatWait)
		return err
	})
	if err != nil || !ours {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, channelTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.opts.HeartbeatURL, http.NoBody)
	if err != nil {
		s.log.ErrorContext(ctx, "heartbeat address is malformed")
		return nil
	}
	response, err := s.own.Do(request)
	if err != nil {
		s.log.WarnContext(ctx, "heartbeat not sent", "reason", string(safehttp.Classify(err)))
		return nil
	}
	if _, _, err := safehttp.ReadAll(response, maxAnswer); err != nil || response.StatusCode/100 != 2 {
		s.log.WarnContext(ctx, "heartbeat not taken", "status", response.StatusCode)
	}
	return nil
}
