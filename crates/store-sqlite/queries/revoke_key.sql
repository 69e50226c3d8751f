-- $1 id, $2 time. Returns a row if the key is revoked now and was not before.
UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING number;
