package conversation

// view is what a rule looks at: the event and the state it meets.
type view struct {
	book *Book
	dir  Directory
	ev   *Event
	conv *Conversation // nil when unknown
	leg  *Party        // the event's communication, nil when unknown
	cmd  *Transfer     // the event's command or the open consult transfer, nil when unknown
}

// rule refuses an event when broken says so.
type rule struct {
	reason    Reason
	message   string
	retryable bool // the very same event may pass later, because another conversation's events are still on the way
	broken    func(v *view) bool
}

// Directory answers whether the organization has an object.
type Directory interface {
	HasUser(id string) bool
	HasQueue(id string) bool
	HasWrapupCode(id string) bool
	HasActiveSource(id string) bool
}

// Bounds of one conversation.
const (
	maxParties   = 100
	maxTransfers = 200
	maxHolds     = 1000
)

var (
	timeIncreases = rule{reason: ReasonTimeOrder, message: "eventDateTime is not after the conversation's previous event",
		broken: func(v *view) bool { return v.conv != nil && !v.ev.At.After(v.conv.LastEvent) }}
	conversationKnown = rule{reason: ReasonConversation, message: "conversationId is not known",
		broken: func(v *view) bool { return v.conv == nil }}
	conversationLives = rule{reason: ReasonConversationEnd, message: "the conversation has ended",
		broken: func(v *view) bool { return v.conv != nil && v.conv.Ended() }}
	legKnown = rule{reason: ReasonCommunication, message: "communicationId is not known in this conversation",
		broken: func(v *view) bool { return v.leg == nil }}
	legLives = rule{reason: ReasonLegEnded, message: "the communication has ended",
		broken: func(v *view) bool { return !v.leg.Live() }}
	sourceKnown = rule{reason: ReasonSource, message: "sourceId is not an active source",
		broken: func(v *view) bool { return !v.dir.HasActiveSource(v.ev.Source.SourceID) }}
	legNew = rule{reason: ReasonEstablished, message: "communicationId is already established",
		broken: func(v *view) bool { return !v.book.mayEstablish(v.ev) }}
	roomForLeg = rule{reason: ReasonTooLarge, message: "the conversation has too many communications",
		broken: func(v *view) bool { return v.conv != nil && len(v.conv.Parties) >= maxParties }}
	inviterKnown = rule{reason: ReasonCommunication, message: "invitedBy is not a known communication", retryable: true,
		broken: func(v *view) bool {
			return v.ev.Initial.InvitedBy != "" && v.book.party(v.ev.Initial.InvitedBy) == nil
		}}
	queueKnown = rule{reason: ReasonQueue, message: "queueId is not known",
		broken: func(v *view) bool { return v.ev.QueueID != "" && !v.dir.HasQueue(v.ev.QueueID) }}
	userKnown = rule{reason: ReasonUser, message: "userId is not known",
		broken: func(v *view) bool { return !v.dir.HasUser(v.ev.UserID) }}
	userFree = rule{reason: ReasonUserBusy, message: "the user already has a main call and this is no consultation", retryable: true,
		broken: func(v *view) bool { return !v.book.userMayTake(v) }}
	alerting = rule{reason: ReasonNotAlerting, message: "the communication is not alerting",
		broken: func(v *view) bool { return !v.leg.Alerting() }}
	connected = rule{reason: ReasonNotConnected, message: "the communication was not answered",
		broken: func(v *view) bool { return v.leg.Alerting() }}
	roomForHold = rule{reason: ReasonTooLarge, message: "the communication was held too often",
		broken: func(v *view) bool { return v.ev.Held && !v.leg.Held() && len(v.leg.Holds) >= maxHolds }}
	otherConversation = rule{reason: ReasonInvalidValue, message: "destinationConversationId is this conversation",
		broken: func(v *view) bool { return v.ev.DestinationConversationID == v.ev.ConversationID }}
	agentLeg = rule{reason: ReasonNotAgent, message: "a disposition belongs to a user's communication",
		broken: func(v *view) bool { return v.leg.Purpose != Agent }}
	codeKnown = rule{reason: ReasonWrapupCode, message: "code is not a known wrap-up code",
		broken: func(v *view) bool { return v.ev.Code != "" && !v.dir.HasWrapupCode(v.ev.Code) }}
	notDisposed = rule{reason: ReasonDisposed, message: "a disposition was already applied",
		broken: func(v *view) bool { return !v.leg.WrapupAt.IsZero() }}
	commandNew = rule{reason: ReasonTransferTwice, message: "commandId was already used for a transfer",
		broken: func(v *view) bool { return v.cmd != nil }}
	roomForTransfer = rule{reason: ReasonTooLarge, message: "the conversation has too many transfers",
		broken: func(v *view) bool { return len(v.conv.Transfers) >= maxTransfers }}
	transferLegsKnown = rule{reason: ReasonCommunication, message: "the transfer names an unknown communication",
		broken: func(v *view) bool {
			return v.conv.Party(v.ev.Initiating) == nil || v.conv.Party(v.ev.Target) == nil || v.conv.Party(v.ev.Object) == nil
		}}
	transferLegsLive = rule{reason: ReasonLegEnded, message: "the transfer names an ended communication",
		broken: func(v *view) bool {
			return !v.conv.Party(v.ev.Target).Live() || !v.conv.Party(v.ev.Object).Live()
		}}
	transferUserKnown = rule{reason: ReasonUser, message: "destinationUserId is not known",
		broken: func(v *view) bool { return !v.dir.HasUser(v.ev.DestinationUserID) }}
	transferQueueKnown = rule{reason: ReasonQueue, message: "destinationQueueId is not known",
		broken: func(v *view) bool { return !v.dir.HasQueue(v.ev.DestinationQueueID) }}
	commandKnown = rule{reason: ReasonTransfer, message: "commandId belongs to no transfer of this conversation",
		broken: func(v *view) bool { return v.cmd == nil }}
	commandOpen = rule{reason: ReasonTransferEnded, message: "the transfer has ended",
		broken: func(v *view) bool { return !v.cmd.Open() }}
	objectSame = rule{reason: ReasonTransferLegs, message: "objectCommunicationId is not the transfer's",
		broken: func(v *view) bool { return v.cmd.Object != v.ev.Object }}
	destinationKnown = rule{reason: ReasonCommunication, message: "destinationCommunicationId is not known in this conversation",
		broken: func(v *view) bool { return v.conv.Party(v.ev.Destination) == nil }}
	destinationLives = rule{reason: ReasonLegEnded, message: "the destination communication has ended",
		broken: func(v *view) bool { return !v.conv.Party(v.ev.Destination).Live() }}
	destinationFits = rule{reason: ReasonTransferLegs, message: "the destination communication is not what the transfer asked for",
		broken: func(v *view) bool { return !destinationFitsCommand(v.cmd, v.conv.Party(v.ev.Destination)) }}
	noConsult = rule{reason: ReasonTransferTwice, message: "a consult transfer is already under way",
		broken: func(v *view) bool { return v.cmd != nil }}
	consultLegsKnown = rule{reason: ReasonCommunication, message: "the consult transfer names an unknown communication",
		broken: func(v *view) bool {
			return v.conv.Party(v.ev.Initiating) == nil || v.conv.Party(v.ev.Object) == nil || v.book.party(v.ev.Destination) == nil
		}}
	consultLegsLive = rule{reason: ReasonLegEnded, message: "the consult transfer names an ended communication",
		broken: func(v *view) bool {
			return !v.conv.Party(v.ev.Object).Live() || !v.book.party(v.ev.Destination).Live()
		}}
	consultOpen = rule{reason: ReasonTransfer, message: "no consult transfer is under way",
		broken: func(v *view) bool { return v.cmd == nil }}
	consultSame = rule{reason: ReasonTransferLegs, message: "the communications are not those of the consult transfer",
		broken: func(v *view) bool {
			return v.cmd.Initiating != v.ev.Initiating || v.cmd.Object != v.ev.Object || v.cmd.Destination != v.ev.Destination
		}}
)

