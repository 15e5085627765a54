package payments

import (
	"log/slog"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// Service accepts payments and brings them to an end.
type Service struct {
	db        *models.DB
	vault     *credentials.Vault
	providers map[string]Provider
	policy    Policy
	guards    *guards
	log       *slog.Logger
}

// NewService wires the service; providers are by account kind.
func NewService(
	db *models.DB, vault *credentials.Vault, providers map[string]Provider, policy Policy, log *slog.Logger,
) *Service {
	return &Service{
		db: db, vault: vault, providers: providers, policy: policy, guards: newGuards(db, policy, log), log: log,
	}
}

// Watch has figures count what the service does; it is called before the first use.
func (s *Service) Watch(figures *monitor.Figures) { s.guards.figures = figures }

// Settling is how long the result of a call may take to be stored, even while
// the process is stopping: who stops it must wait so long.
const Settling = 15 * time.Second
