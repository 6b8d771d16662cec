package engage

import (
	"strconv"
	"strings"
)

// enumRow is one value of an enumeration and its Platform SDK name.
type enumRow[T ~int] struct {
	value T
	name  string
}

// enumOf reads a value that came as number or as name. Missing is zero; a
// number that the table lacks is kept; a name that it lacks is unknown.
func enumOf[T ~int](rows []enumRow[T], unknown T, v any) T {
	if v == nil {
		return 0
	}
	if n, ok := integer(v); ok {
		return T(n)
	}
	s, ok := v.(string)
	if !ok {
		return unknown
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	for _, row := range rows {
		// C names put the type before the value: CallTypeInbound.
		if strings.EqualFold(s, row.name) || hasSuffixFold(s, row.name) && knownPrefix(s[:len(s)-len(row.name)]) {
			return row.value
		}
	}
	return unknown
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) > len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// enumPrefixTable are what the T-Library's C names and qualified names put
// before a value's name.
var enumPrefixTable = []string{"CallType", "CallState", "PartyState", "AgentWorkMode", "Agent", "Cause", "MediaType"}

func knownPrefix(s string) bool {
	s = strings.TrimRight(s, "._")
	if len(s) > 1 && s[0] == 'T' && strings.ToUpper(s[1:2]) == s[1:2] {
		s = s[1:]
	}
	for _, p := range enumPrefixTable {
		if strings.EqualFold(s, p) {
			return true
		}
	}
	return false
}

func enumName[T ~int](rows []enumRow[T], v T) string {
	for _, row := range rows {
		if row.value == v {
			return row.name
		}
	}
	return strconv.Itoa(int(v))
}

// CallType is the T-Library's TCallType. It holds for the local switch only:
// the legs of one multi-site call may differ.
type CallType int

// Values of CallType.
const (
	CallTypeUnknown  CallType = 0
	CallTypeInternal CallType = 1
	CallTypeInbound  CallType = 2
	CallTypeOutbound CallType = 3
	CallTypeConsult  CallType = 4
)

var callTypeTable = []enumRow[CallType]{
	{CallTypeUnknown, "Unknown"},
	{CallTypeInternal, "Internal"},
	{CallTypeInbound, "Inbound"},
	{CallTypeOutbound, "Outbound"},
	{CallTypeConsult, "Consult"},
}

// String is the value's name, or its number.
func (t CallType) String() string { return enumName(callTypeTable, t) }

// MediaType is the T-Library's TMediaType.
type MediaType int

// Values of MediaType; the others are not voice.
const (
	MediaTypeVoice MediaType = 0
	MediaTypeVoIP  MediaType = 1
	// MediaTypeOther stands for every other value.
	MediaTypeOther MediaType = -1
)

var mediaTypeTable = []enumRow[MediaType]{
	{MediaTypeVoice, "Voice"},
	{MediaTypeVoIP, "VoIP"},
}

// String is the value's name, or its number.
func (t MediaType) String() string { return enumName(mediaTypeTable, t) }

// CallState is the T-Library's TCallState.
type CallState int

// Values of CallState.
const (
	CallStateOk                       CallState = 0
	CallStateTransferred              CallState = 1
	CallStateConferenced              CallState = 2
	CallStateGeneralError             CallState = 3
	CallStateSystemError              CallState = 4
	CallStateRemoteRelease            CallState = 5
	CallStateBusy                     CallState = 6
	CallStateNoAnswer                 CallState = 7
	CallStateSitDetected              CallState = 8
	CallStateAnsweringMachineDetected CallState = 9
	CallStateAllTrunksBusy            CallState = 10
	CallStateSitInvalidnum            CallState = 11
	CallStateSitVacant                CallState = 12
	CallStateSitIntercept             CallState = 13
	CallStateSitUnknown               CallState = 14
	CallStateSitNocircuit             CallState = 15
	CallStateSitReorder               CallState = 16
	CallStateFaxDetected              CallState = 17
	CallStateQueueFull                CallState = 18
	CallStateCleared                  CallState = 19
	CallStateOverflowed               CallState = 20
	CallStateAbandoned                CallState = 21
	CallStateRedirected               CallState = 22
	CallStateForwarded                CallState = 23
	CallStateConsult                  CallState = 24
	CallStatePickedup                 CallState = 25
	CallStateDropped                  CallState = 26
	CallStateDroppednoanswer          CallState = 27
	CallStateUnknown                  CallState = 28
	CallStateCovered                  CallState = 29
	CallStateConverseOn               CallState = 30
	CallStateBridged                  CallState = 31
	CallStateSilence                  CallState = 32
	CallStateAnswer                   CallState = 33
	CallStateDeafened                 CallState = 49
	CallStateHeld                     CallState = 50
)

var callStateTable = []enumRow[CallState]{
	{CallStateOk, "Ok"},
	{CallStateTransferred, "Transferred"},
	{CallStateConferenced, "Conferenced"},
	{CallStateGeneralError, "GeneralError"},
	{CallStateSystemError, "SystemError"},
	{CallStateRemoteRelease, "RemoteRelease"},
	{CallStateBusy, "Busy"},
	{CallStateNoAnswer, "NoAnswer"},
	{CallStateSitDetected, "SitDetected"},
	{CallStateAnsweringMachineDetected, "AnsweringMachineDetected"},
	{CallStateAllTrunksBusy, "AllTrunksBusy"},
	{CallStateSitInvalidnum, "SitInvalidnum"},
	{CallStateSitVacant, "SitVacant"},
	{CallStateSitIntercept, "SitIntercept"},
	{CallStateSitUnknown, "SitUnknown"},
	{CallStateSitNocircuit, "SitNocircuit"},
	{CallStateSitReorder, "SitReorder"},
	{CallStateFaxDetected, "FaxDetected"},
	{CallStateQueueFull, "QueueFull"},
	{CallStateCleared, "Cleared"},
	{CallStateOverflowed, "Overflowed"},
	{CallStateAbandoned, "Abandoned"},
	{CallStateRedirected, "Redirected"},
	{CallStateForwarded, "Forwarded"},
	{CallStateConsult, "Consult"},
	{CallStatePickedup, "Pickedup"},
	{CallStateDropped, "Dropped"},
	{CallStateDroppednoanswer, "Droppednoanswer"},
	{CallStateUnknown, "Unknown"},
	{CallStateCovered, "Covered"},
	{CallStateConverseOn, "ConverseOn"},
	{CallStateBridged, "Bridged"},
	{CallStateSilence, "Silence"},
	{CallStateAnswer, "Answer"},
	{CallStateDeafened, "Deafened"},
	{CallStateHeld, "Held"},
}

// String is the value's name, or its number.
func (s CallState) String() string { return enumName(callStateTable, s) }

// PartyState is the T-Library's TPartyState: a generic state in the low four
// bits, and supplementary, routing and modifier bits above.
type PartyState int

// Values and masks of PartyState.
const (
	PartyStateUnknown      PartyState = -1 // a name that the table lacks
	PartyStateNull         PartyState = 0
	PartyStateInitiated    PartyState = 1
	PartyStateQueued       PartyState = 9
	PartyStateAlerting     PartyState = 10
	PartyStateBusy         PartyState = 11
	PartyStateConnected    PartyState = 12
	PartyStateCPDetect     PartyState = 13
	PartyStateHeld         PartyState = 14
	PartyStateFailed       PartyState = 15
	PartyStateNoListen     PartyState = 0x10
	PartyStateNoTalk       PartyState = 0x20
	PartyStateBridged      PartyState = 0x40
	PartyStateAudit        PartyState = 0x80
	PartyStateSvcObserving PartyState = 0xA0
	PartyStateTreatmentReq PartyState = 0x100
	PartyStateTreatment    PartyState = 0x200
	PartyStateRouting      PartyState = 0x800
	PartyStateDialing      PartyState = 0x10000
	PartyStateUncertain    PartyState = 0x20000

	PartyStateMaskGeneric       PartyState = 0xF
	PartyStateMaskSupplementary PartyState = 0xF0
	PartyStateMaskRouting       PartyState = 0xF00
	PartyStateMaskReport        PartyState = 0xFFFF
)

var partyStateTable = []enumRow[PartyState]{
	{PartyStateNull, "NULL"},
	{PartyStateInitiated, "Initiated"},
	{PartyStateQueued, "Queued"},
	{PartyStateAlerting, "Alerting"},
	{PartyStateBusy, "Busy"},
	{PartyStateConnected, "Connected"},
	{PartyStateCPDetect, "CP_Detect"},
	{PartyStateHeld, "Held"},
	{PartyStateFailed, "Failed"},
	{PartyStateNoListen, "NoListen"},
	{PartyStateNoTalk, "NoTalk"},
	{PartyStateBridged, "Bridged"},
	{PartyStateAudit, "Audit"},
	{PartyStateSvcObserving, "SvcObserving"},
	{PartyStateTreatmentReq, "TreatmentReq"},
	{PartyStateTreatment, "Treatment"},
	{PartyStateRouting, "Routing"},
	{PartyStateDialing, "Mod_Dialing"},
	{PartyStateUncertain, "Mod_Uncertain"},
}

// partyState reads a number, a name, or names joined by | or a comma.
func partyState(v any) PartyState {
	s, ok := v.(string)
	if !ok || !strings.ContainsAny(s, "|,") {
		return enumOf(partyStateTable, PartyStateUnknown, v)
	}
	var state PartyState
	for name := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '|' || r == ',' }) {
		one := enumOf(partyStateTable, PartyStateUnknown, name)
		if one == PartyStateUnknown {
			return PartyStateUnknown
		}
		state |= one
	}
	return state
}

