"""From the cluster that leads to the other one: nobody writes for a moment, nothing is lost, and the way back is open before the first write."""
import secrets
import time

import psycopg2

from .clusters import NAME, OTHER, Refused, quoted, slot_of
from .compare import Comparison
from .copying import followed, published, refresh, remember, same_roles, say, stage, subscribe
from .schema import differences, fingerprint, moving, sequences, set_sequences


def known(old, new):
    """What both remember. The old cluster's word is the one that counts: its record is written first."""
    memory = old.memory()
    if memory is None or not memory["doc"].get("prepared"):
        raise Refused("Nothing is prepared: upgrade.yml first")
    return memory["leading"], memory["doc"]


def fit(leader, follower, doc, lag):
    """Whether it may begin; the time each database is behind. What it finds is told, and nothing is changed."""
    lines = {leader.side: leader.line(), follower.side: follower.line()}
    for side, line in lines.items():
        if doc["lines"][side] != line:
            raise Refused("Another server leads the %s cluster than when this was prepared, and it may lack, or have, what the other %s: %s" % (
                side, "has not", "upgrade.yml makes a new copy" if leader.side == "old" else "there is no way back that loses nothing; upgrade_finish.yml stays with the new cluster"))
    behind = {}
    for name, of in doc["databases"].items():
        is_there = follower.subscription(name)
        if not is_there or not is_there["enabled"] or is_there["waiting"] or leader.slot(name) is None or leader.slot(name)["lost"]:
            raise Refused("Database %s: the %s cluster does not follow: %s" % (name, follower.side, is_there or "no subscription"))
        if leader.side == "old" and stage(follower, name) != "whole":
            raise Refused("Database %s: upgrade.yml did not come to its end" % name)
        changed = differences(of["fingerprint" if leader.side == "old" else "fingerprint_new"], fingerprint(leader, name))
        if changed:
            raise Refused("Database %s: its schema changed since: %s. Do the same on the other cluster%s" % (
                name, ", ".join(changed[:20]), " and run upgrade.yml again" if leader.side == "old" else ", or take it back"))
        behind[name] = followed(leader, follower, name, lag)
    return behind


def status(given, old, new):
    if new.memory() is None:
        # Then nothing leads from here to the old one either.
        raise Refused("Nothing is prepared: upgrade.yml first")
    leading, doc = known(old, new)
    sides = {"old": old, "new": new}
    return {"leading": leading, "behind": fit(sides[leading], sides[OTHER[leading]], doc, given["lag_seconds"]), "databases": sorted(doc["databases"])}


