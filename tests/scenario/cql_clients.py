#!/usr/bin/python3
"""CQL with other people's drivers: DataStax's for Node.js (tests/clients, when npm's registry is there), gocql (when Debian's is
there), and DataStax's for Python in every version, compressed and over TLS; and what was acknowledged outlives a kill."""
import collections
import itertools
import os
import ssl
import subprocess
import tempfile
import threading
import time

import dynamodb_clients
from cassandra import AlreadyExists
from cassandra.auth import PlainTextAuthProvider
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.query import BatchStatement, SimpleStatement
from cassandra_client import cluster_of
from server import OXBOW, Server, wait_for



def connect(address, version=4, **options):
    cluster = cluster_of(address, version, **options)
    try:
        return cluster, cluster.connect()
    except Exception:
        cluster.shutdown()  # its threads would go on beside all that follows
        raise


def python_pages(session):
    """Pages of every size tell the same rows in the same order."""
    session.execute("CREATE TABLE python.pages (p int, c int, s text static, v text, PRIMARY KEY (p, c))")
    insert = session.prepare("INSERT INTO python.pages (p, c, v) VALUES (?, ?, ?)")
    execute_concurrent_with_args(session, insert, [(i % 5, i // 5, f"v{i}") for i in range(50)])
    session.execute("UPDATE python.pages SET s = 'static' WHERE p = 1")
    session.execute("INSERT INTO python.pages (p, s) VALUES (7, 'alone')")
    for text in ("SELECT * FROM python.pages", "SELECT c, v, s FROM python.pages WHERE p = 1 ORDER BY c DESC",
                 "SELECT p, c, s FROM python.pages WHERE p IN (7, 1, 3)", "SELECT * FROM python.pages WHERE p IN (1, 2) AND c IN (9, 1, 3)",
                 "SELECT DISTINCT p, s FROM python.pages", "SELECT * FROM python.pages PER PARTITION LIMIT 3", "SELECT * FROM python.pages LIMIT 17",
                 "SELECT * FROM python.pages WHERE c > 5 ALLOW FILTERING", "SELECT p, max(c) FROM python.pages GROUP BY p",
                 "SELECT count(*) FROM python.pages", "SELECT p, c FROM python.pages WHERE p = 1 AND c > 2 AND c <= 8 ORDER BY c DESC LIMIT 5",
                 "SELECT v FROM python.pages WHERE token(p) > token(1)", "SELECT p, c FROM python.pages PER PARTITION LIMIT 2 LIMIT 5",
                 "SELECT table_name, column_name FROM system_schema.columns"):
        whole = [tuple(row) for row in session.execute(SimpleStatement(text, fetch_size=None))]
        assert whole, text
        prepared = session.prepare(text)
        for size in range(1, 8):
            prepared.fetch_size = size
            for statement in (SimpleStatement(text, fetch_size=size), prepared):
                result = session.execute(statement)
                assert len(result.current_rows) <= size, (text, size)
                found = [tuple(row) for row in result]
                assert found == whole, (text, size, found, whole)


def python_concurrency(session):
    session.execute("CREATE TABLE python.many (k int PRIMARY KEY, v text)")
    insert = session.prepare("INSERT INTO python.many (k, v) VALUES (?, ?)")
    select = session.prepare("SELECT v FROM python.many WHERE k = ?")
    for future in [session.execute_async(insert, (k, str(k))) for k in range(1000)]:
        future.result()
    futures = [session.execute_async(select, (k,)) for k in range(1000)]
    assert [future.result().one().v for future in futures] == [str(k) for k in range(1000)]
    large = "x" * 1_000_000  # of several segments in v5
    session.execute(insert, (-1, large))
    assert session.execute(select, (-1,)).one().v == large


def python_alterations(session, other):
    """A client that did not prepare again after the table was altered, as another one did, reads the rows as they are now."""
    session.execute("CREATE TABLE python.altered (k int PRIMARY KEY, v text)")
    session.execute("INSERT INTO python.altered (k, v) VALUES (1, 'x')")
    text = "SELECT * FROM python.altered WHERE k = 1"
    first, second = session.prepare(text), other.prepare(text)
    session.execute("ALTER TABLE python.altered ADD a int")
    for client, statement in ((session, first), (other, second), (session, first)):
        assert client.execute(statement).one()._asdict() == {"k": 1, "a": None, "v": "x"}
    session.execute("DROP TABLE python.altered")
    session.execute("CREATE TABLE python.altered (k int PRIMARY KEY, b int, c int)")
    session.execute("INSERT INTO python.altered (k, b, c) VALUES (1, 2, 3)")
    for client, statement in ((session, first), (other, second), (session, first)):
        assert client.execute(statement).one()._asdict() == {"k": 1, "b": 2, "c": 3}


def schema_at_once(host):
    """Clients of several threads change the schema at the same time: each as if it came after the ones before. Leaves changes under way."""
    clients = [connect(host.cql, schema_metadata_enabled=False) for _ in range(3)]
    sessions = [session for _, session in clients]

    def everywhere(text, count=4):
        futures = [session.execute_async(text.format(f"{i}_{k}"), timeout=60) for k in range(count) for i, session in enumerate(sessions)]
        outcomes = []
        for future in futures:
            try:
                future.result()
                outcomes.append("made")
            except AlreadyExists as exists:
                outcomes.append(f"{exists.keyspace}.{exists.table}")
        return collections.Counter(outcomes)

    keyspace = "CREATE KEYSPACE IF NOT EXISTS at_once WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
    for text in (keyspace, "CREATE TABLE IF NOT EXISTS at_once.t (k int PRIMARY KEY, v int)", "CREATE INDEX IF NOT EXISTS ON at_once.t (v)",
                 "CREATE TYPE IF NOT EXISTS at_once.pair (a int)", "ALTER TABLE at_once.t ADD c{} int", "ALTER TYPE at_once.pair ADD f{} int",
                 "CREATE MATERIALIZED VIEW IF NOT EXISTS at_once.by_v AS SELECT k, v FROM at_once.t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)",
                 "ALTER TABLE at_once.t ADD IF NOT EXISTS one int", "CREATE TABLE at_once.own{} (k int PRIMARY KEY)"):
        assert everywhere(text) == {"made": 12}, text
    assert everywhere("CREATE TABLE at_once.one (k int PRIMARY KEY)") == {"made": 1, "at_once.one": 11}
    columns = "SELECT column_name FROM system_schema.columns WHERE keyspace_name = 'at_once' AND table_name = 't'"
    assert len(list(sessions[0].execute(columns))) == 15
    for k in range(20):
        for i, session in enumerate(sessions):
            session.execute_async(f"CREATE TABLE at_once.late{i}_{k} (k int PRIMARY KEY)")
    return [cluster for cluster, _ in clients]


def python_traces(session):
    session.execute("CREATE TABLE python.traced (k int PRIMARY KEY, v text)")
    batch = BatchStatement()
    batch.add("INSERT INTO python.traced (k) VALUES (2)")
    prepared = session.prepare("SELECT * FROM python.traced WHERE k = ?")
    for statement, values, words in (("INSERT INTO python.traced (k, v) VALUES (1, 'a')", None, "Execute CQL3 query"),
                                     (prepared, (1,), "Execute CQL3 prepared query"), (batch, None, "Execute batch of CQL3 queries")):
        trace = session.execute(statement, values, trace=True).get_query_trace(max_wait_sec=10)
        assert trace.request_type == words, trace
        assert trace.duration is not None and trace.started_at is not None and trace.client and trace.coordinator and trace.events, trace
    assert trace.events[0].source == trace.coordinator


def python_driver(host, version, compression):
    cluster, session = connect(host.cql, version, compression=compression)
    assert bool(cluster.control_connection._connection.compressor) == bool(compression)
    session.execute("CREATE KEYSPACE python WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    python_pages(session)
    python_concurrency(session)
    other, other_session = connect(host.cql, version)
    python_alterations(session, other_session)
    other.shutdown()
    python_traces(session)
    assert [column for column in cluster.metadata.keyspaces["python"].tables["pages"].columns] == ["p", "c", "s", "v"]
    session.execute("DROP KEYSPACE python")
    cluster.shutdown()


def python_everywhere(host):
    try:
        import lz4  # noqa: F401
        compressions = (False, "lz4")
    except ImportError:
        compressions = (False,)
    for version in (3, 4, 5):
        for compression in compressions:
            started = time.monotonic()
            python_driver(host, version, compression)
            print(f"python, version {version}, compression {compression}: {time.monotonic() - started:.2f} s", flush=True)


def encrypted(directory):
    """The door with TLS is the same server: what one door changes, the other's clients are told."""
    key, certificate = os.path.join(directory, "key.pem"), os.path.join(directory, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with Server("--cql-tls", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key, "--door-threads", "2") as host:
        context = ssl.create_default_context(cafile=certificate)
        plain, over_plain = connect(host.cql)
        for version in (4, 5):
            hidden, over_tls = connect(host.cql_tls, version, ssl_context=context, ssl_options={"server_hostname": "127.0.0.1"})
            over_tls.execute(f"CREATE KEYSPACE tls{version} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
            # One after the other: the driver looks at events on two threads, and forgets a table whose keyspace it does not know yet.
            wait_for("the other door tells", lambda: f"tls{version}" in plain.metadata.keyspaces)
            over_tls.execute(f"CREATE TABLE tls{version}.t (k int PRIMARY KEY, v text)")
            over_tls.execute(f"INSERT INTO tls{version}.t (k, v) VALUES (1, %s)", ("x" * 300_000,))
            assert len(over_plain.execute(f"SELECT v FROM tls{version}.t").one().v) == 300_000
            wait_for("the table is told", lambda: "t" in plain.metadata.keyspaces[f"tls{version}"].tables)
            told = over_plain.execute("SELECT * FROM system_views.clients").all()
            assert {row.connection_stage for row in told} == {"ready"} and {row.username for row in told} == {"anonymous"}, told
            assert {(row.protocol_version, row.ssl_enabled) for row in told} == {(4, False), (version, True)}, told
            assert {row.ssl_protocol for row in told if row.ssl_enabled} == {"TLSv1.3"} and all(row.ssl_cipher_suite.startswith("TLS_") for row in told if row.ssl_enabled), told
            local = "SELECT host_id, schema_version FROM system.local"
            assert over_plain.execute(local).one() == over_tls.execute(local).one()
            hidden.shutdown()
        try:
            connect(host.cql_tls, connect_timeout=2)  # its first message is too short for the server to see that it is no TLS
        except Exception as failure:  # the driver wraps whatever went wrong in an exception of its own
            assert "NoHostAvailable" in type(failure).__name__, failure
        else:
            raise AssertionError("the door with TLS took a plain connection")
        plain.shutdown()
    with_login(directory, certificate, key)


def with_login(directory, certificate, key):
    """Beyond loopback there is TLS only, and nobody who does not log in."""
    superuser = os.path.join(directory, "superuser")
    with open(os.open(superuser, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write("root:secret\n")
    tls = ["--tls-certificate", certificate, "--tls-key", key]
    for words, advice in ((["--cql", "0.0.0.0:0"], "there is --cql-tls with --cql-authentication"), (["--cql-tls", "[::]:0"], "have to log in: --cql-authentication")):
        done = subprocess.run([OXBOW, "serve", "--data", os.path.join(directory, "none"), *tls, "--native", "off", "--topics", "off", "--http", "off", "--dynamodb", "off", "--cql", "off", *words],
                              capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "not a loopback address" in done.stderr and advice in done.stderr, done
    with Server("--cql-tls", "0.0.0.0:0", *tls, "--cql-authentication", "password", "--cql-superuser", superuser, "--key-file", os.path.join(directory, "sealing")) as host:
        context = ssl.create_default_context(cafile=certificate)
        address = "127.0.0.1:" + host.cql_tls.split(":")[1]
        session, over_tls = connect(address, 5, ssl_context=context, ssl_options={"server_hostname": "127.0.0.1"}, auth_provider=PlainTextAuthProvider("root", "secret"))
        assert over_tls.execute("SELECT rpc_address FROM system.local").one().rpc_address == "127.0.0.1", "where it connected, not where the door listens"
        assert {row.username for row in over_tls.execute("SELECT username FROM system_views.clients")} == {"root"}
        session.shutdown()
        try:
            connect(address, 5, ssl_context=context, ssl_options={"server_hostname": "127.0.0.1"})
        except Exception as failure:  # as above
            assert "AuthenticationFailed" in str(failure) or "NoHostAvailable" in type(failure).__name__, failure
        else:
            raise AssertionError("a stranger came in")


class Writer:
    """Writes without pause until the server is gone, and keeps what was acknowledged."""

    def __init__(self, session, first):
        self.session = session
        self.first = first
        self.acknowledged = {"rows": [], "batches": [], "increments": 0, "won": []}
        self.failure = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        insert = self.session.prepare("INSERT INTO killed.rows (k, c, v) VALUES (?, ?, ?)")
        won = self.session.prepare("INSERT INTO killed.won (k, who) VALUES (?, ?) IF NOT EXISTS")
        increment = self.session.prepare("UPDATE killed.counters SET n = n + 1 WHERE k = ?")
        told = self.acknowledged
        try:
            for n in itertools.count(self.first, 10):
                futures = [self.session.execute_async(insert, (n, c, f"{n}/{c}")) for c in range(10)]
                for c, future in enumerate(futures):
                    future.result()
                    told["rows"].append((n, c, f"{n}/{c}"))
                batch = BatchStatement()
                for c in range(5):
                    batch.add(insert, (-n - 1, c, "batch"))
                self.session.execute(batch)
                told["batches"].append(-n - 1)
                self.session.execute(increment, (self.first,))
                told["increments"] += 1
                if self.session.execute(won, (n // 20, self.first)).one().applied:
                    told["won"].append((n // 20, self.first))
        except Exception as failure:  # whatever the driver makes of a server that went away
            self.failure = failure


def written(writers):
    """True when every writer has done some of everything. Who wins a conditional row is chance, and whoever is ahead may win them all."""
    for writer in writers:
        assert not writer.failure, writer.failure
    return sum(len(writer.acknowledged["won"]) for writer in writers) > 20 and all(writer.acknowledged["increments"] > 30 for writer in writers)


def outlives(host):
    """What was acknowledged is there after a kill; batches are there whole or not at all."""
    cluster, session = connect(host.cql)
    session.execute("CREATE KEYSPACE killed WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TABLE killed.rows (k int, c int, v text, PRIMARY KEY (k, c))")
    session.execute("CREATE TABLE killed.counters (k int PRIMARY KEY, n counter)")
    session.execute("CREATE TABLE killed.won (k int PRIMARY KEY, who int)")
    text = "SELECT k, c FROM killed.rows WHERE k = -99999"
    for c in range(20):
        session.execute("INSERT INTO killed.rows (k, c) VALUES (-99999, %s)", (c,))
    page = session.execute(SimpleStatement(text, fetch_size=7))
    identity = session.execute("SELECT host_id FROM system.local").one()
    writers = [Writer(session, first) for first in range(4)]
    wait_for("writes", lambda: written(writers))
    host.kill()
    for writer in writers:
        writer.thread.join(timeout=60)
        assert not writer.thread.is_alive()
    cluster.shutdown()
    host.start()
    cluster, session = connect(host.cql)
    found = {(row.k, row.c, row.v) for row in session.execute("SELECT * FROM killed.rows")}
    counted = {row.k: row.n for row in session.execute("SELECT * FROM killed.counters")}
    winners = {(row.k, row.who) for row in session.execute("SELECT * FROM killed.won")}
    batches = collections.Counter(k for k, _, v in found if v == "batch")
    for writer in writers:
        told = writer.acknowledged
        assert not set(told["rows"]) - found, "rows are lost"
        assert not set(told["won"]) - winners, "conditional rows are lost"
        assert all(batches[k] == 5 for k in told["batches"]), "batches are lost"
        assert told["increments"] <= counted[writer.first] <= told["increments"] + 1, (told["increments"], counted)
    assert set(batches.values()) == {5}, "a batch is there in part"
    # Clients go on where they were: the node is the same one, and a page's state still serves.
    assert session.execute("SELECT host_id FROM system.local").one() == identity
    rest = session.execute(SimpleStatement(text, fetch_size=7), paging_state=page.paging_state)
    assert [row.c for row in rest] == list(range(7, 20))
    print(f"killed after {len(found)} rows", flush=True)
    cluster.shutdown()


def node_driver(directory, host):
    if not dynamodb_clients.install(directory, ("cassandra.mjs",)):
        return
    done = subprocess.run(["node", "cassandra.mjs"], cwd=directory, capture_output=True, text=True, timeout=120, env={**os.environ, "OXBOW_CQL": host.cql})
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-4000:]}"


def main():
    with tempfile.TemporaryDirectory(prefix="oxbow-clients-") as directory:
        encrypted(directory)
        with Server("--door-threads", "3") as host:
            outlives(host)
            python_everywhere(host)
            dynamodb_clients.go_client(directory, "cassandra", "gocql/gocql", OXBOW_CQL=host.cql)
            node_driver(directory, host)
            clusters = schema_at_once(host)
        for cluster in clusters:
            cluster.shutdown()


if __name__ == "__main__":
    main()
