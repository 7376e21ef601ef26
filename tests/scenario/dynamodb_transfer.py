#!/usr/bin/python3
"""Exports of tables and imports into new ones, with a directory in place of S3."""
import base64
import gzip
import hashlib
import http.client
import json
import os
import shutil
import tempfile
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from server import Server, wait_for

ACCOUNT = "arn:aws:dynamodb:us-east-1:"


def client_of(server):
    return boto3.client("dynamodb", endpoint_url="http://" + server.dynamodb, region_name="us-east-1",
                        aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret",
                        config=Config(parameter_validation=False, retries={"max_attempts": 0}))


def raw(server, operation, body):
    """A request that Debian's botocore has no model for."""
    connection = http.client.HTTPConnection(server.dynamodb, timeout=120)
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    connection.request("POST", "/", json.dumps(body), {
        "X-Amz-Target": "DynamoDB_20120810." + operation, "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": now,
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{now[:8]}/us-east-1/dynamodb/aws4_request,"
                         " SignedHeaders=host, Signature=" + "0" * 64})
    answer = connection.getresponse()
    text = json.loads(answer.read())
    connection.close()
    return answer.status, text


def ask(server, operation, body):
    status, answer = raw(server, operation, body)
    assert status == 200, (status, answer)
    return answer


def fails(server, operation, body, kind, words=""):
    status, answer = raw(server, operation, body)
    assert status == 400 and answer["__type"].endswith("#" + kind), (status, answer)
    assert words in answer.get("message", ""), answer


def table(client, name):
    client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                              {"AttributeName": "sk", "AttributeType": "N"}],
                        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"},
                                   {"AttributeName": "sk", "KeyType": "RANGE"}])
    client.update_continuous_backups(TableName=name,
                                     PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    return client.describe_table(TableName=name)["Table"]["TableArn"]


def target(name, **more):
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                     {"AttributeName": "sk", "AttributeType": "N"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            **more}


def by_key(item):
    return item["pk"]["S"], item["sk"]["N"]


def items_of(client, name):
    pages = client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=by_key)


def exported(server, description):
    """The description once the export has ended."""
    arn = description["ExportArn"]
    wait_for("the export", lambda: ask(server, "DescribeExport", {"ExportArn": arn})
             ["ExportDescription"]["ExportStatus"] != "IN_PROGRESS")
    return ask(server, "DescribeExport", {"ExportArn": arn})["ExportDescription"]


def imported(server, description):
    arn = description["ImportArn"]
    wait_for("the import", lambda: ask(server, "DescribeImport", {"ImportArn": arn})
             ["ImportTableDescription"]["ImportStatus"] != "IN_PROGRESS")
    return ask(server, "DescribeImport", {"ImportArn": arn})["ImportTableDescription"]


def checked(directory, key):
    """A manifest, when its checksum is right."""
    with open(os.path.join(directory, key), "rb") as file:
        content = file.read()
    with open(os.path.join(directory, key.removesuffix(".json") + ".md5"), encoding="ascii") as file:
        assert base64.b64decode(file.read()) == hashlib.md5(content).digest()
    return content.decode()


def lines_of(directory, description):
    """The summary and all lines of an export, as AWS's readers go about it."""
    bucket = os.path.join(directory, description["S3Bucket"])
    summary = json.loads(checked(bucket, description["ExportManifest"]))
    lines = []
    for entry in checked(bucket, summary["manifestFilesS3Key"]).splitlines():
        file = json.loads(entry)
        with open(os.path.join(bucket, file["dataFileS3Key"]), "rb") as data:
            content = data.read()
        assert base64.b64decode(file["md5Checksum"]) == hashlib.md5(content).digest()
        assert file["etag"] == hashlib.md5(content).hexdigest() + "-1"
        found = [json.loads(line) for line in gzip.decompress(content).splitlines()]
        assert len(found) == file["itemCount"]
        lines += found
    assert len(lines) == summary["itemCount"] == description["ItemCount"]
    return summary, lines


