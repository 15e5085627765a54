package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

func userCommand() *cobra.Command {
	return group("user", "Manage people", userCreate(), userList(), userDisable())
}

// userRow is a user as the command line shows it.
type userRow struct {
	ID         string     `json:"id"`
	Email      string     `json:"email"`
	Role       string     `json:"role"`
	MerchantID *string    `json:"merchant_id"`
	DisabledAt *time.Time `json:"disabled_at"`
}

func rowOfUser(u models.User) userRow {
	return userRow{ID: u.ID, Email: u.Email, Role: u.Role, MerchantID: u.MerchantID, DisabledAt: u.DisabledAt}
}

func userCreate() *cobra.Command {
	var (
		email, role, merchant string
		fromStdin, asJSON     bool
	)
	cmd := &cobra.Command{Use: "create", Short: "Add a person", Args: noArgs}
	cmd.Flags().StringVar(&email, "email", "", "e-mail address, with which the person signs in")
	cmd.Flags().StringVar(&role, "role", "", "admin, support or merchant")
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref), for the role merchant")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := required(cmd, "email", "role"); err != nil {
			return err
		}
		if !fromStdin {
			return usageError{errors.New("--password-stdin is required: pipe the password in, so that it stays out of the shell's history")}
		}
		if err := checkPerson(cmd, email, role, merchant); err != nil {
			return err
		}
		hash, err := hashFrom(cmd.Context(), cmd.InOrStdin(), email)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), making, func(db *models.DB, _ *Config) error {
			u := models.User{Email: email, Role: role, PasswordHash: hash}
			if merchant != "" {
				m, err := findMerchant(cmd.Context(), db, merchant)
				if err != nil {
					return err
				}
				u.MerchantID = &m.ID
			}
			created, err := createUser(cmd.Context(), db, u)
			if err != nil {
				return err
			}
			return show(cmd, asJSON, rowOfUser(*created), "created %s (%s)", created.Email, created.ID)
		})
	}
	return cmd
}

// checkPerson refuses before a password is read what would be refused after it,
// and what would be dropped in silence.
func checkPerson(cmd *cobra.Command, email, role, merchant string) error {
	email = models.NormalizeEmail(email)
	if addr, err := mail.ParseAddress(email); err != nil || addr.Address != email {
		return models.Invalid("email", "bad_email")
	}
	switch {
	case role != models.RoleAdmin && role != models.RoleSupport && role != models.RoleMerchant:
		return models.Invalid("role", "unknown_role")
	case role == models.RoleMerchant:
		return required(cmd, "merchant")
	case merchant != "":
		return usageError{fmt.Errorf("--merchant is for --role %s only: --role %s sees all merchants", models.RoleMerchant, role)}
	}
	return nil
}

func createUser(ctx context.Context, db *models.DB, u models.User) (*models.User, error) {
	var created *models.User
	err := db.Write(ctx, func(tx *models.Tx) (err error) {
		if created, err = tx.CreateUser(u); err != nil {
			return err
		}
		return tx.Audit(cliActor(), models.AuditEntry{
			MerchantID: created.MerchantID, Action: "user.create", ObjectID: created.ID,
			Detail: map[string]string{"email": created.Email, "role": created.Role},
		})
	})
	return created, err
}

// hashFrom reads a password, one line, and hashes it if it may be used.
func hashFrom(ctx context.Context, in io.Reader, email string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	password := secret.NewString(strings.TrimRight(line, "\r\n"))
	if err := secret.AcceptPassword(password, email); err != nil {
		return "", usageError{err}
	}
	return secret.NewPasswords(secret.PasswordCost()).Hash(ctx, password)
}

func userList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List people", Args: noArgs}
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			rows, err := everything(func(p models.Page) ([]models.User, string, error) { return db.Users(cmd.Context(), p) })
			if err != nil {
				return err
			}
			out := make([]userRow, len(rows))
			for i := range rows {
				out[i] = rowOfUser(rows[i])
			}
			return showAll(cmd, asJSON, out, "ID\tEMAIL\tROLE\tMERCHANT\tDISABLED", func(u userRow) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%t", u.ID, u.Email, u.Role, orDash(u.MerchantID), u.DisabledAt != nil)
			})
		})
	}
	return cmd
}

func userDisable() *cobra.Command {
	return &cobra.Command{
		Use: "disable EMAIL", Short: "Keep a person out and end their sessions", Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
				u, err := db.UserByEmail(cmd.Context(), args[0])
				if errors.Is(err, models.ErrNotFound) {
					return fmt.Errorf("no user %s: 'tillpost user list' shows all", args[0])
				}
				if err != nil {
					return err
				}
				err = db.Write(cmd.Context(), func(tx *models.Tx) error {
					if err := tx.DisableUser(u.ID); err != nil {
						return err
					}
					return tx.Audit(cliActor(), models.AuditEntry{MerchantID: u.MerchantID, Action: "user.disable", ObjectID: u.ID})
				})
				if errors.Is(err, models.ErrNotFound) {
					return fmt.Errorf("%s is disabled already", u.Email)
				}
				if err != nil {
					return err
				}
				return show(cmd, false, nil, "disabled %s", u.Email)
			})
		},
	}
}

// everything follows a list to its end.
func everything[T any](next func(models.Page) ([]T, string, error)) ([]T, error) {
	var out []T
	page := models.Page{Limit: models.MaxLimit}
	for {
		rows, cursor, err := next(page)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
		if cursor == "" {
			return out, nil
		}
		page.Cursor = cursor
	}
}

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}
