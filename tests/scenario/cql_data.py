#!/usr/bin/python3
"""Data through CQL, with DataStax's Python driver: types, cells with timestamps and lives, collections, static columns, counters,
deletions, lightweight transactions, batches, paging, prepared statements; and the same rows in feeds and history."""
import datetime
import decimal
import io
import random
import struct
import time
import uuid

import server
from cassandra import FunctionFailure, InvalidRequest
from cassandra.protocol import ConfigurationException, SyntaxException, _QueryMessage
from cassandra.query import BatchStatement, BatchType, SimpleStatement, UNSET_VALUE
from cassandra_client import cluster_of
from server import Client, Server, wait_for


def connect(host, version=4):
    cluster = cluster_of(host.cql, version)
    session = cluster.connect()
    session.execute("CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.set_keyspace("ks")
    return cluster, session


def refused(session, statement, words, values=None, kind=InvalidRequest):
    try:
        session.execute(statement, values)
    except kind as failure:
        assert words in str(failure), failure
    else:
        raise AssertionError(f"{statement} was not refused")


def rows(session, statement, values=None):
    return [tuple(row) for row in session.execute(statement, values)]


def types(session, _):
    session.execute("CREATE TYPE address (street text, number int, tags frozen<set<text>>)")
    session.execute("""CREATE TABLE types (k int PRIMARY KEY, a ascii, bi bigint, bl blob, bo boolean, d decimal, da date, dou double,
        f float, i inet, n int, si smallint, t text, ti time, ts timestamp, tu timeuuid, tiny tinyint, u uuid, v varint, l list<int>,
        s set<text>, m map<text, int>, fl frozen<list<frozen<map<int, text>>>>, tup tuple<int, text>, addr address,
        faddr frozen<address>)""")
    values = {"k": 1, "a": "ascii", "bi": -(2 ** 63), "bl": b"\x00\xff", "bo": True, "d": decimal.Decimal("-1.50"),
              "da": datetime.date(2026, 11, 21), "dou": 1e300, "f": 0.5, "i": "::1", "n": 42, "si": -2, "t": "h\u00e9", "tiny": -128,
              "ts": datetime.datetime(2026, 11, 21, 1, 2, 3, 4000), "tu": uuid.uuid1(), "u": uuid.uuid4(), "v": 10 ** 40,
              "l": [3, 1, 3], "s": {"b", "a"}, "m": {"x": 1, "y": 2}, "fl": [{1: "a"}, {}], "tup": (7, None)}
    names = sorted(values)
    insert = session.prepare(f"INSERT INTO types ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})")
    session.execute(insert, [values[name] for name in names])
    row = session.execute("SELECT * FROM types WHERE k = 1").one()
    for name in names:
        found = getattr(row, name)
        if name == "da":
            found = found.date()
        assert found == values[name] or str(found) == str(values[name]) or list(found) == values[name], (name, found)
    session.execute("UPDATE types SET addr = {street: 'main', number: 5}, faddr = {street: 'x', tags: {'t'}} WHERE k = 1")
    session.execute("UPDATE types SET addr.number = 6 WHERE k = 1")
    row = session.execute("SELECT addr, faddr, addr.number FROM types WHERE k = 1").one()
    assert (row[0].street, row[0].number, row[0].tags) == ("main", 6, None) and row[1].tags == {"t"} and row[2] == 6
    session.execute("INSERT INTO types (k, ti, t) VALUES (2, '08:15:30.000000001', '')")
    row = session.execute("SELECT ti, t, n FROM types WHERE k = 2").one()
    assert str(row.ti) == "08:15:30.000000001" and row.t == "" and row.n is None
    refused(session, "INSERT INTO types (k, n) VALUES (1, 'x')", "Invalid STRING constant")
    refused(session, "INSERT INTO types (k, nope) VALUES (1, 2)", "Undefined column name nope")
    refused(session, "INSERT INTO types (n) VALUES (1)", "Some partition key parts are missing: k")


def class_types(session, _):
    """Types by the names of Cassandra's classes."""
    session.execute("""CREATE TABLE classes (k 'Int32Type' PRIMARY KEY, t 'org.apache.cassandra.db.marshal.UTF8Type', l list<'TimeUUIDType'>,
        m 'MapType(UTF8Type, org.apache.cassandra.db.marshal.FrozenType(ListType(LongType)))', v 'VectorType(FloatType , 3)', u 'TupleType(ByteType,SimpleDateType)')""")
    found = dict(rows(session, "SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = 'ks' AND table_name = 'classes'"))
    assert found == {"k": "int", "t": "text", "l": "list<timeuuid>", "m": "map<text, frozen<list<bigint>>>", "v": "vector<float, 3>",
                     "u": "frozen<tuple<tinyint, date>>"}, found
    session.execute("INSERT INTO classes (k, t, m) VALUES (1, 'x', {'a': [1, 2]})")
    assert rows(session, "SELECT k, t FROM classes") == [(1, "x")]
    for name, words in (("Nope", "Error setting type Nope: Unable to find abstract-type class 'org.apache.cassandra.db.marshal.Nope'"),
                        ("com.x.Nope", "Unable to find abstract-type class 'com.x.Nope'"), ("ListType(Int32Type", "Error setting type"),
                        ("Int32Type)", "Error setting type"), ("", "Error setting type")):
        try:
            session.execute(f"ALTER TABLE classes ADD bad '{name}'")
        except SyntaxException as failure:
            assert words in str(failure), failure
        else:
            raise AssertionError(f"a type of class {name}")
    refused(session, "ALTER TABLE classes ADD bad 'DynamicCompositeType(s=>UTF8Type)'", "Columns of class DynamicCompositeType are not served")
    refused(session, "SELECT * FROM classes ORDER BY v ANN OF [1, 2, 3] LIMIT 1", "ANN ordering is not supported")
    refused(session, "CREATE TRIGGER tr ON classes USING 'org.example.Audit'", "Trigger class 'org.example.Audit' couldn't be loaded")
    refused(session, "DROP TRIGGER tr ON classes", "Trigger 'tr' on 'ks.classes' doesn't exist")
    session.execute("DROP TRIGGER IF EXISTS tr ON classes")


def cells(session, _):
    session.execute("CREATE TABLE cells (k int PRIMARY KEY, v int, w int)")
    session.execute("INSERT INTO cells (k, v) VALUES (1, 10) USING TIMESTAMP 100")
    session.execute("UPDATE cells USING TIMESTAMP 50 SET v = 5, w = 5 WHERE k = 1")  # late: loses where something newer is
    assert rows(session, "SELECT v, w, writetime(v), writetime(w) FROM cells WHERE k = 1") == [(10, 5, 100, 50)]
    session.execute("UPDATE cells USING TIMESTAMP 100 SET v = 11 WHERE k = 1")  # equal: the larger value stays
    session.execute("UPDATE cells USING TIMESTAMP 100 SET v = 9 WHERE k = 1")
    assert rows(session, "SELECT v FROM cells WHERE k = 1") == [(11,)]
    session.execute("DELETE v FROM cells USING TIMESTAMP 100 WHERE k = 1")  # equal: a deletion wins
    assert rows(session, "SELECT k, v, w FROM cells WHERE k = 1") == [(1, None, 5)]
    session.execute("DELETE FROM cells USING TIMESTAMP 200 WHERE k = 1")
    session.execute("INSERT INTO cells (k, v) VALUES (1, 1) USING TIMESTAMP 150")
    assert rows(session, "SELECT * FROM cells") == []
    session.execute("INSERT INTO cells (k, v) VALUES (2, 1) USING TTL 2")
    session.execute("UPDATE cells SET w = 3 WHERE k = 2")
    row = session.execute("SELECT ttl(v), ttl(w) FROM cells WHERE k = 2").one()
    assert row[0] in (1, 2) and row[1] is None
    wait_for("the cell expires", lambda: rows(session, "SELECT k, v, w FROM cells WHERE k = 2") == [(2, None, 3)])
    session.execute("UPDATE cells SET w = null WHERE k = 2")
    assert rows(session, "SELECT * FROM cells WHERE k = 2") == []  # an UPDATE leaves no row marker, and the INSERT's has expired
    session.execute("INSERT INTO cells (k) VALUES (3)")
    assert rows(session, "SELECT * FROM cells WHERE k = 3") == [(3, None, None)]
    refused(session, "INSERT INTO cells (k) VALUES (3) USING TTL -1", "A TTL must be greater or equal to 0")
    refused(session, "INSERT INTO cells (k) VALUES (3) USING TTL 630720001", "ttl is too large")


def collections(session, _):
    session.execute("CREATE TABLE collections (k int PRIMARY KEY, l list<int>, s set<int>, m map<text, int>)")
    session.execute("UPDATE collections SET l = [1, 2], s = {3, 1}, m = {'a': 1} WHERE k = 1")
    session.execute("UPDATE collections SET l = l + [3], s = s + {2}, m = m + {'b': 2} WHERE k = 1")
    session.execute("UPDATE collections SET l = [0] + l, s = s - {1}, m['c'] = 3 WHERE k = 1")
    session.execute("UPDATE collections SET l[1] = 10, m = m - {'a'} WHERE k = 1")
    row = session.execute("SELECT * FROM collections WHERE k = 1").one()
    assert list(row.l) == [0, 10, 2, 3] and set(row.s) == {2, 3} and dict(row.m) == {"b": 2, "c": 3}, row
    session.execute("UPDATE collections SET l = l - [2, 3] WHERE k = 1")
    session.execute("DELETE l[0], m['b'], s FROM collections WHERE k = 1")
    row = session.execute("SELECT * FROM collections WHERE k = 1").one()
    assert list(row.l) == [10] and row.s is None and dict(row.m) == {"c": 3}, row
    refused(session, "UPDATE collections SET l[7] = 1 WHERE k = 1", "List index 7 out of bound, list has size 1")
    session.execute("UPDATE collections SET l = [], m = {} WHERE k = 1")
    assert rows(session, "SELECT * FROM collections") == []


def clustering(session, _):
    session.execute("""CREATE TABLE c (p int, a int, b text, s int static, v int, PRIMARY KEY (p, a, b))
        WITH CLUSTERING ORDER BY (a DESC, b ASC)""")
    insert = session.prepare("INSERT INTO c (p, a, b, v) VALUES (?, ?, ?, ?)")
    for p in range(2):
        for a in range(5):
            for b in "xyz":
                session.execute(insert, (p, a, b, 10 * a))
    session.execute("UPDATE c SET s = 7 WHERE p = 0")
    session.execute("INSERT INTO c (p, s) VALUES (9, 1)")
    assert rows(session, "SELECT a, b, s FROM c WHERE p = 0 AND a >= 3") == [(a, b, 7) for a in (4, 3) for b in "xyz"]
    assert rows(session, "SELECT a, b FROM c WHERE p = 0 AND a > 2 ORDER BY a ASC, b DESC LIMIT 4") == [
        (3, "z"), (3, "y"), (3, "x"), (4, "z")]
    assert rows(session, "SELECT a, b FROM c WHERE p = 0 AND a IN (1, 3) AND b = 'y'") == [(3, "y"), (1, "y")]
    assert rows(session, "SELECT p, a, s FROM c WHERE p = 9") == [(9, None, 1)]
    assert sorted(rows(session, "SELECT DISTINCT p, s FROM c")) == [(0, 7), (1, None), (9, 1)]
    assert len(rows(session, "SELECT * FROM c WHERE p IN (0, 1)")) == 30
    assert rows(session, "SELECT count(*) FROM c WHERE p = 1") == [(15,)]
    for size in (1, 2, 7, 100):  # all pages, whatever their size
        found = list(session.execute(SimpleStatement("SELECT p, a, b FROM c WHERE p = 1", fetch_size=size)))
        assert [tuple(row) for row in found] == [(1, a, b) for a in (4, 3, 2, 1, 0) for b in "xyz"], size
    session.execute("DELETE FROM c WHERE p = 1 AND a > 1 AND a <= 3")
    session.execute("DELETE FROM c WHERE p = 1 AND a = 0")
    session.execute("DELETE FROM c WHERE p = 1 AND a = 4 AND b = 'y'")
    assert rows(session, "SELECT a, b FROM c WHERE p = 1") == [(4, "x"), (4, "z"), (1, "x"), (1, "y"), (1, "z")]
    session.execute("INSERT INTO c (p, a, b, v) VALUES (1, 2, 'x', 1) USING TIMESTAMP 1")  # too late
    assert len(rows(session, "SELECT * FROM c WHERE p = 1")) == 5
    session.execute("DELETE FROM c WHERE p = 0")
    assert rows(session, "SELECT * FROM c WHERE p = 0") == []
    assert rows(session, "SELECT DISTINCT p FROM c WHERE token(p) > token(1)") == [(9,)]
    assert rows(session, "SELECT DISTINCT p FROM c WHERE token(p) >= token(1) AND token(p) <= token(1)") == [(1,)]
    refused(session, "SELECT * FROM c WHERE token(p) > token(1, 2)", "1 required but 2 provided")
    refused(session, "SELECT * FROM c WHERE b = 'x'", 'preceding column "a" is not restricted')
    refused(session, "SELECT * FROM c WHERE v = 1", "ALLOW FILTERING")
    refused(session, "UPDATE c SET v = 1 WHERE p = 1 AND a = 1", "Some clustering keys are missing: b")
    assert rows(session, "SELECT a FROM c WHERE b = 'z' ALLOW FILTERING") == [(4,), (1,)]


def operations(session, _):
    """Several operations on one column in one statement; what selects parts of columns; DISTINCT with aggregates; markers' names."""
    session.execute("CREATE TYPE pair (a int, b text)")
    session.execute("CREATE TABLE ops (k int, c int, l list<int>, m map<int, int>, s set<int>, u pair, st int static, PRIMARY KEY (k, c))")
    session.execute("UPDATE ops SET l = l + [1, 2, 3], l = [0] + l, l = l - [2] WHERE k = 1 AND c = 1")
    session.execute("UPDATE ops SET m = m + {1: 1, 2: 2}, m[3] = 3, m = m - {1}, s = s + {1, 2}, s = s - {2}, st = 10 WHERE k = 1 AND c = 1")
    assert rows(session, "SELECT l, m, s FROM ops WHERE k = 1") == [([0, 1, 3], {2: 2, 3: 3}, {1})]
    for statement, words in (("SELECT l[0] FROM ops", "Element selection is only allowed on sets and maps, but l is a list"),
                             ("SELECT l[0..1] FROM ops", "Slice selection is only allowed on sets and maps, but l is a list"),
                             ("UPDATE ops SET m = m - {1: 1} WHERE k = 1 AND c = 1", "Value for a map substraction has to be a set, but was: '{1: 1}'"),
                             ("UPDATE ops SET u.a = 1 WHERE k = 1 AND c = 1 IF u.a > null", 'Invalid comparison with null for operator ">"')):
        refused(session, statement, words)
    for statement in ("UPDATE ops SET l = [1], l = l + [2] WHERE k = 1 AND c = 1", "UPDATE ops SET u.a = 1, u.a = 2 WHERE k = 1 AND c = 1"):
        try:
            session.execute(statement)
        except SyntaxException as failure:
            assert "Multiple incompatible setting of column" in str(failure), failure
        else:
            raise AssertionError(statement)
    session.execute("INSERT INTO ops (k, c) VALUES (1, 2)")
    session.execute("INSERT INTO ops (k, c, st) VALUES (2, 1, 20)")
    assert rows(session, "SELECT DISTINCT k, count(k), sum(st) FROM ops GROUP BY k") == [(1, 1, 10), (2, 1, 20)]
    assert rows(session, "SELECT DISTINCT k, count(k), sum(st) FROM ops") == [(1, 2, 30)]  # a partition is one row
    prepared = session.prepare("UPDATE ops SET u.a = ?, m[?] = ? WHERE k = 1 AND c = 1 IF u.b = ? AND m[?] = ? AND l[?] = ?")
    names = [column.name for column in prepared.column_metadata]
    assert names == ["u.a", "key(m)", "value(m)", "u.b", "key(m)", "value(m)", "idx(l)", "value(l)"], names
    for statement, words in (("SELECT c / (c - c) FROM ops", "the operation 'int / int' failed: / by zero"),
                             ("UPDATE ops SET st = 1 % 0 WHERE k = 1", "the operation 'int % int' failed: / by zero")):
        try:
            session.execute(statement)
        except FunctionFailure as failure:
            assert words in str(failure), failure
        else:
            raise AssertionError(statement)
    session.execute("CREATE INDEX ON ops (values(m))")
    refused(session, "SELECT * FROM ops WHERE k = 1 AND m CONTAINS 2 ORDER BY c DESC", "ORDER BY with 2ndary indexes is not supported.")
    batch = "BEGIN BATCH {} {} APPLY BATCH"
    absent, present = "INSERT INTO ops (k, c) VALUES (1, 1) IF NOT EXISTS;", "UPDATE ops SET u.a = 1 WHERE k = 1 AND c = 1 IF EXISTS;"
    unlike = "UPDATE ops SET u.b = 'x' WHERE k = 1 AND c = 1 IF u.a = 7;"
    refused(session, batch.format(absent, present), "Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row")
    refused(session, batch.format(absent, unlike), "Cannot mix IF conditions and IF NOT EXISTS for the same row")
    assert rows(session, batch.format(unlike, unlike)) == [(False, 1, 1, None)]  # one row, told once
    session.execute("DROP TABLE ops")


def options(session, _):
    """Options of tables and keyspaces that Cassandra refuses."""
    wrong = {"compaction = {'class': 'SizeTieredCompactionStrategy', 'foo': 1}": "Properties specified [foo] are not understood by SizeTieredCompactionStrategy",
             "compaction = {'class': 'SizeTieredCompactionStrategy', 'min_threshold': 1}": "Min compaction threshold cannot be less than 2 (got 1)",
             "compaction = {'class': 'SizeTieredCompactionStrategy', 'min_threshold': 64}": "cannot be greater than max compaction threshold (got 32)",
             "compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': 'x'}": "x is not a parsable int (base10) for sstable_size_in_mb",
             "compaction = {'class': 'LeveledCompactionStrategy', 'unchecked_tombstone_compaction': 2}": "should be either 'true' or 'false', not '2'",
             "compaction = {'min_threshold': 4}": "Missing sub-option 'class' for the 'compaction' option.",
             "compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 31}": "chunk_length_in_kb must be a power of 2",
             "compression = {'class': 'LZ4Compressor', 'chunk_length_kb': 3}": "chunk_length_in_kb must be a power of 2",
             "compression = {'class': 'LZ4Compressor', 'min_compress_ratio': 'much'}": "Invalid value for min_compress_ratio",
             "compression = {'class': 'LZ4Compressor', 'min_compress_ratio': '-1'}": "Invalid negative min_compress_ratio",
             "compression = {'class': 'LZ4Compressor', 'min_compress_ratio': 0.5}": "min_compress_ratio can either be 0 or greater than or equal to 1",
             "compression = {'class': 'LZ4Compressor', 'chunk_length_kb': 'x'}": "Invalid value for chunk_length_in_kb",
             "compression = {'class': 'LZ4Compressor', 'chunk_length_kb': 4, 'chunk_length_in_kb': 8}": "The 'chunk_length_kb' option must not be used if the chunk length is already specified",
             "compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 2097152}": "Value of chunk_length_in_kb is too large (2097152)",
             "compression = {'class': 'Nope'}": "Could not create Compression for type org.apache.cassandra.io.compress.Nope",
             "compression = {'class': 'LZ4Compressor', 'foo': 1}": "Unknown compression options [foo]",
             "compression = {'chunk_length_in_kb': 32}": "Missing sub-option 'class' for the 'compression' option.",
             "caching = {'foo': 'x'}": "Invalid caching sub-options [foo]: only 'keys' and 'rows_per_partition' are allowed",
             "caching = {'keys': 'x'}": "Invalid value for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed",
             "caching = {'rows_per_partition': 'x'}": "only 'ALL', 'NONE', and integer values are allowed",
             "speculative_retry = 'sometimes'": "Specified Speculative Retry Policy [sometimes] is not supported",
             "memtable = 'any'": 'Memtable configuration "any" not found.', "speculative_retry = '101p'": "must be between (0.0 and 100.0)", "speculative_retry = 'MIN(99p)'": "Policy [MIN(99p)] is not supported",
             "speculative_retry = 'max(1ms, 2ms)'": "MIN()/MAX() arguments should be of different types, but both are of type FIXED",
             "speculative_retry = 'MIN(100p,50ms)'": "Invalid value MIN(100p,50ms) for option 'speculative_retry'", "speculative_retry = '0x10p'": "Policy [0x10p] is not supported",
             "bloom_filter_fp_chance = 0": "bloom_filter_fp_chance must be larger than",
             "gc_grace_seconds = -1": "gc_grace_seconds must be greater than or equal to 0 (got -1)", "min_index_interval = 0": "min_index_interval must be greater than or equal to 1",
             "max_index_interval = 100": "max_index_interval must be greater than or equal to min_index_interval (128) (got 100)",
             "default_time_to_live = 630720001": "default_time_to_live must be less than or equal to 630720000"}
    for option, words in wrong.items():
        try:
            session.execute(f"CREATE TABLE wrong (k int PRIMARY KEY) WITH {option}")
        except ConfigurationException as failure:
            assert words in str(failure), failure
        else:
            raise AssertionError(option)
    for statement in ("CREATE TABLE wrong (k int PRIMARY KEY) WITH cdc = 'maybe'",
                      "CREATE KEYSPACE wrong WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1} AND durable_writes = 'x'"):
        try:
            session.execute(statement)
        except SyntaxException as failure:
            assert "Invalid boolean value" in str(failure), failure
        else:
            raise AssertionError(statement)
    session.execute("""CREATE TABLE right (k int PRIMARY KEY) WITH compression = {'sstable_compression': ''} AND caching = {'keys': 'NONE', 'rows_per_partition': '120'}
        AND speculative_retry = '99.9PERCENTILE' AND additional_write_policy = 'MIN(50ms,99p)' AND read_repair = 'NONE'
        AND compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'HOURS', 'compaction_window_size': '6'}""")
    session.execute("""CREATE TABLE leveled (k int PRIMARY KEY) WITH compaction = {'class': 'LeveledCompactionStrategy'} AND caching = {'rows_per_partition': 'all'}
        AND compression = {'sstable_compression': 'ZstdCompressor', 'chunk_length_kb': 4, 'crc_check_chance': '0.5', 'compression_level': '3'} AND speculative_retry = '50MS'""")
    kept = {row.table_name: row for row in session.execute("SELECT * FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name IN ('right', 'leveled')")}
    right, leveled = kept["right"], kept["leveled"]
    packages = {"compaction": "org.apache.cassandra.db.compaction.", "compression": "org.apache.cassandra.io.compress."}
    assert right.compression == {"enabled": "false"} and leveled.compression == {"class": packages["compression"] + "ZstdCompressor", "chunk_length_in_kb": "4", "compression_level": "3"}, kept
    assert right.compaction == {"class": packages["compaction"] + "TimeWindowCompactionStrategy", "compaction_window_size": "6", "compaction_window_unit": "HOURS", "max_threshold": "32", "min_threshold": "4"}, right
    assert leveled.compaction == {"class": packages["compaction"] + "LeveledCompactionStrategy", "max_threshold": "32", "min_threshold": "4"} and leveled.bloom_filter_fp_chance == 0.1, leveled
    assert (right.speculative_retry, right.additional_write_policy, leveled.speculative_retry) == ("99.9p", "MIN(99p,50ms)", "50ms"), kept
    assert leveled.caching == {"keys": "ALL", "rows_per_partition": "ALL"} and right.bloom_filter_fp_chance == 0.01, kept
    refused(session, "DROP KEYSPACE nope", "Keyspace 'nope' doesn't exist")
    refused(session, "CREATE TABLE nope.t (k int PRIMARY KEY)", "Keyspace 'nope' doesn't exist")
    session.execute("CREATE TABLE counted (k int PRIMARY KEY, n counter)")
    refused(session, "ALTER TABLE counted ADD v int", "Cannot mix counter and non counter columns in the same table")
    session.execute("CREATE TABLE returned (k int PRIMARY KEY, l list<int>, i int)")
    session.execute("ALTER TABLE returned DROP (l, i)")
    refused(session, "ALTER TABLE returned ADD l set<int>", "Cannot re-add previously dropped column 'l' of type set<int>, incompatible with previous type list<int>")
    session.execute("ALTER TABLE returned ADD (l list<int>, i blob)")


def tuples(session, _):
    """Relations of several columns in DELETE and UPDATE."""
    session.execute("""CREATE TABLE tuples (p int, a int, b int, c int, s int static, v int, PRIMARY KEY (p, a, b, c))
        WITH CLUSTERING ORDER BY (a ASC, b DESC, c ASC)""")
    cube = [(a, b, c) for a in range(3) for b in (2, 1, 0) for c in range(3)]

    def fill():
        session.execute("TRUNCATE tuples")
        for key in cube:
            session.execute("INSERT INTO tuples (p, a, b, c, v) VALUES (1, %s, %s, %s, 0)", key)

    for where, gone in (("(a, b, c) = (1, 1, 1)", lambda k: k == (1, 1, 1)), ("(a, b) = (1, 1)", lambda k: k[:2] == (1, 1)),
                        ("a = 1 AND (b, c) = (1, 1)", lambda k: k == (1, 1, 1)), ("(a, b) IN ((0, 1), (2, 2), (9, 9))", lambda k: k[:2] in ((0, 1), (2, 2))),
                        ("(a, b) > (1, 1)", lambda k: k[:2] > (1, 1)), ("(a, b, c) >= (0, 2, 1) AND (a, b, c) < (2, 1, 1)", lambda k: (0, 2, 1) <= k < (2, 1, 1)),
                        ("a = 0 AND (b, c) <= (1, 1)", lambda k: k[0] == 0 and k[1:] <= (1, 1)), ("a IN (0, 2) AND b = 1 AND c > 0", lambda k: k[0] != 1 and k[1] == 1 and k[2] > 0),
                        ("a = 1 AND b > 1 AND b < 1", lambda k: False), ("(a, b, c) IN ()", lambda k: False)):
        fill()
        session.execute(f"DELETE FROM tuples WHERE p = 1 AND {where}")
        assert rows(session, "SELECT a, b, c FROM tuples WHERE p = 1") == [key for key in cube if not gone(key)], where
    fill()
    prepared = session.prepare("DELETE FROM tuples WHERE p = ? AND (a, b) > ? AND (a, b) < (?, ?)")
    assert [column.name for column in prepared.column_metadata] == ["p", "(a,b)", "a", "b"], prepared.column_metadata
    session.execute(prepared, (1, (0, 0), 2, 1))
    assert len(rows(session, "SELECT * FROM tuples WHERE p = 1")) == 9
    fill()
    session.execute(session.prepare("UPDATE tuples SET v = 1 WHERE p = 1 AND (a, b, c) IN ?"), ([(0, 0, 0), (7, 7, 7)],))
    session.execute("UPDATE tuples SET v = 2 WHERE p = 1 AND a = 0 AND (b, c) = (0, 1)")
    session.execute("DELETE v FROM tuples WHERE p = 1 AND (a, b, c) IN ((0, 0, 2), (0, 2, 0))")
    found = {row[:3]: row[3] for row in rows(session, "SELECT a, b, c, v FROM tuples WHERE p = 1")}
    assert [found[key] for key in ((0, 0, 0), (7, 7, 7), (0, 0, 1), (0, 0, 2), (0, 2, 0), (0, 2, 1))] == [1, 1, 2, None, None, 0]
    assert session.execute("UPDATE tuples SET v = 3 WHERE p = 1 AND (a, b, c) = (0, 0, 0) IF v = 1").one().applied
    assert session.execute("DELETE FROM tuples WHERE p = 1 AND (a, b, c) = (0, 0, 0) IF EXISTS").one().applied
    for statement, words in (
            ("UPDATE tuples SET v = 1 WHERE p = 1 AND (a, b, c) > (1, 1, 1)", "Slice restrictions are not supported on the clustering columns in UPDATE statements"),
            ("UPDATE tuples SET v = 1 WHERE p = 1 AND (a, b) = (1, 1)", "Some clustering keys are missing: c"),
            ("UPDATE tuples SET v = 1 WHERE p = 1 AND (a, b, c) IN ((1, 1, 1), (2, 2, 2)) IF v = 1", "IN on the clustering key columns is not supported with conditional updates"),
            ("UPDATE tuples SET s = 1 WHERE p = 1 AND a = 1", "Invalid restrictions on clustering columns since the UPDATE statement modifies only static columns"),
            ("DELETE FROM tuples WHERE p = 1 AND (a, c) = (1, 1)", "Clustering columns must appear in the PRIMARY KEY order in multi-column relations"),
            ("DELETE FROM tuples WHERE p = 1 AND (b, c) = (1, 1)", 'PRIMARY KEY column "b" cannot be restricted as preceding column "a" is not restricted'),
            ("DELETE FROM tuples WHERE (p, a) = (1, 1)", "Multi-column relations can only be applied to clustering columns but was applied to: p"),
            ("DELETE FROM tuples WHERE p = 1 AND (a, b) = (1, 1) AND b = 1", "b cannot be restricted by more than one relation if it includes an Equal"),
            ("DELETE FROM tuples WHERE a = 1", "Some partition key parts are missing: p"),
            ("DELETE FROM tuples WHERE p > 1", "Only EQ and IN relation are supported on the partition key (unless you use the token() function) for DELETE statements"),
            ("DELETE FROM tuples WHERE token(p) = 1", "The token function cannot be used in WHERE clauses for DELETE statements"),
            ("DELETE v FROM tuples WHERE p = 1 AND a = 1", "Range deletions are not supported for specific columns"),
            ("DELETE FROM tuples WHERE p = 1 AND v = 1", "Non PRIMARY KEY columns found in where clause: v "),
            ("DELETE FROM tuples WHERE p = 1 AND a = 1 IF v = 1", "DELETE statements must restrict all PRIMARY KEY columns with equality relations"),
            ("DELETE FROM tuples WHERE p = 1 AND (a, b) = (1, null)", "Invalid null value in condition for column b")):
        refused(session, statement, words)


def equal_keys(session, _):
    """1.0 and 1.00 are one place in the order of clustering, so one row, which keeps the key it was first written with."""
    session.execute("CREATE TABLE equals (k int, c decimal, v int, w int, PRIMARY KEY (k, c))")
    session.execute("INSERT INTO equals (k, c, v) VALUES (1, 1.0, 1)")
    session.execute("INSERT INTO equals (k, c, w) VALUES (1, 1.00, 2)")
    assert rows(session, "UPDATE equals SET v = 3 WHERE k = 1 AND c = 1 IF v = 1") == [(True,)]
    refusal = rows(session, "INSERT INTO equals (k, c, v) VALUES (1, 1.00, 1) IF NOT EXISTS")
    assert str(refusal[0][2]) == "1.0", refusal
    found = rows(session, "SELECT c, v, w FROM equals WHERE k = 1 AND c = 1.000")
    assert [str(value) for value in found[0]] == ["1.0", "3", "2"], found
    session.execute("""BEGIN BATCH INSERT INTO equals (k, c, v) VALUES (2, 2.0, 1); INSERT INTO equals (k, c, w) VALUES (2, 2.00, 7);
        APPLY BATCH""")
    assert rows(session, "SELECT v, w FROM equals WHERE k = 2") == [(1, 7)]
    assert len(rows(session, 'SELECT lsn FROM "equals$log" WHERE k = 1 AND c = 1')) == 3
    session.execute("DELETE FROM equals WHERE k = 1 AND c = 1.0000")
    assert rows(session, "SELECT k, v, w FROM equals") == [(2, 1, 7)]


def equal_elements(session, _):
    """Of elements that are equal one is in a set or map, written as it was written last."""
    session.execute("CREATE TYPE united_pair (a int, b int)")
    session.execute("""CREATE TABLE united (k int PRIMARY KEY, s set<decimal>, m map<decimal, text>, t map<frozen<tuple<int, int>>, int>,
        u set<frozen<united_pair>>, l set<frozen<list<decimal>>>)""")
    session.execute("INSERT INTO united (k, s, m) VALUES (1, {1.0, 1.00, 2}, {1.0: 'a', 3: 'c'})")

    def shown(column):
        return [str(key) for key in (rows(session, f"SELECT {column} FROM united WHERE k = 1")[0][0] or ())]
    assert shown("s") == ["1.0", "2"]
    for change, column, members in (("s = s + {1.00}", "s", ["1.00", "2"]), ("s = s - {1}", "s", ["2"]), ("s = s + {1.000}", "s", ["1.000", "2"]),
                                    ("s = {2.00}", "s", ["2.00"]), ("s = s - {2.0}", "s", []), ("m = m + {1.00: 'b'}", "m", ["1.00", "3"]),
                                    ("m[3.0] = 'd'", "m", ["1.00", "3.0"]), ("m = m - {1}", "m", ["3.0"])):
        session.execute(f"UPDATE united SET {change} WHERE k = 1")
        assert shown(column) == members, (change, shown(column))
    session.execute("UPDATE united USING TIMESTAMP 1 SET m = m + {3.000: 'old'} WHERE k = 1")
    assert rows(session, "SELECT m[3], m[3.00] FROM united WHERE k = 1") == [("d", "d")]
    assert rows(session, "SELECT k FROM united WHERE m CONTAINS KEY 3.00 ALLOW FILTERING") == [(1,)]
    assert session.execute("SELECT writetime(m[3.000]) FROM united WHERE k = 1").one()[0] > 1
    assert rows(session, "UPDATE united SET m[3.00] = 'e' WHERE k = 1 IF m[3] = 'd'") == [(True,)]
    assert rows(session, "UPDATE united SET m[3] = 'f' WHERE k = 1 IF m = {3.0: 'e'}")[0][0]
    session.execute("DELETE m[3.0000] FROM united WHERE k = 1")
    assert shown("m") == []
    for change in ("t = t + {(1, null): 1}", "t[(1)] = 2", "u = {{a: 1, b: null}}", "l = {[1.0, 2], [3]}", "l = l - {[1, 2.0]}"):
        session.execute(f"UPDATE united SET {change} WHERE k = 1")
    (t, first, u, l), = rows(session, "SELECT t, t[(1, null)], u, l FROM united WHERE k = 1")
    assert (len(t), first, len(u), [[str(one) for one in each] for each in l]) == (1, 2, 1, [["3"]]), (t, first, u, l)
    session.execute("ALTER TYPE united_pair ADD c int")
    session.execute("UPDATE united SET u = u - {{a: 1}} WHERE k = 1")
    assert rows(session, "SELECT u FROM united WHERE k = 1") == [(None,)]
    with_values = session.prepare("UPDATE united SET s = ?, m = m + ? WHERE k = 2")
    session.execute(with_values, ([decimal.Decimal("5"), decimal.Decimal("5.0")], {decimal.Decimal("7.0"): "x"}))
    session.execute("UPDATE united SET s = s - {5.00}, m = m - {7} WHERE k = 2")
    assert rows(session, "SELECT s, m FROM united WHERE k = 2") in ([], [(None, None)])


def counters(session, _):
    session.execute("CREATE TABLE counters (k text PRIMARY KEY, n counter, m counter)")
    for _ in range(3):
        session.execute("UPDATE counters SET n = n + 2, m = m - 1 WHERE k = 'a'")
    assert rows(session, "SELECT n, m FROM counters WHERE k = 'a'") == [(6, -3)]
    session.execute("""BEGIN COUNTER BATCH UPDATE counters SET n = n + 1 WHERE k = 'b'; UPDATE counters SET n = n - 5 WHERE k = 'b';
        UPDATE counters SET n = n + 2, m = m - 1 WHERE k = 'b'; APPLY BATCH""")
    assert rows(session, "SELECT n, m FROM counters WHERE k = 'b'") == [(-2, -1)]  # all of one moment, and none is lost
    session.execute("UPDATE counters SET n = n + 1 WHERE k IN ('c', 'c', 'd')")
    update = session.prepare("UPDATE counters SET n = n + 1 WHERE k IN ?")
    session.execute(update, [["c", "d", "c"]])
    assert sorted(rows(session, "SELECT k, n FROM counters WHERE k IN ('c', 'd')")) == [("c", 2), ("d", 2)]
    refused(session, update, "Key may not be empty", [["c", ""]])
    session.execute("DELETE FROM counters WHERE k IN ('c', 'd')")
    refused(session, "INSERT INTO counters (k, n) VALUES ('a', 1)", "INSERT statements are not allowed on counter tables")
    refused(session, "UPDATE counters SET n = 1 WHERE k = 'a'", "Cannot set the value of counter column n")
    refused(session, "UPDATE counters SET n = 3 + n WHERE k = 'a'", "Invalid operation (n = 3 - n) for non list column n")
    refused(session, "UPDATE counters SET n = n + 1.5 WHERE k = 'a'", 'Invalid FLOAT constant (1.5) for "n" of type counter')
    refused(session, "UPDATE counters SET n = n - -9223372036854775808 WHERE k = 'a'", "overflows supported counter precision")
    refused(session, "UPDATE counters USING TTL 5 SET n = n + 1 WHERE k = 'a'", "Cannot provide custom TTL")


def lightweight(session, _):
    session.execute("CREATE TABLE lwt (k int, c int, v int, s int static, m map<text, int>, PRIMARY KEY (k, c))")
    insert = "INSERT INTO lwt (k, c, v) VALUES (1, 1, 5) IF NOT EXISTS"
    assert session.execute(insert).one().applied
    answer = session.execute(insert).one()
    assert not answer.applied and (answer.k, answer.c, answer.v) == (1, 1, 5)
    answer = session.execute("UPDATE lwt SET v = 6 WHERE k = 1 AND c = 1 IF v = 4").one()
    assert not answer.applied and answer.v == 5 and not hasattr(answer, "k")
    assert session.execute("UPDATE lwt SET v = 6 WHERE k = 1 AND c = 1 IF v IN (4, 5) AND s = null").one().applied
    assert session.execute("UPDATE lwt SET m['a'] = 1 WHERE k = 1 AND c = 1 IF m['a'] = null").one().applied
    assert not session.execute("UPDATE lwt SET m['a'] = 2 WHERE k = 1 AND c = 1 IF m['a'] = null").one().applied
    assert not session.execute("UPDATE lwt SET v = 1 WHERE k = 1 AND c = 2 IF EXISTS").one().applied
    names = session.execute(insert).column_names  # clients may go by the order of columns: it is that of SELECT *
    assert names == ["[applied]", "k", "c", "s", "m", "v"], names
    names = session.execute("UPDATE lwt SET v = 1 WHERE k = 1 AND c = 1 IF s = 1 AND v = 1 AND m = null AND v > 0").column_names
    assert names == ["[applied]", "v", "m", "s"], names
    names = session.execute("""BEGIN BATCH UPDATE lwt SET v = 1 WHERE k = 1 AND c = 1 IF EXISTS; UPDATE lwt SET v = 1 WHERE k = 1 AND c = 2 IF v = 3;
        APPLY BATCH""").column_names
    assert names == ["[applied]", "k", "c", "s", "m", "v"], names
    assert not session.execute("DELETE FROM lwt WHERE k = 1 AND c = 1 IF v > 100").one().applied
    batch = """BEGIN BATCH
        INSERT INTO lwt (k, s) VALUES (1, 9) IF NOT EXISTS;
        UPDATE lwt SET v = 7 WHERE k = 1 AND c = 1 IF v = {};
        INSERT INTO lwt (k, c, v) VALUES (1, 2, 2);
        APPLY BATCH"""
    assert not session.execute(batch.format(0)).one().applied
    assert rows(session, "SELECT c, v, s FROM lwt WHERE k = 1") == [(1, 6, None)]
    assert session.execute(batch.format(6)).one().applied
    assert rows(session, "SELECT c, v, s FROM lwt WHERE k = 1") == [(1, 7, 9), (2, 2, 9)]
    assert session.execute("DELETE FROM lwt WHERE k = 1 AND c = 1 IF EXISTS").one().applied
    refused(session, "INSERT INTO lwt (k, c) VALUES (1, 1) IF NOT EXISTS USING TIMESTAMP 5", "custom timestamp")


def lightweight_statics(session, _):
    """What is told when a condition on static columns fails: null where nothing is, and only [applied] where there is no partition."""
    session.execute("CREATE TABLE lws (k int, c int, v int, s int static, t int static, PRIMARY KEY (k, c))")
    session.execute("INSERT INTO lws (k, c, v) VALUES (1, 1, 1)")
    session.execute("INSERT INTO lws (k, s) VALUES (2, 2)")
    for statement, told in (
            ("UPDATE lws SET s = 1 WHERE k = 0 IF s = 5", [(False,)]),
            ("UPDATE lws SET s = 1 WHERE k = 1 IF s = 5", [(False, None)]),
            ("UPDATE lws SET s = 1 WHERE k = 2 IF s = 5", [(False, 2)]),
            ("UPDATE lws SET s = 1 WHERE k = 2 IF t = 5", [(False, None)]),
            ("UPDATE lws SET s = 1 WHERE k = 1 IF EXISTS", [(False, 1, 1, None, None, None)]),
            ("UPDATE lws SET v = 1 WHERE k = 1 AND c = 2 IF s = 5", [(False, None)]),
            ("UPDATE lws SET v = 1 WHERE k = 1 AND c = 2 IF v = 5", [(False,)]),
            ("UPDATE lws SET v = 1 WHERE k = 2 AND c = 2 IF v = 5", [(False,)]),
            ("UPDATE lws SET v = 1 WHERE k = 2 AND c = 2 IF v = 5 AND s = 2", [(False, None, 2)]),
            ("UPDATE lws SET v = 1 WHERE k = 2 AND c = 2 IF EXISTS", [(False,)]),
            ("DELETE s FROM lws WHERE k = 1 IF s = 5", [(False, None)]),
            ("DELETE FROM lws WHERE k = 0 AND c = 0 IF EXISTS", [(False,)]),
            ("INSERT INTO lws (k, s) VALUES (2, 3) IF NOT EXISTS", [(False, 2, None, 2, None, None)])):
        assert rows(session, statement) == told, (statement, rows(session, statement))
    refused(session, "DELETE FROM lws WHERE k = 1 IF s = 5", "DELETE statements must restrict all PRIMARY KEY columns with equality")
    refused(session, "UPDATE lws SET s = 1 WHERE k = 1 AND c = 1 IF s = 5", "Invalid restrictions on clustering columns since the UPDATE")


def batches(session, _):
    session.execute("CREATE TABLE batches (p int, c int, v int, PRIMARY KEY (p, c))")
    batch = BatchStatement()
    insert = session.prepare("INSERT INTO batches (p, c, v) VALUES (?, ?, ?)")
    for c in range(100):
        batch.add(insert, (c % 3, c, c))
    batch.add(SimpleStatement("DELETE FROM batches WHERE p = 0 AND c = 0"))
    session.execute(batch)
    assert rows(session, "SELECT count(*) FROM batches") == [(99,)]
    partial = session.prepare("UPDATE batches SET v = ? WHERE p = 0 AND c = 3")
    session.execute(partial, (UNSET_VALUE,))
    assert rows(session, "SELECT v FROM batches WHERE p = 0 AND c = 3") == [(3,)]
    session.execute("BEGIN BATCH APPLY BATCH")
    session.execute("TRUNCATE batches")
    assert rows(session, "SELECT * FROM batches") == []


def batch_sizes(session, _):
    session.execute("CREATE TABLE sized (k int PRIMARY KEY, v blob)")

    def batch(kind, sizes, same=False):
        told = BatchStatement(batch_type=kind)
        for k, size in enumerate(sizes):
            told.add(SimpleStatement("INSERT INTO sized (k, v) VALUES (%s, %s)"), (0 if same else k, b"x" * size))
        future = session.execute_async(told)
        future.result()
        return future.warnings or []

    assert batch(BatchType.LOGGED, [2000, 2000]) == []
    assert batch(BatchType.LOGGED, [30000, 30000, 30000], same=True) == []  # one partition is one piece
    warnings = batch(BatchType.LOGGED, [3000, 3000])
    assert len(warnings) == 1 and "Batch for [ks.sized] is of size 5." in warnings[0] and "threshold of 5.000KiB by 0." in warnings[0], warnings
    assert batch(BatchType.UNLOGGED, [1] * 10) == []
    assert batch(BatchType.UNLOGGED, [1] * 11) == [
        "Unlogged batch covering 11 partitions detected against table [ks.sized]. You should use a logged batch for atomicity, or "
        "asynchronous writes for performance."]
    try:
        batch(BatchType.LOGGED, [30000, 30000])
    except InvalidRequest as failure:
        assert "Batch too large" in str(failure), failure
    else:
        raise AssertionError("a batch that is too large was taken")


def clocks(session, _):
    """A client is warned of timestamps that are far from the server's clock."""
    session.execute("CREATE TABLE clocks (k int PRIMARY KEY, v int)")

    def warnings(statement):
        future = session.execute_async(statement)
        future.result()
        return future.warnings or []

    now = int(time.time() * 1000000)
    assert warnings("INSERT INTO clocks (k, v) VALUES (1, 1)") == []  # the driver's own timestamp
    assert warnings(f"INSERT INTO clocks (k, v) VALUES (1, 1) USING TIMESTAMP {now + 3000000}") == []
    ahead, behind = warnings(f"UPDATE clocks USING TIMESTAMP {now + 60000000} SET v = 1 WHERE k = 1"), warnings(
        f"BEGIN BATCH INSERT INTO clocks (k, v) VALUES (2, 2); DELETE FROM clocks USING TIMESTAMP {now // 1000} WHERE k = 1; APPLY BATCH")
    assert len(ahead) == 1 and "s ahead of the server's clock" in ahead[0], ahead
    assert len(behind) == 1 and "s behind the server's clock" in behind[0], behind
    assert warnings("UPDATE clocks SET v = 3 WHERE k = 2 IF v = 2") == []


def alterations(session, _):
    session.execute("CREATE TABLE altered (k int PRIMARY KEY, v int)")
    session.execute("INSERT INTO altered (k, v) VALUES (1, 2)")
    select = session.prepare("SELECT * FROM altered WHERE k = 1")
    assert rows(session, "SELECT * FROM altered") == [(1, 2)]
    session.execute("ALTER TABLE altered ADD w text")
    session.execute("UPDATE altered SET w = 'x' WHERE k = 1")
    assert session.execute(select).one().w == "x"
    session.execute("ALTER TABLE altered DROP v")
    session.execute("ALTER TABLE altered ADD v int")
    assert rows(session, "SELECT k, v, w FROM altered") == [(1, None, "x")]  # another column of the same name
    session.execute("ALTER TABLE altered RENAME k TO key")
    assert rows(session, "SELECT key FROM altered") == [(1,)]
    session.execute("DROP TABLE altered")
    refused(session, "SELECT * FROM altered", "table altered does not exist")


def dropped_columns(session, host):
    """A column that is added again has what was written with later timestamps than the drop's; rows that only it made come and go."""
    session.execute("CREATE TABLE parted (k int, r int, v int, c int, s int STATIC, l list<int>, m map<text, int>, PRIMARY KEY (k, r))")
    session.execute("CREATE INDEX ON parted (r)")
    for n in (1, 2):
        for key, change in (f"k = {n} AND r = 1", f"c = {n}"), (f"k = {n}", f"s = {n}"), ("k = 9 AND r = 1", f"l = l + [{n}], m = m + {{'k{n}': {n}}}"):
            session.execute(f"UPDATE parted USING TIMESTAMP {n * 100} SET {change} WHERE {key}")
    both = ("SELECT k, r, v FROM parted", "SELECT k, r, v FROM parted WHERE r = 1")
    for column in "cslm":
        session.execute(f"ALTER TABLE parted DROP {column} USING TIMESTAMP 150")
    assert [rows(session, ask) for ask in both] == [[], []]
    assert not session.execute("UPDATE parted SET v = 1 WHERE k = 2 AND r = 1 IF EXISTS").was_applied
    for column in ("c int", "s int STATIC", "l list<int>", "m map<text, int>"):
        session.execute(f"ALTER TABLE parted ADD {column}")
    assert [rows(session, ask) for ask in both] == [[(2, 1, None), (9, 1, None)]] * 2
    assert not session.execute("UPDATE parted SET v = 1 WHERE k = 1 AND r = 1 IF EXISTS").was_applied
    assert session.execute("UPDATE parted SET v = 1 WHERE k = 2 AND r = 1 IF c = 2 AND s = 2").was_applied
    session.execute("UPDATE parted USING TIMESTAMP 120 SET c = 5 WHERE k = 5 AND r = 1")  # as good as written before the drop
    assert rows(session, "SELECT k, c, s, l, m FROM parted") == [(2, 2, 2, None, None), (9, None, None, [2], {"k2": 2})]
    for index, found in (("c", "c = 2"), ("values(l)", "l CONTAINS 2")):
        session.execute(f"CREATE INDEX ON parted ({index})")
        wait_for("an index", lambda where=found: rows(session, f"SELECT r FROM parted WHERE {where}") == [(1,)])
    assert rows(session, "SELECT k FROM parted WHERE c = 1") == rows(session, "SELECT k FROM parted WHERE l CONTAINS 1") == []
    with Client(host.address) as client:
        assert server.scrub(client) == []
    session.execute("DELETE FROM parted WHERE k IN (1, 2, 5, 9)")
    with Client(host.address) as client:
        assert server.scrub(client) == []
    session.execute("DROP TABLE parted")
    # A view keeps its rows while those that come back are filled in.
    session.execute("CREATE TABLE viewed (p int, r int, c int, v int, PRIMARY KEY (p, r))")
    session.execute("INSERT INTO viewed (p, r, v) VALUES (1, 1, 1)")
    session.execute("UPDATE viewed USING TIMESTAMP 200 SET c = 2 WHERE p = 2 AND r = 1")
    session.execute("ALTER TABLE viewed DROP c USING TIMESTAMP 150")
    session.execute("CREATE MATERIALIZED VIEW seen AS SELECT * FROM viewed WHERE p IS NOT NULL AND r IS NOT NULL PRIMARY KEY (r, p)")
    view = "SELECT p FROM seen WHERE r = 1"
    wait_for("the view", lambda: rows(session, view) == [(1,)] and rows(session, "SELECT view_name FROM system.built_views") == [("seen",)])
    session.execute("ALTER TABLE viewed ADD c int")
    assert (1,) in rows(session, view)
    wait_for("what came back", lambda: rows(session, view) == [(1,), (2,)])
    session.execute("DELETE FROM viewed WHERE p IN (1, 2)")
    with Client(host.address) as client:
        assert (rows(session, view), server.scrub(client)) == ([], [])
    session.execute("DROP MATERIALIZED VIEW seen")
    session.execute("DROP TABLE viewed")


def types_that_change(session, _):
    session.execute("CREATE TYPE part (a int, b text)")
    session.execute("CREATE TYPE outer (p frozen<part>, n int)")
    session.execute("CREATE TABLE parts (k int PRIMARY KEY, p part, fp frozen<part>, l list<frozen<outer>>, m map<int, frozen<part>>)")
    session.execute("CREATE TABLE keyed (k frozen<part> PRIMARY KEY, v int)")
    session.execute("CREATE TYPE lone (x int)")
    session.execute("INSERT INTO parts (k, p, fp, l, m) VALUES (1, {a: 1, b: 'x'}, {a: 2, b: 'y'}, [{p: {a: 3}, n: 4}], {5: {b: 'z'}})")
    refused(session, "ALTER TYPE part ADD c int", "as the type is being used in partition key by the following tables: ks.keyed")
    session.execute("ALTER TYPE part RENAME a TO one AND b TO two")
    session.execute("INSERT INTO keyed (k, v) VALUES ({one: 1, two: 'q'}, 5)")
    assert session.execute("SELECT k.two, v FROM keyed").one() == ("q", 5)
    session.execute("DROP TABLE keyed")
    session.execute("CREATE TABLE within (k int, c frozen<part>, v int, PRIMARY KEY (k, c))")
    session.execute("INSERT INTO within (k, c, v) VALUES (1, {one: 1}, 1)")
    select = session.prepare("SELECT p, fp, l, m FROM parts WHERE k = ?")
    session.execute(select, [1])
    session.execute("ALTER TYPE part ADD c frozen<set<int>>")
    session.execute("INSERT INTO within (k, c, v) VALUES (1, {one: 1}, 2)")  # the row that is there
    session.execute("INSERT INTO within (k, c, v) VALUES (1, {one: 1, c: {3}}, 3)")
    assert rows(session, "SELECT v FROM within") == [(2,), (3,)]
    session.execute("DELETE FROM within WHERE k = 1 AND c = {one: 1}")
    assert rows(session, "SELECT v FROM within") == [(3,)]
    session.execute("CREATE TYPE viewed_part (one int)")
    session.execute("CREATE TABLE viewed (k int, c frozen<viewed_part>, v int, f frozen<viewed_part>, PRIMARY KEY (k, c))")
    session.execute("CREATE MATERIALIZED VIEW of_viewed AS SELECT k, c, v FROM viewed WHERE k IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, c, k)")
    session.execute("INSERT INTO viewed (k, c, v) VALUES (1, {one: 1}, 5)")
    session.execute("CREATE INDEX viewed_f ON viewed (f)")
    refused(session, "ALTER TYPE viewed_part ADD d int", "as it is being used in an index by table ks.viewed")
    session.execute("DROP INDEX viewed_f")
    session.execute("ALTER TYPE viewed_part ADD d int")
    assert rows(session, "SELECT k FROM of_viewed WHERE v = 5 AND c = {one: 1}") == [(1,)]
    session.execute("UPDATE viewed SET v = 6 WHERE k = 1 AND c = {one: 1}")
    assert rows(session, "SELECT v, k FROM of_viewed") == [(6, 1)]
    session.execute("DROP MATERIALIZED VIEW of_viewed")
    session.execute("DROP TABLE viewed")
    session.execute("DROP TABLE within")
    for statement, values in ((select, [1]), ("SELECT p, fp, l, m FROM parts WHERE k = 1", None)):
        row = session.execute(statement, values).one()
        assert tuple(row.p) == (1, "x", None) and tuple(row.fp) == (2, "y", None), row
        assert tuple(row.l[0].p) == (3, None, None) and tuple(row.m[5]) == (None, "z", None), row
    session.execute("UPDATE parts SET p.c = {7}, fp = {one: 9, c: {8}} WHERE k = 1")
    row = session.execute("SELECT p.c, fp.c, fp.two, p.one FROM parts WHERE k = 1").one()
    assert row == ({7}, {8}, None, 1), row
    session.execute("ALTER TYPE part ADD IF NOT EXISTS c int")
    for statement, words in (("ALTER TYPE part ADD c int", "a field with name c already exists"),
                             ("ALTER TYPE part ADD o frozen<outer>", "as it would create a circular reference"),
                             ("ALTER TYPE part RENAME nope TO x", "Unknown field nope in user type part"),
                             ("ALTER TYPE part RENAME one TO two", "Duplicate field name two in type part"),
                             ("ALTER TYPE part ALTER one TYPE bigint", "Altering field types is no longer supported"),
                             ("ALTER TYPE nope ADD c int", "Type 'ks.nope' doesn't exist"),
                             ("DROP TYPE part", "still used by")):
        refused(session, statement, words)
    session.execute("ALTER TYPE lone ADD y text")
    assert session.execute("DESCRIBE TYPE lone").one().create_statement == "CREATE TYPE ks.lone (\n    x int,\n    y text\n);"


def other_doors(session, host):
    session.execute("CREATE TABLE shared (k text, c int, v int, s int static, PRIMARY KEY (k, c))")
    with Client(host.address) as client:
        session.execute("INSERT INTO shared (k, c, v) VALUES ('a', 1, 10)")
        session.execute("UPDATE shared SET s = 1 WHERE k = 'a'")
        session.execute("UPDATE shared SET v = 11 WHERE k = 'a' AND c = 1")
        session.execute("DELETE v FROM shared WHERE k = 'a' AND c = 1")
        session.execute("DELETE FROM shared WHERE k = 'a' AND c = 1")
        item = {"k": "a", "c": 1}
        answer = client.request(server.HISTORY, {server.TABLE: "ks.shared", server.KEY: item})
        told = [(record[server.OPERATION], record.get(server.NEW)) for record in answer[server.RECORDS]]
        assert [operation for operation, _ in told] == ["insert", "modify", "modify", "remove"], told
        client.request(server.PUT, {server.TABLE: "ks.shared", server.ITEM: {**item, "v": 5}})
        assert rows(session, "SELECT k, c, v, s FROM shared") == [("a", 1, 5, 1)]
        client.request(server.UPDATE, {server.TABLE: "ks.shared", server.KEY: item, server.CHANGE: "SET v = v + :one",
                                       server.VALUES: {":one": 1}})
        assert rows(session, "SELECT v FROM shared") == [(6,)]
        client.request(server.DELETE, {server.TABLE: "ks.shared", server.KEY: item})
        assert rows(session, "SELECT c FROM shared") == [(None,)]
        # A row that is told as it became is no larger than others.
        session.execute("CREATE TABLE heavy (k int PRIMARY KEY, a blob, b blob)")
        session.execute(session.prepare("INSERT INTO heavy (k, a) VALUES (1, ?)"), [bytes(9 << 20)])
        try:
            client.request(server.UPDATE, {server.TABLE: "ks.heavy", server.KEY: {"k": 1}, server.CHANGE: "SET #b = #a", server.NAMES: {"#a": "a", "#b": "b"}, server.WANT_NEW: True})
        except server.Failure as failure:
            assert failure.status == 4 and "a row of 188" in str(failure), failure
        else:
            raise AssertionError("a row of 18 MiB was taken")
        # A change from a large row to another one is one record.
        other = random.randbytes(9 << 20)
        session.execute(session.prepare("INSERT INTO heavy (k, a) VALUES (1, ?)"), [other])
        assert rows(session, "SELECT a FROM heavy") == [(other,)]


def expiry(session, host):
    """What expires is swept, and whoever follows the table is told."""
    session.execute("CREATE TABLE expiry (k int PRIMARY KEY, v int, w int) WITH gc_grace_seconds = 1")
    with Client(host.address) as client:
        session.execute("INSERT INTO expiry (k, v) VALUES (1, 1) USING TTL 1")
        session.execute("INSERT INTO expiry (k, w) VALUES (1, 2)")
        session.execute("INSERT INTO expiry (k, v) VALUES (2, 1) USING TTL 1")

        def told(key):
            answer = client.request(server.HISTORY, {server.TABLE: "ks.expiry", server.KEY: {"k": key}})
            return [(record[server.OPERATION], record.get(server.CAUSE)) for record in answer[server.RECORDS]]

        wait_for("both are swept", lambda: ("modify", "ttl") in told(1) and ("remove", "ttl") in told(2))
        assert rows(session, "SELECT k, v, w FROM expiry") == [(1, None, 2)]


def indexes(session, host):
    session.execute("CREATE TABLE indexed (p int, c int, v text, w int, s int static, PRIMARY KEY (p, c))")
    insert = session.prepare("INSERT INTO indexed (p, c, v, w) VALUES (?, ?, ?, ?)")
    for p in range(10):
        for c in range(4):
            session.execute(insert, (p, c, "v%d" % (c % 2), p))
    session.execute("UPDATE indexed SET s = 5 WHERE p = 3")
    refused(session, "SELECT * FROM indexed WHERE v = 'v1'", "ALLOW FILTERING")
    session.execute("CREATE INDEX ON indexed (v)")
    session.execute("CREATE INDEX by_w ON indexed (w)")
    session.execute("CREATE INDEX IF NOT EXISTS by_w ON indexed (w)")
    refused(session, "CREATE INDEX other ON indexed (w)", "duplicate of existing index by_w")
    refused(session, "CREATE INDEX ON indexed (p)", "only partition key column p")
    refused(session, "ALTER TABLE indexed DROP w", "dependent secondary indexes")

    def found(size):
        statement = SimpleStatement("SELECT p, c FROM indexed WHERE v = 'v1'", fetch_size=size)
        return [tuple(row) for row in session.execute(statement)]

    for _ in range(2):  # while it is being filled, and after
        for size in (1, 3, 100):
            assert sorted(found(size)) == [(p, c) for p in range(10) for c in (1, 3)], size
        assert rows(session, "SELECT c, s FROM indexed WHERE w = 3") == [(c, 5) for c in range(4)]
        assert rows(session, "SELECT c FROM indexed WHERE p = 3 AND v = 'v0'") == [(0,), (2,)]
        assert rows(session, "SELECT p, c FROM indexed WHERE w = 3 AND v = 'v1' AND c > 1 ALLOW FILTERING") == [(3, 3)]
        refused(session, "SELECT * FROM indexed WHERE w = 3 AND v = 'v1'", "ALLOW FILTERING")
        with Client(host.address) as client:
            wait_for("the indexes are filled", lambda: all(
                index[server.STATE] == "active" for index in client.request(server.DESCRIBE, {server.TABLE: "ks.indexed"})[server.INDEXES]))
    session.execute("UPDATE indexed SET v = 'new' WHERE p = 1 AND c = 1")
    session.execute("DELETE FROM indexed WHERE p = 2")
    session.execute("INSERT INTO indexed (p, c, v) VALUES (50, 1, 'new') USING TTL 5")
    assert sorted(rows(session, "SELECT p, c FROM indexed WHERE v = 'new'")) == [(1, 1), (50, 1)]
    assert len(rows(session, "SELECT p FROM indexed WHERE v = 'v1' LIMIT 5")) == 5
    assert rows(session, "SELECT count(*) FROM indexed WHERE v = 'v1'") == [(17,)]
    wait_for("the row expires", lambda: rows(session, "SELECT p FROM indexed WHERE v = 'new'") == [(1,)])
    told = rows(session, "SELECT index_name, kind, options FROM system_schema.indexes WHERE keyspace_name = 'ks'")
    assert [(name, kind, dict(options)) for name, kind, options in told] == [
        ("by_w", "COMPOSITES", {"target": "w"}), ("indexed_v_idx", "COMPOSITES", {"target": "v"})], told
    session.execute("DROP INDEX by_w")
    refused(session, "SELECT * FROM indexed WHERE w = 3", "ALLOW FILTERING")
    refused(session, "DROP INDEX by_w", "Index 'ks.by_w' doesn't exist")


def static_indexes(session, _):
    """An index on a static column lets its partitions be asked for, with all their rows."""
    session.execute("CREATE TABLE si (p int, c int, v int, s int static, m map<text, int> static, PRIMARY KEY (p, c))")
    for p in range(20):
        session.execute("INSERT INTO si (p, s, m) VALUES (%s, %s, %s)", (p, p % 3, {"a": p % 2}))
        for c in range(p % 4):
            session.execute("INSERT INTO si (p, c, v) VALUES (%s, %s, %s)", (p, c, c))
    refused(session, "SELECT * FROM si WHERE s = 1", "ALLOW FILTERING")
    for target in ("s", "entries(m)", "v"):
        session.execute(f"CREATE INDEX ON si ({target})")

    def check():
        everything = rows(session, "SELECT p, c, v, s FROM si")
        for value in range(5):
            for size in (1, 3, 100):
                found = session.execute(SimpleStatement(f"SELECT p, c, v, s FROM si WHERE s = {value}", fetch_size=size))
                assert [tuple(row) for row in found] == [row for row in everything if row[3] == value], (value, size)

    check()
    session.execute("UPDATE si SET s = 4 WHERE p IN (1, 2, 3)")
    session.execute("DELETE s FROM si WHERE p = 4")
    session.execute("DELETE FROM si WHERE p = 5")
    check()
    assert sorted(rows(session, "SELECT DISTINCT p, s FROM si WHERE s = 4")) == [(1, 4), (2, 4), (3, 4)]
    assert rows(session, "SELECT p, c FROM si WHERE p = 2 AND s = 4") == [(2, 0), (2, 1)]
    assert {row[0] for row in rows(session, "SELECT p FROM si WHERE m['a'] = 1")} == {1, 3, 7, 9, 11, 13, 15, 17, 19}
    wait_for("the index on v", lambda: sorted(rows(session, "SELECT p FROM si WHERE v = 2")) == [(3,), (7,), (11,), (15,), (19,)])
    refused(session, "SELECT * FROM si WHERE s = 4 AND v = 1", "ALLOW FILTERING")
    session.execute("DROP TABLE si")


def collection_indexes(session, host):
    session.execute("CREATE TABLE held (p int, c int, l list<int>, s set<text>, m map<text, int>, f frozen<set<int>>, PRIMARY KEY (p, c))")
    choice = random.Random(7)

    def write():
        p, c, a, b = (choice.randrange(n) for n in (4, 4, 5, 5))
        session.execute(choice.choice([
            f"INSERT INTO held (p, c, l, s, m, f) VALUES ({p}, {c}, [{a}, {b}, {a}], {{'{a}', '{b}'}}, {{'{a}': {b}, '{b}': {a}}}, {{{a}}})",
            f"UPDATE held SET l = l + [{a}], s = s - {{'{b}'}}, m['{a}'] = {b} WHERE p = {p} AND c = {c}",
            f"UPDATE held SET l = null, m = m - {{'{b}'}} WHERE p = {p} AND c = {c}",
            f"DELETE s, m['{a}'] FROM held WHERE p = {p} AND c = {c}",
            f"DELETE FROM held WHERE p = {p} AND c = {c}"]))

    def check():
        all_rows = rows(session, "SELECT p, c, l, s, m FROM held")
        for n in range(5):
            for where, holds in ((f"l CONTAINS {n}", lambda r: n in (r[2] or [])), (f"s CONTAINS '{n}'", lambda r: str(n) in (r[3] or ())),
                                 (f"m CONTAINS {n}", lambda r: n in (r[4] or {}).values()),
                                 (f"m CONTAINS KEY '{n}'", lambda r: str(n) in (r[4] or {})),
                                 (f"m['{n}'] = 2", lambda r: (r[4] or {}).get(str(n)) == 2)):
                expected = sorted(r[:2] for r in all_rows if holds(r))
                assert sorted(rows(session, f"SELECT p, c FROM held WHERE {where}")) == expected, where
                assert sorted(rows(session, f"SELECT p, c FROM held WHERE p = 1 AND {where}")) == [r for r in expected if r[0] == 1], where

    for _ in range(30):
        write()
    for target in ("l", "values(s)", "m", "keys(m)", "entries(m)", "full(f)"):
        session.execute(f"CREATE INDEX ON held ({target})")
    with Client(host.address) as client:
        for _ in range(2):  # while they are being filled, and after
            for _ in range(5):
                write()
                check()
            wait_for("the indexes are filled", lambda: all(
                index[server.STATE] == "active" for index in client.request(server.DESCRIBE, {server.TABLE: "ks.held"})[server.INDEXES]))
        before = sorted(rows(session, "SELECT p, c FROM held WHERE m CONTAINS KEY '1'"))
        moment = time.time()
        time.sleep(0.01)
        session.execute("DELETE m FROM held WHERE p = 1 AND c = 1")
        session.execute("INSERT INTO held (p, c, m) VALUES (9, 9, {'1': 5})")
        told = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}+0000"
        assert sorted(rows(session, f"SELECT p, c FROM held AS OF '{told}' WHERE m CONTAINS KEY '1'")) == before
        told = rows(session, "SELECT index_name, options FROM system_schema.indexes WHERE keyspace_name = 'ks' AND table_name = 'held'")
        assert sorted((name, options["target"]) for name, options in told) == [
            ("held_f_idx", "full(f)"), ("held_l_idx", "values(l)"), ("held_m_idx", "values(m)"), ("held_m_idx_1", "keys(m)"),
            ("held_m_idx_2", "entries(m)"), ("held_s_idx", "values(s)")], told
        for statement, words in (("CREATE INDEX ON held (keys(l))", "Cannot create index on keys of column l with non-map type"),
                                 ("CREATE INDEX ON held (full(l))", "full() indexes can only be created on frozen collections"),
                                 ("CREATE INDEX ON held (keys(c))", "Cannot create keys() index on c. Non-collection columns only support simple indexes"),
                                 ("CREATE INDEX again ON held (keys(m))", "Index again is a duplicate of existing index held_m_idx_1"),
                                 ("SELECT * FROM held WHERE l CONTAINS 1 AND s CONTAINS '1'", "ALLOW FILTERING")):
            refused(session, statement, words)


