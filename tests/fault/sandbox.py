#!/usr/bin/python3
"""Hostile functions (lua/*.lua) through a real server, as handlers and as CQL functions. Whatever they do: they are ended, with no more
processor time than their deadline and a bound past it, their process holds no more memory than it may, they reach no file and no other
function's data, and the server goes on: a sound function and reads are answered meanwhile and afterwards.

usage: sandbox.py [SCRIPTS|all]; OXBOW_SEED repeats a sample.
"""
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from check import read_all
import server
from cql_data import connect
from doors import Cql, Refused, Unknown
from functions import deploy
from server import Client, Server

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE_MS, PAST_MS = 300, 700  # of the processor: the server ends the process 200 ms past the deadline, late where it must wait for its own turn
CQL_DEADLINE_MS = 3000
MEMORY = 16 << 20
CQL_MEMORY = 64 << 20
BESIDE = 80 << 20  # of a process, beside what a function may have: program and libraries, values on their way out, messages of 16 MiB
ALWAYS = {"result_wide", "host_put_loop", "host_json_decode_wide", "host_in_gc"}  # what did harm once
TRIES = 3          # a machine that is busy may be late; a function that is not ended is so each time
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
SOUND = "function handler(event) return string.format('%d %s %d', event.a + event.b, ('ab'):rep(2), select('#', 1, 2)) end"
NAMES = """assert close collectgarbage concat coroutine create error getmetatable insert ipairs isyieldable load math move next pack pairs pcall print
 rawequal rawget rawlen rawset remove require resume running select setmetatable sort status string table tonumber tostring type unpack
 utf8 warn wrap xpcall yield _G _VERSION oxbow handler""".split()
FORBIDDEN = "io os package debug dofile loadfile string.dump".split()


def scripts(file):
    """[(name, body)]"""
    with open(os.path.join(HERE, "lua", file), encoding="utf-8") as lines:
        parts = lines.read().split("\n--- ")[1:]
    return [tuple(part.split("\n", 1)) for part in parts]


class Watch(threading.Thread):
    """The most memory that each worker process ever held and the processor time that it used, looked at again and again."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.server, self.most, self.used, self.before, self.is_over = host.process.pid, {}, {}, {}, False

    def workers(self):
        """[(pid, ticks of the processor)] of those that run functions"""
        parents, ticks = {}, {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
                parents[int(name)], ticks[int(name)] = int(fields[1]), int(fields[11]) + int(fields[12])
            except OSError:
                pass
        launchers = {pid for pid, parent in parents.items() if parent == self.server}
        return [(pid, ticks[pid]) for pid, parent in parents.items() if parent in launchers]

    def look(self):
        for pid, ticks in self.workers():
            self.used[pid] = ticks
            try:
                with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                    found = [int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")]
                self.most[pid] = max(self.most.get(pid, 0), *found, 0)
            except OSError:
                pass

    def run(self):
        while not self.is_over:
            self.look()
            time.sleep(0.01)

    def take(self):
        """The most memory, and the most milliseconds of the processor, of one process since the last time."""
        most, self.most = max(self.most.values(), default=0), {}
        used = {pid: ticks - self.before.get(pid, 0) for pid, ticks in dict(self.used).items()}
        self.before = dict(self.used)
        return most, max(used.values(), default=0) * TICK_MS


def invoke(client, name, event=None):
    """The result, or the error's text."""
    client.send(server.INVOKE, {server.FUNCTION: name, server.EVENT: event or {}})
    answer = client.receive(60000)
    assert answer is not None, f"{name} never ends"
    return answer[1].get(server.TEXT) if server.STATUS in answer[1] else answer[1].get(server.RESULT)


def is_sound(host):
    with Client(host.address) as client:
        assert invoke(client, "sound", {"a": 2, "b": 3}) == "5 abab 2"
        assert read_all(client) == {"a": "v"}
    assert host.process.poll() is None, f"the server ended with {host.process.returncode}"


def run_handler(host, watch, name, body):
    """(milliseconds of the processor, bytes of memory) at its best of some tries; what it said."""
    with Client(host.address) as client:
        deploy(client, name, f"function handler(event)\n{body}\nend", timeout=DEADLINE_MS, memory=MEMORY)
        best = None
        for _ in range(TRIES):
            watch.take()
            said = invoke(client, name)
            most, lasted = watch.take()
            assert "not what it was" not in str(said), f"{name}: {said}"
            assert most <= MEMORY + BESIDE, f"{name} held {most >> 20} MiB"
            best = lasted if best is None else min(best, lasted)
            if best <= DEADLINE_MS + PAST_MS:
                break
        assert best <= DEADLINE_MS + PAST_MS, f"{name} had {best:.0f} ms of the processor, its deadline is {DEADLINE_MS} ms"
        client.request(server.REMOVE, {server.FUNCTION: name})
    return best, most, said


def run_in_cql(host, name, body):
    door = Cql(host)
    door.socket.settimeout(60)
    try:
        door.execute(f"CREATE FUNCTION ks.{name} (k int) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS $${body}$$")
        door.execute(f"SELECT ks.{name}(k) FROM ks.one")
        return "came back"
    except Refused:
        return "failed"
    except Unknown as unknown:
        return f"error {str(unknown)[:60]}"
    finally:
        door.close()


