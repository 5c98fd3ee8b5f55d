#!/usr/bin/env bash
# Each rule of the gate for migrations finds its case on a real server, and not the harmless twin.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/ops/static/migrations_gate.sh" "$@"
fi
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/tests/ops/static/migrations_rules.py" "$here/ops/roles/migrations/files" "$@"
