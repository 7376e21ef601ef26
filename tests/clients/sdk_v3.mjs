// AWS SDK for JavaScript v3 against the server at $OXBOW_DYNAMODB.
import assert from "node:assert/strict";
import {
    ConditionalCheckFailedException, CreateTableCommand, DeleteTableCommand, DescribeTableCommand, DynamoDBClient, ListTablesCommand,
    ListTagsOfResourceCommand, ResourceNotFoundException, TagResourceCommand, TransactionCanceledException, UpdateTableCommand,
    paginateListTables, waitUntilTableExists, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
    BatchGetCommand, BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, NumberValue, PutCommand, QueryCommand, ScanCommand,
    TransactGetCommand, TransactWriteCommand, UpdateCommand, paginateQuery, paginateScan,
} from "@aws-sdk/lib-dynamodb";

const config = {endpoint: "http://" + process.env.OXBOW_DYNAMODB, region: "eu-west-1", maxAttempts: 1, credentials: {accessKeyId: "a", secretAccessKey: "b"}};
const client = new DynamoDBClient(config);
const db = DynamoDBDocumentClient.from(client, {marshallOptions: {removeUndefinedValues: true}});
const TableName = "sdk";

async function gather(paginator, member) {
    const all = [];
    for await (const page of paginator) {
        all.push(...page[member]);
    }
    return all;
}

async function tables() {
    await client.send(new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "N"}, {AttributeName: "group", AttributeType: "S"}],
        KeySchema: [{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}],
        GlobalSecondaryIndexes: [{IndexName: "by-group", KeySchema: [{AttributeName: "group", KeyType: "HASH"}], Projection: {ProjectionType: "ALL"}}],
        BillingMode: "PAY_PER_REQUEST",
        DeletionProtectionEnabled: false,
    }));
    const waited = await waitUntilTableExists({client, maxWaitTime: 30, minDelay: 1, maxDelay: 1}, {TableName});
    assert.equal(waited.state, "SUCCESS");
    const {Table} = await client.send(new DescribeTableCommand({TableName}));
    assert.equal(Table.TableStatus, "ACTIVE");
    assert.ok(Table.CreationDateTime instanceof Date && Math.abs(Table.CreationDateTime - Date.now()) < 600000);
    assert.match(Table.TableArn, /^arn:aws:dynamodb:eu-west-1:\d{12}:table\/sdk$/);
    await client.send(new TagResourceCommand({ResourceArn: Table.TableArn, Tags: [{Key: "a", Value: "b"}]}));
    assert.deepEqual((await client.send(new ListTagsOfResourceCommand({ResourceArn: Table.TableArn}))).Tags, [{Key: "a", Value: "b"}]);
    await assert.rejects(client.send(new DescribeTableCommand({TableName: "nothing"})), ResourceNotFoundException);
    assert.deepEqual(await gather(paginateListTables({client, pageSize: 1}, {}), "TableNames"), (await client.send(new ListTablesCommand({}))).TableNames);
}

