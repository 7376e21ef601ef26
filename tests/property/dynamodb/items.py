#!/usr/bin/python3
"""Random requests through the DynamoDB door against a naive model of what the Developer Guide says.

The model holds a table as a dictionary and works out every answer by looking at all items. $OXBOW_SEED repeats a run,
$OXBOW_TEST_SCALE makes it longer."""
import base64
import copy
import os
import random
import re
import sys
import time
from decimal import Context, Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenario"))
from dynamodb import Wire  # noqa: E402
from server import Server  # noqa: E402

SEED = int(os.environ.get("OXBOW_SEED") or str(random.SystemRandom().randrange(1 << 32)), 0)
ROUNDS = 10000 * max(1, int(os.environ.get("OXBOW_TEST_SCALE") or 1))
DIGITS = Context(prec=60)

# An attribute value is (type, inside): numbers are Decimal, lists tuples, maps tuples of sorted pairs, sets frozensets.


def to_json(value):
    kind, inside = value
    if kind == "N":
        return {"N": format(inside, "f")}
    if kind == "B":
        return {"B": base64.b64encode(inside).decode()}
    if kind == "L":
        return {"L": [to_json(one) for one in inside]}
    if kind == "M":
        return {"M": {name: to_json(one) for name, one in inside}}
    if kind in ("SS", "NS", "BS"):
        return {kind: [to_json((kind[0], one))[kind[0]] for one in sorted(inside)]}
    return {kind: inside}


def of_json(json):
    (kind, inside), = json.items()
    if kind == "N":
        return kind, Decimal(inside)
    if kind == "B":
        return kind, base64.b64decode(inside)
    if kind == "L":
        return kind, tuple(of_json(one) for one in inside)
    if kind == "M":
        return kind, tuple(sorted((name, of_json(one)) for name, one in inside.items()))
    if kind in ("SS", "NS", "BS"):
        return kind, frozenset(of_json({kind[0]: one})[1] for one in inside)
    return kind, inside


def item_to_json(item):
    return {name: to_json(value) for name, value in item.items()}


def item_of_json(json):
    return None if json is None else {name: of_json(value) for name, value in json.items()}


class Refused(Exception):
    """The request is answered with this exception's name."""


INVALID, FAILED, CANCELED = "ValidationException", "ConditionalCheckFailedException", "TransactionCanceledException"
PARTITIONS = ["", "a", "b", "\u00e9"][1:]
ATTRIBUTES = ["n", "m", "s", "t", "li", "mp", "st", "g", "h", "lo", "x.y"]
INDEXES = {"global": ("g", "h"), "hash": ("g", None), "local": ("p", "lo")}
HELD = {"global": {"p", "q", "g", "h", "n", "s", "li"}, "hash": {"p", "q", "g"}}  # what an index holds of an item; others: all
KEYS = {"g": "S", "h": "N", "lo": "S"}


# --- random values -----------------------------------------------------------------------------------------------------


def number(rng):
    return Decimal(rng.choice(["0", "1", "2", "3", "-1", "0.5", "10", "1e20", "-2.25", "1e-7", str(rng.randrange(-9, 10))]))


def text(rng):
    return rng.choice(["", "a", "b", "ab", "abc", "b\u00e9", "z", "A", "~"])


def data(rng):
    return rng.choice([b"", b"\x00", b"a", b"ab", b"\xff", b"\xff\x00"])


def value(rng, depth=2):
    kind = rng.choice(["N", "N", "S", "S", "B", "BOOL", "NULL", "SS", "NS", "BS"] + ["L", "M"] * (depth > 0))
    if kind == "N":
        return kind, number(rng)
    if kind in ("S", "B"):
        return kind, text(rng) if kind == "S" else data(rng)
    if kind in ("BOOL", "NULL"):
        return kind, kind == "NULL" or rng.random() < 0.5
    if kind == "L":
        return kind, tuple(value(rng, depth - 1) for _ in range(rng.randrange(4)))
    if kind == "M":
        return kind, tuple(sorted((name, value(rng, depth - 1)) for name in rng.sample(["k", "l", "n"], rng.randrange(4))))
    make = {"SS": text, "NS": number, "BS": data}[kind]
    return kind, frozenset(make(rng) for _ in range(rng.randrange(1, 4)))


