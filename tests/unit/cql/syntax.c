/* CQL's grammar: every statement, the trees of those that matter, every class of error, words, and bytes of any kind. */
#include "syntax/syntax.h"

#include "base/random.h"
#include "support/test.h"
#include "syntax/bounds.h"

enum {
    STATEMENT_BYTES = 300, /* of a random one */
};

static struct cql_statement *parse(struct arena *arena, const char *text)
{
    struct cql_statement *statement = NULL;
    struct error error = {0};
    if (cql_parse(bytes_of_text(text), arena, &statement, &error) != STATUS_OK) {
        fail_msg("%s: %s", text, error.text);
    }
    return statement;
}

static void assert_text(struct bytes text, const char *expected)
{
    if (!bytes_equal(text, bytes_of_text(expected))) {
        fail_msg("\"%.*s\" is not \"%s\"", (int)text.size, (const char *)text.data, expected);
    }
}

static void assert_term(const struct cql_term *term, const char *expected)
{
    struct buffer text = {0};
    cql_term_format(term, NULL, &text);
    assert_text(buffer_bytes(&text), expected);
    buffer_reset(&text);
}

/* --- all statements --------------------------------------------------------------------------------------------- */

struct sample {
    const char *text;
    enum cql_statement_kind kind;
    unsigned markers;
};

static void assert_samples(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena = {0};
        struct cql_statement *statement = parse(&arena, samples[i].text);
        if (statement->kind != samples[i].kind || statement->markers != samples[i].markers) {
            fail_msg("%s: kind %d, %u markers", samples[i].text, (int)statement->kind, statement->markers);
        }
        arena_reset(&arena);
    }
}

static void statements_of_data_are_parsed(void **state)
{
    static const struct sample samples[] = {
        {"SELECT * FROM t", CQL_SELECT, 0},
        {"select * from ks.t;", CQL_SELECT, 0},
        {"SELECT * FROM \"Ks\".\"T\" WHERE \"select\" = 1;;;", CQL_SELECT, 0},
        {"SELECT DISTINCT a, b FROM t", CQL_SELECT, 0},
        {"SELECT JSON * FROM t", CQL_SELECT, 0},
        {"SELECT JSON DISTINCT a FROM t", CQL_SELECT, 0},
        {"SELECT json FROM t", CQL_SELECT, 0},
        {"SELECT distinct, json FROM t", CQL_SELECT, 0},
        {"SELECT JSON json FROM t", CQL_SELECT, 0},
        {"SELECT a AS b, as AS as FROM t", CQL_SELECT, 0},
        {"SELECT count(*), count(1), COUNT(a), count FROM t", CQL_SELECT, 0},
        {"SELECT writetime(a), ttl(a), ttl, writetime, maxwritetime(a), writetime(a.b), ttl(m['k']) FROM t",
         CQL_SELECT, 0},
        {"SELECT cast(a AS int), CAST(cast AS text) FROM t", CQL_SELECT, 0},
        {"SELECT ks.f(a, b), f(), token(a, b), system.now() FROM t", CQL_SELECT, 0},
        {"SELECT a + b * -c / 2 % d - 1 FROM t", CQL_SELECT, 0},
        {"SELECT m['k'], l[1], s[..], s[1..], s[..2], s[1..2], s['a'..'b'], f(x)[0].y, u.a.b.c FROM t",
         CQL_SELECT, 0},
        {"SELECT (a), (a.b), (a, b), (a + 1) * 2, [a, 1], {a, b}, {a: b}, {}, [] FROM t", CQL_SELECT, 0},
        {"SELECT (int)a, (frozen<list<int>>)[1, 2], (ks.u){a: 1}, (int)?, (int):x, (text)'x' FROM t",
         CQL_SELECT, 2},
        {"SELECT (a)[1], (a) - b, (a).b FROM t", CQL_SELECT, 0},
        {"SELECT 1, 'x', 1.5, true, null, 0xff, 1h, NaN, -Infinity FROM t", CQL_SELECT, 0},
        {"SELECT * FROM t AS OF 5", CQL_SELECT, 0},
        {"SELECT * FROM ks.t AS OF '2026-01-01' WHERE a = 1", CQL_SELECT, 0},
        {"SELECT of AS of FROM t AS OF ? WHERE of = ?", CQL_SELECT, 2},
        {"SELECT * FROM t AS OF :at LIMIT 1", CQL_SELECT, 1},
        {"SELECT * FROM t WHERE a = 1 AND b < 2 AND c > 3 AND d <= 4 AND e >= 5 AND f != 6", CQL_SELECT, 0},
        {"SELECT * FROM t WHERE a IN () AND b IN (1) AND c IN (1, ?) AND d IN ? AND e IN :e", CQL_SELECT, 3},
        {"SELECT * FROM t WHERE (a, b) > (1, 2) AND (a, b) <= ? AND (a) IN ((1), (?)) AND (a, b) IN ?",
         CQL_SELECT, 3},
        {"SELECT * FROM t WHERE (a, b) IN (?, :x) AND (a, b) IN () AND (a) = (1)", CQL_SELECT, 2},
        {"SELECT * FROM t WHERE token(a, b) > token(1, 2) AND token(a) <= ? AND token(a) > -5", CQL_SELECT,
         1},
        {"SELECT * FROM t WHERE m CONTAINS 1 AND m CONTAINS KEY ? AND a LIKE 'x%' AND a IS NOT NULL",
         CQL_SELECT, 1},
        {"SELECT * FROM t WHERE m['k'] = ? AND m[?] > 2", CQL_SELECT, 2},
        {"SELECT * FROM t WHERE (a = 1) AND ((b = 2))", CQL_SELECT, 0},
        {"SELECT * FROM t WHERE contains CONTAINS contains() AND like LIKE 'x' AND key = 1", CQL_SELECT, 0},
        {"SELECT * FROM t GROUP BY a, b", CQL_SELECT, 0},
        {"SELECT * FROM t GROUP BY a, floor(b, 1h)", CQL_SELECT, 0},
        {"SELECT * FROM t ORDER BY a, b ASC, c DESC", CQL_SELECT, 0},
        {"SELECT * FROM t ORDER BY v ANN OF [1.0, 2.0] LIMIT 3", CQL_SELECT, 0},
        {"SELECT * FROM t ORDER BY ann ANN OF ?", CQL_SELECT, 1},
        {"SELECT * FROM t WHERE a = ? GROUP BY a ORDER BY b PER PARTITION LIMIT ? LIMIT ? ALLOW FILTERING",
         CQL_SELECT, 3},
        {"INSERT INTO t (a) VALUES (1)", CQL_INSERT, 0},
        {"INSERT INTO ks.t (a, b) VALUES (?, :b) IF NOT EXISTS", CQL_INSERT, 2},
        {"INSERT INTO t (a) VALUES (1) USING TTL ? AND TIMESTAMP ?", CQL_INSERT, 2},
        {"INSERT INTO t (a) VALUES (1) IF NOT EXISTS USING TIMESTAMP -5 AND TTL 3", CQL_INSERT, 0},
        {"INSERT INTO t JSON ?", CQL_INSERT, 1},
        {"INSERT INTO t JSON '{}' DEFAULT UNSET IF NOT EXISTS USING TTL 1", CQL_INSERT, 0},
        {"INSERT INTO t JSON :json DEFAULT NULL", CQL_INSERT, 1},
        {"INSERT INTO json (json, values, ttl) VALUES (json(), values(), ttl())", CQL_INSERT, 0},
        {"UPDATE t SET a = 1 WHERE k = 1", CQL_UPDATE, 0},
        {"UPDATE t USING TTL ? SET a = a + 1, b = b - ?, c = [1] + c, d += {1}, e -= 2 WHERE k = ?",
         CQL_UPDATE, 3},
        {"UPDATE t SET a[1] = 2, a[?] = 3, b.c = 4, b.d = 5 WHERE k IN (1, 2)", CQL_UPDATE, 1},
        {"UPDATE t SET a = a -1, b=b-1, c = f(1) + 2 WHERE k = 1 IF EXISTS", CQL_UPDATE, 0},
        {"UPDATE t SET a = 1 WHERE k = 1 IF b = 1 AND c IN (1, 2) AND d[1] != 2 AND e.f >= 3 AND g IN ?",
         CQL_UPDATE, 1},
        {"UPDATE t SET exists = 1 WHERE exists = 1 IF exists = 2", CQL_UPDATE, 0},
        {"UPDATE t SET a = {1: 'x'}, b = {1, 2}, c = {f: 1, \"G\": {}}, d = (1, 'x'), e = [] WHERE k = 1",
         CQL_UPDATE, 0},
        {"DELETE FROM t WHERE k = 1", CQL_DELETE, 0},
        {"DELETE a, m['k'], l[?], u.f FROM t USING TIMESTAMP ? WHERE k = ? IF EXISTS", CQL_DELETE, 3},
        {"DELETE FROM t USING TIMESTAMP 1 WHERE k = 1 AND c > 2 IF a = 1", CQL_DELETE, 0},
        {"BEGIN BATCH APPLY BATCH", CQL_BATCH, 0},
        {"BEGIN LOGGED BATCH INSERT INTO t (a) VALUES (?); APPLY BATCH;", CQL_BATCH, 1},
        {"BEGIN UNLOGGED BATCH USING TIMESTAMP ? UPDATE t SET a = ? WHERE k = 1 DELETE FROM t WHERE k = ?; "
         "APPLY BATCH",
         CQL_BATCH, 3},
        {"BEGIN COUNTER BATCH UPDATE t SET c = c + 1 WHERE k = 1; APPLY BATCH", CQL_BATCH, 0},
        {"TRUNCATE t", CQL_TRUNCATE, 0},
        {"TRUNCATE TABLE ks.t", CQL_TRUNCATE, 0},
        {"TRUNCATE COLUMNFAMILY t", CQL_TRUNCATE, 0},
        {"USE ks", CQL_USE, 0},
        {"USE \"Ks\";", CQL_USE, 0},
    };
    (void)state;
    assert_samples(samples, ARRAY_COUNT(samples));
}

