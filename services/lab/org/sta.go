package org

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// staState is speech and text analytics, and the transcription setting.
type staState struct {
	programs      []Program
	modified      time.Time
	transcription transcriptionSettings
}

type transcriptionSettings struct {
	Transcription string `json:"transcription"`
	Confidence    *int   `json:"transcriptionConfidenceThreshold"`
	LowLatency    bool   `json:"lowLatencyTranscriptionEnabled"`
	ContentSearch bool   `json:"contentSearchEnabled"`
	PCI           bool   `json:"pciDssRedactionEnabled"`
	PII           bool   `json:"piiRedactionEnabled"`
}

func transcriptionModes() []string {
	return []string{"Disabled", "EnabledGlobally", "EnabledQueueFlow"}
}

// dialects is the list of the API definition (facts 6.4).
func dialects() []string {
	return strings.Fields(`ar-001 ar-AE ar-BH ar-EG ar-IL ar-SA ar-TN da-DK de-CH de-DE en-AU en-GB en-HK en-IE en-IN en-NZ en-SG
		en-US en-ZA es-ES es-US fi-FI fr-CA fr-FR he-IL hi-IN it-IT ja-JP ko-KR nb-NO nl-NL pl-PL pt-BR pt-PT sv-SE tr-TR zh-CN
		zh-HK zh-TW zu-ZA`)
}

func (o *Org) seedSTA(now time.Time) staState {
	threshold := 50
	state := staState{
		modified:      now,
		programs:      slices.Clone(o.opts.Programs),
		transcription: transcriptionSettings{Transcription: o.opts.Transcription, Confidence: &threshold, ContentSearch: true},
	}
	if len(state.programs) == 0 {
		state.programs = []Program{{Name: "Engage"}}
	}
	for i := range state.programs {
		if state.programs[i].ID == "" {
			state.programs[i].ID = o.newID()
		}
		state.programs[i].QueueIDs = slices.Clone(state.programs[i].QueueIDs)
	}
	return state
}

// MapProgram assigns a queue to a program; an empty program id takes the queue out of its program.
func (o *Org) MapProgram(queueID, programID string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sta.unmapQueue(queueID)
	p := o.sta.program(programID)
	if p != nil {
		p.QueueIDs = append(p.QueueIDs, queueID)
	}
	o.changed()
	return p != nil || programID == ""
}

func (s *staState) program(id string) *Program {
	for i := range s.programs {
		if s.programs[i].ID == id {
			return &s.programs[i]
		}
	}
	return nil
}

func (s *staState) unmapQueue(queueID string) {
	for i := range s.programs {
		s.programs[i].QueueIDs = slices.DeleteFunc(s.programs[i].QueueIDs, func(id string) bool { return id == queueID })
	}
}

func (o *Org) getTranscription(*call) (*reply, *fault) { return ok(o.sta.transcription) }

func (o *Org) putTranscription(c *call) (*reply, *fault) {
	in, flt := decode[transcriptionSettings](c.body, "TranscriptionSettings")
	if flt != nil {
		return nil, flt
	}
	if !slices.Contains(transcriptionModes(), in.Transcription) {
		return nil, fail(codeInvalidValue, clip(in.Transcription), "transcription", strings.Join(transcriptionModes(), ", ")).
			field("transcription")
	}
	if in.Confidence == nil || *in.Confidence < 0 || *in.Confidence > 100 {
		return nil, constraint("transcriptionConfidenceThreshold must be from 0 to 100").field("transcriptionConfidenceThreshold")
	}
	o.sta.transcription = in
	return ok(in)
}

func (o *Org) getSTASettings(*call) (*reply, *fault) {
	if o.opts.NoSTASettings {
		return nil, fail(codeNoSettings)
	}
	return ok(map[string]any{
		"defaultProgram": programRef(o.sta.programs[0], false), "expectedDialects": []string{"en-US"},
		"textAnalyticsEnabled": true, "agentEmpathyEnabled": false,
	})
}

func programRef(p Program, named bool) namedRef {
	ref := namedRef{ID: p.ID, SelfURI: "/api/v2/speechandtextanalytics/programs/" + p.ID}
	if named {
		ref.Name = p.Name
	}
	return ref
}

type programView struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Published    bool   `json:"published"`
	TopicsCount  int    `json:"topicsCount"`
	DateModified string `json:"dateModified"`
	SelfURI      string `json:"selfUri"`
}

func (o *Org) programView(p Program) programView {
	return programView{ID: p.ID, Name: p.Name, Published: true, DateModified: stamp(o.sta.modified), SelfURI: programRef(p, false).SelfURI}
}

// tokenListing is the listing with a nextPage token instead of page numbers.
type tokenListing struct {
	Entities any    `json:"entities"`
	PageSize int    `json:"pageSize"`
	NextURI  string `json:"nextUri,omitempty"`
	SelfURI  string `json:"selfUri"`
}

