-- Rollbook's tables on PostgreSQL, format 1. Everything lies in schema public; what projections build lies in
-- schema projections. Applied once, in one transaction, by the owner.

CREATE TABLE public.rollbook_schema (
    version    bigint PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The first seven columns are those of postgres-es 0.5, in its order; the key is ours (aggregate_id leads).
-- json, not jsonb: it keeps the very bytes that were hashed.
CREATE TABLE public.events (
    aggregate_type text   NOT NULL CHECK (aggregate_type IN ('organization', 'activity', 'system')),
    aggregate_id   text   NOT NULL,
    sequence       bigint NOT NULL CHECK (sequence >= 1),
    event_type     text   NOT NULL,
    event_version  text   NOT NULL,
    payload        json   NOT NULL,
    metadata       json   NOT NULL,
    at             bigint NOT NULL,
    actor          text   NOT NULL,
    batch          text   NOT NULL,
    leaf           bytea  NOT NULL CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (aggregate_id, aggregate_type, sequence)
);

-- Read by the stock repositories, written by nobody.
CREATE TABLE public.snapshots (
    aggregate_type   text   NOT NULL,
    aggregate_id     text   NOT NULL,
    last_sequence    bigint NOT NULL CHECK (last_sequence >= 0),
    current_snapshot bigint NOT NULL CHECK (current_snapshot >= 0),
    payload          json   NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
);

CREATE TABLE public.event_subjects (
    aggregate_id   text   NOT NULL,
    aggregate_type text   NOT NULL,
    subject_kind   text   NOT NULL,
    subject_id     text   NOT NULL,
    sequence       bigint NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_type, subject_kind, subject_id, sequence)
);
CREATE INDEX event_subjects_by_position ON public.event_subjects (aggregate_id, aggregate_type, sequence);

CREATE TABLE public.personal_values (
    aggregate_id   text   NOT NULL,
    aggregate_type text   NOT NULL,
    sequence       bigint NOT NULL,
    person         text   NOT NULL,
    ordinals       text   NOT NULL,
    salts          text   NOT NULL,
    vals           text   NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_type, sequence, person)
);
CREATE INDEX personal_values_by_person ON public.personal_values (aggregate_id, aggregate_type, person);

