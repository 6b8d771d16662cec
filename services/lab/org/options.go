// Package org is a strict stand-in for a Genesys Cloud EX organization: the login, the part of the platform API that
// a hybrid connector uses, the presigned upload sink, and a page's view of all of it. It refuses what the API
// definition refuses, with the documented codes, and it is stricter than the definition where that finds bugs; every
// such assumption has one place (conversation/rules.go, upload/schema.go, routes.go).
package org

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

// Client is a registered OAuth client of the client-credentials grant. A client without permissions may log in, but
// everything that needs a permission answers 403; see IntegrationPermissions.
type Client struct {
	ID          string
	Secret      string
	Permissions []string
}

// Options of an organization. The zero value of every field but Clients has a usable default.
type Options struct {
	Logger *slog.Logger
	Now    func() time.Time
	Random io.Reader // ids, tokens, keys; crypto/rand by default

	Name      string // of the organization
	PublicURL string // scheme and host for presigned URLs; default: what the request was sent to
	Clients   []Client
	Knobs     Knobs

	// Key is the first recording key; a new RSA-3072 key is made on first use when nil.
	Key *rsa.PrivateKey

	Transcription string    // Disabled, EnabledGlobally (default), EnabledQueueFlow
	Programs      []Program // speech analytics programs; default: one named "Engage"; the first is the default program
	Dialects      []string  // transcription languages; default: the list of the API definition
	// TranscribeQueues switches voice transcription on for new queues, as an administrator would.
	TranscribeQueues bool
	NoSTASettings    bool // the organization has no speech analytics settings: 404 settings.not.found

	MaxConversations int           // newest conversations kept, default 100,000
	MaxRecordings    int           // newest recordings kept, default 100,000
	StreamInterval   time.Duration // coalescing of the change stream, default 250 ms
}

// Program is a speech analytics program.
type Program struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	QueueIDs []string `json:"queueIds,omitempty"`
}

// Knobs make the organization slow, forgetful or busy. Zero switches a fault off; the limits have defaults.
type Knobs struct {
	LatencyMS          int `json:"latencyMs"`          // added before every answer
	ConsistencyDelayMS int `json:"consistencyDelayMs"` // reads do not show what was created less than this ago
	ThrottleEvery      int `json:"throttleEvery"`      // every n-th API request is answered 429
	RetryAfterSeconds  int `json:"retryAfterSeconds"`  // Retry-After of those, default 1
	FailEvery          int `json:"failEvery"`          // every n-th API request is answered FailStatus without effect
	FailStatus         int `json:"failStatus"`         // 500, 502, 503 (default) or 504
	LoseAnswerEvery    int `json:"loseAnswerEvery"`    // every n-th writing request takes effect and is answered 504
	EventErrorEvery    int `json:"eventErrorEvery"`    // every n-th event is refused as retryable
	UploadFailEvery    int `json:"uploadFailEvery"`    // every n-th PUT to the presigned sink is answered 503
	UploadDelayMS      int `json:"uploadDelayMs"`      // an upload stays Pending this long
	TokenSeconds       int `json:"tokenSeconds"`       // life of a token, default 86,399
	RateLimit          int `json:"rateLimit"`          // requests per window and token, default 300
	RateWindowMS       int `json:"rateWindowMs"`       // length of the window, default 60,000
	TokenRateLimit     int `json:"tokenRateLimit"`     // log-ins per window and client, default 60
	KeyRotationSeconds int `json:"keyRotationSeconds"` // a newer recording key appears when the newest is older than this
	ReportDelayMS      int `json:"reportDelayMs"`      // an upload report stays InProgress this long

	BadEnumFailsBatch bool `json:"badEnumFailsBatch"` // one value outside an enumeration refuses the whole batch with 400
	KMSKeys           bool `json:"kmsKeys"`           // recording keys are the customer's own, in a key management service
}

const (
	defaultConversations = 100_000
	defaultRateLimit     = 300
	defaultWindowMS      = 60_000
	defaultTokenSeconds  = 86_399
	defaultTokenLimit    = 60
	defaultStream        = 250 * time.Millisecond
	maxKnob              = 86_400_000
)

// withDefaults fills the limits that must not be zero.
func (k Knobs) withDefaults() Knobs {
	for _, row := range []struct {
		at    *int
		value int
	}{
		{&k.RetryAfterSeconds, 1},
		{&k.FailStatus, 503},
		{&k.TokenSeconds, defaultTokenSeconds},
		{&k.RateLimit, defaultRateLimit},
		{&k.RateWindowMS, defaultWindowMS},
		{&k.TokenRateLimit, defaultTokenLimit},
	} {
		if *row.at == 0 {
			*row.at = row.value
		}
	}
	return k
}

func (k Knobs) validate() error {
	for _, value := range []int{
		k.LatencyMS, k.ConsistencyDelayMS, k.ThrottleEvery, k.RetryAfterSeconds, k.FailEvery, k.LoseAnswerEvery,
		k.EventErrorEvery, k.UploadFailEvery, k.UploadDelayMS, k.TokenSeconds, k.RateLimit, k.RateWindowMS,
		k.TokenRateLimit, k.KeyRotationSeconds, k.ReportDelayMS,
	} {
		if value < 0 || value > maxKnob {
			return fmt.Errorf("knobs: %d is not between 0 and %d", value, maxKnob)
		}
	}
	if k.FailStatus != 0 && !slices.Contains([]int{500, 502, 503, 504}, k.FailStatus) {
		return fmt.Errorf("knobs: failStatus %d is none of 500, 502, 503, 504", k.FailStatus)
	}
	return nil
}

func (o *Options) setDefaults() error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Name == "" {
		o.Name = "Engage Connector Lab"
	}
	if o.Transcription == "" {
		o.Transcription = "EnabledGlobally"
	}
	if len(o.Dialects) == 0 {
		o.Dialects = dialects()
	}
	if o.MaxConversations <= 0 {
		o.MaxConversations = defaultConversations
	}
	if o.MaxRecordings <= 0 {
		o.MaxRecordings = defaultConversations
	}
	if o.StreamInterval <= 0 {
		o.StreamInterval = defaultStream
	}
	o.Knobs = o.Knobs.withDefaults()
	return o.validate()
}

func (o *Options) validate() error {
	ids := make(map[string]bool, len(o.Clients))
	for _, client := range o.Clients {
		if client.ID == "" || client.Secret == "" {
			return errors.New("org: a client needs an id and a secret")
		}
		if ids[client.ID] {
			return fmt.Errorf("org: client %q is registered twice", client.ID)
		}
		ids[client.ID] = true
	}
	if !slices.Contains(transcriptionModes(), o.Transcription) {
		return fmt.Errorf("org: transcription %q is none of %v", o.Transcription, transcriptionModes())
	}
	return o.Knobs.validate()
}
