#!/usr/bin/python3
"""The program as a person uses it: verbs, exit codes, errors that say what to do, and what stands in the way of a start."""
import json
import os
import socket
import subprocess
import time
import urllib.request

from server import OXBOW, Server, wait_for


def expect(result, code, out=None, error=None):
    assert result[0] == code, result
    assert out is None or out in result[1], result
    assert error is None or error in result[2], result


def verbs(running):
    expect(running.run("table", "create", "t", "--partition", "id:text", "--sort", "n:number:desc"), 0, "created")
    expect(running.run("table", "create", "t", "--partition", "id:text"), 4, error="exists already")
    expect(running.run("table", "create", "u", "--partition", "id:counter"), 2,
           error="counter type is not supported for PRIMARY KEY column 'id'")
    expect(running.run("table", "create", "u", "--partition", "id:nothing"), 2, error="no type is called")
    expect(running.run("table", "create", "a b", "--partition", "id:text"), 2, error="table's name")
    expect(running.run("table", "describe", "t"), 0, "n number desc")
    for n in ("1", "2.5", "-3", "1e20"):
        expect(running.run("put", "t", '{"id":"a","n":%s}' % n), 0)
    expect(running.run("query", "t", '{"id":"a"}'), 0, '{"id":"a","n":100000000000000000000}\n{"id":"a","n":2.5}\n')
    expect(running.run("query", "t", '{"id":"a"}', "--reverse", "--limit", "1"), 0, '{"id":"a","n":-3}\n')
    expect(running.run("put", "t", '{"id":"a","n":1}', "--if-absent"), 4, error="exists already")
    expect(running.run("get", "t", '{"id":"a","n":7}'), 3, error="no such item")
    expect(running.run("put", "t", "not json"), 2, error="not JSON at byte")
    expect(running.run("put", "t", "[1]"), 2, error="must be a JSON object")
    expect(running.run("put", "t", '{"id":"a","n":1e200}'), 2, error="9.99")
    expect(running.run("delete", "t", '{"id":"a","n":1}', "--old"), 0, '{"id":"a","n":1}')
    expect(running.run("import", "t", "-", text='{"id":"b","n":1}\n\n{"id":"b","n":2}\nbroken\n'), 2, error="line 4: ")
    for text, options in ("broken\n", ()), ("\n", ("--csv",)):  # nothing was sent: no answer is waited for
        expect(running.run("import", "t", "-", *options, text=text), 2, error="oxbow import: 0 items were written\n")
    many = "".join('{"id":"%s","n":%d}\n' % ("many" if n != 40 else "", n) for n in range(100))
    expect(running.run("import", "t", "-", text=many), 2, error="line 41: ")
    expect(running.run("import", "t", "/"), 1, error="line 1: cannot be read: ")
    expect(running.run("import", "t", "-", text='{"id":"' + "x" * 33554432), 2, error="line 1: more than 33554432 bytes")
    expect(running.run("import", "t", "-", "--csv", text="id,n\na,1\n\0,2\n"), 2, error="line 3: a NUL byte")
    expect(running.run("import", "t", "-", "--csv", text="\ufeffid,n,\r\nbom,1,\r\n"), 0, "1 item imported")
    expect(running.run("import", "t", "-", text=many), 2, error="oxbow import: 99 items were written\n")
    paged = "".join(json.dumps({"id": "paged", "n": 1, "v": v, "filler": "x" * 300000}) + "\n" for v in range(12))
    expect(running.run("import", "t", "-", text=paged), 0, "12 items")
    for more, count in ((), 12), (("--limit", "5"), 5):
        shown = [json.loads(line) for line in running.run("history", "t", '{"id":"paged","n":1}', *more)[1].splitlines()]
        assert len({change["lsn"] for change in shown}) == len(shown) == count, len(shown)
    aside = running.directory + "/refused"
    expect(running.run("import", "t", "-", "--rejects", aside, text='{"id":"good","n":1}\nrubbish\n{"no":"key"}\n\0\n{"id":"best","n":1}\n'), 0, "2 items imported", error="3 lines were refused and put aside")
    with open(aside, encoding="utf-8") as file:
        refused = sorted(file.read().split("\n"))
    assert refused == ["", "", "rubbish", '{"no":"key"}'], refused
    expect(running.run("import", "t", "-", "--rejects", "/none/at/all", text='{"id":"a"}\n'), 3, error="cannot write /none/at/all: No such file")
    expect(running.run("import", "t", "-", "--csv", text='id,n,note\nc,1,"a ""quoted"", one"\nc,2,\n'), 0, "2 items")
    expect(running.run("import", "t", "-", "--csv", text="id,n,id\nc,2,3\n"), 2, error="two columns have the name id")
    expect(running.run("import", "t", "-", "--csv", text='id,n\nc,2,3\n'), 2, error="line 2: the line has more fields than the 2 columns")
    expect(running.run("import", "t", "-", "--csv", "--rejects", aside + ".csv", text='id,n\nc,x\nd,1\ne,"2"2\n'), 0, "1 item imported", error="2 lines were refused and put aside")
    with open(aside + ".csv", encoding="utf-8") as file:
        assert sorted(file.read().split("\n")) == ["", "c,x", 'e,"2"2', "id,n"], "they can be mended and imported again"
    expect(running.run("query", "t", '{"id":"c"}'), 0, 'a \\"quoted\\", one')
    expect(running.run("import", "t", "-", "--csv", text='id,n,note\r\nlines,1,"one\r\n""two"",\n"\r\nlines,2,5" pipe\r\nlines,x,\r\n'), 2, error="line 6: ")
    expect(running.run("query", "t", '{"id":"lines"}'), 0, '{"id":"lines","n":2,"note":"5\\" pipe"}\n{"id":"lines","n":1,"note":"one\\u000d\\n\\"two\\",\\n"}\n')
    expect(running.run("tail", "t", "--from", "oldest", "--count", "1"), 0, '"operation":"insert"')
    expect(running.run("tail", "t", "--from", "never"), 2, error="--from must be latest, oldest, snapshot, a number (an LSN), a time")
    records = [json.loads(line) for line in running.run("tail", "t", "--from", "oldest", "--until", "now")[1].splitlines()]
    held = running.run("scan", "t")[1].splitlines()
    assert len(records) > len(held) > 5, (records, held)
    expect(running.run("tail", "t", "--from", "oldest", "--until", str(records[2]["lsn"])), 0, "".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n" for record in records[:3]))
    expect(running.run("tail", "t", "--from", "oldest", "--until", records[1]["time"]), 0, '"lsn":%d,' % records[1]["lsn"])
    expect(running.run("tail", "t", "--from", "oldest", "--until", "1d"), 0, "")
    assert running.run("tail", "t", "--from", "oldest", "--until", "1d")[1] == "" == running.run("tail", "t", "--until", "now")[1]
    assert len(running.run("tail", "t", "--from", "snapshot", "--until", "now")[1].splitlines()) == len(held)
    expect(running.run("tail", "t", "--until", "2199-01-01T00:00:00Z"), 2, error="--until must be a time that has been")
    expect(running.run("tail", "t", "--until", "then"), 2, error="--until must be now, a number (an LSN), a time")
    expect(running.run("frobnicate"), 2, error="no verb")
    expect(running.run("put", "t"), 2, error="usage:")
    expect(running.run("put", "t", "{}", "--what"), 2, error="unknown option")
    expect(running.run("put", "t", '{"id":"dry"}', "--dry-run"), 2, error="--dry-run is no option of put")
    expect(running.run("get", "t", '{"id":"dry"}', "--if", "a = 1"), 2, error="--if is no option of get")
    expect(running.run("status"), 0, "committed_lsn")
    expect(running.run("restore", "t", "back", "--as-of", "0s"), 0, "items, as of LSN ")
    expect(running.run("put", "back", '{"id":"c","n":1}'), 0)
    changed = '{"operation":"modify","old":{"id":"c","n":1,"note":"a \\"quoted\\", one"},"new":{"id":"c","n":1}}\n'
    expect(running.run("delete", "back", '{"id":"bom","n":1}'), 0)
    removed = '{"operation":"remove","old":{"id":"bom","n":1}}\n'
    differs = running.run("diff", "t", "back")
    assert differs in ((0, changed + removed, ""), (0, removed + changed, "")), differs
    expect(running.run("diff", "t", "back", "--filter", "attribute_exists(old.note)"), 0, changed)
    assert running.run("diff", "t", "back", "--limit", "1")[1] == differs[1].splitlines(True)[0]
    expect(running.run("diff", "t", "--since", "0s"), 0, "")
    expect(running.run("diff", "t"), 2, error="give a moment (--since), or another table")
    expect(running.run("diff", "t", "--since", "2999-01-01T00:00:00Z"), 2, error="has not come yet")
    expect(running.run("table", "create", "gone", "--partition", "id:text"), 0)
    lsns = []
    for v in 1, 2:
        expect(running.run("put", "gone", '{"id":"a","v":%d}' % v), 0)
        lsns.append(json.loads(running.run("history", "gone", '{"id":"a"}')[1].splitlines()[-1])["lsn"])
    expect(running.run("table", "drop", "gone"), 0)
    expect(running.run("history", "gone", '{"id":"a"}'), 3, error="there is no table gone")
    for known, lsn in enumerate(lsns):
        shown = running.run("history", "gone", '{"id":"a"}', "--as-of", str(lsn))[1].splitlines()
        assert [json.loads(line)["new"]["v"] for line in shown] == [1, 2][:known + 1], shown
    assert subprocess.run([OXBOW, "limits", "--help"], capture_output=True, text=True).stdout.startswith("usage: oxbow limits")
    assert subprocess.run([OXBOW, "limits", "all"], capture_output=True, text=True).returncode == 2
    assert "item " in subprocess.run([OXBOW, "limits"], capture_output=True, text=True).stdout


def moments(running):
    """A moment is an LSN, a time with its zone or an age; one that was not or is not yet is no other."""
    expect(running.run("table", "create", "m", "--partition", "id:text"), 0)
    expect(running.run("put", "m", '{"id":"now"}'), 0)
    now = time.time() + 0.001
    zones = ("%Y-%m-%dT%H:%M:%S.999Z", 0), ("%Y-%m-%d %H:%M:%S.999+05:30", 19800), ("%Y-%m-%dT%H:%M:%S.999-03:00", -10800)
    time.sleep(1)
    for form, offset in zones:
        written = time.strftime(form, time.gmtime(now + offset))
        expect(running.run("scan", "m", "--as-of", written), 0, '{"id":"now"}')
    expect(running.run("scan", "m", "--as-of", "2000-01-01 14:00Z"), 1, error="before the first commit at 20")
    expect(running.run("scan", "m", "--as-of", "2000-01-01T14:00"), 2, error="a time with its zone")
    expect(running.run("scan", "m", "--as-of", "2999-01-01T00:00:00Z"), 2, error="has not come yet: it is 20")
    expect(running.run("restore", "m", "m2", "--as-of", "2999-01-01T00:00:00Z"), 2, error="has not come yet")
    for ancient in "1970-01-01T00:00:00Z", "1969-12-31 23:59+00:00", "30000d":
        expect(running.run("scan", "m", "--as-of", ancient), 1, error="before the first commit at 20")
    for wrong in "2026-02-30T00:00:00Z", "2026-11-21T08:15.5Z", "2026-11-21 8:15Z", "2026-11-21 08:15+ 1:00", "99999999999999999999":
        expect(running.run("scan", "m", "--as-of", wrong), 2, error="--as-of must be a number (an LSN), a time")
    expect(running.run("scan", "m", "--as-of", "0"), 1, error="LSN 0 lies before the first commit")
    expect(running.run("scan", "--help"), 0, "a time with its zone")


def parked(running):
    """What a function cannot handle is shown, goes through a version that can, or is given up."""
    def deploy(source, *more):
        with open(os.path.join(running.directory, "main.lua"), "w", encoding="utf-8") as file:
            file.write(f"function handler(e) {source} end")
        return running.run("deploy", "picky", file.name, *more)

    expect(running.run("table", "create", "p", "--partition", "id:text"), 0)
    expect(deploy("error('no ' .. e.records[1].keys.id)", "--on", "p", "--retries", "0"), 0)
    for item in "abc":
        expect(running.run("put", "p", '{"id":"%s"}' % item), 0)
    wait_for("what is parked", lambda: running.run("parked")[1].count("\n") == 3)
    shown = [json.loads(line) for line in running.run("parked", "list", "picky")[1].splitlines()]
    assert [row["records"][0]["keys"]["id"] for row in shown] == list("abc") and "no a" in shown[0]["error"], shown
    lsns = [str(row["lsn"]) for row in shown]
    expect(running.run("status"), 0, "oxbow parked retry MAPPING")
    expect(running.run("parked", "retry", "picky"), 5, error=f"LSN {lsns[0]} stays parked: ")
    expect(running.run("parked", "discard", "picky", lsns[1]), 0, "discarded")
    expect(running.run("parked", "discard", "picky", lsns[1]), 3, error="parked: the mapping picky has parked nothing")
    expect(running.run("parked", "retry", "picky", lsns[1]), 3, error="oxbow parked list tells")
    expect(deploy("print('seen', e.records[1].keys.id)"), 0, "version 2")
    expect(running.run("functions"), 0, '"function":"picky","invocations"')
    expect(running.run("parked", "retry", "picky", "--dry-run"), 0, "would go through", "seen\ta")
    expect(running.run("parked", "retry", "picky"), 0, f"picky LSN {lsns[0]} went through\npicky LSN {lsns[2]} went")
    expect(running.run("parked"), 0, "")
    assert running.run("parked")[1] == ""
    expect(deploy("", "--on", "p"), 4, "version 3", "the version is stored, but not put on table p: there is another mapping")
    expect(deploy("", "--on", "p", "--retries", "0"), 0, "it runs on the changes of table p from LSN")  # as the first time: it goes on
    for words in ("retry",), ("discard", "picky"), ("discard", "picky", lsns[0], "--dry-run"), ("what",):
        expect(running.run("parked", *words), 2, error="usage: oxbow parked")


def starts(running):
    def start(*arguments, **environment):
        command = [OXBOW, "serve", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "OXBOW_HTTP": "off", "OXBOW_TOPICS": "off", "OXBOW_DYNAMODB": "off", "OXBOW_CQL": "off", **environment})
        return done.returncode, done.stdout, done.stderr

    other = os.path.join(running.directory, "other")
    expect(start(), 2, error="--data DIR")
    expect(start("--data", running.data), 1, error="in use by another server")
    expect(start("--data", other, "--native", running.address), 1, error="choose another address")
    expect(start("--data", other, "--native", "0.0.0.0:7771"), 1, error="--native 0.0.0.0:7771 is not a loopback address")
    expect(start("--data", other, "--topics", "localhost"), 2, error="--topics localhost: it must be ADDRESS:PORT")
    expect(start("--data", other, "--native", "nonsense"), 2, error="ADDRESS:PORT")
    expect(start("--data", other, "--segment-bytes", "5"), 2, error="from 65536")
    expect(start("--data", other, "--nothing", "5"), 2, error="unknown argument")
    expect(start("--data", other, OXBOW_MAP_BYTES="x"), 2, error="OXBOW_MAP_BYTES")
    settings = os.path.join(running.directory, "settings")
    with open(settings, "w", encoding="utf-8") as file:
        file.write("# a comment\nnative = off\nsegment-bytes = lots\n")
    expect(start("--data", other, "--config", settings), 2, error="line 3")
    full = os.path.join(running.directory, "full")
    os.mkdir(full)
    with open(os.path.join(full, "mine"), "w", encoding="utf-8") as file:
        file.write("precious")
    expect(start("--data", full), 1, error="holds mine")
    newer = os.path.join(other, "oxbow")
    with open(newer, "r+b") as file:
        file.seek(4)
        file.write(bytes([0, 0, 0, 9]))
    expect(start("--data", other), 1, error="newer version")


