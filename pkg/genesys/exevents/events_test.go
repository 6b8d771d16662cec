package exevents

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
)

// apiModels are the facts of the API definition about the injected events.
type apiModels struct {
	Arrays map[string]string `json:"arrays"` // array of the batch -> model
	Models map[string]struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Type string   `json:"type"`
			Enum []string `json:"enum"`
		} `json:"properties"`
	} `json:"models"`
}

func loadModels(t *testing.T) apiModels {
	t.Helper()
	var m apiModels
	raw, err := os.ReadFile(filepath.Join("testdata", "event_models.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &m))
	return m
}

var eventTime = time.Date(2024, 10, 25, 12, 0, 0, 10_999_999, time.FixedZone("CEST", 2*3600))

// fullEvent has every field set, so that the type alone decides what is sent.
func fullEvent(typ EventType) ConversationEvent {
	id := func(name string) string { return StableID("test", name) }
	return ConversationEvent{
		Type: typ, EventID: id("event"), EventDateTime: eventTime, ConversationID: id("conversation"), CommunicationID: id("leg"),
		ANI: "+15551230000", ANIName: "Caller", DNIS: "+18005550100", DNISName: "Hotline",
		IVRPhoneNumber: "8000", IVRName: "Welcome", PhoneNumber: "7001", QueueID: "queue-1", UserID: "user-1", StationID: "station-1",
		SkillIDs: []string{"skill-1"}, LanguageID: "language-1", AfterCallWorkRequired: true,
		InitialConfiguration: &InitialConfiguration{
			AudioState: &AudioState{CanHear: true, CanSpeak: true}, Inbound: true, InvitedBy: id("inviter"),
			AdditionalInfo: map[string]string{"site": "north"},
		},
		SourceConfiguration: &SourceConfiguration{SourceID: "source-1", InteractionID: "00U3MCI8QO8ER0B5A60AHG5AES000001", TagID: "tag"},
		Held:                true, AudioState: &AudioState{CanHear: true}, DisconnectType: DisconnectPeer, DestinationConversationID: id("merged"),
		Code: "code-1", Notes: "note", Tags: []string{"a"},
		TransferType: TransferUnattended, CommandID: id("command"), InitiatingCommunicationID: id("initiating"), TargetCommunicationID: id("target"),
		ObjectCommunicationID: id("object"), DestinationCommunicationID: id("destination"),
		DestinationUserID: "user-2", DestinationQueueID: "queue-2", DestinationPhoneNumber: "+15550001", FinalState: TransferCompleted,
	}
}

func sentAs(t *testing.T, e ConversationEvent) (array string, fields map[string]any) {
	t.Helper()
	raw, err := json.Marshal(batch([]Sealed{e.Seal()}))
	require.NoError(t, err)
	var body map[string][]map[string]any
	require.NoError(t, json.Unmarshal(raw, &body))
	require.Len(t, body, 1)
	for array, list := range body {
		require.Len(t, list, 1)
		return array, list[0]
	}
	return "", nil
}

// Each event type goes into the array of the API and has exactly the fields of its model.
func TestConversationEvent_HasTheFieldsOfItsModel(t *testing.T) {
	models := loadModels(t)
	require.Len(t, EventTypes(), 18)
	require.Len(t, models.Arrays, 18)
	for _, typ := range EventTypes() {
		t.Run(string(typ), func(t *testing.T) {
			e := fullEvent(typ)
			require.NoError(t, e.Validate())
			array, fields := sentAs(t, e)
			require.Equal(t, string(typ)+"Event", models.Arrays[array])
			model := models.Models[models.Arrays[array]]
			require.ElementsMatch(t, keys(model.Properties), keys(fields))

			spec, _ := specOf(typ)
			var required []string
			for _, f := range spec.fields {
				if f.required {
					required = append(required, f.name)
				}
				if enum := model.Properties[f.name].Enum; enum != nil {
					require.ElementsMatch(t, enum, f.enum)
				}
			}
			require.ElementsMatch(t, model.Required, required)
			golden(t, "golden/"+string(typ)+".json", indent(t, batch([]Sealed{e.Seal()})))
		})
	}
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

// An event with its required fields only sends those, and definite booleans.
func TestConversationEvent_OmitsEmptyOptionals(t *testing.T) {
	booleans := map[EventType]string{UserEstablished: "afterCallWorkRequired"}
	models := loadModels(t)
	for _, typ := range EventTypes() {
		t.Run(string(typ), func(t *testing.T) {
			full := fullEvent(typ)
			e := ConversationEvent{
				Type: typ, EventID: full.EventID, EventDateTime: full.EventDateTime, ConversationID: full.ConversationID, CommunicationID: full.CommunicationID,
				InitialConfiguration: &InitialConfiguration{}, SourceConfiguration: &SourceConfiguration{SourceID: "s", InteractionID: "i"},
				UserID: full.UserID, DisconnectType: DisconnectSelf, AudioState: &AudioState{}, TransferType: TransferAttended, CommandID: full.CommandID,
				InitiatingCommunicationID: full.InitiatingCommunicationID, TargetCommunicationID: full.TargetCommunicationID,
				ObjectCommunicationID: full.ObjectCommunicationID, DestinationCommunicationID: full.DestinationCommunicationID,
				DestinationUserID: "u", DestinationQueueID: "q", DestinationPhoneNumber: "p", FinalState: TransferFailed,
			}
			if typ == RoutingEstablished {
				e.QueueID = "q"
			}
			require.NoError(t, e.Validate())
			array, fields := sentAs(t, e)
			want := models.Models[models.Arrays[array]].Required
			if b := booleans[typ]; b != "" {
				want = append(slices.Clone(want), b)
			}
			require.ElementsMatch(t, want, keys(fields))
		})
	}
}

// held=false and the booleans of the initial state mean something: they are always sent.
func TestConversationEvent_SendsFalseWhereItIsAStatement(t *testing.T) {
	e := fullEvent(HoldUpdated)
	e.Held = false
	_, fields := sentAs(t, e)
	require.Equal(t, false, fields["held"])

	e = fullEvent(ExternalEstablished)
	e.InitialConfiguration = &InitialConfiguration{AudioState: &AudioState{}}
	_, fields = sentAs(t, e)
	require.Equal(t, map[string]any{
		"alerting": false, "inbound": false, "recordingActive": false, "audioState": map[string]any{"canHear": false, "canSpeak": false},
	}, fields["initialConfiguration"])
}

// A skipped disposition has no code.
func TestConversationEvent_SkippedDispositionHasNoCode(t *testing.T) {
	e := fullEvent(CommunicationDispositionApplied)
	e.Code, e.Notes, e.Tags = "", "", nil
	require.NoError(t, e.Validate())
	_, fields := sentAs(t, e)
	require.NotContains(t, fields, "code")
}

// What makes an event unfit is named, all of it.
func TestConversationEvent_ValidateNamesEveryFault(t *testing.T) {
	tests := map[string]struct {
		change func(*ConversationEvent)
		typ    EventType
		want   []string
	}{
		"unknown type":            {func(e *ConversationEvent) { e.Type = "Made" }, HoldUpdated, []string{"type is none of the API's"}},
		"no time, no event id":    {func(e *ConversationEvent) { e.EventDateTime, e.EventID = time.Time{}, "" }, HoldUpdated, []string{"eventId is missing", "eventDateTime is missing"}},
		"id of another version":   {func(e *ConversationEvent) { e.ConversationID = uuid.NewSHA1(uuid.Nil, nil).String() }, HoldUpdated, []string{"conversationId is no V4 UUID"}},
		"id in another form":      {func(e *ConversationEvent) { e.CommunicationID = "{" + e.CommunicationID + "}" }, HoldUpdated, []string{"communicationId is no V4 UUID"}},
		"unknown disconnect type": {func(e *ConversationEvent) { e.DisconnectType = "Bored" }, CommunicationEnded, []string{"disconnectType is none of the API's"}},
		"no source":               {func(e *ConversationEvent) { e.SourceConfiguration = nil }, PhoneEstablished, []string{"sourceConfiguration is missing"}},
		"empty source": {func(e *ConversationEvent) { e.SourceConfiguration = &SourceConfiguration{} }, PhoneEstablished, []string{
			"sourceConfiguration.sourceId is missing", "sourceConfiguration.interactionId is missing",
		}},
		"inviter is no id": {func(e *ConversationEvent) { e.InitialConfiguration.InvitedBy = "X" }, PhoneEstablished, []string{"initialConfiguration.invitedBy is no V4 UUID"}},
		"no queue":         {func(e *ConversationEvent) { e.QueueID = "" }, RoutingEstablished, []string{"queueId is missing"}},
		"bad optional id":  {func(e *ConversationEvent) { e.DestinationConversationID = "x" }, CommunicationEnded, []string{"destinationConversationId is no V4 UUID"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := fullEvent(tt.typ)
			tt.change(&e)
			err := e.Validate()
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.Equal(t, len(tt.want)-1, strings.Count(err.Error(), ", "))
		})
	}
}

// What is sent says everything: an event that is opened and sealed again is the same.
func TestConversationEvent_IsWholeWhenItIsOpened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := fullEvent(rapid.SampledFrom(EventTypes()).Draw(t, "type"))
		for _, text := range []*string{&e.ANI, &e.DNISName, &e.IVRName, &e.PhoneNumber, &e.Notes, &e.Code, &e.SourceConfiguration.TagID, &e.DestinationPhoneNumber} {
			*text = rapid.String().Draw(t, "text")
		}
		if rapid.Bool().Draw(t, "bare") {
			e.SkillIDs, e.Tags, e.InitialConfiguration = nil, nil, &InitialConfiguration{}
		}
		sealed := e.Seal()
		require.True(t, json.Valid([]byte(sealed.Body)), sealed.Body)
		back, err := sealed.Open()
		require.NoError(t, err)
		require.Equal(t, e.EventDateTime.Truncate(time.Millisecond).UTC(), back.EventDateTime.UTC())
		require.Equal(t, sealed, back.Seal())
	})
	_, err := Sealed{Body: "{"}.Open()
	require.Error(t, err)
}

