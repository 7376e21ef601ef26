#!/usr/bin/python3
"""What an installation consists of: completions and manual pages as the program prints them, files where the Filesystem
Hierarchy Standard has them, the unit, and the Debian package."""
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile

from server import OXBOW

BUILD = os.path.dirname(OXBOW)


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (words, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def complete(script, *words):
    """What bash would offer for the last word."""
    line = " ".join(f"'{word}'" for word in words)
    return run("bash", "-c", f"source {script}; COMP_WORDS=(oxbow {line}); COMP_CWORD={len(words)}; _oxbow oxbow; "
                             "printf '%s\\n' \"${COMPREPLY[@]}\"", cwd="/").split()


def check_completion(directory):
    verbs = re.findall(r"^  ([a-z]+) +\S", run(OXBOW, "help"), re.M)
    assert {"serve", "put", "top", "table"} <= set(verbs), verbs
    settings = re.findall(r"^  (--[a-z-]+) ", run(OXBOW, "serve", "--help"), re.M)
    script = os.path.join(directory, "oxbow.bash")
    for shell in ("bash", "zsh", "fish"):
        text = run(OXBOW, "completion", shell)
        path = os.path.join(directory, "oxbow." + shell)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        for word in verbs + [setting.removeprefix("--") for setting in settings]:
            assert word in text, (shell, word)
        if shutil.which(shell):
            run(shell, "-n", path)
    assert set(verbs) <= set(complete(script, "")), "every verb that the help lists"
    assert set(complete(script, "serve", "--")) >= set(settings), "every setting that the help lists"
    assert complete(script, "ta") == ["table", "tail"]
    assert complete(script, "tail", "t", "--from", "") == ["latest", "oldest", "snapshot"]
    assert complete(script, "table", "create", "t", "--durability", "p") == ["periodic"]
    assert {"create", "alter", "list", "describe", "truncate", "drop"} <= set(complete(script, "table", ""))
    assert complete(script, "put", "t", "{}", "--if-") == ["--if-absent", "--if-present"]
    assert complete(script, "serve", "--diagnostics-level", "w") == ["warning"]
    assert complete(script, "manual", "oxbow.") == ["oxbow.conf"]
    assert "etc" in complete(script, "serve", "--data", "e")
    for words in (["completion"], ["completion", "tcsh"], ["manual", "sh"]):
        assert subprocess.run([OXBOW, *words], capture_output=True, check=False).returncode == 2, words


def check_manual(directory):
    for page in ("oxbow", "oxbow-serve", "oxbow.conf"):
        path = os.path.join(directory, page + ".roff")
        with open(path, "w", encoding="utf-8") as file:
            file.write(run(OXBOW, "manual", page))
        if not shutil.which("man"):
            continue
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", path], capture_output=True, text=True, check=False,
                              env={**os.environ, "MANWIDTH": "160", "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MAN_KEEP_FORMATTING": ""})
        assert done.returncode == 0 and done.stderr == "", (page, done.stderr)
        text = re.sub(".\b", "", done.stdout)
        expected = {"oxbow": ["oxbow put TABLE ITEM [--if CONDITION", "EXIT STATUS"],
                    "oxbow-serve": ["--slow-ms", "Changes on SIGHUP.", "From 0 to 3600000."],
                    "oxbow.conf": ["retention-hours = NUMBER", "Default: 840."]}[page]
        assert all(words in text for words in expected), (page, text)


FILES = """
etc/oxbow/oxbow.conf usr/bin/oxbow usr/lib/systemd/system/oxbow.service usr/lib/sysusers.d/oxbow.conf
usr/share/bash-completion/completions/oxbow usr/share/zsh/vendor-completions/_oxbow usr/share/fish/vendor_completions.d/oxbow.fish
usr/share/doc/oxbow/README.md usr/share/doc/oxbow/OPERATIONS.md usr/share/doc/oxbow/copyright
usr/share/man/man1/oxbow.1.gz usr/share/man/man1/oxbow-serve.1.gz usr/share/man/man5/oxbow.conf.5.gz
usr/share/oxbow/grafana.json usr/share/oxbow/alerts.yml
""".split()


def check_install(root):
    run("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": root})
    found = {os.path.relpath(os.path.join(directory, name), root) for directory, _, names in os.walk(root) for name in names}
    assert found == set(FILES), found ^ set(FILES)
    program = os.path.join(root, "usr/bin/oxbow")
    assert run(program, "version") == run(OXBOW, "version")
    with gzip.open(os.path.join(root, "usr/share/man/man1/oxbow.1.gz"), "rt", encoding="utf-8") as page:
        assert page.read() == run(OXBOW, "manual", "oxbow")
    with open(os.path.join(root, "usr/share/oxbow/grafana.json"), encoding="utf-8") as dashboard:
        assert json.load(dashboard)["title"] == "Oxbow"
    out = run(program, "serve", "--check-configuration", "--config", os.path.join(root, "etc/oxbow/oxbow.conf"))
    assert "data = /var/lib/oxbow\n" in out and "key-file = /var/lib/oxbow-key/key\n" in out, out
    with open(os.path.join(root, "usr/lib/systemd/system/oxbow.service"), encoding="utf-8") as unit:
        text = unit.read()
    assert "ExecStart=/usr/bin/oxbow serve --config /etc/oxbow/oxbow.conf\n" in text, text
    if shutil.which("systemd-analyze"):
        run("systemd-analyze", "security", "--offline=yes", "--root=" + root, "--threshold=20", "--no-pager", "oxbow.service")


def check_package(directory):
    if not (shutil.which("dpkg-shlibdeps") and shutil.which("dpkg-deb")):
        return
    run("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", directory,
        "-D", f"CPACK_OUTPUT_FILE_PREFIX={directory}")
    package, = [name for name in os.listdir(directory) if name.endswith(".deb")]
    path = os.path.join(directory, package)
    assert re.fullmatch(r"oxbow_[0-9.]+_[a-z0-9]+\.deb", package), package
    listed = [line.split() for line in run("dpkg-deb", "-c", path).splitlines()]
    assert {words[5].removeprefix("./") for words in listed if not words[5].endswith("/")} == set(FILES), listed
    assert all(words[1] == "root/root" for words in listed), listed
    depends = run("dpkg-deb", "-f", path, "Depends")
    for library in ("liblmdb0", "libzmq5", "libc6 (>= ", "liblua5.4-0", "libssl3", "adduser"):
        assert library in depends, depends
    control = os.path.join(directory, "control")
    run("dpkg-deb", "-e", path, control)
    with open(os.path.join(control, "conffiles"), encoding="utf-8") as file:
        assert file.read() == "/etc/oxbow/oxbow.conf\n"
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", os.path.join(control, script))
        assert os.access(os.path.join(control, script), os.X_OK), script


def main():
    with tempfile.TemporaryDirectory() as directory:
        check_completion(directory)
        check_manual(directory)
    with tempfile.TemporaryDirectory() as directory:
        check_install(directory)
    with tempfile.TemporaryDirectory() as directory:
        check_package(directory)


if __name__ == "__main__":
    main()
