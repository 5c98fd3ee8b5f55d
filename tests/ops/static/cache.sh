#!/usr/bin/env bash
# The cache and its outbox, on a server and a Redis of this machine: what tests/ops/static/cache.py says. Needs no host.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/ops/static/cache.sh"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/play.yml" <<END
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    item: postgres
    cache_tables:
      - {database: postgres, table: public.item, key: [id], name: item}
      - {database: postgres, table: public."odd 'name'", key: [a, "b 'c'"], name: odd}
      - {database: other, table: public.other, key: [id], name: other}
  tasks:
    - copy: {dest: $work/outbox.sql, content: "{{ lookup('ansible.builtin.template', '$here/ops/roles/cache/templates/outbox.sql.j2') }}"}
END
env -u ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_LOCALHOST_WARNING=false ansible-playbook -i localhost, "$work/play.yml" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
/usr/bin/python3 "$here/tests/ops/static/cache.py" "$work" "$here/ops/roles/cache/files"
