package uploads

import "time"

// RecordingKey is an encryption key of the organization. KeyData is the public key: base64 of DER.
type RecordingKey struct {
	ID         string    `json:"id"`
	CreateDate time.Time `json:"createDate"`
	KeyData    string    `json:"keydataSummary"`
	KeyType    string    `json:"keyConfigurationType"` // KmsSymmetric, LocalKeyManager, Native, None
}

// UploadRequest asks for a URL to put a recording to.
type UploadRequest struct {
	FileName             string `json:"fileName,omitempty"`                // see recording.CheckFileName
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
