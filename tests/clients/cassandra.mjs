// DataStax's Node.js driver against the server at $OXBOW_CQL.
import assert from "node:assert/strict";
import cassandra from "cassandra-driver";

const {types, errors, mapping, policies} = cassandra;
const codes = types.responseErrorCodes;
const [address, port] = process.env.OXBOW_CQL.split(":");

function open(options = {}) {
    return new cassandra.Client({contactPoints: [address], localDataCenter: "datacenter1", protocolOptions: {port: Number(port)}, ...options});
}

async function refused(promise, code, words) {
    const failure = await promise.then(() => assert.fail(`not refused: ${words}`), (error) => error);
    assert.ok(failure instanceof errors.ResponseError, `${failure.stack}`);
    assert.equal(failure.code, code, failure.message);
    assert.match(failure.message, words);
    return failure;
}

async function eventually(what, check) {
    for (let i = 0; i < 100; i++) {
        if (await check()) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`waited for ${what}`);
}

const first = open();
await first.connect();
await first.execute("CREATE KEYSPACE js WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
const client = open({keyspace: "js"});
await client.connect();
const prepared = {prepare: true};

async function describesItself() {
    const [host] = client.hosts.values();
    assert.equal(client.hosts.length, 1);
    assert.ok(host.isUp() && host.hostId && host.datacenter === "datacenter1" && host.rack);
    assert.match(host.cassandraVersion, /^\d+\.\d+/);
    await client.execute("CREATE TYPE address (street text, number int, tags frozen<set<text>>)");
    await client.execute(`CREATE TABLE people (town text, street text, n int, name text, at frozen<address>, mayor text static,
        visits map<timestamp, text>, PRIMARY KEY ((town, street), n)) WITH CLUSTERING ORDER BY (n DESC) AND comment = 'who lives where'
        AND gc_grace_seconds = 7 AND compaction = {'class': 'LeveledCompactionStrategy'}`);
    const table = await client.metadata.getTable("js", "people");
    assert.deepEqual(table.partitionKeys.map((column) => column.name), ["town", "street"]);
    assert.deepEqual(table.clusteringKeys.map((column) => column.name), ["n"]);
    assert.deepEqual(table.clusteringOrder, ["DESC"]);
    assert.deepEqual(table.columns.map((column) => column.name), ["at", "mayor", "n", "name", "street", "town", "visits"]);
    assert.equal(table.columnsByName.mayor.isStatic, true);
    assert.equal(table.columnsByName.visits.type.code, types.dataTypes.map);
    assert.equal(table.comment, "who lives where");
    assert.equal(table.gcGraceSeconds, 7);
    assert.match(table.compactionClass, /LeveledCompactionStrategy$/);
    const udt = await client.metadata.getUdt("js", "address");
    assert.deepEqual(udt.fields.map((field) => [field.name, field.type.code]), [["street", types.dataTypes.text], ["number", types.dataTypes.int], ["tags", types.dataTypes.set]]);
    assert.equal(await client.metadata.getTable("js", "nothing"), null);
    assert.match(client.metadata.keyspaces.js.strategy, /SimpleStrategy$/);
    assert.equal(client.metadata.getReplicas("js", Buffer.from("k")).length, 1);
    assert.equal((await client.metadata.getTable("system", "local")).partitionKeys[0].name, "key");
    assert.ok(await client.metadata.checkSchemaAgreement());
}

async function roundTrip() {
    await client.execute(`CREATE TABLE types (k int PRIMARY KEY, a ascii, bi bigint, bl blob, bo boolean, de decimal, da date, dou double,
        fl float, ine inet, si smallint, t text, ti time, ts timestamp, tu timeuuid, tiny tinyint, u uuid, vi varint, du duration,
        li list<int>, se set<text>, ma map<text, bigint>, fr frozen<list<frozen<map<int, text>>>>, tup tuple<int, text, frozen<set<int>>>,
        ad address, fa frozen<address>, nested map<text, frozen<list<frozen<address>>>>)`);
    const long = types.Long.fromString("-9223372036854775808");
    const values = {
        k: 1, a: "ascii", bi: long, bl: Buffer.from([0, 255]), bo: true, de: types.BigDecimal.fromString("-1.50"), da: types.LocalDate.fromString("2026-11-21"),
        dou: 1e300, fl: 0.5, ine: types.InetAddress.fromString("::1"), si: -2, t: "h\u00e9\u{1F642}", ti: types.LocalTime.fromString("08:15:30.000000001"),
        ts: new Date("2026-11-21T01:02:03.004Z"), tu: types.TimeUuid.now(), tiny: -128, u: types.Uuid.random(), vi: types.Integer.fromString("-1" + "0".repeat(40)),
        du: types.Duration.fromString("1y2mo3d4h5ns"), li: [3, 1, 3], se: ["a", "b"], ma: {x: types.Long.fromNumber(1)}, fr: [{1: "a"}, {}],
        tup: new types.Tuple(7, undefined, [1]), ad: {street: "main", number: 5, tags: ["x"]}, fa: {street: null, number: 1, tags: null},
        nested: {home: [{street: "s", number: null, tags: ["t"]}]},
    };
    const names = Object.keys(values);
    const insert = `INSERT INTO types (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    await client.execute(insert, Object.values(values), prepared);
    for (const options of [{}, prepared]) {
        const {rows: [row], columns} = await client.execute("SELECT * FROM types WHERE k = ?", [1], {...options, hints: ["int"]});
        assert.equal(columns.length, names.length);
        for (const name of names) {
            assert.deepEqual(JSON.stringify(row[name]), JSON.stringify(values[name]), name);
        }
        assert.ok(row.de.equals(values.de) && row.vi.equals(values.vi) && row.bi.equals(long) && row.u.equals(values.u));
    }
    const named = names.map((name) => `:${name}`).join(", ");
    await client.execute(`INSERT INTO types (${names.join(", ")}) VALUES (${named})`, {...values, k: 2}, prepared);
    assert.equal((await client.execute("SELECT t FROM types WHERE k = :key", {key: 2}, {hints: {key: "int"}})).first().t, values.t);
    // What is null, what is unset and what is empty.
    await client.execute("UPDATE types SET t = ?, a = ?, bl = ?, li = ? WHERE k = ?", [null, types.unset, Buffer.alloc(0), [], 2], prepared);
    const changed = (await client.execute("SELECT t, a, bl, li, se FROM types WHERE k = 2")).first();
    assert.deepEqual([changed.t, changed.a, changed.bl.length, changed.li, changed.se], [null, "ascii", 0, null, ["a", "b"]]);
    // Numbers that are equal and written differently are one member; addresses are in the order of their bytes.
    await client.execute("CREATE TABLE members (k int PRIMARY KEY, sd set<decimal>, si set<inet>, dm map<text, duration>, n map<text, frozen<map<int, frozen<set<varint>>>>>)");
    const inet = types.InetAddress.fromString;
    const decimals = (...texts) => texts.map((text) => types.BigDecimal.fromString(text));
    await client.execute("INSERT INTO members (k, sd, si, dm, n) VALUES (?, ?, ?, ?, ?)", [1, decimals("1.0", "-2.50", "0"), [inet("1.2.3.4"), inet("::2")],
        {a: types.Duration.fromString("-2mo3d")}, {x: {"-1": [types.Integer.fromNumber(-129)]}}], prepared);
    await client.execute("UPDATE members SET sd = sd + ?, si = si - ? WHERE k = 1", [decimals("1.00"), [inet("0:0:0:0:0:0:0:2")]], prepared);
    await client.execute("UPDATE members SET sd = sd - ?, dm[?] = ? WHERE k = 1", [decimals("0.0"), "b", types.Duration.fromString("1h")], prepared);
    assert.equal(JSON.stringify((await client.execute("SELECT sd, si, n FROM members")).first()), '{"sd":["-2.50","1.00"],"si":["1.2.3.4"],"n":{"x":{"-1":["-129"]}}}');
    const json = (await client.execute("SELECT JSON k, de, ts, se FROM types WHERE k = 1")).first()["[json]"];
    assert.deepEqual(JSON.parse(json), {k: 1, de: -1.5, ts: "2026-11-21 01:02:03.004Z", se: ["a", "b"]});
}

async function batches() {
    await client.execute("CREATE TABLE b (p int, c int, v text, PRIMARY KEY (p, c))");
    await client.execute("CREATE TABLE clicks (k text PRIMARY KEY, n counter)");
    const insert = "INSERT INTO b (p, c, v) VALUES (?, ?, ?)";
    for (const logged of [true, false]) {
        const queries = Array.from({length: 50}, (unused, c) => ({query: insert, params: [Number(logged), c, `v${c}`]}));
        await client.batch([...queries, {query: "DELETE FROM b WHERE p = ? AND c = ?", params: [Number(logged), 0]}], {prepare: true, logged});
        await client.batch(["INSERT INTO b (p, c) VALUES (9, 9)", {query: "UPDATE b SET v = 'x' WHERE p = 9 AND c = 9"}], {logged});
    }
    assert.equal((await client.execute("SELECT count(*) FROM b")).first().count.toNumber(), 99);
    for (let i = 0; i < 3; i++) {
        await client.batch([{query: "UPDATE clicks SET n = n + ? WHERE k = ?", params: [types.Long.fromNumber(2), "a"]}, {query: "UPDATE clicks SET n = n - ? WHERE k = ?", params: [types.Long.ONE, "b"]}], {prepare: true, counter: true});
    }
    assert.deepEqual((await client.execute("SELECT n FROM clicks WHERE k IN ('a', 'b')")).rows.map((row) => row.n.toNumber()), [6, -3]);
    await refused(client.batch([{query: "UPDATE clicks SET n = n + 1 WHERE k = 'a'"}], {logged: true}), codes.invalid, /Cannot include a counter statement in a logged batch/);
    await refused(client.batch([{query: "INSERT INTO b (p, c) VALUES (1, 1)"}], {counter: true}), codes.invalid, /Cannot include non-counter statement in a counter batch/);
    await refused(client.batch([{query: "SELECT * FROM b"}], {}), codes.invalid, /Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed/);
}

async function pages() {
    const query = "SELECT c, v FROM b WHERE p = 1";
    const all = Array.from({length: 49}, (unused, i) => i + 1);
    for (const fetchSize of [1, 7, 49, 50]) {
        const found = [];
        await new Promise((resolve, reject) => client.eachRow(query, [], {prepare: true, fetchSize, autoPage: true}, (n, row) => found.push(row.c), (error, result) => (error ? reject(error) : resolve(result))));
        assert.deepEqual(found, all, `${fetchSize}`);
        const streamed = [];
        for await (const row of client.stream(query, [], {fetchSize})) {
            streamed.push(row.c);
        }
        assert.deepEqual(streamed, all);
        const iterated = [];
        for await (const row of await client.execute(query, [], {prepare: true, fetchSize})) {
            iterated.push(row.c);
        }
        assert.deepEqual(iterated, all);
    }
    let rows = 0;
    const calls = await new Promise((resolve, reject) => {
        let pages = 0;
        client.eachRow(query, [], {prepare: true, fetchSize: 10}, () => rows++, (error, result) => (error ? reject(error) : ++pages && result.nextPage ? result.nextPage() : resolve(pages)));
    });
    assert.deepEqual([rows, calls], [49, 5]);
    // A page's state may be kept as text, and be used by another connection.
    const page = await client.execute(query, [], {fetchSize: 20});
    assert.equal(page.rows.length, 20);
    const other = open({keyspace: "js"});
    const next = await other.execute(query, [], {prepare: true, fetchSize: 100, pageState: page.pageState});
    assert.deepEqual(next.rows.map((row) => row.c), all.slice(20));
    await other.shutdown();
    await refused(client.execute(query, [], {pageState: "00ff00"}), codes.protocolError, /Invalid value for the paging state/);
}

async function lightweight() {
    const insert = "INSERT INTO b (p, c, v) VALUES (?, ?, ?) IF NOT EXISTS";
    assert.ok((await client.execute(insert, [5, 1, "a"], prepared)).wasApplied());
    const lost = await client.execute(insert, [5, 1, "b"], prepared);
    assert.ok(!lost.wasApplied());
    assert.deepEqual([lost.first().p, lost.first().c, lost.first().v], [5, 1, "a"]);
    const update = "UPDATE b SET v = ? WHERE p = 5 AND c = 1 IF v = ?";
    assert.ok((await client.execute(update, ["b", "a"], {prepare: true, serialConsistency: types.consistencies.localSerial})).wasApplied());
    assert.equal((await client.execute(update, ["b", "a"], prepared)).first().v, "b");
    const batch = await client.batch([{query: insert, params: [5, 2, "x"]}, {query: update, params: ["c", "nope"]}], prepared);
    assert.ok(!batch.wasApplied());
    assert.equal((await client.execute("SELECT v FROM b WHERE p = 5", [], {consistency: types.consistencies.serial})).rows.length, 1);
    const won = await Promise.all(Array.from({length: 40}, (unused, i) => client.execute(insert, [6, 1, `${i}`], prepared)));
    assert.equal(won.filter((result) => result.wasApplied()).length, 1);
}

async function keyspaces() {
    await refused(first.execute("SELECT * FROM b"), codes.invalid, /No keyspace has been specified/);
    const other = open();
    await other.execute("USE js");
    assert.equal(other.keyspace, "js");
    assert.equal((await other.execute("SELECT * FROM b WHERE p = 5")).rows.length, 1);
    await other.execute("CREATE KEYSPACE \"Js2\" WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}");
    await other.execute("USE \"Js2\"");
    assert.equal(other.keyspace, "Js2");
    await refused(other.execute("SELECT * FROM b"), codes.invalid, /table b does not exist/);
    await refused(other.execute("SELECT * FROM b", [], prepared), codes.invalid, /table b does not exist/);
    await other.execute("CREATE TABLE b (k int PRIMARY KEY)");
    assert.deepEqual((await other.execute("SELECT * FROM b", [], prepared)).columns.map((column) => column.name), ["k"]);
    await other.execute("DROP KEYSPACE \"Js2\"");
    await other.shutdown();
    const wrong = open({keyspace: "missing"});
    await assert.rejects(wrong.connect(), (error) => /Keyspace 'missing' does not exist/.test(error.message + JSON.stringify(error.innerErrors ?? "", (key, value) => value?.message ?? value)));
    await wrong.shutdown();
}

async function mistakes() {
    await refused(client.execute("SELEC * FROM b"), codes.syntaxError, /^line 1:0 no viable alternative at input 'SELEC' \(\[SELEC\]...\)$/);
    await refused(client.execute("SELECT * FROM b WHERE"), codes.syntaxError, /^line 0:-1 no viable alternative at input '<EOF>'/);
    await refused(client.execute("CREATE TABLE b (k int PRIMARY KEY)"), codes.alreadyExists, /^Cannot add already existing table "b" to keyspace "js"$/);
    await refused(client.execute("CREATE KEYSPACE js WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"), codes.alreadyExists, /^Cannot add existing keyspace "js"$/);
    await refused(client.execute("CREATE KEYSPACE x WITH replication = {'class': 'Strange'}"), codes.configError, /Strange/);
    for (const [options, words] of [["'replication_factor': 'x'", /^Replication factor must be numeric; found x$/], ["'replication_factor': -1", /^Replication factor must be non-negative; found -1$/],
        ["'replication_factor': 1, 'foo': 1", /^Unrecognized strategy option \{foo\} passed to SimpleStrategy/], ["'foo': 1", /foo/]]) {
        await refused(client.execute(`CREATE KEYSPACE x WITH replication = {'class': 'SimpleStrategy', ${options}}`), codes.configError, words);
    }
    await refused(client.execute("CREATE TABLE bad (k int PRIMARY KEY) WITH compaction = {'class': 'Strange'}"), codes.configError, /^Unable to find compaction strategy class 'org\.apache\.cassandra\.db\.compaction\.Strange'$/);
    await refused(client.execute("CREATE TABLE bad (k int PRIMARY KEY) WITH compaction = {'enabled': false}"), codes.configError, /^Missing sub-option 'class' for the 'compaction' option\.$/);
    await refused(client.execute("CREATE TABLE bad (k int)"), codes.invalid, /^No PRIMARY KEY specifed for table 'bad' \(exactly one required\)$/);
    await refused(client.execute("CREATE TABLE bad (k int, a int, b int, PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (b ASC)"), codes.invalid, /^Missing CLUSTERING ORDER for column a$/);
    for (const statement of ["INSERT INTO system.local (key) VALUES ('x')", "DELETE FROM system.local WHERE key = 'local'", "TRUNCATE system.local", "DROP TABLE system.local"]) {
        await refused(client.execute(statement), codes.unauthorized, /^system keyspace is not user-modifiable\.$/);
    }
    await refused(client.execute("CREATE TABLE bad (k int PRIMARY KEY) WITH nonsense = 1"), codes.syntaxError, /Unknown property 'nonsense'/);
    await refused(client.execute("DROP TABLE nothing"), codes.invalid, /^Table 'js\.nothing' doesn't exist$/);
    await refused(client.execute("SELECT nope FROM b"), codes.invalid, /^Undefined column name nope/);
    await refused(client.execute("SELECT * FROM b WHERE v = 'x'"), codes.invalid, /^Cannot execute this query as it might involve data filtering and thus may have unpredictable performance\. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING$/);
    await refused(client.execute("INSERT INTO b (p, c) VALUES (?, ?)", [1], {hints: ["int"]}), codes.invalid, /^Invalid amount of bind variables/);
    await refused(client.execute("SELECT * FROM b WHERE p = ? AND c = ?", [1]), codes.invalid, /^Invalid amount of bind variables$/);
    await refused(client.execute("SELECT * FROM b WHERE p = 1", [1]), codes.invalid, /^Invalid amount of bind variables$/);
    await refused(client.execute("INSERT INTO b (p) VALUES (1) ;"), codes.invalid, /^Some clustering keys are missing: c/);
    await refused(client.execute("SELECT * FROM b WHERE p = ?", ["abc"]), codes.invalid, /^Expected 4 or 0 byte int \(3\)/);
    await assert.rejects(client.execute("SELECT * FROM b WHERE p = ?", ["abc"], prepared), TypeError);
    await refused(client.execute("SELECT * FROM b WHERE p = 1 ORDER BY v", []), codes.invalid, /^Order by is currently only supported on the clustered columns of the PRIMARY KEY, got v/);
    await refused(client.execute("INSERT INTO b (p, c) VALUES (?, ?)", [null, 1], prepared), codes.invalid, /^Invalid null value in condition for column p/);
    await refused(client.execute("INSERT INTO b (p, c) VALUES (?, ?)", [types.unset, 1], prepared), codes.invalid, /^Invalid unset value for column p/);
}

async function profiles() {
    const local = new cassandra.ExecutionProfile("local", {consistency: types.consistencies.localQuorum, serialConsistency: types.consistencies.localSerial,
        retry: new policies.retry.FallthroughRetryPolicy(), loadBalancing: new policies.loadBalancing.DCAwareRoundRobinPolicy("datacenter1")});
    const other = open({keyspace: "js", profiles: [local], policies: {speculativeExecution: new policies.speculativeExecution.NoSpeculativeExecutionPolicy()}});
    const result = await other.execute("SELECT v FROM b WHERE p = ?", [5], {...prepared, executionProfile: "local"});
    assert.equal(result.info.achievedConsistency, types.consistencies.localQuorum);
    await other.batch([{query: "INSERT INTO b (p, c) VALUES (?, 1)", params: [7]}, {query: "INSERT INTO b (p, c, v) VALUES (7, ?, 'x')", params: [2]}], {...prepared, executionProfile: "local", timestamp: types.Long.fromNumber(6000)});
    assert.equal((await other.execute("SELECT writetime(v) AS at FROM b WHERE p = 7 AND c = 2", [], {executionProfile: "local"})).first().at.toNumber(), 6000);
    await other.shutdown();
}

async function followsEverything() {
    await client.execute("CREATE FUNCTION plus(a int, b int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return a + b'");
    await client.execute("CREATE FUNCTION plus(a text, b list<int>) CALLED ON NULL INPUT RETURNS text LANGUAGE lua AS 'return a'");
    await client.execute("CREATE AGGREGATE total(int) SFUNC plus STYPE int INITCOND 0");
    await client.execute("CREATE TABLE based (a int, b int, c int, h list<frozen<address>>, PRIMARY KEY (a, b))");
    await client.execute("CREATE INDEX of_c ON based (c)");
    await client.execute("CREATE MATERIALIZED VIEW seen AS SELECT a, b, c FROM based WHERE a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL PRIMARY KEY (c, a, b) WITH CLUSTERING ORDER BY (a DESC, b ASC)");
    const names = (columns) => columns.map((column) => column.name);
    const view = await client.metadata.getMaterializedView("js", "seen");
    assert.deepEqual([view.tableName, names(view.partitionKeys), names(view.clusteringKeys), view.clusteringOrder, view.includeAllColumns, view.whereClause],
        ["based", ["c"], ["a", "b"], ["DESC", "ASC"], false, "a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL"]);
    assert.deepEqual((await client.metadata.getTable("js", "based")).indexes.map((index) => [index.name, index.target]), [["of_c", "c"]]);
    const plus = await client.metadata.getFunction("js", "plus", ["int", "int"]);
    assert.deepEqual([plus.body, plus.language, plus.calledOnNullInput, plus.returnType.code, plus.argumentNames], ["return a + b", "lua", false, types.dataTypes.int, ["a", "b"]]);
    assert.equal((await client.metadata.getFunctions("js", "plus")).length, 2);
    const total = await client.metadata.getAggregate("js", "total", ["int"]);
    assert.deepEqual([total.stateFunction, total.initCondition, total.stateType.code, total.finalFunction], ["plus", "0", types.dataTypes.int, null]);
    assert.ok(client.metadata.getTokenRanges().size >= 1);
    // What another client changes is heard, and a statement that was prepared before goes on with it.
    const insert = "INSERT INTO based (a, b, h) VALUES (?, ?, ?)";
    await client.execute(insert, [1, 1, [{street: "s"}]], prepared);
    assert.equal((await first.metadata.getUdt("js", "address")).fields.length, 3);
    await client.execute("ALTER TYPE address ADD door text");
    await eventually("a type is altered", async () => (await first.metadata.getUdt("js", "address")).fields.length === 4);
    await client.execute(insert, [1, 2, [{street: "s", door: "d"}]], prepared);
    assert.equal((await client.execute("SELECT h FROM based WHERE a = ? AND b = ?", [1, 2], prepared)).first().h[0].door, "d");
    await client.execute("DROP MATERIALIZED VIEW seen");
    await client.execute("DROP FUNCTION plus(text, list<int>)");
    await eventually("a view is dropped", async () => (await first.metadata.getMaterializedView("js", "seen")) === null);
    await eventually("a function is dropped", async () => (await client.metadata.getFunctions("js", "plus")).length === 1);
}

async function follows() {
    const table = async (name) => first.metadata.getTable("js", name);
    assert.equal(await table("followed"), null);
    await client.execute("CREATE TABLE followed (k int PRIMARY KEY, v int)");
    await eventually("a table is created", async () => (await table("followed"))?.columns.length === 2);
    await client.execute("ALTER TABLE followed ADD w text");
    await eventually("a table is altered", async () => (await table("followed"))?.columns.length === 3);
    await client.execute("DROP TABLE followed");
    await eventually("a table is dropped", async () => (await table("followed")) === null);
    await client.execute("CREATE KEYSPACE heard WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}");
    await eventually("a keyspace is created", () => first.metadata.keyspaces.heard !== undefined);
    await client.execute("DROP KEYSPACE heard");
    await eventually("a keyspace is dropped", () => first.metadata.keyspaces.heard === undefined);
}

async function manyAtOnce() {
    await client.execute("CREATE TABLE many (k int PRIMARY KEY, v text, w int)");
    const insert = "INSERT INTO many (k, v) VALUES (?, ?)";
    await Promise.all(Array.from({length: 100}, (unused, k) => client.execute(insert, [k, `v${k}`], prepared)));
    const read = await Promise.all(Array.from({length: 100}, (unused, k) => client.execute("SELECT * FROM many WHERE k = ?", [k], prepared)));
    assert.deepEqual(read.map((result) => result.first().v), Array.from({length: 100}, (unused, k) => `v${k}`));
    const done = await cassandra.concurrent.executeConcurrent(client, insert, Array.from({length: 2000}, (unused, k) => [k, "w"]), {concurrencyLevel: 100});
    assert.equal(done.errors.length, 0);
    // The table changes under statements that are prepared, and in use.
    for (const change of ["ADD x int", "DROP w", "ADD y text", "DROP x"]) {
        const [, ...results] = await Promise.all([client.execute(`ALTER TABLE many ${change}`), ...Array.from({length: 100}, (unused, k) => client.execute(k % 2 ? "SELECT * FROM many WHERE k = ?" : insert, k % 2 ? [k] : [k, "y"], prepared))]);
        assert.ok(results.filter((result, k) => k % 2).every((result) => result.first().v !== null));
        const row = (await client.execute("SELECT * FROM many WHERE k = ?", [1], prepared)).first();
        assert.equal("x" in row, change === "ADD x int" || change === "DROP w" || change === "ADD y text");
    }
    await client.execute("UPDATE many SET y = ? WHERE k = ?", ["text now", 1], prepared);
    assert.equal((await client.execute("SELECT * FROM many WHERE k = ?", [1], prepared)).first().y, "text now");
}

async function maps() {
    const mapper = new mapping.Mapper(client, {models: {Person: {tables: ["people"], keyspace: "js", columns: {at: "home"}}}}).forModel("Person");
    for (let n = 0; n < 5; n++) {
        await mapper.insert({town: "t", street: "s", n, name: `p${n}`, home: {street: "s", number: n, tags: null}});
    }
    assert.equal((await mapper.get({town: "t", street: "s", n: 3})).home.number, 3);
    assert.deepEqual((await mapper.find({town: "t", street: "s", n: mapping.q.gt(1)}, {orderBy: {n: "asc"}})).toArray().map((row) => row.n), [2, 3, 4]);
    assert.ok(!(await mapper.insert({town: "t", street: "s", n: 1}, {ifNotExists: true})).wasApplied());
    await mapper.update({town: "t", street: "s", n: 1, name: "other"}, {when: {name: "p1"}});
    await mapper.remove({town: "t", street: "s", n: 0});
    assert.deepEqual((await mapper.findAll()).toArray().map((row) => row.name), ["p4", "p3", "p2", "other"]);
}

async function traces() {
    const result = await client.execute("SELECT * FROM b WHERE p = 5", [], {traceQuery: true});
    assert.ok(result.info.traceId);
    const trace = await client.metadata.getTrace(result.info.traceId);
    assert.ok(trace.events.length >= 0);
}

try {
    for (const check of [describesItself, roundTrip, batches, pages, lightweight, keyspaces, mistakes, profiles, follows, manyAtOnce, maps, followsEverything, traces]) {
        console.log(check.name);
        await check();
    }
} finally {
    await client.shutdown();
    await first.shutdown();
}
