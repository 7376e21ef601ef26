#!/usr/bin/python3
"""Single flipped bits in the files of a stopped server: a loud stop or an error, never a wrong value or a shorter history.

usage: flips.py [FLIPS]; OXBOW_SEED repeats a run. A scrub must find what a read meets, and whatever else means anything. Half of those in data.mdb hit what LMDB goes by, and may end the server by a
signal when they are met; that counts as loud. Log and segments with their key indexes, the store with chunked values, index entries, an on-demand backup and a large
delete that is under way, the checkpoints' side files, the horizon, the identity; each kind of file is hit equally often.
"""
import os
import random
import shutil
import subprocess
import sys

from check import read_all, scan
import dynamodb
import server
from cql_data import connect
from server import OXBOW, Client, Failure, Server

ROWS = 60
ROUNDS = 4
LONG = 2  # of each round's rows so many are longer than a chunk of the store
MANY = 12000  # rows of a partition, of which one DELETE takes more than a transaction changes
LEFT = 500
BACKED_UP = 200
PAGE = 4096  # of data.mdb
LISTED = 128  # bytes of it with its header and most places of entries
CORRUPT = 8
SETTINGS = ["--segment-bytes", "262144", "--map-bytes", "67108864"]


def value_of(round_, n):
    return f"{round_}-{n}-" + "abc" * (30000 if n < LONG else n % 150 * 5)


def fill(running):
    """Rows with an index, written over in rounds; a partition of which most is deleted. {id: value}."""
    expected = {}
    with Client(running.address) as client:
        index = {server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}
        client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]], server.INDEXES: [index]})
        for round_ in range(ROUNDS):
            for n in range(ROWS):
                value = value_of(round_, n)
                client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": str(n), "v": value, "g": "g"}})
                expected[str(n)] = value
    backup = fill_backup(running)
    fill_many(running)
    return expected, backup


