// Package cms opens the encrypted half of an uploaded recording: a CMS EnvelopedData (RFC 5652, section 6) in BER or
// DER with exactly one KeyTransRecipientInfo, RSA PKCS#1 v1.5 or RSA-OAEP with SHA-1, and AES-CBC content. That this
// is the envelope of injected recordings is inferred, not publicly documented (facts, genesys-cloud-api 6.3).
package cms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSA-OAEP's default hash; the key service unwraps with it
	"encoding/asn1"
	"errors"
	"fmt"
)

// Errors of Parse and Decrypt; the texts become the failure reason of an upload.
var (
	ErrNotEnveloped = errors.New("not a CMS EnvelopedData")
	ErrRecipients   = errors.New("the envelope must have exactly one key transport recipient")
	ErrKeyAlgorithm = errors.New("key encryption algorithm is neither RSA PKCS#1 v1.5 nor RSA-OAEP with SHA-1")
	ErrCipher       = errors.New("content encryption algorithm is neither AES-128-CBC nor AES-256-CBC")
	ErrDecrypt      = errors.New("the content cannot be decrypted with the organization's key")
)

// Envelope is a parsed EnvelopedData.
type Envelope struct {
	OAEP         bool
	KeyBits      int // 128 or 256
	encryptedKey []byte
	iv           []byte
	ciphertext   []byte
}

type contentInfo struct {
	ContentType asn1.ObjectIdentifier
	Content     asn1.RawValue `asn1:"explicit,tag:0"`
}

type envelopedData struct {
	Version          int
	OriginatorInfo   asn1.RawValue   `asn1:"optional,tag:0"`
	RecipientInfos   []asn1.RawValue `asn1:"set"`
	EncryptedContent encryptedContentInfo
	UnprotectedAttrs asn1.RawValue `asn1:"optional,tag:1"`
}

type encryptedContentInfo struct {
	ContentType asn1.ObjectIdentifier
	Algorithm   algorithm
	Content     asn1.RawValue `asn1:"optional,tag:0"`
}

type keyTransRecipientInfo struct {
	Version      int
	Recipient    asn1.RawValue // issuer and serial number, or [0] subject key identifier: the key id comes with the metadata
	Algorithm    algorithm
	EncryptedKey []byte
}

type algorithm struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// oaepParameters is RSAES-OAEP-params of RFC 8017; absent members mean SHA-1.
type oaepParameters struct {
	Hash  algorithm     `asn1:"optional,explicit,tag:0"`
	MGF   algorithm     `asn1:"optional,explicit,tag:1"`
	Label asn1.RawValue `asn1:"optional,explicit,tag:2"`
}

var (
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidOAEP          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidMGF1          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidAES128CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES256CBC     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// Parse reads an EnvelopedData. It never needs the key.
func Parse(message []byte) (*Envelope, error) {
	der, err := normalize(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotEnveloped, err)
	}
	var info contentInfo
	if err := unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotEnveloped, err)
	}
	if !info.ContentType.Equal(oidEnvelopedData) {
		return nil, fmt.Errorf("%w: content type %s", ErrNotEnveloped, info.ContentType)
	}
	var data envelopedData
	if err := unmarshal(info.Content.Bytes, &data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotEnveloped, err)
	}
	env := &Envelope{}
	if err := env.readRecipient(data.RecipientInfos); err != nil {
		return nil, err
	}
	return env, env.readContent(data.EncryptedContent)
}

func (e *Envelope) readRecipient(infos []asn1.RawValue) error {
	if len(infos) != 1 {
		return fmt.Errorf("%w: %d recipients", ErrRecipients, len(infos))
	}
	var recipient keyTransRecipientInfo
	if err := unmarshal(infos[0].FullBytes, &recipient); err != nil {
		return fmt.Errorf("%w: %w", ErrRecipients, err)
	}
	e.encryptedKey = recipient.EncryptedKey
	switch {
	case recipient.Algorithm.Algorithm.Equal(oidRSA):
		return nil
	case recipient.Algorithm.Algorithm.Equal(oidOAEP):
		e.OAEP = true
		return checkOAEP(recipient.Algorithm.Parameters)
	default:
		return fmt.Errorf("%w: %s", ErrKeyAlgorithm, recipient.Algorithm.Algorithm)
	}
}

