-- $1 id, $2 name, $3 tenant, $4 hash, $5 created_at, $6 expires_at or NULL, $7 revoked_at or NULL. Returns a row unless
-- another key that is not revoked has the name.
INSERT INTO api_keys (id, name, tenant, hash, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
RETURNING number;
