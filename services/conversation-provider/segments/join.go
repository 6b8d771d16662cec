package segments

import (
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/recording"
	"engage.connector/services/conversation-provider/conversation"
)

// Submission is the segment that is handed to recording-provider.
type Submission struct {
	packed.Kept
	recording.Segment

	// NoSpeech is why Speech is not requested.
	NoSpeech string `json:"noSpeech,omitempty"`
}

// ID is the id of a segment: the same for every report of the same file.
func ID(tenant, fileName string) string { return exevents.StableID(tenant, "recording", fileName) }

// Why a segment is not submitted, or not yet.
const (
	KeptDisabled    = "recording support is disabled (conversation_provider/recording_enabled)"
	KeptUnknownCall = "call unknown"
	KeptNotOver     = "call not over"
	KeptNotInjected = "call not injected: "
)

// Interaction is what a join needs to know of a call.
type Interaction struct {
	Conversation *conversation.Conversation // nil: the call is not known
	Over         bool                       // the interaction has ended
	// Language returns the user data's language at a time.
	Language func(at time.Time) string
}

// Join decides about a recorded file. kept is empty when it is to be submitted.
func Join(tenant string, s File, in Interaction, settings Settings, opts Options) (sub Submission, kept string) {
	conv := in.Conversation
	switch {
	case conv == nil:
		return Submission{}, KeptUnknownCall
	case !opts.Enabled:
		return Submission{}, KeptDisabled
	case conv.Stage == conversation.StageIgnored:
		return Submission{}, KeptNotInjected + string(conv.Reason)
	case !in.Over:
		return Submission{}, KeptNotOver
	case len(conv.Legs) == 0 || !conv.Started():
		return Submission{}, KeptNotInjected + "nothing was sent"
	}
	leg := legOf(s, conv)
	speech := SpeechInput{Settings: settings, Options: opts}
	switch {
	case leg.Kind == conversation.User:
		speech.QueueID, speech.Language = leg.QueueID, in.Language(leg.Answered)
	case s.AgentID != "": // an agent whose leg was not injected
		speech.Language = in.Language(s.Start)
	}
	sub.Segment = recording.Segment{
		ID: ID(tenant, s.FileName), FileName: s.FileName, CallUUID: s.CallUUID,
		ConversationID: conv.ID, CommunicationID: leg.ID, UserID: leg.UserID, Start: s.Start, End: s.Stop,
	}
	sub.Speech, sub.NoSpeech = speech.Decide()
	return sub, ""
}

// legOf is the agent's leg that was recorded: the one at the recorded DN or of the recorded agent
// that overlaps the segment most. Segments of parties that were not injected, and those made on
// behalf of a trunk, belong to the first party (guide, "Limitations").
func legOf(s File, conv *conversation.Conversation) *conversation.Leg {
	var best *conversation.Leg
	var most time.Duration
	for _, leg := range conv.Legs {
		same := s.RecordDN != "" && leg.DN == s.RecordDN || s.AgentID != "" && leg.Login == s.AgentID
		if leg.Kind != conversation.User || !leg.Opened || leg.Answered.IsZero() || !same {
			continue
		}
		if common := overlap(s, leg); best == nil || common > most {
			best, most = leg, common
		}
	}
	if best != nil {
		return best
	}
	return conv.Legs[0]
}

// overlap is how long a segment and a leg have in common; below zero how far they are apart.
func overlap(s File, leg *conversation.Leg) time.Duration {
	from, to := leg.Answered, leg.Ended
	if s.Start.After(from) {
		from = s.Start
	}
	if to.IsZero() || !s.Stop.IsZero() && s.Stop.Before(to) {
		to = s.Stop
	}
	return to.Sub(from)
}
