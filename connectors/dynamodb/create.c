/* What a table or an index that is to be made must be: DynamoDB's rules, in its order and words. */
#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

static const int64_t capacity_units_max = 1000000000000;
static const struct value no_list = {.kind = VALUE_LIST};

static const struct value *list_of(const struct value *map, const char *name)
{
    const struct value *list = member_of(map, name);
    return list == NULL ? &no_list : list;
}

/* --- attribute definitions -------------------------------------------------------------------------------------- */

static struct bytes definition_type(const struct value *definitions, struct bytes name)
{
    for (size_t i = 0; i < definitions->items.count; i++) {
        if (bytes_equal(text_of(&definitions->items.at[i], "AttributeName"), name)) {
            return text_of(&definitions->items.at[i], "AttributeType");
        }
    }
    return (struct bytes){0};
}

static bool key_schema_has(const struct value *keys, struct bytes name)
{
    for (size_t i = 0; i < keys->items.count; i++) {
        if (bytes_equal(text_of(&keys->items.at[i], "AttributeName"), name)) {
            return true;
        }
    }
    return false;
}

/* Appends "[a, b]". */
static void names_put(struct buffer *text, const struct value *list)
{
    buffer_put_u8(text, '[');
    for (size_t i = 0; i < list->items.count; i++) {
        buffer_put_text(text, i > 0 ? ", " : "");
        buffer_put(text, text_of(&list->items.at[i], "AttributeName"));
    }
    buffer_put_u8(text, ']');
}

static enum status fail_undefined(struct call *call, const struct value *keys,
                                  const struct value *definitions)
{
    struct buffer text = {0};
    buffer_put_text(&text,
                    INVALID "Some index key attributes are not defined in AttributeDefinitions. Keys: ");
    names_put(&text, keys);
    buffer_put_text(&text, ", AttributeDefinitions: ");
    names_put(&text, definitions);
    enum status status =
        call_fail(call, AWS_FAILURE_VALIDATION, "%.*s", (int)text.size, (const char *)text.data);
    buffer_reset(&text);
    return status;
}

/* --- key schemas ------------------------------------------------------------------------------------------------ */

static size_t key_schema_partition_count(const struct value *keys)
{
    size_t count = 0;
    while (count < keys->items.count && text_is(text_of(&keys->items.at[count], "KeyType"), "HASH")) {
        count++;
    }
    return count;
}

/* A key of a table, or of a local index: `where` is its place in the request. */
static enum status key_schema_check_length(struct call *call, const struct value *keys, const char *where)
{
    struct buffer text = {0};
    if (keys->items.count <= 2) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < keys->items.count; i++) {
        struct bytes name = text_of(&keys->items.at[i], "AttributeName");
        struct bytes type = text_of(&keys->items.at[i], "KeyType");
        buffer_put_format(&text, "%sKeySchemaElement(attributeName=%.*s, keyType=%.*s)", i > 0 ? ", " : "",
                          (int)name.size, (const char *)name.data, (int)type.size, (const char *)type.data);
    }
    enum status status = call_fail(call, AWS_FAILURE_VALIDATION,
                                   "1 validation error detected: Value '[%.*s]' at '%s' failed to satisfy "
                                   "constraint: Member must have length less than or equal to 2",
                                   (int)text.size, (const char *)text.data, where);
    buffer_reset(&text);
    return status;
}

static enum status key_schema_check_names(struct call *call, const struct value *keys)
{
    size_t count = keys->items.count;
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(text_of(&keys->items.at[i], "AttributeName"),
                            text_of(&keys->items.at[k], "AttributeName"))) {
                return call_fail(
                    call, AWS_FAILURE_VALIDATION,
                    count == 2
                        ? "Both the Hash Key and the Range Key element in the KeySchema have the same name"
                        : "The KeySchema contains multiple key attributes with the same name");
            }
        }
    }
    return STATUS_OK;
}

/* HASH keys, then RANGE keys, each name once. */
static enum status key_schema_check(struct call *call, const struct value *keys, size_t each_max)
{
    size_t count = keys->items.count;
    size_t partition = key_schema_partition_count(keys);
    if (count == 0 || partition == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
    if (each_max == 1 && partition == 2) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    }
    for (size_t i = partition; i < count; i++) {
        if (!text_is(text_of(&keys->items.at[i], "KeyType"), "RANGE")) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             INVALID
                             "All HASH key attributes must precede RANGE key attributes in the KeySchema");
        }
    }
    if (partition > each_max || count - partition > each_max) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "The KeySchema exceeds the maximum allowed number of %s key attributes",
                         partition > each_max ? "HASH" : "RANGE");
    }
    return key_schema_check_names(call, keys);
}

