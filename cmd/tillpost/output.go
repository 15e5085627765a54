package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func jsonFlag(cmd *cobra.Command, value *bool) {
	cmd.Flags().BoolVar(value, "json", false, "print JSON")
}

// show prints one object, as JSON or as a line for people.
func show(cmd *cobra.Command, asJSON bool, object any, format string, args ...any) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(object)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
	return err
}

// showAll prints a list: one JSON object a line, or a table for people.
func showAll[T any](cmd *cobra.Command, asJSON bool, rows []T, header string, line func(T) string) error {
	if asJSON {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		for _, row := range rows {
			if err := encoder.Encode(row); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, header)
	for _, row := range rows {
		fmt.Fprintln(table, line(row))
	}
	return table.Flush()
}