async function items() {
    const item = {
        pk: "types", sk: 1, text: "ünïcode \u{1F600}", empty: "", yes: true, none: null, list: [1, "two", {three: 3}], tree: {deep: {er: []}},
        bytes: new Uint8Array([0, 1, 255]), words: new Set(["a", "b"]), numbers: new Set([1, 2.5]),
    };
    await db.send(new PutCommand({TableName, Item: item}));
    assert.deepEqual((await db.send(new GetCommand({TableName, Key: {pk: "types", sk: 1}, ConsistentRead: true}))).Item, item);
    const digits = NumberValue.from("1234567890123456789012345678901234.5678");
    await db.send(new PutCommand({TableName, Item: {pk: "types", sk: 2, digits, big: 12345678901234567890n}}));
    const exact = DynamoDBDocumentClient.from(new DynamoDBClient(config), {unmarshallOptions: {wrapNumbers: true}});
    const found = (await exact.send(new GetCommand({TableName, Key: {pk: "types", sk: 2}}))).Item;
    assert.equal(found.digits.toString(), "1234567890123456789012345678901234.5678");
    assert.equal(found.big.toString(), "12345678901234567890");

    const updated = await db.send(new UpdateCommand({
        TableName, Key: {pk: "types", sk: 1}, UpdateExpression: "SET #l = list_append(#l, :l), tree.deep.er = :n ADD numbers :more REMOVE bytes",
        ExpressionAttributeNames: {"#l": "list"}, ExpressionAttributeValues: {":l": [4], ":n": 5, ":more": new Set([9])}, ReturnValues: "UPDATED_NEW",
    }));
    assert.deepEqual(updated.Attributes, {list: [1, "two", {three: 3}, 4], tree: {deep: {er: 5}}, numbers: new Set([1, 2.5, 9])});
    assert.equal((await db.send(new GetCommand({TableName, Key: {pk: "nobody", sk: 1}}))).Item, undefined);

    const refused = await db.send(new PutCommand({
        TableName, Item: {pk: "types", sk: 1}, ConditionExpression: "attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    })).then(() => assert.fail("no error"), (error) => error);
    assert.ok(refused instanceof ConditionalCheckFailedException, String(refused));
    assert.equal(refused.$metadata.httpStatusCode, 400);
    assert.equal(refused.Item.text.S, "ünïcode \u{1F600}");
    assert.equal((await exact.send(new DeleteCommand({TableName, Key: {pk: "types", sk: 2}, ReturnValues: "ALL_OLD"}))).Attributes.sk.toString(), "2");
}

async function pages() {
    for (let start = 0; start < 100; start += 25) {
        const requests = Array.from({length: 25}, (_, n) => ({PutRequest: {Item: {pk: "page", sk: start + n, group: `g${n % 2}`, pad: "x".repeat(20000)}}}));
        assert.deepEqual((await db.send(new BatchWriteCommand({RequestItems: {[TableName]: requests}}))).UnprocessedItems, {});
    }
    const query = {TableName, KeyConditionExpression: "pk = :p AND sk BETWEEN :a AND :b", ExpressionAttributeValues: {":p": "page", ":a": 10, ":b": 89}, ScanIndexForward: false};
    assert.deepEqual((await gather(paginateQuery({client: db, pageSize: 7}, query), "Items")).map((item) => item.sk), Array.from({length: 80}, (_, n) => 89 - n));
    assert.equal((await gather(paginateQuery({client: db}, {TableName, IndexName: "by-group", KeyConditionExpression: "#g = :g", ExpressionAttributeNames: {"#g": "group"}, ExpressionAttributeValues: {":g": "g1"}}), "Items")).length, 48);
    assert.equal((await gather(paginateScan({client: db, pageSize: 13}, {TableName, FilterExpression: "pk = :p", ExpressionAttributeValues: {":p": "page"}}), "Items")).length, 100);
    const whole = await db.send(new ScanCommand({TableName, Select: "COUNT", ReturnConsumedCapacity: "TOTAL"}));
    assert.ok(whole.LastEvaluatedKey !== undefined && whole.Count < 100 && whole.ConsumedCapacity.CapacityUnits > 100, "a page is a megabyte");
    const segments = await Promise.all([0, 1, 2].map((Segment) => gather(paginateScan({client: db}, {TableName, Segment, TotalSegments: 3}), "Items")));
    assert.equal(segments.flat().length, 101);
    const got = await db.send(new BatchGetCommand({RequestItems: {[TableName]: {Keys: [3, 5, 500].map((sk) => ({pk: "page", sk})), ProjectionExpression: "sk"}}}));
    assert.deepEqual(got.Responses[TableName].map((item) => item.sk).sort(), [3, 5]);
    assert.equal((await db.send(new QueryCommand({TableName, KeyConditionExpression: "pk = :p", ExpressionAttributeValues: {":p": "nobody"}}))).Count, 0);
}

async function transactions() {
    await db.send(new TransactWriteCommand({TransactItems: [
        {Put: {TableName, Item: {pk: "t", sk: 1, n: 1}}}, {Update: {TableName, Key: {pk: "t", sk: 2}, UpdateExpression: "SET n = :n", ExpressionAttributeValues: {":n": 2}}},
        {ConditionCheck: {TableName, Key: {pk: "t", sk: 3}, ConditionExpression: "attribute_not_exists(pk)"}},
    ]}));
    const read = await db.send(new TransactGetCommand({TransactItems: [1, 2, 3].map((sk) => ({Get: {TableName, Key: {pk: "t", sk}}}))}));
    assert.deepEqual(read.Responses.map((one) => one.Item?.n), [1, 2, undefined]);
    const refused = await db.send(new TransactWriteCommand({TransactItems: [
        {Delete: {TableName, Key: {pk: "t", sk: 1}}}, {ConditionCheck: {TableName, Key: {pk: "t", sk: 2}, ConditionExpression: "n = :n", ExpressionAttributeValues: {":n": 3}, ReturnValuesOnConditionCheckFailure: "ALL_OLD"}},
    ]})).then(() => assert.fail("no error"), (error) => error);
    assert.ok(refused instanceof TransactionCanceledException, String(refused));
    assert.deepEqual(refused.CancellationReasons.map((reason) => reason.Code), ["None", "ConditionalCheckFailed"]);
    assert.equal(refused.CancellationReasons[1].Item.n.N, "2");
}

await tables();
await items();
await pages();
await transactions();
await client.send(new UpdateTableCommand({TableName, DeletionProtectionEnabled: true}));
await assert.rejects(client.send(new DeleteTableCommand({TableName})), {name: "ValidationException"});
await client.send(new UpdateTableCommand({TableName, DeletionProtectionEnabled: false}));
await client.send(new DeleteTableCommand({TableName}));
assert.equal((await waitUntilTableNotExists({client, maxWaitTime: 30, minDelay: 1, maxDelay: 1}, {TableName})).state, "SUCCESS");
client.destroy();
