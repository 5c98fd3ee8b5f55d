# How the demo looks: colours, headings and times; sourced by run.sh and walk.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the colours are used by the scripts that source this file

bold='' dim='' blue='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' blue=$'\e[34m' plain=$'\e[0m'
fi

# Microseconds since the epoch, whatever the locale's decimal point.
now() { echo "${EPOCHREALTIME//[!0-9]/}"; }

# seconds FROM: the time since FROM, as "12.3 s".
seconds() {
    local tenths=$((($(now) - $1 + 50000) / 100000))
    echo "$((tenths / 10)).$((tenths % 10)) s"
}

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
