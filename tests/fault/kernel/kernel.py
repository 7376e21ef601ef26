#!/usr/bin/python3
"""A real kernel that dies: the server runs under load on an ext4 disk inside of a virtual machine, which is killed at a random moment, so
that all that its kernel had not written yet is gone; booted again on the same disk it must hold every acknowledged transaction, none in part,
its stream must fold to the table, and a scrub must find nothing.

usage: kernel.py [CYCLES] [--root DIR] [--accel kvm] [--expect-failure]

Needs qemu-system-x86_64 and a kernel with its modules, of Debian's packages qemu-system-x86 and linux-image-cloud-amd64; the latter need not
be installed: --root is a directory that has boot/ and lib/modules/ (dpkg -x). The processor is emulated, which takes half a minute a cycle;
--accel kvm is faster where it works.
OXBOW: the program; with oxbow_planted and OXBOW_PLANT=sync (planted/) this must fail, and with --expect-failure that is what succeeds. Exit status 77: something of this is not there.
"""
import argparse
import collections
import glob
import gzip
import json
import lzma
import os
import random
import re
import selectors
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk"]
BOOT_SECONDS = 300
DISK_BYTES = 1 << 30


def missing(what):
    print(what)
    sys.exit(77)


# --- what is booted ----------------------------------------------------------------------------------------------------


