#!/usr/bin/python3
"""Items through the DynamoDB door with boto3: what the Developer Guide and the API Reference say of them."""
import base64
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key

from dynamodb import (CANCELED, CONDITION, NOT_FOUND, SERIALIZATION, VALIDATION, Wire, client, equal, fails, item, plain_item,
                      run, table, typed, values)
from server import Server

INVALID = "One or more parameter values were invalid: "
NO_MATCH = "The provided key element does not match the schema"


def get(db, name, **key):
    """The item as plain values; None: there is none."""
    return plain_item(db.get_item(TableName=name, Key=item(**key), ConsistentRead=True).get("Item"))


def put(db, to, **members):
    db.put_item(TableName=to, Item=item(**members))


def update(db, expression, key="u", returns="ALL_NEW", names=None, where=None, **given):
    """UpdateItem of table "hash"; the attributes that came as plain values."""
    members = {"TableName": "hash", "Key": item(pk=key), "UpdateExpression": expression, "ReturnValues": returns}
    if names:
        members["ExpressionAttributeNames"] = names
    if where:
        members["ConditionExpression"] = where
    if given:
        members["ExpressionAttributeValues"] = values(**given)
    return plain_item(db.update_item(**members).get("Attributes"))


def refuse_update(db, words, expression, key="u", names=None, where=None, **given):
    members = {"TableName": "hash", "Key": item(pk=key), "UpdateExpression": expression}
    if names:
        members["ExpressionAttributeNames"] = names
    if where:
        members["ConditionExpression"] = where
    if given:
        members["ExpressionAttributeValues"] = values(**given)
    return fails(VALIDATION, words, db.update_item, **members)


def holds(db, condition, key="c", names=None, **given):
    """Whether a condition lets a write to table "hash" pass that changes nothing."""
    members = {"TableName": "hash", "Key": item(pk=key), "ConditionExpression": condition}
    if names:
        members["ExpressionAttributeNames"] = names
    if given:
        members["ExpressionAttributeValues"] = values(**given)
    try:
        db.update_item(**members)
        return True
    except db.exceptions.ConditionalCheckFailedException:
        return False


def setup(db, wire):
    table(db, "hash", "pk:S")
    table(db, "range", "pk:S", "sk:N")
    table(db, "bytes", "pk:B", "sk:B")
    table(db, "number", "pk:N", "sk:S")


# --- single items ------------------------------------------------------------------------------------------------------


def every_type_comes_back(db, wire):
    whole = item(pk="t", s="text \u00e9\U0001f600\u0000\"\\", empty="", n=12.5, b=bytes(range(256)), noth=b"", yes=True, no=False,
                 null=None, ss={"a", "b", ""}, ns={1, 2.5, -3}, bs={b"x", b"\xff"}, l=[], m={},
                 deep={"a": [1, {"b": ["x", None, {1, 2}]}], "c": "d"})
    db.put_item(TableName="hash", Item=whole)
    found = db.get_item(TableName="hash", Key=item(pk="t"))["Item"]
    equal({k: v for k, v in found.items() if k not in ("ns", "ss", "bs", "deep")},
          {k: v for k, v in whole.items() if k not in ("ns", "ss", "bs", "deep")})
    equal(plain_item(found), plain_item(whole))


def numbers_keep_their_value(db, wire):
    for given, wanted in (("0", "0"), ("-0", "0"), ("0.0", "0"), ("+5", "5"), ("007", "7"), ("1.500", "1.5"), ("1e3", "1000"),
                          ("1E-3", "0.001"), (".5", "0.5"), ("5.", "5"), ("-1.25e1", "-12.5"), ("1" + "0" * 40, "1" + "0" * 40),
                          ("9" * 38, "9" * 38), ("-" + "9" * 38, "-" + "9" * 38), ("0." + "0" * 20 + "1" * 38, "0." + "0" * 20 + "1" * 38),
                          ("9.9999999999999999999999999999999999999E+125", "9" * 38 + "0" * 88),
                          ("1E-130", "0." + "0" * 129 + "1"), ("-1E-130", "-0." + "0" * 129 + "1"),
                          ("123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"),
                          ("1" * 38 + "0" * 5, "1" * 38 + "0" * 5), ("1." + "0" * 60, "1")):
        db.put_item(TableName="hash", Item={"pk": {"S": "num"}, "n": {"N": given}})
        equal(db.get_item(TableName="hash", Key=item(pk="num"))["Item"]["n"]["N"], wanted, given)
    over = "Number overflow. Attempting to store a number with magnitude larger than supported range"
    under = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    digits = "Attempting to store more than 38 significant digits in a Number"
    not_one = "The parameter cannot be converted to a numeric value"
    for given, words in (("1E126", over), ("-1e126", over), ("1e999999", over), ("1E-131", under), ("-1e-131", under), ("1" * 39, digits),
                         ("0." + "1" * 39, digits), ("", not_one), ("abc", not_one + ": abc"), ("1x", not_one), ("NaN", not_one), ("Infinity", not_one), ("0x10", not_one),
                         ("1,5", not_one), ("--1", not_one), (" 1", not_one), ("1e", not_one), (".", not_one)):
        fails(VALIDATION, words, db.put_item, TableName="hash", Item={"pk": {"S": "num"}, "n": {"N": given}})
        fails(VALIDATION, words, db.put_item, TableName="hash", Item={"pk": {"S": "num"}, "l": {"L": [{"M": {"n": {"N": given}}}]}})
        fails(VALIDATION, words, db.put_item, TableName="hash", Item={"pk": {"S": "num"}, "n": {"NS": ["1", given]}})


def long_messages_end_with_a_character(db, wire):
    for pad in range(6):
        text = "x" * pad + "\u00e9\U0001f600" * 3000
        for member, value in (("Item", {"pk": {"S": "x"}, "n": {"N": text}}), ("ConditionExpression", "a BETWEEN :a AND :b")):
            body = {"TableName": "hash", "Item": item(pk="x"), member: value}
            if member != "Item":
                body["ExpressionAttributeValues"] = values(a=text, b="a")
            answer = wire.refused("PutItem", body, VALIDATION, "x" * pad + "\u00e9\U0001f600\u00e9")
            assert "\ufffd" not in answer["message"], answer["message"][-100:]


def values_of_expressions_are_bounded(db, wire):
    for count, words in ((5, None), (6, "ExpressionAttributeValues size has exceeded the maximum allowed size")):
        body = {"TableName": "hash", "Key": item(pk="x"), "ConditionExpression": " AND ".join(f"a <> :v{n}" for n in range(count)),
                "ExpressionAttributeValues": {f":v{n}": {"S": "x" * 380000} for n in range(count)}}
        if words is None:
            wire.ask("DeleteItem", body)
        else:
            wire.refused("DeleteItem", body, VALIDATION, words)


