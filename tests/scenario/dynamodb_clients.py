#!/usr/bin/python3
"""Clients of other people (tests/clients) against the real server; skipped when npm or its registry is not there."""
import os
import shutil
import subprocess
import sys
import tempfile

from server import Server

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients")
SCRIPTS = ("sdk_v3.mjs", "orm.mjs", "admin.mjs")
GO_PACKAGES = "/usr/share/gocode"
SKIPPED = 77


def install(directory, scripts=SCRIPTS):
    """Whether the packages are there afterwards."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        print("skipped: no npm")
        return False
    for name in ("package.json", "package-lock.json", *scripts):
        shutil.copy(os.path.join(CLIENTS, name), directory)
    if os.path.isdir(os.environ.get("OXBOW_NODE_MODULES", "")):
        os.symlink(os.environ["OXBOW_NODE_MODULES"], os.path.join(directory, "node_modules"))
        return True
    try:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1", "--fetch-timeout=20000", "--loglevel=error"], cwd=directory, capture_output=True, text=True, timeout=150)
    except subprocess.TimeoutExpired:
        print("skipped: npm ci took too long")
        return False
    words = done.stderr
    if done.returncode != 0:
        is_network = any(word in words for word in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET", "ENETUNREACH", "ERR_SOCKET_TIMEOUT", "E403", "E404", "E5", "CERT"))
        assert is_network, words
        print(f"skipped: the registry did not answer: {words[-300:]}")
    return done.returncode == 0


def go_client(directory, name, package, **environment):
    """Builds a client with Debian's packages of Go, and runs it; nothing where they are not."""
    if shutil.which("go") is None or not os.path.isdir(os.path.join(GO_PACKAGES, "src/github.com", package)):
        print(f"skipped: no {package}")
        return
    program = os.path.join(directory, name)
    subprocess.run(["go", "build", "-o", program, os.path.join(CLIENTS, f"{name}.go")], check=True, timeout=600,
                   env={**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOPATH": GO_PACKAGES, "GOCACHE": os.path.join(directory, "go-cache")})
    done = subprocess.run([program], capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-4000:]}"


def main():
    with tempfile.TemporaryDirectory(prefix="oxbow-clients-") as directory:
        with Server("--door-threads", "3") as host:
            go_client(directory, "dynamodb", "aws/aws-sdk-go-v2", OXBOW_DYNAMODB=host.dynamodb)
        if not install(directory):
            sys.exit(SKIPPED)
        with Server() as host:
            for script in SCRIPTS:
                done = subprocess.run(["node", script], cwd=directory, capture_output=True, text=True, timeout=120,
                                      env={**os.environ, "OXBOW_DYNAMODB": host.dynamodb, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"})
                assert done.returncode == 0, f"{script}: {done.stdout[-2000:]}{done.stderr[-4000:]}"


if __name__ == "__main__":
    main()
