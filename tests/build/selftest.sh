#!/usr/bin/env bash
# Each rule is seen to fail: a violation is planted in a copy of the tree, and the rule has to name it.
# usage: tests/build/selftest.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-rules.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
copy=$scratch/tree
mkdir "$copy"
# The index knows each file, as in a checkout.
git ls-files -z -co --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -C "$copy" --no-same-owner -xf -
unset GIT_DIR GIT_WORK_TREE
git -C "$copy" init -q
git -C "$copy" add -A
status=0

# catches RULE EXPECTED FILE CONTENT: with CONTENT appended to FILE, RULE fails and says EXPECTED.
catches() {
    local rule=$1 expected=$2 file=$copy/$3 output had=''
    mkdir -p "$(dirname "$file")"
    [ ! -e "$file" ] || { had=yes && cp "$file" "$scratch/kept"; }
    printf '%b\n' "$4" >>"$file"
    git -C "$copy" add -A
    if output=$(bash "tests/build/$rule.sh" "$copy" 2>&1); then
        echo "$rule accepts: $3 with $4"
        status=1
    elif ! grep -qF -- "$expected" <<<"$output"; then
        printf '%s\n' "$rule does not say \"$expected\" of $3 but:" "$output"
        status=1
    fi
    if [ -n "$had" ]; then cp "$scratch/kept" "$file"; else rm "$file"; fi
}

# refuses RULE EXPECTED FILE SUBSTITUTION: the same with a sed expression applied to FILE.
refuses() {
    local rule=$1 expected=$2 file=$copy/$3 output
    cp "$file" "$scratch/kept"
    sed -i "$4" "$file"
    ! cmp -s "$file" "$scratch/kept" || { echo "$4 changes nothing in $3"; status=1; }
    if output=$(bash "tests/build/$rule.sh" "$copy" 2>&1); then
        echo "$rule accepts $3 after $4"
        status=1
    elif ! grep -qF -- "$expected" <<<"$output"; then
        printf '%s\n' "$rule does not say \"$expected\" of $3 but:" "$output"
        status=1
    fi
    cp "$scratch/kept" "$file"
}

catches layers 'lies above' extension/kernels/planted.cpp '#include "types/bit.hpp"'
catches layers 'lies above' extension/pg/planted.hpp '#include "kernels/half.hpp"'
catches layers 'kernels/ includes <postgres.h>' extension/kernels/planted.hpp '#include <postgres.h>'
catches layers 'through extension/pg only' extension/types/planted.cpp \
    '#include "pg/postgres.hpp"\n#include "utils/rel.h"'
catches layers 'begins with vector' extension/types/planted.cpp '#include <vector>'
catches layers 'is no layer' extension/elsewhere/planted.cpp '#include "pg/postgres.hpp"'

catches versions 'compat.hpp' extension/types/planted.cpp '#if PG_VERSION_NUM >= 160000'
refuses versions 'META.json, version' META.json '0,/"version"/s/"version": "[^"]*"/"version": "9.9.9"/'
refuses versions 'provides.quiver.version' META.json '/"provides"/,$s/"version": "[^"]*"/"version": "9.9.9"/'
refuses versions 'newest heading' CHANGELOG.md 's/^## [0-9].*/## 9.9.9/'
refuses versions 'not there' META.json 's/"docfile": "[^"]*"/"docfile": "docs\/absent.md"/'

catches sizes '501 lines' extension/types/planted.cpp "$(yes '//' | head -n 501)"
catches opening 'does not say' extension/types/planted.hpp '#pragma once'
catches opening 'does not say' sql/modules/planted/planted.sql 'SELECT 1;'
catches suites 'run by nothing' tests/pgtap/planted.sql '-- never run'
catches suites 'run by nothing' tests/unit/planted_helper.cpp '// never run'
catches suites 'output of no file' tests/regress/expected/planted.out 'x'
catches suites 'no expected output' tests/regress/sql/planted.sql '-- planted'

