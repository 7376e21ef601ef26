#!/usr/bin/python3
"""The n-th write, sync, open, truncate, allocate, rename or read of the server fails, once or for ever after: while a database is
made, while it recovers, and while it works. Afterwards a server without faults must start, hold every acknowledged write,
nothing of a refused one, no transaction in part, and a stream that folds to the table. A failed log must end the server
(DESIGN §3, invariant 9), a full disk must refuse writes and take them again when there is space.

usage: syscalls.py [--cases N | --all] [--case MODE,CALL,ERROR,once|forever]      OXBOW_SEED repeats a choice; OXBOW_FAILING: the library
"""
import argparse
import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import control
import server
from check import Model, check_index, check_stream, read_all
from control import FATAL, FOREVER, NAME, OPEN, READ, SHORT, SIZE, SYNC, WRITE, Control, Host, receive

SETTINGS = ["--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off",
            "--segment-bytes", "65536", "--checkpoint-ms", "20", "--map-bytes", "67108864", "--sweep-ms", "100000"]
CHANGING = WRITE | SYNC | OPEN | SIZE | NAME
# What fails, with which number, and whether also for ever after. A sync that is interrupted has failed.
ERRORS = [(CHANGING | READ, errno.EIO, 1), (CHANGING, errno.EIO, FOREVER), (CHANGING, errno.ENOSPC, 1), (CHANGING, errno.ENOSPC, FOREVER),
          (CHANGING | READ, errno.EINTR, 1), (WRITE | READ, SHORT, 1), (WRITE | READ, SHORT, FOREVER)]
MODES = ["make", "recover", "work"]
OPERATIONS = 60
# After these nobody knows what the log or the store holds: the server must end. (A write to data.mdb may be one of background
# work, which is not logged before: it is taken back and tried again.)
MUST_END = re.compile(r"(fdatasync .*/(log/\w+\.raw|store/data\.mdb)|pwrite .*/log/\w+\.raw)$")


class Work:
    """The fixed operations, and what came of them."""

    def __init__(self, host, model):
        self.host, self.model = host, model
        self.client = host.client()
        self.refused = 0

    def close(self):
        self.client.close()

    def send(self, kind, body, writes):
        """Sends a write of `writes` (key, value); False when nothing more can come of it."""
        for key, value in writes:
            self.model.tries(key, value)
        self.client.send(kind, body)
        answer = receive(self.client, self.host)
        if answer is None:
            return False
        for key, value in writes:
            if server.STATUS in answer:
                self.model.is_refused(key)
            else:
                self.model.is_done(key, value)
        self.refused += server.STATUS in answer
        return True

    def put(self, key, value):
        return self.send(server.PUT, {server.TABLE: "t", server.ITEM: {"id": key, "v": value, "g": "g"}}, [(key, value)])

    def delete(self, key):
        return self.send(server.DELETE, {server.TABLE: "t", server.KEY: {"id": key}}, [(key, None)])

    def transact(self, value):
        writes = [(f"tx{n}", value) for n in range(3)]
        changes = [{server.TABLE: "t", server.KIND: "put", server.ITEM: {"id": key, "v": value, "g": "g"}} for key, _ in writes]
        return self.send(server.TRANSACT, {server.CHANGES: changes}, writes)

    def build_index(self):
        return self.send(server.ALTER, {server.TABLE: "t", server.INDEXES: [{server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}]}, [])

    def step(self, number):
        if number == OPERATIONS // 3:
            return self.build_index()
        if number % 10 == 9:
            return self.transact(f"t{number}")
        if number % 7 == 3:
            return self.delete(f"k{number % 12}")
        return self.put(f"k{number % 12}", f"{number}-" + "x" * 3000)

    def run(self):
        for number in range(OPERATIONS):
            if not self.step(number) or self.refused >= 4:
                return


