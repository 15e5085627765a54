package sandbox

import (
	"strings"
	"testing"
)

// The ledger is open to everybody: of a key it shows how keys begin, and no
// more, however many parts the key has.
func TestAccountGivesNoKeyAway(t *testing.T) {
	t.Parallel()
	for key, shown := range map[string]string{
		"sk_sandbox_abc": "sk_sandbox_", "sk_sandbox_team_s3cr3t_abc": "sk_sandbox_", "sk_test_51Hx_s3cr3t_9": "sk_test_",
		"rk_test_a_b": "rk_test_", "s3cr3t_key": "key_", "s3cr3t": "key_",
	} {
		rest, ok := strings.CutPrefix(accountOf(key), shown)
		if !ok || len(rest) != 8 || strings.Contains(rest, "_") {
			t.Errorf("the account of %s is %s", key, accountOf(key))
		}
	}
	if accountOf("sk_sandbox_a_1") == accountOf("sk_sandbox_b_1") {
		t.Error("two keys have one account")
	}
}
