#!/usr/bin/python3
"""The AWS CLI against the DynamoDB door: each operation once (every call starts a Python of its own)."""
import json
import os
import subprocess
import sys
import tempfile

from dynamodb import equal, item, plain_item, values
from server import Server

AWS = "/usr/bin/aws"
SKIPPED = 77


class Cli:
    def __init__(self, address, directory):
        self.command = [AWS, "--endpoint-url", "http://" + address, "--region", "us-east-1", "--output", "json", "dynamodb"]
        self.environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": directory,
                            "AWS_CONFIG_FILE": os.path.join(directory, "config"), "AWS_SHARED_CREDENTIALS_FILE": os.path.join(directory, "credentials")}

    def run(self, *words):
        words = [word if isinstance(word, str) else json.dumps(word) for word in words]
        return subprocess.run([*self.command, *words], capture_output=True, text=True, env=self.environment, timeout=120)

    def __call__(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, f"aws dynamodb {words}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def fails(self, text, *words):
        done = self.run(*words)
        assert done.returncode == 254 and text in done.stderr, f"aws dynamodb {words}: {done.returncode} {done.stdout}{done.stderr}; expected {text}"


def tables(aws):
    made = aws("create-table", "--table-name", "music", "--attribute-definitions", "AttributeName=artist,AttributeType=S", "AttributeName=song,AttributeType=S",
               "--key-schema", "AttributeName=artist,KeyType=HASH", "AttributeName=song,KeyType=RANGE", "--billing-mode", "PAY_PER_REQUEST", "--stream-specification",
               "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES", "--tags", "Key=made,Value=here")["TableDescription"]
    aws("wait", "table-exists", "--table-name", "music")
    found = aws("describe-table", "--table-name", "music")["Table"]
    equal((found["TableStatus"], found["TableId"]), ("ACTIVE", made["TableId"]))
    equal(aws("list-tables"), {"TableNames": ["music"]})
    arn = found["TableArn"]
    aws("tag-resource", "--resource-arn", arn, "--tags", "Key=a,Value=b")
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "made")
    equal(aws("list-tags-of-resource", "--resource-arn", arn), {"Tags": [{"Key": "a", "Value": "b"}]})
    equal(aws("update-table", "--table-name", "music", "--table-class", "STANDARD_INFREQUENT_ACCESS")["TableDescription"]["TableName"], "music")


def items(aws):
    key = item(artist="a", song="s")
    aws("put-item", "--table-name", "music", "--item", {**key, "n": {"N": "1.50"}, "bytes": {"B": "AAH/"}, "words": {"SS": ["x", "y"]}})
    found = aws("get-item", "--table-name", "music", "--key", key, "--consistent-read", "--return-consumed-capacity", "TOTAL")
    equal((found["Item"]["n"], found["Item"]["bytes"], found["ConsumedCapacity"]), ({"N": "1.5"}, {"B": "AAH/"}, {"TableName": "music", "CapacityUnits": 1.0}))
    found = aws("update-item", "--table-name", "music", "--key", key, "--update-expression", "SET n = n + :n REMOVE #b", "--expression-attribute-names", {"#b": "bytes"},
                "--expression-attribute-values", values(n=2), "--return-values", "ALL_NEW")
    equal(plain_item(found["Attributes"]), {"artist": "a", "song": "s", "n": 3.5, "words": {"x", "y"}})
    aws.fails("An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed", "put-item", "--table-name", "music", "--item", key,
              "--condition-expression", "attribute_not_exists(artist)")
    equal(aws("batch-write-item", "--request-items", {"music": [{"PutRequest": {"Item": item(artist="b", song=str(n))}} for n in range(5)]})["UnprocessedItems"], {})
    found = aws("batch-get-item", "--request-items", {"music": {"Keys": [item(artist="b", song=str(n)) for n in range(3)]}})
    equal(sorted(one["song"]["S"] for one in found["Responses"]["music"]), ["0", "1", "2"])
    found = aws("query", "--table-name", "music", "--key-condition-expression", "artist = :a AND song > :s", "--expression-attribute-values", values(a="b", s="1"), "--page-size", "1")
    equal([one["song"]["S"] for one in found["Items"]], ["2", "3", "4"], "the CLI goes from page to page by itself")
    found = aws("scan", "--table-name", "music", "--max-items", "4")
    assert len(found["Items"]) == 4 and found["NextToken"], found
    aws("transact-write-items", "--transact-items", [{"Delete": {"TableName": "music", "Key": item(artist="b", song="0")}}, {"Put": {"TableName": "music", "Item": item(artist="c", song="1")}}])
    found = aws("transact-get-items", "--transact-items", [{"Get": {"TableName": "music", "Key": item(artist=artist, song=song)}} for artist, song in (("b", "0"), ("c", "1"))])
    equal([plain_item(one.get("Item")) for one in found["Responses"]], [None, {"artist": "c", "song": "1"}])
    found = aws("delete-item", "--table-name", "music", "--key", key, "--return-values", "ALL_OLD")
    equal(found["Attributes"]["n"], {"N": "3.5"})


