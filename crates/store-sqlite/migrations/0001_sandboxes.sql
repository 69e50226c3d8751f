-- 'pinf': tells this database from those of other programs (https://sqlite.org/pragma.html#pragma_application_id).
PRAGMA application_id = 0x70696e66;

-- What this store was born with. One row.
CREATE TABLE installation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,                          -- a UUID
    born_at INTEGER NOT NULL,                  -- all times are milliseconds since 1970
    last_mark INTEGER NOT NULL DEFAULT 0,      -- marks up to here were given to records that are forgotten now
    seal_check BLOB                            -- a known text under the sealing key; none while nothing was sealed
) STRICT;

-- A UUID of version 4 (RFC 9562 §5.4): every digit is random but the version and two bits of the variant.
INSERT INTO installation (one, id, born_at)
SELECT 1,
    substr(digits, 1, 8) || '-' || substr(digits, 9, 4) || '-4' || substr(digits, 14, 3) || '-'
        || substr('89ab', 1 + (random() & 3), 1) || substr(digits, 18, 3) || '-' || substr(digits, 21, 12),
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
FROM (SELECT lower(hex(randomblob(16))) AS digits);

-- What is searched, and the state that each step rewrites: rows that stay small.
CREATE TABLE sandboxes (
    number INTEGER PRIMARY KEY,                -- in the order of creation
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    session TEXT NOT NULL,
    backend TEXT NOT NULL,
    desired TEXT NOT NULL CHECK (desired IN ('running', 'paused', 'stopped')),
    phase TEXT NOT NULL,
    live INTEGER NOT NULL CHECK (live IN (0, 1)),
    version INTEGER NOT NULL,
    mark INTEGER NOT NULL,                     -- its place in the order of changes: one per write, never used twice
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    activity_at INTEGER NOT NULL,              -- outside the version
    format INTEGER NOT NULL,                   -- of the document in `state`
    state TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX one_open_sandbox_per_session ON sandboxes (tenant, session) WHERE desired <> 'stopped';
CREATE INDEX sandboxes_of_session ON sandboxes (tenant, session);
CREATE UNIQUE INDEX sandboxes_by_change ON sandboxes (mark);
CREATE INDEX sandboxes_with_something_left ON sandboxes (number) WHERE phase <> 'stopped';
CREATE INDEX sandboxes_to_forget ON sandboxes (updated_at) WHERE phase = 'stopped';

-- What is written once with the record: apart, so that a step does not copy it.
CREATE TABLE documents (
    sandbox INTEGER PRIMARY KEY REFERENCES sandboxes (number) ON DELETE CASCADE,
    format INTEGER NOT NULL,                   -- of the documents below
    spec TEXT NOT NULL,
    sealed BLOB NOT NULL,
    annotations TEXT NOT NULL
) STRICT;

-- The timeline, in the order of its number.
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    sandbox INTEGER NOT NULL REFERENCES sandboxes (number) ON DELETE CASCADE,
    event TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_sandbox ON events (sandbox);

-- How many sandboxes are live, kept by the three triggers, so that a limit is checked without counting.
CREATE TABLE usage (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    live INTEGER NOT NULL
) STRICT;

INSERT INTO usage (one, live) VALUES (1, 0);

CREATE TRIGGER usage_after_insert AFTER INSERT ON sandboxes WHEN NEW.live BEGIN
    UPDATE usage SET live = live + 1;
END;

CREATE TRIGGER usage_after_update AFTER UPDATE OF live ON sandboxes WHEN NEW.live <> OLD.live BEGIN
    UPDATE usage SET live = live + NEW.live - OLD.live;
END;

CREATE TRIGGER usage_after_delete AFTER DELETE ON sandboxes WHEN OLD.live BEGIN
    UPDATE usage SET live = live - 1;
END;
