package store

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
)

// seenShards is how many small sets share a pipeline's identities. A set of at most 512 integers
// takes Redis 8 bytes per member, a larger one about 60: so 8,192 sets hold four million
// identities in 34 MB. A change of this number forgets what was seen.
const seenShards = 8192

// keys builds the names of all keys, `<prefix>:{<tenant>}:<kind>:<name>[:<part>...]`:
//
//	pipe:<pipeline>:log             stream   payloads in the order they arrived
//	pipe:<pipeline>:cursors         hash     source -> cursor
//	pipe:<pipeline>:seen:<n>:<age>  set      identities (64 bits of a hash), age is young or old
//	pipe:<pipeline>:state           hash     the model's state
//	pipe:<pipeline>:marks           hash     commit -> id of the last commit
//	pipe:<pipeline>:outboxes        set      names of the outboxes there are
//	pipe:<pipeline>:out:<outbox>    stream   what is not yet acknowledged
//	pipe:<pipeline>:parked:<outbox> stream   what was given up, with its reason
//	pipe:<pipeline>:back:<outbox>   hash     id -> what a person has sent back from the parked ones
//	pipe:<pipeline>:aside           list     malformed input, newest first
//	lease:<name>                    hash     o(wner), g(eneration), x (end, ms)
//	idmap:<kind>                    hash     Engage id -> mapping
//	docs                            hash     name -> document
//	check                           string   written to see whether Redis takes writes
//	barrier                         string   counted up before replicas are waited for
//	jobs:<queue>:<part>             ready, running, parked, done: sorted sets by due time, end of
//	                                lease, time parked, end of retention; meta, payloads, results:
//	                                hashes by job id; tokens: counter of claims
type keys struct{ base string }

func newKeys(prefix, tenant string) keys {
	return keys{base: prefix + ":{" + tenant + "}:"}
}

// name joins the parts of a key behind the prefix and the hash tag.
func (k keys) name(parts ...string) string {
	var key strings.Builder
	key.WriteString(k.base)
	for i, part := range parts {
		if i > 0 {
			key.WriteByte(':')
		}
		key.WriteString(escape(part))
	}
	return key.String()
}

// escape keeps a name from looking like two, or like a hash tag. Hardly any needs it.
func escape(part string) string {
	if !strings.ContainsAny(part, "%:{}") {
		return part
	}
	return strings.NewReplacer("%", "%25", ":", "%3A", "{", "%7B", "}", "%7D").Replace(part)
}

// pattern matches all keys of this prefix and tenant, in the glob syntax of SCAN.
func (k keys) pattern() string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(k.base) + "*"
}

// shorten makes an identity small: which set it belongs to, and the number it is there. Together
// they are 77 bits of its hash, so in ten million identities a chance match is one in 10^16.
func shorten(identity string) (shard int, member string) {
	sum := sha256.Sum256([]byte(identity))
	number := int64(binary.BigEndian.Uint64(sum[:8]))
	return int(binary.BigEndian.Uint16(sum[8:10]) % seenShards), strconv.FormatInt(number, 10)
}
