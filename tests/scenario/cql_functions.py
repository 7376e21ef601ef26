#!/usr/bin/python3
"""Functions and aggregates of users in Lua, with DataStax's Python driver: every type there and back, nulls, overloads, calls inside
calls, wherever terms stand; aggregates with GROUP BY and paging; what fails and how; replacing and dropping; what drivers are told."""
import datetime
import decimal
import math
import uuid

import cassandra
from cassandra import InvalidRequest
from cassandra.query import BatchStatement, SimpleStatement
from cassandra.util import Duration
from cql_data import connect, refused, rows
from server import Server, wait_for

TYPES = {
    "a ascii": ["", "plain"], "b bigint": [-2 ** 63, 2 ** 63 - 1], "c blob": [b"", b"\x00\xff"], "d boolean": [True, False],
    "e decimal": [decimal.Decimal(text) for text in ("1.50", "7", "-1E+40", "0.1234567890123456789012345", "1E-300")],
    "f double": [1e300, -0.5, float("inf"), 3.0, 5e-324], "g float": [0.5, -2.0], "h inet": ["10.0.0.1", "::1"],
    "i int": [-2 ** 31, 0, 2 ** 31 - 1], "j smallint": [-2 ** 15], "k tinyint": [127], "l text": ["", "h\u00e9\u4e2d\U0001f600", "]]]=]"],
    "m time": [86399999999999, 0], "n timestamp": [datetime.datetime(2026, 11, 21, 1, 2, 3, 4000), datetime.datetime(1890, 1, 1)],
    "o date": [datetime.date(2026, 11, 21), datetime.date(1066, 10, 14)], "p uuid": [uuid.uuid4()], "q timeuuid": [uuid.uuid1()],
    "r varint": [10 ** 40, -10 ** 40, 5, -2 ** 63, 2 ** 63], "s duration": [Duration(1, -0, 3000000000), Duration(-14, -3, -5)],
    "t list<int>": [[3, 1, 3]], "u set<text>": [{"b", "a"}], "v map<int, text>": [{1: "x", -5: "y"}],
    "w tuple<int, text, double>": [(7, None, 1.5), (None, "x", None)], "x list<frozen<map<text, frozen<set<int>>>>>": [[{"k": {1, 2}}, {}]],
    "y map<double, boolean>": [{1.0: True, 2.5: False}], "z set<frozen<tuple<int, int>>>": [{(1, 2), (3, 4)}],
}


def same(found, value):
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return found.date() == value
    if hasattr(found, "nanosecond_time"):
        return found.nanosecond_time == value
    if isinstance(value, decimal.Decimal):
        return found == value and found.as_tuple().exponent == value.as_tuple().exponent
    if hasattr(found, "items"):
        return len(found) == len(value) and all(same(found[key], value[key]) for key in value)
    if isinstance(value, list):
        return len(found) == len(value) and all(map(same, found, value))
    return found == value or (isinstance(value, set) and set(found) == value)


def as_they_are(session):
    """A function that gives its argument back changes nothing, whatever the type."""
    names = [entry.split()[0] for entry in TYPES]
    session.execute(f"CREATE TABLE types (key int PRIMARY KEY, {', '.join(TYPES)})")
    for name in TYPES:
        kind = name.split(maxsplit=1)[1]
        session.execute(f"CREATE FUNCTION same_{name[0]} (x {kind}) CALLED ON NULL INPUT RETURNS {kind} LANGUAGE lua AS 'return x'")
    selectors = ", ".join(f"same_{name}({name}) AS {name}" for name in names)
    for turn in range(max(map(len, TYPES.values()))):
        values = [entry[turn % len(entry)] for entry in TYPES.values()]
        insert = session.prepare(f"INSERT INTO types (key, {', '.join(names)}) VALUES (0, {', '.join('?' * len(names))})")
        session.execute(insert, values)
        row = session.execute(f"SELECT {selectors} FROM types WHERE key = 0").one()
        for name, value in zip(names, values):
            assert same(getattr(row, name), value), (name, getattr(row, name), value)
        told = session.execute("SELECT * FROM types WHERE key = 0").one()
        bound = session.prepare(f"UPDATE types SET {', '.join(f'{name} = same_{name}(?)' for name in names)} WHERE key = 1")
        session.execute(bound, values)
        again = session.execute("SELECT * FROM types WHERE key = 1").one()
        for name in names:
            assert getattr(told, name) == getattr(again, name), (name, getattr(told, name), getattr(again, name))
    session.execute("INSERT INTO types (key) VALUES (2)")
    assert set(session.execute(f"SELECT {selectors} FROM types WHERE key = 2").one()) == {None}
    # A counter is a bigint, an empty value a null.
    session.execute("CREATE TABLE counts (k int PRIMARY KEY, n counter)")
    session.execute("UPDATE counts SET n = n + 5 WHERE k = 1")
    assert rows(session, "SELECT same_b(n) FROM counts") == [(5,)]
    assert rows(session, "SELECT same_i(blobAsInt(0x)) FROM counts") == [(None,)]
    assert math.isnan(session.execute("SELECT same_f(NaN) FROM counts").one()[0])


