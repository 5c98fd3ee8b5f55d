"""What the tests here that are Python say of an answer that is another, and how they end."""
import sys

failures = 0


def expect(what, expected, actual):
    global failures
    if expected != actual:
        failures += 1
        print("%s: expected %r, got %r" % (what, expected, actual))


def end():
    sys.exit(bool(failures))
