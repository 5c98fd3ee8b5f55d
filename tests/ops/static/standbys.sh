#!/usr/bin/env bash
# What the role patroni makes of cascading and delayed standbys: who copies from whom, who may lead, and what is refused. Needs no host.
# usage: tests/ops/static/standbys.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/play.yml" <<END
- hosts: database
  connection: local
  gather_facts: false
  vars:
    quiver_secrets: {patroni_api: x, superuser: x, replication: x, rewind: x}
    patroni_archive: true
    patroni_leader: db1
  vars_files: [$here/tests/ops/static/patroni_vars.yml]
  tasks:
    - ansible.builtin.include_role: {name: patroni, tasks_from: standbys, public: true}
    - ansible.builtin.include_role: {name: patroni, tasks_from: slots, public: true}
    - ansible.builtin.template: {src: $here/ops/roles/patroni/templates/config.yml.j2, dest: "$work/{{ inventory_hostname }}.yml", mode: "0600"}
    - ansible.builtin.copy:
        content: "{{ {'follows': patroni_follows, 'delayed': patroni_delayed, 'able': patroni_able, 'synchronous': patroni_dynamic.synchronous_mode} | to_json }}"
        dest: "$work/{{ inventory_hostname }}.json"
        mode: "0600"
END
# made OF-DB2 OF-DB3 [OF-ALL]: the role, with these variables of two of the hosts, and of all.
made() {
    cat >"$work/hosts.yml" <<END
all:
  vars: {${3:-}}
  children:
    database:
      hosts:
        db1: {ansible_host: 192.0.2.11}
        db2: {ansible_host: 192.0.2.12, $1}
        db3: {ansible_host: 192.0.2.13, $2}
    etcd: {children: {database: {}}}
    backup: {hosts: {backup1: {ansible_host: 192.0.2.14}}}
END
    rm -f "$work"/db?.yml
    env -C "$here/ops" -u ANSIBLE_VAULT_PASSWORD_FILE -u ANSIBLE_LOCAL_TEMP ansible-playbook -i "$work/hosts.yml" "$work/play.yml" >"$work/log" 2>&1
}
is() { # is WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { echo "$1: expected $2, got $3"; exit 1; }
}
# of HOST: its tags, and how its standby recovers.
of() {
    /usr/bin/python3 -c 'import json, sys, yaml; made = yaml.safe_load(open(sys.argv[1]))
print(json.dumps([made["tags"], made["postgresql"].get("recovery_conf")], sort_keys=True))' "$work/$1.yml"
}

archive='{"restore_command": "/usr/local/sbin/quiver-archive-get quiver %f \"%p\" backup1"}'
made '' '' || { tail -n 20 "$work/log"; exit 1; }
is "a plain standby" "[{}, $archive]" "$(of db3)"
is "its cluster" '{"follows": {"db1": "db1", "db2": "db1", "db3": "db1"}, "delayed": [], "able": ["db1", "db2", "db3"], "synchronous": true}' "$(cat "$work/db1.json")"
made '' 'patroni_replicate_from: db2' || { tail -n 20 "$work/log"; exit 1; }
is "a cascading standby" "[{\"replicatefrom\": \"db2\"}, $archive]" "$(of db3)"
is "who copies from whom" '{"db1":"db1","db2":"db1","db3":"db2"}' "$(jq -c .follows "$work/db1.json")"
made 'patroni_tags: {clonefrom: true}' 'patroni_apply_delay: 1h' || { tail -n 20 "$work/log"; exit 1; }
is "a delayed standby" '[{"nofailover": true, "noloadbalance": true, "nosync": true}, {"recovery_min_apply_delay": "1h"}]' "$(of db3)"
is "beside one with tags of its own" "[{\"clonefrom\": true}, $archive]" "$(of db2)"
is "who may lead" 'db1 db2 true' "$(jq -r '(.able | join(" ")) + " \(.synchronous)"' "$work/db1.json")"
made 'patroni_apply_delay: 30min' 'patroni_apply_delay: 1h' || { tail -n 20 "$work/log"; exit 1; }
is "commits wait for nobody where nobody but the leader may lead" false "$(jq -r .synchronous "$work/db1.json")"
# A slot of a database that the inventory makes, one of a database that nobody has heard of. No server runs that could be asked.
slots() { made '' '' "patroni_slots: $1, database_databases: [{name: sold, owner: o}]"; }
slots '{one: {type: logical, database: sold, plugin: pgoutput}, two: {type: physical}}' || { tail -n 20 "$work/log"; exit 1; }
! slots '{one: {type: logical, database: sold, plugin: pgoutput}, three: {type: logical, database: lost, plugin: pgoutput}}' ||
    { echo "taken: a slot without its database"; exit 1; }
grep -q 'patroni_slots: three of lost: there is no such database' "$work/log" || { tail -n 20 "$work/log"; exit 1; }
# Each of: a copy of a copy, a stranger, a circle, no time at all.
while IFS='|' read -r of_db2 of_db3; do
    ! made "$of_db2" "$of_db3" || { echo "taken: $of_db2 $of_db3"; exit 1; }
    grep -q 'names another database host' "$work/log" || { tail -n 20 "$work/log"; exit 1; }
done <<'END'
patroni_replicate_from: db1|patroni_replicate_from: db2
patroni_replicate_from: db9|
patroni_replicate_from: db3|patroni_replicate_from: db2
|patroni_apply_delay: soon
END
