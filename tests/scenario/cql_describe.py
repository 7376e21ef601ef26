#!/usr/bin/python3
"""DESCRIBE, with DataStax's Python driver: names of what there is, the statements that make it, and that these statements made
again elsewhere make the same."""
import threading
import time

from cassandra import AlreadyExists, InvalidRequest
from cassandra.protocol import ConfigurationException
from cassandra.query import SimpleStatement
from cql_data import connect, refused, rows
from server import Server

OPTIONS = """additional_write_policy = '99p'
    AND bloom_filter_fp_chance = 0.01
    AND caching = {'keys': 'ALL', 'rows_per_partition': 'NONE'}
    AND cdc = false
    AND comment = ''
    AND compaction = {'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32', 'min_threshold': '4'}
    AND compression = {'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}
    AND memtable = 'default'
    AND crc_check_chance = 1.0
    AND default_time_to_live = 0
    AND extensions = {}
    AND gc_grace_seconds = 864000
    AND max_index_interval = 2048
    AND memtable_flush_period_in_ms = 0
    AND min_index_interval = 128
    AND read_repair = 'BLOCKING'
    AND speculative_retry = '99p';"""

SCHEMA = (
    "CREATE TYPE zip (code int, \"Plus\" text)",
    "CREATE TYPE address (street text, zip frozen<zip>, tags frozen<set<text>>)",
    "CREATE TYPE \"Person\" (home frozen<address>, friends frozen<list<frozen<address>>>)",
    "CREATE TABLE plain (k int PRIMARY KEY, v int)",
    """CREATE TABLE wide (a int, b text, c timeuuid, d int, s text static, z map<text, frozen<list<int>>>, "Case" int, "select" int,
        who frozen<"Person">, PRIMARY KEY ((a, b), c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)""",
    """CREATE TABLE "Options" (k int, c int, v counter, PRIMARY KEY (k, c)) WITH comment = 'it''s {counted}' AND cdc = true
        AND gc_grace_seconds = 60 AND bloom_filter_fp_chance = 0.0001 AND default_time_to_live = 0
        AND caching = {'keys': 'NONE', 'rows_per_partition': '10'} AND compression = {'enabled': 'false'}
        AND compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': '160'} AND speculative_retry = 'ALWAYS'
        AND additional_write_policy = '50ms' AND read_repair = 'NONE' AND crc_check_chance = 0.5
        AND max_index_interval = 4096 AND min_index_interval = 64 AND memtable_flush_period_in_ms = 1000""",
)


def names(session, statement):
    answer = session.execute(statement)
    assert answer.column_names == ["keyspace_name", "type", "name"], answer.column_names
    return [tuple(row) for row in answer]


def described(session, statement):
    answer = session.execute(statement)
    assert answer.column_names == ["keyspace_name", "type", "name", "create_statement"], answer.column_names
    return [tuple(row) for row in answer]


def listings(session, _):
    for statement in SCHEMA:
        session.execute(statement)
    assert names(session, "DESCRIBE TABLES") == [("ks", "table", '"Options"'), ("ks", "table", "plain"), ("ks", "table", "wide")]
    assert names(session, "DESC TYPES;") == [("ks", "type", '"Person"'), ("ks", "type", "address"), ("ks", "type", "zip")]
    assert names(session, "DESCRIBE FUNCTIONS") == [] and names(session, "DESCRIBE AGGREGATES") == []
    keyspaces = names(session, "DESCRIBE KEYSPACES")
    assert keyspaces == sorted(keyspaces) and {("ks", "keyspace", "ks"), ("system", "keyspace", "system")} < set(keyspaces)
    assert {row[2] for row in keyspaces} >= {"system_schema", "system_virtual_schema", "system_traces"}


def estimates(session, _):
    """What parallel readers cut a table's tokens by: sixteen ranges from one end to the other."""
    session.execute("CREATE TABLE many (k int PRIMARY KEY, v text)")
    for k in range(160):
        session.execute("INSERT INTO many (k, v) VALUES (%s, 'abc')", (k,))
    told = list(session.execute("SELECT * FROM system.size_estimates WHERE keyspace_name = 'ks' AND table_name = 'many'"))
    edges = sorted(((int(row.range_start), int(row.range_end)) for row in told))
    assert len(edges) == 16 and edges[0][0] == edges[-1][1] == -2 ** 63 and all(a[1] == b[0] for a, b in zip(edges, edges[1:]))
    assert {start for start, _ in edges} == {int(token) for token in session.execute("SELECT tokens FROM system.local").one().tokens}
    assert sum(row.partitions_count for row in told) == 160 and all(0 < row.mean_partition_size < 1000 for row in told), told
    assert [row.range_start for row in told] == sorted(row.range_start for row in told)
    one = "SELECT range_type, partitions_count FROM system.table_estimates WHERE keyspace_name = 'ks' AND table_name = 'many' AND range_type = 'primary'"
    assert list(session.execute(one)) == [("primary", 10)] * 16
    found = [session.execute("SELECT count(*) FROM many WHERE token(k) > %s AND token(k) <= %s", (a, b)).one()[0] for a, b in edges]
    assert sum(found) == 160 and all(found), found
    session.execute("DROP TABLE many")