-- Updated with every batch: room for heap-only updates, vacuumed by count.
CREATE TABLE public.heads (
    aggregate_type text    NOT NULL CHECK (aggregate_type IN ('organization', 'activity', 'system')),
    aggregate_id   text    NOT NULL,
    position       bigint  NOT NULL CHECK (position >= 0),
    batch          text    NOT NULL,
    frontier       bytea   NOT NULL CHECK (octet_length(frontier) % 32 = 0 AND octet_length(frontier) <= 2048),
    at             bigint  NOT NULL,
    format         bigint  NOT NULL,
    pruned         bigint  NOT NULL DEFAULT 0 CHECK (pruned >= 0 AND pruned <= position),
    PRIMARY KEY (aggregate_id, aggregate_type),
    CHECK (pruned = 0 OR aggregate_type = 'activity')
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE public.commands (
    aggregate_id   text     NOT NULL,
    actor          text     NOT NULL,
    key            text     NOT NULL,
    digest         bytea    NOT NULL CHECK (octet_length(digest) = 32),
    status         bigint   NOT NULL,
    headers        text     NOT NULL,
    first_position bigint   NOT NULL,
    last_position  bigint   NOT NULL,
    created_at     bigint   NOT NULL,
    PRIMARY KEY (aggregate_id, actor, key)
);
CREATE INDEX commands_by_age ON public.commands (created_at);

CREATE TABLE public.state_snapshots (
    aggregate_id   text   NOT NULL,
    aggregate_type text   NOT NULL,
    fingerprint    text   NOT NULL,
    position       bigint NOT NULL,
    digest         bytea  NOT NULL,
    state          bytea  NOT NULL,
    PRIMARY KEY (aggregate_id, aggregate_type, fingerprint, position)
);

CREATE TABLE public.credentials (
    aggregate_id text   NOT NULL,
    id           text   NOT NULL,
    user_id      text   NOT NULL,
    kind         text   NOT NULL,
    secret_hash  text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint,
    meta         text   NOT NULL,
    PRIMARY KEY (aggregate_id, id)
);
CREATE INDEX credentials_by_user ON public.credentials (aggregate_id, user_id, kind);

CREATE TABLE public.sessions (
    token_hash   bytea  PRIMARY KEY,
    id           text   NOT NULL,
    aggregate_id text   NOT NULL,
    user_id      text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE UNIQUE INDEX sessions_by_user ON public.sessions (aggregate_id, user_id, id);
CREATE INDEX sessions_by_expiry ON public.sessions (expires_at);

-- Of a user the newest few; events name them by their hash.
CREATE TABLE public.pictures (
    aggregate_id text   NOT NULL,
    user_id      text   NOT NULL,
    sha256       bytea  NOT NULL,
    media_type   text   NOT NULL,
    picture      bytea  NOT NULL,
    stored_at    bigint NOT NULL,
    PRIMARY KEY (aggregate_id, user_id, sha256)
);

CREATE TABLE public.logons (
    aggregate_id text   NOT NULL,
    user_id      text   NOT NULL,
    last_at      bigint NOT NULL,
    count        bigint NOT NULL,
    PRIMARY KEY (aggregate_id, user_id)
);

CREATE TABLE public.attempts (
    aggregate_id text   NOT NULL,
    subject      text   NOT NULL,
    failures     bigint NOT NULL,
    window_start bigint NOT NULL,
    locked_until bigint,
    PRIMARY KEY (aggregate_id, subject)
);

-- Mails that wait to be sent. A row holds the secret of a link, and goes once it was sent.
CREATE TABLE public.outbox (
    aggregate_id text   NOT NULL,
    id           text   NOT NULL,
    user_id      text   NOT NULL,
    kind         text   NOT NULL,
    secret       text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    tries        bigint NOT NULL,
    due_at       bigint NOT NULL,
    PRIMARY KEY (aggregate_id, id)
);
CREATE INDEX outbox_by_due ON public.outbox (due_at);

CREATE TABLE public.follower_checkpoints (
    name           text   NOT NULL,
    version        bigint NOT NULL,
    aggregate_type text   NOT NULL,
    aggregate_id   text   NOT NULL,
    position       bigint NOT NULL CHECK (position >= 0),
    PRIMARY KEY (aggregate_id, aggregate_type, name, version)
);

-- Which processes are counting acts in memory, so that a count that was lost with its process is known to be.
CREATE TABLE public.counting (
    aggregate_id text NOT NULL,
    mark         text NOT NULL,
    since        bigint NOT NULL,
    PRIMARY KEY (aggregate_id, mark)
);

-- Imports and how far each has come. What was in the file is not kept.
CREATE TABLE public.imports (
    aggregate_id text   NOT NULL,
    id           text   NOT NULL,
    actor        text   NOT NULL,
    product      text   NOT NULL,
    dry_run      bigint NOT NULL,
    state        text   NOT NULL,
    created_at   bigint NOT NULL,
    beat_at      bigint NOT NULL,
    ended_at     bigint,
    report       text   NOT NULL,
    PRIMARY KEY (aggregate_id, id)
);
CREATE INDEX imports_by_age ON public.imports (aggregate_id, created_at);

CREATE SCHEMA IF NOT EXISTS projections;

-- Guards. Every message starts with "rollbook:". Names are qualified, so no temporary table can stand in.

CREATE FUNCTION public.rollbook_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rollbook: % on % is refused, history is append-only', TG_OP, TG_TABLE_NAME;
END $$;

CREATE FUNCTION public.rollbook_continue_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ledger text;
BEGIN
    SELECT n.aggregate_type || '/' || n.aggregate_id INTO ledger
      FROM (SELECT a.aggregate_id, a.aggregate_type, min(a.sequence) AS first, max(a.sequence) AS last, count(*) AS rows
              FROM appended a GROUP BY a.aggregate_id, a.aggregate_type) n
      LEFT JOIN public.heads h ON h.aggregate_id = n.aggregate_id AND h.aggregate_type = n.aggregate_type
     WHERE h.position IS NULL OR h.position <> n.last OR n.last - n.first + 1 <> n.rows
        OR n.first <> 1 + coalesce((SELECT e.sequence FROM public.events e
                                     WHERE e.aggregate_id = n.aggregate_id AND e.aggregate_type = n.aggregate_type
                                       AND e.sequence < n.first
                                     ORDER BY e.sequence DESC LIMIT 1), h.pruned)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'rollbook: the rows do not continue the head of %', ledger;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION public.rollbook_delete_pruned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.aggregate_type = 'activity' AND EXISTS (
        SELECT FROM public.heads h
         WHERE h.aggregate_id = OLD.aggregate_id AND h.aggregate_type = OLD.aggregate_type AND OLD.sequence <= h.pruned)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'rollbook: DELETE on events is refused beyond the pruned part of an activity ledger';
END $$;

CREATE FUNCTION public.rollbook_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position < OLD.position OR NEW.pruned < OLD.pruned OR NEW.format < OLD.format
       OR NEW.aggregate_id <> OLD.aggregate_id OR NEW.aggregate_type <> OLD.aggregate_type THEN
        RAISE EXCEPTION 'rollbook: a head never goes back';
    END IF;
    RETURN NEW;
END $$;

-- What is pruned is recorded: the newest row of the ledger, of this very transaction, names all of it and stays.
CREATE FUNCTION public.rollbook_prune_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.aggregate_type = 'activity' AND NEW.pruned < NEW.position AND EXISTS (
        SELECT FROM public.events e
         WHERE e.aggregate_id = NEW.aggregate_id AND e.aggregate_type = NEW.aggregate_type AND e.sequence = NEW.position
           AND e.xmin = pg_catalog.pg_current_xact_id()::xid AND e.event_type = 'activity.pruned'
           AND e.payload #>> '{detail,first}' = (OLD.pruned + 1)::text
           AND e.payload #>> '{detail,last}' = NEW.pruned::text)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rollbook: a pruning that the newest entry of the ledger does not record is refused';
END $$;

-- `serve` may not DELETE from events. This is its one way to, of the front of an activity ledger, and the guards below
-- hold for it too. It says false where the front is not as the caller knew it.
CREATE FUNCTION public.rollbook_prune(ledger text, known bigint, last bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.heads SET pruned = last
     WHERE aggregate_id = ledger AND aggregate_type = 'activity' AND pruned = known AND known < last AND last < position;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM public.events WHERE aggregate_id = ledger AND aggregate_type = 'activity' AND sequence <= last;
    DELETE FROM public.event_subjects WHERE aggregate_id = ledger AND aggregate_type = 'activity' AND sequence <= last;
    DELETE FROM public.personal_values WHERE aggregate_id = ledger AND aggregate_type = 'activity' AND sequence <= last;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION public.rollbook_prune(text, bigint, bigint) FROM PUBLIC;

CREATE TRIGGER events_no_update BEFORE UPDATE ON public.events
    FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_refuse();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON public.events
    FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_refuse();
CREATE TRIGGER events_delete BEFORE DELETE ON public.events
    FOR EACH ROW EXECUTE FUNCTION public.rollbook_delete_pruned();
CREATE TRIGGER events_insert AFTER INSERT ON public.events
    REFERENCING NEW TABLE AS appended
    FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_continue_head();
CREATE TRIGGER heads_no_delete BEFORE DELETE ON public.heads
    FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_refuse();
CREATE TRIGGER heads_no_truncate BEFORE TRUNCATE ON public.heads
    FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_refuse();
CREATE TRIGGER heads_update BEFORE UPDATE ON public.heads
    FOR EACH ROW EXECUTE FUNCTION public.rollbook_head_forward();
CREATE TRIGGER heads_insert BEFORE INSERT ON public.heads
    FOR EACH ROW WHEN (NEW.pruned <> 0) EXECUTE FUNCTION public.rollbook_refuse();
-- By the name after heads_update, so that a head that goes back is told as that.
CREATE TRIGGER heads_update_pruned BEFORE UPDATE ON public.heads
    FOR EACH ROW WHEN (NEW.pruned <> OLD.pruned) EXECUTE FUNCTION public.rollbook_prune_recorded();
CREATE TRIGGER personal_values_no_update BEFORE UPDATE ON public.personal_values
    FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_refuse();

-- ALWAYS: session_replication_role does not switch a guard off; only the owner's ALTER TABLE or DROP does.
ALTER TABLE public.events ENABLE ALWAYS TRIGGER events_no_update;
ALTER TABLE public.events ENABLE ALWAYS TRIGGER events_no_truncate;
ALTER TABLE public.events ENABLE ALWAYS TRIGGER events_delete;
ALTER TABLE public.events ENABLE ALWAYS TRIGGER events_insert;
ALTER TABLE public.heads ENABLE ALWAYS TRIGGER heads_no_delete;
ALTER TABLE public.heads ENABLE ALWAYS TRIGGER heads_no_truncate;
ALTER TABLE public.heads ENABLE ALWAYS TRIGGER heads_update;
ALTER TABLE public.heads ENABLE ALWAYS TRIGGER heads_insert;
ALTER TABLE public.heads ENABLE ALWAYS TRIGGER heads_update_pruned;
ALTER TABLE public.personal_values ENABLE ALWAYS TRIGGER personal_values_no_update;
