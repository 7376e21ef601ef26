#!/usr/bin/python3
"""Power cuts: what the real server does to its files is written down (shim.c), and for many moments the files are made
as a disk may hold them if the power went then: everything that was synced, and any part of what was not, by sectors,
pages, runs, in every directory the first so many changes of names. A server is started on each such image and must give
every acknowledged transaction, whole, and nothing that was never written. Cuts inside the recovery are tried too.

usage: power.py [--cuts N] [--steps N] [--growth ROWS] [--checkpoint-ms MS] [--memtable-bytes N] [--without RULE] [--expect-failure]      OXBOW_SEED repeats a run; OXBOW_SHIM: the library

--without leaves a safeguard out, by taking syncs of some files for nothing:
    log-sync        the log's fdatasync before the answer
    directory-sync  syncs of directories
    data-sync       the checkpoint's sync of data.mdb
    side-sync       the sync of the checkpoint's side files before they are renamed
    prepare-sync    the sync of segments that are written with zeros ahead
--growth has each transaction add so many rows that stay: where the store grows it uses pages again soon after they were freed, as LMDB takes the
oldest free ones first, and few are left.
With --expect-failure it succeeds only if that is noticed.
"""
import argparse
import errno
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenario"))
import server  # noqa: E402
from server import Client, Failure  # noqa: E402

SECTOR = 512
ZEROS = bytes(SECTOR)
HEAD = struct.Struct("<BQQHHI")
SETTINGS = ["--segment-bytes", "65536", "--map-bytes", "67108864", "--sweep-ms", "100000"]
RULES = {
    "log-sync": re.compile(r"/log/.*\.raw$"),
    "data-sync": re.compile(r"/store(\.new)?/data\.mdb$"),
    "side-sync": re.compile(r"/store(\.new)?/checkpoint\.\d(\.new)?$"),
    "prepare-sync": re.compile(r"/log/\d+\.new$"),
    "directory-sync": None,
}
KEYS = 30


class Damage(Exception):
    """The server did not keep a promise."""


def read_trace(path):
    with open(path, "rb") as file:
        data = file.read()
    records, at = [], 0
    while at < len(data):
        kind, number, offset, first, second, size = HEAD.unpack_from(data, at)
        at += HEAD.size
        names = data[at : at + first].decode(), data[at + first : at + first + second].decode()
        at += first + second
        records.append((chr(kind), number, offset, names[0], names[1], data[at : at + size]))
        at += size
    return records


class File:
    """What of a file is durable, and what was done to it since, oldest first."""

    def __init__(self):
        self.sectors = {}
        self.size = 0
        self.pending = []

    def apply(self, change):
        kind, offset, data = change
        if kind == "T":
            self.size = offset
            for sector in [s for s in self.sectors if s * SECTOR >= offset]:
                del self.sectors[sector]
            edge = offset // SECTOR
            if offset % SECTOR and edge in self.sectors:
                self.sectors[edge] = self.sectors[edge][: offset % SECTOR].ljust(SECTOR, b"\0")
        elif kind == "A":
            self.size = max(self.size, offset)
        else:
            self.size = max(self.size, offset + len(data))
            put_bytes(self.sectors, offset, data)

    def copy(self):
        other = File()
        other.sectors, other.size = dict(self.sectors), self.size
        return other


