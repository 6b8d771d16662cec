package org

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// queue keeps the properties it was given as they came; only what the organization acts on has fields of its own.
type queue struct {
	ID                string
	Name              string
	PeerID            string
	Description       string
	created, modified time.Time
	createdBy         string
	properties        map[string]json.RawMessage
	members           map[string]*member // by user id
	codes             map[string]bool    // by wrap-up code id
}

type member struct {
	joined bool
	added  time.Time
}

// queueProperties are the properties of CreateQueueRequest and QueueRequest (API definition). The values say which
// enum a text has to belong to; an empty text is no member of an enum.
var queueProperties = map[string][]string{
	"id": nil, "name": nil, "division": nil, "description": nil, "dateCreated": nil, "dateModified": nil, "modifiedBy": nil,
	"createdBy": nil, "memberCount": nil, "userMemberCount": nil, "joinedMemberCount": nil, "mediaSettings": nil,
	"routingRules": nil, "conditionalGroupRouting": nil, "conditionalGroupActivation": nil, "bullseye": nil,
	"scoringMethod":         {"TimestampAndPriority", "PriorityOnly"},
	"lastAgentRoutingMode":  {"Disabled", "QueueMembersOnly", "AnyAgent"},
	"skillEvaluationMethod": {"NONE", "BEST", "ALL"},
	"acwSettings":           nil, "memberGroups": nil, "queueFlow": nil, "emailInQueueFlow": nil, "messageInQueueFlow": nil,
	"whisperPrompt": nil, "onHoldPrompt": nil, "autoAnswerOnly": nil, "cannedResponseLibraries": nil,
	"enableTranscription": nil, "enableAudioMonitoring": nil, "enableManualAssignment": nil, "agentOwnedRouting": nil,
	"directRouting": nil, "callingPartyName": nil, "callingPartyNumber": nil, "defaultScripts": nil,
	"outboundMessagingAddresses": nil, "outboundEmailAddress": nil, "peerId": nil, "suppressInQueueCallRecording": nil,
	"sourceQueueId": nil, "selfUri": nil, "defaultMediaLanguage": nil,
}

// ownProperties are answered from the queue's state, whatever was sent.
var ownProperties = []string{
	"id", "name", "division", "description", "dateCreated", "dateModified", "modifiedBy", "createdBy", "memberCount",
	"userMemberCount", "joinedMemberCount", "peerId", "sourceQueueId", "selfUri",
}

type queueIn struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	PeerID      string `json:"peerId"`
	Division    *struct {
		ID string `json:"id"`
	} `json:"division"`
	EnableTranscription *bool `json:"enableTranscription"`
	SuppressRecording   *bool `json:"suppressInQueueCallRecording"`
}

