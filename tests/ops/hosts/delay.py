#!/usr/bin/env python3
"""A long cable: every frame that comes in at one end goes out at the other so many milliseconds later, both ways.

usage: delay.py INTERFACE INTERFACE MILLISECONDS      until one of the interfaces is gone

For kernels without netem. Frames keep their header of virtio, so what the sender left to the hardware (checksums, segments)
is still left to it. Frames in flight are those of a wire: nothing is dropped, nothing overtaken.
"""
import collections
import errno
import select
import socket
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING, ETH_P_ALL = 263, 15, 4, 3
LONGEST = 1 << 17


def end(interface):
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    made.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 26)
    made.bind((interface, 0))
    made.setblocking(False)
    return made


def there(interface):
    try:
        return socket.if_nametoindex(interface) > 0
    except OSError:
        return False


def take(source, waiting, delay):
    """All frames that are there; one that this end sends itself is none of them."""
    while True:
        try:
            frame, address = source.recvfrom(LONGEST)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in (errno.ENETDOWN, errno.ENXIO):
                raise
            time.sleep(0.1)  # the cable is pulled
            return
        if address[2] != PACKET_OUTGOING:
            waiting.append((time.monotonic() + delay, frame))


def give(target, waiting):
    """What has been on its way for long enough. A frame for an end that is down, or cannot take it, is lost as on a wire."""
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        try:
            target.send(waiting.popleft()[1])
        except OSError:
            pass


def main(left, right, milliseconds):
    delay = float(milliseconds) / 1000
    ends = {end(left): collections.deque(), end(right): collections.deque()}
    other = dict(zip(ends, reversed(list(ends))))
    looked = time.monotonic()
    while True:
        due = [waiting[0][0] for waiting in ends.values() if waiting]
        ready, _, _ = select.select(list(ends), [], [], max(0, min(due) - time.monotonic()) if due else 0.5)
        for source in ready:
            take(source, ends[source], delay)
        for source, waiting in ends.items():
            give(other[source], waiting)
        if time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            if not (there(left) and there(right)):
                return


main(*sys.argv[1:])
