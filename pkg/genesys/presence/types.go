package presence

// Source is a registered presence source: the external platform. Type is System or User.
type Source struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type,omitempty"`
	Deactivated bool   `json:"deactivated,omitempty"`
}

// Definition is a presence of the organization. Type is System or User; SystemPresence one
// of Available, Away, Busy, Offline, Idle, OnQueue, Meal, Training, Meeting, Break.
type Definition struct {
	ID             string            `json:"id"`
	Name           string            `json:"name,omitempty"`
	Type           string            `json:"type,omitempty"`
	SystemPresence string            `json:"systemPresence,omitempty"`
	LanguageLabels map[string]string `json:"languageLabels,omitempty"`
	DivisionID     string            `json:"divisionId,omitempty"`
	Deactivated    bool              `json:"deactivated,omitempty"`
}

// PrimarySource is the source that a user's presence is taken from.
type PrimarySource struct {
	ID         string `json:"id,omitempty"` // the user
	SourceID   string `json:"sourceId"`
	Registered bool   `json:"registered"`
}
