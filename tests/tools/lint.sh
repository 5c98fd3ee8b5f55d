#!/usr/bin/env bash
# Format and static checks of everything in the tree: clang-format, clang-tidy, shellcheck, SQL style.
#
# usage: tests/tools/lint.sh [format|tidy|shell|sql]...
#        tests/tools/lint.sh --fix             (rewrite C++ with clang-format)
#
# clang-format and clang-tidy are those of Debian 12, major 14: others format in another way and find
# other things, so with them these two parts are left out, and the output says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
sh tests/tools/deps.sh lint

sources() { git ls-files -co --exclude-standard -- "$@" | while read -r file; do [ ! -e "$file" ] || printf '%s\n' "$file"; done; }
# pinned TOOL: the name of TOOL's major 14.
pinned() {
    if command -v "$1-14" >/dev/null; then echo "$1-14"
    elif "$1" --version 2>/dev/null | grep -qE 'version 14\.'; then echo "$1"
    else return 1; fi
}

lint_format() {
    local tool
    tool=$(pinned clang-format) || { echo "left out: clang-format 14 is not here"; return 0; }
    sources '*.cpp' '*.hpp' '*.inl' '*.h' | xargs "$tool" --dry-run -Werror
}

# The compilation database comes from what make would run.
lint_tidy() {
    local tool
    tool=$(pinned clang-tidy) || { echo "left out: clang-tidy 14 is not here"; return 0; }
    mkdir -p build
    make -s build/flags
    make -nB all | perl -MJSON::PP -MCwd -ne '
        chomp;
        next unless m{^\S*g\+\+ .* -c -o \S+ (extension/\S+\.cpp)$};
        push @entries, { directory => getcwd(), file => $1, command => $_ };
        END { print encode_json(\@entries) }' >build/compile_commands.json
    # The server was configured for gcc, whose warning flags clang does not know.
    perl -MJSON::PP -0777 -ne 'print "$_->{file}\n" for @{ decode_json($_) }' build/compile_commands.json |
        xargs -P "$(nproc)" -n 2 "$tool" -p build --quiet \
            --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-optimization-argument 2>&1 |
        { grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed |^Use -header-filter|^$' || :; } | if grep .; then return 1; fi
}

lint_shell() {
    {
        sources '*.sh' .ci/run
        sources | while read -r file; do
            case ${file##*/} in *.*) continue ;; esac
            if head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b'; then echo "$file"; fi
        done
    } | sort -u | xargs shellcheck --external-sources --source-path=SCRIPTDIR:. --exclude=SC1091,SC2016,SC2119,SC2317
}

lint_sql() { sh tests/build/sql.sh; }

if [ "${1-}" = --fix ]; then
    tool=$(pinned clang-format) || { echo "clang-format 14 is needed" >&2; exit 1; }
    sources '*.cpp' '*.hpp' '*.inl' '*.h' | xargs "$tool" -i
    exit
fi
[ $# -gt 0 ] || set -- format tidy shell sql
status=0
for part in "$@"; do
    echo "==== $part"
    "lint_$part" || { status=1; echo "$part: see above"; }
done
exit "$status"