def fill_backup(running):
    """A table that was backed up and is gone: the name of the table that has its rows."""
    client = dynamodb.client(running.dynamodb)
    dynamodb.table(client, "backed_up", "p:S")
    for n in range(0, BACKED_UP, 25):
        puts = [{"PutRequest": {"Item": {"p": {"S": f"row {m}"}, "v": {"S": value_of(0, m)}}}} for m in range(n, n + 25)]
        assert not client.batch_write_item(RequestItems={"backed_up": puts})["UnprocessedItems"]
    made = client.create_backup(TableName="backed_up", BackupName="of-all")["BackupDetails"]
    server.wait_for("the backup", lambda: client.describe_backup(BackupArn=made["BackupArn"])["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    client.delete_table(TableName="backed_up")
    return "oxbow.backup." + made["BackupArn"].split("/backup/")[1]


def fill_many(running):
    """Ends the server while the deleted rows are still being taken away."""
    cluster, session = connect(running)
    session.execute("CREATE TABLE many (p int, c int, PRIMARY KEY (p, c))")
    for first in range(0, MANY, 500):
        rows = "; ".join(f"INSERT INTO many (p, c) VALUES (1, {c})" for c in range(first, first + 500))
        session.execute(f"BEGIN UNLOGGED BATCH {rows}; APPLY BATCH")
    session.execute("CREATE TABLE after (p int PRIMARY KEY)")
    session.execute(f"DELETE FROM many WHERE p = 1 AND c >= {LEFT}")
    for p in range(2):  # later frames tell that the DELETE was durable; of the last one itself nothing does
        session.execute(f"INSERT INTO after (p) VALUES ({p})")
    running.kill()
    cluster.shutdown()


def files(directory):
    """Kind of file → names of all such files, each with the bytes of it that are in use."""
    found = {}
    for parent, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                size = len(file.read().rstrip(b"\0"))
            if size > 0 and name not in ("lock", "lock.mdb"):
                kind = name.split(".")[-1] if name[0] == "0" else name.split(".")[0]
                found.setdefault(kind, []).append((os.path.relpath(path, directory), size))
    assert {"raw", "seg", "data", "checkpoint", "horizon", "oxbow"} <= set(found), found
    return found


def choose_offset(choose, name, size):
    """Anywhere; half of those in data.mdb where a page's entries are listed, since that is little of a page and all its rows hang on it."""
    offset = choose.randrange(size)
    return offset // PAGE * PAGE + offset % LISTED if name.endswith("data.mdb") and choose.random() < 0.5 else offset


def flip(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def check_rows(client, expected):
    for key, value in expected.items():
        answer = client.request(server.GET, {server.TABLE: "t", server.KEY: {"id": key}})
        assert (answer.get(server.ITEM) or {}).get("v") == value, f"a wrong value of {key}"
    assert read_all(client) == expected, "a scan that gives something else than the rows"
    assert read_all(client, INDEX="by_g", KEY={"g": "g"}) == expected, "the index gives something else than the rows"


def check_history(client):
    for key in range(0, ROWS, 7):
        records = client.request(server.HISTORY, {server.TABLE: "t", server.KEY: {"id": str(key)}})[server.RECORDS]
        found = [record[server.NEW]["v"] for record in records]
        assert found == [value_of(round_, key) for round_ in range(ROUNDS)], f"a wrong history of {key}: {len(found)} records"


def check_many(client):
    found = len(scan(client, "ks.many"))
    assert found == LEFT, f"{found} rows where {LEFT} are left"


def check_backup(client, backup):
    found = {item["p"]: item["v"] for item in scan(client, backup)}
    assert found == {f"row {m}": value_of(0, m) for m in range(BACKED_UP)}, "a backup that has something else than the rows"


def check_stream_of(client):
    client.send(server.SUBSCRIBE, {server.TABLE: "t", server.CREDIT: 100000, server.START: "oldest"})
    client.receive()
    seen = 0
    while seen < ROUNDS * ROWS:
        answer = client.receive(60000)
        assert answer is not None, f"a shorter history: {seen} of {ROUNDS * ROWS} changes"
        if server.STATUS in answer[1]:
            raise Failure(answer[1])
        for record in answer[1][server.RECORDS]:
            round_, n = divmod(seen, ROWS)
            assert record[server.NEW] == {"id": str(n), "v": value_of(round_, n), "g": "g"}, "a wrong record"
            seen += 1


def look(address, expected, backup):
    """True when everything was right; False when something was refused loudly; anything else is a failure."""
    is_right = True
    with Client(address) as client:
        for check in (lambda: check_rows(client, expected), lambda: check_history(client), lambda: check_many(client),
                      lambda: check_backup(client, backup), lambda: check_stream_of(client)):
            try:
                check()
            except Failure as failure:
                assert failure.status == CORRUPT, failure
                is_right = False
    return is_right


def is_found(address):
    """Whether a scrub finds anything."""
    with Client(address) as client:
        return bool(server.scrub(client))


def start_damaged(running):
    command = [OXBOW, "serve", "--data", running.data, "--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off",
               *running.settings]
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
    outcome = {"refused at start": 0, "refused later": 0, "only found by scrub": 0, "harmless": 0, "ended": 0}
    running = Server(*SETTINGS).start()
    expected, backup = fill(running)
    pristine = running.data + ".pristine"
    shutil.copytree(running.data, pristine)
    kinds = files(pristine)
    for count in range(flips):
        if count % 1000 == 999:
            print(f"{count + 1} of {flips}: {outcome}", flush=True)
        shutil.rmtree(running.data)
        subprocess.run(["cp", "-r", "--sparse=always", pristine, running.data], check=True)
        name, size = choose.choice(kinds[choose.choice(sorted(kinds))])
        path = os.path.join(running.data, name)
        offset, bit = choose_offset(choose, name, size), choose.randrange(8)
        flip(path, offset, bit)
        where = f"{os.path.relpath(path, running.data)} offset {offset} bit {bit}"
        try:
            if not start_damaged(running):
                outcome["refused at start"] += 1
                continue
            found = is_found(running.address)
            if not look(running.address, expected, backup):
                assert found, "a read met what the scrub did not"
                outcome["refused later"] += 1
            elif found:
                outcome["only found by scrub"] += 1
            else:  # a page that is free, the room in one, a checkpoint that the start replaces: nothing that is read
                assert not name.endswith(".seg"), "everything in a sealed segment means something"
                outcome["harmless"] += 1
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
