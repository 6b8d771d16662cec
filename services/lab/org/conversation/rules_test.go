package conversation_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/lab/org/conversation"
)

// world is the directory of the tests: ids it knows are good for everything.
type world map[string]bool

func (w world) HasUser(id string) bool         { return w[id] }
func (w world) HasQueue(id string) bool        { return w[id] }
func (w world) HasWrapupCode(id string) bool   { return w[id] }
func (w world) HasActiveSource(id string) bool { return w[id] }

var base = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// stage is a book with one conversation in the making; every event is a second later than the one before.
type stage struct {
	t       *testing.T
	book    *conversation.Book
	dir     world
	conv    string
	at      time.Time
	user    string
	other   string
	queue   string
	code    string
	source  string
	x, q, a string // legs
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, book: conversation.NewBook(100), conv: uuid.NewString(), at: base,
		user: uuid.NewString(), other: uuid.NewString(), queue: uuid.NewString(), code: uuid.NewString(), source: uuid.NewString(),
		x: uuid.NewString(), q: uuid.NewString(), a: uuid.NewString()}
	s.dir = world{s.user: true, s.other: true, s.queue: true, s.code: true, s.source: true}
	return s
}

// try applies an event with what all events need.
func (s *stage) try(ev conversation.Event) *conversation.Rejection {
	s.at = s.at.Add(time.Second)
	if ev.At.IsZero() {
		ev.At = s.at
	}
	if ev.ID == "" {
		ev.ID = uuid.NewString()
	}
	if ev.ConversationID == "" {
		ev.ConversationID = s.conv
	}
	if ev.Source.SourceID == "" {
		ev.Source.SourceID = s.source
	}
	return s.book.Apply(ev, s.dir)
}

func (s *stage) do(ev conversation.Event) {
	s.t.Helper()
	require.Nil(s.t, s.try(ev), string(ev.Kind))
}

func (s *stage) external() {
	s.do(conversation.Event{Kind: conversation.ExternalEstablished, CommunicationID: s.x})
}

func (s *stage) waiting() {
	s.external()
	s.do(conversation.Event{Kind: conversation.RoutingEstablished, CommunicationID: s.q, QueueID: s.queue})
}

func (s *stage) ringing() {
	s.waiting()
	s.do(conversation.Event{Kind: conversation.UserEstablished, CommunicationID: s.a, UserID: s.user,
		Initial: conversation.Initial{Alerting: true, Inbound: true}})
}

func (s *stage) talking() {
	s.ringing()
	s.do(conversation.Event{Kind: conversation.Answered, CommunicationID: s.a})
	s.do(conversation.Event{Kind: conversation.CommunicationEnded, CommunicationID: s.q, DisconnectType: "TransferUser"})
}

func (s *stage) over() {
	s.talking()
	s.end(s.x)
	s.end(s.a)
}

func (s *stage) end(leg string) {
	s.do(conversation.Event{Kind: conversation.CommunicationEnded, CommunicationID: leg, DisconnectType: "Self"})
}

func (s *stage) transfer(command string) conversation.Event {
	return conversation.Event{Kind: conversation.UserTransfer, CommandID: command, TransferType: "Unattended",
		Initiating: s.a, Target: s.a, Object: s.x, DestinationUserID: s.other}
}

