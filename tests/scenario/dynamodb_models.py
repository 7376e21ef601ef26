#!/usr/bin/python3
"""Every constraint in the API models, broken once: for each operation and each place in its input that the model
reaches, a request that is sound but for one member gets the service's answer for it."""
import copy
import json
import os
import re

from dynamodb import SERIALIZATION, VALIDATION, Wire
from server import Server

MODELS = os.path.join(os.path.dirname(__file__), "..", "..", "connectors", "aws", "models")
LONGEST = 70000  # of a text or list that breaks a bound; bounds beyond are left out
NAME = {"type": "string", "min": 3, "max": 255, "pattern": "[a-zA-Z0-9_.-]+"}  # what a TableArn is held to that is none
JUDGED_APART = ("Tag", "TagKeyString", "TagValueString")  # in words of their own: dynamodb_tables.py
ALSO_REQUIRED = {"CreateTableInput": ["AttributeDefinitions", "KeySchema"]}  # by the service, not by its model
ABOUT_TABLES = ("CreateTable", "DescribeTable", "UpdateTable", "DeleteTable")  # these miss a TableName in words of their own
WRONG_TYPE = {"string": (1, "NUMBER_VALUE cannot be converted to String"), "integer": ("x", "STRING_VALUE cannot be converted to Integer"), "long": ("x", "STRING_VALUE cannot be converted to Long"),
              "double": ("x", "STRING_VALUE cannot be converted to Double"), "boolean": (1, "NUMBER_VALUE cannot be converted to Boolean"), "timestamp": ("x", "STRING_VALUE cannot be converted to Date"),
              "blob": (1, "only base-64-encoded strings are convertible to bytes"), "list": ("x", "Unexpected field type"), "map": ("x", "Unexpected field type"), "structure": ("x", "Unexpected value type in payload")}


def camel(name):
    return name[0].lower() + name[1:]


class Model:
    def __init__(self, name):
        with open(os.path.join(MODELS, name + ".json")) as file:
            self.model = json.load(file)
        self.shapes = self.model["shapes"]
        for name in JUDGED_APART:
            for rule in ("min", "max", "required"):
                self.shapes.get(name, {}).pop(rule, None)
        self.prefix = self.model["metadata"]["targetPrefix"]

    def shape(self, name):
        return NAME if name == "TableArn" else self.shapes[name]

    def required(self, name):
        return self.shapes[name].get("required", []) + ALSO_REQUIRED.get(name, [])

    def sound(self, name):
        """The smallest value that the shape allows."""
        shape = self.shape(name)
        kind = shape["type"]
        if name == "AttributeValue":
            return {"S": "x"}
        if kind == "string":
            return shape["enum"][0] if "enum" in shape else "a" * max(shape.get("min", 1), 1)
        if kind in ("integer", "long", "double"):
            return shape.get("min", 1)
        if kind == "list":
            return [self.sound(shape["member"]["shape"]) for _ in range(shape.get("min", 0))]
        if kind == "map":
            return {f"aaa{n}": self.sound(shape["value"]["shape"]) for n in range(shape.get("min", 0))}
        if kind == "structure":
            return {member: self.sound(shape["members"][member]["shape"]) for member in self.required(name)}
        return {"boolean": True, "blob": "", "timestamp": 1}[kind]

    def places(self, name, path=(), holder=None):
        """Every place: (name of its shape, path of (key, part of the path in messages), "list" or "map" when it lies in one)."""
        yield name, path, holder
        shape = self.shape(name)
        if name == "AttributeValue" or len(path) > 12:
            return
        if shape["type"] == "structure":
            for member, inner in shape["members"].items():
                yield from self.places(inner["shape"], path + ((member, camel(member)),))
        elif shape["type"] == "list":
            yield from self.places(shape["member"]["shape"], path + ((0, "1.member"),), "list")
        elif shape["type"] == "map":
            yield from self.places(shape["value"]["shape"], path + (("aaa0", "aaa0.member"),), "map")

    def build(self, name, path, value):
        """A sound input of shape `name` that has `value` at the path."""
        if not path:
            return value
        shape = self.shape(name)
        whole = self.sound(name)
        key = path[0][0]
        if shape["type"] == "structure":
            whole[key] = self.build(shape["members"][key]["shape"], path[1:], value)
        elif shape["type"] == "list":
            whole[:1] = [self.build(shape["member"]["shape"], path[1:], value)]
        else:
            whole[key] = self.build(shape["value"]["shape"], path[1:], value)
        return whole


