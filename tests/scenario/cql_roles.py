#!/usr/bin/python3
"""Roles through CQL, with DataStax's Python driver: logins by password and by access key, statements about roles, permissions
that are missing, granted and taken back, what is listed; secrets on disk; restarts; many at a time."""
import hashlib
import hmac
import os
import shutil
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

import server
from cassandra import InvalidRequest, Unauthorized
from cassandra.auth import Authenticator, AuthProvider, PlainTextAuthProvider
from cassandra.cluster import NoHostAvailable
from cassandra.protocol import SyntaxException
from cassandra.query import BatchStatement
from cassandra_client import cluster_of
from server import Client, Server

ACTOR = 23
REPLICATION = "WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
# Of "abc", as published with bcrypt's Java implementation, which Cassandra uses.
HASH_OF_ABC = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"


class Clients:
    """The sessions of one server, closed together."""

    def __init__(self, host):
        self.host = host
        self.clusters = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for cluster in self.clusters:
            cluster.shutdown()

    def open(self, provider, version=4):
        cluster = cluster_of(self.host.cql, version, auth_provider=provider)
        self.clusters.append(cluster)
        return cluster.connect()

    def login(self, name, password, version=4):
        return self.open(PlainTextAuthProvider(name, password), version)

    def refused(self, name, password, words, version=4):
        try:
            self.login(name, password, version)
        except NoHostAvailable as failure:
            assert words in str(failure), failure
        else:
            raise AssertionError(f"{name} came in with {password}")


def rows(session, statement, values=None):
    return [tuple(row) for row in session.execute(statement, values)]


def fails(session, statement, kind, words, values=None):
    try:
        session.execute(statement, values)
    except kind as failure:
        assert words in str(failure), failure
    else:
        raise AssertionError(f"{statement} was not refused")


def denied(session, user, permission, resource, statement, values=None):
    fails(session, statement, Unauthorized,
          f"User {user} has no {permission} permission on {resource} or any of its parents", values)


def password_file(directory, line, mode=0o600):
    path = os.path.join(directory, "superuser")
    with open(path, "w", encoding="utf-8") as file:
        file.write(line)
    os.chmod(path, mode)
    return path


# --- logins ---------------------------------------------------------------------------------------------------------

def logins(clients, root):
    root.execute("CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true")
    root.execute("CREATE ROLE lurker WITH PASSWORD = 'secret'")
    root.execute("CREATE ROLE \"Quoted name\" WITH PASSWORD = $$it's$$ AND LOGIN = true")
    root.execute(f"CREATE USER moved WITH HASHED PASSWORD '{HASH_OF_ABC}' NOSUPERUSER")
    for version in (3, 4, 5):
        assert rows(clients.login("ann", "secret", version), "SELECT key FROM system.local") == [("local",)]
        assert rows(clients.login("Quoted name", "it's", version), "SELECT key FROM system.local") == [("local",)]
        assert rows(clients.login("moved", "abc", version), "SELECT key FROM system.local") == [("local",)]
        clients.refused("ann", "Secret", "Provided username ann and/or password are incorrect", version)
        clients.refused("nobody", "secret", "Provided username nobody and/or password are incorrect", version)
        clients.refused("lurker", "secret", "lurker is not permitted to log in", version)
        clients.refused("lurker", "wrong", "Provided username lurker and/or password are incorrect", version)
    # LOGIN is not inherited.
    root.execute("GRANT ann TO lurker")
    clients.refused("lurker", "secret", "lurker is not permitted to log in")
    root.execute("ALTER ROLE lurker WITH LOGIN = true")
    clients.login("lurker", "secret")
    # A changed password counts at once; who is in stays in.
    ann = clients.login("ann", "secret")
    ann.execute("ALTER ROLE ann WITH PASSWORD = 'other'")
    clients.refused("ann", "secret", "Provided username ann and/or password are incorrect")
    clients.login("ann", "other")
    assert rows(ann, "SELECT key FROM system.local") == [("local",)]
    root.execute("ALTER USER ann WITH PASSWORD 'secret'")
    clients.login("ann", "secret")
    for name in ("ann", "lurker", "moved", '"Quoted name"'):
        root.execute(f"DROP ROLE {name}")


# --- statements -----------------------------------------------------------------------------------------------------

