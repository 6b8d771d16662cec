package model

import (
	"encoding/json"
	"fmt"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// appendInjection appends the JSON of an Injection: what encoding/json makes of it, faster. It is
// the greatest part of what an event costs.
func appendInjection(b []byte, call string, e *exevents.ConversationEvent) ([]byte, error) {
	config := e.InitialConfiguration
	if len(e.SkillIDs) > 0 || len(e.Tags) > 0 || config != nil && len(config.AdditionalInfo) > 0 {
		data, err := json.Marshal(Injection{CallUUID: call, Event: *e})
		if err != nil {
			return b, fmt.Errorf("injection: %w", err)
		}
		return append(b, data...), nil
	}
	o := object{b: append(b, '{')}
	o.always("callUuid", call)
	o.begin("event")
	o.always("type", string(e.Type))
	o.always("eventId", e.EventID)
	o.time("eventDateTime", e.EventDateTime)
	o.always("conversationId", e.ConversationID)
	o.text("communicationId", e.CommunicationID)
	o.established(e)
	o.flag("held", e.Held)
	o.audio(e.AudioState)
	o.text("disconnectType", string(e.DisconnectType))
	o.text("destinationConversationId", e.DestinationConversationID)
	o.text("code", e.Code)
	o.text("notes", e.Notes)
	o.text("transferType", string(e.TransferType))
	o.text("commandId", e.CommandID)
	o.text("initiatingCommunicationId", e.InitiatingCommunicationID)
	o.text("targetCommunicationId", e.TargetCommunicationID)
	o.text("objectCommunicationId", e.ObjectCommunicationID)
	o.text("destinationCommunicationId", e.DestinationCommunicationID)
	o.text("destinationUserId", e.DestinationUserID)
	o.text("destinationQueueId", e.DestinationQueueID)
	o.text("destinationPhoneNumber", e.DestinationPhoneNumber)
	o.text("finalState", string(e.FinalState))
	o.end()
	return append(o.b, '}'), o.err
}

// object appends the members of a JSON object.
type object struct {
	b   []byte
	err error
}

func (o *object) established(e *exevents.ConversationEvent) {
	o.text("ani", e.ANI)
	o.text("aniName", e.ANIName)
	o.text("dnis", e.DNIS)
	o.text("dnisName", e.DNISName)
	o.text("ivrPhoneNumber", e.IVRPhoneNumber)
	o.text("ivrName", e.IVRName)
	o.text("phoneNumber", e.PhoneNumber)
	o.text("queueId", e.QueueID)
	o.text("userId", e.UserID)
	o.text("stationId", e.StationID)
	o.text("languageId", e.LanguageID)
	o.flag("afterCallWorkRequired", e.AfterCallWorkRequired)
	if c := e.InitialConfiguration; c != nil {
		o.begin("initialConfiguration")
		o.audio(c.AudioState)
		o.bool("alerting", c.Alerting)
		o.bool("inbound", c.Inbound)
		o.text("invitedBy", c.InvitedBy)
		o.bool("recordingActive", c.RecordingActive)
		o.end()
	}
	if s := e.SourceConfiguration; s != nil {
		o.begin("sourceConfiguration")
		o.always("sourceId", s.SourceID)
		o.always("interactionId", s.InteractionID)
		o.text("tagId", s.TagID)
		o.end()
	}
}

func (o *object) audio(a *exevents.AudioState) {
	if a == nil {
		return
	}
	o.begin("audioState")
	o.bool("canHear", a.CanHear)
	o.bool("canSpeak", a.CanSpeak)
	o.end()
}

func (o *object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) begin(name string) {
	o.name(name)
	o.b = append(o.b, '{')
}

func (o *object) end() { o.b = append(o.b, '}') }

func (o *object) text(name, value string) {
	if value != "" {
		o.always(name, value)
	}
}

func (o *object) always(name, value string) {
	o.name(name)
	if plain(value) {
		o.b = append(append(append(o.b, '"'), value...), '"')
		return
	}
	data, err := json.Marshal(value)
	o.b, o.err = append(o.b, data...), firstError(o.err, err)
}

// plain tells whether a text stands for itself in JSON.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

func (o *object) flag(name string, value bool) {
	if value {
		o.bool(name, true)
	}
}

func (o *object) bool(name string, value bool) {
	o.name(name)
	if value {
		o.b = append(o.b, "true"...)
	} else {
		o.b = append(o.b, "false"...)
	}
}

func (o *object) time(name string, at time.Time) {
	o.name(name)
	data, err := at.AppendText(append(o.b, '"'))
	if err != nil {
		o.err = firstError(o.err, err)
		return
	}
	o.b = append(data, '"')
}
