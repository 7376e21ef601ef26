#!/usr/bin/python3
"""DynamoDB Streams with boto3: read by shards through enable, disable and re-enable, as Kinesis-style consumers do."""
import time

import boto3

from dynamodb import NOT_FOUND, VALIDATION, client, equal, fails, item, table
from server import Server, wait_for

VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")


def streams_client(address):
    return boto3.client("dynamodbstreams", endpoint_url="http://" + address, region_name="us-east-1",
                        aws_access_key_id="a", aws_secret_access_key="b",
                        config=boto3.session.Config(parameter_validation=False, retries={"max_attempts": 0}))


def switch(db, name, view):
    specification = {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}
    time.sleep(0.002)  # a stream's label has milliseconds
    return db.update_table(TableName=name, StreamSpecification=specification)["TableDescription"]


def start(streams, arn, kind="TRIM_HORIZON", shard=0, sequence=None):
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    more = {"SequenceNumber": sequence} if sequence else {}
    return streams.get_shard_iterator(StreamArn=arn, ShardId=shards[shard]["ShardId"], ShardIteratorType=kind, **more)["ShardIterator"]


def read(streams, iterator, limit=1000, pages=20):
    """Records until a page is empty or the shard ends: (records, next iterator or None)."""
    records = []
    for _ in range(pages):
        answer = streams.get_records(ShardIterator=iterator, Limit=limit)
        records += answer["Records"]
        iterator = answer.get("NextShardIterator")
        if iterator is None or not answer["Records"]:
            return records, iterator
    return records, iterator


def tell(records):
    return [(r["eventName"], r["dynamodb"]["Keys"], r["dynamodb"].get("OldImage"), r["dynamodb"].get("NewImage")) for r in records]