static void statements_of_definition_are_parsed(void **state)
{
    static const struct sample samples[] = {
        {"CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy', "
         "'replication_factor': 1} "
         "AND durable_writes = true",
         CQL_CREATE_KEYSPACE, 0},
        {"CREATE SCHEMA ks WITH REPLICATION = {'class':'SingleRegionStrategy'} AND TAGS = {'a':'b'}",
         CQL_CREATE_KEYSPACE, 0},
        {"ALTER KEYSPACE IF EXISTS ks WITH durable_writes = false", CQL_ALTER_KEYSPACE, 0},
        {"ALTER KEYSPACE ks ADD TAGS {'a':'b'}", CQL_ALTER_KEYSPACE, 0},
        {"ALTER KEYSPACE ks DROP TAGS {'a':'b'}", CQL_ALTER_KEYSPACE, 0},
        {"DROP KEYSPACE IF EXISTS ks", CQL_DROP_KEYSPACE, 0},
        {"CREATE TABLE t (a int PRIMARY KEY)", CQL_CREATE_TABLE, 0},
        {"CREATE TABLE t (key text PRIMARY KEY, type text, values set<text>, tags list<int>, primary_ int)",
         CQL_CREATE_TABLE, 0},
        {"CREATE TABLE IF NOT EXISTS ks.t (a int, b text STATIC, PRIMARY KEY (a)) WITH COMPACT STORAGE",
         CQL_CREATE_TABLE, 0},
        {"CREATE COLUMNFAMILY t (a int, b int, c ks.u, d \"U\", e 'org.x.Y', PRIMARY KEY ((a, b), c, d))",
         CQL_CREATE_TABLE, 0},
        {"CREATE TABLE t (a frozen<map<text, tuple<int, set<uuid>>>>, v vector<float, 3>, PRIMARY KEY (a))",
         CQL_CREATE_TABLE, 0},
        {"CREATE TABLE t (a int PRIMARY KEY) WITH CLUSTERING ORDER BY (b DESC, c) AND comment = 'x' AND "
         "ID = 550e8400-e29b-41d4-a716-446655440000 AND gc_grace_seconds = -1 AND caching = ALL AND "
         "read_repair_chance = 0.1 AND clustering = 1 AND compact = 2",
         CQL_CREATE_TABLE, 0},
        {"CREATE TABLE t (a int PRIMARY KEY) WITH CUSTOM_PROPERTIES={'capacity_mode':{'throughput_mode':"
         "'PROVISIONED','read_capacity_units':10},'point_in_time_recovery':{'status':'enabled'}} AND "
         "default_time_to_live = 5 WITH TAGS = {'a':'b'}",
         CQL_CREATE_TABLE, 0},
        {"ALTER TABLE t ADD a int", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE IF EXISTS ks.t ADD IF NOT EXISTS a int STATIC, b list<text>", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t ADD (a int, b text)", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t ADD tags text", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t DROP a", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t DROP IF EXISTS a, b USING TIMESTAMP 5", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t DROP (a, b)", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t DROP COMPACT STORAGE", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t DROP compact", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t RENAME IF EXISTS a TO b AND c TO d", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t ALTER a TYPE blob", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t WITH comment = 'x' AND cdc = true", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t ADD TAGS {'a':'b'}", CQL_ALTER_TABLE, 0},
        {"ALTER TABLE t DROP TAGS {'a':'b'}", CQL_ALTER_TABLE, 0},
        {"DROP TABLE IF EXISTS ks.t", CQL_DROP_TABLE, 0},
        {"DROP COLUMNFAMILY t", CQL_DROP_TABLE, 0},
        {"RESTORE TABLE ks.a FROM TABLE ks.b", CQL_RESTORE_TABLE, 0},
        {"RESTORE TABLE a.b from table a.c WITH restore_timestamp = '2020-06-30T04:05:00+0000' AND "
         "custom_properties = {'point_in_time_recovery': {'status': 'disabled'}} AND TAGS = {'k': 'v'}",
         CQL_RESTORE_TABLE, 0},
        {"CREATE TYPE IF NOT EXISTS ks.u (a int, \"B\" frozen<list<text>>, c u2)", CQL_CREATE_TYPE, 0},
        {"ALTER TYPE ks.u ADD a int", CQL_ALTER_TYPE, 0},
        {"ALTER TYPE IF EXISTS u ADD IF NOT EXISTS a int", CQL_ALTER_TYPE, 0},
        {"ALTER TYPE u RENAME IF EXISTS a TO b AND c TO d", CQL_ALTER_TYPE, 0},
        {"ALTER TYPE u ALTER a TYPE text", CQL_ALTER_TYPE, 0},
        {"DROP TYPE IF EXISTS ks.u", CQL_DROP_TYPE, 0},
        {"CREATE INDEX ON t (a)", CQL_CREATE_INDEX, 0},
        {"CREATE INDEX IF NOT EXISTS i ON ks.t (keys(m))", CQL_CREATE_INDEX, 0},
        {"CREATE INDEX ON t (values)", CQL_CREATE_INDEX, 0},
        {"CREATE CUSTOM INDEX i ON t (full(l)) USING 'x.Y' WITH OPTIONS = {'mode': 'CONTAINS'}",
         CQL_CREATE_INDEX, 0},
        {"CREATE CUSTOM INDEX ON t (a, values(b), entries(c)) USING 'SAI'", CQL_CREATE_INDEX, 0},
        {"CREATE CUSTOM INDEX ON t () USING 'SAI'", CQL_CREATE_INDEX, 0},
        {"DROP INDEX IF EXISTS ks.i", CQL_DROP_INDEX, 0},
        {"CREATE MATERIALIZED VIEW IF NOT EXISTS ks.v AS SELECT a, b FROM t WHERE a IS NOT NULL AND b = 1 "
         "PRIMARY KEY ((a, b), c) WITH CLUSTERING ORDER BY (c DESC) AND comment = 'x'",
         CQL_CREATE_VIEW, 0},
        {"CREATE MATERIALIZED VIEW v AS SELECT * FROM t PRIMARY KEY (a)", CQL_CREATE_VIEW, 0},
        {"ALTER MATERIALIZED VIEW ks.v WITH comment = 'x'", CQL_ALTER_VIEW, 0},
        {"DROP MATERIALIZED VIEW IF EXISTS v", CQL_DROP_VIEW, 0},
    };
    (void)state;
    assert_samples(samples, ARRAY_COUNT(samples));
}

