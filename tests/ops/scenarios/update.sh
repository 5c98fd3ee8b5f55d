# Every package of the cluster is updated under a writer, and taken back; and an update that breaks a host is stopped, and taken back. Sourced after drills.sh and rotation.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# updates: on a cluster with monitor1 and backup1. Afterwards every package is the one of before.
updates() {
    newer_packages && { update_says; update_comes; update_goes_back; update_breaks; update_stumbles; update_by_hand; }
    newer_gone
}

update_packages="postgresql-15 postgresql-client-15 libpq5 patroni etcd-server etcd-client pgbouncer haproxy pgbackrest prometheus-node-exporter prometheus-postgres-exporter"
# newer FILE VERSION TO [COMMAND...]: the package once more, of another version; COMMAND may change its tree, which is its argument.
newer() {
    local tree
    tree=$(mktemp -d) || return
    dpkg-deb -R "$1" "$tree/it" && sed -i "s/^Version: .*/Version: $2/" "$tree/it/DEBIAN/control"
    [ $# -lt 4 ] || "${@:4}" "$tree/it"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree/it" "$3" >/dev/null
    rm -rf "${tree:?}"
}
# A next version of the extension: one more function, and scripts there and back.
next_extension() {
    local folder=$1/usr/share/postgresql/15/extension
    sed -i "s/^default_version = .*/default_version = '0.1.1'/" "$folder/quiver.control"
    echo "CREATE FUNCTION quiver.of_next() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'next';" >"$folder/quiver--0.1.0--0.1.1.sql"
    echo "DROP FUNCTION quiver.of_next();" >"$folder/quiver--0.1.1--0.1.0.sql"
}
failing_script() { printf '#!/bin/sh\nexit 1\n' >"$1/DEBIAN/preinst"; chmod 755 "$1/DEBIAN/preinst"; }
broken_library() { echo 'no library' >"$1/usr/lib/postgresql/15/lib/quiver.so"; }

# Each package once more, in an archive of its own on each host; quiver's is a file of the controller.
newer_packages() {
    local name file version quiver
    rm -rf "${site:?}/newer" "$site/quiver"
    mkdir -p "$site"/{newer,quiver}
    for name in $update_packages; do
        file=$("$hosts" run db1 "ls /srv/packages/${name}_*.deb")
        "$hosts" run db1 "cat $file" >"$site/quiver/package.deb"
        version=$(dpkg-deb -f "$site/quiver/package.deb" Version)
        newer "$site/quiver/package.deb" "$version+next1" "$site/newer/$name.deb" || return
    done
    (cd "$site/newer" && dpkg-scanpackages -m . >Packages 2>/dev/null) || return
    "$hosts" run db1 'cat /etc/quiver/postgresql-15-quiver.deb' >"$site/quiver/package.deb"
    newer "$site/quiver/package.deb" 0.1.1 "$site/quiver/postgresql-15-quiver_0.1.1_amd64.deb" next_extension || return
    newer "$site/quiver/package.deb" 0.1.2 "$site/quiver/postgresql-15-quiver_0.1.2_amd64.deb" broken_library || return
    newer "$site/quiver/package.deb" 0.1.3 "$site/quiver/postgresql-15-quiver_0.1.3_amd64.deb" failing_script || return
    for name in $("$hosts" names); do
        tar -C "$site" -cf - newer | "$hosts" run "$name" 'tar -C /srv -xf - && echo "deb [trusted=yes] file:/srv/newer ./" >/etc/apt/sources.list.d/newer.list' || return
    done
    versions >"$site/update.first"
    check "every package is there a second time, newer" 11 "$(grep -c '^Package: ' "$site/newer/Packages")"
}
newer_gone() {
    local name
    for name in $("$hosts" names); do
        "$hosts" run "$name" 'rm -rf /srv/newer /etc/apt/sources.list.d/newer.list /var/lib/quiver/update; apt-get -q update >/dev/null'
    done
    check "every package is the one of before" "$(cat "$site/update.first")" "$(versions)"
}
# versions: of all packages of all hosts.
versions() { on_each 'dpkg-query -W | cksum'; }
# update_has: those of update_packages that each host has.
update_has() { local name; for name in $("$hosts" names); do "$hosts" run "$name" "dpkg-query -W -f '\${db:Status-Abbrev} \${Package} \${Version}\n' $update_packages 2>/dev/null | sed -n 's/^ii */$name /p'"; done; }
# update_play NAME VERSION-OF-QUIVER [ARG...]
update_play() { play "$1" -e "postgresql_quiver_deb=$site/quiver/postgresql-15-quiver_$2_amd64.deb" "${@:3}"; }
update_started='systemctl show -P ActiveEnterTimestampMonotonic patroni etcd pgbouncer haproxy pgbackrest prometheus-node-exporter prometheus-postgres-exporter'
# Database hosts on which the server, quiver's library or a service runs from a file that is gone.
update_old() {
    on_each 'cat $(pgrep -x "postgres|etcd|pgbouncer|pgbackrest|prometheus-.*" | sed "s|.*|/proc/&/maps|") 2>/dev/null | grep -oE "/usr/(bin|sbin|lib/postgresql)/.* .deleted.$" | sort -u' | grep deleted
}
extension_is() { for database in postgres app; do database=$database sql "$(leader)" "SELECT extversion FROM pg_extension WHERE extname = 'quiver'"; done | paste -sd' '; }

update_says() {
    local log=$site/update.log started
    started=$(on_each "$update_started")
    update_play update 0.1.1 --check >"$log" 2>&1 || tail -n 20 "$log"
    check "update.yml --check: says of each host which packages" "$(update_has | grep -c .) said" "$(grep -cE '"(db.|backup1|monitor1): [a-z0-9-]+ [^ ]+ to [^ ]+next1"' "$log") $(grep -q 'postgresql-15-quiver 0.1.0 to 0.1.1' "$log" && echo said)"
    check "and that the leadership goes to a standby" "$(leader) leads" "$(grep -o 'db. leads' "$log" | sort -u)"
    check "--check changes no package, and restarts nothing" "0 $(cat "$site/update.first") $started" "$(recap "$log" changed) $(versions) $(on_each "$update_started")"
}

# The writer is told to end when the update is done.
fault_update() {
    local status=0
    "$@" >"$site/update.log" 2>&1 || status=$?
    sleep 3
    kill -TERM "$writer"
    echo $status >"$site/update.status"
}
update_comes() {
    local first began=$SECONDS log=$site/update.log old
    first=$(leader)
    drill "rolling minor update" 2 3600 fault_update update_play update 0.1.1
    say "update.yml, $(update_has | grep -c .) packages and quiver on five hosts, and the writer's end: $((SECONDS - began)) s"
    check "update.yml: no task failed" "0 0" "$(cat "$site/update.status") $(recap "$log" failed)"
    [ "$(cat "$site/update.status")" = 0 ] || tail -n 40 "$log"
    check "every host has what was to come" "$(update_has | grep -c .) newer, no other" "$(update_has | grep -c next1) newer, $(update_has | grep -v next1 || echo no other)"
    check "and of quiver on each database host" "0.1.1 0.1.1 0.1.1" "$(for name in $database_hosts; do "$hosts" run "$name" "dpkg-query -W -f '\${Version}\n' postgresql-15-quiver"; done | paste -sd' ')"
    old=$(update_old)
    check "nothing runs from a file that is gone" "" "$old"
    check "the extension is of the new version in each database, and its new function answers" "0.1.1 0.1.1 next" "$(extension_is) $(database=app sql "$(leader)" 'SELECT quiver.of_next()')"
    check "a standby leads" another "$([ "$(leader)" = "$first" ] && echo the same || echo another)"
    ready "$standbys" 60 && check "one leader, all standbys replay" yes yes
    check "commits wait for one standby, and no host is left out" "1 0" "$("$hosts" run "$(leader)" 'patronictl -c /etc/patroni/config.yml list -f json' | jq '[.[] | select(.Role == "Sync Standby")] | length') $(
        on_each 'grep -c "^tags: .*nosync" /etc/patroni/config.yml 2>/dev/null' | grep -c ' 1 ')"
    check "the report says how long it took, as a number" number "$(jq -r '.seconds | type' "$site/update/update.json")"
    check "the report has both versions of each package" "$(update_has | grep -c .) true" "$(jq '[.hosts[].steps | to_entries[] | select(.value.to | endswith("next1"))] | length' "$site/update/update.json") $(
        jq '[.hosts[].steps["postgresql-15-quiver"] | select(. != null) | select(.from == "0.1.0" and .to == "0.1.1")] | length >= 3' "$site/update/update.json")"
    check "no secret was logged" "" "$(secrets_in "$log")"
    old=$(on_each "$update_started")
    update_play update 0.1.1 >"$log" 2>&1 || tail -n 30 "$log"
    check "a second run changes nothing, and restarts nothing" "0 changed, 0 failed $old" "$(recap "$log" changed) changed, $(recap "$log" failed) failed $(on_each "$update_started")"
    check "and says so" said "$(grep -q 'Nothing: every package is the newest' "$log" && echo said)"
    check "archiving works" yes "$(within 60 archives && echo yes)"
}

