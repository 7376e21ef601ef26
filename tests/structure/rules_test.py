#!/usr/bin/python3
"""Each rule of structure.py finds its violation, and a tree that keeps them all passes."""
import os
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import structure  # noqa: E402

SOUND = {
    "CMakeLists.txt": "project(oxbow)\n",
    "README.md": "# Oxbow\n",
    ".hidden": "",
    "base/CMakeLists.txt": "oxbow_library(NAME base PACKAGES libcrypto libuv) # m\n",
    "base/README.md": "# base\n\n**May include:** nothing of ours. **Third-party:** libcrypto.\n",
    "base/include/base/thread.h": "#include <stdint.h>\n",
    "base/thread.c": '#include "base/thread.h"\n#include <openssl/evp.h>\n#include <sys/stat.h>\nint base__x;\n',
    "store/CMakeLists.txt": "add_subdirectory(environment)\nadd_subdirectory(fold)\n",
    "store/environment/CMakeLists.txt": "oxbow_library(NAME store_environment SEES base LIBRARIES lmdb)\n",
    "store/environment/README.md": "May include: base.\n",
    "store/environment/open.c": "#include <lmdb.h>\n#include <pthread.h>\n",
    "store/fold/CMakeLists.txt": "oxbow_library(NAME store_fold\n    SEES base store_environment)\n",
    "store/fold/README.md": "# fold\n\n**May include:** `base`, `store/environment`\n(transactions only).\n\nstore/job no.\n",
    "store/fold/include/fold/write.h": "/* read__x is only named */\n",
    "store/fold/batch.c": '#include "fold/write.h"\nvoid fold__x(void) __attribute__((cold));\n',
    "connectors/native/CMakeLists.txt": "oxbow_library(NAME connectors_native SEES base store_read PACKAGES libzmq)\n",
    "connectors/native/README.md": "May include: base and store/read.\n",
    "store/read/CMakeLists.txt": "oxbow_library(NAME store_read SEES base)\n",
    "store/read/README.md": "May include: base.\n",
    "tests/unit/fold/batch.c": '#include "fold/write.h"\n#include <cmocka.h>\n#include <lmdb.h>\nint fold__x;\n',
}

LIBRARY = {
    "CMakeLists.txt": "oxbow_library(NAME {name} SEES {sees})\n",
    "README.md": "May include: {says}.\n",
}


def library(folder, *sees):
    """The files of a library that declares and says the same."""
    values = {"name": folder.replace("/", "_"), "says": ", ".join(sees),
              "sees": " ".join(name.replace("/", "_") for name in sees)}
    return {f"{folder}/{name}": text.format(**values) for name, text in LIBRARY.items()}


