package conversation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// field is one row of an event type's field table.
type field struct {
	name     string
	required bool
	read     func(name string, raw json.RawMessage, ev *Event) *Rejection
}

// The values of the API's enums.
var (
	disconnectTypes = []string{
		"Error", "Peer", "Self", "System", "Transfer", "TransferACD", "TransferConference", "TransferConsult", "TransferUser",
	}
	transferTypes = []string{"Attended", "Unattended"}
	finalStates   = []string{"Completed", "Canceled", "Failed"}
)

// The rows that more than one event type has.
var (
	common = []field{
		need(uuid4("eventId", func(ev *Event) *string { return &ev.ID })),
		need(instant("eventDateTime")),
		need(uuid4("conversationId", func(ev *Event) *string { return &ev.ConversationID })),
	}
	legID          = need(uuid4("communicationId", func(ev *Event) *string { return &ev.CommunicationID }))
	aniText        = text("ani", func(ev *Event) *string { return &ev.ANI })
	dnisText       = text("dnis", func(ev *Event) *string { return &ev.DNIS })
	phoneText      = text("phoneNumber", func(ev *Event) *string { return &ev.PhoneNumber })
	queueID        = uuid("queueId", func(ev *Event) *string { return &ev.QueueID })
	languageID     = uuid("languageId", func(ev *Event) *string { return &ev.LanguageID })
	skillIDs       = uuids("skillIds", func(ev *Event) *[]string { return &ev.SkillIDs })
	commandID      = need(uuid4("commandId", func(ev *Event) *string { return &ev.CommandID }))
	transferType   = need(enum("transferType", transferTypes, func(ev *Event) *string { return &ev.TransferType }))
	initiatingLeg  = need(uuid4("initiatingCommunicationId", func(ev *Event) *string { return &ev.Initiating }))
	targetLeg      = need(uuid4("targetCommunicationId", func(ev *Event) *string { return &ev.Target }))
	objectLeg      = need(uuid4("objectCommunicationId", func(ev *Event) *string { return &ev.Object }))
	destinationLeg = need(uuid4("destinationCommunicationId", func(ev *Event) *string { return &ev.Destination }))
)

// specs is the field table of every event type: API definition, models *Event.
var specs = map[Kind][]field{
	ExternalEstablished: established(aniText, text("aniName", func(ev *Event) *string { return &ev.ANIName }), dnisText,
		text("dnisName", func(ev *Event) *string { return &ev.DNISName })),
	IVREstablished: established(text("ivrPhoneNumber", func(ev *Event) *string { return &ev.IVRPhone }),
		text("ivrName", func(ev *Event) *string { return &ev.IVRName }), aniText, dnisText),
	RoutingEstablished: established(phoneText, need(queueID), aniText, dnisText, skillIDs, languageID),
	UserEstablished: established(phoneText, need(uuid("userId", func(ev *Event) *string { return &ev.UserID })),
		uuid("stationId", func(ev *Event) *string { return &ev.StationID }), aniText, dnisText,
		boolean("afterCallWorkRequired", func(ev *Event) *bool { return &ev.ACWRequired }), queueID),
	PhoneEstablished: established(phoneText, aniText, dnisText),
	Answered:         with(legID),
	HoldUpdated:      with(legID, need(boolean("held", func(ev *Event) *bool { return &ev.Held }))),
	AudioUpdated:     with(legID, need(audio("audioState", func(ev *Event) *Audio { return &ev.Audio }))),
	CommunicationEnded: with(legID,
		need(enum("disconnectType", disconnectTypes, func(ev *Event) *string { return &ev.DisconnectType })),
		uuid4("destinationConversationId", func(ev *Event) *string { return &ev.DestinationConversationID })),
	DispositionApplied: with(legID, uuid("code", func(ev *Event) *string { return &ev.Code }),
		text("notes", func(ev *Event) *string { return &ev.Notes }),
		texts("tags", func(ev *Event) *[]string { return &ev.Tags })),
	UserTransfer: with(transferType, commandID, initiatingLeg, targetLeg, objectLeg,
		need(uuid("destinationUserId", func(ev *Event) *string { return &ev.DestinationUserID }))),
	RoutingTransfer: with(transferType, commandID, initiatingLeg, targetLeg, objectLeg,
		need(uuid("destinationQueueId", func(ev *Event) *string { return &ev.DestinationQueueID })), languageID, skillIDs),
	PhoneTransfer: with(transferType, commandID, initiatingLeg, targetLeg, objectLeg,
		need(text("destinationPhoneNumber", func(ev *Event) *string { return &ev.DestinationPhone }))),
	ProgressTransfer: with(commandID, objectLeg, destinationLeg),
	EndTransfer: with(commandID,
		need(enum("finalState", finalStates, func(ev *Event) *string { return &ev.FinalState })), objectLeg),
	ConsultTransfer:         with(initiatingLeg, destinationLeg, objectLeg),
	ProgressConsultTransfer: with(initiatingLeg, destinationLeg, objectLeg),
	EndConsultTransfer:      with(),
}

func with(rows ...field) []field { return append(slices.Clone(common), rows...) }

func established(rows ...field) []field {
	return append(with(append([]field{legID}, rows...)...),
		need(field{name: "initialConfiguration", read: readInitial}),
		need(field{name: "sourceConfiguration", read: readSource}))
}

func need(f field) field { f.required = true; return f }

