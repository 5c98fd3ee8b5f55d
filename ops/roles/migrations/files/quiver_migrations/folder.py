"""A folder of migrations: NNN_name/ with up.sql, and with backfill.sql, contract.sql, down.sql, verify.sql where they are wanted."""
import hashlib
import pathlib
import re

from . import lexer

PHASES = ("up", "backfill", "contract")
FILES = PHASES + ("down", "verify")
HEADER = re.compile(r"^over\s+(\S+)\s+by\s+(\S+)$")


class Wrong(Exception):
    pass


class Script:
    """One file. alone: its statements run one by one, outside of a transaction."""

    def __init__(self, migration, phase, path):
        self.migration, self.phase, self.path = migration, phase, path
        self.name = "%s/%s" % (migration, path.name)
        text = path.read_text()
        # What changes nothing in the effect, such as a comment that is spelt better, changes the sum all the same: a file that was applied stays.
        self.checksum = hashlib.sha256(text.encode()).hexdigest()
        try:
            self.statements, self.comments = lexer.split(text)
        except lexer.Unreadable as error:
            raise Wrong("%s: %s" % (self.name, error))
        if not self.statements:
            raise Wrong("%s has no statement" % self.name)
        everything = [comment for statement in self.statements for comment in statement.comments] + self.comments
        self.alone = any(text == "without transaction" for _, text in everything)
        self.over = None
        for _, text in everything:
            found = HEADER.match(text)
            if found:
                self.over = found.groups()
        if phase == "backfill":
            self.check_backfill()

    def check_backfill(self):
        given = {name for statement in self.statements for _, _, name in statement.parameters}
        if len(self.statements) != 1 or given != {"from", "to"}:
            raise Wrong("%s is one statement that changes the rows with a key BETWEEN :from AND :to" % self.name)
        if not self.over:
            raise Wrong("%s says in a comment which rows it goes over: -- over SCHEMA.TABLE by COLUMN" % self.name)


class Migration:
    def __init__(self, path):
        self.name = path.name
        self.scripts = {phase: Script(path.name, phase, path / (phase + ".sql")) for phase in FILES if (path / (phase + ".sql")).exists()}
        strange = sorted(entry.name for entry in path.iterdir() if entry.name not in [phase + ".sql" for phase in FILES])
        if strange:
            raise Wrong("%s: what is %s? A migration has %s" % (path.name, ", ".join(strange), ", ".join(phase + ".sql" for phase in FILES)))
        if "up" not in self.scripts:
            raise Wrong("%s has no up.sql" % path.name)


def read(directory):
    """Migrations in the order of their numbers."""
    root = pathlib.Path(directory)
    if not root.is_dir():
        raise Wrong("%s is no folder" % directory)
    found = {}
    for path in sorted(root.iterdir()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        number = re.match(r"^(\d+)_[a-z0-9_]+$", path.name)
        if not number:
            raise Wrong("%s is not named NNN_name, of digits, then small letters, digits and underscores" % path.name)
        if int(number.group(1)) in found:
            raise Wrong("%s and %s have the same number" % (found[int(number.group(1))].name, path.name))
        found[int(number.group(1))] = Migration(path)
    if not found:
        raise Wrong("there is no migration in %s" % directory)
    return [found[number] for number in sorted(found)]