// TestEveryRuleRefusesWithItsReason has a row for every rule of the table.
func TestEveryRuleRefusesWithItsReason(t *testing.T) {
	unknown := uuid.NewString()
	command := uuid.NewString()
	type ev = conversation.Event
	userLeg := func(s *stage, user string, initial conversation.Initial) ev {
		return ev{Kind: conversation.UserEstablished, CommunicationID: uuid.NewString(), UserID: user, Initial: initial}
	}
	rows := []struct {
		name      string
		set       func(s *stage)
		event     func(s *stage) ev
		want      conversation.Reason
		retryable bool
	}{
		{"repeated event id", (*stage).external, func(s *stage) ev {
			id := uuid.NewString()
			s.do(ev{Kind: conversation.RoutingEstablished, ID: id, CommunicationID: s.q, QueueID: s.queue})
			return ev{Kind: conversation.CommunicationEnded, ID: id, CommunicationID: s.q, DisconnectType: "Self"}
		}, conversation.ReasonRepeated, false},
		{"unknown source", nil, func(*stage) ev {
			return ev{Kind: conversation.ExternalEstablished, CommunicationID: uuid.NewString(), Source: conversation.Source{SourceID: unknown}}
		}, conversation.ReasonSource, false},
		{"unknown queue", (*stage).external, func(s *stage) ev {
			return ev{Kind: conversation.RoutingEstablished, CommunicationID: s.q, QueueID: unknown}
		}, conversation.ReasonQueue, false},
		{"unknown user", (*stage).external, func(s *stage) ev { return userLeg(s, unknown, conversation.Initial{}) },
			conversation.ReasonUser, false},
		{"unknown queue of an outbound call", (*stage).external, func(s *stage) ev {
			e := userLeg(s, s.user, conversation.Initial{})
			e.QueueID = unknown
			return e
		}, conversation.ReasonQueue, false},
		{"unknown inviter", (*stage).external, func(s *stage) ev {
			return ev{Kind: conversation.IVREstablished, CommunicationID: s.q, Initial: conversation.Initial{InvitedBy: unknown}}
		}, conversation.ReasonCommunication, true},
		{"unknown conversation", nil, func(s *stage) ev { return ev{Kind: conversation.Answered, CommunicationID: s.a} },
			conversation.ReasonConversation, false},
		{"unknown communication", (*stage).external, func(*stage) ev {
			return ev{Kind: conversation.Answered, CommunicationID: unknown}
		}, conversation.ReasonCommunication, false},
		{"established twice", (*stage).external, func(s *stage) ev {
			return ev{Kind: conversation.PhoneEstablished, CommunicationID: s.x}
		}, conversation.ReasonEstablished, false},
		{"established in another conversation", (*stage).external, func(s *stage) ev {
			return ev{Kind: conversation.PhoneEstablished, ConversationID: uuid.NewString(), CommunicationID: s.x}
		}, conversation.ReasonEstablished, false},
		{"time stands still", (*stage).external, func(s *stage) ev {
			return ev{Kind: conversation.PhoneEstablished, CommunicationID: s.q, At: s.at}
		}, conversation.ReasonTimeOrder, false},
		{"time goes back", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.HoldUpdated, CommunicationID: s.a, Held: true, At: base}
		}, conversation.ReasonTimeOrder, false},
		{"established after the end", (*stage).over, func(*stage) ev {
			return ev{Kind: conversation.PhoneEstablished, CommunicationID: uuid.NewString()}
		}, conversation.ReasonConversationEnd, false},
		{"transfer after the end", (*stage).over, func(s *stage) ev { return s.transfer(command) },
			conversation.ReasonConversationEnd, false},
		{"answered after its end", (*stage).over, func(s *stage) ev { return ev{Kind: conversation.Answered, CommunicationID: s.a} },
			conversation.ReasonLegEnded, false},
		{"ended twice", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.CommunicationEnded, CommunicationID: s.q, DisconnectType: "Self"}
		}, conversation.ReasonLegEnded, false},
		{"audio after the end", (*stage).over, func(s *stage) ev { return ev{Kind: conversation.AudioUpdated, CommunicationID: s.a} },
			conversation.ReasonLegEnded, false},
		{"merged into itself", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.CommunicationEnded, CommunicationID: s.a, DisconnectType: "Transfer", DestinationConversationID: s.conv}
		}, conversation.ReasonInvalidValue, false},
		{"answered twice", (*stage).talking, func(s *stage) ev { return ev{Kind: conversation.Answered, CommunicationID: s.a} },
			conversation.ReasonNotAlerting, false},
		{"answered although it began connected", (*stage).external, func(s *stage) ev {
			return ev{Kind: conversation.Answered, CommunicationID: s.x}
		}, conversation.ReasonNotAlerting, false},
		{"held while ringing", (*stage).ringing, func(s *stage) ev {
			return ev{Kind: conversation.HoldUpdated, CommunicationID: s.a, Held: true}
		}, conversation.ReasonNotConnected, false},
		{"disposition of the caller", (*stage).over, func(s *stage) ev {
			return ev{Kind: conversation.DispositionApplied, CommunicationID: s.x, Code: s.code}
		}, conversation.ReasonNotAgent, false},
		{"unknown wrap-up code", (*stage).over, func(s *stage) ev {
			return ev{Kind: conversation.DispositionApplied, CommunicationID: s.a, Code: unknown}
		}, conversation.ReasonWrapupCode, false},
		{"disposition twice", func(s *stage) {
			s.over()
			s.do(ev{Kind: conversation.DispositionApplied, CommunicationID: s.a})
		}, func(s *stage) ev {
			return ev{Kind: conversation.DispositionApplied, CommunicationID: s.a, Code: s.code}
		},
			conversation.ReasonDisposed, false},
		{"second main call", (*stage).talking, func(s *stage) ev {
			e := userLeg(s, s.user, conversation.Initial{Inbound: true})
			e.ConversationID = uuid.NewString()
			return e
		}, conversation.ReasonUserBusy, true},
		{"third call", func(s *stage) {
			s.talking()
			s.do(userLeg(s, s.user, conversation.Initial{}))
		}, func(s *stage) ev { return userLeg(s, s.user, conversation.Initial{}) }, conversation.ReasonUserBusy, true},
		{"transfer command used twice", func(s *stage) {
			s.talking()
			s.do(s.transfer(command))
		}, func(s *stage) ev { return s.transfer(command) }, conversation.ReasonTransferTwice, false},
		{"transfer of an unknown leg", (*stage).talking, func(s *stage) ev {
			e := s.transfer(command)
			e.Object = unknown
			return e
		}, conversation.ReasonCommunication, false},
		{"transfer of an ended leg", (*stage).talking, func(s *stage) ev {
			e := s.transfer(command)
			e.Target = s.q
			return e
		}, conversation.ReasonLegEnded, false},
		{"transfer to an unknown user", (*stage).talking, func(s *stage) ev {
			e := s.transfer(command)
			e.DestinationUserID = unknown
			return e
		}, conversation.ReasonUser, false},
		{"transfer to an unknown queue", (*stage).talking, func(s *stage) ev {
			e := s.transfer(command)
			e.Kind, e.DestinationQueueID = conversation.RoutingTransfer, unknown
			return e
		}, conversation.ReasonQueue, false},
		{"progress without beginning", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.ProgressTransfer, CommandID: command, Object: s.x, Destination: s.a}
		}, conversation.ReasonTransfer, false},
		{"end without beginning", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.EndTransfer, CommandID: command, Object: s.x, FinalState: "Completed"}
		}, conversation.ReasonTransfer, false},
		{"ended transfer", func(s *stage) {
			s.talking()
			s.do(s.transfer(command))
			s.do(ev{Kind: conversation.EndTransfer, CommandID: command, Object: s.x, FinalState: "Failed"})
		}, func(s *stage) ev {
			return ev{Kind: conversation.EndTransfer, CommandID: command, Object: s.x, FinalState: "Completed"}
		}, conversation.ReasonTransferEnded, false},
		{"progress of another object", func(s *stage) {
			s.talking()
			s.do(s.transfer(command))
		}, func(s *stage) ev {
			return ev{Kind: conversation.ProgressTransfer, CommandID: command, Object: s.a, Destination: s.a}
		}, conversation.ReasonTransferLegs, false},
		{"progress to an unknown leg", func(s *stage) {
			s.talking()
			s.do(s.transfer(command))
		}, func(s *stage) ev {
			return ev{Kind: conversation.ProgressTransfer, CommandID: command, Object: s.x, Destination: unknown}
		}, conversation.ReasonCommunication, false},
		{"progress to an ended leg", func(s *stage) {
			s.talking()
			s.do(s.transfer(command))
		}, func(s *stage) ev {
			return ev{Kind: conversation.ProgressTransfer, CommandID: command, Object: s.x, Destination: s.q}
		}, conversation.ReasonLegEnded, false},
		{"progress to another user", func(s *stage) {
			s.talking()
			s.do(s.transfer(command))
		}, func(s *stage) ev {
			return ev{Kind: conversation.ProgressTransfer, CommandID: command, Object: s.x, Destination: s.a}
		}, conversation.ReasonTransferLegs, false},
		{"consult progress without beginning", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.ProgressConsultTransfer, Initiating: s.a, Object: s.x, Destination: s.a}
		}, conversation.ReasonTransfer, false},
		{"consult end without beginning", (*stage).talking, func(*stage) ev { return ev{Kind: conversation.EndConsultTransfer} },
			conversation.ReasonTransfer, false},
		{"consult of an unknown leg", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.ConsultTransfer, Initiating: s.a, Object: s.x, Destination: unknown}
		}, conversation.ReasonCommunication, false},
		{"consult of an ended leg", (*stage).talking, func(s *stage) ev {
			return ev{Kind: conversation.ConsultTransfer, Initiating: s.a, Object: s.q, Destination: s.a}
		}, conversation.ReasonLegEnded, false},
		{"consult twice", func(s *stage) {
			s.talking()
			s.do(ev{Kind: conversation.ConsultTransfer, Initiating: s.a, Object: s.x, Destination: s.a})
		}, func(s *stage) ev {
			return ev{Kind: conversation.ConsultTransfer, Initiating: s.a, Object: s.x, Destination: s.a}
		}, conversation.ReasonTransferTwice, false},
		{"consult of other legs", func(s *stage) {
			s.talking()
			s.do(ev{Kind: conversation.ConsultTransfer, Initiating: s.a, Object: s.x, Destination: s.a})
		}, func(s *stage) ev {
			return ev{Kind: conversation.ProgressConsultTransfer, Initiating: s.x, Object: s.x, Destination: s.a}
		}, conversation.ReasonTransferLegs, false},
		{"too many legs", func(s *stage) {
			for range 100 {
				s.do(ev{Kind: conversation.PhoneEstablished, CommunicationID: uuid.NewString()})
			}
		}, func(*stage) ev { return ev{Kind: conversation.PhoneEstablished, CommunicationID: uuid.NewString()} },
			conversation.ReasonTooLarge, false},
		{"too many transfers", func(s *stage) {
			s.talking()
			for range 200 {
				id := uuid.NewString()
				s.do(s.transfer(id))
				s.do(ev{Kind: conversation.EndTransfer, CommandID: id, Object: s.x, FinalState: "Failed"})
			}
		}, func(s *stage) ev { return s.transfer(uuid.NewString()) }, conversation.ReasonTooLarge, false},
		{"too many holds", func(s *stage) {
			s.talking()
			for i := range 2000 {
				s.do(ev{Kind: conversation.HoldUpdated, CommunicationID: s.a, Held: i%2 == 0})
			}
		}, func(s *stage) ev { return ev{Kind: conversation.HoldUpdated, CommunicationID: s.a, Held: true} },
			conversation.ReasonTooLarge, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t)
			if row.set != nil {
				row.set(s)
			}
			event := row.event(s)
			before, _ := s.book.Get(s.conv)
			got := s.try(event)
			require.NotNil(t, got)
			require.Equal(t, row.want, got.Reason, got.Message)
			require.Equal(t, row.retryable, got.Retryable)
			after, _ := s.book.Get(s.conv)
			require.Equal(t, before, after, "a refused event changes nothing")
		})
	}
}

