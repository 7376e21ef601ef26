#!/usr/bin/python3
"""Tables through the DynamoDB door with boto3: made, described, changed, tagged, deleted."""
import datetime
import re

from dynamodb import IN_USE, LIMIT, NOT_FOUND, VALIDATION, Wire, active, client, equal, fails, item, plain_item, run, table, values
from server import Server

INVALID = "One or more parameter values were invalid: "
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"


def shape(*keys, **members):
    """CreateTable's members for keys "name:TYPE"; extra definitions with a leading "+"."""
    own = [key for key in keys if not key.startswith("+")]
    members.setdefault("KeySchema", [{"AttributeName": key.split(":")[0], "KeyType": kind} for key, kind in zip(own, ("HASH", "RANGE"))])
    members.setdefault("AttributeDefinitions", [{"AttributeName": key.lstrip("+").split(":")[0], "AttributeType": key.split(":")[1]} for key in keys])
    members.setdefault("BillingMode", "PAY_PER_REQUEST")
    return {name: value for name, value in members.items() if value is not None}


def index(name, *keys, projection=None, **members):
    return {"IndexName": name, "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))], "Projection": {"ProjectionType": "ALL"} if projection is None else projection, **members}


def a_table_is_described(db, wire):
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=2)
    answer = db.create_table(TableName="full", **shape("p:S", "s:N", "+g:B", "+l:S"), Tags=[{"Key": "a", "Value": "b"}],
                             GlobalSecondaryIndexes=[index("gsi", "g", "p", projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]})], LocalSecondaryIndexes=[index("lsi", "p", "l", projection={"ProjectionType": "KEYS_ONLY"})],
                             StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, TableClass="STANDARD_INFREQUENT_ACCESS")["TableDescription"]
    found = active(db, "full")
    equal(answer["TableId"], found["TableId"])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", found["TableId"]), found
    equal((found["TableName"], found["TableStatus"], found["ItemCount"], found["TableSizeBytes"]), ("full", "ACTIVE", 0, 0))
    equal(found["KeySchema"], [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}])
    equal([(d["AttributeName"], d["AttributeType"]) for d in found["AttributeDefinitions"]], [("g", "B"), ("l", "S"), ("p", "S"), ("s", "N")], "by name")
    assert found["TableArn"].startswith("arn:aws:dynamodb:us-east-1:") and found["TableArn"].endswith(":table/full"), found["TableArn"]
    assert before <= found["CreationDateTime"] <= datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2), found["CreationDateTime"]
    equal(found["ProvisionedThroughput"], {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0})
    equal(found["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    gsi, lsi = found["GlobalSecondaryIndexes"][0], found["LocalSecondaryIndexes"][0]
    equal((gsi["IndexName"], gsi["IndexStatus"], gsi["Projection"], gsi["KeySchema"], gsi["IndexArn"], gsi["ItemCount"]),
          ("gsi", "ACTIVE", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]}, [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "p", "KeyType": "RANGE"}], found["TableArn"] + "/index/gsi", 0))
    equal((lsi["IndexName"], lsi["Projection"], lsi["IndexArn"], "IndexStatus" in lsi), ("lsi", {"ProjectionType": "KEYS_ONLY"}, found["TableArn"] + "/index/lsi", False))
    equal(found["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    equal(found["LatestStreamArn"], found["TableArn"] + "/stream/" + found["LatestStreamLabel"])
    equal(found["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS")
    db.put_item(TableName="full", Item=item(p="x", s=1, g=b"g"))
    found = db.describe_table(TableName="full")["Table"]
    equal((found["ItemCount"], found["GlobalSecondaryIndexes"][0]["ItemCount"], found["LocalSecondaryIndexes"][0]["ItemCount"]), (1, 1, 0))
    fails(IN_USE, "Table already exists: full", db.create_table, TableName="full", **shape("p:S"))
    fails(NOT_FOUND, "Requested resource not found: Table: nothing not found", db.describe_table, TableName="nothing")
    answer = db.delete_table(TableName="full")["TableDescription"]
    equal((answer["TableStatus"], answer["TableName"]), ("DELETING", "full"))
    fails(NOT_FOUND, "Requested resource not found: Table: full not found", db.delete_table, TableName="full")
    fails(NOT_FOUND, "Requested resource not found", db.get_item, TableName="full", Key=item(p="x", s=1))
    equal(table(db, "full", "p:S")["KeySchema"], [{"AttributeName": "p", "KeyType": "HASH"}], "the name is free again")
    equal(db.scan(TableName="full")["Items"], [], "and nothing of the old table is left")
    db.delete_table(TableName="full")


def tables_that_are_refused(db, wire):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    for members, words in (
            (shape("p:S", BillingMode=None), INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
            (shape("p:S", ProvisionedThroughput=units), INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"),
            (shape("p:S", BillingMode=None, ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}), "Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1"),
            (shape("p:S", BillingMode=None, ProvisionedThroughput={"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 1}), "Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
            (shape("p:S", "+x:S"), INVALID + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"),
            (shape("p:S", AttributeDefinitions=[{"AttributeName": "q", "AttributeType": "S"}]), ""),
            (shape("p:S", "p:S"), "Both the Hash Key and the Range Key element in the KeySchema have the same name"),
            (shape("p:S", KeySchema=[{"AttributeName": "p", "KeyType": "RANGE"}]), "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
            (shape("p:S", "s:S", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "HASH"}]), "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
            (shape("p:S", KeySchema=[]), "Member must have length greater than or equal to 1"), (shape("p:X"), "Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]"),
            (shape("p:S", LocalSecondaryIndexes=[index("lsi", "p", "l")]), "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"),
            (shape("p:S", "s:S", "+l:S", LocalSecondaryIndexes=[index("lsi", "l", "s")]), "Index KeySchema does not have the same leading hash key as table KeySchema for index: lsi. index hash key: l, table hash key: p"),
            (shape("p:S", "s:S", LocalSecondaryIndexes=[index("lsi", "p")]), "Index KeySchema does not have a range key for index: lsi"),
            (shape("p:S", "s:S", LocalSecondaryIndexes=[]), INVALID + "List of LocalSecondaryIndexes is empty"), (shape("p:S", GlobalSecondaryIndexes=[]), INVALID + "List of GlobalSecondaryIndexes is empty"),
            (shape("p:S", GlobalSecondaryIndexes=[index("gsi", "g")]), "Some index key attributes are not defined in AttributeDefinitions. Keys: [g], AttributeDefinitions: [p]"),
            (shape("p:S", "+g:S", "+h:S", GlobalSecondaryIndexes=[index("gsi", "g")]), "Some AttributeDefinitions are not used"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index("gsi", "g"), index("gsi", "g")]), INVALID + "Duplicate index name: gsi"),
            (shape("p:S", "s:S", "+g:S", GlobalSecondaryIndexes=[index("gsi", "g")], LocalSecondaryIndexes=[index("gsi", "p", "g")]), INVALID + "Duplicate index name: gsi"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index("gsi", "g", projection={})]), INVALID + "Unknown ProjectionType: null"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index("gsi", "g", projection={"ProjectionType": "INCLUDE"})]), INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index("gsi", "g", projection={"ProjectionType": "ALL", "NonKeyAttributes": ["x"]})]), INVALID + "ProjectionType is ALL, but NonKeyAttributes is specified"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index("g", "g")]), "Member must have length greater than or equal to 3"),
            (shape("p:S", "s:S", "+l:S", LocalSecondaryIndexes=[index(f"lsi{n}", "p", "l") for n in range(6)]), ""),
            (shape("p:S", StreamSpecification={"StreamEnabled": True}), ""), (shape("p:S", StreamSpecification={"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}), ""),
            (shape("p:S", "+g:S", BillingMode=None, ProvisionedThroughput=units, GlobalSecondaryIndexes=[index("gsi", "g")]), INVALID + "ProvisionedThroughput is not specified for index: gsi")):
        fails(VALIDATION, words, db.create_table, TableName="refused", **members)
    some = {"ProjectionType": "INCLUDE", "NonKeyAttributes": [f"a{n}" for n in range(17)]}
    for members, words in (
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index(f"gsi{n}", "g") for n in range(21)]), INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[index(f"gsi{n}", "g", projection=some) for n in range(6)]), "NonKeyAttributes"),
            (shape("p:S", "+g:S", GlobalSecondaryIndexes=[{**index("gsi", "g"), "ProvisionedThroughput": units}]), INVALID + "ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST"),
            (shape("p:S", "+g:S", BillingMode=None, ProvisionedThroughput=units, GlobalSecondaryIndexes=[{**index("gsi", "g"), "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1000000000001}}]),
             "Given value 1000000000001 for WriteCapacityUnits is out of bounds for index gsi")):
        fails(VALIDATION, words, db.create_table, TableName="refused", **members)
    for operation in ("DescribeTable", "DeleteTable"):  # the client refuses it itself
        wire.refused(operation, {"TableName": ""}, VALIDATION, "1 validation error detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1")
    for name, words in (("ab", "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"), ("a" * 256, "Member must have length less than or equal to 255"),
                        ("a b c", "Value 'a b c' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"), (None, "The parameter 'TableName' is required but was not present in the request")):
        wire.refused("CreateTable", {"TableName": name, **shape("p:S")}, VALIDATION, words)
        wire.refused("DescribeTable", {"TableName": name}, VALIDATION, words)
    assert "refused" not in db.list_tables()["TableNames"]
    table(db, "a" * 255, "p:S")
    table(db, "A.b-c_9", "p:S")
    for name in ("a" * 255, "A.b-c_9"):
        db.delete_table(TableName=name)


def tables_are_listed(db, wire):
    there = set(db.list_tables()["TableNames"])
    names = [f"list-{n:02}" for n in range(12)]
    for name in names:
        db.create_table(TableName=name, **shape("p:S"))
    whole = db.list_tables()["TableNames"]
    equal(whole, sorted(there | set(names)))
    for limit in (1, 5, 100):
        found, start = [], {}
        while True:
            answer = db.list_tables(Limit=limit, **start)
            found += answer["TableNames"]
            assert len(answer["TableNames"]) <= limit
            if "LastEvaluatedTableName" not in answer:
                break
            equal(answer["LastEvaluatedTableName"], answer["TableNames"][-1])
            start = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}
        equal(found, whole)
    equal(db.list_tables(ExclusiveStartTableName="list-05x", Limit=2)["TableNames"], ["list-06", "list-07"])
    for limit in (0, 101):
        fails(VALIDATION, f"Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value", db.list_tables, Limit=limit)
    for name in names:
        db.delete_table(TableName=name)


def tables_change(db, wire):
    units = lambda read, write: {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    db.create_table(TableName="change", **shape("p:S", BillingMode="PROVISIONED", ProvisionedThroughput=units(5, 6)))
    found = active(db, "change")
    equal((found["ProvisionedThroughput"]["ReadCapacityUnits"], found["ProvisionedThroughput"]["WriteCapacityUnits"]), (5, 6))
    equal("BillingModeSummary" in found, False, "it was never billed by request")
    db.update_table(TableName="change", ProvisionedThroughput=units(3, 10))
    found = active(db, "change")["ProvisionedThroughput"]
    equal((found["ReadCapacityUnits"], found["WriteCapacityUnits"], found["NumberOfDecreasesToday"]), (3, 10, 1))
    fails(VALIDATION, "The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: 3. Requested ReadCapacityUnits: 3. Current WriteCapacityUnits "
          "provisioned for the table: 10. Requested WriteCapacityUnits: 10. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.", db.update_table, TableName="change", ProvisionedThroughput=units(3, 10))
    for region, words in (("us-east-1", "Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required."), ("eu-west-1", "not supported by this server")):
        wire.refused("UpdateTable", {"TableName": "change", "ReplicaUpdates": [{"Create": {"RegionName": region}}]}, VALIDATION, words)
    fails(VALIDATION, "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
          "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required", db.update_table, TableName="change")
    fails(VALIDATION, "The provisioned throughput for the table will not change.", db.update_table, TableName="change", BillingMode="PROVISIONED", ProvisionedThroughput=units(3, 10))
    fails(VALIDATION, INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED", db.update_table, TableName="change", BillingMode="PROVISIONED")
    wire.refused("UpdateTable", {"TableName": "change", "OnDemandThroughput": {"MaxWriteRequestUnits": 9}}, VALIDATION, INVALID + "MaxWriteRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED")
    db.update_table(TableName="change", BillingMode="PAY_PER_REQUEST")
    found = active(db, "change")
    equal((found["BillingModeSummary"]["BillingMode"], found["ProvisionedThroughput"]["ReadCapacityUnits"]), ("PAY_PER_REQUEST", 0))
    assert "LastUpdateToPayPerRequestDateTime" in found["BillingModeSummary"], found
    fails(VALIDATION, INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED", db.update_table, TableName="change", BillingMode="PROVISIONED")
    fails(VALIDATION, INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST", db.update_table, TableName="change", ProvisionedThroughput=units(1, 1))
    fails(NOT_FOUND, "Requested resource not found: Table: nothing not found", db.update_table, TableName="nothing", BillingMode="PAY_PER_REQUEST")
    fails(NOT_FOUND, "Requested resource not found: Index none for table change", db.update_table, TableName="change", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "none"}}])
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in "ghi"]
    create = lambda name: {"Create": index(name + name + name, name)}
    fails(LIMIT, "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table", db.update_table, TableName="change", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[create("g"), create("h")])
    fails(VALIDATION, INVALID + "AttributeDefinitions is not specified for index: ppp", db.update_table, TableName="change", GlobalSecondaryIndexUpdates=[create("p")])
    fails(VALIDATION, "Some index key attributes are not defined in AttributeDefinitions. Keys: [p]", db.update_table, TableName="change", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[create("p")])
    fails(VALIDATION, "Some index key attributes are not defined in AttributeDefinitions. Keys: [z]", db.update_table, TableName="change", AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[create("z")])
    db.update_table(TableName="change", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    label = active(db, "change")["LatestStreamLabel"]
    fails(VALIDATION, "Table already has an enabled stream", db.update_table, TableName="change", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    db.update_table(TableName="change", StreamSpecification={"StreamEnabled": False})
    found = active(db, "change")
    equal((found["LatestStreamLabel"], "StreamSpecification" in found), (label, False), "a stream that was ended is still told")
    db.delete_table(TableName="change")


def updates_are_judged(db, wire):
    units = lambda read, write: {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    update = lambda read, write, name="gsi": {"Update": {"IndexName": name, "ProvisionedThroughput": units(read, write)}}
    for name in ("judged", "nothing"):  # what a request says by itself comes before the table
        for members, words in (
                ({}, "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled"), ({"GlobalSecondaryIndexUpdates": []}, "At least one of ProvisionedThroughput"),
                ({"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": units(1, 1)}, INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"),
                ({"ProvisionedThroughput": units(1, 1000000000001)}, "Given value 1000000000001 for WriteCapacityUnits is out of bounds"), ({"GlobalSecondaryIndexUpdates": [update(1000000000001, 1)]}, "Given value 1000000000001 for ReadCapacityUnits is out of bounds for index gsi"),
                ({"GlobalSecondaryIndexUpdates": [{}]}, "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null"),
                ({"GlobalSecondaryIndexUpdates": [update(1, 2), update(2, 3)]}, INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: gsi"),
                ({"GlobalSecondaryIndexUpdates": [update(1, 2), {"Delete": {"IndexName": "gsi"}}]}, INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: gsi"),
                ({"GlobalSecondaryIndexUpdates": [{**update(1, 2), "Delete": {"IndexName": "gsi"}}]}, INVALID + "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"),
                ({"GlobalSecondaryIndexUpdates": [], "BillingMode": "PAY_PER_REQUEST"}, INVALID + "List of GlobalSecondaryIndexUpdates is empty"),
                ({"StreamSpecification": {"StreamEnabled": True}}, INVALID + "If stream is being enabled then UpdateViewType is required"),
                ({"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}}, INVALID + "If stream is being disabled, then UpdateViewType must not be specified")):
            fails(VALIDATION, words, db.update_table, TableName=name, **members)
    wire.ask("CreateTable", {"TableName": "judged", **shape("p:S", "+g:S", GlobalSecondaryIndexes=[{**index("gsi", "g"), "OnDemandThroughput": {"MaxReadRequestUnits": 9}}], OnDemandThroughput={"MaxReadRequestUnits": 9})})
    equal(active(db, "judged")["TableStatus"], "ACTIVE")
    ask = {"TableName": "judged", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units(5, 5)}
    wire.refused("UpdateTable", ask, VALIDATION, INVALID + "ProvisionedThroughput must be specified for index: gsi")
    wire.ask("UpdateTable", {**ask, "GlobalSecondaryIndexUpdates": [update(3, 4)]})
    found = wire.ask("DescribeTable", {"TableName": "judged"})["Table"]
    for one, read in ((found, 5), (found["GlobalSecondaryIndexes"][0], 3)):
        equal(("OnDemandThroughput" in one, one["ProvisionedThroughput"]["ReadCapacityUnits"]), (False, read))
    fails(VALIDATION, "The provisioned throughput for the index gsi will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for index gsi: 3. Requested ReadCapacityUnits: 3. Current WriteCapacityUnits "
          "provisioned for index gsi: 4. Requested WriteCapacityUnits: 4. Refer to the", db.update_table, TableName="judged", GlobalSecondaryIndexUpdates=[update(3, 4)])
    db.delete_table(TableName="judged")


def changes_that_go_alone(db, wire):
    units, stream = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    sse, more, warm = {"Enabled": True, "SSEType": "KMS"}, {"MaxReadRequestUnits": 9}, {"ReadUnitsPerSecond": 13000}
    create, drop = [{"Create": index("new", "g")}], [{"Delete": {"IndexName": "gsi"}}]
    alone = "%s modification must be the only operation in the request"
    for members, words in (
            ({"SSESpecification": sse, "TableClass": "STANDARD"}, alone % "Server-Side Encryption"), ({"TableClass": "STANDARD", "DeletionProtectionEnabled": True}, alone % "TableClass"),
            ({"DeletionProtectionEnabled": True, "WarmThroughput": warm}, alone % "DeletionProtection"), ({"DeletionProtectionEnabled": True, "BillingMode": "PAY_PER_REQUEST"}, alone % "DeletionProtection"),
            ({"DeletionProtectionEnabled": True, "GlobalSecondaryIndexUpdates": create}, alone % "DeletionProtection"), ({"DeletionProtectionEnabled": True, "OnDemandThroughput": more}, alone % "DeletionProtection"),
            ({"OnDemandThroughput": more, "WarmThroughput": warm}, "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
            ({"OnDemandThroughput": more, "StreamSpecification": stream}, "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
            ({"WarmThroughput": warm, "StreamSpecification": stream}, "WarmThroughput must be the only operation in the request"),
            ({"WarmThroughput": warm, "GlobalSecondaryIndexUpdates": create}, "Create global secondary index cannot be specified when updating WarmThroughput"),
            ({"StreamSpecification": stream, "ProvisionedThroughput": units}, "You cannot modify stream status while updating table IOPS"),
            ({"StreamSpecification": stream, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units}, "You cannot modify stream status while updating table IOPS"),
            ({"GlobalSecondaryIndexUpdates": drop, "ProvisionedThroughput": units}, "You cannot create or delete index while updating table IOPS"),
            ({"GlobalSecondaryIndexUpdates": create, "StreamSpecification": stream}, "You cannot create or delete index while changing stream status")):
        wire.refused("UpdateTable", {"TableName": "alone", **members}, VALIDATION, INVALID + words)
    table(db, "alone", "p:S")
    wire.ask("UpdateTable", {"TableName": "alone", "BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": more})
    found = wire.ask("UpdateTable", {"TableName": "alone", "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": stream})["TableDescription"]
    equal((found["OnDemandThroughput"], found["StreamSpecification"]), (more, stream))
    found = wire.ask("UpdateTable", {"TableName": "alone", "OnDemandThroughput": {"MaxReadRequestUnits": -1}})["TableDescription"]
    equal("OnDemandThroughput" in found, False, "-1 takes a maximum away")
    db.delete_table(TableName="alone")


def definitions_that_are_refused(db, wire):
    keys = lambda *parts: [{"AttributeName": name, "KeyType": kind} for name, kind in parts]
    gsi = lambda schema, projection=None: [{"IndexName": "gsi", "KeySchema": schema, "Projection": projection or {"ProjectionType": "ALL"}}]
    five = [(name, "HASH") for name in "abcde"]
    for members, words in (
            (shape("p:S", AttributeDefinitions=[{"AttributeName": "p", "AttributeType": kind} for kind in "SN"]), "Attribute Name is duplicated: p"),
            (shape("p:S", "+a:S", "+b:S", KeySchema=keys(("p", "HASH"), ("a", "RANGE"), ("b", "RANGE"))), "1 validation error detected: Value '[KeySchemaElement(attributeName=p, keyType=HASH), KeySchemaElement(attributeName=a, keyType=RANGE), "
             "KeySchemaElement(attributeName=b, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"),
            (shape("p:S", *[f"+{name}:S" for name in "abcde"], GlobalSecondaryIndexes=gsi(keys(*five))), INVALID + "The KeySchema exceeds the maximum allowed number of HASH key attributes"),
            (shape("p:S", *[f"+{name}:S" for name in "abcde"], GlobalSecondaryIndexes=gsi(keys(("p", "HASH"), *[(name, "RANGE") for name in "abcde"]))), INVALID + "The KeySchema exceeds the maximum allowed number of RANGE key attributes"),
            (shape("p:S", "+a:S", "+b:S", GlobalSecondaryIndexes=gsi(keys(("p", "HASH"), ("a", "RANGE"), ("b", "HASH")))), INVALID + "All HASH key attributes must precede RANGE key attributes in the KeySchema"),
            (shape("p:S", "+a:S", GlobalSecondaryIndexes=gsi(keys(("a", "HASH"), ("p", "HASH"), ("a", "RANGE")))), "The KeySchema contains multiple key attributes with the same name"),
            (shape("p:S", "+a:S", GlobalSecondaryIndexes=gsi(keys(("a", "HASH")), {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y", "x"]})), INVALID + "Duplicate element in NonKeyAttributes: x"),
            (shape("p:S", "+a:S", "+z:S", GlobalSecondaryIndexes=gsi(keys(("a", "HASH")), {"ProjectionType": "ALL", "NonKeyAttributes": ["x"]})), INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [p, a, z], keys used: [p, a]"),
            (shape("p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": ""}), "Member must satisfy enum value set: [OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE]"),
            (shape("p:S", StreamSpecification={"StreamEnabled": True}), INVALID + "Table is being created with a stream enabled, UpdateViewType is required"),
            (shape("p:S", StreamSpecification={"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}), INVALID + "Table is being created with a stream disabled, UpdateViewType should not be specified"),
            (shape("p:S", Tags=[{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]), "Duplicate Tag Keys provided as input: Duplicate Tag Key found a"),
            (shape("p:S", Tags=[{"Key": "aws:a", "Value": "b"}]), "Tag Key cannot be prefixed with aws:, Key: aws:a"), (shape("p:S", Tags=[{"Key": "a,b", "Value": "b"}]), "The Tag Key provided is invalid, Key: a,b"),
            (shape("p:S", Tags=[{"Key": "a", "Value": "100%"}]), "The Tag Value provided is invalid, Value: 100%")):
        wire.refused("CreateTable", {"TableName": "refused", **members}, VALIDATION, words)
    made = wire.ask("CreateTable", {"TableName": "refused", **shape("p:S")})["TableDescription"]
    equal((made["BillingModeSummary"], "WarmThroughput" in made), ({"BillingMode": "PAY_PER_REQUEST"}, False), "a table that is being made")
    found = active(db, "refused")
    equal(("LastUpdateToPayPerRequestDateTime" in found["BillingModeSummary"]), True)
    db.delete_table(TableName="refused")


def indexes_that_may_not_change(db, wire):
    table(db, "fixed", "p:S", "n:N", globals=[("gsi", ["g:S"], "ALL")], locals=[("lsi", ["p:S", "l:S"], "ALL")])
    for kind, words, change in ((VALIDATION, "Cannot delete an index that is not a GlobalSecondaryIndex: lsi", {"Delete": {"IndexName": "lsi"}}),
                                (VALIDATION, "Cannot update an index that is not a GlobalSecondaryIndex: lsi", {"Update": {"IndexName": "lsi", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}),
                                (NOT_FOUND, "Requested resource not found: Index none for table fixed", {"Delete": {"IndexName": "none"}})):
        fails(kind, words, db.update_table, TableName="fixed", GlobalSecondaryIndexUpdates=[change])
    wire.refused("UpdateTable", {"TableName": "fixed", "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "gsi"}}]}, VALIDATION, INVALID + "The only Updates for index: gsi when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput")
    fails(VALIDATION, INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: gsi when BillingMode is PAY_PER_REQUEST", db.update_table, TableName="fixed",
          GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}])
    for attribute, kind in (("g", "N"), ("p", "N"), ("l", "B")):
        fails(VALIDATION, INVALID, db.update_table, TableName="fixed", AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": kind}], GlobalSecondaryIndexUpdates=[{"Create": index("new", attribute)}])
    found = db.describe_table(TableName="fixed")["Table"]
    equal(([i["IndexName"] for i in found["GlobalSecondaryIndexes"]], [i["IndexName"] for i in found["LocalSecondaryIndexes"]]), (["gsi"], ["lsi"]))
    db.delete_table(TableName="fixed")


def a_table_may_be_protected(db, wire):
    wire.ask("CreateTable", {"TableName": "kept", **shape("p:S", DeletionProtectionEnabled=True)})
    equal(wire.ask("DescribeTable", {"TableName": "kept"})["Table"]["DeletionProtectionEnabled"], True)
    fails(VALIDATION, "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.", db.delete_table, TableName="kept")
    equal(wire.ask("UpdateTable", {"TableName": "kept", "DeletionProtectionEnabled": False})["TableDescription"]["DeletionProtectionEnabled"], False)
    db.delete_table(TableName="kept")


def members_that_are_newer(db, wire):
    """On-demand limits, warm throughput and indexes of several attributes: the installed SDK knows none of them."""
    wire.ask("CreateTable", {"TableName": "newer", **shape("p:S", "+a:S", "+b:N", "+c:S", OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20}, GlobalSecondaryIndexes=[{
        "IndexName": "multi", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "HASH"}, {"AttributeName": "c", "KeyType": "RANGE"}]}])})
    active(db, "newer")
    found = wire.ask("DescribeTable", {"TableName": "newer"})["Table"]
    equal(found["OnDemandThroughput"], {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    equal(found["WarmThroughput"]["Status"], "ACTIVE")
    for n in range(4):
        db.put_item(TableName="newer", Item=item(p=str(n), a="x", b=n % 2, c=f"c{n}"))
    db.put_item(TableName="newer", Item=item(p="sparse", a="x", c="c"))
    answer = wire.ask("Query", {"TableName": "newer", "IndexName": "multi", "KeyConditionExpression": "a = :a AND b = :b AND c > :c", "ExpressionAttributeValues": values(a="x", b=1, c="c1")})
    equal([plain_item(one) for one in answer["Items"]], [{"p": "3", "a": "x", "b": 1, "c": "c3"}])
    old = {name: {"ComparisonOperator": operator, "AttributeValueList": [value]} for (name, value), operator in zip(values(a="x", b=1, c="c1").items(), ("EQ", "EQ", "GT"))}
    equal(wire.ask("Query", {"TableName": "newer", "IndexName": "multi", "KeyConditions": {name.lstrip(":"): one for name, one in old.items()}})["Items"], answer["Items"], "conditions of the old kind")
    wire.refused("Query", {"TableName": "newer", "IndexName": "multi", "KeyConditionExpression": "a = :a", "ExpressionAttributeValues": values(a="x")}, VALIDATION, "Query condition missed key schema element: b")
    found = wire.ask("UpdateTable", {"TableName": "newer", "WarmThroughput": {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000}})["TableDescription"]
    warm = {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"}
    equal((found["TableStatus"], found["WarmThroughput"]), ("UPDATING", {**warm, "Status": "UPDATING"}))
    equal([found["GlobalSecondaryIndexes"][0][name] for name in ("IndexStatus", "WarmThroughput")], ["ACTIVE", {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}])
    equal(wire.ask("DescribeTable", {"TableName": "newer"})["Table"]["WarmThroughput"], warm)
    wire.ask("UpdateTable", {"TableName": "newer", "WarmThroughput": {"ReadUnitsPerSecond": 14000}})
    found = wire.ask("UpdateTable", {"TableName": "newer", "OnDemandThroughput": {"MaxReadRequestUnits": 11}})["TableDescription"]
    equal((found["WarmThroughput"], found["OnDemandThroughput"]), ({**warm, "ReadUnitsPerSecond": 14000}, {"MaxReadRequestUnits": 11, "MaxWriteRequestUnits": 20}))
    lower = "Requested WriteUnitsPerSecond for WarmThroughput for %s is lower than current WarmThroughput, decreasing WarmThroughput is not supported"
    multi = lambda **given: [{"Update": {"IndexName": "multi", **given}}]
    for change, status in ((multi(WarmThroughput={"ReadUnitsPerSecond": 13000}), "UPDATING"), (multi(OnDemandThroughput={"MaxReadRequestUnits": 5}), "ACTIVE")):
        found = wire.ask("UpdateTable", {"TableName": "newer", "GlobalSecondaryIndexUpdates": change})["TableDescription"]
        [changed] = found["GlobalSecondaryIndexes"]
        equal((changed["IndexStatus"], changed["WarmThroughput"]["Status"], found["WarmThroughput"]["Status"]), ("UPDATING", status, "ACTIVE"))
        equal(wire.ask("DescribeTable", {"TableName": "newer"})["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE")
    for members, words in (({"WarmThroughput": {"WriteUnitsPerSecond": 4999}}, lower % "table"), ({"WarmThroughput": {}}, "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified"),
                           ({"GlobalSecondaryIndexUpdates": multi(WarmThroughput={"WriteUnitsPerSecond": 3999})}, lower % "index multi"),
                           ({"OnDemandThroughput": {}}, "must be specified in OnDemandThroughput"), ({"OnDemandThroughput": {"MaxReadRequestUnits": 0}}, "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"),
                           ({"GlobalSecondaryIndexUpdates": multi(OnDemandThroughput={"MaxWriteRequestUnits": -2})}, "Requested MaxWriteRequestUnits for OnDemandThroughput for index : multi is outside of valid range")):
        wire.refused("UpdateTable", {"TableName": "newer", **members}, VALIDATION, words)
    provisioned = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}
    for members, words in (({"WarmThroughput": {"WriteUnitsPerSecond": 3999}}, INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. See: https://docs.aws.amazon.com/"),
                           ({"OnDemandThroughput": {"MaxReadRequestUnits": 9, "MaxWriteRequestUnits": -1}}, "Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"),
                           ({**provisioned, "WarmThroughput": {"WriteUnitsPerSecond": 4}}, INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of ProvisionedThroughput"),
                           ({**provisioned, "OnDemandThroughput": {"MaxReadRequestUnits": 9}}, INVALID + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.")):
        wire.refused("CreateTable", {"TableName": "newest", **shape("p:S", **members)}, VALIDATION, words)
    db.delete_table(TableName="newer")
    nothing = {"WarmThroughput": {}, "OnDemandThroughput": {}}  # says nothing, and is overlooked
    found = wire.ask("CreateTable", {"TableName": "newer", **shape("p:S", "+g:S", GlobalSecondaryIndexes=[{**index("gsi", "g"), **nothing}], **nothing)})["TableDescription"]
    equal(("OnDemandThroughput" in found, "OnDemandThroughput" in found["GlobalSecondaryIndexes"][0]), (False, False))
    wire.ask("UpdateTable", {"TableName": "newer", "DeletionProtectionEnabled": False, **nothing})
    db.delete_table(TableName="newer")


def encryption_is_with_kms(db, wire):
    for given, words in (({"Enabled": True, "SSEType": "AES256"}, "SSEType AES256 is not supported"), ({"Enabled": True, "KMSMasterKeyId": "k"}, "SSEType KMS is required if KMSMasterKeyId is specified"),
                         ({"Enabled": False, "KMSMasterKeyId": "k"}, "KMSMasterKeyId can not be specified if Enabled is false"), ({"Enabled": False, "SSEType": "KMS"}, "SSEType can not be specified if Enabled is false")):
        wire.refused("CreateTable", {"TableName": "sealed", **shape("p:S", SSESpecification=given)}, VALIDATION, words)
    made = wire.ask("CreateTable", {"TableName": "sealed", **shape("p:S", SSESpecification={"SSEType": "KMS", "KMSMasterKeyId": "k"})})
    keyed = lambda status, key: {"Status": status, "SSEType": "KMS", "KMSMasterKeyArn": f"arn:aws:kms:us-east-1:000000000000:{key}"}
    equal(made["TableDescription"]["SSEDescription"], keyed("ENABLED", "key/k"))
    update = lambda **given: wire.ask("UpdateTable", {"TableName": "sealed", "SSESpecification": given})["TableDescription"]
    refused = lambda words, **given: wire.refused("UpdateTable", {"TableName": "sealed", "SSESpecification": given}, VALIDATION, words)
    shown = lambda: wire.ask("DescribeTable", {"TableName": "sealed"})["Table"].get("SSEDescription")
    refused("AES256", Enabled=True, SSEType="AES256")
    changed = update(Enabled=False)  # a table is ACTIVE while it is encrypted anew, and the answer has what was
    equal((changed["TableStatus"], changed["SSEDescription"], shown()), ("ACTIVE", keyed("UPDATING", "key/k"), None))
    for given in ({"Enabled": False}, {}):
        refused("One or more parameter values were invalid: Table is already encrypted by default", **given)
    equal((update(Enabled=True)["SSEDescription"], shown()), ({"Status": "UPDATING"}, keyed("ENABLED", "alias/aws/dynamodb")))
    equal((update(Enabled=True, SSEType="KMS", KMSMasterKeyId="alias/own")["SSEDescription"], shown()), (keyed("UPDATING", "alias/aws/dynamodb"), keyed("ENABLED", "alias/own")))
    equal(update(Enabled=True, SSEType="KMS", KMSMasterKeyId="alias/own")["TableStatus"], "ACTIVE", "told by an alias, it is done again")
    refused("Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key", Enabled=True, SSEType="KMS", KMSMasterKeyId=keyed("", "alias/own")["KMSMasterKeyArn"])
    db.delete_table(TableName="sealed")


def a_name_may_be_an_arn(db, wire):
    arn = table(db, "named", "p:S", globals=[("gsi", ["g:S"], "ALL")])["TableArn"]
    name = {"TableName": arn}
    wire.ask("PutItem", {**name, "Item": item(p="x", g="y")})
    equal(wire.ask("GetItem", {**name, "Key": item(p="x")})["Item"], item(p="x", g="y"))
    wire.ask("UpdateItem", {**name, "Key": item(p="x"), "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": values(a=1)})
    equal(wire.ask("Query", {**name, "IndexName": "gsi", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": values(g="y")})["Count"], 1)
    equal(wire.ask("Scan", name)["Count"], 1)
    equal(list(wire.ask("BatchGetItem", {"RequestItems": {arn: {"Keys": [item(p="x")]}}})["Responses"]), [arn])
    for operation, members in (("GetItem", {"Key": item(p="x")}), ("Scan", {}), ("PutItem", {"Item": item(p="x", g="y", a=1)}),
                               ("Query", {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": values(p="x")})):
        equal(wire.ask(operation, {**name, **members, "ReturnConsumedCapacity": "TOTAL"})["ConsumedCapacity"]["TableName"], arn, operation)
    wire.ask("BatchWriteItem", {"RequestItems": {arn: [{"PutRequest": {"Item": item(p="b")}}]}})
    wire.ask("TransactWriteItems", {"TransactItems": [{"Delete": {**name, "Key": item(p="b")}}]})
    found = wire.ask("TransactGetItems", {"TransactItems": [{"Get": {**name, "Key": item(p="x")}}], "ReturnConsumedCapacity": "TOTAL"})
    equal((found["Responses"][0]["Item"], found["ConsumedCapacity"][0]["TableName"]), (item(p="x", g="y", a=1), arn))
    done = wire.ask("TransactWriteItems", {"TransactItems": [{"Put": {**name, "Item": item(p="t")}}], "ReturnConsumedCapacity": "TOTAL"})
    equal(done["ConsumedCapacity"][0]["TableName"], arn)
    twice = "Provided list of item keys contains duplicates"
    wire.refused("BatchGetItem", {"RequestItems": {name: {"Keys": [item(p="x")]} for name in (arn, "named")}}, VALIDATION, twice)
    wire.refused("BatchWriteItem", {"RequestItems": {name: [{"PutRequest": {"Item": item(p="x")}}] for name in (arn, "named")}}, VALIDATION, twice)
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    equal(wire.ask("GetItem", {"TableName": arn.replace("000000000000", "123456789012"), "Key": item(p="x")})["Item"], item(p="x", g="y", a=1), "any account's")
    for other in (arn + "/index/gsi", arn + "/stream/2020-01-01T00:00:00.000", arn.replace(":table/", ":tables/"), "arn:aws:dynamodb:us-east-1", arn.replace("dynamodb", "s3"), arn.removesuffix("named"), elsewhere):
        words = f"1 validation error detected: Invalid AWS region in '{other}'" if other == elsewhere else "Invalid TableArn: Invalid ResourceArn provided as input " + other
        for operation, members in (("GetItem", {"Key": item(p="x")}), ("PutItem", {"Item": item(p="x")}), ("Scan", {}), ("DescribeTable", {}),
                                   ("DeleteTable", {}), ("DescribeTimeToLive", {}), ("DescribeContinuousBackups", {}), ("CreateBackup", {"BackupName": "named"}), ("UpdateTable", {"TableClass": "STANDARD"})):
            wire.refused(operation, {"TableName": other, **members}, VALIDATION, words)
        wire.refused("BatchGetItem", {"RequestItems": {other: {"Keys": [item(p="x")]}}}, VALIDATION, words)
        wire.refused("BatchWriteItem", {"RequestItems": {other: [{"PutRequest": {"Item": item(p="x")}}]}}, VALIDATION, words)
        wire.refused("TransactWriteItems", {"TransactItems": [{"Delete": {"TableName": other, "Key": item(p="x")}}]}, VALIDATION, words)
    equal(wire.ask("DescribeTable", name)["Table"]["TableName"], "named")
    wire.ask("UpdateTable", {**name, "TableClass": "STANDARD_INFREQUENT_ACCESS"})
    wire.ask("DeleteItem", {**name, "Key": item(p="x")})
    wire.ask("DeleteTable", name)
    wire.refused("GetItem", {**name, "Key": item(p="x")}, NOT_FOUND, "Requested resource not found")


def what_is_newer_is_not_overlooked(db, wire):
    vector = [{"IndexName": "vec", "VectorAttribute": {"AttributeName": "v"}, "Dimensions": 3, "DistanceFunction": "COSINE", "Projection": {"ProjectionType": "ALL"}}]
    new = shape("p:S", VectorIndexes=vector)
    restore = {"SourceTableName": "vectors", "TargetTableName": "other", "UseLatestRestorableTime": True}
    for operation, given, member in (("CreateTable", {"TableName": "vectors", **new}, "VectorIndexes"), ("UpdateTable", {"TableName": "vectors", "VectorIndexUpdates": [{"Create": vector[0]}]}, "VectorIndexUpdates"),
                                     ("ImportTable", {"InputFormat": "ION", "S3BucketSource": {"S3Bucket": "bucket"}, "TableCreationParameters": {"TableName": "vectors", **new}}, "VectorIndexes"),
                                     ("RestoreTableToPointInTime", {**restore, "VectorIndexOverride": vector}, "VectorIndexOverride"),
                                     ("ExportTableToPointInTime", {"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/vectors", "S3Bucket": "bucket", "FilterSpecification": {"FilterExpression": "a = :a"}}, "FilterSpecification")):
        wire.refused(operation, given, VALIDATION, f"{member} is not supported by this server")
    wire.ask("CreateTable", {"TableName": "vectors", **shape("p:S", VectorIndexes=[])})
    db.delete_table(TableName="vectors")


def tags_are_kept(db, wire):
    arn = table(db, "tagged", "p:S", Tags=[{"Key": "made", "Value": "with"}])["TableArn"]
    tags = lambda: {tag["Key"]: tag["Value"] for tag in db.list_tags_of_resource(ResourceArn=arn)["Tags"]}
    equal(tags(), {"made": "with"})
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "empty", "Value": ""}])
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    equal(tags(), {"made": "with", "a": "2", "empty": ""})
    db.untag_resource(ResourceArn=arn, TagKeys=["made", "nothing"])
    equal(tags(), {"a": "2", "empty": ""})
    fails(VALIDATION, "", db.tag_resource, ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": "v"}])
    fails(VALIDATION, "Atleast one Tag needs to be provided as Input.", db.tag_resource, ResourceArn=arn, Tags=[])
    fails(VALIDATION, "Atleast one Tag Key needs to be provided as Input.", db.untag_resource, ResourceArn=arn, TagKeys=[])
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(51)]
    exceed = "Number of Tags exceed the current limit for the provided ResourceArn"
    fails(VALIDATION, exceed, db.tag_resource, ResourceArn=arn, Tags=many)
    fails(VALIDATION, exceed, db.tag_resource, ResourceArn=arn, Tags=many[:49])
    wire.refused("CreateTable", {"TableName": "many.tags", **shape("p:S", Tags=many)}, VALIDATION, exceed)
    key, value = "The Tag Key provided is invalid, Key: ", "The Tag Value provided is invalid, Value: "
    for tags_, words in (([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "Duplicate Tag Keys provided as input: Duplicate Tag Key found a"), ([{"Key": "k" * 129, "Value": "v"}], key + "k" * 129), ([{"Key": "k", "Value": "v" * 257}], value + "v" * 257),
                         ([{"Key": "", "Value": "v"}], key), ([{"Value": "v"}], key + "null"), ([{"Key": "k"}], value + "null"), ([{"Key": "good", "Value": "v"}, {"Key": "aws:zzz", "Value": "v"}], "Tag Key cannot be prefixed with aws:, Key: aws:zzz"),
                         ([{"Key": "k!", "Value": "v"}], key + "k!"), ([{"Key": "k", "Value": "v*"}], value + "v*"), ([{"Key": "k\u0001", "Value": "v"}], key), ([{"Key": "k", "Value": '"v"'}], value + '"v"')):
        fails(VALIDATION, words, db.tag_resource, ResourceArn=arn, Tags=tags_)
    for keys, words in (([""], key), (["k" * 129], key + "k" * 129), ([f"k{n}" for n in range(51)], exceed)):
        fails(VALIDATION, words, db.untag_resource, ResourceArn=arn, TagKeys=keys)
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "\u043a" * 128, "Value": "\u00e9" * 256}])
    db.untag_resource(ResourceArn=arn, TagKeys=["\u043a" * 128])
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "\u043a 1+-=._:/@", "Value": "\u00e9 2+-=._:/@"}])
    db.untag_resource(ResourceArn=arn, TagKeys=["\u043a 1+-=._:/@"])
    for other, words in (("tagged", "ARNs must start with 'arn:': tagged"), (arn.replace("dynamodb", "s3"), "Provided Arn is not a DynamoDB resource arn: " + arn.replace("dynamodb", "s3")),
                         (arn + "/index/gsi", "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: " + arn + "/index/gsi")):
        fails(VALIDATION, INVALID + words, db.list_tags_of_resource, ResourceArn=other)
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    fails(VALIDATION, "Invalid TableArn: Invalid ResourceArn provided as input " + elsewhere, db.list_tags_of_resource, ResourceArn=elsewhere)
    fails(NOT_FOUND, f"Requested resource not found: ResourceArn: {arn}x not found", db.list_tags_of_resource, ResourceArn=arn + "x")
    equal(tags(), {"a": "2", "empty": ""})
    db.delete_table(TableName="tagged")


def the_wire_answers(db, wire):
    """What is not about any operation: headers, bodies that are none, operations that there are not."""
    status, headers, body = wire.send("ListTables", {})
    equal((status, headers["Content-Type"]), (200, "application/x-amz-json-1.0"))
    assert len(headers["x-amzn-RequestId"]) == 52 and headers["x-amz-crc32"].isdigit(), dict(headers)
    for text in ("", "{", "nonsense", "[]", '"x"', "{\"a\":}", b"\xff"):
        status, _, body = wire.send("ListTables", text)
        equal((status, body["__type"]), (400, "com.amazon.coral.service#SerializationException"), repr(text))
    for operation in ("Nothing", "", "listTables"):
        status, _, body = wire.send(operation, {})
        equal((status, body["__type"]), (400, "com.amazon.coral.service#UnknownOperationException"), operation)
    equal(wire.send("ListTables", {"Unknown": {"members": ["are", "left", "alone"]}})[0], 200)
    wire.connection.request("POST", "/", body="{}", headers={"Content-Type": "text/plain"})
    answer = wire.connection.getresponse()
    equal((answer.status, answer.read(), answer.headers["x-amz-crc32"], len(answer.headers["x-amzn-RequestId"])), (404, b"<UnknownOperationException/>\n", "3552371480", 52))
    status, _, body = wire.send("ListTables", {}, Authorization="nonsense")
    equal(status, 400, str(body))


CHECKS = [a_table_is_described, tables_that_are_refused, definitions_that_are_refused, tables_are_listed, tables_change, updates_are_judged, changes_that_go_alone, indexes_that_may_not_change, a_table_may_be_protected, members_that_are_newer, encryption_is_with_kms, a_name_may_be_an_arn, what_is_newer_is_not_overlooked, tags_are_kept, the_wire_answers]


def main():
    with Server() as host:
        db, wire = client(host.dynamodb), Wire(host.dynamodb)
        run(CHECKS, db, wire)
        table(db, "survivor", "p:S", globals=[("gsi", ["g:S"], "ALL")], Tags=[{"Key": "a", "Value": "b"}])
        db.put_item(TableName="survivor", Item=item(p="x", g="y"))
        again = [f"made-again-{n}" for n in range(6)]
        for name in again * 2:
            if name in db.list_tables()["TableNames"]:
                db.delete_table(TableName=name)
            table(db, name, "p:S")
        for name in again:
            db.create_backup(TableName=name, BackupName="whole")
        host.stop()
        host.start()
        db = client(host.dynamodb)
        found = active(db, "survivor")
        equal((db.list_tables()["TableNames"], found["GlobalSecondaryIndexes"][0]["IndexName"]), (again + ["survivor"], "gsi"))
        equal(db.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"], [{"Key": "a", "Value": "b"}])
        equal(db.scan(TableName="survivor", IndexName="gsi")["Items"], [item(p="x", g="y")])


if __name__ == "__main__":
    main()
