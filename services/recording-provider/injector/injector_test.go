package injector_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/uploads"
	"engage.connector/pkg/recording"
	"engage.connector/services/recording-provider/injector"
)

const fileName = "00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D.opus"

type storage map[string][]byte

func (s storage) Fetch(_ context.Context, name string) ([]byte, error) {
	content, ok := s[name]
	if !ok {
		return nil, fault.Newf(fault.NotFound, "storage", "no %s", name)
	}
	return content, nil
}

// org is an EX org whose steps can be made to fail.
type org struct {
	key      uploads.RecordingKey
	failures map[injector.Step]error
	asked    int
	request  uploads.UploadRequest
	uploaded []byte
	places   []string // keys that were put to
	created  int
}

func (o *org) CurrentRecordingKey(context.Context) (uploads.RecordingKey, error) {
	o.asked++
	return o.key, o.failures[injector.StepKey]
}

func (o *org) CreateUpload(_ context.Context, request uploads.UploadRequest) (uploads.UploadTarget, error) {
	o.request = request
	o.created++
	return uploads.UploadTarget{URL: "https://storage.example/x?sig", Key: "upload-" + strconv.Itoa(o.created)}, o.failures[injector.StepPresign]
}

func (o *org) PutUpload(_ context.Context, target uploads.UploadTarget, body io.Reader, size int64) error {
	content, err := io.ReadAll(body)
	if err != nil || int64(len(content)) != size {
		return errors.New("size does not match")
	}
	o.uploaded, o.places = content, append(o.places, target.Key)
	return o.failures[injector.StepUpload]
}

func newOrg(t *testing.T, id string) *org {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return &org{
		key:      uploads.RecordingKey{ID: id, KeyData: base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&private.PublicKey))},
		failures: map[injector.Step]error{},
	}
}

// opusFile is a recording of three seconds; without its end it may still be written.
func opusFile(last bool) []byte {
	name := "good.opus"
	if !last {
		name = "no_eos.opus"
	}
	file, err := os.ReadFile(filepath.Join("..", "..", "..", "pkg", "recording", "oggopus", "testdata", name))
	if err != nil {
		panic(err)
	}
	return file
}

func task() injector.Task {
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return injector.Task{Segment: recording.Segment{
		ID: "r1", FileName: fileName, ConversationID: "c", CommunicationID: "a", CallUUID: "u", Start: start, End: start.Add(time.Second),
	}}
}

func forget(context.Context, injector.Task) error { return nil }

// ledger: E-EXRP-001, E-EXRP-009, E-EXRP-010
func TestARecordingIsPresignedAndUploaded(t *testing.T) {
	o := newOrg(t, "key-1")
	receipt, err := injector.New(storage{fileName: opusFile(true)}, o, time.Now).Inject(t.Context(), task(), forget)
	require.NoError(t, err)
	require.Equal(t, "upload-1", receipt.UploadKey)
	require.Equal(t, "key-1", receipt.KeyID)
	require.Equal(t, len(opusFile(true)), receipt.Bytes)
	require.Equal(t, "00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D.zip", o.request.FileName)
	archive, err := zip.NewReader(bytes.NewReader(o.uploaded), int64(len(o.uploaded)))
	require.NoError(t, err)
	require.Len(t, archive.File, 2)
}

func TestTheFailedStepIsNamed(t *testing.T) {
	tests := map[injector.Step]struct {
		files storage
		code  fault.Code
	}{
		injector.StepFetch:   {storage{}, fault.NotFound},
		injector.StepInspect: {storage{fileName: []byte("RIFF....")}, fault.Invalid},
		injector.StepKey:     {storage{fileName: opusFile(true)}, fault.Timeout},
		injector.StepPresign: {storage{fileName: opusFile(true)}, fault.Timeout},
		injector.StepUpload:  {storage{fileName: opusFile(true)}, fault.Timeout},
	}
	for step, test := range tests {
		t.Run(string(step), func(t *testing.T) {
			o := newOrg(t, "key-1")
			o.failures[step] = fault.New(fault.Timeout, "org", "slow")
			_, err := injector.New(test.files, o, time.Now).Inject(t.Context(), task(), forget)
			var failed *injector.StepError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, step, failed.Step)
			require.Equal(t, test.code, fault.CodeOf(err))
		})
	}
}

func TestAFileThatIsStillWrittenIsTriedAgain(t *testing.T) {
	_, err := injector.New(storage{fileName: opusFile(false)}, newOrg(t, "key-1"), time.Now).Inject(t.Context(), task(), forget)
	require.True(t, fault.Retryable(err), "%v", err)
}

func TestAnAttemptAfterALostAnswerPutsToTheSamePlace(t *testing.T) {
	o := newOrg(t, "key-1")
	o.failures[injector.StepUpload] = fault.New(fault.Timeout, "storage", "no answer")
	kept := task()
	save := func(_ context.Context, saved injector.Task) error { kept = saved; return nil }
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	i := injector.New(storage{fileName: opusFile(true)}, o, func() time.Time { return now })
	for range 2 {
		_, err := i.Inject(t.Context(), kept, save)
		require.True(t, fault.Retryable(err))
		now = now.Add(time.Hour)
	}
	delete(o.failures, injector.StepUpload)
	receipt, err := i.Inject(t.Context(), kept, save)
	require.NoError(t, err)
	require.Equal(t, "upload-1", receipt.UploadKey)
	require.Equal(t, []string{"upload-1", "upload-1", "upload-1"}, o.places)

	now = now.Add(23 * time.Hour)
	receipt, err = i.Inject(t.Context(), kept, save)
	require.NoError(t, err)
	require.Equal(t, "upload-2", receipt.UploadKey, "a place that runs out is not used")
}

func TestNothingIsPutBeforeItsPlaceIsSaved(t *testing.T) {
	o := newOrg(t, "key-1")
	away := fault.New(fault.Unavailable, "redis", "away")
	_, err := injector.New(storage{fileName: opusFile(true)}, o, time.Now).Inject(t.Context(), task(),
		func(context.Context, injector.Task) error { return away })
	require.ErrorIs(t, err, away)
	require.Empty(t, o.places)
}

func TestARefusedPlaceIsForgottenAndTriedAgain(t *testing.T) {
	o := newOrg(t, "key-1")
	o.failures[injector.StepUpload] = fault.New(fault.Forbidden, "storage", "expired")
	kept := task()
	_, err := injector.New(storage{fileName: opusFile(true)}, o, time.Now).Inject(t.Context(), kept,
		func(_ context.Context, saved injector.Task) error { kept = saved; return nil })
	require.True(t, fault.Retryable(err), "%v", err)
	require.Nil(t, kept.Upload)
}

// ledger: E-EXRP-007
func TestTheKeyIsAskedForOncePerHourAndSurvivesAnOutage(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	o := newOrg(t, "key-1")
	i := injector.New(storage{fileName: opusFile(true)}, o, func() time.Time { return now })
	inject := func() (injector.Receipt, error) { return i.Inject(t.Context(), task(), forget) }
	for range 3 {
		_, err := inject()
		require.NoError(t, err)
	}
	require.Equal(t, 1, o.asked)

	now = now.Add(61 * time.Minute)
	o.failures[injector.StepKey] = fault.New(fault.Unavailable, "org", "away")
	receipt, err := inject()
	require.NoError(t, err)
	require.Equal(t, "key-1", receipt.KeyID)

	rotated := newOrg(t, "key-2")
	o.key, o.failures = rotated.key, nil
	receipt, err = inject()
	require.NoError(t, err)
	require.Equal(t, "key-2", receipt.KeyID)
}