def changes_are_told(db, streams):
    arn = table(db, "told", "p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})["LatestStreamArn"]
    latest = start(streams, arn, "LATEST")
    db.put_item(TableName="told", Item=item(p="a", v=1))
    db.put_item(TableName="told", Item=item(p="a", v=1))  # nothing changes: no record
    db.update_item(TableName="told", Key=item(p="a"), UpdateExpression="SET v = v + :one", ExpressionAttributeValues=item(**{":one": 1}))
    db.delete_item(TableName="told", Key=item(p="a"))
    db.delete_item(TableName="told", Key=item(p="a"))
    expected = [("INSERT", item(p="a"), None, item(p="a", v=1)), ("MODIFY", item(p="a"), item(p="a", v=1), item(p="a", v=2)),
                ("REMOVE", item(p="a"), item(p="a", v=2), None)]
    records, going_on = read(streams, start(streams, arn))
    equal(tell(records), expected)
    equal(tell(read(streams, latest)[0]), expected, "from the latest at that time")
    equal(tell(read(streams, start(streams, arn), limit=1)[0]), expected, "one by one")
    numbers = [r["dynamodb"]["SequenceNumber"] for r in records]
    assert all(21 <= len(n) <= 40 and n.isdigit() for n in numbers) and numbers == sorted(numbers) and len(set(numbers)) == 3, numbers
    first = records[0]
    equal((first["eventVersion"], first["eventSource"], first["awsRegion"], first["dynamodb"]["StreamViewType"], "userIdentity" in first),
          ("1.1", "aws:dynamodb", "us-east-1", "NEW_AND_OLD_IMAGES", False))
    equal(first["dynamodb"]["SizeBytes"], 2 + 5)
    equal(len({r["eventID"] for r in records}), 3)
    equal(tell(read(streams, start(streams, arn, "AT_SEQUENCE_NUMBER", sequence=numbers[1]))[0]), expected[1:])
    equal(tell(read(streams, start(streams, arn, "AFTER_SEQUENCE_NUMBER", sequence=numbers[1]))[0]), expected[2:])
    table(db, "other", "p:S")
    db.put_item(TableName="other", Item=item(p="not of this stream"))
    assert read(streams, going_on) [0] == [], "another table's changes"
    with_batch = [{"PutRequest": {"Item": item(p=str(i))}} for i in range(25)]
    db.batch_write_item(RequestItems={"told": with_batch})
    equal(sorted(r["dynamodb"]["Keys"]["p"]["S"] for r in read(streams, going_on)[0]), sorted(str(i) for i in range(25)))


def views_are_kept(db, streams):
    table(db, "views", "p:S")
    for number, view in enumerate(VIEWS):
        arn = switch(db, "views", view)["LatestStreamArn"]
        db.put_item(TableName="views", Item=item(p="x", v=number * 2))
        db.put_item(TableName="views", Item=item(p="x", v=number * 2 + 1))
        record = read(streams, start(streams, arn))[0][-1]["dynamodb"]
        equal(("NewImage" in record, "OldImage" in record, record["StreamViewType"]), ("NEW" in view, "OLD" in view, view))
        switch(db, "views", None)


def streams_end_and_begin(db, streams):
    first = table(db, "again", "p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["LatestStreamArn"]
    fails(VALIDATION, "Table already has an enabled stream", db.update_table, TableName="again", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    db.put_item(TableName="again", Item=item(p="first"))
    middle = start(streams, first)
    switch(db, "again", None)
    for position in (middle, start(streams, first), start(streams, first, "LATEST")):
        assert "NextShardIterator" not in streams.get_records(ShardIterator=position), "nothing needs to follow for a shard to be closed"
    assert "EndingSequenceNumber" in streams.describe_stream(StreamArn=first)["StreamDescription"]["Shards"][0]["SequenceNumberRange"]
    fails(VALIDATION, "Table has no stream to disable: TableName: again", db.update_table, TableName="again", StreamSpecification={"StreamEnabled": False})
    db.put_item(TableName="again", Item=item(p="between"))
    second = switch(db, "again", "KEYS_ONLY")["LatestStreamArn"]
    db.put_item(TableName="again", Item=item(p="second"))
    assert first != second
    records, end = read(streams, middle)
    equal(([r["dynamodb"]["Keys"] for r in records], end), ([item(p="first")], None), "a closed shard ends")
    records, end = read(streams, start(streams, second))
    equal([r["dynamodb"]["Keys"] for r in records], [item(p="second")])
    assert end is not None
    told = streams.describe_stream(StreamArn=first)["StreamDescription"]
    equal((told["StreamStatus"], told["TableName"], told["KeySchema"]), ("DISABLED", "again", [{"AttributeName": "p", "KeyType": "HASH"}]))
    ends = told["Shards"][0]["SequenceNumberRange"]
    assert ends["StartingSequenceNumber"] < records[0]["dynamodb"]["SequenceNumber"] and ends["EndingSequenceNumber"] < records[0]["dynamodb"]["SequenceNumber"]
    assert "EndingSequenceNumber" not in streams.describe_stream(StreamArn=second)["StreamDescription"]["Shards"][0]["SequenceNumberRange"]
    equal([s["StreamArn"] for s in streams.list_streams(TableName="again")["Streams"]], [first, second])
    one = streams.list_streams(TableName="again", Limit=1)
    equal((one["Streams"][0]["StreamArn"], one["LastEvaluatedStreamArn"]), (first, first))
    equal([s["StreamArn"] for s in streams.list_streams(TableName="again", ExclusiveStartStreamArn=first)["Streams"]], [second])


def bad_positions_are_told(db, streams):
    arn = table(db, "bad", "p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    fails(NOT_FOUND, "Stream: ", streams.describe_stream, StreamArn=arn[:-1] + "x")
    fails(NOT_FOUND, "Shard: ", streams.get_shard_iterator, StreamArn=arn, ShardId="shardId-00000000000000000000-00000000", ShardIteratorType="LATEST")
    fails(VALIDATION, "failed to satisfy constraint", streams.get_shard_iterator, StreamArn=arn, ShardId=shard, ShardIteratorType="NEWEST")
    fails(VALIDATION, "SequenceNumber", streams.get_shard_iterator, StreamArn=arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER")
    fails("TrimmedDataAccessException", "", streams.get_shard_iterator, StreamArn=arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber="1000100000000010000000000" + "9" * 10)
    fails("TrimmedDataAccessException", "", streams.get_shard_iterator, StreamArn=arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber="2" * 35)
    iterator = start(streams, arn)
    middle = len(iterator) - 20
    fails(VALIDATION, "Invalid ShardIterator", streams.get_records, ShardIterator=iterator[:middle] + ("B" if iterator[middle] == "A" else "A") + iterator[middle + 1:])
    fails(VALIDATION, "Invalid ShardIterator", streams.get_records, ShardIterator="nonsense")
    fails(VALIDATION, "failed to satisfy constraint", streams.get_records, ShardIterator=iterator, Limit=0)


def iterators_outlive_the_server(db, streams, server):
    arn = table(db, "stays", "p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["LatestStreamArn"]
    iterator = start(streams, arn)
    db.put_item(TableName="stays", Item=item(p="before"))
    server.kill()
    server.start()
    db, streams = client(server.dynamodb), streams_client(server.dynamodb)
    db.put_item(TableName="stays", Item=item(p="after"))
    records, _ = read(streams, iterator)
    equal([r["dynamodb"]["Keys"] for r in records], [item(p="before"), item(p="after")])
    return db, streams


def expiry_is_signed(db, streams):
    arn = table(db, "expires", "p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"})["LatestStreamArn"]
    db.update_time_to_live(TableName="expires", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    db.put_item(TableName="expires", Item=item(p="old", until=int(time.time()) - 5))
    db.put_item(TableName="expires", Item=item(p="ancient", until=int(time.time()) - 6 * 366 * 86400))
    db.put_item(TableName="expires", Item=item(p="text", until="soon"))
    wait_for("the sweep", lambda: db.scan(TableName="expires")["Count"] == 2)
    removed = [r for r in read(streams, start(streams, arn))[0] if r["eventName"] == "REMOVE"]
    equal([(r["dynamodb"]["Keys"], r["userIdentity"]) for r in removed],
          [(item(p="old"), {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"})])


def shards_share_the_keys():
    with Server("--dynamodb-stream-shards", "4") as server:
        db, streams = client(server.dynamodb), streams_client(server.dynamodb)
        arn = table(db, "four", "p:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})["LatestStreamArn"]
        for number in range(60):
            db.put_item(TableName="four", Item=item(p=str(number % 30), v=number))
        for call, most, members in ((streams.list_streams, 100, {}), (streams.describe_stream, 100, {"StreamArn": arn}), (streams.get_records, 1000, {"ShardIterator": "x"})):
            fails(VALIDATION, f"Value '{most + 1}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {most}", call, Limit=most + 1, **members)
        told = streams.describe_stream(StreamArn=arn, Limit=3)["StreamDescription"]
        equal((len(told["Shards"]), told["LastEvaluatedShardId"]), (3, told["Shards"][2]["ShardId"]))
        equal(len(streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=told["LastEvaluatedShardId"])["StreamDescription"]["Shards"]), 1)
        found = [[r["dynamodb"]["Keys"]["p"]["S"] for r in read(streams, start(streams, arn, shard=number))[0]] for number in range(4)]
        equal(sorted(sum(found, [])), sorted(str(n % 30) for n in range(60)), "every record once")
        for number, keys in enumerate(found):
            assert keys and not set(keys) & set(sum(found[number + 1:], [])), "a key belongs to one shard"


def main():
    with Server("--sweep-ms", "100") as server:
        db, streams = client(server.dynamodb), streams_client(server.dynamodb)
        changes_are_told(db, streams)
        views_are_kept(db, streams)
        streams_end_and_begin(db, streams)
        bad_positions_are_told(db, streams)
        db, streams = iterators_outlive_the_server(db, streams, server)
        expiry_is_signed(db, streams)
    shards_share_the_keys()


main()