def pages(session, _):
    """DESCRIBE is told in pages of any size, as long as the schema stays."""
    whole = described(session, "DESCRIBE FULL SCHEMA")
    assert len(whole) > 20
    for size in (1, 7, len(whole) - 1, len(whole), 5000):
        paged = session.execute(SimpleStatement("DESCRIBE FULL SCHEMA", fetch_size=size))
        assert len(paged.current_rows) == min(size, len(whole)) and paged.has_more_pages == (size < len(whole)), size
        assert [tuple(row) for row in paged] == whole, size
    paged = session.execute(SimpleStatement("DESCRIBE TABLES", fetch_size=1))
    session.execute("CREATE TABLE meanwhile (k int PRIMARY KEY)")
    try:
        list(paged)
    except InvalidRequest as failure:
        assert "The schema has changed since the previous page of the DESCRIBE statement result." in str(failure), failure
    else:
        raise AssertionError("pages of two schemas were one result")
    session.execute("DROP TABLE meanwhile")


def without_keyspace(session, cluster):
    other = cluster.connect()
    everywhere = names(other, "DESCRIBE TABLES")
    assert ("ks", "table", "plain") in everywhere and ("system", "table", "local") in everywhere
    cluster_row = other.execute("DESCRIBE CLUSTER").one()
    assert cluster_row._fields == ("cluster", "partitioner", "snitch") and cluster_row.partitioner == "Murmur3Partitioner"
    cluster_row = session.execute("DESCRIBE CLUSTER").one()
    tokens = session.execute("SELECT tokens FROM system.local").one().tokens
    assert set(cluster_row.range_ownership) == set(tokens) and len(set(map(tuple, cluster_row.range_ownership.values()))) == 1
    refused(other, "DESCRIBE TABLE plain", "No keyspace specified and no current keyspace")
    refused(other, "DESCRIBE KEYSPACE", "No keyspace specified and no current keyspace")
    refused(other, "DESCRIBE plain", "'plain' not found in keyspaces")
    assert described(other, "DESCRIBE TABLE ks.plain") == described(session, "DESCRIBE plain")
    assert described(other, "DESCRIBE ks") == described(session, "DESCRIBE KEYSPACE")


def texts(session, _):
    assert described(session, "DESCRIBE TABLE plain") == [
        ("ks", "table", "plain", "CREATE TABLE ks.plain (\n    k int PRIMARY KEY,\n    v int\n) WITH " + OPTIONS)]
    assert described(session, "DESCRIBE TABLE ks.wide")[0][3] == """CREATE TABLE ks.wide (
    a int,
    b text,
    c timeuuid,
    d int,
    s text static,
    "Case" int,
    "select" int,
    who frozen<"Person">,
    z map<text, frozen<list<int>>>,
    PRIMARY KEY ((a, b), c, d)
) WITH CLUSTERING ORDER BY (c DESC, d ASC)
    AND """ + OPTIONS
    text = described(session, 'DESCRIBE "Options"')[0][3]
    assert text.startswith('CREATE TABLE ks."Options" (\n    k int,\n    c int,\n    v counter,\n    PRIMARY KEY (k, c)\n) WITH ')
    for line in ("comment = 'it''s {counted}'", "cdc = true", "bloom_filter_fp_chance = 1.0E-4", "gc_grace_seconds = 60",
                 "compression = {'enabled': 'false'}", "speculative_retry = 'ALWAYS';"):
        assert "    AND " + line in text, text
    assert described(session, "DESCRIBE TYPE address")[0][3] == (
        "CREATE TYPE ks.address (\n    street text,\n    zip frozen<zip>,\n    tags frozen<set<text>>\n);")
    assert described(session, 'DESCRIBE TYPE "Person"')[0][2] == '"Person"'
    assert described(session, "DESCRIBE ONLY KEYSPACE ks") == [
        ("ks", "keyspace", "ks",
         "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'}  AND durable_writes = true;")]
    whole = described(session, "DESCRIBE KEYSPACE ks")
    assert [row[1:3] for row in whole] == [("keyspace", "ks"), ("type", "zip"), ("type", "address"), ("type", '"Person"'),
                                           ("table", '"Options"'), ("table", "plain"), ("table", "wide")]
    assert described(session, "DESCRIBE SCHEMA") == whole
    full = described(session, "DESC FULL SCHEMA")
    assert {row[0] for row in full} >= {"ks", "system", "system_schema", "system_virtual_schema"} and set(whole) < set(full)
    virtual = described(session, "DESCRIBE TABLE system_virtual_schema.tables")[0][3]
    assert virtual.startswith("/*\nWarning: Table system_virtual_schema.tables is a virtual table and cannot be recreated with CQL.\n"
                              "Structure, for reference:\nVIRTUAL TABLE system_virtual_schema.tables (\n"), virtual
    prepared = session.prepare("DESCRIBE TABLE wide")
    assert [tuple(row) for row in session.execute(prepared)] == described(session, "DESCRIBE TABLE wide")