def fill(client, name, count):
    for start in range(0, count, 25):
        client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {
            "pk": {"S": f"p{i % 7}"}, "sk": {"N": str(i)}, "text": {"S": "ünïcode \" \n" + "x" * 500},
            "bytes": {"B": bytes([i % 256, 0, 255])}, "numbers": {"NS": ["1", "2.5", str(i + 10)]},
            "deep": {"M": {"list": {"L": [{"BOOL": True}, {"NULL": True}, {"N": "-1E-7"}]}}}}}}
            for i in range(start, min(count, start + 25))]})


def test_export_as_of_a_moment(server, client, directory):
    arn = table(client, "source")
    fill(client, "source", 5000)
    before = items_of(client, "source")
    time.sleep(0.01)
    moment = round(time.time(), 3)
    time.sleep(0.01)
    client.put_item(TableName="source", Item={"pk": {"S": "later"}, "sk": {"N": "1"}})
    client.delete_item(TableName="source", Key={"pk": {"S": "p0"}, "sk": {"N": "0"}})
    answer = ask(server, "ExportTableToPointInTime", {"TableArn": arn, "S3Bucket": "bucket", "S3Prefix": "a/b/",
                                                      "ExportTime": moment, "ClientToken": "once"})
    started = answer["ExportDescription"]
    assert started["ExportStatus"] == "IN_PROGRESS" and started["ExportType"] == "FULL_EXPORT"
    assert started["ExportManifest"].startswith("a/b/AWSDynamoDB/0")
    done = exported(server, started)
    assert done["ExportStatus"] == "COMPLETED", done
    assert "Private" not in done and done["S3Prefix"] == "a/b/" and done["EndTime"] >= done["StartTime"]
    summary, lines = lines_of(directory, done)
    assert summary["version"] == "2020-06-30" and summary["exportType"] == "FULL_EXPORT", summary
    assert summary["exportArn"] == done["ExportArn"] and summary["tableArn"] == arn
    assert os.path.exists(os.path.join(directory, "bucket", os.path.dirname(done["ExportManifest"]), "_started"))
    kept = {(line["Item"]["pk"]["S"], line["Item"]["sk"]["N"]) for line in lines}
    assert kept == {(item["pk"]["S"], item["sk"]["N"]) for item in before} and len(lines) == 5000
    again = ask(server, "ExportTableToPointInTime", {"TableArn": arn, "S3Bucket": "bucket", "S3Prefix": "a/b/",
                                                     "ExportTime": moment, "ClientToken": "once"})
    assert again["ExportDescription"]["ExportArn"] == done["ExportArn"]
    fails(server, "ExportTableToPointInTime", {"TableArn": arn, "S3Bucket": "bucket", "ClientToken": "once"},
          "ExportConflictException")
    return arn, done, before


def test_import_what_was_exported(server, client, export, before):
    prefix = os.path.dirname(export["ExportManifest"]) + "/data/"
    source = {"S3Bucket": "bucket", "S3KeyPrefix": prefix}
    index = [{"IndexName": "by-sk", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}],
              "Projection": {"ProjectionType": "ALL"}}]
    request = {"S3BucketSource": source, "InputFormat": "DYNAMODB_JSON", "InputCompressionType": "GZIP",
               "ClientToken": "import-once", "TableCreationParameters": target("copy", GlobalSecondaryIndexes=index)}
    started = ask(server, "ImportTable", request)["ImportTableDescription"]
    assert started["ImportStatus"] == "IN_PROGRESS" and started["TableId"]
    assert started["TableCreationParameters"]["TableName"] == "copy"
    done = imported(server, started)
    assert done["ImportStatus"] == "COMPLETED", done
    assert (done["ProcessedItemCount"], done["ImportedItemCount"], done["ErrorCount"]) == (5000, 5000, 0), done
    assert items_of(client, "copy") == before
    assert client.describe_table(TableName="copy")["Table"]["TableStatus"] == "ACTIVE"
    found = client.query(TableName="copy", IndexName="by-sk", KeyConditionExpression="sk = :n",
                         ExpressionAttributeValues={":n": {"N": "4321"}})
    assert found["Count"] == 1
    assert ask(server, "ImportTable", request)["ImportTableDescription"]["ImportArn"] == done["ImportArn"]
    fails(server, "ImportTable", dict(request, InputCompressionType="NONE"), "ImportConflictException")
    fails(server, "ImportTable", dict(request, ClientToken="other"), "ResourceInUseException", "already exists")
    return done


