#!/usr/bin/python3
"""Batches and transactions through the DynamoDB door, and what requests cost."""
import threading
import uuid

from dynamodb import CANCELED, NOT_FOUND, SERIALIZATION, VALIDATION, Wire, client, equal, fails, item, plain_item, run, table, typed, values
from server import Server

INVALID = "One or more parameter values were invalid: "
MISMATCH = "IdempotentParameterMismatchException"
NO_MATCH = "The provided key element does not match the schema"


def setup(db, wire):
    table(db, "one", "p:S")
    table(db, "two", "p:S", "n:N", globals=[("by-g", ["g:S"], "KEYS_ONLY")], locals=[("by-l", ["p:S", "l:S"], "ALL")])


def keys_of(*names):
    return [item(p=name) for name in names]


def batches_read(db, wire):
    for n in range(120):
        db.put_item(TableName="one", Item=item(p=f"k{n:03}", n=n, m={"a": n}))
    db.put_item(TableName="two", Item=item(p="x", n=1, a=1))
    answer = db.batch_get_item(RequestItems={"one": {"Keys": keys_of(*[f"k{n:03}" for n in range(98)], "nobody")}, "two": {"Keys": [item(p="x", n=1)], "ProjectionExpression": "#a", "ExpressionAttributeNames": {"#a": "a"}, "ConsistentRead": True}})
    equal({one["n"]["N"] for one in answer["Responses"]["one"]}, {str(n) for n in range(98)})
    equal(([plain_item(i) for i in answer["Responses"]["two"]], answer["UnprocessedKeys"]), ([{"a": 1}], {}))
    equal(db.batch_get_item(RequestItems={"one": {"Keys": keys_of("nobody")}})["Responses"], {"one": []})
    equal(plain_item(db.batch_get_item(RequestItems={"one": {"Keys": keys_of("k001"), "AttributesToGet": ["n"]}})["Responses"]["one"][0]), {"n": 1})
    fails(VALIDATION, "Too many items requested for the BatchGetItem call", db.batch_get_item, RequestItems={"one": {"Keys": keys_of(*map(str, range(60)))}, "two": {"Keys": [item(p="x", n=n) for n in range(41)]}})
    fails(VALIDATION, "Member must have length less than or equal to 100", db.batch_get_item, RequestItems={"one": {"Keys": keys_of(*map(str, range(101)))}})
    fails(VALIDATION, "Provided list of item keys contains duplicates", db.batch_get_item, RequestItems={"one": {"Keys": keys_of("a", "b", "a")}})
    fails(VALIDATION, "Provided list of item keys contains duplicates", db.batch_get_item, RequestItems={"none": {"Keys": keys_of("a", "a")}})
    equal(db.batch_get_item(RequestItems={"two": {"Keys": [{"p": {"S": "a"}, "n": {"N": "1"}}, {"p": {"S": "a"}, "n": {"N": "1.0"}}]}})["UnprocessedKeys"], {}, "keys are compared as they are written")
    fails(NOT_FOUND, "Requested resource not found", db.batch_get_item, RequestItems={"one": {"Keys": keys_of("a")}, "none": {"Keys": keys_of("a")}})
    fails(VALIDATION, NO_MATCH, db.batch_get_item, RequestItems={"two": {"Keys": keys_of("a")}})
    fails(VALIDATION, "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
          db.batch_get_item, RequestItems={"one": {"Keys": keys_of("a"), "ProjectionExpression": "n"}, "two": {"Keys": [item(p="x", n=1)], "AttributesToGet": ["a"]}})
    fails(VALIDATION, "Member must have length greater than or equal to 1", db.batch_get_item, RequestItems={})
    fails(VALIDATION, "Member must have length greater than or equal to 1", db.batch_get_item, RequestItems={"one": {"Keys": []}})


