package configmodel_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configmodel"
)

var annex = configmodel.Annex{
	{Name: "hybrid", Children: []configmodel.Property{{Name: "WFM_queue_number", Value: "VQ1"}}},
	{Name: "deep", Children: []configmodel.Property{{Name: "list", Children: []configmodel.Property{{Name: "x", Value: "1"}}}}},
}

func TestAnnexValueIsCaseSensitive(t *testing.T) {
	v, ok := annex.Value("hybrid", "WFM_queue_number")
	require.True(t, ok)
	require.Equal(t, "VQ1", v)
	for _, miss := range [][2]string{{"Hybrid", "WFM_queue_number"}, {"hybrid", "wfm_queue_number"}, {"none", "x"}} {
		_, ok = annex.Value(miss[0], miss[1])
		require.False(t, ok, miss)
	}
}

func TestOptionsOfFlattensSections(t *testing.T) {
	o := configmodel.OptionsOf(annex)
	require.Equal(t, "VQ1", o.Get("hybrid", "WFM_queue_number"))
	require.Empty(t, o.Get("hybrid", "other"))
	require.Empty(t, o.Get("absent", "other"))
}

func TestSnapshotWithoutPersonsDNsAndSkillsIsEmpty(t *testing.T) {
	require.True(t, configmodel.Snapshot{Switches: []configmodel.Switch{{DBID: 1}}}.Empty())
	require.False(t, configmodel.Snapshot{Skills: []configmodel.Skill{{DBID: 1}}}.Empty())
}
