# The checks of ops/ that need no host. Sourced by tests/ops/run.sh.
# shellcheck shell=bash disable=SC2154  # names of tests/ops/lib.sh
# good WHAT COMMAND...: passes when the command does; its output is shown when it does not, and what it measured (lines with #) always.
good() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok - $what"
        grep '^# ' <<<"$output"
    else
        failed=$((failed + 1))
        echo "not ok - $what"
        printf '%s\n' "$output" | tail -n 30 | sed 's/^/    /'
    fi
}

# plainly COMMAND...: in the collection's folder, without what the hosts' scenarios set.
plainly() { env -C "$here/ops" -u ANSIBLE_VAULT_PASSWORD_FILE -u ANSIBLE_LOCAL_TEMP -u ANSIBLE_SSH_CONTROL_PATH_DIR "$@"; }

static_checks() {
    local book
    good "ansible-lint's production profile, nothing skipped" static_lint
    good "yamllint" plainly yamllint -s .
    for book in site.yml $(cd "$here/ops" && ls playbooks/*.yml); do
        good "syntax of $book" plainly ansible-playbook --syntax-check -i inventories/example "$book"
    done
    good "the one-host inventory is read" plainly ansible-inventory -i inventories/one_host --list
    good "the inventory with a witness is read" plainly ansible-inventory -i inventories/witness --list
    good "roles: specs, defaults, READMEs and secrets" /usr/bin/python3 "$here/tests/ops/static/roles.py"
    good "each rule of roles.py fails when it is broken" static_violations
    good "the collection builds" static_collection
    good "cascading and delayed standbys are what the inventory asks, and what does not fit is refused" "$here/tests/ops/static/standbys.sh"
    good "data that an interrupted rewind left are told from all others" "$here/tests/ops/static/rescue.sh"
    good "a leader whose disk is nearly full hands over, and nobody else does" /usr/bin/python3 "$here/tests/ops/static/disk_guard.py"
    good "a device and a folder with anything in them are refused, an empty one is formatted once, and its key changes" "$here/tests/ops/static/luks.sh"
    good "a rotation of the authority is finished or taken back, wherever it stops" "$here/tests/ops/static/authority.sh"
    good "Patroni does not start beside a site that leads" /usr/bin/python3 "$here/tests/ops/static/other_site.py"
    good "of two sites with one archive the one that follows adds nothing, and what was thrown away leaves it" "$here/tests/ops/static/one_archive.sh"
    good "nothing cached stays older than its row, whatever dies" "$here/tests/ops/static/cache.sh"
    good "a standby asks its archive, and not for long where nobody answers" "$here/tests/ops/static/archive_get.sh"
    good "a second repository by S3: its settings are read, and a backup there restores" "$here/tests/ops/static/second_repository.sh"
    good "forecasts of readings with a known future" /usr/bin/python3 "$here/tests/ops/static/capacity.py"
    good "the audit that the roles switch on is seen by the scan, also weakened, and pgaudit before it goes" "$here/tests/ops/static/audit.sh"
    good "a vault of an earlier version: what it lacks is named, and added" "$here/tests/ops/static/vault.sh"
    good "each rule of the gate for migrations finds its case on a clone, and not its harmless twin" "$here/tests/ops/static/migrations_gate.sh"
    good "a migration is applied while others work: nobody waits longer than lock_timeout, what is cut off goes on" "$here/tests/ops/static/migrations.sh" migrations_apply
    good "expand, backfill and contract by their own words, killed and resumed; drift is named" "$here/tests/ops/static/migrations.sh" migrations_phases
    good "a migration waits for a standby that is behind" "$here/tests/ops/static/migrations.sh" migrations_standby
    good "each command of the page about migrations does what the page says" "$here/tests/ops/static/migrations.sh" migrations_page
    good "index advice on statements whose answer is known" "$here/tests/ops/static/advice.sh"
    good "an update finds, fetches, installs and takes back what it should, by apt and dpkg" "$here/tests/ops/static/update.sh"
    good "an update's order, and what it does not begin with" /usr/bin/python3 "$here/tests/ops/static/update_decide.py"
    good "a major upgrade on two servers: its copy, its switch, its way back, killed and resumed, and what it refuses" "$here/tests/ops/static/major_upgrade.sh"
    good "every number of the databases is written" "$here/tests/ops/static/metrics.sh"
    static_alerts
    good "Prometheus reads each host, and those of a second site as another cluster" "$here/tests/ops/static/watched.sh"
    good "console pages and Grafana's dashboards are those of boards.yml" /usr/bin/python3 "$here/ops/dashboards/make.py" --check
    good "a board that was edited by hand is caught" static_boards_edited
}

# blames LINE COMMAND...: the command fails, and says that line.
blames() {
    local line=$1 out
    shift
    out=$("$@") && { echo "nothing is found"; return 1; }
    grep -qxF "$line" <<<"$out" || { echo "$out"; return 1; }
}

static_boards_edited() {
    local copy status=0
    copy=$(mktemp -d)
    cp -r "$here/ops/dashboards/." "$copy"
    sed -i 's/Leaders/Leader/' "$copy/grafana/cluster.json"
    blames 'grafana/cluster.json is not what make.py makes' /usr/bin/python3 "$copy/make.py" --check || status=1
    rm -rf "$copy"
    return $status
}

static_lint() {
    local output
    output=$(plainly ansible-lint --offline --nocolor 2>&1) || { echo "$output"; return 1; }
    ! grep -qE '^(skip_list|warn_list): *\[[^]]' "$here/ops/.ansible-lint" && ! git -C "$here" grep -qE '# *noqa' -- ops
}

# A copy of the roles with one thing wrong at a time.
static_violations() {
    local copy
    copy=$(mktemp -d)
    mkdir -p "$copy/tests/ops/static"
    cp "$here/tests/ops/static/roles.py" "$copy/tests/ops/static/"
    plant() { # plant FILE SED-EXPRESSION WHAT-IT-MUST-SAY
        rm -rf "$copy/ops"
        mkdir "$copy/ops"
        cp -r "$here/ops/roles" "$copy/ops/"
        sed -i "$2" "$copy/ops/roles/$1"
        if /usr/bin/python3 "$copy/tests/ops/static/roles.py" >"$copy/out"; then echo "not caught: $2"; return 1; fi
        grep -q "$3" "$copy/out" || { echo "$2 gave:"; cat "$copy/out"; return 1; }
    }
    local status=0
    plant chrony/defaults/main.yml '$a chrony_extra: 1' 'no argument spec' || status=1
    plant chrony/defaults/main.yml '/chrony_servers/d' 'no default' || status=1
    plant chrony/README.md '1s/$/ x/' 'README.md is not' || status=1
    plant pgbouncer/tasks/main.yml '/no_log/d' 'without no_log' || status=1
    rm -rf "$copy"
    return $status
}

static_collection() {
    local out
    out=$(mktemp -d)
    plainly ansible-galaxy collection build --output-path "$out" >/dev/null &&
        tar -tzf "$out"/quiver-ops-*.tar.gz | grep '^roles/patroni/tasks/main.yml$' >/dev/null
    local status=$?
    rm -rf "$out"
    return $status
}

# The alert rules: promtool's own check, a test that each fires and stays quiet, a runbook for each.
static_alerts() {
    local group name promtool=$here/tests/ops/static/promtool.sh
    good "alert and recording rules are valid" "$promtool" check rules "$here"/ops/alerts/*.yml
    for group in "$here"/ops/alerts/*.yml; do
        name=$(basename "$group" .yml)
        [ "$name" != recording ] || continue
        good "each alert of $name fires on its cause and stays quiet without" "$promtool" test rules "$here/tests/ops/alerts/${name}_test.yml"
    done
    good "45 alerts or more, each with a runbook" static_runbooks
    good "each alert is provoked in a test, and left alone in another" "$here/tests/ops/static/alerts.py"
    good "an alert that no test provokes is caught" static_unprovoked
}

static_unprovoked() {
    local copy status=0
    copy=$(mktemp -d)
    mkdir -p "$copy/ops" "$copy/tests/ops"
    cp -r "$here/ops/alerts" "$copy/ops/"
    cp -r "$here/tests/ops/alerts" "$copy/tests/ops/"
    sed -i 's/alertname: QuiverHostDown/alertname: QuiverMemory/' "$copy/tests/ops/alerts/host_test.yml"
    blames 'QuiverHostDown is provoked by no test of host_test.yml' "$here/tests/ops/static/alerts.py" "$copy" || status=1
    rm -rf "$copy"
    return $status
}

static_runbooks() {
    local count=0 group alert status=0
    while IFS=: read -r group alert; do
        count=$((count + 1))
        group=$(basename "$group" .yml)
        grep -qx "## $alert" "$here/ops/docs/runbooks/$group.md" || { echo "$alert has no runbook"; status=1; }
        grep -q "runbook_url: docs/runbooks/$group.md#${alert,,}$" "$here/ops/alerts/$group.yml" || { echo "$alert links no runbook"; status=1; }
    done < <(grep -oH 'alert: .*' "$here"/ops/alerts/*.yml | sed 's/alert: //')
    echo "$count alerts"
    [ $count -ge 45 ] && [ $status -eq 0 ]
}
