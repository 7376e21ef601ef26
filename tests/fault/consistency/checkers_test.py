#!/usr/bin/python3
"""Each checker passes sound histories, and finds what is wrong in planted ones."""
import random

from checkers import NEVER, Fold, Operation, Transaction, Wrong, constant_sum, linearizable, same_state, strictly_serializable


def write(start, end, new):
    return Operation("write", start, end, new=new)


def read(start, end, seen):
    return Operation("read", start, end, seen=seen)


def replace(start, end, seen, new):
    return Operation("replace", start, end, seen=seen, new=new)


SOUND_REGISTERS = [
    [],
    [write(0, 1, "a"), read(2, 3, "a")],
    [write(0, 9, "a"), read(1, 2, None), read(3, 4, "a")],
    [write(0, NEVER, "a"), read(5, 6, None), read(7, 8, "a")],
    [write(0, NEVER, "a"), read(5, 6, None), read(7, 8, None)],
    [write(0, 5, "a"), write(0, 5, "b"), read(1, 4, "b"), read(6, 7, "a")],
    [write(0, 1, "a"), replace(2, 9, "a", "b"), replace(2, 9, "b", "c"), read(10, 11, "c")],
    [write(0, 1, "a"), replace(2, NEVER, "a", "b"), write(3, 4, "c"), read(5, 6, "c")],
]
WRONG_REGISTERS = {
    "a stale read": [write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a")],
    "a write that is lost": [write(0, 1, "a"), read(2, 3, None)],
    "a value back again": [write(0, NEVER, "a"), read(1, 2, "a"), read(3, 4, None)],
    "two replaced the same": [write(0, 1, "a"), replace(2, 5, "a", "b"), replace(2, 5, "a", "c")],
    "a value that nobody wrote": [write(0, 1, "a"), read(2, 3, "x")],
    "unknown, seen before it began": [read(0, 1, "a"), write(2, NEVER, "a")],
    "readers in two orders": [write(0, 9, "a"), write(0, 9, "b"), read(1, 2, "a"), read(3, 4, "b"), read(5, 6, "a")],
    "replaced before a write that was over": [write(0, 1, "a"), write(2, 3, "b"), replace(4, 5, "a", "c")],
}


def transaction(name, start, end, reads=None, appends=None):
    return Transaction(name, start, end, reads or {}, appends or {})


SOUND_LISTS = [
    [transaction("end", 0, 1, {"x": []})],
    [transaction("a", 0, 1, appends={"x": 1}), transaction("b", 2, 3, {"x": [1]}, {"x": 2}), transaction("end", 8, 9, {"x": [1, 2]})],
    [transaction("a", 0, NEVER, appends={"x": 1, "y": 1}), transaction("b", 2, 3, {"x": [], "y": []}),
     transaction("end", 8, 9, {"x": [1], "y": [1]})],
    [transaction("a", 0, NEVER, appends={"x": 1}), transaction("end", 8, 9, {"x": []})],
]
WRONG_LISTS = {
    "an element twice": [transaction("a", 0, 1, appends={"x": 1}), transaction("end", 8, 9, {"x": [1, 1]})],
    "an element that nobody appended": [transaction("end", 8, 9, {"x": [1]})],
    "lists that part": [transaction("a", 0, 9, appends={"x": 1}), transaction("b", 0, 9, appends={"x": 2}),
                        transaction("c", 0, 9, {"x": [1, 2]}), transaction("end", 10, 11, {"x": [2, 1]})],
    "a lost append": [transaction("a", 0, 1, appends={"x": 1}), transaction("end", 8, 9, {"x": []})],
    "a read of half a transaction": [transaction("a", 0, 1, appends={"x": 1, "y": 1}), transaction("b", 0, 5, {"x": [1], "y": []}),
                                     transaction("end", 8, 9, {"x": [1], "y": [1]})],
    "write skew": [transaction("a", 0, 5, {"x": []}, {"y": 1}), transaction("b", 0, 5, {"y": []}, {"x": 1}),
                   transaction("end", 8, 9, {"x": [1], "y": [1]})],
    "a lost update": [transaction("a", 0, 5, {"x": []}, {"x": 1}), transaction("b", 0, 5, {"x": []}, {"x": 2}),
                      transaction("end", 8, 9, {"x": [1, 2]})],
    "a stale read": [transaction("a", 0, 1, appends={"x": 1}), transaction("b", 2, 3, {"x": []}), transaction("end", 8, 9, {"x": [1]})],
    "a long fork": [transaction("a", 0, 5, appends={"x": 1}), transaction("b", 0, 5, appends={"y": 1}),
                    transaction("c", 0, 5, {"x": [1], "y": []}), transaction("d", 0, 5, {"x": [], "y": [1]}),
                    transaction("end", 8, 9, {"x": [1], "y": [1]})],
}


def folded(*records):
    fold = Fold(lambda table, item: item["k"])
    for record in records:
        fold.add(*record)
    return fold


A1, A2 = {"k": "a", "v": 1}, {"k": "a", "v": 2}
WRONG_STREAMS = {
    "out of order": [(2, 1, "t", None, A1), (1, 1, "t", A1, A2)],
    "twice": [(1, 1, "t", None, A1), (1, 1, "t", None, A1)],
    "one is missing": [(1, 1, "t", None, A1), (3, 2, "t", A2, None)],
    "time goes back": [(1, 2, "t", None, A1), (2, 1, "t", A1, A2)],
}


def found(check, *arguments):
    """What it says is wrong; None when it finds nothing."""
    try:
        check(*arguments)
    except Wrong as wrong:
        return str(wrong)
    return None


def random_registers(choose):
    """A register as it should be, used by several at once, is linearizable; with one read of a value that was not there then, it is not."""
    for _ in range(300):
        history, value, now = [], None, 0
        free = [0] * 4
        for n in range(40):
            who = choose.randrange(4)
            at = now = max(now, free[who]) + choose.randrange(1, 4)  # the moment when it happens
            start, end = at - choose.random(), at + choose.random()
            free[who] = now
            kind = choose.choice(["write", "read", "replace"])
            is_unknown = kind != "read" and choose.random() < 0.1
            history.append(Operation(kind, start, NEVER if is_unknown else end, value if kind != "write" else None, n if kind != "read" else None))
            value = n if kind != "read" else value
        assert found(linearizable, history) is None, history
        written = [entry.new for entry in history if entry.kind != "read" and entry.end != NEVER]
        if len(written) > 3:
            history.append(read(now + 10, now + 11, written[0]))
            history.append(read(now + 12, now + 13, written[1]))
            assert found(linearizable, history) is not None, history


def main():
    for history in SOUND_REGISTERS:
        assert found(linearizable, history) is None, history
    for what, history in WRONG_REGISTERS.items():
        assert found(linearizable, history) is not None, f"not found: {what}"
    for history in SOUND_LISTS:
        assert found(strictly_serializable, history) is None, (history, found(strictly_serializable, history))
    for what, history in WRONG_LISTS.items():
        assert found(strictly_serializable, history) is not None, f"not found: {what}"
    random_registers(random.Random(1))
    assert found(constant_sum, [("here", {"a": 3, "b": 7})], 10) is None
    assert found(constant_sum, [("here", {"a": 3, "b": 7}), ("there", {"a": 3, "b": 6})], 10) is not None
    fold = folded((1, 1, "t", None, A1), (2, 1, "t", None, None), (3, 2, "t", A1, A2))
    assert found(same_state, "at 3", fold.tables["t"], {"a": A2}) is None
    assert found(same_state, "at 3", fold.tables["t"], {"a": A1}) is not None
    assert found(same_state, "at 3", fold.tables["t"], {}) is not None
    for what, records in WRONG_STREAMS.items():
        assert found(folded, *records) is not None, f"not found: {what}"


main()
