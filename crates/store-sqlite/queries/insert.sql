-- $1 id, $2 mark, $3 events, $4 desired, $5 phase, $6 live, $7 updated_at, $8 format, $9 state, $10 limit or NULL,
-- $11 label, $12 tenant, $13 session, $14 backend, $15 created_at, $16 format of the documents, $17 spec, $18 sealed,
-- $19 annotations. Returns a row if the record is stored now.
INSERT INTO sandboxes (
    id, mark, desired, phase, live, updated_at, format, state, label, tenant, session, backend, created_at,
    activity_at, version
)
SELECT $1, $2, $4, $5, $6, $7, $8, $9, $11, $12, $13, $14, $15, $15, 1
WHERE $10 IS NULL OR NOT $6 OR (SELECT usage.live FROM usage) < $10
ON CONFLICT (tenant, session) WHERE desired <> 'stopped' DO NOTHING
RETURNING version;

-- Only if the row is there that this operation has marked.
INSERT INTO documents (sandbox, format, spec, sealed, annotations)
SELECT number, $16, $17, $18, $19 FROM sandboxes WHERE id = $1 AND mark = $2;

INSERT INTO events (sandbox, event)
SELECT sandboxes.number, entry.value FROM sandboxes, json_each($3) AS entry
WHERE sandboxes.id = $1 AND sandboxes.mark = $2
ORDER BY entry.key;