static enum status key_schema_check_defined(struct call *call, const struct value *keys,
                                            const struct value *definitions)
{
    for (size_t i = 0; i < keys->items.count; i++) {
        if (definition_type(definitions, text_of(&keys->items.at[i], "AttributeName")).size == 0) {
            return fail_undefined(call, keys, definitions);
        }
    }
    return STATUS_OK;
}

static void key_schema_columns(struct call *call, const struct value *keys, const struct value *definitions,
                               size_t from, size_t count, struct key_column **ret_columns)
{
    struct key_column *columns = arena_create_array(call->arena, count, sizeof(*columns));
    for (size_t i = 0; i < count; i++) {
        struct bytes name = text_of(&keys->items.at[from + i], "AttributeName");
        struct bytes type = definition_type(definitions, name);
        columns[i].name = name;
        columns[i].type.kind = text_is(type, "S") ? TYPE_TEXT : text_is(type, "N") ? TYPE_NUMBER : TYPE_BLOB;
    }
    *ret_columns = columns;
}

/* --- indexes ---------------------------------------------------------------------------------------------------- */

static enum status projection_check(struct call *call, const struct value *index)
{
    const struct value *projection = member_of(index, "Projection");
    struct bytes type = text_of(projection, "ProjectionType");
    const struct value *names = member_of(projection, "NonKeyAttributes");
    if (type.size == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "Unknown ProjectionType: null");
    }
    if (text_is(type, "INCLUDE") && names == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    }
    if (!text_is(type, "INCLUDE") && names != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "ProjectionType is %.*s, but NonKeyAttributes is specified", (int)type.size,
                         (const char *)type.data);
    }
    for (size_t i = 1; names != NULL && i < names->items.count; i++) {
        for (size_t k = 0; k < i; k++) {
            struct bytes name = names->items.at[i].bytes;
            if (bytes_equal(name, names->items.at[k].bytes)) {
                return call_fail(call, AWS_FAILURE_VALIDATION,
                                 INVALID "Duplicate element in NonKeyAttributes: %.*s", (int)name.size,
                                 (const char *)name.data);
            }
        }
    }
    return STATUS_OK;
}

enum status create_check_index(struct call *call, const struct value *index, const struct value *definitions)
{
    const struct value *keys = list_of(index, "KeySchema");
    enum status status = key_schema_check(call, keys, DYNAMODB_INDEX_KEY_ATTRIBUTES_MAX);
    if (status == STATUS_OK) {
        status = key_schema_check_defined(call, keys, definitions);
    }
    return status == STATUS_OK ? projection_check(call, index) : status;
}

static enum status local_index_check(struct call *call, const struct value *index,
                                     const struct value *table_keys)
{
    struct bytes name = text_of(index, "IndexName");
    const struct value *keys = list_of(index, "KeySchema");
    struct bytes own =
        keys->items.count > 0 ? text_of(&keys->items.at[0], "AttributeName") : (struct bytes){0};
    struct bytes tables = text_of(&table_keys->items.at[0], "AttributeName");
    if (keys->items.count < 2) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Index KeySchema does not have a range key for index: %.*s", (int)name.size,
                         (const char *)name.data);
    }
    if (!bytes_equal(own, tables)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Index KeySchema does not have the same leading hash key as table KeySchema "
                                 "for index: %.*s. index hash key: %.*s, table hash key: %.*s",
                         (int)name.size, (const char *)name.data, (int)own.size, (const char *)own.data,
                         (int)tables.size, (const char *)tables.data);
    }
    return STATUS_OK;
}

static enum status indexes_check_names(struct call *call, const struct value *locals,
                                       const struct value *globals)
{
    size_t count = locals->items.count + globals->items.count;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct value *a =
                i < locals->items.count ? &locals->items.at[i] : &globals->items.at[i - locals->items.count];
            const struct value *b =
                k < locals->items.count ? &locals->items.at[k] : &globals->items.at[k - locals->items.count];
            struct bytes name = text_of(a, "IndexName");
            if (bytes_equal(name, text_of(b, "IndexName"))) {
                return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "Duplicate index name: %.*s",
                                 (int)name.size, (const char *)name.data);
            }
        }
    }
    return STATUS_OK;
}

