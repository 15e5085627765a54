package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/models"
)

// kind is one of our own files.
type kind struct {
	name     string // with which the file's name begins
	required []string
	optional []string
}

var kinds = []kind{
	{"orders", []string{"number", "placed_at"}, []string{
		"currency", "amount", "status", "promised_at", "customer_name", "customer_email", "customer_phone",
		"address_name", "address_line1", "address_line2", "address_city", "address_region", "address_postal_code",
		"address_country",
	}},
	{"items", []string{"order_number", "name", "amount"}, []string{"sku", "quantity"}},
	{"payments", []string{"order_number", "method", "amount"}, []string{
		"status", "created_at", "settled_at", "reference", "description",
	}},
	{"shipments", []string{"order_number", "carrier", "tracking_number"}, []string{
		"status", "shipped_at", "delivered_at", "promised_at",
	}},
}

// CSV imports files of our own format, as the package's comment describes it.
// A path may be a folder, of which all CSV files are read.
func CSV(ctx context.Context, db *models.DB, m *models.Merchant, paths []string, opts Options) (Report, error) {
	files, err := csvFiles(paths)
	if err != nil {
		return Report{}, err
	}
	if len(files["orders"]) == 0 {
		return Report{}, errors.New("no file of orders: its name must begin with orders and end with .csv")
	}
	tables := map[string][]*table{}
	for _, k := range kinds {
		for _, path := range files[k.name] {
			t, err := readTable(path, k.required, k.optional)
			if err != nil {
				return Report{}, err
			}
			tables[k.name] = append(tables[k.name], t)
		}
	}
	c := &ownFiles{zone: m.Location(), currency: m.Currency}
	in := newIntake("the files of orders", c.build)
	for _, t := range tables["orders"] {
		in.orders(t, "number")
	}
	for _, t := range tables["items"] {
		in.attach(t, "order_number", itemRows, noKey)
	}
	for _, t := range tables["payments"] {
		in.attach(t, "order_number", paymentRows, noKey)
	}
	for _, t := range tables["shipments"] {
		in.attach(t, "order_number", parcelRows, func(r *row) string {
			return "parcel " + r.text("carrier") + " " + r.text("tracking_number")
		})
	}
	return in.store(ctx, db, m, opts)
}

// csvFiles sorts the files by kind.
func csvFiles(paths []string) (map[string][]string, error) {
	files := map[string][]string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		found := []string{path}
		if info.IsDir() {
			if found, err = filepath.Glob(filepath.Join(globEscape(path), "*.csv")); err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
		}
		for _, file := range found {
			name := filepath.Base(file)
			i := slices.IndexFunc(kinds, func(k kind) bool { return strings.HasPrefix(name, k.name) })
			if i < 0 {
				return nil, fmt.Errorf("%s: the name must begin with orders, items, payments or shipments", name)
			}
			files[kinds[i].name] = append(files[kinds[i].name], file)
		}
	}
	return files, nil
}

// globEscape makes a path mean itself in a pattern.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
