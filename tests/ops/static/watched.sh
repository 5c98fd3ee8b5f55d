#!/usr/bin/env bash
# What Prometheus is told to read: each host once, and those of a second site as a cluster of its own. Needs no host.
# usage: tests/ops/static/watched.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/hosts.yml" <<'END'
all:
  vars: {quiver_pg_version: "15", quiver_dcs_api: etcd, quiver_container: true}
  children:
    database: {hosts: {db1: {ansible_host: 192.0.2.11}, db2: {ansible_host: 192.0.2.12}}}
    etcd: {hosts: {db1: {}, db2: {}, witness: {ansible_host: 192.0.2.13}}}
    monitor: {hosts: {monitor1: {ansible_host: 192.0.2.14}}}
    dr: {hosts: {dr1: {ansible_host: 198.51.100.11}}}
    dr_etcd: {hosts: {dr1: {}, dr2: {ansible_host: 198.51.100.12}, dr3: {ansible_host: 198.51.100.13}}}
END
cat >"$work/play.yml" <<END
- hosts: monitor
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: quiver, public: true}
    - ansible.builtin.include_vars: $here/ops/roles/prometheus/defaults/main.yml
    - ansible.builtin.template: {src: $here/ops/roles/prometheus/templates/prometheus.yml.j2, dest: "$work/prometheus.yml", mode: "0600"}
END
env -C "$here/ops" -u ANSIBLE_VAULT_PASSWORD_FILE -u ANSIBLE_LOCAL_TEMP ansible-playbook -i "$work/hosts.yml" "$work/play.yml" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
/usr/bin/python3 -c 'import sys, yaml
for job in yaml.safe_load(open(sys.argv[1]))["scrape_configs"]:
    print(job["job_name"], *("%s:%s" % (target["labels"]["cluster"], target["targets"][0]) for target in job["static_configs"]))' "$work/prometheus.yml" >"$work/read"
diff "$work/read" - <<'END'
node quiver:db1:9100 quiver:db2:9100 quiver-dr:dr1:9100 quiver-dr:dr2:9100 quiver-dr:dr3:9100 quiver:monitor1:9100 quiver:witness:9100
postgres quiver:db1:9187 quiver:db2:9187
haproxy quiver:db1:8404 quiver:db2:8404
patroni quiver:db1:8008 quiver:db2:8008 quiver-dr:dr1:8008
etcd quiver:db1:2379 quiver:db2:2379 quiver-dr:dr1:2379 quiver-dr:dr2:2379 quiver-dr:dr3:2379 quiver:witness:2379
prometheus quiver:monitor1:9090
alertmanager quiver:monitor1:9093
END
