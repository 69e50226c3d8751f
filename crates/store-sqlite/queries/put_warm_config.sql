-- $1 name, $2 document, $3 updated_at.
INSERT INTO warm_configs (name, document, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at;
