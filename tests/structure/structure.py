#!/usr/bin/python3
"""Checks what the build cannot see: which folder may touch what, and that the READMEs say the same as CMake.

structure.py [--root DIR]     prints one line per violation, "path:line: rule: what to do"; exit status 1 if any

The tables come first; to allow something new, change a table. Every rule has a violation in rules_test.py that it must
find.
"""
import argparse
import os
import re
import sys

# Floors, lowest first, and their folders, lowest first: a folder may see the folders before it in its floor.
FLOORS = {
    "base": [],
    "model": ["value", "row", "codec", "expression", "wire"],
    "stream": ["log", "segment", "local"],
    "lua": ["protocol", "worker", "pool"],
    "store": ["environment", "catalog", "fold", "read", "history", "job", "scrub"],
    "access": ["identity", "role", "gate", "feed"],
    "triggers": ["function", "mapping", "schedule", "before", "replay", "evaluate", "host"],
    "connectors": ["net", "aws", "dynamodb", "keyspaces", "lambda", "syntax", "cql", "statement", "native", "http", "client", "webhook",
                   "mqtt", "kafka"],
    "server": ["command", "run"],  # main is in run and hands the other verbs to command
}

# What each floor may see of the others. A name with a slash is one folder of a floor.
FLOOR_SEES = {
    "base": [],
    "model": ["base"],
    "stream": ["base", "model"],
    "lua": ["base", "model"],
    "store": ["base", "model", "stream"],
    "access": ["base", "model", "stream", "store"],
    "triggers": ["base", "model", "stream", "store", "access", "lua"],
    # Of the store only what reads; of the log nothing.
    "connectors": ["base", "model", "store/catalog", "store/read", "store/history", "store/scrub", "access", "triggers"],
    "server": ["base", "model", "stream", "lua", "store", "access", "triggers", "connectors"],
}

# Narrower than the folder's floor. Whoever speaks a protocol to clients sees no other door.
FOLDER_SEES = {
    "connectors/client": ["base", "model"],
    "server/command": ["base", "model", "connectors/client"],
}
DOOR_FLOOR = "connectors"
DOORS_MAY_SHARE = ["connectors/net", "connectors/aws"]
DOOR_PARTS = {"connectors/statement": ["connectors/syntax", "connectors/cql"]}  # a door in several folders

# Third-party headers, the pkg-config or library names that bring them, and the only folders that may use them.
OWNERS = [
    (r"openssl/(ssl|tls1|err|bio|pem|x509\w*)\.h", ["libssl", "openssl"], ["connectors/net"]),
    (r"openssl/(?!ssl|tls1).*", ["libcrypto"], ["base"]),
    (r"xxhash\.h", ["libxxhash", "xxhash"], ["base"]),
    (r"uv\.h", ["libuv", "uv"], ["base", "connectors/net"]),
    (r"gmp\.h", ["gmp"], ["model/value"]),
    (r"msgpack(\.h|/.*)", ["msgpack", "msgpack-c", "msgpackc"], ["model/codec"]),
    (r"yajl/.*", ["yajl"], ["model/codec"]),
    (r"(zstd\w*|zdict)\.h", ["libzstd", "zstd"], ["stream/segment"]),
    (r"lmdb\.h", ["lmdb"], ["store/environment"]),
    (r"(lua|lualib|lauxlib|luaconf)\.h", ["lua", "lua5.4", "lua-5.4", "lua54"], ["lua/worker"]),
    (r"seccomp\.h", ["libseccomp", "seccomp"], ["lua/worker"]),
    (r"http_parser\.h", ["http_parser", "http-parser"], ["connectors/net"]),
    (r"zlib\.h", ["zlib", "z"], ["connectors/net"]),
    (r"libdeflate\.h", ["libdeflate"], ["connectors/net"]),
    (r"(zmq\w*|czmq)\.h", ["libzmq", "zmq"], ["connectors/native", "connectors/client"]),
    (r"crypt\.h", ["libcrypt", "crypt"], ["access/role"]),
    (r"lz4\w*\.h", ["liblz4", "lz4"], ["connectors/cql"]),
    (r"snappy(-c)?\.h", ["snappy"], ["connectors/cql"]),
    (r"cmocka\.h", ["cmocka"], []),
]
SYSTEM_LIBRARIES = ["m", "dl", "rt", "pthread"]

