# The main classes, with what must be recorded written by hand: statement, then class, verb, object, outcome of each event
# (of DDL and roles, of the objects; the command itself is another event).
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
new_cluster classes shared_preload_libraries=quiver quiver.audit=all,-login
q 'CREATE TABLE a (id int PRIMARY KEY, v text)' 'CREATE TABLE b (id int, v text)' "INSERT INTO b VALUES (1, 'x'), (2, 'y')" \
    'CREATE ROLE clerk' 'GRANT SELECT ON b TO clerk' 'CREATE VIEW seen AS SELECT id FROM a' \
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'" >/dev/null
cat >"$scratch/classes.table" <<'EXPECTED'
SELECT 1;                                                       read committed
SELECT * FROM b;                                                read SELECT public.b committed
SELECT a.id FROM a JOIN b USING (id);                           read SELECT public.a committed; read SELECT public.b committed
SELECT * FROM b FOR UPDATE;                                     read LOCK ROWS public.b committed; read SELECT public.b committed
INSERT INTO a VALUES (1, 'one');                                write INSERT public.a committed
INSERT INTO a SELECT * FROM b WHERE id = 2;                     read SELECT public.b committed; write INSERT public.a committed
UPDATE a SET v = 'uno' WHERE id = 1;                            read SELECT public.a committed; write UPDATE public.a committed
UPDATE a SET v = 'all';                                         write UPDATE public.a committed
DELETE FROM a WHERE id = 1;                                     read SELECT public.a committed; write DELETE public.a committed
DELETE FROM a;                                                  write DELETE public.a committed
TRUNCATE a;                                                     write TRUNCATE public.a committed
COPY b TO '/dev/null';                                          read COPY TO public.b committed
CREATE TABLE c (id int);                                        ddl CREATE public.c committed
ALTER TABLE c ADD v int;                                        ddl ALTER public.c committed; ddl CREATE public.c.v committed
DROP TABLE c;                                                   ddl DROP public.c committed
GRANT SELECT ON a TO clerk;                                     role ALTER public.a committed; role clerk committed
ALTER ROLE clerk NOLOGIN;                                       role ALTER clerk committed
INSERT INTO a VALUES (1, 'x'), (1, 'y');                        write INSERT public.a failed 23505
TABLE c;                                                        failed failed 42P01
SELECT FROM b WHERE id = id / 0 AND v = 'x';                    read SELECT public.b failed 22012
BEGIN; DELETE FROM b; ROLLBACK;                                 write DELETE public.b rolled back
SET ROLE clerk; DELETE FROM b; RESET ROLE;                      write DELETE public.b denied 42501
EXPECTED
awk -F '  +' '{ printf "SET quiver.audit_context = \047%d\047;\n%s\n", NR, $1 }' "$scratch/classes.table" >"$scratch/classes.sql"
psql -XqAt -f "$scratch/classes.sql" >/dev/null 2>&1 || :
ask "SELECT context || ' ' || string_agg(line, '; ' ORDER BY line) FROM (
         SELECT DISTINCT context::int AS context, concat_ws(' ', class, verb, object_name, outcome, nullif(sqlstate, '')) AS line
         FROM quiver.audit_events() WHERE context IS NOT NULL AND class NOT IN ('misc', 'misc_set', 'policy', 'function')
             AND NOT (class IN ('ddl', 'role') AND object_name IS NULL)) e
     GROUP BY context ORDER BY context" >"$scratch/classes.actual"
number=0
while IFS= read -r line; do
    number=$((number + 1))
    check "class: ${line%%;  *}" "$(sed -E 's/^.*;  +//' <<<"$line")" "$(sed -n "s/^$number //p" "$scratch/classes.actual")"
done <"$scratch/classes.table"
stop
