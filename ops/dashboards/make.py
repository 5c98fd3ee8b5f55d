#!/usr/bin/python3
"""The boards of boards.yml as console pages for Prometheus and as dashboards for Grafana.

usage: make.py           writes consoles/ and grafana/
       make.py --check   says which of them are not what it would write
       make.py --queries prints each query of the boards: sparse or full, a tab, the query
"""
import html
import json
import pathlib
import sys

import yaml

here = pathlib.Path(__file__).parent
boards = yaml.safe_load((here / "boards.yml").read_text())

PAGE = """<!doctype html>
<!-- Made by make.py of boards.yml. -->
<meta charset="utf-8"><title>%(title)s</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; color: #222; background: #fff }
nav a { margin-right: 1em } h1 { font-size: 1.4em }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(26em, 1fr)); gap: 1em }
section { border: 1px solid #ccc; border-radius: 4px; padding: .6em } h2 { font-size: 1em; margin: 0 0 .4em } h2 a { color: inherit }
svg { width: 100%%; height: 8em; background: #fafafa } table { width: 100%%; font-size: .85em } td + td { text-align: right }
.alert { color: #fff; background: #b00; padding: .3em .6em; border-radius: 4px; display: inline-block; margin: .2em }
</style>
<nav>%(links)s<a href="/alerts">Alerts</a></nav>
<h1>%(title)s</h1>
{{ range query "ALERTS{alertstate='firing'}" }}<span class="alert">{{ .Labels.alertname }} {{ .Labels.instance }}</span>{{ end }}
<main>
%(panels)s
</main>
<script>
'use strict';
const colours = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f'];
const scale = (value, base, names) => {
    let place = 0;
    while (Math.abs(value) >= base && place < names.length - 1) { value /= base; place++; }
    return (Math.round(value * 100) / 100) + names[place];
};
const units = {
    short: value => scale(value, 1000, ['', ' k', ' M', ' G']), ops: value => scale(value, 1000, ['', ' k', ' M']) + '/s',
    bytes: value => scale(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']), percentunit: value => (100 * value).toFixed(1) + ' %%',
    s: value => value < 120 ? value.toFixed(2) + ' s' : value < 7200 ? (value / 60).toFixed(1) + ' min' : (value / 3600).toFixed(1) + ' h',
};
async function draw(section) {
    const end = Date.now() / 1000, start = end - 3600;
    const answer = await fetch('/api/v1/query_range?' + new URLSearchParams({query: section.dataset.query, start, end, step: 15}));
    const series = (await answer.json()).data.result.slice(0, 24);
    const numbers = series.flatMap(one => one.values.map(value => +value[1])).filter(Number.isFinite);
    const low = Math.min(0, ...numbers), high = Math.max(...numbers, low + 1e-9);
    const svg = section.querySelector('svg'), table = section.querySelector('table');
    svg.replaceChildren();
    table.replaceChildren();
    series.forEach((one, index) => {
        const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
        line.setAttribute('points', one.values.map(([at, value]) => ((at - start) / 36) + ',' + (49 - 48 * (value - low) / (high - low))).join(' '));
        line.setAttribute('style', 'fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke: ' + colours[index %% colours.length]);
        svg.append(line);
        const row = table.insertRow(), name = row.insertCell();
        name.textContent = section.dataset.legend.replace(/{{(\\w+)}}/g, (_, label) => one.metric[label] ?? '');
        name.style.color = colours[index %% colours.length];
        row.insertCell().textContent = units[section.dataset.unit](+one.values.at(-1)[1]);
    });
    if (!series.length) table.insertRow().insertCell().textContent = 'nothing';
}
const all = () => document.querySelectorAll('section').forEach(section => draw(section).catch(error => { section.title = error; }));
all();
setInterval(all, 15000);
</script>
"""


def quoted(text):
    """For an attribute, past Prometheus' own templates."""
    return html.escape(text, quote=True).replace("{{", '{{"{{"}}')


def page(board):
    panels = "\n".join('<section data-query="%s" data-legend="%s" data-unit="%s"><h2>%s</h2><svg viewBox="0 0 100 50" preserveAspectRatio="none"></svg>'
                       "<table></table></section>" % (quoted(panel["query"]), quoted(panel["legend"]), panel["unit"], html.escape(panel["title"]))
                       for panel in board["panels"])
    links = "".join('<a href="%s.html">%s</a>' % (one["name"], html.escape(one["title"])) for one in boards)
    return PAGE.replace("replace(/{{(", 'replace(/{{"{{"}}(') % {"title": html.escape(board["title"]), "links": links, "panels": panels}


def grafana(board):
    source = {"type": "prometheus", "uid": "${source}"}
    return json.dumps({
        "uid": "quiver-" + board["name"], "title": "quiver: " + board["title"], "tags": ["quiver"], "schemaVersion": 36, "version": 1, "editable": True,
        "refresh": "15s", "time": {"from": "now-1h", "to": "now"}, "timezone": "utc",
        "templating": {"list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}, "hide": 0}]},
        "links": [{"type": "dashboards", "title": "quiver", "tags": ["quiver"], "asDropdown": True, "includeVars": True, "keepTime": True}],
        "annotations": {"list": [{"name": "Alerts", "datasource": source, "enable": True, "iconColor": "red",
                                  "expr": 'ALERTS{alertstate="firing", severity="critical"}', "titleFormat": "{{alertname}} {{instance}}"},
                                 {"name": "Migrations", "datasource": source, "enable": True, "iconColor": "blue",
                                  "expr": "changes(quiver_migrations_last_seconds[1m]) > 0", "titleFormat": "migration of {{datname}}"}]},
        "panels": [{"id": place + 1, "type": "timeseries", "title": panel["title"], "datasource": source,
                    "gridPos": {"h": 8, "w": 8, "x": 8 * (place % 3), "y": 8 * (place // 3)},
                    "fieldConfig": {"defaults": {"unit": panel["unit"], "min": 0}, "overrides": []},
                    "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
                    "targets": [{"refId": "A", "datasource": source, "expr": panel["query"], "legendFormat": panel["legend"]}]}
                   for place, panel in enumerate(board["panels"])]}, indent=1) + "\n"


if "--queries" in sys.argv:
    for board in boards:
        for panel in board["panels"]:
            print("%s\t%s" % ("sparse" if panel.get("sparse") else "full", panel["query"]))
    sys.exit()
made = {}
for board in boards:
    made["consoles/%s.html" % board["name"]] = page(board)
    made["grafana/%s.json" % board["name"]] = grafana(board)
stale = [name for name, text in made.items() if not (here / name).exists() or (here / name).read_text() != text]
stale += [str(path.relative_to(here)) for path in here.glob("[cg]*/*.*") if str(path.relative_to(here)) not in made]
if "--check" in sys.argv:
    print("\n".join("%s is not what make.py makes" % name for name in stale))
    sys.exit(bool(stale))
for name in made:
    (here / name).write_text(made[name])
