#!/usr/bin/python3
"""Materialized views, with DataStax's Python driver: what they show beside what their tables hold, after random writes, in every way
of reading; their definitions, in the schema's tables and in DESCRIBE; what is refused; the past; a start after kill -9."""
import random
import sys
import time

from cassandra import AlreadyExists, InvalidRequest
from cassandra.query import SimpleStatement
from cql_data import connect, refused, rows
from server import Server, wait_for

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(2 ** 31)
KEYS = "k IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL"


def built(session, name):
    wait_for(f"view {name} to be built",
             lambda: rows(session, f"SELECT view_name FROM system.built_views WHERE keyspace_name = 'ks' AND view_name = '{name}'"))


def same_as_base(session):
    base = rows(session, "SELECT k, c, v, w, t FROM base")
    shown = [(v, c, k, w, t) for k, c, v, w, t in base if v is not None]
    assert sorted(rows(session, "SELECT v, c, k, w, t FROM by_v"), key=repr) == sorted(shown, key=repr), SEED
    assert sorted(rows(session, "SELECT * FROM some"), key=repr) == sorted(
        [(c, k, w) for k, c, v, w, t in base if c >= 2 and k != 3], key=repr), SEED
    for v in range(5):
        part = sorted((row for row in shown if row[0] == v), key=lambda row: (-row[1], row[2]))
        assert rows(session, f"SELECT v, c, k, w, t FROM by_v WHERE v = {v}") == part, SEED
        assert rows(session, f"SELECT v, c, k, w, t FROM by_v WHERE v = {v} ORDER BY c ASC, k DESC") == part[::-1], SEED
        assert rows(session, f"SELECT v, c, k, w, t FROM by_v WHERE v = {v} AND c > 1 AND c <= 3") == [r for r in part if 1 < r[1] <= 3]
        assert rows(session, f"SELECT v, c, k, w, t FROM by_v WHERE v = {v} AND (c, k) IN ((1, 2), (3, 0))") == [
            r for r in part if (r[1], r[2]) in ((1, 2), (3, 0))]
        assert rows(session, f"SELECT count(*), max(w) FROM by_v WHERE v = {v}") == [
            (len(part), max((r[3] for r in part if r[3] is not None), default=None))]
        for size in (1, 2, 3):
            paged = SimpleStatement(f"SELECT v, c, k, w, t FROM by_v WHERE v = {v}", fetch_size=size)
            assert [tuple(row) for row in session.execute(paged)] == part, SEED
    everything = rows(session, "SELECT token(v), v, c, k, w, t FROM by_v")
    assert everything == sorted(everything, key=lambda r: (r[0], -r[2], r[3])), SEED
    for size in (1, 2, 3, 7):
        paged = SimpleStatement("SELECT token(v), v, c, k, w, t FROM by_v", fetch_size=size)
        assert [tuple(row) for row in session.execute(paged)] == everything, SEED
    limited = rows(session, "SELECT v, c, k FROM by_v PER PARTITION LIMIT 1")
    assert len(limited) == len({row[0] for row in limited}) == len({row[1] for row in everything})
    assert rows(session, "SELECT DISTINCT v FROM by_v") == [row[:1] for row in limited]


def random_write(session, choice):
    k, c, v, w = (choice.randrange(n) for n in (4, 5, 5, 100))
    stamp = choice.choice(["", f"USING TIMESTAMP {int(time.time() * 1e6) - choice.randrange(2000000)}"])
    value = choice.choice([v, v, v, "null"])
    return choice.choice([
        f"INSERT INTO base (k, c, v, w) VALUES ({k}, {c}, {value}, {w}) {stamp}",
        f"INSERT INTO base (k, c) VALUES ({k}, {c}) {stamp}",
        f"UPDATE base {stamp} SET v = {value} WHERE k = {k} AND c = {c}",
        f"UPDATE base {stamp} SET t = 't{w}', w = {w} WHERE k = {k} AND c = {c}",
        f"UPDATE base SET v = {v} WHERE k = {k} AND c = {c} IF v = {c}",
        f"DELETE v FROM base {stamp} WHERE k = {k} AND c = {c}",
        f"DELETE FROM base {stamp} WHERE k = {k} AND c = {c}",
        f"DELETE FROM base {stamp} WHERE k = {k} AND c > {c}",
        f"BEGIN BATCH INSERT INTO base (k, c, v) VALUES ({k}, {c}, {v}); UPDATE base SET w = {w} WHERE k = {k} AND c = {c}; APPLY BATCH",
    ])