def create_table(host, model):
    """Until it is there; the server may have failed between making it and saying so."""
    client = host.client()
    client.send(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
    answer = receive(client, host)
    client.close()
    assert answer is not None and answer.get(server.STATUS, 2) == 2, answer
    model.tries("made", None)


class Trial:
    """One call that fails."""

    def __init__(self, directory, faults, pristine, mode, kinds, number, lasts):
        self.directory, self.control, self.mode = directory, faults, mode
        self.kinds, self.number, self.lasts = kinds, number, lasts
        self.data = os.path.join(directory, "data")
        self.model = Model() if mode == "make" else pristine.model.copy()
        shutil.rmtree(self.data, ignore_errors=True)
        if mode != "make":
            copy(pristine.work if mode == "work" else pristine.killed, self.data)

    def run(self, call):
        """The number of calls seen. `call` 0: none fails."""
        with Host(self.data, SETTINGS, self.control) as host:
            self.control.release()
            if self.mode != "work":
                self.control.arm(self.kinds, call, self.number, self.lasts)
            is_ready = host.start()
            if self.mode == "work":
                self.control.arm(self.kinds, call, self.number, self.lasts)
            if is_ready and self.mode != "make":
                self.serve(host)
            self.end(host, is_ready)
            seen = self.control.word(control.SEEN)
        self.look()
        return seen

    def serve(self, host):
        work = Work(host, self.model)
        work.run() if self.mode == "work" else work.put("k0", "after")
        if host.is_alive() and self.number == errno.ENOSPC:
            self.heal(host, work)
        work.close()

    def heal(self, host, work):
        """There is space again."""
        self.control.disarm()
        for _ in range(100):
            if not host.is_alive() or not work.put("healed", "yes") or "healed" in work.model.acknowledged:
                return
            time.sleep(0.1)
        raise AssertionError("writes are refused although there is space")

    def end(self, host, is_ready):
        """It ends for a reason that it tells, or when it is told to."""
        failed = self.control.text()
        if is_ready and host.is_alive():
            code = host.stop()
            assert code in (0, FATAL), f"a clean stop ended with {code}: {host.said()[-300:]}"
        else:
            code = host.wait()
            assert code in ((FATAL,) if is_ready else (1, FATAL)), f"it ended with {code}: {host.said()[-300:]}"
        assert code == 0 or host.said().strip(), f"it ended with {code} and said nothing"
        if self.mode == "work" and MUST_END.match(failed) and self.number not in (errno.EINTR, SHORT):
            assert code == FATAL, f"it goes on after a failed {failed}"
        self.control.disarm()

    def look(self):
        """A start without faults, and everything there."""
        with Host(self.data, SETTINGS) as host:
            assert host.start(), "afterwards it does not start: " + (host.wait(), host.said())[1][-300:]
            if self.mode == "make":
                create_table(host, self.model)
            client = host.client()
            rows = read_all(client)
            self.model.check(rows)
            assert len({rows.get(f"tx{n}") for n in range(3)}) == 1, "a part of a transaction"
            answer = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "last", "v": "l", "g": "g"}})
            check_index(client)
            rows = read_all(client)
            client.close()
            check_stream(host.addresses["native"], rows, answer[server.LSN])
            code = host.stop()
            assert code == 0, f"a clean stop ended with {code}"


def copy(source, target):
    subprocess.run(["cp", "-r", "--sparse=always", source, target], check=True)


class Pristine:
    """Directories that trials begin with: cleanly stopped, and killed with a torn frame at the log's end."""

    def __init__(self, directory):
        self.model = Model()
        self.work = os.path.join(directory, "stopped")
        self.killed = os.path.join(directory, "killed")
        with Host(self.work, SETTINGS) as host:
            assert host.start(), host.said()
            create_table(host, self.model)
            self.fill(host)
            copy(self.work, self.killed)
            self.tear(self.killed)
            assert host.stop() == 0

    def fill(self, host):
        work = Work(host, self.model)
        for number in range(40):
            assert work.put(f"k{number % 12}", f"before {number}-" + "x" * 3000)
        assert work.transact("before") and work.refused == 0
        work.close()

    @staticmethod
    def tear(data):
        """Half of a frame after the last one."""
        log = os.path.join(data, "log")
        for name in sorted(name for name in os.listdir(log) if name.endswith(".raw")):
            with open(os.path.join(log, name), "r+b") as file:
                used = len(file.read().rstrip(b"\0"))
                if used <= 64:
                    continue
                place = (used + 63) // 64 * 64, name
        with open(os.path.join(log, place[1]), "r+b") as file:
            file.seek(place[0])
            file.write(b"torn" * 40)


def all_cases(directory, faults, pristine):
    """Every call of a run without failures, in every way to fail."""
    cases = []
    for mode in MODES:
        for kinds, number, lasts in ERRORS:
            seen = Trial(directory, faults, pristine, mode, kinds, number, lasts).run(0)
            cases += [(mode, call, number, lasts) for call in range(1, seen + 1)]
    return cases


def kinds_of(number, lasts):
    return next(kinds for kinds, other, how in ERRORS if other == number and how == lasts)


def describe(case):
    mode, call, number, lasts = case
    return f"{mode},{call},{control.name_of(number)},{'once' if lasts == 1 else 'forever'}"


def parse(text):
    mode, call, name, how = text.split(",")
    return mode, int(call), SHORT if name == "short" else getattr(errno, name), 1 if how == "once" else FOREVER


def choose_cases(arguments, directory, faults, pristine):
    if arguments.case:
        return [parse(text) for text in arguments.case]
    seed = int(os.environ.get("OXBOW_SEED", str(random.SystemRandom().randrange(1 << 32))), 0)
    cases = all_cases(directory, faults, pristine)
    print(f"OXBOW_SEED={seed}; {len(cases)} cases there are", flush=True)
    random.Random(seed).shuffle(cases)
    return cases if arguments.all else cases[: arguments.cases]


def try_case(case, directory, faults, pristine):
    mode, call, number, lasts = case
    try:
        Trial(directory, faults, pristine, mode, kinds_of(number, lasts), number, lasts).run(call)
    except (AssertionError, server.Failure, KeyError) as problem:
        print(f"--case {describe(case)}: {faults.text()}: {problem}", flush=True)
        return False
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--case", action="append")
    arguments = parser.parse_args()
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    directory = tempfile.mkdtemp(prefix="oxbow-syscalls-", dir=base)
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(1))
    try:
        pristine = Pristine(directory)
        faults = Control(os.path.join(directory, "control"))
        cases = choose_cases(arguments, directory, faults, pristine)
        failures = sum(not try_case(case, directory, faults, pristine) for case in cases)
    finally:
        shutil.rmtree(directory)
    if failures:
        sys.exit(f"{failures} of {len(cases)} failing calls broke a promise")
    print(f"{len(cases)} failing calls: every acknowledged write was there, and nothing of a refused one")


main()