catches sql 'OR REPLACE' sql/modules/planted/planted.sql 'CREATE OR REPLACE VIEW v AS SELECT 1;'
catches sql 'no PARALLEL' sql/modules/planted/planted.sql 'CREATE FUNCTION f() RETURNS int LANGUAGE C IMMUTABLE STRICT;'
catches sql 'no IMMUTABLE' sql/modules/planted/planted.sql 'CREATE FUNCTION f() RETURNS int STRICT PARALLEL SAFE;'
catches sql 'neither STRICT' sql/modules/planted/planted.sql 'CREATE FUNCTION f() RETURNS int STABLE PARALLEL SAFE;'
catches sql 'search_path' sql/modules/planted/planted.sql \
    'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN 1; END $$;'
catches sql 'over 120' sql/modules/planted/planted.sql "-- $(printf '%0120d' 0)"

# Planted libraries and objects are compiled here, in place of ours.
compile() { printf '%b\n' "$2" | g++ -std=c++20 -O1 -fPIC "${@:3}" -x c++ - -o "$1"; }

# library EXPECTED SOURCE: symbols.sh names EXPECTED in a library that has every export and SOURCE.
library() {
    local output
    compile "$copy/quiver.so" "$2" -shared
    output=$(bash tests/build/symbols.sh "$copy" 2>&1) || :
    grep -qF -- "$1" <<<"$output" || {
        printf '%s\n' "symbols does not name $1 but:" "$output"
        status=1
    }
    rm "$copy/quiver.so"
}
library 'operator new' 'void *grow(unsigned long n) { return new char[n]; }'
library 'operator delete' 'void drop(int *p) { delete p; }'
library '__cxa_throw' 'void fail() { throw 1; }'
library '__cxa_guard_acquire' 'int f(); int g() { static int x = f(); return x; }'
library 'std::__throw_' '#include <vector>\nint &at(std::vector<int> &v, int i) { return v.at(i); }'
library 'vtable for __cxxabiv1' 'struct A { virtual void f(); }; void A::f() {}'
library 'planted_export' 'extern "C" void planted_export() {}'
library 'pg_finfo_quiver_version' 'extern "C" void quiver_version() {}'

# object RULE EXPECTED NAME SOURCE FLAG...
object() {
    local output
    compile "$copy/extension/$3.o" "$4" -c "${@:5}"
    if output=$(bash "tests/build/$1.sh" "$copy" 2>&1) || ! grep -qF -- "$2" <<<"$output"; then
        printf '%s\n' "$1 does not name \"$2\" but:" "$output"
        status=1
    fi
    rm "$copy/extension/$3.o"
}
object globals .init_array planted 'int f(); int x = f();'
if [ "$(uname -m)" = x86_64 ]; then
    object isa 'needs AVX' types/planted \
        '#include <immintrin.h>\n__m256 f(__m256 a) { return _mm256_add_ps(a, a); }' -mavx
    object isa 'needs AVX' kernels/planted_scalar 'float f(float a) { return a * a; }' -mavx
    object isa 'weak definition of twice' kernels/planted_avx2 \
        'inline float twice(float a) { return a + a; }\nfloat (*f)(float) = twice;' -mavx2
fi

# Rules that ask a compiler or a server. What clang.sh has built in our tree need not be built again.
if [ -d build/clang ]; then
    mkdir -p "$copy/build"
    cp -a build/clang "$copy/build/"
fi
refuses clang 'unused variable' extension/module.cpp '$a static void planted() { int nothing; }\nvoid (*planted_use)() = planted;'
if output=$(bash tests/build/comments.sh 'CREATE FUNCTION planted() RETURNS int LANGUAGE sql RETURN 1' \
    'ALTER EXTENSION quiver ADD FUNCTION planted()' 2>&1); then
    echo "comments accepts a function without a comment"
    status=1
elif ! grep -q 'no comment: function planted()' <<<"$output"; then
    printf '%s\n' "comments does not name the planted function but:" "$output"
    status=1
fi
exit "$status"