def forms_in_lua(session):
    """What a script sees, and what it may give back instead."""
    session.execute("CREATE TYPE point (x int, y int, tags frozen<set<text>>)")
    session.execute("CREATE TABLE forms (k int PRIMARY KEY, p point, f frozen<point>, du duration, ts timestamp, s set<int>)")
    session.execute("INSERT INTO forms (k, p, f, du, ts, s) VALUES (1, {x: 1, y: 2, tags: {'a'}}, {x: 5}, 1mo2d3ns, 1000, {4, 5})")
    ask = [
        ("p point", "text", "return p.x .. ' ' .. p.y .. ' ' .. tostring(p.tags.a) .. ' ' .. tostring(p.tags.b)", "p", "1 2 true nil"),
        ("p point", "point", "p.x = p.x + 1; p.tags = {'b', 'c', 'b'}; return p", "p", (2, 2, {"b", "c"})),
        ("p point", "point", "return {y = 3.0}", "f", (None, 3, None)),
        ("d duration", "text", "return d.months .. ' ' .. d.days .. ' ' .. d.nanoseconds", "du", "1 2 3"),
        ("d duration", "duration", "return '1h'", "du", Duration(0, 0, 3600 * 10 ** 9)),
        ("d duration", "duration", "return {days = d.days * 2}", "du", Duration(0, 4, 0)),
        ("t timestamp", "bigint", "return t + 1", "ts", 1001),
        ("t timestamp", "date", "return '1970-01-03'", "ts", "1970-01-03"),
        ("t timestamp", "date", "return -1", "ts", "1969-12-31"),
        ("t timestamp", "timestamp", "return '1970-01-01 00:00:05+0000'", "ts", datetime.datetime(1970, 1, 1, 0, 0, 5)),
        ("s set<int>", "text", "return type(next(s)) .. ' ' .. tostring(s[4]) .. ' ' .. tostring(s[6])", "s", "number true nil"),
        ("s set<int>", "list<int>", "local l = {} for n in pairs(s) do l[#l + 1] = n end table.sort(l) return l", "s", [4, 5]),
        ("s set<int>", "set<int>", "return {3, 1, 3}", "s", {1, 3}),
        ("s set<int>", "map<text, int>", "return {}", "s", {}),
        ("s set<int>", "tuple<int, int, int>", "return {[2] = 5}", "s", (None, 5, None)),
        ("s set<int>", "varint", "return '123456789012345678901234567890'", "s", 123456789012345678901234567890),
        ("s set<int>", "varint", "return 1e20", "s", 10 ** 20),
        ("s set<int>", "decimal", "return 0.1", "s", decimal.Decimal("0.1")),
        ("s set<int>", "double", "return 7", "s", 7.0),
        ("s set<int>", "int", "return 7.0", "s", 7),
        ("s set<int>", "uuid", "return '123e4567-e89b-12d3-a456-426614174000'", "s", uuid.UUID("123e4567-e89b-12d3-a456-426614174000")),
    ]
    for number, (argument, returns, body, column, expected) in enumerate(ask):
        session.execute(f"CREATE FUNCTION form_{number} ({argument}) RETURNS NULL ON NULL INPUT RETURNS {returns} LANGUAGE lua AS $${body}$$")
        found = session.execute(f"SELECT form_{number}({column}) FROM forms").one()[0]
        found = tuple(found) if isinstance(expected, tuple) else str(found) if returns == "date" else found
        if isinstance(expected, tuple):
            found = tuple(set(part) if part.__class__.__name__ == "SortedSet" else part for part in found)
        assert found == expected or set(expected) == set(found), (body, found, expected)


