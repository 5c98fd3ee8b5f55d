#!/usr/bin/python3
"""When a leader hands over for its disk: quiver-disk-guard on this machine's file systems, before a Patroni that says what each case needs.

usage: disk_guard.py    needs no host; that the hand-over itself works is a drill on hosts (tests/ops/scenarios/disk.sh)
"""
import copy
import json
import os
import pathlib
import subprocess
import tempfile
import threading

import expected
import tls_server
from expected import expect

program = pathlib.Path(__file__).resolve().parents[3] / "ops/roles/patroni/files/disk_guard.py"
# More than any disk has left, and none: `--share 2` is twice the file system.
FULL, ROOM = ["--reserve", "1e12", "--share", "2"], ["--reserve", "0"]
leads = {"/patroni": {"state": "running", "role": "master"},
         "/cluster": {"members": [{"name": "db1", "role": "leader", "state": "running"}, {"name": "db2", "role": "sync_standby", "state": "streaming"},
                                  {"name": "db3", "role": "replica", "state": "running", "tags": {"nofailover": True}}]}}


class Patroni(tls_server.Handler):
    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.answer(200, json.dumps(self.server.says[self.path]))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append([self.path, self.headers["Authorization"], body])
        self.answer(self.server.status, "handed over" if self.server.status == 200 else "nobody may lead")


def guard(says, how, *more, status=200, lines=1):
    """What it says first, and what it asked Patroni for until then."""
    server.says, server.asked, server.status = says, [], status
    run = subprocess.Popen(["/usr/bin/python3", "-B", program, "--config", folder + "/config.yml", "--every", "0.05", *how, *more], stdout=subprocess.PIPE, text=True)
    clock = threading.Timer(4 if lines else 1, run.kill)
    clock.start()
    said = [run.stdout.readline().strip() for _ in range(lines)]
    if not lines:
        said = run.stdout.read().split("\n")[:-1]
    run.kill()
    run.communicate()
    clock.cancel()
    return said, [path for path, *_ in server.asked], server.asked


def changed(path, **values):
    says = copy.deepcopy(leads)
    says[path].update(values)
    return says


def look(*arguments):
    out = subprocess.run(["/usr/bin/python3", "-B", program, "--config", folder + "/config.yml", "--look", *arguments], capture_output=True, text=True)
    return [line.split(" has ")[0] for line in out.stdout.splitlines()] if out.returncode == 0 else out.stderr


with tempfile.TemporaryDirectory() as folder:
    data = folder + "/data"
    for name in ("/pg_wal", "/pg_tblspc/16400"):
        os.makedirs(data + name)
    tls_server.certificate(folder, "host")
    server = tls_server.serve(folder, "host", Patroni)
    with open(folder + "/config.yml", "w") as out:
        json.dump({"name": "db1", "postgresql": {"data_dir": data},
                   "restapi": {"connect_address": "127.0.0.1:%d" % server.server_port, "cafile": folder + "/host.crt", "certfile": folder + "/host.crt",
                               "keyfile": folder + "/host.key", "authentication": {"username": "patroni", "password": "geheim"}}}, out)

    everywhere = [data, data + "/pg_wal", data + "/pg_tblspc/16400", folder]
    expect("all file systems of the server, and a folder that is named", everywhere, look(*FULL, folder))
    expect("a folder that is not there", everywhere[:3], look(*FULL, folder + "/gone"))
    expect("the smaller of the reserve and the share counts", [[], []], [look("--reserve", "1e12", "--share", "0"), look("--reserve", "0", "--share", "2")])

    said, paths, asked = guard(leads, FULL, lines=2)
    expect("a leader whose disk is nearly full hands over, and once", [data + " is nearly full. Handing over: 200 handed over",
                                                                       data + " is nearly full: this host handed over for that less than 3600 s ago"], said)
    expect("as its administrator; to whom Patroni chooses", [["/switchover", "Basic cGF0cm9uaTpnZWhlaW0=", {"leader": "db1"}]], asked)
    said, paths, _ = guard(leads, FULL, "--again", "0.2", lines=4)
    expect("and again when that is long enough ago", True, len(paths) >= 2)
    said, paths, _ = guard(leads, FULL, status=503, lines=0)
    expect("Patroni that cannot is asked again, and it is told once", [[data + " is nearly full. Handing over: 503 nobody may lead"], True], [said, len(paths) > 2])
    expect("a disk with room", ([], []), guard(leads, ROOM, lines=0)[:2])
    for what, says, why in (
            ("a standby", changed("/patroni", role="replica"), "this member does not lead"),
            ("a leader of a standby cluster", changed("/patroni", role="standby_leader"), "this member does not lead"),
            ("a server that has stopped", changed("/patroni", state="stopped"), "this member does not lead"),
            ("Patroni is paused", changed("/patroni", pause=True), "Patroni is paused"),
            ("nobody else is there", changed("/cluster", members=leads["/cluster"]["members"][:1]), "no standby streams that may lead"),
            ("only one that may not lead", changed("/cluster", members=leads["/cluster"]["members"][::2]), "no standby streams that may lead")):
        expect(what, (["%s is nearly full: %s" % (data, why)], []), guard(says, FULL)[:2])
    server.shutdown()
    server.server_close()
    said, _, _ = guard(leads, FULL)
    expect("Patroni does not answer", True, said[0].startswith(data + " is nearly full, and Patroni does not answer: "))
expected.end()
