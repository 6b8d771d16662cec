package exevents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"engage.connector/pkg/genesys"
)

// fieldSpec is a field of an event as the API defines it.
type fieldSpec struct {
	name     string
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
	for i, n := range names {
		out[i] = fieldSpec{n, required}
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

// enums are the fields with a closed set of values.
var enums = map[string][]string{
	"disconnectType": {
		string(DisconnectError), string(DisconnectPeer), string(DisconnectSelf), string(DisconnectSystem), string(DisconnectTransfer),
		string(DisconnectTransferACD), string(DisconnectTransferConference), string(DisconnectTransferConsult), string(DisconnectTransferUser),
	},
	"transferType": {string(TransferAttended), string(TransferUnattended)},
	"finalState":   {string(TransferCompleted), string(TransferCanceled), string(TransferFailed)},
}

// v4Fields are the ids that the sender chooses; the other ids are the organization's.
var v4Fields = []string{
	"eventId", "conversationId", "communicationId", "commandId", "initiatingCommunicationId", "targetCommunicationId",
	"objectCommunicationId", "destinationCommunicationId", "destinationConversationId",
}

// values are the event's fields by their API names. Empty optional texts, lists and objects are
// nil; booleans are always there.
func (e ConversationEvent) values() map[string]any {
	texts := map[string]string{
		"eventId": e.EventID, "conversationId": e.ConversationID, "communicationId": e.CommunicationID,
		"ani": e.ANI, "aniName": e.ANIName, "dnis": e.DNIS, "dnisName": e.DNISName,
		"ivrPhoneNumber": e.IVRPhoneNumber, "ivrName": e.IVRName, "phoneNumber": e.PhoneNumber,
		"queueId": e.QueueID, "userId": e.UserID, "stationId": e.StationID, "languageId": e.LanguageID,
		"disconnectType": string(e.DisconnectType), "destinationConversationId": e.DestinationConversationID,
		"code": e.Code, "notes": e.Notes,
		"transferType": string(e.TransferType), "commandId": e.CommandID,
		"initiatingCommunicationId": e.InitiatingCommunicationID, "targetCommunicationId": e.TargetCommunicationID,
		"objectCommunicationId": e.ObjectCommunicationID, "destinationCommunicationId": e.DestinationCommunicationID,
		"destinationUserId": e.DestinationUserID, "destinationQueueId": e.DestinationQueueID,
		"destinationPhoneNumber": e.DestinationPhoneNumber, "finalState": string(e.FinalState),
	}
	out := map[string]any{"held": e.Held, "afterCallWorkRequired": e.AfterCallWorkRequired}
	for name, text := range texts {
		if text != "" {
			out[name] = text
		}
	}
	for name, list := range map[string][]string{"skillIds": e.SkillIDs, "tags": e.Tags} {
		if len(list) > 0 {
			out[name] = list
		}
	}
	if !e.EventDateTime.IsZero() {
		out["eventDateTime"] = genesys.FormatTime(e.EventDateTime)
	}
	if e.AudioState != nil {
		out["audioState"] = e.AudioState
	}
	if e.InitialConfiguration != nil {
		out["initialConfiguration"] = e.InitialConfiguration
	}
	if e.SourceConfiguration != nil {
		out["sourceConfiguration"] = e.SourceConfiguration
	}
	return out
}

// all are the fields of the type, the common ones first.
func (s eventSpec) all() []fieldSpec {
	return slices.Concat(must("eventId", "eventDateTime", "conversationId"), s.fields)
}

// faults lists what Validate complains about.
func (e ConversationEvent) faults() []string {
	spec, ok := specOf(e.Type)
	if !ok {
		return []string{"type is none of the API's"}
	}
	var faults []string
	values := e.values()
	for _, f := range spec.all() {
		value, present := values[f.name]
		switch text, _ := value.(string); {
		case !present && f.required:
			faults = append(faults, f.name+" is missing")
		case !present:
		case slices.Contains(v4Fields, f.name) && !isV4(text):
			faults = append(faults, f.name+" is no V4 UUID")
		case enums[f.name] != nil && !slices.Contains(enums[f.name], text):
			faults = append(faults, fmt.Sprintf("%s is none of the API's", f.name))
		}
		if f.name == "sourceConfiguration" && present {
			faults = append(faults, e.SourceConfiguration.faults()...)
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

// MarshalJSON writes the body of the injection request: one array per event type, in the order of
// the API's definition, with the fields of that type only.
func (b ConversationBatch) MarshalJSON() ([]byte, error) {
	arrays := map[string][]json.RawMessage{}
	for _, e := range b.events {
		spec, ok := specOf(e.Type)
		if !ok {
			return nil, invalidEvent(string(e.Type), "type is none of the API's")
		}
		raw, err := e.marshalFor(spec)
		if err != nil {
			return nil, err
		}
		arrays[spec.array] = append(arrays[spec.array], raw)
	}
	return json.Marshal(arrays)
}

// marshalFor writes the event with the fields of its type in the order of the table.
func (e ConversationEvent) marshalFor(spec eventSpec) (json.RawMessage, error) {
	values := e.values()
	var out bytes.Buffer
	out.WriteByte('{')
	for _, f := range spec.all() {
		value, present := values[f.name]
		if !present {
			continue
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", f.name, raw)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
