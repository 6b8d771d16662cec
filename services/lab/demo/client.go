package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"engage.connector/services/lab/app"
)

// answerLimit bounds one question to a process of the demo.
const answerLimit = 10 * time.Second

// progress asks the lab how far both sides agree.
func (s *setup) progress(ctx context.Context) (app.Progress, error) {
	var progress app.Progress
	return progress, getJSON(ctx, "http://"+s.at.lab+"/lab/v1/verdict", "", &progress)
}

// play tells the lab to play calls.
func (s *setup) play(ctx context.Context, calls int) error {
	return s.tellLab(ctx, http.MethodPost, "/lab/v1/play", map[string]int{"calls": calls}, http.StatusAccepted)
}

// tellLab sends an order to the lab.
func (s *setup) tellLab(ctx context.Context, method, path string, order any, want int) error {
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.at.lab+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("order to the lab: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != want {
		return fmt.Errorf("order to the lab: %s answered %s", path, response.Status)
	}
	return nil
}

// synced tells whether config-sync has brought the whole configuration over.
func (s *setup) synced(ctx context.Context) bool {
	var status struct {
		Data struct {
			SyncStatus struct {
				Status string `json:"status"`
			} `json:"syncStatus"`
		} `json:"data"`
	}
	err := getJSON(ctx, "http://"+s.at.configHTTP+"/status", "", &status)
	return err == nil && status.Data.SyncStatus.Status == "Success"
}

// configured is how much of the configuration is in the org, in objects and their parts.
func (s *setup) configured(ctx context.Context) int {
	var org struct {
		Users []struct {
			Roles  []string           `json:"roles"`
			Skills map[string]float64 `json:"skills"`
		} `json:"users"`
		Queues []struct {
			Members     []string `json:"members"`
			WrapupCodes []string `json:"wrapupCodes"`
		} `json:"queues"`
		Skills      []json.RawMessage `json:"skills"`
		WrapupCodes []json.RawMessage `json:"wrapupCodes"`
	}
	if getJSON(ctx, "http://"+s.at.lab+"/lab/v1/org", "", &org) != nil {
		return 0
	}
	n := len(org.Users) + len(org.Queues) + len(org.Skills) + len(org.WrapupCodes)
	for _, user := range org.Users {
		n += len(user.Roles) + len(user.Skills)
	}
	for _, queue := range org.Queues {
		n += len(queue.Members) + len(queue.WrapupCodes)
	}
	return n
}

// link is a row of the edge's list of links.
type link struct {
	Link       string `json:"link"`
	State      string `json:"state"`
	Readers    int    `json:"readers"`
	DNs        int    `json:"dns"`
	Statistics int    `json:"statistics"`
}

// linked tells whether every link of the connector is open, with everything of the center declared.
func (s *setup) linked(ctx context.Context) bool {
	var answer struct {
		Links []link `json:"links"`
	}
	var center struct {
		Agents []json.RawMessage `json:"agents"`
		Queues []json.RawMessage `json:"queues"`
	}
	if getJSON(ctx, "http://"+s.at.lab+"/v1/links", s.keys.feed, &answer) != nil ||
		getJSON(ctx, "http://"+s.at.lab+"/lab/v1/site/model", "", &center) != nil {
		return false
	}
	return allOpen(answer.Links, len(center.Agents), len(center.Queues))
}

// allOpen tells whether somebody reads each of the links, and has declared what a center of that size has.
func allOpen(declared []link, agents, queues int) bool {
	want := map[string]link{"vq": {DNs: queues}, "agent": {DNs: agents}, "call": {}, "stat": {Statistics: agents}}
	open := 0
	for _, name := range links() {
		at := slices.IndexFunc(declared, func(l link) bool { return l.Link == name })
		if at < 0 {
			return false
		}
		if l := declared[at]; l.State == "connected" && l.Readers > 0 && l.DNs >= want[name].DNs && l.Statistics >= want[name].Statistics {
			open++
		}
	}
	return open == len(want)
}

func getJSON(ctx context.Context, url, token string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