def statements(aws):
    equal(aws("execute-statement", "--statement", "INSERT INTO music VALUE {'artist': 'd', 'song': '1', 'n': 4}"), {"Items": []})
    found = aws("batch-execute-statement", "--statements", [{"Statement": "SELECT n FROM music WHERE artist = 'd' AND song = '1'"}])
    equal(found["Responses"][0]["Item"], {"n": {"N": "4"}})
    aws("execute-transaction", "--transact-statements", [{"Statement": "DELETE FROM music WHERE artist = 'd' AND song = '1'"}])
    equal(aws("execute-statement", "--statement", "SELECT * FROM music WHERE artist = 'd'")["Items"], [])


def streams(aws, host, directory):
    arn = aws("describe-table", "--table-name", "music")["Table"]["LatestStreamArn"]
    own = Cli(host.dynamodb, directory)
    own.command[own.command.index("dynamodb")] = "dynamodbstreams"
    equal([one["StreamArn"] for one in own("list-streams", "--table-name", "music")["Streams"]], [arn])
    shards = own("describe-stream", "--stream-arn", arn)["StreamDescription"]["Shards"]
    kinds = []
    for shard in shards:
        iterator = own("get-shard-iterator", "--stream-arn", arn, "--shard-id", shard["ShardId"], "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
        kinds += [record["eventName"] for record in own("get-records", "--shard-iterator", iterator)["Records"]]
    assert "INSERT" in kinds and "REMOVE" in kinds, kinds


def upkeep(aws):
    """What is about a table's data as a whole."""
    limits = aws("describe-limits")
    assert limits["TableMaxReadCapacityUnits"] > 0, limits
    assert aws("describe-endpoints")["Endpoints"][0]["Address"]
    equal(aws("update-time-to-live", "--table-name", "music", "--time-to-live-specification", "Enabled=true,AttributeName=until")["TimeToLiveSpecification"], {"Enabled": True, "AttributeName": "until"})
    equal(aws("describe-time-to-live", "--table-name", "music")["TimeToLiveDescription"]["AttributeName"], "until")
    aws("update-continuous-backups", "--table-name", "music", "--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true")
    found = aws("describe-continuous-backups", "--table-name", "music")["ContinuousBackupsDescription"]
    equal(found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")
    arn = aws("create-backup", "--table-name", "music", "--backup-name", "first")["BackupDetails"]["BackupArn"]
    equal(aws("describe-backup", "--backup-arn", arn)["BackupDescription"]["BackupDetails"]["BackupName"], "first")
    equal([one["BackupArn"] for one in aws("list-backups", "--table-name", "music")["BackupSummaries"]], [arn])
    aws("restore-table-from-backup", "--target-table-name", "again", "--backup-arn", arn)
    aws("wait", "table-exists", "--table-name", "again")
    equal(len(aws("scan", "--table-name", "again")["Items"]), len(aws("scan", "--table-name", "music")["Items"]))
    equal(aws("delete-backup", "--backup-arn", arn)["BackupDescription"]["BackupDetails"]["BackupStatus"], "DELETED")


def goodbye(aws):
    equal(aws("delete-table", "--table-name", "music")["TableDescription"]["TableStatus"], "DELETING")
    aws.fails("An error occurred (ResourceNotFoundException) when calling the DescribeTable operation: Requested resource not found: Table: music not found", "describe-table", "--table-name", "music")


def main():
    if not os.path.exists(AWS):
        print("skipped: no", AWS)
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="oxbow-cli-") as directory, Server() as host:
        aws = Cli(host.dynamodb, directory)
        tables(aws)
        items(aws)
        statements(aws)
        streams(aws, host, directory)
        upkeep(aws)
        goodbye(aws)


if __name__ == "__main__":
    main()
