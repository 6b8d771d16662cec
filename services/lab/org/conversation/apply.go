package conversation

import "cmp"

// applied is the table of effects; an event gets here only when no rule was broken.
var applied = map[Kind]func(b *Book, v *view){
	ExternalEstablished: establish, IVREstablished: establish, RoutingEstablished: establish,
	UserEstablished: establish, PhoneEstablished: establish,

	Answered:           func(_ *Book, v *view) { v.leg.Answered = v.ev.At },
	HoldUpdated:        hold,
	AudioUpdated:       func(_ *Book, v *view) { v.leg.Muted = v.ev.Audio.CanSpeak != nil && !*v.ev.Audio.CanSpeak },
	CommunicationEnded: endLeg,
	DispositionApplied: dispose,

	UserTransfer: begin, RoutingTransfer: begin, PhoneTransfer: begin, ConsultTransfer: begin,

	ProgressTransfer: func(_ *Book, v *view) {
		v.cmd.Destination, v.cmd.Progressed = v.ev.Destination, v.ev.At
	},
	EndTransfer: func(_ *Book, v *view) {
		v.cmd.FinalState, v.cmd.Ended = v.ev.FinalState, v.ev.At
	},
	ProgressConsultTransfer: func(_ *Book, v *view) { v.cmd.Progressed = v.ev.At },
	EndConsultTransfer:      endConsult,
}

// purposes tells which party an established event makes.
var purposes = map[Kind]Purpose{
	ExternalEstablished: External, IVREstablished: IVR, RoutingEstablished: ACD, UserEstablished: Agent, PhoneEstablished: Phone,
}

// transferKinds tells which transfer an event begins.
var transferKinds = map[Kind]string{
	UserTransfer: kindUser, RoutingTransfer: kindRouting, PhoneTransfer: kindPhone, ConsultTransfer: kindConsult,
}

func (b *Book) apply(v *view) {
	if v.conv == nil {
		v.conv = &Conversation{
			ID: v.ev.ConversationID, InteractionID: v.ev.Source.InteractionID, SourceID: v.ev.Source.SourceID, Start: v.ev.At,
		}
	}
	applied[v.ev.Kind](b, v)
	v.conv.LastEvent = v.ev.At
	v.conv.Events++
	b.convs.Put(v.conv.ID, v.conv)
}

func establish(b *Book, v *view) {
	ev := v.ev
	p := Party{
		CommunicationID: ev.CommunicationID, Purpose: purposes[ev.Kind], UserID: ev.UserID, QueueID: ev.QueueID,
		Name:        cmp.Or(ev.IVRName, ev.ANIName),
		PhoneNumber: cmp.Or(ev.PhoneNumber, ev.IVRPhone),
		ANI:         ev.ANI, DNIS: ev.DNIS, InteractionID: ev.Source.InteractionID,
		InvitedBy: ev.Initial.InvitedBy, Inbound: ev.Initial.Inbound, Start: ev.At, ACWRequired: ev.ACWRequired,
		Muted: ev.Initial.Audio.CanSpeak != nil && !*ev.Initial.Audio.CanSpeak,
	}
	if !ev.Initial.Alerting {
		p.Answered = ev.At
	}
	if ev.Kind == UserEstablished {
		p.Consult = len(b.users[ev.UserID]) > 0
		b.users[ev.UserID] = append(b.users[ev.UserID], p.CommunicationID)
	}
	if v.conv.ExternalTag == "" {
		v.conv.ExternalTag = ev.Source.TagID
	}
	b.legs[p.CommunicationID] = v.conv.ID
	v.conv.Parties = append(v.conv.Parties, p)
}

// hold opens or closes a hold interval; saying the same twice changes nothing.
func hold(_ *Book, v *view) {
	switch held := v.leg.Held(); {
	case v.ev.Held && !held:
		v.leg.Holds = append(v.leg.Holds, Interval{Start: v.ev.At})
	case !v.ev.Held && held:
		v.leg.Holds[len(v.leg.Holds)-1].End = v.ev.At
	}
}

func endLeg(b *Book, v *view) {
	if v.leg.Held() {
		v.leg.Holds[len(v.leg.Holds)-1].End = v.ev.At
	}
	v.leg.End = v.ev.At
	v.leg.DisconnectType = v.ev.DisconnectType
	v.leg.DestinationConversationID = v.ev.DestinationConversationID
	b.release(v.leg)
	for i := range v.conv.Parties {
		if v.conv.Parties[i].Live() {
			return
		}
	}
	v.conv.End = v.ev.At
}

func dispose(_ *Book, v *view) {
	v.leg.WrapupAt = v.ev.At
	if v.ev.Code == "" {
		v.leg.WrapupSkipped = true
		return
	}
	v.leg.WrapupCode, v.leg.WrapupNotes = v.ev.Code, v.ev.Notes
}

func begin(_ *Book, v *view) {
	ev := v.ev
	v.conv.Transfers = append(v.conv.Transfers, Transfer{
		CommandID: ev.CommandID, Kind: transferKinds[ev.Kind], Type: ev.TransferType,
		Initiating: ev.Initiating, Target: ev.Target, Object: ev.Object, Destination: ev.Destination,
		DestinationUserID: ev.DestinationUserID, DestinationQueueID: ev.DestinationQueueID,
		DestinationPhone: ev.DestinationPhone, Started: ev.At,
	})
}

// endConsult closes the consult transfer; what was the destination's consultation is its main call from now on.
func endConsult(b *Book, v *view) {
	v.cmd.Ended, v.cmd.FinalState = v.ev.At, "Completed"
	if leg := b.party(v.cmd.Destination); leg != nil {
		leg.Consult = false
	}
}
