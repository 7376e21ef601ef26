#!/usr/bin/python3
"""One model between the doors, with boto3, DataStax's Python driver and the native door against one server: tables of documents
read through CQL, simple
tables of CQL read and written through DynamoDB, logs of both through CQL."""
import datetime
import decimal
import json
import os
import random
import shutil
import sys
import tempfile
import time

import cql_roles
import dynamodb
import msgpack
import server
from cassandra.protocol import ConfigurationException
from cassandra.query import SimpleStatement
from cql_data import connect, refused, rows
from server import Server, wait_for

ACTOR, SHARD = 23, 31  # fields of a record, model/wire/README.md
NUMBER = decimal.Decimal
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(2 ** 31)


def create(aws, name, partition, sort=None):
    keys = [partition] + ([sort] if sort else [])
    aws.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                     KeySchema=[{"AttributeName": key[0], "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))],
                     AttributeDefinitions=[{"AttributeName": key[0], "AttributeType": key[1]} for key in keys])


def moment_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "+0000"


def paged(session, statement, everything, sizes=(1, 2, 3, 7, 100)):
    for size in sizes:
        assert [tuple(row) for row in session.execute(SimpleStatement(statement, fetch_size=size))] == everything, (statement, size)


# --- documents through CQL ---------------------------------------------------------------------------------------------


def documents(session, aws, host):
    create(aws, "Thermo-1.log", ("sensor", "S"), ("at", "N"))
    for sensor in "abc":
        for at in ("-10", "0", "0.5", "1", "10", "100"):
            aws.put_item(TableName="Thermo-1.log", Item={"sensor": {"S": sensor}, "at": {"N": at}, "on": {"BOOL": True}, "n": {"N": "1.50"},
                                                        "l": {"L": [{"S": "x"}, {"NULL": True}]}, "raw": {"B": b"\x00\xff"}})
    table = 'dynamodb."Thermo-1.log"'
    places = [NUMBER(at) for at in ("-10", "0", "0.5", "1", "10", "100")]
    everything = rows(session, f"SELECT * FROM {table}")
    assert len(everything) == 18 and sorted(set(row[0] for row in everything)) == ["a", "b", "c"]
    first = json.loads(everything[0][2])
    assert first == {"sensor": everything[0][0], "at": -10, "on": True, "n": 1.5, "l": ["x", None], "raw": {"$bytes": "AP8="}}, first
    assert [row[1] for row in everything[:6]] == places
    assert rows(session, f"SELECT at FROM {table} WHERE sensor = 'b'") == [(at,) for at in places]
    assert rows(session, f"SELECT at FROM {table} WHERE sensor = 'b' ORDER BY at DESC LIMIT 2") == [(NUMBER(100),), (NUMBER(10),)]
    assert rows(session, f"SELECT at FROM {table} WHERE sensor = 'b' AND at = 1.00") == [(NUMBER(1),)]
    assert rows(session, f"SELECT at FROM {table} WHERE sensor = 'b' AND at > 0 AND at <= 10.0") == [(at,) for at in places[2:5]]
    assert rows(session, f"SELECT sensor, at FROM {table} WHERE sensor IN ('c', 'a') AND at IN (10, 5)") == [("a", 10), ("c", 10)]
    whole = SimpleStatement(f"SELECT sensor, at FROM {table} WHERE sensor IN ('c', 'a') AND at >= 10 ORDER BY at DESC", fetch_size=None)
    assert rows(session, whole) == [
        ("a", 100), ("c", 100), ("a", 10), ("c", 10)]
    statement = session.prepare(f"SELECT at FROM {table} WHERE sensor = ? AND (at) >= (?)")
    assert rows(session, statement, ["a", NUMBER("10.000")]) == [(10,), (100,)]
    order = rows(session, f"SELECT token(sensor), sensor, at FROM {table}")
    assert order == sorted(order, key=lambda row: (row[0], row[2]))
    paged(session, f"SELECT * FROM {table}", everything)
    paged(session, f"SELECT * FROM {table} WHERE sensor = 'a' ORDER BY at DESC",
          [row for row in everything if row[0] == "a"][::-1])
    paged(session, f"SELECT sensor, at FROM {table} WHERE at = 10 ALLOW FILTERING", [row[:2] for row in everything if row[1] == 10])
    refused(session, f"SELECT * FROM {table} WHERE at = 10", "ALLOW FILTERING")
    middle = order[6][0]
    assert rows(session, f"SELECT token(sensor), sensor, at FROM {table} WHERE token(sensor) > {middle}") == order[12:]
    assert rows(session, f"SELECT token(sensor), sensor, at FROM {table} WHERE token(sensor) <= token('{order[6][1]}')") == order[:12]
    assert rows(session, f"SELECT count(*), max(at) FROM {table} WHERE sensor = 'a'") == [(6, 100)]
    assert sorted(rows(session, f"SELECT sensor, count(at), min(at) FROM {table} GROUP BY sensor")) == [(s, 6, -10) for s in "abc"]
    one = rows(session, f"SELECT sensor, item FROM {table} GROUP BY sensor")
    assert [json.loads(text)["at"] for _, text in one] == [-10, -10, -10] and [json.loads(text)["sensor"] for _, text in one] == [s for s, _ in one]
    assert sorted(rows(session, f"SELECT DISTINCT sensor FROM {table}")) == [("a",), ("b",), ("c",)]
    paged(session, f"SELECT DISTINCT sensor FROM {table}", rows(session, f"SELECT DISTINCT sensor FROM {table}"))
    assert len(rows(session, f"SELECT at FROM {table} PER PARTITION LIMIT 2")) == 6
    assert len(rows(session, f"SELECT at FROM {table} LIMIT 7")) == 7
    told = json.loads(rows(session, f"SELECT JSON sensor, at, item FROM {table} WHERE sensor = 'a' AND at = 0.5")[0][0])
    assert (told["sensor"], told["at"], json.loads(told["item"])["on"]) == ("a", 0.5, True)
    assert rows(session, f"SELECT at FROM {table} WHERE sensor = 'a' AND item = '{everything[0][2]}' ALLOW FILTERING") == (
        [(NUMBER(-10),)] if everything[0][0] == "a" else [])


def documents_of_numbers(session, aws, host):
    create(aws, "numbers", ("n", "N"))
    create(aws, "binary", ("item", "S"), ("item_", "B"))
    numbers = ["0", "5", "10", "1000", "-0.125", "1E-100", "123456789012345678901234567890"]
    for number in numbers:
        aws.put_item(TableName="numbers", Item={"n": {"N": number}, "text": {"S": number}})
    for number in numbers + ["10.0", "0.010E3", "1E1"]:
        text = {"10.0": "10", "0.010E3": "10", "1E1": "10"}.get(number, number)
        assert json.loads(rows(session, f"SELECT item FROM dynamodb.numbers WHERE n = {number}")[0][0])["text"] == text
        token = rows(session, f"SELECT token(n) FROM dynamodb.numbers WHERE n = {number}")[0][0]
        assert rows(session, f"SELECT n FROM dynamodb.numbers WHERE token(n) = token({number})") == [(NUMBER(number),)], (number, token)
    assert rows(session, "SELECT n FROM dynamodb.numbers WHERE n IN (10, 1E1, 10.00)") == [(10,)]
    aws.put_item(TableName="binary", Item={"item": {"S": "a"}, "item_": {"B": b"\x01\x02"}})
    assert rows(session, "SELECT item, item_, item__ FROM dynamodb.binary WHERE item = 'a' AND item_ > 0x01") == [
        ("a", b"\x01\x02", '{"item":"a","item_":{"$bytes":"AQI="}}')]


def documents_that_are_large(session, aws, host):
    create(aws, "large", ("k", "S"))
    for size in (1000, 100_000, 390_000):
        aws.put_item(TableName="large", Item={"k": {"S": "x"}, "v": {"S": "a" * size}})
        assert json.loads(rows(session, "SELECT item FROM dynamodb.large WHERE k = 'x'")[0][0])["v"] == "a" * size
    sizes = [(len(json.loads(old)["v"]) if old else None, len(json.loads(new)["v"])) for old, new in rows(session, "SELECT old, new FROM dynamodb.\"large$log\" WHERE k = 'x'")]
    assert sizes == [(None, 1000), (1000, 100_000), (100_000, 390_000)], sizes


def documents_of_the_native_door(session, aws, host):
    assert host.run("table", "create", "readings", "--partition", "sensor:text", "--sort", "at:bigint")[0] == 0
    assert host.run("put", "readings", '{"sensor":"x","at":7,"celsius":21.5}')[0] == 0
    assert rows(session, "SELECT sensor, at, item FROM dynamodb.readings") == [("x", 7, '{"at":7,"celsius":21.5,"sensor":"x"}')]
    assert rows(session, "SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = 'dynamodb' AND table_name = 'readings'") == [
        ("at", "bigint"), ("item", "text"), ("sensor", "text")]


def documents_of_the_past(session, aws, host):
    table = 'dynamodb."Thermo-1.log"'
    time.sleep(0.05)
    before = time.time()
    time.sleep(0.05)
    aws.put_item(TableName="Thermo-1.log", Item={"sensor": {"S": "a"}, "at": {"N": "0"}, "new": {"BOOL": True}})
    aws.delete_item(TableName="Thermo-1.log", Key={"sensor": {"S": "a"}, "at": {"N": "1"}})
    past = f"AS OF '{moment_of(before)}'"
    assert len(rows(session, f"SELECT * FROM {table}")) == 17
    assert len(rows(session, f"SELECT * FROM {table} {past}")) == 18
    paged(session, f"SELECT * FROM {table} {past}", rows(session, f"SELECT * FROM {table} {past}"), (1, 5))
    assert "new" in json.loads(rows(session, f"SELECT item FROM {table} WHERE sensor = 'a' AND at = 0")[0][0])
    assert "on" in json.loads(rows(session, f"SELECT item FROM {table} {past} WHERE sensor = 'a' AND at = 0")[0][0])
    aws.delete_table(TableName="Thermo-1.log")
    refused(session, f"SELECT * FROM {table}", "does not exist")
    assert len(rows(session, f"SELECT * FROM {table} {past}")) == 18
    refused(session, f"SELECT * FROM dynamodb.nope {past}", "there was no table")


def documents_described(session, aws, host):
    create(aws, "Shown-1", ("p", "S"), ("s", "B"))
    cluster = session.cluster
    cluster.refresh_schema_metadata()
    table = cluster.metadata.keyspaces["dynamodb"].tables["Shown-1"]
    assert [(name, column.cql_type) for name, column in table.columns.items()] == [("p", "text"), ("s", "blob"), ("item", "text")]
    assert [column.name for column in table.partition_key] == ["p"] and [column.name for column in table.clustering_key] == ["s"]
    assert ("dynamodb",) in rows(session, "SELECT keyspace_name FROM system_schema.keyspaces")
    text = rows(session, 'DESCRIBE TABLE dynamodb."Shown-1"')[0][3]
    assert text.startswith('CREATE TABLE dynamodb."Shown-1" (') and "PRIMARY KEY (p, s)" in text and "item text" in text, text
    assert "dynamodb" in [row[0] for row in rows(session, "DESCRIBE KEYSPACES")]
    assert not any(row[0] == "dynamodb" for row in rows(session, "DESCRIBE SCHEMA"))
    assert any(row[0] == "dynamodb" for row in rows(session, "DESCRIBE FULL SCHEMA"))
    names = {row[0] for row in rows(session, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'dynamodb'")}
    assert {"Shown-1", "numbers", "readings"} <= names and not any(name.startswith("system") for name in names), names
    ids = [row[0] for row in rows(session, "SELECT id FROM system_schema.tables WHERE keyspace_name = 'dynamodb'")]
    assert len(set(ids)) == len(ids) == len(names)
    session.set_keyspace("dynamodb")
    assert rows(session, 'SELECT * FROM "Shown-1"') == []
    assert ("dynamodb", "table", '"Shown-1"') in rows(session, "DESCRIBE TABLES")
    session.set_keyspace("ks")


def documents_refused(session, aws, host):
    reserved = "Keyspace dynamodb is reserved"
    for statement in ("CREATE KEYSPACE dynamodb WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
                      "DROP KEYSPACE dynamodb", "CREATE TABLE dynamodb.mine (k int PRIMARY KEY)", "DROP TABLE dynamodb.numbers",
                      "ALTER TABLE dynamodb.numbers ADD v int", "TRUNCATE dynamodb.numbers", "CREATE TYPE dynamodb.t (a int)",
                      "INSERT INTO dynamodb.numbers (n, item) VALUES (1, '{}')", "UPDATE dynamodb.numbers SET item = 'x' WHERE n = 1",
                      "DELETE FROM dynamodb.numbers WHERE n = 1", "CREATE INDEX ON dynamodb.numbers (item)",
                      "BEGIN BATCH INSERT INTO dynamodb.numbers (n) VALUES (1); APPLY BATCH"):
        refused(session, statement, reserved)
    refused(session, 'SELECT * FROM dynamodb."system.tables"', "does not exist")
    refused(session, "SELECT nope FROM dynamodb.numbers", "Undefined column name nope in table dynamodb.numbers")
    # A name with a dot is a table of that door, whatever it looks like to CQL.
    create(aws, "ks.orders", ("k", "S"))
    aws.put_item(TableName="ks.orders", Item={"k": {"S": "1"}})
    refused(session, "SELECT * FROM ks.orders", "does not exist")
    lsn = rows(session, 'SELECT count(*) FROM dynamodb."ks.orders"')
    assert lsn == [(1,)]
    refused(session, f"SELECT * FROM ks.orders AS OF '{moment_of(time.time())}'", "there was no table")
    try:
        session.execute("CREATE TABLE ks.orders (k int PRIMARY KEY)")
    except Exception as failure:
        assert "already existing table" in str(failure) or "already exists" in str(failure), failure
    else:
        raise AssertionError("a name was given twice")


# --- tables of CQL through DynamoDB --------------------------------------------------------------------------------------


def plain(session, aws, host):
    """Every type, both ways."""
    session.execute("CREATE TYPE place (street text, number int, tags frozen<set<text>>)")
    session.execute("""CREATE TABLE types (k text, c int, a ascii, bi bigint, bl blob, bo boolean, d decimal, da date, dou double, du duration,
        f float, i inet, n int, si smallint, t text, ti time, ts timestamp, tu timeuuid, tiny tinyint, u uuid, v varint, l list<int>,
        s set<text>, ns set<int>, bs set<blob>, us set<uuid>, bos set<boolean>, m map<text, int>, im map<int, frozen<list<text>>>,
        tup tuple<int, text>, p place, fp frozen<place>, PRIMARY KEY (k, c))""")
    session.execute("""INSERT INTO types (k, c, a, bi, bl, bo, d, da, dou, du, f, i, n, si, t, ti, ts, tu, tiny, u, v, l, s, ns, bs, us, bos, m, im,
        tup, p, fp) VALUES ('x', 7, 'ascii', -9223372036854775808, 0x00ff, true, -1.50, '2026-11-21', 1.5E10, 1mo2d3h, 0.1, '::1', 42, -2, 'h\u00e9',
        '08:15:30.000000001', '2026-11-21 01:02:03.004+0000', d2177dd0-eaa2-11de-a572-001b779c76e3, -128, 123e4567-e89b-42d3-a456-426614174000,
        1000000000000000000000, [3, 1, 3], {'b', 'a'}, {5, 30}, {0x01}, {123e4567-e89b-42d3-a456-426614174000}, {true}, {'x': 1}, {9: ['q']},
        (7, 'seven'), {street: 'main', number: 5}, {street: 's', tags: {'t'}})""")
    item = aws.get_item(TableName="ks.types", Key={"k": {"S": "x"}, "c": {"N": "7"}})["Item"]
    uuid = "123e4567-e89b-42d3-a456-426614174000"
    expected = {
        "k": {"S": "x"}, "c": {"N": "7"}, "a": {"S": "ascii"}, "bi": {"N": "-9223372036854775808"}, "bl": {"B": b"\x00\xff"}, "bo": {"BOOL": True},
        "d": {"N": "-1.5"}, "da": {"S": "2026-11-21"}, "dou": {"N": "15000000000"}, "du": {"S": "1mo2d3h"}, "f": {"N": "0.1"}, "n": {"N": "42"},
        "si": {"N": "-2"}, "t": {"S": "h\u00e9"}, "ti": {"S": "08:15:30.000000001"}, "ts": {"S": "2026-11-21T01:02:03.004Z"},
        "tu": {"S": "d2177dd0-eaa2-11de-a572-001b779c76e3"}, "tiny": {"N": "-128"}, "u": {"S": uuid}, "v": {"N": "1000000000000000000000"},
        "l": {"L": [{"N": "3"}, {"N": "1"}, {"N": "3"}]}, "s": {"SS": ["a", "b"]}, "ns": {"NS": ["5", "30"]}, "bs": {"BS": [b"\x01"]},
        "us": {"SS": [uuid]}, "bos": {"L": [{"BOOL": True}]}, "m": {"M": {"x": {"N": "1"}}}, "im": {"M": {"9": {"L": [{"S": "q"}]}}},
        "tup": {"L": [{"N": "7"}, {"S": "seven"}]}, "p": {"M": {"street": {"S": "main"}, "number": {"N": "5"}}},
        "fp": {"M": {"street": {"S": "s"}, "tags": {"SS": ["t"]}}}}
    inet = item.pop("i")
    assert inet["S"] in ("::1", "0:0:0:0:0:0:0:1"), inet
    for name in sorted(set(expected) | set(item)):
        assert item.get(name) == expected.get(name), (name, item.get(name), expected.get(name))
    # The item written as it was read changes nothing, and under another key makes the same row.
    item["i"] = inet
    stamp = rows(session, "SELECT writetime(t), writetime(u), writetime(f) FROM types")
    aws.put_item(TableName="ks.types", Item=item)
    assert rows(session, "SELECT writetime(t), writetime(u), writetime(f) FROM types") == stamp
    aws.put_item(TableName="ks.types", Item={**item, "c": {"N": "8"}})
    first, second = session.execute("SELECT * FROM types WHERE k = 'x'")
    for name in first._fields:
        if name not in ("c", "d"):
            assert getattr(first, name) == getattr(second, name), (name, first, second)
    assert (first.d, str(first.d), str(second.d)) == (second.d, "-1.50", "-1.5")
    # What shows as a text is compared, and changed, as one.
    key = {"k": {"S": "x"}, "c": {"N": "8"}}
    new = aws.update_item(TableName="ks.types", Key=key, UpdateExpression="SET n = n + :one, m.y = :one, l = list_append(l, :l) ADD ns :ns, s :s REMOVE t",
                          ConditionExpression="u = :u AND ts > :ts AND n BETWEEN :one AND :u2",
                          ExpressionAttributeValues={":one": {"N": "1"}, ":u": {"S": uuid}, ":ts": {"S": "2026-11-21T01:02:03.003Z"}, ":u2": {"N": "42"},
                                                     ":l": {"L": [{"N": "9"}]}, ":ns": {"NS": ["6"]}, ":s": {"SS": ["c"]}}, ReturnValues="ALL_NEW")["Attributes"]
    assert (new["n"], new["ns"], new["m"]) == ({"N": "43"}, {"NS": ["5", "6", "30"]}, {"M": {"x": {"N": "1"}, "y": {"N": "1"}}})
    assert rows(session, "SELECT n, l, t FROM types WHERE k = 'x' AND c = 8") == [(43, [3, 1, 3, 9], None)]
    assert set(rows(session, "SELECT s, ns FROM types WHERE k = 'x' AND c = 8")[0][0]) == {"a", "b", "c"}
    dynamodb.fails(dynamodb.CONDITION, "The conditional request failed", aws.update_item, TableName="ks.types", Key=key, UpdateExpression="SET n = :n",
                   ConditionExpression="u = :u", ExpressionAttributeValues={":n": {"N": "0"}, ":u": {"S": "other"}})
    for text in ("NaN", "Infinity", "-Infinity"):
        aws.update_item(TableName="ks.types", Key=key, UpdateExpression="SET dou = :d", ExpressionAttributeValues={":d": {"S": text}})
        assert str(rows(session, "SELECT dou FROM types WHERE k = 'x' AND c = 8")[0][0]) == {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[text]
        assert aws.get_item(TableName="ks.types", Key=key)["Item"]["dou"] == {"S": text}
    for name, value, words in (("nope", {"S": "1"}, "Undefined column name nope"), ("n", {"S": "1"}, "column n"), ("n", {"N": "1.5"}, "column n"),
                               ("tiny", {"N": "128"}, "column tiny"), ("u", {"S": "x"}, "column u"), ("ts", {"N": "1.5"}, "column ts"), ("s", {"NS": ["1"]}, "column s"),
                               ("l", {"L": [{"S": "x"}]}, "column l"), ("p", {"M": {"nope": {"S": "x"}}}, "column p"), ("bo", {"S": "true"}, "column bo"),
                               ("a", {"S": "\u00e9"}, "column a"), ("dou", {"S": "1.5"}, "column dou")):
        dynamodb.fails(dynamodb.VALIDATION, words, aws.put_item, TableName="ks.types", Item={"k": {"S": "y"}, "c": {"N": "1"}, name: value})
    assert rows(session, "SELECT k FROM types WHERE k = 'y'") == []
    dynamodb.fails(dynamodb.VALIDATION, "does not match the schema", aws.get_item, TableName="ks.types", Key={"k": {"S": "y"}, "c": {"S": "1"}})
    dynamodb.fails(dynamodb.VALIDATION, "", aws.put_item, TableName="ks.types", Item={"k": {"S": "y"}, "c": {"N": "1.5"}})
    told = aws.delete_item(TableName="ks.types", Key=key, ReturnValues="ALL_OLD")["Attributes"]
    assert told["u"] == {"S": uuid} and len(rows(session, "SELECT k FROM types")) == 1


def tables_of_cql(session, aws, host):
    session.execute("CREATE TABLE orders2 (customer text, at bigint, amount decimal, remark text, PRIMARY KEY (customer, at)) WITH CLUSTERING ORDER BY (at DESC)")
    session.execute("CREATE INDEX by_note ON orders2 (remark)")
    session.execute("CREATE TABLE plain (k varint PRIMARY KEY, v int)")
    for ddl in ("two (a int, b int, PRIMARY KEY ((a, b)))", "three (a int, b int, c int, PRIMARY KEY (a, b, c))", "uuids (k uuid PRIMARY KEY)",
                "counts (k int PRIMARY KEY, n counter)", "statics (k int, c int, s int static, PRIMARY KEY (k, c))", "decimals (k decimal PRIMARY KEY)"):
        session.execute("CREATE TABLE " + ddl)
    names = aws.list_tables()["TableNames"]
    assert {"ks.orders2", "ks.plain", "ks.types"} <= set(names), names
    assert not {"ks.two", "ks.three", "ks.uuids", "ks.counts", "ks.statics", "ks.decimals"} & set(names), names
    dynamodb.fails(dynamodb.NOT_FOUND, "", aws.describe_table, TableName="ks.two")
    dynamodb.fails(dynamodb.NOT_FOUND, "", aws.get_item, TableName="ks.uuids", Key={"k": {"S": "x"}})
    for customer in ("ada", "bob"):
        for at in range(10):
            session.execute(f"INSERT INTO orders2 (customer, at, amount, remark) VALUES ('{customer}', {at}, {at}.50, 'n{at % 3}')")
    table = aws.describe_table(TableName="ks.orders2")["Table"]
    assert table["TableStatus"] == "ACTIVE" and table["ItemCount"] == 20 and table["TableSizeBytes"] > 0
    assert table["KeySchema"] == [{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    assert sorted((d["AttributeName"], d["AttributeType"]) for d in table["AttributeDefinitions"]) == [("at", "N"), ("customer", "S")]
    assert "GlobalSecondaryIndexes" not in table and table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def items_of_cql(session, aws, host):
    name = "ks.orders2"

    def query(**more):
        return aws.query(TableName=name, KeyConditionExpression=more.pop("key", "customer = :c"),
                         ExpressionAttributeValues={":c": {"S": "ada"}, **more.pop("values", {})}, **more)

    def places(answer):
        return [int(item["at"]["N"]) for item in answer["Items"]]

    assert places(query()) == list(range(10))
    assert places(query(ScanIndexForward=False)) == list(range(10))[::-1]
    assert places(query(key="customer = :c AND #at BETWEEN :low AND :high", values={":low": {"N": "3"}, ":high": {"N": "5"}},
                        ExpressionAttributeNames={"#at": "at"})) == [3, 4, 5]
    assert places(query(key="customer = :c AND #at > :low", values={":low": {"N": "7"}}, ExpressionAttributeNames={"#at": "at"}, ScanIndexForward=False)) == [9, 8]
    assert places(query(FilterExpression="remark = :n AND amount > :t", values={":n": {"S": "n1"}, ":t": {"N": "4"}})) == [4, 7]
    for size in (1, 3, 7, 20):
        for forward in (True, False):
            found, start = [], {}
            while True:
                answer = query(Limit=size, ScanIndexForward=forward, **start)
                found += places(answer)
                if "LastEvaluatedKey" not in answer:
                    break
                assert set(answer["LastEvaluatedKey"]) == {"customer", "at"}
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            assert found == list(range(10))[::1 if forward else -1], (size, forward, found)
        found, start = [], {}
        while True:
            answer = aws.scan(TableName=name, Limit=size, **start)
            found += [(item["customer"]["S"], int(item["at"]["N"])) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        assert sorted(found) == [(c, at) for c in ("ada", "bob") for at in range(10)], (size, found)
    parts = [aws.scan(TableName=name, Segment=i, TotalSegments=3, FilterExpression="amount < :t", ExpressionAttributeValues={":t": {"N": "1"}})["Items"] for i in range(3)]
    assert sorted(item["customer"]["S"] for part in parts for item in part) == ["ada", "bob"]
    dynamodb.fails(dynamodb.VALIDATION, "does not have the specified index", query, IndexName="by_note")
    # Writes: one, many, in transactions, by PartiQL.
    aws.put_item(TableName=name, Item={"customer": {"S": "eve"}, "at": {"N": "1"}, "amount": {"N": "2.5"}})
    dynamodb.fails(dynamodb.CONDITION, "", aws.put_item, TableName=name, Item={"customer": {"S": "eve"}, "at": {"N": "1"}},
                   ConditionExpression="attribute_not_exists(customer)")
    aws.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {"customer": {"S": "eve"}, "at": {"N": str(at)}, "remark": {"S": "b"}}}} for at in range(2, 6)] + [
        {"DeleteRequest": {"Key": {"customer": {"S": "bob"}, "at": {"N": "9"}}}}]})
    assert rows(session, "SELECT at, amount, remark FROM orders2 WHERE customer = 'eve'") == [(at, None, "b") for at in (5, 4, 3, 2)] + [(1, NUMBER("2.5"), None)]
    assert rows(session, "SELECT at FROM orders2 WHERE remark = 'b'") == [(5,), (4,), (3,), (2,)]  # CQL's index is kept
    create(aws, "other", ("k", "S"))
    aws.transact_write_items(TransactItems=[
        {"Put": {"TableName": "other", "Item": {"k": {"S": "1"}}}},
        {"Update": {"TableName": name, "Key": {"customer": {"S": "eve"}, "at": {"N": "2"}}, "UpdateExpression": "SET amount = :t", "ExpressionAttributeValues": {":t": {"N": "7"}}}},
        {"Delete": {"TableName": name, "Key": {"customer": {"S": "eve"}, "at": {"N": "3"}}, "ConditionExpression": "remark = :n", "ExpressionAttributeValues": {":n": {"S": "b"}}}},
        {"ConditionCheck": {"TableName": "ks.plain", "Key": {"k": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(k)"}}])
    assert rows(session, "SELECT at, amount FROM orders2 WHERE customer = 'eve' AND at IN (2, 3)") == [(2, 7)]
    dynamodb.fails(dynamodb.CANCELED, "", aws.transact_write_items, TransactItems=[
        {"Put": {"TableName": "other", "Item": {"k": {"S": "2"}}}},
        {"ConditionCheck": {"TableName": name, "Key": {"customer": {"S": "eve"}, "at": {"N": "2"}}, "ConditionExpression": "amount = :t",
                            "ExpressionAttributeValues": {":t": {"N": "8"}}}}])
    dynamodb.fails(dynamodb.VALIDATION, "multiple operations on one item", aws.transact_write_items, TransactItems=[
        {"Put": {"TableName": name, "Item": {"customer": {"S": "eve"}, "at": {"N": "2"}}}},
        {"Delete": {"TableName": name, "Key": {"customer": {"S": "eve"}, "at": {"N": "2"}}}}])
    got = aws.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": {"customer": {"S": "eve"}, "at": {"N": "2"}}}},
                                               {"Get": {"TableName": "other", "Key": {"k": {"S": "1"}}}}])["Responses"]
    assert [sorted(one["Item"]) for one in got] == [["amount", "at", "customer", "remark"], ["k"]]
    batch = aws.batch_get_item(RequestItems={name: {"Keys": [{"customer": {"S": "eve"}, "at": {"N": str(at)}} for at in (1, 2, 3)], "ProjectionExpression": "#at",
                                                    "ExpressionAttributeNames": {"#at": "at"}}})["Responses"][name]
    assert sorted(int(item["at"]["N"]) for item in batch) == [1, 2]
    wide = f'"{name}"'
    assert aws.execute_statement(Statement=f"SELECT amount FROM {wide} WHERE customer = 'eve' AND at = 2")["Items"] == [{"amount": {"N": "7"}}]
    assert places(aws.execute_statement(Statement=f"SELECT at FROM {wide} WHERE customer = 'ada' ORDER BY at DESC")) == list(range(10))[::-1]
    aws.execute_statement(Statement=f"INSERT INTO {wide} VALUE {{'customer': 'pat', 'at': 1, 'remark': 'q'}}")
    aws.execute_statement(Statement=f"UPDATE {wide} SET amount = 3 WHERE customer = 'pat' AND at = 1")
    assert rows(session, "SELECT amount, remark FROM orders2 WHERE customer = 'pat'") == [(3, "q")]
    aws.execute_statement(Statement=f"DELETE FROM {wide} WHERE customer = 'pat' AND at = 1")
    assert rows(session, "SELECT amount, remark FROM orders2 WHERE customer = 'pat'") == []
    aws.put_item(TableName="ks.plain", Item={"k": {"N": "1000"}, "v": {"N": "5"}})
    assert rows(session, "SELECT v FROM plain WHERE k = 1000") == [(5,)]
    session.execute("INSERT INTO plain (k, v) VALUES (-100, 6)")
    assert aws.get_item(TableName="ks.plain", Key={"k": {"N": "-1E2"}})["Item"]["v"] == {"N": "6"}
    # A decimal can be further from 1 than any number of this API: it is told with an exponent, and not added to.
    session.execute("CREATE TABLE far (k text PRIMARY KEY, d decimal)")
    insert = session.prepare("INSERT INTO far (k, d) VALUES (?, ?)")
    for key, number, words in (("a", "-3E+2147483648", "Number overflow"), ("b", "3E-2147483647", "Number underflow")):
        session.execute(insert, (key, NUMBER(number)))
        assert dynamodb.Wire(host.dynamodb).ask("GetItem", {"TableName": "ks.far", "Key": {"k": {"S": key}}})["Item"]["d"] == {"N": number}
        for change in ("d + :n", ":n - d"):
            dynamodb.fails(dynamodb.VALIDATION, words, aws.update_item, TableName="ks.far", Key={"k": {"S": key}}, UpdateExpression="SET d = " + change,
                           ExpressionAttributeValues={":n": {"N": "1"}})
    session.execute(insert, ("c", NUMBER("0E+2147483648")))
    aws.update_item(TableName="ks.far", Key={"k": {"S": "c"}}, UpdateExpression="ADD d :n", ExpressionAttributeValues={":n": {"N": "1"}})
    assert rows(session, "SELECT d FROM far WHERE k = 'c'") == [(1,)]
    # An expired row is none, and the past is there.
    session.execute("INSERT INTO plain (k, v) VALUES (7, 7) USING TTL 1")
    time.sleep(2.1)
    assert "Item" not in aws.get_item(TableName="ks.plain", Key={"k": {"N": "7"}})
    before = time.time()
    time.sleep(0.05)
    aws.delete_item(TableName="ks.plain", Key={"k": {"N": "-100"}})
    wire = dynamodb.Wire(host.dynamodb)
    status, _, answer = wire.send("GetItem", {"TableName": "ks.plain", "Key": {"k": {"N": "-100"}}}, **{"X-Oxbow-As-Of": f"{before:.6f}"})
    assert status == 200 and answer["Item"] == {"k": {"N": "-100"}, "v": {"N": "6"}}, answer
    assert "Item" not in wire.ask("GetItem", {"TableName": "ks.plain", "Key": {"k": {"N": "-100"}}})


def lives_of_cql(session, aws, host):
    """default_time_to_live holds for every door's writes."""
    session.execute("CREATE TABLE lives (k int PRIMARY KEY, v int, w int) WITH default_time_to_live = 1000")
    aws.put_item(TableName="ks.lives", Item={"k": {"N": "1"}, "v": {"N": "1"}})
    aws.update_item(TableName="ks.lives", Key={"k": {"N": "2"}}, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": {"N": "2"}})
    with server.Client(host.address) as client:
        client.request(server.PUT, {server.TABLE: "ks.lives", server.ITEM: {"k": 3, "v": 3}})
    session.execute("INSERT INTO lives (k, v) VALUES (4, 4)")
    found = dict(rows(session, "SELECT k, ttl(v) FROM lives"))
    assert set(found) == {1, 2, 3, 4} and all(900 < ttl <= 1000 for ttl in found.values()), found
    session.execute("ALTER TABLE lives WITH default_time_to_live = 0")
    aws.update_item(TableName="ks.lives", Key={"k": {"N": "1"}}, UpdateExpression="SET w = :w", ExpressionAttributeValues={":w": {"N": "2"}})
    assert rows(session, "SELECT ttl(w) FROM lives WHERE k = 1") == [(None,)] and rows(session, "SELECT ttl(v) FROM lives WHERE k = 1")[0][0] > 900
    session.execute("ALTER TABLE lives WITH default_time_to_live = 1")
    aws.put_item(TableName="ks.lives", Item={"k": {"N": "5"}, "v": {"N": "5"}})
    server.wait_for("the item's end", lambda: "Item" not in aws.get_item(TableName="ks.lives", Key={"k": {"N": "5"}}))
    assert rows(session, "SELECT * FROM lives WHERE k = 5") == []
    session.execute("DROP TABLE lives")


def control_of_cql(session, aws, host):
    arn = aws.describe_table(TableName="ks.plain")["Table"]["TableArn"]
    words = "was made through CQL"
    for call, members in (
            (aws.delete_table, {"TableName": "ks.plain"}),
            (aws.update_table, {"TableName": "ks.plain", "BillingMode": "PAY_PER_REQUEST"}),
            (aws.update_table, {"TableName": "ks.plain", "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}),
            (aws.update_time_to_live, {"TableName": "ks.plain", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "v"}}),
            (aws.update_continuous_backups, {"TableName": "ks.plain", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}),
            (aws.restore_table_to_point_in_time, {"SourceTableName": "ks.plain", "TargetTableName": "copy", "UseLatestRestorableTime": True}),
            (aws.create_backup, {"TableName": "ks.plain", "BackupName": "one"}),
            (aws.tag_resource, {"ResourceArn": arn, "Tags": [{"Key": "a", "Value": "b"}]})):
        dynamodb.fails(dynamodb.VALIDATION, words, call, **members)
    assert aws.describe_time_to_live(TableName="ks.plain")["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    dynamodb.fails(dynamodb.IN_USE, "Table already exists", lambda: create(aws, "ks.plain", ("k", "S")))
    session.execute("ALTER TABLE plain ADD w text")
    aws.put_item(TableName="ks.plain", Item={"k": {"N": "1"}, "w": {"S": "new"}})
    session.execute("DROP TABLE plain")
    dynamodb.fails(dynamodb.NOT_FOUND, "", aws.describe_table, TableName="ks.plain")


# --- logs ------------------------------------------------------------------------------------------------------------------


def subscriber_of(host, table):
    """All that a subscriber is given of a table from the oldest record on."""
    reader = server.Client(host.address)
    number = reader.send(server.SUBSCRIBE, {server.TABLE: table, server.CREDIT: 100000, server.START: "oldest", server.PROGRESS: True})
    assert reader.receive()[0] == number
    records = []
    while found := reader.receive()[1][server.RECORDS]:  # at the end it is told so
        records += found
    reader.close()
    return records


def logs(session, aws, host):
    session.execute("CREATE TABLE changes (k text, lsn int, v int, note map<text, int>, ts timestamp, s int static, PRIMARY KEY (k, lsn))")
    choice = random.Random(SEED)
    for i in range(120):
        k, c, v = choice.choice("abcdef"), choice.randrange(4), choice.randrange(100)
        session.execute(choice.choice([
            f"INSERT INTO changes (k, lsn, v) VALUES ('{k}', {c}, {v})", f"UPDATE changes SET note['n{v % 3}'] = {v}, ts = {v}000 WHERE k = '{k}' AND lsn = {c}",
            f"DELETE FROM changes WHERE k = '{k}' AND lsn = {c}", f"UPDATE changes SET s = {v} WHERE k = '{k}'", f"DELETE v FROM changes WHERE k = '{k}' AND lsn = {c}",
            f"DELETE FROM changes WHERE k = '{k}' AND lsn > {c}",
            f"BEGIN BATCH INSERT INTO changes (k, lsn, v) VALUES ('{k}', {c}, {v}); UPDATE changes SET v = {v} WHERE k = 'z' AND lsn = {v}; APPLY BATCH"]))
    session.execute("INSERT INTO changes (k, lsn, v) VALUES ('ttl', 1, 1) USING TTL 1")
    wait_for("the row to be swept", lambda: rows(session, 'SELECT lsn FROM "changes$log" WHERE k = \'ttl\' AND cause = \'ttl\' ALLOW FILTERING'))
    log = 'ks."changes$log"'
    told = subscriber_of(host, "ks.changes")
    everything = list(session.execute(f"SELECT * FROM {log}"))
    assert everything[0]._fields == ("shard", "lsn", "actor", "cause", "cause_function", "cause_lsn", "commit_time", "k", "lsn_", "new", "old", "operation",
                                     "transaction"), everything[0]._fields
    assert [row.lsn for row in everything] == [record[server.LSN] for record in told] and len(told) > 60, (len(everything), len(told), SEED)

    def shown(text):
        item = json.loads(text) if text is not None else None
        if item is not None and "ts" in item:
            moment = datetime.datetime.strptime(item["ts"], "%Y-%m-%d %H:%M:%S.%f%z" if " " in item["ts"] else "%Y-%m-%dT%H:%M:%S.%f%z")
            item["ts"] = round(moment.timestamp() * 1000)
        return item

    def given(item):
        return None if item is None else {name: value.timestamp() if hasattr(value, "timestamp") else value for name, value in item.items()}

    for row, record in zip(everything, told):
        assert (row.shard, row.operation, row.cause, row.actor) == (record[SHARD], record[server.OPERATION], record[server.CAUSE], record[ACTOR]), (row, record)
        assert round(row.commit_time.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) == record[server.TIME] // 1000
        for text, item in ((row.new, record.get(server.NEW)), (row.old, record.get(server.OLD))):
            mine, theirs = shown(text), given(item)
            if theirs is not None and isinstance(theirs.get("ts"), msgpack.ExtType):
                theirs["ts"] = mine["ts"] if len(theirs["ts"].data) == 8 else theirs["ts"]
            assert mine == theirs, (mine, theirs, SEED)
        if row.operation in ("insert", "modify", "remove"):
            item = shown(row.new if row.new is not None else row.old)
            assert (row.k, row.lsn_) == (item["k"], item.get("lsn"))
    transactions = {}
    for row in everything:
        transactions.setdefault(row.transaction, []).append(row.lsn)
    assert all(min(lsns) >= first for first, lsns in transactions.items()) and any(len(lsns) > 1 for lsns in transactions.values()), SEED
    plain_rows = [tuple(row) for row in everything]
    paged(session, f"SELECT * FROM {log}", plain_rows)
    for shard in range(16):
        mine = [row for row in plain_rows if row[0] == shard]
        assert rows(session, f"SELECT * FROM {log} WHERE shard = {shard}") == mine
        if len(mine) > 5:
            paged(session, f"SELECT * FROM {log} WHERE shard = {shard}", mine, (1, 2, 5))
            middle, end = mine[2][1], mine[4][1]
            assert rows(session, f"SELECT * FROM {log} WHERE shard = {shard} AND lsn > {middle} LIMIT 2") == mine[3:5]
            assert rows(session, f"SELECT lsn FROM {log} WHERE shard = {shard} AND lsn >= {middle} AND lsn < {end}") == [row[1:2] for row in mine[2:4]]
            assert rows(session, f"SELECT lsn FROM {log} WHERE shard = {shard} AND lsn IN ({middle}, {end}, 1)") == [(middle,), (end,)]
            assert rows(session, f"SELECT * FROM {log} WHERE shard = {shard} AND lsn = {middle}") == [mine[2]]
            assert rows(session, f"SELECT shard, count(*), max(lsn), operation FROM {log} WHERE shard = {shard} GROUP BY shard") == [
                (shard, len(mine), mine[-1][1], mine[0][11])]
            assert len(rows(session, f"SELECT lsn FROM {log} WHERE shard = {shard} PER PARTITION LIMIT 3")) == 3
    assert rows(session, f"SELECT count(*) FROM {log}") == [(len(told),)]
    middle = plain_rows[len(plain_rows) // 2][1]
    refused(session, f"SELECT * FROM {log} WHERE lsn > {middle}", "ALLOW FILTERING")
    paged(session, f"SELECT * FROM {log} WHERE lsn > {middle} ALLOW FILTERING", [row for row in plain_rows if row[1] > middle], (1, 7))
    assert rows(session, f"SELECT * FROM {log} WHERE lsn <= {middle} AND operation = 'remove' ALLOW FILTERING") == [
        row for row in plain_rows if row[1] <= middle and row[11] == "remove"]
    select = session.prepare(f"SELECT * FROM {log} WHERE shard = ? AND lsn > ? LIMIT ?")
    assert rows(session, select, [plain_rows[0][0], 0, 1]) == plain_rows[:1]
    # A row's history, by its whole key and without ALLOW FILTERING.
    for k in "abz":
        for c in range(4):
            mine = [row for row in plain_rows if row[7:9] == (k, c)]
            assert rows(session, f"SELECT * FROM {log} WHERE k = '{k}' AND lsn_ = {c}") == mine, (k, c, SEED)
            if mine:
                paged(session, f"SELECT * FROM {log} WHERE k = '{k}' AND lsn_ = {c}", mine, (1, 2))
                assert rows(session, f"SELECT * FROM {log} WHERE k = '{k}' AND lsn_ = {c} AND shard = {mine[0][0]} AND lsn > {mine[0][1]}") == mine[1:]
                assert rows(session, f"SELECT * FROM {log} WHERE k = '{k}' AND lsn_ = {c} AND shard = {(mine[0][0] + 1) % 16}") == []
    refused(session, f"SELECT * FROM {log} WHERE k = 'a'", "ALLOW FILTERING")
    # What concerns the whole table is told in shard 255.
    session.execute("TRUNCATE changes")
    session.execute("ALTER TABLE changes ADD more int")
    session.execute("INSERT INTO changes (k, lsn, more) VALUES ('a', 1, 2)")
    assert [row[:2] for row in rows(session, f"SELECT operation, k, new FROM {log} WHERE shard = 255")][-2:] == [("truncate", None), ("schema", None)]
    assert [tuple(row) for row in session.execute(f"SELECT * FROM {log}")][:len(plain_rows)] == plain_rows
    assert rows(session, f"SELECT operation, new FROM {log} WHERE k = 'a' AND lsn_ = 1") == [("insert", '{"k": "a", "lsn": 1, "more": 2}')]


def logs_of_documents(session, aws, host):
    create(aws, "Logged", ("p", "S"), ("n", "N"))
    for number in ("1", "10", "1"):
        aws.put_item(TableName="Logged", Item={"p": {"S": "x"}, "n": {"N": number}, "v": {"N": str(time.time_ns())}})
    aws.transact_write_items(TransactItems=[{"Put": {"TableName": "Logged", "Item": {"p": {"S": p}, "n": {"N": "1"}}}} for p in "yzw"])
    aws.delete_item(TableName="Logged", Key={"p": {"S": "x"}, "n": {"N": "10"}})
    log = 'dynamodb."Logged$log"'
    told = subscriber_of(host, "Logged")
    found = list(session.execute(f"SELECT * FROM {log}"))
    assert [row.lsn for row in found] == [record[server.LSN] for record in told]
    changes = [row for row in found if row.shard != 255]
    assert [(row.operation, row.p, row.n) for row in changes] == [("insert", "x", 1), ("insert", "x", 10), ("modify", "x", 1)] + [
        ("insert", p, 1) for p in "yzw"] + [("remove", "x", 10)]
    assert len({row.transaction for row in changes[3:6]}) == 1 and changes[2].lsn < changes[3].transaction <= changes[3].lsn
    assert rows(session, f"SELECT transaction FROM {log} WHERE lsn = {changes[5].lsn} ALLOW FILTERING") == [(changes[3].transaction,)]
    assert rows(session, f"SELECT operation, lsn FROM {log} WHERE p = 'x' AND n = 10.0") == [("insert", changes[1].lsn), ("remove", changes[6].lsn)]
    assert json.loads(changes[6].old)["n"] == 10 and changes[6].new is None and changes[0].old is None


def logs_refused(session, aws, host):
    log = 'ks."changes$log"'
    for statement in (f"INSERT INTO {log} (shard, lsn) VALUES (1, 2)", f"DELETE FROM {log} WHERE shard = 1", f"UPDATE {log} SET new = 'x' WHERE shard = 1 AND lsn = 1"):
        refused(session, statement, "Cannot modify a log")
    refused(session, f"SELECT * FROM {log} WHERE shard = 1 ORDER BY lsn DESC", "read forward")
    refused(session, f"SELECT DISTINCT shard FROM {log}", "need a restriction on shard")
    refused(session, f"SELECT * FROM {log} PER PARTITION LIMIT 1", "need a restriction on shard")
    refused(session, f"SELECT * FROM {log} WHERE token(shard) > 0", "token()")
    refused(session, f"SELECT * FROM {log} AS OF 5", "not read AS OF")
    refused(session, 'SELECT * FROM ks."nope$log"', "table nope does not exist")
    refused(session, 'CREATE TABLE ks."mine$log" (k int PRIMARY KEY)', "non-alphanumeric-underscore", kind=ConfigurationException)


def permissions():
    """What a role may read is a matter of the table, whatever shows it."""
    directory = tempfile.mkdtemp(prefix="oxbow-scenario-")
    superuser = os.path.join(directory, "superuser")
    with open(os.open(superuser, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write("admin:change me")
    with Server("--key-file", os.path.join(directory, "key"), "--cql-authentication", "password", "--cql-superuser", superuser) as host, \
            cql_roles.Clients(host) as clients:
        create(dynamodb.client(host.dynamodb), "Mine", ("k", "S"))
        admin = clients.login("admin", "change me")
        admin.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        admin.execute("CREATE TABLE ks.t (k int PRIMARY KEY)")
        admin.execute("CREATE ROLE ada WITH PASSWORD = 'x' AND LOGIN = true")
        ada = clients.login("ada", "x")
        for table, resource in (('dynamodb."Mine"', "<table dynamodb.Mine>"), ('dynamodb."Mine$log"', "<table dynamodb.Mine>"), ('ks."t$log"', "<table ks.t>")):
            cql_roles.denied(ada, "ada", "SELECT", resource, f"SELECT * FROM {table}")
        admin.execute('GRANT SELECT ON dynamodb."Mine" TO ada')
        admin.execute("GRANT SELECT ON TABLE ks.t TO ada")
        for table in ('dynamodb."Mine"', 'dynamodb."Mine$log"', 'ks."t$log"'):
            ada.execute(f"SELECT * FROM {table}")
        refused(admin, 'GRANT SELECT ON dynamodb."Nope" TO ada', "doesn't exist")
    shutil.rmtree(directory)


def main():
    print(f"seed {SEED}", flush=True)
    with Server("--segment-bytes", "65536", "--sweep-ms", "200") as host:
        cluster, session = connect(host)
        session.cluster = cluster
        aws = dynamodb.client(host.dynamodb)
        for check in (documents, documents_of_numbers, documents_of_the_native_door, documents_of_the_past, documents_described,
                      documents_refused, plain, tables_of_cql, items_of_cql, lives_of_cql, control_of_cql,
                      logs, logs_of_documents, logs_refused):
            started = time.monotonic()
            check(session, aws, host)
            print(f"{check.__name__}: {time.monotonic() - started:.2f} s", flush=True)
        cluster.shutdown()
    with Server() as host:  # whose segments take items of any size
        cluster, session = connect(host)
        documents_that_are_large(session, dynamodb.client(host.dynamodb), host)
        cluster.shutdown()
    permissions()


if __name__ == "__main__":
    main()
