package genesys

import (
	"context"
	"iter"
	"slices"
)

const (
	membersPerCall = 100 // "Bulk add or delete up to 100 queue members"
	codesPerCall   = 100 // wrap-up codes added to a queue per call
	skillsPerCall  = 50  // routing skills per bulk call
	pageSizeLarge  = 100
)

// CreateSkill creates a routing skill. A name that exists in any case gives fault.Conflict.
func (c *Client) CreateSkill(ctx context.Context, name string) (Skill, error) {
	var s Skill
	return s, c.do(ctx, request{route: routeCreateSkill, body: map[string]string{"name": name}, out: &s})
}

// Skills lists the organization's routing skills; name, when given, selects by its beginning.
func (c *Client) Skills(ctx context.Context, name string) iter.Seq2[Skill, error] {
	return pages[Skill](ctx, c, request{route: routeSkills, query: queryOf("name", name)}, pageSizeLarge)
}

// UserSkills lists the skills of a user.
func (c *Client) UserSkills(ctx context.Context, userID string) iter.Seq2[SkillRating, error] {
	return pages[SkillRating](ctx, c, request{route: routeUserSkills, args: []string{userID}}, pageSizeLarge)
}

// PatchUserSkills adds skills to a user or changes their proficiency, 50 per call; other skills of
// the user stay.
func (c *Client) PatchUserSkills(ctx context.Context, userID string, skills []SkillRating) error {
	type rating struct {
		ID          string  `json:"id"`
		Proficiency float64 `json:"proficiency"`
	}
	for chunk := range slices.Chunk(skills, skillsPerCall) {
		body := make([]rating, len(chunk))
		for i, s := range chunk {
			body[i] = rating{s.ID, s.Proficiency}
		}
		if err := c.do(ctx, request{route: routePatchSkills, args: []string{userID}, body: body}); err != nil {
			return err
		}
	}
	return nil
}

// RemoveUserSkill takes a skill from a user.
func (c *Client) RemoveUserSkill(ctx context.Context, userID, skillID string) error {
	return c.do(ctx, request{route: routeDeleteSkill, args: []string{userID, skillID}})
}

// CreateQueue creates a queue. A name that exists gives fault.Conflict (IsDuplicate). After an
// error with UnknownOutcome look the queue up by name or peer id before trying again.
func (c *Client) CreateQueue(ctx context.Context, q Queue) (Queue, error) {
	q.ID = ""
	var made Queue
	return made, c.do(ctx, request{route: routeCreateQueue, body: q, out: &made})
}

// GetQueue reads a queue.
func (c *Client) GetQueue(ctx context.Context, id string) (Queue, error) {
	var q Queue
	return q, c.do(ctx, request{route: routeQueue, args: []string{id}, out: &q})
}

// Queues lists queues.
func (c *Client) Queues(ctx context.Context, f QueueFilter) iter.Seq2[Queue, error] {
	query := queryOf("name", f.Name, "peerId", f.PeerID)
	if f.HasPeer {
		query.Set("hasPeer", "true")
	}
	return pages[Queue](ctx, c, request{route: routeQueues, query: query}, pageSizeLarge)
}

// UpdateQueue reads the queue, lets change alter it and writes it back as a whole, because the API
// has no partial update. What change leaves alone stays as it was read.
func (c *Client) UpdateQueue(ctx context.Context, id string, change func(*Queue)) (Queue, error) {
	q, err := c.GetQueue(ctx, id)
	if err != nil {
		return Queue{}, err
	}
	change(&q)
	var now Queue
	return now, c.do(ctx, request{route: routePutQueue, args: []string{id}, body: q, out: &now})
}

// QueueMembers lists the members of a queue that are members themselves, not through a group.
func (c *Client) QueueMembers(ctx context.Context, queueID string) iter.Seq2[QueueMember, error] {
	return pages[QueueMember](ctx, c, request{route: routeMembers, args: []string{queueID}, query: queryOf("memberBy", "user")}, pageSizeLarge)
}

// AddQueueMembers makes users members of a queue, 100 per call.
func (c *Client) AddQueueMembers(ctx context.Context, queueID string, userIDs []string) error {
	return c.postRefs(ctx, request{route: routePostMembers, args: []string{queueID}, query: queryOf("delete", "false")}, userIDs, membersPerCall)
}

// RemoveQueueMembers ends users' membership of a queue, 100 per call.
func (c *Client) RemoveQueueMembers(ctx context.Context, queueID string, userIDs []string) error {
	return c.postRefs(ctx, request{route: routePostMembers, args: []string{queueID}, query: queryOf("delete", "true")}, userIDs, membersPerCall)
}

// CreateWrapupCode creates a wrap-up code. A name that exists gives fault.Conflict (IsDuplicate).
func (c *Client) CreateWrapupCode(ctx context.Context, code WrapupCode) (WrapupCode, error) {
	code.ID = ""
	var made WrapupCode
	return made, c.do(ctx, request{route: routeCreateCode, body: code, out: &made})
}

// WrapupCodes lists the organization's wrap-up codes; name, when given, selects by name.
func (c *Client) WrapupCodes(ctx context.Context, name string) iter.Seq2[WrapupCode, error] {
	return pages[WrapupCode](ctx, c, request{route: routeCodes, query: queryOf("name", name)}, pageSizeLarge)
}

// QueueWrapupCodes lists the wrap-up codes of a queue.
func (c *Client) QueueWrapupCodes(ctx context.Context, queueID string) iter.Seq2[WrapupCode, error] {
	return pages[WrapupCode](ctx, c, request{route: routeQueueCodes, args: []string{queueID}}, pageSizeLarge)
}

// AddQueueWrapupCodes assigns wrap-up codes to a queue, 100 per call.
func (c *Client) AddQueueWrapupCodes(ctx context.Context, queueID string, codeIDs []string) error {
	return c.postRefs(ctx, request{route: routePostQueueCodes, args: []string{queueID}}, codeIDs, codesPerCall)
}

// postRefs posts ids in chunks as [{"id": ...}].
func (c *Client) postRefs(ctx context.Context, r request, ids []string, perCall int) error {
	for chunk := range slices.Chunk(ids, perCall) {
		refs := make([]Ref, len(chunk))
		for i, id := range chunk {
			refs[i] = Ref{ID: id}
		}
		r.body = refs
		if err := c.do(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
