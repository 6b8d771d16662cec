package site

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/mcp"
	"engage.connector/services/lab/site/opus"
)

// recorder makes the files of recorded segments and hands them to the media server's delivery.
type recorder struct {
	poster *mcp.Poster
	tenant string
}

// Record implements callgen.Recorder.
func (r *recorder) Record(s callgen.Segment) (callgen.Recording, error) {
	name := fmt.Sprintf("%s_%s-%08x.opus", s.CallUUID, s.Start.UTC().Format("2006-01-02_15-04-05"), s.Tag)
	out := callgen.Recording{FileName: name, AgentID: s.Agent.LoginCode, Start: s.Start, End: s.End}
	data, err := opus.Encode(opus.Recording{
		Duration: s.End.Sub(s.Start), Seed: uint64(s.Tag),
		Comments: []string{"CALLUUID=" + s.CallUUID, "CONNID=" + s.ConnID, "AGENT=" + s.Agent.LoginCode},
	})
	if err != nil {
		return out, err
	}
	sum := sha256.Sum256(data)
	out.SHA256, out.Size = hex.EncodeToString(sum[:]), len(data)
	return out, r.poster.Deliver(mcp.Recording{
		FileName: name, Data: data, CallUUID: s.CallUUID, ConnID: s.ConnID, ANI: s.ANI, DNIS: s.DNIS,
		RecordDN: s.Agent.DN, AgentID: s.Agent.LoginCode, Tenant: r.tenant, Start: s.Start, End: s.End, Done: s.Done,
	})
}