static enum status locals_check(struct call *call, const struct value *input, const struct value *definitions)
{
    const struct value *locals = list_of(input, "LocalSecondaryIndexes");
    const struct value *keys = list_of(input, "KeySchema");
    enum status status = STATUS_OK;
    if (member_of(input, "LocalSecondaryIndexes") != NULL && locals->items.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "List of LocalSecondaryIndexes is empty");
    }
    if (locals->items.count > 0 && keys->items.count < 2) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID
                         "Table KeySchema does not have a range key, which is required when specifying "
                         "a LocalSecondaryIndex");
    }
    if (locals->items.count > DYNAMODB_LOCAL_INDEXES_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "Number of LocalSecondaryIndexes exceeds per-table limit of %d",
                         DYNAMODB_LOCAL_INDEXES_MAX);
    }
    for (size_t i = 0; i < locals->items.count && status == STATUS_OK; i++) {
        status = key_schema_check_length(call, list_of(&locals->items.at[i], "KeySchema"),
                                         arena_format(call->arena,
                                                      "localSecondaryIndexes.%zu.member.keySchema", i + 1));
        if (status == STATUS_OK) {
            status = create_check_index(call, &locals->items.at[i], definitions);
        }
        if (status == STATUS_OK) {
            status = local_index_check(call, &locals->items.at[i], keys);
        }
    }
    return status;
}

static enum status globals_check(struct call *call, const struct value *input,
                                 const struct value *definitions, bool is_on_demand)
{
    const struct value *globals = list_of(input, "GlobalSecondaryIndexes");
    enum status status = STATUS_OK;
    if (member_of(input, "GlobalSecondaryIndexes") != NULL && globals->items.count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "List of GlobalSecondaryIndexes is empty");
    }
    if (globals->items.count > DYNAMODB_GLOBAL_INDEXES_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID "GlobalSecondaryIndex count exceeds the per-table limit of %d",
                         DYNAMODB_GLOBAL_INDEXES_MAX);
    }
    for (size_t i = 0; i < globals->items.count && status == STATUS_OK; i++) {
        const struct value *index = &globals->items.at[i];
        status = create_check_index(call, index, definitions);
        if (status == STATUS_OK) {
            status = create_check_throughput(call, index, is_on_demand, text_of(index, "IndexName"));
        }
    }
    return status;
}

size_t projected_count(const struct value *index)
{
    const struct value *names = member_of(member_of(index, "Projection"), "NonKeyAttributes");
    return names == NULL ? 0 : names->items.count;
}

enum status create_check_projected(struct call *call, size_t count)
{
    return count <= DYNAMODB_PROJECTED_MAX
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "Number of NonKeyAttributes of all indexes exceeds per-table limit of %d",
                           DYNAMODB_PROJECTED_MAX);
}

static enum status projections_check(struct call *call, const struct value *input)
{
    const struct value *lists[] = {list_of(input, "LocalSecondaryIndexes"),
                                   list_of(input, "GlobalSecondaryIndexes")};
    size_t count = 0;
    for (size_t l = 0; l < ARRAY_COUNT(lists); l++) {
        for (size_t i = 0; i < lists[l]->items.count; i++) {
            count += projected_count(&lists[l]->items.at[i]);
        }
    }
    return create_check_projected(call, count);
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

enum status throughput_check_bounds(struct call *call, const struct value *throughput, struct bytes index)
{
    static const char *const names[] = {"ReadCapacityUnits", "WriteCapacityUnits"};
    for (size_t i = 0; i < ARRAY_COUNT(names) && throughput != NULL; i++) {
        int64_t units = integer_of(throughput, names[i], 0);
        if (units > capacity_units_max) {
            return call_fail(call, AWS_FAILURE_VALIDATION, "Given value %lld for %s is out of bounds%s%.*s",
                             (long long)units, names[i], index.size > 0 ? " for index " : "", (int)index.size,
                             (const char *)index.data);
        }
    }
    return STATUS_OK;
}

enum status create_check_throughput(struct call *call, const struct value *holder, bool is_on_demand,
                                    struct bytes index)
{
    const struct value *throughput = member_of(holder, "ProvisionedThroughput");
    if (is_on_demand && throughput != NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         index.size > 0 ? INVALID "ProvisionedThroughput should not be specified for index: "
                                                  "%.*s when BillingMode is PAY_PER_REQUEST"
                                        : INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                                  "specified when BillingMode is PAY_PER_REQUEST%.*s",
                         (int)index.size, (const char *)index.data);
    }
    if (!is_on_demand && throughput == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         index.size > 0 ? INVALID "ProvisionedThroughput is not specified for index: %.*s"
                                        : INVALID "ReadCapacityUnits and WriteCapacityUnits must both be "
                                                  "specified when BillingMode is PROVISIONED%.*s",
                         (int)index.size, (const char *)index.data);
    }
    if (!is_on_demand && member_of(holder, "OnDemandThroughput") != NULL) {
        return on_demand_fail_provisioned(call, member_of(holder, "OnDemandThroughput"), index, true);
    }
    enum status status = throughput_check_bounds(call, throughput, index);
    if (status == STATUS_OK) {
        status = throughput_check_extras(call, holder, index, true);
    }
    return status == STATUS_OK ? warm_check_first(call, holder, is_on_demand, index) : status;
}