def attribute(rng, name):
    """A value for that attribute: mostly of the type that most requests expect there."""
    if name in KEYS and rng.random() < 0.93:
        return ("N", number(rng)) if KEYS[name] == "N" else ("S", rng.choice(["a", "b", "c"]))
    if rng.random() < 0.6:
        return {"n": lambda: ("N", number(rng)), "m": lambda: ("N", number(rng)), "s": lambda: ("S", text(rng)), "t": lambda: ("S", text(rng)),
                "li": lambda: ("L", tuple(value(rng, 1) for _ in range(rng.randrange(4)))), "st": lambda: ("SS", frozenset(text(rng) for _ in range(2))),
                "mp": lambda: ("M", tuple(sorted((k, value(rng, 1)) for k in rng.sample(["k", "l", "n"], 2))))}.get(name, lambda: value(rng))()
    return value(rng)


def key(rng):
    return {"p": ("S", rng.choice(PARTITIONS)), "q": ("N", Decimal(rng.randrange(8)))}


def path(rng):
    """("n",) or ("mp", "k") or ("li", 1): inside an attribute now and then."""
    name = rng.choice(ATTRIBUTES)
    if name == "mp" and rng.random() < 0.7:
        return (name, rng.choice(["k", "l", "n"]), *([rng.randrange(2)] if rng.random() < 0.2 else []))
    if name == "li" and rng.random() < 0.7:
        return (name, rng.randrange(4), *(["k"] if rng.random() < 0.2 else []))
    return (name,)


# --- values in the model -----------------------------------------------------------------------------------------------


def find(item, where):
    """What is at the path; None: nothing."""
    found = ("M", tuple(sorted((item or {}).items(), key=lambda pair: pair[0])))
    for step in where:
        if isinstance(step, int):
            if found[0] != "L" or step >= len(found[1]):
                return None
            found = found[1][step]
        else:
            inside = dict(found[1]) if found[0] == "M" else {}
            if step not in inside:
                return None
            found = inside[step]
    return found


def order(left, right):
    """Below, at or above 0; None: they have no order."""
    if left is None or right is None or left[0] != right[0] or left[0] not in ("S", "N", "B"):
        return None
    a, b = (one[1].encode() if one[0] == "S" else one[1] for one in (left, right))
    return (a > b) - (a < b)


def size(found):
    if found is None or found[0] in ("N", "BOOL", "NULL"):
        return None
    return "N", Decimal(len(found[1]))


def contains(whole, part):
    if whole is None or part is None:
        return False
    if whole[0] in ("S", "B"):
        return whole[0] == part[0] and part[1] in whole[1]
    if whole[0] in ("SS", "NS", "BS"):
        return part[0] == whole[0][0] and part[1] in whole[1]
    return whole[0] == "L" and part in whole[1]


# --- expressions -------------------------------------------------------------------------------------------------------


class Expression:
    """Text with its placeholders."""

    def __init__(self):
        self.names = {}
        self.values = {}
        self.attributes = []  # named at the top, so far

    def path(self, where):
        text = ""
        self.attributes.append(where[0])
        for step in where:
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                self.names[f"#{len(self.names)}"] = step
                text += ("." if text else "") + f"#{len(self.names) - 1}"
        return text

    def value(self, given):
        self.values[f":{len(self.values)}"] = to_json(given)
        return f":{len(self.values) - 1}"

    def members(self):
        return {**({"ExpressionAttributeNames": self.names} if self.names else {}), **({"ExpressionAttributeValues": self.values} if self.values else {})}


class Statement(Expression):
    """The same as PartiQL writes it."""

    def __init__(self):
        super().__init__()
        self.parameters = []

    def path(self, where):
        self.attributes.append(where[0])
        return ".".join(f'"{step}"' if isinstance(step, str) else f"[{step}]" for step in where).replace(".[", "[")

    def value(self, given):
        self.parameters.append(to_json(given))
        return "?"

    @staticmethod
    def of(condition):
        text_ = re.sub(r"attribute_(not_)?exists\(([^()]*)\)", lambda found: f"{found[2]} IS {'' if found[1] else 'NOT '}MISSING", condition)
        return re.sub(r" IN \(([?, ]*)\)", r" IN [\1]", text_)