// readQueue checks a queue's properties.
func (o *Org) readQueue(body []byte, object string) (queueIn, map[string]json.RawMessage, *fault) {
	var in queueIn
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(body, &properties); err != nil || properties == nil {
		return in, nil, fail(codeBadRequest)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		allowed, known := queueProperties[name]
		if !known {
			return in, nil, fail(codeInvalidProperty, clip(name), object)
		}
		var text string
		if allowed == nil || string(properties[name]) == "null" {
			continue
		}
		if err := json.Unmarshal(properties[name], &text); err != nil || !slices.Contains(allowed, text) {
			return in, nil, fail(codeInvalidValue, clip(text), name, strings.Join(allowed, ", ")).field(name)
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return in, nil, typeFault(err)
	}
	if flt := checkSettings(body); flt != nil {
		return in, nil, flt
	}
	const longest = 256
	if strings.TrimSpace(in.Name) == "" || utf8.RuneCountInString(in.Name) > longest {
		return in, nil, fail(codeInvalidName, "queue").field("name")
	}
	if in.Division != nil && in.Division.ID != "" && in.Division.ID != o.home.ID {
		return in, nil, fail(codeNoResource).asStatus(http.StatusBadRequest).entity(clip(in.Division.ID))
	}
	for _, name := range ownProperties {
		delete(properties, name)
	}
	return in, properties, nil
}

func (q *queue) take(in queueIn, properties map[string]json.RawMessage, now time.Time) {
	q.Name, q.Description, q.PeerID, q.properties, q.modified = in.Name, in.Description, in.PeerID, properties, now
}

func (o *Org) queueView(q *queue) map[string]any {
	joined := 0
	for _, m := range q.members {
		if m.joined {
			joined++
		}
	}
	view := map[string]any{
		"scoringMethod": "TimestampAndPriority", "skillEvaluationMethod": "ALL", "lastAgentRoutingMode": "Disabled",
		"enableTranscription": o.opts.TranscribeQueues, "suppressInQueueCallRecording": false, "enableManualAssignment": false,
		"autoAnswerOnly": true, "acwSettings": map[string]any{"wrapupPrompt": "OPTIONAL"},
	}
	for name, value := range q.properties {
		view[name] = value
	}
	maps.Copy(view, map[string]any{
		"id": q.ID, "name": q.Name, "division": namedRef{ID: o.home.ID, Name: o.home.Name},
		"dateCreated": stamp(q.created), "dateModified": stamp(q.modified), "createdBy": q.createdBy,
		"memberCount": len(q.members), "userMemberCount": len(q.members), "joinedMemberCount": joined,
		"selfUri": "/api/v2/routing/queues/" + q.ID,
	})
	if q.Description != "" {
		view["description"] = q.Description
	}
	if q.PeerID != "" {
		view["peerId"] = q.PeerID
	}
	return view
}

// queueOf returns the queue of the path.
func (o *Org) queueOf(c *call) (*queue, *fault) {
	id, flt := pathID(c, "queueId")
	if flt != nil {
		return nil, flt
	}
	if q := o.queueByID(id); q != nil && o.visible(q.created) {
		return q, nil
	}
	return nil, fail(codeNoResource).entity(id)
}

func (o *Org) queueByID(id string) *queue {
	for _, q := range o.queues {
		if q.ID == id {
			return q
		}
	}
	return nil
}

func (o *Org) queueNameTaken(name, except string) bool {
	return slices.ContainsFunc(o.queues, func(q *queue) bool { return q.ID != except && strings.EqualFold(q.Name, name) })
}

func (o *Org) listQueues(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	q := c.r.URL.Query()
	name, wanted, peers := q.Get("name"), ids(c, "id"), ids(c, "peerId")
	hasPeer, divisions := q.Get("hasPeer"), ids(c, "divisionId")
	if hasPeer != "" && hasPeer != "true" && hasPeer != "false" {
		return nil, fail(codeInvalidParam, clip(hasPeer), "hasPeer", "true, false")
	}
	found := []*queue{}
	for _, candidate := range o.queues {
		switch {
		case !o.visible(candidate.created),
			name != "" && !matches(name, candidate.Name),
			len(wanted) > 0 && !slices.Contains(wanted, candidate.ID),
			len(peers) > 0 && !slices.Contains(peers, candidate.PeerID),
			len(divisions) > 0 && !slices.Contains(divisions, o.home.ID),
			hasPeer != "" && (candidate.PeerID != "") != (hasPeer == "true"):
		default:
			found = append(found, candidate)
		}
	}
	slices.SortFunc(found, func(a, b *queue) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	if strings.EqualFold(q.Get("sortOrder"), "desc") {
		slices.Reverse(found)
	}
	out := make([]map[string]any, len(found))
	for i := range found {
		out[i] = o.queueView(found[i])
	}
	return ok(cut(p, out))
}

func (o *Org) createQueue(c *call) (*reply, *fault) {
	in, properties, flt := o.readQueue(c.body, "CreateQueueRequest")
	if flt != nil {
		return nil, flt
	}
	if o.queueNameTaken(in.Name, "") {
		return nil, fail(codeDuplicateName, "queue")
	}
	q := &queue{
		ID: o.newID(), created: c.now, createdBy: c.client.ID, members: make(map[string]*member), codes: make(map[string]bool),
	}
	q.take(in, properties, c.now)
	o.queues = append(o.queues, q)
	return ok(o.queueView(q))
}

func (o *Org) getQueue(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	return ok(o.queueView(q))
}

func (o *Org) updateQueue(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	in, properties, flt := o.readQueue(c.body, "QueueRequest")
	if flt != nil {
		return nil, flt
	}
	if o.queueNameTaken(in.Name, q.ID) {
		return nil, fail(codeDuplicateName, "queue")
	}
	q.take(in, properties, c.now)
	return ok(o.queueView(q))
}

func (o *Org) deleteQueue(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	if c.r.URL.Query().Get("forceDelete") != "true" && o.book.ActiveInQueue(q.ID) {
		return nil, fail(codeActiveQueue)
	}
	o.queues = slices.DeleteFunc(o.queues, func(other *queue) bool { return other == q })
	o.sta.unmapQueue(q.ID)
	o.changed()
	return &reply{status: http.StatusOK}, nil
}
