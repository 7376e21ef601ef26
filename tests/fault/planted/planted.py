#!/usr/bin/python3
"""Bugs that are planted into the server (planted.c) are found by what checks a sound one; without them it finds nothing.

usage: planted.py index|feed
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from check import check_index, check_stream, read_all  # noqa: E402
import server  # noqa: E402
from server import Client, Server  # noqa: E402

ROWS = 40


def fill(client):
    """The LSN of the last of some writes."""
    index = {server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]], server.INDEXES: [index]})
    for n in range(ROWS):
        answer = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": str(n % 30), "v": f"v{n}", "g": "g"}})
    return answer[server.LSN]


def check(plant):
    """What the detector says of a server with that bug; None when it finds nothing."""
    os.environ["OXBOW_PLANT"] = plant
    with Server() as running:
        client = Client(running.address)
        try:
            last = fill(client)
            check_index(client)
            check_stream(running.address, read_all(client), last)
        except AssertionError as problem:
            return str(problem)
        finally:
            client.close()
    return None


def main():
    plant = sys.argv[1]
    found = check("nothing")
    assert found is None, f"without a bug: {found}"
    found = check(plant)
    assert found is not None, f"{plant} is planted, and nothing was noticed"
    print(f"noticed {plant}: {found}")


main()
