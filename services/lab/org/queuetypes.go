package org

import (
	"encoding/json"
	"slices"
	"strings"
)

// queueSettings are the types of a queue's settings that the API definition is certain about and a center uses. Other
// properties are kept as they came.
type queueSettings struct {
	AcwSettings *struct {
		WrapupPrompt *string `json:"wrapupPrompt"`
		TimeoutMS    *int64  `json:"timeoutMs"`
	} `json:"acwSettings"`
	MediaSettings map[string]struct {
		EnableAutoAnswer       *bool    `json:"enableAutoAnswer"`
		AlertingTimeoutSeconds *int64   `json:"alertingTimeoutSeconds"`
		AutoAnswerAlertTone    *float64 `json:"autoAnswerAlertToneSeconds"`
		ManualAnswerAlertTone  *float64 `json:"manualAnswerAlertToneSeconds"`
		ServiceLevel           *struct {
			Percentage *float64 `json:"percentage"`
			DurationMS *int64   `json:"durationMs"`
		} `json:"serviceLevel"`
	} `json:"mediaSettings"`
	RoutingRules                 []json.RawMessage          `json:"routingRules"`
	MemberGroups                 []json.RawMessage          `json:"memberGroups"`
	DefaultScripts               map[string]json.RawMessage `json:"defaultScripts"`
	AutoAnswerOnly               *bool                      `json:"autoAnswerOnly"`
	EnableTranscription          *bool                      `json:"enableTranscription"`
	EnableAudioMonitoring        *bool                      `json:"enableAudioMonitoring"`
	EnableManualAssignment       *bool                      `json:"enableManualAssignment"`
	SuppressInQueueCallRecording *bool                      `json:"suppressInQueueCallRecording"`
	CallingPartyName             *string                    `json:"callingPartyName"`
	CallingPartyNumber           *string                    `json:"callingPartyNumber"`
	PeerID                       *string                    `json:"peerId"`
}

// wrapupPrompts are the values of AcwSettings.wrapupPrompt.
func wrapupPrompts() []string {
	return []string{"MANDATORY", "OPTIONAL", "MANDATORY_TIMEOUT", "MANDATORY_FORCED_TIMEOUT", "AGENT_REQUESTED"}
}

// checkSettings refuses settings of the wrong type.
func checkSettings(body []byte) *fault {
	var in queueSettings
	if err := json.Unmarshal(body, &in); err != nil {
		return typeFault(err)
	}
	if in.AcwSettings == nil || in.AcwSettings.WrapupPrompt == nil {
		return nil
	}
	if prompt := *in.AcwSettings.WrapupPrompt; !slices.Contains(wrapupPrompts(), prompt) {
		return fail(codeInvalidValue, clip(prompt), "wrapupPrompt", strings.Join(wrapupPrompts(), ", ")).field("acwSettings.wrapupPrompt")
	}
	return nil
}
