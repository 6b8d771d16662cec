package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// timeFormat is ISO 8601 in UTC with milliseconds, as in the guide's sample of /status.
const timeFormat = "2006-01-02T15:04:05.000Z"

// Register adds the HTTP handlers.
func (s *Service) Register(mux host.Routes) {
	mux.HandleFunc("GET /api/v1/mappings/{kind}/{id}", s.mapping)
	mux.HandleFunc("/api/v1/mappings/", s.noMapping)
	mux.HandleFunc("GET /api/v1/plan", s.plan)
	mux.HandleFunc("POST /api/v1/plan/{id}/approve", s.approvePlan)
}

// noMapping answers what is no question for a mapping, in the form of all answers.
func (s *Service) noMapping(w http.ResponseWriter, r *http.Request) {
	const op = "api.mapping"
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		host.WriteJSON(w, http.StatusMethodNotAllowed, host.Response{Status: host.ResponseStatus{
			Code: http.StatusMethodNotAllowed * 100, Message: "mappings can only be read", CorrID: host.CorrelationID(r.Context()),
		}})
		return
	}
	host.WriteError(w, r, s.log, fault.New(fault.NotFound, op, "the path names no mapping").
		WithHint("use /api/v1/mappings/{users|queues|skills|wrapupcodes|extensions}/{Engage id}, the id URL-encoded"))
}

// planTimeout bounds the reading for a plan.
const planTimeout = 50 * time.Second

// plan answers what a synchronisation would do now. It reads the whole Config DB, so that only one
// is made at a time.
func (s *Service) plan(w http.ResponseWriter, r *http.Request) {
	preview, err := s.preview(r.Context())
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	host.WriteOK(w, r, "plan made; nothing was done", preview)
}

// preview makes a plan from what the service knows of the organization.
func (s *Service) preview(ctx context.Context) (p syncer.Preview, err error) {
	err = s.alone(ctx, func(ctx context.Context) error {
		p, err = s.opts.Sync.Preview(ctx, false)
		return err
	})
	return p, err
}

// Approved is the JSON of an approval.
type Approved struct {
	PlanID string `json:"planId"`
	// Operations is how many operations that take something away may be carried out now, and Losses
	// what they take away.
	Operations int    `json:"operations"`
	Losses     string `json:"losses"`
}

// approvePlan agrees to what a plan takes away.
func (s *Service) approvePlan(w http.ResponseWriter, r *http.Request) {
	approved, err := s.approve(r.Context(), r.PathValue("id"))
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	host.WriteOK(w, r, "the plan is approved for one hour", approved)
}

func (s *Service) approve(ctx context.Context, planID string) (Approved, error) {
	var p plan.Plan
	err := s.alone(ctx, func(ctx context.Context) (err error) {
		p, err = s.opts.Sync.Approve(ctx, planID, false)
		return err
	})
	if err != nil {
		return Approved{}, err
	}
	return Approved{p.ID, len(p.Held), p.Withheld()}, nil
}

