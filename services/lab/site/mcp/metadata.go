package mcp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The metadata has the shape that recorders post to their recording service. The media server's
// own body is not published; this is the nearest public one, with lists left empty as the media
// server knows nothing to put there.
type document struct {
	ID                string      `json:"id"`
	CallerPhoneNumber string      `json:"callerPhoneNumber"`
	DialedPhoneNumber string      `json:"dialedPhoneNumber"`
	MediaFiles        []mediaFile `json:"mediaFiles"`
	EventHistory      []struct{}  `json:"eventHistory"`
}

type mediaFile struct {
	MediaID      string            `json:"mediaId"`
	Type         string            `json:"type"`
	StartTime    string            `json:"startTime"`
	StopTime     string            `json:"stopTime"`
	Duration     string            `json:"duration"` // seconds with a fraction
	Size         string            `json:"size"`     // bytes
	CallUUID     string            `json:"callUUID"`
	Tenant       string            `json:"tenant"`
	IVRProfile   string            `json:"ivrprofile"`
	Masks        []struct{}        `json:"masks"`
	Partitions   []struct{}        `json:"partitions"`
	AccessGroups []struct{}        `json:"accessgroups"`
	Parameters   map[string]string `json:"parameters"`
}

// metadata renders what is posted for a recording.
func metadata(r Recording) ([]byte, error) {
	file := mediaFile{
		MediaID:   r.FileName,
		Type:      "audio/opus",
		StartTime: stamp(r.Start), StopTime: stamp(r.End),
		Duration: strconv.FormatFloat(r.End.Sub(r.Start).Seconds(), 'f', 3, 64),
		Size:     strconv.Itoa(len(r.Data)),
		CallUUID: r.CallUUID, Tenant: r.Tenant, IVRProfile: "record",
		Masks: []struct{}{}, Partitions: []struct{}{}, AccessGroups: []struct{}{},
		Parameters: map[string]string{
			"id": r.CallUUID, "callUuid": r.CallUUID, "connId": r.ConnID, "ani": r.ANI, "dnis": r.DNIS,
			"recordDN": r.RecordDN, "agentId": r.AgentID, "dateTime": stamp(r.Start),
		},
	}
	body, err := json.Marshal(document{
		ID: r.CallUUID, CallerPhoneNumber: r.ANI, DialedPhoneNumber: r.DNIS,
		MediaFiles: []mediaFile{file}, EventHistory: []struct{}{},
	})
	if err != nil {
		return nil, fmt.Errorf("mcp: metadata: %w", err)
	}
	return body, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
