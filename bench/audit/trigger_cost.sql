-- What a trigger's call costs: a table in the shape of pgbench_accounts, changed one by one or many by a statement, and the
-- processor time that its session used for that.
SET client_min_messages = warning;
CREATE TABLE cost (aid int PRIMARY KEY, bid int, abalance int, filler char(84)) WITH (fillfactor = 50);
INSERT INTO cost SELECT i, 1, 0, '' FROM generate_series(1, 20000) i;
CREATE FUNCTION cost_setup(kind text) RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    IF EXISTS (SELECT FROM quiver.history_table WHERE relation = 'cost'::regclass) THEN
        PERFORM quiver.history_disable('cost', drop => true);
    END IF;
    DROP TRIGGER IF EXISTS jsonb_keep ON cost;
    IF kind = 'history' THEN
        PERFORM quiver.history_enable('cost');
    ELSIF kind = 'jsonb' THEN
        CREATE TRIGGER jsonb_keep AFTER INSERT OR UPDATE OR DELETE ON cost FOR EACH ROW EXECUTE FUNCTION jsonb_keep('aid');
    END IF;
END $$;
-- Clock ticks of 10 ms, user and system, of this session.
CREATE FUNCTION cost_ticks() RETURNS float8 LANGUAGE sql VOLATILE AS $$
    SELECT f[12]::float8 + f[13]::float8
    FROM string_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '^.*\) ', ''), ' ') f $$;
CREATE FUNCTION cost_of(what text, rows int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    began float8 := cost_ticks();
BEGIN
    IF what = 'one by one' THEN
        FOR i IN 1..rows LOOP
            UPDATE cost SET abalance = abalance + 1 WHERE aid = i % 20000 + 1;
        END LOOP;
    ELSE
        UPDATE cost SET abalance = abalance + 1;
        rows := 20000;
    END IF;
    RETURN (cost_ticks() - began) * 10000 / rows;
END $$;