func TestAfterTheEndOnlyDispositionAndTheEndOfTransfersAreTaken(t *testing.T) {
	s := newStage(t)
	s.ringing()
	command := uuid.NewString()
	e := s.transfer(command)
	e.Initiating, e.Target, e.DestinationUserID = s.q, s.q, s.user
	s.do(e)
	s.end(s.x)
	s.end(s.q)
	s.end(s.a)
	s.do(conversation.Event{Kind: conversation.EndTransfer, CommandID: command, Object: s.x, FinalState: "Canceled"})
	conv, _ := s.book.Get(s.conv)
	require.True(t, conv.Ended())
	require.Equal(t, "Canceled", conv.Transfers[0].FinalState)
}

func TestSkippedDispositionHasNoCode(t *testing.T) {
	s := newStage(t)
	s.over()
	s.do(conversation.Event{Kind: conversation.DispositionApplied, CommunicationID: s.a, Notes: "ignored"})
	conv, _ := s.book.Get(s.conv)
	require.True(t, conv.Party(s.a).WrapupSkipped)
	require.Empty(t, conv.Party(s.a).WrapupNotes)
}

func TestConsultTransferMovesTheCaller(t *testing.T) {
	s := newStage(t)
	s.talking()
	second, b := uuid.NewString(), uuid.NewString()
	s.do(conversation.Event{Kind: conversation.HoldUpdated, CommunicationID: s.a, Held: true})
	s.do(conversation.Event{Kind: conversation.UserEstablished, CommunicationID: second, UserID: s.user})
	s.do(conversation.Event{Kind: conversation.UserEstablished, CommunicationID: b, UserID: s.other,
		Initial: conversation.Initial{Alerting: true, InvitedBy: s.a}})
	s.do(conversation.Event{Kind: conversation.Answered, CommunicationID: b})
	s.do(conversation.Event{Kind: conversation.ConsultTransfer, Initiating: s.a, Object: s.x, Destination: b})
	s.do(conversation.Event{Kind: conversation.ProgressConsultTransfer, Initiating: s.a, Object: s.x, Destination: b})
	s.do(conversation.Event{Kind: conversation.CommunicationEnded, CommunicationID: s.a, DisconnectType: "TransferConsult"})
	s.do(conversation.Event{Kind: conversation.CommunicationEnded, CommunicationID: second, DisconnectType: "TransferConsult"})
	s.do(conversation.Event{Kind: conversation.EndConsultTransfer})
	conv, _ := s.book.Get(s.conv)
	require.True(t, conv.Party(second).Consult)
	require.Equal(t, "Completed", conv.Transfers[0].FinalState)
	require.False(t, conv.Party(s.a).Holds[0].End.IsZero(), "the end of a leg ends its hold")
	require.False(t, conv.Ended())

	// The user is free again: another main call is taken.
	e := conversation.Event{Kind: conversation.UserEstablished, ConversationID: uuid.NewString(), CommunicationID: uuid.NewString(),
		UserID: s.user, Initial: conversation.Initial{Inbound: true}}
	s.do(e)
}

