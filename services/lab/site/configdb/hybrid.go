package configdb

import (
	"slices"
	"strconv"
	"strings"
)

// Client is a Client Credentials pair of the EX organization.
type Client struct{ ID, Secret string }

// Hybrid is the content of the transaction hybrid_integration (guide, "Configuring
// hybrid_integration transaction in CME").
type Hybrid struct {
	OrgShortName   string
	OrgID          string
	BaseServiceURL string
	BaseAuthURL    string
	Region         string

	ConfigSync           Client
	AgentStateSync       Client
	ConversationProvider Client
	RecordingUploader    Client

	SkillLevelMin int
	SkillLevelMax int // 0: neither bound is written

	STAProgramID   string
	STALanguage    string
	STALanguageKey string

	RecordingEnabled bool
	WebDAVURL        string
	WebDAVUser       string
	WebDAVPassword   string

	// Extra adds or replaces options: section -> option -> value.
	Extra map[string]map[string]string
}

// option is one row of an annex: a section, a key and a value of any length.
type option struct{ section, key, value string }

// options lists what is set, in the order of the guide's tables; an empty value is left out.
func (h Hybrid) options() []option {
	const provider, storage, cloud = "conversation_provider", "recording-uploader.exec.transientStorage", "recording-uploader.exec.genesysCloud"
	all := []option{
		{"general", "organization_sname", h.OrgShortName},
		{"general", "organization_id", h.OrgID},
		{"general", "base_service_url", h.BaseServiceURL},
		{"general", "base_auth_url", h.BaseAuthURL},
		{"general", "region", h.Region},
		{"config_sync", "client_id", h.ConfigSync.ID},
		{"config_sync", "client_secret", h.ConfigSync.Secret},
		{"config_sync", "skill_level_max_value", level(h.SkillLevelMax, h.SkillLevelMax)},
		{"config_sync", "skill_level_min_value", level(h.SkillLevelMin, h.SkillLevelMax)},
		{"agent_state_sync", "client_id", h.AgentStateSync.ID},
		{"agent_state_sync", "client_secret", h.AgentStateSync.Secret},
		{provider, "client_id", h.ConversationProvider.ID},
		{provider, "client_secret", h.ConversationProvider.Secret},
		{provider, "recording_enabled", flagText(h.RecordingEnabled)},
		{provider, "sta_default_programid", h.STAProgramID},
		{provider, "sta_default_language", h.STALanguage},
		{provider, "sta_userdata_language_key", h.STALanguageKey},
		{storage, "type", "WebDAV"},
		{storage, "username", h.WebDAVUser},
		{storage, "password", h.WebDAVPassword},
		{storage, "url", h.WebDAVURL},
		{cloud, "client_id", h.RecordingUploader.ID},
		{cloud, "password", h.RecordingUploader.Secret},
	}
	all = h.applyExtra(all)
	return slices.DeleteFunc(all, func(o option) bool { return o.value == "" })
}

// applyExtra puts the extra options over the listed ones, new ones at the end in sorted order.
func (h Hybrid) applyExtra(all []option) []option {
	extra := []option{}
	for section, keys := range h.Extra {
		for key, value := range keys {
			at := slices.IndexFunc(all, func(o option) bool { return o.section == section && o.key == key })
			if at >= 0 {
				all[at].value = value
				continue
			}
			extra = append(extra, option{section, key, value})
		}
	}
	slices.SortFunc(extra, func(a, b option) int {
		return strings.Compare(a.section+"\x00"+a.key, b.section+"\x00"+b.key)
	})
	return append(all, extra...)
}

func level(value, upper int) string {
	if upper == 0 {
		return ""
	}
	return strconv.Itoa(value)
}

func flagText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
