#!/usr/bin/python3
"""What has been made, changed and dropped by all doors in random order is, after a kill or a stop, what it was before: every system table, every
description, every row. OXBOW_SEED and OXBOW_TEST_SCALE as for the property tests."""
import json
import os
import random

import botocore.exceptions
from cassandra import DriverException, RequestExecutionException
from cassandra.protocol import ErrorMessage

import dynamodb
from cassandra_client import cluster_of
from dynamodb_streams import streams_client
from server import Server, wait_for

ROUNDS = 5 * int(os.environ.get("OXBOW_TEST_SCALE", "1"))
CHANGES = 120
TYPES = ("int", "text", "bigint", "uuid", "decimal", "list<int>", "set<text>", "map<text, int>", "frozen<list<text>>")
SCHEMA = ("keyspaces", "tables", "columns", "indexes", "views", "types", "functions", "aggregates", "dropped_columns")
HANDLER = "function handler(event) for _, r in ipairs(event.records) do if r.new then oxbow.put('seen', {id = tostring(r.lsn)}) end end end"


class World:
    """A server with clients of three doors, which are made anew with it."""

    def __init__(self, host, choose):
        self.host, self.choose, self.made = host, choose, 0

    def connect(self):
        self.cluster = cluster_of(self.host.cql, schema_event_refresh_window=-1)
        self.session = self.cluster.connect()
        self.aws = dynamodb.client(self.host.dynamodb)

    def number(self):
        self.made += 1
        return self.made

    def keyspace(self):
        return self.choose.choice(("ka", "\"Kb\""))

    def table(self):
        return f"{self.keyspace()}.{self.choose.choice(('ta', 'tb'))}"

    def column(self):
        return self.choose.choice(("va", "vb", "vc", "vd"))

    def document(self):
        return self.choose.choice(("alpha", "beta", "gamma"))


# --- changes: each may be refused, which is no less a part of it ----------------------------------------------------------


def cql(world, statement):
    try:
        world.session.execute(statement)
    except (ErrorMessage, RequestExecutionException, DriverException):
        pass


def change_keyspace(world):
    name = world.keyspace()
    cql(world, world.choose.choice((
        f"CREATE KEYSPACE {name} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': {world.choose.randint(1, 3)}}}",
        f"ALTER KEYSPACE {name} WITH durable_writes = {world.choose.choice(('true', 'false'))}")))
    if world.choose.random() < 0.1:
        cql(world, f"DROP KEYSPACE {name}")


def change_table(world):
    table, pick = world.table(), world.choose.choice
    columns = "".join(f", v{c} {pick(TYPES)}" for c in "ab")
    cql(world, pick((
        f"CREATE TABLE {table} (p int, c text, s int static{columns}, PRIMARY KEY (p, c)) WITH CLUSTERING ORDER BY (c {pick(('ASC', 'DESC'))}) "
        f"AND comment = 'n{world.number()}' AND default_time_to_live = {pick((0, 864000))}",
        f"CREATE TABLE {table} (p int PRIMARY KEY, n counter)", f"DROP TABLE {table}", f"DROP TABLE {table}", f"TRUNCATE {table}",
        f"ALTER TABLE {table} ADD {world.column()} {pick(TYPES)}", f"ALTER TABLE {table} DROP {world.column()}",
        f"ALTER TABLE {table} DROP {world.column()} USING TIMESTAMP 1000", f"ALTER TABLE {table} RENAME p TO p{world.number()}",
        f"ALTER TABLE {table} WITH gc_grace_seconds = {world.number()}")))


