// Package demo runs the whole connector beside the lab: it starts the lab and the four services as
// separate processes, plays calls, shows or checks what arrives in the org, and leaves nothing behind.
package demo

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
)

// tenantDBID is the tenant that the lab's Config DB is made for.
const (
	tenantDBID = "101"
	tenantName = "Resources"
)

// labName is the program that all others stand on.
const labName = "lab"

// preferredPage is where the page is shown when the port is free.
const preferredPage = "127.0.0.1:8900"

// program is what one process of the demo needs to start.
type program struct {
	name   string
	binary string
	args   []string
	env    map[string]string
	http   string // where it answers /health
}

// addresses are the fixed places of the demo, all on loopback.
type addresses struct {
	lab, redis                       string
	configHTTP, configGRPC           string
	agentHTTP, agentGRPC             string
	conversationHTTP, conversationRP string
	recordingHTTP, recordingGRPC     string
}

// secrets are made anew for every demo and travel in the environment only.
type secrets struct{ feed, webdav, oauth, grpc string }

// setup is everything that is decided before the first process starts.
type setup struct {
	opts      Options
	at        addresses
	keys      secrets
	dir       string // private folder of this run
	keyPrefix string
	redis     map[string]string // REDIS_* for the services
	database  map[string]string // CONFIG_DB_* for the lab and config-sync
	embedded  bool              // Redis runs inside the lab
}

func newSetup(opts Options, dir string) (*setup, error) {
	places, err := chooseAddresses()
	if err != nil {
		return nil, err
	}
	s := &setup{
		opts: opts, at: places, dir: dir, keyPrefix: "engage-connector-demo-" + randomHex(6),
		keys: secrets{feed: randomHex(16), webdav: randomHex(16), oauth: randomHex(16), grpc: randomHex(16)},
	}
	s.redis = pick(opts.Environ, "REDIS_")
	s.embedded = s.redis["REDIS_ADDR"] == ""
	if s.embedded {
		s.redis = map[string]string{"REDIS_ADDR": places.redis}
	}
	s.redis["REDIS_KEY_PREFIX"] = s.keyPrefix
	s.database = pick(opts.Environ, "CONFIG_DB_")
	if s.database["CONFIG_DB_TYPE"] == "" {
		s.database = map[string]string{"CONFIG_DB_TYPE": "sqlite", "CONFIG_DB_NAME": filepath.Join(dir, "config.db")}
	}
	return s, nil
}

func chooseAddresses() (addresses, error) {
	free, err := freePorts(10)
	if err != nil {
		return addresses{}, err
	}
	places := addresses{
		lab: free[0], redis: free[1], configHTTP: free[2], configGRPC: free[3], agentHTTP: free[4], agentGRPC: free[5],
		conversationHTTP: free[6], conversationRP: free[7], recordingHTTP: free[8], recordingGRPC: free[9],
	}
	if isFree(preferredPage) {
		places.lab = preferredPage
	}
	return places, nil
}

// lab is the simulated Engage site and EX org.
func (s *setup) lab() program {
	env := merged(s.database, map[string]string{
		"LAB_HTTP_ADDR": s.at.lab, "LAB_AGENTS": strconv.Itoa(s.opts.Agents), "LAB_SEED": strconv.FormatInt(s.opts.Seed, 10),
		"LAB_SPEED": strconv.FormatFloat(s.opts.Speed, 'g', -1, 64), "LAB_DIR": s.dir,
		"LAB_MCP_DEST":   "http://" + s.at.conversationHTTP + "/v1/recording",
		"LAB_FEED_TOKEN": s.keys.feed, "LAB_WEBDAV_PASSWORD": s.keys.webdav, "LAB_OAUTH_SECRET": s.keys.oauth,
	})
	if s.embedded {
		env["LAB_REDIS_ADDR"] = s.at.redis
	}
	return program{name: labName, binary: s.binary(labName), args: []string{"serve"}, env: env, http: s.at.lab}
}

// services are the four services in the guide's order of first start.
func (s *setup) services() []program {
	feed := map[string]string{"ENGAGE_FEED_URL": "http://" + s.at.lab, "ENGAGE_FEED_TOKEN": s.keys.feed}
	directory := map[string]string{"CONFIG_SYNC_ADDR": s.at.configGRPC}
	return []program{
		s.service("config-sync", s.at.configHTTP, s.at.configGRPC, s.database, map[string]string{"POLL_INTERVAL": "5s"}),
		s.service("recording-provider", s.at.recordingHTTP, s.at.recordingGRPC, directory),
		s.service("agent-state-sync", s.at.agentHTTP, s.at.agentGRPC, directory, feed, map[string]string{
			"STAT_SERVER_PRIMARY_HOST": servers("stat")[0], "STAT_SERVER_PRIMARY_PORT": "2060",
			"STAT_SERVER_BACKUP_HOST": servers("stat")[1], "STAT_SERVER_BACKUP_PORT": "2060",
		}),
		s.service("conversation-provider", s.at.conversationHTTP, s.at.conversationRP, directory, feed, map[string]string{
			"RECORDING_PROVIDER_ADDR": s.at.recordingGRPC,
			"METADATA_ALLOW_FROM":     "127.0.0.1",
			"VOICE_SERVER_VQ":         pairOf("vq"),
			"VOICE_SERVER_AGENT":      pairOf("agent"),
			"VOICE_SERVER_CALL":       pairOf("call"),
		}),
	}
}

// pairOf is the SIP Server pair of a link: each has a pair, and so a clock, of its own.
func pairOf(link string) string {
	pair := servers(link)
	return pair[0] + ":8000/" + pair[1] + ":8000"
}

func (s *setup) service(name, http, grpc string, parts ...map[string]string) program {
	env := merged(append(parts, s.redis, map[string]string{
		"TENANT_ID": tenantDBID, "TENANT_NAME": tenantName, "HTTP_ADDR": http, "GRPC_ADDR": grpc, "GRPC_TOKEN": s.keys.grpc, "DRAIN_TIMEOUT": "10s",
	})...)
	return program{name: name, binary: s.binary(name), env: env, http: http}
}

func (s *setup) binary(name string) string { return filepath.Join(s.opts.BinDir, name) }

// environment returns what the process sees: its own variables and the few that any program needs.
func (p program) environment(from []string) []string {
	env := make([]string, 0, len(p.env)+3)
	for _, entry := range from {
		if name, _, _ := strings.Cut(entry, "="); name == "PATH" || name == "HOME" || name == "TMPDIR" {
			env = append(env, entry)
		}
	}
	for name, value := range p.env {
		env = append(env, name+"="+value)
	}
	return env
}

// pick returns the variables that begin with the prefix.
func pick(environ []string, prefix string) map[string]string {
	picked := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, prefix) {
			picked[name] = value
		}
	}
	return picked
}

func merged(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

func randomHex(octets int) string {
	raw := make([]byte, octets)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return hex.EncodeToString(raw)
}

func (a addresses) page() string { return fmt.Sprintf("http://%s/", a.lab) }
