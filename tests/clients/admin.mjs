// dynamodb-admin's web interface against the server at $OXBOW_DYNAMODB.
import assert from "node:assert/strict";
import admin from "dynamodb-admin";

const app = admin.createServer({dynamoEndpoint: "http://" + process.env.OXBOW_DYNAMODB});
const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const base = `http://127.0.0.1:${server.address().port}`;

async function ask(method, path, body, status = 200) {
    const answer = await fetch(base + path, {method, body: body && JSON.stringify(body), headers: {"content-type": "application/json", connection: "close"}, redirect: "manual"});
    const text = await answer.text();
    assert.equal(answer.status, status, `${method} ${path}: ${text}`);
    return text;
}

await ask("POST", "/create-table", {
    TableDefinition: {TableName: "admin", HashAttributeName: "id", HashAttributeType: "S", RangeAttributeName: "n", RangeAttributeType: "N", ReadCapacityUnits: 3, WriteCapacityUnits: 3},
    SecondaryIndexes: [{IndexType: "global", IndexName: "by-word", HashAttributeName: "word", HashAttributeType: "S", ReadCapacityUnits: 1, WriteCapacityUnits: 1}],
}, 204);
assert.ok((await ask("GET", "/")).includes("admin"));
assert.ok(JSON.parse(await ask("GET", "/api/tables")).some((table) => table.TableName === "admin" || table === "admin"));
for (let n = 0; n < 30; n++) {
    assert.deepEqual(JSON.parse(await ask("PUT", "/tables/admin/add-item", {id: "x", n, word: `w${n % 3}`, list: [n]})), {id: "x", n});
}
const first = JSON.parse(await ask("GET", "/tables/admin/items"));
assert.equal(first.Items.length, 25);
assert.ok(first.nextKey);
assert.equal(JSON.parse(await ask("GET", `/tables/admin/items?pageNum=2&startKey=${first.nextKey}`)).Items.length, 5);
const filters = (value) => encodeURIComponent(JSON.stringify(value));
const found = JSON.parse(await ask("GET", `/tables/admin/items?operationType=query&filters=${filters({id: {type: "S", operator: "=", value: "x"}, n: {type: "N", operator: ">", value: 26}})}`));
assert.deepEqual(found.Items.map((item) => item.n), [27, 28, 29]);
const indexed = JSON.parse(await ask("GET", `/tables/admin/items?operationType=query&queryableSelection=by-word&filters=${filters({word: {type: "S", operator: "=", value: "w1"}, n: {type: "N", operator: "<", value: 10}})}`));
assert.deepEqual(indexed.Items.map((item) => item.n).sort(), [1, 4, 7]);
assert.ok((await ask("GET", "/tables/admin")).includes("by-word"));
assert.ok((await ask("GET", "/tables/admin/meta")).includes("CreationDateTime"));
assert.ok((await ask("GET", "/tables/admin/items/x%2C3")).includes("w0"));
assert.equal(JSON.parse(await ask("PUT", "/tables/admin/items/x%2C3", {id: "x", n: 3, word: "changed"})).word, "changed");
await ask("DELETE", "/tables/admin/items/x%2C3", undefined, 204);
await ask("GET", "/tables/admin/items/x%2C3", undefined, 404);
await ask("DELETE", "/tables/admin/all");
assert.equal(JSON.parse(await ask("GET", "/tables/admin/items")).Items.length, 0);
await ask("DELETE", "/tables/admin", undefined, 204);
server.close();
