#!/usr/bin/python3
"""What a role says about itself is true: argument_specs and defaults name the same variables, and README.md is made from them.

usage: roles.py          prints what is wrong
       roles.py --write  writes the READMEs
"""
import pathlib
import re
import sys

import yaml

root = pathlib.Path(__file__).resolve().parents[3] / "ops" / "roles"
wrong = []


def visible(task):
    """What Ansible may print of a task: modules hide these options by themselves."""
    if not isinstance(task, dict):
        return task
    hidden = ("passphrase", "url_password")
    return {key: visible(value) for key, value in task.items() if not key.endswith(hidden)}


def table(options):
    for name, option in options.items():
        text = re.sub(r"\s+", " ", option.get("description", "")).strip()
        choices = option.get("choices")
        if choices:
            text += " One of " + ", ".join("`%s`" % choice for choice in choices) + "."
        yield "| `%s` | %s | %s |" % (name, option["type"] + (", required" if option.get("required") else ""), text.replace("|", "\\|"))


def readme(role, spec, defaults):
    main = spec["main"]
    lines = ["# %s" % role, "", main["short_description"] + ".", ""]
    if main.get("description"):
        lines += [re.sub(r"\s+", " ", main["description"]).strip(), ""]
    lines += ["| variable | type | what it is |", "|---|---|---|"]
    lines += table(main["options"])
    lines += ["", "Defaults, with the reasons for them, are in `defaults/main.yml`."]
    for name, option in main["options"].items():
        if "options" in option:
            lines += ["", "Each entry of `%s`:" % name, "", "| key | type | what it is |", "|---|---|---|"]
            lines += table(option["options"])
    lines += ["", "Tag: `%s`. Made from `meta/argument_specs.yml` by `tests/ops/static/roles.py --write`." % role, ""]
    return "\n".join(lines)


for folder in sorted(root.iterdir()):
    role = folder.name
    try:
        spec = yaml.safe_load((folder / "meta/argument_specs.yml").read_text())["argument_specs"]
        defaults = yaml.safe_load((folder / "defaults/main.yml").read_text()) or {}
    except OSError as error:
        wrong.append("%s: %s" % (role, error))
        continue
    options = spec["main"]["options"]
    for name in sorted(set(defaults) - set(options)):
        wrong.append("%s: %s has a default and no argument spec" % (role, name))
    for name in sorted(set(options) - set(defaults)):
        wrong.append("%s: %s has an argument spec and no default" % (role, name))
    for name in defaults:
        if not name.startswith(role + "_"):
            wrong.append("%s: %s does not begin with the role's name" % (role, name))
    for name, option in options.items():
        if not option.get("description"):
            wrong.append("%s: %s has no description" % (role, name))
    path = folder / "README.md"
    text = readme(role, spec, defaults)
    if "--write" in sys.argv:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        wrong.append("%s: README.md is not what roles.py --write makes" % role)
    # A task that handles a secret keeps it out of the log.
    for tasks in sorted(folder.glob("tasks/*.yml")):
        pending = list(yaml.safe_load(tasks.read_text()) or [])
        while pending:
            task = pending.pop()
            for key in ("block", "rescue", "always"):
                pending += task.get(key, [])
            if "block" in task:
                continue
            text = str(visible(task))
            if "quiver_secrets" in text and not task.get("no_log") and "assert" not in text:
                wrong.append("%s: task '%s' handles a secret without no_log" % (role, task.get("name")))

print("\n".join(wrong))
sys.exit(bool(wrong))
