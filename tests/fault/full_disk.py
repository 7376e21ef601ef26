#!/usr/bin/python3
"""A full disk: writes are refused with a clear error, everything acknowledged stays readable, and a start still works.

Skipped (77) where no small file system can be mounted (it takes root).
"""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
from server import CHANGES, DELETE, GET, ITEM, KEY, KIND, TABLE, TRANSACT, Client, Failure, Server  # noqa: E402


def rows(running):
    code, out, error = running.run("scan", "t")
    assert code == 0, error
    return [json.loads(line) for line in out.splitlines()]


def fill_and_look(running):
    lines = "".join(json.dumps({"id": n, "x": "y" * 9000}) + "\n" for n in range(12000))
    code, _, error = running.run("import", "t", "-", text=lines)
    assert code == 1 and "No space left" in error, (code, error)
    acknowledged = int(re.search(r"^oxbow import: (\d+) items were written$", error, re.M)[1])
    code, _, error = running.run("put", "t", '{"id":-1}')
    assert code == 1 and "No space left" in error, (code, error)
    connection = http.client.HTTPConnection(running.http, timeout=120)
    connection.request("GET", "/ready")
    answer = connection.getresponse()
    told = json.loads(answer.read())
    names = [one["name"] for one in told["conditions"] if one["stops_writes"]]
    assert answer.status == 503 and "writes_refused" in names, told
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()
    found = rows(running)
    assert len(found) >= acknowledged, f"{len(found)} rows, {acknowledged} were acknowledged"
    assert sorted(int(row["id"]) for row in found) == list(range(len(found)))
    return found


def filled_by_others(running):
    """What fills the disk is not the server, and the log has space: then data.mdb's is what there must be for a transaction."""
    running.start()
    assert running.run("table", "create", "t", "--partition", "id:number")[0] == 0
    with open(os.path.join(running.directory, "other"), "wb", buffering=0) as other:
        try:
            while other.write(bytes(1 << 20)):
                pass
        except OSError:
            pass
    written = 0
    with Client(running.address) as client:
        try:
            for n in range(40):
                items = [{"id": 4 * n + i, "x": "y" * 3900000} for i in range(4)]
                client.request(TRANSACT, {CHANGES: [{TABLE: "t", KIND: "put", ITEM: item} for item in items]})
                written += 4
        except Failure as failure:
            assert "No space left" in str(failure), failure
        else:
            raise AssertionError("the disk took more than it has")
    assert written > 0 and running.process.poll() is None
    running.kill()
    running.start()
    with Client(running.address) as client:
        for n in range(written):
            assert client.request(GET, {TABLE: "t", KEY: {"id": n}})[ITEM]["id"] == n
        client.request(DELETE, {TABLE: "t", KEY: {"id": 0}})
    running.stop()


def mounted(size, test, *settings):
    running = Server(*settings)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", running.directory]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        shutil.rmtree(running.directory)
        print("skipped: cannot mount a small file system here")
        sys.exit(77)
    try:
        test(running)
    finally:
        if running.process.poll() is None:
            running.kill()
        subprocess.run(["umount", running.directory], check=True)
        shutil.rmtree(running.directory)


def filled_by_itself(running):
    running.start()
    assert running.run("table", "create", "t", "--partition", "id:number")[0] == 0
    found = fill_and_look(running)
    running.kill()
    running.start()
    assert rows(running) == found
    running.stop()


if __name__ == "__main__":
    mounted("120m", filled_by_itself, "--segment-bytes", "4194304")
    mounted("400m", filled_by_others)
