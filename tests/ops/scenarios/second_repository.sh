# Backups go to a store that speaks S3 as well, by verified TLS, and one is restored from there. Sourced after drills.sh. The store is moto's, where this machine has it.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# second_repository: on a cluster with backup1.
second_repository() {
    local log=$site/s3.log python='' name rows store
    for name in python3 /usr/bin/python3; do ! $name -c 'import moto.server' 2>/dev/null || { python=$name; break; }; done
    if [ -z "$python" ]; then
        echo "skipped - second_repository: no Python of this machine has moto"
        return
    fi
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=store -addext subjectAltName=DNS:store,IP:10.77.0.1 -days 2 \
        -keyout "$site/store.key" -out "$site/store.crt" 2>/dev/null
    "$hosts" ctl "$python" "$here/tests/ops/s3.py" 10.77.0.1 9000 "$site/store.crt" "$site/store.key" backups >"$site/store" 2>"$site/store.err" &
    store=$!
    within 30 grep -qs ready "$site/store" || { check "a store runs" yes no; return 1; }
    "$hosts" run backup1 'cat >/etc/quiver/store.crt; grep -q store /etc/hosts || echo 10.77.0.1 store >>/etc/hosts' <"$site/store.crt"
    cat >"$site/group_vars/all/zz_second.yml" <<'END'
pgbackrest_second: {s3-bucket: backups, s3-endpoint: store, s3-region: here, s3-uri-style: path, storage-port: 9000, storage-ca-file: /etc/quiver/store.crt}
pgbackrest_second_key: key-of-the-store
pgbackrest_second_key_secret: secret-key-of-the-store
pgbackrest_second_cipher: "{{ quiver_secrets.luks }}"
END
    database=app sql "$(leader)" "SET ROLE app_owner; CREATE TABLE stored AS SELECT n, 'a note that nobody else may read' AS note FROM generate_series(1, 5000) AS n" >/dev/null
    rows=$(database=app sql "$(leader)" "SELECT count(*) || ' ' || md5(string_agg(n || note, ',' ORDER BY n)) FROM stored")
    play site --limit database:backup --tags pgbackrest >"$log" 2>&1 || tail -n 30 "$log"
    check "a second repository is added: no task failed" 0 "$(recap "$log" failed)"
    play site --limit database:backup --tags pgbackrest >"$log.second" 2>&1 || tail -n 30 "$log.second"
    check "again, nothing changes" "0 changed, 0 failed" "$(recap "$log.second" changed) changed, $(recap "$log.second" failed) failed"
    check "no secret was logged" "" "$(secrets_in "$log" "$log.second")$(grep -ho 'secret-key-of-the-store' "$log" "$log.second" | head -n 1)"
    check "database hosts have neither its keys nor its cipher" 0 "$("$hosts" run db1 'cat /etc/pgbackrest.conf /etc/pgbackrest/conf.d/* 2>/dev/null' | grep -cE 's3-key|cipher')"
    check "both repositories have a backup" "1 2" "$("$hosts" run backup1 'cd / && setpriv --reuid=postgres --regid=postgres --init-groups pgbackrest --stanza=quiver info --output=json' |
        jq -r '[.[0].backup[].database["repo-key"]] | unique | map(tostring) | join(" ")')"
    check "its timers run" 2 "$("$hosts" run backup1 'systemctl is-active quiver-backup-second-full.timer quiver-backup-second-diff.timer' | grep -c '^active')"
    sql "$(leader)" "SELECT pg_switch_wal()" >/dev/null
    within 60 archives
    echo '{"restore_drill_repository": 2}' >"$site/second.vars"
    play restore_drill -e "@$site/second.vars" -e "{\"restore_drill_checks\": [{\"database\": \"app\", \"name\": \"row for row\", \"sql\": \"SELECT count(*) || ' ' || md5(string_agg(n || note, ',' ORDER BY n)) = '$rows' FROM stored\"}]}" \
        >"$log" 2>&1 || tail -n 30 "$log"
    check "a restore from the store alone, verified" 0 "$(recap "$log" failed)"
    say "$(grep -E '"(rto|rpo|restore)_seconds"|"recovered_to"|"seconds"' "$log" | tr -d ' \n')"
    kill -USR1 $store
    sleep 2
    check "the store can read nothing of it" "true 0" "$([ "$(grep -ac '^quiver/.*/' "$site/store")" -ge 8 ] && echo true) $(grep -ac 'nobody else may read' "$site/store")"
    rm "$site/group_vars/all/zz_second.yml"
    play site --limit database:backup --tags pgbackrest >"$log" 2>&1 || tail -n 30 "$log"
    check "without it in the inventory it is forgotten, and backups go on" "0 yes" "$(recap "$log" failed) $(within 60 archives && echo yes)"
    kill $store
    wait $store 2>/dev/null
    database=app sql "$(leader)" 'DROP TABLE stored' >/dev/null
    "$hosts" run backup1 "sed -i '/ store\$/d' /etc/hosts; rm /etc/quiver/store.crt"
}