func TestALegMovesToTheConversationItWasMergedInto(t *testing.T) {
	s := newStage(t)
	s.talking()
	merged := uuid.NewString()
	s.do(conversation.Event{Kind: conversation.CommunicationEnded, CommunicationID: s.a, DisconnectType: "TransferConsult",
		DestinationConversationID: merged})
	s.do(conversation.Event{Kind: conversation.UserEstablished, ConversationID: merged, CommunicationID: s.a, UserID: s.user})
	require.Equal(t, 2, s.book.Len())
}

func TestSayingHoldTwiceChangesNothing(t *testing.T) {
	s := newStage(t)
	s.talking()
	for _, held := range []bool{false, true, true, false, false} {
		s.do(conversation.Event{Kind: conversation.HoldUpdated, CommunicationID: s.a, Held: held})
	}
	conv, _ := s.book.Get(s.conv)
	require.Len(t, conv.Party(s.a).Holds, 1)
}

func TestEvictedConversationsFreeTheirUsers(t *testing.T) {
	s := newStage(t)
	s.book = conversation.NewBook(1)
	s.talking()
	conv := uuid.NewString()
	s.do(conversation.Event{Kind: conversation.ExternalEstablished, ConversationID: conv, CommunicationID: uuid.NewString()})
	require.Equal(t, 1, s.book.Len())
	s.do(conversation.Event{Kind: conversation.UserEstablished, ConversationID: conv, CommunicationID: uuid.NewString(), UserID: s.user,
		Initial: conversation.Initial{Inbound: true}})
	require.False(t, s.book.ActiveInQueue(s.queue))
}

