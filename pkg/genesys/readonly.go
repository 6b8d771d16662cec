package genesys

import (
	"bytes"
	"encoding/json"
	"maps"
)

// Writable returns what of an object that was read can be written back: without nulls, empty texts
// and the read-only properties named. Links (selfUri) are read-only wherever they stand.
func Writable(read map[string]json.RawMessage, readOnly ...string) map[string]json.RawMessage {
	out := maps.Clone(read)
	for _, name := range append(readOnly, "selfUri") {
		delete(out, name)
	}
	for name, value := range out {
		switch value = bytes.TrimSpace(value); {
		case bytes.Equal(value, []byte("null")), bytes.Equal(value, []byte(`""`)):
			delete(out, name)
		case bytes.Contains(value, []byte(`"selfUri"`)):
			out[name] = withoutLinks(value)
		}
	}
	return out
}

// withoutLinks takes the links out of a value, which stays as it is when it cannot be read.
func withoutLinks(value json.RawMessage) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return value
	}
	dropLinks(tree)
	out, err := json.Marshal(tree)
	if err != nil {
		return value
	}
	return out
}

func dropLinks(tree any) {
	switch node := tree.(type) {
	case map[string]any:
		delete(node, "selfUri")
		for _, value := range node {
			dropLinks(value)
		}
	case []any:
		for _, value := range node {
			dropLinks(value)
		}
	}
}
