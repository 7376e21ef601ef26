/* The first superuser of the CQL door: without one nobody could make another. */
#include <semaphore.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "gate/gate.h"
#include "role/role.h"
#include "run_private.h"

enum {
    FILE_BYTES_MAX = 4096,
};

/* Its write under way. */
struct superuser {
    struct roles *roles;
    struct role_plan plan;
    struct arena arena;
    sem_t done;
    enum status status;
    struct error *error;
};

/* "NAME:PASSWORD" of the first line. */
static enum status superuser_read(const char *path, struct buffer *content, struct bytes *ret_name,
                                  struct bytes *ret_password, struct error *error)
{
    struct stat facts;
    enum status status = file_read_whole(path, FILE_BYTES_MAX, content, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (stat(path, &facts) != 0 || (facts.st_mode & 0177) != 0) {
        return error_set(error, STATUS_INVALID,
                         "--cql-superuser %s must be readable by its owner only: chmod 600 %s", path, path);
    }
    struct bytes line = buffer_bytes(content);
    const uint8_t *end = bytes_find_byte(line, '\n');
    line.size = end == NULL ? line.size : (size_t)(end - line.data);
    const uint8_t *colon = bytes_find_byte(line, ':');
    size_t name_bytes = colon == NULL ? 0 : (size_t)(colon - line.data);
    if (name_bytes == 0 || name_bytes + 1 == line.size || !bytes_are_utf8(line)) {
        return error_set(error, STATUS_INVALID, "--cql-superuser %s must have one line, NAME:PASSWORD", path);
    }
    if (name_bytes > ROLE_NAME_BYTES_MAX ||
        bytes_equal(bytes_part(line, 0, name_bytes), bytes_of_text("local"))) {
        return error_set(error, STATUS_INVALID, "--cql-superuser %s: no role can have that name", path);
    }
    *ret_name = bytes_part(line, 0, name_bytes);
    *ret_password = bytes_from(line, name_bytes + 1);
    return STATUS_OK;
}

/* Thread: the writer's. */
static void superuser_done(void *context, const struct gate_outcome *outcome)
{
    struct superuser *superuser = context;
    superuser->status = outcome->status;
    if (outcome->status == STATUS_OK) {
        role_apply(superuser->roles, &superuser->plan);
    } else {
        (void)error_set(superuser->error, outcome->status, "%s", outcome->text);
    }
    (void)sem_post(&superuser->done);
}

/* Nobody else changes roles yet, so no condition is needed. */
static enum status superuser_write(struct superuser *superuser, struct gate *gate, struct error *error)
{
    struct role_row *rows = NULL;
    struct arena none = {0};
    size_t count = 0;
    enum status status = role_rows(superuser->roles, &superuser->plan, &rows, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct gate_change *changes = arena_create_array(&superuser->arena, count, sizeof(*changes));
    for (size_t i = 0; i < count; i++) {
        changes[i] = (struct gate_change){.kind = GATE_PUT,
                                          .is_system = true,
                                          .table = bytes_of_text(rows[i].table),
                                          .item = &rows[i].item};
    }
    struct gate_transaction transaction = {.arena = &none,
                                           .changes = changes,
                                           .count = count,
                                           .actor = bytes_of_text("local"),
                                           .done = superuser_done,
                                           .context = superuser};
    superuser->error = error;
    (void)sem_init(&superuser->done, 0, 0);
    status = gate_submit(gate, &transaction, NULL, error);
    arena_reset(&none);
    if (status == STATUS_OK) {
        while (sem_wait(&superuser->done) != 0) {
        }
        status = superuser->status;
    }
    (void)sem_destroy(&superuser->done);
    return status;
}

static enum status superuser_put(struct superuser *superuser, struct gate *gate, struct bytes name,
                                 struct bytes password, struct error *error)
{
    struct role_change change = {.kind = ROLE_PUT};
    char hash[ROLE_HASH_BYTES + 1];
    bool is_there = role_find(superuser->roles, name, &superuser->arena, &change.role);
    if (is_there && change.role.hash.size > 0) {
        return STATUS_OK;
    }
    enum status status = role_password_hash(password, hash, error);
    if (status != STATUS_OK) {
        return status;
    }
    role_plan_begin(superuser->roles, &superuser->arena, &superuser->plan);
    change.role.name = name;
    change.role.hash = bytes_of_text(hash);
    change.role.can_login = true;
    change.role.is_superuser = true;
    role_plan_add(&superuser->plan, &change);
    status = superuser_write(superuser, gate, error);
    crypto_wipe(hash, sizeof(hash));
    return status;
}

enum status superuser_make(const char *file, struct roles *roles, struct gate *gate, struct error *error)
{
    struct superuser superuser = {.roles = roles};
    struct buffer content = {0};
    struct bytes name = {0};
    struct bytes password = {0};
    enum status status = superuser_read(file, &content, &name, &password, error);
    if (status == STATUS_OK) {
        status = superuser_put(&superuser, gate, name, password, error);
    }
    if (content.size > 0) {
        crypto_wipe(content.data, content.size);
    }
    buffer_reset(&content);
    arena_reset(&superuser.arena);
    return status;
}
