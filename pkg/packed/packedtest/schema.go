package packedtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/packed"
)

// Schema compares the fields that messages are stored with, and those of the messages within them, with
// the lines of a file: message, number, kind, name. The file only ever grows: a number that stands in it
// stays what it is. Of a field that is no longer written the name is replaced by "gone".
func Schema(t TB, file string, messages ...packed.Message) {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a test's own file
	require.NoError(t, err)
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			known[line] = true
		}
	}
	lines := map[string]bool{}
	const often = 16 // not every value at random has every flag
	for seed := range uint64(often) {
		for _, m := range messages {
			describe(t, rand.New(rand.NewPCG(seed, 0)), reflect.TypeOf(m).Elem(), lines) //nolint:gosec // not a secret
		}
	}
	for _, line := range slices.Sorted(maps.Keys(known)) {
		if !strings.HasSuffix(line, " gone") && !lines[line] {
			t.Errorf("%s: %q is stored by an earlier version and no longer read like this: a number never changes its kind or its field", file, line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		if fields := strings.Fields(line); !known[line] && known[strings.Join(append(fields[:3:3], "gone"), " ")] {
			t.Errorf("%s: the number of %q belonged to a field that is gone", file, line)
		} else if !known[line] {
			t.Errorf("%s: add the line %q", file, line)
		}
	}
}

// describe adds a line per field of a message, and of the messages within it.
func describe(t TB, source *rand.Rand, of reflect.Type, lines map[string]bool) {
	t.Helper()
	full := reflect.New(of)
	Fill(source, full.Interface())
	var tree packed.Tree
	decode(t, full.Interface().(packed.Message), &tree) //nolint:forcetypeassert // it is one
	for _, field := range tree.All {
		alone := reflect.New(of)
		decode(t, &packed.Tree{All: []packed.Field{field}}, alone.Interface().(packed.Message)) //nolint:forcetypeassert // it is one
		name, inner := nameOf(alone.Elem())
		require.NotEmpty(t, name, "%s: field %d cannot be found in the struct", of, field.Number)
		lines[fmt.Sprintf("%s %d %s %s", of, field.Number, field.Kind, name)] = true
		if field.Kind == "messages" {
			describe(t, source, inner, lines)
		}
	}
}

func decode(t TB, from, to packed.Message) {
	t.Helper()
	data, err := packed.Encode(from)
	require.NoError(t, err)
	require.NoError(t, packed.Decode(data, to))
}

// nameOf finds the one field that is set, and what is in it.
func nameOf(v reflect.Value) (string, reflect.Type) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if v.Field(i).IsZero() || field.Type == reflect.TypeFor[packed.Kept]() {
			continue
		}
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		return field.Name, inner
	}
	return "", nil
}