def test_import_csv(server, client, directory):
    os.makedirs(os.path.join(directory, "csv", "x"))
    with open(os.path.join(directory, "csv", "x", "1.csv"), "w", encoding="utf-8") as file:
        file.write('pk,sk,note\r\na,1,"quoted, ""so""\nand on"\nb,2,\nc,three,bad number\nd,4\n,5,no key\nb,2,again\n')
    with open(os.path.join(directory, "csv", "x", "2.csv"), "w", encoding="utf-8") as file:
        file.write("sk,pk,other\n7,z,last without a newline")
    done = imported(server, ask(server, "ImportTable", {
        "S3BucketSource": {"S3Bucket": "csv", "S3KeyPrefix": "x/"}, "InputFormat": "CSV",
        "TableCreationParameters": target("from-csv")})["ImportTableDescription"])
    assert (done["ImportStatus"], done["ProcessedItemCount"], done["ImportedItemCount"], done["ErrorCount"]) == \
        ("COMPLETED", 7, 4, 3), done
    assert items_of(client, "from-csv") == sorted([
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "note": {"S": 'quoted, "so"\nand on'}},
        {"pk": {"S": "b"}, "sk": {"N": "2"}, "note": {"S": "again"}},
        {"pk": {"S": "z"}, "sk": {"N": "7"}, "other": {"S": "last without a newline"}}], key=by_key)
    with open(os.path.join(directory, ".imports", done["ImportArn"].rpartition("/")[2] + ".errors"),
              encoding="utf-8") as file:
        errors = [json.loads(line) for line in file]
    assert [error["itemS3Pointer"]["itemIndex"] for error in errors] == [3, 4, 5], errors
    assert errors[0]["itemS3Pointer"]["key"] == "x/1.csv"
    with open(os.path.join(directory, "csv", "headless"), "w", encoding="utf-8") as file:
        file.write("e;9;plain\n")
    done = imported(server, ask(server, "ImportTable", {
        "S3BucketSource": {"S3Bucket": "csv", "S3KeyPrefix": "head"}, "InputFormat": "CSV",
        "InputFormatOptions": {"Csv": {"Delimiter": ";", "HeaderList": ["pk", "sk", "word"]}},
        "TableCreationParameters": target("headless")})["ImportTableDescription"])
    assert done["ImportStatus"] == "COMPLETED" and done["InputFormatOptions"]["Csv"]["Delimiter"] == ";"
    with open(os.path.join(directory, "csv", "twice"), "w", encoding="utf-8") as file:
        file.write("pk,sk,pk\npk,sk,other\na,1,b\n")
    twice = imported(server, ask(server, "ImportTable", {
        "S3BucketSource": {"S3Bucket": "csv", "S3KeyPrefix": "twice"}, "InputFormat": "CSV",
        "TableCreationParameters": target("twice")})["ImportTableDescription"])
    assert (twice["ProcessedItemCount"], twice["ErrorCount"]) == (0, 1), "without a header there are no items"
    assert items_of(client, "headless") == [{"pk": {"S": "e"}, "sk": {"N": "9"}, "word": {"S": "plain"}}]


