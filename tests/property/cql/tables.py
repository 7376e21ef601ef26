#!/usr/bin/python3
"""Random statements through the CQL door against a naive model of Cassandra's rows.

The model keeps every cell with its timestamp, every tombstone, and works out each answer by looking at all rows. Tables are made at
random: key columns, order, statics, collections, an index, a view. $OXBOW_SEED repeats a run, $OXBOW_TEST_SCALE makes it longer."""
import copy
import datetime
import functools
import operator
import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenario"))
from cassandra.encoder import Encoder  # noqa: E402
from cassandra.metadata import Murmur3Token  # noqa: E402
from cassandra.query import SimpleStatement, tuple_factory  # noqa: E402
from cassandra_client import cluster_of  # noqa: E402
from server import Server, wait_for  # noqa: E402

SEED = int(os.environ.get("OXBOW_SEED") or str(random.SystemRandom().randrange(1 << 32)), 0)
TABLES = 8 * max(1, int(os.environ.get("OXBOW_TEST_SCALE") or 1))
STEPS = 400
NEVER = -(1 << 62)
NOW = 1 << 50  # what the server stamps: in the model a number that rises, after all that clients give
COMPARE = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
TEXTS = ["", "a", "aa", "b", "\u00e9", "z"]
CONTENTS = {"e": "set<int>", "m": "map<text, int>", "l": "list<int>", "se": "set<int>"}  # of collections that are not frozen
TYPES = {**CONTENTS, "v": "int", "w": "text", "x": "bigint", "f": "frozen<set<int>>", "st": "int"}
REGULAR, STATIC = ["v", "w", "x", "e", "m", "l", "f"], ["st", "se"]


def serial(kind, value):
    """As it is compared when timestamps are equal."""
    if kind.startswith("frozen"):
        return struct.pack(">i", len(value)) + b"".join(struct.pack(">ii", 4, one) for one in sorted(value))
    return value.encode() if kind == "text" else struct.pack(">q" if kind == "bigint" else ">i", value)


def random_value(rng, kind):
    if kind == "text":
        return rng.choice(TEXTS)
    if kind.startswith("frozen"):
        return frozenset(rng.sample(range(4), rng.randrange(1, 4)))
    return rng.choice([-1, 0, 1, 2, 3, 1 << 20])


def key_value(rng, kind):
    """Partition keys are not empty."""
    return random_value(rng, kind) or ("k" if kind == "text" else 0)


class Stamp(int):
    """A timestamp, and the TTL that goes with it, which is over long after the test."""

    ttl = None


class Cells:
    """A column of a row: one cell under None, or a collection's by their keys; a tombstone's value is None."""

    def __init__(self):
        self.deleted = NEVER
        self.at = {}

    def put(self, kind, key, stamp, value):
        """`stamp` is a Stamp; what is a tombstone has no TTL."""
        cell = (stamp, value, None if value is None else stamp.ttl)
        before = self.at.get(key)
        if before is None or stamp > before[0] or (stamp == before[0] and self.beats(kind, cell, before)):
            self.at[key] = cell

    @staticmethod
    def beats(kind, cell, other):
        """Of one timestamp: tombstones, then what expires, the later the better, then the greater value."""
        place = lambda one: (one[1] is None, one[2] is not None, one[2] or 0, b"" if one[1] is None else serial(kind, one[1]))
        return place(cell) > place(other)

    def live(self, mask):
        mask = max(mask, self.deleted)
        return {key: cell for key, cell in self.at.items() if cell[0] > mask and cell[1] is not None}


class Row:
    def __init__(self):
        self.marker = NEVER
        self.deleted = NEVER
        self.columns = {}


class Partition:
    def __init__(self):
        self.deleted = NEVER
        self.ranges = []  # (what tells whether a clustering key is in it, timestamp)
        self.statics = Row()
        self.rows = {}


class Write:
    """A statement without its USING and IF, and what it does to the model. `at` is None when no row is named."""

    def __init__(self, text, values, effects, key, at, has_statics=False):
        self.text, self.values, self.effects, self.key, self.at, self.has_statics = text, values, effects, key, at, has_statics

    def using(self, stamp=None, ttl=None):
        given = [*([f"TIMESTAMP {stamp}"] if stamp else []), *([f"TTL {ttl}"] if ttl else [])]
        clause = f"USING {' AND '.join(given)}" if given else ""
        return self.text.replace("{using}", clause) if "{using}" in self.text else f"{self.text} {clause}"


