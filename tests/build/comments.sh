#!/usr/bin/env bash
# Every object of the extension says what it is: COMMENT ON each function, type, operator, class.
# usage: tests/build/comments.sh [STATEMENT...]    (statements run before the question is asked)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/build/comments.sh" "$@"
fi

# Array types and row types have no comment of their own; a family made with its class neither.
{
    echo 'CREATE EXTENSION quiver;'
    printf '%s;\n' "$@"
    cat <<'SQL'
SELECT 'no comment: ' || pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'quiver'
WHERE d.deptype = 'e'
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL
  AND d.classid <> 'pg_opfamily'::regclass
  AND NOT EXISTS (SELECT FROM pg_type t
                  WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
                    AND (t.typelem <> 0 AND t.typname LIKE '\_%' OR t.typrelid <> 0))
ORDER BY 1;
SQL
} | psql -XqAt -v ON_ERROR_STOP=1 2>&1 | if grep .; then exit 1; fi