def made_again(session, _):
    """What DESCRIBE says, executed as a second keyspace, and compared by what DESCRIBE and system_schema say of that."""
    def facts(keyspace, table):
        found = []
        for row in session.execute(f"SELECT * FROM system_schema.{table} WHERE keyspace_name = '{keyspace}'"):
            row = row._asdict()
            row["cdc"] = bool(row.get("cdc"))  # null is false
            found.append({name: row[name] for name in row if name not in ("keyspace_name", "id", "memtable")})
        return found

    whole = described(session, "DESCRIBE KEYSPACE ks")
    for _, _, _, statement in whole:
        session.execute(statement.replace("KEYSPACE ks ", "KEYSPACE twin ").replace(" ks.", " twin."))
    again = described(session, "DESCRIBE KEYSPACE twin")
    assert [row[3].replace("KEYSPACE twin ", "KEYSPACE ks ").replace(" twin.", " ks.") for row in again] == [row[3] for row in whole]
    for table in ("tables", "columns", "types"):
        assert facts("ks", table) == facts("twin", table) != [], table
    for _, kind, name, statement in whole[1:]:
        if kind == "table":
            try:
                session.execute(statement)
            except AlreadyExists:
                continue
            raise AssertionError(f"{name} was made twice")


def internals(session, _):
    session.execute("CREATE TABLE lossy (k int PRIMARY KEY, a int, b text, c int)")
    session.execute("ALTER TABLE lossy DROP a USING TIMESTAMP 1700000000000000")
    session.execute("ALTER TABLE lossy DROP b USING TIMESTAMP 1700000001000000")
    session.execute("ALTER TABLE lossy ADD b text")
    assert "USING TIMESTAMP" not in described(session, "DESCRIBE TABLE lossy")[0][3]
    identity = session.execute("SELECT id FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name = 'lossy'").one().id
    text = described(session, "DESCRIBE TABLE lossy WITH INTERNALS")[0][3]
    assert text == f"""CREATE TABLE ks.lossy (
    k int PRIMARY KEY,
    c int,
    a int,
    b text
) WITH ID = {identity}
    AND {OPTIONS}
ALTER TABLE ks.lossy DROP a USING TIMESTAMP 1700000000000000;
ALTER TABLE ks.lossy DROP b USING TIMESTAMP 1700000001000000;
ALTER TABLE ks.lossy ADD b text;""", text
    session.execute("DROP TABLE lossy")
    for statement in text.split(";\n"):
        session.execute(statement)
    assert described(session, "DESCRIBE TABLE lossy WITH INTERNALS")[0][3] == text
    try:
        session.execute("ALTER TABLE lossy WITH id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18")
    except ConfigurationException as failure:
        assert "Cannot alter table id." in str(failure), failure
    else:
        raise AssertionError("a table's id was changed")


def refusals(session, _):
    for statement, words in (
            ("DESCRIBE KEYSPACE nope", "'nope' not found in keyspaces"),
            ("DESCRIBE TABLE nope.t", "'nope' not found in keyspaces"),
            ("DESCRIBE TABLE ks.nope", "Table 'nope' not found in keyspace 'ks'"),
            ("DESCRIBE TYPE nope", "User defined type 'nope' not found in 'ks'"),
            ("DESCRIBE INDEX nope", "Table for existing index 'nope' not found in 'ks'"),
            ("DESCRIBE MATERIALIZED VIEW nope", "Materialized view 'nope' not found in 'ks'"),
            ("DESCRIBE FUNCTION nope", "User defined function 'nope' not found in 'ks'"),
            ("DESCRIBE AGGREGATE nope", "User defined aggregate 'nope' not found in 'ks'"),
            ("DESCRIBE nope", "'nope' not found in keyspace 'ks'"),
            ("DESCRIBE nope.t", "'nope' not found in keyspaces")):
        refused(session, statement, words)


def meanwhile(session, cluster):
    """The schema is read while others change it."""
    ended = threading.Event()
    found = []

    def read():
        mine = cluster.connect()
        while not ended.is_set():
            found.append(len(list(mine.execute("SELECT keyspace_name, table_name FROM system_schema.tables"))))
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(30):
        session.execute(f"CREATE KEYSPACE meanwhile{i} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
        session.execute(f"CREATE TABLE meanwhile{i}.t (k int PRIMARY KEY)")
    ended.set()
    for reader in readers:
        reader.join()
    assert found and found[-1] >= found[0]
    for i in range(30):
        session.execute(f"DROP KEYSPACE meanwhile{i}")


def main():
    with Server() as host:
        cluster, session = connect(host)
        for check in (listings, estimates, pages, without_keyspace, texts, made_again, internals, refusals, meanwhile):
            started = time.monotonic()
            check(session, cluster)
            print(f"{check.__name__}: {time.monotonic() - started:.2f} s", flush=True)
        assert rows(session, "SELECT count(*) FROM plain") == [(0,)]
        cluster.shutdown()


if __name__ == "__main__":
    main()
