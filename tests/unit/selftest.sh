#!/bin/sh
# Each kernel's tests are seen to fail: a defect is put into a copy of one source, the program is linked
# with it, and the tests have to end badly. Run by run.sh when all is well.
#
# usage: [CXX=g++] sh tests/unit/selftest.sh
set -eu
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-defect.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
status=0

# catches WHAT OBJECT SOURCE SUBSTITUTION TESTS: with the substitution in kernels/SOURCE, OBJECT compiled
# anew makes one of TESTS fail.
catches() {
    rm -rf "$scratch/kernels" "$scratch/unit"
    mkdir "$scratch/kernels"
    sed "$4" "extension/kernels/$3" >"$scratch/kernels/$3"
    if cmp -s "$scratch/kernels/$3" "extension/kernels/$3"; then
        echo "not ok - $1: \"$4\" changes nothing in $3"
        status=1
        return
    fi
    if ! make -s -f tests/unit/Makefile CXX="${CXX:-g++}" DAMAGED="$2" DAMAGE="$scratch" "$scratch/unit" \
        >"$scratch/make.log" 2>&1; then
        echo "not ok - $1: does not compile"
        tail -n 5 "$scratch/make.log"
        status=1
        return
    fi
    # The first failure ends the program; so does a sanitizer's report or a fault.
    if "$scratch/unit" --gtest_filter="$5" --gtest_break_on_failure >"$scratch/log" 2>&1; then
        echo "not ok - $1: the tests pass all the same"
        status=1
    elif ! grep -qE 'Failure|AddressSanitizer|runtime error' "$scratch/log"; then
        echo "not ok - $1: the program failed for another reason"
        tail -n 5 "$scratch/log"
        status=1
    else
        echo "ok - $1 is noticed"
    fi
}

catches 'a half printed without its sign' text_half_print text_half_print.cpp \
    's/out += value.bits >> 15/out += 0/' '*PrintHalf*'
catches 'halves widened to half their value' half half_bits.inl 's/0x1p112F/0x1p111F/' '*HalfTest*'
if [ "$(uname -m)" = x86_64 ] && grep -q avx2 /proc/cpuinfo; then
    catches 'words moved the wrong way before they are compared' filter_avx2 filter_lanes_256.inl \
        's/simde_mm256_sub_epi64/simde_mm256_add_epi64/' '*Filter*'
    catches 'a mark that is absent taken for one that counts' filter_avx2 filter_body.inl \
        's/~zero\[b\] & gather/gather/' '*Filter*'
    catches 'a float distance without its last elements' dense_avx2 dense_body.inl \
        's/if (i < n)/if (false)/' '*ense*'
    catches 'a float distance without half of its sums' dense_avx2 dense_body.inl \
        's/s0.merge(s2);//' '*ense*'
    catches 'a load past the end of a vector' dense_avx2 lanes_256.inl \
        's/load(from + n - width), mask/load(from + n - left), mask/' '*ense*'
    catches 'the elements before an aligned address left out' dense_avx2 aligned_256.inl \
        's/if (head > 0)/if (false)/' '*ense*'
    catches 'a sum that depends on where a row lies' dense_avx2 aligned_256.inl \
        's/s3.add(load_head/s2.add(load_head/' '*do_not_depend*'
    catches 'a masked load one element too long' dense_avx2 aligned_256.inl \
        's/mask(Lanes::width + empty)/mask(Lanes::width + empty - (empty > 0))/' '*ense*'
    catches 'an element too many in the tail of 8-bit integers' int8_avx2 int8_lanes_256.inl \
        's/load(keep + left)/load(keep + left + 1)/' '*nt8*'
    catches 'seven of eight bits counted' bits_avx2 bit_lanes_256.inl \
        's/set1_epi8(0x0F)/set1_epi8(0x07)/' '*it*'
    catches 'sparse elements left unpaired' sparse_avx2 sparse_blocks.inl \
        's/cmpeq_epi32/cmpgt_epi32/' '*parse*'
fi
if [ "$(uname -m)" = x86_64 ] && grep -q avx512_vpopcntdq /proc/cpuinfo; then
    catches 'the elements before a whole line left out' dense_avx512 aligned_512.inl \
        's/if (head > 0)/if (false)/' '*ense*'
    catches 'a head added to the wrong sum' dense_avx512 aligned_512.inl \
        's/add_masked(sums_each - 1/add_masked(sums_each - 2/' '*do_not_depend*'
    catches 'a row counted among those that lie alike twice' dense_avx512 aligned_512.inl \
        's/static_cast<unsigned>(r));/static_cast<unsigned>(r + 1));/' '*any_number*'
    catches 'distances of rows that lie alike given to one of them' dense_avx512 aligned_512.inl \
        's/out\[order.row\[i + r\]\]/out[order.row[i]]/' '*float_one_to_many_together*'
fi
exit "$status"