static void statements_of_code_and_authority_are_parsed(void **state)
{
    static const struct sample samples[] = {
        {"CREATE FUNCTION f() CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'return 1;'",
         CQL_CREATE_FUNCTION, 0},
        {"CREATE OR REPLACE FUNCTION ks.f(a int, b list<text>) RETURNS NULL ON NULL INPUT RETURNS text "
         "LANGUAGE lua AS $$ return 'x' $$",
         CQL_CREATE_FUNCTION, 0},
        {"CREATE FUNCTION IF NOT EXISTS f(a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'x'",
         CQL_CREATE_FUNCTION, 0},
        {"DROP FUNCTION IF EXISTS ks.f", CQL_DROP_FUNCTION, 0},
        {"DROP FUNCTION f(int, text)", CQL_DROP_FUNCTION, 0},
        {"DROP FUNCTION f()", CQL_DROP_FUNCTION, 0},
        {"CREATE AGGREGATE a(int) SFUNC s STYPE tuple<int, int> FINALFUNC f INITCOND (0, 0)",
         CQL_CREATE_AGGREGATE, 0},
        {"CREATE OR REPLACE AGGREGATE ks.a(int, text) SFUNC s STYPE int", CQL_CREATE_AGGREGATE, 0},
        {"CREATE AGGREGATE IF NOT EXISTS a() SFUNC s STYPE int INITCOND null", CQL_CREATE_AGGREGATE, 0},
        {"DROP AGGREGATE IF EXISTS ks.a(int)", CQL_DROP_AGGREGATE, 0},
        {"CREATE TRIGGER IF NOT EXISTS g ON ks.t USING 'x.Y'", CQL_CREATE_TRIGGER, 0},
        {"DROP TRIGGER IF EXISTS g ON t", CQL_DROP_TRIGGER, 0},
        {"CREATE ROLE r", CQL_CREATE_ROLE, 0},
        {"CREATE ROLE IF NOT EXISTS 'R s' WITH PASSWORD = 'p' AND LOGIN = true AND SUPERUSER = FALSE AND "
         "OPTIONS = {'a': 1} AND ACCESS TO DATACENTERS {'x', 'y'}",
         CQL_CREATE_ROLE, 0},
        {"CREATE ROLE \"R\" WITH HASHED PASSWORD = 'h' AND ACCESS TO ALL DATACENTERS", CQL_CREATE_ROLE, 0},
        {"ALTER ROLE IF EXISTS r WITH PASSWORD = 'p'", CQL_ALTER_ROLE, 0},
        {"DROP ROLE IF EXISTS r", CQL_DROP_ROLE, 0},
        {"CREATE USER IF NOT EXISTS u WITH PASSWORD 'p' SUPERUSER", CQL_CREATE_ROLE, 0},
        {"CREATE USER u WITH HASHED PASSWORD 'p'", CQL_CREATE_ROLE, 0},
        {"ALTER USER 'u' NOSUPERUSER", CQL_ALTER_ROLE, 0},
        {"DROP USER u", CQL_DROP_ROLE, 0},
        {"GRANT SELECT ON ks.t TO r", CQL_GRANT, 0},
        {"GRANT SELECT PERMISSION, MODIFY ON TABLE t TO 'r'", CQL_GRANT, 0},
        {"GRANT ALL PERMISSIONS ON ALL KEYSPACES TO r", CQL_GRANT, 0},
        {"GRANT ALL ON KEYSPACE ks TO r", CQL_GRANT, 0},
        {"GRANT CREATE ON ALL TABLES IN KEYSPACE ks TO r", CQL_GRANT, 0},
        {"GRANT EXECUTE ON FUNCTION ks.f(int, list<text>) TO r", CQL_GRANT, 0},
        {"GRANT EXECUTE ON ALL FUNCTIONS TO r", CQL_GRANT, 0},
        {"REVOKE ALTER ON ALL FUNCTIONS IN KEYSPACE ks FROM r", CQL_REVOKE, 0},
        {"REVOKE AUTHORIZE ON ROLE x FROM r", CQL_REVOKE, 0},
        {"REVOKE DESCRIBE ON ALL ROLES FROM r", CQL_REVOKE, 0},
        {"REVOKE DROP ON ALL MBEANS FROM r", CQL_REVOKE, 0},
        {"GRANT MODIFY ON MBEANS 'a:*' TO r", CQL_GRANT, 0},
        {"GRANT UNMASK ON MBEAN 'a:b' TO r", CQL_GRANT, 0},
        {"GRANT SELECT_MASKED ON t TO r", CQL_GRANT, 0},
        {"GRANT a TO b", CQL_GRANT_ROLE, 0},
        {"REVOKE 'a' FROM \"b\"", CQL_REVOKE_ROLE, 0},
        {"LIST ALL", CQL_LIST_PERMISSIONS, 0},
        {"LIST ALL PERMISSIONS ON KEYSPACE ks OF r NORECURSIVE", CQL_LIST_PERMISSIONS, 0},
        {"LIST SELECT PERMISSION OF r", CQL_LIST_PERMISSIONS, 0},
        {"LIST ROLES", CQL_LIST_ROLES, 0},
        {"LIST ROLES OF r NORECURSIVE", CQL_LIST_ROLES, 0},
        {"LIST USERS", CQL_LIST_USERS, 0},
        {"DESCRIBE CLUSTER", CQL_DESCRIBE, 0},
        {"DESC FULL SCHEMA WITH INTERNALS", CQL_DESCRIBE, 0},
        {"DESC SCHEMA", CQL_DESCRIBE, 0},
        {"DESCRIBE KEYSPACES", CQL_DESCRIBE, 0},
        {"DESCRIBE KEYSPACE", CQL_DESCRIBE, 0},
        {"DESCRIBE ONLY KEYSPACE ks WITH INTERNALS", CQL_DESCRIBE, 0},
        {"DESCRIBE TABLES", CQL_DESCRIBE, 0},
        {"DESCRIBE TABLE ks.t", CQL_DESCRIBE, 0},
        {"DESCRIBE INDEX i", CQL_DESCRIBE, 0},
        {"DESCRIBE MATERIALIZED VIEW ks.v", CQL_DESCRIBE, 0},
        {"DESCRIBE TYPES", CQL_DESCRIBE, 0},
        {"DESCRIBE TYPE u", CQL_DESCRIBE, 0},
        {"DESCRIBE FUNCTIONS", CQL_DESCRIBE, 0},
        {"DESCRIBE FUNCTION ks.f", CQL_DESCRIBE, 0},
        {"DESCRIBE AGGREGATES", CQL_DESCRIBE, 0},
        {"DESCRIBE AGGREGATE a", CQL_DESCRIBE, 0},
        {"DESCRIBE ks.t WITH INTERNALS", CQL_DESCRIBE, 0},
        {"DESC ks", CQL_DESCRIBE, 0},
    };
    (void)state;
    assert_samples(samples, ARRAY_COUNT(samples));
}

