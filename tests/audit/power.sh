# Machines that lose power under load and checkpoints, POWER_ROUNDS times (default 3): of the log only what an fsync has covered is
# left, by strace's account of the worker, and of the ring nothing. Durable events are all there. Left out where strace is not.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh

# account: what the worker does to its files from now on, after what they are now. It stands still until it is watched.
account() {
    local worker fd name
    worker=$(worker_pid)
    kill -STOP "$worker"
    wait_for 10 grep -q '^State:.*T' "/proc/$worker/status" || :
    for fd in "/proc/$worker/fd/"*; do
        name=$(readlink "$fd") || continue
        [[ $name = *quiver_audit/*.qas ]] || continue
        printf 'openat(AT_FDCWD, "%s", 0) = %s\nlseek(%s, %s, SEEK_SET) = 0\nfsync(%s) = 0\n' "$name" "${fd##*/}" "${fd##*/}" \
            "$(sed -n 's/^pos:[[:space:]]*//p' "/proc/$worker/fdinfo/${fd##*/}")" "${fd##*/}"
    done >"$scratch/trace"
    strace -qq -a0 -s0 -e trace=openat,lseek,write,fdatasync,fsync,close -o "|cat >>'$scratch/trace'" -p "$worker" 2>/dev/null &
    tracer=$!
    wait_for 10 grep -qE '^TracerPid:[[:space:]]*[1-9]' "/proc/$worker/status" || :
    kill -CONT "$worker"
}
# synced: each segment with its length at the last fsync of it that came back.
synced() {
    perl -ne '
        if (/^openat\(.*"(.*?)".* = (\d+)$/) { ($name{$2}, $size{$2}) = ($1, 0) }
        elsif (/^lseek\((\d+), (\d+), SEEK_SET\)/) { $size{$1} = $2 }
        elsif (/^write\((\d+), .* = (\d+)$/) { $size{$1} += $2 }
        elsif (/^f(?:data)?sync\((\d+)\) += 0/) { $synced{$name{$1} // ""} = $size{$1} }
        END { $_ =~ /\.qas$/ and print "$_ $synced{$_}\n" for keys %synced }' "$scratch/trace"
}

if command -v strace >/dev/null && strace -qq -o "$scratch/probe" true 2>/dev/null; then
    new_cluster power shared_preload_libraries=quiver quiver.audit=all,-login quiver.audit_durable=commit quiver.audit_sync=2s fsync=on
    q 'CREATE TABLE t (id serial, pid int)' >/dev/null
    cut=0
    # A busy machine may have each write covered: then it goes on until something was to be lost.
    for ((round = 1; round <= ${POWER_ROUNDS:-3} || (cut == 0 && round <= 12); round++)); do
        # Every other time the worker takes events in the middle of their transactions.
        printf "quiver.audit_stage = '%s'\n" "$((round % 2 ? 1000 : 20))ms" >>"$data/postgresql.conf"
        ask 'SELECT pg_reload_conf()' >/dev/null
        account
        load 60 3 two
        sleep "0.$((RANDOM % 9 + 1))"
        for _ in 1 2 3; do
            ask CHECKPOINT >/dev/null
            sleep "0.$((RANDOM % 3 + 1))"
        done
        kill -KILL "$(worker_pid)" "$(head -n 1 "$data/postmaster.pid")"
        end_load
        wait "$tracer" 2>/dev/null || :
        sleep 0.5
        while read -r segment length; do
            [[ $segment = /* ]] || segment=$data/$segment
            now=$(stat -c %s "$segment")
            [ "$now" -le "$length" ] || cut=$((cut + now - length))
            truncate -s "$length" "$segment"
        done < <(synced)
        rm -f "$data/quiver_audit/ring"
        wait_for 20 start || :
        wait_for 20 answers || :
        wait_for 20 bash -c '[ ! -e "$1" ]' bash "$data/quiver_audit.wal" || :
        count=$(rows)
        check "power lost, $round: an event for each committed row, and for no other" "$count" "$(inserts "'committed'")"
        check "power lost, $round: each once" 0 "$(ask "SELECT count(*) FROM (SELECT session, number, action FROM quiver.audit_events() WHERE session IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1) d")"
    done
    check 'power lost: there were bytes that no fsync had covered, and rows' yes "$([ "$cut" -gt 0 ] && [ "$count" -gt 100 ] && echo yes || echo "$cut $count")"
    stop
else
    echo 'strace may not be used here: the test of lost power is left out'
fi
