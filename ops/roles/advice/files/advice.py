#!/usr/bin/python3
"""Which indexes the slow statements want, and what they would gain: measured by the planner with indexes that exist only for it (HypoPG).

usage: advice.py GIVEN    GIVEN is JSON: host, port, user (of a superuser), database (with pg_stat_statements), statements (how many), least_gain

For each of the statements that cost most time, its plan is made as it is, and again with each index that its conditions, orders and joins suggest;
no statement is run and nothing is kept. Statements are planned for parameters that are not known, as pg_stat_statements keeps them. Nearest-neighbour
orders without an index are named too, without a figure: HypoPG knows no access method for them. Prints JSON: advice, unused, page.
"""
import json
import re
import sys

import psycopg2

NAME = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
COLUMN = re.compile(r"\(*(?:(%s)\.)?(%s)\)?(?:::[a-z_ ]+(?:\[\])?)?\)? (=|<|>|<=|>=|IS NULL)(?: |\)|$)" % (NAME, NAME))
NEAREST = re.compile(r"\(*(?:%s\.)?(%s)\)? <(->|=>|#>|\+>) " % (NAME, NAME))
OPERATORS = {"->": "vector_l2_ops", "=>": "vector_cosine_ops", "#>": "vector_ip_ops", "+>": "vector_l1_ops"}


class Refused(Exception):
    pass


def plan(connection, statement, parameters):
    """The plan for parameters that are not known: of EXECUTE with the generic plan, which servers before 16 have too."""
    # A typed constant is kept as "interval $1", which is no SQL.
    statement = re.sub(r"\b(interval|timestamptz|timestamp|date|time)\s+(\$\d+)", r"\2::\1", statement, flags=re.I)
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT planning")
        try:
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            cursor.execute("PREPARE quiver_advice AS " + statement)
            nulls = "(%s)" % ", ".join(["NULL"] * parameters) if parameters else ""
            cursor.execute("EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE quiver_advice" + nulls)
            return cursor.fetchone()[0][0]["Plan"]
        except psycopg2.Error as error:
            raise Refused(str(error).split("\n")[0])
        finally:
            cursor.execute("ROLLBACK TO planning")
            cursor.execute("DEALLOCATE ALL")


def nodes(node):
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


def wishes(root):
    """Columns that an index could serve: (schema, table, columns), of scans that read past what they need, of sorts and of joins."""
    found, nearest, alias = [], [], {}
    for node in nodes(root):
        if "Relation Name" in node:
            alias[node["Alias"]] = (node["Schema"], node["Relation Name"])

    def add(table, columns):
        columns = tuple(dict.fromkeys(columns))
        if columns and (table, columns) not in found:
            found.append((table, columns))

    for node in nodes(root):
        table = alias.get(node.get("Alias"))
        if table and "Filter" in node:
            equal, other = [], []
            for _, column, operator in COLUMN.findall(node["Filter"]):
                (equal if operator in ("=", "IS NULL") else other).append(column)
            add(table, equal + other[:1])
            for column in equal + other:
                add(table, [column])
        for condition in ("Hash Cond", "Merge Cond", "Join Filter"):
            for name, column in re.findall(r"(%s)\.(%s)" % (NAME, NAME), node.get(condition, "")):
                if name.strip('"') in alias:
                    add(alias[name.strip('"')], [column])
        if node["Node Type"] in ("Sort", "Incremental Sort"):
            scans = [below for below in nodes(node) if "Relation Name" in below]
            if len(scans) == 1:
                table = alias[scans[0]["Alias"]]
                keys = [re.sub(r"^(?:%s)\.(?=%s)" % (NAME, NAME), "", key) for key in node["Sort Key"]]
                equal = [column for _, column, operator in COLUMN.findall(scans[0].get("Filter", "")) if operator == "="]
                if all(re.match(r"^%s( DESC| NULLS FIRST| NULLS LAST)*$" % NAME, key) for key in keys):
                    add(table, equal + keys)
                    add(table, keys)
                elif scans[0]["Node Type"] == "Seq Scan":
                    nearest += [(table, column, operator) for column, operator in NEAREST.findall(node["Sort Key"][0])]
    return found, nearest


def quoted(cursor, schema, table):
    cursor.execute("SELECT format('%%I.%%I', %s::text, %s::text)", (schema, table))
    return cursor.fetchone()[0]


