#!/usr/bin/python3
"""What surrounds tables: TTL, recovery, backups, policies, limits, signatures, and the settings for tests of clients."""
import datetime
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import boto3

from dynamodb import CANCELED, IN_USE, NOT_FOUND, VALIDATION, Wire, client, equal, fails, item, table
from server import OXBOW, Server, wait_for

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"


def names(db, name):
    return sorted(row["p"]["S"] for row in db.scan(TableName=name)["Items"])


def expiry_is_set(db):
    table(db, "ttl", "p:S")
    equal(db.describe_time_to_live(TableName="ttl")["TimeToLiveDescription"], {"TimeToLiveStatus": "DISABLED"})
    on = {"Enabled": True, "AttributeName": "until"}
    equal(db.update_time_to_live(TableName="ttl", TimeToLiveSpecification=on)["TimeToLiveSpecification"], on)
    equal(db.describe_time_to_live(TableName="ttl")["TimeToLiveDescription"], {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"})
    fails(VALIDATION, "TimeToLive is already enabled", db.update_time_to_live, TableName="ttl", TimeToLiveSpecification=on)
    for enabled in (False, True):
        fails(VALIDATION, "TimeToLive is active on a different AttributeName: current AttributeName is until", db.update_time_to_live, TableName="ttl", TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "x"})
    db.update_time_to_live(TableName="ttl", TimeToLiveSpecification={"Enabled": False, "AttributeName": "until"})
    fails(VALIDATION, "TimeToLive is already disabled", db.update_time_to_live, TableName="ttl", TimeToLiveSpecification={"Enabled": False, "AttributeName": "until"})
    fails(NOT_FOUND, "", db.describe_time_to_live, TableName="nothing")


def tables_come_back(db, wire):
    table(db, "source", "p:S", "s:N", globals=[("by_v", ["v:S"])], locals=[("by_w", ["p:S", "w:S"])])
    fails("PointInTimeRecoveryUnavailableException", "", db.restore_table_to_point_in_time, SourceTableName="source", TargetTableName="back", UseLatestRestorableTime=True)
    told = wire.ask("UpdateContinuousBackups", {"TableName": "source", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}})
    recovery = told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    equal((told["ContinuousBackupsDescription"]["ContinuousBackupsStatus"], recovery["PointInTimeRecoveryStatus"]), ("ENABLED", "ENABLED"))
    equal(recovery["RecoveryPeriodInDays"], 7)
    wire.refused("UpdateContinuousBackups", {"TableName": "source", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 7}}, VALIDATION, "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling")
    assert recovery["EarliestRestorableDateTime"] <= recovery["LatestRestorableDateTime"]
    for number in range(30):
        db.put_item(TableName="source", Item=item(p=str(number), s=1, v="same", w=str(number)))
    moment = datetime.datetime.fromtimestamp(int(time.time()) + 1, datetime.timezone.utc)  # boto3 sends whole seconds
    time.sleep(moment.timestamp() - time.time() + 0.05)
    db.delete_item(TableName="source", Key=item(p="3", s=1))
    db.put_item(TableName="source", Item=item(p="late", s=1))
    answer = db.restore_table_to_point_in_time(SourceTableName="source", TargetTableName="back", RestoreDateTime=moment)["TableDescription"]
    equal((answer["TableStatus"], answer["RestoreSummary"]["RestoreInProgress"], answer["RestoreSummary"]["SourceTableArn"]), ("CREATING", True, ARN + "source"))
    wait_for("the restore", lambda: db.describe_table(TableName="back")["Table"]["TableStatus"] == "ACTIVE")
    equal(names(db, "back"), sorted(str(n) for n in range(30)))
    equal(db.query(TableName="back", IndexName="by_v", KeyConditionExpression="v = :v", ExpressionAttributeValues=item(**{":v": "same"}), Select="COUNT")["Count"], 30)
    db.restore_table_to_point_in_time(SourceTableName="source", TargetTableName="now", UseLatestRestorableTime=True, GlobalSecondaryIndexOverride=[])
    wait_for("the restore", lambda: db.describe_table(TableName="now")["Table"]["TableStatus"] == "ACTIVE")
    equal(("late" in names(db, "now"), "3" in names(db, "now"), "GlobalSecondaryIndexes" in db.describe_table(TableName="now")["Table"]), (True, False, False))
    fails("TableAlreadyExistsException", "now", db.restore_table_to_point_in_time, SourceTableName="source", TargetTableName="now", UseLatestRestorableTime=True)
    fails("InvalidRestoreTimeException", "", db.restore_table_to_point_in_time, SourceTableName="source", TargetTableName="then", RestoreDateTime=datetime.datetime(2020, 1, 1))
    fails("TableNotFoundException", "", db.restore_table_to_point_in_time, SourceTableName="nothing", TargetTableName="then", UseLatestRestorableTime=True)
    fails("TableNotFoundException", "", db.describe_continuous_backups, TableName="nothing")
    wire.refused("RestoreTableToPointInTime", {"TargetTableName": "then", "UseLatestRestorableTime": True}, VALIDATION, "SourceTableName")
    restore_overrides(db, wire)


