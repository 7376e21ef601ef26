/* What WHERE says, relation by relation: two of one column go together, or are refused. */
#include "restrictions.h"

static bool have_common_columns(const struct restriction *a, const struct restriction *b)
{
    bool is_common = false;
    for (size_t i = 0; i < a->columns_count * b->columns_count && !is_common; i++) {
        is_common = a->columns[i / b->columns_count] == b->columns[i % b->columns_count];
    }
    return is_common;
}

/* "a, b": the columns that both restrict. */
static struct bytes common_columns(const struct restriction *a, const struct restriction *b,
                                   struct arena *arena)
{
    struct buffer names = {0};
    for (size_t i = 0; i < a->columns_count * b->columns_count; i++) {
        const struct source_column *column = a->columns[i / b->columns_count];
        if (column == b->columns[i % b->columns_count]) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, column->name);
        }
    }
    struct bytes copy = arena_copy(arena, buffer_bytes(&names));
    buffer_reset(&names);
    return copy;
}

static enum status merge_slice(struct exec_call *call, const struct restriction *before,
                               const struct restriction *added, struct bytes names)
{
    if (!statement__restriction_is_slice(added)) {
        return exec_fail_name(
            call, "Column \"%.*s\" cannot be restricted by both an equality and an inequality relation",
            names);
    }
    if (before->columns[0] != added->columns[0]) {
        const struct source_column *later = before->columns[0]->position > added->columns[0]->position
                                                ? before->columns[0]
                                                : added->columns[0];
        return exec_fail_name(
            call,
            "Column \"%.*s\" cannot be restricted by two inequalities not starting with the same column",
            later->name);
    }
    if (statement__restriction_is_lower(before) != statement__restriction_is_lower(added)) {
        return STATUS_OK;
    }
    return exec_fail(call, CQL_INVALID, "More than one restriction was found for the %s bound on %.*s",
                     statement__restriction_is_lower(before) ? "start" : "end", (int)names.size,
                     (const char *)names.data);
}

/* Two restrictions that have columns in common. */
static enum status merge(struct exec_call *call, const struct restriction *before,
                         const struct restriction *added)
{
    bool was_containing = statement__restriction_is_containing(before);
    if (was_containing && statement__restriction_is_containing(added)) {
        return STATUS_OK;
    }
    struct bytes names = common_columns(before, added, call->arena);
    if (was_containing) {
        return exec_fail_name(call,
                              "Collection column %.*s can only be restricted by CONTAINS, CONTAINS KEY, "
                              "or map-entry equality",
                              names);
    }
    if (before->comparison == CQL_EQUAL) {
        return exec_fail_name(call,
                              "%.*s cannot be restricted by more than one relation if it includes an Equal",
                              names);
    }
    if (before->comparison == CQL_IN) {
        return exec_fail_name(call, "%.*s cannot be restricted by more than one relation if it includes a IN",
                              names);
    }
    return merge_slice(call, before, added, names);
}

/* Cassandra looks at clustering columns as they come. */
static enum status merge_clustering(struct exec_call *call, const struct restrictions *restrictions,
                                    const struct restriction *added)
{
    const struct restriction *last = NULL;
    for (size_t i = 0; i < restrictions->distinct_count; i++) {
        const struct restriction *before = restrictions->distinct[i];
        bool is_clustering =
            !statement__restriction_is_token(before) && before->columns[0]->kind == DESCRIBED_CLUSTERING;
        if (is_clustering && (last == NULL || before->columns[0]->position > last->columns[0]->position)) {
            last = before;
        }
    }
    if (last == NULL) {
        return STATUS_OK;
    }
    const struct source_column *a = last->columns[0];
    const struct source_column *b = added->columns[0];
    if (statement__restriction_is_slice(last) && b->position > a->position) {
        return exec_fail(call, CQL_INVALID,
                         "Clustering column \"%.*s\" cannot be restricted (preceding column \"%.*s\" is "
                         "restricted by a non-EQ relation)",
                         (int)b->name.size, (const char *)b->name.data, (int)a->name.size,
                         (const char *)a->name.data);
    }
    if (statement__restriction_is_slice(added) && b->position < a->position) {
        return exec_fail(call, CQL_INVALID,
                         "PRIMARY KEY column \"%.*s\" cannot be restricted (preceding column \"%.*s\" is "
                         "restricted by a non-EQ relation)",
                         (int)a->name.size, (const char *)a->name.data, (int)b->name.size,
                         (const char *)b->name.data);
    }
    return STATUS_OK;
}

static enum status restrictions_add(struct exec_call *call, const struct source *source,
                                    const struct cql_relation *relation, bool allows_filtering,
                                    struct restrictions *restrictions)
{
    struct restriction *added = &restrictions->at[restrictions->count];
    bool is_again = false;
    enum status status = statement__restriction_bind(call, source, relation, added);
    for (size_t i = 0; i < restrictions->distinct_count && status == STATUS_OK; i++) {
        const struct restriction *before = restrictions->distinct[i];
        bool is_same_kind = statement__restriction_is_token(before) == statement__restriction_is_token(added);
        if (is_same_kind && have_common_columns(before, added)) {
            status = merge(call, before, added);
            is_again |= statement__restriction_is_containing(before); /* and so is `added` */
        }
    }
    bool is_clustering = status == STATUS_OK && !statement__restriction_is_token(added) &&
                         added->columns[0]->kind == DESCRIBED_CLUSTERING;
    if (is_clustering && !allows_filtering) {
        status = merge_clustering(call, restrictions, added);
    }
    if (!is_again) {
        restrictions->distinct[restrictions->distinct_count++] = added;
    }
    restrictions->count++;
    return status;
}

/* What WHERE says of columns, then what it asks indexes by their names. */
enum status statement__restrictions_take(struct exec_call *call, const struct source *source,
                                         const struct cql_relations *where, struct restrictions_use use,
                                         struct restrictions *restrictions)
{
    const struct cql_relation *custom = NULL;
    size_t customs = 0;
    for (size_t i = 0; i < where->count; i++) {
        if (where->at[i].kind == CQL_RELATION_INDEX) {
            custom = &where->at[i];
            customs++;
        }
    }
    if (custom != NULL && use.modifies != NULL) {
        return exec_fail(call, CQL_INVALID,
                         "Custom index expressions cannot be used in WHERE clauses for UPDATE or DELETE "
                         "statements");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < where->count && status == STATUS_OK; i++) {
        if (where->at[i].kind != CQL_RELATION_INDEX) {
            status = restrictions_add(call, source, &where->at[i], use.allows_filtering, restrictions);
        }
    }
    return status == STATUS_OK && custom != NULL
               ? statement__restrictions_custom(call, source, custom, customs > 1)
               : status;
}