def failed(session, statement, words, values=None):
    try:
        session.execute(statement, values)
    except cassandra.FunctionFailure as failure:
        assert words in str(failure), failure
        return failure
    raise AssertionError(f"{statement} did not fail")


def wrong_results(session):
    session.execute("CREATE TABLE one (k int PRIMARY KEY)")
    session.execute("INSERT INTO one (k) VALUES (1)")
    wrong = [
        ("int", "return 'x'", "a string is no value of type int"), ("int", "return 1.5", "a float is no value of type int"),
        ("tinyint", "return 128", ""), ("text", "return 5", "an integer is no value of type text"),
        ("ascii", "return '\\195\\169'", ""), ("text", "return '\\255'", ""), ("boolean", "return 1", "an integer is no value of type boolean"),
        ("list<int>", "return {1, nil, 3}", "a table is no value of type list<int>"), ("list<int>", "return {a = 1}", "a table is no value"),
        ("map<int, int>", "return {a = 1}", "a string is no value of type int"), ("set<int>", "return 3", "an integer is no value of type"),
        ("uuid", "return 'x'", ""), ("inet", "return '1.2.3'", ""), ("date", "return 1.5", "a float is no value of type date"),
        ("time", "return 86400000000000", ""), ("varint", "return 1.5", "a float is no value of type varint"), ("decimal", "return 0/0", "a float is no value"),
        ("duration", "return {weeks = 1}", "a table is no value of type duration"), ("tuple<int>", "return {1, 2}", "a table is no value of type"),
        ("double", "return '1'", "a string is no value of type double"), ("int", "return print", "nil"),
        ("int", "return function() end", "a function is no value that can be returned"),
        ("int", "local t = {} t[1] = t return t", "a table that nests more than 32 levels, or holds itself"),
    ]
    for number, (returns, body, words) in enumerate(wrong):
        session.execute(f"CREATE FUNCTION wrong_{number} (k int) CALLED ON NULL INPUT RETURNS {returns} LANGUAGE lua AS $${body}$$")
        if words == "nil":
            assert rows(session, f"SELECT wrong_{number}(k) FROM one") == [(None,)]
            continue
        failure = failed(session, f"SELECT wrong_{number}(k) FROM one", words)
        assert (failure.keyspace, failure.function, failure.arg_types) == ("ks", f"wrong_{number}", ["int"]), vars(failure)


def nulls(session):
    session.execute("CREATE FUNCTION plus (a int, b int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return a + b'")
    session.execute("CREATE FUNCTION show (a int, b text) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS 'return tostring(a) .. tostring(b)'")
    session.execute("CREATE FUNCTION seven () CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return 7'")
    session.execute("CREATE TABLE data (k int, c int, v int, t text, PRIMARY KEY (k, c))")
    for c in range(30):
        session.execute("INSERT INTO data (k, c, v, t) VALUES (%s, %s, %s, %s)", (c % 3, c, None if c % 5 == 4 else c * 10, f"t{c}"))
    assert rows(session, "SELECT plus(v, c), show(v, t), seven() FROM data WHERE k = 1 AND c < 8") == [
        (11, "10t1", 7), (None, "nilt4", 7), (77, "70t7", 7)]
    assert rows(session, "SELECT show(null, null), plus(null, 1) FROM data WHERE k = 1 AND c = 1") == [("nilnil", None)]