def statements(root):
    root.execute("CREATE ROLE one")
    root.execute("CREATE ROLE IF NOT EXISTS one WITH SUPERUSER = true")
    for statement, kind, words in (
            ("CREATE ROLE one", InvalidRequest, "one already exists"),
            ("CREATE USER one", InvalidRequest, "one already exists"),
            ("CREATE ROLE ''", InvalidRequest, "Role name can't be an empty string"),
            ("CREATE ROLE local", InvalidRequest, "local is the name of those who come without credentials"),
            ("CREATE ROLE two WITH OPTIONS = {'a': 'b'}", InvalidRequest,
             "org.apache.cassandra.auth.CassandraRoleManager doesn't support OPTIONS"),
            ("CREATE ROLE two WITH HASHED PASSWORD = 'secret'", InvalidRequest, "Invalid hashed password value"),
            ("CREATE ROLE two WITH LOGIN = true AND LOGIN = false", SyntaxException, "Multiple definition"),
            ("CREATE ROLE two WITH ACCESS TO DATACENTERS {'mars'}", InvalidRequest, "All values must be valid datacenters"),
            (f"CREATE ROLE {'n' * 256}", InvalidRequest, "at most 255 bytes"),
            ("ALTER ROLE one", InvalidRequest, "ALTER [ROLE|USER] can't be empty"),
            ("ALTER ROLE two WITH LOGIN = true", InvalidRequest, "Role two doesn't exist"),
            ("ALTER ROLE root WITH SUPERUSER = false", Unauthorized, "You aren't allowed to alter your own superuser status"),
            ("DROP ROLE two", InvalidRequest, "two doesn't exist"),
            ("DROP ROLE root", InvalidRequest, "Cannot DROP primary role for current login"),
            ("GRANT one TO two", InvalidRequest, "two doesn't exist"),
            ("GRANT two TO one", InvalidRequest, "two doesn't exist"),
            ("GRANT one TO one", InvalidRequest, "one is a member of one"),
            ("REVOKE root FROM one", InvalidRequest, "one is not a member of root"),
            ("LIST ROLES OF two", InvalidRequest, "<role two> doesn't exist"),
            ("GRANT SELECT ON KEYSPACE nowhere TO one", InvalidRequest, "Resource <keyspace nowhere> doesn't exist"),
            ("GRANT SELECT ON system.nothing TO one", InvalidRequest, "Resource <table system.nothing> doesn't exist"),
            ("GRANT SELECT ON nothing TO one", InvalidRequest, "No keyspace has been specified"),
            ("GRANT SELECT ON ALL KEYSPACES TO two", InvalidRequest, "Role two doesn't exist"),
            ("GRANT ALTER ON ROLE two TO one", InvalidRequest, "Resource <role two> doesn't exist"),
            ("GRANT EXECUTE ON FUNCTION system.now() TO one", InvalidRequest, "Altering permissions on builtin functions"),
            ("GRANT EXECUTE ON ALL KEYSPACES TO one", SyntaxException,
             "Resource type DataResource does not support any of the requested permissions"),
            ("GRANT SELECT ON ALL ROLES TO one", SyntaxException, "Resource type RoleResource does not support"),
            ("GRANT SELECT ON MBEAN 'a:b=c' TO one", InvalidRequest, "Resource <mbean a:b=c> doesn't exist"),
            ("LIST SELECT PERMISSION ON KEYSPACE nowhere", InvalidRequest, "<keyspace nowhere> doesn't exist"),
            ("LIST ALL PERMISSIONS OF two", InvalidRequest, "<role two> doesn't exist")):
        fails(root, statement, kind, words)
    root.execute("ALTER ROLE IF EXISTS two WITH LOGIN = true")
    root.execute("DROP USER IF EXISTS two")
    root.execute("DROP ROLE one")


def hierarchies(root):
    for name in "abcd":
        root.execute(f"CREATE ROLE {name}")
    root.execute("GRANT a TO b")
    root.execute("GRANT b TO c")
    root.execute("GRANT d TO c")
    fails(root, "GRANT c TO a", InvalidRequest, "c is a member of a")
    fails(root, "GRANT a TO c", InvalidRequest, "c is a member of a")
    names = [row[0] for row in rows(root, "LIST ROLES OF c")]
    assert names == ["a", "b", "c", "d"], names
    names = [row[0] for row in rows(root, "LIST ROLES OF c NORECURSIVE")]
    assert names == ["b", "c", "d"], names
    assert rows(root, "SELECT role, member FROM system_auth.role_members") == [("a", "b"), ("b", "c"), ("d", "c")]
    assert rows(root, "SELECT member_of FROM system_auth.roles WHERE role = 'c'") == [({"b", "d"},)]
    root.execute("REVOKE b FROM c")
    assert [row[0] for row in rows(root, "LIST ROLES OF c")] == ["c", "d"]
    root.execute("DROP ROLE d")
    assert [row[0] for row in rows(root, "LIST ROLES OF c")] == ["c"]
    for name in "abc":
        root.execute(f"DROP ROLE {name}")