# Rule, where it must be found, and the files that break it (None removes one of the sound tree).
VIOLATIONS = [
    ("parent-include", "store/read/get.c", {"store/read/get.c": '#include "../fold/batch.h"\n'}),
    ("parent-include", "tests/unit/a.c", {"tests/unit/a.c": '#  include <base/../x.h>\n'}),
    ("third-party", "store/fold/a.c", {"store/fold/a.c": "#include <lmdb.h>\n"}),
    ("third-party", "store/fold/a.c", {"store/fold/a.c": '#include "lmdb.h"\n'}),
    ("third-party", "store/fold/a.h", {"store/fold/a.h": "#include <openssl/evp.h>\n"}),
    ("third-party", "base/a.c", {"base/a.c": "#include <openssl/ssl.h>\n"}),
    ("third-party", "base/a.c", {"base/a.c": "#include <cmocka.h>\n"}),
    ("third-party", "base/a.c", {"base/a.c": "#include <curl/curl.h>\n"}),
    ("third-party", "store/read/CMakeLists.txt",
     {"store/read/CMakeLists.txt": "oxbow_library(NAME store_read SEES base PACKAGES libzstd)\n"}),
    ("third-party", "store/read/CMakeLists.txt",
     {"store/read/CMakeLists.txt": "oxbow_library(NAME store_read SEES base LIBRARIES lmdb)\n"}),
    ("limits", "store/fold/include/fold/bounds.h",
     {"store/fold/include/fold/bounds.h": "enum {\n    FOLD_ROWS_MAX = 3, /* rows */\n};\n"}),
    ("guarded-header", "connectors/native/a.c", {"connectors/native/a.c": '#include "fold/write.h"\n'}),
    ("guarded-header", "access/feed/a.c",
     {**library("access/feed", "base"), "access/feed/a.c": '#include "fold/write.h"\n'}),
    ("arrows", "model/value/CMakeLists.txt", library("model/value", "store/fold")),
    ("arrows", "store/environment/CMakeLists.txt", library("store/environment", "base", "store/fold")),
    ("arrows", "store/fold/CMakeLists.txt", library("store/fold", "store/fold")),
    ("arrows", "connectors/native/CMakeLists.txt", library("connectors/native", "stream/log")),
    ("arrows", "connectors/native/CMakeLists.txt", library("connectors/native", "store/fold")),
    ("arrows", "connectors/native/CMakeLists.txt", library("connectors/native", "connectors/dynamodb")),
    ("arrows", "connectors/client/CMakeLists.txt", library("connectors/client", "connectors/net")),
    ("arrows", "lua/pool/CMakeLists.txt", library("lua/pool", "store/read")),
    ("arrows", "access/gate/CMakeLists.txt", library("access/gate", "lua/pool")),
    ("arrows", "connectors/http/CMakeLists.txt", library("connectors/http", "lua/pool")),
    ("arrows", "server/command/CMakeLists.txt", library("server/command", "store/read")),
    ("arrows", "base/CMakeLists.txt", {**library("base", "model/value")}),
    ("arrows", "store/misc", library("store/misc", "base")),
    ("arrows", "store/read/CMakeLists.txt", library("store/read", "base", "store/misc")),
    ("declaration", "store/read/CMakeLists.txt",
     {"store/read/CMakeLists.txt": "oxbow_library(NAME read SEES base)\n"}),
    ("declaration", "store/read/CMakeLists.txt",
     {"store/read/CMakeLists.txt":
      "oxbow_library(NAME store_read SEES base)\ntarget_include_directories(store_read PRIVATE ../fold)\n"}),
    ("declaration", "store/read", {"store/read/CMakeLists.txt": None}),
    ("readme", "store/read", {"store/read/README.md": None}),
    ("readme", "base", {"base/README.md": None}),
    ("readme", "store/read/README.md", {"store/read/README.md": "# read\n"}),
    ("readme", "store/read/README.md", {"store/read/README.md": "May include: base, model/row.\n"}),
    ("readme", "store/fold/README.md", {"store/fold/README.md": "May include: base. store/environment\n"}),
    ("double-underscore", "store/read/a.c", {"store/read/a.c": "int a(void) { return fold__x(); }\n"}),
    ("double-underscore", "store/fold/include/fold/write.h",
     {"store/fold/include/fold/write.h": "void fold__x(void);\n"}),
    ("top-level", "notes.md", {"notes.md": "\n"}),
    ("top-level", "util", {"util/a.c": "\n"}),
    ("header-name", "store/fold/lua.h", {"store/fold/lua.h": "\n"}),
    ("header-name", "store/fold/include/fold/limits.h", {"store/fold/include/fold/limits.h": "\n"}),
    ("header-name", "store/fold/time.h", {"store/fold/time.h": "\n"}),
    ("header-name", "store/fold/include/batch.h", {"store/fold/include/batch.h": "\n"}),
    ("bare-search", "store/read/a.c", {"store/read/a.c": "int a(char *b) { return memchr(b, 0, 0) != 0; }\n"}),
    ("unfinished", "store/fold/a.c", {"store/fold/a.c": "/* TO" + "DO: later */\n"}),
    ("unfinished", "tests/a.py", {"tests/a.py": "\n# FIX" + "ME\n"}),
]

# Allowed, though close to a violation.
ALLOWED = [
    library("lua/pool", "base", "model/codec"),
    library("triggers/host", "lua/pool", "access/gate", "stream/log", "triggers/function"),
    library("server/run", "lua/pool", "stream/local", "connectors/dynamodb", "server/command"),
    library("server/command", "base", "connectors/client"),
    library("connectors/dynamodb", "connectors/net", "connectors/aws", "access/gate"),
    {**library("access/gate", "base", "store/fold"), "access/gate/a.c": '#include "fold/write.h"\n'},
    {"base/CMakeLists.txt": "oxbow_library(NAME base PACKAGES libcrypto LIBRARIES m)\n"},
    {"store/read/a.c": '/* fold__x and lmdb.h */\nconst char *a = "fold__x";\nlong b = __builtin_clzl(1);\n'},
    {"build/notes.md": "TO" + "DO\n"},
]


class RulesTest(unittest.TestCase):
    def violations(self, changes):
        root = tempfile.mkdtemp(prefix="oxbow-structure-")
        try:
            for path, text in {**SOUND, **changes}.items():
                if text is not None:
                    os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
                    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                        file.write(text)
            return list(structure.violations(root))
        finally:
            shutil.rmtree(root)

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.violations({}), [])

    def test_close_calls_pass(self):
        for changes in ALLOWED:
            with self.subTest(changes=changes):
                self.assertEqual(self.violations(changes), [])

    def test_each_violation_is_found_and_nothing_else(self):
        for rule, path, changes in VIOLATIONS:
            with self.subTest(rule=rule, changes=changes):
                found = self.violations(changes)
                self.assertEqual([(name, where) for name, where, _, _ in found], [(rule, path)], found)

    def test_every_rule_has_a_violation(self):
        self.assertEqual({rule for rule, _, _ in VIOLATIONS}, set(structure.RULES))


if __name__ == "__main__":
    unittest.main()