def test_bad_lines_are_counted(server, client, directory):
    os.makedirs(os.path.join(directory, "mixed"))
    good = json.dumps({"Item": {"pk": {"S": "good"}, "sk": {"N": "1"}}})
    lines = [good, "no json", "[]", '{"Item":1}', '{"Item":{"pk":"x","sk":{"N":"1"}}}', '{"Item":{"pk":{"S":"x"}}}',
             '{"Item":{"pk":{"S":"x"},"sk":{"N":"no"}}}', "", '{"Item":{"pk":{"S":"x"},"sk":{"N":"1"},"by":{"S":"q"}}}',
             json.dumps({"Item": {"pk": {"S": "big"}, "sk": {"N": "1"}, "x": {"S": "x" * 500000}}}), "y" * 5000000,
             '{"Item":{"pk":{"S":5},"sk":{"N":"1"}}}', json.dumps({"Item": {"pk": {"S": "end"}, "sk": {"N": "2"}}})]
    with open(os.path.join(directory, "mixed", "lines.json"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    os.symlink("/etc/passwd", os.path.join(directory, "mixed", "link"))
    parameters = target("mixed", GlobalSecondaryIndexes=[
        {"IndexName": "by-by", "KeySchema": [{"AttributeName": "by", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "KEYS_ONLY"}}])
    parameters["AttributeDefinitions"].append({"AttributeName": "by", "AttributeType": "N"})
    done = imported(server, ask(server, "ImportTable", {
        "S3BucketSource": {"S3Bucket": "mixed"}, "InputFormat": "DYNAMODB_JSON",
        "TableCreationParameters": parameters})["ImportTableDescription"])
    assert (done["ImportStatus"], done["ProcessedItemCount"], done["ImportedItemCount"], done["ErrorCount"]) == \
        ("COMPLETED", 12, 2, 10), done
    assert [item["pk"]["S"] for item in items_of(client, "mixed")] == ["end", "good"]
    with open(os.path.join(directory, "mixed", "cut.gz"), "wb") as file:
        file.write(gzip.compress((good + "\n").encode() * 3)[:-4])
    done = imported(server, ask(server, "ImportTable", {
        "S3BucketSource": {"S3Bucket": "mixed", "S3KeyPrefix": "cut"}, "InputFormat": "DYNAMODB_JSON",
        "InputCompressionType": "GZIP", "TableCreationParameters": target("cut")})["ImportTableDescription"])
    assert done["ErrorCount"] == 1 and done["ImportStatus"] == "COMPLETED", done
    done = imported(server, ask(server, "ImportTable", {
        "S3BucketSource": {"S3Bucket": "nowhere"}, "InputFormat": "DYNAMODB_JSON",
        "TableCreationParameters": target("nothing")})["ImportTableDescription"])
    assert done["ImportStatus"] == "FAILED" and done["FailureCode"] == "S3NoSuchBucket", done


def test_refusals(server, client, arn):
    export = {"TableArn": arn, "S3Bucket": "bucket"}
    for prefix in ("../up", "a/../b", "/etc", "a//b", ".", "a/..", "a\u0001"):
        fails(server, "ExportTableToPointInTime", dict(export, S3Prefix=prefix), "ValidationException", "prefix")
    for bucket in ("..", "a/b", ".exports", "a..b", ""):
        fails(server, "ExportTableToPointInTime", dict(export, S3Bucket=bucket), "ValidationException")
    fails(server, "ExportTableToPointInTime", dict(export, ExportFormat="ION"), "ValidationException", "ION")
    fails(server, "ExportTableToPointInTime", dict(export, TableArn=arn + "x"), "TableNotFoundException")
    for moment in (time.time() + 100, 1500000000):
        fails(server, "ExportTableToPointInTime", dict(export, ExportTime=moment), "InvalidExportTimeException")
    client.create_table(**target("plain"))
    fails(server, "ExportTableToPointInTime", dict(export, TableArn=arn.replace("source", "plain")),
          "PointInTimeRecoveryUnavailableException")
    source = {"S3BucketSource": {"S3Bucket": "bucket"}, "InputFormat": "CSV", "TableCreationParameters": target("refused")}
    fails(server, "ImportTable", dict(source, InputFormat="ION"), "ValidationException", "ION")
    fails(server, "ImportTable", dict(source, InputCompressionType="ZSTD"), "ValidationException", "ZSTD")
    fails(server, "ImportTable", dict(source, S3BucketSource={"S3Bucket": "b1", "S3KeyPrefix": "a/../.."}),
          "ValidationException", "prefix")
    wrong = target("refused")
    wrong["AttributeDefinitions"] = wrong["AttributeDefinitions"][:1]
    fails(server, "ImportTable", dict(source, TableCreationParameters=wrong), "ValidationException", "KeySchema")
    fails(server, "DescribeExport", {"ExportArn": arn + "/export/01693685827463-2d8752fd"}, "ExportNotFoundException")
    fails(server, "DescribeExport", {"ExportArn": arn + "/export/../../secret"}, "ExportNotFoundException")
    fails(server, "DescribeImport", {"ImportArn": arn + "/import/01693685827463-2d8752fd"}, "ImportNotFoundException")
    fails(server, "ListExports", {"NextToken": "x"}, "ValidationException")
    assert all("/refused/" not in entry["ImportArn"] for entry in
               ask(server, "ListImports", {})["ImportSummaryList"]), "a refused import leaves nothing"


def test_lists(server, arn):
    seen = []
    token = {}
    while True:
        page = ask(server, "ListImports", {"PageSize": 2, **token})
        seen += [entry["ImportArn"] for entry in page["ImportSummaryList"]]
        if "NextToken" not in page:
            break
        assert len(page["ImportSummaryList"]) == 2
        token = {"NextToken": page["NextToken"]}
    assert len(seen) == len(set(seen)) == 7, seen
    one = ask(server, "ListImports", {"TableArn": arn.replace("source", "copy")})["ImportSummaryList"]
    assert len(one) == 1 and one[0]["ImportStatus"] == "COMPLETED" and one[0]["InputFormat"] == "DYNAMODB_JSON"
    exports = ask(server, "ListExports", {"TableArn": arn})["ExportSummaries"]
    assert exports and exports[0]["ExportStatus"] == "COMPLETED" and exports[0]["ExportType"] == "FULL_EXPORT"
    assert ask(server, "ListExports", {"TableArn": arn + "x"})["ExportSummaries"] == []


def test_incremental(server, client, directory):
    arn = table(client, "changing")
    for name in ("kept", "changed", "removed", "back"):
        client.put_item(TableName="changing", Item={"pk": {"S": name}, "sk": {"N": "1"}, "v": {"N": "1"}})
    time.sleep(0.01)
    begin = round(time.time(), 3)
    time.sleep(0.01)
    key = {"sk": {"N": "1"}}
    for value in ("2", "3"):
        client.put_item(TableName="changing", Item={"pk": {"S": "changed"}, **key, "v": {"N": value}})
    client.delete_item(TableName="changing", Key={"pk": {"S": "removed"}, **key})
    client.put_item(TableName="changing", Item={"pk": {"S": "new"}, **key})
    client.put_item(TableName="changing", Item={"pk": {"S": "brief"}, **key})
    client.delete_item(TableName="changing", Key={"pk": {"S": "brief"}, **key})
    client.put_item(TableName="changing", Item={"pk": {"S": "back"}, **key, "v": {"N": "2"}})
    client.put_item(TableName="changing", Item={"pk": {"S": "back"}, **key, "v": {"N": "1"}})
    time.sleep(0.01)
    end = round(time.time(), 3)
    time.sleep(0.01)
    client.put_item(TableName="changing", Item={"pk": {"S": "kept"}, **key, "v": {"N": "9"}})
    request = {"TableArn": arn, "S3Bucket": "steps", "ExportType": "INCREMENTAL_EXPORT",
               "IncrementalExportSpecification": {"ExportFromTime": begin, "ExportToTime": end}}
    done = exported(server, ask(server, "ExportTableToPointInTime", request)["ExportDescription"])
    assert done["ExportStatus"] == "COMPLETED", done
    summary, lines = lines_of(directory, done)
    assert summary["version"] == "2023-08-01" and summary["outputView"] == "NEW_AND_OLD_IMAGES", summary
    found = {line["Keys"]["pk"]["S"]: line for line in lines}
    assert sorted(found) == ["changed", "new", "removed"], found
    assert found["changed"]["OldImage"]["v"] == {"N": "1"} and found["changed"]["NewImage"]["v"] == {"N": "3"}
    assert "OldImage" not in found["new"] and "NewImage" not in found["removed"]
    assert begin * 1e6 < int(found["changed"]["Metadata"]["WriteTimestampMicros"]["N"]) < end * 1e6
    request["IncrementalExportSpecification"]["ExportViewType"] = "NEW_IMAGE"
    done = exported(server, ask(server, "ExportTableToPointInTime", request)["ExportDescription"])
    assert all("OldImage" not in line for line in lines_of(directory, done)[1])
    assert done["IncrementalExportSpecification"]["ExportViewType"] == "NEW_IMAGE"
    request["IncrementalExportSpecification"].update(ExportFromTime=end, ExportToTime=begin)
    fails(server, "ExportTableToPointInTime", request, "ValidationException")


def test_boto3(server, client, directory, arn):
    started = client.export_table_to_point_in_time(TableArn=arn, S3Bucket="boto")["ExportDescription"]
    done = exported(server, started)
    assert done["ExportStatus"] == "COMPLETED" and len(lines_of(directory, done)[1]) == 5000
    assert client.describe_export(ExportArn=started["ExportArn"])["ExportDescription"]["ItemCount"] == 5000
    try:
        client.describe_export(ExportArn=arn + "/export/01693685827463-2d8752fd")
        raise AssertionError("no error")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ExportNotFoundException"


def test_crash(server, client, directory, arn):
    """What a crash interrupts is told of afterwards; what has ended stays as it was."""
    before = ask(server, "ListExports", {})["ExportSummaries"]
    os.makedirs(os.path.join(directory, "large"))
    with open(os.path.join(directory, "large", "lines"), "w", encoding="utf-8") as file:
        for i in range(200000):
            file.write(f'{{"Item":{{"pk":{{"S":"{i}"}},"sk":{{"N":"{i}"}},"x":{{"S":"{"x" * 200}"}}}}}}\n')
    request = {"S3BucketSource": {"S3Bucket": "large"}, "InputFormat": "DYNAMODB_JSON"}
    description = ask(server, "ImportTable", dict(request, TableCreationParameters=target("large")))
    started = description["ImportTableDescription"]
    assert client.describe_table(TableName="large")["Table"]["TableStatus"] == "CREATING"
    waits = ask(server, "ExportTableToPointInTime", {"TableArn": arn, "S3Bucket": "waits"})["ExportDescription"]
    server.kill()
    server.start()
    done = imported(server, started)
    assert done["ImportStatus"] == "FAILED" and "ended" in done["FailureMessage"], done
    assert exported(server, waits)["ExportStatus"] == "FAILED"
    assert ask(server, "ListExports", {})["ExportSummaries"][1:] == before
    client = client_of(server)
    assert client.describe_table(TableName="large")["Table"]["TableStatus"] == "ACTIVE"
    description = ask(server, "ImportTable", dict(request, TableCreationParameters=target("larger")))
    begun = time.time()
    server.stop()
    assert time.time() - begun < 10
    server.start()
    done = imported(server, description["ImportTableDescription"])
    assert done["ImportStatus"] == "FAILED" and done["FailureCode"] == "Interrupted", done


def test_without_a_directory():
    with Server() as server:
        client = client_of(server)
        table(client, "songs")
        export = {"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/songs", "S3Bucket": "bucket", "ClientToken": "t"}
        wanted = {"S3BucketSource": {"S3Bucket": "bucket"}, "InputFormat": "CSV", "TableCreationParameters": target("made")}
        assert client.list_exports(TableArn=export["TableArn"])["ExportSummaries"] == []
        assert client.list_imports()["ImportSummaryList"] == []
        fails(server, "DescribeExport", {"ExportArn": export["TableArn"] + "/export/0"}, "ExportNotFoundException")
        fails(server, "DescribeImport", {"ImportArn": export["TableArn"] + "/import/0"}, "ImportNotFoundException")
        fails(server, "ExportTableToPointInTime", dict(export, TableArn=export["TableArn"] + "2"), "TableNotFoundException")
        fails(server, "ExportTableToPointInTime", export, "ValidationException", "--dynamodb-transfer")
        client.update_continuous_backups(TableName="songs", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})
        fails(server, "ExportTableToPointInTime", export, "PointInTimeRecoveryUnavailableException")
        fails(server, "ImportTable", dict(wanted, InputFormat="ION"), "ValidationException", "ION")
        fails(server, "ImportTable", wanted, "ValidationException", "--dynamodb-transfer")


def main():
    directory = tempfile.mkdtemp(prefix="oxbow-transfer-")
    try:
        with Server("--dynamodb-transfer", directory) as server:
            client = client_of(server)
            arn, export, before = test_export_as_of_a_moment(server, client, directory)
            test_import_what_was_exported(server, client, export, before)
            test_import_csv(server, client, directory)
            test_bad_lines_are_counted(server, client, directory)
            test_refusals(server, client, arn)
            test_lists(server, arn)
            test_incremental(server, client, directory)
            test_boto3(server, client, directory, arn)
            server.stop()
            server.start()
            client = client_of(server)
            assert ask(server, "DescribeExport", {"ExportArn": export["ExportArn"]})["ExportDescription"] == export
            test_crash(server, client, directory, arn)
        test_without_a_directory()
    finally:
        shutil.rmtree(directory)


main()