# What C, POSIX and Linux bring; any other <header> must have an owner above.
SYSTEM_HEADERS = set("""
assert complex cpuid ctype dirent dlfcn elf endian errno execinfo fcntl features fenv float fnmatch getopt glob grp iconv
immintrin inttypes langinfo libgen limits link locale malloc math mqueue netdb nmmintrin poll pthread pwd regex sched
search semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string
strings sysexits syslog termios tgmath threads time uchar ucontext unistd utime wchar wctype x86intrin
""".split())
SYSTEM_FOLDERS = ("sys/", "linux/", "asm/", "arpa/", "net/", "netinet/", "bits/")

# Second-level folders that hold no code, and so are no library.
NO_LIBRARIES = ["server/package"]

# Headers that only some folders may include, whatever their library's CMakeLists.txt names.
GUARDED_HEADERS = {"fold/write.h": ["access/gate", "store"]}

# The top level holds these, names that begin with a dot, and the untracked build/.
TOP_LEVEL = set("""
CMakeLists.txt CMakePresets.json README.md ARCHITECTURE.md LICENSE base model stream lua store access triggers connectors
server examples tests build
""".split())

LIMITS = "server/run/limits.c"

UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
TEXT_FILES = (".c", ".h", ".cc", ".py", ".sh", ".lua", ".js", ".md", ".txt", ".cmake", ".json", ".supp")


class Project:
    """The files of a project as lists of lines, read once."""

    def __init__(self, root):
        self.root = root
        self.texts = {}
        self.folders = set()
        for directory, names, files in os.walk(root):
            relative = os.path.relpath(directory, root)
            relative = "" if relative == "." else relative
            names[:] = sorted(name for name in names if name not in (".git", "__pycache__")
                              and not (relative == "" and name == "build"))
            self.folders.update(os.path.join(relative, name) for name in names)
            for name in sorted(files):
                path = os.path.join(relative, name)
                if name.endswith(TEXT_FILES) or relative.startswith(".ci"):
                    with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
                        self.texts[path] = file.read()

    def sources(self):
        return {path: text for path, text in self.texts.items() if path.endswith((".c", ".h", ".cc"))}

    def libraries(self):
        """The folders that are a library each: base, and every second-level folder of the other floors."""
        found = ["base"] if "base" in self.folders else []
        for floor in FLOORS:
            if floor != "base":
                found += sorted(folder for folder in self.folders if re.fullmatch(re.escape(floor) + r"/[^/]+", folder)
                                and folder not in NO_LIBRARIES)
        return found


def folder_of(path):
    """The library folder that a file belongs to ("base", "store/fold"), or its top-level folder elsewhere."""
    parts = path.split("/")
    if parts[0] in FLOORS and parts[0] != "base" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def is_within(folder, allowed):
    return any(folder == name or folder.startswith(name + "/") for name in allowed)


def is_test(path):
    return path.startswith(("tests/", "examples/"))


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def without_comments(text):
    """C text with comments and the contents of strings blanked, lines kept."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def includes(text):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', text, re.M):
        yield line_of(text, match.start()), match.group(1) == "<", match.group(2)


class Declaration:
    """What a library's CMakeLists.txt says in oxbow_library()."""

    def __init__(self, folder, text):
        text = re.sub(r"#[^\n]*", "", text)
        call = re.search(r"\boxbow_library\s*\(([^)]*)\)", text)
        self.is_found = call is not None
        self.line = line_of(text, call.start()) if call else 1
        self.values = {"NAME": [], "SEES": [], "PACKAGES": [], "LIBRARIES": []}
        key = None
        for word in call.group(1).split() if call else []:
            if word in self.values:
                key = word
            elif key is not None:
                self.values[key].append(word)
        self.folder = folder

    def sees(self):
        return [name.replace("_", "/", 1) if name != "base" else name for name in self.values["SEES"]]


def declarations(project):
    for folder in project.libraries():
        path = folder + "/CMakeLists.txt"
        if path in project.texts:
            yield path, Declaration(folder, project.texts[path])


def rule_parent_include(project):
    """No include climbs out of its folder."""
    for path, text in project.sources().items():
        for line, _, header in includes(text):
            if ".." in header.split("/"):
                yield path, line, f'"{header}" climbs out of the folder; include "library/header.h" and name it in SEES'


