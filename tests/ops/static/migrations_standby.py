"""A standby that falls behind is waited for, and not for ever; a server that does not lead is not migrated."""
import os
import time

from expected import end, expect
from migrations_lib import add, ask, folder, fresh, run, start, until

STANDBY = "port=5433 dbname=postgres"
TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0, pad text)"


fresh()
root = folder(n001_table={"up": TABLE})
expect("with a standby that keeps up", 0, run("apply", root, "--expand").status)
ask("INSERT INTO t SELECT i, 0, repeat('x', 200) FROM generate_series(1, 20000) AS i")
expect("the standby has it", True, until("SELECT replay_lsn = pg_current_wal_lsn() FROM pg_stat_replication"))

ended = run("apply", root, "--expand", dsn="dbname=app port=5433")
expect("a standby is not migrated", (2, True), (ended.status, "read-only" in ended.said or "not read-write" in ended.said or "session is read-only" in ended.said))
both = "host=%s,%s port=5433,%s dbname=app" % (os.environ["PGHOST"], os.environ["PGHOST"], os.environ["PGPORT"])
add(root, n002_more={"up": "ALTER TABLE t ADD COLUMN more text"})
expect("of several servers it is the one that leads", 0, run("apply", root, "--expand", dsn=both).status)

# Its replay stands: the backfill goes on until it is too far behind, and stands too.
add(root, n003_fill={"up": "SELECT 1", "backfill": "-- over t by id\nUPDATE t SET n = n + 1 WHERE id BETWEEN :from AND :to"})
until("SELECT replay_lsn = pg_current_wal_lsn() FROM pg_stat_replication")
ask("SELECT pg_wal_replay_pause()", STANDBY)
run("apply", root, "--expand", "--most-lag", "1GB")
options = ("--backfill", "--batch", "500", "--most-lag", "1MB")
ended = run("apply", root, *options, "--patience", "1s")
filled, lag = ask("SELECT count(*) FROM t WHERE n = 1"), ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint FROM pg_stat_replication")
expect("it stops when the standby does not come up", (2, True), (ended.status, "the standby late is" in ended.said and "bytes behind (at most 1048576)" in ended.said))
expect("somewhere in the middle, about where it was to", (True, True), (0 < filled < 20000, 1 << 20 <= lag < 2 << 20))
waiting = start("apply", root, *options, "--patience", "60s")
time.sleep(1)
expect("another run waits", (None, filled), (waiting.poll(), ask("SELECT count(*) FROM t WHERE n = 1")))
ask("SELECT pg_wal_replay_resume()", STANDBY)
expect("and goes on when the standby has come up", (0, 1, 1), (waiting.wait(), ask("SELECT min(n) FROM t"), ask("SELECT max(n) FROM t")))
print("# backfill: stopped with %d of 20000 rows and %d bytes of lag, at most 1048576 asked for" % (filled, lag))

# One that is to lag counts for nothing.
ask("SELECT pg_wal_replay_pause()", STANDBY)
ask("UPDATE t SET pad = 'y'")
add(root, n004_last={"up": "SELECT 1"})
expect("a delayed standby is left aside", 0, run("apply", root, "--expand", "--most-lag", "1MB", "--aside", "late").status)
ended = run("gate", root, "--in-place", dsn="dbname=app")
expect("a server with standbys is no clone", (2, True), (ended.status, "this is no clone: standbys follow it" in ended.said))
end()