/* --- trees ------------------------------------------------------------------------------------------------------ */

static void selects_are_trees(void **state)
{
    struct arena arena = {0};
    (void)state;
    const struct cql_select *select =
        &parse(&arena, "SELECT JSON Ab, \"Cd\" AS x, max(v) FROM Ks.\"T\" AS OF '2026' WHERE k IN (1, ?) AND "
                       "(a, b) >= :t AND token(p, q) < 5 AND m['x'] = 'y' AND c CONTAINS KEY 1 GROUP BY a "
                       "ORDER BY b DESC, c PER PARTITION LIMIT 2 LIMIT ? ALLOW FILTERING")
             ->select;
    assert_true(select->is_json && !select->is_distinct && select->allows_filtering);
    assert_text(select->table.keyspace, "ks");
    assert_text(select->table.name, "T");
    assert_int_equal(select->selectors.count, 3);
    assert_text(select->selectors.at[0].term->text, "ab");
    assert_text(select->selectors.at[1].term->text, "Cd");
    assert_text(select->selectors.at[1].alias, "x");
    assert_text(cql_selector_name(&select->selectors.at[2], &arena), "system.max(v)");
    assert_text(select->as_of->text, "2026");
    assert_int_equal(select->where.count, 5);
    const struct cql_relation *relations = select->where.at;
    assert_int_equal(relations[0].comparison, CQL_IN);
    assert_null(relations[0].value);
    assert_int_equal(relations[0].values.count, 2);
    assert_int_equal(relations[0].values.at[1]->marker.index, 0);
    assert_int_equal(relations[1].kind, CQL_RELATION_TUPLE);
    assert_int_equal(relations[1].columns.count, 2);
    assert_int_equal(relations[1].comparison, CQL_GREATER_EQUAL);
    assert_int_equal(relations[1].value->marker.index, 1);
    assert_text(relations[1].value->marker.name, "t");
    assert_int_equal(relations[2].kind, CQL_RELATION_TOKEN);
    assert_int_equal(relations[3].kind, CQL_RELATION_ELEMENT);
    assert_term(relations[3].key, "'x'");
    assert_int_equal(relations[4].comparison, CQL_CONTAINS_KEY);
    assert_int_equal(select->group_by.count, 1);
    assert_true(select->order_by.at[0].is_descending && !select->order_by.at[1].is_descending);
    assert_term(select->partition_limit, "2");
    assert_int_equal(select->limit->marker.index, 2);
    arena_reset(&arena);
}

static void writes_are_trees(void **state)
{
    static const enum cql_assignment_kind kinds[] = {
        CQL_ASSIGN,     CQL_ASSIGN_ADD,      CQL_ASSIGN_SUBTRACT, CQL_ASSIGN_PREPEND,
        CQL_ASSIGN_ADD, CQL_ASSIGN_SUBTRACT, CQL_ASSIGN_ELEMENT,  CQL_ASSIGN_FIELD,
    };
    struct arena arena = {0};
    (void)state;
    const struct cql_update *update =
        &parse(&arena,
               "UPDATE t USING TTL 5 AND TIMESTAMP ? SET a = 1, b = b + 2, c = c - 3, d = 4 + d, "
               "e += 5, f -= 6, g[7] = 8, h.i = 9 WHERE k = 10 IF a = 11 AND g[1] IN (2) AND h.i != 3")
             ->update;
    assert_int_equal(update->assignments.count, ARRAY_COUNT(kinds));
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        assert_int_equal(update->assignments.at[i].kind, kinds[i]);
    }
    assert_term(update->assignments.at[3].value, "4");
    assert_text(update->assignments.at[3].column, "d");
    assert_term(update->assignments.at[6].key, "7");
    assert_text(update->assignments.at[7].field, "i");
    assert_term(update->using.ttl, "5");
    assert_int_equal(update->using.timestamp->kind, CQL_TERM_MARKER);
    assert_int_equal(update->conditions.count, 3);
    assert_int_equal(update->conditions.at[1].kind, CQL_RELATION_ELEMENT);
    assert_int_equal(update->conditions.at[2].kind, CQL_RELATION_FIELD);
    assert_false(update->if_exists);

    const struct cql_insert *insert =
        &parse(&arena,
               "INSERT INTO t (\"A\"\"b\", c) VALUES ({1: 'x', 2: 'it''s'}, {f: (1, [2]), g: {}}) IF NOT "
               "EXISTS")
             ->insert;
    assert_text(insert->columns.at[0], "A\"b");
    assert_int_equal(insert->values.at[0]->kind, CQL_TERM_MAP);
    assert_text(insert->values.at[0]->items.at[3]->text, "it's");
    assert_int_equal(insert->values.at[1]->kind, CQL_TERM_UDT);
    assert_text(insert->values.at[1]->fields.names.at[0], "f");
    assert_int_equal(insert->values.at[1]->fields.values.at[0]->kind, CQL_TERM_TUPLE);
    assert_int_equal(insert->values.at[1]->fields.values.at[1]->kind, CQL_TERM_SET);
    assert_int_equal(insert->values.at[1]->depth, 4);
    assert_true(insert->if_not_exists);

    const struct cql_batch *batch =
        &parse(&arena, "BEGIN BATCH INSERT INTO t (a) VALUES (?) DELETE a FROM t WHERE k = ?; APPLY BATCH")
             ->batch;
    assert_int_equal(batch->kind, CQL_BATCH_LOGGED);
    assert_int_equal(batch->statements.count, 2);
    assert_int_equal(batch->statements.at[0]->insert.values.at[0]->marker.index, 0);
    assert_int_equal(batch->statements.at[1]->delete.where.at[0].value->marker.index, 1);
    arena_reset(&arena);
}

