package exevents

import (
	"slices"
)

// fieldSpec is a field of an event type as the API defines it.
type fieldSpec struct {
	field
	required bool
}

// eventSpec is one of the API's event types: the array it goes into and its fields beyond
// eventId, eventDateTime and conversationId, which all have.
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

// leg are the required fields of every established event.
var leg = must("communicationId", "initialConfiguration", "sourceConfiguration")

// transfer are the required fields that the three transfer commands share.
var transfer = must("transferType", "commandId", "initiatingCommunicationId", "targetCommunicationId", "objectCommunicationId")

// consult are the required fields of the two consult transfer events.
var consult = must("initiatingCommunicationId", "destinationCommunicationId", "objectCommunicationId")

// eventSpecs are the 18 voice events of the model BatchConversationEventRequest.
var eventSpecs = []eventSpec{
	{ExternalEstablished, "externalEstablishedEvents", slices.Concat(leg, may("ani", "aniName", "dnis", "dnisName"))},
	{IVREstablished, "ivrEstablishedEvents", slices.Concat(leg, may("ivrPhoneNumber", "ivrName", "ani", "dnis"))},
	{RoutingEstablished, "routingEstablishedEvents", slices.Concat(leg, must("queueId"), may("phoneNumber", "ani", "dnis", "skillIds", "languageId"))},
	{UserEstablished, "userEstablishedEvents", slices.Concat(leg, must("userId"), may("phoneNumber", "stationId", "ani", "dnis", "afterCallWorkRequired", "queueId"))},
	{PhoneEstablished, "phoneEstablishedEvents", slices.Concat(leg, may("phoneNumber", "ani", "dnis"))},
	{CommunicationAnswered, "communicationAnsweredEvents", must("communicationId")},
	{HoldUpdated, "holdUpdatedEvents", must("communicationId", "held")},
	{AudioUpdated, "audioUpdatedEvents", must("communicationId", "audioState")},
	{CommunicationEnded, "communicationEndedEvents", slices.Concat(must("communicationId", "disconnectType"), may("destinationConversationId"))},
	{CommunicationDispositionApplied, "communicationDispositionAppliedEvents", slices.Concat(must("communicationId"), may("code", "notes", "tags"))},
	{UserTransfer, "userTransferEvents", slices.Concat(transfer, must("destinationUserId"))},
	{RoutingTransfer, "routingTransferEvents", slices.Concat(transfer, must("destinationQueueId"), may("languageId", "skillIds"))},
	{PhoneTransfer, "phoneTransferEvents", slices.Concat(transfer, must("destinationPhoneNumber"))},
	{ProgressTransfer, "progressTransferEvents", must("commandId", "objectCommunicationId", "destinationCommunicationId")},
	{EndTransfer, "endTransferEvents", must("commandId", "finalState", "objectCommunicationId")},
	{ConsultTransfer, "consultTransferEvents", consult},
	{ProgressConsultTransfer, "progressConsultTransferEvents", consult},
	{EndConsultTransfer, "endConsultTransferEvents", nil},
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

// common are the fields of every type.
var common = must("eventId", "eventDateTime", "conversationId")

// all are the fields of the type, the common ones first.
func (s eventSpec) all() []fieldSpec { return slices.Concat(common, s.fields) }

// faults lists what Validate complains about.
func (e *ConversationEvent) faults() []string {
	spec, ok := specOf(e.Type)
	if !ok {
		return []string{"type is none of the API's"}
	}
	var faults []string
	for _, fields := range [][]fieldSpec{common, spec.fields} {
		for i := range fields {
			if f := &fields[i]; f.has(e) {
				faults = f.check(e, faults)
			} else if f.required {
				faults = append(faults, f.name+" is missing")
			}
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
