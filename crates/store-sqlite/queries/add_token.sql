-- $1 hash, $2 expires_at, $3 now.
DELETE FROM admin_tokens WHERE expires_at <= $3;

INSERT INTO admin_tokens (hash, expires_at) VALUES ($1, $2);