def subscribers(running):
    with urllib.request.urlopen(f"http://{running.http}/metrics", timeout=60) as answer:
        return int(float(next(line for line in answer.read().decode().splitlines() if line.startswith("oxbow_subscriptions ")).split()[1]))


def without_a_server(running):
    """What is said when the server is not there, goes, and comes back; `tail` goes on where it was."""
    def follow(*words):
        return subprocess.Popen([OXBOW, "tail", "t", "--server", running.address, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def number(line):
        return json.loads(line)["new"]["n"]

    def seen(tail, count):
        return [number(tail.stdout.readline()) for _ in range(count)]

    def rest(tail):
        found = [number(line) for line in tail.stdout]  # until it ends
        said = tail.stderr.read()
        assert tail.wait() == 0 and "goes on when the server is back" in said, (tail.returncode, said)
        return found

    def put(n):
        expect(running.run("put", "t", json.dumps({"id": "went", "n": n})), 0)

    running.settings += ["--native", running.address]  # where clients look for it again
    put(100)
    at = int(json.loads(running.run("history", "t", '{"id":"went","n":100}')[1])["lsn"])
    before = subscribers(running)
    everything, latest = follow("--from", str(at), "--count", "5"), follow("--count", "4")
    wait_for("two subscriptions", lambda: subscribers(running) >= before + 2)
    put(101)
    assert seen(everything, 2) == [100, 101] and seen(latest, 1) == [101]  # they know where they are
    put(102)
    running.kill()
    for words in (("get", "t", '{"id":"went","n":100}'), ("put", "t", '{"id":"went","n":103}')):
        expect(running.run(*words), 1, error=f"oxbow {words[0]}: nothing answers at {running.address}; is `oxbow serve` running there?")
    running.start()
    put(104)  # that of 103 was not sent, and is not carried out now
    running.stop()
    running.start()
    put(105)
    assert rest(everything) == [102, 104, 105]
    assert rest(latest) == [102, 104, 105]


def has_v6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def both_addresses_of_localhost():
    """localhost is 127.0.0.1 and, where the machine has it, ::1, for ZeroMQ's sockets as for the others."""
    with Server("--native", "localhost:0", "--topics", "localhost:0") as running:
        assert running.address.startswith("127.0.0.1:") and running.topics.startswith("127.0.0.1:"), (running.address, running.topics)
        port = running.address.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost", *(["[::1]"] if has_v6() else [])):
            done = subprocess.run([OXBOW, "status", "--server", f"{host}:{port}"], capture_output=True, text=True)
            assert done.returncode == 0 and "committed_lsn" in done.stdout, (host, done)


def main():
    both_addresses_of_localhost()
    with Server() as running:
        verbs(running)
        parked(running)
        moments(running)
        starts(running)
        without_a_server(running)
    done = subprocess.run([OXBOW, "status", "--server", "127.0.0.1:1"], capture_output=True, text=True)
    assert done.returncode == 1 and "oxbow serve" in done.stderr, done


main()
