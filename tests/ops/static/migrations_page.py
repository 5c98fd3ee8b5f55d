"""docs/ops_migrations.md, run: its blocks of SQL are the files they name, its commands do what the page says."""
import os
import pathlib
import re
import subprocess

from expected import end, expect
from migrations_lib import fresh

top = pathlib.Path(__file__).resolve().parents[3]
work = pathlib.Path(os.environ["MIGRATIONS_WORK"])
os.symlink(top / "ops", work / "ops")
fresh()
ran = 0
for kind, text in re.findall(r"^```(sql|sh)\n(.*?)^```$", (top / "docs" / "ops_migrations.md").read_text(), re.M | re.S):
    if kind == "sql":
        name, rest = re.match(r"-- (\S+)\n(.*)", text, re.S).groups()
        (work / "migrations" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "migrations" / name).write_text(rest)
        continue
    for line in text.splitlines():
        command, _, why = line.partition("      # fails: ")
        done = subprocess.run(["bash", "-c", command], cwd=work, capture_output=True, text=True)
        said = done.stdout + done.stderr
        good = done.returncode != 0 and why in said if why else done.returncode == 0
        expect(line, True, good or said)
        ran += 1
expect("the page has commands", True, ran >= 18)
print("# %d commands of docs/ops_migrations.md" % ran)
end()
