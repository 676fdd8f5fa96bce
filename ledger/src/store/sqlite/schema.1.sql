-- Rollbook's tables on SQLite, format 1. Applied once, in one transaction.

CREATE TABLE rollbook_schema (
    version    integer PRIMARY KEY,
    applied_at text    NOT NULL DEFAULT (datetime('now'))
) STRICT;

-- The first seven columns are those of sqlite-es 0.5, in its order; the key is ours (aggregate_id leads).
-- WITHOUT ROWID: a rowid would be a second key by which INSERT OR REPLACE could throw a row out.
CREATE TABLE events (
    aggregate_type text    NOT NULL CHECK (aggregate_type IN ('organization', 'activity', 'system')),
    aggregate_id   text    NOT NULL,
    sequence       integer NOT NULL CHECK (sequence >= 1),
    event_type     text    NOT NULL,
    event_version  text    NOT NULL,
    payload        text    NOT NULL,
    metadata       text    NOT NULL,
    at             integer NOT NULL,
    actor          text    NOT NULL,
    batch          text    NOT NULL,
    leaf           blob    NOT NULL CHECK (length(leaf) = 32),
    PRIMARY KEY (aggregate_id, aggregate_type, sequence)
) STRICT, WITHOUT ROWID;

-- Read by the stock repositories, written by nobody.
CREATE TABLE snapshots (
    aggregate_type   text    NOT NULL,
    aggregate_id     text    NOT NULL,
    last_sequence    integer NOT NULL CHECK (last_sequence >= 0),
    current_snapshot integer NOT NULL CHECK (current_snapshot >= 0),
    payload          text    NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
) STRICT;

