/* Which of users' functions a call means: Cassandra's overloading, among those of one name. */
#include "function_private.h"
#include "user_function.h"

static enum cql_match user_match(const struct cql_call_site *site, const struct cql_function *function)
{
    enum cql_match match = function->count == site->count ? CQL_MATCH_EXACT : CQL_MATCH_NONE;
    for (size_t i = 0; i < site->count && match != CQL_MATCH_NONE; i++) {
        enum cql_match one = site->match(site->context, i, &function->arguments[i]);
        match = one < match ? one : match;
    }
    return match;
}

/* "ks.f : (int, text) -> int, ks.f : (text) -> text" */
static const char *user_signatures(const struct cql_call_site *site,
                                   const struct cql_function *const *functions, size_t count,
                                   enum cql_match least, struct arena *arena)
{
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct user_function *user = functions[i]->user;
        if (least != CQL_MATCH_NONE && user_match(site, functions[i]) < least) {
            continue;
        }
        buffer_put_format(&text, "%s%.*s.%.*s : (%.*s) -> %.*s", text.size > 0 ? ", " : "",
                          (int)user->keyspace.size, (const char *)user->keyspace.data, (int)user->name.size,
                          (const char *)user->name.data, (int)user->types.size,
                          (const char *)user->types.data, (int)user->returns_text.size,
                          (const char *)user->returns_text.data);
    }
    const char *copy = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static const char *user_name(const struct cql_qualified *name, struct arena *arena)
{
    return arena_format(arena, "%.*s%s%.*s", (int)name->keyspace.size, (const char *)name->keyspace.data,
                        name->keyspace.size > 0 ? "." : "", (int)name->name.size,
                        (const char *)name->name.data);
}

/* Why the only function of that name does not fit. */
static enum status user_refuse(const struct cql_call_site *site, const struct cql_function *function,
                               struct arena *arena, struct error *error)
{
    const char *name = user_name(&function->name, arena);
    if (function->count != site->count) {
        (void)error_set(error, STATUS_INVALID,
                        "Invalid number of arguments in call to function %s: %zu required but %zu provided",
                        name, function->count, site->count);
        return STATUS_INVALID;
    }
    size_t argument = 0;
    while (argument + 1 < function->count &&
           site->match(site->context, argument, &function->arguments[argument]) != CQL_MATCH_NONE) {
        argument++;
    }
    (void)error_set(error, STATUS_INVALID,
                    "Type error: %s cannot be passed as argument %zu of function %s of type %s",
                    site->text(site->context, argument), argument, name,
                    statement__type_text(&function->arguments[argument], arena));
    return STATUS_INVALID;
}

enum status statement__user_function_find(const struct cql_call_site *site, struct arena *arena,
                                          const struct cql_function **ret_function, struct error *error)
{
    const struct cql_function *const *functions = NULL;
    const struct cql_function *weak = NULL;
    size_t count = 0;
    size_t weak_count = 0;
    enum status status = site->users.find(site->users.context, site->name.keyspace, site->name.name,
                                          &functions, &count, error);
    if (status != STATUS_OK || count == 0) {
        return status == STATUS_OK ? STATUS_NOT_FOUND : status;
    }
    for (size_t i = 0; i < count; i++) {
        enum cql_match match = user_match(site, functions[i]);
        if (match == CQL_MATCH_EXACT) {
            *ret_function = functions[i];
            return STATUS_OK;
        }
        weak = match == CQL_MATCH_WEAK ? functions[i] : weak;
        weak_count += match == CQL_MATCH_WEAK ? 1 : 0;
    }
    if (weak_count == 1) {
        *ret_function = weak;
        return STATUS_OK;
    }
    if (weak_count == 0 && count == 1) {
        return user_refuse(site, functions[0], arena, error);
    }
    const char *name = user_name(&site->name, arena);
    (void)error_set(error, STATUS_INVALID,
                    weak_count == 0
                        ? "Invalid call to function %s, none of its type signatures match (known type "
                          "signatures: %s)"
                        : "Ambiguous call to function %s (can be matched by following signatures: %s): use "
                          "type casts to disambiguate",
                    name,
                    user_signatures(site, functions, count, weak_count == 0 ? CQL_MATCH_NONE : CQL_MATCH_WEAK,
                                    arena));
    return STATUS_INVALID;
}
