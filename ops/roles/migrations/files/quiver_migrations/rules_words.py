"""The rules that words tell: what must not be run at all, and habits that leave no trace in the database."""

CONTROL = ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE")
BEYOND = [("CREATE", "DATABASE"), ("ALTER", "DATABASE"), ("ALTER", "SYSTEM"), ("CREATE", "TABLESPACE"), ("DROP", "TABLESPACE"), ("ALTER", "TABLESPACE"),
          ("REASSIGN", "OWNED"), ("DROP", "OWNED"), ("CREATE", "SUBSCRIPTION"), ("DROP", "SUBSCRIPTION"), ("ALTER", "SUBSCRIPTION"), ("CHECKPOINT",)]
BEYOND += [(verb, kind) for verb in ("CREATE", "ALTER", "DROP") for kind in ("ROLE", "USER", "GROUP")]


def closes(statement):
    """BEGIN, COMMIT and the like, but not what goes back to a savepoint."""
    if not statement.words or statement.words[0][0] not in CONTROL:
        return False
    if statement.starts("PREPARE"):
        return statement.starts("PREPARE", "TRANSACTION")
    return not (statement.starts("ROLLBACK") and statement.has("TO"))


def forbidden(script):
    """(rule, statement, what) of statements that the rehearsal leaves out: they end its transaction or reach past the database."""
    opened = None
    for statement in script.statements:
        if statement.starts("DROP", "DATABASE"):
            yield "ban-drop-database", statement, "not rehearsed"
        elif any(statement.starts(*phrase) for phrase in BEYOND) and not statement.starts("CREATE", "USER", "MAPPING") \
                and not statement.starts("ALTER", "USER", "MAPPING") and not statement.starts("DROP", "USER", "MAPPING"):
            yield "cluster-wide", statement, "not rehearsed"
        elif statement.starts("COPY") and statement.has("PROGRAM"):
            yield "cluster-wide", statement, "it runs a program on the server; not rehearsed"
        elif closes(statement):
            if statement.starts("BEGIN") or statement.starts("START"):
                opened = statement
            else:
                opened = None
            yield "transaction-nesting", statement, "the file is a transaction already"
    if opened:
        yield "ban-uncommitted-transaction", opened, "nothing commits it"


def habits(script):
    """(rule, statement, what)"""
    for statement in script.statements:
        if statement.starts("TRUNCATE") and statement.has("CASCADE"):
            yield "ban-truncate-cascade", statement, "it empties every table that refers to this one"
        if statement.starts("ALTER", "TYPE") and statement.has("ADD", "VALUE") and not (statement.has("BEFORE") or statement.has("AFTER")):
            yield "require-enum-value-ordering", statement, "the value's place is left open"
        if statement.starts("CLUSTER") or statement.starts("VACUUM") and "FULL" in [word for word, _ in statement.words]:
            yield "prefer-repack", statement, "it copies the table while nobody may read it"
        if statement.words[0][0] in ("UPDATE", "DELETE") and not statement.has("WHERE") and script.phase != "backfill":
            yield "backfill-in-migration", statement, "it changes every row in one transaction"
        if script.alone and fragile(statement):
            yield "prefer-robust-stmts", statement, "a second run of it fails"


def fragile(statement):
    """Whether it fails where it was done already."""
    if statement.starts("CREATE") and not statement.has("OR", "REPLACE"):
        return not statement.has("IF", "NOT", "EXISTS")
    if statement.starts("DROP"):
        return not statement.has("IF", "EXISTS")
    if statement.starts("ALTER", "TABLE"):
        return statement.has("ADD", "COLUMN") and not statement.has("ADD", "COLUMN", "IF", "NOT", "EXISTS") \
            or statement.has("DROP", "COLUMN") and not statement.has("DROP", "COLUMN", "IF", "EXISTS")
    return False