class Table:
    def __init__(self, rng, number):
        self.rng, self.name = rng, f"t{number}"
        self.keys = [("p", rng.choice(["int", "text"]))] + [("q", "int")] * rng.choice([0, 0, 1])
        names = rng.sample(["c", "d", "g"], rng.choice([0, 1, 2, 2, 3]))
        self.clustering = [(name, rng.choice(["int", "text"])) for name in names]
        self.descending = [rng.random() < 0.4 for _ in names]
        self.regular = sorted(rng.sample(REGULAR, rng.randrange(2, 6)))
        self.static = rng.sample(STATIC, rng.randrange(3)) if names else []
        self.kinds = {**dict(self.keys), **dict(self.clustering), **{name: TYPES[name] for name in self.regular + self.static}}
        self.index = rng.choice([None, *[name for name in self.regular if name in "vwe"]])
        self.view = rng.choice([None, *[name for name in self.regular if name in "vw"]])
        self.dropped = {}  # column -> the timestamp up to which its cells are gone
        self.partitions = {}
        self.clock = NOW
        self.ttls = 0
        self.lists = 0  # numbers of list elements, later ones higher
        self.counts = {}

    @property
    def order(self):
        return [name for name, _ in self.keys + self.clustering] + sorted(self.static) + sorted(self.regular)

    def create(self):
        columns = ", ".join(f"{name} {kind}{' static' if name in self.static else ''}" for name, kind in self.kinds.items())
        clustering = "".join(", " + name for name, _ in self.clustering)
        order = ", ".join(f"{name} {'DESC' if down else 'ASC'}" for (name, _), down in zip(self.clustering, self.descending))
        keys = ", ".join(name for name, _ in self.keys)
        yield f"CREATE TABLE {self.name} ({columns}, PRIMARY KEY (({keys}){clustering}))" + (f" WITH CLUSTERING ORDER BY ({order})" if order else "")
        if self.index:
            yield f"CREATE INDEX ON {self.name} ({self.index})"
        if self.view:
            names = [name for name, _ in self.keys + self.clustering]
            conditions = " AND ".join(f"{name} IS NOT NULL" for name in [self.view, *names])
            yield (f"CREATE MATERIALIZED VIEW {self.name}_view AS SELECT {', '.join(names + self.regular)} FROM {self.name} WHERE {conditions} "
                   f"PRIMARY KEY ({', '.join([self.view, *names])})")

    # --- what is visible ---

    def value(self, row, name, mask):
        """(value, its Stamp) of a column, or (None, None)."""
        cells = row.columns.get(name)
        live = cells.live(max(mask, self.dropped.get(name, NEVER))) if cells else {}
        if not live:
            return None, None
        if name not in CONTENTS:
            return live[None][1], live[None][0]
        if name == "l":
            return [live[key][1] for key in sorted(live)], None
        return ({key: cell[1] for key, cell in live.items()} if name == "m" else set(live)), None

    def row_mask(self, partition, key, row):
        return max([partition.deleted, row.deleted, *[stamp for within, stamp in partition.ranges if within(key)]])

    def visible(self, partition, key):
        """A row's columns with their timestamps; None: there is no such row."""
        row = partition.rows.get(key)
        if row is None:
            return None
        mask = self.row_mask(partition, key, row)
        columns = {name: self.value(row, name, mask) for name in self.regular}
        return columns if row.marker > mask or any(value is not None for value, _ in columns.values()) else None

    def place(self, key):
        """Where a clustering key stands among others."""
        return tuple(Down(part.encode() if isinstance(part, str) else part) if down else (part.encode() if isinstance(part, str) else part)
                     for part, down in zip(key, self.descending))

    def token(self, key):
        parts = [serial(kind, part) for part, (_, kind) in zip(key, self.keys)]
        joined = parts[0] if len(parts) == 1 else b"".join(struct.pack(">H", len(part)) + part + b"\0" for part in parts)
        return Murmur3Token.hash_fn(joined)

    def read(self):
        """[(partition key, statics, [(clustering key, columns), …])] in the order of a scan."""
        found = []
        for key in sorted(self.partitions, key=self.token):
            partition = self.partitions[key]
            statics = {name: self.value(partition.statics, name, partition.deleted) for name in self.static}
            rows = [(at, self.visible(partition, at)) for at in sorted(partition.rows, key=self.place)]
            rows = [(at, columns) for at, columns in rows if columns is not None]
            if rows or any(value is not None for value, _ in statics.values()):
                found.append((key, statics, rows))
        return found

    def flat(self, with_static_rows=True):
        """Rows as column -> (value, timestamp)."""
        for key, statics, rows in self.read():
            keys = {name: (part, None) for (name, _), part in zip(self.keys, key)}
            for at, columns in rows:
                yield {**keys, **{name: (part, None) for (name, _), part in zip(self.clustering, at)}, **statics, **columns}
            if not rows and with_static_rows:
                yield {**keys, **{name: (None, None) for name in [*dict(self.clustering), *self.regular]}, **statics}

    # --- writes ---

    def stamp(self):
        """(whether the statement says it, timestamp)"""
        if self.rng.random() < 0.5:
            return False, self.tick()
        return True, Stamp(self.rng.randrange(1, 30))

    def tick(self):
        self.clock += 10
        return Stamp(self.clock)

    def key(self):
        if self.partitions and self.rng.random() < 0.8:
            return self.rng.choice(list(self.partitions))
        return tuple(key_value(self.rng, kind) for _, kind in self.keys)

    def place_key(self, partition):
        rows = list(partition.rows)
        return self.rng.choice(rows) if rows and self.rng.random() < 0.5 else tuple(random_value(self.rng, kind) for _, kind in self.clustering)

    def assign(self, row, name, stamp, allows_lists, visible_list):
        """A SET clause, its values, and what it does; `visible_list` has the live elements' keys of the list."""
        kind, cells = self.kinds[name], row.columns.setdefault(name, Cells())
        if name not in CONTENTS:
            value = None if self.rng.random() < 0.15 else random_value(self.rng, kind)
            return f"{name} = ?", [value], lambda: cells.put(kind, None, stamp, value)
        if name == "l":
            return self.assign_list(cells, stamp, visible_list) if allows_lists else (None, None, None)
        elements = set(self.rng.sample(range(5), self.rng.randrange(1, 3)))
        value = {TEXTS[one]: random_value(self.rng, "int") for one in elements} if name == "m" else elements
        put = lambda: [cells.put("int", key, stamp, value[key] if name == "m" else 0) for key in value]
        way = self.rng.choice(["=", "+", "-", "null", "one"])
        if way == "+":
            return f"{name} = {name} + ?", [value], put
        if way == "-":
            keys = set(value)
            return f"{name} = {name} - ?", [Keys(keys) if name == "m" else keys], lambda: [cells.put("int", key, stamp, None) for key in keys]
        if way == "one" and name == "m":
            key, one = next(iter(value)), self.rng.choice([None, 7])
            return f"{name}[?] = ?", [key, one], lambda: cells.put("int", key, stamp, one)

        def replace():
            cells.deleted = max(cells.deleted, stamp - 1)
            if way != "null":
                put()
        return f"{name} = ?", [None if way == "null" else value], replace

    def assign_list(self, cells, stamp, keys):
        value = [random_value(self.rng, "int") for _ in range(self.rng.randrange(1, 4))]
        way = self.rng.choice(["=", "append", "prepend", "index", "discard"])
        first, self.lists = self.lists + 1, self.lists + len(value)

        def append():
            for i, one in enumerate(value):
                cells.put("int", first + i, stamp, one)

        def replace():
            cells.deleted = max(cells.deleted, stamp - 1)
            append()

        def prepend():
            for i, one in enumerate(value):
                cells.put("int", -self.lists + i, stamp, one)
        if way == "append":
            return "l = l + ?", [value], append
        if way == "prepend":
            return "l = ? + l", [value], prepend
        if way == "index" and keys:
            at = self.rng.randrange(len(keys))
            return "l[?] = ?", [at, value[0]], lambda: cells.put("int", keys[at], stamp, value[0])
        if way == "discard" and keys:
            gone = [key for key in keys if cells.at[key][1] in value]
            return "l = l - ?", [value], lambda: [cells.put("int", key, stamp, None) for key in gone]
        return "l = ?", [value], replace

    def where_key(self, key, at=()):
        names = [name for name, _ in self.keys] + [name for name, _ in self.clustering][:len(at)]
        return " AND ".join(f"{name} = ?" for name in names), [*key, *at]

    def list_keys(self, partition, at):
        row = partition.rows.get(at)
        cells = row.columns.get("l") if row else None
        return sorted(cells.live(max(self.row_mask(partition, at, row), self.dropped.get("l", NEVER)))) if cells else []

    def insert(self, stamp, allows_lists=True):
        key = self.key()
        partition = self.partitions.setdefault(key, Partition())
        at = self.place_key(partition)
        row = partition.rows.setdefault(at, Row())
        names, values = [name for name, _ in self.keys + self.clustering], [*key, *at]
        effects = []
        for name in self.rng.sample(self.regular + self.static, self.rng.randrange(0, 4) % (len(self.regular + self.static) + 1)):
            if name in CONTENTS and not (name == "l" and not allows_lists):
                value = self.rng.choice([{1, 2}, {3}]) if name in ("e", "se") else {"a": 1, "b": 2} if name == "m" else [3, 1, 3]
                effects.append(functools.partial(self.replaced, partition.statics if name in self.static else row, name, stamp, value))
            elif name in CONTENTS:
                continue
            else:
                value = None if self.rng.random() < 0.15 else random_value(self.rng, self.kinds[name])
                cells = (partition.statics if name in self.static else row).columns.setdefault(name, Cells())
                effects.append(functools.partial(cells.put, self.kinds[name], None, stamp, value))
            names, values = names + [name], values + [value]
        effects.append(lambda: setattr(row, "marker", max(row.marker, stamp)))
        return Write(f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", values, effects, key, at, bool(set(names) & set(self.static)))

    def replaced(self, row, name, stamp, value):
        cells = row.columns.setdefault(name, Cells())
        cells.deleted = max(cells.deleted, stamp - 1)
        for i, key in enumerate(value if name != "l" else range(len(value))):
            if name == "l":
                self.lists += 1
                cells.put("int", self.lists, stamp, value[i])
            else:
                cells.put("int", key, stamp, value[key] if name == "m" else 0)

    def update(self, stamp, allows_lists=True):
        key = self.key()
        partition = self.partitions.setdefault(key, Partition())
        at = self.place_key(partition)
        only_static = bool(self.static) and self.rng.random() < 0.2
        row = partition.statics if only_static else partition.rows.setdefault(at, Row())
        choices = self.static if only_static else self.regular
        clauses, values, effects = [], [], []
        for name in self.rng.sample(choices, self.rng.randrange(1, min(3, len(choices)) + 1)):
            clause, given, effect = self.assign(row, name, stamp, allows_lists, self.list_keys(partition, at))
            if clause:
                clauses, values, effects = clauses + [clause], values + given, effects + [effect]
        if not clauses:
            return self.insert(stamp, allows_lists)
        where, keys = self.where_key(key, () if only_static else at)
        return Write(f"UPDATE {self.name} {{using}} SET {', '.join(clauses)} WHERE {where}", values + keys, effects, key, None if only_static else at, only_static)

    def delete(self, stamp, allows_lists=True):
        key = self.key()
        partition = self.partitions.setdefault(key, Partition())
        at = self.place_key(partition)
        way = self.rng.choice(["columns", "row", "range", "range", "partition"] if self.clustering else ["columns", "row"])
        if way == "partition":
            where, values = self.where_key(key)
            return Write(f"DELETE FROM {self.name} {{using}} WHERE {where}", values, [lambda: setattr(partition, "deleted", max(partition.deleted, stamp))], key, None)
        if way == "range":
            where, values, within = self.some_range(key, at)
            return Write(f"DELETE FROM {self.name} {{using}} WHERE {where}", values, [lambda: partition.ranges.append((within, stamp))], key, None)
        row = partition.rows.setdefault(at, Row())
        where, values = self.where_key(key, at)
        if way == "row":
            return Write(f"DELETE FROM {self.name} {{using}} WHERE {where}", values, [lambda: setattr(row, "deleted", max(row.deleted, stamp))], key, at)
        name = self.rng.choice(self.regular)
        cells = row.columns.setdefault(name, Cells())
        if name == "m" and self.rng.random() < 0.5:
            return Write(f"DELETE m[?] FROM {self.name} {{using}} WHERE {where}", ["a", *values], [lambda: cells.put("int", "a", stamp, None)], key, at)
        gone = (lambda: setattr(cells, "deleted", max(cells.deleted, stamp))) if name in CONTENTS else (lambda: cells.put(self.kinds[name], None, stamp, None))
        return Write(f"DELETE {name} FROM {self.name} {{using}} WHERE {where}", values, [gone], key, at)

    def some_range(self, key, at):
        """WHERE of rows between bounds, its values, and what tells whether a clustering key is there."""
        fixed = self.rng.randrange(len(at))
        where, values = self.where_key(key, at[:fixed])
        name, kind = self.clustering[fixed]
        within = [lambda other: other[:fixed] == at[:fixed]]
        for sign in self.rng.choice([[">="], [">"], ["<"], ["<="], [">", "<="], [">=", "<"], []] if fixed else [[">="], [">"], ["<"], ["<="], [">", "<="], [">=", "<"]]):
            bound = random_value(self.rng, kind)
            where, values = f"{where} AND {name} {sign} ?", values + [bound]
            within.append(functools.partial(lambda sign, bound, other: COMPARE[sign](plain(other[fixed]), plain(bound)), sign, bound))
        return where, values, lambda other: all(one(other) for one in within)

    def write(self, client):
        is_told, stamp = self.stamp()
        way = self.rng.choice([self.insert, self.insert, self.update, self.update, self.delete])
        if way != self.delete and self.rng.random() < 0.2:
            self.ttls += self.rng.randrange(1, 50)
            stamp.ttl = 1000000 + self.ttls % 97 * 100000 + self.ttls  # none twice, now greater and now less than others
        write = way(stamp)
        client.execute(write.using(stamp if is_told else None, stamp.ttl), write.values)
        self.done(write.effects, "write")

    def done(self, effects, what):
        for effect in effects:
            effect()
        self.count(what)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def batch(self, client):
        is_told, stamp = self.stamp()
        writes = [self.rng.choice([self.insert, self.update, self.delete])(stamp, allows_lists=False) for _ in range(self.rng.randrange(1, 5))]
        texts = "; ".join(write.using() for write in writes)
        client.execute(f"BEGIN BATCH {f'USING TIMESTAMP {stamp}' if is_told else ''} {texts}; APPLY BATCH", [value for write in writes for value in write.values])
        self.done([effect for write in writes for effect in write.effects], "batch")

    def conditional(self, client):
        """IF: against what is visible; it is stamped by the server."""
        write = self.rng.choice([self.insert, self.update, self.delete])(self.tick(), allows_lists=False)
        if write.at is None or write.has_statics:
            return  # ranges and partitions are refused, and statics are rows of their own
        row = self.visible(self.partitions[write.key], write.at)
        text, values = write.using(), write.values
        names = [name for name in self.regular if name not in CONTENTS]
        if write.text.startswith("INSERT"):
            text, expected = text + " IF NOT EXISTS", row is None
        elif not names or self.rng.random() < 0.4:
            text, expected = text + " IF EXISTS", row is not None
        else:
            name = self.rng.choice(names)
            held = row[name][0] if row else None
            wanted = held if self.rng.random() < 0.6 else random_value(self.rng, self.kinds[name])
            text, values, expected = f"{text} IF {name} = ?", values + [wanted], held == wanted
        applied = client.execute(text, values)[0][0]
        assert applied == expected, f"{text} {values}: applied {applied}, expected {expected}; the row is {row}"
        self.done(write.effects if expected else [], f"conditional {'applied' if expected else 'refused'}")

    def alter(self, client):
        """A column is dropped, and added again: what it held before is gone."""
        names = [name for name in self.regular + self.static if name not in (self.index, self.view, "l")]
        if not names or self.view:
            return  # a view has all columns
        name = self.rng.choice(names)
        stamp = self.rng.randrange(1, 30) if name not in self.dropped and self.rng.random() < 0.5 else None
        client.execute(f"ALTER TABLE {self.name} DROP {name}" + (f" USING TIMESTAMP {stamp}" if stamp else ""), [])
        client.execute(f"ALTER TABLE {self.name} ADD {name} {self.kinds[name]}{' static' if name in self.static else ''}", [])
        self.dropped[name] = stamp or self.tick()
        self.count("alter")

    def truncate(self, client):
        client.execute(f"TRUNCATE {self.name}", [])
        self.partitions = {}
        self.count("truncate")

    def rebuild(self, client):
        """Index and view are made anew, of what is there by now."""
        for kind, name, made in (("INDEX", f"{self.name}_{self.index}_idx", self.index), ("MATERIALIZED VIEW", f"{self.name}_view", self.view)):
            if made:
                client.execute(f"DROP {kind} {name}", [])
                client.execute(next(text for text in self.create() if text.startswith(f"CREATE {kind}")), [])
                wait_for(f"{name} to be built", functools.partial(client.is_built, name))
                self.count("rebuild")

    # --- reads ---

    def project(self, row, names):
        return tuple(row[name][0] for name in names)

    def select(self, client):
        rows = list(self.flat())
        by_place = False
        names = self.rng.sample(self.order, self.rng.randrange(1, len(self.order) + 1))
        names += [self.regular[0]] if not set(names) & {*dict(self.clustering), *self.regular} else []  # of statics alone rows cannot be asked for
        where, values, tail = [], [], ""
        way = self.rng.choice(["all", "partition", "partition", "partition", "in", "token", "filter", "filter", "index", "view"])
        if way in ("partition", "in") and self.partitions:
            rows, where, values, by_place = self.select_partitions(way)
            if by_place and way == "partition" and self.clustering and self.rng.random() < 0.4:
                tail += f" ORDER BY {self.clustering[0][0]} {'ASC' if self.descending[0] else 'DESC'}"
                rows.reverse()
        elif way == "token":
            bound, sign = self.rng.choice([row_token(self, row) for row in rows] or [0]), self.rng.choice(list(COMPARE))
            rows = [row for row in rows if COMPARE[sign](row_token(self, row), bound)]
            where, values = [f"token({', '.join(name for name, _ in self.keys)}) {sign} ?"], [bound]
        elif way == "filter":
            rows, where, values = self.select_filtered()
            tail += " ALLOW FILTERING"
        elif way == "index" and self.index:
            return self.select_indexed(client)
        elif way == "view" and self.view:
            return self.select_view(client)
        tail = self.limited(rows, tail)
        limit, per_partition = self.limits
        rows = limit_rows(self, rows, limit, per_partition)
        text = f"SELECT {', '.join(names)} FROM {self.name}{' WHERE ' + ' AND '.join(where) if where else ''}{tail}"
        found = client.execute(text, values, self.rng.choice([None, 1, 2, 3, 7]))
        self.compare(text, values, found, [self.project(row, names) for row in rows])
        self.count(f"select {way}")
        return None

    def limited(self, rows, tail):
        """PER PARTITION LIMIT and LIMIT stand between ORDER BY and ALLOW FILTERING."""
        per_partition = self.rng.choice([None, None, None, 1, 2])
        limit = self.rng.choice([None, None, None, 1, 3, len(rows) or 1])
        self.limits = limit, per_partition
        given = (f" PER PARTITION LIMIT {per_partition}" if per_partition else "") + (f" LIMIT {limit}" if limit else "")
        return tail.replace(" ALLOW FILTERING", "") + given + (" ALLOW FILTERING" if "ALLOW" in tail else "")

    def select_partitions(self, way):
        keys = [self.key() for _ in range(1 if way == "partition" or len(self.keys) > 1 else 3)]
        found = {key: (statics, rows) for key, statics, rows in self.read()}
        keys = sorted(set(keys), key=lambda key: tuple(plain(part) for part in key))
        where, values = self.where_key(keys[0])
        if len(keys) > 1:
            where, values = f"p IN ({', '.join('?' * len(keys))})", [key[0] for key in keys]
        where, within, names_rows = [where], lambda at: True, False
        if self.clustering and self.rng.random() < 0.6:
            names_rows = True
            partition = self.partitions.get(keys[0], Partition())
            at = self.place_key(partition)
            if self.rng.random() < 0.3:
                among = sorted({self.place_key(partition)[0] for _ in range(3)}, key=plain)
                where, values = where + [f"{self.clustering[0][0]} IN ({', '.join('?' * len(among))})"], values + among
                within = lambda other: other[0] in among
            elif len(self.clustering) > 1 and self.rng.random() < 0.3:
                names, sign = [name for name, _ in self.clustering][:2], self.rng.choice([">", ">=", "<", "<="])
                where, values = where + [f"({', '.join(names)}) {sign} (?, ?)"], values + list(at[:2])
                within = lambda other: COMPARE[sign](tuple(map(plain, other[:2])), tuple(map(plain, at[:2])))
            else:
                text, more, within = self.some_range(keys[0], at)
                where, values = where + text.split(" AND ")[len(self.keys):], values + more[len(self.keys):]
        rows = []
        for key in keys:
            statics, held = found.get(key, ({}, []))
            named = {name: (part, None) for (name, _), part in zip(self.keys, key)}
            kept = [{**named, **{name: (part, None) for (name, _), part in zip(self.clustering, at)}, **statics, **columns} for at, columns in held if within(at)]
            if key in found and not held and not names_rows:
                kept = [{**named, **{name: (None, None) for name in [*dict(self.clustering), *self.regular]}, **statics}]
            rows += kept
        return rows, where, values, True

    def select_filtered(self):
        where, values, holds, restricts_rows = [], [], [], False
        for name in self.rng.sample(self.order, min(2, len(self.order))):
            kind = self.kinds[name]
            if name in dict(self.keys) or name == "f":
                sign = "="
            elif name in CONTENTS:
                sign = "CONTAINS"
            else:
                sign = self.rng.choice(list(COMPARE))
            if sign == "CONTAINS":
                given = random_value(self.rng, "int")
                holds.append(functools.partial(lambda name, given, row: row[name][0] is not None and given in (row[name][0].values() if name == "m" else row[name][0]), name, given))
            else:
                given = key_value(self.rng, kind) if name in dict(self.keys) else random_value(self.rng, kind)
                holds.append(functools.partial(lambda name, sign, given, row: row[name][0] is not None and COMPARE[sign](plain(row[name][0]), plain(given)), name, sign, given))
            where, values = where + [f"{name} {sign} ?"], values + [given]
            restricts_rows |= name in dict(self.clustering) or name in self.regular
        rows = [row for row in self.flat(with_static_rows=not restricts_rows) if all(one(row) for one in holds)]
        return rows, where, values

    def select_indexed(self, client):
        given = random_value(self.rng, "int" if self.index == "e" else self.kinds[self.index])
        sign = "CONTAINS" if self.index == "e" else "="
        rows = [row for row in self.flat(False) if row[self.index][0] is not None and (given in row["e"][0] if self.index == "e" else row[self.index][0] == given)]
        text = f"SELECT {', '.join(self.order)} FROM {self.name} WHERE {self.index} {sign} ?"
        found = client.execute(text, [given], self.rng.choice([None, 1, 3]))
        self.compare(text, [given], sorted(found, key=repr), sorted((self.project(row, self.order) for row in rows), key=lambda row: repr(shown(row))))
        self.count("select index")

    def select_view(self, client):
        names = [name for name in self.order if name not in self.static]
        rows = [row for row in self.flat(False) if row[self.view][0] is not None]
        text, values = f"SELECT {', '.join(names)} FROM {self.name}_view", []
        if self.rng.random() < 0.7:
            values = [key_value(self.rng, self.kinds[self.view])]
            text += f" WHERE {self.view} = ?"
            rows = [row for row in rows if row[self.view][0] == values[0]]
        found = client.execute(text, values, self.rng.choice([None, 1, 3]))
        self.compare(text, values, sorted(found, key=repr), sorted((self.project(row, names) for row in rows), key=lambda row: repr(shown(row))))
        self.count("select view")

    def grouped(self, client):
        """GROUP BY a prefix of the key, DISTINCT, and aggregates of all."""
        names = [name for name, _ in self.keys]
        if self.static and self.rng.random() < 0.3:
            text = f"SELECT DISTINCT {', '.join(names + self.static)} FROM {self.name}"
            seen = {self.project(row, names): self.project(row, names + self.static) for row in self.flat()}
            self.compare(text, [], client.execute(text, [], self.rng.choice([None, 1, 2])), list(seen.values()))
            return
        names += [name for name, _ in self.clustering][:self.rng.randrange(len(self.clustering) + 1)]
        number = self.rng.choice([name for name in self.regular if self.kinds[name] in ("int", "bigint")] or [None])
        cells = ["count(*)"] + ([f"count({number})", f"min({number})", f"max({number})"] if number else [])
        groups = {}
        for row in self.flat():
            groups.setdefault(self.project(row, names), []).append(row)
        expected = []
        for key, rows in groups.items():
            held = [row[number][0] for row in rows if row[number][0] is not None] if number else []
            expected.append((*key, len(rows), *([len(held), min(held, default=None), max(held, default=None)] if number else [])))
        tail = self.limited(expected, "")
        limit, per_partition = self.limits
        taken = {}
        for one in list(expected):
            key = one[:len(self.keys)]
            taken[key] = taken.get(key, 0) + 1
            if per_partition and taken[key] > per_partition:
                expected.remove(one)
        expected = expected[:limit]
        text = f"SELECT {', '.join(names + cells)} FROM {self.name} GROUP BY {', '.join(names)}{tail}"
        self.compare(text, [], client.execute(text, [], self.rng.choice([None, 1, 2, 5])), expected)
        self.count("select groups")

    def stamps(self, client):
        """writetime of cells that clients stamped."""
        names = [name for name in self.regular + self.static if name not in CONTENTS]
        if not names:
            return
        name = self.rng.choice(names)
        text = f"SELECT writetime({name}) FROM {self.name}"
        found = [(stamp if stamp is None or stamp < NOW // 2 else NOW,) for stamp, in client.execute(text, [], None)]
        expected = [(row[name][1] if row[name][1] is None or row[name][1] < NOW else NOW,) for row in self.flat()]
        self.compare(text, [], found, expected)

    def compare(self, text, values, found, expected):
        expected = [shown(row) for row in expected]
        assert found == expected, f"{text} {values}\nfound    {found}\nexpected {expected}\n{list(self.create())}"


class Keys(set):
    """Of a map, those that are taken out: a set though the column is none."""


@functools.total_ordering
class Down:
    """A clustering column in descending order."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value

    def __lt__(self, other):
        return other.value < self.value


def plain(value):
    return value.encode() if isinstance(value, str) else value


def shown(row):
    """A row as both sides are compared: collections in their order."""
    return tuple(tuple(sorted(one.items(), key=lambda pair: plain(pair[0]))) if isinstance(one, dict) else tuple(sorted(one)) if isinstance(one, (set, frozenset)) else tuple(one) if isinstance(one, list) else one for one in row)


def row_token(table, row):
    return table.token(tuple(row[name][0] for name, _ in table.keys))


def limit_rows(table, rows, limit, per_partition):
    kept, taken = [], {}
    for row in rows:
        key = tuple(row[name][0] for name, _ in table.keys)
        taken[key] = taken.get(key, 0) + 1
        if per_partition is None or taken[key] <= per_partition:
            kept.append(row)
    return kept[:limit]


class Client:
    """Statements prepared or as text, by turns; rows with their collections as `shown` gives them."""

    def __init__(self, rng, host):
        self.rng, self.encoder = rng, Encoder()
        self.cluster = cluster_of(host.cql)
        self.session = self.cluster.connect()
        self.session.row_factory = tuple_factory
        self.session.execute("CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        self.session.set_keyspace("ks")

    def literal(self, value):
        return self.encoder.cql_encode_all_types(set(value) if isinstance(value, (frozenset, Keys)) else value)

    def execute(self, text, values, fetch_size=None):
        try:
            if values and self.rng.random() < 0.5:
                statement = self.session.prepare(text).bind([set(value) if isinstance(value, (frozenset, Keys)) else value for value in values])
            else:
                parts = text.split("?")
                statement = SimpleStatement("".join(part + given for part, given in zip(parts, [self.literal(value) for value in values] + [""])))
            statement.fetch_size = fetch_size
            return [tuple(self.held(one) for one in row) for row in self.session.execute(statement)]
        except Exception as error:
            raise AssertionError(f"{text} {values}: {error!r}") from error

    def is_built(self, name):
        views = self.session.execute("SELECT view_name FROM system.built_views WHERE keyspace_name = 'ks'")
        indexes = self.session.execute("SELECT index_name FROM system.\"IndexInfo\" WHERE table_name = 'ks'")
        return (name,) in [*views, *indexes]

    @staticmethod
    def held(value):
        if hasattr(value, "items"):
            return tuple(value.items())
        return tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value

    def close(self):
        self.cluster.shutdown()


def as_of(table, client, before):
    """The table as it was then, read now."""
    moment, then = before
    text = f"SELECT {', '.join(then.order)} FROM {table.name} AS OF '{moment}'"
    table.compare(text, [], client.execute(text, [], table.rng.choice([None, 2])), [then.project(row, then.order) for row in then.flat()])
    table.count("as of")


def moment_of(table):
    """What is visible now, and a moment at which it is: commits are told apart by milliseconds."""
    time.sleep(0.003)
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    time.sleep(0.003)
    return moment, copy.deepcopy(table)


def run(rng, client, number, host):
    table, kept = Table(rng, number), []
    for statement in table.create():
        client.execute(statement, [])
    for step in range(STEPS):
        what = rng.choices([table.write, table.batch, table.conditional, table.alter, table.truncate, table.rebuild, table.select, table.grouped, table.stamps], [40, 8, 8, 0.6, 0.2, 0.5, 35, 6, 3])[0]
        what(client)
        if step % 130 == 129:
            kept.append(moment_of(table))
        if kept and rng.random() < 0.03:
            as_of(table, client, rng.choice(kept))
        if step == STEPS // 2 and number % 4 == 1:
            client.close()
            host.kill()
            host.start()
            client = Client(rng, host)
    return client, table.counts


def main():
    print(f"OXBOW_SEED={SEED}", flush=True)
    rng = random.Random(SEED)
    counts = {}
    with Server() as host:
        client = Client(rng, host)
        for number in range(TABLES):
            client, more = run(rng, client, number, host)
            counts = {what: counts.get(what, 0) + more.get(what, 0) for what in counts | more}
        client.close()
    print(", ".join(f"{what}: {count}" for what, count in sorted(counts.items())))
    for what in ("write", "batch", "conditional applied", "conditional refused", "select all", "select partition", "select filter", "select groups"):
        assert counts.get(what, 0) > 10, f"hardly any {what}"


if __name__ == "__main__":
    main()
