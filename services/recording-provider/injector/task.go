package injector

import (
	"time"

	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/recording"
)

// Task is a segment on its way: the job's payload. Upload is where it is put, once that
// is decided: an attempt that follows a lost answer or a crash puts it to the same place, so that
// the org never holds it twice.
type Task struct {
	packed.Kept

	Segment recording.Segment
	Upload  *Upload
	// Patience is what failed attempts have used of it, until Answered.
	Patience delivery.Patience
	Answered time.Time
}

// Fields names what is stored of a task.
func (t *Task) Fields(f *packed.Form) {
	packed.Of(f, 1, &t.Segment)
	packed.One(f, 2, &t.Upload)
	f.Text(3, &t.Patience.Kind)
	f.Int64(4, (*int64)(&t.Patience.Run))
	f.Int64(5, (*int64)(&t.Patience.Spent))
	f.Int(6, &t.Patience.Times)
	f.Time(7, &t.Answered)
}

// Upload is a presigned place in the org. Its URL is a credential until it expires.
type Upload struct {
	packed.Kept

	URL     string
	Key     string
	Headers map[string]string
	Expires time.Time
}

// Fields names what is stored of an upload.
func (u *Upload) Fields(f *packed.Form) {
	f.Text(1, &u.URL)
	f.Text(2, &u.Key)
	f.Map(3, &u.Headers)
	f.Time(4, &u.Expires)
}

// Receipt is what is remembered of an injected segment: the job's result.
type Receipt struct {
	packed.Kept

	Segment   recording.Segment
	UploadKey string
	KeyID     string // of the encryption
	Bytes     int    // of the audio, as is the sum
	SHA256    string
}

// Fields names what is stored of a receipt.
func (r *Receipt) Fields(f *packed.Form) {
	packed.Of(f, 1, &r.Segment)
	f.Text(2, &r.UploadKey)
	f.Text(3, &r.KeyID)
	f.Int(4, &r.Bytes)
	f.Text(5, &r.SHA256)
}
