#!/usr/bin/python3
"""Operating a server: its settings checked and read again while it runs, diagnostics as text and JSON, and slow requests told
under the id that the client was given."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import boto3
from cassandra_client import cluster_of

import server
from server import OXBOW, Client, Server, wait_for


class Spoken(Server):
    """A server whose diagnostics go to a file."""

    def start(self):
        self.said = os.path.join(self.directory, "said")
        command = [OXBOW, "serve", "--data", self.data, "--native", "127.0.0.1:0", "--http", "127.0.0.1:0", "--topics", "off",
                   "--dynamodb", "127.0.0.1:0", "--cql", "127.0.0.1:0", *self.settings]
        with open(self.said, "w", encoding="utf-8") as said:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        words = dict(word.split("=", 1) for word in self.process.stdout.readline().split()[1:])
        self.address, self.http, self.dynamodb, self.cql = (words[n] for n in ("native", "http", "dynamodb", "cql"))
        return self

    def lines(self):
        with open(self.said, encoding="utf-8") as said:
            return said.read().splitlines()

    def wait(self, words):
        """The first line with these words."""
        wait_for(words, lambda: any(words in line for line in self.lines()))
        return [line for line in self.lines() if words in line][0]

    def reload(self, lines, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(lines)
        self.process.send_signal(signal.SIGHUP)


def serve(*words, **environment):
    done = subprocess.run([OXBOW, "serve", *words], capture_output=True, text=True, env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


def check_configuration():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "oxbow.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"data = {directory}/none # not made by a check\nslow-ms = 250\ndiagnostics = json\n")
        code, out, error = serve("--check-configuration", "--config", path)
        assert (code, error) == (0, ""), error
        assert "\nslow-ms = 250\n" in out and "\n# sweep-ms = 1000\n" in out and "\ndiagnostics = json\n" in out, out
        assert "config" not in out.replace("check-configuration", "config"), out
        assert not os.path.exists(directory + "/none")
        code, _, again = 0, None, None
        printed = os.path.join(directory, "printed.conf")
        with open(printed, "w", encoding="utf-8") as file:
            file.write(out)
        code, again, error = serve("--check-configuration", "--config", printed)
        assert (code, again) == (0, out), "what is printed is a configuration file"
        for words, expected in ((["--slow-ms", "x"], "must be a number"), (["--diagnostics", "xml"], "one of text, json"),
                                (["--cql", "nowhere"], "--cql nowhere: it must be ADDRESS:PORT"),
                                (["--cql-tls", "127.0.0.1:0"], "needs --tls-certificate"),
                                (["--http", "0.0.0.0:8080"], "--http 0.0.0.0:8080 is not a loopback address"),
                                (["--native", "0.0.0.0:1"], "--native 0.0.0.0:1 is not a loopback address"),
                                (["--tls-key", directory + "/absent"], "cannot be read")):
            code, _, error = serve("--check-configuration", "--data", directory, *words)
            assert code == 2 and expected in error, (words, code, error)
        with open(path, "a", encoding="utf-8") as file:
            file.write("sweep-ms = 500\nslow-ms = 300\n")
        code, _, error = serve("--check-configuration", "--config", path)
        assert code == 2 and "oxbow.conf line 5: slow-ms is set in line 2 already" in error, error
        code, _, error = serve("--check-configuration", "--data", directory, OXBOW_DIAGNOSTICS_LEVEL="loud")
        assert code == 2 and "OXBOW_DIAGNOSTICS_LEVEL: diagnostics-level must be one of debug, info" in error, error


LARGE = "x" * 1_500_000  # a request with so much in it takes longer than a millisecond on any machine


def check_slow(host):
    """Each door tells its slow requests with the id that the client knows."""
    client = Client(host.address)
    client.request(server.CREATE, {server.TABLE: "things", server.PARTITION: [["id", "text"]]})
    client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": "a", "note": LARGE}})
    line = json.loads(host.wait('"operation":"put"'))
    assert line["level"] == "warning" and line["component"] == "slow" and line["request"] == "%016x" % client.last, line
    assert line["door"] == "native" and line["subject"] == "things" and line["ms"] >= 1 and "error" not in line, line
    client.close()
    amazon = boto3.client("dynamodb", endpoint_url="http://" + host.dynamodb, region_name="us-east-1", aws_access_key_id="a",
                          aws_secret_access_key="b")
    try:
        amazon.put_item(TableName="things", Item={"id": {"S": "a"}, "note": {"S": LARGE}})
    except amazon.exceptions.ClientError as refused:
        answer = refused.response["ResponseMetadata"]
    line = json.loads(host.wait('"operation":"PutItem"'))
    assert line["request"] == answer["RequestId"] and line["subject"] == "things", line
    assert line["error"] == "ValidationException", line
    amazon.close()
    cluster, session = cassandra(host)
    session.execute("CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TABLE shop.t (k text PRIMARY KEY, v text)")
    result = session.execute(f"INSERT INTO shop.t (k, v) VALUES ('a', '{LARGE}')", trace=True)
    line = json.loads(host.wait("INSERT INTO shop.t"))
    assert line["request"] == str(result.response_future._query_traces[0].trace_id), line  # pylint: disable=protected-access
    assert line["door"] == "cql" and line["operation"] == "QUERY" and len(line["subject"]) == 240, line
    statement = session.prepare("INSERT INTO shop.t (k, v) VALUES (?, ?)")
    session.execute(statement, ("b", LARGE))
    line = json.loads(host.wait('"operation":"EXECUTE"'))
    assert line["subject"] == "shop.t" and line["request"].startswith("127.0.0.1:"), line
    cluster.shutdown()


def check_flood(host):
    """Of very many slow requests a few are told, and how many were not."""
    client = Client(host.address)
    for n in range(3000):
        client.send(server.PUT, {server.TABLE: "things", server.ITEM: {"id": str(n)}})
    assert all(client.receive() is not None for _ in range(3000))
    time.sleep(1.1)  # the next second's first line tells
    client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": "a", "note": LARGE}})
    client.close()
    host.wait('"held_back":')
    slow = [line for line in map(json.loads, host.lines()) if line["component"] == "slow"]
    with urllib.request.urlopen(f"http://{host.http}/metrics") as page:
        total = re.search(r"^oxbow_slow_requests_total (\d+)", page.read().decode(), re.M)
    assert len(slow) + sum(line.get("held_back", 0) for line in slow) == int(total[1]) > len(slow), (len(slow), total[1])


def cassandra(host):
    cluster = cluster_of(host.cql)
    return cluster, cluster.connect()


def check_reload(host, path):
    host.reload("diagnostics = text\nslow-ms = 0\nsweep-ms = 500\n", path)
    said = host.wait("the settings were read again")
    assert " info    serve: " in said, "the new form holds at once: " + said
    lines = host.lines()
    assert any("--sweep-ms cannot change while the server runs; restart it" in line for line in lines), lines
    assert any("--slow-ms has changed" in line and "setting" in line for line in lines), lines
    host.reload("slow-ms = 1\nnonsense = 3\n", path)
    assert "there is no setting nonsense" in host.wait("the settings stay as they were")
    before = len(host.lines())
    client = Client(host.address)
    client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": "b", "note": LARGE}})
    client.close()
    assert len(host.lines()) == before, "slow requests are no longer told"


def check_forging(host, path):
    """What a client names cannot begin a line of its own."""
    host.reload("slow-ms = 1\n", path)
    wait_for("the reload", lambda: sum("the settings were read again" in line for line in host.lines()) == 2)
    forged = "x\n2026-01-01T00:00:00.000000Z error   serve: forged"
    cluster, session = cassandra(host)
    session.execute(f"INSERT INTO shop.t (k, v) VALUES ('{forged}', '{LARGE}')")
    assert "x\\n2026" in host.wait("forged")
    assert not any(line.startswith("2026-01-01") for line in host.lines())
    session.execute(f"INSERT INTO shop.t (k, v) VALUES ('hush', 'the password {LARGE}')")
    host.wait("(a statement with a password)")
    assert not any("hush" in line for line in host.lines())
    cluster.shutdown()


def ready(host):
    connection = http.client.HTTPConnection(host.http, timeout=120)
    connection.request("GET", "/ready")
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert (answer.status == 200) == told["ready"], (answer.status, told)
    return told


def check_full(directory):
    """A log that has all it may have refuses writes, and takes them again when it may have more, without a restart."""
    path = os.path.join(directory, "full.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("segment-bytes = 65536\nlog-bytes-max = 262144\n")
    with Spoken("--config", path) as host:
        client = Client(host.address)
        client.request(server.CREATE, {server.TABLE: "things", server.PARTITION: [["id", "text"]]})
        refused = None
        for i in range(100):
            try:
                client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": str(i), "note": os.urandom(7000).hex()}})
            except server.Failure as failure:
                refused = failure
                break
        assert refused is not None and "log_bytes_max" in str(refused), refused
        told = ready(host)
        assert [one["name"] for one in told["conditions"] if one["stops_writes"]] == ["log_full", "writes_refused"], told
        host.reload("segment-bytes = 65536\nlog-bytes-max = 10000000\n", path)
        host.wait("--log-bytes-max has changed")
        wait_for("room in the log", lambda: put_goes(client))
        wait_for("the server to be ready again", lambda: ready(host)["ready"])
        client.close()


def check_directory(directory):
    """A directory that is somebody else's, and a database that lost the file which says whose it is, stay as they are."""
    foreign = os.path.join(directory, "foreign")
    os.mkdir(foreign)
    with open(os.path.join(foreign, "notes"), "w", encoding="utf-8"):
        pass
    code, _, error = serve("--data", foreign)
    assert code != 0 and "holds notes and is no Oxbow database" in error, error
    assert os.listdir(foreign) == ["notes"], os.listdir(foreign)
    with Server() as host:
        assert host.run("table", "create", "kept", "--partition", "id:text")[0] == 0
        assert host.run("put", "kept", '{"id":"a"}')[0] == 0
        host.stop()
        identity = os.path.join(host.data, "oxbow")
        os.rename(identity, os.path.join(directory, "oxbow"))
        code, _, error = serve("--data", host.data)
        assert code != 0 and "no file named oxbow" in error and "Nothing was changed" in error, error
        os.rename(os.path.join(directory, "oxbow"), identity)
        host.start()
        assert host.run("get", "kept", '{"id":"a"}')[1] == '{"id":"a"}\n'
    unfinished = Server()
    os.makedirs(os.path.join(unfinished.data, "log"))
    with open(os.path.join(unfinished.data, "making"), "w", encoding="utf-8"):
        pass
    with unfinished:
        assert sorted(os.listdir(unfinished.data)) == ["lock", "log", "oxbow", "store"], os.listdir(unfinished.data)


def put_goes(client):
    try:
        client.request(server.PUT, {server.TABLE: "things", server.ITEM: {"id": "more", "note": os.urandom(7000).hex()}})
    except server.Failure as failure:
        assert "log_bytes_max" in str(failure), failure
        return False
    return True


def check_notify():
    """systemd hears when the server serves and when it stops."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "notify")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(path)
        listener.settimeout(30)
        os.environ["NOTIFY_SOCKET"] = path
        try:
            with Server():
                assert listener.recv(100) == b"READY=1"
            assert listener.recv(100) == b"STOPPING=1"
        finally:
            del os.environ["NOTIFY_SOCKET"]
            listener.close()


def main():
    check_configuration()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "oxbow.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("diagnostics = json\nslow-ms = 1\n")
        with Spoken("--config", path) as host:
            check_slow(host)
            check_flood(host)
            check_reload(host, path)
            check_forging(host, path)
        check_full(directory)
        check_directory(directory)
    check_notify()


if __name__ == "__main__":
    main()
