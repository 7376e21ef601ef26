#!/usr/bin/python3
"""One model between the doors, with boto3, DataStax's Python driver and the native door against one server: tables of documents
read through CQL."""
import datetime
import decimal
import json
import time

import dynamodb
from cassandra.query import SimpleStatement
from cql_data import connect, refused, rows
from server import Server

NUMBER = decimal.Decimal


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
    refused(session, f"SELECT * FROM ks.orders AS OF '{moment_of(time.time() + 1)}'", "there was no table")
    try:
        session.execute("CREATE TABLE ks.orders (k int PRIMARY KEY)")
    except Exception as failure:
        assert "already existing table" in str(failure) or "already exists" in str(failure), failure
    else:
        raise AssertionError("a name was given twice")


def main():
    with Server() as host:
        cluster, session = connect(host)
        session.cluster = cluster
        aws = dynamodb.client(host.dynamodb)
        for check in (documents, documents_of_numbers, documents_of_the_native_door, documents_of_the_past, documents_described,
                      documents_refused):
            started = time.monotonic()
            check(session, aws, host)
            print(f"{check.__name__}: {time.monotonic() - started:.2f} s", flush=True)
        cluster.shutdown()


if __name__ == "__main__":
    main()
