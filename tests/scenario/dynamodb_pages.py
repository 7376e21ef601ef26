#!/usr/bin/python3
"""Query and Scan through the DynamoDB door, over tables and their indexes; and the parameters that expressions replaced."""
from dynamodb import CONDITION, VALIDATION, Wire, active, client, equal, fails, item, plain_item, run, table, typed, values
from server import Server

INVALID = "One or more parameter values were invalid: "


def setup(db, wire):
    table(db, "music", "artist:S", "song:S",
          globals=[("by-year", ["year:N", "song:S"], "ALL"), ("by-genre", ["genre:S"], "KEYS_ONLY"), ("by-label", ["label:S", "year:N"], ["price"])],
          locals=[("local-year", ["artist:S", "year:N"], "KEYS_ONLY"), ("local-price", ["artist:S", "price:N"], "ALL"), ("local-label", ["artist:S", "label:S"], ["genre"])])
    for a in range(3):
        for s in range(10):
            one = item(artist=f"a{a}", song=f"s{s:02}", year=2000 + s % 4, price=s * 10 - 45, extra="e" * 10)
            if s % 2 == 0:
                one["genre"] = typed(f"g{s % 3}")
            if s % 5 == 0:
                one["label"] = typed("l")
            db.put_item(TableName="music", Item=one)
    table(db, "numbers", "p:S", "n:N")
    for n in ("-1E+100", "-100.5", "-2", "-1", "0", "1E-100", "0.5", "1", "2", "10", "100.25", "1E+100"):
        db.put_item(TableName="numbers", Item={"p": {"S": "x"}, "n": {"N": n}})
    table(db, "binary", "p:S", "b:B")
    for b in (b"\x00", b"\x00\x00", b"\x01", b"\x01\xff", b"\x02", b"\x7f", b"\x80", b"\xff", b"\xff\xff"):
        db.put_item(TableName="binary", Item=item(p="x", b=b))


def query(db, condition, name="music", names=None, given=(), **members):
    if names:
        members["ExpressionAttributeNames"] = names
    return db.query(TableName=name, KeyConditionExpression=condition, ExpressionAttributeValues=values(**dict(given)), **members)


def songs(answer):
    return [one["song"]["S"] for one in answer["Items"]]


def key_conditions_select(db, wire):
    every = [f"s{s:02}" for s in range(10)]
    for condition, given, wanted in (
            ("artist = :a", {}, every), ("artist = :a AND song = :s", {"s": "s03"}, ["s03"]), ("artist = :a AND song < :s", {"s": "s03"}, every[:3]), ("artist = :a AND song <= :s", {"s": "s03"}, every[:4]),
            ("artist = :a AND song > :s", {"s": "s03"}, every[4:]), ("artist = :a AND song >= :s", {"s": "s03"}, every[3:]), ("artist = :a AND song BETWEEN :s AND :t", {"s": "s03", "t": "s05"}, every[3:6]),
            ("artist = :a AND begins_with(song, :s)", {"s": "s0"}, every), ("artist = :a AND begins_with(song, :s)", {"s": "x"}, []), ("song = :s AND artist = :a", {"s": "s03"}, ["s03"]), (":a = artist AND :s < song", {"s": "s08"}, ["s09"]),
            ("(artist = :a) AND (song > :s)", {"s": "s08"}, ["s09"]), ("artist = :a AND song > :s", {"s": "zz"}, [])):
        answer = query(db, condition, given={"a": "a1", **given})
        equal((songs(answer), answer["Count"], answer["ScannedCount"]), (wanted, len(wanted), len(wanted)), condition)
        assert "LastEvaluatedKey" not in answer
        equal(songs(query(db, condition, given={"a": "a1", **given}, ScanIndexForward=False)), wanted[::-1], condition + " backwards")
    equal(songs(query(db, "#a = :a", names={"#a": "artist"}, given={"a": "nobody"})), [])
    for condition, wanted in (("n > :n", ["0." + "0" * 99 + "1", "0.5", "1", "2", "10", "100.25", "1" + "0" * 100]), ("n < :n", ["-1" + "0" * 100, "-100.5", "-2", "-1"]), ("n BETWEEN :m AND :n", ["-2", "-1", "0"])):
        given = {"p": "x", "n": 0, **({"m": -2} if ":m" in condition else {})}
        equal([one["n"]["N"] for one in query(db, "p = :p AND " + condition, "numbers", given=given)["Items"]], wanted, condition)
    equal([one["b"]["B"] for one in query(db, "p = :p AND begins_with(b, :b)", "binary", given={"p": "x", "b": b"\xff"})["Items"]], [b"\xff", b"\xff\xff"])
    equal([one["b"]["B"] for one in query(db, "p = :p AND b >= :b", "binary", given={"p": "x", "b": b"\x7f"})["Items"]], [b"\x7f", b"\x80", b"\xff", b"\xff\xff"])


