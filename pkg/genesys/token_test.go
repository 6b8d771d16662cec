package genesys

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
)

// numbered is a login service whose tokens are numbered and live so long.
func numbered(life time.Duration) (http.HandlerFunc, *int) {
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		n++
		genesystest.Answer(w, 200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"bearer","expires_in":%d}`, n, int(life.Seconds())))
	}, &n
}

func TestToken_IsAskedForAsTheLoginServiceWants(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{}`))
	o.Login = func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		if !ok || id != genesystest.ClientID || secret != "a%2Bb%26c" || r.Method != http.MethodPost || r.URL.String() != "https://login.example.com/oauth/token" ||
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			genesystest.Answer(w, 400, `{"error":"invalid_client"}`)
			return
		}
		genesystest.Answer(w, 200, `{"access_token":"t","expires_in":60}`)
	}
	c := client(t, o, func(o *Options) { o.ClientSecret, o.Version = "a+b&c", "1.2.3" })
	require.NoError(t, c.Check(t.Context()))
	require.NoError(t, someCall(t.Context(), c))
	require.Equal(t, "Bearer t", o.Last(t).Header.Get("Authorization"))
	require.Equal(t, "engage-connector/1.2.3 (test)", o.Last(t).Header.Get("User-Agent"))
	require.Equal(t, 1, o.TokenCalls())
}

// The token is replaced at 85 % of its life, once, and used as long.
func TestToken_IsRefreshedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		login, asked := numbered(1000 * time.Second)
		o.Login = login
		c := client(t, o)
		for range 849 {
			require.NoError(t, c.Check(t.Context()))
			time.Sleep(time.Second)
		}
		require.Equal(t, 1, *asked)
		time.Sleep(time.Second)
		require.NoError(t, someCall(t.Context(), c))
		require.Equal(t, "Bearer token-2", o.Last(t).Header.Get("Authorization"))
		require.Equal(t, 2, *asked)
	})
}

// However many callers need the token, one request is made.
func TestToken_OneRequestForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		login, asked := numbered(time.Hour)
		o.Login = func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			login(w, r)
		}
		c := client(t, o)
		many := func() {
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if err := c.Check(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		many()
		require.Equal(t, 1, *asked)
		// Early refresh: the others go on with the old token.
		time.Sleep(55 * time.Minute)
		many()
		require.Equal(t, 2, *asked)
	})
}

// A waiting caller can give up, and takes nothing from the others.
func TestToken_CallerThatGivesUpHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		o.Login = func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(10 * time.Second):
				genesystest.Answer(w, 200, `{"access_token":"t","expires_in":600}`)
			case <-r.Context().Done():
			}
		}
		c := client(t, o)
		first, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 3)
		go func() { errs <- c.Check(first) }()
		synctest.Wait()
		second, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		go func() { errs <- c.Check(second) }()
		require.Equal(t, fault.Timeout, fault.CodeOf(<-errs))
		go func() { errs <- c.Check(t.Context()) }()
		cancel()
		require.Equal(t, fault.Canceled, fault.CodeOf(<-errs))
		require.NoError(t, <-errs)
	})
}

// While the old token is good, a failed refresh is no failure.
func TestToken_OldOneServesWhileRefreshFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		login, _ := numbered(1000 * time.Second)
		down := false
		o.Login = func(w http.ResponseWriter, r *http.Request) {
			if down {
				genesystest.Answer(w, 503, ``)
				return
			}
			login(w, r)
		}
		c := client(t, o)
		require.NoError(t, c.Check(t.Context()))
		down = true
		time.Sleep(900 * time.Second)
		for range 5 {
			require.NoError(t, someCall(t.Context(), c))
		}
		require.Equal(t, 2, o.TokenCalls()) // the refresh is not tried with every request
		time.Sleep(100 * time.Second)
		require.Equal(t, fault.Unavailable, fault.CodeOf(someCall(t.Context(), c)))
		down = false
		require.NoError(t, someCall(t.Context(), c))
	})
}

// A 401 makes the client ask for a new token and repeat once; a second 401 is final.
func TestToken_IsReplacedOnceAfter401(t *testing.T) {
	o := &genesystest.Org{API: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-2" {
			genesystest.Answer(w, 200, `{}`)
			return
		}
		genesystest.Answer(w, 401, `{"code":"bad.credentials","message":"Invalid login credentials."}`)
	}}
	o.Login, _ = numbered(time.Hour)
	c := client(t, o)
	require.NoError(t, someCreate(t.Context(), c))
	require.Equal(t, 2, o.TokenCalls())

	o = genesystest.Replies(genesystest.Says(401, `{"code":"bad.credentials"}`))
	err := someCall(t.Context(), client(t, o))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Len(t, o.Calls(), 2)
	require.NotEmpty(t, fault.Hint(err))
}

