package org

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxPerCall is the size of a member or wrap-up code list in one call, and of a page of members.
const maxPerCall = 100

type memberView struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	User          platformUser   `json:"user"`
	RingNumber    int            `json:"ringNumber"`
	Joined        bool           `json:"joined"`
	MemberBy      string         `json:"memberBy"`
	RoutingStatus *routingStatus `json:"routingStatus,omitempty"`
	SelfURI       string         `json:"selfUri"`
}

func (o *Org) listMembers(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	p, flt := pageOf(c, maxPerCall)
	if flt != nil {
		return nil, flt
	}
	query := c.r.URL.Query()
	name, by, joined := strings.ToLower(query.Get("name")), query.Get("memberBy"), query.Get("joined")
	if by != "" && by != "user" && by != "group" {
		return nil, fail(codeInvalidParam, clip(by), "memberBy", "user, group")
	}
	out := []memberView{}
	for userID, m := range q.members {
		u := o.users.byID[userID]
		switch {
		case u == nil, by == "group", !o.visible(m.added),
			name != "" && !strings.Contains(strings.ToLower(u.displayName), name),
			joined == "true" && !m.joined, joined == "false" && m.joined:
		default:
			out = append(out, memberView{
				ID: u.id, Name: u.displayName, User: o.platformView(u, nil), RingNumber: 1, Joined: m.joined, MemberBy: "user",
				RoutingStatus: o.routingStatusOf(u), SelfURI: "/api/v2/routing/queues/" + q.ID + "/members/" + u.id,
			})
		}
	}
	slices.SortFunc(out, func(a, b memberView) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return ok(cutWithoutTotal(p, out))
}

type entityRef struct {
	ID     string `json:"id"`
	Joined *bool  `json:"joined"`
}

// Properties of the entries of the lists: WritableEntity and QueueMember of the API definition.
var (
	writableEntity = []string{"id"}
	queueMember    = []string{"id", "name", "user", "ringNumber", "joined", "memberBy", "routingStatus", "selfUri"}
)

// refs reads a list of 1 to 100 references that have no other properties than those given.
func refs(c *call, object string, properties []string) ([]entityRef, *fault) {
	entries, flt := decodeList[map[string]json.RawMessage](c.body)
	if flt != nil {
		return nil, flt
	}
	for _, entry := range entries {
		for _, name := range slices.Sorted(maps.Keys(entry)) {
			if !slices.Contains(properties, name) {
				return nil, fail(codeInvalidProperty, clip(name), object)
			}
		}
	}
	list, flt := decodeList[entityRef](c.body)
	switch {
	case flt != nil:
		return nil, flt
	case len(list) == 0:
		return nil, constraint("at least one entry has to be given")
	case len(list) > maxPerCall:
		return nil, constraint("no more than %d entries can be given at a time", maxPerCall)
	}
	for _, ref := range list {
		if !isUUID(ref.ID) {
			return nil, fail(codeInvalidID).entity(clip(ref.ID))
		}
	}
	return list, nil
}

// changeMembers adds members, or takes them away with delete=true. It answers without a body.
func (o *Org) changeMembers(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	list, flt := refs(c, "WritableEntity", writableEntity)
	if flt != nil {
		return nil, flt
	}
	taking := c.r.URL.Query().Get("delete")
	if taking != "" && taking != "true" && taking != "false" {
		return nil, fail(codeInvalidParam, clip(taking), "delete", "true, false")
	}
	for _, ref := range list {
		if u := o.users.byID[ref.ID]; u == nil || u.deleted {
			return nil, fail(codeNoResource).entity(ref.ID)
		}
	}
	for _, ref := range list {
		switch {
		case taking == "true":
			delete(q.members, ref.ID)
		case q.members[ref.ID] == nil:
			q.members[ref.ID] = &member{joined: true, added: c.now}
		}
	}
	o.changed()
	return &reply{status: http.StatusOK}, nil
}

// joinMembers sets the joined flag of members.
func (o *Org) joinMembers(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	list, flt := refs(c, "QueueMember", queueMember)
	if flt != nil {
		return nil, flt
	}
	for _, ref := range list {
		if q.members[ref.ID] == nil || ref.Joined == nil {
			return nil, fail(codeNoResource).entity(ref.ID)
		}
	}
	for _, ref := range list {
		q.members[ref.ID].joined = *ref.Joined
	}
	return o.listMembers(c)
}

func (o *Org) deleteMember(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	id, flt := pathID(c, "memberId")
	if flt != nil {
		return nil, flt
	}
	if q.members[id] == nil {
		return nil, fail(codeNoResource).entity(id)
	}
	delete(q.members, id)
	o.changed()
	return noContent()
}
