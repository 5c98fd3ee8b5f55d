#!/usr/bin/perl
# Turns the install script of one extension into one that takes over the objects of another.
#
# usage: adopt.pl FROM TO SCRIPT >TO--adopt.sql       (FROM, TO: quiver and vector, either way round)
#
# The result is run by CREATE EXTENSION TO VERSION 'adopt', where extension FROM is installed. What both have (types,
# functions, aggregates, operators, casts, btree and hash classes) keeps its OID, so that columns, views, functions and
# btree indexes that use it stay as they are: it changes owner, and each function is replaced by TO's. What only TO
# has is created; what only FROM has is dropped, unless something of the user's depends on it, which is an error. The
# access methods are of the latter kind: their indexes must be gone. All or nothing, in one transaction.
use strict;
use warnings;

my ($from, $to, $script) = @ARGV;
die "usage: $0 FROM TO SCRIPT\n" unless $script;
open my $in, '<', $script or die "$script: $!\n";
my $text = do { local $/; <$in> };
$text =~ s/^\\.*$//mg;

print <<"SQL";
\\echo Use "CREATE EXTENSION $to VERSION 'adopt'" to load this file; docs/from_pgvector.md says how. \\quit
-- Made by sql/moving/adopt.pl: $to takes over what belongs to $from.
SQL
my @statements = statements($text);
print prologue(grep { /^CREATE\s+FUNCTION\s+hnswhandler\b/i } @statements);
for my $statement (@statements) { print transformed($statement), "\n" }
print epilogue();

