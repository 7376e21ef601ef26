"""What the DynamoDB scenarios share: boto3 against a server, raw requests, and words about what is expected."""
import datetime
import http.client
import json
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

VALIDATION = "ValidationException"
SERIALIZATION = "SerializationException"
NOT_FOUND = "ResourceNotFoundException"
CONDITION = "ConditionalCheckFailedException"
IN_USE = "ResourceInUseException"
LIMIT = "LimitExceededException"
CANCELED = "TransactionCanceledException"


def client(address):
    """boto3 without its own checks and repetitions: what the server answers is what the caller sees."""
    return boto3.client("dynamodb", endpoint_url="http://" + address, region_name="us-east-1",
                        aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(parameter_validation=False, retries={"max_attempts": 0}))


class Wire:
    """Requests as they are on the wire, for members that no installed SDK knows and for bodies that none would send."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=60)

    def send(self, operation, body, **headers):
        """(status, headers, body): the body is JSON, or the text that came."""
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        self.connection.request("POST", "/", body=text, headers={
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + operation,
            "X-Amz-Date": date, "Authorization": "AWS4-HMAC-SHA256 Credential=a/" + date[:8] + "/us-east-1/dynamodb/aws4_request, "
                                                 "SignedHeaders=host;x-amz-date, Signature=b", **headers})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        return answer.status, answer.headers, json.loads(text) if text else None

    def ask(self, operation, body):
        status, _, answer = self.send(operation, body)
        assert status == 200, (operation, status, answer)
        return answer

    def refused(self, operation, body, kind, words):
        """The answer is an error of that kind whose message has those words."""
        status, _, answer = self.send(operation, body)
        message = answer.get("message", answer.get("Message", "")) if isinstance(answer, dict) else str(answer)
        assert status >= 400 and answer["__type"].endswith("#" + kind) and words in message, \
            f"{operation} {str(body)[:300]}: {status} {answer}; expected {kind}: {words}"
        return answer


def fails(kind, words, call, **members):
    """The call is refused with that kind and message; the error's answer."""
    try:
        call(**members)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == kind and words in found["Message"], \
            f"{str(members)[:400]}: {found['Code']}: {found['Message']}; expected {kind}: {words}"
        return error.response
    raise AssertionError(f"{str(members)[:400]}: no error; expected {kind}: {words}")


def equal(found, wanted, about=""):
    assert found == wanted, f"{about}\nfound    {found}\nexpected {wanted}"


def table(db, name, *keys, globals=(), locals=(), **members):
    """A table on demand. A key is "pk:S"; an index is (name, keys, projection)."""
    definitions = {}

    def schema(parts):
        for part in parts:
            definitions[part.split(":")[0]] = part.split(":")[1]
        return [{"AttributeName": part.split(":")[0], "KeyType": kind} for part, kind in zip(parts, ("HASH", "RANGE"))]

    def index(name, parts, projection="ALL"):
        shape = {"ProjectionType": projection} if isinstance(projection, str) else \
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": projection}
        return {"IndexName": name, "KeySchema": schema(parts), "Projection": shape}

    members["KeySchema"] = schema(keys)
    if globals:
        members["GlobalSecondaryIndexes"] = [index(*one) for one in globals]
    if locals:
        members["LocalSecondaryIndexes"] = [index(*one) for one in locals]
    members["AttributeDefinitions"] = [{"AttributeName": k, "AttributeType": v} for k, v in definitions.items()]
    members.setdefault("BillingMode", "PAY_PER_REQUEST")
    answer = db.create_table(TableName=name, **members)["TableDescription"]
    active(db, name)
    return answer


def active(db, name):
    """Waits until the table and its indexes are active; its description."""
    for _ in range(600):
        found = db.describe_table(TableName=name)["Table"]
        if found["TableStatus"] == "ACTIVE" and all(i["IndexStatus"] == "ACTIVE" for i in found.get("GlobalSecondaryIndexes", [])):
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited 30 s for {name}: {found}")


def typed(value):
    """A Python value as an attribute value. A tuple is one already: ("S", "x")."""
    if isinstance(value, tuple):
        return {value[0]: value[1]}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, dict):
        return {"M": {k: typed(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {"L": [typed(v) for v in value]}
    members = sorted(value)
    if isinstance(members[0], str):
        return {"SS": members}
    return {"BS": members} if isinstance(members[0], bytes) else {"NS": [str(m) for m in members]}


def item(**members):
    return {name: typed(value) for name, value in members.items()}


def values(**members):
    """{":x": typed value}"""
    return {":" + name: typed(value) for name, value in members.items()}


def plain(value):
    """typed, undone: numbers become int or float, sets become sets."""
    (kind, inside), = value.items()
    if kind == "N":
        return float(inside) if "." in inside else int(inside)
    if kind == "M":
        return {k: plain(v) for k, v in inside.items()}
    if kind == "L":
        return [plain(v) for v in inside]
    if kind in ("SS", "BS"):
        return set(inside)
    return {float(n) if "." in n else int(n) for n in inside} if kind == "NS" else None if kind == "NULL" else inside


def plain_item(found):
    return None if found is None else {name: plain(value) for name, value in found.items()}


def run(checks, *arguments):
    """Every check, also after one that failed; the end is a failure when one was."""
    failed = []
    for check in checks:
        try:
            check(*arguments)
        except (AssertionError, ClientError, KeyError, TypeError) as problem:
            failed.append(check.__name__)
            where = problem.__traceback__
            while where.tb_next is not None and "dynamodb_" in where.tb_next.tb_frame.f_code.co_filename:
                where = where.tb_next
            print(f"{check.__name__}:{where.tb_lineno}: {type(problem).__name__}: {problem}\n", flush=True)
    assert not failed, f"failed: {', '.join(failed)}"
