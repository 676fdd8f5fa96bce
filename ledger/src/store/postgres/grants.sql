-- What `serve` may do. {role} is a checked identifier. Run by the owner; may be run again.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
REVOKE ALL ON SCHEMA public FROM {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT USAGE, CREATE ON SCHEMA projections TO {role};
GRANT SELECT ON public.rollbook_schema, public.snapshots TO {role};
GRANT SELECT, INSERT ON public.events, public.event_subjects TO {role};
GRANT SELECT, INSERT, UPDATE (position, batch, frontier, at) ON public.heads TO {role};
GRANT SELECT, INSERT, DELETE ON public.personal_values, public.commands, public.state_snapshots,
    public.counting TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE
    ON public.credentials, public.sessions, public.attempts, public.outbox, public.follower_checkpoints,
    public.imports, public.pictures, public.logons TO {role};
GRANT EXECUTE ON FUNCTION public.rollbook_prune(text, bigint, bigint) TO {role};