static void definitions_are_trees(void **state)
{
    struct arena arena = {0};
    (void)state;
    const struct cql_create_table *table =
        &parse(&arena,
               "CREATE TABLE t (a Int, b frozen<list<\"U\">>, c text STATIC, PRIMARY KEY ((a, b), d, e)) "
               "WITH CLUSTERING ORDER BY (d DESC) AND Comment = 'x' AND caching = ALL WITH TAGS = {'a': "
               "{'b': 1}}")
             ->create_table;
    assert_int_equal(table->columns.count, 3);
    assert_text(table->columns.at[0].type.text, "Int");
    assert_text(table->columns.at[1].type.text, "frozen<list<\"U\">>");
    assert_true(table->columns.at[2].is_static);
    assert_int_equal(table->key.definitions, 1);
    assert_int_equal(table->key.partition.count, 2);
    assert_int_equal(table->key.clustering.count, 2);
    assert_int_equal(table->properties.count, 3);
    assert_text(table->properties.at[0].name, "comment");
    assert_text(table->properties.at[1].value->text, "ALL");
    assert_int_equal(table->properties.at[2].value->items.at[1]->kind, CQL_TERM_MAP);
    table = &parse(&arena, "CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY, PRIMARY KEY (a))")
                 ->create_table;
    assert_int_equal(table->key.definitions, 3);

    const struct cql_alter_table *alter =
        &parse(&arena, "ALTER TABLE t DROP a, b USING TIMESTAMP 7")->alter_table;
    assert_int_equal(alter->alteration, CQL_ALTERATION_DROP);
    assert_int_equal(alter->names.count, 2);
    assert_term(alter->timestamp, "7");

    const struct cql_create_function *function =
        &parse(&arena, "CREATE FUNCTION k.f(a int) CALLED ON NULL INPUT RETURNS int LANGUAGE Lua AS $$ '$ $$")
             ->create_function;
    assert_text(function->language, "lua");
    assert_text(function->body, " '$ ");
    assert_true(function->is_called_on_null);

    const struct cql_grant *grant = &parse(&arena, "GRANT SELECT, DROP ON FUNCTION k.f(int) TO \"R\"")->grant;
    assert_int_equal(grant->permissions, 1U << CQL_PERMISSION_SELECT | 1U << CQL_PERMISSION_DROP);
    assert_int_equal(grant->resource.kind, CQL_RESOURCE_FUNCTION);
    assert_text(grant->role, "R");
    assert_text(parse(&arena, "DESC KEYSPACE Ab")->describe.name.name, "ab");
    arena_reset(&arena);
}

