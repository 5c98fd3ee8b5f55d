"""Which files are due in which order, what must hold before each, and who has to say so."""
from . import apply, journal, session


class Plan:
    """What the folder and the journal make due: expand, backfill: lists of scripts; contract: {migration's name: script}."""

    def __init__(self, migrations, found):
        self.found = found
        changed = list(journal.changed_files(found, migrations))
        if changed:
            raise session.Refused("; ".join(changed) + ": a file that was applied stays as it was; a change is a new migration")
        self.expand, self.backfill, self.contract = [], [], {}
        applied = [at for at, migration in enumerate(migrations) if self.done(migration.name, "up")]
        self.newest = migrations[applied[-1]].name if applied else None
        for at, migration in enumerate(migrations):
            scripts = migration.scripts
            if not self.done(migration.name, "up"):
                # One that was cut off is older than nothing yet.
                if applied and at < applied[-1] and (migration.name, "up") not in found:
                    raise session.Refused("%s is not applied, and %s, which is newer, is: give it a higher number" % (migration.name, self.newest))
                self.expand.append(scripts["up"])
            if "backfill" in scripts and not self.done(migration.name, "backfill"):
                self.backfill.append(scripts["backfill"])
            if "contract" in scripts and not self.done(migration.name, "contract"):
                self.contract[migration.name] = scripts["contract"]

    def done(self, name, phase):
        return (name, phase) in self.found and self.found[(name, phase)].state == "done"

    def told(self):
        return {"expand": [script.migration for script in self.expand], "backfill": [script.migration for script in self.backfill],
                "contract": list(self.contract)}


def plan(dsn, migrations):
    connection = session.leader(dsn, "plan")
    try:
        with connection.cursor() as cursor:
            return Plan(migrations, journal.entries(cursor))
    finally:
        connection.close()


def run(migrations, given, asked):
    """The phases that were asked for, in their order. asked: expand, backfill, and contract and adopt with names of migrations."""
    by_name = {migration.name: migration for migration in migrations}
    work = apply.Run(given)
    try:
        with work.keeper.cursor() as cursor:
            journal.set_up(cursor)
            due = Plan(migrations, journal.entries(cursor))
        for name in asked.contract + asked.adopt:
            if name not in by_name:
                raise session.Refused("there is no migration %s" % name)
        for name in asked.contract:
            if name not in due.contract and not due.done(name, "contract"):
                raise session.Refused("%s has no contract.sql" % name)
        for script in due.expand:
            if script.migration in asked.adopt:
                with work.keeper.cursor() as cursor:
                    journal.adopt(cursor, script)
            elif asked.expand:
                work.script(script, due.found)
                if "backfill" not in by_name[script.migration].scripts:
                    work.verify(by_name[script.migration])
        with work.keeper.cursor() as cursor:
            due = Plan(migrations, journal.entries(cursor))
        if asked.backfill:
            for script in due.backfill:
                if not due.done(script.migration, "up"):
                    continue
                work.backfill(script, due.found)
                work.verify(by_name[script.migration])
        with work.keeper.cursor() as cursor:
            due = Plan(migrations, journal.entries(cursor))
        for name in asked.contract:
            if name not in due.contract:
                continue
            if not due.done(name, "up"):
                raise session.Refused("%s is not expanded yet" % name)
            if "backfill" in by_name[name].scripts and not due.done(name, "backfill"):
                raise session.Refused("%s has rows that were not filled yet: --backfill first" % name)
            work.verify(by_name[name])
            work.script(due.contract[name], due.found)
        return work.outcome
    finally:
        work.close()


def back(migrations, given, name, only_look):
    """The newest migration is taken back, by name, unless its contract was applied."""
    by_name = {migration.name: migration for migration in migrations}
    work = apply.Run(given)
    try:
        with work.keeper.cursor() as cursor:
            due = Plan(migrations, journal.entries(cursor))
        if due.newest != name:
            raise session.Refused("the newest migration is %s; only that is taken back" % (due.newest or "none"))
        if (name, "contract") in due.found:
            raise session.Refused("the contract of %s was applied: what it took away does not come back; a new migration, or a restore" % name)
        if "down" not in by_name[name].scripts:
            raise session.Refused("%s has no down.sql" % name)
        if only_look:
            return {"back": [name]}
        work.take_back(by_name[name].scripts["down"])
        return work.outcome
    finally:
        work.close()