def as_their_tables(session):
    choice = random.Random(SEED)
    session.execute("CREATE TABLE base (k int, c int, v int, w int, t text, PRIMARY KEY (k, c))")
    for _ in range(40):
        session.execute(random_write(session, choice))
    session.execute(f"""CREATE MATERIALIZED VIEW by_v AS SELECT * FROM base WHERE {KEYS} PRIMARY KEY (v, c, k)
        WITH CLUSTERING ORDER BY (c DESC, k ASC) AND comment = 'by value'""")
    session.execute("""CREATE MATERIALIZED VIEW some AS SELECT c, k, w FROM base WHERE c >= 2 AND k IN (0, 1, 2)
        PRIMARY KEY (c, k)""")
    built(session, "by_v")
    built(session, "some")
    for _ in range(60):
        same_as_base(session)
        for _ in range(choice.randrange(1, 10)):
            session.execute(random_write(session, choice))
    session.execute("TRUNCATE base")
    assert rows(session, "SELECT * FROM by_v") == []


def lives_and_times(session):
    session.execute("CREATE TABLE lives (k int PRIMARY KEY, v int, w int)")
    session.execute("CREATE MATERIALIZED VIEW alive AS SELECT * FROM lives WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)")
    built(session, "alive")
    session.execute("INSERT INTO lives (k, w) VALUES (1, 5)")
    session.execute("UPDATE lives USING TTL 2 SET v = 7 WHERE k = 1")
    assert rows(session, "SELECT v, k, w FROM alive") == [(7, 1, 5)]
    session.execute("INSERT INTO lives (k, v, w) VALUES (2, 8, 9) USING TIMESTAMP 123")
    assert rows(session, "SELECT writetime(w), ttl(w) FROM alive WHERE v = 8") == [(123, None)]
    wait_for("the cell to expire", lambda: rows(session, "SELECT v, k, w FROM alive WHERE v = 7") == [])
    assert rows(session, "SELECT k, v, w FROM lives WHERE k = 1") == [(1, None, 5)]
    before = time.time()
    time.sleep(0.05)
    session.execute("UPDATE lives SET v = 10 WHERE k = 2")
    assert rows(session, "SELECT v, k FROM alive") == [(10, 2)]
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(before)) + f".{int(before % 1 * 1000):03d}+0000"
    assert rows(session, f"SELECT v, k FROM alive AS OF '{moment}' WHERE v = 8") == [(8, 2)]


def prepared(session):
    session.execute("CREATE TABLE wide (k int, c int, v text, PRIMARY KEY (k, c))")
    session.execute(f"CREATE MATERIALIZED VIEW texts AS SELECT * FROM wide WHERE {KEYS} PRIMARY KEY (v, k, c)")
    session.execute("INSERT INTO wide (k, c, v) VALUES (1, 2, 'a')")
    session.execute("INSERT INTO wide (k, c, v) VALUES (1, 3, '')")  # empty is a value
    select = session.prepare("SELECT * FROM texts WHERE v = ?")
    for _ in range(3):
        assert rows(session, select, ["a"]) == [("a", 1, 2)]
    session.execute("ALTER TABLE wide ADD more int")  # a view of all columns has this one too
    session.execute("UPDATE wide SET more = 5 WHERE k = 1 AND c = 2")
    assert rows(session, "SELECT * FROM texts WHERE v = 'a'") == [("a", 1, 2, 5)]
    assert [row.v for row in session.execute(select, ["a"])] == ["a"]
    assert sorted(rows(session, "SELECT v, k, c FROM texts")) == [("", 1, 3), ("a", 1, 2)]
    refused(session, "SELECT * FROM texts WHERE v = ''", "Key may not be empty")
    session.execute("ALTER TABLE wide RENAME c TO place")
    assert rows(session, "SELECT v, k, place FROM texts WHERE v = 'a' AND k = 1 AND place > 0") == [("a", 1, 2)]
    assert rows(session, "SELECT where_clause FROM system_schema.views WHERE keyspace_name = 'ks' AND view_name = 'texts'") == [
        ("k IS NOT NULL AND place IS NOT NULL AND v IS NOT NULL",)]


