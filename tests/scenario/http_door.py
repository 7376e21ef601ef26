#!/usr/bin/python3
"""The HTTP door: what it answers, and what it does with requests that are none."""
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
import http.client
import socket

import server
from server import Client, Server


def ask(address, text):
    """Sends raw bytes; everything that comes back until the other side closes."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(text)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def main():
    with Server() as host:
        connection = http.client.HTTPConnection(host.http, timeout=60)
        for path, status, words in (("/", 200, b"/metrics"), ("/health", 200, b"alive"), ("/ready", 200, b"ready"),
                                    ("/nothing?x=1", 404, b"nothing here")):
            connection.request("GET", path)  # over one connection
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == status and words in body, (path, answer.status, body)
        connection.request("POST", "/", body=b"x")
        answer = connection.getresponse()
        assert answer.status == 405 and answer.getheader("Allow") == "GET, HEAD" and answer.read()
        client = Client(host.address)
        client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
        client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "a"}})
        client.close()
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        metrics = answer.read().decode()
        assert answer.getheader("Content-Type").startswith("text/plain; version=0.0.4"), answer.headers
        assert "\noxbow_tables 1\n" in metrics and "oxbow_batch_writes_count" in metrics, metrics
        connection.close()
        both = ask(host.http, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert both.count(b"HTTP/1.1 200 OK") == 2 and both.count(b"alive\n") == 2, both
        head = ask(host.http, b"HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        dated = parsedate_to_datetime(answer.getheader("Date"))
        assert abs((dated - datetime.now(timezone.utc)).total_seconds()) < 3600 and head.count(b"\r\nDate: ") == 1, (dated, head)
        assert b"Content-Length: 6" in head and not head.endswith(b"alive\n"), head
        for text, status in ((b"nonsense\r\n\r\n", b"400"),
                             (b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 70000 + b"\r\n\r\n", b"431"),
                             (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", b"431"),
                             (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
                             (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
                             (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b"400")):
            answer = ask(host.http, text)
            assert answer.startswith(b"HTTP/1.1 " + status), (text[:60], answer[:60])


if __name__ == "__main__":
    main()
