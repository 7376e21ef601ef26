#!/usr/bin/python3
"""Bugs that are planted into the server (planted.c) are found by what checks a sound one; without them it finds nothing.

usage: planted.py row|index|feed|pin
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from check import check_index, check_stream, read_all  # noqa: E402
import server  # noqa: E402
from server import Client, Failure, Server  # noqa: E402

ROWS = 40
KILLS = 60
PUTS = 1600  # some checkpoints, since the first ones keep what the start pinned, and flushes after the last


def fill(client):
    """The LSN of the last of some writes."""
    index = {server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]], server.INDEXES: [index]})
    for n in range(ROWS):
        answer = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": str(n % 30), "v": f"v{n}", "g": "g"}})
    return answer[server.LSN]


def check_contents(plant):
    """What the detectors of wrong contents say of a server with that bug; None when they find nothing."""
    os.environ["OXBOW_PLANT"] = plant
    with Server() as running:
        client = Client(running.address)
        last = fill(client)
        damages = server.scrub(client)
        if (plant in ("row", "index")) != bool(damages):
            sys.exit(f"{plant} is planted, and a scrub says {damages}")
        if plant == "row":
            return damages[0][1]
        try:
            check_index(client)
            check_stream(running.address, read_all(client), last)
        except AssertionError as problem:
            return str(problem)
        finally:
            client.close()
    return None


def check_start():
    """What a start after kill -9 says, which goes back to the last checkpoint; None when all went well."""
    choose = random.Random()
    with Server("--checkpoint-ms", "100", "--memtable-bytes", "16384") as running:
        with Client(running.address) as client:
            fill(client)
            for n in range(PUTS):  # of rows all over the tree: where each does as the last did, old pages are as good as new ones
                item = {"id": str(choose.randrange(10**6)), "v": f"w{n}" + "x" * 1000, "g": "g"}
                client.request(server.PUT, {server.TABLE: "t", server.ITEM: item})
            rows = read_all(client)
        running.kill()
        try:
            running.start()
            with Client(running.address) as client:
                assert read_all(client) == rows, "not the rows that were acknowledged"
        except (AssertionError, Failure) as problem:
            running.kill()
            return str(problem)
    return None


def check_starts(plant):
    """What the first start of some that fails says. On a new database each time: LMDB takes the oldest free pages first, so
    where there are many those of the last checkpoint are not used again soon."""
    os.environ["OXBOW_PLANT"] = plant
    found = (check_start() for _ in range(KILLS if plant == "pin" else KILLS // 6))
    return next((problem for problem in found if problem is not None), None)


def main():
    plant = sys.argv[1]
    check = check_starts if plant == "pin" else check_contents
    found = check("nothing")
    assert found is None, f"without a bug: {found}"
    found = check(plant)
    assert found is not None, f"{plant} is planted, and nothing was noticed"
    print(f"noticed {plant}: {found}")


main()