def definitions(session):
    cluster = session.cluster
    cluster.refresh_schema_metadata()
    view = cluster.metadata.keyspaces["ks"].views["by_v"]
    assert [column.name for column in view.partition_key + view.clustering_key] == ["v", "c", "k"] and view.base_table_name == "base"
    assert cluster.metadata.keyspaces["ks"].tables["base"].views.keys() == {"by_v", "some"}
    assert view.include_all_columns and view.options["comment"] == "by value"
    statement = session.execute("DESCRIBE MATERIALIZED VIEW by_v").one().create_statement
    assert statement.startswith(
        "CREATE MATERIALIZED VIEW ks.by_v AS\n    SELECT *\n    FROM ks.base\n    WHERE k IS NOT NULL AND c IS NOT NULL AND "
        "v IS NOT NULL\n    PRIMARY KEY (v, c, k)\n WITH CLUSTERING ORDER BY (c DESC, k ASC)"), statement
    made = [row.create_statement for row in session.execute("DESCRIBE TABLE base")]
    assert len(made) == 3
    session.execute("ALTER MATERIALIZED VIEW by_v WITH comment = 'it''s'")
    assert session.execute("SELECT comment FROM system_schema.views WHERE keyspace_name = 'ks' AND view_name = 'by_v'").one()[0] == "it's"
    session.execute("DROP MATERIALIZED VIEW by_v")
    session.execute(statement)
    built(session, "by_v")
    session.execute("CREATE MATERIALIZED VIEW IF NOT EXISTS by_v AS SELECT * FROM base WHERE k IS NOT NULL AND c IS NOT NULL "
                    "PRIMARY KEY (c, k)")
    session.execute("DROP MATERIALIZED VIEW IF EXISTS nothing")
    session.execute("CREATE TABLE quoted (\"K\" int PRIMARY KEY, s text)")
    session.execute("""CREATE MATERIALIZED VIEW "Quoted" AS SELECT "K" FROM quoted WHERE "K" IN (1, 2, 3) AND s IS NOT NULL
        PRIMARY KEY ("K")""")
    session.execute("INSERT INTO quoted (\"K\", s) VALUES (1, 'x')")
    session.execute("INSERT INTO quoted (\"K\") VALUES (2)")
    session.execute("INSERT INTO quoted (\"K\", s) VALUES (4, 'x')")
    assert rows(session, 'SELECT * FROM "Quoted"') == [(1,)]


