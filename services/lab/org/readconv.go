package org

import "engage.connector/services/lab/org/conversation"

// callDisconnects translates the injection's disconnect types into those of the read API's Call.
var callDisconnects = map[string]string{
	"Error": "error", "Peer": "peer", "Self": "client", "System": "system", "Transfer": "transfer", "TransferACD": "transfer",
	"TransferConference": "transfer.conference", "TransferConsult": "transfer.consult", "TransferUser": "transfer",
}

// transferStates translates the end of a transfer into TransferResponse.state.
var transferStates = map[string]string{"Completed": "Complete", "Canceled": "Canceled", "Failed": "Failed"}

type conversationView struct {
	ID              string            `json:"id"`
	ExternalTag     string            `json:"externalTag,omitempty"`
	StartTime       string            `json:"startTime"`
	EndTime         string            `json:"endTime,omitempty"`
	State           string            `json:"state"`
	Participants    []participantView `json:"participants"`
	RecentTransfers []transferView    `json:"recentTransfers"`
	SelfURI         string            `json:"selfUri"`
}

type participantView struct {
	ID             string      `json:"id"`
	Purpose        string      `json:"purpose"`
	UserID         string      `json:"userId,omitempty"`
	QueueID        string      `json:"queueId,omitempty"`
	Name           string      `json:"name,omitempty"`
	Address        string      `json:"address,omitempty"`
	ANI            string      `json:"ani,omitempty"`
	DNIS           string      `json:"dnis,omitempty"`
	StartTime      string      `json:"startTime"`
	ConnectedTime  string      `json:"connectedTime,omitempty"`
	EndTime        string      `json:"endTime,omitempty"`
	WrapupRequired bool        `json:"wrapupRequired"`
	WrapupSkipped  bool        `json:"wrapupSkipped,omitempty"`
	Wrapup         *wrapupView `json:"wrapup,omitempty"`
	Calls          []callView  `json:"calls"`
}

type wrapupView struct {
	Code    string `json:"code"`
	Name    string `json:"name,omitempty"`
	Notes   string `json:"notes,omitempty"`
	EndTime string `json:"endTime"`
}

type callView struct {
	ID               string `json:"id"`
	State            string `json:"state"`
	Direction        string `json:"direction"`
	Held             bool   `json:"held"`
	Muted            bool   `json:"muted"`
	PeerID           string `json:"peerId,omitempty"`
	DisconnectType   string `json:"disconnectType,omitempty"`
	StartAlerting    string `json:"startAlertingTime,omitempty"`
	ConnectedTime    string `json:"connectedTime,omitempty"`
	DisconnectedTime string `json:"disconnectedTime,omitempty"`
	StartHoldTime    string `json:"startHoldTime,omitempty"`
	ACWRequired      bool   `json:"afterCallWorkRequired"`
}

type transferView struct {
	ID          string            `json:"id,omitempty"`
	State       string            `json:"state"`
	DateIssued  string            `json:"dateIssued"`
	Type        string            `json:"transferType,omitempty"`
	Destination map[string]string `json:"destination,omitempty"`
}

func (o *Org) getConversation(c *call) (*reply, *fault) {
	id := c.r.PathValue("conversationId")
	conv, found := o.book.Get(id)
	if !found {
		return nil, fail(codeNotFound).entity(clip(id))
	}
	view := conversationView{
		ID: conv.ID, ExternalTag: conv.ExternalTag, StartTime: stamp(conv.Start), State: "connected",
		Participants: []participantView{}, RecentTransfers: []transferView{}, SelfURI: "/api/v2/conversations/" + conv.ID,
	}
	if conv.Ended() {
		view.EndTime, view.State = stamp(conv.End), "disconnected"
	}
	for i := range conv.Parties {
		view.Participants = append(view.Participants, o.participant(&conv.Parties[i]))
	}
	for i := range conv.Transfers {
		view.RecentTransfers = append(view.RecentTransfers, transferOf(&conv.Transfers[i]))
	}
	return ok(view)
}

func (o *Org) participant(p *conversation.Party) participantView {
	view := participantView{
		ID: p.CommunicationID, Purpose: string(p.Purpose), UserID: p.UserID, QueueID: p.QueueID, Name: p.Name,
		Address: p.PhoneNumber, ANI: p.ANI, DNIS: p.DNIS, StartTime: stamp(p.Start), WrapupRequired: p.ACWRequired,
		WrapupSkipped: p.WrapupSkipped, Calls: []callView{callOf(p)},
	}
	view.ConnectedTime, view.EndTime = view.Calls[0].ConnectedTime, view.Calls[0].DisconnectedTime
	if p.WrapupCode != "" {
		view.Wrapup = &wrapupView{Code: p.WrapupCode, Notes: p.WrapupNotes, EndTime: stamp(p.WrapupAt)}
		if w := o.codeByID(p.WrapupCode); w != nil {
			view.Wrapup.Name = w.Name
		}
	}
	return view
}

func callOf(p *conversation.Party) callView {
	view := callView{
		ID: p.CommunicationID, State: "alerting", Direction: "outbound", Held: p.Held(), Muted: p.Muted, PeerID: p.InvitedBy,
		StartAlerting: stamp(p.Start), ACWRequired: p.ACWRequired,
	}
	if p.Inbound {
		view.Direction = "inbound"
	}
	if !p.Answered.IsZero() {
		view.State, view.ConnectedTime = "connected", stamp(p.Answered)
	}
	if view.Held {
		view.StartHoldTime = stamp(p.Holds[len(p.Holds)-1].Start)
	}
	if !p.Live() {
		view.State, view.DisconnectedTime, view.DisconnectType = "disconnected", stamp(p.End), callDisconnects[p.DisconnectType]
	}
	return view
}

func transferOf(t *conversation.Transfer) transferView {
	view := transferView{ID: t.CommandID, State: "Pending", DateIssued: stamp(t.Started), Type: t.Type}
	switch {
	case !t.Open():
		view.State = transferStates[t.FinalState]
	case !t.Progressed.IsZero():
		view.State = "Active"
	}
	switch {
	case t.DestinationUserID != "":
		view.Destination = map[string]string{"userId": t.DestinationUserID}
	case t.DestinationPhone != "":
		view.Destination = map[string]string{"address": t.DestinationPhone}
	}
	return view
}