// The bytes are those of encoding/json, which knows how to escape.
func TestConversationEvent_TextsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := fullEvent(CommunicationDispositionApplied)
		e.Notes = rapid.StringN(1, -1, -1).Draw(t, "notes")
		want, err := json.Marshal(e.Notes)
		require.NoError(t, err)
		require.Contains(t, e.Seal().Body, `"notes":`+string(want))
	})
}

// An unknown type cannot be sent.
func TestSealed_OfAnUnknownTypeIsUnfit(t *testing.T) {
	e := ConversationEvent{Type: "Made"}
	require.Equal(t, fault.Invalid, fault.CodeOf(e.Seal().Validate()))
}

func TestAgentEvents_HaveTheFieldsOfTheirModels(t *testing.T) {
	models := loadModels(t)
	presence := PresenceEvent{StableID("p"), eventTime, "user-1", "source-1", "definition-1", "lunch"}
	status := RoutingStatusEvent{StableID("r"), eventTime, "user-1", "source-1", Interacting}
	tests := map[string]struct {
		event interface{ Validate() error }
		model string
	}{
		"presence":       {presence, "UserPresenceEvent"},
		"routing status": {status, "UserRoutingStatusEvent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, tt.event.Validate())
			raw := indent(t, tt.event)
			var fields map[string]any
			require.NoError(t, json.Unmarshal(raw, &fields))
			require.ElementsMatch(t, keys(models.Models[tt.model].Properties), keys(fields))
			golden(t, "golden/"+tt.model+".json", raw)
		})
	}
	var known []string
	for _, s := range routingStatuses {
		known = append(known, string(s))
	}
	require.ElementsMatch(t, models.Models["UserRoutingStatusEvent"].Properties["status"].Enum, known)
}

