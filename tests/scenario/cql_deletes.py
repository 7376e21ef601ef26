#!/usr/bin/python3
"""Deletes of more rows than one transaction changes, with DataStax's Python driver: gone at once for everybody, also through an index, a
view and after kill -9; still there in the past; what is written meanwhile stays; the rows leave, and subscribers hear of each once."""
import time

import server
from cassandra.concurrent import execute_concurrent_with_args
from cql_data import connect, rows
from server import Client, Server, wait_for

ROWS = 25000


def fill(session):
    session.execute("CREATE TABLE many (p int, c int, v int, s int static, PRIMARY KEY (p, c))")
    session.execute("CREATE INDEX ON many (v)")
    session.execute("CREATE MATERIALIZED VIEW by_c AS SELECT c, p, v FROM many WHERE p IS NOT NULL AND c IS NOT NULL PRIMARY KEY (c, p)")
    insert = session.prepare("INSERT INTO many (p, c, v) VALUES (?, ?, ?)")
    execute_concurrent_with_args(session, insert, [(1, c, c % 10) for c in range(ROWS)], concurrency=200)
    execute_concurrent_with_args(session, insert, [(2, c, 77) for c in range(100)], concurrency=100)
    session.execute("INSERT INTO many (p, s) VALUES (1, 5)")


def check(session, left):
    assert rows(session, "SELECT c FROM many WHERE p = 1") == [(c,) for c in left]
    assert rows(session, "SELECT count(c) FROM many WHERE p = 1") == [(len(left),)]
    assert rows(session, "SELECT count(*) FROM many WHERE p = 2") == [(100,)]
    assert sorted(rows(session, "SELECT c FROM many WHERE v = 3")) == [(c,) for c in left if c % 10 == 3]
    assert sorted(rows(session, "SELECT p FROM by_c WHERE c = 20000")) == [(1,)] * (20000 in left)


def told(host, kind, body):
    client = Client(host.address)
    answer = client.request(kind, body)
    client.close()
    return answer


def settled(host):
    return not told(host, server.SCAN, {server.TABLE: "system.deletions"})[server.ITEMS]


def small_segments():
    """As many rows leave at once as a transaction may hold where the log's segments are small."""
    with Server("--segment-bytes", "65536") as host:
        cluster, session = connect(host)
        session.execute("CREATE TABLE long (p int, c text, PRIMARY KEY (p, c))")
        insert = session.prepare("INSERT INTO long (p, c) VALUES (1, ?)")
        execute_concurrent_with_args(session, insert, [(f"{c:200}",) for c in range(10500)], concurrency=200)
        session.execute("DELETE FROM long WHERE p = 1")
        wait_for("the rows leave", lambda: settled(host))
        assert rows(session, "SELECT * FROM long") == []
        dropped_meanwhile(host, session, insert)
        cluster.shutdown()


def dropped_meanwhile(host, session, insert):
    """Rows that had not left when their table was dropped are gone also as of the moments before that."""
    session.execute("CREATE TABLE other (k int PRIMARY KEY, v int)")

    def put(k):
        return told(host, server.PUT, {server.TABLE: "ks.other", server.ITEM: {"k": k, "v": 1}})[server.LSN]

    def scan(lsn):
        return told(host, server.SCAN, {server.TABLE: "ks.long", server.AS_OF: lsn})[server.ITEMS]

    def finds():
        try:
            return rows(session, "SELECT k FROM other WHERE v = 1") != []
        except Exception:  # pylint: disable=broad-except
            return False

    execute_concurrent_with_args(session, insert, [(f"{c:200}",) for c in range(10500)], concurrency=200)
    before = put(1)
    session.execute("DELETE FROM long WHERE p = 1")
    after = put(2)
    session.execute("DROP TABLE long")
    session.execute("CREATE INDEX ON other (v)")
    wait_for("background work has looked at the deletion again", finds)
    assert scan(before) != [] and scan(after) == []
    host.kill()
    host.start()
    assert scan(before) != [] and scan(after) == []


