-- $1 name. Returns a row if it was there.
DELETE FROM warm_configs WHERE name = $1 RETURNING name;
