-- holds answers whether the lease still belongs to this owner at this generation.
-- An ended lease that nobody has taken over still counts: nobody else can have written meanwhile.
local function holds(lease, owner, generation)
  local held = redis.call('HMGET', lease, 'o', 'g')
  return held[1] == owner and held[2] == generation
end
