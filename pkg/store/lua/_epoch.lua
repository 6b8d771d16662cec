-- epoch names the history of writes that this server continues. It is new after each start and each
-- failover, which are the occasions on which the last writes may be lost (master_replid of INFO).
local function epoch()
  local info = redis.pcall('INFO', 'replication')
  if type(info) == 'table' then
    if string.find(info.err, 'not supported', 1, true) then return 'imitation' end
    return redis.call('INFO', 'replication') -- fails with the server's own words, e.g. for want of a permission
  end
  return string.match(info, 'master_replid:(%w+)') or ''
end