def study(connection, entry, given):
    """Advice for one statement: the best index for it, with the cost before and after."""
    statement = entry["query"]
    parameters = max([int(number) for number in re.findall(r"\$(\d+)", statement)] or [0])
    before = plan(connection, statement, parameters)
    found, nearest = wishes(before)
    best = None
    with connection.cursor() as cursor:
        for (schema, table), columns in found:
            ddl = "CREATE INDEX ON %s (%s)" % (quoted(cursor, schema, table), ", ".join(columns))
            cursor.execute("SAVEPOINT wish")
            try:
                cursor.execute("SELECT indexrelid FROM hypopg_create_index(%s)", (ddl,))
                made = cursor.fetchone()[0]
                after = plan(connection, statement, parameters)
                cursor.execute("SELECT hypopg_relation_size(%s::oid)", (made,))
                size = cursor.fetchone()[0]
            except (psycopg2.Error, Refused):
                cursor.execute("ROLLBACK TO wish")
                continue
            finally:
                cursor.execute("SELECT hypopg_reset()")
            # Of two that gain the same the smaller one: fewer columns.
            if after["Total Cost"] < (best["cost_after"] if best else before["Total Cost"]) * 0.99:
                best = {"ddl": ddl.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1), "cost_before": before["Total Cost"],
                        "cost_after": after["Total Cost"], "size_bytes": int(size)}
        for (schema, table), column, operator in nearest:
            yield {"ddl": "CREATE INDEX CONCURRENTLY ON %s USING hnsw (%s %s)" % (quoted(cursor, schema, table), column, OPERATORS[operator]),
                   "cost_before": before["Total Cost"], "cost_after": None, "size_bytes": None, "gain": None}
    if best and 1 - best["cost_after"] / best["cost_before"] >= given["least_gain"]:
        best["gain"] = 1 - best["cost_after"] / best["cost_before"]
        yield best


def connect(given, database):
    return psycopg2.connect(host=given["host"], port=given["port"], user=given["user"], dbname=database, connect_timeout=10,
                            options="-c statement_timeout=60s -c lock_timeout=2s -c default_transaction_read_only=on")


def unused_indexes(connection, database):
    """Valid indexes that enforce nothing and that no scan has used since statistics began."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT format('%I.%I', s.schemaname, s.indexrelname), pg_relation_size(s.indexrelid)
            FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
            WHERE s.idx_scan = 0 AND i.indisvalid AND NOT i.indisunique AND NOT i.indisexclusion AND NOT i.indisreplident
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indrelid AND d.deptype = 'e')
            ORDER BY 2 DESC, 1""")
        return [{"database": database, "index": index, "size_bytes": size} for index, size in cursor.fetchall()]


def page(result):
    lines = ["# Indexes that the slow statements want", "", "Ranked by time that they would save, of what pg_stat_statements has counted. Costs are the planner's.", "",
             "| database | statement | calls | time, s | cost before | after | saves, s | index |", "|---|---|---|---|---|---|---|---|"]
    for one in result["advice"]:
        after = "not known before it is built" if one["cost_after"] is None else "%.1f" % one["cost_after"]
        lines.append("| %s | `%s` | %d | %.1f | %.1f | %s | %s | `%s` |" % (
            one["database"], re.sub(r"\s+", " ", one["query"])[:120].replace("|", "\\|"), one["calls"], one["seconds"], one["cost_before"], after,
            "" if one["saves_seconds"] is None else "%.1f" % one["saves_seconds"], one["ddl"]))
    lines += ["", "# Indexes that nothing has used", "", "Since statistics were reset, on this server; look at the standbys' too.", "", "| database | index | bytes |", "|---|---|---|"]
    lines += ["| %(database)s | %(index)s | %(size_bytes)d |" % one for one in result["unused"]]
    return "\n".join(lines + [""])


def main():
    given = json.loads(sys.argv[1])
    # Ansible hands numbers over as text.
    given.update(statements=int(given["statements"]), least_gain=float(given["least_gain"]))
    first = connect(given, given["database"])
    with first.cursor() as cursor:
        cursor.execute("""SELECT d.datname, s.query, s.calls, s.total_exec_time / 1000 FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
            WHERE s.query ~* '^\\s*(select|with|update|delete|insert)\\M' AND d.datname <> %s AND s.toplevel
            ORDER BY s.total_exec_time DESC LIMIT %s""", (given["database"], given["statements"]))
        statements = [dict(zip(("database", "query", "calls", "seconds"), row)) for row in cursor.fetchall()]
        cursor.execute("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> %s ORDER BY 1", (given["database"],))
        databases = [name for (name,) in cursor.fetchall()]
    advice, unused, skipped = [], [], []
    for database in databases:
        connection = connect(given, database)
        unused += unused_indexes(connection, database)
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'hypopg'")
            if not cursor.fetchone()[0]:
                skipped.append("%s: no extension hypopg" % database)
                continue
        for entry in statements:
            if entry["database"] != database:
                continue
            try:
                for one in study(connection, entry, given):
                    saves = None if one["gain"] is None else one["gain"] * entry["seconds"]
                    advice.append(dict(entry, saves_seconds=saves, **one))
            except Refused as why:
                skipped.append("%s: %s" % (re.sub(r"\s+", " ", entry["query"])[:80], why))
            connection.rollback()
        connection.close()
    advice.sort(key=lambda one: -(one["seconds"] if one["saves_seconds"] is None else one["saves_seconds"]))
    result = {"advice": advice, "unused": unused, "skipped": skipped}
    result["page"] = page(result)
    print(json.dumps(result))


main()
