"""Checkers of histories that clients recorded. Times are of one clock; an operation whose outcome is unknown has no end: it may have
happened at any time after its start, or never. Each raises Wrong with the operations that cannot be explained."""
import collections
import math

NEVER = math.inf


class Wrong(AssertionError):
    """No order of the operations explains what was seen."""


# One operation on a register. kind "write": `new` was written; "read": `seen` was there; "replace": `seen` was there, and then `new`
# (a compare-and-set that found something else is a read). Values that are written are unique.
Operation = collections.namedtuple("Operation", "kind start end seen new", defaults=(None, None))


def linearizable(history, first=None):
    """Wing and Gong's search with Lowe's memory of what was tried (set of operations done, value): is there an order of the
    operations of one register, each between its start and its end, in which each read sees what was written last?"""
    observed = {operation.seen for operation in history if operation.kind != "write"}
    # What nobody saw may as well not have happened.
    pending = sorted((operation for operation in history if operation.end != NEVER or operation.new in observed),
                     key=lambda operation: operation.start)
    needed = sum(1 << i for i, operation in enumerate(pending) if operation.end != NEVER)
    tried = set()
    stack = [(0, first, 0)]
    furthest = (0, first, 0)
    while stack:
        done, value, low = stack.pop()
        if done & needed == needed:
            return
        if (done, value) in tried:
            continue
        tried.add((done, value))
        while done >> low & 1:
            low += 1
        furthest = max(furthest, (low, value, done), key=lambda entry: entry[0])
        stack += [(done | 1 << i, after, low) for i, after in possible_next(pending, done, value, low)]
    low, value, done = furthest
    window = [operation for i, operation in enumerate(pending[low:low + 12], low) if not done >> i & 1]
    raise Wrong(f"not linearizable: with {value!r} there, no order of {window}")


def possible_next(pending, done, value, low):
    """(index, value after it) of those that may come next: started before any other that is to come has ended. Those likelier to be
    right last, as they are tried first."""
    before = NEVER
    found = []
    for i in range(low, len(pending)):
        operation = pending[i]
        if operation.start > before:
            break
        if not done >> i & 1:
            before = min(before, operation.end)
            if operation.kind == "write" or operation.seen == value:
                found.append((i, value if operation.kind == "read" else operation.new))
    return [entry for entry in found[::-1] if pending[entry[0]].start <= before]


# A transaction on lists. `reads`: {key: elements seen, in order}; `appends`: {key: one element}. Elements are unique.
Transaction = collections.namedtuple("Transaction", "name start end reads appends")


def strictly_serializable(history):
    """Of list-append transactions, as Elle does it: what lists were read gives each key's order of appends; that gives who came before
    whom (ww, wr, rw); with the real time between transactions this must have no cycle. The history must end with a read of all keys."""
    appended_by = writers_of(history)
    orders = orders_of(history, appended_by)
    happened = {appended_by[key, element].name for key, order in orders.items() for element in order}
    for transaction in history:
        if transaction.end != NEVER:
            for key, element in transaction.appends.items():
                if element not in orders.get(key, []):
                    raise Wrong(f"{transaction.name}: its element {element} of {key} is lost")
    known = [transaction for transaction in history if transaction.end != NEVER or transaction.name in happened]
    edges = collections.defaultdict(set)
    add_data_edges(known, orders, appended_by, edges)
    add_time_edges(known, edges)
    cycle = find_cycle(edges)
    if cycle is not None:
        by_name = {transaction.name: transaction for transaction in known}
        raise Wrong(f"a cycle: {[by_name[name] for name in cycle if name in by_name]}")


def writers_of(history):
    found = {}
    for transaction in history:
        for key, element in transaction.appends.items():
            if (key, element) in found:
                raise Wrong(f"element {element} of {key} was appended twice: the history is no good")
            found[key, element] = transaction
    return found