def lists(clients, root):
    root.execute("CREATE ROLE reader WITH ACCESS TO DATACENTERS {'datacenter1'}")
    root.execute("CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true AND ACCESS TO DATACENTERS {'datacenter1'}")
    root.execute("GRANT reader TO ann")
    answer = root.execute("LIST ROLES")
    assert answer.column_names == ["role", "super", "login", "options", "datacenters"]
    told = [(row[0], row[1], row[2], dict(row[3]), row[4]) for row in answer]
    assert told == [("ann", False, True, {}, "datacenter1"), ("reader", False, False, {}, "n/a"), ("root", True, True, {}, "ALL")], told
    answer = root.execute("LIST USERS")
    assert answer.column_names == ["name", "super", "datacenters"]
    assert [tuple(row) for row in answer] == [("ann", False, "datacenter1"), ("root", True, "ALL")]
    assert rows(root, "SELECT * FROM system_auth.network_permissions") == [("ann", {"datacenter1"}), ("reader", {"datacenter1"})]
    root.execute("GRANT SELECT, MODIFY ON KEYSPACE ks TO reader")
    root.execute("GRANT ALTER ON ks.t TO ann")
    answer = root.execute("LIST ALL PERMISSIONS OF ann")
    assert answer.column_names == ["role", "username", "resource", "permission"]
    assert [tuple(row) for row in answer] == [("ann", "ann", "<table ks.t>", "ALTER"), ("reader", "reader", "<keyspace ks>", "SELECT"),
                                              ("reader", "reader", "<keyspace ks>", "MODIFY")]
    listed = [row[2:] for row in rows(root, "LIST ALL PERMISSIONS ON TABLE ks.t OF ann")]
    assert listed == [("<table ks.t>", "ALTER"), ("<keyspace ks>", "SELECT"), ("<keyspace ks>", "MODIFY")], listed
    listed = [row[2:] for row in rows(root, "LIST ALL PERMISSIONS ON ks.t OF ann NORECURSIVE")]
    assert listed == [("<table ks.t>", "ALTER")], listed
    assert [row[2:] for row in rows(root, "LIST MODIFY PERMISSION ON KEYSPACE ks OF reader")] == [("<keyspace ks>", "MODIFY")]
    assert root.execute("LIST DROP PERMISSION ON KEYSPACE ks OF reader").column_names is None
    assert ("reader", "data/ks", {"SELECT", "MODIFY"}) in rows(root, "SELECT * FROM system_auth.role_permissions")
    assert rows(root, "SELECT role FROM system_auth.resource_role_permissons_index WHERE resource = 'data/ks/t'") == [("ann",), ("root",)]
    # Others see their own.
    ann = clients.login("ann", "secret")
    assert [row[0] for row in rows(ann, "LIST ROLES")] == ["ann", "reader"]
    assert [row[0] for row in rows(ann, "LIST USERS")] == ["ann"]
    assert [row[0] for row in rows(ann, "LIST ROLES OF reader")] == ["reader"]
    assert len(rows(ann, "LIST ALL PERMISSIONS OF ann")) == 3 and len(rows(ann, "LIST ALL PERMISSIONS OF reader")) == 2
    fails(ann, "LIST ROLES OF root", Unauthorized, "You are not authorized to view roles granted to root")
    fails(ann, "LIST ALL PERMISSIONS", Unauthorized, "You are not authorized to view everyone's permissions")
    fails(ann, "LIST ALL PERMISSIONS OF root", Unauthorized, "You are not authorized to view root's permissions")
    root.execute("GRANT DESCRIBE ON ALL ROLES TO ann")
    assert [row[0] for row in rows(ann, "LIST ROLES")] == ["ann", "reader", "root"]
    # Told again what was told: a warning.
    answer = root.execute("GRANT SELECT ON KEYSPACE ks TO reader")
    assert answer.response_future.warnings == ["Role 'reader' was already granted SELECT on <keyspace ks>"]
    answer = root.execute("REVOKE DROP ON KEYSPACE ks FROM reader")
    assert answer.response_future.warnings == ["Role 'reader' was not granted DROP on <keyspace ks>"]
    assert root.execute("REVOKE ALL ON KEYSPACE ks FROM reader").response_future.warnings is None
    assert rows(root, "LIST ALL PERMISSIONS ON KEYSPACE ks OF reader") == []
    root.execute("DROP ROLE ann")
    root.execute("DROP ROLE reader")


# --- permissions ----------------------------------------------------------------------------------------------------

