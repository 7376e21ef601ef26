#!/usr/bin/python3
"""JSON in CQL, with DataStax's Python driver: rows as objects with SELECT JSON and INSERT JSON, values with toJson and fromJson, of
every type; what is not named, names with capitals, and what is refused."""
import json
import time

from cassandra import InvalidRequest
from cassandra.query import BatchStatement, UNSET_VALUE
from cql_data import connect, refused, rows
from server import Server

# Each column's type, its value as CQL writes it, and as JSON reads.
VALUES = {
    "a": ("ascii", "'ascii'", "ascii"),
    "bi": ("bigint", "-9223372036854775808", -2 ** 63),
    "bl": ("blob", "0x00ff", "0x00ff"),
    "bo": ("boolean", "true", True),
    "d": ("decimal", "-1.5", -1.5),
    "da": ("date", "'2026-11-21'", "2026-11-21"),
    "dou": ("double", "1e300", 1e300),
    "dur": ("duration", "1mo2d3h", "1mo2d3h"),
    "f": ("float", "0.5", 0.5),
    "i": ("inet", "'127.0.0.1'", "127.0.0.1"),
    "n": ("int", "42", 42),
    "si": ("smallint", "-2", -2),
    "t": ("text", "'h\u00e9 \"q\" ''s''\\'", "h\u00e9 \"q\" 's'\\"),
    "ti": ("time", "'08:15:30.000000001'", "08:15:30.000000001"),
    "ts": ("timestamp", "'2026-11-21 01:02:03.004+0000'", "2026-11-21 01:02:03.004Z"),
    "tu": ("timeuuid", "5132b130-ae79-11e4-ab27-0800200c9a66", "5132b130-ae79-11e4-ab27-0800200c9a66"),
    "tiny": ("tinyint", "-128", -128),
    "u": ("uuid", "829aa84a-4bba-411f-a4fb-38167a987cda", "829aa84a-4bba-411f-a4fb-38167a987cda"),
    "v": ("varint", str(10 ** 40), 10 ** 40),
    "l": ("list<int>", "[3, 1, 3]", [3, 1, 3]),
    "s": ("set<text>", "{'b', 'a'}", ["a", "b"]),
    "m": ("map<int, text>", "{2: 'y', 1: 'x'}", {"1": "x", "2": "y"}),
    "fl": ("frozen<list<frozen<map<text, int>>>>", "[{'a': 1}, {}]", [{"a": 1}, {}]),
    "tup": ("tuple<int, text>", "(7, null)", [7, None]),
    "addr": ("address", "{street: 'main', number: 5, \"Tags\": {'t'}}", {"street": "main", "number": 5, '"Tags"': ["t"]}),
    "faddr": ("frozen<address>", "{street: 'x'}", {"street": "x", "number": None, '"Tags"': None}),
    "lonely": ("int", "null", None),
}


def all_types(session):
    session.execute('CREATE TYPE address (street text, number int, "Tags" frozen<set<text>>)')
    columns = ", ".join(f"{name} {cql}" for name, (cql, _, _) in VALUES.items())
    session.execute(f"CREATE TABLE kinds (k int PRIMARY KEY, {columns})")
    names = ", ".join(VALUES)
    session.execute(f"INSERT INTO kinds (k, {names}) VALUES (1, {', '.join(literal for _, literal, _ in VALUES.values())})")
    told = session.execute("SELECT JSON * FROM kinds WHERE k = 1").one()[0]
    assert json.loads(told) == {"k": 1, **{name: value for name, (_, _, value) in VALUES.items()}}, told
    session.execute("INSERT INTO kinds JSON ?".replace("?", "'" + told.replace('"k": 1', '"k": 2').replace("'", "''") + "'"))
    insert = session.prepare("INSERT INTO kinds JSON ?")
    assert [(column.name, column.type.typename) for column in insert.column_metadata] == [("[json]", "varchar")]
    session.execute(insert, [told.replace('"k": 1', '"k": 3')])
    expected = rows(session, f"SELECT {names} FROM kinds WHERE k = 1")
    for k in (2, 3):
        assert rows(session, f"SELECT {names} FROM kinds WHERE k = {k}") == expected
    for name, (_, _, value) in VALUES.items():
        text = session.execute(f"SELECT toJson({name}) FROM kinds WHERE k = 1").one()[0]
        assert json.loads(text) == value, (name, text)
        session.execute(f"INSERT INTO kinds (k, {name}) VALUES (4, fromJson(%s))", [text])
        assert rows(session, f"SELECT {name} FROM kinds WHERE k = 4") == rows(session, f"SELECT {name} FROM kinds WHERE k = 1")


def what_is_not_named(session):
    session.execute("CREATE TABLE defaults (k int PRIMARY KEY, v int, w int, l list<int>)")
    full = """INSERT INTO defaults JSON '{"k": 1, "v": 1, "w": 2, "l": [3]}'"""
    session.execute(full)
    session.execute("""INSERT INTO defaults JSON '{"k": 1, "v": 5}' DEFAULT UNSET""")
    assert rows(session, "SELECT v, w, l FROM defaults") == [(5, 2, [3])]
    session.execute("""INSERT INTO defaults JSON '{"k": 1, "v": null}' DEFAULT UNSET""")  # it is named
    assert rows(session, "SELECT v, w, l FROM defaults") == [(None, 2, [3])]
    for words in ("", " DEFAULT NULL"):
        session.execute(full)
        session.execute(f"""INSERT INTO defaults JSON '{{"k": 1, "v": 6}}'{words}""")
        assert rows(session, "SELECT v, w, l FROM defaults") == [(6, None, None)]
    unset = session.prepare("INSERT INTO defaults JSON :row DEFAULT UNSET")
    assert [column.name for column in unset.column_metadata] == ["row"]
    session.execute(full)
    session.execute(unset, ['{"k": 1, "w": 9}'])
    assert rows(session, "SELECT v, w, l FROM defaults") == [(1, 9, [3])]
    session.execute("""INSERT INTO defaults JSON '{"k": 2}'""")  # a row of its key alone
    assert rows(session, "SELECT * FROM defaults WHERE k = 2") == [(2, None, None, None)]


