package conversation

import "fmt"

// Reason is the closed list of causes for which an event is refused. It is the label of the counters.
type Reason string

// The reasons. Those before ReasonRepeated concern the event by itself, the others the state it meets.
const (
	ReasonMissingField    Reason = "missing_field"
	ReasonUnknownField    Reason = "unknown_field"
	ReasonInvalidID       Reason = "invalid_id"
	ReasonInvalidTime     Reason = "invalid_time"
	ReasonInvalidValue    Reason = "invalid_value"
	ReasonUnsupported     Reason = "unsupported_type"
	ReasonRepeated        Reason = "repeated"
	ReasonSource          Reason = "unknown_source"
	ReasonQueue           Reason = "unknown_queue"
	ReasonUser            Reason = "unknown_user"
	ReasonWrapupCode      Reason = "unknown_wrapup_code"
	ReasonConversation    Reason = "unknown_conversation"
	ReasonCommunication   Reason = "unknown_communication"
	ReasonEstablished     Reason = "already_established"
	ReasonTimeOrder       Reason = "time_not_increasing"
	ReasonConversationEnd Reason = "conversation_ended"
	ReasonLegEnded        Reason = "communication_ended"
	ReasonNotAlerting     Reason = "not_alerting"
	ReasonNotConnected    Reason = "not_connected"
	ReasonNotAgent        Reason = "not_an_agent"
	ReasonDisposed        Reason = "disposition_already_applied"
	ReasonUserBusy        Reason = "user_busy"
	ReasonTransfer        Reason = "unknown_transfer"
	ReasonTransferTwice   Reason = "transfer_already_started"
	ReasonTransferEnded   Reason = "transfer_ended"
	ReasonTransferLegs    Reason = "transfer_mismatch"
	ReasonTooLarge        Reason = "conversation_too_large"
	ReasonTemporary       Reason = "temporary"      // injected by a knob
	ReasonBlocked         Reason = "blocked"        // an earlier event of the conversation must come again first
	ReasonOutOfOrder      Reason = "state_outdated" // presence and routing status only
	ReasonPresence        Reason = "unknown_presence_definition"
)

// Reasons returns every reason, for pre-initialised counters.
func Reasons() []Reason {
	return []Reason{
		ReasonMissingField, ReasonUnknownField, ReasonInvalidID, ReasonInvalidTime, ReasonInvalidValue,
		ReasonUnsupported, ReasonRepeated, ReasonSource, ReasonQueue, ReasonUser, ReasonWrapupCode,
		ReasonConversation, ReasonCommunication, ReasonEstablished, ReasonTimeOrder, ReasonConversationEnd,
		ReasonLegEnded, ReasonNotAlerting, ReasonNotConnected, ReasonNotAgent, ReasonDisposed, ReasonUserBusy,
		ReasonTransfer, ReasonTransferTwice, ReasonTransferEnded, ReasonTransferLegs, ReasonTooLarge,
		ReasonTemporary, ReasonBlocked, ReasonOutOfOrder, ReasonPresence,
	}
}

// Rejection says why an event was refused. Retryable means that the very same event may be accepted later.
type Rejection struct {
	Reason    Reason
	Message   string
	Retryable bool
}

// Refuse builds a rejection that no repetition heals.
func Refuse(reason Reason, format string, args ...any) *Rejection {
	return &Rejection{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