COMPARE = {"=": lambda a, b: a is not None and a == b, "<>": lambda a, b: a is None or b is None or a != b, "<": lambda a, b: (order(a, b) or 0) < 0,
           "<=": lambda a, b: order(a, b) is not None and order(a, b) <= 0, ">": lambda a, b: (order(a, b) or 0) > 0, ">=": lambda a, b: order(a, b) is not None and order(a, b) >= 0}


def ordered(rng):
    return rng.choice([("N", number(rng)), ("S", text(rng)), ("B", data(rng))])


def condition(rng, expression, depth=2, avoid=()):
    """(text, function from an item to whether it holds)."""
    choice = rng.randrange(12 if depth else 9)
    where = path(rng)
    while where[0] in avoid:
        where = path(rng)
    other = path(rng)
    while other[0] in avoid or other == where:
        other = path(rng)
    at = expression.path(where)
    if choice <= 1:
        operator = rng.choice(list(COMPARE))
        given = attribute(rng, where[0]) if operator in ("=", "<>") else ordered(rng)
        return f"{at} {operator} {expression.value(given)}", lambda item: COMPARE[operator](find(item, where), given)
    if choice == 2:
        operator = rng.choice(list(COMPARE))
        return f"{at} {operator} {expression.path(other)}", lambda item: COMPARE[operator](find(item, where), find(item, other))
    if choice == 3:
        is_there = rng.random() < 0.5
        return f"attribute_{'' if is_there else 'not_'}exists({at})", lambda item: (find(item, where) is not None) == is_there
    if choice == 4:
        given = rng.choice([("S", text(rng)), ("B", data(rng))])
        return f"begins_with({at}, {expression.value(given)})", lambda item: (find(item, where) or ("",))[0] == given[0] and find(item, where)[1].startswith(given[1])
    if choice == 5:
        given = value(rng, 1)
        return f"contains({at}, {expression.value(given)})", lambda item: contains(find(item, where), given)
    if choice == 6:
        given = rng.choice(["S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M"])
        return f"attribute_type({at}, {expression.value(('S', given))})", lambda item: (find(item, where) or ("",))[0] == given
    if choice == 7:
        operator, given = rng.choice(list(COMPARE)), ("N", Decimal(rng.randrange(4)))
        return f"size({at}) {operator} {expression.value(given)}", lambda item: COMPARE[operator](size(find(item, where)), given)
    if choice == 8:
        if rng.random() < 0.5:
            low, high = ordered(rng), ordered(rng)
            while low[0] != high[0] or order(low, high) > 0:
                low, high = ordered(rng), ordered(rng)
            return (f"{at} BETWEEN {expression.value(low)} AND {expression.value(high)}", lambda item: COMPARE[">="](find(item, where), low) and COMPARE["<="](find(item, where), high))
        given = [attribute(rng, where[0]) for _ in range(rng.randrange(1, 4))]
        return f"{at} IN ({', '.join(map(expression.value, given))})", lambda item: find(item, where) in given
    left, holds_left = condition(rng, expression, depth - 1, avoid)
    if choice == 9:
        text_, holds = f"NOT ({left})", lambda item: not holds_left(item)
    else:
        right, holds_right = condition(rng, expression, depth - 1, avoid)
        word = rng.choice(["AND", "OR"])
        text_ = f"({left}) {word} ({right})"
        holds = (lambda item: holds_left(item) and holds_right(item)) if word == "AND" else (lambda item: holds_left(item) or holds_right(item))
    return f"attribute_exists({at}) AND ({text_})", lambda item: find(item, where) is not None and holds(item)


