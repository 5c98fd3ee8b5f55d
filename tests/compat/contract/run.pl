#!/usr/bin/perl
# Runs the cases of pgvector's public contract against the extension in the server at PGHOST.
#
# usage: run.pl EXTENSION [FILE...]
#
# EXTENSION is `quiver`, or `vector` to check the expectations themselves against pgvector. A case
# is a statement, ended by a line that ends in `;` outside $$, and below it what it must answer:
#
#   -- says what is proved; printed when the case fails
#   select ...;
#   = 1|NULL            one row (unaligned, `|` between columns), all of them in this order
#   + 1|NULL            one row that must be among the rows; the peer has exactly these, any order
#   ! 22000 message     the SQLSTATE and message of the error it must raise
#   ! DETAIL: text              and its detail or hint; one that is not named must not be there;
#                               a line break in an error is written \n
#
# A statement with nothing below it must succeed and answer no row. Each file has a database of its
# own, with setup.sql loaded.
use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);

my ($extension, @files) = @ARGV;
die "usage: $0 EXTENSION [FILE...]\n" unless $extension;
my $here = dirname(__FILE__);
@files = sort glob("$here/cases/*.cases") unless @files;
die "no case files in $here/cases\n" unless @files;

my $scratch = tempdir(CLEANUP => 1);
my ($passed, $failed) = (0, 0);
for my $file (@files)
{
    my @cases = read_cases($file);
    my @answers = run_cases($file, @cases);
    my $failed_before = $failed;
    for my $n (0 .. $#cases)
    {
        my $complaint = compare($cases[$n], $answers[$n]);
        if (defined $complaint)
        {
            $failed++;
            print "not ok - $file:$cases[$n]{line}: $cases[$n]{title}\n";
            print map { "    $_\n" } split /\n/, $complaint;
        }
        else { $passed++ }
    }
    printf "%s %-28s %d cases\n", $failed == $failed_before ? 'ok    ' : 'not ok', basename($file),
      scalar @cases;
}
print "contract: $passed passed, $failed failed\n";
exit($failed ? 1 : 0);

# The cases of a file: {line, title, sql, rows, subset, error}.
sub read_cases
{
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    my (@cases, @title, $case);
    while (my $text = <$in>)
    {
        chomp $text;
        if ($case && !$case->{complete})
        {
            $case->{sql} .= "\n$text";
        }
        elsif ($text =~ /^\s*$/) { undef $case; @title = (); next }
        elsif ($text =~ /^-- ?(.*)/) { @title = () if $case; undef $case; push @title, $1; next }
        elsif ($text =~ /^([=+!]) ?(.*)/)
        {
            die "$file:$.: an answer without a statement\n" unless $case;
            push @{ $case->{ { '=' => 'rows', '+' => 'rows', '!' => 'error' }->{$1} } }, $2;
            $case->{subset} = 1 if $1 eq '+';
            next;
        }
        else
        {
            $case = { line => $., sql => $text, rows => [], error => [] };
            $case->{title} = @title ? join(' ', @title) : $text;
            @title = ();
            push @cases, $case;
        }
        my $quotes = () = $case->{sql} =~ /\$\$/g;
        $case->{complete} = 1 if $text =~ /;\s*$/ && $quotes % 2 == 0;
    }
    die "$file: the last statement has no end\n" if $case && !$case->{complete};
    return @cases;
}

# What psql answers to each case: {rows, error}.
sub run_cases
{
    my ($file, @cases) = @_;
    my $mark = '@@@ case';
    (my $database = 'contract_' . basename($file, '.cases')) =~ s/\W/_/g;
    psql('postgres', "drop database if exists $database;\ncreate database $database;\n");
    my $script = "\\set ON_ERROR_STOP on\ncreate extension $extension;\n\\i $here/setup.sql\n";
    $script .= "\\set ON_ERROR_STOP off\n\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n";
    $script .= "\\echo $mark $_\n$cases[$_]{sql}\n" for 0 .. $#cases;
    my @answers;
    for my $text (psql($database, $script))
    {
        if ($text =~ /^\Q$mark\E (\d+)$/)
        {
            die "$file: answers out of step at case $1\n" unless $1 == @answers;
            push @answers, { rows => [], error => [], in => 'rows' };
            next;
        }
        die "$file: could not be set up: $text\n" unless @answers;
        my $answer = $answers[-1];
        if ($text =~ /^(?:psql:\S+ )?ERROR:  (\w{5}): (.*)/)
        {
            @$answer{qw(error in)} = (["$1 $2"], 'error');
        }
        elsif ($answer->{in} ne 'rows' && $text =~ /^(DETAIL|HINT):  (.*)/)
        {
            push @{ $answer->{error} }, "$1: $2";
            $answer->{in} = 'error';
        }
        elsif ($answer->{in} ne 'rows' && $text =~ /^(LOCATION|LINE \d+|CONTEXT|QUERY|[A-Z]+ NAME):/)
        {
            $answer->{in} = 'noise';
        }
        elsif ($answer->{in} eq 'error') { $answer->{error}[-1] .= "\\n$text" }
        elsif ($answer->{in} eq 'rows') { push @{ $answer->{rows} }, $text }
    }
    die "$file: the server answered ${\ scalar @answers} of ${\ scalar @cases} cases\n"
      unless @answers == @cases;
    return @answers;
}

# Feed a script to psql and return what it prints, errors in their place.
sub psql
{
    my ($database, $script) = @_;
    my $feed = "$scratch/feed.sql";
    open my $out, '>:encoding(UTF-8)', $feed or die "$feed: $!\n";
    print $out $script;
    close $out or die "$feed: $!\n";
    open my $in, '-|:encoding(UTF-8)', "psql -XqAt -P null=NULL -v extension=$extension "
      . "-d $database <'$feed' 2>&1" or die "psql: $!\n";
    chomp(my @answer = <$in>);
    close $in;
    die "psql failed on $database: @answer\n" if $?;
    return @answer;
}

# What is wrong with an answer, or nothing.
sub compare
{
    my ($case, $answer) = @_;
    my ($wanted, $got) = ($case->{rows}, $answer->{rows});
    if ($case->{subset})
    {
        my %have = map { $_ => 1 } @$got;
        my %named = map { $_ => 1 } @$wanted;
        my @missing = grep { !$have{$_} } @$wanted;
        my @extra = $extension eq 'vector' ? grep { !$named{$_} } @$got : ();
        return join "\n", $case->{sql}, (map { "missing: $_" } @missing, @{ $answer->{error} }),
          (map { "not in the list: $_" } @extra)
          if @missing || @extra || @{ $answer->{error} };
        return;
    }
    my $expected = join "\n", @$wanted, map { "! $_" } @{ $case->{error} };
    my $answered = join "\n", @$got, map { "! $_" } @{ $answer->{error} };
    return if $expected eq $answered;
    return "$case->{sql}\nexpected: $expected\nanswered: $answered";
}
