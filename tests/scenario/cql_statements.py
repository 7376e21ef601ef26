#!/usr/bin/python3
"""What single statements answer, with DataStax's Python driver: strategies of replication, names, types of other keyspaces, indexes'
limits, levels of consistency, values that are too many or too long, JSON, durations, system tables; refusals by class and words."""
import socket
import struct

from cassandra import ConsistencyLevel, FunctionFailure, InvalidRequest, Unauthorized
from cassandra.protocol import ConfigurationException, PrepareMessage, SyntaxException
from cassandra.query import BatchStatement, BatchType, SimpleStatement, UNSET_VALUE
from cql_data import connect, rows
from server import Server

PACKAGE = "org.apache.cassandra.locator."
SIMPLE = "{'class': 'SimpleStrategy', 'replication_factor': 1}"


def refused(session, kind, *statements_and_words):
    """Statements and what each is told, in turn; a statement with values is a pair."""
    for statement, words in zip(statements_and_words[::2], statements_and_words[1::2]):
        text, values = statement if isinstance(statement, tuple) else (statement, None)
        try:
            session.execute(session.prepare(text) if values is not None else text, values)
        except kind as failure:
            assert words in str(failure), (text, failure)
        else:
            raise AssertionError(f"{text} was not refused")


def replication(session):
    def of(name):
        return dict(rows(session, f"SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{name}'")[0][0])

    session.execute("CREATE KEYSPACE one WITH replication = {'class': 'SimpleStrategy'}")
    assert of("one") == {"class": PACKAGE + "SimpleStrategy", "replication_factor": "1"}
    session.execute("CREATE KEYSPACE two WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}")
    assert of("two") == {"class": PACKAGE + "NetworkTopologyStrategy", "datacenter1": "3"}
    session.execute("ALTER KEYSPACE two WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 5}")
    assert of("two")["datacenter1"] == "3"  # what a data centre had stays
    session.execute("ALTER KEYSPACE one WITH replication = {'class': 'NetworkTopologyStrategy'}")
    assert of("one") == {"class": PACKAGE + "NetworkTopologyStrategy", "datacenter1": "1"}
    assert of("system_distributed") == {"class": PACKAGE + "SimpleStrategy", "replication_factor": "3"}
    make = "CREATE KEYSPACE three WITH replication = "
    refused(session, ConfigurationException,
            make + "{'class': 'NetworkTopologyStrategy', 'mars': 1}",
            "Unrecognized strategy option {mars} passed to NetworkTopologyStrategy for keyspace three",
            make + "{'class': 'SimpleStrategy', 'mars': 1}", "Unrecognized strategy option {mars} passed to SimpleStrategy for keyspace three",
            make + "{'class': 'SimpleStrategy', 'replication_factor': 'x'}", "must be numeric; found x",
            make + "{'class': 'SimpleStrategy', 'replication_factor': -1}", "must be non-negative; found -1",
            make + "{'class': 'SimpleStrategy', 'replication_factor': '3/1'}", "Transient replication is not enabled",
            make + "{'class': 'Nowhere'}", "Unable to find replication strategy class 'org.apache.cassandra.locator.Nowhere'",
            make + "{'replication_factor': 1}", "Missing replication strategy class",
            "ALTER KEYSPACE two WITH replication = {'class': 'NetworkTopologyStrategy', 'mars': 1}", "{mars}")
    refused(session, InvalidRequest, make + "{'class': 'LocalStrategy'}", "LocalStrategy is reserved for internal use",
            "CREATE KEYSPACE three WITH durable_writes = true", "Missing mandatory option 'replication'")
    refused(session, SyntaxException, make + "1", "Invalid value for property 'replication'. It should be a map.")


