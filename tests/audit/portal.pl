# Speaks the wire protocol as drivers with a fetch size do: portals that are suspended, interleaved and dropped.
# usage: portal.pl SOCKET STATEMENT STATEMENT    (prints the types of the server's messages)
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $first, $second) = @ARGV;
my $server = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
$server->autoflush(1);
sub message { my ($type, $body) = @_; $type . pack('N', length($body) + 4) . $body }
sub receive {
    my $types = '';
    while (1) {
        read($server, my $head, 5) == 5 or last;
        my ($type, $length) = unpack 'aN', $head;
        read($server, my $body, $length - 4) if $length > 4;
        $types .= $type unless $type =~ /[SKNRT]/;
        return $types if $type eq $_[0];
    }
    return $types;
}
my $startup = pack('N', 196608) . "user\0postgres\0database\0postgres\0application_name\0portals\0\0";
print $server pack('N', length($startup) + 4) . $startup;
receive('Z');

# Two portals in one transaction, each fetched a row at a time in turns.
print $server message('Q', "BEGIN\0");
print receive('Z'), "\n";
for my $portal ([ a => $first ], [ b => $second ]) {
    my ($name, $statement) = @$portal;
    print $server message('P', "s$name\0$statement\0" . pack('n', 0))
        . message('B', "$name\0s$name\0" . pack('nnn', 0, 0, 0));
}
for my $name (qw(a b a b)) { print $server message('E', "$name\0" . pack('N', 1)) }
# One is closed in the middle, the other is left to the end of the transaction.
print $server message('C', "Pa\0") . message('S', '');
print receive('Z'), "\n";
print $server message('Q', "COMMIT\0");
print receive('Z'), "\n";
# A pipeline in one implicit transaction; SHOW and FETCH go through portals too.
for my $statement ('SHOW work_mem', $first, 'SELECT 1', $second) {
    print $server message('P', "\0$statement\0" . pack('n', 0)) . message('B', "\0\0" . pack('nnn', 0, 0, 0))
        . message('E', "\0" . pack('N', 2));
}
print $server message('S', '');
print receive('Z'), "\n";
print $server message('X', '');
