# What the tests here that are shell compare with: they say what is wrong, and nothing of what is right. Sourced; `failed` is their status.
# shellcheck shell=bash disable=SC2034  # failed is read by who sources this
failed=0
is() { # is WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { failed=1; printf '%s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"; }
}
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