def names_there(host):
    """Nothing is there but what is documented."""
    with Client(host.address) as client:
        deploy(client, "names", """function handler()
          local found, there = oxbow.list{}, oxbow.list{}
          for name in pairs(_G) do found[#found + 1] = name end
          for _, name in ipairs{'table', 'coroutine'} do for key in pairs(_G[name]) do found[#found + 1] = key end end
          for _, path in ipairs{'io', 'os', 'package', 'debug', 'dofile', 'loadfile'} do if _G[path] ~= nil then there[#there + 1] = path end end
          if string.dump then there[#there + 1] = 'string.dump' end
          for _, path in ipairs{'io', 'os', 'debug', '../main', '/etc/passwd', 'main\\0x'} do
            local ok = pcall(require, path) if ok then there[#there + 1] = 'require ' .. path end
          end
          return {found = found, there = there}
        end""")
        answer = invoke(client, "names")
        assert answer["there"] == [], answer
        unknown = set(answer["found"]) - set(NAMES)
        assert not unknown, f"names that are not documented: {unknown}"


SPOIL = """secret = 'mine' string.rep = function() return 'spoilt' end select = nil getmetatable('').__index = function() return error end
 setmetatable(_G, {__index = function() return 'spoilt' end}) math.huge = 0 table.concat = nil"""
LOOK = "return tostring(rawget(_G, 'secret')) .. ' ' .. ('ab'):rep(2) .. ' ' .. tostring(getmetatable(_G)) .. ' ' .. math.huge .. ' ' .. table.concat({1, 2})"
CLEAN = "nil abab nil inf 12"


def apart(host):
    """What one function does to its globals, libraries and metatables, no other one sees."""
    with Client(host.address) as client:
        deploy(client, "spoil", f"function handler() {SPOIL} return 'x' end")
        deploy(client, "look", f"function handler() {LOOK} end")
        for _ in range(4):
            invoke(client, "spoil")
            assert invoke(client, "look") == CLEAN, invoke(client, "look")
    cluster, session = connect(host)
    for name, body in (("spoil", SPOIL + " return 'x'"), ("look", LOOK)):
        session.execute(f"CREATE FUNCTION {name} (k int) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS $${body}$$")
    for _ in range(4):
        assert session.execute("SELECT spoil(k) FROM one").one() is not None
        assert session.execute("SELECT look(k) FROM one").one()[0] == CLEAN
    row = session.execute("SELECT spoil(k), look(k) FROM one").one()
    assert row[1] == CLEAN, row
    cluster.shutdown()


def endless_module(host):
    """A module that never ends is refused when its time is over, and others go on meanwhile."""
    with Client(host.address) as client, Client(host.address) as other:
        client.send(server.DEPLOY, {server.FUNCTION: "endless", server.SOURCE: {"main": "while true do pcall(function() while true do end end) end"}})
        assert invoke(other, "sound", {"a": 2, "b": 3}) == "5 abab 2"
        answer = client.receive(60000)
        assert answer is not None and server.STATUS in answer[1], answer


def sample(corpus, count, choose):
    """All, or so many and those that always are to be run."""
    if count == "all":
        return corpus
    others = [script for script in corpus if script[0] not in ALWAYS]
    return [script for script in corpus if script[0] in ALWAYS] + choose.sample(others, min(int(count), len(others)))


def main():
    count = sys.argv[1] if len(sys.argv) > 1 else "12"
    seed = int(os.environ.get("OXBOW_SEED", str(random.randrange(2**32))), 0)
    print(f"seed: OXBOW_SEED={seed:#x}, {count} scripts", flush=True)
    choose, started = random.Random(seed), time.monotonic()
    both, handlers = scripts("hostile.lua"), scripts("native.lua")
    with Server() as host:
        watch = Watch(host)
        watch.start()
        with Client(host.address) as client:
            client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]]})
            client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "a", "v": "v"}})
            deploy(client, "sound", SOUND)
        cluster, session = connect(host)
        session.execute("CREATE TABLE one (k int PRIMARY KEY)")
        session.execute("INSERT INTO one (k) VALUES (1)")
        cluster.shutdown()
        names_there(host)
        apart(host)
        chosen = sample(both + handlers, count, choose)
        slowest, largest = 0, 0
        for name, body in chosen:
            lasted, most, said = run_handler(host, watch, name, body)
            slowest, largest = max(slowest, lasted), max(largest, most)
            if os.environ.get("OXBOW_VERBOSE"):
                print(f"{name:30} {lasted:6.0f} ms {most >> 20:4} MiB  {str(said)[:90]}", flush=True)
            is_sound(host)
        watch.take()
        with ThreadPoolExecutor(5) as pool:
            endless = pool.submit(endless_module, host)
            ended = list(pool.map(lambda script: run_in_cql(host, *script), sample(both, count, choose)))
            endless.result()
        most, _ = watch.take()
        assert most <= CQL_MEMORY + BESIDE, f"a CQL function held {most >> 20} MiB"
        is_sound(host)
        watch.is_over = True
        watch.join()
    print(f"{len(chosen)} handlers, the longest {slowest:.0f} ms, the largest {largest >> 20} MiB; {len(ended)} CQL functions "
          f"({ended.count('came back')} came back), the largest {most >> 20} MiB; {time.monotonic() - started:.0f} s")


main()
