-- record and save keep a job's record; its state is one of waiting, running, done, parked.
local function record(key, id)
  local found = redis.call('HGET', key, id)
  if not found then return nil end
  return cjson.decode(found)
end
local function save(key, id, job) redis.call('HSET', key, id, cjson.encode(job)) end
-- sweep forgets finished jobs whose time is over, and the oldest above the bound; 100 in one go.
local function sweep(done, meta, results, now, bound)
  local ids = redis.call('ZRANGEBYSCORE', done, '-inf', text(now), 'LIMIT', 0, 100)
  local over = math.min(redis.call('ZCARD', done) - bound, 100)
  if over > #ids then ids = redis.call('ZRANGE', done, 0, over - 1) end
  for _, id in ipairs(ids) do
    redis.call('ZREM', done, id)
    redis.call('HDEL', meta, id)
    redis.call('HDEL', results, id)
  end
end