def change_dependent(world):
    table, keyspace, pick = world.table(), world.keyspace(), world.choose.choice
    name = f"{keyspace}.{pick(('na', 'nb'))}"
    cql(world, pick((
        f"CREATE INDEX {pick(('ia', 'ib'))} ON {table} ({world.column()})", f"DROP INDEX {keyspace}.{pick(('ia', 'ib'))}",
        f"CREATE MATERIALIZED VIEW {name} AS SELECT * FROM {table} WHERE p IS NOT NULL AND c IS NOT NULL PRIMARY KEY (c, p)",
        f"DROP MATERIALIZED VIEW {name}", f"CREATE TYPE {name} (a int, b text)", f"ALTER TYPE {name} ADD f{world.number()} int", f"DROP TYPE {name}",
        f"ALTER TYPE {name} RENAME a TO a{world.number()}",
        f"CREATE OR REPLACE FUNCTION {name}(x int, y int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return x + y + {world.number()}'",
        f"CREATE AGGREGATE {name}(int) SFUNC {pick(('na', 'nb'))} STYPE int INITCOND {world.number()}", f"DROP FUNCTION {name}", f"DROP AGGREGATE {name}")))


def change_rows(world):
    table, pick, k = world.table(), world.choose.choice, world.choose.randint(0, 5)
    cql(world, pick((
        f"INSERT INTO {table} (p, c, s) VALUES ({k}, 'c{world.choose.randint(0, 3)}', {world.number()})", f"UPDATE {table} SET n = n + 1 WHERE p = {k}",
        f"UPDATE {table} SET va = {world.number()} WHERE p = {k} AND c = 'c1'", f"UPDATE {table} SET vb = 'x{k}' WHERE p = {k} AND c = 'c2'",
        f"DELETE FROM {table} WHERE p = {k}", f"DELETE FROM {table} WHERE p = {k} AND c > 'c1'")))


