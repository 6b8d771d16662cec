package callmodel

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/engage"
)

// ValueAt is the value that a key of the user data had at a time; empty when it was not set yet.
func (c *Call) ValueAt(key string, at time.Time) string {
	value := ""
	for _, v := range c.Data {
		if v.At.After(at) {
			break
		}
		if v.Key == key {
			value = v.Value
		}
	}
	return value
}

// maxValues bounds the user data history of a call; a strategy that writes one key more often loses
// the oldest values.
const maxValues = 64

// note keeps a value in a history; it tells whether that was new.
func note(history *[]Value, v Value) bool {
	i, found := slices.BinarySearchFunc(*history, v, func(a, b Value) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return strings.Compare(a.Key, b.Key)
	})
	if found {
		return false
	}
	*history = slices.Insert(*history, i, v)
	if len(*history) > maxValues {
		*history = slices.Delete(*history, 0, 1)
	}
	return true
}

// changed is the newest value that an attribute had changed to by a time, else its first one.
func (c *Call) changed(key, first string, at time.Time) string {
	for _, v := range c.Changes {
		if v.Key == key && !v.At.After(at) {
			first = v.Value
		}
	}
	return first
}

// Attributes whose later values are kept.
const (
	attrANI  = "ANI"
	attrDNIS = "DNIS"
	attrType = "CallType"
)

// ANIAt is the calling number as it stood at a time.
func (c *Call) ANIAt(at time.Time) string { return c.changed(attrANI, c.ANI, at) }

// DNISAt is the called number as it stood at a time.
func (c *Call) DNISAt(at time.Time) string { return c.changed(attrDNIS, c.DNIS, at) }

// TypeAt is the call type as it stood at a time.
func (c *Call) TypeAt(at time.Time) engage.CallType {
	n, err := strconv.Atoi(c.changed(attrType, strconv.Itoa(int(c.Type)), at))
	if err != nil {
		return c.Type
	}
	return engage.CallType(n)
}