def many_partitions():
    """Together they have more bytes than a transaction holds, each alone less than what leaves later."""
    with Server() as host:
        cluster, session = connect(host)
        session.execute("CREATE TABLE parts (p int, c int, v blob, PRIMARY KEY (p, c))")
        insert = session.prepare("INSERT INTO parts (p, c, v) VALUES (?, ?, ?)")
        for part in range(40):
            session.execute(insert, (part, 1, bytes(3_900_000)))
        session.execute(f"DELETE FROM parts WHERE p IN ({', '.join(map(str, range(20)))})")
        assert sorted(rows(session, "SELECT p FROM parts")) == [(part,) for part in range(20, 40)]
        session.execute("BEGIN BATCH " + "".join(f"DELETE FROM parts WHERE p = {part} AND c > 0;" for part in range(20, 40)) + "INSERT INTO parts (p, c) VALUES (50, 5); APPLY BATCH")
        assert rows(session, "SELECT p, c, v FROM parts") == [(50, 5, None)]
        wait_for("the rows leave", lambda: settled(host))
        assert rows(session, "SELECT p, c, v FROM parts") == [(50, 5, None)]
        cluster.shutdown()


def main():
    many_partitions()
    small_segments()
    with Server() as host:
        cluster, session = connect(host)
        fill(session)
        everything = list(range(ROWS))
        check(session, everything)
        lsn = told(host, server.PUT, {server.TABLE: "ks.many", server.ITEM: {"p": 3, "c": 1}})[server.LSN]
        session.execute("DELETE FROM many WHERE p = 1 AND c >= 5000 AND c < 24000")
        session.execute("UPDATE many SET v = 7 WHERE p = 1 AND c = 20001")  # a new row where one is still to leave
        left = everything[:5000] + [20001] + everything[24000:]
        check_moment = time.monotonic()
        for query in ("SELECT c FROM many WHERE p = 1 AND c >= 5500 AND c < 20001 LIMIT 1", "SELECT c FROM many WHERE p = 1 AND c >= 5500 AND c < 20001 ORDER BY c DESC LIMIT 1"):
            looked = host.metric("oxbow_long_reads_total")
            assert rows(session, query) == []
            under_way = not settled(host)
            assert host.metric("oxbow_long_reads_total") == looked + 1 or not under_way, "the door passes over a few of them, and leaves the rest to the pool"
        assert rows(session, "SELECT c, v FROM many WHERE p = 1 AND c > 19990 AND c < 20010") == [(20001, 7)]
        assert rows(session, "SELECT c FROM many WHERE p = 1 AND c < 5002 ORDER BY c DESC LIMIT 2") == [(4999,), (4998,)]
        host.kill()
        cluster.shutdown()
        host.start()
        cluster, session = connect(host)
        assert sorted(rows(session, "SELECT c FROM many WHERE p = 1")) == [(c,) for c in left]
        wait_for("the rows leave", lambda: settled(host))
        assert sorted(rows(session, "SELECT c FROM many WHERE p = 1")) == [(c,) for c in left]
        print(f"19,000 rows gone {time.monotonic() - check_moment:.1f} s after their deletion", flush=True)
        assert rows(session, f"SELECT count(c) FROM many AS OF {lsn} WHERE p = 1") == [(ROWS,)]
        for c, operations in ((6000, ["insert", "remove"]), (20001, ["insert", "remove", "insert"]), (4999, ["insert"])):
            changes = told(host, server.HISTORY, {server.TABLE: "ks.many", server.KEY: {"p": 1, "c": c}})[server.RECORDS]
            assert [change[server.OPERATION] for change in changes] == operations, changes
        session.execute("DELETE FROM many WHERE p = 1")
        assert rows(session, "SELECT * FROM many WHERE p = 1") == []
        check(session, [])
        session.execute("DELETE FROM many WHERE p = 2 AND c > 50")
        assert rows(session, "SELECT count(*) FROM many") == [(52,)]
        cluster.shutdown()


if __name__ == "__main__":
    main()
