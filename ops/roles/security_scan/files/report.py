"""Turn the findings of all hosts into report.json, report.sarif and report.html.

usage: python3 - FOLDER < JSON {host: [finding, ...]}    prints one line for each host and the total
"""
import collections
import html
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
hosts = json.load(sys.stdin)
levels = {"high": "error", "medium": "warning", "low": "note"}
rank = {"high": 0, "medium": 1, "low": 2}


def score(findings):
    count = collections.Counter(finding["result"] for finding in findings)
    applicable = len(findings) - count["not applicable"]
    good = count["pass"] + count["waived"]
    return {"checks": len(findings), "applicable": applicable, "passed": count["pass"], "waived": count["waived"], "failed": count["fail"],
            "score": round(100 * good / applicable, 1) if applicable else 100.0}


summary = {host: score(findings) for host, findings in hosts.items()}
every = [finding for findings in hosts.values() for finding in findings]
total = score(every)
(folder / "report.json").write_text(json.dumps({"total": total, "hosts": summary, "findings": hosts}, indent=1) + "\n")

rules = {finding["id"]: finding for finding in every}
sarif = {
    "version": "2.1.0",
    "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
    "runs": [{
        "tool": {"driver": {"name": "quiver security_scan", "version": "1.0.0", "rules": [
            {"id": rule["id"], "shortDescription": {"text": rule["title"]}, "help": {"text": "Fix: " + rule["fix"]},
             "defaultConfiguration": {"level": levels[rule["severity"]]}, "properties": {"references": rule["refs"]}}
            for rule in sorted(rules.values(), key=lambda rule: rule["id"])]}},
        "results": [
            {"ruleId": finding["id"], "level": levels[finding["severity"]] if finding["result"] in ("fail", "waived") else "none",
             "kind": {"fail": "fail", "waived": "fail", "pass": "pass"}.get(finding["result"], "notApplicable"),
             "message": {"text": (finding["title"] + ". " + (finding["evidence"] or "")).strip()},
             "locations": [{"logicalLocations": [{"name": host, "kind": "module"}]}],
             **({"suppressions": [{"kind": "external", "justification": finding["waiver"]["reason"]}]} if finding["result"] == "waived" else {})}
            for host, findings in hosts.items() for finding in findings],
    }],
}
(folder / "report.sarif").write_text(json.dumps(sarif, indent=1) + "\n")

order = {"fail": 0, "waived": 1, "pass": 2, "not applicable": 3}
rows = []
for host, findings in sorted(hosts.items()):
    for finding in sorted(findings, key=lambda one: (order[one["result"]], rank[one["severity"]], one["id"])):
        cells = [host, finding["id"], finding["severity"], finding["result"], finding["title"], finding["evidence"] or "",
                 finding["fix"] if finding["result"] in ("fail", "waived") else "", finding["refs"]]
        if finding["result"] == "waived":
            cells[5] += " Waived until %(until)s: %(reason)s" % finding["waiver"]
        rows.append('<tr class="%s"><td>%s</td></tr>' % (finding["result"].replace(" ", "-"), "</td><td>".join(html.escape(cell) for cell in cells)))
(folder / "report.html").write_text("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Security scan</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1b1f24 }
table { border-collapse: collapse; width: 100%% } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d8dee4; vertical-align: top }
td:nth-child(6) { font-family: ui-monospace, monospace; font-size: 12px; overflow-wrap: anywhere }
.fail td:nth-child(4) { color: #b00020; font-weight: 600 } .waived td:nth-child(4) { color: #8a5a00 } .pass td:nth-child(4) { color: #1a6b32 }
.not-applicable { color: #6b7280 }
</style>
<h1>Security scan: %(score)s %% of applicable checks</h1>
<p>%(passed)s passed, %(waived)s waived, %(failed)s failed of %(applicable)s applicable; %(checks)s checks in all.</p>
<table><tr><th>host<th>id<th>severity<th>result<th>check<th>what was seen<th>fix<th>references</tr>
""" % total + "\n".join(rows) + "\n</table></html>\n")

for host, line in sorted(summary.items()):
    failed = [finding["id"] for finding in hosts[host] if finding["result"] == "fail"]
    print("%s: %s %% (%s of %s applicable%s)" % (host, line["score"], line["passed"] + line["waived"], line["applicable"],
                                              "; failed: " + " ".join(failed) if failed else ""))
print("total: %s %%, %s failed" % (total["score"], total["failed"]))