// cutByToken returns the part of a listing that the nextPage token asks for; the token is the offset.
func cutByToken[T any](c *call, items []T) (*reply, *fault) {
	const fallback, most = 20, 500
	q := c.r.URL.Query()
	size, offset := fallback, 0
	if raw := q.Get("pageSize"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > most {
			return nil, fail(codeInvalidParam, clip(raw), "pageSize", "1..500")
		}
		size = n
	}
	if raw := q.Get("nextPage"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 0 || n > len(items) {
			return nil, fail(codeNotFound)
		}
		offset = n
	}
	end := min(offset+size, len(items))
	out := tokenListing{Entities: items[offset:end], PageSize: size, SelfURI: c.r.URL.RequestURI()}
	if end < len(items) {
		q.Set("nextPage", strconv.Itoa(end))
		q.Set("pageSize", strconv.Itoa(size))
		out.NextURI = c.r.URL.Path + "?" + q.Encode()
	}
	return ok(out)
}

func (o *Org) listPrograms(c *call) (*reply, *fault) {
	q := c.r.URL.Query()
	const mostIDs = 50
	wanted, name := ids(c, "ids"), strings.ToLower(q.Get("name"))
	if len(wanted) > mostIDs {
		return nil, constraint("no more than %d ids", mostIDs)
	}
	if state := q.Get("state"); state != "" && state != "Latest" && state != "Published" {
		return nil, fail(codeInvalidParam, clip(state), "state", "Latest, Published")
	}
	out := []programView{}
	for _, p := range o.sta.programs {
		if (len(wanted) == 0 || slices.Contains(wanted, p.ID)) && strings.Contains(strings.ToLower(p.Name), name) {
			out = append(out, o.programView(p))
		}
	}
	return cutByToken(c, out)
}

type mappingView struct {
	Program      namedRef   `json:"program"`
	Queues       []namedRef `json:"queues"`
	Flows        []namedRef `json:"flows"`
	DateModified string     `json:"dateModified"`
}

func (o *Org) mappingView(p Program) mappingView {
	view := mappingView{
		Program: programRef(p, true), Queues: []namedRef{}, Flows: []namedRef{}, DateModified: stamp(o.sta.modified),
	}
	for _, id := range p.QueueIDs {
		view.Queues = append(view.Queues, namedRef{ID: id, SelfURI: "/api/v2/routing/queues/" + id})
	}
	return view
}

// listMappings lists the programs that are mapped to a queue.
func (o *Org) listMappings(c *call) (*reply, *fault) {
	out := []mappingView{}
	for _, p := range o.sta.programs {
		if len(p.QueueIDs) > 0 {
			out = append(out, o.mappingView(p))
		}
	}
	return cutByToken(c, out)
}

func (o *Org) programOf(c *call) (*Program, *fault) {
	if p := o.sta.program(c.r.PathValue("programId")); p != nil {
		return p, nil
	}
	return nil, fail(codeNoProgram)
}

func (o *Org) getProgram(c *call) (*reply, *fault) {
	p, flt := o.programOf(c)
	if flt != nil {
		return nil, flt
	}
	return ok(o.programView(*p))
}

func (o *Org) getMapping(c *call) (*reply, *fault) {
	p, flt := o.programOf(c)
	if flt != nil {
		return nil, flt
	}
	return ok(o.mappingView(*p))
}

// putMapping replaces the queues of a program; a queue can be in one program only.
func (o *Org) putMapping(c *call) (*reply, *fault) {
	p, flt := o.programOf(c)
	if flt != nil {
		return nil, flt
	}
	in, flt := decode[struct {
		QueueIDs []string `json:"queueIds"`
		FlowIDs  []string `json:"flowIds"`
	}](c.body, "ProgramMappingsRequest")
	if flt != nil {
		return nil, flt
	}
	const mostQueues = 500
	if len(in.QueueIDs) > mostQueues {
		return nil, constraint("%d queues limit exceeded", mostQueues)
	}
	for _, id := range in.QueueIDs {
		if o.queueByID(id) == nil {
			return nil, fail(codeNotFound).entity(clip(id))
		}
		for _, other := range o.sta.programs {
			if other.ID != p.ID && slices.Contains(other.QueueIDs, id) {
				return nil, fail(codeMappedElsewhere, id)
			}
		}
	}
	p.QueueIDs, o.sta.modified = in.QueueIDs, c.now
	return ok(o.mappingView(*p))
}

func (o *Org) getEngines(c *call) (*reply, *fault) {
	p, flt := o.programOf(c)
	if flt != nil {
		return nil, flt
	}
	return ok(map[string]any{
		"program":              programRef(*p, true),
		"transcriptionEngines": []map[string]any{{"engine": "Genesys", "dialects": o.opts.Dialects}},
	})
}

func (o *Org) listDialects(*call) (*reply, *fault) {
	return &reply{status: http.StatusOK, body: map[string]any{
		"entities": []map[string]any{{"engine": "Genesys", "dialects": o.opts.Dialects}},
	}}, nil
}
