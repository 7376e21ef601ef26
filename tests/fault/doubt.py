#!/usr/bin/python3
"""A server that starts with a clock days ahead notes its doubt as soon as the disk lets it, and forgets it when somebody vouches for
the clock. $OXBOW_CLOCK is the library of consistency/clock.c."""
import os
import signal
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
from server import Server, wait_for

DAYS_US = 3 * 86400 * 1000000


def main():
    with Server() as host:
        host.stop()
        doubt, offset, settings = (os.path.join(host.directory, name) for name in ("data/doubt", "offset", "settings"))
        with open(offset, "wb") as file:
            file.write(struct.pack("=q", DAYS_US))
        with open(settings, "w", encoding="utf-8") as file:
            file.write("accept-clock = false\n")
        host.wrapper = ["env", f"LD_PRELOAD={os.environ['OXBOW_CLOCK']}", f"CLOCK_OFFSET={offset}", "CLOCK_DRIFTS=1"]
        host.settings += ["--config", settings]
        os.mkdir(f"{doubt}.new")  # in the way of the file
        host.start()
        assert not os.path.exists(doubt)
        os.rmdir(f"{doubt}.new")
        wait_for("the doubt to be noted", lambda: os.path.exists(doubt))
        with open(settings, "w", encoding="utf-8") as file:
            file.write("accept-clock = true\n")
        host.process.send_signal(signal.SIGHUP)
        wait_for("the doubt to go", lambda: not os.path.exists(doubt))


if __name__ == "__main__":
    main()
