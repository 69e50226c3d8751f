-- $1 hash, $2 now.
SELECT EXISTS (SELECT 1 FROM admin_tokens WHERE hash = $1 AND expires_at > $2)
