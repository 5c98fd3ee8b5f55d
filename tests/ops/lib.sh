# What the scenarios of tests/ops share: hosts, an inventory for them, playbooks, checks. Sourced.
# shellcheck shell=bash disable=SC2154  # database_hosts is the scenario's
here=${here:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
hosts=$here/tests/ops/hosts/hosts.sh
export QUIVER_HOSTS=${QUIVER_HOSTS:-/tmp/quiver-hosts}
site=$QUIVER_HOSTS/site
export ANSIBLE_CONFIG=$here/ops/ansible.cfg ANSIBLE_LOCAL_TEMP=$site/tmp ANSIBLE_SSH_CONTROL_PATH_DIR=$site/cp
export ANSIBLE_VAULT_PASSWORD_FILE=$site/vault_password ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0
# Hosts made a minute ago have keys that nobody knows.
export ANSIBLE_HOST_KEY_CHECKING=false

say() { printf '# %s\n' "$*"; }
. "$here/tests/tools/checks.sh"
# at_most WHAT LIMIT VALUE UNIT: a bar; both are printed.
# On a machine with more than two runnable processes a core, time is not ours to judge: the bar is
# doubled, and the line says so.
at_most() {
    local busy
    busy=$(awk -v cores="$(nproc)" '{print ($1 > 2 * cores)}' /proc/loadavg)
    if [ "$busy" = 1 ] && [ "$4" = s ]; then
        set -- "$1" "$(awk -v bar="$2" 'BEGIN {print 2 * bar}')" "$3" "s, on a busy machine, load $(cut -d' ' -f1 /proc/loadavg)"
    fi
    if awk -v value="$3" -v limit="$2" 'BEGIN {exit !(value != "" && value + 0 <= limit + 0)}'; then
        passed=$((passed + 1))
        echo "ok - $1: $3 $4 (bar: $2)"
    else
        failed=$((failed + 1))
        echo "not ok - $1: ${3:-nothing measured} $4 (bar: $2)"
    fi
}

# inventory GROUP=HOST,HOST ...: writes the inventory of hosts that are up.
inventory() {
    local entry name
    mkdir -p "$site"/{tmp,cp,group_vars/all}
    [ -e "$site/vault_password" ] || (umask 077 && head -c 24 /dev/urandom | base64 >"$site/vault_password")
    {
        echo 'all:'
        echo '  hosts:'
        for name in $("$hosts" names); do echo "    $name: {ansible_host: $("$hosts" address "$name")}"; done
        echo '  children:'
        for entry in "$@"; do
            echo "    ${entry%%=*}:"
            echo '      hosts:'
            for name in $(echo "${entry#*=}" | tr , ' '); do echo "        $name:"; done
        done
    } >"$site/hosts.yml"
    cat >"$site/group_vars/all/main.yml" <<END
ansible_user: root
ansible_ssh_private_key_file: $QUIVER_HOSTS/key
ansible_ssh_common_args: -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ServerAliveInterval=5 -o ServerAliveCountMax=4
quiver_admin_networks: [10.77.0.0/24]
quiver_client_networks: [10.77.0.0/24]
# Empty where there is none, as somebody would leave it.
quiver_vip: ${vip-10.77.0.100}
quiver_vip_name: ${vip+}${vip-db.quiver.test}
# Three servers share one machine.
patroni_shared_buffers: 64MB
precheck_minimum_memory_mb: 100
prometheus_every: 5s
postgresql_quiver_deb: $(package_of "${QUIVER_HOSTS_SUITE:-bookworm}")
database_databases:
  - {name: app, owner: app_owner}
database_users:
  - {name: app, password: "{{ quiver_secrets.app }}", databases: [app], connections: 80}
END
    if [ ! -e "$site/group_vars/all/vault.yml" ]; then
        play secrets >"$site/secrets.log" 2>&1 || { cat "$site/secrets.log"; return 1; }
    fi
}
server_major() { case $1 in bookworm) echo 15 ;; *) echo 17 ;; esac; }
# package_of SUITE: quiver's package for hosts of that Debian (build_package makes it).
package_of() { find "$here/dist" -name "postgresql-$(server_major "$1")-quiver_*.deb"; }

# play PLAYBOOK [ARG...]: in the controller's network, from the collection's folder.
play() {
    local book=$1 controller
    shift
    [ "$book" = site ] && book=site.yml || book=playbooks/$book.yml
    controller=$(controller)
    # shellcheck disable=SC2086  # nothing, or a program
    (cd "$here/ops" && "$hosts" ctl $controller ansible-playbook -i "$site/hosts.yml" "$book" "$@")
}
# controller: what runs a playbook where this machine's Ansible is too old for one of the hosts.
controller() {
    local name version
    for name in $("$hosts" names); do
        [ "$("$hosts" suite "$name")" != bookworm ] || continue
        version=$(ansible-playbook --version | sed -n '1s/.*core //; 1s/].*//; 1p')
        if printf '2.16\n%s\n' "$version" | sort -VC; then return; fi
        "$here/tests/ops/hosts/controller.sh" make && echo "$here/tests/ops/hosts/controller.sh"
        return
    done
}
# secret NAME: one value of the vault.
secret() { ansible-vault view "$site/group_vars/all/vault.yml" | sed -n "s/^  $1: //p"; }
# sql HOST STATEMENT: on that host, as the server's own account.
sql() {
    local host=$1
    shift
    "$hosts" run "$host" "cd / && setpriv --reuid=postgres --regid=postgres --init-groups psql -XqAt -d ${database:-postgres} -f -" <<<"$*" 2>&1
}
# etcd_on HOST COMMANDS: on that host, with an etcdctl that asks the member there.
etcd_on() {
    "$hosts" run "$1" "export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=https://127.0.0.1:2379 ETCDCTL_CACERT=/etc/quiver/tls/ca.crt
        export ETCDCTL_CERT=/etc/quiver/tls/host.crt ETCDCTL_KEY=/etc/quiver/tls/host.key
        $2"
}
# leader: its name, when there is exactly one server that takes writes and answers.
leader() {
    local name found=()
    for name in $database_hosts; do
        [ "$(timeout 15 "$hosts" run "$name" 'cd / && setpriv --reuid=postgres --regid=postgres --init-groups psql -XqAt -d postgres -c "SELECT pg_is_in_recovery()"' 2>/dev/null)" != f ] || found+=("$name")
    done
    [ ${#found[@]} -eq 1 ] && echo "${found[0]}"
}
# ready STANDBYS [SECONDS]: one leader, and that many standbys that have replayed what was sent.
ready() {
    local want=$1 deadline=$((SECONDS + ${2:-120})) name
    while [ $SECONDS -lt $deadline ]; do
        name=$(leader) &&
            [ "$(sql "$name" "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'
                AND application_name <> 'pg_basebackup' AND sent_lsn - replay_lsn < 65536")" = "$want" ] && return 0
        sleep 1
    done
    say "not ready: leader '$name'"
    return 1
}
# changed LOG: the sum of changed, and of failed and unreachable, over a run's recap.
recap() { sed -n '/^PLAY RECAP/,$p' "$1" | grep -o "$2=[0-9]*" | cut -d= -f2 | awk '{s += $1} END {print s + 0}'; }
# within SECONDS COMMAND...: until it succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 2
    done
}
