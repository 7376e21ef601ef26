#!/usr/bin/python3
"""Topics: a plain SUB socket sees every change of the tables it names, and would see a gap."""
import msgpack
import zmq

import server
from server import Client, Server


def receive(socket, wanted):
    """Records until there are so many; checks that no message was missed."""
    records, previous = [], None
    while len(records) < wanted:
        assert socket.poll(60000), f"{len(records)} of {wanted} records"
        topic, header, body = socket.recv_multipart()
        timeline, term, first, last, before, flags = msgpack.unpackb(header)
        found = msgpack.unpackb(body, strict_map_key=False)
        assert timeline == 1 and (term >= 1 or flags == 1)
        assert previous is None or before == previous, (before, previous)
        if flags == 1:
            assert found == [] and first == last == before
            continue
        assert (found[0][server.LSN], found[-1][server.LSN]) == (first, last)
        assert all(record[server.TABLE].encode() + b"\0" == topic for record in found)
        previous = last
        records += found
    return records


def main():
    with Server() as host:
        client = Client(host.address)
        for name in ("one", "two"):
            client.request(server.CREATE, {server.TABLE: name, server.PARTITION: [["id", "bigint"]]})
        client.request(server.PUT, {server.TABLE: "one", server.ITEM: {"id": -1}})
        context = zmq.Context()
        one, both = context.socket(zmq.SUB), context.socket(zmq.SUB)
        for socket, topic in ((one, b"one\0"), (both, b"")):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.SUBSCRIBE, topic)
            socket.connect("tcp://" + host.topics)
            assert socket.poll(60000), "no heartbeat"
            assert msgpack.unpackb(socket.recv_multipart()[1])[5] == 1
        for n in range(200):
            client.request(server.PUT, {server.TABLE: "one" if n % 2 else "two", server.ITEM: {"id": n}})
        assert [record[server.NEW]["id"] for record in receive(one, 100)] == list(range(1, 200, 2))
        seen = 0
        while seen < 200:
            assert both.poll(60000)
            seen += len(msgpack.unpackb(both.recv_multipart()[2], strict_map_key=False))
        assert seen == 200
        client.request(server.DROP, {server.TABLE: "one"})
        assert receive(one, 1)[0][server.OPERATION] == "drop"
        with context.socket(zmq.SUB) as hostile:  # a name that no table has room for
            events = hostile.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            hostile.setsockopt(zmq.LINGER, 0)
            hostile.connect("tcp://" + host.topics)
            hostile.setsockopt(zmq.SUBSCRIBE, b"x" * 100000)
            assert events.poll(60000), "it was taken"
            hostile.disable_monitor()
            events.close(0)  # or the context waits for it
        for socket in (one, both):
            socket.close()
        context.term()
        client.close()


if __name__ == "__main__":
    main()