def key_conditions_that_are_refused(db, wire):
    bad = "Invalid KeyConditionExpression: "
    for condition, words, given in (
            ("artist > :a", "Query key condition not supported", {}), ("song = :a", "Query condition missed key schema element: artist", {}), ("artist = :a AND price = :s", "Query condition missed key schema element: song", {"s": 1}),
            ("artist = :a OR song = :s", "Invalid operator used in KeyConditionExpression: OR", {"s": "x"}), ("NOT artist = :a", "Invalid operator used in KeyConditionExpression: NOT", {}), ("artist <> :a", "Invalid operator used in KeyConditionExpression: <>", {}),
            ("artist = :a AND song <> :s", "Invalid operator used in KeyConditionExpression: <>", {"s": "x"}), ("artist = :a AND contains(song, :s)", "Invalid operator used in KeyConditionExpression: contains", {"s": "x"}),
            ("artist = :a AND song IN (:s)", "Invalid operator used in KeyConditionExpression: IN", {"s": "x"}), ("artist = :a AND attribute_exists(song)", "Invalid operator used in KeyConditionExpression: attribute_exists", {}),
            ("artist = :a AND size(song) = :s", "KeyConditionExpressions cannot contain nested operations", {"s": 1}), ("artist = :a AND song = artist", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition", {}),
            (":a = :t", "Invalid condition in KeyConditionExpression: No key attribute specified", {"t": "x"}), ("artist = :a AND song = :s AND song = :s", "KeyConditionExpressions must only contain one condition per key", {"s": "x"}),
            ("artist = :a AND song > :s AND song < :t", "KeyConditionExpressions must only contain one condition per key", {"s": "a", "t": "b"}), ("artist = :a AND song.x = :s", "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes", {"s": "x"}),
            ("artist = :a AND song = :s", INVALID + "Condition parameter type does not match schema type", {"s": 1}), ("artist = :s", INVALID + "Condition parameter type does not match schema type", {"s": 1}),
            ("artist = :a AND song = :s AND price = :p", "Conditions can be of length 1 or 2 only", {"s": "x", "p": 1}), ("artist = :a AND song = :s", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: song", {"s": ""}),
            ("artist = :a AND", bad + "Syntax error", {}), ("", bad + "The expression can not be empty;", {}), ("artist = :a AND year = :s", bad + "Attribute name is a reserved keyword; reserved keyword: year", {"s": 1})):
        given = {"a": "a1", **given} if ":a" in condition or not condition else given
        fails(VALIDATION, words, db.query, TableName="music", KeyConditionExpression=condition, ExpressionAttributeValues=values(**given))
    fails(VALIDATION, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.", db.query, TableName="music")
    fails(VALIDATION, "The table does not have the specified index: nope", db.query, TableName="music", IndexName="nope", KeyConditionExpression="artist = :a", ExpressionAttributeValues=values(a="a"))
    fails(VALIDATION, "Filter Expression can only contain non-primary key attributes: Primary key attribute: song", query, db=db, condition="artist = :a", given={"a": "a1", "s": "x"}, FilterExpression="song = :s")
    fails(VALIDATION, "Consistent reads are not supported on global secondary indexes", query, db=db, condition="genre = :a", given={"a": "g0"}, IndexName="by-genre", ConsistentRead=True)


def filters_and_counts(db, wire):
    answer = query(db, "artist = :a", given={"a": "a0", "p": 0}, FilterExpression="price > :p")
    equal((answer["Count"], answer["ScannedCount"], songs(answer)), (5, 10, ["s05", "s06", "s07", "s08", "s09"]))
    answer = query(db, "artist = :a", given={"a": "a0", "p": 0}, FilterExpression="price > :p", Limit=4)
    equal((answer["Count"], answer["ScannedCount"], answer["LastEvaluatedKey"]), (0, 4, item(artist="a0", song="s03")))
    answer = query(db, "artist = :a", given={"a": "a0"}, Select="COUNT")
    assert "Items" not in answer and answer["Count"] == 10, answer
    equal(db.scan(TableName="music", Select="COUNT", FilterExpression="attribute_exists(label)")["Count"], 6)
    answer = query(db, "artist = :a", given={"a": "a0"}, ProjectionExpression="price, song")
    equal(plain_item(answer["Items"][0]), {"price": -45, "song": "s00"})
    answer = query(db, "artist = :a", given={"a": "a0"}, ProjectionExpression="price", FilterExpression="attribute_exists(genre)", Limit=1)
    equal([plain_item(i) for i in answer["Items"]], [{"price": -45}], "a filter sees what the projection leaves out")
    equal(plain_item(query(db, "artist = :a", given={"a": "a0"}, ProjectionExpression="missing2")["Items"][0]), {})
    for members, words in (({"Select": "SPECIFIC_ATTRIBUTES"}, "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"),
                           ({"Select": "COUNT", "ProjectionExpression": "price"}, "Cannot specify the ProjectionExpression when choosing to get only the Count"),
                           ({"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "price"}, "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"),
                           ({"Select": "ALL_PROJECTED_ATTRIBUTES", "IndexName": "by-genre", "AttributesToGet": ["price"]}, "Cannot specify the AttributesToGet when choosing to get ALL_PROJECTED_ATTRIBUTES"),
                           ({"Select": "ALL_PROJECTED_ATTRIBUTES"}, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"), ({"Limit": 0}, "Member must have value greater than or equal to 1"), ({"Limit": -1}, "Member must have value greater than or equal to 1")):
        fails(VALIDATION, words, db.scan, TableName="music", **members)
        key = {"KeyConditionExpression": "genre = :a" if "IndexName" in members else "artist = :a", "ExpressionAttributeValues": values(a="x")}
        if "AttributesToGet" not in members:
            fails(VALIDATION, words, db.query, TableName="music", **key, **members)


def pages_meet(db, wire):
    for forward in (True, False):
        for limit in (1, 3, 5, 10, 11):
            found, start, pages = [], {}, 0
            while True:
                answer = query(db, "artist = :a", given={"a": "a1"}, Limit=limit, ScanIndexForward=forward, **start)
                pages += 1
                found += songs(answer)
                if "LastEvaluatedKey" not in answer:
                    break
                equal(answer["LastEvaluatedKey"], {k: answer["Items"][-1][k] for k in ("artist", "song")})
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            equal(found, [f"s{s:02}" for s in (range(10) if forward else range(9, -1, -1))], f"limit {limit}")
            equal(pages, 10 // limit + 1, f"a page that is exactly full has a key to go on with; limit {limit}")
    for index in ("by-year", "by-genre", "local-year"):
        key = {"by-year": ("#k = :v", {"#k": "year"}, 2001), "by-genre": ("#k = :v", {"#k": "genre"}, "g0"), "local-year": ("#k = :v", {"#k": "artist"}, "a2")}[index]
        whole = query(db, key[0], names=key[1], given={"v": key[2]}, IndexName=index)["Items"]
        found, start = [], {}
        while True:
            answer = query(db, key[0], names=key[1], given={"v": key[2]}, IndexName=index, Limit=2, **start)
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            equal(set(answer["LastEvaluatedKey"]), {"artist", "song"} | {"by-year": {"year"}, "by-genre": {"genre"}, "local-year": {"year"}}[index])
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        equal(found, whole, index)
        assert len(found) >= 4
    # a key to start from need not exist
    equal(songs(query(db, "artist = :a", given={"a": "a1"}, ExclusiveStartKey=item(artist="a1", song="s03x"))), ["s04", "s05", "s06", "s07", "s08", "s09"])
    equal(songs(query(db, "artist = :a", given={"a": "a1"}, ExclusiveStartKey=item(artist="a1", song="s03x"), ScanIndexForward=False)), ["s03", "s02", "s01", "s00"])
    for start in (item(artist="a1"), item(artist="a1", song=1), item(artist="a1", song="x", extra="y"), item(song="x"), {}):
        fails(VALIDATION, "The provided starting key is invalid", query, db=db, condition="artist = :a", given={"a": "a1"}, ExclusiveStartKey=start)
        fails(VALIDATION, "The provided starting key is invalid", db.scan, TableName="music", ExclusiveStartKey=start)
    fails(VALIDATION, "The provided starting key does not match the range key predicate", query, db=db, condition="artist = :a AND song > :s", given={"a": "a1", "s": "s05"}, ExclusiveStartKey=item(artist="a1", song="s01"))
    fails(VALIDATION, "The provided starting key is outside query boundaries based on provided conditions", query, db=db, condition="artist = :a", given={"a": "a1"}, ExclusiveStartKey=item(artist="a2", song="s01"))


def scans_meet(db, wire):
    refused = 0  # a key belongs to one segment
    for segment in range(4):
        ask = {"TableName": "music", "Segment": segment, "TotalSegments": 4, "ExclusiveStartKey": item(artist="a1", song="s01")}
        status, _, answer = wire.send("Scan", ask)
        if status != 200:
            equal(answer["message"], f"The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: 4 Segment: {segment}")
            refused += 1
    equal(refused, 3)
    whole = {(one["artist"]["S"], one["song"]["S"]) for one in db.scan(TableName="music")["Items"]}
    equal(len(whole), 30)
    for members in ({"Limit": 1}, {"Limit": 7}, {"Limit": 30}, {"Limit": 31}, {"IndexName": "by-year", "Limit": 4}):
        found, start = [], {}
        while True:
            answer = db.scan(TableName="music", **members, **start)
            found += [(one["artist"]["S"], one["song"]["S"]) for one in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            equal(answer["ScannedCount"], members["Limit"])
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        equal((set(found), len(found)), (whole, 30), str(members))
    for segments in (1, 2, 7, 100):
        found = []
        for segment in range(segments):
            start = {}
            while True:
                answer = db.scan(TableName="music", TotalSegments=segments, Segment=segment, Limit=5, **start)
                found += [(one["artist"]["S"], one["song"]["S"]) for one in answer["Items"]]
                if "LastEvaluatedKey" not in answer:
                    break
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        equal((set(found), len(found)), (whole, 30), f"{segments} segments")
    for members, words in (({"Segment": 0}, "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"),
                           ({"TotalSegments": 2}, "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"),
                           ({"TotalSegments": 2, "Segment": 2}, "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2"),
                           ({"TotalSegments": 0, "Segment": 0}, "Value '0' at 'totalSegments' failed to satisfy constraint: Member must have value greater than or equal to 1"),
                           ({"TotalSegments": 1000001, "Segment": 0}, "Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to 1000000"),
                           ({"TotalSegments": 2, "Segment": -1}, "Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0")):
        fails(VALIDATION, words, db.scan, TableName="music", **members)


def a_page_is_a_megabyte(db, wire):
    table(db, "large", "p:S", "n:N")
    for n in range(12):
        db.put_item(TableName="large", Item=item(p="x", n=n, a="a" * 200 * 1024))
    for members in ({}, {"FilterExpression": "n > :n", "x": 1}):
        filtered = "x" in members
        first = db.scan(TableName="large", **({"FilterExpression": "begins_with(a, :b)", "ExpressionAttributeValues": values(b="b")} if filtered else {}))
        equal((first["ScannedCount"], first["Count"], first["LastEvaluatedKey"]), (6, 0 if filtered else 6, item(p="x", n=5)), "the item that crosses the megabyte is the last")
        second = db.scan(TableName="large", ExclusiveStartKey=first["LastEvaluatedKey"])
        equal(second["ScannedCount"], 6)
    answer = query(db, "p = :p", "large", given={"p": "x"}, ScanIndexForward=False, Select="COUNT")
    equal((answer["Count"], answer["LastEvaluatedKey"]), (6, item(p="x", n=6)))
    answer = query(db, "p = :p", "large", given={"p": "x"}, ProjectionExpression="n", ReturnConsumedCapacity="TOTAL")
    equal(answer["Count"], 6, "a projection does not make a page longer")
    equal(answer["ConsumedCapacity"]["CapacityUnits"], 150.5)


def indexes_hold_what_they_project(db, wire):
    answer = query(db, "genre = :g", given={"g": "g0"}, IndexName="by-genre")
    equal(sorted({tuple(sorted(one)) for one in answer["Items"]}), [("artist", "genre", "song")])
    equal(answer["Count"], 6)
    answer = query(db, "label = :g", names=None, given={"g": "l"}, IndexName="by-label")
    equal(sorted({tuple(sorted(one)) for one in answer["Items"]}), [("artist", "label", "price", "song", "year")])
    equal([one["year"]["N"] for one in answer["Items"]], ["2000"] * 3 + ["2001"] * 3)
    answer = query(db, "#y = :y AND song > :s", names={"#y": "year"}, given={"y": 2001, "s": "s01"}, IndexName="by-year")
    equal(songs(answer), ["s05"] * 3 + ["s09"] * 3)
    equal(sorted(answer["Items"][0]), ["artist", "extra", "label", "price", "song", "year"])
    equal(len(db.scan(TableName="music", IndexName="by-label")["Items"]), 6, "an item without the key is not in the index")
    answer = query(db, "artist = :a AND #y > :y", names={"#y": "year"}, given={"a": "a0", "y": 2001}, IndexName="local-year", ConsistentRead=True)
    equal((songs(answer), sorted(answer["Items"][0])), (["s02", "s06", "s03", "s07"], ["artist", "song", "year"]))
    answer = query(db, "artist = :a AND #y > :y", names={"#y": "year"}, given={"a": "a0", "y": 2002}, IndexName="local-year", Select="ALL_ATTRIBUTES")
    equal(sorted(answer["Items"][0]), ["artist", "extra", "price", "song", "year"], "a local index fetches")
    answer = query(db, "artist = :a AND #y > :y", names={"#y": "year"}, given={"a": "a0", "y": 2002}, IndexName="local-year", ProjectionExpression="price")
    equal([plain_item(one) for one in answer["Items"]], [{"price": -15}, {"price": 25}])
    equal([one["price"]["N"] for one in query(db, "artist = :a AND price BETWEEN :p AND :q", given={"a": "a0", "p": -30, "q": 10}, IndexName="local-price")["Items"]], ["-25", "-15", "-5", "5"])
    unheld = INVALID + "Secondary index %s does not project one or more filter attributes: [%s]"
    for members in ({}, {"Select": "COUNT"}):
        for expression, names in (("attribute_exists(price)", "price"), ("price = extra OR NOT (attribute_exists(price) AND size(lost.x) > price)", "price, extra, lost")):
            fails(VALIDATION, unheld % ("by-genre", names), query, db=db, condition="genre = :g", given={"g": "g0"}, IndexName="by-genre", FilterExpression=expression, **members)
    fails(VALIDATION, unheld % ("local-year", "price"), query, db=db, condition="artist = :a", given={"a": "a0"}, IndexName="local-year", FilterExpression="attribute_exists(price)", Select="ALL_ATTRIBUTES")
    fails(VALIDATION, unheld % ("local-year", "price"), db.query, TableName="music", IndexName="local-year", KeyConditions={"artist": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a0"}]}},
          QueryFilter={"price": {"ComparisonOperator": "NOT_NULL"}})
    for expression, wanted in (("attribute_exists(price)", 0), ("attribute_not_exists(price)", 15)):
        for members in ({}, {"Select": "COUNT"}):
            equal(db.scan(TableName="music", IndexName="by-genre", FilterExpression=expression, **members)["Count"], wanted, "a scan of a global index is filtered by what it holds: " + expression)
    equal(query(db, "label = :g", given={"g": "l", "p": 0}, IndexName="by-label", FilterExpression="price > :p")["Count"], 3)
    fails(VALIDATION, INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index by-genre because its projection type is not ALL", query, db=db, condition="genre = :g", given={"g": "g0"},
          IndexName="by-genre", Select="ALL_ATTRIBUTES")
    fails(VALIDATION, INVALID + "Global secondary index by-genre does not project [price]", query, db=db, condition="genre = :g", given={"g": "g0"}, IndexName="by-genre", ProjectionExpression="price")
    equal(query(db, "genre = :g", given={"g": "g0"}, IndexName="by-genre", Select="ALL_PROJECTED_ATTRIBUTES")["Count"], 6)


def indexes_follow_writes(db, wire):
    def genres():
        return sorted((one["genre"]["S"], one["song"]["S"]) for one in db.scan(TableName="music", IndexName="by-genre")["Items"] if one["artist"]["S"] == "z")

    db.put_item(TableName="music", Item=item(artist="z", song="1", genre="g8", year=1990))
    equal(genres(), [("g8", "1")])
    fails(VALIDATION, "One or more parameter values were invalid: Size limit exceeded for Index Key genre Actual Size: 2049 bytes Max Size: 2048 bytes IndexName: ", db.put_item, TableName="music", Item=item(artist="z", song="1", genre="g" * 2049, year=1))
    db.update_item(TableName="music", Key=item(artist="z", song="1"), UpdateExpression="SET genre = :g", ExpressionAttributeValues=values(g="g9"))
    equal(genres(), [("g9", "1")])
    db.update_item(TableName="music", Key=item(artist="z", song="1"), UpdateExpression="REMOVE genre")
    equal(genres(), [])
    db.update_item(TableName="music", Key=item(artist="z", song="2"), UpdateExpression="SET genre = :g", ExpressionAttributeValues=values(g="g9"))
    equal(genres(), [("g9", "2")])
    db.put_item(TableName="music", Item=item(artist="z", song="2"))
    equal(genres(), [])
    for song in "12":
        db.delete_item(TableName="music", Key=item(artist="z", song=song))
    fails(VALIDATION, INVALID + "Type mismatch for Index Key genre Expected: S Actual: N IndexName: by-genre", db.put_item, TableName="music", Item=item(artist="z", song="1", genre=1))
    fails(VALIDATION, "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-genre, IndexKey: genre",
          db.put_item, TableName="music", Item=item(artist="z", song="1", genre=""))
    fails(VALIDATION, "The update expression attempted to update the secondary index key to unsupported type", db.update_item, TableName="music", Key=item(artist="z", song="1"), UpdateExpression="SET genre = :g",
          ExpressionAttributeValues=values(g=1))
    longer = {"TableName": "music", "Key": item(artist="z", song="1"), "UpdateExpression": "SET genre = :g"}
    beyond = "The update expression attempted to update the secondary index key beyond allowed size limits"
    fails(VALIDATION, beyond, db.update_item, **longer, ExpressionAttributeValues=values(g="g" * 2049))
    for value, words in (("g" * 2049, beyond), (1, "The update expression attempted to update the secondary index key to unsupported type")):
        told = fails("TransactionCanceledException", "[ValidationError]", db.transact_write_items, TransactItems=[{"Update": {**longer, "ExpressionAttributeValues": values(g=value)}}])
        equal(told["CancellationReasons"][0]["Message"], words)
    fails(VALIDATION, INVALID + "Type mismatch for Index Key", db.put_item, TableName="music", Item=item(artist="z", song="1", year="1990"))
    equal(db.query(TableName="music", KeyConditionExpression="artist = :a", ExpressionAttributeValues=values(a="z"))["Count"], 0)


def indexes_come_and_go(db, wire):
    table(db, "later", "p:S")
    for n in range(300):
        db.put_item(TableName="later", Item=item(p=f"{n:03}", n=n % 3, **({"sparse": f"x{n}"} if n % 10 == 0 else {})))
    definitions = [{"AttributeName": "n", "AttributeType": "N"}, {"AttributeName": "sparse", "AttributeType": "S"}]

    def create(name, attribute, projection="ALL"):
        return db.update_table(TableName="later", AttributeDefinitions=definitions[:1] if attribute == "n" else definitions, GlobalSecondaryIndexUpdates=[
            {"Create": {"IndexName": name, "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}], "Projection": {"ProjectionType": projection}}}])

    answer = create("by-n", "n")["TableDescription"]
    made = answer["GlobalSecondaryIndexes"][0]
    equal((answer["TableStatus"], made["IndexStatus"], made["Backfilling"]), ("UPDATING", "CREATING", False), "room is made for it first")
    equal(active(db, "later")["GlobalSecondaryIndexes"][0]["IndexName"], "by-n")
    equal([query(db, "n = :n", "later", given={"n": n}, IndexName="by-n", Select="COUNT")["Count"] for n in range(4)], [100, 100, 100, 0], "what was there is filled in")
    create("by-sparse", "sparse", "KEYS_ONLY")
    active(db, "later")
    equal(db.scan(TableName="later", IndexName="by-sparse")["Count"], 30)
    fails(VALIDATION, "Attempting to create an index which already exists", create, name="by-n", attribute="n")
    db.put_item(TableName="later", Item=item(p="new", n=77))
    equal(query(db, "n = :n", "later", given={"n": 77}, IndexName="by-n")["Count"], 1)
    answer = db.update_table(TableName="later", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}])
    found = active(db, "later")
    equal(([i["IndexName"] for i in found["GlobalSecondaryIndexes"]], {d["AttributeName"] for d in found["AttributeDefinitions"]}), (["by-sparse"], {"p", "sparse"}))
    fails(VALIDATION, "The table does not have the specified index: by-n", db.scan, TableName="later", IndexName="by-n")
    db.put_item(TableName="later", Item=item(p="text", n="now a text"))
    definitions[0]["AttributeType"] = "S"
    for round in range(3):  # while it is filled, and after
        create("by-n", "n")
        db.update_table(TableName="later", BillingMode="PAY_PER_REQUEST")
        db.update_table(TableName="later", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}])
        equal([i["IndexName"] for i in db.describe_table(TableName="later")["Table"]["GlobalSecondaryIndexes"]], ["by-sparse"])


def capacity_is_told(db, wire):
    for members, units in (({}, 0.5), ({"ConsistentRead": True}, 1.0), ({"IndexName": "local-year"}, 0.5), ({"IndexName": "local-year", "Select": "ALL_ATTRIBUTES"}, 5.5)):
        equal(query(db, "artist = :a", given={"a": "a0"}, ReturnConsumedCapacity="TOTAL", **members)["ConsumedCapacity"], {"TableName": "music", "CapacityUnits": units}, str(members))
    equal(query(db, "artist = :a", given={"a": "a0"}, ReturnConsumedCapacity="INDEXES", IndexName="local-year")["ConsumedCapacity"],
          {"TableName": "music", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.0}, "LocalSecondaryIndexes": {"local-year": {"CapacityUnits": 0.5}}})
    equal(query(db, "genre = :a", given={"a": "g0"}, ReturnConsumedCapacity="INDEXES", IndexName="by-genre")["ConsumedCapacity"],
          {"TableName": "music", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.0}, "GlobalSecondaryIndexes": {"by-genre": {"CapacityUnits": 0.5}}})
    equal(query(db, "artist = :a", given={"a": "a0"}, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"], {"TableName": "music", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}})
    equal(db.scan(TableName="music", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"], 0.5)
    assert "ConsumedCapacity" not in db.scan(TableName="music", ReturnConsumedCapacity="NONE")


# --- what expressions replaced -----------------------------------------------------------------------------------------


def condition(operator, *arguments):
    return {"ComparisonOperator": operator, **({"AttributeValueList": [typed(a) for a in arguments]} if arguments else {})}


def expected(operator, *arguments):
    return condition(operator, *arguments)


def legacy_comparisons(db, wire):
    """ScanFilter, QueryFilter and Expected share their operators."""
    table(db, "old", "p:S", "n:N")
    db.put_item(TableName="old", Item=item(p="x", n=1, a=5, s="hello", b=b"\x01\x02", ss={"a", "b"}, ns={1, 2}, l=["x", 1], m={"k": 1}, yes=True, nil=None))
    for name, one, wanted in (
            ("a", condition("EQ", 5), True), ("a", condition("EQ", 6), False), ("a", condition("EQ", "5"), False), ("q", condition("EQ", 5), False), ("ss", condition("EQ", {"b", "a"}), True), ("l", condition("EQ", ["x", 1]), True),
            ("a", condition("NE", 6), True), ("a", condition("NE", 5), False), ("a", condition("NE", "5"), True), ("q", condition("NE", 5), True), ("a", condition("LT", 6), True), ("a", condition("LT", 5), False), ("a", condition("LE", 5), True),
            ("a", condition("GT", 4), True), ("a", condition("GE", 6), False), ("a", condition("GT", "4"), False), ("s", condition("GT", "hella"), True), ("a", condition("BETWEEN", 5, 6), True), ("a", condition("BETWEEN", 6, 7), False),
            ("a", condition("IN", 4, 5), True), ("a", condition("IN", 4), False), ("s", condition("BEGINS_WITH", "he"), True), ("s", condition("BEGINS_WITH", "el"), False), ("b", condition("BEGINS_WITH", b"\x01"), True),
            ("s", condition("CONTAINS", "ll"), True), ("ss", condition("CONTAINS", "a"), True), ("ns", condition("CONTAINS", 2), True), ("l", condition("CONTAINS", "x"), True), ("s", condition("CONTAINS", "z"), False), ("q", condition("CONTAINS", "z"), False),
            ("s", condition("NOT_CONTAINS", "z"), True), ("s", condition("NOT_CONTAINS", "ll"), False), ("ss", condition("NOT_CONTAINS", "z"), True), ("q", condition("NOT_CONTAINS", "z"), False),
            ("a", condition("NULL"), False), ("q", condition("NULL"), True), ("a", condition("NOT_NULL"), True), ("q", condition("NOT_NULL"), False), ("nil", condition("NOT_NULL"), True), ("nil", condition("NULL"), False)):
        equal(db.scan(TableName="old", ScanFilter={name: one})["Count"] == 1, wanted, f"scan {name} {one}")
        equal(db.query(TableName="old", KeyConditions={"p": condition("EQ", "x")}, QueryFilter={name: one})["Count"] == 1, wanted, f"query {name} {one}")
        try:
            db.put_item(TableName="old", Item=db.get_item(TableName="old", Key=item(p="x", n=1))["Item"], Expected={name: one})
            passed = True
        except db.exceptions.ConditionalCheckFailedException:
            passed = False
        equal(passed, wanted, f"expected {name} {one}")
    wrong = INVALID + "Invalid number of argument(s) for the {} ComparisonOperator"
    for one, words in ((condition("EQ"), wrong.format("EQ")), (condition("EQ", 1, 2), wrong.format("EQ")), (condition("BETWEEN", 1), wrong.format("BETWEEN")), (condition("NULL", 1), wrong.format("NULL")), (condition("IN"), wrong.format("IN")),
                       (condition("LT", {1}), "ComparisonOperator LT is not valid for NS AttributeValue type"), (condition("LT", True), "ComparisonOperator LT is not valid for BOOL AttributeValue type"),
                       (condition("BEGINS_WITH", 1), "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"), (condition("CONTAINS", {"a"}), "ComparisonOperator CONTAINS is not valid for SS AttributeValue type"), (condition("IN", {"a"}), "ComparisonOperator IN is not valid for SS AttributeValue type"),
                       (condition("BETWEEN", 2, 1), "BETWEEN condition was provided a range where the lower bound is greater than the upper bound"), (condition("XX", 1), "Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"),
                       ({"AttributeValueList": [typed(1)]}, "")):
        fails(VALIDATION, words, db.scan, TableName="old", ScanFilter={"a": one})
        fails(VALIDATION, words, db.query, TableName="old", KeyConditions={"p": condition("EQ", "x")}, QueryFilter={"a": one})


def legacy_joins(db, wire):
    two = {"a": condition("EQ", 5), "s": condition("EQ", "no")}
    equal(db.scan(TableName="old", ScanFilter=two)["Count"], 0)
    equal(db.scan(TableName="old", ScanFilter=two, ConditionalOperator="AND")["Count"], 0)
    equal(db.scan(TableName="old", ScanFilter=two, ConditionalOperator="OR")["Count"], 1)
    fails(VALIDATION, INVALID + "ConditionalOperator cannot be used without Filter or Expected", db.scan, TableName="old", ConditionalOperator="OR")
    fails(VALIDATION, INVALID + "ConditionalOperator can only be used when Filter or Expected has two or more elements", db.scan, TableName="old", ScanFilter={"a": condition("EQ", 5)}, ConditionalOperator="OR")
    key = item(p="x", n=1)
    fails(CONDITION, "The conditional request failed", db.update_item, TableName="old", Key=key, Expected=two, AttributeUpdates={"z": {"Value": typed(1)}})
    db.update_item(TableName="old", Key=key, Expected=two, ConditionalOperator="OR", AttributeUpdates={"z": {"Value": typed(1)}})
    fails(VALIDATION, "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates, Expected} Expression parameters: {UpdateExpression, ConditionExpression}", db.update_item,
          TableName="old", Key=key, Expected=two, ConditionExpression="a = :a", UpdateExpression="SET a = :a", AttributeUpdates={})
    fails(VALIDATION, "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {QueryFilter} Expression parameters: {KeyConditionExpression}", db.query,
          TableName="old", QueryFilter=two, KeyConditionExpression="p = :a", ExpressionAttributeValues=values(a="x"))


def legacy_expectations(db, wire):
    key = item(p="x", n=1)
    for one, passes in (({"Value": typed(5)}, True), ({"Value": typed(6)}, False), ({"Value": typed(5), "Exists": True}, True), ({"Exists": False}, False)):
        try:
            db.update_item(TableName="old", Key=key, Expected={"a": one}, AttributeUpdates={"z": {"Value": typed(2)}})
            passed = True
        except db.exceptions.ConditionalCheckFailedException:
            passed = False
        equal(passed, passes, str(one))
    db.update_item(TableName="old", Key=key, Expected={"q": {"Exists": False}}, AttributeUpdates={"z": {"Value": typed(3)}})
    for one, words in (({"Value": typed(5), "Exists": False}, "Value cannot be used when Exists is false for Attribute: a"), ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"), ({}, "Value must be provided when Exists is null for Attribute: a"),
                       ({"Value": typed(1), "AttributeValueList": [typed(1)]}, "Value and AttributeValueList cannot be used together for Attribute: a"), ({"AttributeValueList": [typed(1)]}, "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"),
                       ({"Exists": True, "ComparisonOperator": "EQ", "Value": typed(1)}, "Exists and ComparisonOperator cannot be used together for Attribute: a"),
                       ({"ComparisonOperator": "EQ"}, "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a")):
        fails(VALIDATION, INVALID + words, db.update_item, TableName="old", Key=key, Expected={"a": one}, AttributeUpdates={"z": {"Value": typed(2)}})


def legacy_updates(db, wire):
    key = item(p="u", n=1)

    def change(returns="ALL_NEW", **updates):
        answer = db.update_item(TableName="old", Key=key, AttributeUpdates={k: ({"Action": v[0]} if v[0] else {}) | ({"Value": typed(v[1])} if len(v) > 1 else {}) for k, v in updates.items()}, ReturnValues=returns)
        return plain_item(answer.get("Attributes"))

    equal(change(a=("PUT", 1), b=(None, "x")), {"p": "u", "n": 1, "a": 1, "b": "x"})
    equal(change(a=("ADD", 4), c=("ADD", 2), s=("ADD", {"x"}), l=("ADD", [1]))["a"], 5)
    equal(change(s=("ADD", {"y"}), l=("ADD", [2])), {"p": "u", "n": 1, "a": 5, "b": "x", "c": 2, "s": {"x", "y"}, "l": [1, 2]})
    equal(change("UPDATED_NEW", a=("PUT", 9), b=("DELETE",)), {"a": 9})
    equal(change("UPDATED_OLD", a=("PUT", 10), c=("DELETE",)), {"a": 9, "c": 2})
    equal(change(s=("DELETE", {"x"}))["s"], {"y"})
    assert "s" not in change(s=("DELETE", {"y"}))
    equal(change(**{"dotted.name": ("PUT", 1)})["dotted.name"], 1, "names are not paths")
    for updates, words in (({"a": ("PUT",)}, "Only DELETE action is allowed when no attribute value is specified"), ({"a": ("ADD",)}, "Only DELETE action is allowed when no attribute value is specified"), ({"a": ("ADD", "x")}, "ADD action is not supported for the type S"),
                           ({"a": ("DELETE", 1)}, "DELETE action with value is not supported for the type N"), ({"p": ("PUT", "y")}, "Cannot update attribute p. This attribute is part of the key"), ({"b": ("ADD", 1), "a": ("ADD", {1})}, "Type mismatch for attribute to update")):
        fails(VALIDATION, words, change, **updates)


def legacy_keys(db, wire):
    for n in range(2, 6):
        db.put_item(TableName="old", Item=item(p="k", n=n, v=n * 10))
    for one, wanted in ((condition("EQ", 3), [3]), (condition("LT", 4), [2, 3]), (condition("LE", 4), [2, 3, 4]), (condition("GT", 4), [5]), (condition("GE", 4), [4, 5]), (condition("BETWEEN", 3, 4), [3, 4])):
        answer = db.query(TableName="old", KeyConditions={"p": condition("EQ", "k"), "n": one}, AttributesToGet=["n"])
        equal([int(i["n"]["N"]) for i in answer["Items"]], wanted, str(one))
        equal(list(answer["Items"][0]), ["n"])
    attempted = "Attempted conditional constraint is not an indexable operation"
    for keys, words in (({"p": condition("EQ", "k"), "n": condition("NE", 1)}, attempted), ({"p": condition("EQ", "k"), "n": condition("IN", 1)}, attempted), ({"p": condition("EQ", "k"), "n": condition("NOT_NULL")}, attempted), ({"p": condition("GT", "k")}, "Query key condition not supported"),
                        ({"n": condition("EQ", 1)}, "Query condition missed key schema element: p"), ({"p": condition("EQ", "k"), "v": condition("EQ", 1)}, "Query condition missed key schema element: n"), ({}, "Conditions can be of length 1 or 2 only"),
                        ({"p": condition("EQ", "k"), "n": condition("EQ", 1), "v": condition("EQ", 1)}, ""), ({"p": condition("EQ", 1)}, "Condition parameter type does not match schema type")):
        fails(VALIDATION, words, db.query, TableName="old", KeyConditions=keys)
    keys = {"p": condition("EQ", "k"), "n": condition("GT", 2)}
    answer = db.query(TableName="old", KeyConditions=keys, FilterExpression="v <> :v", ProjectionExpression="#n", ExpressionAttributeNames={"#n": "n"}, ExpressionAttributeValues=values(v=40))
    equal([plain_item(one) for one in answer["Items"]], [{"n": 3}, {"n": 5}], "old keys, newer filter")
    fails(VALIDATION, "Non-expression parameters: {KeyConditions} Expression parameters: {FilterExpression, KeyConditionExpression}", db.query, TableName="old", KeyConditions=keys, KeyConditionExpression="p = :p", FilterExpression="v <> :v",
          ExpressionAttributeValues=values(p="k", v=1))
    fails(VALIDATION, "QueryFilter can only contain non-primary key attributes: Primary key attribute: n", db.query, TableName="old", KeyConditions={"p": condition("EQ", "k")}, QueryFilter={"n": condition("EQ", 1)})


CHECKS = [setup, key_conditions_select, key_conditions_that_are_refused, filters_and_counts, pages_meet, scans_meet, a_page_is_a_megabyte, indexes_hold_what_they_project, capacity_is_told, indexes_follow_writes, indexes_come_and_go,
          legacy_comparisons, legacy_joins, legacy_expectations, legacy_updates, legacy_keys]


def main():
    with Server() as host:
        run(CHECKS, client(host.dynamodb), Wire(host.dynamodb))


if __name__ == "__main__":
    main()