// scalar decodes a JSON value of type T, then lets check judge it.
func scalar[T any](name string, at func(*Event) *T, check func(name string, value T) *Rejection) field {
	return field{name: name, read: func(name string, raw json.RawMessage, ev *Event) *Rejection {
		if err := json.Unmarshal(raw, at(ev)); err != nil {
			return Refuse(ReasonInvalidValue, "%s has the wrong type", name)
		}
		if check == nil {
			return nil
		}
		return check(name, *at(ev))
	}}
}

func text(name string, at func(*Event) *string) field    { return scalar(name, at, nil) }
func texts(name string, at func(*Event) *[]string) field { return scalar(name, at, nil) }
func boolean(name string, at func(*Event) *bool) field   { return scalar(name, at, nil) }
func audio(name string, at func(*Event) *Audio) field    { return scalar(name, at, nil) }
func uuid4(name string, at func(*Event) *string) field   { return scalar(name, at, checkUUID4) }
func uuid(name string, at func(*Event) *string) field    { return scalar(name, at, checkUUID) }
func uuids(name string, at func(*Event) *[]string) field { return scalar(name, at, checkUUIDs) }
func enum(name string, values []string, at func(*Event) *string) field {
	return scalar(name, at, func(name, value string) *Rejection {
		if !slices.Contains(values, value) {
			return Refuse(ReasonInvalidValue, "value [%s] is not valid for %s, allowed: %s",
				clip(value), name, strings.Join(values, ", "))
		}
		return nil
	})
}

func checkUUID4(name, value string) *Rejection {
	if !IsUUID4(value) {
		return Refuse(ReasonInvalidID, "%s is not a V4 UUID", name)
	}
	return nil
}

// checkUUID is for ids the organization itself has given out; whether they exist is the state's business.
func checkUUID(name, value string) *Rejection {
	if _, ok := packUUID(value); !ok {
		return Refuse(ReasonInvalidID, "%s is not a UUID", name)
	}
	return nil
}

func checkUUIDs(name string, values []string) *Rejection {
	for _, value := range values {
		if fault := checkUUID(name, value); fault != nil {
			return fault
		}
	}
	return nil
}

func instant(name string) field {
	return field{name: name, read: func(name string, raw json.RawMessage, ev *Event) *Rejection {
		var value string
		if err := json.Unmarshal(raw, &value); err != nil {
			return Refuse(ReasonInvalidTime, "%s is not a date", name)
		}
		at, err := ParseTime(value)
		if err != nil {
			return Refuse(ReasonInvalidTime, "%s must be yyyy-MM-ddTHH:mm:ss[.mmm]Z", name)
		}
		ev.At = at
		return nil
	}}
}

// ParseTime reads the only date form the API takes: yyyy-MM-ddTHH:mm:ss[.mmm]Z.
func ParseTime(value string) (time.Time, error) {
	layout := "2006-01-02T15:04:05Z"
	if len(value) == len("2006-01-02T15:04:05.000Z") {
		layout = "2006-01-02T15:04:05.000Z"
	}
	if len(value) != len(layout) {
		return time.Time{}, fmt.Errorf("date %q has the wrong length", clip(value))
	}
	at, err := time.Parse(layout, value)
	if err != nil {
		return time.Time{}, fmt.Errorf("date: %w", err)
	}
	return at, nil
}

func readInitial(name string, raw json.RawMessage, ev *Event) *Rejection {
	fields, err := objectOf(raw)
	if err != nil {
		return Refuse(ReasonInvalidValue, "%s has the wrong type", name)
	}
	return prefixed(name, readFields(fields, initialFields, ev))
}

func readSource(name string, raw json.RawMessage, ev *Event) *Rejection {
	fields, err := objectOf(raw)
	if err != nil {
		return Refuse(ReasonInvalidValue, "%s has the wrong type", name)
	}
	return prefixed(name, readFields(fields, sourceFields, ev))
}

func prefixed(name string, fault *Rejection) *Rejection {
	if fault != nil {
		fault.Message = name + ": " + fault.Message
	}
	return fault
}

// The members of the two sub-objects every established event has.
var (
	initialFields = []field{
		audio("audioState", func(ev *Event) *Audio { return &ev.Initial.Audio }),
		boolean("alerting", func(ev *Event) *bool { return &ev.Initial.Alerting }),
		boolean("inbound", func(ev *Event) *bool { return &ev.Initial.Inbound }),
		uuid4("invitedBy", func(ev *Event) *string { return &ev.Initial.InvitedBy }),
		boolean("recordingActive", func(ev *Event) *bool { return &ev.Initial.RecordingActive }),
		scalar("additionalInfo", func(ev *Event) *map[string]string { return &ev.Initial.AdditionalInfo }, nil),
	}
	sourceFields = []field{
		need(uuid("sourceId", func(ev *Event) *string { return &ev.Source.SourceID })),
		need(scalar("interactionId", func(ev *Event) *string { return &ev.Source.InteractionID },
			func(name, value string) *Rejection {
				if strings.TrimSpace(value) == "" {
					return Refuse(ReasonMissingField, "%s is required", name)
				}
				return nil
			})),
		text("tagId", func(ev *Event) *string { return &ev.Source.TagID }),
	}
)

// clip keeps foreign text short in messages.
func clip(value string) string {
	const most = 40
	if len(value) > most {
		return value[:most] + "..."
	}
	return value
}
