package genesys

import (
	"encoding/json"
	"time"
)

// MaxBatch is how many events one injection request may carry (error max.batch.size.surpassed).
const MaxBatch = 100

// ConversationBatch is what one injection request carries: up to MaxBatch events, in the order
// they happened. It marshals into the API's form, one array per event type.
type ConversationBatch struct{ events []ConversationEvent }

// NewConversationBatch groups events into the body of one request.
func NewConversationBatch(events []ConversationEvent) ConversationBatch {
	return ConversationBatch{events: events}
}

// Len is the number of events in the batch.
func (b ConversationBatch) Len() int { return len(b.events) }

// BatchResult is the answer to an injection: every event that is not listed was accepted.
type BatchResult struct {
	Errors        []EventError
	CorrelationID string // the server's id of the (last) request, for support
}

// EventError tells why one event was not accepted. Only a Retryable one may be sent again, with
// the same event id.
type EventError struct {
	EventID   string `json:"eventId"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// Failed finds the error of an event.
func (r BatchResult) Failed(eventID string) (EventError, bool) {
	for _, e := range r.Errors {
		if e.EventID == eventID {
			return e, true
		}
	}
	return EventError{}, false
}

// Ref is an object named by its id, and on reading also by its name.
type Ref struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// User is a SCIM user. Empty fields are not sent on creation.
type User struct {
	ID          string          `json:"id,omitempty"` // set by the server
	Active      *bool           `json:"active,omitempty"`
	UserName    string          `json:"userName,omitempty"` // the e-mail address; unique
	DisplayName string          `json:"displayName,omitempty"`
	Title       string          `json:"title,omitempty"`
	Emails      []UserEmail     `json:"emails,omitempty"`
	ExternalID  string          `json:"externalId,omitempty"`
	Roles       []UserRole      `json:"roles,omitempty"` // by role name
	Enterprise  *UserEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Extension   *UserExtension  `json:"urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User,omitempty"`
	Meta        *UserMeta       `json:"meta,omitempty"` // set by the server
}

// IsActive reports the administrative status; a user of whom nothing is said is active.
func (u User) IsActive() bool { return u.Active == nil || *u.Active }

// Version is the ETag for PatchUser's ifMatch; "" when the server gave none.
func (u User) Version() string {
	if u.Meta == nil {
		return ""
	}
	return u.Meta.Version
}

// UserEmail is one e-mail address of a user; Type is "work" or "other".
type UserEmail struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// UserRole is a role of a user, by name.
type UserRole struct {
	Value string `json:"value"`
}

// UserEnterprise is the SCIM enterprise extension.
type UserEnterprise struct {
	Division       string `json:"division,omitempty"` // division name
	Department     string `json:"department,omitempty"`
	EmployeeNumber string `json:"employeeNumber,omitempty"`
}

// UserExtension is the vendor's SCIM extension.
type UserExtension struct {
	RoutingSkills []UserRoutingSkill `json:"routingSkills,omitempty"` // at most 50
	ExternalIDs   []UserExternalID   `json:"externalIds,omitempty"`
}

// UserRoutingSkill is a skill of a user by its case-sensitive name, proficiency 0.0 to 5.0.
type UserRoutingSkill struct {
	Name        string  `json:"name"`
	Proficiency float64 `json:"proficiency"`
}

// UserExternalID is an id that another system (the authority) gave to the user.
type UserExternalID struct {
	Authority string `json:"authority"`
	Value     string `json:"value"`
}

// UserMeta is what SCIM keeps about the resource.
type UserMeta struct {
	Version      string    `json:"version,omitempty"`
	LastModified time.Time `json:"lastModified,omitzero"`
	Location     string    `json:"location,omitempty"`
}

// UserFilter selects users. SCIM knows only single conditions; without Filter the listing has
// active users only.
type UserFilter struct {
	Filter     string   // e.g. `active eq false`, `division eq "Home"`
	Attributes []string // restrict to these; full users come in pages of 25 only
}

// PatchOperation is one step of a SCIM PATCH: Op is "add", "replace" or "remove"; Value is any
// JSON value and is left out when nil.
type PatchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// Replace is the patch operation that sets an attribute.
func Replace(path string, value any) PatchOperation {
	return PatchOperation{Op: "replace", Path: path, Value: value}
}

// Role is a role of the organization.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// RoleGrant gives a role in a division.
type RoleGrant struct {
	RoleID     string `json:"roleId"`
	DivisionID string `json:"divisionId"`
}

// Division is an authorization division.
type Division struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Home bool   `json:"homeDivision,omitempty"`
}

// Skill is a routing skill; State is active, inactive or deleted.
type Skill struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state,omitempty"`
}

