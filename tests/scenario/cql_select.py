#!/usr/bin/python3
"""SELECT against a naive model: random WHERE, ORDER BY, limits and pages over a table with statics and mixed order."""
import itertools
import os
import random
import warnings

from cassandra import InvalidRequest, ProtocolVersion
from cassandra.metadata import Murmur3Token
from cassandra.protocol import ProtocolException
from cassandra.query import SimpleStatement

from cql_connect import connect
from server import Server

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
TABLE = """CREATE TABLE ks.t (p int, a int, b int, c int, s int STATIC, v int, m map<text, int>, PRIMARY KEY (p, a, b, c))
           WITH CLUSTERING ORDER BY (a ASC, b DESC, c ASC)"""
PARTITIONS = range(6)
ONLY_STATIC = 4


def order(row):
    return (row[1], -row[2], row[3])


def fill(session, rnd):
    """Rows (p, a, b, c, s, v) in the order of tokens and clustering."""
    rows = []
    statics = {p: rnd.randrange(3) for p in PARTITIONS if p % 2 == 0}
    for p, s in statics.items():
        session.execute(f"UPDATE ks.t SET s = {s} WHERE p = {p}")
    keys = itertools.product(PARTITIONS, range(3), range(3), range(3))
    for p, a, b, c in keys:
        if p == ONLY_STATIC or rnd.random() < 0.3:
            continue
        v = rnd.randrange(4)
        session.execute(f"INSERT INTO ks.t (p, a, b, c, v, m) VALUES ({p}, {a}, {b}, {c}, {v}, {{'k': {v}}})")
        rows.append((p, a, b, c, statics.get(p), v))
    token = {p: Murmur3Token.hash_fn(p.to_bytes(4, "big")) for p in PARTITIONS}
    rows.sort(key=lambda row: (token[row[0]], order(row)))
    return rows, statics, token


def clustering(rnd):
    """Relations on clustering columns, and what they mean."""
    shape = rnd.randrange(8)
    x, y, z = (rnd.randrange(-1, 4) for _ in range(3))
    sign, test = rnd.choice([(">", lambda l, r: l > r), (">=", lambda l, r: l >= r), ("<", lambda l, r: l < r), ("<=", lambda l, r: l <= r)])
    if shape == 0:
        return "", lambda r: True
    if shape == 1:
        return f" AND a = {x}", lambda r: r[1] == x
    if shape == 2:
        return f" AND a = {x} AND b {sign} {y}", lambda r: r[1] == x and test(r[2], y)
    if shape == 3:
        return f" AND (a, b, c) {sign} ({x}, {y}, {z})", lambda r: test(r[1:4], (x, y, z))
    if shape == 4:
        return f" AND (a, b) >= ({x}, {y}) AND (a, b, c) < ({z}, {x}, {y})", lambda r: r[1:3] >= (x, y) and r[1:4] < (z, x, y)
    if shape == 5:
        return f" AND a IN ({x}, {y}, {x}) AND b {sign} {z}", lambda r: r[1] in (x, y) and test(r[2], z)
    if shape == 6:
        return f" AND (a, b) IN (({x}, {y}), ({z}, {y})) AND c {sign} {x}", lambda r: r[1:3] in ((x, y), (z, y)) and test(r[3], x)
    return f" AND a > {x} AND a <= {y}", lambda r: x < r[1] <= y


def limited(rows, per_partition, limit):
    taken = []
    counts = {}
    for row in rows:
        counts[row[0]] = counts.get(row[0], 0) + 1
        if per_partition is None or counts[row[0]] <= per_partition:
            taken.append(row)
    return taken if limit is None else taken[:limit]


