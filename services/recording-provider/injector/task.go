package injector

import (
	"time"

	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/recording"
)

// Task is a segment on its way; its JSON is the job's payload. Upload is where it is put, once that
// is decided: an attempt that follows a lost answer or a crash puts it to the same place, so that
// the org never holds it twice.
type Task struct {
	Segment recording.Segment `json:"segment"`
	Upload  *Upload           `json:"upload,omitempty"`
	// Patience is what failed attempts have used of it, until Answered.
	Patience delivery.Patience `json:"patience,omitzero"`
	Answered time.Time         `json:"answered,omitzero"`
}

// Upload is a presigned place in the org. Its URL is a credential until it expires.
type Upload struct {
	URL     string            `json:"url"`
	Key     string            `json:"key"`
	Headers map[string]string `json:"headers,omitempty"`
	Expires time.Time         `json:"expires"`
}

// Receipt is what is remembered of an injected segment.
type Receipt struct {
	Segment   recording.Segment `json:"segment"`
	UploadKey string            `json:"uploadKey"`
	KeyID     string            `json:"encryptionKeyId"`
	Bytes     int               `json:"audioBytes"`
	SHA256    string            `json:"audioSha256"`
}