def the_resource_layer_of_boto3(db, wire):
    """Python values, the builders of conditions, and a writer of batches that drops what is overwritten."""
    resource = boto3.resource("dynamodb", endpoint_url=db.meta.endpoint_url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    made = resource.create_table(TableName="layer", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"}],
                                 KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}])
    made.wait_until_exists()
    whole = {"str": "abc", "list": [1, "x", None, {"k": Decimal("1.5")}], "set": {"x", "y"}, "ns": {1, 2}, "bin": b"\x00\xff", "m": {"n": {"o": 1}}, "t": True}
    with made.batch_writer(overwrite_by_pkeys=["p", "s"]) as writer:
        for n in range(80):
            writer.put_item(Item={"p": "a", "s": n % 40, "v": n, **whole})
        writer.delete_item(Key={"p": "a", "s": 39})
    equal(made.get_item(Key={"p": "a", "s": 5})["Item"], {"p": "a", "s": 5, "v": 45, **whole})
    key, v, text = Key("p").eq("a"), Attr("v"), Attr("str")
    for part, count in ((Key("s").lt(5), 5), (Key("s").lte(5), 6), (Key("s").gt(30), 8), (Key("s").gte(30), 9), (Key("s").between(3, 7), 5), (Key("s").eq(3), 1)):
        equal(made.query(KeyConditionExpression=key & part)["Count"], count, part.get_expression())
    for filter_of, count in (
            (v.eq(45), 1), (v.ne(45), 38), (v.lt(43), 3), (v.lte(43), 4), (v.gt(75), 3), (v.gte(75), 4), (v.between(50, 59), 10), (v.is_in([50, 51, 500]), 2), (v.attribute_type("N"), 39),
            (text.begins_with("ab"), 39), (text.contains("bc"), 39), (text.size().eq(3), 39), (Attr("set").contains("x"), 39), (Attr("list").contains(None), 39), (Attr("ns").contains(1), 39),
            (Attr("z").exists(), 0), (Attr("z").not_exists(), 39), (~v.eq(45), 38), (v.eq(45) | v.eq(46), 2), (v.gt(50) & v.lt(54) & ~v.eq(52), 2), (Attr("m.n.o").eq(1), 39),
            (Attr("list[3].k").eq(Decimal("1.5")), 39), (Attr("list[1]").begins_with("x"), 39), (Attr("set").eq({"y", "x"}), 39), (Attr("m").size().between(1, 2), 39), (Attr("bin").size().lt(3), 39),
            (Attr("t").eq(True) & (v.eq(45) | Attr("z").exists()), 1), (Attr("m").eq({"n": {"o": 1}}), 39)):
        equal(made.query(KeyConditionExpression=key, FilterExpression=filter_of)["Count"], count, filter_of.get_expression())
    query = {"TableName": "layer", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": values(p="a")}
    pages = db.get_paginator("query").paginate(**query, PaginationConfig={"PageSize": 7, "MaxItems": 30}).build_full_result()
    rest = db.get_paginator("query").paginate(**query, PaginationConfig={"StartingToken": pages["NextToken"]}).build_full_result()
    equal([one["s"]["N"] for one in pages["Items"] + rest["Items"]], [str(n) for n in range(39)])
    made.delete()
    made.wait_until_not_exists()


def equal_numbers_are_one_key(db, wire):
    for given in ("1", "1.0", "01", "1e0", "0.1e1"):
        db.put_item(TableName="number", Item={"pk": {"N": given}, "sk": {"S": "x"}, "as": {"S": given}})
    equal(db.scan(TableName="number")["Count"], 1)
    equal(db.get_item(TableName="number", Key={"pk": {"N": "1.00"}, "sk": {"S": "x"}})["Item"]["as"]["S"], "0.1e1")
    fails(VALIDATION, "Input collection contains duplicates", db.put_item, TableName="hash", Item={"pk": {"S": "a"}, "ns": {"NS": ["1", "1.0"]}})


def attribute_values_are_checked(db, wire):
    empty = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    many = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    for given, words in (({}, empty), ({"S": None}, empty), ({"X": "a"}, empty), ({"S": "a", "N": "1"}, many), ({"NULL": False}, "Null attribute value types must have the value of true"),
                         ({"SS": []}, INVALID + "An string set  may not be empty"), ({"NS": []}, INVALID + "An number set  may not be empty"),
                         ({"BS": []}, INVALID + "Binary sets should not be empty"), ({"L": [{}]}, empty), ({"M": {"a": {}}}, empty),
                         ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."), ({"NS": ["1", "1"]}, INVALID + "Input collection contains duplicates"),
                         ({"BS": ["YQ==", "YQ=="]}, "contains duplicates")):
        wire.refused("PutItem", {"TableName": "hash", "Item": {"pk": {"S": "a"}, "a": given}}, VALIDATION, words)
        wire.refused("PutItem", {"TableName": "hash", "Item": {"pk": {"S": "a"}, "m": {"M": {"l": {"L": [given]}}}}}, VALIDATION, words)
    for given, words in (({"S": 1}, "NUMBER_VALUE cannot be converted to String"), ({"N": 1}, "NUMBER_VALUE cannot be converted to String"),
                         ({"BOOL": "true"}, "Unexpected token received from parser"), ({"S": True}, "TRUE_VALUE cannot be converted to String"),
                         ({"SS": "a"}, "Unexpected field type"), ({"L": {}}, "Start of structure or map found where not expected"), ({"S": []}, "Unrecognized collection type class java.lang.String"),
                         ({"B": "x"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 1"), ("a", "Unexpected value type in payload")):
        wire.refused("PutItem", {"TableName": "hash", "Item": {"pk": {"S": "a"}, "a": given}}, SERIALIZATION, words)
    wire.refused("PutItem", {"TableName": "hash", "Item": {"pk": {"S": "a"}, "": {"S": "x"}}}, VALIDATION, INVALID)
    assert get(db, "hash", pk="a") is None


def nesting_has_a_limit(db, wire):
    def nested(levels, kind):
        value = {"S": "x"}
        for _ in range(levels):
            value = {"L": [value]} if kind == "L" else {"M": {"a": value}}
        return value

    for kind in ("L", "M"):
        whole = {"pk": {"S": "deep"}, "a": nested(31, kind)}
        wire.ask("PutItem", {"TableName": "hash", "Item": whole})
        equal(wire.ask("GetItem", {"TableName": "hash", "Key": item(pk="deep")})["Item"], whole)
        wire.ask("UpdateItem", {"TableName": "hash", "Key": item(pk="deep"), "UpdateExpression": "SET b = :b", "ExpressionAttributeValues": {":b": nested(31, kind)}})
        for levels in (32, 60, 200):
            wire.refused("PutItem", {"TableName": "hash", "Item": {"pk": {"S": "deep"}, "a": nested(levels, kind)}}, VALIDATION,
                         "Nesting Levels have exceeded supported limits")
        wire.refused("UpdateItem", {"TableName": "hash", "Key": item(pk="deep"), "UpdateExpression": "SET a = :a",
                                    "ExpressionAttributeValues": {":a": nested(32, kind)}}, VALIDATION, "Nesting Levels have exceeded supported limits")


def items_have_a_size(db, wire):
    big = "Item size has exceeded the maximum allowed size"
    most = 400 * 1024
    db.put_item(TableName="hash", Item=item(pk="12345678", a="x" * (most - 2 - 8 - 1)))
    equal(len(get(db, "hash", pk="12345678")["a"]), most - 11)
    fails(VALIDATION, big, db.put_item, TableName="hash", Item=item(pk="12345678", a="x" * (most - 10)))
    fails(VALIDATION, "Item size to update has exceeded the maximum allowed size", db.update_item, TableName="hash", Key=item(pk="12345678"), UpdateExpression="SET b = :b",
          ExpressionAttributeValues=values(b="x"))
    equal(len(get(db, "hash", pk="12345678")["a"]), most - 11)
    db.delete_item(TableName="hash", Key=item(pk="12345678"))


def keys_have_sizes_and_types(db, wire):
    for key in ({}, item(pk="a", other="b"), item(other="a"), item(pk=1), item(pk=b"a"), item(pk=None), item(pk=["a"])):
        fails(VALIDATION, NO_MATCH, db.get_item, TableName="hash", Key=key)
        fails(VALIDATION, NO_MATCH, db.delete_item, TableName="hash", Key=key)
        fails(VALIDATION, NO_MATCH, db.update_item, TableName="hash", Key=key)
    fails(VALIDATION, INVALID + "Missing the key pk in the item", db.put_item, TableName="hash", Item=item(a="b"))
    fails(VALIDATION, INVALID + "Missing the key sk in the item", db.put_item, TableName="range", Item=item(pk="b"))
    fails(VALIDATION, INVALID + "Type mismatch for key pk expected: S actual: N", db.put_item, TableName="hash", Item=item(pk=1))
    fails(VALIDATION, INVALID + "Type mismatch for key sk expected: N actual: S", db.put_item, TableName="range", Item=item(pk="a", sk="1"))
    empty = "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
    fails(VALIDATION, empty, db.put_item, TableName="hash", Item=item(pk=""))
    fails(VALIDATION, empty, db.get_item, TableName="hash", Key=item(pk=""))
    fails(VALIDATION, "cannot contain an empty binary value. Key: sk", db.put_item, TableName="bytes", Item=item(pk=b"a", sk=b""))
    put(db, "hash", pk="k" * 2048)
    assert get(db, "hash", pk="k" * 2048)
    fails(VALIDATION, "Attribute name is too large, must be less than 65536 bytes", db.put_item, TableName="hash", Item={"pk": {"S": "k"}, "x" * 65536: {"S": "x"}})
    for members in ({"UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": ""}, "ExpressionAttributeValues": {":a": {"S": "x"}}}, {"AttributeUpdates": {"": {"Value": {"S": "x"}}}}):
        fails(VALIDATION, "Empty attribute name", db.update_item, TableName="hash", Key=item(pk="k"), **members)
    fails(VALIDATION, INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes", db.put_item, TableName="hash", Item=item(pk="k" * 2049))
    fails(VALIDATION, "Size of hashkey has exceeded", db.put_item, TableName="hash", Item=item(pk="\u00e9" * 1025))
    put(db, "bytes", pk=b"p" * 2048, sk=b"s" * 1024)
    fails(VALIDATION, INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes", db.put_item, TableName="bytes", Item=item(pk=b"p", sk=b"s" * 1025))
    fails(NOT_FOUND, "Requested resource not found", db.put_item, TableName="none", Item=item(pk="a"))
    fails(NOT_FOUND, "Requested resource not found", db.get_item, TableName="none", Key=item(pk="a"))
    db.delete_item(TableName="hash", Key=item(pk="k" * 2048))
    db.delete_item(TableName="bytes", Key=item(pk=b"p" * 2048, sk=b"s" * 1024))


def put_and_delete_return_what_was(db, wire):
    assert "Attributes" not in db.put_item(TableName="hash", Item=item(pk="p", a=1), ReturnValues="ALL_OLD")
    equal(plain_item(db.put_item(TableName="hash", Item=item(pk="p", b=2), ReturnValues="ALL_OLD")["Attributes"]), {"pk": "p", "a": 1})
    equal(get(db, "hash", pk="p"), {"pk": "p", "b": 2}, "a put replaces the whole item")
    assert "Attributes" not in db.put_item(TableName="hash", Item=item(pk="p", c=3))
    assert "Attributes" not in db.put_item(TableName="hash", Item=item(pk="p", c=3), ReturnValues="NONE")
    for returns in ("ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"):
        fails(VALIDATION, "ReturnValues can only be ALL_OLD or NONE", db.put_item, TableName="hash", Item=item(pk="p"), ReturnValues=returns)
        fails(VALIDATION, "ReturnValues can only be ALL_OLD or NONE", db.delete_item, TableName="hash", Key=item(pk="p"), ReturnValues=returns)
    fails(VALIDATION, "1 validation error detected: Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: "
          "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]", db.put_item, TableName="hash", Item=item(pk="p"), ReturnValues="SOME")
    equal(plain_item(db.delete_item(TableName="hash", Key=item(pk="p"), ReturnValues="ALL_OLD")["Attributes"]), {"pk": "p", "c": 3})
    assert "Attributes" not in db.delete_item(TableName="hash", Key=item(pk="p"), ReturnValues="ALL_OLD")
    assert "Item" not in db.get_item(TableName="hash", Key=item(pk="p"))


def update_returns_five_ways(db, wire):
    def fresh():
        db.put_item(TableName="hash", Item=item(pk="u", a=1, b={"x": 1, "y": 2}, l=[1, 2, 3], gone="g", s={"a", "b"}))

    change = "SET a = :a, b.x = :x, l[1] = :l, n = :n REMOVE gone, b.y DELETE s :s"
    given = {"a": 2, "x": 10, "l": 20, "n": "new", "s": {"a"}}
    whole = {"pk": "u", "a": 2, "b": {"x": 10}, "l": [1, 20, 3], "n": "new", "s": {"b"}}
    for returns, wanted in (("NONE", None), ("ALL_OLD", {"pk": "u", "a": 1, "b": {"x": 1, "y": 2}, "l": [1, 2, 3], "gone": "g", "s": {"a", "b"}}),
                            ("ALL_NEW", whole),
                            ("UPDATED_OLD", {"a": 1, "b": {"x": 1, "y": 2}, "l": [2], "gone": "g", "s": {"a", "b"}}),
                            ("UPDATED_NEW", {"a": 2, "b": {"x": 10}, "l": [20], "n": "new", "s": {"b"}})):
        fresh()
        equal(update(db, change, returns=returns, **given), wanted, returns)
        equal(get(db, "hash", pk="u"), whole)
    db.delete_item(TableName="hash", Key=item(pk="u"))
    for returns, wanted in (("NONE", None), ("ALL_OLD", None), ("UPDATED_OLD", None), ("ALL_NEW", {"pk": "u", "a": 1}), ("UPDATED_NEW", {"a": 1})):
        equal(update(db, "SET a = :a", returns=returns, a=1), wanted, returns + " of a new item")
        db.delete_item(TableName="hash", Key=item(pk="u"))
    answer = db.update_item(TableName="hash", Key=item(pk="u"), ReturnValues="ALL_NEW")
    equal(plain_item(answer["Attributes"]), {"pk": "u"}, "an update without changes makes the item")
    assert "Attributes" not in db.update_item(TableName="hash", Key=item(pk="u"), UpdateExpression="REMOVE a", ReturnValues="UPDATED_NEW")
    db.delete_item(TableName="hash", Key=item(pk="u"))


# --- update expressions ------------------------------------------------------------------------------------------------


def updates_do_what_they_say(db, wire):
    put(db, "hash", pk="u", n=5, l=[1, 2, 3], m={"a": {"b": [10, {"c": "deep"}]}}, s="text", ss={"a", "b"}, ns={1, 2}, twin=7)
    equal(update(db, "SET n = n + :one", one=1)["n"], 6)
    equal(update(db, "SET n = n - :one", one=10)["n"], -4)
    equal(update(db, "SET n = :one - n", one=10)["n"], 14)
    equal(update(db, "SET n = twin + twin")["n"], 14)
    equal(update(db, "SET n = if_not_exists(absent, :one) + :one", one=1)["n"], 2)
    equal(update(db, "SET n = if_not_exists(n, :one)", one=99)["n"], 2)
    equal(update(db, "SET fresh = if_not_exists(fresh, :one)", one=99)["fresh"], 99)
    equal(update(db, "SET fresh = if_not_exists(nothing, twin)")["fresh"], 7)
    equal(update(db, "SET l = list_append(l, :l)", l=[4])["l"], [1, 2, 3, 4])
    equal(update(db, "SET l = list_append(:l, l)", l=[0])["l"], [0, 1, 2, 3, 4])
    equal(update(db, "SET l2 = list_append(if_not_exists(l2, :empty), :l)", l=["x"], empty=[])["l2"], ["x"])
    equal(update(db, "SET l[0] = :v, l[2] = :w", v="a", w="b")["l"], ["a", 1, "b", 3, 4])
    equal(update(db, "SET l[50] = :v, l[40] = :w", v="last", w="before")["l"], ["a", 1, "b", 3, 4, "before", "last"])
    equal(update(db, "REMOVE l[0], l[2], l[6]")["l"], [1, 3, 4, "before"])
    put(db, "hash", pk="inner2", l=[1, 2, 3], m={})
    equal(update(db, "SET l[9] = :v REMOVE l[3], l[0]", key="inner2", v=4)["l"], [2, 3, 4], "what is appended is not what was to be removed")
    equal(update(db, "SET l[11] = :w, m.x = :v, l[10] = :v", key="inner2", v="before", w="last")["l"], [2, 3, 4, "before", "last"])
    equal(update(db, "REMOVE l[99]")["l"], [1, 3, 4, "before"])
    equal(update(db, "SET l[0] = :v REMOVE l[1]", v="new")["l"], ["new", 4, "before"])
    equal(update(db, "SET m.a.b[1].c = :v, m.a.b[0] = m.a.b[1].c", v="changed")["m"], {"a": {"b": ["deep", {"c": "changed"}]}})
    equal(update(db, "REMOVE m.a.b[1].c")["m"], {"a": {"b": ["deep", {}]}})
    equal(update(db, "SET n = twin, twin = n")["twin"], 2, "right sides see the item as it was")
    put(db, "hash", pk="inner", m={"a": {"b": [1]}})
    equal(update(db, "SET m.a.b[1] = :v, m.z = m.a, l = list_append(:l, m.a.b), #m = m", key="inner", names={"#m": "n"}, v=2, l=[0]),
          {"pk": "inner", "m": {"a": {"b": [1, 2]}, "z": {"b": [1]}}, "l": [0, 1], "n": {"a": {"b": [1]}}}, "containers, too")
    equal(update(db, "SET dup = m")["dup"], {"a": {"b": ["deep", {}]}})
    equal(update(db, "ADD n :n, ns :ns, ss :ss, added :n", n=3, ns={2, 3}, ss={"c"})["ns"], {1, 2, 3})
    found = get(db, "hash", pk="u")
    equal((found["n"], found["ss"], found["added"]), (10, {"a", "b", "c"}, 3))
    equal(update(db, "ADD m.hits :n, freshset :s", n=2, s={"q"})["m"]["hits"], 2)
    equal(update(db, "DELETE ss :ss, ns :ns", ss={"a", "nothing"}, ns={9})["ss"], {"b", "c"})
    assert "ss" not in update(db, "DELETE ss :ss", ss={"b", "c"}), "an empty set goes"
    assert "ss" not in update(db, "DELETE ss :ss", ss={"b", "c"})
    equal(update(db, "set Z1 = :z remove fresh add added :n delete ns :ns", z="z", n=1, ns={1})["ns"], {2, 3}, "keywords in any case")
    found = get(db, "hash", pk="u")
    equal((found["Z1"], found["added"], "fresh" in found), ("z", 4, False))
    equal(update(db, "SET #a.#b = :v", names={"#a": "m", "#b": "dotted.name"}, v=1)["m"]["dotted.name"], 1)
    equal(update(db, "SET #status = :v", names={"#status": "status"}, v="ok")["status"], "ok")
    equal(update(db, "SET a1=:v,a_2=:v", v=1)["a_2"], 1)
    big = "9" * 38
    db.put_item(TableName="hash", Item={"pk": {"S": "u2"}, "n": {"N": big}})
    equal(db.update_item(TableName="hash", Key=item(pk="u2"), UpdateExpression="SET n = n + :n", ExpressionAttributeValues=values(n=1), ReturnValues="ALL_NEW")["Attributes"]["n"]["N"], "1" + "0" * 38)
    db.put_item(TableName="hash", Item={"pk": {"S": "u2"}, "n": {"N": "0.1"}})
    equal(db.update_item(TableName="hash", Key=item(pk="u2"), UpdateExpression="ADD n :n", ExpressionAttributeValues=values(n=0.2), ReturnValues="ALL_NEW")["Attributes"]["n"]["N"], "0.3")
    db.put_item(TableName="hash", Item={"pk": {"S": "u2"}, "n": {"N": "9E+125"}})
    fails(VALIDATION, "Number overflow", db.update_item, TableName="hash", Key=item(pk="u2"), UpdateExpression="ADD n :n", ExpressionAttributeValues={":n": {"N": "9E+125"}})


def updates_that_are_refused(db, wire):
    put(db, "hash", pk="u", n=5, l=[1], m={"a": 1}, s="text", ss={"a"})
    wrong = "An operand in the update expression has an incorrect data type"
    path = "The document path provided in the update expression is invalid for update"
    absent = "The provided expression refers to an attribute that does not exist in the item"
    bad = "Invalid UpdateExpression: "
    for expression, words, given in (
            ("SET a = absent", absent, {}), ("SET a = absent + :n", absent, {"n": 1}), ("SET a = s + :n", wrong, {"n": 1}), ("SET a = list_append(s, :l)", wrong, {"l": [1]}),
            ("SET a = list_append(absent, :l)", absent, {"l": [1]}), ("SET x.y = :n", path, {"n": 1}), ("SET m.x.y = :n", path, {"n": 1}), ("SET s.x = :n", path, {"n": 1}),
            ("SET m[0] = :n", path, {"n": 1}), ("SET l.a = :n", path, {"n": 1}), ("SET l[0].a = :n", path, {"n": 1}), ("REMOVE x.y", path, {}),
            ("ADD s :n", wrong, {"n": 1}), ("ADD ss :n", wrong, {"n": 1}), ("ADD ss :n", wrong, {"n": {1}}), ("DELETE n :s", wrong, {"s": {"a"}}), ("DELETE ss :n", wrong, {"n": {1}}),
            ("", bad + "The expression can not be empty;", {}), ("  ", bad + "The expression can not be empty;", {}),
            ("SET", bad + 'Syntax error; token: "<EOF>", near: "SET"', {}), ("SET a", bad + 'Syntax error; token: "<EOF>", near: "a"', {}),
            ("SET a = ", bad + 'Syntax error; token: "<EOF>", near: "= "', {}), ("SET a :v", bad + 'Syntax error; token: ":v", near: "a :v"', {"v": 1}),
            ("a = :v", bad + 'Syntax error; token: "a", near: "a ="', {"v": 1}), ("SET a = :v,", bad + "Syntax error", {"v": 1}), ("SET a = :v b = :v", bad + "Syntax error", {"v": 1}),
            ("SET a == :v", bad + "Syntax error", {"v": 1}), ("SET a = :v SET b = :v", bad + 'The "SET" section can only be used once in an update expression;', {"v": 1}),
            ("SET a = :v, a = :v", bad + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]", {"v": 1}),
            ("SET m.a = :v, m = :v", bad + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, a], path two: [m]", {"v": 1}),
            ("SET m.a = :v REMOVE m.a.b[0]", "Two document paths overlap", {"v": 1}), ("SET m.a = :v, m[0] = :v", bad + "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, a], path two: [m, [0]]", {"v": 1}),
            ("SET a = :v + :s", bad + "Incorrect operand type for operator or function; operator or function: +, operand type: S", {"v": 1, "s": "x"}),
            ("ADD a :s", bad + "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND", {"s": "x"}),
            ("DELETE a :n", bad + "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND", {"n": 1}),
            ("ADD a b", bad + "Syntax error", {}), ("DELETE a b", bad + "Syntax error", {}),
            ("SET a = attribute_exists(b)", bad + "The function is not allowed in an update expression; function: attribute_exists", {}),
            ("SET a = size(b)", bad + "The function is not allowed in an update expression; function: size", {}),
            ("SET a = nonsense(b)", bad + "Invalid function name; function: nonsense", {}),
            ("SET a = if_not_exists(:v, :v)", bad + "Operator or function requires a document path; operator or function: if_not_exists", {"v": 1}),
            ("SET a = if_not_exists(b)", bad + "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1", {}),
            ("SET a = list_append(:v)", bad + "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1", {"v": [1]}),
            ("SET a = list_append(:v, :v, :v)", bad + "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 3", {"v": [1]}),
            ("SET a = if_not_exists(b, :v, :v)", bad + "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 3", {"v": [1]}),
            ("SET \u00e9 = :v", bad + 'Syntax error; token: "\u00e9", near: "SET \u00e9 ="', {"v": 1}), ("SET a\u65e5b = :v", bad + 'Syntax error; token: "\u65e5", near: "a\u65e5b"', {"v": 1}),
            ("SET a = list_append(:v, :s)", bad + "Incorrect operand type for operator or function; operator or function: list_append, operand type: S", {"v": [1], "s": "x"}),
            ("SET status = :v", bad + "Attribute name is a reserved keyword; reserved keyword: status", {"v": 1}), ("REMOVE Name", bad + "Attribute name is a reserved keyword; reserved keyword: Name", {}),
            ("SET a.size = :v", bad + "Attribute name is a reserved keyword; reserved keyword: size", {"v": 1}),
            ("SET a = :missing", bad + "An expression attribute value used in expression is not defined; attribute value: :missing", {"v": 1}),
            ("SET #a = :v", bad + "An expression attribute name used in the document path is not defined; attribute name: #a", {"v": 1}),
            ("SET a = :v", "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}", {"v": 1, "w": 2}),
            ("SET pk = :v", INVALID + "Cannot update attribute pk. This attribute is part of the key", {"v": "x"}),
            ("REMOVE pk", INVALID + "Cannot update attribute pk. This attribute is part of the key", {}),
            ("ADD pk :v", INVALID + "Cannot update attribute pk. This attribute is part of the key", {"v": 1})):
        refuse_update(db, words, expression, **given)
    refuse_update(db, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}", "SET #a = :v", names={"#a": "a", "#b": "b"}, v=1)
    refuse_update(db, bad + "Expression size has exceeded the maximum allowed size; expression size: 4097", "SET a = :v" + " " * 4087, v=1)
    equal(get(db, "hash", pk="u"), {"pk": "u", "n": 5, "l": [1], "m": {"a": 1}, "s": "text", "ss": {"a"}}, "nothing of them counted")
    for names, words in (({}, "ExpressionAttributeNames must not be empty"), ({"a": "b"}, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'),
                         ({"#": "b"}, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"'), ({"#a-b": "b"}, "contains invalid key: Syntax error")):
        fails(VALIDATION, words, db.update_item, TableName="hash", Key=item(pk="u"), UpdateExpression="REMOVE #a", ExpressionAttributeNames=names)
    for given, words in (({}, "ExpressionAttributeValues must not be empty"), ({"v": {"N": "1"}}, 'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"'),
                         ({":v": {"N": "x"}}, "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :v"),
                         ({":v": {}}, "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :v")):
        fails(VALIDATION, words, db.update_item, TableName="hash", Key=item(pk="u"), UpdateExpression="SET a = :v", ExpressionAttributeValues=given)
    fails(VALIDATION, "ExpressionAttributeNames can only be specified when using expressions", db.update_item, TableName="hash", Key=item(pk="u"), ExpressionAttributeNames={"#a": "b"})
    fails(VALIDATION, "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null", db.update_item, TableName="hash", Key=item(pk="u"),
          ExpressionAttributeValues=values(v=1))
    fails(VALIDATION, "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null", db.put_item, TableName="hash", Item=item(pk="u"), ExpressionAttributeValues=values(v=1))


# --- conditions --------------------------------------------------------------------------------------------------------


def conditions_decide(db, wire):
    db.put_item(TableName="hash", Item=item(pk="c", n=5, s="hello", b=b"\x01\x02", yes=True, nil=None, l=[1, "x", {"k": "v"}], m={"in": {"deep": 3}, "n": 5}, ss={"a", "b"}, ns={1, 2},
                                         bs={b"x"}, e=""))
    for condition, given, wanted in (
            ("n = :v", {"v": 5}, True), ("n = :v", {"v": "5"}, False), ("n = :v", {"v": 5.0}, True), ("n <> :v", {"v": 5}, False), ("n <> :v", {"v": "5"}, True), ("absent <> :v", {"v": 1}, True),
            ("absent = :v", {"v": 1}, False), ("n < :v", {"v": 6}, True), ("n < :v", {"v": 5}, False), ("n <= :v", {"v": 5}, True), ("n > :v", {"v": -100}, True), ("n >= :v", {"v": 5.1}, False),
            ("n < :v", {"v": "z"}, False), ("n > :v", {"v": "z"}, False), ("absent < :v", {"v": 1}, False), (":v > n", {"v": 6}, True), ("n = m.n", {}, True), ("n > m.#in.deep", {}, True),
            ("s < :v", {"v": "hellp"}, True), ("s < :v", {"v": "Z"}, False), ("b < :v", {"v": b"\x01\xff"}, True), ("b > :v", {"v": b"\x01"}, True),
            ("n BETWEEN :a AND :b", {"a": 5, "b": 5}, True), ("n BETWEEN :a AND :b", {"a": 6, "b": 9}, False), ("n between :a and :b", {"a": 1, "b": 9}, True), (":a BETWEEN m.#in.deep AND n", {"a": 4}, True),
            ("n IN (:a, :b)", {"a": 1, "b": 5}, True), ("n IN (:a)", {"a": "5"}, False), ("n in (:a, n)", {"a": 1}, None), ("n IN (:a, m.n)", {"a": 1}, True), ("absent IN (:a)", {"a": 1}, False),
            ("attribute_exists(n)", {}, True), ("attribute_exists(absent)", {}, False), ("attribute_exists(m.#in.deep)", {}, True), ("attribute_exists(l[2].k)", {}, True), ("attribute_exists(l[3])", {}, False),
            ("attribute_not_exists(absent)", {}, True), ("attribute_not_exists(nil)", {}, False), ("attribute_exists(nil)", {}, True), ("attribute_exists(e)", {}, True),
            ("attribute_type(n, :t)", {"t": "N"}, True), ("attribute_type(n, :t)", {"t": "S"}, False), ("attribute_type(ss, :t)", {"t": "SS"}, True), ("attribute_type(ns, :t)", {"t": "NS"}, True),
            ("attribute_type(bs, :t)", {"t": "BS"}, True), ("attribute_type(l, :t)", {"t": "L"}, True), ("attribute_type(m, :t)", {"t": "M"}, True), ("attribute_type(yes, :t)", {"t": "BOOL"}, True),
            ("attribute_type(nil, :t)", {"t": "NULL"}, True), ("attribute_type(absent, :t)", {"t": "S"}, False), ("attribute_type(b, :t)", {"t": "B"}, True),
            ("begins_with(s, :v)", {"v": "hel"}, True), ("begins_with(s, :v)", {"v": "el"}, False), ("begins_with(s, :v)", {"v": ""}, True), ("begins_with(b, :v)", {"v": b"\x01"}, True), ("begins_with(n, :v)", {"v": "5"}, False),
            ("begins_with(absent, :v)", {"v": "5"}, False), ("contains(s, :v)", {"v": "ell"}, True), ("contains(s, :v)", {"v": "elx"}, False), ("contains(ss, :v)", {"v": "a"}, True), ("contains(ss, :v)", {"v": "c"}, False),
            ("contains(ns, :v)", {"v": 1.0}, True), ("contains(bs, :v)", {"v": b"x"}, True), ("contains(l, :v)", {"v": "x"}, True), ("contains(l, :v)", {"v": {"k": "v"}}, True), ("contains(l, :v)", {"v": "k"}, False), ("contains(l, :v)", {"v": 1}, True),
            ("contains(m, :v)", {"v": "n"}, False), ("contains(n, :v)", {"v": 5}, False), ("contains(b, :v)", {"v": b"\x02"}, True), ("contains(absent, :v)", {"v": b"\x02"}, False),
            ("size(s) = :v", {"v": 5}, True), ("size(b) = :v", {"v": 2}, True), ("size(l) = :v", {"v": 3}, True), ("size(m) = :v", {"v": 2}, True), ("size(ss) > :v", {"v": 1}, True), ("size(n) = :v", {"v": 1}, False), ("size(absent) = :v", {"v": 0}, False),
            ("size(e) = :v", {"v": 0}, True), ("size(:u) = :v", {"u": "é𝄞", "v": 3}, True), ("size(yes) >= :v", {"v": 0}, False), ("size(s) > size(l)", {}, True), ("size(s) IN (:a)", {"a": 5}, True), ("size(s) BETWEEN :a AND :b", {"a": 1, "b": 5}, True),
            ("NOT n = :v", {"v": 6}, True), ("not n = :v", {"v": 5}, False), ("NOT NOT n = :v", {"v": 5}, True), ("n = :v AND s = :s", {"v": 5, "s": "x"}, False), ("n = :v OR s = :s", {"v": 5, "s": "x"}, True),
            ("n = :x OR n = :v AND s = :s", {"x": 5, "v": 6, "s": "x"}, True), ("(n = :x OR n = :v) AND s = :s", {"x": 5, "v": 6, "s": "x"}, False), ("NOT n = :x AND s = :s", {"x": 6, "s": "x"}, False),
            ("NOT (n = :x AND s = :s)", {"x": 5, "s": "x"}, True), ("attribute_exists(n)and(attribute_exists(s))", {}, True), ("l = :l", {"l": [1, "x", {"k": "v"}]}, True), ("l = :l", {"l": [1, "x"]}, False),
            ("ss = :v", {"v": {"b", "a"}}, True), ("m = :v", {"v": {"n": 5, "in": {"deep": 3}}}, True), ("nil = :v", {"v": None}, True), ("yes = :v", {"v": True}, True), ("yes = :v", {"v": False}, False),
            ("l[0] = :v", {"v": 1}, True), ("l[1] = s", {}, False)):
        names = {"#in": "in"} if "#in" in condition else None
        if wanted is not None:
            equal(holds(db, condition, names=names, **given), wanted, f"{condition} {given}")
    for condition, wanted in (("attribute_not_exists(pk)", True), ("attribute_exists(pk)", False), ("NOT attribute_exists(pk)", True), ("pk <> :v", True)):
        if wanted:
            equal(holds(db, condition, key="never", **({"v": "x"} if ":v" in condition else {})), wanted, condition)
            db.delete_item(TableName="hash", Key=item(pk="never"))
        else:
            equal(holds(db, condition, key="never"), wanted, condition)


def conditions_that_are_refused(db, wire):
    bad = "Invalid ConditionExpression: "
    kind = "Incorrect operand type for operator or function; operator or function: "
    for condition, words, given in (
            ("_n = :v", bad + 'Syntax error; token: "_", near: "_n"', {"v": 1}), ("n = _m", bad + 'Syntax error; token: "_", near: "= _m"', {}), ("n.__m = :v", bad + 'Syntax error; token: "_", near: "._', {"v": 1}),
            ("", bad + "The expression can not be empty;", {}), ("n", bad + 'Syntax error; token: "<EOF>", near: "n"', {}), ("n = ", bad + "Syntax error", {}), ("n = :v AND", bad + "Syntax error", {"v": 1}),
            ("(n = :v", bad + 'Syntax error; token: "<EOF>", near: ":v"', {"v": 1}), ("n = :v)", bad + 'Syntax error; token: ")", near: ":v)"', {"v": 1}), ("((n = :v))", bad + "The expression has redundant parentheses;", {"v": 1}),
            ("n == :v", bad + "Syntax error", {"v": 1}), ("n != :v", bad + "Syntax error", {"v": 1}), ("n = 5", bad + 'Syntax error; token: "5", near: "= 5"', {}), ("n ! :v", bad + 'Syntax error; token: "!", near: "n ! :v"', {"v": 1}),
            ("n = :v n", bad + "Syntax error", {"v": 1}), ("attribute_exists(:v)", bad + "Operator or function requires a document path; operator or function: attribute_exists", {"v": "x"}),
            ("attribute_exists(n, s)", bad + "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2", {}),
            ("begins_with(n)", bad + "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1", {}),
            ("contains(n)", bad + "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1", {}),
            ("begins_with(s, :v)", bad + kind + "begins_with, operand type: N", {"v": 1}), ("n < :v", bad + kind + "<, operand type: BOOL", {"v": True}), ("n >= :v", bad + kind + ">=, operand type: L", {"v": []}),
            ("n BETWEEN :v AND :w", bad + "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}", {"v": 2, "w": 1}),
            ("n BETWEEN :v AND :w", bad + "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {S:x}", {"v": 2, "w": "x"}),
            ("n BETWEEN :v AND :w", bad + kind + "BETWEEN, operand type: M", {"v": {}, "w": {}}), ("attribute_type(n, :v)", bad + "Invalid attribute type name found; type: STRING, valid types: {", {"v": "STRING"}),
            ("attribute_type(n, :v)", bad + kind + "attribute_type, operand type: N", {"v": 1}), ("n = n", bad + "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]", {}),
            ("size(n)", bad + "The function is not allowed to be used this way in an expression; function: size", {}), ("attribute_exists(n) = :v", bad + "The function is not allowed to be used this way in an expression; function: attribute_exists", {"v": 1}),
            ("size(:v) = :w", bad + kind + "size, operand type: N", {"v": 1, "w": 1}), ("size(size(s)) = :v", bad + kind + "size, operand type: N", {"v": 1}),
            ("attribute_type(n, s)", bad + kind + "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}", {}),
            ("if_not_exists(n, :v) = :v", bad + "The function is not allowed in a condition expression; function: if_not_exists", {"v": 1}), ("foo(n)", bad + "Invalid function name; function: foo", {}),
            ("SIZE(n) = :v", bad + "Invalid function name; function: SIZE", {"v": 1}), ("name = :v", bad + "Attribute name is a reserved keyword; reserved keyword: name", {"v": 1}),
            ("n = :nothing", bad + "An expression attribute value used in expression is not defined; attribute value: :nothing", {"v": 1}), ("#x = :v", bad + "An expression attribute name used in the document path is not defined; attribute name: #x", {"v": 1}),
            ("n IN ()", bad + "Syntax error", {}), ("n IN (:v", bad + "Syntax error", {"v": 1}), ("l[:v] = :v", bad + "Syntax error", {"v": 1}), ("l[-1] = :v", bad + "Syntax error", {"v": 1}), ("l. = :v", bad + "Syntax error", {"v": 1}),
            ("contains(n, n)", bad + "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [n]", {})):
        members = {"ExpressionAttributeValues": values(**given)} if given else {}
        fails(VALIDATION, words, db.put_item, TableName="hash", Item=item(pk="c"), ConditionExpression=condition, **members)
        fails(VALIDATION, words, db.delete_item, TableName="hash", Key=item(pk="c"), ConditionExpression=condition, **members)
    for count in (101, 120):
        many = {f"v{i}": i for i in range(count)}
        fails(VALIDATION, bad + f"The IN operator is provided with too many operands; number of operands: {count}", db.put_item, TableName="hash", Item=item(pk="c"),
              ConditionExpression=f"n IN ({', '.join(':' + k for k in many)})", ExpressionAttributeValues=values(**many))
    long = " OR ".join(["n = :v"] * 151)
    many = [f"x{n}" for n in range(450)]
    answer = db.update_item(TableName="hash", Key=item(pk="many"), UpdateExpression="SET " + ",".join(f"{name}=:v" for name in many), ExpressionAttributeValues=values(v=1), ReturnValues="UPDATED_NEW")
    equal(len(answer["Attributes"]), 450, "as many actions as the text has room for")
    fails(VALIDATION, bad + "The expression contains too many operators; operator count: 301", db.put_item, TableName="hash", Item=item(pk="c"), ConditionExpression=long, ExpressionAttributeValues=values(v=1))


def of_several_faults_one_is_told(db, wire):
    """The grammar first; then what is most telling, wherever it stands."""
    reserved, foo = "Attribute name is a reserved keyword; reserved keyword: name", "Invalid function name; function: foo"
    misused = "The function is not allowed to be used this way in an expression; function: "
    nothing = "An expression attribute value used in expression is not defined; attribute value: :nothing"
    for condition, words in (
            ("name = :v AND foo(n, :v) AND", 'Syntax error; token: "<EOF>", near: "AND"'), ("name = :v AND ((n = :v))", "The expression has redundant parentheses;"),
            ("name = :v AND attribute_exists(n) = foo(n, :v)", foo), ("name = :v AND :v = attribute_exists(n)", misused + "attribute_exists"), ("name = :v AND size(n)", misused + "size"),
            ("n = :nothing AND name = :v", reserved), ("n < :t AND n = :nothing", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"), ("n = :nothing AND n < :t", nothing),
            ("begins_with(:nothing, :v, :v)", nothing), ("n = :v AND foo(bar(n), #x)", foo)):
        fails(VALIDATION, "Invalid ConditionExpression: " + words, db.put_item, TableName="hash", Item=item(pk="c"), ConditionExpression=condition, ExpressionAttributeValues=values(v=1, t=True))
    for expression, words in (
            ("SET a = :v, a = name, b = foo(:v) REMOVE", 'Syntax error; token: "<EOF>", near: "REMOVE"'), ("SET a = foo(:v), b = name", reserved), ("SET a = :v SET b = foo(c)", foo),
            ("SET a = :nothing SET b = :v", 'The "SET" section can only be used once in an update expression;'), ("SET a = :nothing, b = #x", "An expression attribute name used in the document path is not defined; attribute name: #x"),
            ("SET a = :v, a = :nothing", nothing), ("SET a.b = :v, a[1] = :v, c = :v, c = :v", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [c], path two: [c]"),
            ("SET c = list_append(:v, :v) ADD d :t", "Incorrect operand type for operator or function; operator: ADD, operand type: BOOLEAN, typeSet: ALLOWED_FOR_ADD_OPERAND")):
        fails(VALIDATION, "Invalid UpdateExpression: " + words, db.update_item, TableName="hash", Key=item(pk="c"), UpdateExpression=expression, ExpressionAttributeValues=values(v=1, t=True))
    fails(VALIDATION, "Invalid ProjectionExpression: " + reserved, db.get_item, TableName="hash", Key=item(pk="c"), ProjectionExpression="a, a, name")


def a_failed_condition_says_so(db, wire):
    put(db, "hash", pk="f", n=1)
    failed = "The conditional request failed"
    given = {"ConditionExpression": "n = :v", "ExpressionAttributeValues": values(v=2)}
    for call, members in ((db.put_item, {"Item": item(pk="f")}), (db.delete_item, {"Key": item(pk="f")}), (db.update_item, {"Key": item(pk="f"), "UpdateExpression": "SET b = :v"})):
        answer = fails(CONDITION, failed, call, TableName="hash", **members, **given)
        assert "Item" not in answer
        equal(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
    for operation, members in (("PutItem", {"Item": item(pk="f")}), ("DeleteItem", {"Key": item(pk="f")}), ("UpdateItem", {"Key": item(pk="f"), "UpdateExpression": "SET b = :v"})):
        answer = wire.refused(operation, {"TableName": "hash", **members, **given, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}, CONDITION, failed)
        equal(plain_item(answer["Item"]), {"pk": "f", "n": 1})
        answer = wire.refused(operation, {"TableName": "hash", **members, **given, "ReturnValuesOnConditionCheckFailure": "NONE"}, CONDITION, failed)
        assert "Item" not in answer
    answer = wire.refused("DeleteItem", {"TableName": "hash", "Key": item(pk="nobody"), "ConditionExpression": "attribute_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}, CONDITION, failed)
    assert "Item" not in answer
    equal(get(db, "hash", pk="f"), {"pk": "f", "n": 1})


# --- projections -------------------------------------------------------------------------------------------------------


def projections_choose(db, wire):
    put(db, "hash", pk="p", a=1, b={"x": 1, "y": {"z": [1, 2, 3]}}, l=[10, 20, {"k": 1, "j": 2}, [1, 2]], name="n")
    for expression, wanted in (("a", {"a": 1}), ("a, b.x", {"a": 1, "b": {"x": 1}}), ("b.x, b.y.z[1]", {"b": {"x": 1, "y": {"z": [2]}}}), ("l[2].k, l[0]", {"l": [10, {"k": 1}]}), ("l[3][1]", {"l": [[2]]}), ("absent", {}),
                               ("b.y.z[2], b.y.z[0]", {"b": {"y": {"z": [1, 3]}}}), ("l[99]", {}), ("a.b", {}), ("pk,a", {"pk": "p", "a": 1}), ("b.absent", {}), ("l[2].j,l[2].k", {"l": [{"j": 2, "k": 1}]})):
        equal(plain_item(db.get_item(TableName="hash", Key=item(pk="p"), ProjectionExpression=expression)["Item"]), wanted, expression)
    equal(plain_item(db.get_item(TableName="hash", Key=item(pk="p"), ProjectionExpression="#n", ExpressionAttributeNames={"#n": "name"})["Item"]), {"name": "n"})
    equal(plain_item(db.get_item(TableName="hash", Key=item(pk="p"), AttributesToGet=["a", "name"])["Item"]), {"a": 1, "name": "n"})
    bad = "Invalid ProjectionExpression: "
    for expression, words in (("", bad + "The expression can not be empty;"), ("a,", bad + "Syntax error"), ("a b", bad + "Syntax error"), ("a, a", bad + "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"),
                              ("b, b.x", bad + "Two document paths overlap"), ("b.x, b[0]", bad + "Two document paths conflict"), ("name", bad + "Attribute name is a reserved keyword; reserved keyword: name"), ("size(a)", bad), (":a", bad + "Syntax error"),
                              ("#x", bad + "An expression attribute name used in the document path is not defined; attribute name: #x")):
        fails(VALIDATION, words, db.get_item, TableName="hash", Key=item(pk="p"), ProjectionExpression=expression)
    fails(VALIDATION, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#y}", db.get_item, TableName="hash", Key=item(pk="p"), ProjectionExpression="#x", ExpressionAttributeNames={"#x": "a", "#y": "b"})
    fails(VALIDATION, "ExpressionAttributeNames can only be specified when using expressions", db.get_item, TableName="hash", Key=item(pk="p"), ExpressionAttributeNames={"#x": "a"})
    fails(VALIDATION, "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}", db.get_item,
          TableName="hash", Key=item(pk="p"), ProjectionExpression="a", AttributesToGet=["a"])
    fails(VALIDATION, INVALID + "Duplicate value in attribute name: a", db.get_item, TableName="hash", Key=item(pk="p"), AttributesToGet=["a", "a"])
    fails(VALIDATION, "Member must have length greater than or equal to 1", db.get_item, TableName="hash", Key=item(pk="p"), AttributesToGet=[])


def legacy_parameters_may_be_many(db, wire):
    """As many as a request holds, evaluated without a level of the stack for each, and without looking at each for each."""
    names = [f"a{number:06}" for number in range(200000)]
    db.put_item(TableName="hash", Item=item(pk="many"), Expected={name: {"Exists": False} for name in names})
    fails(CONDITION, "The conditional request failed", db.put_item, TableName="hash", Item=item(pk="many"), Expected={**{name: {"Exists": False} for name in names}, "pk": {"Exists": False}})
    some = names[:20000]
    updated = {name: {"Action": "PUT", "Value": {"N": "1"}} for name in some}
    equal(len(db.update_item(TableName="hash", Key=item(pk="many"), AttributeUpdates=updated, ReturnValues="UPDATED_NEW")["Attributes"]), len(some))
    equal(len(db.get_item(TableName="hash", Key=item(pk="many"), AttributesToGet=names[::-1])["Item"]), len(some))
    removed = {name: {"Action": "DELETE"} for name in some[1:]}
    equal(db.update_item(TableName="hash", Key=item(pk="many"), AttributeUpdates=removed, ReturnValues="ALL_NEW")["Attributes"], {**item(pk="many"), some[0]: {"N": "1"}})


CHECKS = [setup, every_type_comes_back, numbers_keep_their_value, long_messages_end_with_a_character, values_of_expressions_are_bounded, the_resource_layer_of_boto3, equal_numbers_are_one_key, attribute_values_are_checked, nesting_has_a_limit, items_have_a_size, keys_have_sizes_and_types,
          put_and_delete_return_what_was, update_returns_five_ways, updates_do_what_they_say, updates_that_are_refused, conditions_decide, conditions_that_are_refused, of_several_faults_one_is_told, a_failed_condition_says_so, projections_choose, legacy_parameters_may_be_many]


def main():
    with Server() as host:
        run(CHECKS, client(host.dynamodb), Wire(host.dynamodb))


if __name__ == "__main__":
    main()
