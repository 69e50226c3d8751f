-- $1 last write before this time, $2 how many at most. Returns a row for each that is forgotten; documents and events
-- go with it. The newest mark is remembered first, so that none is ever used twice.
UPDATE installation SET last_mark = max(last_mark, (SELECT coalesce(max(mark), 0) FROM sandboxes));

DELETE FROM sandboxes
WHERE number IN (
    SELECT number FROM sandboxes WHERE phase = 'stopped' AND desired = 'stopped' AND updated_at < $1
    ORDER BY updated_at LIMIT $2
)
RETURNING number;
