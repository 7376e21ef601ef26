#!/usr/bin/python3
"""What runs inside of the kernel that kernel.py boots, as its first process: mounts the disk, starts the server, tells over the second serial
port what it holds, then writes until the kernel dies, telling before and after each write.

Lines: "held JSON" (rows and what a scrub found), "try JSON" and "done JSON" (numbers of a transaction and its changes), "failed TEXT".
"""
import ctypes
import fcntl
import json
import os
import random
import socket
import struct
import sys
import termios
import threading
import time
import traceback
import tty

sys.path.insert(0, "/oxbow")
os.environ["OXBOW"] = "/oxbow/oxbow"
KEYS = 60
WRITERS = 4
DISK = "/dev/vda"
FINIT_MODULE = 313  # the system call's number on x86-64
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind):
    os.makedirs(target, exist_ok=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), 0, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def load_modules():
    with open("/modules/order") as order:
        for name in order.read().split():
            with open(name, "rb") as module:
                if libc.syscall(FINIT_MODULE, module.fileno(), b"", 0) != 0 and ctypes.get_errno() != 17:
                    raise OSError(ctypes.get_errno(), name)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def boot():
    mount("proc", "/proc", "proc")
    mount("sys", "/sys", "sysfs")
    mount("tmp", "/tmp", "tmpfs")
    load_modules()
    loopback_up()
    while not os.path.exists(DISK):
        time.sleep(0.02)
    mount(DISK, "/disk", "ext4")


class Line:
    """The second serial port, a line at a time."""

    def __init__(self):
        self.port = open("/dev/ttyS1", "wb", buffering=0)
        tty.setraw(self.port)
        attributes = termios.tcgetattr(self.port)
        attributes[4] = attributes[5] = termios.B115200
        termios.tcsetattr(self.port, termios.TCSANOW, attributes)
        self.mutex = threading.Lock()

    def say(self, word, what):
        """Has left the machine when this returns."""
        with self.mutex:
            data = memoryview(f"{word} {json.dumps(what)}\n".encode())
            while data:
                data = data[self.port.write(data):]
            termios.tcdrain(self.port)


def held(client, server):
    """Rows as {key: number}, a history that follows, and what a scrub finds."""
    from check import check_stream, read_all  # found once sys.path is set
    try:
        client.request(server.CREATE, {server.TABLE: "t", server.PARTITION: [["id", "text"]], server.INDEXES: [
            {server.INDEX: "by_g", server.PARTITION: [["g", "text"]]}]})
    except server.Failure as failure:
        assert "exists" in str(failure), failure
    last = client.request(server.PUT, {server.TABLE: "t", server.ITEM: {"id": "last", "v": str(time.monotonic_ns()), "g": "g"}})
    rows = read_all(client)
    check_stream(client.address, rows, last[server.LSN])
    del rows["last"]
    return {"rows": {key: int(value.split()[0]) for key, value in rows.items()}, "damages": server.scrub(client)}


def write(address, server, line, choose, writer):
    """Transactions of a few rows of the writer's own, for ever; each row's value begins with the transaction's number."""
    with server.Client(address) as client:
        number = choose.randrange(1 << 40)
        while True:
            number += 1
            changes, body = {}, []
            for key in choose.sample(range(KEYS), choose.randrange(1, 4)):
                name = f"{writer}-{key}"
                if choose.random() < 0.2:
                    changes[name] = None
                    body.append({server.TABLE: "t", server.KIND: "delete", server.KEY: {"id": name}})
                else:
                    changes[name] = number
                    item = {"id": name, "v": f"{number} " + "x" * choose.randrange(2500), "g": f"g{number % 5}"}
                    body.append({server.TABLE: "t", server.KIND: "put", server.ITEM: item})
            line.say("try", [writer, changes])
            client.request(server.TRANSACT, {server.CHANGES: body})
            line.say("done", [writer, changes])


def start_server(server):
    host = server.Server("--segment-bytes", "65536", "--checkpoint-ms", "100", "--map-bytes", "67108864", "--sweep-ms", "1000")
    host.data = "/disk/data"
    return host.start()


def run(line):
    boot()
    import server  # from here on the program is where it says
    host = start_server(server)
    with server.Client(host.address) as client:
        client.address = host.address
        line.say("held", held(client, server))
    seed = int.from_bytes(os.urandom(8), "big")
    threads = [threading.Thread(target=guarded, args=(line, write, host.address, server, line, random.Random(seed + n), n))
               for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def guarded(line, call, *arguments):
    try:
        call(*arguments)
    except BaseException:
        line.say("failed", traceback.format_exc())
        time.sleep(3600)  # the first process must not end


def main():
    mount("dev", "/dev", "devtmpfs")
    line = Line()
    guarded(line, run, line)


if __name__ == "__main__":
    main()