def restore_overrides(db, wire):
    """Indexes are left out, never changed; throughput is as the billing mode wants it."""
    units = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    by_v = {"IndexName": "by_v", "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
    by_w = {"IndexName": "by_w", "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "w", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}
    provisioned = {"BillingModeOverride": "PROVISIONED", "ProvisionedThroughputOverride": units}
    body = {"SourceTableName": "source", "TargetTableName": "over", "UseLatestRestorableTime": True}
    no_match = "The index in the override does not match an index of the source table: "
    for given, words in (({"GlobalSecondaryIndexOverride": [{**by_v, "IndexName": "none"}]}, no_match + "none"), ({"GlobalSecondaryIndexOverride": [by_w]}, no_match + "by_w"),
                         ({"GlobalSecondaryIndexOverride": [{**by_v, "Projection": {"ProjectionType": "KEYS_ONLY"}}]}, no_match + "by_v"),
                         ({"LocalSecondaryIndexOverride": [{**by_w, "KeySchema": by_v["KeySchema"]}]}, no_match + "by_w"),
                         ({"BillingModeOverride": "PROVISIONED"}, "must both be specified"), (provisioned, "ProvisionedThroughput is not specified for index: by_v"),
                         ({"ProvisionedThroughputOverride": units}, "when BillingMode is PAY_PER_REQUEST"), ({"OnDemandThroughputOverride": {}}, "OnDemandThroughput"),
                         ({"SSESpecificationOverride": {"Enabled": True, "SSEType": "AES256"}}, "AES256")):
        wire.refused("RestoreTableToPointInTime", {**body, **given}, VALIDATION, words)
    wire.ask("RestoreTableToPointInTime", {**body, **provisioned, "LocalSecondaryIndexOverride": [], "GlobalSecondaryIndexOverride": [{**by_v, "ProvisionedThroughput": units}]})
    wait_for("the restore", lambda: db.describe_table(TableName="over")["Table"]["TableStatus"] == "ACTIVE")
    found = db.describe_table(TableName="over")["Table"]
    equal(("LocalSecondaryIndexes" in found, len(names(db, "over"))), (False, 30))
    for one in (found, found["GlobalSecondaryIndexes"][0]):
        equal({name: one["ProvisionedThroughput"][name] for name in units}, units)


def the_past_is_read(db, server):
    """An extension: a header names the moment that a read is of."""
    table(db, "past", "p:S", globals=[("by_v", ["v:S"])])
    db.put_item(TableName="past", Item=item(p="x", v="old"))
    time.sleep(0.02)
    moment = time.time()
    time.sleep(0.02)
    db.put_item(TableName="past", Item=item(p="x", v="new"))
    db.put_item(TableName="past", Item=item(p="y", v="new"))
    wire = Wire(server.dynamodb)

    def ask(operation, body, headers):
        status, _, answer = wire.send(operation, body, **headers)
        return answer if status == 200 else answer["message"]

    past = {"X-Oxbow-As-Of": f"{moment:.6f}"}
    equal(ask("GetItem", {"TableName": "past", "Key": item(p="x")}, past), {"Item": item(p="x", v="old")})
    equal(ask("GetItem", {"TableName": "past", "Key": item(p="y")}, past), {})
    equal(ask("Scan", {"TableName": "past"}, past)["Items"], [item(p="x", v="old")])
    keys = [item(p="x"), item(p="y")]
    selects = [{"Statement": f"SELECT * FROM past WHERE p = '{p}'"} for p in "xy"]
    then = [{"Item": item(p="x", v="old")}, {}]
    for operation, body, wanted in (("BatchGetItem", {"RequestItems": {"past": {"Keys": keys}}}, {"past": [item(p="x", v="old")]}),
                                    ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "past", "Key": key}} for key in keys]}, then),
                                    ("ExecuteTransaction", {"TransactStatements": selects}, then),
                                    ("BatchExecuteStatement", {"Statements": selects}, [{"TableName": "past"} | one for one in then])):
        before = server.metric("oxbow_long_reads_total")
        equal(ask(operation, body, past)["Responses"], wanted, operation)
        equal(server.metric("oxbow_long_reads_total") - before, 1, f"{operation} looks into the log beside the door")
        assert "seconds since 1970" in ask(operation, body, {"X-Oxbow-As-Of": "yesterday"})
    once = dict(TransactItems=[{"Put": {"TableName": "past", "Item": item(p="z", w="x" * 3000)}}], ClientRequestToken="once", ReturnConsumedCapacity="TOTAL")
    before = server.metric("oxbow_long_reads_total")
    equal([db.transact_write_items(**once)["ConsumedCapacity"][0]["CapacityUnits"] for _ in range(2)], [6, 2], "it reads what it wrote")
    equal(server.metric("oxbow_long_reads_total") - before, 1)
    query = {"TableName": "past", "IndexName": "by_v", "KeyConditionExpression": "v = :v", "ExpressionAttributeValues": item(**{":v": "old"})}
    equal((ask("Query", query, past)["Count"], ask("Query", query, {})["Count"]), (1, 0))
    assert "seconds since 1970" in ask("Scan", {"TableName": "past"}, {"X-Oxbow-As-Of": "yesterday"})
    assert "has not come yet" in ask("Scan", {"TableName": "past"}, {"X-Oxbow-As-Of": "1e300"})


