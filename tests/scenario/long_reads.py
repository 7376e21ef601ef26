"""Reads of many rows are done beside the doors: others are answered meanwhile, and long reads give what short ones give. Clients are
spread over a door's threads."""
import os
import sys
import threading

import dynamodb
from cassandra import InvalidRequest
from cassandra.query import BatchStatement, BatchType
from cql_data import connect
from server import AS_OF, GET, HISTORY, ITEM, KEY, LSN, PUT, RECORDS, TABLE, Client, Server, wait_for

ROWS = 20000


def fill(session):
    session.execute("CREATE TABLE many (p int, c int, v text, PRIMARY KEY (p, c))")
    insert = session.prepare("INSERT INTO many (p, c, v) VALUES (?, ?, ?)")
    for start in range(0, ROWS, 500):
        batch = BatchStatement(BatchType.UNLOGGED)
        for number in range(start, start + 500):
            batch.add(insert, (number // 5000, number, f"value {number}"))
        session.execute(batch)


def others_are_answered(session, other):
    """A count over everything was asked for before each of the small reads, and is answered after some of them. (They go over
    another connection: the driver's first one holds small messages back until the server said something.)"""
    answered = []
    for _ in range(5):
        count = session.execute_async("SELECT count(*), max(v) FROM many WHERE v > '' ALLOW FILTERING")
        done = threading.Event()
        count.add_callbacks(lambda _: done.set(), lambda _: done.set())
        small = 0
        while not done.is_set():
            assert other.execute("SELECT v FROM many WHERE p = 0 AND c = 7").one().v == "value 7"
            small += not done.is_set()
        row = count.result().one()
        assert (row[0], row[1]) == (ROWS, "value 9999"), row
        answered.append(small)
    assert max(answered) > 0, answered


def long_reads_are_whole(session):
    session.default_fetch_size = 700
    assert [row.c for row in session.execute("SELECT c FROM many WHERE p = 1")] == list(range(5000, 10000))
    assert [row.c for row in session.execute("SELECT c FROM many WHERE p = 1 ORDER BY c DESC LIMIT 1234")] == list(range(9999, 8765, -1))
    assert sorted(row.c for row in session.execute("SELECT c FROM many")) == list(range(ROWS))
    groups = {row.p: row.n for row in session.execute("SELECT p, count(*) AS n FROM many GROUP BY p")}
    assert groups == {0: 5000, 1: 5000, 2: 5000, 3: 5000}, groups
    some = ", ".join(str(number) for number in range(0, 5000, 7))
    assert len(list(session.execute(f"SELECT c FROM many WHERE p = 0 AND c IN ({some})"))) == len(range(0, 5000, 7))


def what_computes_much_is_read_beside_the_door(host, session):
    """A row may be enough, when two hundred terms are computed of it."""
    session.execute("CREATE TABLE lists (p int PRIMARY KEY, l list<int>)")
    session.execute("INSERT INTO lists (p, l) VALUES (0, %s)", (list(range(2000)),))
    before = host.metric("oxbow_long_reads_total")
    assert len(session.execute("SELECT " + ", ".join(["max(l)"] * 200) + " FROM lists WHERE p = 0").one()) == 200
    assert host.metric("oxbow_long_reads_total") == before + 1
    assert session.execute("SELECT l, max(l), p FROM lists WHERE p = 0").one()[1] == list(range(2000))
    assert host.metric("oxbow_long_reads_total") == before + 1


def a_table_made_anew_is_another(session, other):
    """What waits for its turn while its table is dropped, and another of the name is made, gives nothing of the other."""
    other.execute("CREATE TABLE anew (p int, c int, v text, PRIMARY KEY (p, c))")
    insert = other.prepare("INSERT INTO anew (p, c, v) VALUES (0, ?, 'before')")
    for number in range(1000):
        other.execute(insert, (number,))
    session.default_fetch_size = None
    busy = [session.execute_async("SELECT count(*), max(v) FROM many WHERE v > '' ALLOW FILTERING") for _ in range(60)]
    asked = [session.execute_async(f"SELECT c, v FROM anew WHERE {where}") for where in ("p = 0 AND c > 10", "p = 0", "token(p) > 0 ALLOW FILTERING")]
    busy[10].result()  # so the others were sent
    other.execute("DROP TABLE anew")
    other.execute("CREATE TABLE anew (p int PRIMARY KEY, w text, x int)")
    other.execute("INSERT INTO anew (p, w, x) VALUES (0, 'after', 1)")
    for answer in asked:
        try:
            assert {row.v for row in answer.result()} <= {"before"}
        except InvalidRequest as failure:
            assert any(words in str(failure) for words in ("meanwhile", "exist")), failure
    assert all(count.result().one()[0] == ROWS for count in busy)
    assert other.execute("SELECT w FROM anew WHERE p = 0").one().w == "after"


def pages_of_documents(host):
    client = dynamodb.client(host.dynamodb)
    client.create_table(TableName="many", BillingMode="PAY_PER_REQUEST",
                        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "c", "KeyType": "RANGE"}],
                        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "c", "AttributeType": "N"}])
    for start in range(0, 2000, 25):
        puts = [{"PutRequest": {"Item": {"p": {"S": "one"}, "c": {"N": str(n)}, "v": {"S": "x" * 1000}}}} for n in range(start, start + 25)]
        client.batch_write_item(RequestItems={"many": puts})
    query = {"TableName": "many", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "one"}}}
    pages = list(client.get_paginator("query").paginate(**query))
    assert [int(item["c"]["N"]) for page in pages for item in page["Items"]] == list(range(2000))
    assert [page["Count"] for page in pages] == [1040, 960], [page["Count"] for page in pages]  # of 1 MB
    for limit, counts in ((256, [256, 256]), (257, [257, 257]), (1, [1, 1])):
        first = client.query(Limit=limit, **query)
        second = client.query(Limit=limit, ExclusiveStartKey=first["LastEvaluatedKey"], **query)
        assert [first["Count"], second["Count"]] == counts, (limit, first["Count"], second["Count"])
        assert int(second["Items"][0]["c"]["N"]) == limit
    assert client.scan(TableName="many", Select="COUNT", Limit=1500)["Count"] == 1040
    told = client.execute_statement(Statement="SELECT c FROM many WHERE p = 'one' AND c >= 100")
    assert len(told["Items"]) > 256 and "NextToken" in told, len(told["Items"])