def put_bytes(sectors, offset, data):
    end = offset + len(data)
    for sector in range(offset // SECTOR, (end + SECTOR - 1) // SECTOR):
        low, high = sector * SECTOR, (sector + 1) * SECTOR
        part = data[max(low, offset) - offset : min(high, end) - offset]
        if len(part) < SECTOR:
            before = bytearray(sectors.get(sector, bytes(SECTOR)))
            before[max(low, offset) - low : min(high, end) - low] = part
            part = bytes(before)
        sectors[sector] = part


class Disk:
    """A file system of which only what was synced is sure."""

    def __init__(self, root, without=None):
        self.root, self.without = root, without
        self.files = {}  # inode → File
        self.durable = {root: None}  # path → inode, None: a directory
        self.current = {root: None}
        self.renames = []  # changes of names since the syncs of their directories: (directory, kind, paths, inode)
        self.syncs = {}

    @staticmethod
    def change_names(names, change):
        _, kind, first, second, inode = change
        if kind == "R":
            for path in [p for p in names if p == first or p.startswith(first + "/")]:
                names[second + path[len(first) :]] = names.pop(path)
        elif kind == "U":
            if names.get(first, 0) == inode:  # not what came under the name since, made durable earlier
                del names[first]
        else:
            names[first] = inode

    def name(self, kind, first, second, inode):
        change = (os.path.dirname(second or first), kind, first, second, inode)
        if kind in "RU" and self.current.get(first, 0) is None:
            self.directory_moved(first, second)
        self.change_names(self.current, change)
        self.renames.append(change)

    def directory_moved(self, path, target):
        """What is pending inside a directory that is renamed belongs to its new name; of one that is removed it is as
        durable as the removal, which belongs to the directory above."""
        parent = os.path.dirname(path)
        for position, (directory, kind, first, second, inode) in enumerate(self.renames):
            if directory == path and target:
                moved = [target + name[len(path) :] if name else name for name in (first, second)]
                self.renames[position] = (target, kind, *moved, inode)
            elif directory == path:
                self.renames[position] = (parent, kind, first, second, inode)

    def ignores(self, inode):
        pattern = RULES.get(self.without)
        return pattern is not None and any(i == inode and pattern.search(p) for p, i in self.current.items())

    def sync(self, inode, directory, files, names):
        if directory:
            kept = []
            for position, change in enumerate(self.renames):
                if position < names and change[0] == directory and self.without != "directory-sync":
                    self.change_names(self.durable, change)
                else:
                    kept.append(change)
            self.renames = kept
        elif not self.ignores(inode):
            file = self.files[inode]
            for change in file.pending[:files]:
                file.apply(change)
            file.pending = file.pending[files:]

    def play(self, record):
        kind, number, offset, first, second, data = record
        if kind == "C":
            self.files[number] = File()
            self.name("C", first, "", number)
        elif kind in "WTA":
            if number in self.files:
                self.files[number].pending.append((kind, offset, data))
        elif kind == "B":
            file = self.files.get(offset)
            self.syncs[number] = (offset, first, len(file.pending) if file else 0, len(self.renames))
        elif kind == "S":
            inode, directory, files, names = self.syncs.pop(number)
            if directory or inode in self.files:
                self.sync(inode, directory, files, names)
        elif kind == "M":
            self.name("M", first, "", None)
        elif kind in "RU":
            self.name(kind, first, second, self.current.get(first))

    @staticmethod
    def cut_file(file, choose):
        """One of the things that may be left of it."""
        mode = choose.choice(["none", "all", "prefix", "sectors", "pages", "torn"])
        image = file.copy()
        pending = file.pending
        if mode == "all" or not pending:
            kept = pending
        elif mode in ("prefix", "torn"):
            kept = pending[: choose.randrange(len(pending) + 1)]
        else:
            kept = [] if mode == "none" else pending
        grain = SECTOR if mode in ("sectors", "torn") else 8 * SECTOR
        for position, change in enumerate(kept):
            kind, offset, data = change
            whole = mode in ("all", "prefix") or (mode == "torn" and position + 1 < len(kept))
            if whole or kind != "W":
                if whole or choose.random() < 0.5:
                    image.apply(change)
                continue
            end = offset + len(data)
            at = offset
            while at < end:
                stop = min(end, (at // grain + 1) * grain)
                if choose.random() < (0.7 if mode == "torn" else 0.5):
                    image.apply(("W", at, data[at - offset : stop - offset]))
                at = stop
        return image

    def cut(self, target, choose):
        """Makes an image below `target`."""
        names = dict(self.durable)
        directories = sorted({change[0] for change in self.renames})
        # Of each directory the first so many changes; whatever needs a directory that is not there is not there either.
        left = {d: choose.choice([0, 10**9, choose.randrange(1 + len(self.renames))]) for d in directories}
        for change in self.renames:
            if left[change[0]] > 0:
                left[change[0]] -= 1
                if change[1] != "R" or change[2] in names:
                    self.change_names(names, change)
        cuts = {}
        for path in sorted(names):
            place = target + path[len(self.root) :]
            if names[path] is None:
                os.makedirs(place, exist_ok=True)
                continue
            if not os.path.isdir(os.path.dirname(place)):
                continue
            inode = names[path]
            if inode not in cuts:
                cuts[inode] = self.cut_file(self.files[inode], choose)
            write_image(place, cuts[inode])


def write_image(place, image):
    content = bytearray((max(image.sectors) + 1) * SECTOR if image.sectors else 0)
    for sector, data in image.sectors.items():
        content[sector * SECTOR : (sector + 1) * SECTOR] = data
    with open(place, "wb") as file:
        file.write(content[: image.size])
        file.truncate(image.size)


def read_sectors(content, file):
    """What a file holds, its holes not read: data.mdb is one for the most part."""
    file.size = os.fstat(content.fileno()).st_size
    at = 0
    while at < file.size:
        try:
            start = os.lseek(content.fileno(), at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return
        at = os.lseek(content.fileno(), start, os.SEEK_HOLE)
        start -= start % SECTOR
        content.seek(start)
        data = content.read(at - start)
        for offset in range(0, len(data), SECTOR):
            part = data[offset : offset + SECTOR].ljust(SECTOR, b"\0")
            if part != ZEROS:
                file.sectors[(start + offset) // SECTOR] = part


def disk_of(directory, without):
    """A disk on which everything in a directory is durable."""
    disk = Disk(directory, without)
    for folder, _, files in os.walk(directory):
        disk.durable[folder] = disk.current[folder] = None
        for name in files:
            path = os.path.join(folder, name)
            file = File()
            with open(path, "rb") as content:
                read_sectors(content, file)
            inode = os.stat(path).st_ino
            disk.files[inode] = file
            disk.durable[path] = disk.current[path] = inode
    return disk


# --- the server ------------------------------------------------------------------------------------------------------


class Host:
    """A server on a directory, with the shim when there is a trace."""

    def __init__(self, data, trace=None):
        environment = dict(os.environ)
        if trace is not None:
            environment.update(LD_PRELOAD=os.environ["OXBOW_SHIM"], POWER_ROOT=data, POWER_TRACE=trace)
        command = [server.OXBOW, "serve", "--data", data, "--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off", *SETTINGS]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        if not line.startswith("ready native="):
            self.process.wait()
            raise Damage("the server does not start: " + self.process.stderr.read().strip())
        self.client = Client(line.split()[1].removeprefix("native="))

    def kill(self):
        self.client.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def step(client, number, state, growth, choose):
    """One transaction; the state after it. The row `last` tells which it was."""
    changes = [("last", number)] + [(f"g{number}-{i}", number) for i in range(growth)]
    for key in choose.sample(range(KEYS), 1 + choose.randrange(4)):
        changes.append((f"k{key}", None if choose.random() < 0.25 else number))
    state = dict(state)
    body = []
    for key, value in changes:
        if value is None:
            body.append({server.TABLE: "t", server.KIND: "delete", server.KEY: {"id": key}})
            state.pop(key, None)
        else:
            item = {"id": key, "v": value, "filling": "x" * (3000 if key[0] == "g" else 37 * number % 500)}
            body.append({server.TABLE: "t", server.KIND: "put", server.ITEM: item})
            state[key] = value
    client.request(server.TRANSACT, {server.CHANGES: body})
    return state


def work(directory, choose, steps, growth):
    """Runs the workload; the trace's records, with K records where an answer had come, and the states."""
    trace = os.path.join(directory, "trace")
    data = os.path.join(directory, "data")
    host = Host(data, trace)
    states = [{}]
    with open(trace, "ab", buffering=0) as marks:
        host.client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
        marks.write(HEAD.pack(ord("K"), 1, 0, 0, 0, 0))
        for number in range(1, steps + 1):
            states.append(step(host.client, number, states[-1], growth, choose))
            marks.write(HEAD.pack(ord("K"), number + 1, 0, 0, 0, 0))
            if number % 40 == 0:
                time.sleep(0.05)  # checkpoints come in between
    host.kill()
    shutil.rmtree(data)
    return data, read_trace(trace), states


def check_state(client, acknowledged, states):
    try:
        items, position = [], b""
        while True:
            answer = client.request(server.SCAN, {server.TABLE: "t", server.NEXT: position})
            items += answer[server.ITEMS]
            position = answer[server.NEXT]
            if not position:
                break
    except Failure as failure:
        if failure.status == 1 and acknowledged == 0:
            return
        raise Damage(f"{failure}; {acknowledged} acknowledged") from failure
    found = {item["id"]: item["v"] for item in items}
    last = found.get("last", 0)
    if acknowledged > 0 and last < acknowledged - 1:
        raise Damage(f"transaction {acknowledged - 1} was acknowledged, the last one there is {last}")
    if last >= len(states) or found != states[last]:
        raise Damage(f"what is there is not the state after transaction {last}")
    if found:
        history = client.request(server.HISTORY, {server.TABLE: "t", server.KEY: {"id": "last"}})[server.RECORDS]
        if [record[server.NEW]["v"] for record in history] != list(range(1, last + 1))[:1000]:
            raise Damage("the history of a row is not what was written")


def check_image(image, acknowledged, states, choose, trace=None):
    host = Host(image, trace)
    try:
        check_state(host.client, acknowledged, states)
        damages = server.scrub(host.client)
        if damages:
            raise Damage(f"a scrub finds {damages}")
        if choose.random() < 0.2:  # it goes on from there
            host.client.request(server.CREATE, {server.TABLE: f"u{choose.random()}", server.PARTITION: [["id", "text"]]})
    finally:
        host.kill()


def try_cut(disk, directory, acknowledged, states, choose, without):
    image = os.path.join(directory, "image")
    trace = os.path.join(directory, "again")
    disk.cut(image, choose)
    depth = choose.choice([0, 0, 1, 2])
    while True:
        if depth == 0:
            check_image(image, acknowledged, states, choose)
            shutil.rmtree(image)
            return
        before = disk_of(image, without)
        try:
            check_image(image, acknowledged, states, choose, trace)
            records = read_trace(trace)
        finally:
            if os.path.exists(trace):
                os.remove(trace)
        for record in records[: choose.randrange(len(records) + 1)]:
            before.play(record)
        shutil.rmtree(image)
        before.cut(image, choose)
        depth -= 1


def run(arguments, directory, seed):
    choose = random.Random(seed)
    root, records, states = work(directory, choose, arguments.steps, arguments.growth)
    cuts = sorted(choose.randrange(len(records) + 1) for _ in range(arguments.cuts))
    disk = Disk(root, arguments.without)
    disk.durable = {root: None}
    played = acknowledged = 0
    for count, cut in enumerate(cuts, 1):
        for record in records[played:cut]:
            if record[0] == "K":
                acknowledged = record[1]
            else:
                disk.play(record)
        played = cut
        try:
            try_cut(disk, directory, acknowledged, states, choose, arguments.without)
            if count % 1000 == 0:
                print(f"{count} cuts of {len(cuts)}", flush=True)
        except Damage as damage:
            return count, f"cut {count} of {len(cuts)}, at record {cut} of {len(records)}: {damage}"
    return len(cuts), None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=150)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--growth", type=int, default=0)
    parser.add_argument("--checkpoint-ms", default="20")
    parser.add_argument("--memtable-bytes", default="33554432")
    parser.add_argument("--without", choices=sorted(RULES))
    parser.add_argument("--expect-failure", action="store_true")
    arguments = parser.parse_args()
    SETTINGS.extend(["--checkpoint-ms", arguments.checkpoint_ms, "--memtable-bytes", arguments.memtable_bytes])
    seed = int(os.environ.get("OXBOW_SEED", str(random.SystemRandom().randrange(1 << 32))), 0)
    print(f"OXBOW_SEED={seed}", flush=True)
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    directory = tempfile.mkdtemp(prefix="oxbow-power-", dir=base)
    count, damage = run(arguments, directory, seed)
    if arguments.expect_failure:
        shutil.rmtree(directory)
        wrong = f"without {arguments.without}" if arguments.without else "with a planted bug"
        if damage is None:
            sys.exit(f"{count} cuts {wrong}, and nothing was noticed")
        print(f"noticed {wrong}: {damage}")
        return
    if damage is not None:
        sys.exit(f"{damage}\nthe files are in {directory}")
    shutil.rmtree(directory)
    print(f"{count} cuts: every acknowledged transaction was there, whole")


if __name__ == "__main__":
    main()