def write_at(item, where, new):
    """The item with `new` at the path (None: without it); Refused when there is no such place."""
    def inside(found, steps):
        step = steps[0]
        if isinstance(step, int):
            if found is None or found[0] != "L":
                raise Refused(INVALID)
            members = list(found[1])
            if len(steps) > 1:
                if step >= len(members):
                    raise Refused(INVALID)
                members[step] = inside(members[step], steps[1:])
            elif new is None:
                del members[step:step + 1]
            elif step < len(members):
                members[step] = new
            else:
                members.append(new)
            return "L", tuple(members)
        if found is None or found[0] != "M":
            raise Refused(INVALID)
        pairs = dict(found[1])
        if len(steps) > 1:
            if step not in pairs:
                raise Refused(INVALID)
            pairs[step] = inside(pairs[step], steps[1:])
        elif new is None:
            pairs.pop(step, None)
        else:
            pairs[step] = new
        return "M", tuple(sorted(pairs.items(), key=lambda pair: pair[0]))

    return dict(inside(("M", tuple(item.items())), where)[1])


def normal(total):
    if total != 0 and (len(total.normalize(DIGITS).as_tuple().digits) > 38):
        raise Refused(INVALID)
    return "N", total


def operand(rng, expression, depth=1):
    """(text, function from the old item to a value)."""
    choice = rng.randrange(3 if depth else 2)
    if choice == 0:
        given = value(rng)
        return expression.value(given), lambda old: given
    where = path(rng)
    if choice == 1:
        def read(old):
            if find(old, where) is None:
                raise Refused(INVALID)
            return find(old, where)
        return expression.path(where), read
    text_, otherwise = operand(rng, expression, 0)
    return f"if_not_exists({expression.path(where)}, {text_})", lambda old: find(old, where) if find(old, where) is not None else otherwise(old)


def set_value(rng, expression):
    choice = rng.randrange(4)
    if choice == 0:
        text_, compute = operand(rng, expression)
        return text_, compute
    if choice == 1:
        where, given, sign = path(rng), ("N", number(rng)), rng.choice("+-")
        start = ("N", number(rng))
        at = f"if_not_exists({expression.path(where)}, {expression.value(start)})"

        def add(old):
            found = find(old, where) or start
            if found[0] != "N":
                raise Refused(INVALID)
            return normal(DIGITS.add(found[1], given[1] if sign == "+" else -given[1]))
        return f"{at} {sign} {expression.value(given)}", add
    if choice == 2:
        where, given, is_first = path(rng), ("L", tuple(value(rng, 1) for _ in range(rng.randrange(3)))), rng.random() < 0.5
        parts = [expression.path(where), expression.value(given)]

        def append(old):
            found = find(old, where)
            if found is None or found[0] != "L":
                raise Refused(INVALID)
            return "L", (found[1] + given[1] if is_first else given[1] + found[1])
        return f"list_append({', '.join(parts if is_first else parts[::-1])})", append
    given = value(rng)
    return expression.value(given), lambda old: given


def update(rng, expression):
    """(text, function from the old item to the new one, whether it can only take away, paths): every action has an attribute of its own.
    What only takes away from an item that is not there does not make one."""
    sections, actions = {}, []
    attributes = rng.sample(ATTRIBUTES, rng.randrange(1, 5))
    for name in attributes:
        where = path(rng)
        where = (name, *where[1:]) if where[0] == name else (name,)
        kind = rng.choice(["SET", "SET", "SET", "REMOVE", "ADD", "DELETE"])
        if kind == "SET":
            if len(where) == 1 and rng.random() < 0.6:
                given = attribute(rng, name)
                text_, compute = expression.value(given), lambda old, given=given: given
            else:
                text_, compute = set_value(rng, expression)
            sections.setdefault(kind, []).append(f"{expression.path(where)} = {text_}")
            actions.append((kind, where, compute))
        elif kind == "REMOVE":
            sections.setdefault(kind, []).append(expression.path(where))
            actions.append((kind, where, None))
        else:
            given = value(rng, 0)
            while given[0] not in ("SS", "NS", "BS", *(["N"] if kind == "ADD" else [])):
                given = value(rng, 0)
            sections.setdefault(kind, []).append(f"{expression.path(where)} {expression.value(given)}")
            actions.append((kind, where, given))

    def apply(old):
        new = dict(old)
        results = [(kind, where, what(old) if kind == "SET" else what) for kind, where, what in actions]
        for kind, where, what in results:
            found = find(new, where)
            if kind == "ADD" and found is not None:
                if found[0] != what[0]:
                    raise Refused(INVALID)
                what = normal(DIGITS.add(found[1], what[1])) if what[0] == "N" else (what[0], found[1] | what[1])
            if kind == "DELETE":
                if found is None:
                    continue
                if found[0] != what[0]:
                    raise Refused(INVALID)
                what = (what[0], found[1] - what[1])
                what = what if what[1] else None
            new = write_at(new, where, what)
        return new

    return " ".join(f"{word} {', '.join(parts)}" for word, parts in rng.sample(list(sections.items()), len(sections))), apply, set(sections) <= {"REMOVE", "DELETE"}, [where for _, where, _ in actions]