def permissions(clients, root):
    """Each is missing, then granted where its error says, or further up, then taken back."""
    root.execute("CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true")
    root.execute("CREATE ROLE group")
    root.execute("GRANT group TO ann")
    root.execute("CREATE TYPE ks.pair (a int, b int)")
    root.execute("INSERT INTO ks.t (k, v) VALUES (1, 1)")
    ann = clients.login("ann", "secret")
    table, tables, keyspace = "<table ks.t>", "<all tables in ks>", "<keyspace ks>"
    trials = [
        ("SELECT", table, "SELECT * FROM ks.t", ("TABLE ks.t", "ALL TABLES IN KEYSPACE ks", "KEYSPACE ks", "ALL KEYSPACES")),
        ("MODIFY", table, "INSERT INTO ks.t (k, v) VALUES (2, 2)", ("ks.t", "KEYSPACE ks")),
        ("MODIFY", table, "UPDATE ks.t SET v = 2 WHERE k = 2", ("ks.t",)),
        ("MODIFY", table, "DELETE FROM ks.t WHERE k = 2", ("ks.t",)),
        ("MODIFY", table, "TRUNCATE ks.t", ("ks.t", "ALL TABLES IN KEYSPACE ks")),
        ("MODIFY", table, "BEGIN BATCH INSERT INTO ks.t (k) VALUES (3) DELETE FROM ks.t WHERE k = 4 APPLY BATCH", ("ks.t",)),
        ("ALTER", table, "ALTER TABLE ks.t WITH comment = 'x'", ("ks.t", "KEYSPACE ks")),
        ("ALTER", table, "CREATE INDEX IF NOT EXISTS by_v ON ks.t (v)", ("ks.t",)),
        ("ALTER", table, "DROP INDEX ks.by_v", ("ks.t",)),
        ("ALTER", tables, "ALTER TYPE ks.pair RENAME a TO c AND b TO d", ("KEYSPACE ks",)),
        ("DROP", tables, "DROP TYPE ks.pair", ("ALL TABLES IN KEYSPACE ks",)),
        ("CREATE", tables, "CREATE TYPE ks.pair (a int, b int)", ("ALL TABLES IN KEYSPACE ks",)),
        ("CREATE", tables, "CREATE TABLE IF NOT EXISTS ks.other (k int PRIMARY KEY)", ("KEYSPACE ks", "ALL KEYSPACES")),
        ("ALTER", keyspace, f"ALTER KEYSPACE ks {REPLICATION}", ("KEYSPACE ks",)),
        ("SELECT", "<table system_auth.roles>", "SELECT * FROM system_auth.roles", ("system_auth.roles", "KEYSPACE system_auth")),
        ("SELECT", "<table system_traces.sessions>", "SELECT * FROM system_traces.sessions", ("ALL KEYSPACES",)),
    ]
    for permission, where, statement, grants in trials:
        for place in grants:
            denied(ann, "ann", permission, where, statement)
            root.execute(f"GRANT {permission} ON {place} TO group")
            ann.execute(statement)
            root.execute(f"REVOKE {permission} ON {place} FROM group")
            if place != grants[-1]:
                denied(ann, "ann", permission, where, statement)
            if statement.startswith("DROP INDEX"):
                root.execute("CREATE INDEX by_v ON ks.t (v)")
    # A condition reads.
    root.execute("GRANT MODIFY ON ks.t TO group")
    for statement in ("INSERT INTO ks.t (k) VALUES (1) IF NOT EXISTS", "UPDATE ks.t SET v = 1 WHERE k = 1 IF v = 2",
                      "DELETE FROM ks.t WHERE k = 1 IF EXISTS"):
        denied(ann, "ann", "SELECT", table, statement)
    root.execute("GRANT SELECT ON ks.t TO group")
    ann.execute("INSERT INTO ks.t (k) VALUES (1) IF NOT EXISTS")
    root.execute("REVOKE ALL PERMISSIONS ON ks.t FROM group")
    views(root, ann)
    # What everybody who is in may read, and what nobody may change.
    for statement in ("SELECT * FROM system.peers", "SELECT * FROM system.local", "SELECT * FROM system_schema.tables",
                      "SELECT * FROM system_virtual_schema.keyspaces", "DESCRIBE KEYSPACES", "USE ks"):
        ann.execute(statement)
    fails(ann, "SELECT * FROM ks.nothing", InvalidRequest, "table nothing does not exist")
    fails(ann, "DROP KEYSPACE system_auth", Unauthorized, "system_auth keyspace is not user-modifiable")
    denied(ann, "ann", "DROP", table, "DROP TABLE ks.t")
    denied(ann, "ann", "DROP", "<table ks.nothing>", "DROP TABLE ks.nothing")
    denied(ann, "ann", "DROP", keyspace, "DROP KEYSPACE ks")
    denied(ann, "ann", "CREATE", "<all keyspaces>", f"CREATE KEYSPACE mine {REPLICATION}")
    denied(ann, "ann", "SELECT", table, "SELECT * FROM ks.t AS OF 1")
    denied(ann, "ann", "CREATE", "<all tables in ks>", "RESTORE TABLE ks.copy FROM TABLE ks.t")
    root.execute("GRANT CREATE ON KEYSPACE ks TO ann")
    denied(ann, "ann", "SELECT", table, "RESTORE TABLE ks.copy FROM TABLE ks.t")
    root.execute("REVOKE CREATE ON KEYSPACE ks FROM ann")
    # Hashes are for superusers.
    root.execute("GRANT SELECT ON system_auth.roles TO ann")
    assert rows(ann, "SELECT salted_hash FROM system_auth.roles WHERE role = 'ann'") == [(None,)]
    assert rows(root, "SELECT salted_hash FROM system_auth.roles WHERE role = 'ann'")[0][0].startswith("$2a$10$")
    # Superusers are exempt, also by a role.
    root.execute("GRANT root TO ann")
    assert rows(ann, "SELECT * FROM ks.t WHERE k = 1") == [(1, None)]
    root.execute("REVOKE root FROM ann")
    denied(ann, "ann", "SELECT", table, "SELECT * FROM ks.t")
    for name in ("ann", "group"):
        root.execute(f"DROP ROLE {name}")


def views(root, ann):
    """Who may alter a table may make and alter its views, and who may read it may read them."""
    make = "CREATE MATERIALIZED VIEW ks.by_value AS SELECT * FROM ks.t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)"
    denied(ann, "ann", "ALTER", "<table ks.t>", make)
    root.execute(make)
    denied(ann, "ann", "ALTER", "<table ks.t>", "ALTER MATERIALIZED VIEW ks.by_value WITH comment = 'x'")
    denied(ann, "ann", "ALTER", "<table ks.t>", "DROP MATERIALIZED VIEW ks.by_value")
    denied(ann, "ann", "SELECT", "<table ks.t>", "SELECT * FROM ks.by_value")
    root.execute("GRANT SELECT ON ks.by_value TO group")
    denied(ann, "ann", "SELECT", "<table ks.t>", "SELECT * FROM ks.by_value")
    root.execute("GRANT SELECT, ALTER ON ks.t TO group")
    ann.execute("SELECT * FROM ks.by_value")
    fails(ann, "INSERT INTO ks.by_value (v, k) VALUES (1, 1)", InvalidRequest, "Cannot directly modify a materialized view")
    ann.execute("DROP MATERIALIZED VIEW ks.by_value")
    fails(ann, "SELECT * FROM ks.by_value", InvalidRequest, "does not exist")
    ann.execute(make)
    ann.execute("DROP MATERIALIZED VIEW ks.by_value")
    root.execute("REVOKE ALL ON ks.t FROM group")


