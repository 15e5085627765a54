package migrations_test

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Every migration exists for both databases.
func TestBothDialectsHaveTheSameFiles(t *testing.T) {
	t.Parallel()
	names := func(folder string) []string {
		files, err := fs.Glob(migrations.Files(), folder+"/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", folder, files, err)
		}
		for i := range files {
			files[i] = path.Base(files[i])
		}
		return files
	}
	if diff := cmp.Diff(names("postgres"), names("sqlite")); diff != "" {
		t.Errorf("files differ (-postgres +sqlite):\n%s", diff)
	}
}

// query returns the first column of all rows.
func query(t *testing.T, db *models.DB, sql string) []string {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Both databases have the same tables, columns, keys and indexes, with types
// that mean the same.
func TestBothDialectsHaveTheSameSchema(t *testing.T) {
	t.Parallel()
	postgres, sqlite := modelstest.Postgres(t), modelstest.SQLite(t)
	for name, sql := range map[string][2]string{
		"columns": {
			`SELECT table_name || '.' || column_name || ' ' || replace(replace(replace(replace(data_type,
				'timestamp with time zone', 'datetime'), 'bigint', 'integer'), 'json', 'text'), 'boolean', 'boolean') ||
				CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END || CASE is_generated WHEN 'ALWAYS' THEN ' generated' ELSE '' END
			FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name NOT LIKE 'river%' AND table_name NOT LIKE 'goose%'
			ORDER BY table_name COLLATE "C", column_name COLLATE "C"`,
			`SELECT m.name || '.' || c.name || ' ' || lower(replace(c.type, ' GENERATED ALWAYS', '')) ||
				CASE WHEN c."notnull" OR c.pk THEN ' not null' ELSE '' END || CASE c.hidden WHEN 3 THEN ' generated' ELSE '' END
			FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'river%' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'
			ORDER BY m.name, c.name`,
		},
		"foreign keys": {
			`SELECT k.relname || '.' || a.attname || ' → ' || f.relname
			FROM pg_constraint c JOIN pg_class k ON k.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
			JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND k.relname NOT LIKE 'river%' ORDER BY (k.relname || '.' || a.attname || ' → ' || f.relname) COLLATE "C"`,
			`SELECT m.name || '.' || f."from" || ' → ' || f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
			WHERE m.type = 'table' AND m.name NOT LIKE 'river%' ORDER BY 1`,
		},
		"indexes": {
			`SELECT i.indexname || ' ' || CASE WHEN i.indexdef LIKE 'CREATE UNIQUE%' THEN 'unique ' ELSE '' END ||
				replace(substring(i.indexdef FROM '\(([^)]*)\)'), '"', '') || CASE WHEN i.indexdef LIKE '% WHERE %' THEN ' partial' ELSE '' END
			FROM pg_indexes i WHERE schemaname = 'public' AND tablename NOT LIKE 'river%' AND tablename NOT LIKE 'goose%'
				AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)
			ORDER BY i.indexname COLLATE "C"`,
			`SELECT m.name || ' ' || CASE WHEN l."unique" THEN 'unique ' ELSE '' END ||
				(SELECT group_concat(i.name, ', ') FROM pragma_index_info(m.name) i) || CASE WHEN l.partial THEN ' partial' ELSE '' END
			FROM sqlite_master m JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name
			WHERE m.type = 'index' AND m.sql IS NOT NULL AND m.tbl_name NOT LIKE 'river%' ORDER BY m.name`,
		},
	} {
		theirs, ours := query(t, postgres, sql[0]), query(t, sqlite, sql[1])
		if len(theirs) < 10 {
			t.Errorf("%s: only %d were found", name, len(theirs))
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("%s differ (-postgres +sqlite):\n%s", name, diff)
		}
	}
}

// Processes that migrate together do so once, and a second time changes nothing.
func TestUpIsRepeatable(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"sqlite": "sqlite://" + filepath.Join(t.TempDir(), "new.db"), "postgres": modelstest.PostgresURL(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := models.Open(context.Background(), address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			target := migrations.Target{SQL: db.SQL(), Pool: db.Pool()}
			if name == "postgres" {
				for _, sql := range []string{"DROP SCHEMA public CASCADE", "CREATE SCHEMA public"} {
					if _, err := db.SQL().ExecContext(t.Context(), sql); err != nil {
						t.Fatal(err)
					}
				}
			}
			if status, err := migrations.Read(t.Context(), target); err != nil || !status.Pending() || status.Newer() {
				t.Errorf("an empty database is %+v, %v", status, err)
			}
			var started sync.WaitGroup
			for range 4 {
				node, err := models.Open(context.Background(), address)
				if err != nil {
					t.Fatal(err)
				}
				started.Go(func() {
					err := migrations.Up(context.WithoutCancel(t.Context()), migrations.Target{SQL: node.SQL(), Pool: node.Pool()})
					if err := errors.Join(err, node.Close()); err != nil {
						t.Error(err)
					}
				})
			}
			started.Wait()
			if rows := query(t, db, "SELECT CAST(version_id AS TEXT) FROM goose_db_version GROUP BY version_id HAVING COUNT(*) > 1"); len(rows) > 0 {
				t.Errorf("versions that were applied twice: %v", rows)
			}
			if err := migrations.Up(t.Context(), target); err != nil {
				t.Error(err)
			}
			if status, err := migrations.Read(t.Context(), target); err != nil || status.Pending() || status.Newer() {
				t.Errorf("a migrated database is %+v, %v", status, err)
			}
			if _, err := db.SQL().ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)"); err != nil {
				t.Fatal(err)
			}
			if status, err := migrations.Read(t.Context(), target); err != nil || !status.Newer() {
				t.Errorf("a database of a later version is %+v, %v", status, err)
			}
		})
	}
}
