-- Answers the epoch after a write, so that it fails as all work would. KEYS one of the tenant's, for this alone.
redis.call('SET', KEYS[1], '1')
return epoch()
