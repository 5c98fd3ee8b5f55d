-- What both measurements of the planner read: the time this server process has used, and a query's plan.
-- The kernel adds up a process's time when it leaves user mode, so a file is read first that makes it.
CREATE FUNCTION used_ns() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_read_file('/proc/self/stat');
    RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint;
END $$;

CREATE FUNCTION planned(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan;
END $$;