def warnings(session):
    """More replicas than there are nodes are taken, and told."""
    def warned(statement):
        future = session.execute_async(statement)
        future.result()
        return future.warnings or []

    make = "CREATE KEYSPACE %s WITH replication = {'class': '%s', 'replication_factor': %d}"
    higher = "Your replication factor 3 for keyspace %s is higher than the number of nodes 1"
    assert warned(make % ("warned", "SimpleStrategy", 3)) == [higher % "warned"]
    assert warned(make % ("topology", "NetworkTopologyStrategy", 3)) == [higher % "topology" + " for datacenter datacenter1"]
    assert warned(make % ("quiet", "SimpleStrategy", 1)) == []
    told = warned("ALTER KEYSPACE quiet WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
    assert told == [higher % "quiet", "When increasing replication factor you need to run a full (-full) repair to distribute the data."]


def compact(session):
    """Rows WITH COMPACT STORAGE are what their columns are."""
    make = "CREATE TABLE %s WITH COMPACT STORAGE"
    session.execute(make % "flat (k int PRIMARY KEY, a int, b text)")
    session.execute("INSERT INTO flat (k) VALUES (1)")
    assert rows(session, "SELECT * FROM flat") == []
    session.execute("INSERT INTO flat (k, a) VALUES (1, 2)")
    assert rows(session, "SELECT * FROM flat") == [(1, 2, None)]
    session.execute("UPDATE flat SET a = null WHERE k = 1")
    assert rows(session, "SELECT * FROM flat") == []
    session.execute(make % "dense (k int, c int, v int, PRIMARY KEY (k, c))" + " AND CLUSTERING ORDER BY (c DESC)")
    session.execute("INSERT INTO dense (k, c, v) VALUES (1, 1, 1)")
    session.execute(make % "bare (k int, c int, d int, PRIMARY KEY (k, c, d))")
    session.execute("INSERT INTO bare (k, c, d) VALUES (1, 2, 3)")
    assert rows(session, "SELECT * FROM bare") == [(1, 2, 3)]
    flags = dict(rows(session, "SELECT table_name, flags FROM system_schema.tables WHERE keyspace_name = 'ks'"))
    assert flags["dense"] == {"dense"} and flags["bare"] == {"compound", "dense"}
    assert ") WITH COMPACT STORAGE\n    AND CLUSTERING ORDER BY (c DESC)\n" in rows(session, "DESCRIBE TABLE dense")[0][3]
    refused(session, InvalidRequest, "INSERT INTO dense (k, c) VALUES (1, 1)", "Column v is mandatory for this COMPACT STORAGE table",
            make % "x (k int PRIMARY KEY)", "No definition found that is not part of the PRIMARY KEY",
            make % "x (k int, c int, v int, w int, PRIMARY KEY (k, c))", "allows no more than one column not part of the PRIMARY KEY (got: v, w)",
            make % "x (k int PRIMARY KEY, l list<int>)", "Non-frozen collections and UDTs are not supported with COMPACT STORAGE",
            make % "x (k int, c int, s int static, PRIMARY KEY (k, c))", "Static columns are not supported in COMPACT STORAGE tables",
            "ALTER TABLE dense ADD x int", "Cannot add new column to a COMPACT STORAGE table",
            "ALTER TABLE dense DROP v", "Cannot drop columns from a COMPACT STORAGE table",
            "ALTER TABLE dense DROP COMPACT STORAGE", "DROP COMPACT STORAGE is disabled",
            "CREATE INDEX ON dense (v)", "Secondary indexes are not supported on COMPACT STORAGE tables that have clustering columns",
            "CREATE MATERIALIZED VIEW x AS SELECT * FROM flat WHERE k IS NOT NULL AND a IS NOT NULL PRIMARY KEY (a, k) WITH COMPACT STORAGE",
            "Cannot use 'COMPACT STORAGE' when defining a materialized view")


def sasi(session):
    session.execute("CREATE TABLE searched (k int PRIMARY KEY, t text, n int, l list<text>)")
    make = "CREATE CUSTOM INDEX ON searched (%s) USING 'org.apache.cassandra.index.sasi.SASIIndex'"
    refused(session, ConfigurationException, make % "t" + " WITH OPTIONS = {'mode': 'SUFFIX'}", "Incorrect index mode: SUFFIX",
            make % "t" + " WITH OPTIONS = {'mode': 'SPARSE'}", "SPARSE mode is only supported on non-literal columns.",
            make % "n" + " WITH OPTIONS = {'mode': 'SPARSE', 'analyzer_class': 'org.apache.cassandra.index.sasi.analyzer.StandardAnalyzer'}",
            "SPARSE mode doesn't support analyzers.", make % "t" + " WITH OPTIONS = {'analyzer_class': 'x'}", "Invalid analyzer class option specified [x]",
            make % "l", "complex columns are not yet supported by SASI",
            make % "t" + " WITH OPTIONS = {'analyzer_class': 'org.apache.cassandra.index.sasi.analyzer.StandardAnalyzer'}", "Indexes of the words in a value",
            make % "t" + " WITH OPTIONS = {'analyzed': 'true'}", "Indexes of the words in a value")
    refused(session, InvalidRequest, make % "t" + " WITH OPTIONS = {'target': 't'}", "Cannot specify target as a CUSTOM option")
    session.execute(make % "t" + " WITH OPTIONS = {'mode': 'contains'}")
    for options, words in ((" WITH OPTIONS = {'mode': 'contains'}", "Index searched_t_idx_1 is a duplicate of existing index searched_t_idx"),
                           ("", "its column has index searched_t_idx with another class or other options")):
        refused(session, InvalidRequest, make % "t" + options, words)
    session.execute("INSERT INTO searched (k, t) VALUES (1, 'haystack')")
    assert rows(session, "SELECT k FROM searched WHERE t LIKE '%yst%'") == [(1,)]
    session.execute("CREATE INDEX plain ON searched (n)")
    ask = "SELECT k FROM searched WHERE "
    refused(session, InvalidRequest, ask + "expr(nowhere, 'x')", "Invalid index expression, index nowhere not found for ks.searched",
            ask + "k = 1 AND expr(plain, 1)", "Only CUSTOM indexes may be used in custom index expressions, plain is not valid",
            ask + "expr(ks.searched_t_idx, 'x')", "Index searched_t_idx does not support custom expressions",
            ask + "expr(one.plain, 1)", "Target index plain cannot be used to query ks.searched",
            ask + "expr(plain, 1) AND expr(plain, 2)", "Multiple custom index expressions in a single query are not supported",
            "DELETE FROM searched WHERE expr(plain, 1)", "Custom index expressions cannot be used in WHERE clauses for UPDATE or DELETE statements",
            "CREATE MATERIALIZED VIEW sought AS SELECT k FROM searched WHERE expr(plain, 1) PRIMARY KEY (k)",
            "WHERE clause for materialized view 'sought' cannot contain custom index expressions")
    session.execute("CREATE TABLE expr (k int, expr int, m map<int, int>, PRIMARY KEY (k, expr))")  # a name like others
    session.execute("INSERT INTO expr (k, expr) VALUES (1, 2)")
    for where in ("expr = 2", "expr IN (1, 2)", "(expr) > (1)", "(expr = 2)"):
        assert rows(session, f"SELECT expr FROM expr WHERE k = 1 AND {where}") == [(2,)], where


def emptied(session):
    """Pages of a table that is truncated meanwhile end, or go on with what was written since."""
    session.execute("CREATE TABLE emptied (k int, c int, v int, s int static, PRIMARY KEY (k, c))")
    session.execute("CREATE INDEX ON emptied (v)")
    session.execute("CREATE INDEX ON emptied (s)")
    for ask in ("SELECT k FROM emptied", "SELECT k FROM emptied WHERE v = 1", "SELECT k FROM emptied WHERE s = 1", "SELECT k FROM emptied WHERE k IN (1, 2, 3)"):
        for again in (False, True):
            for k in range(5):
                session.execute(f"INSERT INTO emptied (k, c, v, s) VALUES ({k}, 1, 1, 1)")
            whole = rows(session, ask)
            found = session.execute(SimpleStatement(ask, fetch_size=2))
            session.execute("TRUNCATE emptied")
            if again:
                session.execute("INSERT INTO emptied (k, c, v, s) VALUES (%d, 1, 1, 1)" % whole[2])
            assert [tuple(row) for row in found] == whole[:3 if again else 2], (ask, again)


def keyspace_in_use(session):
    """A connection that prepares names without keyspaces is warned, once."""
    def warned(text):
        pool, = session.get_pools()
        return pool._connection.wait_for_response(PrepareMessage(query=text)).warnings or []

    session.execute("CREATE TABLE named (k int PRIMARY KEY)")
    assert warned("SELECT k FROM ks.named") == []
    text, = warned("SELECT k FROM named")
    assert text.startswith("`USE <keyspace>` with prepared statements is considered to be an anti-pattern") and "Keyspace used: ks, " in text, text
    assert warned("SELECT k FROM named WHERE k = 1") == []


def types(session):
    session.execute("CREATE TYPE far (x int)")
    session.execute(f"CREATE KEYSPACE other WITH replication = {SIMPLE}")
    words = "Statement on keyspace other cannot refer to a user type in keyspace ks"
    refused(session, InvalidRequest, "CREATE TYPE other.t (x frozen<ks.far>)", words,
            "CREATE TABLE other.t (k int PRIMARY KEY, v frozen<list<frozen<ks.far>>>)", words,
            "CREATE FUNCTION other.f(a ks.far) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return 1'", words)
    refused(session, SyntaxException, "CREATE TYPE int (x int)", "no viable alternative at input 'int'",
            "CREATE TYPE ks.byte (x int)", "Invalid (reserved) user type name byte")
    refused(session, SyntaxException, "CREATE TABLE wrong (k int PRIMARY KEY, v list<int, int>)", "no viable alternative",
            "CREATE TABLE wrong (k int PRIMARY KEY, v map<int>)", "no viable alternative")
    refused(session, ConfigurationException, 'CREATE TABLE "a-b" (k int PRIMARY KEY)', "ks.a-b: Table name must not be empty, more than 48")
    refused(session, InvalidRequest, f'CREATE KEYSPACE "a-b" WITH replication = {SIMPLE}', "Keyspace name must not be empty, more than 48")
    session.execute("CREATE TYPE near (x frozen<far>)")
    session.execute("CREATE TABLE first (k int PRIMARY KEY, v frozen<near>)")
    session.execute("CREATE TABLE second (k int PRIMARY KEY, v list<frozen<near>>)")
    refused(session, InvalidRequest, "DROP TYPE far", "Cannot drop user type 'ks.far' as it is still used by user types near",
            "DROP TYPE near", "Cannot drop user type 'ks.near' as it is still used by tables first, second")


def indexes(session):
    session.execute('CREATE TABLE parts (a int, b int, c int, s int static, v text, l list<text>, "odd name" int, PRIMARY KEY ((a, b), c))')
    session.execute("CREATE INDEX ON parts (b)")
    for a, b in ((1, 2), (2, 2), (2, 3)):
        session.execute(f"INSERT INTO parts (a, b, c, v) VALUES ({a}, {b}, 7, 'x')")
    session.execute("INSERT INTO parts (a, b, s) VALUES (9, 2, 5)")
    assert sorted(rows(session, "SELECT a, c, s FROM parts WHERE b = 2"), key=repr) == [(1, 7, None), (2, 7, None), (9, None, 5)]
    refused(session, InvalidRequest, "SELECT * FROM parts WHERE b = 2 AND c = 7", "use ALLOW FILTERING",
            "SELECT * FROM parts WHERE b > 2", "use ALLOW FILTERING", "SELECT * FROM parts WHERE a = 2", "use ALLOW FILTERING")
    session.execute('CREATE INDEX ON parts ("odd name")')
    assert ("parts_oddname_idx",) in rows(session, "SELECT index_name FROM system_schema.indexes WHERE keyspace_name = 'ks'")
    assert ("parts_oddname_idx",) in rows(session, "SELECT index_name FROM system.\"IndexInfo\" WHERE table_name = 'ks'")
    refused(session, ConfigurationException, 'CREATE INDEX "a-b" ON parts (c)', "Illegal index name a-b")
    refused(session, InvalidRequest, "CREATE INDEX nowhere.i ON parts (c)", "Keyspace 'nowhere' doesn't exist",
            "CREATE INDEX other.i ON ks.parts (c)", "Keyspace name 'ks' doesn't match index name",
            "CREATE INDEX ON nothing (c)", "Table 'nothing' doesn't exist", "CREATE INDEX ON nowhere.t (c)", "Keyspace 'nowhere' doesn't exist",
            "DROP INDEX nowhere.i", "Index 'nowhere.i' doesn't exist")
    session.execute("CREATE INDEX ON parts (v)")
    session.execute("CREATE INDEX ON parts (l)")
    long = "x" * 70000
    refused(session, InvalidRequest, ("INSERT INTO parts (a, b, c, v) VALUES (1, 1, 1, ?)", [long]),
            "Cannot index value of size 70000 for index parts_v_idx on ks.parts(v) (maximum allowed size=65535)",
            ("UPDATE parts SET l = ? WHERE a = 1 AND b = 1 AND c = 1", [[long]]), "Cannot index value of size 70000 for index parts_l_idx",
            ("SELECT * FROM parts WHERE v = ?", [long]), "Index expression values may not be larger than 64K")


def moments(session):
    """Zones of timestamps, behind a space or not."""
    zones = {"": 10, " UTC": 10, "Z": 10, " GMT": 10, "+01": 9, " +0100": 9, "-01:00": 11, " UTC+01:00": 9, " GMT-02": 12}
    for zone, hour in zones.items():
        assert rows(session, f"SELECT (timestamp)'2026-11-21T10:00:00.5{zone}' FROM system.local")[0][0].hour == hour, zone
    refused(session, InvalidRequest, "SELECT (timestamp)'2026-11-21 10:00 UTC+' FROM system.local", "Unable to parse a date/time from '2026-11-21 10:00 UTC+'")


def values(session):
    session.execute("CREATE TABLE keys (a text, b text, c text, l list<int>, m map<text, int>, fl frozen<list<int>>, PRIMARY KEY ((a, b), c))")
    long = "x" * 70000
    refused(session, InvalidRequest, ("INSERT INTO keys (a, b, c) VALUES (?, 'b', 'c')", [long]), "is longer than maximum of 65535",
            ("INSERT INTO keys (a, b, c) VALUES ('a', 'b', ?)", [long]), "is longer than maximum of 65535",
            "INSERT INTO keys (a, b, c) VALUES ('a', 'b', 'c') USING TIMESTAMP -9223372036854775808",
            "Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807]",
            ("UPDATE keys SET l[?] = 1 WHERE a = 'a' AND b = 'b' AND c = 'c'", [None]), "Invalid null value for list index",
            "UPDATE keys SET fl = fl + [1] WHERE a = 'a' AND b = 'b' AND c = 'c'", "Invalid operation (fl = fl + [1]) for frozen collection column fl",
            "SELECT writetime(l) FROM keys", "Cannot use selection function writeTime on non-frozen collection l",
            "SELECT ttl(m) FROM keys", "Cannot use selection function ttl on non-frozen collection m",
            "SELECT writetime(a) FROM keys", "Cannot use selection function writeTime on PRIMARY KEY part a")
    session.execute("INSERT INTO keys (a, b, c, m, fl) VALUES ('a', 'b', 'c', {'x': 1}, [1]) USING TIMESTAMP 5")
    assert rows(session, "SELECT writetime(fl), writetime(m['x']) FROM keys") == [(5, 5)]
    bound = session.prepare("INSERT INTO keys (a, b, c) VALUES (?, ?, ?)").bind(["a", "b", "c"])
    for count in (2, 4):
        bound.values = [b"x"] * count
        try:
            session.execute(bound)
        except InvalidRequest as failure:
            assert f"there were 3 markers(?) in CQL but {count} bound variables" in str(failure), failure
        else:
            raise AssertionError(f"{count} values were taken for 3 markers")


def many(session):
    """As many markers as a message can have, each known once; what is bound out of the text's order; rows of many columns."""
    session.execute("CREATE TABLE crowd (p int, c int, v int, PRIMARY KEY (p, c))")
    most = session.prepare("SELECT c FROM crowd WHERE p = ? AND c IN (" + ", ".join("?" * 65534) + ")")
    assert [spec.name for spec in most.column_metadata] == ["p"] + ["c"] * 65534
    assert rows(session, session.prepare("SELECT c FROM crowd WHERE p = ? AND c IN ?"), [1, list(range(10000))]) == []
    refused(session, InvalidRequest, ("SELECT c FROM crowd WHERE p = 1 AND c IN (" + ", ".join("?" * 65536) + ")", []), "Too many markers(?). 65536 markers")
    text = "UPDATE crowd USING TIMESTAMP ? AND TTL ? SET v = ? WHERE p = ? AND c = ?;"
    batch = session.prepare("BEGIN BATCH " + text * 200 + " APPLY BATCH")
    assert [spec.name for spec in batch.column_metadata] == ["[timestamp]", "[ttl]", "v", "p", "c"] * 200
    session.execute(batch, [value for n in range(200) for value in (1, 1000, n, 1, n)])
    assert rows(session, "SELECT count(*), sum(v) FROM crowd WHERE p = 1") == [(200, 19900)]
    names = [f"c{n}" for n in range(1000)]
    session.execute(f"CREATE TABLE broad (k int PRIMARY KEY, {', '.join(name + ' int' for name in names)})")
    insert = session.prepare(f"INSERT INTO broad (k, {', '.join(names)}) VALUES (?, {', '.join('?' * 1000)})")
    for k in range(3):
        session.execute(insert, [k, *range(1000)])
    assert sorted((row.k, row.c0, row.c999) for row in session.execute(SimpleStatement("SELECT * FROM broad", fetch_size=1))) == [(k, 0, 999) for k in range(3)]
    # One row changed by many statements of a batch, in an order of its own.
    session.execute("CREATE TABLE heaps (k int PRIMARY KEY, l list<int>, s set<int>, m map<int, int>)")
    order = [n * 7919 % 2000 for n in range(2000)]
    for column, change in (("l", "l + [%d]"), ("s", "s + {%d}"), ("m", "m + {%d: 1}")):
        session.execute("BEGIN BATCH " + "".join(f"UPDATE heaps SET {column} = {change % n} WHERE k = 1;" for n in order) + " APPLY BATCH")
    found = session.execute("SELECT l, s, m FROM heaps").one()
    assert (found.l, sorted(found.s), sorted(found.m)) == (order, list(range(2000)), list(range(2000)))
    session.execute("UPDATE heaps SET l = l - [%s] WHERE k = 1" % ", ".join(str(n) for n in range(1, 2000)))
    assert rows(session, "SELECT l FROM heaps") == [([0],)]
    # … and one that is large already: each of them costs what it changes. What it comes to is judged when all is done.
    session.execute("CREATE TABLE large (k int PRIMARY KEY, l list<int>, b list<blob>, m map<int, int>, v int)")
    session.execute("UPDATE large SET l = [%s] WHERE k = 1" % ", ".join(str(n) for n in range(20000)))
    session.execute("BEGIN UNLOGGED BATCH " + "".join(f"UPDATE large SET v = {n} WHERE k = 1;" for n in range(9999)) + " APPLY BATCH")
    assert rows(session, "SELECT v FROM large") == [(9998,)]
    batch = BatchStatement(BatchType.UNLOGGED)
    append = session.prepare("UPDATE large SET b = b + ? WHERE k = 2")
    for _ in range(17):
        batch.add(append, ([bytes(1 << 20)],))
    refused(session, InvalidRequest, batch, "a row of 178")
    assert rows(session, "SELECT k FROM large") == [(1,)]
    # As many filters, and values of one, as a statement holds.
    insert = session.prepare("INSERT INTO large (k, v) VALUES (?, ?)")
    for n in range(100):
        session.execute(insert, (1000 + n, n))
    listed = ", ".join(str(n) for n in reversed(range(1, 400000, 2)))
    assert sorted(rows(session, f"SELECT v FROM large WHERE v IN ({listed}) ALLOW FILTERING")) == [(n,) for n in range(1, 100, 2)]
    session.execute("CREATE TABLE grid (p int, c int, d text, PRIMARY KEY (p, c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)")
    insert = session.prepare("INSERT INTO grid (p, c, d) VALUES (?, ?, ?)")
    for n in range(100):
        session.execute(insert, (n, n % 10, str(n)))
    listed = ", ".join(f"({n % 10}, '{n + n % 2}')" for n in reversed(range(60000)))
    assert sorted(rows(session, f"SELECT p FROM grid WHERE (c, d) IN ({listed}) ALLOW FILTERING")) == [(n,) for n in range(0, 100, 2)]
    session.execute("UPDATE large SET m = {%s} WHERE k = 1" % ", ".join(f"{n}: {n % 100}" for n in range(5000)))
    for what, answers in (("l CONTAINS %d", 20000), ("m CONTAINS KEY %d", 5000), ("m[%d] = 0", 1), ("m CONTAINS %d", 100)):
        for many, found in ((answers, [(1,)]), (20001, [])):
            where = " AND ".join(what % n for n in reversed(range(many)))
            assert rows(session, f"SELECT k FROM large WHERE {where} ALLOW FILTERING") == found, (what, many)


def levels(session):
    session.execute("CREATE TABLE levels (k int PRIMARY KEY, v int)")
    session.execute("CREATE TABLE counts (k int PRIMARY KEY, n counter)")
    for text, level, words in (
            ("INSERT INTO levels (k) VALUES (1)", "SERIAL", "You must use conditional updates for serializable writes"),
            ("INSERT INTO levels (k) VALUES (1) IF NOT EXISTS", "SERIAL", "SERIAL is not supported as conditional update commit consistency"),
            ("SELECT * FROM levels", "ANY", "ANY ConsistencyLevel is only supported for writes"),
            ("SELECT * FROM levels WHERE k IN (1, 2)", "LOCAL_SERIAL", "may only be requested for one partition at a time"),
            ("UPDATE counts SET n = n + 1 WHERE k = 1", "ANY", "Consistency level ANY is not yet supported for counter table")):
        refused_at(session, SimpleStatement(text, consistency_level=getattr(ConsistencyLevel, level)), words)
    batch = BatchStatement(consistency_level=ConsistencyLevel.LOCAL_SERIAL)
    batch.add("UPDATE levels SET v = 1 WHERE k = 1 IF v = 2")
    refused_at(session, batch, "LOCAL_SERIAL is not supported as conditional update commit consistency")
    for text, level in (("INSERT INTO levels (k) VALUES (1)", "ANY"), ("SELECT * FROM levels WHERE k = 1", "SERIAL")):
        session.execute(SimpleStatement(text, consistency_level=getattr(ConsistencyLevel, level)))
    assert rows(session, "SELECT k FROM levels") == [(1,)]
    refused(session, InvalidRequest, "ALTER TABLE counts WITH default_time_to_live = 5", "Cannot set default_time_to_live on a table with counters")


def refused_at(session, statement, words):
    try:
        session.execute(statement)
    except InvalidRequest as failure:
        assert words in str(failure), failure
    else:
        raise AssertionError(f"{statement} was not refused")


def functions(session):
    session.execute("CREATE TABLE texts (k int PRIMARY KEY, l list<int>, m map<text, int>, d date, t time, ts timestamp)")
    session.execute("""INSERT INTO texts JSON '{"k": 1, "k": 2, "m": {"x": 1, "y": 2, "x": 3}, "d": "2020-01-31", "t": "10:20:00"}'""")
    assert rows(session, "SELECT k, m FROM texts") == [(2, {"x": 3, "y": 2})]
    failed = "execution of 'system.fromjson[text]' failed: "
    refused(session, FunctionFailure, "INSERT INTO texts (k, l) VALUES (1, fromJson('dog'))", failed + "Could not decode JSON string 'dog'",
            "INSERT INTO texts (k, l) VALUES (1, fromJson('[1, \"x\"]'))", failed + "Unable to make int from 'x'",
            "SELECT d - 1h FROM texts", "the operation 'date - duration' failed: The duration must have a day precision. Was: 1h")
    refused(session, InvalidRequest, "INSERT INTO texts JSON 'dog'", "Could not decode JSON string as a map",
            "SELECT floor(d, 1h) FROM texts", "The floor cannot be computed for the 1h duration as precision is below 1 day",
            "SELECT floor(t, 2d) FROM texts", "For time values, the floor can only be computed for durations smaller that a day",
            "SELECT floor(t, -1h) FROM texts", "Negative durations are not supported by the floor function")
    assert str(rows(session, "SELECT floor(t, 2h) FROM texts")[0][0]) == "10:00:00.000000000"


def conditions(session):
    session.execute("CREATE TYPE pair (a int, b text)")
    session.execute("CREATE TABLE conditions (k int PRIMARY KEY, v int, m map<text, int>, l list<int>, s set<int>, u pair)")
    session.execute("INSERT INTO conditions (k, v, m, l, s, u) VALUES (1, 1, {'a': 1, 'b': 2}, [1, 2], {3}, {a: 1})")
    for condition, holds in (("m CONTAINS 2", True), ("m CONTAINS 3", False), ("m CONTAINS KEY 'a'", True), ("m CONTAINS KEY 'c'", False),
                             ("l CONTAINS 2 AND s CONTAINS 3", True), ("s CONTAINS 4", False), ("u.a = 1", True)):
        assert rows(session, f"UPDATE conditions SET v = 2 WHERE k = 1 IF {condition}")[0][0] is holds, condition
    both = session.prepare("UPDATE conditions SET v = 3 WHERE k = 1 IF m CONTAINS ? AND m CONTAINS KEY ?")
    assert [column.name for column in both.column_metadata] == ["value(m)", "key(m)"]
    assert rows(session, both, (1, "b")) == [(True,)]
    assert rows(session, both, (1, "z"))[0][0] is False
    change = "UPDATE conditions SET v = 3 WHERE k = 1 IF "
    refused(session, InvalidRequest, change + "v CONTAINS 1", "Cannot use CONTAINS on non-collection column v",
            change + "s CONTAINS KEY 1", "Cannot use CONTAINS KEY on non-map column s",
            change + "s CONTAINS null", 'Invalid comparison with null for operator "CONTAINS"',
            change + "s[1] = 1", "Invalid element access syntax for set column s", change + "u.z = 1", "Unknown field z for column u",
            change + "v.a = 1", "Invalid field access syntax for non-UDT column v", (change + "v IN ?", [UNSET_VALUE]), "Invalid 'unset' value in condition",
            (change + "v = ?", [UNSET_VALUE]), "Invalid 'unset' value in condition", (change + "v IN ?", [None]), "Invalid null list in IN condition")
    some = session.prepare("UPDATE conditions SET v = 3 WHERE k = 1 IF v IN (?, 3)")  # what is unset is not in the list
    assert rows(session, some, (UNSET_VALUE,)) == [(True,)] and rows(session, some, (None,)) == [(True,)]


    session.execute("CREATE TABLE halves (k int, c int, s int STATIC, v int, PRIMARY KEY (k, c))")
    session.execute("INSERT INTO halves (k, c, s, v) VALUES (1, 1, 3, 5)")
    # an insert of static columns asks for these, one of a row for the others
    assert rows(session, "INSERT INTO halves (k, s) VALUES (1, 4) IF NOT EXISTS") == [(False, 1, 1, 3, None)]
    assert rows(session, "INSERT INTO halves (k, c, v) VALUES (1, 1, 6) IF NOT EXISTS") == [(False, 1, 1, None, 5)]
    assert rows(session, "INSERT INTO halves (k, c, s, v) VALUES (1, 1, 4, 6) IF NOT EXISTS") == [(False, 1, 1, 3, 5)]


def parts(session):
    """Elements and fields of columns that have none: Cassandra's words."""
    session.execute("CREATE TYPE couple (a int, b text)")
    session.execute("CREATE TABLE pieces (k int PRIMARY KEY, v int, l list<int>, s set<int>, m map<text, int>, fl frozen<list<int>>, u couple, fu frozen<couple>, "
                    "t tuple<int, text>, a ascii)")
    set_, where = "UPDATE pieces SET ", " WHERE k = 1"
    refused(session, InvalidRequest, set_ + "v[0] = 1" + where, "Invalid operation (v[0] = 1) for non collection column v",
            set_ + "fl[0] = 1" + where, "Invalid operation (fl[0] = 1) for frozen collection column fl",
            set_ + "s[0] = 1" + where, "Invalid operation (s[0] = 1) for set column s",
            set_ + "v.a = 1" + where, "Invalid operation (v.a = 1) for non-UDT column v",
            set_ + "fu.a = 1" + where, "Invalid operation (fu.a = 1) for frozen UDT column fu",
            set_ + "u.z = 1" + where, "UDT column u does not have a field named z",
            set_ + "t = t + (1, 'a')" + where, "Invalid operation (t = t + (1, 'a')) for tuple column t",
            set_ + "m += {'a'}" + where, "Value for a map addition has to be a map, but was: '{'a'}'",
            set_ + "m -= 5" + where, "Value for a map substraction has to be a set, but was: '5'",
            set_ + "s = [1] + s" + where, "Invalid list literal for s of type set<int>",
            set_ + "fl = [1] + fl" + where, "Invalid operation (fl = [1] - fl) for frozen list column fl",
            "DELETE v[0] FROM pieces" + where, "Invalid deletion operation for non collection column v",
            "DELETE fl[0] FROM pieces" + where, "Invalid deletion operation for frozen collection column fl",
            "DELETE v.a FROM pieces" + where, "Invalid field deletion operation for non-UDT column v",
            "DELETE fu.a FROM pieces" + where, "Frozen UDT column fu does not support field deletions",
            "DELETE s['x'] FROM pieces" + where, 'Invalid STRING constant (x) for "value(s)" of type int',
            """INSERT INTO pieces JSON '{"k": 1, "t": [1]}'""", "Tuple is missing items (expected 2): [1]",
            """INSERT INTO pieces JSON '{"k": 1, "t": [1, "x", 2]}'""", "Tuple contains extra items (expected 2)",
            "CREATE INDEX ON pieces (v) USING 'x'", "Cannot specify index class for a non-CUSTOM index",
            "CREATE INDEX ON pieces (v) USING 'legacy_local_table' WITH OPTIONS = {'a': 'b'}", "Cannot specify options for a non-CUSTOM index")
    for class_name, options, kind in (("SAI", " WITH OPTIONS = {'case_sensitive': 'false'}", "CUSTOM"), ("org.apache.cassandra.index.sai.StorageAttachedIndex", "", "CUSTOM"), ("legacy_local_table", "", "COMPOSITES")):
        session.execute(f"CREATE INDEX short ON pieces (v) USING '{class_name}'{options}")
        assert session.execute("SELECT kind FROM system_schema.indexes WHERE keyspace_name = %s AND table_name = 'pieces'", [session.keyspace]).one()[0] == kind, class_name
        session.execute("DROP INDEX short")
    session.execute(set_ + "m -= {}, l += [], s += {}" + where)
    session.execute("INSERT INTO pieces (k) VALUES (1)")
    refused(session, FunctionFailure, "SELECT 1 / 0 FROM pieces", "the operation 'int / int' failed: / by zero")
    compacted = "CREATE TABLE x (k int PRIMARY KEY) WITH compaction = {'class': '%sCompactionStrategy', '%s': '%s'}"
    refused(session, ConfigurationException, compacted % ("TimeWindow", "compaction_window_unit", "WEEKS"), "WEEKS is not valid for compaction_window_unit",
            compacted % ("TimeWindow", "timestamp_resolution", "DAYS"), "DAYS is not valid for timestamp_resolution",
            compacted % ("TimeWindow", "compaction_window_size", "0"), "0 must be greater than 1 for compaction_window_size",
            compacted % ("Leveled", "sstable_size_in_mb", "0"), "sstable_size_in_mb must be larger than 0, but was 0")


def distinct(session):
    session.execute("CREATE TABLE shared (k int, c int, s int static, PRIMARY KEY (k, c))")
    for k, c in ((1, 1), (1, 2), (2, 1)):
        session.execute(f"INSERT INTO shared (k, c, s) VALUES ({k}, {c}, {10 * k})")
    assert rows(session, "SELECT DISTINCT s FROM shared WHERE k = 1") == [(10,)]
    assert rows(session, "SELECT DISTINCT s FROM shared WHERE k IN (1, 2)") == [(10,), (20,)]
    where = "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns."
    refused(session, InvalidRequest, "SELECT DISTINCT s FROM shared", "must request all the partition key columns (missing k)",
            "SELECT DISTINCT k FROM shared WHERE c = 1", where, "SELECT DISTINCT c FROM shared WHERE c = 1", where,
            "SELECT DISTINCT k FROM shared WHERE s = 1", "use ALLOW FILTERING")


def filtering(session):
    session.execute("CREATE TABLE filtered (k int, c int, v int, s int static, m map<text, int>, PRIMARY KEY (k, c))")
    for n in range(12):
        session.execute(f"INSERT INTO filtered (k, c, v, s, m) VALUES ({n % 3}, {n}, {n % 5}, {n % 3}, {{'a': {n}}})")
    for where, wanted in (("v IN (1, 3)", {1, 3, 6, 8, 11}), ("s IN (0, 2) AND c < 6", {0, 2, 3, 5}), ("k = 1 AND v IN (0, 4, 9)", {4, 10}), ("v IN ()", set())):
        for size in (1, 100):
            found = session.execute(SimpleStatement(f"SELECT c FROM filtered WHERE {where} ALLOW FILTERING", fetch_size=size))
            assert {row.c for row in found} == wanted, (where, size)
    listed = session.prepare("SELECT c FROM filtered WHERE v IN ? ALLOW FILTERING")
    assert {row.c for row in session.execute(listed, [[2, 77]])} == {2, 7}
    session.execute("CREATE INDEX ON filtered (v)")
    refused(session, InvalidRequest, "SELECT c FROM filtered WHERE v IN (1, 3)", "use ALLOW FILTERING",
            "SELECT c FROM filtered WHERE m IN ({'a': 1}) ALLOW FILTERING", "cannot be restricted by a 'IN' relation",
            "UPDATE filtered SET s = 1 WHERE k = 1 AND v IN (1, 2)", "Non PRIMARY KEY columns found in where clause: v")


def views(session):
    session.execute("CREATE TABLE base (k int PRIMARY KEY, v int)")
    session.execute("CREATE MATERIALIZED VIEW shown AS SELECT * FROM base WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)")
    refused(session, InvalidRequest, "ALTER TABLE base WITH gc_grace_seconds = 0",
            "Cannot alter gc_grace_seconds of the base table of a materialized view to 0")
    assert {row[0] for row in rows(session, "SELECT status FROM system_distributed.view_build_status")} <= {"STARTED", "SUCCESS"}


def system_tables(session):
    for name in ("system.batches", "system.paxos", "system_distributed.repair_history"):
        assert rows(session, f"SELECT * FROM {name}") == [], name
    assert ("system_views",) in rows(session, "SELECT keyspace_name FROM system_virtual_schema.keyspaces")
    refused(session, Unauthorized, "INSERT INTO system_views.settings (name) VALUES ('x')", "system_views keyspace is not user-modifiable",
            "TRUNCATE system_distributed.repair_history", "system_distributed keyspace is not user-modifiable")
    tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'ks' ORDER BY table_name "
    upwards = rows(session, tables + "ASC")
    for size in (1, 100):
        assert rows(session, SimpleStatement(tables + "DESC", fetch_size=size)) == upwards[::-1]
    assert rows(session, tables + "DESC LIMIT 1") == upwards[-1:]


def named_values(host):
    """As many values as a request has, each with the name of its marker, the last one first; of two of a name the first counts."""
    def string(text):
        return struct.pack(">H", len(text)) + text.encode()

    def exchange(opcode, body):
        connection.sendall(struct.pack(">BBhBI", 4, 0, 1, opcode, len(body)) + body)
        answer = stream.read(9)
        return answer[4], stream.read(int.from_bytes(answer[5:], "big"))

    address, port = host.cql.rsplit(":", 1)
    with socket.create_connection((address, int(port))) as connection, connection.makefile("rb") as stream:
        assert exchange(1, struct.pack(">H", 1) + string("CQL_VERSION") + string("3.0.0"))[0] == 2
        def query(text):
            return struct.pack(">I", len(text)) + text.encode() + struct.pack(">HB", 1, 0x41)

        key = string("k") + struct.pack(">ii", 4, 7)
        insert = query("INSERT INTO ks.large (k, v) VALUES (:k, :k)")
        assert exchange(7, insert + struct.pack(">H", 2) + key + string("k") + struct.pack(">ii", 4, 8)) == (8, bytes([0, 0, 0, 1]))
        names = [f"n{number}" for number in range(65534)]
        select = query(f"SELECT v FROM ks.large WHERE k = :k AND v IN ({', '.join(':' + name for name in names)}) ALLOW FILTERING")
        values = b"".join(string(name) + struct.pack(">ii", 4, int(name[1:])) for name in reversed(names))
        kind, answer = exchange(7, select + struct.pack(">H", 65535) + values + key)
        assert kind == 8 and answer.endswith(struct.pack(">iii", 1, 4, 7)), answer
        kind, answer = exchange(7, select + struct.pack(">H", 65534) + values)
        assert kind == 0 and b"Invalid amount of bind variables" in answer, answer


def main():
    with Server() as host:
        cluster, session = connect(host)
        for part in (keyspace_in_use, replication, warnings, compact, sasi, emptied, types, indexes, moments, values, many, levels, functions, conditions, parts, distinct, filtering, views, system_tables):
            part(session)
            print(part.__name__, flush=True)
        named_values(host)
        cluster.shutdown()


if __name__ == "__main__":
    main()