def backups_outlive_tables(db, server):
    table(db, "kept", "p:S")
    db.put_item(TableName="kept", Item=item(p="one"))
    made = db.create_backup(TableName="kept", BackupName="first")["BackupDetails"]
    arn = made["BackupArn"]
    assert arn.startswith(ARN + "kept/backup/"), arn
    wait_for("the backup", lambda: db.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    db.put_item(TableName="kept", Item=item(p="two"))
    listed = db.list_backups(TableName="kept")["BackupSummaries"]
    equal([(b["BackupArn"], b["BackupName"], b["TableName"], b["BackupType"]) for b in listed], [(arn, "first", "kept", "USER")])
    assert not any("backup" in name for name in db.list_tables()["TableNames"]), "a backup is no table that anyone sees"
    fails(NOT_FOUND, "", db.describe_table, TableName="oxbow.backup." + arn.split("/")[-1])
    equal(db.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableFeatureDetails"], {})
    db.delete_table(TableName="kept")
    server.kill()
    server.start()
    db = client(server.dynamodb)
    answer = db.restore_table_from_backup(TargetTableName="again", BackupArn=arn)["TableDescription"]
    equal((answer["RestoreSummary"]["SourceBackupArn"], answer["RestoreSummary"]["SourceTableArn"]), (arn, ARN + "kept"))
    wait_for("the restore", lambda: db.describe_table(TableName="again")["Table"]["TableStatus"] == "ACTIVE")
    equal(names(db, "again"), ["one"])
    equal(answer["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    equal(db.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"], "DELETED")
    fails("BackupNotFoundException", arn, db.describe_backup, BackupArn=arn)
    fails("BackupNotFoundException", "", db.restore_table_from_backup, TargetTableName="never", BackupArn=arn)
    equal(db.list_backups()["BackupSummaries"], [])
    return db


def backups_tell_of_features(db, _):
    key = lambda *names: [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))]
    units, whole = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}, {"ProjectionType": "ALL"}
    local = {"IndexName": "lsi", "KeySchema": key("p", "l"), "Projection": whole}
    wide = {"IndexName": "gsi", "KeySchema": key("l"), "Projection": {"ProjectionType": "KEYS_ONLY"}, "ProvisionedThroughput": units}
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    db.create_table(TableName="rich", KeySchema=key("p", "s"), ProvisionedThroughput=units, LocalSecondaryIndexes=[local], GlobalSecondaryIndexes=[wide], StreamSpecification=stream,
                    AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in "psl"], SSESpecification={"Enabled": True})
    db.update_time_to_live(TableName="rich", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    arn = db.create_backup(TableName="rich", BackupName="rich")["BackupDetails"]["BackupArn"]
    wait_for("the backup", lambda: db.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    db.delete_table(TableName="rich")
    found = db.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableFeatureDetails"]
    equal((found.pop("SSEDescription")["Status"], found), ("ENABLED", {"LocalSecondaryIndexes": [local], "GlobalSecondaryIndexes": [wide], "StreamDescription": stream, "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "end"}}))
    equal(db.restore_table_from_backup(TargetTableName="rich", BackupArn=arn)["TableDescription"]["BillingModeSummary"], {"BillingMode": "PROVISIONED"})
    db.delete_backup(BackupArn=arn)


def policies_are_kept(db, wire):
    table(db, "policy", "p:S")
    wire.refused("GetResourcePolicy", {"ResourceArn": ARN + "policy"}, "PolicyNotFoundException", "")
    first = wire.ask("PutResourcePolicy", {"ResourceArn": ARN + "policy", "Policy": "{}", "ExpectedRevisionId": "NO_POLICY"})["RevisionId"]
    wire.refused("PutResourcePolicy", {"ResourceArn": ARN + "policy", "Policy": "{}", "ExpectedRevisionId": "NO_POLICY"}, "PolicyNotFoundException", "")
    equal(wire.ask("GetResourcePolicy", {"ResourceArn": ARN + "policy"}), {"Policy": "{}", "RevisionId": first})
    equal(wire.ask("PutResourcePolicy", {"ResourceArn": ARN + "policy", "Policy": "{}"}), {"RevisionId": first}, "the same policy is no new revision")
    wire.refused("PutResourcePolicy", {"ResourceArn": ARN + "policy", "Policy": "x"}, VALIDATION, "")
    wire.ask("DeleteResourcePolicy", {"ResourceArn": ARN + "policy"})
    wire.refused("GetResourcePolicy", {"ResourceArn": ARN + "policy"}, "PolicyNotFoundException", "")
    wire.refused("GetResourcePolicy", {"ResourceArn": ARN + "nothing"}, NOT_FOUND, "")
    elsewhere = ARN.replace("us-east-1", "eu-west-1") + "policy"
    wire.refused("GetResourcePolicy", {"ResourceArn": elsewhere}, VALIDATION, "One or more parameter values were invalid: Invalid resource Arn: " + elsewhere)


def tools_get_answers(db, wire, server):
    equal(db.describe_limits()["TableMaxReadCapacityUnits"], 40000)
    equal(db.describe_endpoints()["Endpoints"][0]["Address"], server.dynamodb)
    equal(db.list_global_tables()["GlobalTables"], [])
    fails("GlobalTableNotFoundException", "", db.describe_global_table, GlobalTableName="nothing")
    equal(db.describe_kinesis_streaming_destination(TableName="policy")["KinesisDataStreamDestinations"], [])
    equal(db.describe_contributor_insights(TableName="policy")["ContributorInsightsStatus"], "DISABLED")
    equal(db.describe_table_replica_auto_scaling(TableName="policy")["TableAutoScalingDescription"]["Replicas"], [])
    sts = boto3.client("sts", endpoint_url="http://" + server.dynamodb, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    equal(sts.get_caller_identity()["Account"], "000000000000")
    status, _, answer = wire.send("NoSuchThing", {})
    equal((status, answer["__type"]), (400, "com.amazon.coral.service#UnknownOperationException"))


def metrics_count(server):
    """After all of the above, Prometheus sees what was asked and what failed."""
    with urllib.request.urlopen(f"http://{server.http}/metrics") as answer:
        text = answer.read().decode()
    counts = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert int(counts['oxbow_request_duration_seconds_count{door="dynamodb",operation="PutItem"}']) > 3, text
    assert int(counts['oxbow_request_errors_total{door="dynamodb",error="VALIDATION"}']) > 0, text
    assert 'operation="TransactGetItems"' not in text, "what nobody asked is not shown"


def states_last():
    with Server("--dynamodb-delay-ms", "700", "--door-threads", "3") as server:
        db = client(server.dynamodb)
        db.create_table(TableName="slow", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}])
        equal(db.describe_table(TableName="slow")["Table"]["TableStatus"], "CREATING")
        fails(NOT_FOUND, "", db.put_item, TableName="slow", Item=item(p="x"))
        fails(IN_USE, "Table is being created: slow", db.delete_table, TableName="slow")
        wait_for("the table", lambda: db.describe_table(TableName="slow")["Table"]["TableStatus"] == "ACTIVE")
        db.update_table(TableName="slow", TableClass="STANDARD")
        fails(IN_USE, "Table is being updated: slow", db.update_table, TableName="slow", TableClass="STANDARD")
        wire = Wire(server.dynamodb)
        protect = lambda on: wire.ask("UpdateTable", {"TableName": "slow", "DeletionProtectionEnabled": on})["TableDescription"]["TableStatus"]
        equal(protect(True), "UPDATING", "what goes on beside other changes")
        wait_for("the table", lambda: db.describe_table(TableName="slow")["Table"]["TableStatus"] == "ACTIVE")
        db.update_table(TableName="slow", SSESpecification={"Enabled": True})
        found = db.describe_table(TableName="slow")["Table"]
        equal((found["TableStatus"], found["SSEDescription"]), ("ACTIVE", {"Status": "UPDATING"}))
        equal((protect(False), db.describe_table(TableName="slow")["Table"]["TableStatus"]), ("ACTIVE", "ACTIVE"), "is done at once")
        wait_for("its encryption", lambda: db.describe_table(TableName="slow")["Table"]["SSEDescription"]["Status"] == "ENABLED")
        db.delete_table(TableName="slow")
        equal(db.describe_table(TableName="slow")["Table"]["TableStatus"], "DELETING")
        fails(IN_USE, "slow", db.create_table, TableName="slow", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}])
        db.get_waiter("table_not_exists").wait(TableName="slow", WaiterConfig={"Delay": 1})


def stops_under_load():
    """Writers are cut off in the middle by a clean stop; what was acknowledged is there afterwards."""
    with Server() as server:
        table(client(server.dynamodb), "load", "p:S")
        written = [[] for _ in range(6)]

        def write(number):
            db = client(server.dynamodb)
            for count in range(100000):
                try:
                    db.put_item(TableName="load", Item=item(p=f"{number}-{count}"))
                except Exception:  # the server stops: refused, unavailable or cut off
                    return
                written[number].append(f"{number}-{count}")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        wait_for("some writes", lambda: all(len(one) > 20 for one in written))
        server.stop()
        for thread in threads:
            thread.join()
        server.start()
        db = client(server.dynamodb)
        pages = db.get_paginator("scan").paginate(TableName="load")
        found = {row["p"]["S"] for page in pages for row in page["Items"]}
        missing = [key for one in written for key in one if key not in found]
        assert not missing and found, f"acknowledged and gone: {missing[:5]}"


def conflicts_are_feigned():
    with Server("--dynamodb-conflict-percent", "100") as server:
        db = client(server.dynamodb)
        table(db, "conflict", "p:S")
        fails("TransactionConflictException", "", db.put_item, TableName="conflict", Item=item(p="x"))
        answer = fails(CANCELED, "[TransactionConflict]", db.transact_write_items, TransactItems=[{"Put": {"TableName": "conflict", "Item": item(p="x")}}])
        equal(answer["CancellationReasons"][0]["Code"], "TransactionConflict")
        equal(db.scan(TableName="conflict")["Count"], 0)


def throughput_ends():
    with Server("--dynamodb-throttle", "--door-threads", "3") as server:
        db = client(server.dynamodb)
        table(db, "poor", "p:S", BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
        table(db, "rich", "p:S")
        for _ in range(4):  # 300 seconds of one unit
            db.put_item(TableName="poor", Item=item(p="x", v="a" * 90000))
        fails("ProvisionedThroughputExceededException", "configured provisioned throughput", db.put_item, TableName="poor", Item=item(p="y"))
        fails("ProvisionedThroughputExceededException", "", db.batch_write_item, RequestItems={"poor": [{"PutRequest": {"Item": item(p="y")}}]})
        left = db.batch_write_item(RequestItems={"poor": [{"PutRequest": {"Item": item(p="y")}}], "rich": [{"PutRequest": {"Item": item(p="y")}}]})
        equal(list(left["UnprocessedItems"]), ["poor"])
        equal(db.get_item(TableName="poor", Key=item(p="x"))["Item"]["p"], {"S": "x"}, "reads have their own")
        for _ in range(14):  # 23 units each
            db.get_item(TableName="poor", Key=item(p="x"), ConsistentRead=True)
        fails("ProvisionedThroughputExceededException", "", db.get_item, TableName="poor", Key=item(p="x"))
        fails("ProvisionedThroughputExceededException", "", db.scan, TableName="poor")
        fails("ProvisionedThroughputExceededException", "", db.batch_get_item, RequestItems={"poor": {"Keys": [item(p="x")]}})
        left = db.batch_get_item(RequestItems={"poor": {"Keys": [item(p="x")]}, "rich": {"Keys": [item(p="y")]}})
        equal((list(left["UnprocessedKeys"]), len(left["Responses"]["rich"])), (["poor"], 1))
        fails("ProvisionedThroughputExceededException", "", db.transact_get_items, TransactItems=[{"Get": {"TableName": "poor", "Key": item(p="x")}}])
        statements = ("SELECT * FROM poor WHERE p = 'x'", "SELECT * FROM rich WHERE p = 'y'"), ("UPDATE poor SET v = 'b' WHERE p = 'x'", "UPDATE rich SET v = 'b' WHERE p = 'y'")
        for poor, rich in statements:
            fails("ProvisionedThroughputExceededException", "configured provisioned throughput", db.execute_statement, Statement=poor)
            fails("ProvisionedThroughputExceededException", "", db.execute_transaction, TransactStatements=[{"Statement": poor}])
            told = db.batch_execute_statement(Statements=[{"Statement": poor}, {"Statement": rich}])["Responses"]
            equal((told[0]["Error"]["Code"], "Error" in told[1]), ("ProvisionedThroughputExceeded", False))
        equal(db.get_item(TableName="rich", Key=item(p="y"))["Item"], item(p="y", v="b"))


def pages_of_others_stay_out(wire):
    """Any page that somebody looks at could send requests here, and read the answers, as long as nobody has to prove who he is."""
    for origin in ("https://example.com", "http://localhost.example.com", "http://127.0.0.1.example.com:8000", "http://[::1:2]", "null", "localhost", "file://"):
        status, headers, answer = wire.send("ListTables", {}, Origin=origin, **{"Sec-Fetch-Site": "cross-site"})
        equal((status, answer["__type"].split("#")[1], headers["Access-Control-Allow-Origin"]), (400, "AccessDeniedException", "*"), origin)
        assert f"Pages of {origin} may not use a server without access keys" in answer["Message"], answer
    for origin in ("http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"):
        equal(wire.send("ListTables", {}, Origin=origin, **{"Sec-Fetch-Site": "same-site"})[0], 200, origin)
    equal(wire.send("ListTables", {}, Origin="http://rebound.example.com:8000", Host="rebound.example.com:8000")[0], 400)
    status, headers, _ = wire.send("ListTables", {}, Origin="https://example.com")  # no browser
    equal((status, headers["Access-Control-Allow-Origin"]), (200, "*"))


def signatures_count():
    with Server() as server:
        server.settings += ["--key-file", server.directory + "/key"]
        server.stop()
        server.start()
        code, text, error = server.run("credentials", "create", "ann")
        equal(code, 0, error)
        lines = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
        own = {"endpoint_url": "http://" + server.dynamodb, "region_name": "eu-west-1", "config": boto3.session.Config(retries={"max_attempts": 0})}
        good = boto3.client("dynamodb", aws_access_key_id=lines["aws_access_key_id"], aws_secret_access_key=lines["aws_secret_access_key"], **own)
        table(good, "signed", "p:S")
        equal(good.describe_table(TableName="signed")["Table"]["TableArn"], "arn:aws:dynamodb:eu-west-1:000000000000:table/signed")
        wrong = boto3.client("dynamodb", aws_access_key_id=lines["aws_access_key_id"], aws_secret_access_key="x" * 40, **own)
        fails("InvalidSignatureException", "The request signature we calculated does not match", wrong.list_tables)
        stranger = boto3.client("dynamodb", aws_access_key_id="AKIANOBODY", aws_secret_access_key="x", **own)
        fails("UnrecognizedClientException", "The security token included in the request is invalid", stranger.list_tables)
        good.put_item(TableName="signed", Item=item(p="x"))
        code, text, _ = server.run("history", "signed", '{"p":"x"}')
        assert code == 0 and "ann" in text, "the change tells who made it: " + text


def tls_is_spoken():
    with Server() as server:
        certificate, key = server.directory + "/certificate.pem", server.directory + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        done = subprocess.run([OXBOW, "serve", "--data", server.directory + "/other", "--native", "off", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off", "--dynamodb-tls", "127.0.0.1:0"], capture_output=True, text=True)
        assert done.returncode == 2 and "--tls-certificate" in done.stderr, done
        server.stop()
        server.settings += ["--dynamodb-tls", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key]
        server.start()
        db = boto3.client("dynamodb", endpoint_url="https://" + server.dynamodb_tls, verify=certificate, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        table(db, "secret", "p:S")
        db.put_item(TableName="secret", Item=item(p="x" * 1000, v="y" * 100000))
        equal(len(db.get_item(TableName="secret", Key=item(p="x" * 1000))["Item"]["v"]["S"]), 100000)
        equal(client(server.dynamodb).list_tables()["TableNames"], ["secret"])
        assert "the certificate expires in 4" in server.run("status")[1], server.run("status")
        old = open(certificate, encoding="utf-8").read()
        subprocess.run(["openssl", "req", "-x509", "-key", key, "-out", certificate, "-days", "20", "-subj", "/CN=renewed", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        server.process.send_signal(signal.SIGHUP)
        wait_for("the new certificate is shown", lambda: ssl.get_server_certificate(tuple(server.dynamodb_tls.split(":"))) == open(certificate, encoding="utf-8").read() != old)
        assert "certificate" not in server.run("status")[1], server.run("status")
        other_machines_sign(server, certificate)
        certificates_are_watched(server.directory, key)


def certificates_are_watched(directory, key):
    """One whose days are over, or will be soon, is told of, and a key that everybody may read; the server goes on with it."""
    file = lambda name: f"{directory}/{name}"
    with open(file("ca.conf"), "w", encoding="utf-8") as settings:
        settings.write(f"[ca]\ndefault_ca = own\n[own]\ndatabase = {file('ca.index')}\nserial = {file('ca.serial')}\nnew_certs_dir = {directory}\nprivate_key = {key}\ndefault_md = sha256\nunique_subject = no\npolicy = any\n[any]\ncommonName = supplied\n")
    with open(file("ca.index"), "w", encoding="utf-8"), open(file("ca.serial"), "w", encoding="utf-8") as serial:
        serial.write("01\n")
    subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=dated", "-out", file("request.pem")], check=True, capture_output=True)
    date = lambda days: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
    for first, last, words in ((-9, -3.5, "expired 3 day(s) ago: clients refuse it"), (-9, 3.5, "expires in 3 day(s); put a new one in its place"), (3.5, 9, "holds in 3 day(s) only")):
        certificate = file(f"dated{last}.pem")
        os.chmod(key, 0o600 if last == 9 else 0o604)
        subprocess.run(["openssl", "ca", "-batch", "-notext", "-selfsign", "-config", file("ca.conf"), "-in", file("request.pem"), "-out", certificate, "-startdate", date(first), "-enddate", date(last)], check=True, capture_output=True)
        with subprocess.Popen([OXBOW, "serve", "--data", certificate + ".data", "--native", "off", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off",
                               "--dynamodb-tls", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
            ready = one.stdout.readline()
            one.terminate()
            said = one.stderr.read()
            assert ready.startswith("ready") and words in said, (words, said)
            assert ("chmod 600" in said) == (last != 9), said


def other_machines_sign(server, certificate):
    """Beyond loopback there is TLS only, and nobody who does not sign with a key that there is."""
    server.stop()
    for words, advice in ((["--dynamodb", "0.0.0.0:0"], "there is --dynamodb-tls with a --key-file"), (["--dynamodb-tls", "0.0.0.0:0"], "which takes a --key-file"),
                          (["--http", "[::]:0"], "it asks for no credentials")):
        done = subprocess.run([OXBOW, "serve", "--data", server.data, *server.settings, "--native", "off", "--topics", "off", "--http", "off", "--dynamodb", "off", "--cql", "off", *words],
                              capture_output=True, text=True)
        assert done.returncode != 0 and "not a loopback address" in done.stderr and advice in done.stderr, done
    server.settings += ["--dynamodb-tls", "0.0.0.0:0", "--key-file", server.directory + "/sealing"]
    server.start()
    address = "127.0.0.1:" + server.dynamodb_tls.split(":")[1]
    assert server.dynamodb_tls.startswith("0.0.0.0:"), server.dynamodb_tls
    config = boto3.session.Config(retries={"max_attempts": 0})

    def door(key, secret, service="dynamodb"):
        return boto3.client(service, endpoint_url="https://" + address, verify=certificate, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret, config=config)

    fails("UnrecognizedClientException", "The security token included in the request is invalid", door("any", "any").list_tables)
    fails("InvalidClientTokenId", "The security token included in the request is invalid", door("any", "any", "sts").get_caller_identity)
    unsigned = urllib.request.Request("https://" + address, b'{"parsed": ', {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"})
    try:
        urllib.request.urlopen(unsigned, context=ssl.create_default_context(cafile=certificate))
        assert False, "an unsigned request was served"
    except urllib.error.HTTPError as refused:
        answer = refused.read()
        assert b"MissingAuthenticationToken" in answer, f"nothing is parsed of strangers: {answer}"
    equal(client(server.dynamodb).list_tables()["TableNames"], ["secret"])  # on loopback there are no keys yet
    code, text, error = server.run("credentials", "create", "eve")
    equal(code, 0, error)
    lines = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
    key, secret = lines["aws_access_key_id"], lines["aws_secret_access_key"]
    equal(door(key, secret).list_tables()["TableNames"], ["secret"])
    equal(door(key, secret, "sts").get_caller_identity()["Account"], "000000000000")
    fails("SignatureDoesNotMatch", "", door(key, "x" * 40, "sts").get_caller_identity)
    fails("InvalidSignatureException", "", door(key, "x" * 40).list_tables)


def main():
    with Server("--sweep-ms", "100") as server:
        db, wire = client(server.dynamodb), Wire(server.dynamodb)
        expiry_is_set(db)
        tables_come_back(db, wire)
        the_past_is_read(db, server)
        db = backups_outlive_tables(db, server)
        backups_tell_of_features(db, server)
        wire = Wire(server.dynamodb)
        policies_are_kept(db, wire)
        tools_get_answers(db, wire, server)
        pages_of_others_stay_out(wire)
        fails(VALIDATION, "", db.get_item, TableName="policy", Key={})
        for number in range(5):
            db.put_item(TableName="policy", Item=item(p=str(number)))
        metrics_count(server)
    states_last()
    stops_under_load()
    conflicts_are_feigned()
    throughput_ends()
    signatures_count()
    tls_is_spoken()


main()