def bounds(shape):
    """How the bounds of a text are told of what lies in a list or a map."""
    parts = [f"Member must have length less than or equal to {shape['max']}"] if "max" in shape else []
    parts += [f"Member must have length greater than or equal to {shape['min']}"] if "min" in shape else []
    parts += [f"Member must satisfy regular expression pattern: {shape['pattern']}"] if "pattern" in shape else []
    return "[" + ", ".join(parts) + "]"


def breaches(model, name):
    """(value, what is said of it): what breaks the rules of a shape, one at a time."""
    shape = model.shape(name)
    kind = shape["type"]
    if kind == "string":
        if "enum" in shape:
            yield "NONSENSE", "Member must satisfy enum value set: ["
        if shape.get("min", 0) > 0:
            yield "a" * (shape["min"] - 1), f"Member must have length greater than or equal to {shape['min']}"
        if shape.get("max", LONGEST) < LONGEST:
            yield "a" * (shape["max"] + 1), f"Member must have length less than or equal to {shape['max']}"
        if "pattern" in shape and "\\" not in shape["pattern"]:
            yield "!" * max(shape.get("min", 1), 1), f"Member must satisfy regular expression pattern: {shape['pattern']}"
    elif kind in ("integer", "long", "double"):
        if "min" in shape:
            yield shape["min"] - 1, f"Member must have value greater than or equal to {shape['min']}"
        if "max" in shape:
            yield shape["max"] + 1, f"Member must have value less than or equal to {shape['max']}"
    elif kind == "list":
        one = model.sound(shape["member"]["shape"])
        if shape.get("min", 0) > 0:
            yield [one] * (shape["min"] - 1), f"Member must have length greater than or equal to {shape['min']}"
        if shape.get("max", LONGEST) < LONGEST:
            yield [one] * (shape["max"] + 1), f"Member must have length less than or equal to {shape['max']}"
    elif kind == "map":
        one = model.sound(shape["value"]["shape"])
        if shape.get("min", 0) > 0:
            yield {}, f"Member must have length greater than or equal to {shape['min']}"
        if shape.get("max", LONGEST) < LONGEST:
            yield {f"aaa{n}": one for n in range(shape["max"] + 1)}, f"Member must have length less than or equal to {shape['max']}"


class Run:
    def __init__(self, wire):
        self.wire = wire
        self.count = 0
        self.failures = []

    def expect(self, model, operation, body, kind, words):
        self.count += 1
        status, _, answer = self.wire.send(operation, body, **{"X-Amz-Target": f"{model.prefix}.{operation}"})
        message = answer.get("message", answer.get("Message", ""))
        if status != 400 or not answer["__type"].endswith("#" + kind) or words not in message:
            self.failures.append(f"{operation} {json.dumps(body)[:300]}\n    found    {answer['__type']}: {message[:300]}\n    expected {kind}: {words}")


def show(value):
    return f"Value '{value}'" if isinstance(value, (str, int)) else "Value "


