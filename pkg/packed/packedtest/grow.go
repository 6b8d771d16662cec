package packedtest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/packed"
)

// Fields of a version to come; no message has as many of its own.
const (
	newText = 1001 + iota
	newTime
	newMessage
)

// Grow adds fields of a version to come to a value, at every depth, each with a text of its own. It
// returns the value and the texts.
func Grow(t TB, value []byte) (grown []byte, added []string) {
	t.Helper()
	var tree packed.Tree
	require.NoError(t, packed.Decode(value, &tree))
	grow(&tree, &added)
	grown, err := packed.Encode(&tree)
	require.NoError(t, err)
	return grown, added
}

func grow(tree *packed.Tree, added *[]string) {
	for i := range tree.All {
		for j := range tree.All[i].Messages {
			grow(&tree.All[i].Messages[j], added)
		}
	}
	text := fmt.Sprintf("added %d", len(*added))
	*added = append(*added, text)
	at := time.UnixMicro(1_800_000_000_000_000 + int64(len(*added))).UTC()
	tree.All = append(
		tree.All,
		packed.Field{Number: newText, Kind: "text", Text: text},
		packed.Field{Number: newTime, Kind: "time", Time: at},
		packed.Field{Number: newMessage, Kind: "messages", Messages: []packed.Tree{{All: []packed.Field{
			{Number: 1, Kind: "text", Text: text}, {Number: 2, Kind: "texts", Texts: []string{text, "of its own " + text}},
		}}}},
	)
}

// Grown returns the texts of a value that Grow added and that are still there, with everything that
// belongs to them.
func Grown(t TB, value []byte) []string {
	t.Helper()
	var tree packed.Tree
	require.NoError(t, packed.Decode(value, &tree))
	var found []string
	grown(t, &tree, &found)
	return found
}

func grown(t TB, tree *packed.Tree, found *[]string) {
	t.Helper()
	for i := range tree.All {
		if tree.All[i].Number >= newText {
			continue
		}
		for j := range tree.All[i].Messages {
			grown(t, &tree.All[i].Messages[j], found)
		}
	}
	text := tree.Field(newText)
	if text == nil {
		return
	}
	at, message := tree.Field(newTime), tree.Field(newMessage)
	require.NotNil(t, at)
	require.NotNil(t, message)
	require.Equal(t, []string{text.Text, "of its own " + text.Text}, message.Messages[0].Field(2).Texts)
	var number int
	_, err := fmt.Sscanf(text.Text, "added %d", &number)
	require.NoError(t, err)
	require.Equal(t, time.UnixMicro(1_800_000_000_000_001+int64(number)).UTC(), at.Time)
	*found = append(*found, text.Text)
}