// Generic is the state without supplementary, routing and modifier bits, for
// instance PartyStateConnected of a party that is connected and muted. It is
// PartyStateUnknown for an unknown name.
func (s PartyState) Generic() PartyState {
	if s == PartyStateUnknown {
		return s
	}
	return s & PartyStateMaskGeneric
}

// Has tells whether all bits of flag are set.
func (s PartyState) Has(flag PartyState) bool {
	return s != PartyStateUnknown && s&flag == flag
}

// String is the names of the state's parts joined by |, or its number.
func (s PartyState) String() string {
	for _, row := range partyStateTable {
		if row.value == s {
			return row.name
		}
	}
	var parts []string
	rest := s
	if g := s.Generic(); g > 0 {
		parts, rest = append(parts, enumName(partyStateTable, g)), s&^PartyStateMaskGeneric
	}
	for _, row := range partyStateTable {
		if row.value > PartyStateMaskGeneric && row.value != PartyStateSvcObserving && rest&row.value == row.value {
			parts, rest = append(parts, row.name), rest&^row.value
		}
	}
	if rest != 0 || s < 0 {
		return strconv.Itoa(int(s))
	}
	return strings.Join(parts, "|")
}

// AgentWorkMode is the T-Library's TAgentWorkMode.
type AgentWorkMode int