def waiting(host):
    return host.metric("oxbow_reads_waiting")


def one_row_of_the_past(host, session):
    """What may look at much of the log waits for its turn in the pool, while what is read of the present is answered."""
    assert host.run("table", "create", "past", "--partition", "id:text")[0] == 0
    with Client(host.address) as client:
        first = client.request(PUT, {TABLE: "past", ITEM: {"id": "a", "n": 1}})[LSN]
        client.request(PUT, {TABLE: "past", ITEM: {"id": "a", "n": 2}})
        session.default_fetch_size = None
        busy = [session.execute_async("SELECT count(*), max(v) FROM many WHERE v > '' ALLOW FILTERING") for _ in range(200)]
        wait_for("reads that wait", lambda: waiting(host) > 50)
        item = {"TableName": "past", "Key": {"id": {"S": "a"}}}
        answers = []
        asking = threading.Thread(target=lambda: answers.append(dynamodb.Wire(host.dynamodb).send("GetItem", item, **{"X-Oxbow-As-Of-Lsn": str(first)})))
        asking.start()
        wanted = {client.send(GET, {TABLE: "past", KEY: {"id": "a"}, AS_OF: first}): "past", client.send(HISTORY, {TABLE: "past", KEY: {"id": "a"}}): "history",
                  client.send(GET, {TABLE: "past", KEY: {"id": "a"}}): "present"}
        present = [dynamodb.Wire(host.dynamodb).ask("GetItem", item)["Item"]["n"] for _ in range(20)]
        assert present == [{"N": "2"}] * 20 and asking.is_alive()
        told = []
        while len(told) < len(wanted):
            number, body = client.receive(120000)
            told.append((wanted[number], len(body[RECORDS]) if RECORDS in body else body[ITEM]["n"]))
        asking.join()
        assert told[0] == ("present", 2) and sorted(told[1:]) == [("history", 2), ("past", 1)], told
        assert answers[0][0] == 200 and answers[0][2]["Item"]["n"] == {"N": "1"}, answers
        assert all(count.result().one()[0] == ROWS for count in busy)