def namesakes(clients, root):
    """What a dropped table held is not for who makes another one of its name, but for who may read all of the keyspace."""
    root.execute("CREATE ROLE eve WITH PASSWORD = 'secret' AND LOGIN = true")
    root.execute("CREATE TABLE ks.held (k int PRIMARY KEY)")
    root.execute("INSERT INTO ks.held (k) VALUES (1)")
    lsn, moment = max(rows(root, 'SELECT lsn, commit_time FROM ks."held$log"'))
    time.sleep(0.05)
    root.execute("DROP TABLE ks.held")
    root.execute("GRANT CREATE ON KEYSPACE ks TO eve")
    eve = clients.login("eve", "secret")
    eve.execute("CREATE TABLE ks.held (k int PRIMARY KEY)")
    eve.execute("INSERT INTO ks.held (k) VALUES (2)")
    own = max(rows(eve, 'SELECT lsn FROM ks."held$log"'))[0]
    eve.execute("DELETE FROM ks.held WHERE k = 2")
    assert rows(eve, f"SELECT k FROM ks.held AS OF {own}") == [(2,)]
    then = (moment + timedelta(milliseconds=20)).isoformat(timespec="milliseconds") + "Z"
    past = f"SELECT k FROM ks.held AS OF {lsn}"
    for statement in (past, f"RESTORE TABLE ks.again FROM TABLE ks.held WITH restore_timestamp = '{then}'"):
        denied(eve, "eve", "SELECT", "<all tables in ks>", statement)
    root.execute("GRANT SELECT ON KEYSPACE ks TO eve")
    assert rows(eve, past) == [(1,)]
    root.execute("DROP TABLE ks.held")
    root.execute("DROP ROLE eve")


def prepared_and_batches(clients, root):
    root.execute("CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true")
    root.execute("CREATE TABLE ks.open (k int PRIMARY KEY)")
    root.execute("GRANT MODIFY ON ks.open TO ann")
    for version in (3, 4, 5):
        ann = clients.login("ann", "secret", version)
        select = ann.prepare("SELECT * FROM ks.t WHERE k = ?")  # as in Cassandra whoever is in may prepare
        insert = ann.prepare("INSERT INTO ks.t (k, v) VALUES (?, ?)")
        denied(ann, "ann", "SELECT", "<table ks.t>", select, (1,))
        denied(ann, "ann", "MODIFY", "<table ks.t>", insert, (1, 2))
        batch = BatchStatement()
        batch.add("INSERT INTO ks.open (k) VALUES (99)")
        batch.add(insert, (5, 5))
        denied(ann, "ann", "MODIFY", "<table ks.t>", batch)
        assert rows(root, "SELECT k FROM ks.open WHERE k = 99") == []
        root.execute("GRANT SELECT, MODIFY ON ks.t TO ann")
        ann.execute(batch)
        assert rows(ann, select, (5,)) == [(5, 5)]
        root.execute("REVOKE SELECT, MODIFY ON ks.t FROM ann")
        denied(ann, "ann", "SELECT", "<table ks.t>", select, (5,))
        root.execute("DELETE FROM ks.open WHERE k = 99")
    root.execute("DROP TABLE ks.open")
    root.execute("DROP ROLE ann")


