#!/usr/bin/python3
"""PartiQL through the DynamoDB door: statements, pages, batches, transactions, and how they fail."""
import base64
import json
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from server import Server

MALFORMED = "Statement wasn't well formed, can't be processed: "
MISMATCH = "Number of parameters in request and statement don't match."
NO_KEY = "Where clause does not contain a mandatory equality on all key attributes"


def connect(running):
    return boto3.client("dynamodb", endpoint_url="http://" + running.dynamodb, region_name="eu-central-1",
                        aws_access_key_id="none", aws_secret_access_key="none",
                        config=Config(retries={"max_attempts": 0}))


def raw(running, operation, body):
    """What this boto3 does not know yet, as it goes over the wire. Returns status and answer."""
    request = urllib.request.Request("http://" + running.dynamodb, json.dumps(body).encode(), {
        "X-Amz-Target": "DynamoDB_20120810." + operation, "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z", "Authorization": "AWS4-HMAC-SHA256 Credential=none/20260101/eu-central-1/"
        "dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "0" * 64})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def create(client):
    def key(*names):
        return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))]
    client.create_table(
        TableName="Music", KeySchema=key("Artist", "Song"), BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                              for name, kind in (("Artist", "S"), ("Song", "S"), ("Genre", "S"), ("Year", "N"))],
        LocalSecondaryIndexes=[
            {"IndexName": "by-year", "KeySchema": key("Artist", "Year"), "Projection": {"ProjectionType": "KEYS_ONLY"}}],
        GlobalSecondaryIndexes=[
            {"IndexName": "by-genre", "KeySchema": key("Genre", "Year"), "Projection": {"ProjectionType": "ALL"}},
            {"IndexName": "thin", "KeySchema": key("Genre"), "Projection": {"ProjectionType": "KEYS_ONLY"}}])
    client.create_table(
        TableName="numbers-1", KeySchema=key("id"), BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}])


class Door:
    def __init__(self, running):
        self.running = running
        self.client = connect(running)

    def run(self, statement, *parameters, **more):
        if parameters:
            more["Parameters"] = list(parameters)
        return self.client.execute_statement(Statement=statement, **more)

    def items(self, statement, *parameters, **more):
        return self.run(statement, *parameters, **more)["Items"]

    def songs(self, statement, *parameters, **more):
        return [item["Song"]["S"] for item in self.items(statement, *parameters, **more)]

    def fails(self, code, message, statement, *parameters, **more):
        try:
            self.run(statement, *parameters, **more)
        except ClientError as error:
            assert error.response["Error"]["Code"] == code, error
            assert message in error.response["Error"]["Message"], error
            return error.response
        raise AssertionError(f"{statement}: no error; expected {message}")


def inserts(door):
    assert door.items("""INSERT INTO "Music" VALUE {'Artist': 'Ann', 'Song': 'It''s', 'Year': 1999, 'Genre': 'pop',
        'Tags': <<'a','b'>>, 'Sizes': <<1, 2.50>>, 'More': {'deep': [1, -2.5e1, null, true, {'x': 'y'}]},
        'Gone': MISSING}""") == []
    assert door.items("SELECT * FROM Music WHERE Artist='Ann' AND Song='It''s'") == [{
        "Artist": {"S": "Ann"}, "Song": {"S": "It's"}, "Year": {"N": "1999"}, "Genre": {"S": "pop"},
        "Tags": {"SS": ["a", "b"]}, "Sizes": {"NS": ["1", "2.5"]},
        "More": {"M": {"deep": {"L": [{"N": "1"}, {"N": "-25"}, {"NULL": True}, {"BOOL": True},
                                      {"M": {"x": {"S": "y"}}}]}}}}]
    assert door.items("insert into Music value {'Artist': ?, 'Song': ?, 'Bytes': ?}", {"S": "Bob"}, {"S": "One"},
                      {"B": b"\x00\xff"}) == []
    assert door.items("INSERT INTO Music VALUE ?", {"M": {"Artist": {"S": "Bob"}, "Song": {"S": "Two"}}}) == []
    found = door.items("SELECT Bytes FROM Music WHERE Artist = ? AND Song = ?", {"S": "Bob"}, {"S": "One"})
    assert found == [{"Bytes": {"B": b"\x00\xff"}}], found
    door.fails("DuplicateItemException", "Duplicate primary key exists in table",
               "INSERT INTO Music VALUE {'Artist': 'Bob', 'Song': 'Two'}")
    door.fails("ValidationException", "Missing the key Song in the item", "INSERT INTO Music VALUE {'Artist': 'Bob'}")
    door.fails("ResourceNotFoundException", "Requested resource not found", "INSERT INTO nowhere VALUE {'a': 1}")
    door.fails("ValidationException", "Input collection contains duplicates",
               "INSERT INTO Music VALUE {'Artist': 'Bob', 'Song': 'Set', 'x': <<1, 1.0>>}")


