package plan

import "time"

// Cost is what executing a plan takes.
type Cost struct {
	// Calls change something, Lookups look for what exists; together they are the API requests.
	Calls   int `json:"calls"`
	Lookups int `json:"lookups"`
	// Limit is how many requests the connector makes per minute.
	Limit int `json:"requestsPerMinute"`
	// Seconds is how long they take at that pace.
	Seconds int `json:"expectedSeconds"`
}

// Expected returns the time.
func (c Cost) Expected() time.Duration { return time.Duration(c.Seconds) * time.Second }

// pageSize is how many objects a listing answers at a time.
const pageSize = 100

// Cost estimates the requests, which is exact but for retries and for objects of the organization's
// own in listings, and the time they take at a limit of requests per minute. Up to half of a
// minute's allowance goes at once; beyond that the allowance sets the pace.
func (p Plan) Cost(limit int) Cost {
	limit = max(limit, 1)
	c := Cost{Calls: p.Calls(), Lookups: p.lookups(), Limit: limit}
	switch n := c.Calls + c.Lookups; {
	case n == 0:
	case n <= limit/2:
		c.Seconds = 1
	default:
		c.Seconds = (n*60 + limit - 1) / limit
	}
	return c
}

// lookups counts the listings that execution begins with, each once.
func (p Plan) lookups() int {
	once := map[string]int{}
	newUsers := 0
	for _, o := range p.Operations {
		switch {
		case o.Action == Create && o.Kind == Users:
			newUsers++
			once["roles"], once["home"] = 1, 1
		case o.Action == Create:
			once[string(o.Kind)] = pages(p.Live[o.Kind])
			if o.Kind == Codes {
				once["home"] = 1
			}
		case o.Action == AddRoles:
			once["roles"], once["home"] = 1, 1
		case o.Action == EnsureSource, o.Action == DefaultSource, o.Action == ReadPresences:
			once[string(o.Action)] = 1
		}
	}
	if newUsers >= UsersWorthListing {
		once["users"] = pages(p.Live[Users])
	}
	n := 0
	for _, count := range once {
		n += count
	}
	return n
}

// UsersWorthListing is the number of new users from which all users are listed before the first
// create. Below it the server's refusal of a taken user name is relied on.
const UsersWorthListing = 10

func pages(objects int) int { return objects/pageSize + 1 }