static void columns_have_names(void **state)
{
    static const char *const names[][2] = {
        {"a", "a"},
        {"\"A b\"", "A b"},
        {"count(*)", "count"},
        {"COUNT(1)", "count"},
        {"count(a)", "system.count(a)"},
        {"Now()", "system.now()"},
        {"ks.F(a, B)", "ks.f(a, b)"},
        {"token(a, b)", "system.token(a, b)"},
        {"max(abs(v))", "system.max(system.abs(v))"},
        {"writetime(v)", "writetime(v)"},
        {"ttl(m['k'])", "ttl(m['k'])"},
        {"CAST(a AS Int)", "cast(a as int)"},
        {"(int)?", "(int)?"},
        {"(Text)'x'", "(text)'x'"},
        {"u.a.b", "u.a.b"},
        {"l[0]", "l[0]"},
        {"s[1..2]", "s[1..2]"},
        {"a+b*-c", "a + b * -c"},
        {"a-1", "a - 1"},
        {"(int)-5", "(int)-5"},
        {"(a)-5", "(a) - 5"},
        {"(int) - 5", "(int) - 5"},
        {"(a, b)", "(a, b)"},
        {"[a, 1.5]", "[a, 1.5]"},
        {"{a: true}", "{a: true}"},
        {"{1, 0xaB}", "{1, 0xaB}"},
        {"-NAN", "NaN"},
        {"-infinity", "-Infinity"},
        {"NULL", "NULL"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct arena arena = {0};
        char *text = arena_format(&arena, "SELECT %s FROM t", names[i][0]);
        assert_text(cql_selector_name(&parse(&arena, text)->select.selectors.at[0], &arena), names[i][1]);
        arena_reset(&arena);
    }
}

/* --- words and literals ----------------------------------------------------------------------------------------- */

static void literals_have_classes(void **state)
{
    static const struct {
        const char *text;
        enum cql_term_kind kind;
        const char *expected;
    } cases[] = {
        {"'it''s'", CQL_TERM_STRING, "it's"},
        {"''", CQL_TERM_STRING, ""},
        {"''''", CQL_TERM_STRING, "'"},
        {"'-- no /* comment'", CQL_TERM_STRING, "-- no /* comment"},
        {"'a\nb'", CQL_TERM_STRING, "a\nb"},
        {"$$it's $ 'x'$$", CQL_TERM_STRING, "it's $ 'x'"},
        {"$$$$", CQL_TERM_STRING, ""},
        {"12", CQL_TERM_INTEGER, "12"},
        {"-12", CQL_TERM_INTEGER, "-12"},
        {"- /* x */ 12", CQL_TERM_INTEGER, "-12"},
        {"99999999999999999999999999", CQL_TERM_INTEGER, "99999999999999999999999999"},
        {"1.", CQL_TERM_FLOAT, "1."},
        {"-1.50", CQL_TERM_FLOAT, "-1.50"},
        {"1e10", CQL_TERM_FLOAT, "1e10"},
        {"1.5E-3", CQL_TERM_FLOAT, "1.5E-3"},
        {"nan", CQL_TERM_FLOAT, "NaN"},
        {"INFINITY", CQL_TERM_FLOAT, "Infinity"},
        {"-Infinity", CQL_TERM_FLOAT, "-Infinity"},
        {"TRUE", CQL_TERM_BOOLEAN, "true"},
        {"false", CQL_TERM_BOOLEAN, "false"},
        {"0xCAFE", CQL_TERM_HEX, "0xCAFE"},
        {"0X", CQL_TERM_HEX, "0X"},
        {"550E8400-e29b-41d4-a716-446655440000", CQL_TERM_UUID, "550E8400-e29b-41d4-a716-446655440000"},
        {"1e100000-0000-0000-0000-000000000000", CQL_TERM_UUID, "1e100000-0000-0000-0000-000000000000"},
        {"abcdefab-0000-0000-0000-000000000000", CQL_TERM_UUID, "abcdefab-0000-0000-0000-000000000000"},
        {"1y2mo3w4d5h6m7s8ms9us10ns", CQL_TERM_DURATION, "1y2mo3w4d5h6m7s8ms9us10ns"},
        {"1\xc2\xb5s", CQL_TERM_DURATION, "1\xc2\xb5s"},
        {"-1H30M", CQL_TERM_DURATION, "-1H30M"},
        {"P1Y2M3DT4H5M6S", CQL_TERM_DURATION, "P1Y2M3DT4H5M6S"},
        {"PT1H", CQL_TERM_DURATION, "PT1H"},
        {"P3W", CQL_TERM_DURATION, "P3W"},
        {"-P0001-02-03T04:05:06", CQL_TERM_DURATION, "-P0001-02-03T04:05:06"},
        {":\"Na\"\"me\"", CQL_TERM_MARKER, "Na\"me"},
        {":Key", CQL_TERM_MARKER, "key"},
        {"?", CQL_TERM_MARKER, ""},
        {"null", CQL_TERM_NULL, "null"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        char *text = arena_format(&arena, "INSERT INTO t (a) VALUES (%s)", cases[i].text);
        const struct cql_term *term = parse(&arena, text)->insert.values.at[0];
        assert_int_equal(term->kind, cases[i].kind);
        assert_text(term->kind == CQL_TERM_MARKER ? term->marker.name : term->text, cases[i].expected);
        arena_reset(&arena);
    }
}

static void comments_are_spaces(void **state)
{
    struct arena arena = {0};
    (void)state;
    assert_int_equal(parse(&arena, "-- one\n/* two * / \n */SELECT//three\r\n*--four\nFROM t;-- end")->kind,
                     CQL_SELECT);
    const struct cql_term *term =
        parse(&arena, "SELECT a/b, c /**/, d[1..2] FROM t")->select.selectors.at[0].term;
    assert_int_equal(term->kind, CQL_TERM_DIVIDE);
    arena_reset(&arena);
}

static bool parses(const char *text)
{
    struct arena arena = {0};
    struct error error;
    struct cql_statement *statement = NULL;
    enum status status = cql_parse(bytes_of_text(text), &arena, &statement, &error);
    arena_reset(&arena);
    return status == STATUS_OK;
}

/* Appendix A of the reference, with what 4.1 has besides: reserved words are no names, the others are, everywhere. */
static void words_are_reserved_or_not(void **state)
{
    static const char *const reserved[] = {
        "add",      "allow",       "alter",        "and",    "apply",    "asc",   "authorize",    "batch",
        "begin",    "by",          "columnfamily", "create", "delete",   "desc",  "describe",     "drop",
        "entries",  "execute",     "from",         "full",   "grant",    "if",    "in",           "index",
        "infinity", "insert",      "into",         "is",     "keyspace", "limit", "materialized", "modify",
        "nan",      "norecursive", "not",          "null",   "on",       "or",    "order",        "primary",
        "rename",   "revoke",      "schema",       "select", "set",      "table", "to",           "token",
        "truncate", "unlogged",    "update",       "use",    "using",    "view",  "where",        "with",
        "true",     "false",
    };
    static const char *const free_words[] = {
        "access",      "aggregate",  "aggregates",    "all",       "ann",          "as",
        "ascii",       "bigint",     "blob",          "boolean",   "called",       "cast",
        "cluster",     "clustering", "compact",       "contains",  "count",        "counter",
        "custom",      "default",    "mbean",         "mbeans",    "unset",        "datacenters",
        "date",        "decimal",    "distinct",      "double",    "exists",       "filtering",
        "finalfunc",   "float",      "frozen",        "function",  "functions",    "group",
        "hashed",      "inet",       "initcond",      "input",     "int",          "internals",
        "json",        "key",        "keys",          "keyspaces", "language",     "like",
        "list",        "logged",     "login",         "map",       "maxwritetime", "nologin",
        "nosuperuser", "of",         "only",          "options",   "partition",    "password",
        "per",         "permission", "permissions",   "replace",   "restore",      "returns",
        "role",        "roles",      "select_masked", "sfunc",     "smallint",     "static",
        "storage",     "stype",      "superuser",     "tables",    "tags",         "text",
        "time",        "timestamp",  "timeuuid",      "tinyint",   "trigger",      "ttl",
        "tuple",       "type",       "types",         "unmask",    "user",         "users",
        "uuid",        "values",     "varchar",       "varint",    "vector",       "writetime",
        "p",           "x1",
    };
    static const char *const places[] = {
        "SELECT %1$s FROM %1$s WHERE %1$s = 1 AND (a, %1$s) > (1, 2) ORDER BY %1$s",
        "SELECT a, %1$s AS %1$s, %1$s.%1$s, %1$s[1] FROM %1$s.%1$s GROUP BY %1$s",
        "SELECT %1$s + %1$s, (%1$s), (%1$s, a), {%1$s: 1} FROM t WHERE %1$s IN ? AND %1$s CONTAINS :%1$s",
        "INSERT INTO %1$s (%1$s, a) VALUES ({%1$s: 1}, :%1$s)",
        "UPDATE %1$s SET %1$s = %1$s + 1, a[1] = 2, b.%1$s = 3 WHERE %1$s = 1 IF %1$s = 2 AND b.%1$s = 1",
        "DELETE %1$s, %1$s[1], a.%1$s FROM %1$s WHERE %1$s = 1 IF %1$s IN (1)",
        "CREATE TABLE %1$s (%1$s int PRIMARY KEY, a text) WITH CLUSTERING ORDER BY (%1$s ASC) AND %1$s = 1",
        "CREATE TABLE a (%1$s int, b int, PRIMARY KEY ((%1$s, b), %1$s))",
        "ALTER TABLE %1$s RENAME %1$s TO %1$s",
        "ALTER TABLE %1$s ADD %1$s int, %1$s int",
        "ALTER TABLE %1$s DROP %1$s",
        "CREATE TYPE %1$s.a (%1$s int)",
        "CREATE INDEX %1$s ON %1$s (%1$s)",
        "CREATE KEYSPACE %1$s WITH %1$s = 'x'",
        "USE %1$s",
        "GRANT SELECT ON TABLE %1$s TO %1$s",
    };
    (void)state;
    for (size_t k = 0; k < ARRAY_COUNT(places); k++) {
        char text[400];
        for (size_t i = 0; i < ARRAY_COUNT(reserved); i++) {
            (void)snprintf(text, sizeof(text), places[k], reserved[i]);
            assert_false(parses(text));
            char quoted[40];
            (void)snprintf(quoted, sizeof(quoted), "\"%s\"", reserved[i]);
            (void)snprintf(text, sizeof(text), places[k], quoted);
            if (!parses(text)) {
                fail_msg("%s", text);
            }
        }
        for (size_t i = 0; i < ARRAY_COUNT(free_words); i++) {
            (void)snprintf(text, sizeof(text), places[k], free_words[i]);
            if (!parses(text)) {
                fail_msg("%s", text);
            }
        }
    }
    assert_true(parses("CREATE TYPE map (a int)") && parses("CREATE TYPE \"int\" (a int)"));
    assert_false(parses("CREATE TYPE int (a int)") || parses("CREATE TYPE ks.Timestamp (a int)"));
    assert_false(parses("CREATE TYPE byte (a int)") || parses("CREATE TYPE ks.enum (a int)"));
    assert_true(cql_is_reserved(bytes_of_text("Select")));
    assert_false(cql_is_reserved(bytes_of_text("key")));
    assert_false(cql_is_reserved(bytes_of_text("")));
    assert_false(cql_is_reserved(bytes_of_text("a_word_longer_than_every_keyword")));
}

static void names_are_quoted_where_they_must_be(void **state)
{
    static const char *const names[][2] = {
        {"a_1", "a_1"},   {"A", "\"A\""},         {"select", "\"select\""},
        {"1a", "\"1a\""}, {"a\"b", "\"a\"\"b\""}, {"key", "key"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct buffer text = {0};
        cql_name_format(bytes_of_text(names[i][0]), &text);
        assert_text(buffer_bytes(&text), names[i][1]);
        buffer_reset(&text);
    }
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

static void errors_are_cassandras(void **state)
{
    static const char *const cases[][2] = {
        {"SELECT FROM t", "line 1:7 no viable alternative at input 'FROM' (SELECT [FROM]...)"},
        {"SELEC * FROM t", "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)"},
        {"", "line 0:-1 no viable alternative at input '<EOF>'"},
        {";", "line 1:0 no viable alternative at input ';' ([;]...)"},
        {"SELECT *", "line 0:-1 mismatched input '<EOF>' expecting K_FROM"},
        {"SELECT * FROM a.t AND token(b) > 1",
         "line 1:18 mismatched input 'AND' expecting EOF (SELECT * FROM a.t [AND]...)"},
        {"SELECT * FROM t; SELECT * FROM u",
         "line 1:17 mismatched input 'SELECT' expecting EOF (SELECT * FROM t; [SELECT]...)"},
        {"SELECT a, b, c, d, e, f FROM t WHERE\n  a = 1\n  GRUOP BY x",
         "line 3:2 mismatched input 'GRUOP' expecting EOF (...t WHERE\n  a = 1\n  [GRUOP]...)"},
        {"CREATE KEYSPACE IF NOT EXISTS my-project WITH x = 1",
         "line 1:32 mismatched input '-' expecting K_WITH (... KEYSPACE IF NOT EXISTS my[-]...)"},
        {"INSERT INTO t (a) VALUES (1", "line 0:-1 mismatched input '<EOF>' expecting ')'"},
        {"INSERT INTO t (a) VALUES (foo)",
         "line 1:29 no viable alternative at input ')' (...t (a) VALUES (foo[)]...)"},
        {"INSERT INTO t (a) VALUS (1)",
         "line 1:18 mismatched input 'VALUS' expecting K_VALUES (INSERT INTO t (a) [VALUS]...)"},
        {"UPDATE t SET a = 1", "line 0:-1 mismatched input '<EOF>' expecting K_WHERE"},
        {"DELETE FROM t", "line 0:-1 mismatched input '<EOF>' expecting K_WHERE"},
        {"SELECT * FROM t WHERE a = 'x", "line 1:28 mismatched character '<EOF>' expecting '''"},
        {"SELECT \"a FROM t", "line 1:16 mismatched character '<EOF>' expecting '\"'"},
        {"SELECT * FROM $t;", "line 1:15 mismatched character 't' expecting '$'"},
        {"SELECT * /* x", "line 1:13 mismatched character '<EOF>' expecting '*'"},
        {"SELECT a @ b FROM t", "line 1:9 no viable alternative at character '@'"},
        {"SELECT \xc3\xa9 FROM t", "line 1:7 no viable alternative at character '\xc3\xa9'"},
        {"SELECT '\xc3\xa9' @", "line 1:11 no viable alternative at character '@'"},
        {"SELECT * FROM t WHERE a ! b", "line 1:25 mismatched character ' ' expecting '='"},
        {"UPDATE t SET a = b + 1 WHERE k = 1", "Only expressions of the form X = X + <value> are supported."},
        {"UPDATE t SET a = b - 1 WHERE k = 1", "Only expressions of the form X = X - <value> are supported."},
        {"UPDATE t SET a = 1 + b WHERE k = 1", "Only expressions of the form X = <value> + X are supported."},
        {"UPDATE t SET a = 1, a = 2 WHERE k = 1", "Multiple incompatible setting of column a"},
        {"UPDATE t SET a[0] = 1, a = 2 WHERE k = 1", "Multiple incompatible setting of column a"},
        {"UPDATE t SET a.b = 1, a.b = 2 WHERE k = 1", "Multiple incompatible setting of column a"},
        {"CREATE TABLE t (a int PRIMARY KEY) WITH comment = 'a' AND Comment = 'b'",
         "Multiple definition for property 'comment'"},
        {"CREATE KEYSPACE k WITH a = 1 AND b = 2 AND a = 3", "Multiple definition for property 'a'"},
        {"CREATE ROLE r WITH LOGIN = true AND LOGIN = false", "Multiple definition for property 'login'"},
        {"CREATE TABLE t (a int PRIMARY KEY) WITH compression = lz4",
         "line 1:54 no viable alternative at input 'lz4' (CREATE TABLE t (a int PRIMARY KEY) WITH "
         "compression "
         "= [lz4]...)"},
        {"CREATE TABLE t (a int PRIMARY KEY) WITH x = {'a': ?}",
         "line 1:50 no viable alternative at input '?' (CREATE TABLE t (a int PRIMARY KEY) WITH x = {'a': "
         "[?]...)"},
        {"SELECT count(2) FROM t", "Only COUNT(1) is supported, got COUNT(2)"},
        {"GRANT ? TO r", "Bind variables cannot be used for role names"},
        {"SELECT \"\" FROM t", "line 1:7 no viable alternative at input '\"\"' (SELECT [\"\"]...)"},
        {"\xff", "line 1:0 the statement is no UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct error error = {0};
        struct cql_statement *statement = NULL;
        enum status status = cql_parse(bytes_of_text(cases[i][0]), &arena, &statement, &error);
        if (status != STATUS_INVALID || strcmp(error.text, cases[i][1]) != 0) {
            fail_msg("%s\n  %s\n  not %s", cases[i][0], error.text, cases[i][1]);
        }
        assert_null(statement);
        arena_reset(&arena);
    }
}

/* What Cassandra's grammar does not take either. */
static void statements_are_refused(void **state)
{
    static const char *const cases[] = {
        "SELECT * FROM t WHERE a = b",
        "SELECT * FROM t WHERE a = 1 OR b = 2",
        "SELECT * FROM t LIMIT 1 LIMIT 2",
        "SELECT * FROM t LIMIT 'x'",
        "SELECT * FROM t LIMIT 1 + 1",
        "SELECT *, a FROM t",
        "SELECT a b FROM t",
        "SELECT a FROM t ORDER BY",
        "SELECT a FROM t AS x",
        "SELECT a FROM t AS OF x",
        "SELECT a FROM t AS OF 1.5",
        "SELECT a. FROM t",
        "SELECT f(a FROM t",
        "SELECT f(*) FROM t",
        "SELECT a[1 FROM t",
        "SELECT * FROM t WHERE a IN 1",
        "SELECT * FROM t WHERE token(a) IN (1",
        "SELECT * FROM t WHERE () = ()",
        "SELECT * FROM a.b.c",
        "INSERT INTO t () VALUES ()",
        "INSERT INTO t (a) VALUES ()",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t (a) VALUES ({1: 2, 3})",
        "INSERT INTO t (a) VALUES ({1, 2: 3})",
        "INSERT INTO t (a) VALUES ([1,])",
        "INSERT INTO t (a) VALUES (.5)",
        "INSERT INTO t JSON {}",
        "INSERT INTO t JSON 'x' DEFAULT 1",
        "UPDATE t SET WHERE k = 1",
        "UPDATE t SET a = 1 WHERE k = 1 IF NOT EXISTS",
        "UPDATE t SET a = a * 2 WHERE k = 1",
        "UPDATE t SET a[1] += 2 WHERE k = 1",
        "DELETE * FROM t WHERE k = 1",
        "DELETE FROM t USING TTL 1 WHERE k = 1",
        "BEGIN BATCH SELECT * FROM t APPLY BATCH",
        "BEGIN BATCH ;; APPLY BATCH",
        "BEGIN BATCH",
        "CREATE TABLE t ()",
        "CREATE TABLE t (a)",
        "CREATE TABLE t (a int PRIMARY KEY STATIC)",
        "CREATE TABLE t (a list<int PRIMARY KEY)",
        "CREATE TABLE t (a int, PRIMARY KEY ())",
        "CREATE TABLE t (a int PRIMARY KEY) WITH",
        "CREATE TABLE t (a int PRIMARY KEY) WITH a = 1, b = 2",
        "CREATE TABLE t (a int PRIMARY KEY) WITH a = f(1)",
        "CREATE KEYSPACE k",
        "CREATE INDEX ON t",
        "CREATE ROLE r WITH PASSWORD 'x'",
        "CREATE USER u WITH PASSWORD = 'x'",
        "GRANT FLY ON t TO r",
        "LIST",
        "DESCRIBE",
        "USE a.b",
        "USE 'a'",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (parses(cases[i])) {
            fail_msg("%s", cases[i]);
        }
    }
}

/* Many of one thing beside or inside each other: an answer, and never a deeper stack. */
static void bounds_hold(void **state)
{
    static const struct {
        const char *head;
        const char *repeated;
        const char *tail;
        size_t times;
        enum status expected;
    } cases[] = {
        {"SELECT * FROM t WHERE a IN (?", ",?", ")", CQL_MARKERS_MAX - 1, STATUS_OK},
        {"SELECT * FROM t WHERE a IN (?", ",?", ")", CQL_MARKERS_MAX, STATUS_TOO_LARGE},
        {"INSERT INTO t (a) VALUES ([1", ",1", "])", 200000, STATUS_OK},
        {"INSERT INTO t (a) VALUES ([1", ",1", "])", CQL_NODES_MAX / 2, STATUS_TOO_LARGE},
        {"SELECT ", "(", "a", 100000, STATUS_TOO_LARGE},
        {"SELECT a", "+a", " FROM t", CQL_TERM_DEPTH_MAX - 1, STATUS_OK},
        {"SELECT a", "+a", " FROM t", CQL_TERM_DEPTH_MAX, STATUS_TOO_LARGE},
        {"INSERT INTO t (a) VALUES (", "[", "", 100000, STATUS_TOO_LARGE},
        {"INSERT INTO t (a) VALUES (", "{'x':", "", 100000, STATUS_TOO_LARGE},
        {"INSERT INTO t (a) VALUES (", "(int)", "1)", 100000, STATUS_TOO_LARGE},
        {"SELECT * FROM t WHERE a = ", "f(", "", 100000, STATUS_TOO_LARGE},
        {"CREATE TABLE t (a ", "list<", "", 100000, STATUS_TOO_LARGE},
        {"SELECT a", ".a", " FROM t", 100000, STATUS_TOO_LARGE},
        {"SELECT * FROM t WHERE ", "(", "a = 1", 100000, STATUS_TOO_LARGE},
        {"CREATE KEYSPACE k WITH a = 1", " AND a = 1", "", 100000, STATUS_INVALID},
        {"SELECT * FROM t", ";", "", 1000000, STATUS_OK},
        {"", "/**/", "SELECT * FROM t", 100000, STATUS_OK},
        {"", "x", "", CQL_STATEMENT_BYTES_MAX + 1, STATUS_TOO_LARGE},
        {"", "x", "", 1000, STATUS_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct buffer text = {0};
        struct error error = {0};
        struct cql_statement *statement = NULL;
        buffer_put_text(&text, cases[i].head);
        for (size_t k = 0; k < cases[i].times; k++) {
            buffer_put_text(&text, cases[i].repeated);
        }
        buffer_put_text(&text, cases[i].tail);
        enum status status = cql_parse(buffer_bytes(&text), &arena, &statement, &error);
        if (status != cases[i].expected) {
            fail_msg("%s%s…: %s %s", cases[i].head, cases[i].repeated, status_name(status), error.text);
        }
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

/* Pieces of statements in any order, and sound statements with a few bytes changed. */
static void any_bytes_are_parsed(void **state)
{
    static const char *const pieces[] = {
        "SELECT ",  "* ",    "FROM ",   "t ",     "WHERE ", "a ",      "= ",      "? ",      "'x' ",
        "1 ",       "AND ",  "( ",      ") ",     "[ ",     "] ",      "{ ",      "} ",      ", ",
        ". ",       ": ",    "UPDATE ", "SET ",   "IF ",    "INSERT ", "INTO ",   "VALUES ", "DELETE ",
        "EXISTS ",  "IS ",   "NULL ",   "IN ",    "ORDER ", "BY ",     "CREATE ", "TABLE ",  "int ",
        "PRIMARY ", "KEY ",  "count(",  "\"q\" ", "f( ",    "-",       "+ ",      "AS ",     "OF ",
        "WITH ",    "list<", "> ",      "..",     "'",      "\"",      "1e",      "$$",      "/*",
        "*/",       "--",    "\n",      "0x",     "JSON ",  "(int)",   "BEGIN ",  "BATCH ",  "APPLY ",
        "USING ",   "TTL ",  "token(",  "P1Y",    "1y",     "LIMIT ",  ";",       "\xff",    "\xc3\xa9",
    };
    struct random random;
    uint64_t rounds = test_rounds(20000);
    (void)state;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < rounds; round++) {
        struct arena arena = {0};
        struct buffer text = {0};
        struct cql_statement *statement = NULL;
        struct error error;
        bool is_raw = random_below(&random, 4) == 0;
        while (text.size < STATEMENT_BYTES && random_below(&random, 40) != 0) {
            if (is_raw) {
                buffer_put_u8(&text, (uint8_t)random_below(&random, 256));
            } else {
                buffer_put_text(&text, pieces[random_below(&random, ARRAY_COUNT(pieces))]);
            }
        }
        (void)!cql_parse(buffer_bytes(&text), &arena, &statement, &error);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_of_data_are_parsed),
        cmocka_unit_test(statements_of_definition_are_parsed),
        cmocka_unit_test(statements_of_code_and_authority_are_parsed),
        cmocka_unit_test(selects_are_trees),
        cmocka_unit_test(writes_are_trees),
        cmocka_unit_test(definitions_are_trees),
        cmocka_unit_test(columns_have_names),
        cmocka_unit_test(literals_have_classes),
        cmocka_unit_test(comments_are_spaces),
        cmocka_unit_test(words_are_reserved_or_not),
        cmocka_unit_test(names_are_quoted_where_they_must_be),
        cmocka_unit_test(errors_are_cassandras),
        cmocka_unit_test(statements_are_refused),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(any_bytes_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