def refusals(session):
    session.execute("CREATE TABLE s (k int, c int, st int static, l list<int>, d frozen<tuple<int>>, PRIMARY KEY (k, c))")
    session.execute("CREATE TABLE counts (k int PRIMARY KEY, n counter)")
    create = "CREATE MATERIALIZED VIEW new AS SELECT "
    for statement, words in (
            (create + f"k, c FROM base WHERE {KEYS} PRIMARY KEY (v, c, k)", "Unknown column 'v' referenced in PRIMARY KEY for materialized view 'new'"),
            (create + f"* FROM base WHERE {KEYS} PRIMARY KEY (v, c)", "without primary key columns k from base table 'base'"),
            (create + f"* FROM base WHERE {KEYS} AND w IS NOT NULL PRIMARY KEY (v, w, c, k)", "Cannot include more than one non-primary key column in materialized view primary key (got v, w)"),
            (create + "* FROM base WHERE k IS NOT NULL AND c IS NOT NULL PRIMARY KEY (v, c, k)", "Primary key columns v must be restricted with 'IS NOT NULL' or otherwise"),
            (create + f"* FROM base WHERE {KEYS} AND w = 1 PRIMARY KEY (v, c, k)", "Non-primary key columns can only be restricted with 'IS NOT NULL' (got: w restricted illegally)"),
            (create + f"* FROM base WHERE {KEYS} AND token(k) > 1 PRIMARY KEY (v, c, k)", "Cannot use token relation when defining a materialized view"),
            (create + f"* FROM base WHERE {KEYS} PRIMARY KEY (v, c, k, v)", "Duplicate column 'v' in PRIMARY KEY clause for materialized view 'new'"),
            (create + f"w AS x, k, c, v FROM base WHERE {KEYS} PRIMARY KEY (v, c, k)", "Cannot use aliases when defining a materialized view"),
            (create + f"toJson(w), k, c, v FROM base WHERE {KEYS} PRIMARY KEY (v, c, k)", "Can only select columns by name when defining a materialized view"),
            (create + f"* FROM base WHERE {KEYS} PRIMARY KEY (v, c, k) WITH CLUSTERING ORDER BY (k ASC)", "Clustering key columns must exactly match"),
            (create + f"* FROM base WHERE {KEYS} PRIMARY KEY (v, c, k) WITH default_time_to_live = 5", "Cannot set default_time_to_live for a materialized view"),
            (create + f"* FROM by_v WHERE {KEYS} PRIMARY KEY (c, v, k)", "Materialized views cannot be created against other materialized views"),
            (create + "* FROM nowhere WHERE k IS NOT NULL PRIMARY KEY (k)", "Base table 'nowhere' doesn't exist"),
            (create + "* FROM s WHERE k IS NOT NULL AND c IS NOT NULL PRIMARY KEY (c, k)", "Cannot include static column 'st' in materialized view 'new'"),
            (create + "k, c, l FROM s WHERE k IS NOT NULL AND c IS NOT NULL AND l IS NOT NULL PRIMARY KEY (l, c, k)", "Invalid non-frozen collection type 'list<int>' for PRIMARY KEY column 'l'"),
            (create + "k FROM counts WHERE k IS NOT NULL PRIMARY KEY (k)", "Materialized views are not supported on counter tables"),
            ("CREATE MATERIALIZED VIEW base AS SELECT * FROM lives WHERE k IS NOT NULL PRIMARY KEY (k)", "a table with the same name already exists"),
            ("INSERT INTO by_v (v, c, k) VALUES (1, 2, 3)", "Cannot directly modify a materialized view"),
            ("UPDATE by_v SET w = 1 WHERE v = 1 AND c = 1 AND k = 1", "Cannot directly modify a materialized view"),
            ("DELETE FROM by_v WHERE v = 1", "Cannot directly modify a materialized view"),
            ("TRUNCATE by_v", "Cannot TRUNCATE materialized view directly; must truncate base table instead"),
            ("DROP TABLE by_v", "Cannot use DROP TABLE on a materialized view. Please use DROP MATERIALIZED VIEW instead."),
            ("DROP TABLE base", "Cannot drop a table when materialized views still depend on it (some, by_v)"),
            ("ALTER TABLE by_v ADD x int", "Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead"),
            ("ALTER TABLE base DROP w", "Cannot drop column w on base table base with materialized views"),
            ("ALTER MATERIALIZED VIEW by_v WITH gc_grace_seconds = 0", "Cannot alter gc_grace_seconds of a materialized view to 0"),
            ("ALTER MATERIALIZED VIEW base WITH comment = 'x'", "Materialized view 'ks.base' doesn't exist"),
            ("DROP MATERIALIZED VIEW nothing", "Materialized view 'ks.nothing' doesn't exist"),
            ("CREATE INDEX ON by_v (w)", "Secondary indexes on materialized views aren't supported"),
            ("SELECT * FROM by_v WHERE w = 1", "ALLOW FILTERING"),
            ("SELECT * FROM by_v WHERE c = 1", "ALLOW FILTERING")):
        refused(session, statement, words)
    for statement in (create.replace(" new ", " by_v ") + f"* FROM base WHERE {KEYS} PRIMARY KEY (v, c, k)", "CREATE TABLE by_v (k int PRIMARY KEY)"):
        try:
            session.execute(statement)
        except AlreadyExists as failure:
            assert (failure.keyspace, failure.table) == ("ks", "by_v")
        else:
            raise AssertionError("a name was given twice")
    refused(session, SimpleStatement(create + "* FROM lives WHERE k = %s PRIMARY KEY (k)".replace("%s", "?")), "Bind variables are not allowed")


def main():
    print(f"seed {SEED}", flush=True)
    with Server() as host:
        cluster, session = connect(host)
        for check in (as_their_tables, lives_and_times, prepared, definitions, refusals):
            started = time.monotonic()
            check(session)
            print(f"{check.__name__}: {time.monotonic() - started:.2f} s", flush=True)
        session.execute("INSERT INTO base (k, c, v) VALUES (1, 2, 3)")
        cluster.shutdown()
        host.kill()
        host.start()
        cluster, session = connect(host)
        assert rows(session, "SELECT v, c, k FROM by_v") == [(3, 2, 1)]
        session.execute("DROP KEYSPACE ks")
        try:
            session.execute("SELECT * FROM ks.by_v")
        except InvalidRequest as failure:
            assert "keyspace ks does not exist" in str(failure), failure
        else:
            raise AssertionError("a view outlived its keyspace")
        cluster.shutdown()


if __name__ == "__main__":
    main()
