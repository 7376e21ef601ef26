#!/usr/bin/python3
"""`oxbow status` and `oxbow top`: once, in a pipe, and on a terminal."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import server
from server import Client, Server


def rows_of(text):
    """{(door, operation): [rate, trouble, p50, p99, total]} of the table."""
    table = text.split("TOTAL\n")[-1]
    rows = {}
    for line in table.splitlines():
        match = re.fullmatch(r"(\S+) +(\S.*?)  +(\S+) +(\S+) +(-|\S+ m?s) +(-|\S+ m?s) +(\d+)", line)
        assert match, line
        rows[(match[1], match[2])] = [float(match[3]), float(match[4]), match[5], match[6], int(match[7])]
    return rows


def check_once(host):
    code, out, error = host.run("top", "--once")
    assert (code, error) == (0, ""), error
    assert "\033" not in out, "no escape codes into a pipe"
    assert re.match(r"oxbow \S+   \S+Z   up \S+   ready\n", out), out
    rows = rows_of(out)
    put, get = rows[("native", "put")], rows[("native", "get")]
    assert put[4] == 50 and put[0] > 0 and put[1] == 0 and put[2].endswith("s") and put[3] != "-", put
    assert get[4] == 1 and get[1] > 0, get
    rates = [row[0] for row in rows.values()]
    assert rates == sorted(rates, reverse=True), "the busiest come first"
    assert re.search(r"connections http 0 .*native [12]\n", out), out


def check_intervals(host):
    """The second table is about what happened between the two."""
    code, out, error = host.run("top", "--count", "2", "--interval", "200")
    assert (code, error) == (0, ""), error
    assert out.count("DOOR ") == 2, out
    rows = rows_of(out)
    assert rows[("native", "put")] == [0, 0, "-", "-", 50], rows
    assert rows[("native", "metrics")][0] > 0, rows
    code, _, error = host.run("top", "--interval", "5")
    assert code == 2 and "--interval" in error, (code, error)


def check_terminal(host):
    main, side = pty.openpty()
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 100, 0, 0))
    before = termios.tcgetattr(side)
    process = subprocess.Popen([server.OXBOW, "top", "--interval", "100", "--server", host.address], stdin=side, stdout=side,
                               stderr=side)
    seen = b""
    while seen.count(b"\033[H\033[2J") < 3:
        seen += os.read(main, 65536)
    os.write(main, b"q")
    while b"\033[?1049l" not in seen:
        seen += os.read(main, 65536)
    assert process.wait(timeout=120) == 0
    screens = seen.decode().split("\033[H\033[2J")[1:3]
    assert all(screen.count("\n") <= 12 and "DOOR" in screen for screen in screens), screens
    assert termios.tcgetattr(side) == before, "the terminal is as it was"
    os.close(main)
    os.close(side)


def check_status(host):
    code, out, _ = host.run("status")
    assert code == 0 and out.endswith("\nnothing is unusual\n") and "committed_lsn" in out, out


def main():
    with Server() as host:
        client = Client(host.address)
        client.request(server.CREATE, {server.TABLE: "things", server.PARTITION: [["id", "text"]]})
        for i in range(50):
            client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": str(i)}})
        server.expect_failure(lambda: client.request(server.GET, {server.TABLE: "none", server.KEY: {"id": "1"}}), 1, "none")
        check_once(host)
        check_intervals(host)
        check_terminal(host)
        check_status(host)
        client.close()
    with Server("--segment-bytes", "65536", "--log-bytes-max", "65536") as host:
        code, out, _ = host.run("status")
        assert code == 0 and "\n!! log_full: " in out and "\n  Raise --log-bytes-max" in out, out
        assert "   NOT READY\n" in host.run("top", "--once")[1]


if __name__ == "__main__":
    main()