def administrators(clients, root):
    """Roles that may make roles, and grant what they have; who makes something has all of it."""
    root.execute("CREATE ROLE admin WITH PASSWORD = 'secret' AND LOGIN = true")
    admin = clients.login("admin", "secret")
    words = "User admin does not have sufficient privileges to perform the requested operation"
    fails(admin, "CREATE ROLE ann", Unauthorized, words)
    fails(admin, "DROP ROLE root", Unauthorized, words)
    fails(admin, "ALTER ROLE root WITH PASSWORD = 'x'", Unauthorized, words)
    fails(admin, "GRANT root TO admin", Unauthorized, words)
    fails(admin, "ALTER ROLE admin WITH LOGIN = false", Unauthorized, "You aren't allowed to alter LOGIN")
    fails(admin, "ALTER ROLE admin WITH SUPERUSER = true", Unauthorized, "You aren't allowed to alter your own superuser status")
    fails(admin, "ALTER ROLE root WITH SUPERUSER = false", Unauthorized, "Only superusers are allowed to alter superuser status")
    root.execute("GRANT CREATE ON ALL ROLES TO admin")
    fails(admin, "CREATE ROLE ann WITH SUPERUSER = true", Unauthorized, "Only superusers can create a role with superuser status")
    admin.execute("CREATE ROLE ann WITH PASSWORD = 'secret' AND LOGIN = true")
    assert [row[2:] for row in rows(admin, "LIST ALL PERMISSIONS ON ROLE ann OF admin")] == [
        ("<all roles>", "CREATE"), ("<role ann>", "ALTER"), ("<role ann>", "DROP"), ("<role ann>", "AUTHORIZE")]
    admin.execute("CREATE ROLE group")
    admin.execute("GRANT group TO ann")
    root.execute("GRANT DROP ON ALL ROLES TO admin")
    fails(admin, "DROP ROLE root", Unauthorized, "Only superusers can drop a role with superuser status")
    # One grants what one has, where one may grant.
    denied(admin, "admin", "AUTHORIZE", "<table ks.t>", "GRANT SELECT ON ks.t TO group")
    root.execute("GRANT AUTHORIZE ON ks.t TO admin")
    denied(admin, "admin", "SELECT", "<table ks.t>", "GRANT SELECT ON ks.t TO group")
    root.execute("GRANT SELECT ON ks.t TO admin")
    admin.execute("GRANT SELECT ON ks.t TO group")
    denied(admin, "admin", "ALTER", "<table ks.t>", "GRANT ALL ON ks.t TO group")
    ann = clients.login("ann", "secret")
    ann.execute("SELECT * FROM ks.t")
    # What one makes is one's own; what is gone takes its permissions with it.
    root.execute("GRANT CREATE ON ALL KEYSPACES TO ann")
    ann.execute(f"CREATE KEYSPACE mine {REPLICATION}")
    ann.execute("CREATE TABLE mine.t (k int PRIMARY KEY)")
    root.execute("REVOKE CREATE ON ALL KEYSPACES FROM ann")
    ann.execute("INSERT INTO mine.t (k) VALUES (1)")
    ann.execute("GRANT SELECT ON mine.t TO admin")
    assert rows(admin, "SELECT k FROM mine.t") == [(1,)]
    ann.execute("DROP TABLE mine.t")
    root.execute("CREATE TABLE mine.t (k int PRIMARY KEY)")
    denied(admin, "admin", "SELECT", "<table mine.t>", "SELECT k FROM mine.t")
    ann.execute("SELECT k FROM mine.t")  # by what it has on the keyspace
    ann.execute("DROP KEYSPACE mine")
    assert [row for row in rows(root, "SELECT resource FROM system_auth.role_permissions") if "mine" in row[0]] == []
    # Dropped while it is in: its session stays, and may nothing.
    admin.execute("DROP ROLE ann")
    denied(ann, "ann", "SELECT", "<table ks.t>", "SELECT * FROM ks.t")
    assert rows(ann, "SELECT key FROM system.local") == [("local",)]
    fails(ann, "LIST ROLES OF root", Unauthorized, "You are not authorized")
    clients.refused("ann", "secret", "Provided username ann and/or password are incorrect")
    root.execute("CREATE ROLE ann WITH LOGIN = true")  # another of that name begins with nothing, and without a password
    denied(ann, "ann", "SELECT", "<table ks.t>", "SELECT * FROM ks.t")
    clients.refused("ann", "secret", "Provided username ann and/or password are incorrect")
    for name in ("ann", "group", "admin"):
        root.execute(f"DROP ROLE {name}")


# --- secrets --------------------------------------------------------------------------------------------------------

def secrets(host, clients, root):
    """Neither passwords nor their hashes are on disk or in feeds; traces have no passwords."""
    traced = root.execute("CREATE ROLE ann WITH PASSWORD = 'hunter2-hunter2' AND LOGIN = true", trace=True).get_query_trace(max_wait_sec=10)
    assert traced.parameters["query"] == "CREATE ROLE ann WITH PASSWORD *******", traced.parameters
    made = rows(root, "SELECT salted_hash FROM system_auth.roles WHERE role = 'ann'")[0][0]
    root.execute("GRANT SELECT, MODIFY ON ks.t TO ann")
    clients.login("ann", "hunter2-hunter2").execute("INSERT INTO ks.t (k, v) VALUES (77, 1)")
    native = Client(host.address)
    answer = native.request(server.HISTORY, {server.TABLE: "ks.t", server.KEY: {"k": 77}})
    assert [record[ACTOR] for record in answer[server.RECORDS]] == ["ann"], answer
    answer = native.request(server.HISTORY, {server.TABLE: "system.roles", server.KEY: {"role": "ann"}})
    assert answer[server.RECORDS][-1][ACTOR] == "root"
    shown = str(answer) + str(native.request(server.SCAN, {server.TABLE: "system.roles"}))
    assert "ann" in shown and made not in shown and "hunter2" not in shown
    server.expect_failure(lambda: native.request(server.PUT, {server.TABLE: "system.roles", server.ITEM: {"role": "eve"}}), 14, "system tables")
    native.close()
    for folder, _, names in os.walk(host.data):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            assert b"hunter2" not in content and made.encode() not in content, name


# --- many at a time -------------------------------------------------------------------------------------------------

def together(work, count):
    failures = []

    def run(number):
        try:
            work(number)
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [], failures


def many(clients, root):
    sessions = [clients.login("root", "root secret") for _ in range(8)]

    def change(number):
        for i in range(5):
            name = f"many_{number}_{i}"
            sessions[number].execute(f"CREATE ROLE {name} WITH LOGIN = true AND PASSWORD = 'p{number}'" if i == 0 else f"CREATE ROLE {name}")
            sessions[number].execute(f"GRANT SELECT ON ks.t TO {name}")
            if i > 0:
                sessions[number].execute(f"GRANT {name} TO many_{number}_0")

    together(change, 8)
    assert len([row for row in rows(root, "LIST ROLES") if row[0].startswith("many_")]) == 40
    for number in range(8):
        assert len(rows(root, f"LIST ROLES OF many_{number}_0")) == 5
    assert len([row for row in rows(root, "LIST SELECT PERMISSION ON ks.t") if row[0].startswith("many_")]) == 40

    def login(number):
        if number % 2 == 0:
            clients.login(f"many_{number // 2}_0", f"p{number // 2}").execute("SELECT * FROM ks.t")
        else:
            clients.refused(f"many_{number // 2}_0", "wrong", "and/or password are incorrect")

    together(login, 16)


