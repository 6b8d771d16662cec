package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
	body, err := json.Marshal(map[string]int{"calls": calls})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.at.lab+"/lab/v1/play", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the lab to play: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("ask the lab to play: %s", response.Status)
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

// linked tells whether every link of the connector is declared at the edge; what happens before is
// not kept for it.
func (s *setup) linked(ctx context.Context) bool {
	var answer struct {
		Links []json.RawMessage `json:"links"`
	}
	err := getJSON(ctx, "http://"+s.at.lab+"/v1/links", s.keys.feed, &answer)
	return err == nil && len(answer.Links) >= wantedLinks
}

// wantedLinks are vq, agent and call of conversation-provider, and stat of agent-state-sync.
const wantedLinks = 4

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
