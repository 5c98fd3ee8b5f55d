"""A file of SQL as statements, cut where psql would cut it, with the words and comments of each.

The server is the parser here: whatever its version accepts is accepted. This only finds the semicolons that end statements, which takes quotes, dollar
quotes, comments, parentheses and the bodies of SQL functions (BEGIN ATOMIC ... END), and the words outside of them.
"""
import re

PIECE = re.compile(r"""
      (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<escape>\b[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<name>(?:\b[uU]&)?"(?:[^"]|"")*")
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$)
    | (?P<parameter>:(?:from|to)\b)
    | (?P<cast>::)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    | (?P<number>\d[\w.]*)
    | (?P<mark>[();,])
    | (?P<meta>\\[^\n]*)
    | (?P<other>.)
""", re.X | re.S)


class Unreadable(Exception):
    pass


class Statement:
    """text: as written, without the semicolon. line: where it begins. words: (upper-case word or mark, depth of parentheses) in order, names in quotes
    and strings as a lone quote. comments: those in front of it and in it, with their lines. parameters: (start, end, name) of :from and :to in text."""

    def __init__(self):
        self.text, self.line, self.words, self.comments, self.parameters = "", None, [], [], []

    def starts(self, *phrase):
        return tuple(word for word, _ in self.words[:len(phrase)]) == phrase

    def has(self, *phrase):
        """The words one after the other, outside of parentheses."""
        flat = [word for word, depth in self.words if depth == 0]
        return any(tuple(flat[at:at + len(phrase)]) == phrase for at in range(len(flat)))


def block_end(text, at):
    """Behind the comment that begins at `at`; they nest."""
    depth = 0
    for piece in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if piece.group() == "/*" else -1
        if depth == 0:
            return at + piece.end()
    raise Unreadable("line %d: a comment has no end" % (text.count("\n", 0, at) + 1))


class Splitter:
    def __init__(self, text):
        self.source = text
        self.statements, self.statement = [], Statement()
        self.begin, self.depth, self.body = None, 0, 0

    def line(self, at):
        return self.source.count("\n", 0, at) + 1

    def finish(self, at):
        if self.begin is not None:
            self.statement.text = self.source[self.begin:at].rstrip()
            self.statements.append(self.statement)
            self.statement = Statement()
        self.begin, self.depth, self.body = None, 0, 0

    def take(self, at, word, depth=None):
        if self.begin is None:
            self.begin, self.statement.line = at, self.line(at)
        self.statement.words.append((word, self.depth if depth is None else depth))

    def word(self, at, word):
        """Words, and how deep in the body of an SQL function they are: psql counts the same way."""
        before = self.statement.words[-1][0] if self.statement.words else None
        self.take(at, word)
        if self.depth == 0 and any(kind in [first for first, _ in self.statement.words[:4]] for kind in ("FUNCTION", "PROCEDURE")):
            if word == "ATOMIC" and before == "BEGIN" or self.body and word in ("CASE", "BEGIN"):
                self.body += 1
            elif self.body and word == "END":
                self.body -= 1

    def comment(self, at, text):
        """On the line where a statement has ended, it belongs to that statement."""
        owner = self.statement
        if self.begin is None and self.statements and "\n" not in self.source[self.ended:at]:
            owner = self.statements[-1]
        owner.comments.append((self.line(at), text))

    def split(self):
        at, self.ended = 0, 0
        while at < len(self.source):
            piece = PIECE.match(self.source, at)
            kind, text, end = piece.lastgroup, piece.group(), piece.end()
            if kind == "comment":
                self.comment(at, text[2:].strip())
            elif kind == "block":
                end = block_end(self.source, at)
                self.comment(at, self.source[at + 2:end - 2].strip())
            elif kind == "dollar":
                close = self.source.find(text, end)
                if close < 0:
                    raise Unreadable("line %d: what begins with %s has no end" % (self.line(at), text))
                end = close + len(text)
                self.take(at, "'")
            elif kind in ("string", "escape"):
                self.take(at, "'")
            elif kind == "name":
                self.take(at, '"')
            elif kind == "parameter":
                self.take(at, text)
                self.statement.parameters.append((at - self.begin, end - self.begin, text[1:]))
            elif kind == "word":
                self.word(at, text.upper())
            elif kind == "meta":
                raise Unreadable("line %d: %s is for psql, not for a migration" % (self.line(at), text.split()[0]))
            elif text == ";" and self.depth == 0 and self.body == 0:
                self.finish(at)
                self.ended = end
            elif not text.isspace():
                if text in "'\"":
                    raise Unreadable("line %d: a quote has no end" % self.line(at))
                self.depth -= text == ")"
                self.take(at, text)
                self.depth += text == "("
            at = end
        self.finish(len(self.source))
        return self.statements, self.statement.comments


def split(text):
    """(statements, comments behind the last of them)"""
    return Splitter(text).split()


def filled(statement, values):
    """The text with :from and :to as literals of SQL."""
    text = statement.text
    for start, end, name in reversed(statement.parameters):
        text = text[:start] + values[name] + text[end:]
    return text
