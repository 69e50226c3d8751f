SELECT id, name, tenant, hash, created_at, expires_at, revoked_at FROM api_keys ORDER BY number