func checkOAEP(raw asn1.RawValue) error {
	if len(raw.FullBytes) == 0 {
		return nil
	}
	var params oaepParameters
	if err := unmarshal(raw.FullBytes, &params); err != nil {
		return fmt.Errorf("%w: %w", ErrKeyAlgorithm, err)
	}
	if len(params.Label.Bytes) > 0 ||
		params.Hash.Algorithm != nil && !params.Hash.Algorithm.Equal(oidSHA1) ||
		params.MGF.Algorithm != nil && !params.MGF.Algorithm.Equal(oidMGF1) {
		return ErrKeyAlgorithm
	}
	return nil
}

func (e *Envelope) readContent(content encryptedContentInfo) error {
	switch {
	case content.Algorithm.Algorithm.Equal(oidAES256CBC):
		e.KeyBits = 256
	case content.Algorithm.Algorithm.Equal(oidAES128CBC):
		e.KeyBits = 128
	default:
		return fmt.Errorf("%w: %s", ErrCipher, content.Algorithm.Algorithm)
	}
	iv := content.Algorithm.Parameters
	if iv.Tag != asn1.TagOctetString || iv.Class != asn1.ClassUniversal || len(iv.Bytes) != aes.BlockSize {
		return fmt.Errorf("%w: no initialization vector of %d bytes", ErrCipher, aes.BlockSize)
	}
	e.iv = iv.Bytes
	e.ciphertext = content.Content.Bytes
	if len(e.ciphertext) == 0 || len(e.ciphertext)%aes.BlockSize != 0 {
		return fmt.Errorf("%w: the content is not a multiple of the block size", ErrCipher)
	}
	return nil
}

// Decrypt unwraps the content key and returns the content without its padding.
func (e *Envelope) Decrypt(key *rsa.PrivateKey) ([]byte, error) {
	contentKey, err := e.contentKey(key)
	if err != nil || len(contentKey)*8 != e.KeyBits {
		return nil, ErrDecrypt
	}
	block, err := aes.NewCipher(contentKey)
	if err != nil {
		return nil, ErrDecrypt
	}
	plain := make([]byte, len(e.ciphertext))
	cipher.NewCBCDecrypter(block, e.iv).CryptBlocks(plain, e.ciphertext)
	return unpad(plain)
}

func (e *Envelope) contentKey(key *rsa.PrivateKey) ([]byte, error) {
	if e.OAEP {
		out, err := rsa.DecryptOAEP(sha1.New(), nil, key, e.encryptedKey, nil) //nolint:gosec // see the import
		if err != nil {
			return nil, fmt.Errorf("oaep: %w", err)
		}
		return out, nil
	}
	// The padding oracle this form opens is of no use against a simulator's own key; an exact verdict is.
	out, err := rsa.DecryptPKCS1v15(nil, key, e.encryptedKey) //nolint:staticcheck // what the envelope uses
	if err != nil {
		return nil, fmt.Errorf("pkcs1: %w", err)
	}
	return out, nil
}

// unpad removes the PKCS#7 padding.
func unpad(plain []byte) ([]byte, error) {
	last := plain[len(plain)-1]
	size := int(last)
	if size == 0 || size > aes.BlockSize || size > len(plain) {
		return nil, ErrDecrypt
	}
	for _, b := range plain[len(plain)-size:] {
		if b != last {
			return nil, ErrDecrypt
		}
	}
	return plain[:len(plain)-size], nil
}

// unmarshal is asn1.Unmarshal that takes no trailing bytes.
func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil {
		return fmt.Errorf("asn.1: %w", err)
	}
	if len(rest) != 0 {
		return fmt.Errorf("asn.1: %d trailing bytes", len(rest))
	}
	return nil
}
