#!/usr/bin/python3
"""The n-th allocation of the server fails, for every n of each type of request: an error for an answer, or an end that
says why; then a start that has every acknowledged write. A server that goes on must answer the same request afterwards.

usage: allocations.py [--cases N | --all] [--case REQUEST,ALLOCATION]      OXBOW_SEED repeats a choice; OXBOW_FAILING: the library
"""
import argparse
import errno
import http.client
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

import control
import server
from check import Model, check_stream, read_all
from control import ALLOCATION, OUT_OF_MEMORY, Control, Host, receive

SETTINGS = ["--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "127.0.0.1:0", "--cql", "127.0.0.1:0",
            "--segment-bytes", "65536", "--checkpoint-ms", "60000", "--map-bytes", "67108864", "--sweep-ms", "100000"]
ABORTED = -6  # libraries that end a process that is out of memory (ZeroMQ, the C++ runtime) abort, and say so
HANDLER = "function handler(event) return {seen = event.a} end"


class Gone(Exception):
    """The door closed the connection, or the server has ended."""


class Native:
    def __init__(self, host):
        self.host, self.client = host, host.client()

    def close(self):
        self.client.close()

    def ask(self, kind, body):
        self.client.send(kind, body)
        answer = receive(self.client, self.host)
        if answer is None:
            raise Gone
        return server.STATUS not in answer


class DynamoDB:
    def __init__(self, host):
        self.connection = http.client.HTTPConnection(host.addresses["dynamodb"], timeout=60)

    def close(self):
        self.connection.close()

    def ask(self, operation, body):
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + operation}
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b"
        headers["X-Amz-Date"] = "20260101T000000Z"
        try:
            self.connection.request("POST", "/", body=json.dumps(body), headers=headers)
            answer = self.connection.getresponse()
            answer.read()
        except (ConnectionError, http.client.HTTPException) as problem:
            raise Gone from problem
        return answer.status == 200


class Cql:
    """Version 4 of the native protocol, as much of it as is needed."""

    HEAD = struct.Struct(">BBhBi")
    ERROR, STARTUP, QUERY, BATCH = 0, 1, 7, 13

    def __init__(self, host):
        address, port = host.addresses["cql"].split(":")
        self.socket = socket.create_connection((address, int(port)), timeout=60)
        assert self.ask(self.STARTUP, struct.pack(">H", 1) + self.text("CQL_VERSION") + self.text("3.4.6"))

    def close(self):
        self.socket.close()

    @staticmethod
    def text(words):
        return struct.pack(">H", len(words)) + words.encode()

    @staticmethod
    def long_text(words):
        return struct.pack(">I", len(words)) + words.encode()

    def read(self, size):
        found = b""
        while len(found) < size:
            part = self.socket.recv(size - len(found))
            if not part:
                raise Gone
            found += part
        return found

    def ask(self, opcode, body):
        try:
            self.socket.sendall(self.HEAD.pack(4, 0, 1, opcode, len(body)) + body)
            head = self.HEAD.unpack(self.read(self.HEAD.size))
            self.answer = self.read(head[4])
        except ConnectionError as problem:
            raise Gone from problem
        return head[3] != self.ERROR

    def query(self, words):
        return self.ask(self.QUERY, self.long_text(words) + struct.pack(">HB", 1, 0))

    def batch(self, *statements):
        body = struct.pack(">BH", 0, len(statements))
        for words in statements:
            body += struct.pack(">B", 0) + self.long_text(words) + struct.pack(">H", 0)
        return self.ask(self.BATCH, body + struct.pack(">HB", 1, 0))


def item(key, value):
    return {"id": {"S": key}, "v": {"S": value}}


def change(key, value):
    return {server.TABLE: "t", server.KIND: "put", server.ITEM: {"id": key, "v": value}}


def insert(key, value):
    return f"INSERT INTO w.t (id, v) VALUES ('{key}', '{value}')"


