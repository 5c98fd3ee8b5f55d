# Row history under concurrent writers is of whole transactions, and outlives dump and restore, with columns
# found by name. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch

sql postgres -c 'CREATE DATABASE history'
sql history -c 'CREATE EXTENSION quiver' -c 'CREATE TABLE account (gone int, id int PRIMARY KEY, balance bigint, note text)' \
    -c 'ALTER TABLE account DROP COLUMN gone' -c "INSERT INTO account SELECT i, 1000, 'n' || i FROM generate_series(1, 20) i" \
    -c "SELECT quiver.history_enable('account', hash => '{note}')" >/dev/null
cat >"$scratch/transfer.sql" <<'SQL'
\set a random(1, 19)
\set b random(:a + 1, 20)
\set n random(1, 50)
BEGIN;
UPDATE account SET balance = balance - :n WHERE id = :a;
UPDATE account SET balance = balance + :n WHERE id = :b;
COMMIT;
SQL
began=$(sql history -c 'SELECT clock_timestamp()')
check 'eight sessions transfer between accounts that have history' 0 \
    "$(pgbench -n -c 8 -j 2 -t 100 -f "$scratch/transfer.sql" history >"$scratch/transfer.log" 2>&1; echo $?)"
check 'each transaction has its row' '800 800' \
    "$(sql history -c "SELECT count(*), count(DISTINCT number) FROM quiver_history.transactions" | tr '|' ' ')"
# A transaction counts whole or not at all: money is neither made nor lost at any moment.
check 'at 40 moments among them the sum is what it was' '40 20000 20000' "$(sql history -c "
    SELECT count(*), min(total), max(total) FROM (
        SELECT (SELECT sum(balance) FROM quiver.history_at(NULL::account, m.committed_at)) AS total
        FROM (SELECT committed_at FROM quiver_history.transactions WHERE number % 19 = 0 OR number % 23 = 0 ORDER BY number) m
        LIMIT 40) t" | tr '|' ' ')"
check 'and at first each account had what it was given' '20 1000 1000' "$(sql history -c "
    SELECT count(*), min(balance), max(balance) FROM quiver.history_at(NULL::account, '$began')" | tr '|' ' ')"

sql history -c 'ALTER TABLE account RENAME balance TO money' -c 'UPDATE account SET money = money + 1 WHERE id = 1' >/dev/null
for format in plain custom; do
    sql postgres -c "CREATE DATABASE history_$format"
    if [ "$format" = plain ]; then
        pg_dump history >"$scratch/history" && sql "history_$format" -f "$scratch/history" >"$scratch/history.log"
        status=$?
    else
        pg_dump -Fc -f "$scratch/history.custom" history && pg_restore --exit-on-error -d "history_$format" "$scratch/history.custom"
        status=$?
    fi
    check "a dump with history restores ($format)" 0 "$status"
    state="SELECT count(*), sum(cardinality(columns)), max(number) FROM quiver.history_changes('account')"
    check 'with the changes, to which loading has added none' "$(sql history -c "$state")" "$(sql "history_$format" -c "$state")"
    check 'the triggers are there, always on' t \
        "$(sql "history_$format" -c "SELECT is_complete FROM quiver.history_status()")"
    sql "history_$format" -c 'UPDATE account SET money = money - 1 WHERE id = 1' >/dev/null
    check 'earlier values are under their column, whose number was another' '1000 20' "$(sql "history_$format" -c "
        SELECT min(money), count(*) FROM quiver.history_at(NULL::account, '$began')" | tr '|' ' ')"
    check 'a change and its taking back have the same hashes and the next numbers' '2 t' "$(sql "history_$format" -c "
        SELECT count(*), bool_and(columns = '{3}') FROM (SELECT columns FROM quiver.history_changes('account', key => '{1}')
        WHERE op = 'U' ORDER BY number DESC LIMIT 2) c" | tr '|' ' ')"
done
