-- $1 id: its timeline, oldest first.
SELECT event FROM events JOIN sandboxes ON sandboxes.number = events.sandbox
WHERE sandboxes.id = $1
ORDER BY events.number
