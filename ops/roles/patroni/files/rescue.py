#!/usr/bin/python3
"""Copies this member anew from the leader when its data can never start, and only then.

usage: quiver-rescue [--config FILE] [--after SECONDS] [--state FILE]    by timer, as postgres
       quiver-rescue --look DATA BIN                                     only says whether these data can start

A power cut in the middle of pg_rewind, or of the removal or the copy of a data folder, leaves a pg_control whose checkpoint is not
in pg_wal any more ("could not locate a valid checkpoint record"), or no pg_control. Patroni copies such a member anew where it sees that a
rewind is due and that it fails; otherwise it waits for a person. Such data are no copy of anything: they are given up when
  - Patroni has not had the server running for --after seconds,
  - another member leads and runs (so what was acknowledged is there), and
  - the record from which recovery must start is not to be found in any file of pg_wal.
Patroni itself refuses to copy when there is no leader, or this member is it.
"""
import argparse
import os
import re
import subprocess
import sys
import time

import member

SEGMENT = re.compile(r"^([0-9A-F]{8})([0-9A-F]{16})$")
# The server works, or Patroni works on its data.
BUSY = ("running", "streaming", "in archive recovery", "stopping", "creating replica",
        "initializing new cluster", "running custom bootstrap script", "running post_bootstrap")
WORKERS = ("pg_rewind", "pg_basebackup")


def control(data, binaries):
    """pg_controldata's lines, or None when there is no pg_control that it understands."""
    run = subprocess.run([binaries + "/pg_controldata", data], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         env={"LC_ALL": "C"}, universal_newlines=True)
    if run.returncode or "WARNING" in run.stdout:
        return None
    return dict(line.split(":", 1) for line in run.stdout.splitlines() if ":" in line)


def start_of_recovery(data, values):
    """Where recovery begins: backup_label's checkpoint, else pg_control's."""
    try:
        with open(data + "/backup_label") as label:
            found = re.search(r"^CHECKPOINT LOCATION: ([0-9A-F]+/[0-9A-F]+)$", label.read(), re.M)
            if found:
                return found.group(1)
    except FileNotFoundError:
        pass
    return values["Latest checkpoint location"].strip()


def record_is_there(data, binaries, location, segment_bytes):
    high, low = (int(part, 16) for part in location.split("/"))
    number = (high << 32 | low) // segment_bytes
    per_id = (1 << 32) // segment_bytes
    wanted = "%08X%08X" % (number // per_id, number % per_id)
    # After a promotion the same segment is there on two timelines; either will do.
    timelines = {found.group(1) for found in map(SEGMENT.match, os.listdir(data + "/pg_wal")) if found and found.group(2) == wanted}
    for timeline in sorted(timelines, reverse=True):
        run = subprocess.run([binaries + "/pg_waldump", "-p", data + "/pg_wal", "-t", str(int(timeline, 16)), "-s", location, "-n", "1"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
        if "CHECKPOINT_" in run.stdout:
            return True
    return False


def cannot_start(data, binaries):
    """Why these data can never start; empty when they may."""
    try:
        if not os.listdir(data):
            return ""
    except FileNotFoundError:
        return ""
    values = control(data, binaries)
    if values is None:
        return "there are files but no pg_control that can be read"
    if not os.path.isdir(data + "/pg_wal"):
        return "there is no pg_wal"
    location = start_of_recovery(data, values)
    if record_is_there(data, binaries, location, int(values["Bytes per WAL segment"])):
        return ""
    return "recovery must start at %s, and no file of pg_wal has a checkpoint there" % location


def somebody_works():
    """A rewind that is under way looks like one that was interrupted."""
    for process in os.listdir("/proc"):
        try:
            with open("/proc/%s/comm" % process) as name:
                if name.read().strip() in WORKERS:
                    return True
        except OSError:
            pass
    return False


def since(path, now):
    """When the trouble was first seen. Kept in a file, because each look is a process of its own."""
    try:
        with open(path) as file:
            return float(file.read())
    except (OSError, ValueError):
        with open(path, "w") as file:
            file.write(str(now))
        return now


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="/etc/patroni/config.yml")
    parser.add_argument("--after", type=float, default=60)
    parser.add_argument("--state", default="/run/quiver-rescue/since")
    parser.add_argument("--look", nargs=2)
    given = parser.parse_args()
    if given.look:
        why = cannot_start(*given.look)
        print(why or "may start")
        return 1 if why else 0

    here = member.Member(given.config)
    server = here.server
    try:
        state = here.told("/patroni").get("state", "")
        members = here.told("/cluster").get("members", [])
    except (OSError, ValueError) as error:
        print("Patroni does not answer: %s" % error)
        return 0
    leaders = [other["name"] for other in members
               if other["role"] in member.LEADING and other["state"] in member.RUNNING and other["name"] != here.name]
    why = "" if state in BUSY or somebody_works() else cannot_start(server["data_dir"], server["bin_dir"])
    if not why:
        if os.path.exists(given.state):
            os.remove(given.state)
        return 0
    for_seconds = time.time() - since(given.state, time.time())
    print("The server is '%s' and cannot start: %s. Leader: %s. For %d s" % (state, why, ", ".join(leaders) or "none", for_seconds))
    if not leaders or for_seconds < given.after:
        return 0
    status, text = here.ask("/reinitialize", {"force": True})
    print("Copying anew from the leader: %s %s" % (status, text))
    if status == 200:
        os.remove(given.state)
    return 0


sys.exit(main())
