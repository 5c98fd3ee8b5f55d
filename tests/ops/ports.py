#!/usr/bin/python3
"""Which TCP ports of some addresses answer, of all 65535.

usage: ports.py ADDRESS...    prints a line for each: address, then the open ports
"""
import errno
import itertools
import resource
import select
import socket
import sys
import time

# A packet that is dropped is sent again after a second, and once more after three.
PATIENCE = 3.5


def opens(targets):
    """Those of the targets that take a connection, all asked at once."""
    poll, asked, found = select.epoll(), {}, set()
    for target in targets:
        one = socket.socket()
        one.setblocking(False)
        if one.connect_ex(target) in (0, errno.EINPROGRESS):
            asked[one.fileno()] = one, target
            poll.register(one, select.EPOLLOUT)
        else:
            one.close()
    end = time.monotonic() + PATIENCE
    while asked and time.monotonic() < end:
        for number, _ in poll.poll(max(0, end - time.monotonic()), 4096):
            one, target = asked.pop(number)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.add(target)
            one.close()
    for one, _ in asked.values():
        one.close()
    return found


most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
at_once = min(most - 64, 16000)
todo = itertools.product(sys.argv[1:], range(1, 65536))
answered = set()
while batch := list(itertools.islice(todo, at_once)):
    answered |= opens(batch)
for address in sys.argv[1:]:
    print(address, *sorted(port for where, port in answered if where == address))