# Request → (door, what it writes, how it is asked with a new value).
REQUESTS = {
    "native put": (Native, ["n1"], lambda door, value: door.ask(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "n1", "v": value}})),
    "native get": (Native, [], lambda door, _: door.ask(server.GET, {server.TABLE: "t", server.KEY: {"id": "k1"}})),
    "native query": (Native, [], lambda door, _: door.ask(server.SCAN, {server.TABLE: "t", server.KEY: {"id": "k1"}})),
    "native scan": (Native, [], lambda door, _: door.ask(server.SCAN, {server.TABLE: "t"})),
    "native history": (Native, [], lambda door, _: door.ask(server.HISTORY, {server.TABLE: "t", server.KEY: {"id": "k1"}})),
    "native transact": (Native, ["n2", "n3"], lambda door, value: door.ask(server.TRANSACT, {server.CHANGES: [change("n2", value), change("n3", value)]})),
    "native deploy": (Native, [], lambda door, _: door.ask(server.DEPLOY, {server.FUNCTION: "f", server.SOURCE: {"main": HANDLER}})),
    "native invoke": (Native, [], lambda door, _: door.ask(server.INVOKE, {server.FUNCTION: "first", server.EVENT: {"a": "x"}})),
    "PutItem": (DynamoDB, ["d1"], lambda door, value: door.ask("PutItem", {"TableName": "doc", "Item": item("d1", value)})),
    "Query": (DynamoDB, [], lambda door, _: door.ask("Query", {"TableName": "doc", "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "d1"}}})),
    "INSERT": (Cql, ["c1"], lambda door, value: door.query(insert("c1", value))),
    "SELECT": (Cql, [], lambda door, _: door.query("SELECT * FROM w.t")),
    "BATCH": (Cql, ["c2", "c3"], lambda door, value: door.batch(insert("c2", value), insert("c3", value))),
}


class Bench:
    """One server after the other on the same data."""

    def __init__(self, directory):
        self.faults = Control(os.path.join(directory, "control"))
        self.host = Host(os.path.join(directory, "data"), SETTINGS, self.faults)
        self.model = Model()
        self.doors = {}
        self.sequence = 0

    def start(self):
        self.faults.release()
        assert self.host.start(), "it does not start: " + self.host.said()[-300:]
        self.doors = {}

    def door(self, kind):
        if kind not in self.doors:
            try:
                self.doors[kind] = kind(self.host)
            except ConnectionError as problem:
                raise Gone from problem
        return self.doors[kind]

    def close_doors(self):
        for door in self.doors.values():
            door.close()
        self.doors = {}

    def fill(self):
        native, cql = self.door(Native), self.door(Cql)
        for table in ("t", "doc"):
            assert native.ask(server.CREATE, {server.TABLE: table, server.PARTITION: [["id", "text"]]})
        for number in range(6):
            key, value = f"k{number}", "x" * 500
            assert native.ask(server.PUT, {server.TABLE: "t", server.ITEM: {"id": key, "v": value}})
            self.model.tries(key, value)
            self.model.is_done(key, value)
        assert native.ask(server.DEPLOY, {server.FUNCTION: "first", server.SOURCE: {"main": HANDLER}})
        assert cql.query("CREATE KEYSPACE w WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        assert cql.query("CREATE TABLE w.t (id text PRIMARY KEY, v text)")

    def ask(self, name):
        """What came of a request: True, False, or Gone."""
        door, keys, request = REQUESTS[name]
        self.sequence += 1
        value = f"v{self.sequence}"
        for key in keys:
            self.model.tries(key, value)
        is_done = request(self.door(door), value)
        for key in keys:
            if is_done:
                self.model.is_done(key, value)
            else:
                self.model.is_refused(key)
        return is_done

    def ask_failing(self, name, call):
        """The number of allocations that were made meanwhile, or were until the server ended."""
        self.door(REQUESTS[name][0])  # connecting is not part of it
        self.faults.arm(ALLOCATION, call, errno.ENOMEM, 1)
        try:
            self.ask(name)
        except Gone:
            self.close_doors()
        self.faults.disarm()
        return self.faults.word(control.SEEN)

    def items(self, table):
        return {row["id"]: row["v"] for row in self.door(Native).client.request(server.SCAN, {server.TABLE: table})[server.ITEMS]}

    def check(self):
        native = self.door(Native)
        rows = read_all(native.client)
        wide = self.items("w.t")
        self.model.check({**rows, **wide, **self.items("doc")})
        assert rows.get("n2") == rows.get("n3") and wide.get("c2") == wide.get("c3"), "a part of a transaction"
        last = native.client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "last", "v": "l", "n": self.sequence}})
        self.model.is_done("last", "l")
        check_stream(self.host.addresses["native"], {**rows, "last": "l"}, last[server.LSN])

    def again(self):
        """What the server did about it was right."""
        if self.host.process.poll() is None:
            return
        self.close_doors()
        code, words = self.host.wait(), self.host.said()
        assert code in (OUT_OF_MEMORY, control.FATAL, ABORTED) and words.strip(), f"it ended with {code}: {words[-300:]}"
        self.start()

    def settle(self, name):
        """It ends, or it goes on in full."""
        try:
            assert self.ask(name), f"{name} is refused from then on"
        except Gone:
            self.host.process.wait(timeout=60)
        self.again()
        try:
            self.check()
        except AssertionError:
            if not self.is_ending():
                raise
            self.again()
            self.check()

    def is_ending(self):
        """It was on its way out when it was asked: a process that aborts is there for a while yet."""
        try:
            self.host.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self):
        self.close_doors()
        code = self.host.stop()
        assert code == 0, f"a clean stop ended with {code}"


def count_all(bench):
    """Every allocation of every request, once it has been asked before."""
    cases = []
    for name in REQUESTS:
        assert bench.ask(name) and bench.ask(name), f"{name} is refused"
        cases += [(name, call) for call in range(1, bench.ask_failing(name, 0) + 1)]
    return cases


def try_case(bench, case):
    try:
        bench.ask_failing(*case)
        bench.settle(case[0])
    except (AssertionError, server.Failure, Gone, OSError) as problem:
        state = "it runs" if bench.host.is_alive() else f"it ended: {bench.host.said()[-300:]}"
        print(f"--case '{case[0]},{case[1]}': {type(problem).__name__} {problem}; {state}", flush=True)
        if bench.host.is_alive():
            bench.host.kill()
        bench.close_doors()
        bench.start()
        return False
    return True


def run(arguments, bench):
    seed = int(os.environ.get("OXBOW_SEED", str(random.SystemRandom().randrange(1 << 32))), 0)
    bench.start()
    bench.fill()
    cases = count_all(bench)
    print(f"OXBOW_SEED={seed}; {len(cases)} allocations there are", flush=True)
    random.Random(seed).shuffle(cases)
    if not arguments.all:
        cases = cases[: arguments.cases]
    if arguments.case:
        cases = [(text.split(",")[0], int(text.split(",")[1])) for text in arguments.case]
    failures = sum(not try_case(bench, case) for case in cases)
    bench.stop()
    if failures:
        sys.exit(f"{failures} of {len(cases)} failing allocations broke a promise")
    print(f"{len(cases)} failing allocations: an error or an end that says why, and every acknowledged write")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--case", action="append")
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    directory = tempfile.mkdtemp(prefix="oxbow-allocations-", dir=base)
    bench = Bench(directory)
    try:
        run(parser.parse_args(), bench)
    finally:
        if bench.host.process is not None and bench.host.is_alive():
            bench.host.kill()
        shutil.rmtree(directory)


main()