def like(session, _):
    session.execute("CREATE TABLE words (k int PRIMARY KEY, a text, b text, c text)")
    for k, text in enumerate(("apple", "Apple", "pineapple", "apple pie", "", "it's 100%")):
        session.execute("INSERT INTO words (k, a, b, c) VALUES (%s, %s, %s, %s)", (k, text, text, text))
    refused(session, "SELECT k FROM words WHERE a LIKE 'app%' ALLOW FILTERING",
            "LIKE restriction is only supported on properly indexed columns. a LIKE 'app%' is not valid.")
    session.execute("CREATE CUSTOM INDEX ON words (a) USING 'org.apache.cassandra.index.sasi.SASIIndex'")
    session.execute("CREATE CUSTOM INDEX ON words (b) USING 'org.apache.cassandra.index.sasi.SASIIndex' WITH OPTIONS = {'mode': 'CONTAINS', "
                    "'case_sensitive': 'false', 'analyzer_class': 'org.apache.cassandra.index.sasi.analyzer.NonTokenizingAnalyzer'}")
    session.execute("CREATE CUSTOM INDEX ON words (c) USING 'StorageAttachedIndex'")
    for where, found in (("a LIKE 'app%'", [0, 3]), ("a LIKE 'apple'", [0]), ("b LIKE 'APP%'", [0, 1, 3]), ("b LIKE '%apple'", [0, 1, 2]),
                         ("b LIKE '%pp%'", [0, 1, 2, 3]), ("b LIKE '%100%%'", [5]), ("b LIKE 'nothing'", []), ("c = 'apple'", [0]), ("a = ''", [4])):
        assert sorted(k for k, in rows(session, f"SELECT k FROM words WHERE {where}")) == found, where
    prepared = session.prepare("SELECT k FROM words WHERE b LIKE ?")
    assert sorted(rows(session, prepared, ["%pie"])) == [(3,)]
    for statement, words in (("SELECT k FROM words WHERE a LIKE '%app%'", "a LIKE '%app%' is not valid"),
                             ("SELECT k FROM words WHERE c LIKE 'a%'", "c LIKE 'a%' is not valid"),
                             ("SELECT k FROM words WHERE b LIKE '%'", "LIKE value can't be empty."),
                             ("CREATE INDEX i ON words (b) WITH OPTIONS = {'a': 'b'}", "Cannot specify options for a non-CUSTOM index")):
        refused(session, statement, words)
    told = session.execute("DESCRIBE INDEX words_b_idx").one().create_statement
    assert "WITH OPTIONS = {" in told and "'mode': 'CONTAINS'" in told, told
    session.execute("DROP INDEX words_b_idx")
    session.execute(told)
    session.execute("ALTER TABLE words ADD d text")
    try:
        session.execute("CREATE CUSTOM INDEX ON words (d) USING 'nobody.knows.It'")
    except ConfigurationException as failure:
        assert "Unable to find custom indexer class 'nobody.knows.It'" in str(failure), failure
    else:
        raise AssertionError("an index of an unknown class was made")