func TestAgentEvents_RoundTrip(t *testing.T) {
	at := eventTime.UTC().Truncate(time.Millisecond)
	presence := PresenceEvent{StableID("p"), at, "user-1", "source-1", "", ""}
	status := RoutingStatusEvent{StableID("r"), at, "user-1", "source-1", OffQueue}
	var p PresenceEvent
	require.NoError(t, json.Unmarshal(indent(t, presence), &p))
	require.Equal(t, presence, p)
	var r RoutingStatusEvent
	require.NoError(t, json.Unmarshal(indent(t, status), &r))
	require.Equal(t, status, r)
	require.Error(t, json.Unmarshal([]byte(`{"eventDateTime":"today"}`), &p))
	require.Error(t, json.Unmarshal([]byte(`{"eventDateTime":"today"}`), &r))
	require.Error(t, json.Unmarshal([]byte(`{"eventId":1}`), &p))
	require.Error(t, json.Unmarshal([]byte(`{"eventId":1}`), &r))
}

func TestAgentEvents_ValidateNamesEveryFault(t *testing.T) {
	err := PresenceEvent{}.Validate()
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "eventId is no V4 UUID, eventDateTime is missing, userId is missing, sourceId is missing")
	err = RoutingStatusEvent{}.Validate()
	require.ErrorContains(t, err, "agentId is missing, sourceId is missing, status is none of the API's")
}

// The same names always give the same id, other names another, and each is a V4 UUID.
func TestStableID_IsStableUniqueAndV4(t *testing.T) {
	require.Equal(t, "8fb20ef6-3ced-4145-bc2e-983ffe597d1d", StableID("a", "b"), "ids that were sent before an update stay the same")
	require.NotEqual(t, StableID("a", "bc"), StableID("ab", "c"))
	require.NotEqual(t, StableID("a"), StableID("a", ""))
	rapid.Check(t, func(t *rapid.T) {
		id := StableID(rapid.SliceOf(rapid.String()).Draw(t, "parts")...)
		require.True(t, isV4(id), id)
		require.Equal(t, uuid.RFC4122, uuid.MustParse(id).Variant())
	})
}

func TestModels_SubObjectsHaveTheirFields(t *testing.T) {
	models := loadModels(t)
	e := fullEvent(ExternalEstablished)
	for name, v := range map[string]any{"InitialConfiguration": e.InitialConfiguration, "SourceConfiguration": e.SourceConfiguration, "AudioState": e.AudioState} {
		var fields map[string]any
		require.NoError(t, json.Unmarshal(indent(t, v), &fields))
		require.ElementsMatch(t, keys(models.Models[name].Properties), keys(fields), name)
	}
}
