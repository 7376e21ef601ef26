#!/usr/bin/python3
"""Access keys: made, shown once, listed, removed; sealed on disk; and what may be given as their --key-file."""
import json
import os
import re
import shutil
import stat
import subprocess

from server import OXBOW, Client, Server, expect_failure

CREATE, LIST, REMOVE = 26, 27, 28
PRINCIPAL, ACCESS_KEY, SECRET, CREDENTIALS, STATE, TIME = 77, 78, 79, 80, 51, 8
NOT_FOUND, INVALID = 1, 3


def create(running, *name):
    code, out, error = running.run("credentials", "create", *name)
    assert code == 0, error
    assert "shown this once" in error
    found = re.fullmatch(r"\[(.+)\]\naws_access_key_id = (AKOX[A-Z2-7]{16})\n"
                         r"aws_secret_access_key = ([A-Za-z0-9+/]{40})\n", out)
    assert found, out
    return found.groups()


def listed(running):
    code, out, error = running.run("credentials", "list")
    assert code == 0, error
    return [json.loads(line) for line in out.splitlines()]


def ids(running):
    return [entry["access_key_id"] for entry in listed(running)]


def bytes_below(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                yield name, file.read()


def without_key_file(running):
    code, _, error = running.run("credentials", "create")
    assert code != 0 and "start it with --key-file" in error, error
    assert listed(running) == []
    running.stop()


def lives(running, key_file):
    running.settings = ["--key-file", key_file]
    running.start()
    assert stat.S_IMODE(os.stat(key_file).st_mode) == 0o600 and os.path.getsize(key_file) == 32
    first = create(running)
    second = create(running, "ann@example.org")
    assert first[0] == "admin" and second[0] == "ann@example.org"
    shown = listed(running)
    assert [entry["principal"] for entry in shown] == ["admin", "ann@example.org"], shown
    assert all(entry["state"] == "active" and entry["created"].startswith("20") for entry in shown), shown
    assert "secret" not in json.dumps(shown)
    code, out, _ = running.run("scan", "system.credentials")
    assert code == 0 and first[1] in out and first[2] not in out, out
    code, _, error = running.run("put", "system.credentials", '{"id":"mine"}')
    assert code != 0, "a door's client wrote a system table"
    running.kill() # what was acknowledged survives
    running.start()
    assert ids(running) == [first[1], second[1]]
    code, out, error = running.run("credentials", "remove", first[1])
    assert code == 0 and out == f"{first[1]} removed\n" and error == "", error
    code, _, error = running.run("credentials", "remove", first[1])
    assert code == 3 and first[1] in error, error
    code, _, error = running.run("credentials", "remove", "short")
    assert code == 3 and "20 characters" in error, error
    code, _, error = running.run("credentials", "create", "a b")
    assert code == 2 and "principal's name" in error, error
    code, _, error = running.run("credentials", "frobnicate")
    assert code == 2 and "usage" in error, error
    assert ids(running) == [second[1]]
    running.stop()
    for name, content in bytes_below(running.data):
        for secret in (first[2], second[2]):
            assert secret.encode() not in content, f"{name} holds a secret in the open"
    return second


def refused(running, words, *settings):
    command = [OXBOW, "serve", "--data", running.data, "--native", "127.0.0.1:0", "--http", "off", "--topics", "off", "--dynamodb", "off", "--cql", "off", *settings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr, done


def key_files(running, key_file, kept):
    other = os.path.join(running.directory, "other")
    refused(running, "that they were made with", "--key-file", other)
    assert not os.path.exists(other), "a key was made beside secrets that it cannot open"
    with open(os.open(other, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(bytes(32))
    refused(running, "was sealed with another key", "--key-file", other)
    refused(running, "lies in the data directory", "--key-file", os.path.join(running.data, "key"))
    os.chmod(key_file, 0o644)
    refused(running, "chmod 600", "--key-file", key_file)
    os.chmod(key_file, 0o600)
    moved = shutil.move(key_file, os.path.join(running.directory, "moved")) # the same key, wherever it lies
    running.settings = ["--key-file", moved]
    running.start()
    assert ids(running) == [kept[1]]
    running.stop()
    running.settings = [] # the key is lost: the access keys can be removed, and then others made
    running.start()
    assert ids(running) == [kept[1]]
    assert running.run("credentials", "create")[0] != 0
    assert "That was the last access key" in running.run("credentials", "remove", kept[1])[2]
    running.stop()
    os.remove(other)
    running.settings = ["--key-file", other]
    running.start()
    create(running, "bob")


def wire(running):
    client = Client(running.address)
    made = client.request(CREATE, {PRINCIPAL: "carl"})
    assert made[PRINCIPAL] == "carl" and len(made[SECRET]) == 40 and made[6] > 0, made
    entries = client.request(LIST, {})[CREDENTIALS]
    assert [entry[PRINCIPAL] for entry in entries] == ["bob", "carl"], entries
    assert all(SECRET not in entry and entry[STATE] == "active" and entry[TIME] > 0 for entry in entries)
    expect_failure(lambda: client.request(CREATE, {PRINCIPAL: "local"}), INVALID, "without credentials")
    expect_failure(lambda: client.request(CREATE, {PRINCIPAL: "a" * 65}), INVALID, "principal's name")
    expect_failure(lambda: client.request(REMOVE, {}), NOT_FOUND, "20 characters")
    expect_failure(lambda: client.request(REMOVE, {ACCESS_KEY: "A" * 20}), NOT_FOUND, "no access key AAAA")
    for number in range(50): # many under way at once
        client.send(CREATE, {PRINCIPAL: f"p{number}"})
    answers = [client.receive()[1] for _ in range(50)]
    assert len({answer[ACCESS_KEY] for answer in answers}) == 50
    for answer in answers:
        client.send(REMOVE, {ACCESS_KEY: answer[ACCESS_KEY]})
    assert all(0 not in client.receive()[1] for _ in range(50))
    assert len(client.request(LIST, {})[CREDENTIALS]) == 2
    client.close()


def main():
    with Server() as running:
        key_file = os.path.join(running.directory, "key")
        without_key_file(running)
        kept = lives(running, key_file)
        key_files(running, key_file, kept)
        wire(running)


main()
