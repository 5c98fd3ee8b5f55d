#!/usr/bin/env bash
# A vault that an earlier version made: site.yml's pre-check names what it lacks, and secrets.yml adds that and nothing else. Needs no host.
# usage: tests/ops/static/vault.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/group_vars/all"
echo 'a password of the vault' >"$work/password"
export ANSIBLE_VAULT_PASSWORD_FILE=$work/password
unset ANSIBLE_LOCAL_TEMP
cat >"$work/hosts.yml" <<'END'
all:
  vars: {quiver_admin_networks: [192.0.2.0/24], quiver_vip: 192.0.2.100}
  children:
    database: {hosts: {db1: {ansible_host: 192.0.2.11}}}
    etcd: {children: {database: {}}}
    cache: {hosts: {db1: {}}}
END
# The pre-check's tasks about secrets, alone: the others ask the host.
cat >"$work/play.yml" <<'END'
- hosts: database
  connection: local
  gather_facts: false
  vars: {quiver_pg_version: "15", quiver_dcs_api: etcd, quiver_container: true}
  tasks:
    - ansible.builtin.include_role: {name: quiver, public: true}
    - ansible.builtin.include_vars: "{{ precheck }}/vars/main.yml"
    - ansible.builtin.include_tasks: "{{ secret_tasks }}"
END
/usr/bin/python3 - "$here/ops/roles/precheck/tasks/main.yml" >"$work/tasks.yml" <<'END'
import sys, yaml
tasks = [task for task in yaml.safe_load(open(sys.argv[1])) if "ecret" in task["name"]]
assert len(tasks) == 2, [task["name"] for task in tasks]
yaml.safe_dump(tasks, sys.stdout)
END
prechecks() {
    env -C "$here/ops" ansible-playbook -i "$work/hosts.yml" "$work/play.yml" -e "precheck=$here/ops/roles/precheck" -e "secret_tasks=$work/tasks.yml" >"$work/log" 2>&1
}
adds() { env -C "$here/ops" ansible-playbook -i "$work/hosts.yml" playbooks/secrets.yml "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
vault() { ansible-vault view "$work/group_vars/all/vault.yml"; }
is() { # is WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { printf '%s: expected %s, got %s\n' "$1" "$2" "$3"; cat "$work/log"; exit 1; }
}
recap() { grep -o 'changed=[0-9]*' "$work/log"; }

# Another indent than ours, a comment, a value with a colon, a key after it.
cat >"$work/old.yml" <<'END'
# ours
quiver_secrets:
    # by hand

    ca: 0123456789abcdef0123456789abcdef
    superuser: "a: b 0123456789abcdef"
    replication: 0123456789abcdef
    rewind: 0123456789abcdef
    patroni_api: 0123456789abcdef
    pgbouncer: 0123456789abcdef
    exporter: 0123456789abcdef
    backup_cipher: 0123456789abcdef
    app: 0123456789abcdef
other_thing: {a: 1}
END
ansible-vault encrypt --encrypt-vault-id default --output "$work/group_vars/all/vault.yml" "$work/old.yml" 2>/dev/null
! prechecks || { echo "a vault that lacks secrets is taken"; exit 1; }
is "the pre-check names what is missing, and what adds it" yes \
    "$(tr -s ' \n' ' ' <"$work/log" | grep -q 'quiver_secrets lacks keepalived, redis, redis_app, cache. ansible-playbook playbooks/secrets.yml adds them' && echo yes)"
adds --check
is "--check says what it would add" yes "$(grep -q 'gets keepalived, luks, redis, redis_app, cache' "$work/log" && echo yes)"
is "and adds nothing" "$(cat "$work/old.yml")" "$(vault)"
adds
is "it says what it adds" yes "$(grep -q 'gets keepalived, luks, redis, redis_app, cache' "$work/log" && echo yes)"
is "every line that was there is there" "$(cat "$work/old.yml")" "$(vault | grep -vE '^    (keepalived|luks|redis|redis_app|cache): [A-Za-z][0-9][A-Za-z0-9]{30}$')"
is "five new ones, all different" 5 "$(vault | grep -oE '^    (keepalived|luks|redis|redis_app|cache): [A-Za-z][0-9][A-Za-z0-9]{30}$' | awk '{print $2}' | sort -u | wc -l)"
for name in $(vault | awk '/^    [a-z_]*: [A-Za-z0-9]{32}$/ {print $2}'); do
    ! grep -q "$name" "$work/log" || { echo "a secret was logged"; exit 1; }
done
is "the file is encrypted" yes "$(head -n 1 "$work/group_vars/all/vault.yml" | grep -q '^.ANSIBLE_VAULT;1' && echo yes)"
prechecks || { echo "what was added is not enough"; cat "$work/log"; exit 1; }
vault >"$work/added"
adds
is "again, it changes nothing" "changed=0" "$(recap)"
is "nor the vault" "$(cat "$work/added")" "$(vault)"
# None yet: made whole, and enough.
rm "$work/group_vars/all/vault.yml"
adds
prechecks || { echo "a new vault is not enough"; cat "$work/log"; exit 1; }
is "each has a letter and a digit, which passwordcheck wants" "" "$(vault | grep '^  ' | grep -vE '^  [a-z_]*: [A-Za-z][0-9][A-Za-z0-9]{30}$')"
vault >"$work/added"
adds
is "a new one is complete" "changed=0" "$(recap)"
