-- Answers the epoch of the server that holds this tenant's keys. KEYS any of them.
return epoch()
