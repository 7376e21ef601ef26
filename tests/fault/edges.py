#!/usr/bin/python3
"""Load at the edges: idle connections, readers and writers of a byte at a time, half-open and garbage connections at every door,
subscribers that stop reading. Meanwhile others get right answers at every door, and the server's memory stays within bounds.

usage: edges.py [CONNECTIONS]; OXBOW_SEED repeats a run's choices.
"""
import os
import random
import resource
import socket
import struct
import sys
import threading
import time

import msgpack
import zmq

from doors import Cql, DynamoDB, Native
import server
from cql_idle import connected, memory
from data_model import create, put
from dynamodb import Wire
from server import Client, Server, wait_for

CONNECTION_BYTES = 32 * 1024    # for an idle connection, at most
SUBSCRIBER_BYTES = 40 << 20     # for a subscriber that does not read: the records that it gave credit for wait for it
READER_BYTES = 12 << 20         # for a reader that does not read: what is made for it before it is asked to wait
GARBAGE_BYTES = 64 << 20        # for all that garbage can leave behind
ROWS, ROW_BYTES = 400, 10000
DOORS = ("native", "http", "dynamodb", "cql", "topics")


def address_of(host, door):
    name, port = {"native": host.address, "http": host.http, "dynamodb": host.dynamodb, "cql": host.cql, "topics": host.topics}[door].rsplit(":", 1)
    return name, int(port)


def connect(host, door):
    return socket.create_connection(address_of(host, door), timeout=60)


def answers(host):
    """All doors, with new connections."""
    with Client(host.address) as client:
        assert client.request(server.GET, {server.TABLE: "small", server.KEY: {"id": "0"}})[server.ITEM]["n"] == 0
        put(client, "small", {"id": "other", "n": 1})
    for kind in (Native, DynamoDB, Cql):
        door = kind(host)
        if kind is Cql:
            assert len(door.execute("SELECT id FROM dynamodb.small WHERE id = '1'")) == 1
        else:
            assert door.get("small", {"id": "1"}, "name") == "name"
        door.close()
    with connect(host, "http") as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"


