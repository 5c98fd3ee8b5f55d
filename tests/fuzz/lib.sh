# Shared by run.sh and fuzz.sh: where things are, and the inputs too large to keep in the tree.
# shellcheck shell=bash disable=SC2034
fuzz_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(cd "$fuzz_dir/../.." && pwd)/build/fuzz
findings=$fuzz_dir/findings
# A leak is no finding: memory belongs to a context, which the shim empties after each input.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1

build_targets() {
    make -s -j2 -C "$fuzz_dir"
    mapfile -t targets < <(make -s -C "$fuzz_dir" list)
}

# libFuzzer's flags for a target. A finding is kept under a name that says which target it breaks.
target_flags() {
    local target=$1
    echo "-dict=$fuzz_dir/dict/${target##*_}.dict -timeout=10 -rss_limit_mb=2048" \
        "-artifact_prefix=$findings/$target-"
}

# large_seeds TARGET DIR: values with as many elements as the type allows, and with one more.
large_seeds() {
    mkdir -p "$2"
    perl -e '
        my ($target, $dir) = @ARGV;
        my %width = (vector => 4, halfvec => 2, tinyvec => 1);
        for my $n (15999, 16000, 16001) {
            my ($type, $form) = split /_/, $target;
            my $bytes;
            if ($type eq "sparsevec") {
                $bytes = $form eq "in"
                    ? "{" . join(",", map { "$_:1" } 1 .. $n) . "}/20000"
                    : pack("N3N*", 20000, $n, 0, 0 .. $n - 1) . pack("N", 0x3f800000) x $n;
            } else {
                $bytes = $form eq "in" ? "[" . join(",", (1) x $n) . "]"
                    : pack("n2", $n, 0) . "\1" x ($n * $width{$type});
            }
            open my $file, ">:raw", "$dir/$n" or die "$dir/$n: $!";
            print $file $bytes;
            close $file or die "$dir/$n: $!";
        }' "$1" "$2"
}