update_goes_back() {
    local log=$site/update.log began=$SECONDS
    play update_back --check >"$log" 2>&1 || tail -n 20 "$log"
    check "update_back.yml --check says what would come back, and does nothing" "said 0" "$(grep -q 'postgresql-15-quiver 0.1.1 to 0.1.0' "$log" && echo said) $(recap "$log" changed)"
    drill "and back" 2 3600 fault_update play update_back
    say "update_back.yml, and the writer's end: $((SECONDS - began)) s"
    [ "$(cat "$site/update.status")" = 0 ] || tail -n 40 "$log"
    check "update_back.yml: no task failed, and every package is the one of before" "0 $(cat "$site/update.first")" "$(recap "$log" failed) $(versions)"
    check "nothing runs from a file that is gone" "" "$(update_old)"
    check "the extension is of the version of before in each database" "0.1.0 0.1.0" "$(extension_is)"
    play update_back >"$log" 2>&1 || tail -n 20 "$log"
    check "a second run changes nothing" "0 changed, 0 failed" "$(recap "$log" changed) changed, $(recap "$log" failed) failed"
}

# quiver_alone: the archive of newer packages goes away, and quiver's file is what is newer.
quiver_alone() { local name; for name in $("$hosts" names); do "$hosts" run "$name" 'rm -f /etc/apt/sources.list.d/newer.list'; done; }
# Only quiver is newer, and its library cannot be loaded: the first standby's server does not start.
update_breaks() {
    local first log=$site/update.log
    quiver_alone
    first=$(leader)
    drill "an update after which a host does not come back" 2 3600 fault_update update_play update 0.1.2 -e update_wait=40
    check "update.yml stops there" failed "$([ "$(cat "$site/update.status")" = 0 ] && echo went on || echo failed)"
    check "at the standbys, before any other host" "PLAY [Standbys]" "$(grep -o '^PLAY [[].*[]]' "$log" | tail -n 1)"
    check "one host has the package" 1 "$(on_each 'dpkg-query -W postgresql-15-quiver 2>/dev/null' | grep -c 0.1.2)"
    check "the leader leads on, with a standby that commits wait for" "$first 1" "$(leader) $("$hosts" run "$first" 'patronictl -c /etc/patroni/config.yml list -f json' | jq '[.[] | select(.Role == "Sync Standby")] | length')"
    update_play update 0.1.2 >"$log" 2>&1
    check "run again, it refuses to go on" refused "$(grep -q 'db. does not run; update_back.yml takes an update back' "$log" && echo refused)"
    play update_back >"$log" 2>&1 || tail -n 30 "$log"
    check "update_back.yml: no task failed" 0 "$(recap "$log" failed)"
    if ready "$standbys" 60; then check "one leader, all standbys replay" yes yes; else check "one leader, all standbys replay" yes no; fi
    check "the leader was left alone" "$first" "$(leader)"
}

