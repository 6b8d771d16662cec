package exevents

import (
	"slices"

	"engage.connector/pkg/genesys"
)

// field is a field of the API: where its value is, what is wrong with it, and how it is written.
type field struct {
	name  string
	has   func(e *ConversationEvent) bool
	check func(e *ConversationEvent, faults []string) []string
	write func(o *object, e *ConversationEvent)
	enum  []string // the values of a closed set
}

// text is a field that is there when its text is not empty.
func text[T ~string](name string, of func(e *ConversationEvent) T) field {
	return field{
		name:  name,
		has:   func(e *ConversationEvent) bool { return of(e) != "" },
		check: func(_ *ConversationEvent, faults []string) []string { return faults },
		write: func(o *object, e *ConversationEvent) { o.always(name, string(of(e))) },
	}
}

// ownID is an id that the sender chooses; the other ids are the organization's.
func ownID(name string, of func(e *ConversationEvent) string) field {
	f := text(name, of)
	f.check = func(e *ConversationEvent, faults []string) []string {
		if isV4(of(e)) {
			return faults
		}
		return append(faults, name+" is no V4 UUID")
	}
	return f
}

// oneOf is a field with a closed set of values.
func oneOf[T ~string](name string, of func(e *ConversationEvent) T, values ...T) field {
	f := text(name, of)
	for _, value := range values {
		f.enum = append(f.enum, string(value))
	}
	f.check = func(e *ConversationEvent, faults []string) []string {
		if slices.Contains(values, of(e)) {
			return faults
		}
		return append(faults, name+" is none of the API's")
	}
	return f
}

// other is a field that is no text.
func other(name string, has func(e *ConversationEvent) bool, write func(o *object, e *ConversationEvent)) field {
	f := text(name, func(*ConversationEvent) string { return "" })
	f.has, f.write = has, write
	return f
}

// always is a field whose zero value means something: it is always sent.
func always(*ConversationEvent) bool { return true }

// fieldTable lists the fields of all types.
var fieldTable = []field{
	ownID("eventId", func(e *ConversationEvent) string { return e.EventID }),
	other("eventDateTime", func(e *ConversationEvent) bool { return !e.EventDateTime.IsZero() },
		func(o *object, e *ConversationEvent) { o.always("eventDateTime", genesys.FormatTime(e.EventDateTime)) }),
	ownID("conversationId", func(e *ConversationEvent) string { return e.ConversationID }),
	ownID("communicationId", func(e *ConversationEvent) string { return e.CommunicationID }),
	text("ani", func(e *ConversationEvent) string { return e.ANI }),
	text("aniName", func(e *ConversationEvent) string { return e.ANIName }),
	text("dnis", func(e *ConversationEvent) string { return e.DNIS }),
	text("dnisName", func(e *ConversationEvent) string { return e.DNISName }),
	text("ivrPhoneNumber", func(e *ConversationEvent) string { return e.IVRPhoneNumber }),
	text("ivrName", func(e *ConversationEvent) string { return e.IVRName }),
	text("phoneNumber", func(e *ConversationEvent) string { return e.PhoneNumber }),
	text("queueId", func(e *ConversationEvent) string { return e.QueueID }),
	text("userId", func(e *ConversationEvent) string { return e.UserID }),
	text("stationId", func(e *ConversationEvent) string { return e.StationID }),
	text("languageId", func(e *ConversationEvent) string { return e.LanguageID }),
	other("skillIds", func(e *ConversationEvent) bool { return len(e.SkillIDs) > 0 },
		func(o *object, e *ConversationEvent) { o.any("skillIds", e.SkillIDs) }),
	other("afterCallWorkRequired", always, func(o *object, e *ConversationEvent) { o.bool("afterCallWorkRequired", e.AfterCallWorkRequired) }),
	other("initialConfiguration", func(e *ConversationEvent) bool { return e.InitialConfiguration != nil }, (*object).initial),
	sourceField(),
	other("held", always, func(o *object, e *ConversationEvent) { o.bool("held", e.Held) }),
	other("audioState", func(e *ConversationEvent) bool { return e.AudioState != nil },
		func(o *object, e *ConversationEvent) { o.audio(e.AudioState) }),
	oneOf("disconnectType", func(e *ConversationEvent) DisconnectType { return e.DisconnectType },
		DisconnectError, DisconnectPeer, DisconnectSelf, DisconnectSystem, DisconnectTransfer,
		DisconnectTransferACD, DisconnectTransferConference, DisconnectTransferConsult, DisconnectTransferUser),
	ownID("destinationConversationId", func(e *ConversationEvent) string { return e.DestinationConversationID }),
	text("code", func(e *ConversationEvent) string { return e.Code }),
	text("notes", func(e *ConversationEvent) string { return e.Notes }),
	other("tags", func(e *ConversationEvent) bool { return len(e.Tags) > 0 },
		func(o *object, e *ConversationEvent) { o.any("tags", e.Tags) }),
	oneOf("transferType", func(e *ConversationEvent) TransferType { return e.TransferType }, TransferAttended, TransferUnattended),
	ownID("commandId", func(e *ConversationEvent) string { return e.CommandID }),
	ownID("initiatingCommunicationId", func(e *ConversationEvent) string { return e.InitiatingCommunicationID }),
	ownID("targetCommunicationId", func(e *ConversationEvent) string { return e.TargetCommunicationID }),
	ownID("objectCommunicationId", func(e *ConversationEvent) string { return e.ObjectCommunicationID }),
	ownID("destinationCommunicationId", func(e *ConversationEvent) string { return e.DestinationCommunicationID }),
	text("destinationUserId", func(e *ConversationEvent) string { return e.DestinationUserID }),
	text("destinationQueueId", func(e *ConversationEvent) string { return e.DestinationQueueID }),
	text("destinationPhoneNumber", func(e *ConversationEvent) string { return e.DestinationPhoneNumber }),
	oneOf("finalState", func(e *ConversationEvent) TransferState { return e.FinalState }, TransferCompleted, TransferCanceled, TransferFailed),
}

func sourceField() field {
	f := other("sourceConfiguration", func(e *ConversationEvent) bool { return e.SourceConfiguration != nil }, (*object).source)
	f.check = func(e *ConversationEvent, faults []string) []string {
		return append(faults, e.SourceConfiguration.faults()...)
	}
	return f
}

// fieldOf finds a field by its name, which is one of the table.
func fieldOf(name string) field {
	return fieldTable[slices.IndexFunc(fieldTable, func(f field) bool { return f.name == name })]
}
