"""Are the rows of both clusters the same? Each table in 256 parts by a hash of the row, so that what clients change meanwhile spoils few of them."""
import time

from .copying import followed
from .schema import moving

PARTS = """
SELECT get_byte(h, 0), count(*), sum(get_byte(h, 1) + get_byte(h, 2) * 256 + get_byte(h, 3) * 65536::bigint + get_byte(h, 4) * 16777216::bigint
    + get_byte(h, 5) * 4294967296 + get_byte(h, 6) * 1099511627776)
FROM (SELECT decode(md5(t::text), 'hex') AS h FROM ONLY %s AS t) AS s GROUP BY 1
"""


def parts(cluster, database, table):
    return {row[0]: row[1:] for row in cluster.rows(PARTS % table, None, database)}


class Comparison:
    """`open` is what was not seen equal yet: {database: {table: (parts, the seconds that asking took)}}."""

    def __init__(self, leader, follower, names, aside=()):
        self.leader, self.follower = leader, follower
        self.open = {name: {table.name: (set(range(256)), 0.0) for table in moving(leader, name) if not table.name.startswith("quiver_upgrade.") and table.name not in aside}
                     for name in names}
        self.equal = 0

    def look(self, name, table):
        began = time.monotonic()
        one, other = parts(self.leader, name, table), parts(self.follower, name, table)
        left = {part for part in self.open[name][table][0] if one.get(part) != other.get(part)}
        if left:
            self.open[name][table] = (left, time.monotonic() - began)
        else:
            del self.open[name][table]
            self.equal += 1
        return left

    def at_work(self, seconds, passes=3):
        """While clients write: what is equal at any moment was copied right, and what is replicated from there on is replicated."""
        end = time.monotonic() + seconds
        for _ in range(passes):
            for name, tables in self.open.items():
                if tables and time.monotonic() < end:
                    followed(self.leader, self.follower, name, 60)
                for table in list(tables):
                    if time.monotonic() < end:
                        self.look(name, table)

    def at_rest(self, seconds):
        """While nobody writes, those that take no longer than there is time; what differs now differs."""
        end, differ = time.monotonic() + seconds, []
        for name, tables in self.open.items():
            for table in sorted(tables, key=lambda table: tables[table][1]):
                if time.monotonic() + tables[table][1] < end and self.look(name, table):
                    differ.append("%s in %s" % (table, name))
        return differ

    def left(self):
        return sorted("%s in %s" % (table, name) for name, tables in self.open.items() for table in tables)
