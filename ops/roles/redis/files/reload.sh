#!/bin/sh
# Redis reads its certificate, whom it trusts, and its accounts anew. usage: quiver-redis-reload FOLDER
set -eu
REDISCLI_AUTH=$(cat /etc/redis/reload.secret)
export REDISCLI_AUTH
ask() {
    answer=$(redis-cli -s /run/redis/redis.sock --user reload --no-auth-warning "$@")
    [ "$answer" = OK ] || { echo "Redis answers to $1: $answer" >&2; exit 1; }
}
ask config set tls-cert-file "$1/host.crt" tls-key-file "$1/host.key" tls-ca-cert-file "$1/ca.crt"
ask acl load
