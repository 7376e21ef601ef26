// dynamoose against the server at $OXBOW_DYNAMODB.
import assert from "node:assert/strict";
import dynamoose from "dynamoose";

dynamoose.aws.ddb.set(new dynamoose.aws.ddb.DynamoDB({endpoint: "http://" + process.env.OXBOW_DYNAMODB, region: "us-east-1", credentials: {accessKeyId: "a", secretAccessKey: "b"}}));

const schema = new dynamoose.Schema({
    owner: {type: String, hashKey: true},
    name: {type: String, rangeKey: true},
    kind: {type: String, index: {name: "by-kind", rangeKey: "age", type: "global"}},
    age: Number,
    born: Date,
    toys: {type: Set, schema: [String]},
    home: {type: Object, schema: {street: String, rooms: {type: Array, schema: [String]}}},
}, {timestamps: true});
const Pet = dynamoose.model("Pet", schema);
const table = new dynamoose.Table("Pets", [Pet], {initialize: false, waitForActive: {check: {frequency: 100}}});
await table.initialize();

const born = new Date(1600000000000);
await Pet.create({owner: "ann", name: "rex", kind: "dog", age: 3, born, toys: new Set(["ball", "bone"]), home: {street: "x", rooms: ["hall"]}});
const rex = await Pet.get({owner: "ann", name: "rex"});
assert.deepEqual([rex.kind, rex.age, rex.born.getTime(), [...rex.toys].sort(), rex.home.rooms], ["dog", 3, born.getTime(), ["ball", "bone"], ["hall"]]);
assert.ok(rex.createdAt instanceof Date);
await assert.rejects(Pet.create({owner: "ann", name: "rex"}), {name: "ConditionalCheckFailedException"});
assert.equal(await Pet.get({owner: "ann", name: "nobody"}), undefined);

await Pet.batchPut(Array.from({length: 20}, (_, n) => ({owner: n % 2 ? "bob" : "eve", name: `p${String(n).padStart(2, "0")}`, kind: n % 4 ? "cat" : "fish", age: n})));
assert.equal((await Pet.query("owner").eq("bob").exec()).count, 10);
assert.deepEqual((await Pet.query("owner").eq("bob").where("name").ge("p15").sort("descending").exec()).map((pet) => pet.name), ["p19", "p17", "p15"]);
assert.deepEqual((await Pet.query("kind").eq("fish").where("age").between(4, 12).using("by-kind").exec()).map((pet) => pet.age), [4, 8, 12]);
assert.equal((await Pet.scan("age").gt(15).filter("kind").eq("cat").exec()).count, 3);
assert.equal((await Pet.scan().count().exec()).count, 21);
assert.equal((await Pet.query("owner").eq("bob").limit(3).all().exec()).length, 10);
assert.equal((await Pet.batchGet([{owner: "bob", name: "p01"}, {owner: "eve", name: "p02"}])).length, 2);

const older = await Pet.update({owner: "ann", name: "rex"}, {$ADD: {age: 2}, $SET: {kind: "wolf"}, $REMOVE: ["born"]});
assert.deepEqual([older.age, older.kind, older.born], [5, "wolf", undefined]);
await assert.rejects(Pet.update({owner: "ann", name: "rex"}, {age: 9}, {condition: new dynamoose.Condition().filter("age").lt(5)}), {name: "ConditionalCheckFailedException"});
await dynamoose.transaction([Pet.transaction.update({owner: "ann", name: "rex"}, {age: 7}), Pet.transaction.create({owner: "ann", name: "tom", kind: "cat", age: 1}), Pet.transaction.delete({owner: "bob", name: "p01"})]);
assert.deepEqual((await Pet.query("owner").eq("ann").attributes(["name", "age"]).exec()).map((pet) => [pet.name, pet.age]), [["rex", 7], ["tom", 1]]);
assert.equal(await Pet.get({owner: "bob", name: "p01"}), undefined);
const tom = await Pet.get({owner: "ann", name: "tom"});
tom.age = 2;
await tom.save();
await tom.delete();
assert.equal((await Pet.query("owner").eq("ann").count().exec()).count, 1);
