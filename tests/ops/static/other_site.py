#!/usr/bin/python3
"""Patroni does not start beside a site that leads: quiver-other-site against Patronis that lead, follow, stand still, lie about who they are, or are gone.

usage: other_site.py    needs no host
"""
import os
import pathlib
import subprocess
import tempfile
import time

import expected
import tls_server
from expected import expect

program = pathlib.Path(__file__).resolve().parents[3] / "ops/roles/second_site/files/other_site.py"


class Patroni(tls_server.Handler):
    def do_GET(self):
        if self.server.status is None:
            time.sleep(3)
        self.send_response(self.server.status or 503)
        self.end_headers()


def patroni(status, name="site"):
    """One on a port of its own; 200 leads, 503 does not, None does not answer in time."""
    server = tls_server.serve(folder, name, Patroni)
    server.status = status
    return "127.0.0.1:%d" % server.server_port


def may_start(*addresses):
    done = subprocess.run(["/usr/bin/python3", program, "1", folder + "/site.crt", *addresses], env={**os.environ, "QUIVER_SITE": folder + "/etc"}, capture_output=True,
                          text=True)
    return done.returncode == 0 or done.stderr.strip()


def reset(*files):
    for name in os.listdir(folder + "/etc"):
        os.remove("%s/etc/%s" % (folder, name))
    for name in files:
        open("%s/etc/%s" % (folder, name), "w").close()


with tempfile.TemporaryDirectory() as folder:
    os.mkdir(folder + "/etc")
    tls_server.certificate(folder, "site")
    tls_server.certificate(folder, "other")
    leads, follows, stands, lies, gone = patroni(200), patroni(503), patroni(None), patroni(200, "other"), "127.0.0.1:1"
    refused = "the other site leads (%s): Patroni stays off here until playbooks/failback.yml makes this site follow it" % leads
    expect("the other site follows", True, may_start(follows, follows))
    expect("it is gone", True, may_start(gone, gone, gone))
    began = time.monotonic()
    expect("it does not answer", True, may_start(*[stands] * 8))
    took = time.monotonic() - began
    # Each has a second; one after the other they would have eight.
    expect("which takes no longer than one of its hosts", True, took < 5 or took)
    expect("somebody else answers in its place", True, may_start(lies))
    expect("nothing was remembered", [], os.listdir(folder + "/etc"))
    expect("one of its hosts leads", refused, may_start(gone, follows, leads, stands))
    expect("and is gone the next time", refused, may_start(gone, gone))
    reset("follows")
    expect("this site follows it", True, may_start(leads))
    expect("and nothing was remembered", ["follows"], os.listdir(folder + "/etc"))
expected.end()
