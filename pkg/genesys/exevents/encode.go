package exevents

import "encoding/json"

// object appends the members of a JSON object, as encoding/json writes them, but without reflection: it
// is the greatest part of what an event costs.
type object struct {
	b   []byte
	err error
}

func (o *object) initial(e *ConversationEvent) {
	c := e.InitialConfiguration
	o.begin("initialConfiguration")
	if c.AudioState != nil {
		o.audio(c.AudioState)
	}
	o.bool("alerting", c.Alerting)
	o.bool("inbound", c.Inbound)
	o.text("invitedBy", c.InvitedBy)
	o.bool("recordingActive", c.RecordingActive)
	if len(c.AdditionalInfo) > 0 {
		o.any("additionalInfo", c.AdditionalInfo)
	}
	o.end()
}

func (o *object) source(e *ConversationEvent) {
	s := e.SourceConfiguration
	o.begin("sourceConfiguration")
	o.always("sourceId", s.SourceID)
	o.always("interactionId", s.InteractionID)
	o.text("tagId", s.TagID)
	o.end()
}

// any writes what is rare enough for encoding/json.
func (o *object) any(name string, value any) {
	o.name(name)
	o.value(value)
}

func (o *object) audio(a *AudioState) {
	o.begin("audioState")
	o.bool("canHear", a.CanHear)
	o.bool("canSpeak", a.CanSpeak)
	o.end()
}

func (o *object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) begin(name string) {
	o.name(name)
	o.b = append(o.b, '{')
}

func (o *object) end() { o.b = append(o.b, '}') }

func (o *object) text(name, value string) {
	if value != "" {
		o.always(name, value)
	}
}

func (o *object) always(name, value string) {
	o.name(name)
	if plain(value) {
		o.b = append(append(append(o.b, '"'), value...), '"')
		return
	}
	o.value(value)
}

func (o *object) value(value any) {
	data, err := json.Marshal(value)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.b = append(o.b, data...)
}

// plain tells whether a text stands for itself in JSON.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

func (o *object) bool(name string, value bool) {
	o.name(name)
	if value {
		o.b = append(o.b, "true"...)
	} else {
		o.b = append(o.b, "false"...)
	}
}