def capitals(session):
    session.execute('CREATE TABLE capitals ("myKey" int PRIMARY KEY, value int, "two words" int)')
    session.execute("""INSERT INTO capitals JSON '{ "\\"myKey\\"": 0, "VALUE": 1, "two words": 2}'""")
    assert rows(session, 'SELECT "myKey", value, "two words" FROM capitals') == [(0, 1, 2)]
    told = session.execute("SELECT JSON * FROM capitals").one()[0]
    assert json.loads(told) == {'"myKey"': 0, "value": 1, "two words": 2}, told
    session.execute(session.prepare("INSERT INTO capitals JSON ?"), [told.replace(": 0", ": 7")])
    assert rows(session, 'SELECT value FROM capitals WHERE "myKey" = 7') == [(1,)]
    refused(session, """INSERT INTO capitals JSON '{"myKey": 0}'""", "JSON values map contains unrecognized column: mykey")


def keys(session):
    session.execute("CREATE TABLE keyed (a int, b text, c int, d int, s int static, v int, PRIMARY KEY ((a, b), c, d))")
    session.execute("""INSERT INTO keyed JSON '{"d": 4, "c": 3, "b": "two", "a": 1, "s": 8, "v": 5}' USING TIMESTAMP 7 AND TTL 1000""")
    assert rows(session, "SELECT a, b, c, d, s, v, writetime(v) FROM keyed") == [(1, "two", 3, 4, 8, 5, 7)]
    refused(session, """INSERT INTO keyed JSON '{"b": "x", "c": 1, "d": 1}'""", "Invalid null value in condition for column a")
    refused(session, """INSERT INTO keyed JSON '{"a": 1, "b": "x", "c": 1}'""", "Invalid null value in condition for column d")
    refused(session, """INSERT INTO keyed JSON '{"a": 1, "b": "x", "c": 1}' DEFAULT UNSET""", "Invalid unset value for column d")
    once = """INSERT INTO keyed JSON '{"a": 2, "b": "x", "c": 1, "d": 1, "v": %s}' IF NOT EXISTS"""
    assert session.execute(once.replace("%s", "1")).one().applied
    answer = session.execute(once.replace("%s", "2")).one()
    assert not answer.applied and (answer.a, answer.v) == (2, 1)
    batch = BatchStatement()
    prepared = session.prepare("INSERT INTO keyed JSON ?")
    for d in (1, 2):
        batch.add(prepared, [json.dumps({"a": 3, "b": "x", "c": 1, "d": d})])
    session.execute(batch)
    assert rows(session, "SELECT d FROM keyed WHERE a = 3 AND b = 'x'") == [(1,), (2,)]


def refusals(session):
    prepared = session.prepare("INSERT INTO defaults JSON ?")
    refused(session, prepared, "Got null for INSERT JSON values", [None])
    refused(session, prepared, "Cannot use unset values for INSERT JSON", [UNSET_VALUE])
    for text, words in (
            ("null", "Got null for INSERT JSON values"),
            ("[1]", "Could not decode JSON string as a map"),
            ("{", "Could not decode JSON string as a map"),
            ('{"k": 1, "nope": 1}', "JSON values map contains unrecognized column: nope"),
            ('{"k": 1, "v": "x"}', "Error decoding JSON value for v: "),
            ('{"k": 1, "v": 1.5}', "Error decoding JSON value for v: "),
            ('{"k": 1, "v": {}}', "Error decoding JSON value for v: "),
            ('{"k": 1, "v": 3000000000}', "Error decoding JSON value for v: "),
            ('{"k": 1, "l": 5}', "Error decoding JSON value for l: Expected a list, but got a Integer: 5"),
            ('{"k": 1, "l": [null]}', "Error decoding JSON value for l: "),
            ('{"k": true}', "Error decoding JSON value for k: ")):
        refused(session, prepared, words, [text])
        refused(session, f"INSERT INTO defaults JSON '{text}'", words)
    session.execute("CREATE TABLE counted (k int PRIMARY KEY, c counter)")
    refused(session, """INSERT INTO counted JSON '{"k": 1, "c": 1}'""", "INSERT statements are not allowed on counter tables")
    try:
        session.prepare("INSERT INTO nowhere JSON ?")
    except InvalidRequest as failure:
        assert "table nowhere does not exist" in str(failure), failure
    else:
        raise AssertionError("a table that is not there took a row")


def main():
    with Server() as host:
        cluster, session = connect(host)
        for check in (all_types, what_is_not_named, capitals, keys, refusals):
            started = time.monotonic()
            check(session)
            print(f"{check.__name__}: {time.monotonic() - started:.2f} s", flush=True)
        cluster.shutdown()


if __name__ == "__main__":
    main()