def header_owners(header):
    return [folder for pattern, _, folders in OWNERS if re.fullmatch(pattern, header) for folder in folders]


def is_owned(header):
    return any(re.fullmatch(pattern, header) for pattern, _, _ in OWNERS)


def rule_third_party(project):
    """A third-party header or library is used by its owners only; tests and examples may use any."""
    for path, text in project.sources().items():
        if is_test(path):
            continue
        for line, is_system, header in includes(text):
            owners = header_owners(header)
            if is_owned(header):
                if not is_within(folder_of(path), owners):
                    yield path, line, f"<{header}> belongs to {', '.join(owners) or 'tests'} only"
            elif is_system and header[:-2] not in SYSTEM_HEADERS and not header.startswith(SYSTEM_FOLDERS):
                yield path, line, f"<{header}> has no owner in tests/structure/structure.py"
    for path, declaration in declarations(project):
        for name in declaration.values["PACKAGES"] + declaration.values["LIBRARIES"]:
            owners = [folder for _, names, folders in OWNERS if name in names for folder in folders]
            if name not in SYSTEM_LIBRARIES and not is_within(declaration.folder, owners):
                yield path, declaration.line, f"{name} belongs to {', '.join(owners) or 'no folder'}"


def rule_guarded_header(project):
    """The one way to write is included by the gate and the store only."""
    for path, text in project.sources().items():
        for line, _, header in includes(text):
            allowed = GUARDED_HEADERS.get(header)
            if allowed is not None and not is_test(path) and not is_within(folder_of(path), allowed):
                yield path, line, f'"{header}" may be included under {", ".join(allowed)} only'


def may_see(folder, other):
    """Whether the folder may see the other, by the tables above."""
    floor, other_floor = folder.split("/")[0], other.split("/")[0]
    if folder in FOLDER_SEES:
        return is_within(other, FOLDER_SEES[folder])
    if floor != other_floor:
        return is_within(other, FLOOR_SEES[floor])
    if floor == DOOR_FLOOR and other not in DOORS_MAY_SHARE + DOOR_PARTS.get(folder, []):
        return False
    order = FLOORS[floor]
    return order.index(other.split("/")[1]) < order.index(folder.split("/")[1])


def is_known(folder):
    floor, _, name = folder.partition("/")
    return folder == "base" or name in FLOORS.get(floor, [])


def rule_arrows(project):
    """Arrows between folders point down only."""
    for folder in project.libraries():
        if not is_known(folder):
            yield folder, 1, "is no folder of the design; give it its place in FLOORS of tests/structure/structure.py"
    for path, declaration in declarations(project):
        for other in declaration.sees():
            if not is_known(other):
                yield path, declaration.line, f"SEES {other}, which is no folder of the design"
            elif is_known(declaration.folder) and not may_see(declaration.folder, other):
                yield path, declaration.line, f"{declaration.folder} may not see {other}"


def rule_declaration(project):
    """Every library is declared by oxbow_library() under its folder's name, and by nothing else."""
    direct = r"\b(target_include_directories|include_directories|link_libraries|add_library)\s*\("
    for folder in project.libraries():
        path = folder + "/CMakeLists.txt"
        if path not in project.texts:
            yield folder, 1, "has no CMakeLists.txt"
            continue
        declaration = Declaration(folder, project.texts[path])
        name = folder.replace("/", "_")
        if not declaration.is_found or declaration.values["NAME"] != [name]:
            yield path, declaration.line, f"must declare oxbow_library(NAME {name} ...)"
        match = re.search(direct, re.sub(r"#[^\n]*", "", project.texts[path]))
        if match:
            yield path, line_of(project.texts[path], match.start()), f"{match.group(1)} goes around SEES"


def readme_sees(text):
    """The folders that a README's "May include:" names, or None without one. It ends with the first full stop."""
    match = re.search(r"may include[:*\s]*:[:*\s]*(.*?)(?:\.(?=\s|\*|$)|\n\s*\n|\Z)", text, re.I | re.S)
    if match is None:
        return None, 1
    floors = "|".join(floor for floor in FLOORS if floor != "base")
    names = re.findall(r"\bbase\b(?!/)|\b(?:" + floors + r")[/_][a-z]+\b", match.group(1))
    return {name if name == "base" else re.sub(r"[/_]", "/", name, 1) for name in names}, line_of(text, match.start())


