package feedtest

import "engage.connector/services/conversation-provider/conversation"

// Directory is the mapping of the simulated site.
type Directory struct{}

var _ conversation.Directory = Directory{}

// Refresh changes nothing.
func (Directory) Refresh() {}

// DNKind returns what a DN is configured as.
func (Directory) DNKind(number string) conversation.DNKind {
	switch number {
	case Ext1, Ext2, Ext3, Ext4, Ext5, Ext6:
		return conversation.DNExtension
	case RP:
		return conversation.DNRoutingPoint
	case ACDQueue:
		return conversation.DNOther
	case VQ, VQ2:
		return conversation.DNVirtualQueue
	default:
		return conversation.DNUnknown
	}
}

// Queue returns the EX queue of a virtual queue.
func (Directory) Queue(number string) (string, bool) {
	id, ok := map[string]string{VQ: QueueID, VQ2: Queue2ID}[number]
	return id, ok
}

// User returns the EX user of a login code.
func (Directory) User(login string) (string, bool) {
	id, ok := map[string]string{Agent1: User1ID, Agent2: User2ID, Agent3: User3ID, Agent4: User4ID}[login]
	return id, ok
}

// WrapUpCode returns the id of a disposition value.
func (Directory) WrapUpCode(name string) (string, bool) {
	return ResolvedID, name == "Resolved"
}

// SourceID returns the id of the source.
func (Directory) SourceID() string { return SourceID }
