package carriers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/models"
)

// checkItems refuses to put into a parcel what its order does not have: an item
// of another SKU, or more of one than was ordered. An order that was sent
// without lines says nothing of what is inside.
func checkItems(items []models.ShipmentItem, ordered []models.OrderItem) error {
	if len(ordered) == 0 {
		return nil
	}
	left, skus := map[string]int64{}, []string{}
	for _, o := range ordered {
		if o.SKU != "" && !slices.Contains(skus, o.SKU) {
			skus = append(skus, o.SKU)
		}
		left[o.SKU] += o.Quantity
	}
	for i, in := range items {
		switch {
		case !slices.Contains(skus, in.SKU):
			refusal := models.Invalid(fmt.Sprintf("items[%d].sku", i), "item_not_ordered")
			refusal.Choices = strings.Join(skus[:min(len(skus), maxChoices)], ", ")
			return refusal
		case in.Quantity > left[in.SKU]:
			return models.Invalid(fmt.Sprintf("items[%d].quantity", i), "more_than_ordered")
		}
		left[in.SKU] -= in.Quantity
	}
	return nil
}