def restores(session, host):
    session.execute("CREATE TABLE old (p int, c int, v text, l list<int>, s int static, PRIMARY KEY (p, c)) WITH comment = 'kept'")
    session.execute("CREATE INDEX ON old (v)")
    session.execute("CREATE MATERIALIZED VIEW old_v AS SELECT p, c, v FROM old WHERE p IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, p, c)")
    for n in range(300):
        session.execute(f"INSERT INTO old (p, c, v, l, s) VALUES ({n % 3}, {n}, 'v{n}', [{n}], {n % 3}) USING TIMESTAMP {1000 + n}")
    everything = "SELECT p, c, v, l, s, writetime(v) FROM {}"
    before = sorted(rows(session, everything.format("old")))
    time.sleep(0.01)
    moment = time.time()
    told = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}+0000"
    time.sleep(0.01)
    session.execute("DELETE FROM old WHERE p = 1")
    session.execute("UPDATE old SET v = 'new' WHERE p = 0 AND c = 0")
    after = sorted(rows(session, everything.format("old")))
    session.execute(f"RESTORE TABLE restored FROM TABLE old WITH restore_timestamp = '{told}' AND tags = {{'a': 'b'}}")
    wait_for("the restore", lambda: sorted(rows(session, everything.format("restored"))) == before)
    session.execute("RESTORE TABLE ks.now FROM TABLE ks.old")
    wait_for("the other one", lambda: sorted(rows(session, everything.format("now"))) == after)
    session.execute("DROP MATERIALIZED VIEW old_v")
    session.execute("DROP TABLE old")
    session.execute(f"RESTORE TABLE again FROM TABLE old WITH restore_timestamp = '{told}'")
    with Client(host.address) as client:  # people's rows are counted: no tombstones, but the static ones
        jobs = client.request(server.SCAN, {server.TABLE: "system.jobs"})[server.ITEMS]
        counted = {job["target"]: job["rows"] for job in jobs if "target" in job}
        assert counted["ks.restored"] == 303 and counted["ks.now"] == 202, counted
    wait_for("what was dropped", lambda: sorted(rows(session, everything.format("again"))) == before)
    assert "comment = 'kept'" in session.execute("DESCRIBE TABLE again").one().create_statement
    ids = rows(session, "SELECT id FROM system_schema.tables WHERE keyspace_name = 'ks'")
    assert len(ids) == len(set(ids))
    far = (1 << 64) // 1000 + int(time.time() * 1000)  # now, and what microseconds of 64 bits have no room for
    for statement, words in ((f"RESTORE TABLE restored FROM TABLE again WITH restore_timestamp = '{told}'", "did not exist at that moment"),
                             ("RESTORE TABLE other FROM TABLE again WITH restore_timestamp = '1999-01-01'", "that moment lies before the first commit"),
                             ("SELECT * FROM again AS OF '1999-01-01'", "that moment lies before the first commit"),
                             (f"SELECT * FROM again AS OF '{far}'", "that moment has not come yet"),
                             (f"RESTORE TABLE other FROM TABLE again WITH restore_timestamp = '{far}'", "that moment has not come yet"),
                             ("RESTORE TABLE other FROM TABLE nothing", "table ks.nothing did not exist at that moment")):
        refused(session, statement.replace("restored FROM", "other FROM"), words)


