package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/org/upload"
	"engage.connector/services/lab/site/callgen"
)

// purposesTable tells as what the org shows each kind of party.
func purposesTable() map[string]string {
	return map[string]string{
		callgen.KindExternal: "external",
		callgen.KindIVR:      "ivr",
		callgen.KindQueue:    "acd",
		callgen.KindAgent:    "agent",
		callgen.KindPhone:    "phone",
	}
}

func (c *comparison) compareCalls() {
	for _, call := range c.truth.Calls {
		if c.goesOn(call) {
			c.verdict.Going++
			continue
		}
		if !call.Lost.IsZero() {
			c.verdict.Disturbed++
			c.judge(&c.verdict.Conversations, call.Over, settleTime, func() { c.compareDisturbed(call) })
			continue
		}
		var conversation org.Conversation
		c.judge(&c.verdict.Conversations, call.Over, settleTime, func() {
			var ok bool
			if conversation, ok = c.oneConversation(call); ok {
				c.compareConversation(call, conversation)
			}
		})
		for _, recording := range call.Recordings {
			c.judge(&c.verdict.Recordings, call.Over, recordingSettleTime, func() {
				c.compareRecording(call, recording, conversation)
			})
		}
	}
}

// compareDisturbed judges a call of which the feed has lost something. Nobody can know all of it any more:
// it must not be there twice, and it must not go on in the org.
func (c *comparison) compareDisturbed(call callgen.Call) {
	found := c.org.conversations[call.CallUUID]
	if len(found) > 1 {
		c.duplicated("call %s has %d conversations", call.CallUUID, len(found))
	}
	for _, conversation := range found {
		for i, party := range conversation.Parties {
			switch {
			case party.End.IsZero():
				c.wrong("call %s, party %d (%s): it goes on, and the call ended %s", call.CallUUID, i+1, party.Purpose, clock(call.End))
			case party.End.After(call.Over.Add(disturbedTolerance)):
				c.wrong("call %s, party %d (%s): it ended %s, and the call %s", call.CallUUID, i+1, party.Purpose, clock(party.End), clock(call.End))
			}
		}
	}
}

// disturbedTolerance is how long after its call a disturbed leg may end.
const disturbedTolerance = 5 * time.Second

// oneConversation finds the call's conversation. A call that must not be shown is right without one.
func (c *comparison) oneConversation(call callgen.Call) (org.Conversation, bool) {
	found := c.org.conversations[call.CallUUID]
	if call.Hidden != "" {
		if len(found) > 0 {
			c.wrong("call %s is shown, and must not be (%s)", call.CallUUID, call.Hidden)
		}
		return org.Conversation{}, false
	}
	switch len(found) {
	case 0:
		c.lost("call %s has no conversation", call.CallUUID)
		return org.Conversation{}, false
	case 1:
		return found[0], true
	default:
		c.duplicated("call %s has %d conversations", call.CallUUID, len(found))
		return found[0], false
	}
}

func (c *comparison) compareConversation(call callgen.Call, conversation org.Conversation) {
	if conversation.ExternalTag != call.CallUUID {
		c.wrong("call %s: external tag %q", call.CallUUID, conversation.ExternalTag)
	}
	parties, shown := sortedParties(conversation), shownParties(call)
	for i, want := range shown {
		if i >= len(parties) {
			c.lost("call %s: party %d (%s %s) is missing", call.CallUUID, i+1, want.Kind, want.DN)
			continue
		}
		c.compareParty(call, i, want, parties[i])
		c.compareBonds(call, i, parties, conversation.Transfers)
	}
	if extra := len(parties) - len(shown); extra > 0 {
		c.duplicated("call %s: %d parties too many", call.CallUUID, extra)
	}
	for _, transfer := range conversation.Transfers {
		if transfer.Open() {
			c.wrong("call %s: a transfer has no end", call.CallUUID)
		}
	}
	c.compareHidden(call, parties)
}

// shownParties are the parties of a call that the org has to show.
func shownParties(call callgen.Call) []callgen.Party {
	return slices.DeleteFunc(slices.Clone(call.Parties), func(p callgen.Party) bool { return p.Hidden })
}

// compareHidden wants no leg of an agent who took part in what the org can not show.
func (c *comparison) compareHidden(call callgen.Call, parties []org.Party) {
	for _, want := range call.Parties {
		if !want.Hidden || want.Agent == nil {
			continue
		}
		user := c.userOf(want.Agent.EmployeeID)
		if slices.ContainsFunc(parties, func(p org.Party) bool { return p.UserID == user && user != "" }) {
			c.wrong("call %s: agent %s is shown, and must not be", call.CallUUID, want.DN)
		}
	}
}

// compareBonds wants a party that was consulted to be invited by the agent who did, and one that
// handed the caller on to have done so by a transfer that is completed.
func (c *comparison) compareBonds(call callgen.Call, place int, parties []org.Party, transfers []org.Transfer) {
	shown := shownParties(call)
	want, got := shown[place], parties[place]
	if want.InvitedBy != "" {
		by := slices.IndexFunc(shown, func(p callgen.Party) bool { return p.DN == want.InvitedBy })
		if by < 0 || by >= len(parties) || got.InvitedBy != parties[by].CommunicationID {
			c.wrong("call %s, party %d (%s %s): it is not invited by %s", call.CallUUID, place+1, want.Kind, want.DN, want.InvitedBy)
		}
	}
	if !want.HandedOn {
		return
	}
	if !strings.HasPrefix(got.DisconnectType, "Transfer") {
		c.wrong("call %s, party %d (%s %s): disconnect type is %s, want one of a transfer", call.CallUUID, place+1, want.Kind, want.DN, got.DisconnectType)
	}
	if !slices.ContainsFunc(transfers, func(t org.Transfer) bool {
		return t.Initiating == got.CommunicationID && t.FinalState == "Completed"
	}) {
		c.wrong("call %s, party %d (%s %s): no completed transfer of it", call.CallUUID, place+1, want.Kind, want.DN)
	}
}

