#!/usr/bin/python3
"""Hands the leadership over when the disk of this leader is nearly full, before the server stops of it.

usage: quiver-disk-guard --reserve MB [--share SHARE] [--every SECONDS] [--again SECONDS] [--config FILE] [FOLDER...]    a service, as postgres
       quiver-disk-guard --look --reserve MB [--share SHARE] [--config FILE] [FOLDER...]    only says which are nearly full

A leader with a full disk refuses what needs a new block and goes on leading, until a checkpoint or a new file of WAL makes it stop: minutes. A
standby may have room. So, every few seconds: is one of the file systems with the data, the WAL, a tablespace or a FOLDER nearly full, that is has it less left than
the reserve, or than that share (5 %) where that is less? Twice in a row, and this member leads, Patroni is not paused, and another member may lead: Patroni is asked to
hand over, as an administrator would ask; in synchronous mode to a standby that has every acknowledged row. Whether that one has more room nobody here
knows. Where all are full, each would hand over to the next: a host does so for this reason at most once in --again seconds.
"""
import argparse
import glob
import os
import sys
import time

import member

MB = 1 << 20


def folders(data, more):
    """The folders whose file systems count: pg_wal and tablespaces may be links to others."""
    return [data, data + "/pg_wal", *sorted(glob.glob(data + "/pg_tblspc/*")), *more]


def nearly_full(paths, reserve, share):
    """[(path, MB left)] of those with less left than `reserve` MB, or than that share of the file system. One that is not there has nothing to say."""
    found = []
    for path in paths:
        try:
            there = os.statvfs(path)
        except OSError:
            continue
        left = there.f_bavail * there.f_frsize / MB
        if left < min(reserve, share * there.f_blocks * there.f_frsize / MB):
            found.append((path, left))
    return found


def why_not(state, cluster, name):
    """Why this member cannot hand over; empty when it can. state, cluster: Patroni's answers to /patroni and /cluster."""
    if state.get("role") not in member.PRIMARY or state.get("state") != "running":
        return "this member does not lead"
    if state.get("pause") or cluster.get("pause"):
        return "Patroni is paused"
    others = [other for other in cluster.get("members", []) if other["name"] != name and other["state"] in member.RUNNING
              and not other.get("tags", {}).get("nofailover") and other["role"] not in member.LEADING]
    return "" if others else "no standby streams that may lead"


class Guard:
    def __init__(self, here, given):
        self.here, self.given = here, given
        self.seen, self.said, self.handed = 0, "", None

    def say(self, text):
        if text and text != self.said:
            print(text, flush=True)
        self.said = text

    def look(self):
        full = nearly_full(folders(self.here.server["data_dir"], self.given.folders), self.given.reserve, self.given.share)
        self.seen = self.seen + 1 if full else 0
        if not full:
            return self.say("")
        if self.seen < 2:
            return None
        try:
            # Its passwords may have changed since.
            self.here = member.Member(self.given.config)
            reason = why_not(self.here.told("/patroni"), self.here.told("/cluster"), self.here.name)
            if not reason and self.handed is not None and time.monotonic() - self.handed < self.given.again:
                reason = "this host handed over for that less than %d s ago" % self.given.again
            if reason:
                return self.say("%s is nearly full: %s" % (full[0][0], reason))
            status, text = self.here.ask("/switchover", {"leader": self.here.name}, timeout=60)
            if status < 300:
                self.handed = time.monotonic()
            return self.say("%s is nearly full. Handing over: %d %s" % (full[0][0], status, text))
        except (OSError, ValueError) as error:
            return self.say("%s is nearly full, and Patroni does not answer: %s" % (full[0][0], error))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="/etc/patroni/config.yml")
    parser.add_argument("--reserve", type=float, required=True)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--every", type=float, default=2)
    parser.add_argument("--again", type=float, default=3600)
    parser.add_argument("--look", action="store_true")
    parser.add_argument("folders", nargs="*")
    given = parser.parse_args()
    here = member.Member(given.config)
    if given.look:
        for path, left in nearly_full(folders(here.server["data_dir"], given.folders), given.reserve, given.share):
            print("%s has %d MB left" % (path, left))
        return 0
    guard = Guard(here, given)
    while True:
        guard.look()
        time.sleep(given.every)


if __name__ == "__main__":
    sys.exit(main())
