package handlers

import (
	_ "embed"
	"encoding/json"
)

// eventExamplesFile holds a body of each type of event, as a shop gets it. A test
// makes the events and compares them: with -update it writes the file anew.
//
//go:embed event_examples.json
var eventExamplesFile []byte

// eventExamples are the examples by type.
var eventExamples = func() map[string]json.RawMessage {
	var examples map[string]json.RawMessage
	if err := json.Unmarshal(eventExamplesFile, &examples); err != nil {
		panic(err) // the file is part of the program, and read by every test of it
	}
	return examples
}()
