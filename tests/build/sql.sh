#!/bin/sh
# SQL style: what an install module creates says its volatility, strictness and parallel safety, and
# replaces nothing; PL functions pin their search_path; no tabs, no line over 120 columns but the text of a comment.
# usage: sh tests/build/sql.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
find sql/modules -name '*.sql' | sort | xargs perl -e '
use strict; use warnings;
my $bad = 0;
sub refuse { print "$_[0]\n"; $bad = 1 }
for my $file (@ARGV) {
    open my $in, "<", $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    my $number = 0;
    for (split /\n/, $text) {
        $number++;
        refuse "$file:$number: tab" if /\t/;
        refuse "$file:$number: trailing space" if / $/;
        refuse "$file:$number: over 120 columns" if length > 120 && !/^ +\x27.*\x27;$/;
    }
    refuse "$file: CREATE OR REPLACE lets others own what an install script makes" if $text =~ /\bOR\s+REPLACE\b/i;
    refuse "$file: IF NOT EXISTS keeps what others made" if $text =~ /\bCREATE\b[^;]*\bIF\s+NOT\s+EXISTS\b/i;
    $text =~ s/--[^\n]*//g;
    # Bodies may hold semicolons.
    $text =~ s/(\$\w*\$)(.*?)\1/\x27body\x27/gs;
    while ($text =~ /CREATE\s+FUNCTION\s+([\w.]+)(.*?);/gs) {
        my ($name, $rest) = ($1, $2);
        refuse "$file: $name: no IMMUTABLE, STABLE or VOLATILE" unless $rest =~ /\b(IMMUTABLE|STABLE|VOLATILE)\b/;
        refuse "$file: $name: neither STRICT nor CALLED ON NULL INPUT" unless $rest =~ /\b(STRICT|CALLED\s+ON\s+NULL\s+INPUT)\b/;
        refuse "$file: $name: no PARALLEL" unless $rest =~ /\bPARALLEL\s+(SAFE|RESTRICTED|UNSAFE)\b/;
        refuse "$file: $name: no SET search_path = pg_catalog, pg_temp"
            if $rest =~ /\bLANGUAGE\s+(plpgsql)\b/i && $rest !~ /SET\s+search_path\s*(=|TO)\s*pg_catalog,\s*pg_temp/;
        refuse "$file: $name: SECURITY DEFINER without search_path"
            if $rest =~ /SECURITY\s+DEFINER/ && $rest !~ /SET\s+search_path/;
    }
    while ($text =~ /CREATE\s+AGGREGATE\s+([\w.]+)(.*?);/gs) {
        refuse "$file: aggregate $1: no PARALLEL" unless $2 =~ /\bPARALLEL\s*=\s*(SAFE|RESTRICTED|UNSAFE)\b/;
    }
}
exit $bad;
'