def updates(door):
    where = " WHERE Artist='Ann' AND Song='It''s'"
    one = "SELECT * FROM Music" + where
    assert door.items("UPDATE Music SET Plays=1 SET More.deep[0]='first', \"odd-name\"=[1]" + where) == []
    item = door.items(one)[0]
    assert item["Plays"] == {"N": "1"} and item["odd-name"] == {"L": [{"N": "1"}]}
    assert item["More"]["M"]["deep"]["L"][0] == {"S": "first"}
    door.run("UPDATE Music SET Plays = Plays + ? - 1" + where, {"N": "10"})
    door.run("UPDATE Music SET Tags = set_add(Tags, <<'c'>>) SET Sizes = set_delete(Sizes, <<1>>)" + where)
    door.run("UPDATE Music SET \"odd-name\" = list_append(\"odd-name\", ['x', 2]), Other = if_not_exists(Other, 7)"
             + where)
    item = door.items(one)[0]
    assert item["Plays"] == {"N": "10"} and item["Other"] == {"N": "7"}
    assert item["Tags"] == {"SS": ["a", "b", "c"]} and item["Sizes"] == {"NS": ["2.5"]}
    assert item["odd-name"] == {"L": [{"N": "1"}, {"S": "x"}, {"N": "2"}]}
    assert door.items("UPDATE Music REMOVE Other REMOVE More.deep[1]" + where + " RETURNING ALL OLD *") == [item]
    now = door.items(one)[0]
    assert "Other" not in now and len(now["More"]["M"]["deep"]["L"]) == 4
    assert door.items("UPDATE Music SET Plays=11 SET Fresh=true" + where + " RETURNING MODIFIED OLD *") == \
        [{"Plays": {"N": "10"}}]
    assert door.items("UPDATE Music SET Plays=12" + where + " RETURNING MODIFIED NEW *") == [{"Plays": {"N": "12"}}]
    assert door.items("UPDATE Music SET Plays=13" + where + " RETURNING ALL NEW *") == \
        [{**now, "Plays": {"N": "13"}, "Fresh": {"BOOL": True}}]

    assert door.items("UPDATE Music SET Plays=14" + where + " AND Plays > 12 AND Fresh = true RETURNING ALL NEW *") == \
        [{**now, "Plays": {"N": "14"}, "Fresh": {"BOOL": True}}]
    code, failed = raw(door.running, "ExecuteStatement", {
        "Statement": "UPDATE Music SET Plays=15" + where + " AND Plays > 100",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    assert code == 400 and failed["__type"].endswith("#ConditionalCheckFailedException"), failed
    assert failed["Item"]["Plays"] == {"N": "14"}
    door.fails("ConditionalCheckFailedException", "The conditional request failed",
               "UPDATE Music SET Plays=15 WHERE Artist='Ann' AND Song='none'")
    door.fails("ValidationException", NO_KEY, "UPDATE Music SET Plays=15 WHERE Artist='Ann'")
    door.fails("ValidationException", NO_KEY, "UPDATE Music SET Plays=15 WHERE Artist='Ann' AND Song > 'a'")
    door.fails("ValidationException", NO_KEY, "UPDATE Music SET Plays=15 WHERE Artist='Ann' OR Song = 'a'")
    door.fails("ValidationException", NO_KEY, "UPDATE Music SET Plays=15")
    door.fails("ValidationException", "This attribute is part of the key", "UPDATE Music SET Song='x'" + where)
    door.fails("ValidationException", "The provided key element does not match the schema",
               "UPDATE Music SET x=1 WHERE Artist=1 AND Song='x'")
    door.fails("ValidationException", "Two document paths overlap", "UPDATE Music SET a=1, a.b=2" + where)
    door.fails("ValidationException", "An operand in the update expression has an incorrect data type",
               "UPDATE Music SET Plays = Plays + 'x'" + where)
    door.fails("ResourceNotFoundException", "Requested resource not found", "UPDATE nowhere SET a=1 WHERE b=1")


def deletes(door):
    for song in ("D1", "D2"):
        door.run("INSERT INTO Music VALUE {'Artist': 'Del', 'Song': ?, 'n': 5}", {"S": song})
    assert door.items("DELETE FROM \"Music\" WHERE Artist='Del' AND Song='D1' RETURNING ALL OLD *") == \
        [{"Artist": {"S": "Del"}, "Song": {"S": "D1"}, "n": {"N": "5"}}]
    assert door.items("DELETE FROM Music WHERE Artist='Del' AND Song='D1'") == []
    door.fails("ConditionalCheckFailedException", "The conditional request failed",
               "DELETE FROM Music WHERE Artist='Del' AND Song='D2' AND n BETWEEN 6 AND 9")
    assert door.items("DELETE FROM Music WHERE Song='D2' AND Artist='Del' AND n BETWEEN 5 AND 9") == []
    assert door.items("SELECT * FROM Music WHERE Artist='Del'") == []
    door.fails("ValidationException", NO_KEY, "DELETE FROM Music WHERE Artist='Del'")
    door.fails("ValidationException", MALFORMED,
               "DELETE FROM Music WHERE Artist='Del' AND Song='D2' RETURNING MODIFIED OLD *")


def fill(door):
    for i in range(20):
        door.run("INSERT INTO Music VALUE {'Artist': 'Cee', 'Song': ?, 'Year': ?, 'Genre': ?, 'Note': ?}",
                 {"S": f"s{i:02}"}, {"N": str(2000 + i)}, {"S": "rock" if i % 2 else "jazz"},
                 {"NULL": True} if i % 5 == 0 else {"L": [{"S": "n"}, {"N": str(i)}]})


def selects(door):
    def songs(where, *parameters):
        return door.songs("SELECT Song FROM Music WHERE Artist = 'Cee' AND " + where, *parameters)

    assert songs("Song = 's03'") == ["s03"]
    assert songs("Song < 's02'") == ["s00", "s01"]
    assert songs("'s18' <= Song") == ["s18", "s19"]
    assert songs("Song BETWEEN 's05' AND 's07'") == ["s05", "s06", "s07"]
    assert songs("Song BETWEEN 's07' AND 's05'") == []
    assert songs("begins_with(Song, 's1') AND Song > 's17'") == ["s18", "s19"]
    assert songs("Song IN ['s01', ?]", {"S": "s04"}) == ["s01", "s04"]
    assert songs("Song IN ('s01', 's02')") == ["s01", "s02"]
    assert songs("Song NOT BETWEEN 's01' AND 's18'") == ["s00", "s19"]
    assert songs("(Year = 2001 OR Year = 2003) AND NOT Song = 's03'") == ["s01"]
    assert songs("Year <> 2001 AND Year != 2002 AND Year < 2004") == ["s00", "s03"]
    assert songs("Note IS NULL") == ["s00", "s05", "s10", "s15"]
    assert songs("Note IS NOT NULL AND Year < 2003") == ["s01", "s02"]
    assert songs("Nothing IS MISSING AND Year = 2004") == ["s04"]
    assert songs("Nothing IS NOT MISSING") == []
    assert songs("Note[1] >= 18") == ["s18", "s19"]
    assert songs("contains(Note, 7)") == ["s07"]
    assert songs("size(Note) = 2 AND Year < 2003") == ["s01", "s02"]
    assert songs("attribute_type(Note, 'NULL') AND Year < 2006") == ["s00", "s05"]
    assert songs("Year = ? and Genre = ?", {"N": "2009"}, {"S": "rock"}) == ["s09"]
    assert door.songs("select Song from Music where Artist='Cee' and Song>'s17' order by Song desc") == ["s19", "s18"]
    assert door.songs("SELECT Song FROM Music WHERE Artist='Cee' AND Song>'s17' ORDER BY Song ASC;") == ["s18", "s19"]
    assert door.songs("SELECT * FROM Music.\"by-genre\" WHERE Genre='jazz' AND Year>=2016 ORDER BY Year DESC") == \
        ["s18", "s16"]
    assert door.songs("SELECT * FROM \"Music\".\"by-genre\" WHERE Genre='rock' AND Year < 2004") == ["s01", "s03"]
    by_year = "FROM Music.\"by-year\" WHERE Artist='Cee' AND Year > 2017 ORDER BY Year DESC"
    assert door.items("SELECT * " + by_year) == [
        {"Artist": {"S": "Cee"}, "Song": {"S": f"s{year - 2000}"}, "Year": {"N": str(year)}} for year in (2019, 2018)]
    assert door.items("SELECT Genre " + by_year, ConsistentRead=True) == [{"Genre": {"S": "rock"}}, {"Genre": {"S": "jazz"}}]
    assert door.items("SELECT * FROM Music.thin WHERE Genre = 'pop'") == \
        [{"Artist": {"S": "Ann"}, "Song": {"S": "It's"}, "Genre": {"S": "pop"}}]
    assert sorted(door.songs("SELECT Song FROM Music WHERE Year > 2018 OR Artist = 'Bob'")) == ["One", "Two", "s19"]
    assert door.items("SELECT More.deep, \"odd-name\"[0], Absent FROM Music WHERE Artist = 'Ann'") == \
        [{"deep": {"L": [{"S": "first"}, {"NULL": True}, {"BOOL": True}, {"M": {"x": {"S": "y"}}}]},
          "odd-name[0]": {"N": "1"}}]
    door.fails("ValidationException", "Global secondary index thin does not project [Year]",
               "SELECT Year FROM Music.thin WHERE Genre = 'pop'")
    door.fails("ValidationException", "The table does not have the specified index: none",
               "SELECT * FROM Music.none WHERE Genre = 'pop'")
    door.fails("ValidationException", "Strongly consistent read is not supported on Global Secondary Indexes",
               "SELECT * FROM Music.thin WHERE Genre = 'pop'", ConsistentRead=True)
    door.fails("ValidationException", "Must have WHERE clause", "SELECT * FROM Music ORDER BY Song")
    door.fails("ValidationException", "Must have at least one non-optional hash key condition",
               "SELECT * FROM Music WHERE Song = 'x' ORDER BY Song")
    door.fails("ValidationException", "Variable reference Year in ORDER BY clause must be part of the primary key",
               "SELECT * FROM Music WHERE Artist = 'x' ORDER BY Year")
    door.fails("ResourceNotFoundException", "Requested resource not found", "SELECT * FROM nowhere")
    for where in ("Artist = ''", "Artist IN ['Cee', '']", "Artist = 'Cee' AND Song >= ''"):
        door.fails("ValidationException", "cannot contain an empty string value. Key: ",
                   "SELECT * FROM Music WHERE " + where)
    for where in ("Artist = 1", "Artist = 'Cee' AND Song > 5", "Artist = 'Cee' AND begins_with(Song, 5)"):
        door.fails("ValidationException", "Condition parameter type does not match schema type",
                   "SELECT * FROM Music WHERE " + where)
    cost = door.run("SELECT * FROM Music WHERE Artist='Cee' AND Song='s01'", ConsistentRead=True,
                    ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert cost == {"TableName": "Music", "CapacityUnits": 1.0}, cost
    cost = door.run("SELECT Note " + by_year, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert cost["LocalSecondaryIndexes"]["by-year"]["CapacityUnits"] == 0.5 and cost["Table"]["CapacityUnits"] == 1.0, cost
    for statement, units in (("INSERT INTO \"numbers-1\" VALUE {'id': 500}", 1.0),
                             ("UPDATE \"numbers-1\" SET x=1 WHERE id=500", 1.0),
                             ("DELETE FROM \"numbers-1\" WHERE id=500", 1.0)):
        cost = door.run(statement, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
        assert cost == {"TableName": "numbers-1", "CapacityUnits": units}, cost


def partitions(door):
    for i in range(30):
        door.run("INSERT INTO \"numbers-1\" VALUE {'id': ?, 'odd': ?}", {"N": str(i)}, {"BOOL": i % 2 == 1})

    def ids(statement, *parameters):
        return [int(item["id"]["N"]) for item in walk(door, statement, *parameters)]
    assert ids("SELECT * FROM \"numbers-1\" WHERE id IN [3, 99, 1, 3]") == [3, 1]
    assert ids("SELECT * FROM \"numbers-1\" WHERE id = 4 OR id = 2 or 9 = id") == [4, 2, 9]
    assert ids("SELECT * FROM \"numbers-1\" WHERE id IN (9, 4, 2) AND odd = false ORDER BY id") == [2, 4]
    assert ids("SELECT * FROM \"numbers-1\" WHERE id IN ? ORDER BY id DESC",
               {"L": [{"N": str(i)} for i in (5, 7, 6)]}) == [7, 6, 5]
    listed = ", ".join(str(i) for i in range(25))
    page = door.run(f"SELECT * FROM \"numbers-1\" WHERE id IN [{listed}]")
    assert len(page["Items"]) == 10 and "NextToken" in page
    assert ids(f"SELECT * FROM \"numbers-1\" WHERE id IN [{listed}]") == list(range(25))
    assert sorted(ids("SELECT id FROM \"numbers-1\" WHERE id IN [1, 2] OR odd = true")) == \
        sorted({2, *range(1, 30, 2)})
    listed = ", ".join(str(i) for i in range(51))
    door.fails("ValidationException", "at most 50", f"SELECT * FROM \"numbers-1\" WHERE id IN [{listed}]")
    door.fails("ValidationException", "ORDER BY",
               "SELECT * FROM Music WHERE Artist IN ['Ann', 'Bob'] ORDER BY Song")


def walk(door, statement, *parameters, **more):
    """All items of all pages."""
    items, token = [], {}
    for _ in range(1000):
        page = door.run(statement, *parameters, **more, **token)
        items += page["Items"]
        assert ("NextToken" in page) == ("LastEvaluatedKey" in page)
        if "NextToken" not in page:
            return items
        token = {"NextToken": page["NextToken"]}
    raise AssertionError("the pages do not end")


def pages(door):
    statement = "SELECT Song FROM Music WHERE Artist = ? ORDER BY Song DESC"
    first = door.run(statement, {"S": "Cee"}, Limit=7)
    assert [item["Song"]["S"] for item in first["Items"]] == [f"s{i:02}" for i in range(19, 12, -1)]
    assert first["LastEvaluatedKey"] == {"Artist": {"S": "Cee"}, "Song": {"S": "s13"}}
    found = [item["Song"]["S"] for item in walk(door, statement, {"S": "Cee"}, Limit=7)]
    assert found == [f"s{i:02}" for i in range(19, -1, -1)]
    found = walk(door, "SELECT Song FROM Music WHERE Year > 2010 AND Year < 2014", Limit=3)
    assert sorted(item["Song"]["S"] for item in found) == ["s11", "s12", "s13"]
    found = walk(door, "SELECT Song FROM Music.\"by-genre\" WHERE Genre = 'rock'", Limit=4)
    assert [item["Song"]["S"] for item in found] == [f"s{i:02}" for i in range(1, 20, 2)]

    token = first["NextToken"]
    raw = bytearray(base64.b64decode(token))
    raw[20] ^= 1
    for wrong in (base64.b64encode(raw).decode(), "AAAA", "not base 64!", token[:-8]):
        door.fails("ValidationException", "Invalid NextToken", statement, {"S": "Cee"}, NextToken=wrong)
    door.fails("ValidationException", "NextToken does not match request", statement, {"S": "Bob"}, NextToken=token)
    door.fails("ValidationException", "NextToken does not match request", statement + " ", {"S": "Cee"},
               NextToken=token)

    for i in range(12):  # a page is 1 MB
        door.run("INSERT INTO Music VALUE {'Artist': 'Big', 'Song': ?, 'x': ?}", {"S": f"{i:02}"}, {"S": "x" * 200000})
    page = door.run("SELECT Song FROM Music WHERE Artist = 'Big'")
    assert 1 <= len(page["Items"]) <= 6 and "NextToken" in page
    assert len(walk(door, "SELECT Song FROM Music WHERE Artist = 'Big'")) == 12


def malformed(door):
    for statement, what in (
            ("", "Statement"), ("FETCH x", MALFORMED + "Expected data manipulation"),
            ("UPDATE a-b SET x=1", MALFORMED + "Expected data manipulation"), ("SELECT", MALFORMED),
            ("SELECT * FROM Music WHERE", MALFORMED), ("SELECT * FROM Music WHERE a", MALFORMED),
            ("SELECT * FROM Music WHERE a = ", MALFORMED), ("SELECT * FROM Music WHERE a = 'x", MALFORMED),
            ("SELECT * FROM Music LIMIT 5", MALFORMED + "Unexpected keyword"),
            ("SELECT *, a FROM Music", MALFORMED), ("SELECT a b FROM Music", MALFORMED),
            ("SELECT count(*) FROM Music", MALFORMED), ("SELECT * FROM Music WHERE a LIKE 'x'", MALFORMED),
            ("SELECT a.select FROM Music", MALFORMED + "Invalid path dot component"),
            ("SELECT a[x] FROM Music", MALFORMED + "Unexpected path component"),
            ("INSERT INTO Music VALUE 'x'", MALFORMED), ("INSERT INTO Music VALUE {'a': 1", MALFORMED),
            ("INSERT INTO Music VALUES {'a': 1}", MALFORMED), ("INSERT INTO Music VALUE {a: 1}", MALFORMED),
            ("UPDATE Music SET WHERE a=1", MALFORMED), ("UPDATE Music WHERE a=1", MALFORMED),
            ("UPDATE Music SET a=MISSING WHERE a=1", MALFORMED), ("UPDATE Music SET a=b(1) WHERE a=1", MALFORMED),
            ("UPDATE Music SET a=set_add(b, <<1>>) WHERE a=1", MALFORMED),
            ("UPDATE Music SET a=1 WHERE a=1 RETURNING OLD *", MALFORMED),
            ("DELETE Music WHERE a=1", MALFORMED), ("SELECT * FROM Music; SELECT * FROM Music", MALFORMED),
            ("SELECT * FROM Music WHERE " + "(" * 200 + "a=1" + ")" * 200, MALFORMED),
            ("SELECT * FROM Music WHERE a = " + "[" * 200 + "]" * 200, MALFORMED),
            ("SELECT * FROM Music WHERE attribute_type(a, 'X')", "Invalid attribute type name found"),
            ("EXISTS(SELECT * FROM Music WHERE a=1)", "EXISTS"), ("SELECT * FROM Music /* all", MALFORMED),
            ("SELECT * /* a */ b */ FROM Music", MALFORMED), ("-- SELECT * FROM Music", MALFORMED),
            ("SELECT * FROM Music WHERE a = ?", MISMATCH)):
        if statement:
            door.fails("ValidationException", what, statement)
    for statement in ("SELECT * FROM Music", "DELETE FROM Music WHERE Artist='no' AND Song='one'"):
        door.fails("ValidationException", "Invalid NextToken", statement, NextToken="made-up")
    door.fails("ValidationException", MISMATCH, "SELECT * FROM Music WHERE a = ?", {"S": "1"}, {"S": "2"})
    door.fails("ValidationException", MISMATCH, "SELECT * FROM Music", {"S": "1"})
    door.fails("ValidationException", "less than or equal to 8192", "SELECT * FROM Music WHERE a = '" + "x" * 8200 + "'")


def batches(door):
    def batch(*statements, **more):
        return door.client.batch_execute_statement(Statements=[
            entry if isinstance(entry, dict) else {"Statement": entry} for entry in statements], **more)
    done = batch("INSERT INTO Music VALUE {'Artist': 'Bat', 'Song': '1', 'n': 1}",
                 "INSERT INTO Music VALUE {'Artist': 'Bob', 'Song': 'Two'}",
                 {"Statement": "UPDATE Music SET n=2 WHERE Artist=? AND Song='One' AND n = 1 RETURNING ALL NEW *",
                  "Parameters": [{"S": "Bob"}]},
                 "UPDATE Music SET n=2 WHERE Artist='Bob' AND Song='Two' RETURNING ALL NEW *",
                 "UPDATE Music SET n=2 WHERE Artist='Bob'", "UPDAT Music",
                 "DELETE FROM nowhere WHERE a=1", "UPDATE Music SET n=? WHERE Artist='Bob'",
                 ReturnConsumedCapacity="TOTAL")
    answers = done["Responses"]
    assert answers[0] == {"TableName": "Music"}, answers[0]
    assert answers[1] == {"TableName": "Music", "Error": {
        "Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}}
    assert answers[2]["Error"] == {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    assert answers[3] == {"TableName": "Music", "Item": {"Artist": {"S": "Bob"}, "Song": {"S": "Two"}, "n": {"N": "2"}}}
    assert answers[4]["Error"] == {"Code": "ValidationError", "Message": NO_KEY}
    assert answers[5]["Error"] == {"Code": "ValidationError", "Message": MALFORMED + "Expected data manipulation"}
    assert answers[6]["Error"]["Code"] == "ResourceNotFound"
    assert answers[7]["Error"] == {"Code": "ValidationError", "Message": MISMATCH}
    assert done["ConsumedCapacity"][0]["TableName"] == "Music" and done["ConsumedCapacity"][0]["CapacityUnits"] >= 2

    code, answer = raw(door.running, "BatchExecuteStatement", {"Statements": [{
        "Statement": "DELETE FROM Music WHERE Artist='Bob' AND Song='One' AND n = 1",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}]})
    assert code == 200 and answer["Responses"][0]["Error"]["Item"]["Bytes"] == {"B": "AP8="}, answer

    answers = batch("SELECT n FROM Music WHERE Artist='Bat' AND Song='1'",
                    "SELECT * FROM Music WHERE Artist='Bat' AND Song='2'",
                    "SELECT * FROM Music WHERE Artist='Bat' AND Song='1' AND n = 9",
                    "SELECT * FROM Music WHERE Artist='Bat'", "SELECT * FROM Music.thin WHERE Genre='pop'",
                    "nonsense")["Responses"]
    assert answers[0] == {"TableName": "Music", "Item": {"n": {"N": "1"}}}
    assert answers[1] == answers[2] == {"TableName": "Music"}
    for answer in answers[3:5]:
        assert answer["Error"]["Code"] == "ValidationError" and "must specify the primary key" in answer["Error"]["Message"]
    assert answers[5]["Error"]["Code"] == "ValidationError"
    try:
        batch("SELECT * FROM Music WHERE Artist='Bat' AND Song='1'", "DELETE FROM Music WHERE Artist='Bat' AND Song='1'")
        raise AssertionError("reads and writes together")
    except ClientError as error:
        assert "cannot mix both in one batch" in str(error), error
    answers = batch(*[f"INSERT INTO Music VALUE {{'Artist': 'Bat', 'Song': 'x{i}'}}" for i in range(25)])["Responses"]
    assert answers == [{"TableName": "Music"}] * 25
    try:
        batch(*["SELECT * FROM Music WHERE Artist='Bat' AND Song='1'"] * 26)
        raise AssertionError("26 statements")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationException", error


def transactions(door):
    def transact(*statements, **more):
        return door.client.execute_transaction(TransactStatements=[
            entry if isinstance(entry, dict) else {"Statement": entry} for entry in statements], **more)

    def cancelled(codes, *statements, **more):
        try:
            transact(*statements, **more)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "TransactionCanceledException", error
            assert [reason["Code"] for reason in error.response["CancellationReasons"]] == codes, error.response
            return error.response["CancellationReasons"]
        raise AssertionError(f"no cancellation; expected {codes}")

    done = transact("INSERT INTO Music VALUE {'Artist': 'Tra', 'Song': '1', 'n': 1}",
                    {"Statement": "INSERT INTO Music VALUE {'Artist': 'Tra', 'Song': ?}", "Parameters": [{"S": "2"}]},
                    "UPDATE Music SET n=3 WHERE Artist='Bob' AND Song='Two' RETURNING MODIFIED NEW *",
                    "EXISTS(SELECT * FROM Music WHERE Artist='Bob' AND Song='One' AND n IS MISSING)",
                    ReturnConsumedCapacity="TOTAL")
    assert done["Responses"] == [{}, {}, {"Item": {"n": {"N": "3"}}}, {}], done
    assert done["ConsumedCapacity"][0]["WriteCapacityUnits"] >= 6
    done = transact("SELECT n FROM Music WHERE Artist='Tra' AND Song='1'",
                    "SELECT * FROM Music WHERE Artist='Tra' AND Song='none'",
                    "SELECT Song FROM Music WHERE Artist='Tra' AND Song='2' AND n IS MISSING")
    assert done["Responses"] == [{"Item": {"n": {"N": "1"}}}, {}, {"Item": {"Song": {"S": "2"}}}], done

    reasons = cancelled(["None", "DuplicateItem"], "UPDATE Music SET n=9 WHERE Artist='Tra' AND Song='1'",
                        "INSERT INTO Music VALUE {'Artist': 'Tra', 'Song': '2'}")
    assert reasons[1]["Message"] == "Duplicate primary key exists in table"
    cancelled(["ConditionalCheckFailed", "None"], "UPDATE Music SET n=9 WHERE Artist='Tra' AND Song='1' AND n=7",
              "DELETE FROM Music WHERE Artist='Tra' AND Song='2'")
    code, answer = raw(door.running, "ExecuteTransaction", {"TransactStatements": [{
        "Statement": "UPDATE Music SET n=9 WHERE Artist='Tra' AND Song='1' AND n=7",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}]})
    assert code == 400 and answer["CancellationReasons"][0]["Item"]["n"] == {"N": "1"}, answer
    cancelled(["None", "ConditionalCheckFailed"], "DELETE FROM Music WHERE Artist='Tra' AND Song='2'",
              "EXISTS(SELECT * FROM Music WHERE Artist='Tra' AND Song='none' AND n=1)")
    cancelled(["ValidationError"], "EXISTS(SELECT * FROM Music WHERE Artist='Tra' AND Song='1')")
    reasons = cancelled(["ValidationError", "None"], "UPDATE Music SET n=9 WHERE Artist='Tra'",
                        "DELETE FROM Music WHERE Artist='Tra' AND Song='2'")
    assert reasons[0]["Message"] == NO_KEY
    cancelled(["ValidationError"], "nonsense")
    cancelled(["None", "ValidationError"], "SELECT * FROM Music WHERE Artist='Tra' AND Song='2'",
              "SELECT * FROM Music WHERE Artist='Tra'")
    assert door.items("SELECT n FROM Music WHERE Artist='Tra'") == [{"n": {"N": "1"}}, {}]
    for statements, words in (
            (("SELECT * FROM Music WHERE Artist='Tra' AND Song='1'", "DELETE FROM Music WHERE Artist='Tra' AND Song='2'"),
             "cannot mix both in one transaction"),
            (("DELETE FROM Music WHERE Artist='Tra' AND Song='2'",
              "UPDATE Music SET n=9 WHERE Artist='Tra' AND Song='2'"), "multiple operations on one item")):
        try:
            transact(*statements)
            raise AssertionError(words)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException" and words in str(error), error

    add = "UPDATE Music SET n = n + 1 WHERE Artist='Tra' AND Song='1'"
    for _ in range(2):
        transact(add, ClientRequestToken="once")
    assert door.items("SELECT n FROM Music WHERE Artist='Tra' AND Song='1'") == [{"n": {"N": "2"}}]
    try:
        transact(add, "DELETE FROM Music WHERE Artist='Tra' AND Song='2'", ClientRequestToken="once")
        raise AssertionError("another request with a known token")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "IdempotentParameterMismatchException", error


with Server() as running:
    door = Door(running)
    create(door.client)
    for part in (inserts, updates, deletes, fill, selects, partitions, pages, malformed, batches, transactions):
        part(door)