# The statements of a script, without comments; quotes and dollar quotes are whole.
sub statements
{
    my ($rest) = @_;
    my ($statement, @all) = ('');
    while (length $rest)
    {
        if ($rest =~ s/^(--[^\n]*)//) { }
        elsif ($rest =~ s{^/\*.*?\*/}{}s) { }
        elsif ($rest =~ s/^('(?:[^']|'')*')//s) { $statement .= $1 }
        elsif ($rest =~ s/^((\$\w*\$).*?\2)//s) { $statement .= $1 }
        elsif ($rest =~ s/^;//)
        {
            $statement =~ s/^\s+|\s+$//g;
            push @all, $statement if length $statement;
            $statement = '';
        }
        else { $rest =~ s/^(.[^-\/'\$;]*)//s; $statement .= $1 }
    }
    die "the last statement has no end\n" if $statement =~ /\S/;
    return @all;
}

# How to say that an object is wanted: the word for ALTER EXTENSION and an expression for its name, NULL where it is
# not there.
sub transformed
{
    my ($statement) = @_;
    my $name = qr/[\w.\@"]+/;
    if ($statement =~ /^CREATE\s+FUNCTION\s+($name)\s*\((.*?)\)\s*(?:RETURNS|LANGUAGE)/is)
    {
        my ($function, $arguments) = ($1, $2);
        my $claim = $arguments =~ /\b(?:DEFAULT|OUT)\b/i ? '' : claim('FUNCTION', "$function($arguments)");
        $statement =~ s/^CREATE/CREATE OR REPLACE/i;
        return "$claim$statement;";
    }
    if ($statement =~ /^CREATE\s+AGGREGATE\s+($name)\s*\((.*?)\)/is)
    {
        my $claim = claim('AGGREGATE', "$1($2)");
        $statement =~ s/^CREATE/CREATE OR REPLACE/i;
        return "$claim$statement;";
    }
    if ($statement =~ /^CREATE\s+TYPE\s+($name)/is)
    {
        my $type = $1;
        my $there = "EXISTS (SELECT FROM pg_catalog.pg_type WHERE typname = ${\ literal($type)}
        AND typnamespace = current_schema()::text::regnamespace" . ($statement =~ /\(/ ? ' AND typisdefined)' : ')');
        # A type that was there before is analysed as TO's are.
        my ($analyze) = $statement =~ /\bANALYZE\s*=\s*([\w.]+)/i;
        my $set = $statement =~ /^CREATE\s+TYPE\s+$name\s*\(/i ? sprintf("ALTER TYPE %s SET (ANALYZE = %s);\n", $type, $analyze // 'NONE') : '';
        return claim('TYPE', $type) . unless_there("NOT $there", $statement) . $set;
    }
    if ($statement =~ /^CREATE\s+OPERATOR\s+(?!CLASS|FAMILY)(\S+)\s*\(/is)
    {
        my $operator = $1;
        my %given;
        $given{ uc $1 } = $2 while $statement =~ /(\w+)\s*=\s*([^,()\s]+(?:\s+precision)?)/gi;
        my $both = sprintf '%s(%s,%s)', $operator, $given{LEFTARG} // 'NONE', $given{RIGHTARG};
        my $set = sprintf 'RESTRICT = %s, JOIN = %s', $given{RESTRICT} // 'NONE', $given{JOIN} // 'NONE';
        my $hashes = $statement =~ /\bHASHES\b/i ? 'true' : 'false';
        my $merges = $statement =~ /\bMERGES\b/i ? 'true' : 'false';
        (my $arguments = $both) =~ s/^\Q$operator\E//;
        return claim('OPERATOR', $both) . <<"SQL";
DO \$adopt\$
BEGIN
    IF to_regoperator(${\ literal($both)}) IS NULL OR NOT pg_temp.is_claimed('pg_operator', to_regoperator(${\ literal($both)})) THEN
        $statement;
    ELSE
        ALTER OPERATOR $operator $arguments SET ($set);
        UPDATE pg_catalog.pg_operator SET oprcanhash = $hashes, oprcanmerge = $merges
        WHERE oid = to_regoperator(${\ literal($both)});
    END IF;
END
\$adopt\$;
SQL
    }
    if ($statement =~ /^CREATE\s+CAST\s*\((.*?)\s+AS\s+(.*?)\)/is)
    {
        my $there = "EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = ${\ literal($1)}::regtype
        AND casttarget = ${\ literal($2)}::regtype)";
        return "SELECT pg_temp.claim_cast(${\ literal($1)}, ${\ literal($2)});\n" . unless_there("NOT $there", $statement);
    }
    if ($statement =~ /^CREATE\s+OPERATOR\s+CLASS\s+($name)\s.*?\bUSING\s+(btree|hash)\b/is)
    {
        my $there = "EXISTS (SELECT FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_am a ON a.oid = c.opcmethod
        WHERE c.opcname = ${\ literal($1)} AND a.amname = ${\ literal($2)} AND c.opcnamespace = current_schema()::text::regnamespace)";
        return "SELECT pg_temp.claim_class(${\ literal($1)}, ${\ literal($2)});\n" . unless_there("NOT $there", $statement);
    }
    # At the end, when what FROM had under these names is gone.
    if ($statement =~ /^(?:CREATE|ALTER|COMMENT\s+ON)\s+(?:ACCESS\s+METHOD|OPERATOR\s+(?:CLASS|FAMILY))\b/is)
    {
        push @main::later, "$statement;\n";
        return '';
    }
    return "$statement;";
}

sub literal { my ($value) = @_; $value =~ s/\s+/ /g; $value =~ s/'/''/g; return "'$value'" }
sub claim { my ($kind, $name) = @_; return "SELECT pg_temp.claim(${\ literal($kind)}, ${\ literal($name)});\n" }

sub unless_there
{
    my ($condition, $statement) = @_;
    return "DO \$adopt\$\nBEGIN\n    IF $condition THEN\n        $statement;\n    END IF;\nEND\n\$adopt\$;\n";
}

# Detach everything from FROM and drop the empty extension; the helpers that claim an object for TO. The access method's
# handler goes before all else, without a query: from 18 on the planner asks each access method that has an operator in its
# classes, quiver's has =, and a session cannot load quiver's library and then pgvector's.
sub prologue
{
    my ($handler) = @_;
    my $first = '';
    if ($from eq 'quiver' && $handler)
    {
        $handler =~ s/^CREATE/CREATE OR REPLACE/i;
        $first = <<"SQL";
DO \$adopt\$
BEGIN
    ALTER EXTENSION $from DROP FUNCTION hnswhandler(internal);
    ALTER EXTENSION $to ADD FUNCTION hnswhandler(internal);
    COMMENT ON FUNCTION hnswhandler(internal) IS NULL;
    $handler;
EXCEPTION WHEN undefined_object OR undefined_function THEN
    -- Not installed, or elsewhere: said next.
END
\$adopt\$;
SQL
    }
    return $first . <<"SQL";
DO \$adopt\$
DECLARE
    home name := (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                  WHERE e.extname = '$from');
BEGIN
    IF home IS NULL THEN
        RAISE EXCEPTION 'extension "$from" is not installed in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'CREATE EXTENSION $to installs it where $from is not.';
    ELSIF home <> current_schema() THEN
        RAISE EXCEPTION 'extension "$from" is in schema %, not in %', home, current_schema()
            USING ERRCODE = 'object_not_in_prerequisite_state', 
                HINT = format('Name that schema: CREATE EXTENSION $to SCHEMA %I VERSION ''adopt''.', home);
    END IF;
END
\$adopt\$;

CREATE TEMP TABLE adopt_member ON COMMIT DROP AS
SELECT d.classid, d.objid, i.type, i.identity, false AS claimed
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e',
    LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS i
WHERE e.extname = '$from';
ALTER EXTENSION $to DROP TABLE pg_temp.adopt_member;

DO \$adopt\$
DECLARE
    member record;
BEGIN
    FOR member IN SELECT * FROM pg_temp.adopt_member m ORDER BY m.classid = 'pg_catalog.pg_type'::regclass,
        EXISTS (SELECT FROM pg_catalog.pg_type t WHERE m.classid = 'pg_catalog.pg_type'::regclass AND t.typarray = m.objid) LOOP
        -- On newer servers row types go with their tables, and array types with their elements'.
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = member.classid AND d.objid = member.objid AND d.deptype = 'e');
        EXECUTE format('ALTER EXTENSION $from DROP %s %s', member.type, member.identity);
    END LOOP;
END
\$adopt\$;
DROP EXTENSION $from;

CREATE FUNCTION pg_temp.take(class regclass, object oid) RETURNS void LANGUAGE plpgsql AS \$take\$
DECLARE
    member record;
BEGIN
    UPDATE pg_temp.adopt_member SET claimed = true WHERE classid = class AND objid = object AND NOT claimed RETURNING * INTO member;
    IF FOUND THEN
        EXECUTE format('ALTER EXTENSION $to ADD %s %s', member.type, member.identity);
        EXECUTE format('COMMENT ON %s %s IS NULL', member.type, member.identity);
    END IF;
    -- An array type comes along with its element.
    UPDATE pg_temp.adopt_member m SET claimed = true FROM pg_catalog.pg_type t
    WHERE class = 'pg_catalog.pg_type'::regclass AND t.oid = object AND m.classid = class AND m.objid = t.typarray;
    -- A class brings the family made with it.
    FOR member IN SELECT f.* FROM pg_catalog.pg_opclass c JOIN pg_temp.adopt_member f
            ON f.classid = 'pg_catalog.pg_opfamily'::regclass AND f.objid = c.opcfamily AND NOT f.claimed
            WHERE class = 'pg_catalog.pg_opclass'::regclass AND c.oid = object LOOP
        PERFORM pg_temp.take('pg_catalog.pg_opfamily', member.objid);
    END LOOP;
END
\$take\$;
CREATE FUNCTION pg_temp.is_claimed(class text, object oid) RETURNS boolean LANGUAGE sql AS \$take\$
    SELECT EXISTS (SELECT FROM pg_temp.adopt_member WHERE classid = ('pg_catalog.' || class)::regclass AND objid = object AND claimed)
\$take\$;
CREATE FUNCTION pg_temp.claim(kind text, name text) RETURNS void LANGUAGE plpgsql AS \$take\$
BEGIN
    PERFORM CASE kind
        WHEN 'TYPE' THEN pg_temp.take('pg_catalog.pg_type', to_regtype(name))
        WHEN 'OPERATOR' THEN pg_temp.take('pg_catalog.pg_operator', to_regoperator(name))
        ELSE pg_temp.take('pg_catalog.pg_proc', to_regprocedure(name)) END;
EXCEPTION WHEN undefined_object OR wrong_object_type OR syntax_error THEN
    -- A type that is only a shell so far is new; so are functions with named arguments.
END
\$take\$;
CREATE FUNCTION pg_temp.claim_cast(source text, target text) RETURNS void LANGUAGE sql AS \$take\$
    SELECT pg_temp.take('pg_catalog.pg_cast', oid) FROM pg_catalog.pg_cast
    WHERE castsource = to_regtype(source) AND casttarget = to_regtype(target)
\$take\$;
CREATE FUNCTION pg_temp.claim_class(class text, method text) RETURNS void LANGUAGE sql AS \$take\$
    SELECT pg_temp.take('pg_catalog.pg_opclass', c.oid) FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_am a ON a.oid = c.opcmethod
    WHERE c.opcname = class AND a.amname = method AND c.opcnamespace = current_schema()::text::regnamespace
\$take\$;
DO \$adopt\$
DECLARE
    helper regprocedure;
BEGIN
    FOR helper IN SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace = pg_my_temp_schema() AND proname IN ('take', 'is_claimed', 'claim', 'claim_cast', 'claim_class') LOOP
        EXECUTE format('ALTER EXTENSION $to DROP FUNCTION %s', helper);
    END LOOP;
END
\$adopt\$;
SQL
}

# Drop what nobody claimed, if nothing of the user's hangs on it; then make what had to wait for that.
sub epilogue
{
    return <<"SQL" . join('', @main::later) . <<"END";
DO \$adopt\$
DECLARE
    users text;
    member record;
BEGIN
    -- What goes with them: row types, array types, constraints, rules, indexes of tables, parts of classes.
    WITH RECURSIVE going AS (
        SELECT classid, objid FROM pg_temp.adopt_member WHERE NOT claimed
        UNION
        SELECT d.classid, d.objid FROM going g JOIN pg_catalog.pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid
        WHERE d.deptype IN ('a', 'i')
    )
    SELECT string_agg(DISTINCT format('%s depends on %s', pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid),
        pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0)), E'\\n')
    INTO users
    FROM going g
    JOIN pg_catalog.pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid AND d.deptype = 'n'
    WHERE NOT EXISTS (SELECT FROM going o WHERE o.classid = d.classid AND o.objid = d.objid);
    IF users IS NOT NULL THEN
        RAISE EXCEPTION '$to has no counterpart for objects of $from that are in use'
            USING ERRCODE = 'dependent_objects_still_exist', DETAIL = users, HINT = 'Drop or change these first.';
    END IF;
    FOR member IN SELECT * FROM pg_temp.adopt_member WHERE NOT claimed
            ORDER BY CASE type WHEN 'schema' THEN 0 WHEN 'operator class' THEN 1 WHEN 'operator family' THEN 1
                WHEN 'access method' THEN 2 WHEN 'table' THEN 3 WHEN 'type' THEN 5 ELSE 4 END LOOP
        CONTINUE WHEN pg_catalog.pg_identify_object(member.classid, member.objid, 0) IS NULL
            OR (SELECT i.identity FROM pg_catalog.pg_identify_object(member.classid, member.objid, 0) i) IS NULL;
        -- Nothing but other unclaimed objects can go with it.
        EXECUTE format('DROP %s IF EXISTS %s CASCADE', member.type, member.identity);
    END LOOP;
END
\$adopt\$;
SQL
DROP TABLE pg_temp.adopt_member;
END
}
