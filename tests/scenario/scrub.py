#!/usr/bin/python3
"""`oxbow scrub`: finds nothing while all is sound, also under writes, and names what is damaged: a sealed segment, its key index, a
merged key index, a value of the store, a checkpoint's file."""
import os
import struct
import threading

import server
from server import Client, Server, wait_for

ROWS = 120
SETTINGS = ["--segment-bytes", "65536", "--checkpoint-ms", "50", "--map-bytes", "67108864"]


def put(client, n, text):
    return client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": str(n % ROWS), "v": text, "g": f"g{n % 7}"}})


def fill(client):
    index = {server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}
    client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]], server.INDEXES: [index]})
    for n in range(20 * ROWS):
        put(client, n, f"{n}-" + os.urandom(600).hex())


def write_until(address, stop):
    """Puts and deletes, so that rows change behind and before where a scrub is."""
    with Client(address) as client:
        n = 0
        while not stop.is_set():
            n += 1
            put(client, n * 31, f"{n}-" + "y" * (n % 3000))
            client.request(server.DELETE, {server.TABLE: "t", server.KEY: {"id": str(n * 17 % ROWS)}})


def check_under_writes(running):
    stop = threading.Event()
    writer = threading.Thread(target=write_until, args=(running.address, stop))
    writer.start()
    try:
        with Client(running.address) as client:
            for _ in range(10):
                assert server.scrub(client) == []
    finally:
        stop.set()
        writer.join()


def check_positions(client):
    """What no scrub gave is refused."""
    for position in (b"\xff", b"\x03\x00", b"\x04\x01", b"\x05\x09", b"\x02\x63" + bytes(8)):
        server.expect_failure(lambda at=position: client.request(server.SCRUB, {server.NEXT: at}), 3, "position")


def log_file(running, suffix):
    names = sorted(name for name in os.listdir(os.path.join(running.data, "log")) if name.endswith(suffix))
    return os.path.join(running.data, "log", names[0])


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 16]))


def key_index_offset(path):
    """Where the key index of a sealed file begins: segment/segment.h and footer.c draw it."""
    with open(path, "rb") as file:
        data = file.read()
    footer = struct.unpack(">Q", data[-24:-16])[0]
    return struct.unpack_from(">Q", data, footer + 40)[0]


def check_found(running, path, offset, words):
    """Damages a byte under a server that runs, and puts it right again."""
    flip(path, offset)
    code, text, error = running.run("scrub")
    assert code == 1 and "found damage: " in error, (code, text, error)
    damages = [line for line in text.splitlines() if line.startswith("!!")]
    assert any(words in line for line in damages), (words, text)
    flip(path, offset)
    code, text, error = running.run("scrub")
    assert code == 0 and text.endswith("nothing is damaged\n") and error == "", (code, text, error)


def check_merged(running):
    """A damaged merged key index is told of, and made again."""
    path = log_file(running, ".k1")
    flip(path, key_index_offset(path) + 20)
    code, text, error = running.run("scrub")
    assert code == 1 and os.path.basename(path) in text, (code, text, error)
    wait_for("the merged key index to be made again", lambda: os.path.exists(path) and running.run("scrub")[0] == 0)


def check_value(running):
    with Client(running.address) as client:
        lsn = put(client, 7, "the value that is damaged " * 1500)[server.LSN]
        wait_for("a checkpoint", lambda: client.request(1, {})[29]["checkpoint_lsn"] >= lsn)  # else the log puts it right
    running.kill()
    path = os.path.join(running.data, "store", "data.mdb")
    with open(path, "r+b") as file:
        data = file.read()
        at = data.find(b"value that is damaged")
        assert at > 0
        while at > 0:  # copies too that are free
            file.seek(at)
            file.write(b"V")
            at = data.find(b"value that is damaged", at + 1)
    running.start()
    assert "damaged" not in running.run("status")[1]
    with Client(running.address) as client:
        server.expect_failure(lambda: client.request(server.GET, {server.TABLE: "t", server.KEY: {"id": "7"}}), 8, "is damaged")
    text = running.run("status")[1]  # whoever read it may tell nobody
    assert "damage on the disk was met: the store's value under key " in text, text
    code, text, error = running.run("scrub")
    assert code == 1, (text, error)
    assert "table t: the store's value under key " in text, text


def main():
    with Server(*SETTINGS) as running:
        with Client(running.address) as client:
            fill(client)
            wait_for("a merged key index", lambda: any(n.endswith(".k1") for n in os.listdir(os.path.join(running.data, "log"))))
            code, text, error = running.run("scrub")
            assert code == 0 and error == "", (code, text, error)
            stages = [line.split() for line in text.splitlines()]
            assert [words[0] for words in stages] == ["pages", "checkpoints", "log", "rows", "entries", "values", "nothing"], text
            assert int(stages[3][1]) >= ROWS and int(stages[4][1]) == ROWS, text
            check_positions(client)
            check_under_writes(running)
        path = log_file(running, ".seg")
        check_found(running, path, key_index_offset(path) + 20, os.path.basename(path))
        check_found(running, path, os.path.getsize(path) - 30, os.path.basename(path))
        check_merged(running)
        check_found(running, log_file(running, ".seg"), 300, os.path.basename(log_file(running, ".seg")) + ": offset ")
        check_found(running, os.path.join(running.data, "log", "horizon"), 9, "horizon")
        check_value(running)


main()