/* Every definition must be somebody's key. */
static enum status definitions_check_used(struct call *call, const struct value *input)
{
    const struct value *definitions = list_of(input, "AttributeDefinitions");
    const struct value *keys = list_of(input, "KeySchema");
    const struct value *lists[] = {list_of(input, "LocalSecondaryIndexes"),
                                   list_of(input, "GlobalSecondaryIndexes")};
    bool has_indexes = lists[0]->items.count + lists[1]->items.count > 0;
    struct buffer used = {0};
    bool all_used = true;
    for (size_t i = 0; i < definitions->items.count; i++) {
        struct bytes name = text_of(&definitions->items.at[i], "AttributeName");
        bool is_used = key_schema_has(keys, name);
        for (size_t l = 0; l < ARRAY_COUNT(lists); l++) {
            for (size_t k = 0; k < lists[l]->items.count; k++) {
                is_used = is_used || key_schema_has(list_of(&lists[l]->items.at[k], "KeySchema"), name);
            }
        }
        all_used = all_used && is_used;
        if (is_used) {
            buffer_put_text(&used, used.size > 0 ? ", " : "");
            buffer_put(&used, name);
        }
    }
    enum status status = STATUS_OK;
    if (!all_used && !has_indexes) {
        status = call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "Number of attributes in KeySchema does not exactly match number of "
                                   "attributes defined in AttributeDefinitions");
    } else if (!all_used) {
        struct buffer text = {0};
        names_put(&text, definitions);
        status = call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "Some AttributeDefinitions are not used. AttributeDefinitions: %.*s, keys "
                                   "used: [%.*s]",
                           (int)text.size, (const char *)text.data, (int)used.size, (const char *)used.data);
        buffer_reset(&text);
    }
    buffer_reset(&used);
    return status;
}

static enum status definitions_check_unique(struct call *call, const struct value *definitions)
{
    for (size_t i = 1; i < definitions->items.count; i++) {
        for (size_t k = 0; k < i; k++) {
            struct bytes name = text_of(&definitions->items.at[i], "AttributeName");
            if (bytes_equal(name, text_of(&definitions->items.at[k], "AttributeName"))) {
                return call_fail(call, AWS_FAILURE_VALIDATION, "Attribute Name is duplicated: %.*s",
                                 (int)name.size, (const char *)name.data);
            }
        }
    }
    return STATUS_OK;
}

static enum status create_check_keys(struct call *call, const struct value *input)
{
    const struct value *definitions = list_of(input, "AttributeDefinitions");
    const struct value *keys = list_of(input, "KeySchema");
    enum status status = key_schema_check(call, keys, 1);
    for (size_t i = 0; i < keys->items.count && status == STATUS_OK; i++) {
        if (definition_type(definitions, text_of(&keys->items.at[i], "AttributeName")).size == 0) {
            status = call_fail(call, AWS_FAILURE_VALIDATION,
                               "Invalid KeySchema: Some index key attribute have no definition");
        }
    }
    return status == STATUS_OK ? definitions_check_unique(call, definitions) : status;
}

enum status create_check_stream(struct call *call, const struct value *stream, bool is_new)
{
    bool is_enabled = boolean_of(stream, "StreamEnabled");
    bool has_type = text_of(stream, "StreamViewType").size > 0;
    if (stream != NULL && is_enabled && !has_type) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         is_new ? INVALID "Table is being created with a stream enabled, UpdateViewType is "
                                          "required"
                                : INVALID "If stream is being enabled then UpdateViewType is required");
    }
    if (stream != NULL && !is_enabled && has_type) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         is_new ? INVALID
                             "Table is being created with a stream disabled, UpdateViewType should not be "
                             "specified"
                                : INVALID
                             "If stream is being disabled, then UpdateViewType must not be specified");
    }
    return STATUS_OK;
}

bool encryption_is_enabled(const struct value *encryption)
{
    return member_of(encryption, "Enabled") != NULL ? boolean_of(encryption, "Enabled")
                                                    : text_of(encryption, "SSEType").size > 0;
}

