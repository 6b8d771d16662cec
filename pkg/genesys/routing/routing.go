// Package routing is the part of the API about queues, skills, wrap-up codes and the organization's transcription settings.
package routing

import (
	"context"
	"iter"
	"slices"

	"engage.connector/pkg/genesys"
)

// API is the area as one client reaches it; it is safe for concurrent use.
type API struct{ client *genesys.Client }

// New returns the area of a client.
func New(client *genesys.Client) *API {
	client.Declare(Operations()...)
	return &API{client}
}

const (
	membersPerCall = 100 // "Bulk add or delete up to 100 queue members"
	codesPerCall   = 100 // wrap-up codes added to a queue per call
)

// CreateSkill creates a routing skill. A name that exists in any case gives fault.Conflict.
func (a *API) CreateSkill(ctx context.Context, name string) (Skill, error) {
	var s Skill
	return s, a.client.Do(ctx, genesys.Request{Operation: createSkill, Body: map[string]string{"name": name}, Out: &s})
}

// Skills lists the organization's routing skills; name, when given, selects by its beginning.
func (a *API) Skills(ctx context.Context, name string) iter.Seq2[Skill, error] {
	return genesys.Pages[Skill](ctx, a.client, genesys.Request{Operation: listSkills, Query: genesys.Query("name", name)}, genesys.LargePage)
}

// CreateQueue creates a queue. A name that exists gives fault.Conflict (IsDuplicate). After an
// error with UnknownOutcome look the queue up by name or peer id before trying again.
func (a *API) CreateQueue(ctx context.Context, q Queue) (Queue, error) {
	q.ID = ""
	var made Queue
	return made, a.client.Do(ctx, genesys.Request{Operation: createQueue, Body: q, Out: &made})
}

// GetQueue reads a queue.
func (a *API) GetQueue(ctx context.Context, id string) (Queue, error) {
	var q Queue
	return q, a.client.Do(ctx, genesys.Request{Operation: getQueue, Args: []string{id}, Out: &q})
}

// Queues lists queues.
func (a *API) Queues(ctx context.Context, f QueueFilter) iter.Seq2[Queue, error] {
	query := genesys.Query("name", f.Name, "peerId", f.PeerID)
	if f.HasPeer {
		query.Set("hasPeer", "true")
	}
	return genesys.Pages[Queue](ctx, a.client, genesys.Request{Operation: listQueues, Query: query}, genesys.LargePage)
}

// UpdateQueue reads the queue, lets change alter it and writes it back as a whole, because the API
// has no partial update. What change leaves alone stays as it was read.
func (a *API) UpdateQueue(ctx context.Context, id string, change func(*Queue)) (Queue, error) {
	q, err := a.GetQueue(ctx, id)
	if err != nil {
		return Queue{}, err
	}
	change(&q)
	q.ID, q.other = "", genesys.Writable(q.other, "memberCount", "userMemberCount", "joinedMemberCount")
	var now Queue
	return now, a.client.Do(ctx, genesys.Request{Operation: putQueue, Args: []string{id}, Body: q, Out: &now})
}

// QueueMembers lists the members of a queue that are members themselves, not through a group.
func (a *API) QueueMembers(ctx context.Context, queueID string) iter.Seq2[QueueMember, error] {
	return genesys.Pages[QueueMember](ctx, a.client, genesys.Request{Operation: listMembers, Args: []string{queueID}, Query: genesys.Query("memberBy", "user")}, genesys.LargePage)
}

// AddQueueMembers makes users members of a queue, 100 per call.
func (a *API) AddQueueMembers(ctx context.Context, queueID string, userIDs []string) error {
	return a.postRefs(ctx, genesys.Request{Operation: postMembers, Args: []string{queueID}, Query: genesys.Query("delete", "false")}, userIDs, membersPerCall)
}

// RemoveQueueMembers ends users' membership of a queue, 100 per call.
func (a *API) RemoveQueueMembers(ctx context.Context, queueID string, userIDs []string) error {
	return a.postRefs(ctx, genesys.Request{Operation: postMembers, Args: []string{queueID}, Query: genesys.Query("delete", "true")}, userIDs, membersPerCall)
}

// CreateWrapupCode creates a wrap-up code. A name that exists gives fault.Conflict (IsDuplicate).
func (a *API) CreateWrapupCode(ctx context.Context, code WrapupCode) (WrapupCode, error) {
	code.ID = ""
	var made WrapupCode
	return made, a.client.Do(ctx, genesys.Request{Operation: createCode, Body: code, Out: &made})
}

// RenameWrapupCode gives a wrap-up code another name; what else it has is sent back as it was read,
// since the API replaces it as a whole.
func (a *API) RenameWrapupCode(ctx context.Context, id, name string) error {
	var code WrapupCode
	if err := a.client.Do(ctx, genesys.Request{Operation: getCode, Args: []string{id}, Out: &code}); err != nil {
		return err
	}
	code.ID, code.Name = "", name
	return a.client.Do(ctx, genesys.Request{Operation: putCode, Args: []string{id}, Body: code})
}

// WrapupCodes lists the organization's wrap-up codes; name, when given, selects by name.
func (a *API) WrapupCodes(ctx context.Context, name string) iter.Seq2[WrapupCode, error] {
	return genesys.Pages[WrapupCode](ctx, a.client, genesys.Request{Operation: listCodes, Query: genesys.Query("name", name)}, genesys.LargePage)
}

// QueueWrapupCodes lists the wrap-up codes of a queue.
func (a *API) QueueWrapupCodes(ctx context.Context, queueID string) iter.Seq2[WrapupCode, error] {
	return genesys.Pages[WrapupCode](ctx, a.client, genesys.Request{Operation: listQueueCodes, Args: []string{queueID}}, genesys.LargePage)
}

// AddQueueWrapupCodes assigns wrap-up codes to a queue, 100 per call.
func (a *API) AddQueueWrapupCodes(ctx context.Context, queueID string, codeIDs []string) error {
	return a.postRefs(ctx, genesys.Request{Operation: postQueueCodes, Args: []string{queueID}}, codeIDs, codesPerCall)
}

// postRefs posts ids in chunks as [{"id": ...}].
func (a *API) postRefs(ctx context.Context, r genesys.Request, ids []string, perCall int) error {
	for chunk := range slices.Chunk(ids, perCall) {
		refs := make([]genesys.Ref, len(chunk))
		for i, id := range chunk {
			refs[i] = genesys.Ref{ID: id}
		}
		r.Body = refs
		if err := a.client.Do(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// TranscriptionSettings reads whether the organization transcribes calls. fault.Forbidden with
// code feature.forbidden means that it has no such feature.
func (a *API) TranscriptionSettings(ctx context.Context) (TranscriptionSettings, error) {
	var s TranscriptionSettings
	return s, a.client.Do(ctx, genesys.Request{Operation: getTranscription, Out: &s})
}