// SkillRating is a skill of a user with its proficiency 0.0 to 5.0. Name is set when reading.
type SkillRating struct {
	ID          string  `json:"id"`
	Name        string  `json:"name,omitempty"`
	Proficiency float64 `json:"proficiency"`
}

// Queue is a routing queue. Fields that the struct does not name survive a round trip of
// GetQueue or UpdateQueue in other.
type Queue struct {
	ID                  string
	Name                string
	Description         string
	Division            *Ref
	PeerID              string // id of the associated external queue
	EnableTranscription *bool
	other               map[string]json.RawMessage
}

// QueueFilter selects queues; the zero value means all.
type QueueFilter struct {
	Name    string // may begin and end with *
	PeerID  string
	HasPeer bool // only queues that have a peer id
}

// QueueMember is a member of a queue; MemberBy is "user" or "group".
type QueueMember struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Joined   bool   `json:"joined"`
	MemberBy string `json:"memberBy,omitempty"`
}

// WrapupCode is a wrap-up code.
type WrapupCode struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Division    *Ref   `json:"division,omitempty"`
}

// Source is a registered presence source: the external platform. Type is System or User.
type Source struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type,omitempty"`
	Deactivated bool   `json:"deactivated,omitempty"`
}

// PresenceDefinition is a presence of the organization. Type is System or User; SystemPresence one
// of Available, Away, Busy, Offline, Idle, OnQueue, Meal, Training, Meeting, Break.
type PresenceDefinition struct {
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

// RecordingKey is an encryption key of the organization. KeyData is the public key: base64 of DER.
type RecordingKey struct {
	ID         string    `json:"id"`
	CreateDate time.Time `json:"createDate"`
	KeyData    string    `json:"keydataSummary"`
	KeyType    string    `json:"keyConfigurationType"` // KmsSymmetric, LocalKeyManager, Native, None
}

// UploadRequest asks for a URL to put a recording to.
type UploadRequest struct {
	FileName             string `json:"fileName,omitempty"`                // see ValidateUploadName
	ContentMD5           string `json:"contentMd5,omitempty"`              // base64 of the MD5
	TimeoutSeconds       int    `json:"signedUrlTimeoutSeconds,omitempty"` // 1 to 604800, default 600
	ContentType          string `json:"contentType,omitempty"`
	ServerSideEncryption string `json:"serverSideEncryption,omitempty"` // "AES256"
}

// UploadTarget is where and how to put the recording. The URL is a credential: do not log it.
type UploadTarget struct {
	URL     string            `json:"url"`
	Key     string            `json:"uploadKey"` // identifies the file in the storage
	Headers map[string]string `json:"headers"`   // to be sent exactly
}

// UploadReportRequest asks for a report on uploads since a time. Status is Pending, Success,
// Failure or WaitForConversation; empty means any.
type UploadReportRequest struct {
	Since  time.Time
	Status string
}

// UploadReport is the state of a report: InProgress, Completed (SignedURL is set) or Failed.
type UploadReport struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	SignedURL string `json:"signedUrl,omitempty"`
}

// TranscriptionSettings says whether the organization transcribes calls.
type TranscriptionSettings struct {
	Transcription string `json:"transcription"` // Disabled, EnabledGlobally, EnabledQueueFlow
	Confidence    int    `json:"transcriptionConfidenceThreshold"`
	LowLatency    bool   `json:"lowLatencyTranscriptionEnabled"`
}

// ProgramMapping says which queues and flows a speech program covers; a queue has one program.
type ProgramMapping struct {
	Program Ref   `json:"program"`
	Queues  []Ref `json:"queues"`
	Flows   []Ref `json:"flows"`
}

// SpeechSettings are the organization's speech and text analytics settings.
type SpeechSettings struct {
	DefaultProgram       Ref      `json:"defaultProgram"`
	ExpectedDialects     []string `json:"expectedDialects"`
	TextAnalyticsEnabled bool     `json:"textAnalyticsEnabled"`
	AgentEmpathyEnabled  bool     `json:"agentEmpathyEnabled"`
}

// DialectEngine is a transcription engine (Genesys, GenesysExtended, TranscriptionConnector) with
// the dialects it understands.
type DialectEngine struct {
	Engine   string   `json:"engine"`
	Dialects []string `json:"dialects"`
}