// TestAnyEventsLeaveASoundBook throws random events at a book: whatever is accepted keeps the invariants.
func TestAnyEventsLeaveASoundBook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStage(t)
		legs := []string{s.x, s.q, s.a, uuid.NewString()}
		convs := []string{s.conv, uuid.NewString()}
		commands := []string{uuid.NewString(), uuid.NewString()}
		pick := func(name string, from []string) string { return rapid.SampledFrom(from).Draw(rt, name) }
		steps := rapid.IntRange(1, 60).Draw(rt, "steps")
		for range steps {
			s.try(conversation.Event{
				Kind:           rapid.SampledFrom(conversation.Kinds()).Draw(rt, "kind"),
				ConversationID: pick("conversation", convs), CommunicationID: pick("leg", legs),
				UserID: pick("user", []string{s.user, s.other}), QueueID: s.queue,
				Initial: conversation.Initial{Alerting: rapid.Bool().Draw(rt, "alerting"), Inbound: rapid.Bool().Draw(rt, "inbound")},
				Held:    rapid.Bool().Draw(rt, "held"), DisconnectType: "Self", CommandID: pick("command", commands),
				Initiating: pick("initiating", legs), Target: pick("target", legs), Object: pick("object", legs),
				Destination: pick("destination", legs), DestinationUserID: s.other, DestinationQueueID: s.queue, FinalState: "Completed",
			})
		}
		for _, c := range s.book.Since(0, 0) {
			checkSound(rt, c)
		}
	})
}

func checkSound(t require.TestingT, c conversation.Conversation) {
	live := 0
	for i := range c.Parties {
		p := &c.Parties[i]
		if p.Live() {
			live++
		}
		require.False(t, !p.End.IsZero() && p.End.Before(p.Start))
		require.False(t, !p.Answered.IsZero() && p.Answered.Before(p.Start))
		for j, h := range p.Holds {
			require.False(t, h.Start.Before(p.Answered))
			require.True(t, j == len(p.Holds)-1 && p.Live() || !h.End.IsZero(), "an open hold of an ended leg")
		}
	}
	require.Equal(t, live == 0, c.Ended())
}
