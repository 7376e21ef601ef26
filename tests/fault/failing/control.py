"""The test's side of control.h: which calls of a server fail."""
import errno
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "scenario")]
import server  # noqa: E402
from server import Client  # noqa: E402

WRITE, SYNC, OPEN, SIZE, NAME, READ, ALLOCATION = 1, 2, 4, 8, 16, 32, 64
SHORT = 0
FOREVER = 2**62
WORD = struct.Struct("=Q")
OWNER, KINDS, FAILS_AT, NUMBER, LASTS, SEEN, FAILED, HELD = range(8)
TEXT_AT, TEXT_BYTES = 64, 192
FATAL, OUT_OF_MEMORY = 70, 71


def name_of(number):
    return "short" if number == SHORT else errno.errorcode[number]


class Control:
    """The file that both sides map."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(TEXT_AT + TEXT_BYTES))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def word(self, index, value=None):
        if value is not None:
            WORD.pack_into(self.map, index * WORD.size, value)
        return WORD.unpack_from(self.map, index * WORD.size)[0]

    def release(self):
        """The next process that starts is meant."""
        self.disarm()
        self.word(OWNER, 0)

    def arm(self, kinds, fails_at, number, lasts):
        self.disarm()
        for index, value in ((FAILS_AT, fails_at), (NUMBER, number), (LASTS, lasts), (SEEN, 0), (FAILED, 0), (KINDS, kinds)):
            self.word(index, value)

    def disarm(self):
        self.word(KINDS, 0)

    def hold(self):
        """The next sync of the log waits, and whoever wrote what it is to make durable."""
        self.word(HELD, 1)

    def wait_for_hold(self):
        until = time.monotonic() + 60
        while self.word(HELD) != 2:
            assert time.monotonic() < until, "the log was not synced"
            time.sleep(0.001)

    def let_go(self):
        self.word(HELD, 0)

    def text(self):
        """The first call that failed; empty when none did."""
        return self.map[TEXT_AT : TEXT_AT + TEXT_BYTES].split(b"\0")[0].decode() if self.word(FAILED) else ""


class Host:
    """A server whose calls may fail; without `control` a plain one. `start` does not insist that it comes up."""

    def __init__(self, data, settings, control=None):
        self.data, self.settings, self.control = data, settings, control
        self.process = None
        self.addresses = {}
        self.words = os.path.join(os.path.dirname(data), "said")

    def start(self):
        """True when it is ready."""
        environment = dict(os.environ)
        if self.control is not None:
            environment.update(LD_PRELOAD=os.environ["OXBOW_FAILING"], FAULT_CONTROL=self.control.path, FAULT_ROOT=self.data)
            self.control.word(OWNER, 0)
        command = [server.OXBOW, "serve", "--data", self.data, *self.settings]
        with open(self.words, "wb") as words:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, text=True, env=environment)
        if not select.select([self.process.stdout], [], [], 30)[0]:
            self.kill()
            raise AssertionError("a start that does not end: " + self.said()[-300:])
        line = self.process.stdout.readline()
        self.addresses = dict(word.split("=", 1) for word in line.split()[1:])
        return line.startswith("ready")

    def client(self):
        return Client(self.addresses["native"])

    def is_alive(self):
        return self.process.poll() is None

    def said(self):
        with open(self.words, encoding="utf-8", errors="replace") as words:
            return words.read()

    def wait(self):
        """Its exit code; a server that does not end is a failure."""
        try:
            code = self.process.wait(timeout=120)
        except subprocess.TimeoutExpired as problem:
            self.kill()
            raise AssertionError("it neither stops nor serves: " + self.said()[-300:]) from problem
        self.process.stdout.close()
        return code

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process is not None and self.is_alive():
            self.kill()


def receive(client, host, seconds=20):
    """The next answer; None when the server has ended without one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = client.receive(50)
        if answer is not None:
            return answer[1]
        if not host.is_alive():
            last = client.receive(50)
            return last and last[1]
    raise AssertionError(f"no answer for {seconds} s from a server that runs")
