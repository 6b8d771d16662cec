package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/app"
)

func TestRemovalLimitsAreChecked(t *testing.T) {
	minimal := []string{"TENANT_ID=101", "REDIS_ADDR=127.0.0.1:6379", "CONFIG_DB_HOST=db.example", "CONFIG_DB_NAME=config", "CONFIG_DB_USER=reader"}
	for limits, ok := range map[string]bool{
		"": true, "members=30": true, "members=30/10": true, " members = 30 / 10 , emails=100/0": true,
		"people=30": false, "members": false, "members=101": false, "members=-1": false, "members=a": false, "members=30/-1": false, "members=30/x": false,
	} {
		_, err := app.Load(append(minimal, "SYNC_REMOVAL_LIMITS="+limits))
		require.Equal(t, ok, err == nil, "%q: %v", limits, err)
		if err != nil {
			require.Contains(t, err.Error(), "SYNC_REMOVAL_LIMITS")
		}
	}
}

// The limits of the environment are those that hold.
func TestRemovalLimitsReachThePlan(t *testing.T) {
	for limits, held := range map[string]bool{"users=0/0": true, "users=100/9": false} {
		s := newSite(t)
		s.env["SYNC_REMOVAL_LIMITS"] = limits
		service := s.start(t)
		service.waitForSuccess(t)
		s.exec(t, "UPDATE cfg_person SET state = 2 WHERE dbid = 301")
		id := s.org.UserID("ann@x.example")
		eventually(t, func() bool {
			if held {
				return service.status(t) == "Failed"
			}
			return !s.org.User(id).IsActive()
		}, limits)
		require.Equal(t, held, s.org.User(id).IsActive())
		if held {
			_, body := service.get(t, "/status")
			require.Contains(t, body, "1 of ")
		}
		service.stop()
	}
}