CREATE TABLE event_subjects (
    aggregate_id   text    NOT NULL,
    aggregate_type text    NOT NULL,
    subject_kind   text    NOT NULL,
    subject_id     text    NOT NULL,
    sequence       integer NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_type, subject_kind, subject_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_subjects_by_position ON event_subjects (aggregate_id, aggregate_type, sequence);

CREATE TABLE personal_values (
    aggregate_id   text    NOT NULL,
    aggregate_type text    NOT NULL,
    sequence       integer NOT NULL,
    person         text    NOT NULL,
    ordinals       text    NOT NULL,
    salts          text    NOT NULL,
    vals           text    NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_type, sequence, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX personal_values_by_person ON personal_values (aggregate_id, aggregate_type, person);

CREATE TABLE heads (
    aggregate_type text    NOT NULL CHECK (aggregate_type IN ('organization', 'activity', 'system')),
    aggregate_id   text    NOT NULL,
    position       integer NOT NULL CHECK (position >= 0),
    batch          text    NOT NULL,
    frontier       blob    NOT NULL CHECK (length(frontier) % 32 = 0 AND length(frontier) <= 2048),
    at             integer NOT NULL,
    format         integer NOT NULL,
    pruned         integer NOT NULL DEFAULT 0 CHECK (pruned >= 0 AND pruned <= position),
    PRIMARY KEY (aggregate_id, aggregate_type),
    CHECK (pruned = 0 OR aggregate_type = 'activity')
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    aggregate_id   text    NOT NULL,
    actor          text    NOT NULL,
    key            text    NOT NULL,
    digest         blob    NOT NULL CHECK (length(digest) = 32),
    status         integer NOT NULL,
    headers        text    NOT NULL,
    first_position integer NOT NULL,
    last_position  integer NOT NULL,
    created_at     integer NOT NULL,
    PRIMARY KEY (aggregate_id, actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_age ON commands (created_at);

CREATE TABLE state_snapshots (
    aggregate_id   text    NOT NULL,
    aggregate_type text    NOT NULL,
    fingerprint    text    NOT NULL,
    position       integer NOT NULL,
    digest         blob    NOT NULL,
    state          blob    NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_type, fingerprint, position)
) STRICT;

CREATE TABLE credentials (
    aggregate_id text    NOT NULL,
    id           text    NOT NULL,
    user_id      text    NOT NULL,
    kind         text    NOT NULL,
    secret_hash  text    NOT NULL,
    created_at   integer NOT NULL,
    expires_at   integer,
    meta         text    NOT NULL,
    PRIMARY KEY (aggregate_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_by_user ON credentials (aggregate_id, user_id, kind);

CREATE TABLE sessions (
    token_hash   blob    NOT NULL PRIMARY KEY,
    id           text    NOT NULL,
    aggregate_id text    NOT NULL,
    user_id      text    NOT NULL,
    created_at   integer NOT NULL,
    expires_at   integer NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_user ON sessions (aggregate_id, user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Of a user the newest few; events name them by their hash.
CREATE TABLE pictures (
    aggregate_id text    NOT NULL,
    user_id      text    NOT NULL,
    sha256       blob    NOT NULL,
    media_type   text    NOT NULL,
    picture      blob    NOT NULL,
    stored_at    integer NOT NULL,
    PRIMARY KEY (aggregate_id, user_id, sha256)
) STRICT;

CREATE TABLE logons (
    aggregate_id text    NOT NULL,
    user_id      text    NOT NULL,
    last_at      integer NOT NULL,
    count        integer NOT NULL,
    PRIMARY KEY (aggregate_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    aggregate_id text    NOT NULL,
    subject      text    NOT NULL,
    failures     integer NOT NULL,
    window_start integer NOT NULL,
    locked_until integer,
    PRIMARY KEY (aggregate_id, subject)
) STRICT, WITHOUT ROWID;

-- Mails that wait to be sent. A row holds the secret of a link, and goes once it was sent.
CREATE TABLE outbox (
    aggregate_id text    NOT NULL,
    id           text    NOT NULL,
    user_id      text    NOT NULL,
    kind         text    NOT NULL,
    secret       text    NOT NULL,
    created_at   integer NOT NULL,
    expires_at   integer NOT NULL,
    tries        integer NOT NULL,
    due_at       integer NOT NULL,
    PRIMARY KEY (aggregate_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_due ON outbox (due_at);

CREATE TABLE follower_checkpoints (
    name           text    NOT NULL,
    version        integer NOT NULL,
    aggregate_type text    NOT NULL,
    aggregate_id   text    NOT NULL,
    position       integer NOT NULL CHECK (position >= 0),
    PRIMARY KEY (aggregate_id, aggregate_type, name, version)
) STRICT, WITHOUT ROWID;

-- Which processes are counting acts in memory, so that a count that was lost with its process is known to be.
CREATE TABLE counting (
    aggregate_id text NOT NULL,
    mark         text NOT NULL,
    since        integer NOT NULL,
    PRIMARY KEY (aggregate_id, mark)
) STRICT, WITHOUT ROWID;

-- Imports and how far each has come. What was in the file is not kept.
CREATE TABLE imports (
    aggregate_id text    NOT NULL,
    id           text    NOT NULL,
    actor        text    NOT NULL,
    product      text    NOT NULL,
    dry_run      integer NOT NULL,
    state        text    NOT NULL,
    created_at   integer NOT NULL,
    beat_at      integer NOT NULL,
    ended_at     integer,
    report       text    NOT NULL,
    PRIMARY KEY (aggregate_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX imports_by_age ON imports (aggregate_id, created_at);

-- Guards. Every message starts with "rollbook:". SQLite has no TRUNCATE, and an unconditional DELETE fires
-- row triggers. INSERT OR REPLACE deletes without firing any, so the guard on INSERT is what stops it.

CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'rollbook: UPDATE on events is refused, history is append-only');
END;

CREATE TRIGGER events_delete BEFORE DELETE ON events
WHEN OLD.aggregate_type <> 'activity' OR OLD.sequence > coalesce(
    (SELECT h.pruned FROM heads h WHERE h.aggregate_id = OLD.aggregate_id AND h.aggregate_type = OLD.aggregate_type), 0)
BEGIN
    SELECT RAISE(ABORT, 'rollbook: DELETE on events is refused beyond the pruned part of an activity ledger');
END;

CREATE TRIGGER events_insert BEFORE INSERT ON events
WHEN NOT EXISTS (
    SELECT 1 FROM heads h
     WHERE h.aggregate_id = NEW.aggregate_id AND h.aggregate_type = NEW.aggregate_type
       AND NEW.sequence <= h.position
       AND NEW.sequence = 1 + coalesce((SELECT max(e.sequence) FROM events e
                                         WHERE e.aggregate_id = NEW.aggregate_id
                                           AND e.aggregate_type = NEW.aggregate_type), h.pruned))
BEGIN
    SELECT RAISE(ABORT, 'rollbook: the row does not continue the head');
END;

CREATE TRIGGER heads_no_delete BEFORE DELETE ON heads BEGIN
    SELECT RAISE(ABORT, 'rollbook: DELETE on heads is refused, history is append-only');
END;

CREATE TRIGGER heads_insert BEFORE INSERT ON heads
WHEN NEW.pruned <> 0 OR EXISTS (SELECT 1 FROM heads h WHERE h.aggregate_id = NEW.aggregate_id AND h.aggregate_type = NEW.aggregate_type)
BEGIN
    SELECT RAISE(ABORT, 'rollbook: the ledger has a head already, or it would begin with a pruned part');
END;

CREATE TRIGGER heads_update BEFORE UPDATE ON heads
WHEN NEW.position < OLD.position OR NEW.pruned < OLD.pruned OR NEW.format < OLD.format
    OR NEW.aggregate_id <> OLD.aggregate_id OR NEW.aggregate_type <> OLD.aggregate_type
BEGIN
    SELECT RAISE(ABORT, 'rollbook: a head never goes back');
END;

-- What is pruned is recorded: the newest row of the ledger names all of it and stays. SQLite cannot say whether that row
-- is of this very transaction.
CREATE TRIGGER heads_update_pruned BEFORE UPDATE ON heads
WHEN NEW.pruned <> OLD.pruned AND NOT (NEW.aggregate_type = 'activity' AND NEW.pruned < NEW.position AND EXISTS (
    SELECT 1 FROM events e
     WHERE e.aggregate_id = NEW.aggregate_id AND e.aggregate_type = NEW.aggregate_type AND e.sequence = NEW.position
       AND e.event_type = 'activity.pruned'
       AND json_extract(e.payload, '$.detail.first') = CAST(OLD.pruned + 1 AS text)
       AND json_extract(e.payload, '$.detail.last') = CAST(NEW.pruned AS text)))
BEGIN
    SELECT RAISE(ABORT, 'rollbook: a pruning that the newest entry of the ledger does not record is refused');
END;

CREATE TRIGGER personal_values_no_update BEFORE UPDATE ON personal_values BEGIN
    SELECT RAISE(ABORT, 'rollbook: UPDATE on personal_values is refused, history is append-only');
END;

CREATE TRIGGER personal_values_insert BEFORE INSERT ON personal_values
WHEN EXISTS (
    SELECT 1 FROM personal_values p
     WHERE p.aggregate_id = NEW.aggregate_id AND p.aggregate_type = NEW.aggregate_type
       AND p.sequence = NEW.sequence AND p.person = NEW.person)
BEGIN
    SELECT RAISE(ABORT, 'rollbook: the person has a row at this position already');
END;