def once(session, rnd, model):
    rows, statics, token = model
    per_partition = rnd.choice([None, None, 1, 2, 5])
    limit = rnd.choice([None, None, 1, 3, 10, 100])
    where, holds = clustering(rnd)
    ordering = ""
    if rnd.random() < 0.6:
        chosen = sorted(set(rnd.choices(PARTITIONS, k=rnd.randrange(1, 4))))
        text = f"WHERE p = {chosen[0]}" if len(chosen) == 1 else f"WHERE p IN ({', '.join(map(str, reversed(chosen)))})"
        found = [row for p in chosen for row in rows if row[0] == p and holds(row)]
        if len(chosen) == 1 and rnd.random() < 0.5:
            ordering = rnd.choice([" ORDER BY a DESC", " ORDER BY a DESC, b ASC, c DESC"])
            found.reverse()
        bare = [p for p in chosen if p in statics and all(row[0] != p for row in rows)]
    else:
        low = rnd.choice([None, *token.values()])
        text = "" if low is None else f"WHERE token(p) > {low}"
        found = [row for row in rows if (low is None or token[row[0]] > low) and holds(row)]
        bare = [p for p in statics if all(row[0] != p for row in rows) and (low is None or token[p] > low)]
        if where:
            text = f"{text}{where}" if text else f"WHERE{where[4:]}"
    if text.startswith("WHERE p ") or not where:
        text += where if text.startswith("WHERE p ") else ""
    if not where:
        for p in bare:
            found.append((p, None, None, None, statics[p], None))
        key = (lambda row: row[0]) if text.startswith("WHERE p ") else (lambda row: token[row[0]])
        found.sort(key=key)
    filtering = rnd.random() < 0.2
    needs = bool(where) and not text.startswith("WHERE p ")
    if filtering:
        v = rnd.randrange(4)
        text += f" {'AND' if text else 'WHERE'} " + rnd.choice([f"v = {v}", f"m CONTAINS {v}", f"m['k'] = {v}"])
        found = [row for row in found if row[5] == v]
    statement = f"SELECT p, a, b, c, s, v FROM ks.t {text}{ordering}"
    statement += f" PER PARTITION LIMIT {per_partition}" if per_partition else ""
    statement += f" LIMIT {limit}" if limit else ""
    statement += " ALLOW FILTERING" if filtering or needs else ""
    expected = limited(found, per_partition, limit)
    for size in (None, 1, 3, rnd.randrange(2, 50)):
        got = [tuple(row) for row in session.execute(SimpleStatement(statement, fetch_size=size))]
        assert got == expected, (SEED, statement, size, got, expected)


def writes_between_pages(session):
    """Rows that come and go between pages neither repeat nor hide others."""
    session.execute("CREATE TABLE ks.w (p int, c int, PRIMARY KEY (p, c))")
    for c in range(0, 100, 2):
        session.execute(f"INSERT INTO ks.w (p, c) VALUES (1, {c})")
    seen = []
    for row in session.execute(SimpleStatement("SELECT c FROM ks.w WHERE p = 1", fetch_size=7)):
        seen.append(row.c)
        session.execute(f"DELETE FROM ks.w WHERE p = 1 AND c = {row.c}")
        session.execute(f"INSERT INTO ks.w (p, c) VALUES (1, {row.c - 1})")
    assert seen == list(range(0, 100, 2)), seen


def emptied_between_pages(session):
    """Pages go on where they were in a table that was emptied or made anew."""
    session.execute("CREATE TABLE ks.emptied (p int, c int, PRIMARY KEY (p, c))")
    for where in ("", "WHERE p = 1"):
        for c in range(6):
            session.execute(f"INSERT INTO ks.emptied (p, c) VALUES (1, {c})")
        result = session.execute(SimpleStatement(f"SELECT c FROM ks.emptied {where}", fetch_size=2))
        assert len(result.current_rows) == 2
        session.execute("TRUNCATE ks.emptied")
        session.execute("INSERT INTO ks.emptied (p, c) VALUES (1, 0)")
        session.execute("INSERT INTO ks.emptied (p, c) VALUES (1, 9)")
        assert [row.c for row in result] == [0, 1, 9]
    session.execute("DROP TABLE ks.emptied")


def paging_states(host, session):
    """A state belongs to its statement and values. Drivers give a connection up whose protocol they seem to have broken."""
    first = session.execute(SimpleStatement("SELECT * FROM ks.t", fetch_size=2))
    state = first.paging_state
    again = session.execute(SimpleStatement("SELECT * FROM ks.t", fetch_size=2), paging_state=state)
    assert again.current_rows and again.current_rows != first.current_rows
    for statement, given in (("SELECT p FROM ks.t", state), ("SELECT * FROM ks.t", state[:-1] + b"x"), ("SELECT * FROM ks.t", b"x")):
        cluster = connect(host, 4)
        other = cluster.connect()
        try:
            other.execute(SimpleStatement(statement, fetch_size=2), paging_state=given)
        except ProtocolException as error:
            assert "Invalid value for the paging state" in str(error), error
        else:
            raise AssertionError("a state that was not this statement's was taken")
        cluster.shutdown()