def orders_of(history, appended_by):
    """Each key's longest list that was read; every other one is a prefix of it."""
    orders = {}
    for transaction in history:
        for key, elements in transaction.reads.items():
            if len(set(elements)) != len(elements):
                raise Wrong(f"{transaction.name}: {key} holds an element twice: {elements}")
            unknown = [element for element in elements if (key, element) not in appended_by]
            if unknown:
                raise Wrong(f"{transaction.name}: {key} holds {unknown}, which nobody appended or whose append was refused")
            order = orders.get(key, [])
            common = min(len(order), len(elements))
            if order[:common] != elements[:common]:
                raise Wrong(f"{transaction.name}: of {key} was read {elements}, and at another time {order}")
            orders[key] = max(order, elements, key=len)
    return orders


def add_data_edges(known, orders, appended_by, edges):
    for key, order in orders.items():
        for element, following in zip(order, order[1:]):
            edges[appended_by[key, element].name].add(appended_by[key, following].name)
    for transaction in known:
        for key, elements in transaction.reads.items():
            if elements:
                edges[appended_by[key, elements[-1]].name].add(transaction.name)
            order = orders[key]
            if len(elements) < len(order):
                edges[transaction.name].add(appended_by[key, order[len(elements)]].name)
    for name, following in edges.items():
        following.discard(name)  # it reads, then appends


def add_time_edges(known, edges):
    """Through nodes that stand for moments, so that there are few: whoever ended before a moment comes before whoever starts after it."""
    moments = sorted([(transaction.end, 0, transaction.name) for transaction in known if transaction.end != NEVER] +
                     [(transaction.start, 1, transaction.name) for transaction in known])
    last = None
    for i, (_, is_start, name) in enumerate(moments):
        if is_start:
            if last is not None:
                edges[last].add(name)
        else:
            edges[name].add(i)
            if last is not None:
                edges[last].add(i)
            last = i


def find_cycle(edges):
    """The nodes of one, or None."""
    nodes = set(edges) | {following for many in edges.values() for following in many}
    ahead = {node: edges.get(node, set()) for node in nodes}
    back = {node: set() for node in nodes}
    for node, many in ahead.items():
        for following in many:
            back[following].add(node)
    nodes = without_ends(without_ends(nodes, back, ahead), ahead, back)
    return walk_cycle(ahead, nodes) if nodes else None


def without_ends(nodes, before, after):
    """The nodes that are left when those that have none before them are taken away, again and again."""
    left = set(nodes)
    counts = {node: len(before[node] & left) for node in left}
    ends = [node for node, count in counts.items() if count == 0]
    while ends:
        node = ends.pop()
        left.discard(node)
        for other in after[node] & left:
            counts[other] -= 1
            if counts[other] == 0:
                ends.append(other)
    return left


def walk_cycle(edges, nodes):
    path, node = [], next(iter(nodes))
    while node not in path:
        path.append(node)
        node = next(iter(edges[node] & nodes))
    return path[path.index(node):]


def constant_sum(states, total):
    """Every state that was seen, as (where it was seen, {account: amount}), adds up to the same."""
    for where, accounts in states:
        if sum(accounts.values()) != total:
            raise Wrong(f"{where}: the accounts add up to {sum(accounts.values())}, not {total}: {accounts}")


class Fold:
    """A stream's records folded: what each table holds after each. A record is (LSN, time, table, operation, old, new); `key_of` gives
    the key of an item."""

    def __init__(self, key_of):
        self.key_of = key_of
        self.tables = collections.defaultdict(dict)
        self.lsn = 0
        self.time = 0

    def add(self, lsn, time, table, old, new):
        if lsn <= self.lsn:
            raise Wrong(f"LSN {lsn} comes after {self.lsn}")
        if time < self.time:
            raise Wrong(f"LSN {lsn}: its time {time} is before {self.time}")
        self.lsn, self.time = lsn, time
        if old is None and new is None:
            return  # about the table
        key = self.key_of(table, new if new is not None else old)
        there = self.tables[table].get(key)
        if there != old:
            raise Wrong(f"LSN {lsn}: the old image of {key} is {old}, and {there} was there")
        if new is None:
            del self.tables[table][key]
        else:
            self.tables[table][key] = new


def same_state(where, folded, read):
    """What a stream folds to is what was read."""
    differs = sorted(key for key in set(folded) | set(read) if folded.get(key) != read.get(key))
    if differs:
        key = differs[0]
        raise Wrong(f"{where}: {len(differs)} keys differ from the folded stream; {key}: {read.get(key)}, folded {folded.get(key)}")
