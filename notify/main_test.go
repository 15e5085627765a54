package notify_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"testing"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/secret"
)

// victimEnv and its companion make the test binary a node that is killed.
const (
	victimEnv     = "TILLPOST_TEST_VICTIM_DATABASE"
	victimKeysEnv = "TILLPOST_TEST_VICTIM_KEYS"
)

func TestMain(m *testing.M) {
	// Each step of a property is some transactions; -rapid.checks and -rapid.steps
	// ask for more. What reproduces a failure is printed.
	for name, value := range map[string]string{"rapid.checks": "20", "rapid.steps": "20", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	if os.Getenv(victimEnv) != "" {
		victim()
	}
	os.Exit(m.Run())
}

// victim delivers until it is killed.
func victim() {
	keys, err := secret.ReadFile(os.Getenv(victimKeysEnv))
	if err != nil {
		panic(err)
	}
	db, err := models.Open(context.Background(), os.Getenv(victimEnv))
	if err != nil {
		panic(err)
	}
	err = notify.NewService(db, credentials.New(keys), notify.Options{AllowNets: loopback}, slog.Default()).Drain(context.Background())
	panic("survived: " + err.Error())
}
