"""usage: python3 -m quiver_upgrade COMMAND    JSON comes on stdin, JSON goes to stdout, progress to stderr

facts      of one cluster, `reach`
prepare    roles, schema, first copy, until the new cluster follows
status     who leads, how far the other is behind
switch     the new cluster leads                        (run again: finishes what was begun)
back       the old one leads again
forget     while the old one leads: nothing is left of the preparation; also without the new cluster
finish     the new cluster is alone
undo       after a switch that was killed, on the old cluster alone or with both: clients get in again where no record says otherwise
"""
import json
import sys

import psycopg2

from . import copying, facts, switching
from .clusters import Cluster, Refused


def typed(given):
    """Ansible hands numbers and truths over as text."""
    for name, kind in (("lag_seconds", float), ("gap_seconds", float), ("check_work_seconds", float), ("check_seconds", float), ("margin", int),
                       ("check", lambda value: str(value).lower() == "true"), ("anew", lambda value: str(value).lower() == "true")):
        if name in given:
            given[name] = kind(given[name])
    return given


def main(command, given):
    if command == "facts":
        return facts.gather(Cluster("any", given["reach"]), given["databases"])
    old, new = (Cluster(side, given[side]["reach"], given[side].get("seen", "")) if given.get(side) else None for side in ("old", "new"))
    if command == "undo":
        memory = old.memory()
        leader, follower = (old, new) if memory is None or memory["leading"] == "old" else (new, old)
        return {"said": switching.undo(old, leader, follower) if leader else "the new cluster leads"}
    if command == "finish":
        return switching.finish(given, old, new)
    return {"prepare": lambda: copying.prepare(given, old, new), "status": lambda: switching.status(given, old, new),
            "switch": lambda: switching.switch(given, old, new, "new"), "back": lambda: switching.back(given, old, new),
            "forget": lambda: switching.forget(given, old, new)}[command]()


if __name__ == "__main__":
    try:
        print(json.dumps(main(sys.argv[1], typed(json.load(sys.stdin)))))
    except (Refused, psycopg2.Error) as error:
        print(str(error).strip(), file=sys.stderr)
        sys.exit(1)
