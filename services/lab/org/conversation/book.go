package conversation

import (
	"cmp"
	"slices"

	"engage.connector/services/lab/org/recent"
)

// Book holds the conversations of an organization, the newest changed ones up to its size. It is not safe for
// concurrent use.
type Book struct {
	convs *recent.List[Conversation]
	seen  *IDSet
	legs  map[string]string   // communication id -> conversation id
	users map[string][]string // user id -> communication ids of the live legs
}

// idsPerConversation is the share of the memory for used event ids.
const idsPerConversation = 20

// NewBook returns an empty book of at most size conversations.
func NewBook(size int) *Book {
	b := &Book{
		seen:  NewIDSet(min(max(size, 1)*idsPerConversation, 2_000_000)),
		legs:  make(map[string]string),
		users: make(map[string][]string),
	}
	b.convs = recent.New(size, b.forget)
	return b
}

// Apply tests an event against the rules and, when none is broken, applies it. A refused event changes nothing and
// leaves its event id unused. A repeated event id is refused with ReasonRepeated.
func (b *Book) Apply(ev Event, dir Directory) *Rejection {
	if b.seen.Has(ev.ID) {
		return Refuse(ReasonRepeated, "eventId already used")
	}
	v := b.view(&ev, dir)
	for _, r := range rules[ev.Kind] {
		if r.broken(v) {
			return &Rejection{Reason: r.reason, Message: r.message, Retryable: r.retryable}
		}
	}
	b.apply(v)
	b.seen.Add(ev.ID)
	return nil
}

// Get returns a copy of a conversation.
func (b *Book) Get(id string) (Conversation, bool) {
	if c := b.convs.Get(id); c != nil {
		return c.Clone(), true
	}
	return Conversation{}, false
}

// Len returns how many conversations the book holds.
func (b *Book) Len() int { return b.convs.Len() }

// Seq returns the number of the last change, for Since.
func (b *Book) Seq() uint64 { return b.convs.Seq() }

// Since returns copies of the conversations changed after seq, at most limit (0 = all), ordered by start and id.
func (b *Book) Since(seq uint64, limit int) []Conversation {
	out := []Conversation{}
	b.convs.Since(seq, limit, func(c *Conversation) { out = append(out, c.Clone()) })
	slices.SortFunc(out, func(x, y Conversation) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
	return out
}

// ActiveInQueue reports whether a conversation waits in a queue or runs on its behalf.
func (b *Book) ActiveInQueue(queueID string) bool {
	found := false
	b.convs.Since(0, 0, func(c *Conversation) {
		found = found || slices.ContainsFunc(c.Parties, func(p Party) bool { return p.QueueID == queueID && p.Live() })
	})
	return found
}

func (b *Book) view(ev *Event, dir Directory) *view {
	v := &view{book: b, dir: dir, ev: ev, conv: b.convs.Get(ev.ConversationID)}
	if v.conv == nil {
		return v
	}
	v.leg = v.conv.Party(ev.CommunicationID)
	switch ev.Kind {
	case ConsultTransfer, ProgressConsultTransfer, EndConsultTransfer:
		v.cmd = v.conv.consult()
	default:
		v.cmd = v.conv.command(ev.CommandID)
	}
	return v
}

// party finds a communication in any conversation.
func (b *Book) party(communicationID string) *Party {
	conv := b.convs.Get(b.legs[communicationID])
	if conv == nil {
		return nil
	}
	return conv.Party(communicationID)
}

// mayEstablish reports whether a communication id is free: never used, or moved here by the merge of conversations.
func (b *Book) mayEstablish(ev *Event) bool {
	known, used := b.legs[ev.CommunicationID]
	if !used {
		return true
	}
	leg := b.party(ev.CommunicationID)
	return known != ev.ConversationID && leg != nil && !leg.Live() && leg.DestinationConversationID == ev.ConversationID
}

// userMayTake reports whether a user can get another leg: one main call, and beside it one consultation, which is a
// leg of the same conversation, an outbound one, or one to which another user has invited.
func (b *Book) userMayTake(v *view) bool {
	live := b.users[v.ev.UserID]
	return len(live) == 0 || (len(live) == 1 && b.looksLikeConsult(v))
}

func (b *Book) looksLikeConsult(v *view) bool {
	if !v.ev.Initial.Inbound {
		return true
	}
	if inviter := b.party(v.ev.Initial.InvitedBy); inviter != nil && inviter.Purpose == Agent {
		return true
	}
	live := b.users[v.ev.UserID]
	return len(live) > 0 && b.legs[live[0]] == v.ev.ConversationID
}

// forget removes what the indexes know of an evicted conversation.
func (b *Book) forget(id string, c *Conversation) {
	for i := range c.Parties {
		p := &c.Parties[i]
		if b.legs[p.CommunicationID] == id {
			delete(b.legs, p.CommunicationID)
		}
		b.release(p)
	}
}

// release takes a leg from its user's live legs.
func (b *Book) release(p *Party) {
	if p.UserID == "" {
		return
	}
	live := slices.DeleteFunc(b.users[p.UserID], func(id string) bool { return id == p.CommunicationID })
	if len(live) == 0 {
		delete(b.users, p.UserID)
		return
	}
	b.users[p.UserID] = live
}
