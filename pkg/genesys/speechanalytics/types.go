package speechanalytics

import (
	"engage.connector/pkg/genesys"
)

// ProgramMapping says which queues and flows a speech program covers; a queue has one program.
type ProgramMapping struct {
	Program genesys.Ref   `json:"program"`
	Queues  []genesys.Ref `json:"queues"`
	Flows   []genesys.Ref `json:"flows"`
}

// SpeechSettings are the organization's speech and text analytics settings.
type SpeechSettings struct {
	DefaultProgram       genesys.Ref `json:"defaultProgram"`
	ExpectedDialects     []string    `json:"expectedDialects"`
	TextAnalyticsEnabled bool        `json:"textAnalyticsEnabled"`
	AgentEmpathyEnabled  bool        `json:"agentEmpathyEnabled"`
}

// DialectEngine is a transcription engine (Genesys, GenesysExtended, TranscriptionConnector) with
// the dialects it understands.
type DialectEngine struct {
	Engine   string   `json:"engine"`
	Dialects []string `json:"dialects"`
}