def check_operation(run, model, operation, name):
    for shape_name, path, holder in model.places(name):
        shape = model.shape(shape_name)
        where = ".".join(part for _, part in path)
        of_list = ".".join(part for _, part in path[:-1])
        if path:
            value, words = WRONG_TYPE[shape["type"]]
            run.expect(model, operation, model.build(name, path, value), SERIALIZATION, words)
        for value, problem in breaches(model, shape_name):
            if "\\" not in shape.get("pattern", "\\") and value and "pattern" not in problem and not re.fullmatch(shape["pattern"], value):
                continue  # it breaks two rules
            is_inside = holder is not None and shape["type"] == "string" and "enum" not in shape or holder == "map" and shape["type"] == "list"
            words = f"1 validation error detected: {show(value)}"
            if holder == "list" and is_inside:
                words = f"at '{of_list}' failed to satisfy constraint: Member must satisfy constraint: {bounds(shape)}"
            elif holder == "map" and is_inside:
                words = f"at '{of_list}' failed to satisfy constraint: Map value must satisfy constraint: {bounds(shape)}"
            elif not isinstance(value, (str, int)):
                words = f"at '{where}' failed to satisfy constraint: {problem}"
            else:
                words += f" at '{where}' failed to satisfy constraint: {problem}"
            run.expect(model, operation, model.build(name, path, value), VALIDATION, words)
        if shape["type"] == "structure" and shape_name != "AttributeValue":
            for member in model.required(shape_name):
                inner = ".".join(filter(None, (where, camel(member))))
                if operation in ABOUT_TABLES and inner == "tableName":
                    continue
                for absent in (False, True):
                    body = model.build(name, path, {**model.sound(shape_name), member: None})
                    at = body
                    for key, _ in path:
                        at = at[key]
                    if absent:
                        del at[member]
                    run.expect(model, operation, body, VALIDATION, f"1 validation error detected: Value null at '{inner}' failed to satisfy constraint: Member must not be null")
        if shape["type"] == "map" and "min" in model.shape(shape["key"]["shape"]) and model.shape(shape["key"]["shape"])["min"] > 1:
            body = model.build(name, path, {"a": model.sound(shape["value"]["shape"])})
            run.expect(model, operation, body, VALIDATION, f"at '{where}' failed to satisfy constraint: Map keys must satisfy constraint: {bounds(model.shape(shape['key']['shape']))}")


def check_several(run, model, operation, name):
    """All required members left out at once; and every breach of a member of the input itself at once, ten of which are told."""
    missing = [member for member in model.required(name) if not (operation in ABOUT_TABLES and member == "TableName")]
    body = {member: value for member, value in model.sound(name).items() if member not in missing}
    if len(missing) > 1:
        problems = [f"Value null at '{camel(member)}' failed to satisfy constraint: Member must not be null" for member in model.shapes[name]["members"] if member in missing]
        run.expect(model, operation, body, VALIDATION, f"{len(missing)} validation errors detected: " + "; ".join(problems))
    body = copy.deepcopy(model.sound(name))
    broken = []
    for member, inner in model.shapes[name]["members"].items():
        found = next(((value, problem) for value, problem in breaches(model, inner["shape"]) if not isinstance(value, (list, dict))), None)
        if "pattern" in model.shape(inner["shape"]):
            continue  # its breach may be of two rules
        if found is not None and not (operation in ABOUT_TABLES and member == "TableName"):
            body[member] = found[0]
            broken.append(f"Value '{found[0]}' at '{camel(member)}' failed to satisfy constraint: {found[1]}")
    if 1 < len(broken) <= 10:
        run.expect(model, operation, body, VALIDATION, f"{len(broken)} validation errors detected: {broken[0]}")
        for one in broken:
            run.expect(model, operation, body, VALIDATION, one)


def main():
    with Server() as host:
        run = Run(Wire(host.dynamodb))
        for model in (Model("dynamodb"), Model("dynamodbstreams")):
            for operation, about in sorted(model.model["operations"].items()):
                if "input" in about:
                    check_operation(run, model, operation, about["input"]["shape"])
                    check_several(run, model, operation, about["input"]["shape"])
        for failure in run.failures[:40]:
            print(failure)
        assert not run.failures, f"{len(run.failures)} of {run.count} requests"
        assert run.count > 1890, run.count
        print(f"{run.count} requests")


if __name__ == "__main__":
    main()
