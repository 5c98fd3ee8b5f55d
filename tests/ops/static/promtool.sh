#!/usr/bin/env bash
# promtool, without installing the service that its package brings.
# usage: tests/ops/static/promtool.sh ARGUMENT...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tool=$(command -v promtool) || tool=$("$here/hosts/from_package.sh" prometheus '*/usr/bin/promtool')
exec "$tool" "$@"