class Others(threading.Thread):
    """Who is served meanwhile."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host, self.stop, self.rounds, self.problem, self.longest = host, threading.Event(), 0, None, 0

    def run(self):
        try:
            while not self.stop.is_set():
                started = time.monotonic()
                answers(self.host)
                self.longest = max(self.longest, time.monotonic() - started)
                self.rounds += 1
                time.sleep(0.05)
        except BaseException as problem:
            self.problem = problem

    def check(self):
        rounds = self.rounds
        wait_for("others to be served", lambda: self.rounds > rounds + 1 or self.problem)
        assert self.problem is None, f"others were not served: {self.problem!r}"


def grown(host, before, bound, what):
    now = memory(host)
    print(f"{what}: {(now - before) / 1048576:+.1f} MiB, {now / 1048576:.1f} MiB in all", flush=True)
    assert now - before <= bound, f"{what}: {now - before} bytes more, at most {bound} may be"


def idle(host, others, count):
    """Half of the connections at HTTP doors, the others at CQL's and the native one."""
    before = memory(host)
    kept = [connect(host, ("http", "dynamodb", "native")[n % 3]) for n in range(count // 2)]
    kept += [connected(host) for _ in range(count - len(kept))]
    assert all(kept), "a connection was refused"
    others.check()
    grown(host, before, count * CONNECTION_BYTES, f"{count} idle connections")
    for n in range(0, len(kept), max(1, len(kept) // 20)):
        kept[n].close()
    others.check()
    for client in kept:
        client.close()


def slow_writers(host, others, choose):
    """Requests that come a byte at a time: they are answered in the end, or the server closes."""
    health = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    startup = b"\x04\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0"
    clients = [(connect(host, "http"), health, b"HTTP/1.1 200") for _ in range(20)]
    clients += [(connect(host, "cql"), startup, b"\x84\x00\x00\x01\x02") for _ in range(20)]
    for at in range(max(len(health), len(startup))):
        for client, text, _ in clients:
            client.sendall(text[at:at + 1])
        time.sleep(choose.uniform(0, 0.02))
    others.check()
    for client, _, expected in clients:
        found = client.recv(len(expected))
        assert found == expected, (found, expected)
        client.close()


def slow_readers(host, others):
    """Large answers that are asked for and not taken, or a byte at a time."""
    before = memory(host)
    clients = []
    query = b"SELECT * FROM ks.large"
    for _ in range(8):
        client = connected(host)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(4):
            body = struct.pack(">I", len(query)) + query + b"\x00\x01\x00"
            client.sendall(b"\x04\x00\x00\x01\x07" + struct.pack(">I", len(body)) + body)
        clients.append(client)
    body = b'{"TableName": "large"}'
    for _ in range(8):
        client = connect(host, "dynamodb")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(4):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.Scan\r\n"
                           b"Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b\r\n"
                           b"X-Amz-Date: 20260101T000000Z\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        clients.append(client)
    for _ in range(20):
        for client in clients:
            client.recv(1)
        time.sleep(0.02)
    others.check()
    grown(host, before, len(clients) * READER_BYTES, f"{len(clients)} readers of a byte at a time")
    for client in clients:
        client.close()


def garbage(host, others, choose):
    """Bytes that mean nothing, at all doors; connections that say half of something and stay, or that are reset."""
    before = memory(host)
    beginnings = [b"", b"GET ", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\nx", b"\x04\x00\x00\x01\x07\x0f\xff\xff\xff", b"\x05\x00\x00\x01\x01\x00",
                  b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f", b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL", b"\x16\x03\x01\x02\x00\x01\x00"]
    kept = []
    for n in range(300):
        door = DOORS[n % len(DOORS)]
        client = connect(host, door)
        try:
            client.sendall(choose.choice(beginnings) + (choose.randbytes(choose.randrange(2000)) if n % 3 else b""))
        except ConnectionError:
            pass
        if n % 4 == 0:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            client.close()
        elif n % 4 == 1:
            try:
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            kept.append(client)
        else:
            kept.append(client)
    others.check()
    grown(host, before, GARBAGE_BYTES, f"{len(kept)} connections of garbage")
    for client in kept:
        client.close()
    others.check()


def subscribers(host, others):
    """Of a stream and of topics, that ask for everything and read nothing: writes go on, and the memory for them has a bound."""
    before = memory(host)
    context = zmq.Context()
    kept = []
    for n in range(10):
        one = context.socket(zmq.DEALER if n % 2 else zmq.SUB)
        one.setsockopt(zmq.LINGER, 0)
        one.setsockopt(zmq.RCVHWM, 1)
        one.setsockopt(zmq.RCVBUF, 4096)
        if n % 2:
            one.connect("tcp://" + host.address)
            one.send_multipart([bytes([1, server.SUBSCRIBE]), struct.pack(">Q", 1),
                                msgpack.packb({server.TABLE: "", server.CREDIT: 100000, server.START: "oldest"})])
        else:
            one.setsockopt(zmq.SUBSCRIBE, b"")
            one.connect("tcp://" + host.topics)
        kept.append(one)
    with Client(host.address) as client:
        for n in range(3000):
            last = put(client, "large", {"id": str(n % ROWS), "v": f"{n}-" + "y" * ROW_BYTES})[server.LSN]
        others.check()
        grown(host, before, len(kept) * SUBSCRIBER_BYTES, f"{len(kept)} subscribers that read nothing, {last} LSNs")
    for one in kept:
        one.close()
    context.term()


def prepare(host):
    with Client(host.address) as client:
        create(client, "small", [["id", "text"]])
        create(client, "large", [["id", "text"]])
        for n in range(20):
            put(client, "small", {"id": str(n), "n": n, "name": "name"})
        for n in range(ROWS):
            put(client, "large", {"id": str(n), "v": "x" * ROW_BYTES})
    door = Cql(host)
    door.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    door.execute("CREATE TABLE ks.large (id text PRIMARY KEY, v text)")
    for n in range(ROWS):
        door.execute(f"INSERT INTO ks.large (id, v) VALUES ('{n}', '{'x' * ROW_BYTES}')")
    door.close()
    assert len(Wire(host.dynamodb).ask("Scan", {"TableName": "large"})["Items"]) > 50


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(wanted, hard - 500)
    print(f"seed: OXBOW_SEED={seed:#x}, {count} connections of {wanted}", flush=True)
    choose, started = random.Random(seed), time.monotonic()
    with Server() as host:
        prepare(host)
        others = Others(host)
        others.start()
        idle(host, others, count)
        slow_writers(host, others, choose)
        slow_readers(host, others)
        garbage(host, others, choose)
        subscribers(host, others)
        others.stop.set()
        others.join()
        assert others.problem is None, others.problem
        answers(host)
    print(f"others were served {others.rounds} times, the longest {others.longest * 1000:.0f} ms; {time.monotonic() - started:.0f} s")


main()