def rule_readme(project):
    """Every folder has a README.md, whose "May include:" names what its CMakeLists.txt names."""
    declared = {declaration.folder: declaration for _, declaration in declarations(project)}
    for folder in project.libraries():
        path = folder + "/README.md"
        if path not in project.texts:
            yield folder, 1, "has no README.md"
            continue
        said, line = readme_sees(project.texts[path])
        if said is None:
            yield path, line, 'has no "May include:" line'
        elif folder in declared and said != set(declared[folder].sees()):
            sees = ", ".join(sorted(declared[folder].sees())) or "nothing"
            yield path, line, f'"May include:" names {", ".join(sorted(said)) or "nothing"}, CMakeLists.txt {sees}'


def rule_double_underscore(project):
    """library__name is used within its library only, and not in its public headers."""
    for path, text in project.sources().items():
        folder = folder_of(path)
        if is_test(path) or folder == "base" and "/include/" not in path:
            continue
        for match in re.finditer(r"\b([a-z][a-z0-9_]*?)__[a-z0-9_]+\b", without_comments(text)):
            line = line_of(text, match.start())
            if "/include/" in path:
                yield path, line, f"{match.group()} is private to its library, but the header is public"
            elif match.group(1) != folder.split("/")[-1]:
                yield path, line, f"{match.group()} is private to the library {match.group(1)}"


def rule_top_level(project):
    """The top level shows the architecture and nothing else."""
    for name in sorted(os.listdir(project.root)):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield name, 1, "does not belong at the top level"


def rule_header_name(project):
    """No header of ours shadows a library's; public headers lie in include/<library>/."""
    for path in project.sources():
        folder, name = os.path.split(path)
        if not name.endswith(".h"):
            continue
        library = folder_of(path).split("/")[-1]
        is_public = "/include/" in path
        if name in ("lua.h", "limits.h"):
            yield path, 1, "shadows a library's header"
        elif not is_public and not is_test(path) and (name[:-2] in SYSTEM_HEADERS or is_owned(name)):
            yield path, 1, f"shadows <{name}> for the files beside it"
        elif is_public and not is_test(path) and folder != f"{folder_of(path)}/include/{library}":
            yield path, 1, f"public headers lie in {folder_of(path)}/include/{library}/"


def rule_bare_search(project):
    """memchr and memmem must not be given the null that empty bytes may be; bytes_find and bytes_find_byte may."""
    for path, text in project.texts.items():
        if is_test(path) or folder_of(path) == "base" or not path.endswith((".c", ".h", ".y", ".re")):
            continue
        for match in re.finditer(r"\bmem(?:chr|mem)\(", without_comments(text)):
            yield path, line_of(text, match.start()), "bytes_find or bytes_find_byte"


def rule_limits(project):
    """`oxbow limits` tells every limit that a bounds.h has."""
    told = project.texts.get(LIMITS, "")
    for path, text in project.sources().items():
        if os.path.basename(path) != "bounds.h" or is_test(path):
            continue
        for match in re.finditer(r"^\s+([A-Z][A-Z0-9_]*_(?:MAX|MIN))\b\s*=", without_comments(text), re.M):
            if not re.search(r"\b" + match.group(1) + r"\b", told):
                yield path, line_of(text, match.start(1)), f"{match.group(1)} is not told in {LIMITS}"


def rule_unfinished(project):
    """Nothing is marked as to be done later."""
    for path, text in project.texts.items():
        for match in UNFINISHED.finditer(text):
            yield path, line_of(text, match.start()), f"{match.group()}: do it, or open an issue"


RULES = {name[len("rule_"):].replace("_", "-"): rule for name, rule in list(globals().items())
         if name.startswith("rule_")}


def violations(root):
    project = Project(root)
    for name, rule in RULES.items():
        for path, line, text in rule(project):
            yield name, path, line, text


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Checks which folder may touch what.")
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)), help="the project to check")
    count = 0
    for name, path, line, text in violations(parser.parse_args().root):
        print(f"{path}:{line}: {name}: {text}")
        count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
