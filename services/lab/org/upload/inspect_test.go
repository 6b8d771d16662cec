package upload_test

import (
	"archive/zip"
	"bytes"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org/upload"
)

func pack(t testing.TB, entries map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range entries {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func noKey(string) *rsa.PrivateKey { return nil }

func TestAnArchiveLargerInsideThanOutsideIsCutOff(t *testing.T) {
	bomb := pack(t, map[string][]byte{"a.opus": nil, "a.json": make([]byte, 4<<20)})
	require.Less(t, len(bomb), upload.MaxMetadata)
	_, problem := upload.Inspect(bomb, noKey)
	require.Equal(t, upload.ReasonSize, problem.Reason)
}

func TestFolderEntriesAreRefused(t *testing.T) {
	_, problem := upload.Inspect(pack(t, map[string][]byte{"../a.opus": nil, "a.json": nil}), noKey)
	require.NotNil(t, problem)
	require.Contains(t, []upload.Reason{upload.ReasonEntries, upload.ReasonZIP}, problem.Reason)
}

func FuzzInspect(f *testing.F) {
	f.Add(pack(f, map[string][]byte{"a.opus": []byte("x"), "a.json": []byte(`{"conversationId":"x"}`)}))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		_, problem := upload.Inspect(archive, noKey)
		require.NotNil(t, problem, "nothing is sound without a key")
	})
}