def everywhere(session):
    inside = "plus(plus(v, c), plus(c, seven()))"
    expected = [(c * 10 + c + c + 7,) if c % 5 != 4 else (None,) for c in range(0, 30, 3)]
    assert rows(session, f"SELECT {inside} FROM data WHERE k = 0") == expected
    for size in (1, 3, 4, 100):
        paged = SimpleStatement(f"SELECT {inside} FROM data WHERE k = 0", fetch_size=size)
        assert [tuple(row) for row in session.execute(paged)] == expected
    assert rows(session, "SELECT plus(c, c) * 2 + 1, CAST(plus(c, 1) AS text), toJson(plus(c, 1)), (int)seven() FROM data WHERE k = 0 AND c = 3") == [(13, "4", "4", 7)]
    named = session.execute("SELECT plus(c, 1), toJson(plus(c, 1)), show(c, t) AS n FROM data LIMIT 1")
    assert named.column_names == ["ks.plus(c, 1)", "system.tojson(ks.plus(c, 1))", "n"], named.column_names
    assert rows(session, "SELECT JSON c, plus(c, 1) AS p FROM data WHERE k = 0 LIMIT 1") == [('{"c": 0, "p": 1}',)]
    unpaged = SimpleStatement("SELECT ks.plus(c, 1), c FROM data WHERE k IN (0, 1) AND c < 5 ORDER BY c DESC", fetch_size=None)
    assert [tuple(row) for row in session.execute(unpaged)] == [(5, 4), (4, 3), (2, 1), (1, 0)]
    assert rows(session, "SELECT c FROM data WHERE k = plus(0, 1) AND c = plus(plus(1, 1), 2)") == [(4,)]
    assert rows(session, "SELECT c FROM data WHERE k = 1 AND c IN (plus(0, 1), seven()) LIMIT 1") == [(1,)]
    assert rows(session, "SELECT c FROM data WHERE k = 1 LIMIT 2") == [(1,), (4,)]
    assert rows(session, "SELECT ks.show(1, keyspace_name) FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name = 'data'") == [("1ks",)]
    session.execute("INSERT INTO data (k, c, v, t) VALUES (plus(4, 5), seven(), plus(seven(), 1), show(1, 'x'))")
    assert rows(session, "SELECT k, c, v, t FROM data WHERE k = 9") == [(9, 7, 8, "1x")]
    session.execute("UPDATE data SET v = plus(seven(), seven()) WHERE k = 9 AND c = 7 IF v = plus(7, 1)")
    assert rows(session, "SELECT v FROM data WHERE k = 9") == [(14,)]
    batch = BatchStatement()
    update = session.prepare("UPDATE data SET v = plus(?, seven()) WHERE k = 9 AND c = ?")
    for c in range(20):
        batch.add(update, (c, c))
    session.execute(batch)
    assert rows(session, "SELECT v FROM data WHERE k = 9") == [(c + 7,) for c in range(20)]
    session.execute("DELETE FROM data WHERE k = plus(4, 5)")
    assert rows(session, "SELECT v FROM data WHERE k = 9") == []
    # What changes with every call does not keep a statement from ending.
    session.execute("CREATE FUNCTION node (u timeuuid) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS 'return u'")
    session.execute("UPDATE data SET t = node(now()) WHERE k = 9 AND c = 1")
    assert uuid.UUID(rows(session, "SELECT t FROM data WHERE k = 9")[0][0]).version == 1
    assert len(set(rows(session, "SELECT node(now()) FROM data"))) == len(rows(session, "SELECT k FROM data"))
    session.execute("DELETE FROM data WHERE k = 9")


def overloads(session):
    for kind in ("int", "text", "list<int>"):
        session.execute(f"CREATE FUNCTION kind (x {kind}) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS $$return '{kind}'$$")
    assert rows(session, "SELECT kind(c), kind(t), kind((list<int>)[1, 2]), kind(5), kind('x') FROM data WHERE k = 0 LIMIT 1") == [
        ("int", "text", "list<int>", "int", "text")]
    prepared = session.prepare("SELECT plus(?, c) FROM data WHERE k = ? AND c = plus(?, ?)")
    assert [column.type.cql_parameterized_type() for column in prepared.column_metadata] == ["int"] * 4
    assert prepared.column_metadata[0].name == "arg0(ks.plus)", prepared.column_metadata
    assert rows(session, prepared, (100, 1, 1, 3)) == [(104,)]
    for statement, words in (
            ("SELECT kind(true) FROM data", "Invalid call to function kind, none of its type signatures match (known type signatures: ks.kind : ("),
            ("SELECT plus(1) FROM data", "Invalid number of arguments in call to function ks.plus: 2 required but 1 provided"),
            ("SELECT plus(t, 1) FROM data", "Type error: t cannot be passed as argument 0 of function ks.plus of type int"),
            ("SELECT nothing(t) FROM data", "Unknown function 'nothing'"), ("SELECT other.plus(c, c) FROM data", "Unknown function 'other.plus'"),
            ("SELECT kind(null) FROM data", "Ambiguous call to function kind (can be matched by following signatures: ks.kind : ("),
            ("SELECT c FROM data GROUP BY k, plus(c, 1)", "Only monotonic functions are supported in the GROUP BY clause. Got: ks.plus(c, 1)"),
            ("INSERT INTO data (k, c, t) VALUES (1, 1, plus(1, 2))", "Type error: cannot assign result of")):
        refused(session, statement, words)
    try:
        session.prepare("SELECT kind(?) FROM data")
    except InvalidRequest as failure:
        assert "Ambiguous call to function kind" in str(failure), failure
    else:
        raise AssertionError("a marker that may be anything was prepared")
    # Native functions go first; the same name with other types is a user's.
    session.execute("CREATE FUNCTION min (a int, b int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return math.min(a, b)'")
    assert rows(session, "SELECT min(c), ks.min(5, 3) FROM data WHERE k = 1") == [(1, 3)]
    assert rows(session, "SELECT min(8, c) FROM data WHERE k = 1 AND c = 4") == [(4,)]


