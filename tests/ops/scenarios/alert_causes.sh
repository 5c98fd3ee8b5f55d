# Alerts from their real causes: the cause is there, and the alert's own expression, as Prometheus has it, gives its series; the cause is taken away, and
# it gives none. The time that an alert must have been so (its `for:`) is not waited out: tests/ops/alerts has that, and watch.sh follows one alert to
# Alertmanager. The groups are in alerts_*.sh. Sourced after watch.sh and drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# alerts_on_hosts [GROUP...]: on a cluster with monitor1 and backup1.
alerts_on_hosts() {
    local group
    [ $# -gt 0 ] || set -- services consensus cluster slow_begins server ages slots data host backup audit clock slow_ends damage
    alert_rules
    for group in "$@"; do
        ready "$standbys" 240 || check "before the causes of $group: the cluster is ready" yes no
        H=$(leader)
        S=$(other "$H")
        "alerts_of_$group"
    done
    alerts_told
}
alerts_told() {
    say "cause | alert | its series after, s | and gone after, s"
    printf '# %s\n' "${alert_table[@]}"
    say "$(printf '%s\n' "${alert_table[@]}" | grep -vc '| never |') alerts were seen to come with their causes and to go with them"
}
# alert_rules: what expression() looks at; and a table is begun.
alert_rules() { alert_table=(); watcher; watched 9090 '/api/v1/rules?type=alert' >"$site/rules.json"; }

# expression ALERT: what Prometheus asks.
expression() { jq -r --arg a "$1" '.data.groups[].rules[] | select(.name == $a) | .query' "$site/rules.json"; }
# stirs ALERT[@INSTANCE]: its expression gives a series, of that instance.
stirs() {
    local name=${1%%@*} instance=
    [ "$name" = "$1" ] || instance=${1#*@}
    ask "$(expression "$name")" | jq -e --arg i "$instance" 'any(.[]; $i == "" or .metric.instance == $i)' >/dev/null
}
calm() { ! stirs "$1"; }
# provoke CAUSE COMMAND TAKE-AWAY ALERT[@INSTANCE][~]...: with ~ it goes when its window has passed, which is not waited for.
provoke() {
    local what=$1 cause=$2 away=$3 alert name began seen gone
    local -A after=()
    shift 3
    # What began earlier was looked at then.
    for alert; do
        name=${alert%\~}
        [ -n "${since:-}" ] || calm "$name" || check "before ${what}: $name is quiet" yes "no: $(ask "$(expression "${name%%@*}")" | jq -c '[.[].metric.instance]')"
    done
    began=${since:-$SECONDS}
    $cause >"$site/cause.log" 2>&1 || say "the cause itself failed: $(tail -n 2 "$site/cause.log")"
    for alert; do
        name=${alert%\~}
        if within "${patience:-90}" stirs "$name"; then after[$alert]=$((SECONDS - began)); fi
    done
    $away >"$site/cause.log" 2>&1 || say "the cause does not go: $(tail -n 2 "$site/cause.log")"
    began=$SECONDS
    for alert; do
        name=${alert%\~}
        seen=${after[$alert]:-never} gone=later
        if [ "$alert" = "$name" ]; then
            gone=never
            if within 120 calm "$name"; then gone=$((SECONDS - began)); fi
        fi
        check "$name: $what, and no longer when that is over" "seen, gone" "$([ "$seen" != never ] && echo seen || echo never), $([ "$gone" != never ] && echo gone || echo stays)"
        alert_table+=("$what | ${name%%@*} | $seen | $gone |")
    done
}
# cause HOST KIND NUMBER [DSN]: tests/ops/causes.py on a host, as a unit that can be stopped.
cause() {
    "$hosts" run "$1" 'cat >/tmp/causes.py' <"$here/tests/ops/causes.py"
    "$hosts" run "$1" "systemd-run --quiet --collect --unit=cause-$2 --uid=postgres /usr/bin/python3 /tmp/causes.py $2 '${4:-host=/var/run/postgresql dbname=postgres}' $3"
}
over() { "$hosts" run "$1" "systemctl stop cause-$2; rm -f /tmp/causes.py"; }
# on HOST COMMAND
on() { "$hosts" run "$@"; }
collect() { on "$1" "systemctl start quiver-metrics-$2"; }
as_postgres='cd /; setpriv --reuid=postgres --regid=postgres --init-groups --'
# adds HOST UNIT LINE: to a unit, until the next boot or `drops`.
adds() { on "$1" "mkdir -p /run/systemd/system/$2.service.d; printf '[Service]\n%s\n' '$3' >/run/systemd/system/$2.service.d/zz-cause.conf; systemctl daemon-reload"; }
drops() { on "$1" "rm -r /run/systemd/system/$2.service.d/zz-cause.conf; systemctl daemon-reload"; }

# aside_up HOST LINE...: a server of its own beside the host's, with those settings, at port 5499, for what would do harm to the host's.
aside=/var/lib/postgresql/aside
aside_up() {
    local host=$1
    shift
    on "$host" "mkdir -p $aside; chown postgres: $aside; rm -rf $aside/*; $as_postgres sh -c '/usr/lib/postgresql/*/bin/initdb -D $aside --no-sync --auth=trust >/dev/null; cat >>$aside/postgresql.conf'" <<END
port = 5499
listen_addresses = ''
unix_socket_directories = '/var/run/postgresql'
shared_buffers = 16MB
$(printf '%s\n' "$@")
END
    on "$host" "systemd-run --quiet --collect --unit=aside --uid=postgres $(printf -- '-E %s ' "${aside_environment[@]}") \$(echo /usr/lib/postgresql/*/bin/postgres) -D $aside"
    within 30 aside_sql "$host" 'SELECT 1'
}
aside_environment=(LANG=C.UTF-8)
aside_sql() { on "$1" "$as_postgres psql -XqAt -v ON_ERROR_STOP=1 -p 5499 -d postgres -f -" <<<"$2"; }
aside_down() { on "$1" "systemctl stop aside; ! mountpoint -q $aside || umount $aside; rm -r $aside"; }
# The host's exporter looks at that server, and at its own again. Its own is in a file that a name for both wins over.
aside_is_watched() {
    adds "$1" prometheus-postgres-exporter 'Environment="DATA_SOURCE_NAME=host=/var/run/postgresql port=5499 user=postgres dbname=postgres sslmode=disable"'
    on "$1" 'systemctl restart prometheus-postgres-exporter'
}
aside_is_left() { drops "$1" prometheus-postgres-exporter; on "$1" 'systemctl restart prometheus-postgres-exporter'; }
