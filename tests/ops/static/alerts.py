#!/usr/bin/python3
"""Each alert of ops/alerts is provoked in a test of promtool, which says what it then tells, and left alone in another.

usage: alerts.py [FOLDER]     FOLDER holds ops/ and tests/; by default the checkout
"""
import pathlib
import sys

import yaml

root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[3]
wrong, count = [], 0
for rules in sorted((root / "ops/alerts").glob("*.yml")):
    alerts = [rule["alert"] for group in yaml.safe_load(rules.read_text())["groups"] for rule in group["rules"] if "alert" in rule]
    path = root / "tests/ops/alerts" / (rules.stem + "_test.yml")
    if not alerts:
        continue
    tests = yaml.safe_load(path.read_text())
    if rules.name not in [pathlib.PurePath(name).name for name in tests["rule_files"]]:
        wrong.append("%s does not read %s" % (path.name, rules.name))
    asked = [(one["alertname"], bool(one.get("exp_alerts"))) for test in tests["tests"] for one in test["alert_rule_test"]]
    for alert in alerts:
        count += 1
        if (alert, True) not in asked:
            wrong.append("%s is provoked by no test of %s" % (alert, path.name))
        if (alert, False) not in asked:
            wrong.append("%s is left alone by no test of %s" % (alert, path.name))
    wrong += ["%s: %s is no alert of %s" % (path.name, name, rules.name) for name in sorted({name for name, _ in asked} - set(alerts))]
print("\n".join(wrong) or "%d alerts" % count)
sys.exit(bool(wrong))
