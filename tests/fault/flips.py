#!/usr/bin/python3
"""Single flipped bits in the files of a stopped server: a loud stop or an error, never a wrong value or a shorter history.

usage: flips.py [FLIPS]; OXBOW_SEED repeats a run. Flips in LMDB's own structure may end the server by a signal when they
are met; that counts as loud.
"""
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
import server  # noqa: E402
from server import OXBOW, Client, Failure, Server  # noqa: E402

ROWS = 120


def fill(running):
    client = Client(running.address)
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
    expected = {}
    for round_ in range(4):
        for n in range(ROWS):
            value = f"{round_}-{n}-" + "abc" * (n % 150)
            client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": str(n), "v": value}})
            expected[str(n)] = value
    client.close()
    return expected


def files(directory):
    """Every file with the bytes of it that are in use."""
    found = []
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            size = len(open(path, "rb").read().rstrip(b"\0"))
            if size > 0 and name not in ("lock", "lock.mdb"):
                found.append((path, size))
    return found


def flip(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def look(address, expected, changes):
    """True when everything was right; False when something was refused loudly; anything else is a failure."""
    client = Client(address)
    try:
        for key, value in expected.items():
            answer = client.request(server.GET, {server.TABLE: "t", server.KEY: {"id": key}})
            assert answer[server.ITEM]["v"] == value, f"a wrong value of {key}"
        client.send(server.SUBSCRIBE, {server.TABLE: "t", server.CREDIT: 100000, server.START: "oldest"})
        client.receive()
        seen = 0
        while seen < changes:
            answer = client.receive(3000)
            assert answer is not None, f"a shorter history: {seen} of {changes} changes"
            if server.STATUS in answer[1]:
                return False
            for record in answer[1][server.RECORDS]:
                round_, n = divmod(seen, ROWS)
                assert record[server.NEW]["id"] == str(n), "a wrong record"
                assert record[server.NEW]["v"].startswith(f"{round_}-{n}-"), "a wrong record"
                seen += 1
        return True
    except Failure as failure:
        assert failure.status == 8, failure
        return False
    finally:
        client.close()


def start_damaged(running):
    command = [OXBOW, "serve", "--data", running.data, "--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off", *running.settings]
    running.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = running.process.stdout.readline()
    if not line.startswith("ready"):
        text = running.process.stderr.read()
        code = running.process.wait()
        assert code < 0 or text.strip(), f"it stopped with {code} and said nothing"
        return False
    running.address = line.split()[1].removeprefix("native=")
    return True


def main():
    flips = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {flips} flips", flush=True)
    choose = random.Random(seed)
    outcome = {"right": 0, "refused at start": 0, "refused later": 0, "ended": 0}
    running = Server("--segment-bytes", "65536").start()
    expected = fill(running)
    running.stop()
    pristine = running.data + ".pristine"
    shutil.copytree(running.data, pristine)
    for _ in range(flips):
        shutil.rmtree(running.data)
        shutil.copytree(pristine, running.data)
        path, size = choose.choice(files(running.data))
        offset, bit = choose.randrange(size), choose.randrange(8)
        flip(path, offset, bit)
        where = f"{os.path.relpath(path, running.data)} offset {offset} bit {bit}"
        try:
            if not start_damaged(running):
                outcome["refused at start"] += 1
                continue
            right = look(running.address, expected, 4 * ROWS)
            outcome["right" if right else "refused later"] += 1
        except AssertionError as problem:
            if running.process.poll() is None:
                raise AssertionError(f"{where}: {problem}") from problem
            outcome["ended"] += 1
        finally:
            if running.process.poll() is None:
                running.kill()
    shutil.rmtree(pristine)
    running.__exit__()
    print(outcome)
    assert outcome["refused at start"] + outcome["refused later"] > 0, "nothing was found: the flips hit nothing"


main()
