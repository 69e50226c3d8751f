-- $1 tenant, $2 session: the open one.
FROM sandboxes JOIN documents ON documents.sandbox = sandboxes.number
WHERE tenant = $1 AND session = $2 AND desired <> 'stopped'
