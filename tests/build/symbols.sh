#!/bin/sh
# The symbol fence of quiver.so: nothing of libstdc++ that allocates or throws comes in, and nothing
# but what the server and the install script name goes out.
# usage: sh tests/build/symbols.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
status=0
trap 'rm -f "$allowed" "$exported"' EXIT
allowed=$(mktemp) exported=$(mktemp)

# operator new/delete, exceptions, RTTI, guards of function-local statics, std::__throw_*.
forbidden='^(_Zn[wa]|_Zd[la]|__cxa_(throw|rethrow|begin_catch|end_catch|allocate_exception|guard_|bad_|pure_virtual|atexit)|_ZSt[0-9]*__throw|__dynamic_cast|_ZTI|_ZTV|_Unwind_|__gxx_personality|_ZNS[ast]|_ZNKS[ast])'
imported=$(nm -D --undefined-only quiver.so | awk '{ sub(/@.*/, "", $2); print $2 }')
if unwanted=$(printf '%s\n' "$imported" | grep -E "$forbidden"); then
    printf '%s\n' "$unwanted" | c++filt
    echo "quiver.so imports the symbols above"
    status=1
fi

# Names in AS 'MODULE_PATHNAME', 'symbol'; where the symbol is left out it is the function's name.
cat sql/modules/*/*.sql | perl -0777 -ne '
    s/--[^\n]*//g;
    for (/CREATE\s+FUNCTION\b.*?;/gs) {
        if (/\x27MODULE_PATHNAME\x27\s*,\s*\x27(\w+)\x27/) { print "$1\npg_finfo_$1\n" }
        elsif (/\x27MODULE_PATHNAME\x27/ && /CREATE\s+FUNCTION\s+(?:\w+\.)?(\w+)/) { print "$1\npg_finfo_$1\n" }
    }' | sort -u >"$allowed.sql"
{
    cat "$allowed.sql"
    printf '%s\n' Pg_magic_func _PG_init
    # Entries of background workers.
    grep -rhoE 'bgw_function_name, "\w+"' extension --include='*.cpp' | sed 's/.*"\(.*\)"/\1/'
    # What background workers begin with.
    grep -rhoE --include='*.cpp' 'CreateParallelContext\("quiver", "[a-z_]+"' extension |
        sed 's/.*"\([a-z_]*\)"$/\1/'
} | sort -u >"$allowed"
rm -f "$allowed.sql"
nm -D --defined-only quiver.so | awk '{ print $3 }' | sort -u >"$exported"

if comm -13 "$allowed" "$exported" | grep .; then
    echo "quiver.so exports the symbols above, which no SQL function names"
    status=1
fi
if comm -23 "$allowed" "$exported" | grep .; then
    echo "quiver.so does not export the symbols above, which SQL functions name"
    status=1
fi
exit "$status"
