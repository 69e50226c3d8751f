-- $1 tenant, $2 session: the open one, else the newest.
FROM sandboxes JOIN documents ON documents.sandbox = sandboxes.number
WHERE tenant = $1 AND session = $2
ORDER BY desired <> 'stopped' DESC, number DESC
LIMIT 1
