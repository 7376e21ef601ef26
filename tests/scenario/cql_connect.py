#!/usr/bin/python3
"""The CQL door as a driver sees it: connecting in all versions, system tables, the schema that the driver reads."""
import socket
import warnings

from cassandra import InvalidRequest
from cassandra_client import cluster_of

from server import Server, wait_for

VERSIONS = (3, 4, 5)


def connect(host, version):
    return cluster_of(host.cql, version)


def refuses(session, statement, words):
    try:
        session.execute(statement)
    except InvalidRequest as error:
        assert words in str(error), error
        return
    raise AssertionError(f"{statement} was not refused")


def system(session, port):
    local = session.execute("SELECT * FROM system.local WHERE key='local'").one()
    assert local.key == "local" and local.partitioner.endswith("Murmur3Partitioner"), local
    assert local.rpc_port == port and local.rpc_address == "127.0.0.1", local
    assert local.host_id == session.execute("SELECT host_id FROM system.local").one().host_id
    assert list(session.execute("SELECT * FROM system.peers")) == []
    names = [row.keyspace_name for row in session.execute("SELECT keyspace_name FROM system_schema.keyspaces")]
    assert "system" in names and "system_schema" in names, names
    some = session.execute("SELECT table_name, id FROM system_schema.tables WHERE keyspace_name IN ('system', 'x') "
                           "AND table_name = 'local'")
    assert [row.table_name for row in some] == ["local"]
    count = session.execute("SELECT count(*) AS n FROM system_schema.tables").one().n
    assert count == len(list(session.execute("SELECT * FROM system_schema.tables"))) > 10
    refuses(session, "SELECT nothing FROM system.local", "Undefined column name nothing in table system.local")


def settings(host, session):
    """Those of Cassandra's that are true here."""
    told = {row.name: row.value for row in session.execute("SELECT * FROM system_views.settings")}
    assert list(told) == sorted(told), told
    assert told["native_transport_port"] == host.cql.split(":")[1] and told["rpc_address"] == "127.0.0.1", told
    local = session.execute("SELECT cluster_name, partitioner, tokens FROM system.local").one()
    assert (told["cluster_name"], told["partitioner"], int(told["num_tokens"])) == (local.cluster_name, local.partitioner, len(local.tokens)), told
    assert session.execute("SELECT value FROM system_views.settings WHERE name = 'batch_size_fail_threshold'").one().value == "50KiB"
    assert session.execute("SELECT value FROM system_views.settings WHERE name = 'hinted_handoff_enabled'").one() is None


def clients(host, cluster, session, version):
    """Who is connected, and what it said of itself."""
    rows = session.execute("SELECT * FROM system_views.clients").all()
    assert len(rows) >= 2, "the driver has a connection to control, and one to work"
    assert [(row.address, row.port) for row in rows] == sorted((row.address, row.port) for row in rows), rows
    assert {(row.address, row.connection_stage, row.driver_name, row.protocol_version, row.ssl_enabled, row.ssl_protocol, row.username) for row in rows} == {
        ("127.0.0.1", "ready", "DataStax Python Driver", version, False, None, "anonymous")}, rows
    assert all(row.request_count > 0 and row.client_options["CQL_VERSION"] == "3.4.6" and row.client_options["DRIVER_NAME"] == row.driver_name for row in rows), rows
    before = {row.port: row.request_count for row in rows}
    session.execute("SELECT key FROM system.local")
    after = {row.port: row.request_count for row in session.execute("SELECT port, request_count FROM system_views.clients WHERE address = '127.0.0.1'")}
    assert sum(after.values()) >= sum(before.values()) + 2, (before, after)
    address, port = host.cql.split(":")
    with socket.create_connection((address, int(port))) as silent:
        mine = silent.getsockname()[1]
        find = f"SELECT connection_stage, protocol_version, request_count, driver_name FROM system_views.clients WHERE address = '127.0.0.1' AND port = {mine}"
        wait_for("it is told before it says anything", lambda: session.execute(find).one() == ("establishing", None, 0, None))
    wait_for("it is gone", lambda: session.execute(find).one() is None)


def schema(cluster, session):
    session.execute("CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.execute("CREATE TYPE shop.address (street text, zip int)")
    session.execute("""CREATE TABLE shop.orders (customer text, day date, id timeuuid, name text STATIC, total decimal,
                       lines map<text, frozen<list<int>>>, ship frozen<address>, PRIMARY KEY (customer, day, id))
                       WITH CLUSTERING ORDER BY (day DESC, id ASC) AND comment = 'what was bought'
                       AND gc_grace_seconds = 3600""")
    session.execute("""CREATE TABLE shop."Mixed" (a int, b text, "C" int, v int, PRIMARY KEY ((a, b), "C"))""")
    keyspace = cluster.metadata.keyspaces["shop"]
    orders = keyspace.tables["orders"]
    assert [column.name for column in orders.partition_key] == ["customer"], orders.partition_key
    assert [(column.name, column.is_reversed) for column in orders.clustering_key] == [("day", True), ("id", False)]
    assert orders.columns["name"].is_static and not orders.columns["total"].is_static
    assert orders.columns["lines"].cql_type == "map<text, frozen<list<int>>>", orders.columns["lines"].cql_type
    assert orders.options["comment"] == "what was bought" and orders.options["gc_grace_seconds"] == 3600
    assert keyspace.user_types["address"].field_names == ["street", "zip"]
    mixed = keyspace.tables["Mixed"]
    assert [column.name for column in mixed.partition_key] == ["a", "b"] and "C" in mixed.columns
    assert "CLUSTERING ORDER BY (day DESC, id ASC)" in orders.export_as_string()
    session.execute("ALTER TABLE shop.orders ADD paid boolean")
    assert cluster.metadata.keyspaces["shop"].tables["orders"].columns["paid"].cql_type == "boolean"
    session.execute("DROP TABLE shop.orders")
    assert "orders" not in cluster.metadata.keyspaces["shop"].tables
    session.execute("DROP KEYSPACE shop")
    assert "shop" not in cluster.metadata.keyspaces


def main():
    warnings.simplefilter("ignore")
    with Server() as host:
        for version in VERSIONS:
            cluster = connect(host, version)
            session = cluster.connect()
            settings(host, session)
            clients(host, cluster, session, version)
            system(session, int(host.cql.split(":")[1]))
            schema(cluster, session)
            cluster.shutdown()


if __name__ == "__main__":
    main()
