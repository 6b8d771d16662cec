package org

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Order makes the organization unkind to one operation, in ways that a cloud, its proxies and the network are. It
// acts in front of everything else: on the API, the login, the uploads and the reports.
type Order struct {
	// Operation is what it acts on: method and path as in the API definition, with {name} for a part of the path,
	// {name...} for its rest. "" acts on everything but the lab's own paths.
	Operation string `json:"operation,omitempty"`
	Do        Deed   `json:"do"`

	Skip  int `json:"skip,omitempty"`  // so many requests of the operation are left alone at first
	Every int `json:"every,omitempty"` // then every n-th is answered so; 0 and 1: each
	Times int `json:"times,omitempty"` // at most so often; 0: for good

	Status     int    `json:"status,omitempty"`     // of Refuse and HTML; of a body instead of the answer: 200
	Code       string `json:"code,omitempty"`       // of Refuse: the error's code, also in the storage's XML
	Message    string `json:"message,omitempty"`    // of Refuse
	RetryAfter string `json:"retryAfter,omitempty"` // header of Refuse and HTML: seconds, or a date
	Body       string `json:"body,omitempty"`       // of ReplaceBody
}

// Deed is what an order does.
type Deed string

// The deeds. What says "took it" has been done by the organization; only the answer is bad.
const (
	Refuse      Deed = "refuse"      // an error body of the API (XML at the storage); nothing is done
	HTML        Deed = "html"        // a page of a proxy, nothing is done
	Hang        Deed = "hang"        // no answer until the client gives up; nothing is done
	LoseAnswer  Deed = "loseAnswer"  // took it, and the connection breaks before the answer
	Truncate    Deed = "truncate"    // took it, and the body ends in the middle
	ReplaceBody Deed = "replaceBody" // took it, and answers Body, which may be "", "null", "{}", anything
	NoEventIDs  Deed = "noEventIds"  // took it; the errors of the answer have no eventId
	UpperIDs    Deed = "upperIds"    // took it; the eventIds of the answer are in upper case
	UnknownIDs  Deed = "unknownIds"  // took it; the eventIds of the answer were never sent
	DropErrors  Deed = "dropErrors"  // took it; the answer has no list of errors
	NoRetryable Deed = "noRetryable" // took it; the errors do not say whether they are retryable
)

func deeds() []Deed {
	return []Deed{Refuse, HTML, Hang, LoseAnswer, Truncate, ReplaceBody, NoEventIDs, UpperIDs, UnknownIDs, DropErrors, NoRetryable}
}

// maxOrders bounds the orders that hold at once.
const maxOrders = 100

// problem tells what is wrong with an order.
func (d Order) problem() error {
	method, path, _ := strings.Cut(d.Operation, " ")
	switch {
	case !slices.Contains(deeds(), d.Do):
		return fmt.Errorf("order: do %q is none of %v", d.Do, deeds())
	case d.Operation != "" && (method == "" || !strings.HasPrefix(path, "/")):
		return fmt.Errorf("order: operation %q, want METHOD /path", d.Operation)
	case d.Skip < 0 || d.Every < 0 || d.Times < 0:
		return errors.New("order: skip, every and times must not be negative")
	case d.Do == Refuse && (d.Status < 300 || d.Status > 599):
		return fmt.Errorf("order: status %d of a refusal, want 300 to 599", d.Status)
	case d.Status != 0 && (d.Status < 200 || d.Status > 599):
		return fmt.Errorf("order: status %d, want 200 to 599", d.Status)
	}
	return nil
}

// fits tells whether the order is about a request.
func (d Order) fits(method, path string) bool {
	if d.Operation == "" {
		return !strings.HasPrefix(path, "/lab/")
	}
	wantMethod, pattern, _ := strings.Cut(d.Operation, " ")
	if wantMethod != method {
		return false
	}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, part := range want {
		switch {
		case strings.HasSuffix(part, "...}"):
			return len(got) > i
		case i >= len(got) || part != got[i] && !strings.HasPrefix(part, "{"):
			return false
		}
	}
	return len(want) == len(got)
}

// GivenOrder is an order with what has become of it.
type GivenOrder struct {
	Order

	Seen int `json:"seen"` // requests that it is about
	Done int `json:"done"` // of them, those that were answered so
}

// orders is the list of orders; the first that is due acts.
type orders struct {
	mu    sync.Mutex
	given []*GivenOrder
}

// GiveOrder adds an order.
func (o *Org) GiveOrder(order Order) error {
	if err := order.problem(); err != nil {
		return err
	}
	o.orders.mu.Lock()
	defer o.orders.mu.Unlock()
	if len(o.orders.given) >= maxOrders {
		return fmt.Errorf("order: there are %d already; take them back first", maxOrders)
	}
	o.orders.given = append(o.orders.given, &GivenOrder{Order: order})
	return nil
}

