-- API keys: the hashes alone. A key that was revoked stays, so that its id and what became of it can be looked up.
CREATE TABLE api_keys (
    number INTEGER PRIMARY KEY,                -- in the order of creation
    id TEXT NOT NULL UNIQUE,                   -- a UUID
    name TEXT NOT NULL,
    tenant TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),   -- SHA-256 of the key
    created_at INTEGER NOT NULL,               -- all times are milliseconds since 1970
    expires_at INTEGER,                        -- from here on it is refused; NULL for never
    revoked_at INTEGER
) STRICT;

CREATE UNIQUE INDEX one_key_of_a_name ON api_keys (name) WHERE revoked_at IS NULL;

-- What administrators are asked at login, each to be taken once.
CREATE TABLE admin_challenges (
    challenge TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX admin_challenges_to_forget ON admin_challenges (expires_at);

-- Administrators who are logged in: the hashes of their tokens.
CREATE TABLE admin_tokens (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX admin_tokens_to_forget ON admin_tokens (expires_at);

-- What sandboxes are kept warm of, as the layer above wrote it.
CREATE TABLE warm_configs (
    name TEXT PRIMARY KEY,
    document TEXT NOT NULL,                    -- JSON
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