def return_path(leader, follower, doc):
    """What the leader of now will follow: a publication and a slot on the other one, and a subscription that sleeps."""
    for name in doc["databases"]:
        leader.unsubscribe(name)
        published(follower, name, [table.name for table in moving(leader, name)])
        follower.drop_slots(name)
        follower.rows("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (slot_of(name),), name)
        subscribe(follower, leader, name, False)


def advance(cluster, names):
    """What was replicated hither must not go back."""
    for name in names:
        cluster.rows("SELECT pg_replication_slot_advance(%s, pg_current_wal_insert_lsn())", (slot_of(name),), name)


def emptied(cluster, names, end):
    """Until nobody is there but us: twice, because one that is just being let in is not seen yet."""
    gone = quiet = 0
    while quiet < 2:
        here = cluster.dismiss(names)
        gone += here
        quiet = 0 if here else quiet + 1
        if time.monotonic() > end:
            raise Refused("Sessions do not end on the %s cluster: %s" % (cluster.side, cluster.rows(
                "SELECT pid, usename, state FROM pg_stat_activity WHERE datname = ANY (%s) AND backend_type = 'client backend' AND application_name <> %s", (names, NAME))))
        time.sleep(0.03)
    return gone


def turn(given, leader, follower, old, doc, comparison):
    """The moment itself. Until the record is written everything can be taken back, and after it the other one leads whatever happens."""
    names = sorted(doc["databases"])
    limits = {name: of["limit"] for name, of in doc["databases"].items()}
    attempt = secrets.token_hex(8)
    if old.one("WITH u AS (UPDATE quiver_upgrade.state SET attempt = %s WHERE leads = %s RETURNING 1) SELECT count(*) FROM u", (attempt, leader.side)) != 1:
        raise Refused("Somebody else is at it")
    began = time.monotonic()
    end = began + given["gap_seconds"]
    told = {}
    try:
        leader.shut(names)
        told["sessions"] = emptied(leader, names, end)
        told["closed"] = round(time.monotonic() - began, 3)
        marks = {name: leader.mark(name) for name in names}
        while any(follower.marked(name, leader.side) < mark for name, mark in marks.items()):
            if time.monotonic() > end:
                raise Refused("The %s cluster has not got everything in %s s" % (follower.side, given["gap_seconds"]))
            time.sleep(0.005)
        told["followed"] = round(time.monotonic() - began, 3)
        for name in names:
            set_sequences(follower, name, sequences(leader, name), given["margin"])
        differ = comparison.at_rest(min(given["check_seconds"], end - time.monotonic())) if comparison else []
        if differ:
            raise Refused("Rows differ: " + ", ".join(differ))
        told["compared"] = round(time.monotonic() - began, 3)
        for name in names:
            follower.rows("ALTER SUBSCRIPTION quiver_upgrade DISABLE", None, name)
        advance(follower, names)
        if emptied(leader, names, end):
            raise Refused("Somebody got in on the %s cluster" % leader.side)
        if given.get("fail") == "record":
            raise Refused("As asked, for a test")
        if time.monotonic() > end:
            raise Refused("It took more than %s s" % given["gap_seconds"])
        if old.one("WITH u AS (UPDATE quiver_upgrade.state SET leads = %s, attempt = NULL WHERE attempt = %s RETURNING 1) SELECT count(*) FROM u",
                   (follower.side, attempt)) != 1:
            raise Refused("It was taken back meanwhile")
    except BaseException as error:
        # The record may have been written although the answer was lost: undo() asks.
        try:
            say(undo(old, leader, follower, attempt))
        except psycopg2.Error as another:
            say("it could not be taken back: %s" % another)
        raise error
    follower.admit(limits)
    told["gap"] = round(time.monotonic() - began, 3)
    return told


def undo(old, leader, follower, attempt=None):
    """Back to the leader that was: only where no record says that the other one leads. `follower` may be out of reach (None)."""
    old.close()
    memory = old.memory()
    if memory is None:
        return "nothing is prepared"
    # From now on an attempt that still runs somewhere cannot write its record.
    taken = old.rows("UPDATE quiver_upgrade.state SET attempt = NULL WHERE leads = %s AND (%s IS NULL OR attempt = %s OR attempt IS NULL) RETURNING doc",
                     (leader.side, attempt, attempt))
    if not taken:
        return "the %s cluster leads" % memory["leading"]
    databases = taken[0][0].get("databases", {})
    if leader is not old:
        leader.close()
    if follower is not None:
        follower.close()
        for name in databases:
            if stage(follower, name) == "whole" or follower.subscription(name):
                follower.rows("ALTER SUBSCRIPTION quiver_upgrade ENABLE", None, name)
    leader.admit({name: of["limit"] for name, of in databases.items()})
    return "the %s cluster leads, and takes writes" % leader.side


def settle(leader, follower, old, new, doc):
    """After the record: the other leads and is open, the one of before is closed and follows. Also what an interrupted run left."""
    names = sorted(doc["databases"])
    new.rows("UPDATE quiver_upgrade.state SET leads = %s, attempt = NULL", (leader.side,))
    follower.shut(names)
    leader.admit({name: of["limit"] for name, of in doc["databases"].items()})
    for name in names:
        asleep = leader.subscription(name)
        if asleep:
            if asleep["enabled"]:
                leader.rows("ALTER SUBSCRIPTION quiver_upgrade DISABLE", None, name)
            leader.unsubscribe(name)
        follower.drop_slots(name)
        if follower.subscription(name):
            follower.rows("ALTER SUBSCRIPTION quiver_upgrade ENABLE", None, name)
    return {name: followed(leader, follower, name, 60) for name in names}


def switch(given, old, new, to):
    """`to` leads. Run again it finishes what was begun."""
    leading, doc = known(old, new)
    sides = {"old": old, "new": new}
    leader, follower = sides[OTHER[to]], sides[to]
    if leading == to:
        return {"leading": to, "again": True, "behind": settle(follower, leader, old, new, doc)}
    if old.memory()["attempt"]:
        # One that was killed, or still runs somewhere: it can write no record any more.
        say(undo(old, leader, follower))
    for name in doc["databases"]:
        asleep = follower.subscription(name)
        if asleep and not asleep["enabled"]:
            follower.rows("ALTER SUBSCRIPTION quiver_upgrade ENABLE", None, name)
    behind = fit(leader, follower, doc, given["lag_seconds"])
    same_roles(leader, follower)
    for name in doc["databases"]:
        refresh(follower, name)
    comparison = None
    if given["check"]:
        say("rows are compared")
        comparison = Comparison(leader, follower, doc["databases"], given.get("check_aside", ()))
        comparison.at_work(given["check_work_seconds"])
    for name, of in doc["databases"].items():
        of["fingerprint" if to == "old" else "fingerprint_new"] = fingerprint(follower, name)
    remember(old, new, doc)
    return_path(leader, follower, doc)
    advance(follower, doc["databases"])
    # Just before, so that the moment is short.
    fit(leader, follower, doc, given["lag_seconds"])
    told = turn(given, leader, follower, old, doc, comparison)
    say("the %s cluster leads; nobody could write for %.2f s" % (to, told["gap"]))
    told.update(leading=to, again=False, behind_before=behind, equal=comparison.equal if comparison else 0, unchecked=comparison.left() if comparison else [])
    told["behind"] = settle(follower, leader, old, new, doc)
    return told


def clean_old(old, doc):
    """The old cluster as it was: no slot, publication, subscription, mark."""
    for name in sorted(doc["databases"]):
        old.unsubscribe(name)
        old.drop_slots(name, doc.get("lines", {}).get("new", "").split(" ")[0])
        old.rows("DROP PUBLICATION IF EXISTS quiver_upgrade", None, name)
        identities(old, name, doc["databases"][name])
        old.rows("DROP SCHEMA IF EXISTS quiver_upgrade CASCADE", None, name)
        old.close(name)
    old.rows("DROP SCHEMA IF EXISTS quiver_upgrade CASCADE")


def identities(cluster, name, of):
    for table in of["full"]:
        if cluster.one("SELECT relreplident FROM pg_class WHERE oid = to_regclass(%s)", (table,), name) == "f":
            cluster.rows("ALTER TABLE %s REPLICA IDENTITY DEFAULT" % table, None, name)


def back(given, old, new):
    """The old one leads again, and the new one follows."""
    memory = old.memory()
    if memory is None:
        return {"leading": "old", "again": True, "behind": {}}
    if memory["leading"] == "old" and not memory["doc"].get("prepared"):
        raise Refused("Nothing was switched; -e major_upgrade_forget=true takes away what was prepared")
    return switch(given, old, new, "old")


def forget(given, old, new):
    """While the old one leads: nothing is left of the preparation. `new` may be gone for good."""
    memory = old.memory()
    if memory is None:
        return {"leading": "old", "again": True}
    if memory["leading"] == "new":
        raise Refused("The new cluster leads: upgrade_back.yml without major_upgrade_forget first")
    doc = memory["doc"]
    doc["prepared"] = False
    old.keep(doc)
    undo(old, old, None)
    if new is not None:
        for name, of in doc["databases"].items():
            if of.get("made") and new.one("SELECT count(*) FROM pg_database WHERE datname = %s", (name,)):
                new.unsubscribe(name)
                new.close(name)
                new.rows("DROP DATABASE %s WITH (FORCE)" % quoted(name))
        new.rows("DROP SCHEMA IF EXISTS quiver_upgrade CASCADE")
    clean_old(old, doc)
    return {"leading": "old", "again": False}


def finish(given, old, new):
    """The new one is alone. The old one, where it is still there, stays closed, and remembers who leads."""
    memory = (old or new).memory()
    again = new.memory() is None
    memory = memory or new.memory()
    if memory is None:
        raise Refused("Nothing is prepared")
    if memory["leading"] != "new":
        raise Refused("The old cluster leads: upgrade_switch.yml first")
    doc = memory["doc"]
    if old:
        for name in doc["databases"]:
            old.unsubscribe(name)
    for name, of in doc["databases"].items():
        new.unsubscribe(name)
        new.drop_slots(name)
        new.rows("DROP PUBLICATION IF EXISTS quiver_upgrade", None, name)
        identities(new, name, of)
        new.rows("DROP SCHEMA IF EXISTS quiver_upgrade CASCADE", None, name)
    new.rows("DROP SCHEMA IF EXISTS quiver_upgrade CASCADE")
    return {"leading": "new", "again": again}