// Orders lists the orders in the order in which they were given.
func (o *Org) Orders() []GivenOrder {
	o.orders.mu.Lock()
	defer o.orders.mu.Unlock()
	out := make([]GivenOrder, len(o.orders.given))
	for i, g := range o.orders.given {
		out[i] = *g
	}
	return out
}

// TakeBackOrders ends all orders.
func (o *Org) TakeBackOrders() {
	o.orders.mu.Lock()
	defer o.orders.mu.Unlock()
	o.orders.given = nil
}

// due returns the order that acts on a request, nil when none does.
func (os *orders) due(method, path string) *Order {
	os.mu.Lock()
	defer os.mu.Unlock()
	for _, g := range os.given {
		if !g.fits(method, path) {
			continue
		}
		g.Seen++
		turn := g.Seen - g.Skip
		if turn <= 0 || turn%max(g.Every, 1) != 0 || g.Times > 0 && g.Done >= g.Times {
			continue
		}
		g.Done++
		order := g.Order
		return &order
	}
	return nil
}

// unkind puts the orders in front of the organization.
func (o *Org) unkind(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		order := o.orders.due(r.Method, r.URL.Path)
		if order == nil {
			next.ServeHTTP(w, r)
			return
		}
		o.opts.Logger.Debug("order", "do", order.Do, "method", r.Method, "path", r.URL.Path)
		switch order.Do {
		case Refuse:
			o.count("by order "+order.Operation, order.Status)
			o.refuseByOrder(w, r, order)
		case HTML:
			writeProxyPage(w, order)
		case Hang:
			// Only a server that has read the body notices that the client is gone.
			_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxUpload)) // what does not come is not missed
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		default:
			spoil(w, r, order, next)
		}
	})
}

// refuseByOrder answers as the asked one would: the storage in XML, the login in its own form, the API with an ErrorBody.
func (o *Org) refuseByOrder(w http.ResponseWriter, r *http.Request, order *Order) {
	if order.RetryAfter != "" {
		w.Header().Set("Retry-After", order.RetryAfter)
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/uploads/"):
		writeStorageError(w, refused(order.Status, order.Code, order.Message))
	case r.URL.Path == "/oauth/token":
		o.writeJSON(w, order.Status, tokenError{Error: order.Code, Description: order.Message, ErrorDescription: order.Message})
	case strings.Contains(r.URL.Path, "/scim/"):
		o.write(w, o.newID(), nil, scimFault(order.Status, order.Code, "%s", order.Message))
	default:
		o.write(w, o.newID(), nil, &fault{status: order.Status, body: errorBody{
			Message: order.Message, Code: order.Code, Status: order.Status, Details: []errorDetail{}, Errors: []errorBody{},
		}})
	}
}

func writeProxyPage(w http.ResponseWriter, order *Order) {
	status := order.Status
	if status == 0 {
		status = http.StatusBadGateway
	}
	if order.RetryAfter != "" {
		w.Header().Set("Retry-After", order.RetryAfter)
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html><head><title>%d %s</title></head><body><h1>%s</h1></body></html>\n",
		status, http.StatusText(status), http.StatusText(status)) // nobody is left to tell of an error
}

// spoil lets the organization take the request and makes its answer bad.
func spoil(w http.ResponseWriter, r *http.Request, order *Order, next http.Handler) {
	taken := &heldAnswer{header: http.Header{}}
	next.ServeHTTP(taken, r)
	body := taken.body
	switch order.Do {
	case LoseAnswer:
		panic(http.ErrAbortHandler)
	case ReplaceBody:
		body = []byte(order.Body)
	case Truncate:
		body = body[:len(body)/2]
	default:
		body = spoilEvents(body, order.Do)
	}
	header := w.Header()
	maps.Copy(header, taken.header)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	status := max(taken.status, http.StatusOK)
	if order.Status != 0 {
		status = order.Status
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to tell of an error
}

// spoilEvents changes the errors of a batch's answer.
func spoilEvents(body []byte, do Deed) []byte {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return body
	}
	list, _ := answer["errors"].([]any)
	if do == DropErrors {
		delete(answer, "errors")
	}
	for i, entry := range list {
		e, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		switch do {
		case NoEventIDs:
			delete(e, "eventId")
		case UpperIDs:
			id, _ := e["eventId"].(string)
			e["eventId"] = strings.ToUpper(id)
		case UnknownIDs:
			e["eventId"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		case NoRetryable:
			delete(e, "retryable")
		}
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return append(bytes.TrimSpace(out), '\n')
}
