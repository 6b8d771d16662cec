package exevents

import (
	"slices"
)

// fieldSpec is a field of an event type as the API defines it.
type fieldSpec struct {
	field
	required bool
}

// eventSpec is one of the API's event types: the array it goes into and its fields, those first that all
// have.
type eventSpec struct {
	typ    EventType
	array  string
	fields []fieldSpec
}

func must(names ...string) []fieldSpec { return specs(true, names) }
func may(names ...string) []fieldSpec  { return specs(false, names) }

func specs(required bool, names []string) []fieldSpec {
	out := make([]fieldSpec, len(names))
	for i, name := range names {
		out[i] = fieldSpec{fieldOf(name), required}
	}
	return out
}

// common are the fields of every type.
var common = must("eventId", "eventDateTime", "conversationId")

// fields are those of a type, after those that all have.
func fields(lists ...[]fieldSpec) []fieldSpec {
	return append(slices.Clone(common), slices.Concat(lists...)...)
}

// leg are the required fields of every established event.
var leg = must("communicationId", "initialConfiguration", "sourceConfiguration")

// transfer are the required fields that the three transfer commands share.
var transfer = must("transferType", "commandId", "initiatingCommunicationId", "targetCommunicationId", "objectCommunicationId")

// consult are the required fields of the two consult transfer events.
var consult = must("initiatingCommunicationId", "destinationCommunicationId", "objectCommunicationId")

// eventSpecs are the 18 voice events of the model BatchConversationEventRequest.
var eventSpecs = []eventSpec{
	{ExternalEstablished, "externalEstablishedEvents", fields(leg, may("ani", "aniName", "dnis", "dnisName"))},
	{IVREstablished, "ivrEstablishedEvents", fields(leg, may("ivrPhoneNumber", "ivrName", "ani", "dnis"))},
	{RoutingEstablished, "routingEstablishedEvents", fields(leg, must("queueId"), may("phoneNumber", "ani", "dnis", "skillIds", "languageId"))},
	{UserEstablished, "userEstablishedEvents", fields(leg, must("userId"), may("phoneNumber", "stationId", "ani", "dnis", "afterCallWorkRequired", "queueId"))},
	{PhoneEstablished, "phoneEstablishedEvents", fields(leg, may("phoneNumber", "ani", "dnis"))},
	{CommunicationAnswered, "communicationAnsweredEvents", fields(must("communicationId"))},
	{HoldUpdated, "holdUpdatedEvents", fields(must("communicationId", "held"))},
	{AudioUpdated, "audioUpdatedEvents", fields(must("communicationId", "audioState"))},
	{CommunicationEnded, "communicationEndedEvents", fields(must("communicationId", "disconnectType"), may("destinationConversationId"))},
	{CommunicationDispositionApplied, "communicationDispositionAppliedEvents", fields(must("communicationId"), may("code", "notes", "tags"))},
	{UserTransfer, "userTransferEvents", fields(transfer, must("destinationUserId"))},
	{RoutingTransfer, "routingTransferEvents", fields(transfer, must("destinationQueueId"), may("languageId", "skillIds"))},
	{PhoneTransfer, "phoneTransferEvents", fields(transfer, must("destinationPhoneNumber"))},
	{ProgressTransfer, "progressTransferEvents", fields(must("commandId", "objectCommunicationId", "destinationCommunicationId"))},
	{EndTransfer, "endTransferEvents", fields(must("commandId", "finalState", "objectCommunicationId"))},
	{ConsultTransfer, "consultTransferEvents", fields(consult)},
	{ProgressConsultTransfer, "progressConsultTransferEvents", fields(consult)},
	{EndConsultTransfer, "endConsultTransferEvents", fields()},
}

// EventTypes lists the voice events.
func EventTypes() []EventType {
	all := make([]EventType, len(eventSpecs))
	for i, s := range eventSpecs {
		all[i] = s.typ
	}
	return all
}

func specOf(t EventType) (eventSpec, bool) {
	for _, s := range eventSpecs {
		if s.typ == t {
			return s, true
		}
	}
	return eventSpec{}, false
}

// faults lists what Validate complains about.
func (e *ConversationEvent) faults() []string {
	spec, ok := specOf(e.Type)
	if !ok {
		return []string{"type is none of the API's"}
	}
	var faults []string
	for i := range spec.fields {
		if f := &spec.fields[i]; f.has(e) {
			faults = f.check(e, faults)
		} else if f.required {
			faults = append(faults, f.name+" is missing")
		}
	}
	if i := e.InitialConfiguration; i != nil && i.InvitedBy != "" && !isV4(i.InvitedBy) {
		faults = append(faults, "initialConfiguration.invitedBy is no V4 UUID")
	}
	return faults
}

func (s *SourceConfiguration) faults() []string {
	return appendMissing(appendMissing(nil, "sourceConfiguration.sourceId", s.SourceID), "sourceConfiguration.interactionId", s.InteractionID)
}
