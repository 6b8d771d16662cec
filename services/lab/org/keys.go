package org

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Recording keys are RSA-3072 (facts 6.3). Old ones stay, so that what was encrypted for them can still be read.
const (
	keyBits = 3072
	maxKeys = 32
)

// keyring holds the organization's recording keys, the oldest first. It has its own lock: making a key takes long.
type keyring struct {
	org  *Org
	mu   sync.Mutex
	keys []recordingKey
}

type recordingKey struct {
	id      string
	created time.Time
	private *rsa.PrivateKey
}

func newKeyring(o *Org, first *rsa.PrivateKey) *keyring {
	k := &keyring{org: o}
	if first != nil {
		k.keys = []recordingKey{{id: o.newID(), created: o.opts.Now(), private: first}}
	}
	return k
}

// RotateKey makes a new recording key and returns its id.
func (o *Org) RotateKey() (string, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", fmt.Errorf("org: recording key: %w", err)
	}
	return o.AddKey(private), nil
}

// AddKey makes a given key the current recording key and returns its id.
func (o *Org) AddKey(private *rsa.PrivateKey) string {
	o.keys.mu.Lock()
	defer o.keys.mu.Unlock()
	return o.keys.add(private).id
}

func (k *keyring) add(private *rsa.PrivateKey) recordingKey {
	key := recordingKey{id: k.org.newID(), created: k.org.opts.Now(), private: private}
	k.keys = append(k.keys, key)
	if len(k.keys) > maxKeys {
		k.keys = k.keys[1:]
	}
	return key
}

// find returns a private key by its id, nil when there is none.
func (k *keyring) find(id string) *rsa.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		if key.id == id {
			return key.private
		}
	}
	return nil
}

// list returns the keys, the newest first; it makes the first one, and a newer one when the rotation knob says so.
func (k *keyring) list() ([]recordingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rotation := time.Duration(k.org.Knobs().KeyRotationSeconds) * time.Second
	due := len(k.keys) == 0 ||
		rotation > 0 && k.org.opts.Now().Sub(k.keys[len(k.keys)-1].created) >= rotation
	if due {
		private, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return nil, fmt.Errorf("recording key: %w", err)
		}
		k.add(private)
	}
	out := make([]recordingKey, 0, len(k.keys))
	for _, v := range slices.Backward(k.keys) {
		out = append(out, v)
	}
	return out, nil
}

type keyView struct {
	ID         string `json:"id"`
	CreateDate string `json:"createDate"`
	KeyData    string `json:"keydataSummary,omitempty"`
	Type       string `json:"keyConfigurationType"`
	KMSKeyARN  string `json:"kmsKeyArn,omitempty"`
	SelfURI    string `json:"selfUri"`
}

// view shows the public key as base64 of a DER PKCS#1 RSAPublicKey. A key of a key management service has no public
// part that could be shown.
func (k recordingKey) view(kms bool) keyView {
	if kms {
		return keyView{
			ID: k.id, CreateDate: stamp(k.created), Type: "KmsSymmetric", SelfURI: "/api/v2/recording/recordingkeys/" + k.id,
			KMSKeyARN: "arn:aws:kms:eu-central-1:000000000000:key/" + k.id,
		}
	}
	return keyView{
		ID: k.id, CreateDate: stamp(k.created), Type: "Native", SelfURI: "/api/v2/recording/recordingkeys/" + k.id,
		KeyData: base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&k.private.PublicKey)),
	}
}

func (o *Org) listKeys(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	keys, err := o.keys.list()
	if err != nil {
		o.opts.Logger.Error("recording keys", "error", err)
		return nil, fail(codeInternal)
	}
	views := make([]keyView, len(keys))
	for i, key := range keys {
		views[i] = key.view(o.Knobs().KMSKeys)
	}
	return ok(cut(p, views))
}

func (o *Org) createKey(*call) (*reply, *fault) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fail(codeInternal)
	}
	o.keys.mu.Lock()
	defer o.keys.mu.Unlock()
	return &reply{status: http.StatusOK, body: o.keys.add(private).view(false)}, nil
}