class Archive:
    """A cpio archive as the kernel takes it for its first file system (Documentation/driver-api/early-userspace/buffer-format)."""

    def __init__(self):
        self.data = bytearray()
        self.names = set()

    def put(self, name, mode, content=b"", device=(0, 0)):
        if name in self.names:
            return
        self.names.add(name)
        path = name.lstrip("/").encode() + b"\0"
        fields = [len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.data += bytes(-len(self.data) % 4) + content
        self.data += bytes(-len(self.data) % 4)

    def put_directory(self, name):
        if name not in ("", "/"):
            self.put_directory(os.path.dirname(name))
            self.put(name, stat.S_IFDIR | 0o755)

    def put_file(self, source, name=None):
        """A file under its own name, links followed."""
        name = name or source
        self.put_directory(os.path.dirname(name))
        with open(source, "rb") as file:
            self.put(name, stat.S_IFREG | 0o755, file.read())

    def put_program(self, source, name=None):
        """A program or library with what it is linked to."""
        self.put_file(source, name)
        found = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", found):
            self.put_file(library)

    def put_python(self):
        self.put_program("/usr/bin/python3")
        places = [os.path.dirname(os.__file__)] + [f"/usr/lib/python3/dist-packages/{name}" for name in ("zmq", "msgpack")]
        for place in places:
            for folder, folders, files in os.walk(place):
                folders[:] = [f for f in folders if f not in ("__pycache__", "test", "tests", "idlelib", "lib2to3", "ensurepip", "tkinter")]
                for name in files:
                    path = os.path.join(folder, name)
                    (self.put_program if ".so" in name else self.put_file)(path)

    def finish(self):
        self.put("TRAILER!!!", 0)
        return gzip.compress(bytes(self.data), 1)


def find_kernel(root):
    for kernel in sorted(glob.glob(os.path.join(root, "boot", "vmlinuz-*")), reverse=True):
        modules = os.path.join(root, "lib", "modules", os.path.basename(kernel).removeprefix("vmlinuz-"))
        if os.path.isdir(modules):
            return kernel, modules
    missing("there is no kernel: apt-get install linux-image-cloud-amd64, or see --root")


def make_archive(modules, path):
    archive = Archive()
    archive.put_python()
    archive.put_program(os.environ["OXBOW"], "/oxbow/oxbow")
    for name in ("scenario/server.py", "fault/check.py"):
        archive.put_file(os.path.join(HERE, "..", "..", name), "/oxbow/" + os.path.basename(name))
    archive.put_directory("/modules")
    order = []
    for name in MODULES:  # what is built in has no file
        for found in glob.glob(os.path.join(modules, "**", name + ".ko*"), recursive=True):
            order.append(f"/modules/{name}.ko")
            with (lzma.open if found.endswith(".xz") else open)(found, "rb") as module:
                archive.put(order[-1], stat.S_IFREG | 0o644, module.read())
    archive.put_directory("/dev")
    archive.put("/dev/urandom", stat.S_IFCHR | 0o666, device=(1, 9))  # the interpreter asks for it before anything is mounted
    archive.put("/modules/order", stat.S_IFREG | 0o644, "\n".join(order).encode())
    archive.put_file(os.path.join(HERE, "guest.py"), "/init")
    with open(path, "wb") as file:
        file.write(archive.finish())


# --- a machine ---------------------------------------------------------------------------------------------------------


class Machine:
    """A virtual machine from its boot to its end, and the lines that it says."""

    def __init__(self, kernel, directory, accelerator):
        self.console = os.path.join(directory, "console")
        command = ["qemu-system-x86_64", "-accel", accelerator, "-cpu", "max", "-m", "1024", "-smp", "2", "-nodefaults", "-display", "none",
                   "-no-reboot", "-kernel", kernel, "-initrd", os.path.join(directory, "initrd"), "-append", "console=ttyS0 panic=-1 random.trust_cpu=on"
                   f" OXBOW_PLANT={os.environ.get('OXBOW_PLANT', 'nothing')}",
                   "-drive", f"file={os.path.join(directory, 'disk')},if=virtio,format=raw,cache=writeback",
                   "-serial", f"file:{self.console}", "-serial", "stdio"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.rest = b""
        self.heard = collections.deque()  # lines that nobody asked for yet

    def lines(self, seconds):
        """What is said for so long, each as (word, value); ends early when the machine does."""
        until = time.monotonic() + seconds
        while self.heard or ((left := until - time.monotonic()) > 0 and self.selector.select(left)):
            if not self.heard:
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    return
                self.take(data)
            while self.heard:
                yield self.heard.popleft()

    def take(self, data):
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            word, _, what = line.decode().partition(" ")
            self.heard.append((word, json.loads(what)))

    def kernel_failed(self):
        with open(self.console, "rb") as console:
            said = console.read()
        return b"Kernel panic" in said and b"Run /init" not in said

    def kill(self):
        """Says what was on its way when it ended."""
        self.process.kill()
        self.process.wait()
        data = self.process.stdout.read() or b""
        self.selector.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.take(data)
        return list(self.heard)


class Model:
    """What of each writer's rows is sure, and the transaction of each that got no answer."""

    def __init__(self):
        self.rows = {}
        self.trying = {}
        self.acknowledged = 0

    def hear(self, word, what):
        if word == "failed":
            raise AssertionError(what)
        writer, changes = what
        if word == "try":
            self.trying[writer] = changes
        else:
            assert self.trying.pop(writer) == changes, "an answer to something else"
            self.rows = self.laid_over(changes)
            self.acknowledged += 1

    def laid_over(self, changes):
        rows = {**self.rows, **changes}
        return {key: value for key, value in rows.items() if value is not None}

    def check(self, rows):
        """Each unanswered transaction happened, whole, or it did not."""
        for changes in self.trying.values():
            happened = {rows.get(key) == value and self.rows.get(key) != value for key, value in changes.items()}
            if True in happened:
                self.rows = self.laid_over(changes)
        self.trying = {}
        wrong = {key: (rows.get(key), self.rows.get(key)) for key in {**rows, **self.rows} if rows.get(key) != self.rows.get(key)}
        assert not wrong, f"what is there, and what was acknowledged: {wrong}"


def cycle(boot, model, seconds):
    """Boots, checks, lets it write for so long, and kills it."""
    machine = boot()
    try:
        word, what = next(machine.lines(BOOT_SECONDS), ("failed", "it said nothing; see the console"))
        if word == "failed" and machine.kernel_failed():  # an emulated one does at times, while it patches itself, before it mounts anything
            print("a kernel that did not come up; once more", flush=True)
            machine.kill()
            machine = boot()
            word, what = next(machine.lines(BOOT_SECONDS), ("failed", "it said nothing; see the console"))
        assert word == "held", what
        assert what["damages"] == [], what["damages"]
        model.check(what["rows"])
        for said in machine.lines(seconds):
            model.hear(*said)
    finally:
        last = machine.kill()
    for said in last:
        model.hear(*said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cycles", type=int, nargs="?", default=100)
    parser.add_argument("--root", default="/")
    parser.add_argument("--accel", default="tcg")
    parser.add_argument("--expect-failure", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("qemu-system-x86_64") is None:
        missing("there is no qemu-system-x86_64: apt-get install qemu-system-x86")
    kernel, modules = find_kernel(arguments.root)
    seed = int(os.environ.get("OXBOW_SEED", str(random.SystemRandom().randrange(1 << 32))), 0)
    print(f"OXBOW_SEED={seed} {os.path.basename(kernel)}", flush=True)
    choose = random.Random(seed)
    directory = tempfile.mkdtemp(prefix="oxbow-kernel-")
    make_archive(modules, os.path.join(directory, "initrd"))
    with open(os.path.join(directory, "disk"), "wb") as disk:
        disk.truncate(DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", os.path.join(directory, "disk")], check=True)
    model = Model()
    for number in range(arguments.cycles + 1):  # the last one only looks
        try:
            cycle(lambda: Machine(kernel, directory, arguments.accel), model, choose.uniform(0.1, 8) if number < arguments.cycles else 0)
        except AssertionError as problem:
            if arguments.expect_failure:
                shutil.rmtree(directory)
                print(f"noticed at boot {number + 1}: {problem}")
                return
            sys.exit(f"boot {number + 1}: {problem}\nthe disk and the console are in {directory}")
        if number % 10 == 9:
            print(f"{number + 1} kernels killed, {model.acknowledged} transactions acknowledged", flush=True)
    shutil.rmtree(directory)
    if arguments.expect_failure:
        sys.exit(f"{arguments.cycles} kernels killed, and nothing was noticed")
    print(f"{arguments.cycles} kernels killed: each of {model.acknowledged} acknowledged transactions was there, whole")


if __name__ == "__main__":
    main()
