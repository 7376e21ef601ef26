"""The native, the DynamoDB and the CQL door behind one interface, for loads that are cut off at any moment: what was refused did
not happen (Refused); when no answer came, or one that leaves it open, it may have happened (Unknown)."""
import http.client
import json
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
import server  # noqa: E402
from dynamodb import Wire  # noqa: E402

OPEN = {7, 15, 18, 19}  # statuses of the native door that leave it open what happened: IO, UNKNOWN, CLOSED, TIMEOUT
CONDITION = 10
NO_ITEM = 1
WAIT_MS = 5000


class Refused(Exception):
    """It did not happen."""


class Unknown(Exception):
    """It may have happened."""


class Native:
    """Each request is answered, or the connection is of no more use."""

    def __init__(self, host):
        self.host = host
        self.address = host.address
        self.client = server.Client(host.address)

    def close(self):
        self.client.close()

    def receive(self):
        """The answer; None when it takes too long or the server is no longer the one that was asked."""
        for _ in range(WAIT_MS // 50):
            answer = self.client.receive(50)
            if answer is not None or self.host.address != self.address or self.host.process.poll() is not None:
                return answer
        return None

    def ask(self, kind, body):
        """The answer, also one that is an error that says for sure what happened."""
        self.client.send(kind, body)
        answer = self.receive()
        if answer is None:
            raise Unknown("no answer")
        body = answer[1]
        if body.get(server.STATUS) in OPEN:
            raise Unknown(body)
        return body

    def do(self, kind, body):
        answer = self.ask(kind, body)
        if server.STATUS in answer:
            raise Refused(answer)
        return answer

    def get(self, table, key, value):
        answer = self.ask(server.GET, {server.TABLE: table, server.KEY: key})
        if server.STATUS in answer and answer[server.STATUS] != NO_ITEM:
            raise Refused(answer)
        return answer.get(server.ITEM, {}).get(value)

    def put(self, table, key, value, new):
        self.do(server.PUT, {server.TABLE: table, server.ITEM: {**key, value: new}})

    def replace(self, table, key, value, old, new):
        """(whether it was, what was there)."""
        body = {server.TABLE: table, server.ITEM: {**key, value: new}, server.OLD: True, server.EXPRESSION: "#v = :old",
                server.NAMES: {"#v": value}, server.VALUES: {":old": old}}
        if old is None:
            body = {server.TABLE: table, server.ITEM: {**key, value: new}, server.OLD: True, server.CONDITION: 1}
        answer = self.ask(server.PUT, body)
        if server.STATUS not in answer:
            return True, old
        if answer[server.STATUS] != CONDITION:
            raise Refused(answer)
        return False, (answer.get(server.OLD) or {}).get(value)

    def transact(self, changes, token=None):
        self.do(server.TRANSACT, {server.CHANGES: changes, **({server.TOKEN: token} if token else {})})

    def invoke(self, function, event):
        return self.do(server.INVOKE, {server.FUNCTION: function, server.EVENT: event})[server.RESULT]


class DynamoDB:
    def __init__(self, host):
        self.wire = Wire(host.dynamodb)
        self.wire.connection.timeout = WAIT_MS / 1000

    def close(self):
        self.wire.connection.close()

    def ask(self, operation, body):
        """(kind of the error, or None, the answer)."""
        try:
            status, _, answer = self.wire.send(operation, body)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as problem:
            raise Unknown(problem) from problem
        if status >= 500:
            raise Unknown(answer)
        return (None if status == 200 else answer["__type"].split("#")[1]), answer

    def do(self, operation, body):
        kind, answer = self.ask(operation, body)
        if kind is not None:
            raise Refused(answer)
        return answer

    @staticmethod
    def item(key):
        return {name: {"S": part} for name, part in key.items()}

    def get(self, table, key, value):
        answer = self.do("GetItem", {"TableName": table, "Key": self.item(key), "ConsistentRead": True})
        return answer.get("Item", {}).get(value, {}).get("S")

    def put(self, table, key, value, new):
        self.do("PutItem", {"TableName": table, "Item": self.item({**key, value: new})})

    def replace(self, table, key, value, old, new):
        body = {"TableName": table, "Item": self.item({**key, value: new}), "ExpressionAttributeNames": {"#v": value},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if old is None:
            body["ConditionExpression"] = "attribute_not_exists(#v)"
        else:
            body.update({"ConditionExpression": "#v = :old", "ExpressionAttributeValues": {":old": {"S": old}}})
        kind, answer = self.ask("PutItem", body)
        if kind is None:
            return True, old
        if kind != "ConditionalCheckFailedException":
            raise Refused(answer)
        return False, answer.get("Item", {}).get(value, {}).get("S")


class Cql:
    """Statements as text, over version 4 of the protocol; columns of results are text, or come as bytes."""

    def __init__(self, host):
        address, port = host.cql.rsplit(":", 1)
        self.socket = socket.create_connection((address, int(port)), timeout=WAIT_MS / 1000)
        body = b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0"
        try:
            code, _ = self.exchange(1, body)
        except (OSError, Unknown) as problem:
            self.socket.close()
            raise OSError(problem) from problem
        assert code == 2, code  # READY

    def close(self):
        self.socket.close()

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise Unknown("the connection ended")
            data += more
        return data

    def exchange(self, code, body):
        try:
            self.socket.sendall(b"\x04\x00\x00\x01" + bytes([code]) + struct.pack(">I", len(body)) + body)
            head = self.receive(9)
            return head[4], self.receive(struct.unpack(">I", head[5:])[0])
        except OSError as problem:
            raise Unknown(problem) from problem

    def execute(self, statement):
        """Rows as maps of column → bytes, None for null."""
        text = statement.encode()
        code, body = self.exchange(7, struct.pack(">I", len(text)) + text + b"\x00\x01\x00")
        if code == 0:
            number, size = struct.unpack(">IH", body[:6])
            raise (Unknown if number in (0, 0x1100) else Refused)(body[6:6 + size].decode())
        return Rows(body).all() if struct.unpack(">I", body[:4])[0] == 2 else []

    @staticmethod
    def where(key):
        return " AND ".join(f"{name} = '{part}'" for name, part in key.items())

    def get(self, table, key, value):
        found = self.execute(f"SELECT {value} FROM {table} WHERE {self.where(key)}")
        return found[0][value].decode() if found and found[0][value] is not None else None

    def put(self, table, key, value, new):
        self.execute(f"UPDATE {table} SET {value} = '{new}' WHERE {self.where(key)}")

    def replace(self, table, key, value, old, new):
        condition = f"'{old}'" if old is not None else "null"
        row = self.execute(f"UPDATE {table} SET {value} = '{new}' WHERE {self.where(key)} IF {value} = {condition}")[0]
        if row["[applied]"] == b"\x01":
            return True, old
        there = row.get(value)
        return False, there.decode() if there is not None else None


class Rows:
    """The body of a RESULT of rows (native_protocol_v4.spec, 4.2.5.2)."""

    def __init__(self, body):
        self.body, self.at = body, 4

    def number(self, form):
        value = struct.unpack_from(form, self.body, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def bytes(self, form):
        size = self.number(form)
        if size < 0:
            return None
        self.at += size
        return self.body[self.at - size:self.at]

    def skip_type(self):
        kind = self.number(">H")
        assert kind < 0x20, f"a column of type {kind:#x}"

    def all(self):
        flags, columns = self.number(">i"), self.number(">i")
        if flags & 2:
            self.bytes(">i")
        if flags & 1:
            self.bytes(">H"), self.bytes(">H")
        names = []
        for _ in range(columns):
            if not flags & 1:
                self.bytes(">H"), self.bytes(">H")
            names.append(self.bytes(">H").decode())
            self.skip_type()
        return [{name: self.bytes(">i") for name in names} for _ in range(self.number(">i"))]