// rules is the rule table: for every event type what is tested, in this order; the first broken rule refuses the event.
//
// A conversation ends with its last communication. After that only the disposition, and the end of a transfer that is
// still open, are taken.
var rules = map[Kind][]rule{
	ExternalEstablished: establishedRules(),
	IVREstablished:      establishedRules(),
	RoutingEstablished:  establishedRules(queueKnown),
	UserEstablished:     establishedRules(userKnown, queueKnown, userFree),
	PhoneEstablished:    establishedRules(),

	Answered:           {conversationKnown, legKnown, legLives, timeIncreases, alerting},
	HoldUpdated:        {conversationKnown, legKnown, legLives, timeIncreases, connected, roomForHold},
	AudioUpdated:       {conversationKnown, legKnown, legLives, timeIncreases},
	CommunicationEnded: {conversationKnown, legKnown, legLives, otherConversation, timeIncreases},
	DispositionApplied: {conversationKnown, legKnown, agentLeg, connected, codeKnown, notDisposed, timeIncreases},

	UserTransfer:    beginRules(transferUserKnown),
	RoutingTransfer: beginRules(transferQueueKnown),
	PhoneTransfer:   beginRules(),
	ProgressTransfer: {
		conversationKnown, commandKnown, commandOpen, conversationLives, objectSame, destinationKnown, destinationLives,
		destinationFits, timeIncreases,
	},
	EndTransfer: {conversationKnown, commandKnown, commandOpen, objectSame, timeIncreases},

	ConsultTransfer: {
		conversationKnown, conversationLives, noConsult, roomForTransfer, consultLegsKnown, consultLegsLive, timeIncreases,
	},
	ProgressConsultTransfer: {conversationKnown, conversationLives, consultOpen, consultSame, timeIncreases},
	EndConsultTransfer:      {conversationKnown, consultOpen, timeIncreases},
}

func establishedRules(own ...rule) []rule {
	head := []rule{conversationLives, legNew, sourceKnown, roomForLeg, inviterKnown}
	return append(append(head, own...), timeIncreases)
}

func beginRules(own ...rule) []rule {
	head := []rule{conversationKnown, conversationLives, commandNew, roomForTransfer, transferLegsKnown, transferLegsLive}
	return append(append(head, own...), timeIncreases)
}

// destinationFitsCommand reports whether a leg is of the kind, and of the user or queue, a transfer was meant for.
func destinationFitsCommand(cmd *Transfer, leg *Party) bool {
	switch cmd.Kind {
	case kindUser:
		return leg.Purpose == Agent && leg.UserID == cmd.DestinationUserID
	case kindRouting:
		return leg.Purpose == ACD && leg.QueueID == cmd.DestinationQueueID
	default:
		return leg.Purpose == Phone || leg.Purpose == External || leg.Purpose == IVR
	}
}
