#!/usr/bin/python3
"""The watchdog card of a test host: a pipe that Patroni kicks, and a plug that is pulled when the kicks stop.

usage: watchdog.py PIPE COMMAND...    runs COMMAND when it was armed and then left alone for as long as it was told to wait; prints what happens

As with the card, the first kick arms it, "Ctimeout=N" sets the seconds, and a "V" before it is let go disarms it. Patroni's driver "testing" speaks so.
"""
import os
import re
import select
import subprocess
import sys
import time

pipe, command = sys.argv[1], sys.argv[2:]
# Open for both ends: then a writer never waits for a reader, and the end of a writer is no end of the pipe.
handle = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
timeout, armed, kicked, seen = 60, False, 0.0, b""
while True:
    if select.select([handle], [], [], 0.2)[0]:
        seen = (seen + os.read(handle, 4096))[-64:]
        now = time.monotonic()
        for found in re.finditer(rb"Ctimeout=(\d+)\n", seen):
            timeout = int(found.group(1))
        if not armed:
            print("armed, %d s" % timeout, flush=True)
        kicked, armed = now, True
        # Anything after the letter is a new beginning.
        if seen.endswith(b"V"):
            armed = False
            print("disarmed", flush=True)
        seen = seen if re.search(rb"C[a-z=0-9]*$", seen) else b""
    elif armed and time.monotonic() - kicked > timeout:
        print("reset after %.1f s without a kick" % (time.monotonic() - kicked), flush=True)
        armed = False
        subprocess.run(command)
