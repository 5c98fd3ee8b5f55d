#!/usr/bin/python3
"""What this machine's kernel knows of who keeps its clock, by adjtimex(2).

usage: kernel_clock.py [STATUS MICROSECONDS]    prints its status and largest error; sets them first, where they are given (needs root)
"""
import ctypes
import sys

MAXERROR, STATUS = 0x4, 0x10


class Timex(ctypes.Structure):
    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long),
                ("status", ctypes.c_int), ("rest", ctypes.c_byte * 200)]


system = ctypes.CDLL(None, use_errno=True)
if len(sys.argv) > 1:
    wanted = Timex(modes=MAXERROR | STATUS, status=int(sys.argv[1]), maxerror=int(sys.argv[2]))
    if system.adjtimex(ctypes.byref(wanted)) < 0:
        sys.exit("adjtimex: errno %d" % ctypes.get_errno())
now = Timex()
if system.adjtimex(ctypes.byref(now)) < 0:
    sys.exit("adjtimex: errno %d" % ctypes.get_errno())
print(now.status, now.maxerror)
