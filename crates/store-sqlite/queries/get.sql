-- $1 id.
FROM sandboxes JOIN documents ON documents.sandbox = sandboxes.number
WHERE sandboxes.id = $1