def lists_are_no_maps(db, wire):
    """What a member should have been is told as the service's reader knows it."""
    own = "com.amazonaws.dynamodb.v20120810."
    for operation, member, wanted in (("BatchGetItem", "RequestItems", own + "KeysAndAttributes"), ("BatchWriteItem", "RequestItems", f"java.util.List<{own}WriteRequest>"),
                                      ("PutItem", "Item", own + "AttributeValue"), ("PutItem", "Expected", own + "ExpectedAttributeValue"),
                                      ("PutItem", "ExpressionAttributeNames", "java.lang.String")):
        wire.refused(operation, {member: []}, SERIALIZATION, f"Unrecognized collection type java.util.Map<java.lang.String, {wanted}>")


def batches_write(db, wire):
    answer = db.batch_write_item(RequestItems={"one": [{"PutRequest": {"Item": item(p=f"b{n}", n=n)}} for n in range(12)] + [{"DeleteRequest": {"Key": item(p="k000")}}], "two": [{"PutRequest": {"Item": item(p="b", n=n)}} for n in range(12)]})
    equal(answer["UnprocessedItems"], {})
    equal(len(db.query(TableName="two", KeyConditionExpression="p = :p", ExpressionAttributeValues=values(p="b"))["Items"]), 12)
    assert "Item" not in db.get_item(TableName="one", Key=item(p="k000"))
    equal(plain_item(db.get_item(TableName="one", Key=item(p="b7"))["Item"]), {"p": "b7", "n": 7})
    fails(VALIDATION, "Member must have length less than or equal to 25", db.batch_write_item, RequestItems={"one": [{"DeleteRequest": {"Key": item(p=str(n))}} for n in range(26)]})
    fails(VALIDATION, "Too many items requested for the BatchWriteItem call", db.batch_write_item, RequestItems={name: [{"DeleteRequest": {"Key": item(p=str(n), n=n) if name == "two" else item(p=str(n))}} for n in range(13)] for name in ("one", "two")})
    for writes, words in (([{"PutRequest": {"Item": item(p="z")}}, {"DeleteRequest": {"Key": item(p="z")}}], "Provided list of item keys contains duplicates"), ([{"PutRequest": {"Item": item(p="z")}}] * 2, "Provided list of item keys contains duplicates"),
                          ([{"PutRequest": {"Item": item(q="z")}}], NO_MATCH), ([{"DeleteRequest": {"Key": item(q="z")}}], NO_MATCH),
                          ([{"PutRequest": {"Item": item(p=1)}}], NO_MATCH), ([{"PutRequest": {"Item": item(p="z", a="x" * 500000)}}], "Item size has exceeded the maximum allowed size"),
                          ([{"PutRequest": {"Item": item(p="")}}], "The AttributeValue for a key attribute cannot contain an empty string value. Key: p"), ([], "Member must have length greater than or equal to 1"),
                          ([{"PutRequest": {"Item": item(p="y")}}, {"PutRequest": {"Item": item(p="z", a=("N", "x"))}}], "The parameter cannot be converted to a numeric value: x")):
        fails(VALIDATION, words, db.batch_write_item, RequestItems={"one": writes})
    assert "Item" not in db.get_item(TableName="one", Key=item(p="y")), "a batch that is refused writes nothing"
    fails(NOT_FOUND, "Requested resource not found", db.batch_write_item, RequestItems={"none": [{"DeleteRequest": {"Key": item(p="z")}}]})
    fails(VALIDATION, INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g", db.batch_write_item, RequestItems={"two": [{"PutRequest": {"Item": item(p="z", n=1, g=1)}}]})


def a_batch_is_sixteen_megabytes(db, wire):
    table(db, "large", "p:S")
    for n in range(60):
        db.put_item(TableName="large", Item=item(p=f"{n:02}", a="a" * 300 * 1024))
    left, seen, rounds = {"large": {"Keys": keys_of(*[f"{n:02}" for n in range(60)]), "ProjectionExpression": "p"}}, [], 0
    while left:
        answer = db.batch_get_item(RequestItems=left)
        rounds += 1
        seen += [one["p"]["S"] for one in answer["Responses"].get("large", [])]
        left = answer["UnprocessedKeys"]
        if rounds == 1:
            equal((len(seen), len(left["large"]["Keys"]), left["large"]["ProjectionExpression"]), (54, 6, "p"), "as many as 16 MB hold")
    equal((sorted(seen), rounds), ([f"{n:02}" for n in range(60)], 2))
    answer = db.batch_write_item(RequestItems={"large": [{"PutRequest": {"Item": item(p=f"w{n}", a="w" * 390 * 1024)}} for n in range(25)]})
    equal(answer["UnprocessedItems"], {})


def reasons(answer):
    """The cancellation reasons' codes; "None" where there is none."""
    return [reason["Code"] for reason in answer["CancellationReasons"]]


def transactions_write_all_or_nothing(db, wire):
    db.put_item(TableName="one", Item=item(p="t1", n=1))
    db.put_item(TableName="one", Item=item(p="t2", n=2))
    key = lambda name: {"TableName": "one", "Key": item(p=name)}
    db.transact_write_items(TransactItems=[{"Put": {"TableName": "one", "Item": item(p="t3", n=3)}}, {"Update": {**key("t1"), "UpdateExpression": "SET n = n + :n", "ExpressionAttributeValues": values(n=10)}}, {"Delete": key("t2")},
                                           {"ConditionCheck": {**key("t4"), "ConditionExpression": "attribute_not_exists(p)"}}, {"Put": {"TableName": "two", "Item": item(p="t", n=1)}}])
    equal([plain_item(db.get_item(**key(name)).get("Item")) for name in ("t1", "t2", "t3", "t4")], [{"p": "t1", "n": 11}, None, {"p": "t3", "n": 3}, None])
    failed = [{"Put": {"TableName": "one", "Item": item(p="t5")}}, {"Update": {**key("t1"), "UpdateExpression": "SET n = :n", "ConditionExpression": "n = :m", "ExpressionAttributeValues": values(n=0, m=0), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
              {"ConditionCheck": {**key("t3"), "ConditionExpression": "attribute_not_exists(p)"}}]
    answer = fails(CANCELED, "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed]", db.transact_write_items, TransactItems=failed)
    equal(answer["CancellationReasons"], [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": item(p="t1", n=11)}, {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}])
    assert "Item" not in db.get_item(**key("t5"))
    equal(plain_item(db.get_item(**key("t1"))["Item"]), {"p": "t1", "n": 11})
    answer = fails(CANCELED, "[None, ValidationError]", db.transact_write_items, TransactItems=[{"Put": {"TableName": "one", "Item": item(p="t5")}}, {"Update": {**key("t1"), "UpdateExpression": "SET n = n + p"}}])
    equal(answer["CancellationReasons"][1], {"Code": "ValidationError", "Message": "An operand in the update expression has an incorrect data type"})
    answer = fails(CANCELED, "[ValidationError, None]", db.transact_write_items, TransactItems=[{"Put": {"TableName": "one", "Item": item(p=1)}}, {"Delete": key("t1")}])
    answer = fails(CANCELED, "[None, ValidationError]", db.transact_write_items, TransactItems=[{"Delete": key("t1")}, {"Put": {"TableName": "two", "Item": item(p="x", n=1, g=1)}}])
    assert "Type mismatch for Index Key g" in answer["CancellationReasons"][1]["Message"], answer
    assert "Item" in db.get_item(**key("t1"))


def transactions_that_are_refused(db, wire):
    key = {"TableName": "one", "Key": item(p="t1")}
    several = "Transaction request cannot include multiple operations on one item"
    for items, words in (([{"Delete": key}, {"ConditionCheck": {**key, "ConditionExpression": "attribute_exists(p)"}}], several), ([{"Put": {"TableName": "one", "Item": item(p="t1")}}, {"Update": {**key, "UpdateExpression": "REMOVE a"}}], several),
                         ([{"Delete": {"TableName": "one", "Key": item(p=str(n))}} for n in range(101)], "Member must have length less than or equal to 100"), ([], "Member must have length greater than or equal to 1"), ([{}], ""), ([{"Delete": key, "Put": {"TableName": "one", "Item": item(p="z")}}], ""),
                         ([{"ConditionCheck": key}], "Member must not be null"), ([{"Update": key}], "Member must not be null"), ([{"Put": {"TableName": "one"}}], "Member must not be null"), ([{"Delete": {**key, "ConditionExpression": "x"}}], "Invalid ConditionExpression: Syntax error"),
                         ([{"Put": {"TableName": "one", "Item": item(p="z", a=("N", "x"))}}], "The parameter cannot be converted to a numeric value: x"),
                         ([{"Delete": {**key, "ConditionExpression": "a = :a", "ExpressionAttributeValues": values(a=1, b=2)}}], "unused in expressions: keys: {:b}")):
        fails(VALIDATION, words, db.transact_write_items, TransactItems=items)
    for operation, given, words in (("TransactWriteItems", {"TransactItems": [{}] * 100000}, "...' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"),
                                    ("BatchGetItem", {"RequestItems": {"é" * 99999: {"Keys": []}}}, "é...' at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint")):
        answer = wire.refused(operation, given, VALIDATION, words)
        assert len(answer["message"]) < 70000, "what is refused is not repeated whole"
    fails(VALIDATION, "4 MB", db.transact_write_items, TransactItems=[{"Put": {"TableName": "one", "Item": item(p=f"m{n}", a="x" * 390 * 1024)}} for n in range(11)])
    assert "Item" not in db.get_item(TableName="one", Key=item(p="m1"))
    good, empty = {"Put": {"TableName": "one", "Item": item(p="good")}}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p"
    for bad, words in (({"Put": {"TableName": "one", "Item": item(p="")}}, empty), ({"Delete": {"TableName": "one", "Key": item(p="")}}, empty), ({"Delete": {"TableName": "one", "Key": item(p="x" * 2049)}}, "Size of hashkey has exceeded")):
        fails(VALIDATION, words, db.transact_write_items, TransactItems=[good, bad])
    fails(VALIDATION, "cannot contain an empty string value. IndexName: by-g, IndexKey: g", db.transact_write_items, TransactItems=[good, {"Put": {"TableName": "two", "Item": item(p="x", n=1, g="")}}])
    fails(CANCELED, "[None, ValidationError]", db.transact_write_items, TransactItems=[good, {"Delete": {"TableName": "one", "Key": item(p=1)}}])
    fails(NOT_FOUND, "Requested resource not found", db.transact_write_items, TransactItems=[{"Delete": {"TableName": "none", "Key": item(p="z")}}])
    fails(VALIDATION, several, db.transact_write_items, TransactItems=[{"Delete": {"TableName": "two", "Key": {"p": {"S": "a"}, "n": {"N": "1"}}}}, {"Delete": {"TableName": "two", "Key": {"p": {"S": "a"}, "n": {"N": "1.0"}}}}])


def a_token_makes_a_transaction_one(db, wire):
    db.put_item(TableName="one", Item=item(p="count", n=0))
    add = lambda n: [{"Update": {"TableName": "one", "Key": item(p="count"), "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": values(n=n)}}]
    token = str(uuid.uuid4())
    for _ in range(3):
        db.transact_write_items(TransactItems=add(1), ClientRequestToken=token)
    repeated = db.transact_write_items(TransactItems=add(1), ClientRequestToken=token, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"][0]
    assert repeated["ReadCapacityUnits"] >= 2 and "WriteCapacityUnits" not in repeated, repeated
    equal(db.get_item(TableName="one", Key=item(p="count"))["Item"]["n"], typed(1))
    fails(MISMATCH, "", db.transact_write_items, TransactItems=add(2), ClientRequestToken=token)
    db.execute_transaction(TransactStatements=[{"Statement": "INSERT INTO \"one\" VALUE {'p': 'token'}"}], ClientRequestToken=token)  # operations share no tokens
    for n in (1, 2):  # a token is all of its characters
        db.transact_write_items(TransactItems=[{"Put": {"TableName": "one", "Item": item(p="other", n=n)}}], ClientRequestToken=f"x\0{n}")
    db.transact_write_items(TransactItems=add(1), ClientRequestToken=str(uuid.uuid4()))
    equal(db.get_item(TableName="one", Key=item(p="count"))["Item"]["n"], typed(2))
    fails(VALIDATION, "Member must have length less than or equal to 36", db.transact_write_items, TransactItems=add(1), ClientRequestToken="x" * 37)
    # a repeated request costs the reading of what the first one was sized on
    db.put_item(TableName="one", Item=item(p="large", a="x" * 9000))
    db.put_item(TableName="one", Item=item(p="looked", a="x" * 5000))
    units = lambda done: {name: count for name, count in done["ConsumedCapacity"][0].items() if name.endswith("yUnits")}
    delete = {"TransactItems": [{"Delete": {"TableName": "one", "Key": item(p="large")}}, {"ConditionCheck": {"TableName": "one", "Key": item(p="looked"), "ConditionExpression": "attribute_exists(p)"}}],
              "ClientRequestToken": str(uuid.uuid4()), "ReturnConsumedCapacity": "TOTAL"}
    equal(units(db.transact_write_items(**delete)), {"CapacityUnits": 28.0, "WriteCapacityUnits": 28.0})
    db.put_item(TableName="one", Item=item(p="large", a="small by now"))
    equal(units(db.transact_write_items(**delete)), {"CapacityUnits": 10.0, "ReadCapacityUnits": 10.0})


def writers_do_not_lose_updates(db, wire):
    """Four writers at once: plain, conditional and in transactions; every write that was answered counts."""
    address = wire.connection.host + ":" + str(wire.connection.port)
    db.put_item(TableName="one", Item=item(p="shared", n=0, m=0))
    done = []

    def work(kind):
        own, count = Wire(address), 0
        change = {"TableName": "one", "Key": item(p="shared"), "UpdateExpression": "SET n = n + :one", "ExpressionAttributeValues": values(one=1)}
        for _ in range(100):
            if kind == "plain":
                status, _, answer = own.send("UpdateItem", change)
            elif kind == "conditional":
                seen = own.ask("GetItem", {"TableName": "one", "Key": item(p="shared"), "ConsistentRead": True})["Item"]["n"]
                status, _, answer = own.send("UpdateItem", {**change, "ConditionExpression": "n = :seen", "ExpressionAttributeValues": {**values(one=1), ":seen": seen}})
            else:
                status, _, answer = own.send("TransactWriteItems", {"TransactItems": [{"Update": change}, {"Put": {"TableName": "one", "Item": item(p="beside")}}]})
            assert status == 200 or answer["__type"].split("#")[1] in ("ConditionalCheckFailedException", CANCELED, "TransactionConflictException"), answer
            count += status == 200
        done.append(count)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in ("plain", "plain", "conditional", "transaction")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(len(done), 4, "a writer was refused")
    equal(db.get_item(TableName="one", Key=item(p="shared"), ConsistentRead=True)["Item"]["n"], typed(sum(done)))
    assert sum(done) >= 200, done


def transactions_read(db, wire):
    get = lambda name, **more: {"Get": {"TableName": "one", "Key": item(p=name), **more}}
    answer = db.transact_get_items(TransactItems=[get("count"), get("nobody"), get("t3", ProjectionExpression="n"), get("t1", ProjectionExpression="lost"), {"Get": {"TableName": "two", "Key": item(p="t", n=1)}}])
    equal([plain_item(one.get("Item")) for one in answer["Responses"]], [{"p": "count", "n": 2}, None, {"n": 3}, None, {"p": "t", "n": 1}])
    for items, words in (([], "Member must have length greater than or equal to 1"), ([get(str(n)) for n in range(101)], "Member must have length less than or equal to 100"), ([{}], "Member must not be null"), ([get("x", ProjectionExpression="a,")], "Invalid ProjectionExpression: Syntax error")):
        fails(VALIDATION, words, db.transact_get_items, TransactItems=items)
    answer = fails(CANCELED, "[None, ValidationError]", db.transact_get_items, TransactItems=[get("count"), {"Get": {"TableName": "one", "Key": item(q="x")}}])
    equal(answer["CancellationReasons"][1], {"Code": "ValidationError", "Message": NO_MATCH})
    fails(NOT_FOUND, "Requested resource not found", db.transact_get_items, TransactItems=[{"Get": {"TableName": "none", "Key": item(p="z")}}])
    fails(VALIDATION, "4 MB", db.transact_get_items, TransactItems=[{"Get": {"TableName": "large", "Key": item(p=f"{n:02}")}} for n in range(20)])


def capacity(answer):
    found = answer["ConsumedCapacity"]
    return [one["CapacityUnits"] for one in found] if isinstance(found, list) else found["CapacityUnits"]


def capacity_is_counted(db, wire):
    total = {"ReturnConsumedCapacity": "TOTAL"}
    name = {"TableName": "one"}
    equal(capacity(db.put_item(**name, Item=item(p="c"), **total)), 1.0)
    equal(capacity(db.put_item(**name, Item=item(p="c", a="x" * (1024 - 1 - 1 - 1)), **total)), 1.0)
    equal(capacity(db.put_item(**name, Item=item(p="c", a="x" * (1024 - 1 - 1 - 1 + 1)), **total)), 2.0)
    equal(capacity(db.put_item(**name, Item=item(p="c"), **total)), 2.0, "the larger of the old and the new item counts")
    equal(capacity(db.put_item(**name, Item=item(p="c", a="x" * 10000), **total)), 10.0)
    equal(capacity(db.get_item(**name, Key=item(p="c"), **total)), 1.5)
    equal(capacity(db.get_item(**name, Key=item(p="c"), ConsistentRead=True, **total)), 3.0)
    equal(capacity(db.get_item(**name, Key=item(p="c"), ConsistentRead=True, ProjectionExpression="p", **total)), 3.0)
    equal(capacity(db.get_item(**name, Key=item(p="nobody"), **total)), 0.5)
    equal(capacity(db.update_item(**name, Key=item(p="c"), UpdateExpression="SET b = :b", ExpressionAttributeValues=values(b=1), **total)), 10.0)
    equal(capacity(db.delete_item(**name, Key=item(p="c"), **total)), 10.0)
    equal(capacity(db.delete_item(**name, Key=item(p="c"), **total)), 1.0)
    equal(db.put_item(TableName="two", Item=item(p="c", n=1, g="g", l="l"), ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"],
          {"TableName": "two", "CapacityUnits": 3.0, "Table": {"CapacityUnits": 1.0}, "LocalSecondaryIndexes": {"by-l": {"CapacityUnits": 1.0}}, "GlobalSecondaryIndexes": {"by-g": {"CapacityUnits": 1.0}}})
    equal(db.update_item(TableName="two", Key=item(p="c", n=1), UpdateExpression="SET g = :g", ExpressionAttributeValues=values(g="h"), ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]["GlobalSecondaryIndexes"], {"by-g": {"CapacityUnits": 2.0}},
          "an index key that changes is erased and written")
    answer = db.update_item(TableName="two", Key=item(p="c", n=1), UpdateExpression="SET a = :g", ExpressionAttributeValues=values(g="h"), ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert "GlobalSecondaryIndexes" not in answer, "an index that does not hold the attribute is not written"
    assert "ConsumedCapacity" not in db.put_item(**name, Item=item(p="c"), ReturnConsumedCapacity="NONE")
    equal(capacity(db.batch_get_item(RequestItems={"one": {"Keys": keys_of("c", "nobody"), "ConsistentRead": True}}, **total)), [2.0])
    equal(capacity(db.batch_write_item(RequestItems={"one": [{"PutRequest": {"Item": item(p=f"c{n}")}} for n in range(3)]}, **total)), [3.0])
    answer = db.transact_write_items(TransactItems=[{"Put": {"TableName": "one", "Item": item(p="c1")}}, {"Put": {"TableName": "one", "Item": item(p="c2", a="x" * 1500)}}], **total)["ConsumedCapacity"]
    equal(answer, [{"TableName": "one", "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}])
    answer = db.transact_write_items(TransactItems=[{"Put": {"TableName": "two", "Item": item(p="c", n=1, g="moved")}}], ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"][0]
    equal((answer["CapacityUnits"], answer["Table"]["CapacityUnits"], answer["GlobalSecondaryIndexes"]["by-g"]["CapacityUnits"]), (5.0, 2.0, 2.0), "only the table's part costs double")
    answer = db.transact_get_items(TransactItems=[{"Get": {"TableName": "one", "Key": item(p="c1")}}, {"Get": {"TableName": "one", "Key": item(p="nobody")}}], **total)["ConsumedCapacity"]
    equal(answer, [{"TableName": "one", "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}])


def sizes_count_as_documented(db, wire):
    """One unit more tells that an item's size has crossed a kilobyte (Developer Guide, "Item sizes and formats")."""
    for whole, size in ((item(p="1"), 2), (item(p="1", a=None), 4), (item(p="1", a=True), 4), (item(p="1", a=[]), 6), (item(p="1", a={}), 6), (item(p="1", a=b"abc"), 6), (item(p="1", a="\u00e9"), 5),
                        (item(p="1", a={"x", "yz"}), 6)):
        pad = 1024 - size - len("pad")
        equal(capacity(db.put_item(TableName="one", Item={**whole, "pad": typed("x" * pad)}, ReturnConsumedCapacity="TOTAL")), 1.0, f"{whole} is at most {size} bytes")
        db.delete_item(TableName="one", Key=item(p="1"))
        equal(capacity(db.put_item(TableName="one", Item={**whole, "pad": typed("x" * (pad + 1))}, ReturnConsumedCapacity="TOTAL")), 2.0, f"{whole} is at least {size} bytes")
        db.delete_item(TableName="one", Key=item(p="1"))


def collections_are_told(db, wire):
    size = {"ReturnItemCollectionMetrics": "SIZE"}
    wanted = {"ItemCollectionKey": item(p="m"), "SizeEstimateRangeGB": [0.0, 1.0]}
    equal(db.put_item(TableName="two", Item=item(p="m", n=1), **size)["ItemCollectionMetrics"], wanted)
    equal(db.update_item(TableName="two", Key=item(p="m", n=1), UpdateExpression="SET a = :a", ExpressionAttributeValues=values(a=1), **size)["ItemCollectionMetrics"], wanted)
    equal(db.batch_write_item(RequestItems={"two": [{"PutRequest": {"Item": item(p="m", n=2)}}]}, **size)["ItemCollectionMetrics"], {"two": [wanted]})
    equal(db.transact_write_items(TransactItems=[{"Put": {"TableName": "two", "Item": item(p="m", n=3)}}, {"Put": {"TableName": "one", "Item": item(p="m")}}], **size)["ItemCollectionMetrics"], {"two": [wanted]})
    equal(db.delete_item(TableName="two", Key=item(p="m", n=1), **size)["ItemCollectionMetrics"], wanted)
    other = {**wanted, "ItemCollectionKey": item(p="k")}
    keys = [item(p="m", n=5), item(p="k", n=5), item(p="m", n=6)]
    equal(db.batch_write_item(RequestItems={"two": [{"PutRequest": {"Item": key}} for key in keys]}, **size)["ItemCollectionMetrics"], {"two": [wanted, other]}, "each collection once")
    equal(db.transact_write_items(TransactItems=[{"Delete": {"TableName": "two", "Key": key}} for key in keys], **size)["ItemCollectionMetrics"], {"two": [wanted, other]}, "each collection once")
    assert "ItemCollectionMetrics" not in db.put_item(TableName="one", Item=item(p="m"), **size), "only with a local index"
    assert "ItemCollectionMetrics" not in db.put_item(TableName="two", Item=item(p="m", n=1))


CHECKS = [setup, batches_read, lists_are_no_maps, batches_write, a_batch_is_sixteen_megabytes, transactions_write_all_or_nothing, transactions_that_are_refused, a_token_makes_a_transaction_one, writers_do_not_lose_updates, transactions_read, capacity_is_counted, sizes_count_as_documented,
          collections_are_told]


def main():
    with Server() as host:
        run(CHECKS, client(host.dynamodb), Wire(host.dynamodb))


if __name__ == "__main__":
    main()
