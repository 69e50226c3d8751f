-- $1 id, $2 mark, $3 events, $4 desired, $5 phase, $6 live, $7 updated_at, $8 format, $9 state, $10 limit or NULL,
-- $11 the version that it was made from. Returns the new version if it is stored now. The limit is for those that
-- were not live before: `live` in the condition is the stored value.
UPDATE sandboxes
SET mark = $2, desired = $4, phase = $5, live = $6, updated_at = $7, format = $8, state = $9, version = version + 1
WHERE id = $1 AND version = $11
    AND ($10 IS NULL OR NOT $6 OR live OR (SELECT usage.live FROM usage) < $10)
RETURNING version;

-- Only if the row is there that this operation has marked.
INSERT INTO events (sandbox, event)
SELECT sandboxes.number, entry.value FROM sandboxes, json_each($3) AS entry
WHERE sandboxes.id = $1 AND sandboxes.mark = $2
ORDER BY entry.key;
