#!/usr/bin/python3
"""What apt has for this host's packages, and bringing it: several at once, also older ones, from files that are fetched before anything is touched.

usage: packages.py plan|keep|install      reads JSON, prints JSON

    plan      {parts: {SERVICE: [PACKAGE-PATTERN]}, wanted: {PACKAGE: VERSION}, given: [PACKAGE], same: {PACKAGE: NUMBERS}, back, folder}
              steps: what would go from which version to which. A package that is held stays. What differs in the first NUMBERS of its version is
              refused. given: packages that come as a file. `torn` was interrupted half way. `stale` are services that run what is no longer installed.
              brings, removes: what apt would do besides. With `back`: to what the record says was there before.
    keep      {folder, run, steps, copies: [FILE], extension}: fetches what is to come into FOLDER/new, unless it was put there, and what is installed into
              FOLDER/before, which copies may have, and writes the record. `lacking` has what is installed and cannot be had any more.
    install   {folder, back, steps}
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

root = os.environ.get("DPKG_ROOT", "")
os.environ.update(LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]


def run(*command, cwd=None):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def tried(*command, cwd=None):
    code, out, errors = run(*command, cwd=cwd)
    if code:
        sys.exit("%s failed: %s" % (" ".join(command[:1]), "\n".join((out + errors).strip().split("\n")[-15:])))
    return out


def older(one, other):
    return run("dpkg", "--compare-versions", one, "lt", other)[0] == 0


def numbers(version, count):
    """The first COUNT numbers of an upstream version."""
    return re.findall(r"\d+", re.sub(r"^\d+:", "", version))[:count]


def read(folder):
    try:
        return json.loads((folder / "record.json").read_text())
    except OSError:
        return None


def inside(file):
    """Name and version of a package's file."""
    fields = dict(line.split(": ", 1) for line in tried("dpkg-deb", "-f", str(file), "Package", "Version").splitlines())
    return fields["Package"], fields["Version"]


def files_of(folder):
    return {inside(file): file for file in sorted(folder.glob("*.deb"))}


def candidates(names):
    found, name = {}, None
    for line in tried("apt-cache", "policy", *names).splitlines():
        if line[:1] != " ":
            name = line.rstrip(":").split(":")[0]
        elif line.strip().startswith("Candidate: "):
            found[name] = line.split(": ", 1)[1]
    return found


def show(service, name):
    return run("systemctl", "show", "-P", name, "--timestamp=unix", service)[1].strip()


def servers():
    """First processes of PostgreSQL's servers: theirs is what all others of a server have."""
    def binary(pid):
        return os.readlink("/proc/%s/exe" % pid)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if binary(pid).startswith("/usr/lib/postgresql/"):
                parent = re.search(r"^PPid:\s*(\d+)", pathlib.Path("/proc/%s/status" % pid).read_text(), re.M).group(1)
                if parent == "0" or not binary(parent).startswith("/usr/lib/postgresql/"):
                    yield pid
        except OSError:
            continue


def is_stale(service):
    """Does it run a program or a library whose file is gone? Patroni itself is Python: was it unpacked after it was started?"""
    if service == "patroni":
        for pid in servers():
            lines = pathlib.Path("/proc/%s/maps" % pid).read_text().splitlines()
            if any("/usr/lib/postgresql/" in line and line.endswith("(deleted)") for line in lines):
                return True
        began = show(service, "ActiveEnterTimestamp").lstrip("@")
        unpacked = pathlib.Path(root + "/var/lib/dpkg/info/patroni.list")
        return bool(began) and unpacked.exists() and unpacked.stat().st_mtime > int(began) + 1
    try:
        return os.readlink("/proc/%s/exe" % show(service, "MainPID")).endswith("(deleted)")
    except OSError:
        return False