// alone makes plans one at a time: each reads the whole Config DB.
func (s *Service) alone(ctx context.Context, do func(context.Context) error) error {
	select {
	case s.planning <- struct{}{}:
		defer func() { <-s.planning }()
	default:
		return fault.New(fault.Unavailable, "api.plan", "another plan is being made").WithRetryIn(time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, planTimeout)
	defer cancel()
	return do(ctx)
}

// Mapping is the JSON of a mapping.
type Mapping struct {
	EngageID   string  `json:"engageId"`
	EngageName string  `json:"engageName,omitempty"`
	CloudID    string  `json:"cloudId,omitempty"`
	CloudName  string  `json:"cloudName,omitempty"`
	Person     *Person `json:"person,omitempty"`
	DN         *DN     `json:"dn,omitempty"`
}

// Person is the JSON of a mapping's person.
type Person struct {
	EmployeeID string  `json:"employeeId,omitempty"`
	Agent      bool    `json:"agent"`
	Active     bool    `json:"active"`
	Logins     []Login `json:"logins,omitempty"`
}

// Login is the JSON of an agent login.
type Login struct {
	Switch string `json:"switch"`
	Code   string `json:"code"`
}

// DN is the JSON of a mapping's directory number.
type DN struct {
	Switch string `json:"switch"`
	Number string `json:"number"`
	Alias  string `json:"alias,omitempty"`
	Type   string `json:"type"`
}

func (s *Service) mapping(w http.ResponseWriter, r *http.Request) {
	m, err := s.find(r.Context(), r.PathValue("kind"), r.PathValue("id"))
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	host.WriteOK(w, r, "mapping found", view(m))
}

func (s *Service) find(ctx context.Context, kindName, id string) (*configsyncv1.Mapping, error) {
	const op = "api.mapping"
	kind, ok := catalog.KindOf(kindName)
	if !ok {
		return nil, fault.Newf(fault.NotFound, op, "there are no mappings of %q", kindName).
			WithHint("use users, queues, skills, wrapupcodes or extensions")
	}
	if !s.opts.Catalog.Ready() {
		return nil, s.notReady(ctx, op)
	}
	m, ok := s.opts.Catalog.Get(kind, id)
	if !ok {
		return nil, fault.Newf(fault.NotFound, op, "%s has no mapping of %q", kindName, id)
	}
	return m, nil
}

func view(m *configsyncv1.Mapping) Mapping {
	out := Mapping{EngageID: m.GetEngageId(), EngageName: m.GetEngageName(), CloudID: m.GetCloudId(), CloudName: m.GetCloudName()}
	if p := m.GetPerson(); p != nil {
		out.Person = &Person{EmployeeID: p.GetEmployeeId(), Agent: p.GetAgent(), Active: p.GetActive()}
		for _, l := range p.GetLogins() {
			out.Person.Logins = append(out.Person.Logins, Login{l.GetSwitchName(), l.GetLoginCode()})
		}
	}
	if d := m.GetDn(); d != nil {
		out.DN = &DN{Switch: d.GetSwitchName(), Number: d.GetNumber(), Alias: d.GetAlias(), Type: d.GetType().String()}
	}
	return out
}

// StatusData is the "data" of /status.
type StatusData struct {
	SyncStatus SyncStatus `json:"syncStatus"`
}

// SyncStatus is the guide's syncStatus. Only a failure has more than the guide shows: why, and what
// can be done.
type SyncStatus struct {
	TimeStamp string `json:"timeStamp,omitempty"`
	Status    string `json:"status"`
	Reason    string `json:"reason,omitempty"`
	Hint      string `json:"hint,omitempty"`
	Rejected  int    `json:"rejectedOperations,omitempty"`
	// WaitingPlan is the plan that waits for an approval.
	WaitingPlan string `json:"waitingPlan,omitempty"`
	// Refusals are what the organization does not take at present; Pending counts the objects that it
	// does not show yet.
	Refusals []Refusal `json:"refusals,omitempty"`
	Pending  int       `json:"pending,omitempty"`
}

// Refusal is one thing that the organization does not take. Names are left out: the status answers
// anybody.
type Refusal struct {
	Kind      string `json:"kind"`
	EngageID  string `json:"engageId"`
	Attribute string `json:"attribute"`
	Code      string `json:"code"`
	Reason    string `json:"reason"`
	Since     string `json:"since"`
	Next      string `json:"next"`
	Attempts  int    `json:"attempts"`
}

func refusalsOf(list []plan.Refusal) []Refusal {
	out := make([]Refusal, 0, len(list))
	for _, r := range list {
		kind, id := r.Object()
		out = append(out, Refusal{
			string(kind), id, r.Attribute, r.Code, r.Reason, r.Since.UTC().Format(timeFormat), r.Next.UTC().Format(timeFormat), r.Attempts,
		})
	}
	return out
}

// StatusBody is the body of /status in the guide's form.
func (s *Service) StatusBody(ctx context.Context) any {
	status := s.opts.Sync.Status()
	options, _ := s.opts.Sync.HybridIntegration()
	code, message := statusMessage(status, options.Get(configmodel.SectionGeneral, "organization_id"))
	data := SyncStatus{
		Status: string(status.State), Reason: status.Reason, Hint: status.Hint, Rejected: status.Rejected,
		WaitingPlan: status.WaitingPlan, Refusals: refusalsOf(status.Refusals), Pending: status.Pending,
	}
	if status.State == syncer.StateNone {
		data.Status = "NotStarted"
	}
	if !status.At.IsZero() {
		data.TimeStamp = status.At.UTC().Format(timeFormat)
	}
	return host.Response{
		Status: host.ResponseStatus{Code: code, Message: message, CorrID: host.CorrelationID(ctx)},
		Data:   StatusData{data},
	}
}

// statusMessage is the guide's message after a success; the codes of the other states are not
// documented: 503 for one that will pass, 500 for a failure, times 100 as everywhere.
func statusMessage(status syncer.Status, org string) (int, string) {
	switch status.State {
	case syncer.StateSuccess:
		return 0, "Latest database updates for orgId:" + org + " have been successfully processed on " + stamp(status.LastSuccess)
	case syncer.StateFailed:
		return http.StatusInternalServerError * 100, "Latest database updates for orgId:" + org + " could not be processed: " + status.Reason
	case syncer.StateInProgress:
		return http.StatusServiceUnavailable * 100, "Database updates for orgId:" + org + " are being processed since " + stamp(status.At)
	case syncer.StateNone:
	}
	return http.StatusServiceUnavailable*100 + 1, "no synchronisation has begun yet"
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return strconv.Quote("never")
	}
	return t.UTC().Format(timeFormat)
}
