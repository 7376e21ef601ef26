"""Writes the API models of AWS's services as tables of C: shapes.py OUTPUT MODEL... (aws/model.h says what they mean)."""
import json
import sys

KINDS = {"string": "STRING", "integer": "INTEGER", "long": "LONG", "double": "DOUBLE", "float": "DOUBLE",
         "boolean": "BOOLEAN", "blob": "BLOB", "timestamp": "TIMESTAMP", "list": "LIST", "map": "MAP",
         "structure": "STRUCTURE"}

# Messages list the values of an enumeration in the service's own order, which is not the model's. These are known.
ENUM_ORDER = {
    "ReturnConsumedCapacity": "INDEXES, TOTAL, NONE",
    "ReturnItemCollectionMetrics": "SIZE, NONE",
    "ReturnValue": "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW",
    "Select": "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES",
    "ComparisonOperator": "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS",
    "ConditionalOperator": "OR, AND",
    "AttributeAction": "ADD, DELETE, PUT",
    "ScalarAttributeType": "B, N, S",
    "KeyType": "HASH, RANGE",
    "ProjectionType": "ALL, INCLUDE, KEYS_ONLY",
    "BillingMode": "PROVISIONED, PAY_PER_REQUEST",
    "StreamViewType": "OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE",
    "ShardIteratorType": "AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON",
}

# What the service insists on although its model does not say so.
REQUIRED = {"CreateTableInput": ["AttributeDefinitions", "KeySchema"]}


# What the service judges in words of its own although its model has the rule.
JUDGED_APART = ("Tag", "TagKeyString", "TagValueString")


def text(string):
    return json.dumps(string) if string is not None else "NULL"


def camel(name):
    """The name of a member as messages show it: tableName, but sSESpecification."""
    return name[0].lower() + name[1:]


class Model:
    def __init__(self, path):
        self.model = json.load(open(path))
        self.shapes = self.model["shapes"]
        self.prefix = self.model["metadata"]["targetPrefix"]
        self.symbol = self.model["metadata"]["uid"].split("-2")[0].replace("-", "_").replace(".", "_")
        self.numbers = {}
        for operation in self.model["operations"].values():
            if "input" in operation:
                self.reach(operation["input"]["shape"])

    def reach(self, name):
        if name in self.numbers:
            return
        self.numbers[name] = len(self.numbers)
        shape = self.shapes[name]
        for inner in [*shape.get("members", {}).values(), *(shape[k] for k in ("member", "key", "value") if k in shape)]:
            self.reach(inner["shape"])

    def reference(self, name):
        return f"&{self.symbol}_shapes[{self.numbers[name]}]"

    def write_shape(self, name):
        shape = self.shapes[name]
        fields = [f'.name = "{name}"', f".kind = AWS_{KINDS[shape['type']]}"]
        for bound in ("min", "max"):
            if bound in shape and name not in JUDGED_APART:
                fields.append(f".has_{bound} = true, .{bound} = {shape[bound]}")
        if "pattern" in shape:
            fields.append(f".pattern = {text(shape['pattern'])}")
        if "enum" in shape:
            values = shape["enum"]
            order = ENUM_ORDER.get(name)
            if order is not None and sorted(order.split(", ")) != sorted(values):
                raise SystemExit(f"{name}: the known order is not of the model's values")
            fields.append(f".values = (const char *const[]){{{', '.join(map(text, values))}, NULL}}")
            fields.append(f".values_text = {text('[' + (order or ', '.join(values)) + ']')}")
        for inner, field in (("member", "item"), ("key", "key"), ("value", "item")):
            if inner in shape:
                fields.append(f".{field} = {self.reference(shape[inner]['shape'])}")
        members = shape.get("members", {})
        if members:
            required = [] if name in JUDGED_APART else [*shape.get("required", []), *REQUIRED.get(name, [])]
            rows = [f'{{.name = {{(const uint8_t *)"{member}", {len(member)}}}, .path = "{camel(member)}", .shape = {self.reference(inner["shape"])}, '
                    f'.is_required = {"true" if member in required else "false"}}}' for member, inner in members.items()]
            fields.append(f".members = (const struct aws_member[]){{{', '.join(rows)}}}, .members_count = {len(rows)}")
        return "    {" + ", ".join(fields) + "},\n"

    def write(self, output):
        output.write(f"static const struct aws_shape {self.symbol}_shapes[{len(self.numbers)}];\n")
        output.write(f"static const struct aws_shape {self.symbol}_shapes[{len(self.numbers)}] = {{\n")
        for name in self.numbers:
            output.write(self.write_shape(name))
        output.write("};\n")
        output.write(f"static const struct aws_operation {self.symbol}_operations[] = {{\n")
        for name, operation in sorted(self.model["operations"].items()):
            shape = self.reference(operation["input"]["shape"]) if "input" in operation else "NULL"
            output.write(f'    {{.name = "{name}", .input = {shape}}},\n')
        output.write("};\n")


def main():
    models = [Model(path) for path in sys.argv[2:]]
    with open(sys.argv[1], "w") as output:
        output.write('#include "aws/model.h"\n#include "model_private.h"\n')
        for model in models:
            model.write(output)
        output.write("const struct aws_service aws__services[] = {\n")
        for model in models:
            output.write(f'    {{.prefix = "{model.prefix}", .operations = {model.symbol}_operations, '
                         f".operations_count = sizeof({model.symbol}_operations) / sizeof({model.symbol}_operations[0])}},\n")
        output.write(f"}};\nconst size_t aws__services_count = {len(models)};\n")


main()