def aggregates(session):
    session.execute("CREATE FUNCTION mean_step (s tuple<int, bigint>, v int) CALLED ON NULL INPUT RETURNS tuple<int, bigint> LANGUAGE lua AS "
                    "$$if v then s[1] = s[1] + 1; s[2] = s[2] + v end return s$$")
    session.execute("CREATE FUNCTION mean_end (s tuple<int, bigint>) CALLED ON NULL INPUT RETURNS double LANGUAGE lua AS "
                    "$$if s[1] == 0 then return nil end return s[2] / s[1]$$")
    session.execute("CREATE AGGREGATE mean (int) SFUNC mean_step STYPE tuple<int, bigint> FINALFUNC mean_end INITCOND (0, 0)")
    session.execute("CREATE FUNCTION join_step (s text, v text, n int) RETURNS NULL ON NULL INPUT RETURNS text LANGUAGE lua AS $$return s .. v .. ',' .. n .. ';'$$")
    session.execute("CREATE AGGREGATE joined (text, int) SFUNC join_step STYPE text INITCOND ''")
    session.execute('CREATE TYPE tally (n int, "The sum" int)')
    session.execute("CREATE FUNCTION tally_step (s tally, v int) CALLED ON NULL INPUT RETURNS tally LANGUAGE lua AS $$s['The sum'] = s['The sum'] + (v or 0) return s$$")
    session.execute("CREATE AGGREGATE tallied (int) SFUNC tally_step STYPE tally INITCOND {n: 1, \"The sum\": 2}")
    made = session.execute("DESCRIBE AGGREGATE tallied").one().create_statement  # fields by names that can be read again
    session.execute(made.replace("CREATE AGGREGATE", "CREATE OR REPLACE AGGREGATE"))
    assert session.execute("DESCRIBE AGGREGATE tallied").one().create_statement == made and '"The sum": 2' in made, made
    session.execute("CREATE FUNCTION count_step (s int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return (s or 0) + 1'")
    session.execute("CREATE AGGREGATE counted () SFUNC count_step STYPE int")
    data = {k: [c for c in range(k, 30, 3)] for k in range(3)}
    values = {k: [c * 10 for c in data[k] if c % 5 != 4] for k in data}
    for k in data:
        assert rows(session, f"SELECT mean(v), avg(v), joined(t, v), counted(), count(*) FROM data WHERE k = {k}") == [
            (sum(values[k]) / len(values[k]), sum(values[k]) // len(values[k]), "".join(f"t{c},{c * 10};" for c in data[k] if c % 5 != 4), 10, 10)]
    expected = {k: (k, sum(values[k]) / len(values[k]), 10, max(data[k])) for k in data}
    for size in (1, 2, 100):
        grouped = SimpleStatement("SELECT k, mean(v), counted(), max(c) FROM data GROUP BY k", fetch_size=size)
        assert {row[0]: tuple(row) for row in session.execute(grouped)} == expected
    assert rows(session, "SELECT c, joined(t, v) FROM data WHERE k = 0 GROUP BY k, c LIMIT 2") == [(0, "t0,0;"), (3, "t3,30;")]
    assert rows(session, "SELECT mean(v), joined(t, v), counted(), count(*) FROM data WHERE k = 77") == [(None, "", None, 0)]
    assert rows(session, "SELECT mean(v) FROM data WHERE k = 77 GROUP BY k") == []
    # Functions around aggregates and inside them.
    assert rows(session, "SELECT plus(counted(), 1), sum(plus(c, 1)), mean(plus(plus(c, c), 0)), max(c) + counted() FROM data WHERE k = 2") == [
        (11, sum(data[2]) + 10, sum(data[2]) * 2 / 10, 29 + 10)]
    assert {row[0]: row[1] for row in rows(session, "SELECT k, sum(plus(c, seven())) FROM data GROUP BY k")} == {k: sum(data[k]) + 70 for k in data}
    assert rows(session, "SELECT DISTINCT plus(k, 1), k FROM data WHERE k = 2") == [(3, 2)]
    refused(session, "SELECT c FROM data WHERE k = mean(1)", "Aggregation function are not supported in the where clause")
    refused(session, "SELECT mean(counted()) FROM data", "aggregate functions cannot be used as arguments of aggregate functions")
    # More rows than one message holds.
    session.execute("CREATE TABLE wide (k int, c int, t text, PRIMARY KEY (k, c))")
    insert = session.prepare("INSERT INTO wide (k, c, t) VALUES (1, ?, ?)")
    for c in range(30):
        session.execute(insert, (c, chr(97 + c % 26) * 100000))
    session.execute("CREATE FUNCTION first_step (s text, t text) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS $$return s .. t:sub(1, 1) .. #t .. ' '$$")
    session.execute("CREATE AGGREGATE firsts (text) SFUNC first_step STYPE text INITCOND ''")
    assert rows(session, "SELECT firsts(t), counted() FROM wide WHERE k = 1") == [("".join(f"{chr(97 + c % 26)}100000 " for c in range(30)), 30)]
    session.execute("CREATE FUNCTION size (t text) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return #t'")
    assert rows(session, "SELECT size(t), c FROM wide WHERE k = 1") == [(100000, c) for c in range(30)]


def failures(session):
    session.execute("CREATE FUNCTION boom (k int, why text) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS $$\n  if why then error(why) end\n  return k.x$$")
    failure = failed(session, "SELECT boom(k, 'because') FROM one", "execution of 'ks.boom[int, text]' failed: ks.boom:2: because")
    assert (failure.keyspace, failure.function, failure.arg_types) == ("ks", "boom", ["int", "text"])
    failed(session, "SELECT boom(k, null) FROM one", "ks.boom:3: attempt to index a number value (local 'k')")
    failed(session, "UPDATE data SET v = boom(1, 'x') WHERE k = 1 AND c = 1", "ks.boom:2: x")
    bodies = {"endless": "while true do end", "caught": "while true do pcall(function() while true do end end) end",
              "matching": "return #string.rep('a', 40):match(string.rep('a?', 40) .. string.rep('a', 40) .. 'b')",
              "greedy": "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end return 1", "files": "return io.open('/etc/passwd')",
              "deep": "local function f() return 1 + f() end return f()", "keep": "kept = (kept or 0) + 1 return kept", "see": "return kept or -1",
              "reads": "return oxbow.get('data', {})", "kills": "return os.exit(1)"}
    for name, body in bodies.items():
        session.execute(f"CREATE FUNCTION {name} (k int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS $${body}$$")
    slow = [session.execute_async(f"SELECT {name}(k) FROM one") for name in ("endless", "caught")]
    assert rows(session, "SELECT seven(), keep(k), see(k), keep(2) FROM one") == [(7, 1, -1, 1)]  # meanwhile
    failed(session, "SELECT greedy(k) FROM one", "execution of 'ks.greedy[int]' failed: ")
    for name, words in (("files", "global 'io'"), ("deep", "not enough memory"), ("reads", "global 'oxbow'"), ("kills", "global 'os'")):
        failed(session, f"SELECT {name}(k) FROM one", words)
    for future, words in zip(slow, ("time budget used up at ks.endless:1", "")):
        try:
            future.result()
        except cassandra.FunctionFailure as failure:
            assert words in str(failure), failure
        else:
            raise AssertionError("an endless function ended")
    assert rows(session, "SELECT seven() FROM one") == [(7,)]


def definitions(session):
    function = "CREATE FUNCTION {} ({}) CALLED ON NULL INPUT RETURNS {} LANGUAGE {} AS 'return 1'"
    for statement, words in (
            ("CREATE OR REPLACE FUNCTION IF NOT EXISTS f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'x'", "Cannot use both 'OR REPLACE' and 'IF NOT EXISTS' directives"),
            (function.format("f", "a int", "int", "java"), "Invalid language 'java': functions are written in Lua"),
            (function.format("f", "a int, a text", "int", "lua"), "Duplicate argument names for given function ks.f"),
            (function.format("f", "a nothing", "int", "lua"), "Unknown type"), (function.format("f", "a frozen<list<int>>", "int", "lua"),
             "Argument 'frozen<list<int>>' cannot be frozen; remove frozen<> modifier from 'frozen<list<int>>'"),
            (function.format("f", "a int", "frozen<point>", "lua"), "Return type 'frozen<point>' cannot be frozen"),
            (function.format("f", '"end" int', "int", "lua"), "Argument name 'end' cannot be the name of a variable in Lua"),
            (function.format("nowhere.f", "a int", "int", "lua"), "Keyspace 'nowhere' doesn't exist"),
            (function.format("plus", "x int, y int", "int", "lua"), "Function 'ks.plus' already exists"),
            (function.format("mean", "x int", "int", "lua"), "Function 'ks.mean' cannot replace an aggregate"),
            ("CREATE OR REPLACE FUNCTION plus (a int, b int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return 1'",
             "Function 'ks.plus' must have RETURNS NULL ON NULL INPUT directive"),
            ("CREATE OR REPLACE FUNCTION plus (a int, b int) RETURNS NULL ON NULL INPUT RETURNS text LANGUAGE lua AS 'return 1'",
             "Cannot replace function 'ks.plus', the new return type text is not compatible with the return type int of existing function"),
            ("CREATE FUNCTION f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return a +'", "ks.f:1: unexpected symbol near <eof>"),
            ("CREATE FUNCTION f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'end return function() '", "'end'"),
            ("DROP FUNCTION nothing", "Function 'ks.nothing' doesn't exist"), ("DROP FUNCTION plus (text)", "Function 'ks.plus(text)' doesn't exist"),
            ("DROP FUNCTION kind", "'DROP FUNCTION ks.kind' matches multiple function definitions; specify the argument types"),
            ("DROP FUNCTION mean", "Function 'ks.mean' doesn't exist"), ("DROP AGGREGATE plus", "Aggregate 'ks.plus' doesn't exist"),
            ("DROP FUNCTION mean_step", "is still referenced by aggregates ks.mean"),
            ("DROP FUNCTION mean_end", "is still referenced by aggregates ks.mean"),
            ("DROP TYPE point", "Cannot drop user type 'ks.point' as it is still used by functions ks.form_0"),
            ("CREATE AGGREGATE a (int) SFUNC nothing STYPE int", "State function ks.nothing(int, int) doesn't exist"),
            ("CREATE AGGREGATE a (int) SFUNC mean STYPE int", "State function ks.mean(int, int) doesn't exist"),
            ("CREATE AGGREGATE a () SFUNC mean STYPE int", "State function ks.mean(int) isn't a scalar function"),
            ("CREATE AGGREGATE a () SFUNC kind STYPE int", "State function ks.kind(int) return type must be the same as the first argument type"),
            ("CREATE AGGREGATE a (int) SFUNC plus STYPE int FINALFUNC nothing INITCOND 0", "Final function ks.nothing(int) doesn't exist"),
            ("CREATE AGGREGATE a (int) SFUNC plus STYPE int", "Cannot create aggregate 'ks.a' without INITCOND because state function ks.plus does not accept 'null' arguments"),
            ("CREATE AGGREGATE a (int) SFUNC plus STYPE int INITCOND 'x'", "Invalid STRING constant (x)"),
            ("CREATE AGGREGATE plus (int, int) SFUNC mean STYPE int INITCOND 0", "doesn't exist"),
            ("CREATE AGGREGATE mean (int) SFUNC plus STYPE int INITCOND 0", "Aggregate 'ks.mean' already exists"),
            ("CREATE OR REPLACE AGGREGATE mean (int) SFUNC plus STYPE int INITCOND 0", "Cannot replace aggregate 'ks.mean', the new return type int isn't compatible")):
        refused(session, statement, words)
    try:
        session.execute(function.format("system.f", "a int", "int", "lua"))
    except cassandra.Unauthorized as failure:
        assert "system keyspace is not user-modifiable." in str(failure), failure
    else:
        raise AssertionError("the system's keyspace got a function")
    session.execute("CREATE FUNCTION IF NOT EXISTS plus (a int, b int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return 0'")
    session.execute("DROP FUNCTION IF EXISTS nothing")
    session.execute("DROP AGGREGATE IF EXISTS nothing (int)")
    session.execute("CREATE AGGREGATE ninety (int) SFUNC plus STYPE int INITCOND plus(80, 10)")
    assert rows(session, "SELECT ninety(c) FROM data WHERE k = 0 AND c < 4") == [(93,)]
    session.execute("DROP FUNCTION kind (list<int>)")
    assert rows(session, "SELECT argument_types FROM system_schema.functions WHERE keyspace_name = 'ks' AND function_name = 'kind'") == [(["int"],), (["text"],)]


def replacing(session, other):
    session.execute("CREATE FUNCTION price (v int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return v * 2'")
    read = [who.prepare("SELECT price(c) FROM data WHERE k = 1 AND c = 4") for who in (session, other)]
    assert [rows(who, prepared) for who, prepared in zip((session, other), read)] == [[(8,)], [(8,)]]
    session.execute("CREATE OR REPLACE FUNCTION price (v int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return v * 3'")
    assert [rows(who, prepared) for who, prepared in zip((session, other), read)] == [[(12,)], [(12,)]]
    session.execute("DROP FUNCTION price")
    refused(other, read[1], "Unknown function 'price'")
    session.execute("CREATE FUNCTION price (v int) RETURNS NULL ON NULL INPUT RETURNS text LANGUAGE lua AS $$return 'now ' .. v$$")
    assert [rows(who, prepared) for who, prepared in zip((session, other), read)] == [[("now 4",)], [("now 4",)]]


def told(session, cluster, other_cluster):
    other = other_cluster.metadata.keyspaces
    wait_for("the other driver to know the function", lambda: "price(int)" in other["ks"].functions)
    wait_for("the other driver to know the aggregate", lambda: "mean(int)" in other["ks"].aggregates)
    aggregate = other["ks"].aggregates["mean(int)"]
    assert (aggregate.state_func, aggregate.final_func, aggregate.initial_condition) == ("mean_step", "mean_end", "(0, 0)"), vars(aggregate)
    function = other["ks"].functions["boom(int,text)"]
    assert (function.argument_names, function.return_type, function.language, function.called_on_null_input) == (["k", "why"], "int", "lua", True)
    session.execute("DROP FUNCTION price")
    wait_for("the other driver to forget it", lambda: "price(int)" not in other["ks"].functions)
    described = {row.name: row.create_statement for row in session.execute("DESCRIBE FUNCTION join_step")}
    assert list(described) == ["join_step(text, text, int)"], described
    aggregated = session.execute("DESCRIBE AGGREGATE mean").one().create_statement
    assert "SFUNC mean_step" in aggregated and "INITCOND (0, 0)" in aggregated, aggregated
    # What DESCRIBE says makes the same again.
    session.execute("CREATE KEYSPACE copy WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute(described["join_step(text, text, int)"].replace("ks.", "copy."))
    for name in ("mean_step", "mean_end"):
        session.execute(session.execute(f"DESCRIBE FUNCTION {name}").one().create_statement.replace("ks.", "copy."))
    session.execute(aggregated.replace("ks.", "copy."))
    assert rows(session, "SELECT copy.mean(c) FROM data WHERE k = 0") == [(13.5,)]
    refused(session, "SELECT copy.plus(c, c) FROM data", "Unknown function 'copy.plus'")
    session.execute("DROP KEYSPACE copy")
    assert rows(session, "SELECT function_name FROM system_schema.functions WHERE keyspace_name = 'copy'") == []
    session.execute("CREATE KEYSPACE copy WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    refused(session, "SELECT copy.mean(c) FROM data", "Unknown function 'copy.mean'")


def kept(session):
    assert rows(session, "SELECT plus(c, 1), mean(c) FROM ks.data WHERE k = 0 AND c = 3") == [(4, 3.0)]
    assert rows(session, "SELECT initcond, final_func, state_type FROM system_schema.aggregates WHERE keyspace_name = 'ks' AND aggregate_name = 'mean'") == [
        ("(0, 0)", "mean_end", "tuple<int, bigint>")]
    session.execute("DROP AGGREGATE mean")
    session.execute("DROP FUNCTION mean_step")


def main():
    with Server() as server:
        cluster, session = connect(server)
        other_cluster, other = connect(server, 5)
        for check in (as_they_are, forms_in_lua, wrong_results, nulls, everywhere, overloads, aggregates, failures, definitions):
            check(session)
            print(check.__name__)
        replacing(session, other)
        told(session, cluster, other_cluster)
        cluster.shutdown()
        other_cluster.shutdown()
        server.stop()
        server.start()
        cluster, session = connect(server)
        kept(session)
        cluster.shutdown()


if __name__ == "__main__":
    main()