// Values of AgentWorkMode.
const (
	WorkModeUnknown          AgentWorkMode = 0
	WorkModeManualIn         AgentWorkMode = 1
	WorkModeAutoIn           AgentWorkMode = 2 // also called LegalGuard
	WorkModeAfterCallWork    AgentWorkMode = 3
	WorkModeAuxWork          AgentWorkMode = 4
	WorkModeNoCallDisconnect AgentWorkMode = 5
	WorkModeWalkAway         AgentWorkMode = 6
	WorkModeReturnBack       AgentWorkMode = 7
)

var workModeTable = []enumRow[AgentWorkMode]{
	{WorkModeUnknown, "Unknown"},
	{WorkModeManualIn, "ManualIn"},
	{WorkModeAutoIn, "AutoIn"},
	{WorkModeAutoIn, "LegalGuard"},
	{WorkModeAfterCallWork, "AfterCallWork"},
	{WorkModeAuxWork, "AuxWork"},
	{WorkModeNoCallDisconnect, "NoCallDisconnect"},
	{WorkModeWalkAway, "WalkAway"},
	{WorkModeReturnBack, "ReturnBack"},
}

// String is the value's name, or its number.
func (m AgentWorkMode) String() string { return enumName(workModeTable, m) }

// Cause is the T-Library's TCause of call monitoring's party events.
type Cause int

// Values of Cause.
const (
	CauseUnknown         Cause = -1 // a name that the table lacks
	CauseEmpty           Cause = 0
	CauseACD             Cause = 1
	CauseBusy            Cause = 2
	CauseNoAnswer        Cause = 3
	CauseReject          Cause = 4
	CauseRoute           Cause = 5
	CauseCoverage        Cause = 6
	CauseConverseOn      Cause = 7
	CauseForward         Cause = 8
	CauseRedirect        Cause = 9
	CauseTransfer        Cause = 10
	CauseOneStepTransfer Cause = 11
	CauseConference      Cause = 12
	CauseAMDetected      Cause = 13
	CauseFaxDetected     Cause = 14
	CauseSITDetected     Cause = 15
)

var causeTable = []enumRow[Cause]{
	{CauseEmpty, "EMPTY"},
	{CauseACD, "ACD"},
	{CauseBusy, "Busy"},
	{CauseNoAnswer, "NoAnswer"},
	{CauseReject, "Reject"},
	{CauseRoute, "Route"},
	{CauseCoverage, "Coverage"},
	{CauseConverseOn, "ConverseOn"},
	{CauseForward, "Forward"},
	{CauseRedirect, "Redirect"},
	{CauseTransfer, "Transfer"},
	{CauseOneStepTransfer, "OneStepTransfer"},
	{CauseConference, "Conference"},
	{CauseAMDetected, "AMdetected"},
	{CauseFaxDetected, "FaxDetected"},
	{CauseSITDetected, "SITdetected"},
}

// String is the value's name, or its number.
func (c Cause) String() string { return enumName(causeTable, c) }