def prepared(session):
    statement = session.prepare("SELECT p, a, b FROM ks.t WHERE p = ? AND a IN ? AND b > ? LIMIT ?")
    assert [column.name for column in statement.column_metadata] == ["p", "in(a)", "b", "[limit]"]
    if session.cluster.protocol_version >= ProtocolVersion.V4:
        assert list(statement.routing_key_indexes) == [0]
        for text, indexes in (("BEGIN BATCH DELETE v FROM ks.t WHERE p = 1 AND a = ? AND b = ? AND c = ?; DELETE FROM ks.t WHERE p = ?; APPLY BATCH", [3]),
                              ("SELECT p FROM ks.t WHERE a = ? AND b = 2 AND p IN (?)", [1])):
            assert list(session.prepare(text).routing_key_indexes) == indexes, text
    assert all(row.p == 1 and row.b > 0 for row in session.execute(statement, (1, [0, 1], 0, 5)))
    for values, words in (((None, [1], 0, 5), "Invalid null value in condition for column p"),
                          ((1, None, 0, 5), "Invalid null value for column a"),
                          ((1, [1], None, 5), "Invalid null value in condition for column b"),
                          ((1, [1], 0, 0), "LIMIT must be strictly positive")):
        try:
            session.execute(statement, values)
        except InvalidRequest as error:
            assert words in str(error), error
        else:
            raise AssertionError(values)
    star = session.prepare("SELECT * FROM ks.t WHERE p = ?")
    before = session.execute(star, (1,)).one()
    session.execute("ALTER TABLE ks.t ADD extra text")
    after = session.execute(star, (1,)).one()
    assert "extra" not in before._fields and "extra" in after._fields, (before, after)


def amplified(session):
    """Few bytes of text ask for much: what no memory would hold is refused."""
    session.execute("CREATE TABLE ks.much (k int PRIMARY KEY, v text, l frozen<list<int>>)")
    session.execute(session.prepare("INSERT INTO ks.much (k, v, l) VALUES (1, ?, ?)"), ("x" * 600000, [1, 2]))
    assert session.execute("SELECT v + v AS w FROM ks.much").one().w == "x" * 1200000
    for selected, words in ((" + ".join(["v"] * 99), "evaluating the statement takes more than"), (", ".join(["v"] * 500), "the result has more than"),
                            ("JSON " + ", ".join(["v"] * 500), "the result has more than"), (", ".join(["max(v)"] * 300), "the result has more than"),
                            (", ".join(["max(v)"] * 500), "evaluating the statement takes more than")):
        try:
            session.execute(f"SELECT {selected} FROM ks.much")
        except InvalidRequest as failure:
            assert words in str(failure), failure
        else:
            raise AssertionError("it was not refused: " + words)
    for k in range(2, 20):
        session.execute(f"INSERT INTO ks.much (k, l) VALUES ({k}, {[k % 7, 20 - k]})")
    assert tuple(session.execute("SELECT min(l), max(l) FROM ks.much").one()) == ([0, 6], [6, 14])


def main():
    warnings.simplefilter("ignore")
    rnd = random.Random(SEED)
    print("seed", SEED)
    with Server() as host:
        for version in (4, 5):
            cluster = connect(host, version)
            session = cluster.connect()
            session.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
            session.execute(TABLE)
            model = fill(session, rnd)
            for _ in range(150):
                once(session, rnd, model)
            for size in (None, 1, 2):
                got = [(row.p, row.s) for row in session.execute(SimpleStatement("SELECT DISTINCT p, s FROM ks.t", fetch_size=size))]
                rows, statics, token = model
                present = sorted({row[0] for row in rows} | set(statics), key=token.get)
                assert got == [(p, statics.get(p)) for p in present], got
                groups = [tuple(row) for row in session.execute(SimpleStatement("SELECT p, a, count(*), max(v) FROM ks.t GROUP BY p, a", fetch_size=size))]
                keyed = itertools.groupby(rows, key=lambda row: row[:2])
                counted = [(*key, len(items := list(some)), max(row[5] for row in items)) for key, some in keyed]
                counted.append((ONLY_STATIC, None, 1, None))
                assert sorted(groups, key=str) == sorted(counted, key=str), (groups, counted)
            writes_between_pages(session)
            emptied_between_pages(session)
            paging_states(host, session)
            prepared(session)
            amplified(session)
            session.execute("DROP KEYSPACE ks")
            cluster.shutdown()


if __name__ == "__main__":
    main()
