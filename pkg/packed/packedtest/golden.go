package packedtest

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/packed"
)

// form is a value as a version stored it, and what it is.
type form struct {
	Stored []byte          `json:"stored"`
	Is     json.RawMessage `json:"is"`
}

// Golden checks that the values that earlier versions stored stay readable and mean the same. Each file of
// the folder is one version's; where there is none yet, the first is written, of values in which every
// field is filled, and is then to be committed. No file is ever changed.
func Golden(t TB, folder string, values ...packed.Message) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		first := filepath.Join(folder, "form-1.json")
		write(t, first, values)
		require.Fail(t, "there was no stored form: "+first+" is written, commit it")
	}
	for _, file := range files {
		read(t, file, values)
	}
}

func write(t TB, file string, values []packed.Message) {
	t.Helper()
	const each = 3
	forms := map[string]form{}
	source := rand.New(rand.NewPCG(1, 0)) //nolint:gosec // the same values each time
	for _, value := range values {
		for i := range each {
			filled := empty(value)
			Fill(source, filled)
			stored, err := packed.Encode(filled)
			require.NoError(t, err)
			is, err := json.Marshal(filled)
			require.NoError(t, err)
			forms[typeName(value)+"/"+strconv.Itoa(i)] = form{stored, is}
		}
	}
	text, err := json.MarshalIndent(forms, "", " ")
	require.NoError(t, err)
	err = os.MkdirAll(filepath.Dir(file), 0o750)
	require.NoError(t, errors.Join(err, os.WriteFile(file, append(text, '\n'), 0o600)))
}

func read(t TB, file string, values []packed.Message) {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a test's own file
	require.NoError(t, err)
	var forms map[string]form
	require.NoError(t, json.Unmarshal(text, &forms))
	for _, value := range values {
		for i := 0; ; i++ {
			stored, found := forms[typeName(value)+"/"+strconv.Itoa(i)]
			if !found {
				require.NotZero(t, i, "%s has no value of %s", file, typeName(value))
				break
			}
			got := empty(value)
			require.NoError(t, packed.Decode(stored.Stored, got), file)
			is, err := json.Marshal(got)
			require.NoError(t, err)
			require.JSONEq(t, string(stored.Is), string(is), file)
		}
	}
}

func typeName(value packed.Message) string { return reflect.TypeOf(value).Elem().Name() }

func empty(value packed.Message) packed.Message {
	return reflect.New(reflect.TypeOf(value).Elem()).Interface().(packed.Message) //nolint:forcetypeassert // of the same type
}
