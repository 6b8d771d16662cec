package segments

import (
	"bytes"
	"encoding/json"
	"path"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/recording"
)

// File is one recorded file of a call, as a media server describes it.
type File struct {
	packed.Kept

	FileName string    `json:"fileName"`
	Type     string    `json:"type,omitempty"` // media type
	CallUUID string    `json:"callUuid"`
	Start    time.Time `json:"start,omitzero"`
	Stop     time.Time `json:"stop,omitzero"`
	RecordDN string    `json:"recordDn,omitempty"` // the DN on whose behalf it was recorded
	AgentID  string    `json:"agentId,omitempty"`  // login code of the agent at that DN
	ConnID   string    `json:"connId,omitempty"`
}

// Parse reads what a media server posts. Its body is not publicly documented; its element
// mediaFiles is known from the next hop. So the reading is tolerant: one object or a list, the
// CallUUID in any of the places known (id, callUUID, parameters), the file name as mediaId or at
// the end of a path. Of a call's files the opus ones are taken where there are any.
//
// An error has code Invalid. Segments without a CallUUID are returned like the others.
func Parse(body []byte) ([]File, error) {
	documents, err := split(body)
	if err != nil {
		return nil, err
	}
	var segments []File
	for _, d := range documents {
		segments = append(segments, d.segments()...)
	}
	return segments, nil
}

// document is one object of the body.
type document map[string]any

func split(body []byte) ([]document, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, nil
	}
	if body[0] == '[' {
		var list []document
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, fault.New(fault.Invalid, "recording.parse", "the body is no list of JSON objects: "+err.Error())
		}
		return list, nil
	}
	var one document
	if err := json.Unmarshal(body, &one); err != nil {
		return nil, fault.New(fault.Invalid, "recording.parse", "the body is no JSON object: "+err.Error())
	}
	return []document{one}, nil
}

// segments reads the files of an object. An object without a list of files may be a file itself.
func (d document) segments() []File {
	files, listed := d["mediaFiles"].([]any)
	if !listed {
		return []File{d.segment(d)}
	}
	var all, opus []File
	for _, f := range files {
		file, ok := f.(map[string]any)
		if !ok {
			continue
		}
		s := d.segment(file)
		all = append(all, s)
		if strings.EqualFold(s.Type, recording.MediaType) {
			opus = append(opus, s)
		}
	}
	switch {
	case len(opus) > 0:
		return opus
	case len(all) > 0:
		return all
	default:
		return []File{d.segment(document{})}
	}
}

func (d document) segment(file document) File {
	parameters, _ := file["parameters"].(map[string]any)
	p := document(parameters)
	s := File{
		FileName: file.fileName(),
		Type:     file.text("type"),
		CallUUID: first(file.text("callUUID", "callUuid"), p.text("callUuid", "callUUID", "id"), d.text("callUUID", "callUuid", "id")),
		Start:    file.time("startTime"), Stop: file.time("stopTime"),
		RecordDN: p.text("recordDN", "recordDn"), AgentID: p.text("agentId", "agentID"), ConnID: p.text("connId", "connID"),
	}
	if s.Start.IsZero() {
		s.Start = d.time("startTime")
	}
	if s.Stop.IsZero() {
		s.Stop = s.stopByDuration(file, d.time("stopTime"))
	}
	return s
}

// stopByDuration uses the duration where the end is missing: a number without a dot is
// milliseconds, one with a dot seconds (both forms have been seen).
func (s File) stopByDuration(file document, fallback time.Time) time.Time {
	text := file.text("duration")
	n, err := strconv.ParseFloat(text, 64)
	const longest = 24 * 60 * 60
	if err != nil || s.Start.IsZero() || n < 0 {
		return fallback
	}
	if !strings.Contains(text, ".") {
		n /= 1000
	}
	if n > longest {
		return fallback
	}
	return s.Start.Add(time.Duration(n * float64(time.Second)))
}

// fileName is mediaId, else the last part of a path.
func (d document) fileName() string {
	if id := d.text("mediaId", "fileName"); id != "" {
		return id
	}
	descriptor, _ := d["mediaDescriptor"].(map[string]any)
	if p := first(document(descriptor).text("path"), d.text("mediaPath", "mediaUri")); p != "" {
		return path.Base(p)
	}
	return ""
}

func (d document) text(keys ...string) string {
	for _, key := range keys {
		switch v := d[key].(type) {
		case string:
			if v != "" {
				return v
			}
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

// timeLayoutsTable are the forms seen in recording metadata.
var timeLayoutsTable = []string{time.RFC3339Nano, "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05"}

func (d document) time(key string) time.Time {
	text := d.text(key)
	for _, layout := range timeLayoutsTable {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
