#!/usr/bin/python3
"""HTTP as bytes on the wire: what is a request, in which order answers come, and what may not be smuggled past.

Everything but GET and HEAD is answered 405 by this door, once it was read as a request."""
import gzip
import socket
import time
import zlib

from server import Server

BODY_BYTES_MAX = 64 * 1024  # of this door
HOST = b"Host: x\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire:
    """A connection of raw bytes."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def all(self):
        """Everything until the server closes, which it does after the last answer."""
        self.socket.shutdown(socket.SHUT_WR)
        data = b""
        while part := self.socket.recv(65536):
            data += part
        return data


def statuses(address, data, pieces=1):
    """The statuses of what comes back for bytes sent in so many pieces."""
    with Wire(address) as wire:
        step = (len(data) + pieces - 1) // pieces
        for i in range(0, len(data), step):
            wire.send(data[i:i + step])
            if pieces > 1:
                time.sleep(0.001)
        answer = wire.all()
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def post(*headers, body=b"", version=b"1.1"):
    return b"POST / HTTP/" + version + b"\r\n" + HOST + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body


def check_smuggling(address):
    """Each is refused, and what stands behind it is never served: there is one answer, and the connection closes."""
    for request, status in (
            (post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
            (post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), 400),
            (post(b"Content-Length: 0", b"Content-Length: 37"), 400),
            (post(b"Content-Length: 0, 0"), 400),
            (post(b"Content-Length: +0"), 400),
            (post(b"Content-Length:"), 400),
            (post(b"Content-Length : 0"), 400),
            (post(b" Content-Length: 0"), 400),
            (post(b"X: y", b" Content-Length: 37"), 400),
            (post(b"X: y\nContent-Length: 37"), 400),
            (post(b"X: y\rContent-Length: 37"), 400),
            (post(b"X: y\0z"), 400),
            (post(b"Transfer-Encoding: xchunked"), 501),
            (post(b"Transfer-Encoding: chunked, identity"), 501),
            (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
            (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), 400),
            (post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"), 400),
            (post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", version=b"1.0"), 400),
            (post(b"Transfer-Encoding: chunked", body=b"1;x\nA\r\n0\r\n\r\n"), 400),
            (post(b"Transfer-Encoding: chunked", body=b"1\r\nAXX0\r\n\r\n"), 400),
            (post(b"Transfer-Encoding: chunked", body=b"0x0\r\n\r\n"), 400),
            (post(b"Transfer-Encoding: chunked", body=b"0\r\n\rX"), 400),
            (post(b"Transfer-Encoding: chunked", body=b"\r\n0\r\n\r\n"), 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400),
            (b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
            (b"GET /\r\n\r\n", 505),
            (b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n", 501)):
        for pieces in (1, 7):
            got = statuses(address, request + NEXT, pieces)
            assert got == [status], (request, pieces, got)


def check_requests(address):
    """Sound requests, also in pieces, answered in their order."""
    health = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
    nothing = b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    chunked = post(b"Transfer-Encoding: chunked", body=b"5\r\nGET /\r\nA;x=y\r\n0123456789\r\n0\r\nT: t\r\n\r\n")
    sized = post(b"Content-Length: 37", body=b"GET /inside HTTP/1.1\r\nHost: x\r\n\r\n    ")
    closing = b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    for data, expected in ((health + nothing + health, [200, 404, 200]),
                           (chunked + health, [405, 200]),
                           (sized + nothing, [405, 404]),
                           (b"GET http://x/health HTTP/1.1\r\n" + HOST + b"\r\n", [200]),
                           ((health + nothing) * 300, [200, 404] * 300)):
        for pieces in (1, 3, 40):
            got = statuses(address, data, pieces)
            assert got == expected, (data[:80], pieces, got[:20])
    for data in (closing + health, b"GET /health HTTP/1.0\r\n\r\n" + health):
        assert statuses(address, data) == [200], data
    head = b"HEAD /health HTTP/1.1\r\n" + HOST + b"\r\n"
    with Wire(address) as wire:
        wire.send(head + head)
        answer = wire.all()
    assert answer.count(b"Content-Length: 6\r\n") == 2 and b"alive" not in answer, answer


def check_limits(address):
    big = b"x" * (BODY_BYTES_MAX + 1)
    for data, status in ((post(b"Content-Length: %d" % len(big), body=big), 413),
                         (post(b"Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(big), big)), 413),
                         (post(b"Transfer-Encoding: chunked", body=b"1\r\nx\r\n" * len(big)), 413),
                         (post(b"Content-Length: %d" % BODY_BYTES_MAX, body=big[1:]), 405),
                         (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
                         (post(b"X: " + b"y" * 70000), 431),
                         (post(*[b"X: y"] * 100), 431),
                         (post(*[b"X: y"] * 99), 405)):
        got = statuses(address, data)
        assert got == [status], (data[:60], got)


def check_encodings(address):
    text = b"some text " * 1000
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < BODY_BYTES_MAX
    for coding, body, status in ((b"gzip", gzip.compress(text), 405), (b"x-gzip", gzip.compress(text), 405),
                                 (b"deflate", zlib.compress(text), 405), (b"identity", text, 405),
                                 (b"gzip", gzip.compress(text)[:-1], 400), (b"gzip", text, 400),
                                 (b"gzip", gzip.compress(text) + b"x", 400), (b"deflate", gzip.compress(text), 400),
                                 (b"gzip", bomb, 413), (b"br", text, 415), (b"gzip, gzip", text, 415)):
        data = post(b"Content-Encoding: " + coding, b"Content-Length: %d" % len(body), body=body)
        got = statuses(address, data)
        assert got == [status], (coding, body[:20], got)


def check_expectations(address):
    with Wire(address) as wire:
        wire.send(post(b"Expect: 100-continue", b"Content-Length: 2"))
        assert wire.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(b"ok")
        assert wire.all().startswith(b"HTTP/1.1 405 ")
    # Refused before the body is asked for.
    assert statuses(address, post(b"Expect: 100-continue", b"Content-Length: 99999999")) == [413]
    assert statuses(address, post(b"Expect: 100-continue", b"Content-Encoding: br", b"Content-Length: 2")) == [415]
    assert statuses(address, post(b"Expect: a-miracle", b"Content-Length: 2")) == [417]
    # HTTP/1.0 does not know it.
    assert statuses(address, post(b"Expect: 100-continue", b"Content-Length: 2", version=b"1.0", body=b"ok")) == [405]


def main():
    with Server() as host:
        check_smuggling(host.http)
        check_requests(host.http)
        check_limits(host.http)
        check_encodings(host.http)
        check_expectations(host.http)
        assert statuses(host.http, b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n") == [200]


if __name__ == "__main__":
    main()
