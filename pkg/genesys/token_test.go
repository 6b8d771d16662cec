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
)

// numbered is a login service whose tokens are numbered and live so long.
func numbered(life time.Duration) (http.HandlerFunc, *int) {
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		n++
		answer(w, 200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"bearer","expires_in":%d}`, n, int(life.Seconds())))
	}, &n
}

func TestToken_IsAskedForAsTheLoginServiceWants(t *testing.T) {
	o := replies(says(200, `{}`))
	o.login = func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		if !ok || id != "id" || secret != "a%2Bb%26c" || r.Method != http.MethodPost || r.URL.String() != "https://login.example.com/oauth/token" ||
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			answer(w, 400, `{"error":"invalid_client"}`)
			return
		}
		answer(w, 200, `{"access_token":"t","expires_in":60}`)
	}
	c := o.client(t, func(o *Options) { o.ClientSecret = "a+b&c" })
	require.NoError(t, c.Check(t.Context()))
	require.NoError(t, someCall(t.Context(), c))
	require.Equal(t, "Bearer t", o.last(t).header.Get("Authorization"))
	require.Equal(t, "engage-connector/test", o.last(t).header.Get("User-Agent"))
	require.Equal(t, 1, o.tokenCalls())
}

// The token is replaced at 85 % of its life, once, and used as long.
func TestToken_IsRefreshedBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := replies(says(200, `{}`))
		login, asked := numbered(1000 * time.Second)
		o.login = login
		c := o.client(t)
		for range 849 {
			require.NoError(t, c.Check(t.Context()))
			time.Sleep(time.Second)
		}
		require.Equal(t, 1, *asked)
		time.Sleep(time.Second)
		require.NoError(t, someCall(t.Context(), c))
		require.Equal(t, "Bearer token-2", o.last(t).header.Get("Authorization"))
		require.Equal(t, 2, *asked)
	})
}

// However many callers need the token, one request is made.
func TestToken_OneRequestForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := replies(says(200, `{}`))
		login, asked := numbered(time.Hour)
		o.login = func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			login(w, r)
		}
		c := o.client(t)
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
		o := replies(says(200, `{}`))
		o.login = func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(10 * time.Second):
				answer(w, 200, `{"access_token":"t","expires_in":600}`)
			case <-r.Context().Done():
			}
		}
		c := o.client(t)
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
		o := replies(says(200, `{}`))
		login, _ := numbered(1000 * time.Second)
		down := false
		o.login = func(w http.ResponseWriter, r *http.Request) {
			if down {
				answer(w, 503, ``)
				return
			}
			login(w, r)
		}
		c := o.client(t)
		require.NoError(t, c.Check(t.Context()))
		down = true
		time.Sleep(900 * time.Second)
		for range 5 {
			require.NoError(t, someCall(t.Context(), c))
		}
		require.Equal(t, 2, o.tokenCalls()) // the refresh is not tried with every request
		time.Sleep(100 * time.Second)
		require.Equal(t, fault.Unavailable, fault.CodeOf(someCall(t.Context(), c)))
		down = false
		require.NoError(t, someCall(t.Context(), c))
	})
}

// A 401 makes the client ask for a new token and repeat once; a second 401 is final.
func TestToken_IsReplacedOnceAfter401(t *testing.T) {
	o := &org{api: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-2" {
			answer(w, 200, `{}`)
			return
		}
		answer(w, 401, `{"code":"bad.credentials","message":"Invalid login credentials."}`)
	}}
	o.login, _ = numbered(time.Hour)
	c := o.client(t)
	require.NoError(t, someCreate(t.Context(), c))
	require.Equal(t, 2, o.tokenCalls())

	o = replies(says(401, `{"code":"bad.credentials"}`))
	err := someCall(t.Context(), o.client(t))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Len(t, o.calls(), 2)
	require.NotEmpty(t, fault.Hint(err))
}

// What the login service may answer, and what that means.
func TestToken_LoginServiceAnswers(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc // the first one; then it works
		asked  int
		code   fault.Code
	}{
		"rate limit as 400": {says(400, `{"error":"invalid_request","description":"rate limit exceeded; wait","error_description":"rate limit exceeded; wait"}`), 2, ""},
		"rate limit as 429": {says(429, `{}`, "Retry-After", "20"), 2, ""},
		"server error":      {says(500, `oops`), 2, ""},
		"gateway":           {says(502, `<html>`), 2, ""},
		"broken":            {breaks, 2, ""},
		"slow":              {hangs, 2, ""},
		"empty token":       {says(200, `{"access_token":"","expires_in":60}`), 2, ""},
		"no JSON":           {says(200, `<html>`), 2, ""},
		"no life":           {says(200, `{"access_token":"t","expires_in":0}`), 2, ""},
		"wrong grant":       {says(400, `{"error":"unauthorized_client","error_description":"client is not authorized"}`), 1, fault.Unauthenticated},
		"wrong secret":      {says(401, `{"error":"invalid_client"}`), 1, fault.Unauthenticated},
		"wrong URL":         {says(404, `not here`), 1, fault.Unauthenticated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := replies(says(200, `{}`))
				first := true
				o.login = func(w http.ResponseWriter, r *http.Request) {
					if first {
						first = false
						tt.answer(w, r)
						return
					}
					answer(w, 200, `{"access_token":"t","expires_in":60}`)
				}
				require.Equal(t, tt.code, fault.CodeOf(someCall(t.Context(), o.client(t))))
				require.Equal(t, tt.asked, o.tokenCalls())
			})
		})
	}
}

// A login service that limits for ever is left after a minute.
func TestToken_PatienceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := replies(says(200, `{}`))
		o.login = says(400, `{"error":"invalid_request","description":"rate limit exceeded; stop"}`)
		started := time.Now()
		err := someCall(t.Context(), o.client(t))
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.LessOrEqual(t, time.Since(started), tokenPatience)
		require.Empty(t, o.calls())
	})
}

// Refused credentials are not sent again with every call.
func TestToken_RefusedCredentialsRestForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := replies(says(200, `{}`))
		o.login = says(401, `{"error":"invalid_client"}`)
		c := o.client(t)
		for range 10 {
			err := someCall(t.Context(), c)
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
			require.NotEmpty(t, fault.Hint(err))
		}
		require.Equal(t, 1, o.tokenCalls())
		time.Sleep(tokenRefusalFor)
		require.Error(t, c.Check(t.Context()))
		require.Equal(t, 2, o.tokenCalls())
	})
}

// Neither the secret nor the token nor query texts get into errors and logs, whatever servers say.
func TestClient_KeepsSecretsOutOfErrorsAndLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		echo := `{"message":"bad ` + testSecret + ` and ` + testToken + `","error":"` + testSecret + `","error_description":"` + testSecret + `"}`
		var texts []string
		collect := func(err error) {
			require.Error(t, err)
			texts = append(texts, err.Error(), fmt.Sprintf("%+v", err))
		}
		collect(someCall(t.Context(), replies(says(400, echo)).client(t, logTo(&log))))
		_, _, err := replies(breaks).client(t, logTo(&log)).FindUserByUserName(t.Context(), "jane.roe@example.com")
		collect(err)
		o := replies(says(200, `{}`))
		o.login = says(400, echo)
		collect(someCall(t.Context(), o.client(t, logTo(&log))))
		collect(replies(says(403, `<Error><Code>AccessDenied</Code><SignatureProvided>sig-123</SignatureProvided></Error>`)).client(t, logTo(&log)).
			PutUpload(t.Context(), UploadTarget{URL: "https://store.example.com/f?X-Amz-Signature=sig-123"}, bytes.NewReader([]byte("x")), 1))
		collect(replies(breaks).client(t, logTo(&log)).
			PutUpload(t.Context(), UploadTarget{URL: "https://store.example.com/f?X-Amz-Signature=sig-123"}, bytes.NewReader([]byte("x")), 1))
		texts = append(texts, log.String())
		for _, text := range texts {
			for _, secret := range []string{testSecret, testToken, "sig-123", "jane.roe"} {
				require.NotContains(t, text, secret)
			}
		}
		require.Contains(t, log.String(), "request will be repeated")
	})
}