/* API Reference, SSESpecification: KMS is the one type, and a key is for what is encrypted with one. */
enum status create_check_encryption(struct call *call, const struct value *encryption)
{
    struct bytes type = text_of(encryption, "SSEType");
    bool has_key = member_of(encryption, "KMSMasterKeyId") != NULL;
    bool is_off = member_of(encryption, "Enabled") != NULL && !boolean_of(encryption, "Enabled");
    if (is_off && (type.size > 0 || has_key)) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "%s can not be specified if Enabled is false",
                         type.size > 0 ? "SSEType" : "KMSMasterKeyId");
    }
    if (text_is(type, "AES256")) {
        return call_fail(call, AWS_FAILURE_VALIDATION, INVALID "SSEType AES256 is not supported");
    }
    return !has_key || type.size > 0
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "SSEType KMS is required if KMSMasterKeyId is specified");
}

enum status create_check(struct call *call, const struct value *input)
{
    const struct value *definitions = list_of(input, "AttributeDefinitions");
    bool is_on_demand = text_is(text_of(input, "BillingMode"), "PAY_PER_REQUEST");
    enum status status = key_schema_check_length(call, list_of(input, "KeySchema"), "keySchema");
    if (status == STATUS_OK) {
        status = create_check_throughput(call, input, is_on_demand, (struct bytes){0});
    }
    if (status == STATUS_OK) {
        status = create_check_keys(call, input);
    }
    if (status == STATUS_OK) {
        status = definitions_check_used(call, input);
    }
    if (status == STATUS_OK) {
        status = locals_check(call, input, definitions);
    }
    if (status == STATUS_OK) {
        status = globals_check(call, input, definitions, is_on_demand);
    }
    if (status == STATUS_OK) {
        status = indexes_check_names(call, list_of(input, "LocalSecondaryIndexes"),
                                     list_of(input, "GlobalSecondaryIndexes"));
    }
    if (status == STATUS_OK) {
        status = projections_check(call, input);
    }
    if (status == STATUS_OK) {
        status = create_check_stream(call, member_of(input, "StreamSpecification"), true);
    }
    return status == STATUS_OK ? create_check_encryption(call, member_of(input, "SSESpecification")) : status;
}

/* --- schemas ---------------------------------------------------------------------------------------------------- */

enum status create_index(struct call *call, const struct value *index, const struct value *definitions,
                         bool is_local, struct index_schema *ret_index)
{
    static const char *const kept[] = {"Projection", "ProvisionedThroughput", "OnDemandThroughput",
                                       "WarmThroughput"};
    const struct value *keys = list_of(index, "KeySchema");
    size_t partition = key_schema_partition_count(keys);
    struct value properties = {.kind = VALUE_MAP};
    struct value local = value_of_boolean(is_local);
    map_set_member(&properties, "IsLocal", &local, call->arena);
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        const struct value *member = member_of(index, kept[i]);
        if (member != NULL) {
            map_set_member(&properties, kept[i], member, call->arena);
        }
    }
    *ret_index = (struct index_schema){.state = INDEX_CREATING,
                                       .name = text_of(index, "IndexName"),
                                       .partition_count = partition,
                                       .clustering_count = keys->items.count - partition,
                                       .properties = properties_encode(&properties, call->arena)};
    key_schema_columns(call, keys, definitions, 0, partition, &ret_index->partition);
    key_schema_columns(call, keys, definitions, partition, ret_index->clustering_count,
                       &ret_index->clustering);
    return STATUS_OK;
}

enum status create_schema(struct call *call, const struct value *input, struct schema *ret_schema)
{
    const struct value *definitions = list_of(input, "AttributeDefinitions");
    const struct value *keys = list_of(input, "KeySchema");
    const struct value *locals = list_of(input, "LocalSecondaryIndexes");
    const struct value *globals = list_of(input, "GlobalSecondaryIndexes");
    size_t partition = key_schema_partition_count(keys);
    struct schema schema = {.kind = TABLE_DOCUMENT,
                            .durability = DURABILITY_SYNC,
                            .name = call_table_name(call, input),
                            .partition_count = partition,
                            .clustering_count = keys->items.count - partition,
                            .indexes_count = locals->items.count + globals->items.count};
    key_schema_columns(call, keys, definitions, 0, partition, &schema.partition);
    key_schema_columns(call, keys, definitions, partition, schema.clustering_count, &schema.clustering);
    schema.indexes = arena_create_array(call->arena, schema.indexes_count, sizeof(*schema.indexes));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema.indexes_count && status == STATUS_OK; i++) {
        bool is_local = i < locals->items.count;
        const struct value *index =
            is_local ? &locals->items.at[i] : &globals->items.at[i - locals->items.count];
        status = create_index(call, index, definitions, is_local, &schema.indexes[i]);
        schema.indexes[i].state = INDEX_ACTIVE; /* there are no rows to be filled in */
    }
    *ret_schema = schema;
    return status;
}
