#!/usr/bin/python3
"""Many connections on which nothing happens, as pools of drivers keep them: others are served, each takes little memory, and a server
that can take no more says so. `cql_idle.py 10000` opens as many as the issue asks for (2,000 otherwise)."""
import os
import resource
import socket
import sys
import tempfile

from cql_data import connect, rows
from server import Server, wait_for

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
BYTES_MAX = 16 * 1024  # of the server's memory, for each connection


def startup():
    """STARTUP of version 4, with CQL_VERSION 3.0.0."""
    body = b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0"
    return b"\x04\x00\x00\x01\x01" + len(body).to_bytes(4, "big") + body


def received(client, size):
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def connected(host):
    """A connection that is ready for requests; None: the server closed it."""
    address, port = host.cql.split(":")
    client = socket.create_connection((address, int(port)), timeout=120)
    try:
        client.sendall(startup())
        head = received(client, 9)
    except ConnectionError:
        head = None
    if head is None:
        client.close()
        return None
    assert head[0] == 0x84 and head[4] == 0x02, head  # READY
    return client


def memory(host):
    with open(f"/proc/{host.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon:"))


def served(host):
    cluster, session = connect(host)
    session.execute("CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY, v int)")
    session.execute("INSERT INTO t (k, v) VALUES (1, 2)")
    assert rows(session, "SELECT v FROM t WHERE k = 1") == [(2,)]
    cluster.shutdown()


def many(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - 500)
    many_files = Server()
    many_files.wrapper = ["prlimit", "--nofile=1024:"]  # as shells have it: the server takes what it is allowed to ask for
    with many_files as host:
        served(host)
        before = memory(host)
        idle = [connected(host) for _ in range(count)]
        assert all(idle), "a connection was refused"
        each = (memory(host) - before) / count
        print(f"{count} idle connections: {each / 1024:.1f} KiB each", flush=True)
        assert each < BYTES_MAX, each
        served(host)
        for client in idle[:: max(1, count // 50)]:  # they wait, and are not forgotten
            client.sendall(b"\x04\x00\x00\x02\x05\x00\x00\x00\x00")  # OPTIONS
            head = received(client, 9)
            assert head[4] == 0x06 and received(client, int.from_bytes(head[5:], "big")), head  # SUPPORTED
        for client in idle:
            client.close()
        served(host)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Limited(Server):
    """A server that may open few files, and writes its diagnostics to `log`."""

    def __init__(self, descriptors, log):
        super().__init__()
        self.wrapper = ["prlimit", f"--nofile={descriptors}:{descriptors}"]
        self.log = log

    def start(self):
        errors = os.dup(2)
        os.dup2(self.log.fileno(), 2)
        try:
            return super().start()
        finally:
            os.dup2(errors, 2)
            os.close(errors)


def limit():
    with tempfile.TemporaryFile() as log, Limited(200, log) as host:
        idle = []
        client = connected(host)
        while client is not None:
            idle.append(client)
            client = connected(host)
        assert 20 < len(idle) < 200, len(idle)

        def said():
            log.seek(0)
            log.seek(0)
            return b"turned away 1 client(s): too few file descriptors are left; raise the limit of open files" in log.read()
        wait_for("the server to say why", said)
        idle[0].sendall(b"\x04\x00\x00\x02\x05\x00\x00\x00\x00")
        assert received(idle[0], 9)[4] == 0x06  # those that are there are served
        for client in idle:
            client.close()
        wait_for("room again", lambda: connected(host))
        served(host)


if __name__ == "__main__":
    many(COUNT)
    limit()