def now_in_seconds(session, _):
    """Version 5 lets a request say what time it is: lives are counted from there, in writes, conditions and reads."""
    write = _QueryMessage._write_query_params

    def at(now, statement):
        def with_now(message, to, version):
            body = io.BytesIO()
            write(message, body, version)
            flags = struct.unpack_from(">I", body.getbuffer(), 2)[0] | 0x100
            to.write(body.getvalue()[:2] + struct.pack(">I", flags) + body.getvalue()[6:] + struct.pack(">i", now))
        _QueryMessage._write_query_params = with_now
        try:
            return rows(session, statement)
        finally:
            _QueryMessage._write_query_params = write
    now = int(time.time())
    session.execute("CREATE TABLE moments (k int PRIMARY KEY, v int, l list<int>) WITH default_time_to_live = 1000")
    at(now + 100000, "INSERT INTO moments (k, v, l) VALUES (1, 2, [3])")
    assert at(now + 100900, "SELECT v, ttl(v) FROM moments") == [(2, 100)] and at(now + 101000, "SELECT v FROM moments") == []
    assert at(now + 101000, "UPDATE moments SET v = 3 WHERE k = 1 IF EXISTS") == [(False,)]
    assert at(now + 101000, "UPDATE moments SET v = 3 WHERE k = 1 IF v = 2") == [(False,)]
    assert at(now + 100900, "UPDATE moments SET v = 3 WHERE k = 1 IF v = 4") == [(False, 2)]
    assert at(now + 101000, "INSERT INTO moments (k, v) VALUES (1, 4) IF NOT EXISTS") == [(True,)]
    at(now - 5000, "INSERT INTO moments (k, v) VALUES (2, 2)")
    assert rows(session, "SELECT v FROM moments WHERE k = 2") == [] and at(now - 4990, "SELECT ttl(v) FROM moments WHERE k = 2") == [(990,)]
    at(-5000, "INSERT INTO moments (k, v) VALUES (3, 2)")  # the year 2106: the number has no sign
    assert at(-4010, "SELECT v, ttl(v) FROM moments WHERE k = 3") == [(2, 10)] and at(-4000, "SELECT v FROM moments WHERE k = 3") == []