# A package that does not let itself be installed: its host goes on with the one of before, and no other host is begun.
update_stumbles() {
    local log=$site/update.log before
    quiver_alone
    before=$(versions)
    update_play update 0.1.3 >"$log" 2>&1
    check "a package that cannot be installed stops the run at its first host" "1 begun" "$(grep -A 3 '^TASK .*All of them at once' "$log" | grep -c '^fatal') begun"
    check "at the standbys, before any other host" "PLAY [Standbys]" "$(grep -o '^PLAY [[].*[]]' "$log" | tail -n 1)"
    check "every package is the one of before" "$before" "$(versions)"
    if ready "$standbys" 60; then check "one leader, all standbys replay" yes yes; else check "one leader, all standbys replay" yes no; fi
}

# Somebody installed a package by hand, and restarted nothing: that host's server runs a library whose file is gone.
update_by_hand() {
    local target log=$site/update.log
    target=$(other "$(leader)")
    "$hosts" run "$target" 'printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
        apt-get -q -y install --reinstall /etc/quiver/postgresql-15-quiver.deb >/dev/null 2>&1; rm /usr/sbin/policy-rc.d'
    check "a library that is gone is seen" "$target" "$(update_old | grep -o '^db. .*quiver.so' | cut -d' ' -f1)"
    play update >"$log" 2>&1 || tail -n 20 "$log"
    check "update.yml restarts that server, and nothing else" "$target: then restarts patroni" "$(grep -oE '[a-z0-9]+: then re[a-z]+ [a-z, ]+' "$log" | sort -u)"
    check "no task failed, and it is seen no more" "0 " "$(recap "$log" failed) $(update_old)"
}
