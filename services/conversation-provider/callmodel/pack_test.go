package callmodel_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/callmodel/packed"
	"engage.connector/services/conversation-provider/callmodel/packed/filltest"
)

// Every field of a call and a DN survives packing: a field that is forgotten there shows here.
func TestPackingKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var call callmodel.Call
		var dn callmodel.DN
		filltest.Fill(source, &call)
		filltest.Fill(source, &dn)
		w := &packed.Writer{}
		call.Pack(w)
		dn.Pack(w)
		r := packed.NewReader(string(w.Data))
		require.Equal(t, &call, callmodel.UnpackCall(r))
		require.Equal(t, &dn, callmodel.UnpackDN(r))
		require.NoError(t, r.Err())
	})
}

// Whatever is read, reading comes to an end.
func FuzzUnpackCall(f *testing.F) {
	w := &packed.Writer{}
	(&callmodel.Call{UUID: "U", ConnIDs: []string{"1"}}).Pack(w)
	f.Add(string(w.Data))
	f.Fuzz(func(_ *testing.T, data string) {
		r := packed.NewReader(data)
		callmodel.UnpackCall(r)
		callmodel.UnpackDN(r)
	})
}