# --- the table ---------------------------------------------------------------------------------------------------------


def held(index, item):
    return {name: value for name, value in item.items() if index not in HELD or name in HELD[index]}


def place(item):
    return item["p"][1], item["q"][1]


def check_keys(item):
    """Index keys that are there must have their type and not be empty."""
    for name, kind in KEYS.items():
        if name in item and (item[name][0] != kind or item[name][1] == ""):
            raise Refused(INVALID)


def has_empty_key(item):
    return any(item.get(name) == (kind, "") for name, kind in KEYS.items())


class Model:
    def __init__(self, rng):
        self.rng = rng
        self.items = {}
        self.counts = {}
        self.touched = []  # paths of the last update
        self.headers = {}  # of what reads

    def then(self):
        """The model as it is now, whose reads go back to this moment: commits are told apart by milliseconds."""
        time.sleep(0.003)
        past = copy.copy(self)
        past.items, past.headers = dict(self.items), {"X-Oxbow-As-Of": f"{time.time():.3f}"}
        time.sleep(0.003)
        return past

    def get(self, where):
        return self.items.get(place(where))

    def request(self, wire, operation, body, wanted):
        """Sends; `wanted` gives the answer as the model has it, or raises Refused. Both must agree: the answer, or None."""
        status, _, answer = wire.send(operation, body, **(self.headers if operation == "GetItem" else {}))
        kind = "" if status == 200 else answer["__type"].split("#")[1]
        try:
            expected = wanted()
        except Refused as refused:
            assert kind == str(refused), f"{operation} {body}\nfound    {status} {answer}\nexpected {refused}"
            self.counts[operation, kind] = self.counts.get((operation, kind), 0) + 1
            return None
        assert status == 200, f"{operation} {body}\nfound    {answer}\nexpected {expected}"
        self.counts[operation, kind] = self.counts.get((operation, kind), 0) + 1
        return answer, expected

    def conditional(self, body, expression):
        """Adds a condition to a request now and then; what it says of an item."""
        if self.rng.random() < 0.5:
            return lambda item: True
        text_, holds = condition(self.rng, expression)
        body["ConditionExpression"] = text_
        return holds

    def random_item(self):
        return {**key(self.rng), **{name: attribute(self.rng, name) for name in self.rng.sample(ATTRIBUTES, self.rng.randrange(len(ATTRIBUTES)))}}

    def plan_write(self):
        """(operation, its members, function that changes the model and returns (old, new))."""
        rng, expression = self.rng, Expression()
        operation = rng.choice(["Put", "Put", "Update", "Update", "Update", "Delete"])
        where = key(rng)
        body = {"TableName": "table", "Key": item_to_json(where)}
        apply = None
        if operation == "Put":
            new_item = {**self.random_item(), **where}
            body = {"TableName": "table", "Item": item_to_json(new_item)}
            apply = lambda old: new_item
        elif operation == "Update":
            body["UpdateExpression"], change, only_removes, self.touched = update(rng, expression)
            apply = lambda old: None if old is None and only_removes else change(old or where)
        holds = self.conditional(body, expression)
        body |= expression.members()

        def run():
            old = self.get(where)
            if operation == "Put":
                check_keys(new_item)
            if not holds(old):
                raise Refused(FAILED)
            new = apply(old) if apply else None
            if new is not None:
                check_keys(new)
            return place(where), old, new

        return operation, body, run

    def keep(self, where, new):
        if new is None:
            self.items.pop(where, None)
        else:
            self.items[where] = new

    def write(self, wire):
        operation, body, run = self.plan_write()
        returns = ["NONE", "ALL_OLD"]
        if operation == "Update":
            returns += ["ALL_NEW"] + ["UPDATED_OLD", "UPDATED_NEW"] * all(len(where) == 1 for where in self.touched)
        returns = self.rng.choice(returns)
        done = self.request(wire, operation + "Item", {**body, "ReturnValues": returns}, run)
        if done is not None:
            answer, (where, old, new) = done
            self.keep(where, new)
            wanted = {"NONE": None, "ALL_OLD": old, "ALL_NEW": new, "UPDATED_OLD": old, "UPDATED_NEW": new}[returns]
            if returns.startswith("UPDATED") and wanted is not None:
                wanted = {where[0]: wanted[where[0]] for where in self.touched if where[0] in wanted} or None
            assert item_of_json(answer.get("Attributes")) == wanted, f"{operation} {body} {returns}\nfound    {answer}\nexpected {wanted}"

    def transact(self, wire):
        plans, taken = [], set()
        for _ in range(self.rng.randrange(1, 5)):
            plan = self.plan_write()
            where = place(item_of_json(plan[1].get("Key") or plan[1]["Item"]))
            if where not in taken:
                taken.add(where)
                plans.append(plan)

        def run():
            results, reasons = [], []
            if any(has_empty_key(item_of_json(body["Item"])) for _, body, _ in plans if "Item" in body):
                raise Refused(INVALID)  # a fault of the request; a wrong type is a reason to cancel
            for _, _, one in plans:
                try:
                    results.append(one())
                except Refused as refused:
                    reasons.append(refused)
            if reasons:
                raise Refused(CANCELED)
            return results

        done = self.request(wire, "TransactWriteItems", {"TransactItems": [{operation: body} for operation, body, _ in plans]}, run)
        for where, _, new in done[1] if done else ():
            self.keep(where, new)

    def batch(self, wire):
        chosen = {place(one): one for one in (self.random_item() for _ in range(self.rng.randrange(1, 10)))}
        writes = [{"PutRequest": {"Item": item_to_json(one)}} if self.rng.random() < 0.7 else {"DeleteRequest": {"Key": item_to_json({"p": one["p"], "q": one["q"]})}} for one in chosen.values()]

        def run():
            for write in writes:
                if "PutRequest" in write:
                    check_keys(item_of_json(write["PutRequest"]["Item"]))
            return True

        if self.request(wire, "BatchWriteItem", {"RequestItems": {"table": writes}}, run):
            for where, write in zip(chosen, writes):
                self.keep(where, item_of_json(write["PutRequest"]["Item"]) if "PutRequest" in write else None)

    def read(self, wire):
        where = key(self.rng)
        expression, body = Expression(), {"TableName": "table", "Key": item_to_json(where), "ConsistentRead": True}
        paths = [(name,) for name in self.rng.sample(["p"] + ATTRIBUTES, self.rng.randrange(4))]
        if paths:
            body["ProjectionExpression"] = ", ".join(map(expression.path, paths))
        answer, found = self.request(wire, "GetItem", {**body, **expression.members()}, lambda: self.get(where))
        if paths and found is not None:
            found = {one[0]: find(found, one) for one in paths if find(found, one) is not None}
        assert item_of_json(answer.get("Item")) == found, f"{body}\nfound    {answer}\nexpected {found}"

    def pages(self, wire, operation, body):
        """All items of all pages, in order, and how many were looked at."""
        found, scanned = [], 0
        limit = self.rng.choice([None, 1, 2, 3, 5, 50])
        body = {**body, **({"Limit": limit} if limit else {})}
        while True:
            status, _, answer = wire.send(operation, body, **self.headers)
            assert status == 200, f"{operation} {body}: {answer}"
            found += [item_of_json(one) for one in answer["Items"]]
            scanned += answer["ScannedCount"]
            assert answer["Count"] == len(answer["Items"]) and (limit is None or answer["ScannedCount"] <= limit), f"{body}: {answer}"
            if "LastEvaluatedKey" not in answer:
                self.counts[operation, ""] = self.counts.get((operation, ""), 0) + 1
                return found, scanned
            assert limit is None or answer["ScannedCount"] == limit, f"{body}: a page that is not full: {answer}"
            body = {**body, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def filtered(self, expression, body, avoid):
        if self.rng.random() < 0.5:
            return lambda item: True
        body["FilterExpression"], holds = condition(self.rng, expression, avoid=avoid)
        return holds

    def query_refused(self, wire, body, index, lacking):
        """A query's filter sees what the index holds, and names nothing else."""
        status, _, answer = wire.send("Query", body, **self.headers)
        text_, _, names = answer.get("message", "").partition("[")
        assert status == 400 and answer["__type"].endswith("ValidationException"), f"{body}: {answer}"
        assert text_ == f"One or more parameter values were invalid: Secondary index {index} does not project one or more filter attributes: ", f"{body}: {answer}"
        assert sorted(names.removesuffix("]").split(", ")) == sorted(lacking), f"{body}: {answer}"
        self.counts["Query", "lacking"] = self.counts.get(("Query", "lacking"), 0) + 1

    def query(self, wire):
        rng, expression, body = self.rng, Expression(), {"TableName": "table"}
        index = rng.choice([None, *INDEXES])
        hash_key, range_key = INDEXES[index] if index else ("p", "q")
        if index:
            body["IndexName"] = index
        partition = ("S", rng.choice(PARTITIONS if hash_key == "p" else ["a", "b", "c", "d"]))
        text_ = f"{expression.path((hash_key,))} = {expression.value(partition)}"
        within = lambda item: True
        if range_key and rng.random() < 0.6:
            make = lambda: ("N", number(rng)) if range_key in ("h", "q") else ("S", rng.choice(["a", "b", "c", "ab"]))
            operator, given, high = rng.choice(["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"]), make(), make()
            at = expression.path((range_key,))
            if operator == "BETWEEN":
                given, high = (given, high) if order(given, high) <= 0 else (high, given)
                text_ += f" AND {at} BETWEEN {expression.value(given)} AND {expression.value(high)}"
                within = lambda item: order(item[range_key], given) >= 0 and order(item[range_key], high) <= 0
            elif operator == "begins_with" and given[0] == "S":
                text_ += f" AND begins_with({at}, {expression.value(given)})"
                within = lambda item: item[range_key][1].startswith(given[1])
            else:
                operator = "=" if operator == "begins_with" else operator
                text_ += f" AND {at} {operator} {expression.value(given)}"
                within = lambda item: COMPARE[operator](item[range_key], given)
        forward = rng.random() < 0.5
        body |= {"KeyConditionExpression": text_, "ScanIndexForward": forward}
        before = len(expression.attributes)
        holds = self.filtered(expression, body, (hash_key, range_key))
        lacking = set(expression.attributes[before:]) - HELD.get(index, set(expression.attributes))
        if lacking:
            self.query_refused(wire, {**body, **expression.members()}, index, lacking)
            return
        every = [held(index, item) for item in self.items.values() if item.get(hash_key) == partition and (range_key is None or range_key in item) and within(item)]
        wanted = [item for item in every if holds(item)]
        found, scanned = self.pages(wire, "Query", {**body, **expression.members()})
        about = f"{body} {expression.members()}\nfound    {found}\nexpected {wanted}"
        assert scanned == len(every), about
        assert sorted(found, key=place) == sorted(wanted, key=place), about
        keys = [item[range_key][1] for item in found] if range_key else []
        keys = [one.encode() if isinstance(one, str) else one for one in keys]
        assert keys == sorted(keys, reverse=not forward), about

    def partiql(self, wire):
        """SELECT: of a partition, of some of its items, of all."""
        rng, statement = self.rng, Statement()
        parts, holds = [], []
        if rng.random() < 0.7:
            partition = ("S", rng.choice(PARTITIONS))
            parts.append(f"{statement.path(('p',))} = {statement.value(partition)}")
            holds.append(lambda item: item["p"] == partition)
            if rng.random() < 0.5:
                operator, given = rng.choice(["=", "<", "<=", ">", ">="]), ("N", number(rng))
                parts.append(f"{statement.path(('q',))} {operator} {statement.value(given)}")
                holds.append(lambda item: COMPARE[operator](item["q"], given))
        index = rng.choice(["", "", '."local"'])
        if rng.random() < 0.7:
            text_, more = condition(rng, statement, avoid=("lo",) if index else ())  # a key is compared with what it may be
            parts.append(f"({statement.of(text_)})")
            holds.append(more)
        limit = rng.choice([None, 1, 3, 50])
        body = {"Statement": f'SELECT * FROM "table"{index}{" WHERE " if parts else ""}{" AND ".join(parts)}', **({"Parameters": statement.parameters} if statement.parameters else {}), **({"Limit": limit} if limit else {})}
        wanted = [item for item in self.items.values() if (not index or "lo" in item) and all(one(item) for one in holds)]
        found, token = [], None
        while True:
            status, _, answer = wire.send("ExecuteStatement", {**body, **({"NextToken": token} if token else {})})
            assert status == 200, f"{body}: {answer}"
            found, token = found + [item_of_json(one) for one in answer["Items"]], answer.get("NextToken")
            if token is None:
                break
        assert sorted(found, key=place) == sorted(wanted, key=place), f"{body}\nfound    {found}\nexpected {wanted}"
        self.counts["ExecuteStatement", ""] = self.counts.get(("ExecuteStatement", ""), 0) + 1

    def scan(self, wire):
        expression, body = Expression(), {"TableName": "table"}
        index = self.rng.choice([None, None, *INDEXES])
        if index:
            body["IndexName"] = index
        holds = self.filtered(expression, body, ())
        every = [held(index, item) for item in self.items.values() if index is None or all(name is None or name in item for name in INDEXES[index])]
        wanted = [item for item in every if holds(item)]
        segments = self.rng.choice([1, 1, 2, 5])
        found, scanned = [], 0
        for segment in range(segments):
            more, looked = self.pages(wire, "Scan", {**body, **expression.members(), **({"Segment": segment, "TotalSegments": segments} if segments > 1 else {})})
            found, scanned = found + more, scanned + looked
        about = f"{body} {expression.members()}\nfound    {found}\nexpected {wanted}"
        assert scanned == len(every) and sorted(found, key=place) == sorted(wanted, key=place), about


def create(wire):
    keys = lambda *names: [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE")) if name]
    projections = {"global": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n", "s", "li"]}, "hash": {"ProjectionType": "KEYS_ONLY"}, "local": {"ProjectionType": "ALL"}}
    index = lambda name: {"IndexName": name, "KeySchema": keys(*INDEXES[name]), "Projection": projections[name]}
    wire.ask("CreateTable", {"TableName": "table", "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys("p", "q"), "GlobalSecondaryIndexes": [index("global"), index("hash")], "LocalSecondaryIndexes": [index("local")],
                             "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in (("p", "S"), ("q", "N"), *KEYS.items())]})


def main():
    print(f"OXBOW_SEED={SEED}", flush=True)
    model = Model(random.Random(SEED))
    with Server() as host:
        wire = Wire(host.dynamodb)
        create(wire)
        past = []
        for done in range(ROUNDS):
            step = model.rng.choices([model.write, model.transact, model.batch, model.read, model.query, model.scan, model.partiql], [50, 8, 3, 15, 18, 6, 8])[0]
            step(wire)
            if done % 500 == 0:
                past.append(model.then())
            if done % 12 == 0:
                then = model.rng.choice(past)
                model.rng.choice([then.read, then.query, then.scan])(wire)
            if done == ROUNDS // 2:
                host.kill()
                host.start()
                wire = Wire(host.dynamodb)
    print(", ".join(f"{operation} {kind or 'answered'}: {count}" for (operation, kind), count in sorted(model.counts.items())))
    for operation, kind in (("UpdateItem", ""), ("UpdateItem", INVALID), ("UpdateItem", FAILED), ("PutItem", FAILED), ("TransactWriteItems", CANCELED), ("TransactWriteItems", ""), ("BatchWriteItem", ""), ("ExecuteStatement", "")):
        assert model.counts.get((operation, kind), 0) > 10, f"hardly any {operation} {kind}"


if __name__ == "__main__":
    main()