def change_document_table(world):
    name, pick = world.document(), world.choose.choice
    keys = [{"AttributeName": "p", "KeyType": "HASH"}]
    index = {"IndexName": pick(("ga", "gb")), "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": pick(("ALL", "KEYS_ONLY"))}}
    text = [{"AttributeName": a, "AttributeType": "S"} for a in "pg"]
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}"
    operation, members = pick((
        ("create_table", dict(KeySchema=keys, AttributeDefinitions=text, BillingMode="PAY_PER_REQUEST", GlobalSecondaryIndexes=[index],
                              StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})),
        ("create_table", dict(KeySchema=keys, AttributeDefinitions=text[:1], ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": world.number()})),
        ("delete_table", {}), ("delete_table", {}), ("create_table", dict(KeySchema=keys, AttributeDefinitions=text[:1], BillingMode="PAY_PER_REQUEST")),
        ("update_table", dict(AttributeDefinitions=text, GlobalSecondaryIndexUpdates=[{"Create": index}])),
        ("update_table", dict(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": index["IndexName"]}}])),
        ("update_table", dict(StreamSpecification={"StreamEnabled": False})),
        ("update_table", dict(StreamSpecification={"StreamEnabled": True, "StreamViewType": pick(("NEW_IMAGE", "OLD_IMAGE"))})),
        ("update_table", dict(TableClass="STANDARD_INFREQUENT_ACCESS")),
        ("update_time_to_live", dict(TimeToLiveSpecification={"Enabled": pick((True, False)), "AttributeName": "x"})),
        ("update_continuous_backups", dict(PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})),
        ("create_backup", dict(BackupName=f"backup{world.number()}")),
        ("put_item", dict(Item={"p": {"S": pick("abcd")}, "g": {"S": pick("xy")}, "n": {"N": str(world.number())}})),
        ("delete_item", dict(Key={"p": {"S": pick("abcd")}})),
        ("tag_resource", dict(ResourceArn=arn, Tags=[{"Key": pick("ab"), "Value": str(world.number())}])),
        ("untag_resource", dict(ResourceArn=arn, TagKeys=[pick("ab")]))))
    if "ResourceArn" not in members:
        members["TableName"] = name
    try:
        getattr(world.aws, operation)(**members)
    except botocore.exceptions.ClientError:
        pass


def change_functions(world):
    name, pick = world.choose.choice(("fa", "fb")), world.choose.choice
    path = os.path.join(world.host.directory, "handler.lua")
    with open(path, "w") as file:
        file.write(f"{HANDLER} -- {world.number()}")
    world.host.run(*pick((["deploy", name, path], ["deploy", name, path, "--on", world.document()], ["functions", "unmap", name], ["functions", "delete", name],
                          ["table", "create", pick(("seen", "other")), "--partition", "id:text"], ["table", "drop", pick(("seen", "other"))])))


CHANGERS = (change_keyspace, change_table, change_table, change_dependent, change_rows, change_rows, change_document_table, change_document_table, change_functions)

# --- all that can be read -------------------------------------------------------------------------------------------------


def text_of(value):
    """A driver's value in one form, whatever order its maps and sets have."""
    if hasattr(value, "items"):
        return sorted((text_of(k), text_of(v)) for k, v in value.items())
    return str(sorted(value, key=str)) if isinstance(value, (set, frozenset)) else str(value)


def rows_of(world, statement):
    return sorted(str([text_of(value) for value in row]) for row in world.session.execute(statement))


def without(found, *names):
    return {name: value for name, value in found.items() if name not in ("ResponseMetadata", *names)}


def quiet(world):
    """No index is being filled, no backup made, and no function is behind: nothing changes by itself any more."""
    def is_quiet():
        described = [world.aws.describe_table(TableName=name)["Table"] for name in world.aws.list_tables()["TableNames"]]
        backups = world.aws.list_backups()["BackupSummaries"]
        return all(index["IndexStatus"] == "ACTIVE" for table in described for index in table.get("GlobalSecondaryIndexes", [])) and \
            all(backup["BackupStatus"] == "AVAILABLE" for backup in backups)
    wait_for("the indexes are active, and the backups made", is_quiet)


def everything(world):
    quiet(world)
    seen = {name: rows_of(world, f"SELECT * FROM system_schema.{name}") for name in SCHEMA}
    seen["describe"] = rows_of(world, "DESCRIBE FULL SCHEMA")
    for keyspace, table in world.session.execute("SELECT keyspace_name, table_name FROM system_schema.tables"):
        if not keyspace.startswith("system") and table != "seen":  # which functions may still be writing
            seen[keyspace, table] = rows_of(world, f'SELECT * FROM "{keyspace}"."{table}"')
    for name in world.aws.list_tables()["TableNames"]:
        table = world.aws.describe_table(TableName=name)["Table"]
        recovery = world.aws.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery.get("PointInTimeRecoveryDescription", {}).pop("LatestRestorableDateTime", None)
        seen[name] = (table, recovery, without(world.aws.describe_time_to_live(TableName=name)), without(world.aws.list_tags_of_resource(ResourceArn=table["TableArn"])),
                      sorted(map(str, world.aws.scan(TableName=name)["Items"])))
    for backup in world.aws.list_backups()["BackupSummaries"]:
        seen[backup["BackupArn"]] = (backup, without(world.aws.describe_backup(BackupArn=backup["BackupArn"])))
    seen["streams"] = sorted(map(str, streams_client(world.host.dynamodb).list_streams()["Streams"]))
    seen["tables"] = world.host.run("table", "list")[1]
    lines = [json.loads(line) for line in world.host.run("functions")[1].splitlines()]
    seen["functions"] = sorted(str([line.get(name) for name in ("name", "version", "table", "function")]) for line in lines)
    return seen


def main():
    seed = int(os.environ.get("OXBOW_SEED", "1"), 0)
    print(f"OXBOW_SEED={seed}", flush=True)
    with Server("--door-threads", "2") as host:
        world = World(host, random.Random(seed))
        world.connect()
        for number in range(ROUNDS):
            for _ in range(CHANGES):
                world.choose.choice(CHANGERS)(world)
            before = everything(world)
            world.cluster.shutdown()
            if world.choose.random() < 0.5:
                host.kill()
            else:
                host.stop()
            host.start()
            world.connect()
            after = everything(world)
            assert before.keys() == after.keys(), (number, sorted(map(str, before.keys() ^ after.keys())))
            for name in before:
                assert before[name] == after[name], (number, name, before[name], after[name])
        world.cluster.shutdown()
    print(f"{ROUNDS} restarts, and all was there as before")


if __name__ == "__main__":
    main()