# --- restarts, settings ---------------------------------------------------------------------------------------------

def survives(host, key_file):
    """After kill -9 all is as it was; with another key file the superuser's password comes from the file again."""
    with Clients(host) as clients:
        root = clients.login("root", "root secret")
        before = [rows(root, f"SELECT * FROM system_auth.{table}") for table in ("roles", "role_members", "role_permissions")]
    host.kill()
    host.start()
    with Clients(host) as clients:
        root = clients.login("root", "root secret")
        assert [rows(root, f"SELECT * FROM system_auth.{table}") for table in ("roles", "role_members", "role_permissions")] == before
        clients.login("ann", "hunter2-hunter2").execute("SELECT * FROM ks.t")
        clients.login("many_3_0", "p3").execute("SELECT * FROM ks.t")
        root.execute("ALTER ROLE root WITH PASSWORD = 'changed'")
    host.stop()
    host.start()
    with Clients(host) as clients:  # the file is for when there is no password
        clients.refused("root", "root secret", "and/or password are incorrect")
        clients.login("root", "changed")
    host.stop()
    os.rename(key_file, key_file + ".lost")
    host.start()
    with Clients(host) as clients:
        root = clients.login("root", "root secret")
        clients.refused("ann", "hunter2-hunter2", "and/or password are incorrect")
        assert rows(root, "SELECT salted_hash FROM system_auth.roles WHERE role = 'ann'") == [(None,)]
        root.execute("ALTER ROLE ann WITH LOGIN = true")  # does not lose what cannot be opened
        root.execute("ALTER ROLE many_1_0 WITH PASSWORD = 'again'")
        clients.login("many_1_0", "again").execute("SELECT * FROM ks.t")
    host.stop()
    os.rename(key_file + ".lost", key_file)
    host.start()
    with Clients(host) as clients:
        clients.login("ann", "hunter2-hunter2").execute("SELECT * FROM ks.t")


def nobody_logs_in(host):
    """Without --cql-authentication nobody has a name: drivers with credentials come in, statements about roles are refused."""
    with Clients(host) as clients:
        for session in (clients.open(None), clients.login("whoever", "whatever")):
            words = "You have to be logged in and not anonymous to perform this request"
            for statement in ("CREATE ROLE eve", "ALTER ROLE root WITH PASSWORD = 'x'", "DROP ROLE root", "GRANT root TO ann", "LIST ROLES",
                              "LIST USERS", "GRANT SELECT ON ks.t TO ann", "LIST ALL PERMISSIONS"):
                fails(session, statement, Unauthorized, words)
            assert {row[0] for row in rows(session, "SELECT salted_hash FROM system_auth.roles")} == {None}
            session.execute("SELECT * FROM ks.t")


def expect_no_start(settings, words):
    directory = tempfile.mkdtemp(prefix="oxbow-scenario-")
    code = server.subprocess.run([server.OXBOW, "serve", "--data", os.path.join(directory, "data"), "--native", "off", "--http", "off",
                                  "--topics", "off", "--dynamodb", "off", "--cql", "127.0.0.1:0",
                                  *[setting.replace("DIR", directory) for setting in settings]],
                                 capture_output=True, text=True, timeout=60, check=False)
    shutil.rmtree(directory)
    assert code.returncode == 2 and words in code.stderr, code


def settings(directory):
    good = password_file(directory, "root:root secret\n")
    expect_no_start(["--cql-authentication", "maybe"], "must be off, password or sigv4, not maybe")
    expect_no_start(["--cql-authentication", "password"], "name one with --cql-superuser FILE")
    os.chmod(good, 0o644)
    expect_no_start(["--cql-authentication", "password", "--key-file", "DIR/key", "--cql-superuser", good], "chmod 600")
    for line in ("", "root", ":x", "root:\n", "local:x"):
        expect_no_start(["--cql-authentication", "password", "--key-file", "DIR/key", "--cql-superuser", password_file(directory, line)],
                        "no role can have that name" if line == "local:x" else "NAME:PASSWORD")


# --- access keys ----------------------------------------------------------------------------------------------------

class Signing(AuthProvider, Authenticator):
    """Logs in as clients of Amazon Keyspaces do."""

    def __init__(self, access_key, secret):
        self.access_key = access_key
        self.secret = secret

    def new_authenticator(self, host):
        return Signing(self.access_key, self.secret)

    def initial_response(self):
        return b"SigV4\0\0"

    def evaluate_challenge(self, challenge):
        stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        day = stamp[:10].replace("-", "")
        scope = f"{day}/us-east-1/cassandra/aws4_request"
        nonce = challenge.removeprefix(b"nonce=")
        request = "\n".join(["PUT", "/authenticate", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
                             + f"{self.access_key}/{scope}".replace("/", "%2F") + "&X-Amz-Date=" + stamp.replace(":", "%3A")
                             + "&X-Amz-Expires=900", "host:cassandra", "", "host", hashlib.sha256(nonce).hexdigest()])
        signed = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = ("AWS4" + self.secret).encode()
        for part in (day, "us-east-1", "cassandra", "aws4_request", signed):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return f"signature={key.hex()},access_key={self.access_key},amzdate={stamp}".encode()


