"""A migration on a clone: each statement by itself, with what it locked, read, wrote and left in the catalogue."""
import time

import psycopg2
from psycopg2 import sql

from . import backfill, catalog, rules, rules_shape, rules_words, schema, session
from .findings import Finding, settle


class Seen:
    """One statement and what it did. locks: held after it; gained: those of them that it took itself; scans, changed: by relation."""

    def __init__(self, statement, before):
        self.statement, self.before, self.after = statement, before, before
        self.locks, self.gained, self.scans, self.changed, self.notices, self.timeouts, self.began = {}, {}, {}, {}, [], (0, 0), 0.0


class Failed(Exception):
    def __init__(self, statement, error, before):
        super().__init__(str(error))
        self.statement, self.error, self.before = statement, error, before


class Rehearsal:
    """given: dsn of the clone, lock_ms, statement_ms (both 0: nobody sets them but the file), most_rows, longest (s), large (bytes), sizes of the live
    tables by name, batch, role, also (optional rules)."""

    def __init__(self, given):
        self.given = given
        self.connection = session.connect(given["dsn"], "rehearsal")
        self.cursor = self.connection.cursor()
        self.findings, self.rehearsed = [], []

    # How a file is run.

    def observe(self, statement, before):
        """Runs it inside the open transaction."""
        cursor, seen = self.cursor, Seen(statement, before)
        if "require-table-schema" in self.given["also"] and statement.words[0][0] in ("CREATE", "ALTER", "DROP") and self.unqualified(statement):
            self.pending.append(("require-table-schema", "search_path decides what it is about", None, statement))
        work, held, seen.timeouts = catalog.work(cursor), catalog.locks(cursor), session.limits(cursor)
        del self.connection.notices[:]
        seen.began = time.monotonic()
        try:
            cursor.execute(statement.text)
        except psycopg2.Error as error:
            raise Failed(statement, error, before)
        seen.notices = list(self.connection.notices)
        seen.locks = catalog.locks(cursor)
        seen.gained = {oid: mode for oid, mode in seen.locks.items() if held.get(oid) != mode}
        for oid, (scans, rows) in catalog.work(cursor).items():
            scans_before, rows_before = work.get(oid, (0, 0))
            seen.scans[oid], seen.changed[oid] = scans - scans_before, rows - rows_before
        seen.after = catalog.Snapshot(cursor)
        return seen

    def begin(self):
        self.cursor.execute("BEGIN")
        if self.given["role"]:
            self.cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self.given["role"])))

    def by_itself(self, statement, before):
        """Outside of a transaction: the recorder sees its locks."""
        seen = Seen(statement, before)
        if self.given["lock_ms"]:
            session.limit(self.cursor, 0, 0)
        if self.given["role"]:
            self.cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self.given["role"])))
        seen.began = time.monotonic()
        with session.Recorder(self.given["dsn"], self.connection.get_backend_pid()) as recorder:
            try:
                self.cursor.execute(statement.text)
            except psycopg2.Error as error:
                raise Failed(statement, error, before)
            finally:
                self.cursor.execute("RESET ROLE")
        seen.after = catalog.Snapshot(self.cursor)
        self.recorded = recorder.seen
        return seen

    def one_by_one(self, statements, before):
        """Each in a transaction of its own where it can be; there all that it took is seen at its end."""
        for statement in statements:
            self.recorded = {}
            self.begin()
            try:
                seen = self.observe(statement, before)
                self.cursor.execute("COMMIT")
            except Failed as failed:
                self.cursor.execute("ROLLBACK")
                if failed.error.pgcode != "25001":
                    raise
                seen = self.by_itself(statement, before)
            self.end = time.monotonic()
            before = seen.after
            yield seen
            self.account([seen])

    def together(self, statements, before):
        self.begin()
        everything = []
        for statement in statements:
            seen = self.observe(statement, before)
            before = seen.after
            everything.append(seen)
            yield seen
        self.cursor.execute("COMMIT")
        self.end = time.monotonic()
        self.recorded = {}
        self.account(everything)

    # What is made of it.

    def bytes(self, relation):
        """Of the live table where its size is given, with its partitions."""
        start = self.start
        name = start.name(relation)
        if name in self.given["sizes"]:
            return self.given["sizes"][name]
        return start.relations[relation].bytes + sum(self.bytes(child) for child, parent in start.partitions.items()
                                                     if parent == relation and child in start.relations)

    def account(self, everything):
        """How long each lock was held, once the transaction is over."""
        taken = [(oid, mode, seen.began, self.end, seen) for seen in everything for oid, mode in seen.gained.items()]
        taken += [(oid, mode, first, last, everything[-1]) for oid, modes in self.recorded.items() for mode, (first, last) in modes.items()]
        for oid, mode, began, end, seen in taken:
            if oid not in self.start.relations:
                continue
            held, size = end - began, self.bytes(oid)
            worked = any(one.scans.get(oid) or oid in rules.rewritten(one, self.start) for one in everything)
            # Work over rows takes as much longer as there are more of them.
            own = self.start.relations[oid].bytes
            live = held * size / own if worked and own >= 1 << 20 and size > own else held
            self.locks.append({"table": self.start.name(oid), "table_bytes": size, "lock": catalog.spelled(mode), "held_seconds": round(held, 4),
                               "live_seconds": round(live, 4), "oid": oid, "line": seen.statement.line})
            if live > self.given["longest"]:
                self.pending.append(("lock-time", "%s on %s for %.2f s%s; nobody %s meanwhile (at most %.2f s)" % (
                    catalog.spelled(mode), self.start.name(oid), live, "" if live == held else " on the live table, by its size; here %.2f s" % held,
                    "writes" if catalog.STOPS[mode] == "writes" else "reads or writes", self.given["longest"]), oid, seen.statement))
            if worked and size > self.given["large"]:
                self.pending.append(("lock-size", "%d bytes are worked over under %s (at most %d)" % (size, catalog.spelled(mode), self.given["large"]), oid,
                                     seen.statement))

    def unqualified(self, statement):
        """Whether it finds what it names by search_path alone."""
        self.cursor.execute("SAVEPOINT unqualified")
        try:
            self.cursor.execute("SET LOCAL search_path = ''")
            self.cursor.execute(statement.text)
            return False
        except psycopg2.Error as error:
            return error.pgcode in ("42P01", "3F000", "42704")
        finally:
            self.cursor.execute("ROLLBACK TO unqualified")

    def failure(self, failed):
        error, words = failed.error, [word for word, _ in failed.statement.words]
        message = str(error).strip().split("\n")[0]
        if error.pgcode == "25001" and "CONCURRENTLY" in words:
            return "ban-concurrent-index-creation-in-transaction", message
        if error.pgcode == "42601" and "multiple assignments to same column" in message:
            return "ban-duplicate-column-assignments", message
        if error.pgcode == "23502" and failed.statement.starts("ALTER", "TABLE"):
            known = [failed.before.columns[key].name for key in failed.before.columns
                     if failed.before.name(key[0]).endswith(error.diag.table_name or "")]
            if error.diag.column_name not in known:
                return "adding-required-field", message
        return "fails", message

    def run(self, script):
        """One file. False when it did not get to its end."""
        self.start = catalog.Snapshot(self.cursor)
        self.pending, self.locks = [], []
        left_out = list(rules_words.forbidden(script))
        self.pending += [(rule, what, None, statement) for rule, statement, what in left_out + list(rules_words.habits(script))]
        statements = [statement for statement in script.statements if statement not in [skipped for _, skipped, _ in left_out]]
        if self.given["lock_ms"]:
            session.limit(self.cursor, self.given["lock_ms"], self.given["statement_ms"])
        began, done, outcome = time.monotonic(), 0, "passed"
        try:
            for seen in (self.one_by_one if script.alone else self.together)(statements, self.start):
                done += 1
                found = list(rules.judge(seen, self.start, self.given["most_rows"])) + list(rules_shape.judge(seen, self.start))
                self.pending += [(rule, what, oid, seen.statement) for rule, what, oid in found]
        except Failed as failed:
            self.cursor.execute("ROLLBACK")
            outcome = "failed"
            self.pending.append(self.failure(failed) + (None, failed.statement))
        except psycopg2.Error as error:
            # A constraint that is checked at COMMIT.
            outcome = "failed"
            self.pending.append(("fails", "COMMIT: " + str(error).strip().split("\n")[0], None, script.statements[-1]))
        seconds = time.monotonic() - began
        invalid = [index.name for oid, index in catalog.Snapshot(self.cursor).indexes.items() if not index.valid and oid not in self.start.indexes]
        self.pending += [("invalid-index", name, None, script.statements[-1]) for name in invalid]
        self.cursor.execute("DISCARD ALL")
        self.report(script, outcome, done, seconds)
        return outcome == "passed"

    def report(self, script, outcome, done, seconds):
        found = []
        for rule, what, oid, statement in self.pending:
            held = [lock for lock in self.locks if lock["oid"] == oid and lock["line"] <= statement.line]
            lock = max(held, key=lambda one: one["held_seconds"]) if held else {}
            found.append(Finding(rule, script, statement, what, self.start.name(oid) if oid else None, self.bytes(oid) if oid in self.start.relations else None,
                                 lock.get("lock"), lock.get("held_seconds")))
        self.findings += sorted(settle(script, found), key=lambda one: one["line"])
        self.rehearsed.append({"file": script.name, "outcome": outcome, "statements": done, "seconds": round(seconds, 4),
                               "locks": [{key: lock[key] for key in ("table", "table_bytes", "lock", "held_seconds", "live_seconds")} for lock in self.locks]})

    # A migration as a whole.

    def verify(self, script, when):
        for statement, message in schema.untrue(self.cursor, script):
            self.findings.append(Finding("verify-fails", script, statement, "%s %s" % (message, when)))

    def there_and_back(self, migration):
        """up.sql, then down.sql, which must leave the schema that was before, then up.sql again."""
        before = schema.dump(self.given["dsn"])
        if not self.run(migration.scripts["up"]):
            return False
        down = migration.scripts["down"]
        found, rehearsed = self.findings, self.rehearsed
        # A way back is taken in need: it has to work, and may hurt.
        self.findings, self.rehearsed = [], []
        if not self.run(down):
            found += [one for one in self.findings if one["rule"] in ("fails", "ban-concurrent-index-creation-in-transaction")]
            self.findings, self.rehearsed = found, rehearsed
            return False
        difference = schema.difference(before, schema.dump(self.given["dsn"]), "before up.sql", "after down.sql")
        again = self.run(migration.scripts["up"])
        self.findings, self.rehearsed = found, rehearsed
        if difference:
            self.findings.append(Finding("down-differs", down, down.statements[0], "\n    ".join(difference)))
        if not again:
            self.findings.append(Finding("fails", migration.scripts["up"], None, "after down.sql it does not run again"))
        return again

    def migration(self, migration, phases, judged):
        """The phases that are due; what is not judged is run there and not back. False when it did not get to its end."""
        scripts = migration.scripts
        if "up" in phases:
            if "down" not in scripts:
                self.findings.append(Finding("no-way-back", scripts["up"], None, "there is no down.sql"))
            if not (self.there_and_back(migration) if "down" in scripts and judged else self.run(scripts["up"])):
                return False
        if "backfill" in phases and not self.backfill(scripts["backfill"]):
            return False
        if "verify" in scripts and ("up" in phases or "backfill" in phases):
            self.verify(scripts["verify"], "after " + " and ".join(phase + ".sql" for phase in phases if phase != "contract"))
        return "contract" not in phases or self.run(scripts["contract"])

    def backfill(self, script):
        began = time.monotonic()
        try:
            done = backfill.walk(self.connection, script, self.given["batch"], self.given["role"])
        except (psycopg2.Error, session.Refused) as error:
            self.findings.append(Finding("fails", script, script.statements[0], str(error).strip().split("\n")[0]))
            return False
        found = []
        if done.longest > self.given["longest"]:
            found.append(Finding("slow-batch", script, script.statements[0], "a batch of %d keys takes %.2f s (at most %.2f s)" % (
                self.given["batch"], done.longest, self.given["longest"]), script.over[0], None, "ROW EXCLUSIVE", round(done.longest, 4)))
        self.findings += settle(script, found)
        self.rehearsed.append({"file": script.name, "outcome": "passed: %d rows in %d batches, the longest %.3f s" % (done.rows, done.batches, done.longest),
                               "statements": 1, "seconds": round(time.monotonic() - began, 4), "locks": []})
        return True
