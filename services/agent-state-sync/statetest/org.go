package statetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"sync"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// The credentials that the org knows.
const (
	ClientID     = "client of the agents"
	ClientSecret = "secret of the agents"
)

// The operations, as a test names them.
const (
	OpPresence = "presence"
	OpRouting  = "routingstatus"
)

// Event is a state that the org accepted.
type Event struct {
	Op    string
	ID    string
	User  string
	Value string // presence definition or routing status
	At    time.Time
	When  time.Time // accepted
}

// Answer is what the org says instead of taking a request; Status 0 takes it.
type Answer struct {
	Status     int
	RetryAfter int
}

// Org takes agent states as an EX org does: it knows its clients, refuses ids that it knows and times that
// go back.
type Org struct {
	mu       sync.Mutex
	tokens   map[string]bool
	logins   int
	denied   int
	seen     map[string]bool
	last     map[string]time.Time // by operation and user
	accepted []Event
	requests map[string][]int // events of each request that was taken, by operation
	refused  []string
	// answer decides about a request; refuse about an event.
	answer func(op string) Answer
	refuse func(op string, e Event) (message string, retryable bool)
	// Limit is how many requests a window takes; 0 is any number.
	limit   int
	window  time.Time
	inside  int
	limited int
}

// NewOrg returns an org that takes everything from whom it knows.
func NewOrg() *Org {
	return &Org{tokens: map[string]bool{}, seen: map[string]bool{}, last: map[string]time.Time{}, requests: map[string][]int{}}
}

// Handler serves the log-in and the two operations.
func (o *Org) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", o.login)
	for _, operation := range exevents.Operations() {
		if op := path.Base(operation.Path); op == OpPresence || op == OpRouting {
			mux.HandleFunc(operation.Method+" "+operation.Path, o.inject)
		}
	}
	return mux
}

func (o *Org) login(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if id != ClientID || secret != ClientSecret {
		o.denied++
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
		return
	}
	o.logins++
	token := "token " + strconv.Itoa(o.logins)
	o.tokens[token] = true
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":86399}`, token)
}

// inject takes a batch.
func (o *Org) inject(w http.ResponseWriter, r *http.Request) {
	op := path.Base(r.URL.Path)
	var batch map[string][]struct {
		EventID      string    `json:"eventId"`
		At           time.Time `json:"eventDateTime"`
		UserID       string    `json:"userId"`
		AgentID      string    `json:"agentId"`
		SourceID     string    `json:"sourceId"`
		DefinitionID string    `json:"presenceDefinitionId"`
		Status       string    `json:"status"`
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch said := o.decide(op, r.Header.Get("Authorization")); {
	case said.Status != 0:
		if said.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(said.RetryAfter))
		}
		w.WriteHeader(said.Status)
		_, _ = fmt.Fprintf(w, `{"message":"no","code":"test.%d","status":%d,"contextId":"c"}`, said.Status, said.Status)
		return
	default:
	}
	type refusal struct {
		EventID   string `json:"eventId"`
		Message   string `json:"message"`
		Retryable bool   `json:"retryable"`
	}
	answer := map[string][]refusal{"errors": {}}
	n := 0
	for _, list := range batch {
		for _, in := range list {
			e := Event{Op: op, ID: in.EventID, User: in.UserID + in.AgentID, Value: in.DefinitionID + in.Status, At: in.At, When: time.Now()}
			n++
			if message, retryable := o.take(op, e); message != "" {
				answer["errors"] = append(answer["errors"], refusal{in.EventID, message, retryable})
			}
		}
	}
	o.requests[op] = append(o.requests[op], n)
	_ = json.NewEncoder(w).Encode(answer)
}

func (o *Org) decide(op, authorization string) Answer {
	const bearer = "Bearer "
	if len(authorization) < len(bearer) || !o.tokens[authorization[len(bearer):]] {
		o.denied++
		return Answer{Status: http.StatusUnauthorized}
	}
	if o.limit > 0 {
		if now := time.Now(); now.Sub(o.window) >= time.Second {
			o.window, o.inside = now, 0
		}
		if o.inside++; o.inside > o.limit {
			o.limited++
			return Answer{Status: http.StatusTooManyRequests, RetryAfter: 1}
		}
	}
	if o.answer == nil {
		return Answer{}
	}
	return o.answer(op)
}

func (o *Org) take(op string, e Event) (message string, retryable bool) {
	if o.seen[e.ID] {
		return "eventId already used", false
	}
	if o.refuse != nil {
		if message, retryable = o.refuse(op, e); message != "" {
			return message, retryable
		}
	}
	key := op + " " + e.User
	if !e.At.After(o.last[key]) {
		message = "eventDateTime is not after the user's latest event"
		o.refused = append(o.refused, message)
		return message, false
	}
	o.seen[e.ID], o.last[key] = true, e.At
	o.accepted = append(o.accepted, e)
	return "", false
}

// Answer decides about requests from now on; nil takes them all.
func (o *Org) Answer(answer func(op string) Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = answer
}

// Refuse decides about events from now on; nil takes them all.
func (o *Org) Refuse(refuse func(op string, e Event) (message string, retryable bool)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = refuse
}

// ForgetTokens makes every token invalid, as a revoked client's are.
func (o *Org) ForgetTokens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens = map[string]bool{}
}

// Limit sets how many requests a second are taken; 0 is any number.
func (o *Org) Limit(perSecond int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit = perSecond
}

// Accepted lists what was accepted, in its order.
func (o *Org) Accepted() []Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Event(nil), o.accepted...)
}

// Of lists the values of an operation that a user was given, in order.
func (o *Org) Of(op, user string) []string {
	var values []string
	for _, e := range o.Accepted() {
		if e.Op == op && e.User == user {
			values = append(values, e.Value)
		}
	}
	return values
}

// Shown is what the org shows of each user: "definition status".
func (o *Org) Shown() map[string]string {
	presences, routings := map[string]string{}, map[string]string{}
	for _, e := range o.Accepted() {
		if e.Op == OpPresence {
			presences[e.User] = e.Value
		} else {
			routings[e.User] = e.Value
		}
	}
	shown := map[string]string{}
	for user, value := range presences {
		shown[user] = value + " " + routings[user]
	}
	return shown
}

// Requests lists how many events each taken request of an operation had.
func (o *Org) Requests(op string) []int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]int(nil), o.requests[op]...)
}

// Faults counts what must not happen: refused for its time, and requests without a valid token or client.
func (o *Org) Faults() (outOfOrder, denied, limited int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.refused), o.denied, o.limited
}