func (c *comparison) compareParty(call callgen.Call, place int, want callgen.Party, got org.Party) {
	who := want.Kind + " " + want.DN
	fail := func(what string, got, want any) {
		c.wrong("call %s, party %d (%s): %s is %v, want %v", call.CallUUID, place+1, who, what, got, want)
	}
	if string(got.Purpose) != purposesTable()[want.Kind] {
		fail("purpose", got.Purpose, purposesTable()[want.Kind])
		return
	}
	for _, moment := range []struct {
		name      string
		got, want time.Time
	}{{"start", got.Start, want.Start}, {"answer", got.Answered, want.Answered}, {"end", got.End, want.End}} {
		if !c.within(moment.got, moment.want) {
			fail(moment.name, clock(moment.got), clock(moment.want))
		}
	}
	if len(got.Holds) != len(want.Holds) {
		fail("number of holds", len(got.Holds), len(want.Holds))
	} else {
		for i, hold := range want.Holds {
			if !c.within(got.Holds[i].Start, hold.Start) || !c.within(got.Holds[i].End, hold.End) {
				fail("hold", clock(got.Holds[i].Start), clock(hold.Start))
			}
		}
	}
	switch want.Kind {
	case callgen.KindExternal:
		if got.ANI != call.ANI || got.DNIS != call.DNIS {
			fail("numbers", got.ANI+" "+got.DNIS, call.ANI+" "+call.DNIS)
		}
	case callgen.KindQueue:
		if id := c.queueOf(*want.Queue); got.QueueID != id || id == "" {
			fail("queue", got.QueueID, id)
		}
	case callgen.KindAgent:
		c.compareAgentParty(want, got, fail)
	case callgen.KindPhone:
		if got.PhoneNumber != want.DN {
			fail("number", got.PhoneNumber, want.DN)
		}
	}
	if want.HungUp && got.DisconnectType != "Self" && got.DisconnectType != "" {
		fail("disconnect type", got.DisconnectType, "Self")
	}
}

func (c *comparison) compareAgentParty(want callgen.Party, got org.Party, fail func(string, any, any)) {
	if id := c.userOf(want.Agent.EmployeeID); got.UserID != id || id == "" {
		fail("user", got.UserID, id)
	}
	id := c.org.codeIDs[want.Disposition]
	if got.WrapupCode != id || (id == "") != (want.Disposition == "") {
		fail("wrap-up code", got.WrapupCode, want.Disposition+" "+id)
	}
}

// compareRecording wants the recording exactly once, decrypted to the very bytes that were
// recorded, and attached to the right leg of the right conversation.
func (c *comparison) compareRecording(call callgen.Call, want callgen.Recording, conversation org.Conversation) {
	found := c.org.recordings[want.FileName]
	switch {
	case len(found) == 0:
		c.lost("call %s: recording %s is missing", call.CallUUID, want.FileName)
		return
	case len(found) > 1:
		c.duplicated("call %s: recording %s is there %d times", call.CallUUID, want.FileName, len(found))
		return
	}
	got := found[0]
	fail := func(what string, is, should any) {
		c.wrong("recording %s: %s is %v, want %v", want.FileName, what, is, should)
	}
	if got.State != upload.Success {
		fail("state", string(got.State)+" "+got.Reason+" "+got.Detail, upload.Success)
	}
	if got.AudioSHA256 != want.SHA256 || got.AudioBytes != want.Size {
		fail("audio", got.AudioSHA256, want.SHA256)
	}
	if got.ConversationID != conversation.ID {
		fail("conversation", got.ConversationID, conversation.ID)
	}
	if leg := recordedLeg(call, want, conversation); got.CommunicationID != leg || leg == "" {
		fail("communication", got.CommunicationID, leg)
	}
	if language := expectedLanguage(call); got.Language != language {
		fail("language", got.Language, language)
	}
	if got.ProgramID != c.org.defaultProgram {
		fail("speech analytics program", got.ProgramID, c.org.defaultProgram)
	}
	if !c.within(got.Start, want.Start) || !c.within(got.End, want.End) {
		fail("time", clock(got.Start)+" to "+clock(got.End), clock(want.Start)+" to "+clock(want.End))
	}
}

// recordedLeg is the leg that a recording belongs to: that of the agent who was recorded, or the first
// party's when the agent is not shown (guide, "Limitations").
func recordedLeg(call callgen.Call, recording callgen.Recording, conversation org.Conversation) string {
	parties := sortedParties(conversation)
	at := max(0, slices.IndexFunc(shownParties(call), func(p callgen.Party) bool {
		return p.Agent != nil && p.Agent.LoginCode == recording.AgentID
	}))
	if at >= len(parties) {
		return ""
	}
	return parties[at].CommunicationID
}

// defaultLanguage is sta_default_language of the lab's site.
const defaultLanguage = "en-US"

// expectedLanguage is what the routing strategy put into the call's user data, else the default
// (guide, "Language").
func expectedLanguage(call callgen.Call) string {
	return cmp.Or(call.Choices["language"], defaultLanguage)
}

func clock(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format("15:04:05.000")
}
