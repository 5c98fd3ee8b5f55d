#!/bin/sh
# Layers: an include may point down or sideways within its folder, never up (docs/architecture.md).
# usage: sh tests/build/layers.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"

find extension -name '*.cpp' -o -name '*.hpp' -o -name '*.inl' -o -name '*.h' | sort | xargs perl -e '
use strict; use warnings;

# What each folder may include besides itself.
my @low = qw(types pg kernels);
my %below = (kernels => [], pg => [], types => [qw(pg kernels)], storage => [@low],
             exact => [@low],
             map { $_ => ["storage", @low] } qw(hnsw ivf bm25 features audit history retrieval));
# Standard headers, SIMDe, and what asks the processor: all that kernels/ may see.
my $outside_kernels = qr{^(?:[a-z_]+|simde/.*\.h|immintrin\.h|arm_neon\.h|cpuid\.h|sys/auxv\.h|asm/hwcap\.h)$};

my $bad = 0;
sub refuse { print "$_[0]\n"; $bad = 1 }

for my $file (@ARGV) {
    my ($layer) = $file =~ m{^extension/([^/]+)/};
    $layer //= "";    # module.cpp wires everything
    refuse "$file: folder \"$layer\" is no layer" if $layer ne "" && !$below{$layer};
    open my $in, "<", $file or die "$file: $!";
    my $first = 1;
    while (<$in>) {
        next unless /^\s*#\s*include\s*([<"])([^>"]+)[>"]/;
        my ($quote, $name) = ($1, $2);
        my $where = "$file:$.";
        if ($first && $file =~ /\.cpp$/ && $layer ne "kernels" && ($quote eq "<" || $name =~ m{^kernels/})) {
            refuse "$where: begins with $name; the first include is pg/ or a header of its own folder";
        }
        $first = 0;
        my ($folder) = $name =~ m{^([^/]+)/};
        if ($quote eq "<") {
            refuse "$where: kernels/ includes <$name>" if $layer eq "kernels" && $name !~ $outside_kernels;
        } elsif (-e "extension/$name") {
            next if $layer eq "" || $folder eq $layer || grep { $_ eq $folder } @{ $below{$layer} // [] };
            refuse "$where: $layer/ includes $name, which lies above or beside it";
        } elsif ($layer ne "pg") {
            refuse "$where: includes $name; PostgreSQL is reached through extension/pg only";
        }
    }
}
exit $bad;
'
