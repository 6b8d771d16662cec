-- clock answers the time in milliseconds: the caller's when a test sets one, else this server's.
-- One clock for all instances, so a lease does not depend on how well their hosts agree.
local function clock(given)
  if given ~= '0' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
-- text writes a number without an exponent or a fraction.
local function text(n) return string.format('%.0f', n) end
