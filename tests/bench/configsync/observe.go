package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// organization is the org of a lab.
type organization struct{ address, secret string }

// orgState is what the bench looks at of an org.
type orgState struct {
	Users       []orgUser  `json:"users"`
	Queues      []orgQueue `json:"queues"`
	Skills      []named    `json:"skills"`
	WrapupCodes []named    `json:"wrapupCodes"`
	Counters    counters   `json:"counters"`
}

type orgUser struct {
	ID          string             `json:"id"`
	UserName    string             `json:"userName"`
	DisplayName string             `json:"displayName"`
	Active      bool               `json:"active"`
	Skills      map[string]float64 `json:"skills"`
}

type orgQueue struct {
	Name        string   `json:"name"`
	Members     []string `json:"members"` // ids of users
	WrapupCodes []string `json:"wrapupCodes"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// counters are the org's: requests by route, which begins with the method.
type counters struct {
	Requests  map[string]int `json:"requests"`
	Statuses  map[string]int `json:"statuses"`
	Throttled int            `json:"throttled"`
}

// calls is the number of API requests; log-ins are not among them.
func (c counters) calls() int {
	n := 0
	for _, count := range c.Requests {
		n += count
	}
	return n
}

// writes is the number of API requests that can change something.
func (c counters) writes() int {
	n := 0
	for route, count := range c.Requests {
		if !strings.HasPrefix(route, http.MethodGet+" ") {
			n += count
		}
	}
	return n
}

// refused is the number of requests that were answered with an error.
func (c counters) refused() int {
	n := 0
	for status, count := range c.Statuses {
		if code, err := strconv.Atoi(status); err != nil || code >= http.StatusBadRequest {
			n += count
		}
	}
	return n
}

func (o *organization) state(ctx context.Context) (orgState, error) {
	var state orgState
	body, err := fetch(ctx, http.MethodGet, "http://"+o.address+"/lab/v1/org?conversations=1", nil)
	if err == nil {
		err = json.Unmarshal(body, &state)
	}
	return state, err
}

// knobs sets knobs of the org.
func (o *organization) knobs(ctx context.Context, values map[string]int) error {
	body, err := json.Marshal(values)
	if err == nil {
		_, err = fetch(ctx, http.MethodPut, "http://"+o.address+"/lab/v1/org/knobs", body)
	}
	return err
}

// instance is a running config-sync.
type instance struct {
	*process

	address string
}

// runs are the synchronisations of an instance so far.
type runs struct {
	succeeded, others int
	seconds           float64 // of all
}

func (i *instance) runs(ctx context.Context) (runs, error) {
	body, err := fetch(ctx, http.MethodGet, "http://"+i.address+"/metrics", nil)
	if err != nil {
		return runs{}, err
	}
	return runsOf(string(body))
}

// runsOf reads the runs out of a page of metrics.
func runsOf(page string) (runs, error) {
	const prefix = "engage_connector_config_sync_"
	var faults []error
	value := func(series string) float64 {
		v, err := seriesValue(page, prefix+series)
		faults = append(faults, err)
		return v
	}
	r := runs{
		succeeded: int(value(`runs_total{result="success"}`)),
		others:    int(value(`runs_total{result="failed"}`) + value(`runs_total{result="partial"}`)),
		seconds:   value("run_duration_seconds_sum"),
	}
	return r, errors.Join(faults...)
}

// seriesValue returns the value of one series of a page of metrics.
func seriesValue(page, series string) (float64, error) {
	for line := range strings.Lines(page) {
		if text, found := strings.CutPrefix(line, series+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(text), 64)
		}
	}
	return 0, fmt.Errorf("no series %s", series)
}

// awaitRuns waits until there were n successful synchronisations, and fails on any other.
func (i *instance) awaitRuns(ctx context.Context, n int) (runs, error) {
	const every = 50 * time.Millisecond
	for {
		r, err := i.runs(ctx)
		switch {
		case err != nil:
			return r, err
		case r.others > 0:
			return r, errors.New("a synchronisation did not succeed")
		case r.succeeded >= n:
			return r, nil
		}
		if err := sleep(ctx, every); err != nil {
			return r, err
		}
	}
}

// fetch returns the body of an answer with status 200.
func fetch(ctx context.Context, method, url string, body []byte) ([]byte, error) {
	const limit, most = 10 * time.Second, 64 << 20
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: status %d: %.200s", method, url, answer.StatusCode, content)
	}
	return content, nil
}

// sleep waits for d and fails when ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
