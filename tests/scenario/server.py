"""A real server in a scratch directory, and a client of the native protocol written from model/wire/README.md."""
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import msgpack
import zmq

if "OXBOW" not in os.environ:
    sys.exit("OXBOW must name the program: OXBOW=build/debug/oxbow")
OXBOW = os.environ["OXBOW"]
STATUS, TEXT, TABLE, ITEM, KEY, ITEMS, LSN, TERM, TIME = range(9)
CONDITION, OLD, LIMIT, REVERSE, NEXT, PARTITION, SORT = 9, 10, 11, 12, 13, 14, 15
RECORDS, CREDIT, START, OPERATION, NEW = 19, 20, 21, 22, 30
CREATE, DESCRIBE, DROP, PUT, GET, DELETE, SCAN, HISTORY, SUBSCRIBE, GIVE = 2, 4, 5, 6, 7, 8, 9, 10, 11, 12
UPDATE, TRANSACT, TRUNCATE, ALTER, RESTORE = 13, 14, 15, 16, 17
AS_OF, EXPRESSION, NAMES, VALUES, CHANGE, KEY_CONDITION, FILTER, PROJECTION = 28, 33, 34, 35, 36, 37, 38, 39
INDEX, SEGMENT, SEGMENTS, SCANNED, TOKEN, CHANGES, WANT_NEW, INDEXES, TTL = 40, 41, 42, 43, 44, 45, 46, 47, 48
ROWS, BYTES, STATE, AS_OF_TIME, START_TIME, META, KIND, DROP_INDEX, TARGET = 49, 50, 51, 52, 53, 54, 55, 56, 57
DEPLOY, FUNCTIONS, INVOKE, REMOVE, MAP, MAPPINGS, UNMAP, UNSUBSCRIBE = 18, 19, 20, 21, 22, 23, 24, 25
FUNCTION, SOURCE, MAPPING, BATCH, EVENT, RESULT, LINES, TIMEOUT, RETRIES, DRY = 59, 60, 63, 64, 65, 66, 67, 68, 75, 76
PARKED_DELETE, PARKED, PROGRESS = 31, 85, 86
COMPARE, SINCE, SINCE_TIME = 32, 87, 88
FUNCTION_LIST, MAPPING_LIST, VERSION, HOPS, HORIZON = 61, 62, 27, 73, 25
MEMORY, METRICS, FAMILIES = 69, 29, 81
SCRUB, STAGE, DAMAGE = 30, 83, 84
REPEAT, JOB, DURABILITY, INTERVAL, CAUSE = 58, 74, 16, 17, 24


class Server:
    """Starts `oxbow serve` on a free port; `restart` keeps the data."""

    def __init__(self, *settings):
        self.directory = tempfile.mkdtemp(prefix="oxbow-scenario-")
        self.data = os.path.join(self.directory, "data")
        self.settings = list(settings)
        self.wrapper = []  # a command that becomes the server
        self.process = None
        self.address = None

    def start(self):
        command = [*self.wrapper, OXBOW, "serve", "--data", self.data, "--native", "127.0.0.1:0", "--http", "127.0.0.1:0", "--topics", "127.0.0.1:0", "--dynamodb", "127.0.0.1:0",
                   "--cql", "127.0.0.1:0",
                   *self.settings]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("ready native="), f"the server said {line!r}"
        self.address = line.split()[1].removeprefix("native=")
        self.http = line.split()[2].removeprefix("http=")
        self.topics = line.split()[3].removeprefix("topics=")
        self.dynamodb = line.split()[4].removeprefix("dynamodb=")
        self.dynamodb_tls = line.split()[5].removeprefix("dynamodb-tls=")
        self.cql = line.split()[6].removeprefix("cql=")
        self.cql_tls = line.split()[7].removeprefix("cql-tls=")
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        assert code == 0, f"a clean stop ended with {code}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory)

    def metric(self, name):
        """What /metrics says under this name, without labels."""
        with urllib.request.urlopen(f"http://{self.http}/metrics", timeout=60) as answer:
            return float(re.search(rf"^{name} (\S+)", answer.read().decode(), re.M).group(1))

    def run(self, *words, text=None):
        """Runs a verb, which does not hang; returns exit code, output, error."""
        done = subprocess.run([OXBOW, *words, "--server", self.address], capture_output=True, text=True, input=text, timeout=100)
        return done.returncode, done.stdout, done.stderr


class Failure(Exception):
    def __init__(self, body):
        super().__init__(f"{body[STATUS]}: {body.get(TEXT)}")
        self.status = body[STATUS]
        self.body = body


class Client:
    def __init__(self, address):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect("tcp://" + address)
        self.last = 0

    def close(self):
        self.socket.close()
        self.context.term()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def send(self, kind, body, number=None):
        if number is None:
            self.last += 1
            number = self.last
        self.socket.send_multipart([bytes([1, kind]), struct.pack(">Q", number), msgpack.packb(body)])
        return number

    def receive(self, timeout_ms=60000):
        """The next message: (request number, body); None when nothing comes."""
        if not self.socket.poll(timeout_ms):
            return None
        head, number, body = self.socket.recv_multipart()
        assert head[0] == 1
        return struct.unpack(">Q", number)[0], msgpack.unpackb(body, strict_map_key=False)

    def request(self, kind, body):
        number = self.send(kind, body)
        answer = self.receive()
        assert answer is not None, "no answer"
        assert answer[0] == number
        if STATUS in answer[1]:
            raise Failure(answer[1])
        return answer[1]


def scrub(client):
    """All damages that the server finds in its files, each as (stage, text)."""
    damages, position = [], b""
    while True:
        answer = client.request(SCRUB, {NEXT: position})
        if DAMAGE in answer:
            damages.append((answer[STAGE], answer[DAMAGE]))
        position = answer[NEXT]
        if not position:
            return damages


def expect_failure(call, status, words):
    try:
        call()
    except Failure as failure:
        assert failure.status == status, failure
        assert words in str(failure), failure
    else:
        raise AssertionError(f"no error; expected {words}")


def wait_for(what, check):
    """Waits until check() holds. The bound only ends a wait for what never comes: a busy machine may take its time."""
    for _ in range(1200):
        if check():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited 120 s for {what}")