def plan(given):
    folder, back = pathlib.Path(given["folder"]), given["back"]
    service_of, there, torn, held = {}, {}, {}, []
    for service, patterns in given["parts"].items():
        for line in run("dpkg-query", "-W", "-f", "${Package}\t${db:Status-Abbrev}\t${Version}\n", *patterns)[1].splitlines():
            name, state, version = line.split("\t")
            if state[1] in "nc" or not version:
                continue
            service_of[name], there[name] = service, version
            if state[1] != "i":
                torn[name] = service
            if state[0] == "h":
                held.append(name)
    record = read(folder)
    offered = candidates(there) if there else {}
    wanted = record["before"] if back and record else {} if back else dict(offered, **given["wanted"])
    steps, refused = {}, []
    for name in sorted(there):
        to = wanted.get(name, there[name])
        if to in ("(none)", there[name]) or name in held or not back and not older(there[name], to):
            continue
        count = given["same"].get(name, 1)
        if numbers(to, count) != numbers(there[name], count):
            refused.append("%s %s to %s" % (name, there[name], to))
            continue
        steps[name] = {"from": there[name], "to": to, "service": service_of[name]}
    services = [name for name in given["parts"] if name and show(name, "UnitFileState") == "enabled"]
    answer = {"steps": steps, "refused": refused, "torn": torn, "held": held, "record": record, "installed": there,
              "services": services, "stale": [name for name in services if is_stale(name)]}
    # What comes as a file is not in the archive that is asked here.
    names = [str(file) for (name, version), file in files_of(folder / "before").items() if steps.get(name, {}).get("to") == version] if back else \
        ["%s=%s" % (name, step["to"]) for name, step in steps.items() if name not in given["given"]]
    code, out, errors = run(*apt, "-s", "install", "--no-install-recommends", "--allow-downgrades", *names) if names else (0, "", "")
    answer["error"] = errors.strip() if code else ""
    answer["removes"] = re.findall(r"^Remv (\S+)", out, re.M)
    answer["brings"] = sorted(set(re.findall(r"^Inst (\S+)", out, re.M)) - set(steps))
    return answer


def fetched(folder, there, name, version, copies):
    """Whether a package's file is in FOLDER, or can be had; `there` is what files_of() says of it, and is kept up to date."""
    if (name, version) not in there:
        for file in map(pathlib.Path, copies):
            if file.exists() and inside(file) == (name, version):
                shutil.copy(str(file), str(folder / ("%s_given.deb" % name)))
                break
        else:
            run("apt-get", "-q", "download", "%s=%s" % (name, version), cwd=str(folder))
        there.update((inside(file), file) for file in set(folder.glob("*.deb")) - set(there.values()))
    return (name, version) in there


def keep(given):
    folder = pathlib.Path(given["folder"])
    for name in ("new", "before"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    record = read(folder)
    # A run that goes on with one that was interrupted keeps what that one found.
    if not record or any(record["to"].get(name) != step["to"] for name, step in given["steps"].items()):
        record = {"run": given["run"], "before": {}, "to": {}, "extension": given["extension"]}
    for name, step in given["steps"].items():
        record["before"].setdefault(name, step["from"])
        record["to"][name] = step["to"]
    there = {}
    for kind, versions in (("new", record["to"]), ("before", record["before"])):
        there[kind] = files_of(folder / kind)
        for name, version in list(there[kind]):
            if versions.get(name) != version:
                there[kind].pop((name, version)).unlink()
    lacking = ["%s %s" % (name, version) for name, version in record["before"].items()
               if not fetched(folder / "before", there["before"], name, version, given["copies"])]
    for name, step in given["steps"].items():
        if not fetched(folder / "new", there["new"], name, step["to"], []):
            sys.exit("%s %s cannot be fetched" % (name, step["to"]))
    (folder / "record.new").write_text(json.dumps(record, indent=1))
    (folder / "record.new").rename(folder / "record.json")
    return {"lacking": lacking, "record": record}


def install(given):
    """Nothing is started or stopped by the packages themselves: the caller does that."""
    there = files_of(pathlib.Path(given["folder"]) / ("before" if given["back"] else "new"))
    files = []
    for name, step in given["steps"].items():
        if (name, step["to"]) not in there:
            sys.exit("%s %s is not in %s" % (name, step["to"], given["folder"]))
        files.append(str(there[(name, step["to"])]))
    policy = pathlib.Path(root + "/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.parent.mkdir(parents=True, exist_ok=True)
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        tried("dpkg", "--configure", "-a", "--force-confdef", "--force-confold")
        if files:
            tried(*apt, "install", "--no-install-recommends", "--allow-downgrades", *files)
    finally:
        if ours:
            policy.unlink()
    return {"installed": {name: step["to"] for name, step in given["steps"].items()}}


print(json.dumps({"plan": plan, "keep": keep, "install": install}[sys.argv[1]](json.load(sys.stdin))))
