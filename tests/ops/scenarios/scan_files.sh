#!/usr/bin/env bash
# Breaks checks of a host's files and services (scan_files.sh break), and takes it back (scan_files.sh mend). Runs on the host; scan.sh lists which.
set -u
keep=/root/scan_files
data=$(echo /var/lib/postgresql/*/quiver)
case $1 in
    break)
        mkdir -p $keep
        cp -p /etc/quiver/tls/host.crt /etc/environment $keep/ 2>/dev/null
        systemctl -q disable haproxy
        echo PGPASSWORD=x >>/etc/environment
        mkdir -p /etc/systemd/system/pgbouncer.service.d
        printf '[Service]\nUMask=0022\n' >/etc/systemd/system/pgbouncer.service.d/zz_broken.conf
        systemctl daemon-reload
        chmod 644 "$data/pg_hba.conf"
        echo 'SELECT 1' >/root/.psql_history
        chmod 644 /etc/quiver/tls/host.key
        echo 'postgres ALL=(ALL) ALL' >/etc/sudoers.d/broken
        # For the same key and names, by the same authority, so that all goes on working; but it ends in ten days.
        cat /root/broken.crt >/etc/quiver/tls/host.crt
        mv /etc/pgbackrest.conf $keep/
        ;;
    mend)
        mv $keep/pgbackrest.conf /etc/
        cp -p $keep/host.crt /etc/quiver/tls/
        if [ -e $keep/environment ]; then cp -p $keep/environment /etc/; else rm -f /etc/environment; fi
        systemctl -q enable haproxy
        rm -f /etc/systemd/system/pgbouncer.service.d/zz_broken.conf /root/.psql_history /etc/sudoers.d/broken
        systemctl daemon-reload
        chmod 600 "$data/pg_hba.conf"
        chmod 640 /etc/quiver/tls/host.key
        rm -rf $keep /root/broken.crt
        ;;
esac
