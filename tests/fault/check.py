"""What every test of faults asks of a server afterwards: the rows, and that the stream folds to them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
import server  # noqa: E402
from server import Client  # noqa: E402


def scan(client, table, **more):
    """All items of a table; `more` are further fields of the request."""
    items, position = [], b""
    while True:
        body = {server.TABLE: table, server.NEXT: position, **{getattr(server, name): value for name, value in more.items()}}
        answer = client.request(server.SCAN, body)
        items += answer[server.ITEMS]
        position = answer[server.NEXT]
        if not position:
            return items


def read_all(client, **more):
    """All items of table t as {id: v}."""
    return {item["id"]: item["v"] for item in scan(client, "t", **more)}


def check_stream(address, rows, last_lsn):
    """The whole stream, folded, is the table; LSNs increase; what was seen before is seen again."""
    client = Client(address)
    client.send(server.SUBSCRIBE, {server.TABLE: "t", server.CREDIT: 100000, server.START: "oldest"})
    client.receive()
    folded = {}
    lsn = 0
    while lsn < last_lsn:
        answer = client.receive()
        assert answer is not None, f"the stream ends at LSN {lsn}, before {last_lsn}"
        assert server.STATUS not in answer[1], f"the stream ends at LSN {lsn}: {answer[1]}"
        for record in answer[1][server.RECORDS]:
            assert record[server.LSN] > lsn, "a record came twice or out of order"
            lsn = record[server.LSN]
            old = record.get(server.OLD)
            new = record.get(server.NEW)
            if old is None and new is None:
                continue  # about the table
            key = (new or old)["id"]
            assert folded.get(key) == (old["v"] if old else None), f"LSN {lsn}: the old image is not what was there"
            folded[key] = new["v"] if new else None
    client.close()
    folded = {key: value for key, value in folded.items() if value is not None}
    differs = sorted(key for key in set(folded) | set(rows) if folded.get(key) != rows.get(key))
    assert not differs, f"the stream folds to something else than the table holds: {differs[:5]}"


CREDIT = 50000  # that a subscriber has at the beginning, and gets again when half is used


def stream(client, table, start, last_lsn):
    """The records of a subscription up to the LSN, credit given as they come. Nothing else may be under way with that client."""
    subscription = client.send(server.SUBSCRIBE, {server.TABLE: table, server.CREDIT: CREDIT, server.START: start})
    begun = client.receive()
    assert server.STATUS not in begun[1], begun
    lsn, used = 0, 0
    while lsn < last_lsn:
        answer = client.receive()
        assert answer is not None and server.STATUS not in answer[1], f"the stream ends at LSN {lsn}, before {last_lsn}: {answer}"
        for record in answer[1][server.RECORDS]:
            lsn = record[server.LSN]
            used += 1
            yield record
        if used > CREDIT // 2:
            client.send(server.GIVE, {server.CREDIT: used}, subscription)
            used = 0


def check_index(client):
    """Where there is the index by_g, and it is active, it leads to every row (all have the same g)."""
    indexes = client.request(server.DESCRIBE, {server.TABLE: "t"}).get(server.INDEXES, [])
    if indexes and indexes[0][server.STATE] == "active":
        through, rows = read_all(client, INDEX="by_g", KEY={"g": "g"}), read_all(client)
        differs = sorted(key for key in set(through) | set(rows) if through.get(key) != rows.get(key))
        assert not differs, f"the index does not hold what the table holds: {differs[:5]}"


class Model:
    """What was acknowledged, and what may have happened besides: writes that got no answer since."""

    def __init__(self):
        self.acknowledged = {}
        self.unknown = {}

    def tries(self, key, value):
        self.unknown.setdefault(key, []).append(value)

    def is_done(self, key, value):
        self.acknowledged[key] = value
        self.unknown[key] = []

    def is_refused(self, key):
        self.unknown[key].pop()

    def copy(self):
        other = Model()
        other.acknowledged = dict(self.acknowledged)
        other.unknown = {key: list(values) for key, values in self.unknown.items()}
        return other

    def check(self, rows):
        """Compares, and takes what is there for what was written."""
        for key in set(self.acknowledged) | set(self.unknown) | set(rows):
            possible = [self.acknowledged.get(key)] + self.unknown.get(key, [])
            assert rows.get(key) in possible, f"{key}: found {str(rows.get(key))[:40]}, not one of {[str(p)[:40] for p in possible]}"
            self.is_done(key, rows.get(key))
