# Changes the audit log in the current directory as an attacker would: attack.pl KIND [SESSION [NUMBER]]
use strict;
use warnings;
use Digest::SHA qw(sha256);

my ($kind, $session, $number) = @ARGV;
die "usage: attack.pl KIND [SESSION [NUMBER]]\n" unless $kind;
my $segment = '0000000000000001.qas';
my $notes = '0000000000000001.notes';
sub slurp { open my $in, '<:raw', $_[0] or die "$_[0]: $!"; local $/; <$in> }
sub spew { open my $out, '>:raw', $_[0] or die "$_[0]: $!"; print $out $_[1]; close $out }

my $bytes = slurp($segment);
my $head = substr($bytes, 0, 4096);
my @records;
for (my $at = 4096; $at < length $bytes;) {
    my $length = unpack 'V', substr($bytes, $at, 4);
    push @records, substr($bytes, $at, $length);
    $at += $length;
}
sub shard { unpack 'v', substr($_[0], 6, 2) }
sub sequence { unpack 'Q<', substr($_[0], 8, 8) }

# The leaf and the chain as docs/audit_format.md has them, written down a second time.
sub leaf {
    my $record = shift;
    my ($payload_bytes) = unpack 'V', substr($record, 40, 4);
    my $commitment = sha256(substr($record, 48, 16) . substr($record, 96, $payload_bytes));
    sha256("\0" . substr($record, 16, 8) . substr($record, 24, 8) . substr($record, 32, 8) . substr($record, 40, 8) . $commitment);
}
sub relink {
    my %previous;
    my %next;
    for my $shard (0 .. 15) {
        $previous{$shard} = substr($head, 192 + 32 * $shard, 32);
        $next{$shard} = unpack 'Q<', substr($head, 64 + 8 * $shard, 8);
    }
    for my $record (@records) {
        my $shard = shard($record);
        substr($record, 8, 8) = pack 'Q<', $next{$shard}++;
        $previous{$shard} = sha256("\2" . $previous{$shard} . substr($record, 6, 2) . substr($record, 8, 8) . leaf($record));
        substr($record, 64, 32) = $previous{$shard};
    }
}

my $middle = int(@records / 2);
my @sealed = split /(?<=\n\n)(?=quiver)/, slurp($notes);
if ($kind eq 'edit') {
    my $at = index($records[$middle], 'INSERT');
    $at = 100 if $at < 0;
    substr($records[$middle], $at, 1) ^= "\1";
} elsif ($kind eq 'delete') { splice @records, $middle, 1 }
elsif ($kind eq 'insert') { splice @records, $middle, 0, $records[ $middle - 1 ] }
elsif ($kind eq 'swap') {
    my ($other) = grep { shard($records[$_]) == shard($records[$middle]) } $middle + 1 .. $#records;
    @records[ $middle, $other ] = @records[ $other, $middle ];
} elsif ($kind eq 'rewrite') {
    splice @records, $middle, 1;
    relink();
} elsif ($kind eq 'cut') { splice @records, $middle }
elsif ($kind eq 'cut_both') {
    my $kept = 0;
    $kept++ while $kept < @sealed && (split /\n/, $sealed[$kept])[1] <= $middle;
    splice @records, (split /\n/, $sealed[ $kept - 1 ])[1];
    spew($notes, join '', @sealed[ 0 .. $kept - 1 ]);
} elsif ($kind eq 'head') { substr($head, 0, 1) = 'X' }
elsif ($kind eq 'note') { spew($notes, join '', @sealed[ 0 .. 1 ], @sealed[ 3 .. $#sealed ]) }
elsif ($kind eq 'sign') {
    $sealed[2] =~ s{(\n\x{e2}\x{80}\x{94} \S+ .{20})(.)}{$1 . ($2 eq 'A' ? 'B' : 'A')}e or die 'no signature';
    spew($notes, join '', @sealed);
} elsif ($kind eq 'clock') {
    substr($records[$middle], 16, 8) = pack 'q<', unpack('q<', substr($records[$middle], 16, 8)) - 3_600_000_000;
    relink();
} elsif ($kind eq 'erased') {
    my ($victim) = grep { !(ord(substr($records[$_], 4, 1)) & 1) } $middle .. $#records;
    my ($payload_bytes) = unpack 'V', substr($records[$victim], 40, 4);
    my $commitment = sha256(substr($records[$victim], 48, 16) . substr($records[$victim], 96, $payload_bytes));
    substr($records[$victim], 4, 1) |= "\1";
    substr($records[$victim], 48, 16) = "\0" x 16;
    substr($records[$victim], 96) = $commitment . "\0" x (length($records[$victim]) - 96 - 32);
} elsif ($kind =~ /^sealed/) {
    # Parameters that are sealed: tag 14, two bytes of length, then version 1, zeros, and 48 bytes before the ciphertext.
    my ($record) = grep { $records[$_] =~ /\x0e..\x01\x00{7}/s } 0 .. $#records;
    die 'nothing is sealed' unless defined $record;
    $records[$record] =~ /\x0e..\x01\x00{7}.{48}/s;
    substr($records[$record], $+[0], 1) ^= "\1" if $kind ne 'sealed_moved';
    substr($records[$record], 24, 8) = pack 'Q<', 1 + unpack 'Q<', substr($records[$record], 24, 8) if $kind eq 'sealed_moved';
    relink() if $kind ne 'sealed';
    spew($notes, '') if $kind =~ /_unsealed$|_moved$/;
} elsif ($kind =~ /^(lose|origin_own|origin_none|origin_next)$/) {
    # One of the session's records is gone, by its number from 1; or the first says something else of where it comes from: tag 15, a
    # log's identifier, a number, a place in WAL. Nothing is left that was sealed.
    my $id = pack 'VV', map { hex } reverse split /\./, $session;
    my @mine = grep { substr($records[$_], 24, 8) eq $id } 0 .. $#records;
    if ($kind eq 'lose') { splice @records, $mine[ $number - 1 ], 1 }
    else {
        my $first = \$records[ $mine[0] ];
        die 'no origin' unless substr($$first, 100, 3) eq "\x0f\x20\0";
        substr($$first, 103, 16) = substr($head, 24, 16) if $kind eq 'origin_own';
        substr($$first, 100, 1) = "\xff" if $kind eq 'origin_none';
        substr($$first, 119, 8) = pack 'Q<', 1 + unpack 'Q<', substr($$first, 119, 8) if $kind eq 'origin_next';
    }
    relink();
    spew($notes, '');
} else { die "no such attack: $kind\n" }
spew($segment, $head . join '', @records);