def nobody_reads_for_who_left(host):
    """The pool has a bounded number of a door's reads at a time, and those whose client left are not read any more."""
    before = host.metric("oxbow_long_reads_total")
    cluster, session = connect(host)
    session.default_fetch_size = None
    for _ in range(600):
        session.execute_async("SELECT count(*), max(v) FROM many WHERE v > '' ALLOW FILTERING")
    wait_for("reads that wait", lambda: waiting(host) > 50)
    assert waiting(host) <= 128
    cluster.shutdown()
    wait_for("what the pool has is read", lambda: waiting(host) == 0)
    assert host.metric("oxbow_long_reads_total") < before + 600


def a_stop_does_not_wait(host, session):
    """What waits for its turn when the server stops is refused."""
    session.default_fetch_size = None
    counts = [session.execute_async("SELECT count(*), max(v) FROM many WHERE v > '' ALLOW FILTERING") for _ in range(200)]
    wait_for("reads that wait", lambda: waiting(host) > 50)
    host.stop()
    refused = 0
    for count in counts:
        try:
            assert count.result().one()[0] == ROWS
        except Exception as failure:  # each server that was tried, and what it said
            said = str(getattr(failure, "errors", failure))
            refused += "stopping" in said
            assert "stopping" in said or "losed" in said or "onnection" in said, failure
    assert refused > 0


def turns_of_threads(host, name):
    """How often each of the server's threads of that name went to sleep, which it does after each request that comes alone."""
    turns = {}
    for task in os.scandir(f"/proc/{host.process.pid}/task"):
        with open(os.path.join(task.path, "status"), encoding="utf-8") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status)
        if fields["Name"] == name:
            turns[task.name] = int(fields["voluntary_ctxt_switches"])
    return turns


def are_spread(host, name, clients):
    """Clients that came one after the other are each served by another thread."""
    before = turns_of_threads(host, name)
    for ask in clients:
        for _ in range(100):
            ask()
    after = turns_of_threads(host, name)
    busy = [task for task in before if after[task] - before[task] >= 5]  # a busy machine may keep it awake
    assert len(busy) == len(clients), (name, before, after)


def clients_are_spread(host):
    wires = [dynamodb.Wire(host.dynamodb) for _ in range(3)]
    are_spread(host, "http", [lambda wire=wire: wire.ask("ListTables", {}) for wire in wires])
    cluster, first = connect(host)
    sessions = [first, cluster.connect(), cluster.connect()]
    are_spread(host, "stream", [lambda session=session: session.execute("SELECT key FROM system.local") for session in sessions])
    cluster.shutdown()


def main():
    with Server("--door-threads", "3") as host:
        clients_are_spread(host)
    with Server() as host:
        cluster, session = connect(host)
        fill(session)
        others, other = connect(host)
        others_are_answered(session, other)
        a_table_made_anew_is_another(session, other)
        others.shutdown()
        long_reads_are_whole(session)
        what_computes_much_is_read_beside_the_door(host, session)
        pages_of_documents(host)
        one_row_of_the_past(host, session)
        nobody_reads_for_who_left(host)
        a_stop_does_not_wait(host, session)
        cluster.shutdown()


if __name__ == "__main__":
    sys.exit(main())
