package store

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
)

func TestNoTwoNamesShareAKeyAndTheTenantIsTheOnlyHashTag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := newKeys("engage-connector", "101")
		names := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("a:{}%é*")), 0, 4, -1), 1, 3)
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		require.Equal(t, fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b), k.name(a...) == k.name(b...))
		key := k.name(a...)
		require.True(t, strings.HasPrefix(key, "engage-connector:{101}:"))
		require.Equal(t, 1, strings.Count(key, "{"))
		require.Equal(t, 1, strings.Count(key, "}"))
	})
}

func TestThePatternMatchesNoOtherPrefix(t *testing.T) {
	require.Equal(t, `a\*b\?\[c\]\\:{101}:*`, newKeys(`a*b?[c]\`, "101").pattern())
}

func TestIdentitiesSpreadOverTheSets(t *testing.T) {
	count := make(map[int]int)
	members := make(map[string]bool)
	const n = 20 * seenShards
	for i := range n {
		shard, member := shorten(fmt.Sprint("identity ", i))
		require.Less(t, shard, seenShards)
		count[shard]++
		members[member] = true
	}
	require.Len(t, members, n)
	for shard := range seenShards {
		require.InDelta(t, 20, count[shard], 30)
	}
}

func TestEveryLuaFileIsAScriptOrAPartOfOne(t *testing.T) {
	used := make(map[string]bool)
	for name, parts := range scriptParts() {
		used["lua/"+string(name)+".lua"] = true
		for _, part := range parts {
			used["lua/"+part+".lua"] = true
		}
	}
	files, err := fs.Glob(luaFiles, "lua/*.lua")
	require.NoError(t, err)
	require.Len(t, files, len(used))
	for _, file := range files {
		require.True(t, used[file], file)
		text, err := luaFiles.ReadFile(file)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "-- "), "%s begins with what it does", file)
	}
}

// TestScriptsUseOnlyCommandsOfRedis6 lists them with their version in the comment where it is above 2.
func TestScriptsUseOnlyCommandsOfRedis6(t *testing.T) {
	known := []string{
		"GET", "HDEL", "HEXISTS", "HGET", "HLEN", "HMGET", "HSET", "INFO", "LPUSH", "LTRIM", "PEXPIRE", "PTTL", "RENAME", "SADD", "SET", "SISMEMBER", "TIME",
		"XADD", "XDEL", "XLEN", "XRANGE", // 5.0
		"ZADD", "ZCARD", "ZRANGE", "ZRANGEBYSCORE", "ZREM",
	}
	files, err := fs.Glob(luaFiles, "lua/*.lua")
	require.NoError(t, err)
	for _, file := range files {
		text, err := luaFiles.ReadFile(file)
		require.NoError(t, err)
		for _, call := range regexp.MustCompile(`redis\.p?call\('(\w+)'`).FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, known, call[1], file)
		}
		require.Len(t, regexp.MustCompile(`redis\.p?call`).FindAllString(string(text), -1),
			len(regexp.MustCompile(`redis\.p?call\('`).FindAll(text, -1)), "%s hides the name of a command", file)
	}
}

func TestOpenTellsAllThatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		opts Options
		want []string
	}{
		"nothing is set":        {Options{}, []string{"no address", "the tenant is empty"}},
		"bad addresses":         {Options{Addrs: []string{"redis", "redis:6379"}, Tenant: "1"}, []string{`"redis" is not host:port`}},
		"a brace in the tenant": {Options{Addrs: []string{"a:1"}, Tenant: "1}"}, []string{"tenant"}},
		"a brace in the prefix": {Options{Addrs: []string{"a:1"}, Tenant: "1", Prefix: "{x}"}, []string{"prefix"}},
		"a space":               {Options{Addrs: []string{"a:1"}, Tenant: "1 2"}, []string{"tenant"}},
		"too long":              {Options{Addrs: []string{"a:1"}, Tenant: strings.Repeat("1", 129)}, []string{"longer than 128"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(test.opts)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestOpenChoosesTheKindOfClient(t *testing.T) {
	base := Options{Tenant: "1", Username: "app", Password: "p", TLS: &tls.Config{MinVersion: tls.VersionTLS12}}.withDefaults()
	base.Addrs = []string{"a:1"}
	one := base.universal()
	require.True(t, one.ContextTimeoutEnabled)
	require.Equal(t, "app", one.Username)
	require.Equal(t, base.TLS, one.Simple().TLSConfig)
	require.Equal(t, 16, one.PoolSize)
	base.SentinelMaster = "main"
	require.Equal(t, "main", base.universal().Failover().MasterName)
	base.SentinelMaster, base.Cluster = "", true
	require.True(t, base.universal().IsClusterMode)
}

func TestMetricsExistFromTheStartAndAreWellNamed(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := newMetrics(reg)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
	count := func() int {
		n, err := testutil.GatherAndCount(reg)
		require.NoError(t, err)
		return n
	}
	before := count()
	require.Equal(t, len(operations())*(1+len(errorKinds()))+3, before)
	for _, code := range append(errorKinds(), fault.Unsupported) {
		m.observe(opAppend, 0, fault.New(code, "op", "msg"))
	}
	require.Equal(t, before, count(), "no label is invented later")
}