def keyspaces_of_statements(session, _):
    """A statement stays in the keyspace that it was prepared in; in version 5 it may name one."""
    session.execute("CREATE KEYSPACE elsewhere WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    for keyspace in ("ks", "elsewhere"):
        session.execute(f"CREATE TABLE {keyspace}.places (k int PRIMARY KEY, v text)")
    there = session.prepare("INSERT INTO places (k, v) VALUES (?, 'elsewhere')", keyspace="elsewhere")
    here = session.prepare("INSERT INTO places (k, v) VALUES (?, 'ks')")
    session.execute(there, (1,))
    session.execute("USE elsewhere")
    session.execute(here, (1,))
    batch = BatchStatement()
    batch.add(here, (2,))
    batch.add(there, (2,))
    batch.add("INSERT INTO places (k, v) VALUES (3, 'ks')")  # the driver names the keyspace of the first
    session.execute(batch)
    session.execute("USE ks")
    assert rows(session, "SELECT k, v FROM places") == [(1, "ks"), (2, "ks"), (3, "ks")]
    elsewhere = rows(session, SimpleStatement("SELECT k, v FROM places", keyspace="elsewhere"))
    assert elsewhere == [(1, "elsewhere"), (2, "elsewhere")], elsewhere
    pages = [SimpleStatement("SELECT k FROM ks.places", fetch_size=2), session.prepare("SELECT k FROM ks.places WHERE k IN (1, 2, 3)").bind(())]
    pages[1].fetch_size = 2
    for statement in pages:  # names its keyspace: the one in use does not matter, to a prepared statement's id either
        session.execute("USE ks")
        found = session.execute(statement)
        first = len(found.current_rows)
        session.execute("USE elsewhere")
        assert (first, len(list(found))) == (2, 3)
        session.execute("ALTER TABLE ks.places WITH comment = 'again'")
        assert len(list(session.execute(statement))) == 3
    session.execute("USE ks")
    session.execute("CREATE TYPE elsewhere.spot (n int)")
    assert rows(session, "SELECT (spot){n: 1} FROM elsewhere.places WHERE k = 1")[0][0].n == 1


CHECKS = [types, class_types, cells, collections, clustering, operations, options, tuples, equal_keys, equal_elements, counters, lightweight, lightweight_statics, batches, batch_sizes, clocks, alterations, dropped_columns, types_that_change, other_doors, expiry, indexes,
          static_indexes, collection_indexes, like, restores]


def main():
    with Server() as host:
        cluster, session = connect(host)
        for check in CHECKS:
            started = time.monotonic()
            check(session, host)
            print(f"{check.__name__}: {time.monotonic() - started:.2f} s", flush=True)
        cluster.shutdown()
        for version in (3, 5):
            cluster, session = connect(host, version)
            assert rows(session, "SELECT count(*) FROM counters") == [(2,)]
            for check in (now_in_seconds, keyspaces_of_statements) if version == 5 else ():
                check(session, host)
            cluster.shutdown()


if __name__ == "__main__":
    main()
