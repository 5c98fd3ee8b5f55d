# Counted checks for the shell suites: sourced, prints a line for each and keeps the totals.
# shellcheck shell=bash
passed=${passed:-0} failed=${failed:-0}

# check WHAT EXPECTED ACTUAL
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok - $1"
    else
        failed=$((failed + 1))
        printf 'not ok - %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
    fi
}
