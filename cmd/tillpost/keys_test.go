package main

import (
	"path/filepath"
	"testing"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/secret"
)

// Channels of alerts are sealed anew like accounts, and still open.
func TestResealChannels(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	keys, _, err := secret.ReadOrCreateFile(filepath.Join(t.TempDir(), "tillpost.key"))
	if err != nil {
		t.Fatal(err)
	}
	vault := credentials.New(keys)
	c := models.AlertChannel{ID: models.NewID(models.PrefixAlertChannel), Kind: "slack"}
	account := c.AsAccount()
	err = vault.Apply(credentials.Channels, &account, credentials.Edit{Name: "Ops", Values: map[string]string{"url": "https://hooks.slack.com/services/x"}})
	if err != nil {
		t.Fatal(err)
	}
	c.TakeAccount(account)
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CreateAlertChannel(c) })
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	for run, want := range []int{1, 0} {
		if n, err := reseal(t.Context(), db, vault); err != nil || n != want {
			t.Errorf("run %d sealed %d anew, %v, want %d", run, n, err, want)
		}
	}
	stored, err := db.AlertChannel(t.Context(), models.AllMerchants(), c.ID)
	if err != nil || stored.Sealed["url"] == c.Sealed["url"] {
		t.Fatalf("stored %+v, %v", stored, err)
	}
	account = stored.AsAccount()
	if values, err := vault.Open(credentials.Channels, &account); err != nil || values["url"] != "https://hooks.slack.com/services/x" {
		t.Errorf("opened %v, %v", values, err)
	}
	if accounts, failures, err := openAll(t.Context(), db, vault); accounts != 1 || len(failures) > 0 || err != nil {
		t.Errorf("%d accounts, %v, %v", accounts, failures, err)
	}
}
