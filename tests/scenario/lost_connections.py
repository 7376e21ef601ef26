#!/usr/bin/python3
"""What the program does when connections end: a server by hand that goes at the worst moment, and somebody at its address who
takes connections and closes them, as a proxy does whose server is away."""
import json
import signal
import socket
import struct
import subprocess

import msgpack
import zmq

import server
from server import OXBOW, wait_for

REPLY = 0x80


def is_bound(endpoint, address):
    try:
        endpoint.bind(address)
    except (OSError, zmq.ZMQError):
        return False
    return True


class ByHand:
    """A server that says what the test says."""

    def __init__(self):
        self.context = zmq.Context()
        self.port = 0
        self.open()

    def open(self):
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 1000)
        if self.port == 0:
            self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        else:
            wait_for("the port to be free", lambda: is_bound(self.socket, f"tcp://127.0.0.1:{self.port}"))

    def close(self):
        self.socket.close()

    def take(self, kind, timeout_ms=60000):
        """The next request, of that kind: (from, number, body); None when nothing comes."""
        if not self.socket.poll(timeout_ms):
            return None
        peer, head, number, body = self.socket.recv_multipart()
        assert head == bytes([1, kind]), (head, body)
        return peer, number, msgpack.unpackb(body, strict_map_key=False)

    def answer(self, request, kind, body):
        self.socket.send_multipart([request[0], bytes([1, kind | REPLY]), request[1], msgpack.packb(body)])

    def send_record(self, request, lsn):
        record = {server.LSN: lsn, server.TIME: 1, server.TABLE: "t", server.OPERATION: "insert", server.NEW: {"n": lsn}}
        self.answer(request, server.GIVE, {server.RECORDS: [record]})

    def close_one(self):
        """While it is away somebody takes one connection, and closes it."""
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wait_for("the port to be free", lambda: is_bound(listener, ("127.0.0.1", self.port)))
            listener.listen(1)
            listener.settimeout(60)
            listener.accept()[0].close()

    def follow(self, count):
        return subprocess.Popen([OXBOW, "tail", "t", "--count", str(count), "--server", f"127.0.0.1:{self.port}"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def expect_records(tail, lsns):
    out, error = tail.communicate(timeout=60)
    assert tail.returncode == 0 and [json.loads(line)["lsn"] for line in out.splitlines()] == lsns, (tail.returncode, out, error)


def begin(by_hand, tail):
    """The subscription, whose first record is under way."""
    request = by_hand.take(server.SUBSCRIBE)
    by_hand.answer(request, server.SUBSCRIBE, {server.LSN: 5})
    return request


def credit_that_comes_late(by_hand):
    """The server went while the reader was busy; the next one is asked to give credit to a subscription that it does not know."""
    tail = by_hand.follow(2)
    request = begin(by_hand, tail)
    tail.send_signal(signal.SIGSTOP)
    by_hand.send_record(request, 5)
    by_hand.close()
    by_hand.open()
    tail.send_signal(signal.SIGCONT)
    request = by_hand.take(server.GIVE)
    if request is not None:
        by_hand.answer(request, server.GIVE, {server.STATUS: 1, server.TEXT: "there is no such subscription"})
    request = by_hand.take(server.SUBSCRIBE)
    assert request[2][server.START] == 6, request
    by_hand.answer(request, server.SUBSCRIBE, {server.LSN: 6})
    by_hand.send_record(request, 6)
    expect_records(tail, [5, 6])


def closed_before_it_stood(by_hand):
    """A connection that never stood is none that was lost: there is one subscription, and a record is told once."""
    tail = by_hand.follow(3)
    request = begin(by_hand, tail)
    by_hand.send_record(request, 5)
    by_hand.take(server.GIVE)
    by_hand.close()
    by_hand.close_one()
    by_hand.open()
    request = by_hand.take(server.SUBSCRIBE)
    assert by_hand.take(server.SUBSCRIBE, 500) is None
    by_hand.answer(request, server.SUBSCRIBE, {server.LSN: 6})
    by_hand.send_record((request[0], struct.pack(">Q", 1), None), 6)  # of the subscription before
    by_hand.send_record(request, 6)
    by_hand.take(server.GIVE)
    by_hand.send_record(request, 7)
    expect_records(tail, [5, 6, 7])


def asked_when_somebody_else_closes(by_hand):
    by_hand.close()
    get = subprocess.Popen([OXBOW, "get", "t", '{"id":1}', "--server", f"127.0.0.1:{by_hand.port}"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    by_hand.close_one()
    by_hand.open()
    request = by_hand.take(server.GET)
    assert not by_hand.socket.poll(200)
    by_hand.answer(request, server.GET, {server.ITEM: {"id": 1}})
    out, error = get.communicate(timeout=60)
    assert get.returncode == 0 and out == '{"id":1}\n', (out, error)


def main():
    for test in (credit_that_comes_late, closed_before_it_stood, asked_when_somebody_else_closes):
        by_hand = ByHand()
        test(by_hand)
        by_hand.close()
        by_hand.context.term()


main()