// What the login service may genesystest.Answer, and what that means.
func TestToken_LoginServiceAnswers(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc // the first one; then it works
		asked  int
		code   fault.Code
	}{
		"rate limit as 400": {genesystest.Says(400, `{"error":"invalid_request","description":"rate limit exceeded; wait","error_description":"rate limit exceeded; wait"}`), 2, ""},
		"rate limit as 429": {genesystest.Says(429, `{}`, "Retry-After", "20"), 2, ""},
		"server error":      {genesystest.Says(500, `oops`), 2, ""},
		"gateway":           {genesystest.Says(502, `<html>`), 2, ""},
		"broken":            {genesystest.Breaks, 2, ""},
		"slow":              {genesystest.Hangs, 2, ""},
		"empty token":       {genesystest.Says(200, `{"access_token":"","expires_in":60}`), 2, ""},
		"no JSON":           {genesystest.Says(200, `<html>`), 2, ""},
		"no life":           {genesystest.Says(200, `{"access_token":"t","expires_in":0}`), 2, ""},
		"wrong grant":       {genesystest.Says(400, `{"error":"unauthorized_client","error_description":"client is not authorized"}`), 1, fault.Unauthenticated},
		"wrong secret":      {genesystest.Says(401, `{"error":"invalid_client"}`), 1, fault.Unauthenticated},
		"wrong URL":         {genesystest.Says(404, `not here`), 1, fault.Unauthenticated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := genesystest.Replies(genesystest.Says(200, `{}`))
				first := true
				o.Login = func(w http.ResponseWriter, r *http.Request) {
					if first {
						first = false
						tt.answer(w, r)
						return
					}
					genesystest.Answer(w, 200, `{"access_token":"t","expires_in":60}`)
				}
				require.Equal(t, tt.code, fault.CodeOf(someCall(t.Context(), client(t, o))))
				require.Equal(t, tt.asked, o.TokenCalls())
			})
		})
	}
}

// A login service that limits for ever is left after a minute.
func TestToken_PatienceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		o.Login = genesystest.Says(400, `{"error":"invalid_request","description":"rate limit exceeded; stop"}`)
		started := time.Now()
		err := someCall(t.Context(), client(t, o))
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.LessOrEqual(t, time.Since(started), tokenPatience)
		require.Empty(t, o.Calls())
	})
}

// Refused credentials are not sent again with every call.
func TestToken_RefusedCredentialsRestForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		o.Login = genesystest.Says(401, `{"error":"invalid_client"}`)
		c := client(t, o)
		for range 10 {
			err := someCall(t.Context(), c)
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
			require.NotEmpty(t, fault.Hint(err))
		}
		require.Equal(t, 1, o.TokenCalls())
		time.Sleep(tokenRefusalFor)
		require.Error(t, c.Check(t.Context()))
		require.Equal(t, 2, o.TokenCalls())
	})
}

// Neither the secret nor the token nor query texts get into errors and logs, whatever servers say.
func TestClient_KeepsSecretsOutOfErrorsAndLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		echo := `{"message":"bad ` + genesystest.ClientSecret + ` and ` + genesystest.Token + `","error":"` + genesystest.ClientSecret + `","error_description":"` + genesystest.ClientSecret + `"}`
		var texts []string
		collect := func(err error) {
			require.Error(t, err)
			texts = append(texts, err.Error(), fmt.Sprintf("%+v", err))
		}
		collect(someCall(t.Context(), client(t, genesystest.Replies(genesystest.Says(400, echo)), logTo(&log))))
		filtered := Request{Operation: reading(), Query: Query("filter", "jane.roe@example.com")}
		collect(client(t, genesystest.Replies(genesystest.Breaks), logTo(&log)).Do(t.Context(), filtered))
		o := genesystest.Replies(genesystest.Says(200, `{}`))
		o.Login = genesystest.Says(400, echo)
		collect(someCall(t.Context(), client(t, o, logTo(&log))))
		collect(client(t, genesystest.Replies(genesystest.Says(403, `<Error><Code>AccessDenied</Code><SignatureProvided>sig-123</SignatureProvided></Error>`)), logTo(&log)).
			PutFile(t.Context(), Presigned{URL: "https://store.example.com/f?X-Amz-Signature=sig-123"}, bytes.NewReader([]byte("x")), 1))
		collect(client(t, genesystest.Replies(genesystest.Breaks), logTo(&log)).
			PutFile(t.Context(), Presigned{URL: "https://store.example.com/f?X-Amz-Signature=sig-123"}, bytes.NewReader([]byte("x")), 1))
		texts = append(texts, log.String())
		for _, text := range texts {
			for _, secret := range []string{genesystest.ClientSecret, genesystest.Token, "sig-123", "jane.roe"} {
				require.NotContains(t, text, secret)
			}
		}
		require.Contains(t, log.String(), "request will be repeated")
	})
}