def access_key(host, name):
    code, out, error = host.run("credentials", "create", name)
    assert code == 0, error
    lines = dict(line.split(" = ") for line in out.splitlines() if " = " in line)
    return Signing(lines["aws_access_key_id"], lines["aws_secret_access_key"])


def refused_key(clients, provider, words):
    try:
        clients.open(provider)
    except NoHostAvailable as failure:
        assert words in str(failure), failure
    else:
        raise AssertionError("came in")


def signatures(host, clients, root):
    """Beside passwords an access key counts when a role of its name may log in, and has that role's permissions."""
    provider = access_key(host, "signer")
    refused_key(clients, provider, "signer is not permitted to log in")
    root.execute("CREATE ROLE signer WITH LOGIN = true")
    session = clients.open(provider)
    denied(session, "signer", "SELECT", "<table ks.t>", "SELECT * FROM ks.t")
    root.execute("GRANT SELECT ON ks.t TO signer")
    session.execute("SELECT * FROM ks.t")
    refused_key(clients, Signing(provider.access_key, "wrong"), "not that of an active access key")
    session.execute("SELECT * FROM ks.t")
    assert host.run("credentials", "remove", provider.access_key)[0] == 0
    refused_key(clients, provider, "not that of an active access key")
    # Who came in with it is out.
    fails(session, "SELECT * FROM ks.t", Unauthorized, "The access key of this connection is not active any more")
    provider = access_key(host, "signer")
    root.execute("DROP ROLE signer")
    refused_key(clients, provider, "signer is not permitted to log in")
    assert host.run("credentials", "remove", provider.access_key)[0] == 0


def only_signatures(host):
    with Clients(host) as clients:
        provider = access_key(host, "keyspaces")
        session = clients.open(provider)
        session.execute("INSERT INTO ks.t (k, v) VALUES (78, 1)")
        clients.refused("root", "root secret", "Provided username root and/or password are incorrect")
        native = Client(host.address)
        answer = native.request(server.HISTORY, {server.TABLE: "ks.t", server.KEY: {"k": 78}})
        assert [record[ACTOR] for record in answer[server.RECORDS]] == ["keyspaces"], answer
        native.close()
        assert host.run("credentials", "remove", provider.access_key)[0] == 0
        fails(session, "SELECT * FROM ks.t", Unauthorized, "The access key of this connection is not active any more")


def functions(clients, root):
    """Who makes functions, who calls and drops them."""
    create = "CREATE FUNCTION ks.{} (a int, b text) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return a'"
    root.execute("CREATE ROLE coder WITH PASSWORD = 'c' AND LOGIN = true")
    root.execute("GRANT SELECT ON ks.t TO coder")
    root.execute("INSERT INTO ks.t (k, v) VALUES (1234, 5)")
    root.execute(create.format("first"))
    coder = clients.login("coder", "c")
    fails(coder, create.format("second"), Unauthorized, "User coder has no CREATE permission on <all functions in ks>")
    fails(coder, "SELECT ks.first(v, 'x') FROM ks.t WHERE k = 1234", Unauthorized, "User coder has no EXECUTE permission on <function ks.first(int, text)>")
    fails(coder, "DROP FUNCTION ks.first", Unauthorized, "User coder has no DROP permission on <function ks.first(int, text)>")
    root.execute("GRANT EXECUTE ON FUNCTION ks.first(int, text) TO coder")
    assert rows(coder, "SELECT ks.first(v, 'x') FROM ks.t WHERE k = 1234") == [(5,)]
    root.execute("DROP FUNCTION ks.first")  # and what was granted on it
    root.execute(create.format("first"))
    fails(coder, "SELECT ks.first(v, 'x') FROM ks.t WHERE k = 1234", Unauthorized, "no EXECUTE permission")
    root.execute("GRANT CREATE ON ALL FUNCTIONS IN KEYSPACE ks TO coder")
    coder.execute(create.format("own"))
    assert rows(coder, "SELECT ks.own(v, 'x') FROM ks.t WHERE k = 1234") == [(5,)]
    coder.execute("DROP FUNCTION ks.own")
    root.execute("DELETE FROM ks.t WHERE k = 1234")


def main():
    directory = tempfile.mkdtemp(prefix="oxbow-scenario-")
    key_file = os.path.join(directory, "key")
    settings(directory)
    superuser = password_file(directory, "root:root secret\n")
    asks = ["--cql-authentication", "password", "--cql-superuser", superuser, "--key-file", key_file]
    with Server(*asks, "--door-threads", "2") as host:
        with Clients(host) as clients:
            root = clients.login("root", "root secret")
            clients.refused("cassandra", "cassandra", "Provided username cassandra and/or password are incorrect")
            root.execute(f"CREATE KEYSPACE ks {REPLICATION}")
            root.execute("CREATE TABLE ks.t (k int PRIMARY KEY, v int)")
            for part in (logins, lists, permissions, namesakes, prepared_and_batches, administrators, functions):
                part(clients, root)
            statements(root)
            hierarchies(root)
            signatures(host, clients, root)
            secrets(host, clients, root)
            many(clients, root)
        survives(host, key_file)
        host.stop()
        host.settings = ["--cql-authentication", "sigv4", "--key-file", key_file]
        host.start()
        only_signatures(host)
        host.stop()
        host.settings = []
        host.start()
        nobody_logs_in(host)
    shutil.rmtree(directory)
    print("roles are as they should be")


if __name__ == "__main__":
    main()
