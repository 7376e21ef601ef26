#!/usr/bin/python3
"""A sync of the log lasts, so what was committed by now is not decided. Who asks for it waits, and the door that was asked goes on
to answer others; then the answer is the same as whenever it is asked for. Nobody is lost when clients leave or the server stops
meanwhile; nor are changes of roles that wait for their turn.

usage: held.py      OXBOW_FAILING: the library"""
import datetime
import os
import shutil
import sys
import tempfile
import threading
import time

from control import Control, Host  # first, as it tells where the others are

import dynamodb
from cassandra import DriverException
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import NoHostAvailable
from cassandra_client import cluster_of
from server import AS_OF_TIME, FUNCTION, GET, HISTORY, INVOKE, ITEM, ITEMS, KEY, LSN, PUT, RECORDS, RESTORE, SCAN, STATUS, TABLE, TARGET, \
    Failure, wait_for

SETTINGS = ["--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "127.0.0.1:0", "--cql", "127.0.0.1:0",
            "--segment-bytes", "1048576", "--checkpoint-ms", "60000", "--sweep-ms", "100000"]
TURNS = 2000  # that a connection waits for: so many that they are not over before the first door closes
KEY_A = {"TableName": "items", "Key": {"id": {"S": "a"}}}


class Asked(threading.Thread):
    """A request over a connection of its own that waits for its answer."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.answer = ask, None
        self.start()

    def run(self):
        self.answer = self.ask()

    def result(self):
        self.join(60)
        assert not self.is_alive(), "no answer"
        return self.answer


class World:
    def __init__(self, host, disk):
        self.host, self.disk = host, disk
        self.native = host.client()
        self.cluster = cluster_of(host.addresses["cql"])
        self.session = self.cluster.connect()
        self.others = cluster_of(host.addresses["cql"])
        self.other = self.others.connect()
        self.writer = host.client()

    def close(self):
        for cluster in (self.cluster, self.others):
            cluster.shutdown()
        self.native.close()
        self.writer.close()

    def make(self):
        self.ask_dynamodb("CreateTable", {"TableName": "items", "BillingMode": "PAY_PER_REQUEST",
                                          "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                                          "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]})
        self.ask_dynamodb("UpdateContinuousBackups", {"TableName": "items", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}})
        self.session.execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        self.session.execute("CREATE TABLE ks.t (id text PRIMARY KEY, n int)")
        self.session.execute("INSERT INTO ks.t (id, n) VALUES ('a', 0)")
        self.writer.request(PUT, {TABLE: "items", ITEM: {"id": "a", "n": 0}})

    def ask_dynamodb(self, operation, body, **headers):
        status, _, answer = dynamodb.Wire(self.host.addresses["dynamodb"]).send(operation, body, **headers)
        assert status == 200, (operation, answer)
        return answer

    def begin_write(self, number):
        """A batch is under way that is not on the disk, and a moment that it may be of."""
        self.disk.hold()
        sent = self.writer.send(PUT, {TABLE: "items", ITEM: {"id": "a", "n": number}})
        self.disk.wait_for_hold()
        time.sleep(0.002)  # CQL knows milliseconds
        return sent, time.time_ns() // 1000000 * 1000

    def end_write(self, sent):
        self.disk.let_go()
        number, body = self.writer.receive(60000)
        assert number == sent and STATUS not in body, body
        return body[LSN]


def settle_marks(disk):
    """The mark that follows idle time is a sync without a batch: wait for it, as none follows it."""
    disk.hold()
    disk.wait_for_hold()
    disk.let_go()


def native(world, number):
    sent, moment = world.begin_write(number)
    past = {TABLE: "items", KEY: {"id": "a"}, AS_OF_TIME: moment}
    scan = {TABLE: "items", AS_OF_TIME: moment}
    asked = {world.native.send(GET, past): "get", world.native.send(SCAN, scan): "scan", world.native.send(HISTORY, past): "history",
             world.native.send(RESTORE, {TABLE: "items", TARGET: f"restored{number}", AS_OF_TIME: moment}): "restore"}
    present = world.native.send(GET, {TABLE: "items", KEY: {"id": "a"}})
    first, body = world.native.receive(60000)
    assert first == present and body[ITEM]["n"] == number - 1, (asked.get(first), body)
    world.end_write(sent)
    answers = {}
    while len(answers) < len(asked):
        which, body = world.native.receive(60000)
        assert STATUS not in body, (asked[which], body)
        answers[asked[which]] = body
    again = world.native.request(GET, past)[ITEM]["n"]
    assert again == number and answers["get"][ITEM]["n"] == answers["scan"][ITEMS][0]["n"] == again, (again, answers)
    assert answers["history"][RECORDS] == world.native.request(HISTORY, past)[RECORDS]


def documents(world, number):
    sent, moment = world.begin_write(number)
    then = {"X-Oxbow-As-Of": f"{moment / 1000000:.6f}"}
    restore = {"SourceTableName": "items", "TargetTableName": f"recovered{number}", "RestoreDateTime": moment / 1000000}
    keys = {"RequestItems": {"items": {"Keys": [KEY_A["Key"]]}}}
    asked = [Asked(lambda: world.ask_dynamodb("GetItem", KEY_A, **then)["Item"]),
             Asked(lambda: world.ask_dynamodb("Scan", {"TableName": "items"}, **then)["Items"][0]),
             Asked(lambda: world.ask_dynamodb("BatchGetItem", keys, **then)["Responses"]["items"][0])]
    restored = Asked(lambda: world.ask_dynamodb("RestoreTableToPointInTime", restore)["TableDescription"]["RestoreSummary"])
    export = {"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/items", "S3Bucket": "bucket", "ExportTime": moment / 1000000}
    exported = Asked(lambda: world.ask_dynamodb("ExportTableToPointInTime", export)["ExportDescription"])
    for _ in range(50):
        assert world.ask_dynamodb("GetItem", KEY_A)["Item"]["n"] == {"N": str(number - 1)}
    assert all(one.is_alive() for one in [*asked, restored, exported])
    world.end_write(sent)
    assert {one.result()["n"]["N"] for one in asked} == {str(number)}
    assert world.ask_dynamodb("GetItem", KEY_A, **then)["Item"]["n"] == {"N": str(number)}
    assert restored.result()["RestoreDateTime"] == exported.result()["ExportTime"] == moment / 1000000


def text_of(moment):
    return datetime.datetime.fromtimestamp(moment / 1000000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "+0000"


def columns(world, number):
    sent, moment = world.begin_write(number)
    past = f"SELECT item FROM dynamodb.items AS OF '{text_of(moment)}' WHERE id = 'a'"
    asked = world.session.execute_async(past), world.session.execute_async(past)
    restored = world.session.execute_async(f"RESTORE TABLE ks.r{number} FROM TABLE ks.t WITH restore_timestamp = '{text_of(moment)}'")
    for _ in range(50):
        assert world.other.execute("SELECT n FROM ks.t WHERE id = 'a'").one().n == 0
    done = [future for future in (*asked, restored) if future._event.is_set()]
    assert not done, done[0].result()
    world.end_write(sent)
    told = {future.result().one().item for future in asked} | {world.session.execute(past).one().item}
    assert len(told) == 1 and f'"n":{number}' in told.pop().replace(" ", "")
    restored.result()


def latest(world, number):
    """Now is before the batch under way: only what these write themselves waits."""
    before = time.time()
    sent, _ = world.begin_write(number)
    restore = {"SourceTableName": "items", "TargetTableName": f"latest{number}", "UseLatestRestorableTime": True}
    export = {"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/items", "S3Bucket": "bucket"}
    restored = Asked(lambda: world.ask_dynamodb("RestoreTableToPointInTime", restore)["TableDescription"]["RestoreSummary"]["RestoreDateTime"])
    exported = Asked(lambda: world.ask_dynamodb("ExportTableToPointInTime", export)["ExportDescription"]["ExportTime"])
    assert world.ask_dynamodb("GetItem", KEY_A)["Item"]["n"] == {"N": str(number - 1)}
    world.end_write(sent)
    assert min(restored.result(), exported.result()) > before - 1


def leave(world, number):
    """Clients that ask and go, and a server that stops while they wait."""
    sent, moment = world.begin_write(number)
    world.native.send(GET, {TABLE: "items", KEY: {"id": "a"}, AS_OF_TIME: moment})
    world.session.execute_async(f"SELECT item FROM dynamodb.items AS OF '{text_of(moment)}' WHERE id = 'a'")
    then = {"X-Oxbow-As-Of": f"{moment / 1000000:.6f}"}
    leaves, stays = (dynamodb.Wire(world.host.addresses["dynamodb"]) for _ in range(2))
    leaves.connection.getresponse = lambda: sys.exit()  # its thread ends when it has asked
    Asked(lambda: leaves.send("GetItem", KEY_A, **then)).join()
    asked = Asked(lambda: stays.send("GetItem", KEY_A, **then))
    for _ in range(20):
        world.ask_dynamodb("GetItem", KEY_A)
        assert world.other.execute("SELECT n FROM ks.t WHERE id = 'a'").one().n == 0
    leaves.connection.close()
    world.cluster.shutdown()
    world.native.close()
    world.native = world.host.client()
    return sent, asked


def refuses(client):
    """Whether nothing is invoked any more, for the server stops; its doors go on asking for a while."""
    try:
        client.request(INVOKE, {FUNCTION: "none"})
    except Failure as failure:
        return "stopping" in str(failure)
    return False


def run(directory):
    disk = Control(os.path.join(directory, "control"))
    os.makedirs(os.path.join(directory, "transfer", "bucket"))
    with Host(os.path.join(directory, "data"), [*SETTINGS, "--dynamodb-transfer", os.path.join(directory, "transfer")], disk) as host:
        assert host.start(), host.said()
        world = World(host, disk)
        world.make()
        for number, check in enumerate((native, documents, columns, latest), 1):
            settle_marks(disk)
            check(world, number)
        settle_marks(disk)
        sent, _ = leave(world, 5)
        world.end_write(sent)
        assert world.native.request(GET, {TABLE: "items", KEY: {"id": "a"}})[ITEM]["n"] == 5
        world.cluster = cluster_of(host.addresses["cql"])
        world.session = world.cluster.connect()
        settle_marks(disk)
        _, asked = leave(world, 6)
        host.process.terminate()
        while not refuses(world.native):
            pass
        assert all(refuses(world.native) for _ in range(100))
        disk.let_go()
        assert host.wait() == 0, host.said()
        status, _, answer = asked.result()
        assert status == 200 or "stopping" in str(answer), (status, answer)
        world.close()


def stops(session):
    """Whether the server has begun to stop: it reads nothing long any more."""
    try:
        session.execute('SELECT lsn FROM ks."t$log" LIMIT 1')
    except NoHostAvailable as failure:
        assert "stopping" in str(failure), failure
        return True
    return False


def turns(directory, under_way):
    """A stop answers changes of roles that wait for one at another thread's door, which closes before or after their own."""
    disk = Control(os.path.join(directory, f"control{under_way}"))
    superuser = os.path.join(directory, "superuser")
    with open(os.open(superuser, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write("root:secret\n")
    asks = ["--cql-authentication", "password", "--cql-superuser", superuser, "--key-file", os.path.join(directory, "key"), "--door-threads", "2"]
    with Host(os.path.join(directory, f"roles{under_way}"), [*SETTINGS, *asks], disk) as host:
        assert host.start(), host.said()
        cluster = cluster_of(host.addresses["cql"], auth_provider=PlainTextAuthProvider("root", "secret"))
        sessions = [cluster.connect() for _ in range(4)]  # clients come to the threads in turn
        sessions[0].execute("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        sessions[0].execute("CREATE TABLE ks.t (id text PRIMARY KEY)")
        settle_marks(disk)
        disk.hold()
        asked = [sessions[under_way].execute_async("CREATE ROLE first")]
        disk.wait_for_hold()
        for number, session in enumerate(sessions):
            asked += [session.execute_async(f"CREATE ROLE waits_{number}_{i}") for i in range(TURNS)]
            session.execute("SELECT key FROM system.local")  # so it was taken
        host.process.terminate()
        wait_for("the stop", lambda: stops(sessions[0]))
        disk.let_go()
        assert host.wait() == 0, host.said()
        for future in asked:
            try:
                future.result()
            except (NoHostAvailable, DriverException):
                pass  # refused, or its connection was closed
        cluster.shutdown()


def main():
    os.environ["MALLOC_PERTURB_"] = "165"  # what is used after it went is seen
    directory = tempfile.mkdtemp(prefix="oxbow-held-")
    try:
        run(directory)
        for thread in range(2):
            turns(directory, thread)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
