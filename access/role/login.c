/* Logins and new passwords: hashed on a thread of their own, one after the other, so that nobody's loop waits and no
 * more than one processor is busy with strangers. */
#include "base/mailbox.h"
#include "base/memory.h"
#include "base/thread.h"
#include "role_private.h"

/* One of them, waiting. */
struct password_job {
    struct message message; /* first member */
    struct buffer name;     /* of a login */
    struct buffer password;
    void (*login_done)(void *context, enum role_login_result result);
    void (*hash_done)(void *context, const char *hash);
    void *context;
};

struct passwords {
    struct roles *roles;
    struct mailbox *mailbox;
    struct thread *thread;            /* NULL: not started, or stopped */
    char nobody[ROLE_HASH_BYTES + 1]; /* compared with when there is no such role: it takes as long */
};

/* --- passwords that were right before --------------------------------------------------------------------------- */

static void known_code(struct roles *roles, struct bytes name, struct bytes password,
                       uint8_t ret_code[SHA256_BYTES])
{
    struct buffer text = {0};
    buffer_put_u32(&text, (uint32_t)name.size);
    buffer_put(&text, name);
    buffer_put(&text, password);
    crypto_hmac_sha256(bytes_of(roles->process_key, sizeof(roles->process_key)), buffer_bytes(&text),
                       ret_code);
    crypto_wipe(text.data, text.size);
    buffer_reset(&text);
}

bool role_login_is_known(struct roles *roles, struct bytes name, struct bytes password)
{
    uint8_t code[SHA256_BYTES];
    known_code(roles, name, password, code);
    (void)pthread_mutex_lock(&roles->mutex);
    const struct role_entry *entry = role__entry(roles, name);
    bool is_known = entry != NULL && entry->has_known && entry->role.can_login &&
                    crypto_equal(entry->known, code, sizeof(code));
    (void)pthread_mutex_unlock(&roles->mutex);
    crypto_wipe(code, sizeof(code));
    return is_known;
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static void job_destroy(struct password_job *job)
{
    if (job->password.size > 0) {
        crypto_wipe(job->password.data, job->password.size);
    }
    buffer_reset(&job->password);
    buffer_reset(&job->name);
    memory_destroy(job);
}

/* The hash may have changed while the password was compared with it: then it is not noted. */
static enum role_login_result login_note(struct roles *roles, const struct password_job *job,
                                         struct bytes hash)
{
    uint8_t code[SHA256_BYTES];
    enum role_login_result result = ROLE_LOGIN_WRONG;
    known_code(roles, buffer_bytes(&job->name), buffer_bytes(&job->password), code);
    (void)pthread_mutex_lock(&roles->mutex);
    struct role_entry *entry = role__entry(roles, buffer_bytes(&job->name));
    if (entry != NULL && bytes_equal(entry->role.hash, hash)) {
        entry->has_known = true;
        memcpy(entry->known, code, sizeof(code));
        result = entry->role.can_login ? ROLE_LOGIN_OK : ROLE_LOGIN_FORBIDDEN;
    }
    (void)pthread_mutex_unlock(&roles->mutex);
    crypto_wipe(code, sizeof(code));
    return result;
}

static enum role_login_result login_check(struct passwords *passwords, const struct password_job *job)
{
    struct roles *roles = passwords->roles;
    struct arena arena = {0};
    struct role role = {0};
    bool is_there = role_find(roles, buffer_bytes(&job->name), &arena, &role) && role.hash.size > 0;
    struct bytes hash = is_there ? role.hash : bytes_of_text(passwords->nobody);
    bool is_right = role__password_is(buffer_bytes(&job->password), hash) && is_there;
    enum role_login_result result = is_right ? login_note(roles, job, hash) : ROLE_LOGIN_WRONG;
    arena_reset(&arena);
    return result;
}

static void job_run(struct passwords *passwords, const struct password_job *job)
{
    bool is_closed = mailbox_is_closed(passwords->mailbox);
    char hash[ROLE_HASH_BYTES + 1];
    if (job->login_done != NULL) {
        job->login_done(job->context, is_closed ? ROLE_LOGIN_CLOSED : login_check(passwords, job));
        return;
    }
    bool is_hashed = !is_closed && role_password_hash(buffer_bytes(&job->password), hash, NULL) == STATUS_OK;
    job->hash_done(job->context, is_hashed ? hash : NULL);
    crypto_wipe(hash, sizeof(hash));
}

static void passwords_run(void *context)
{
    struct passwords *passwords = context;
    struct message *message = mailbox_receive(passwords->mailbox, -1);
    while (message != NULL) {
        while (message != NULL) {
            struct password_job *job = (struct password_job *)message;
            message = message->next;
            job_run(passwords, job);
            job_destroy(job);
        }
        message = mailbox_receive(passwords->mailbox, -1);
    }
}

struct passwords *role__passwords_create(struct roles *roles)
{
    struct passwords *passwords = memory_create(sizeof(*passwords));
    passwords->roles = roles;
    passwords->mailbox = mailbox_create(ROLE_PASSWORDS_WAITING_MAX);
    return passwords;
}

enum status role__passwords_start(struct passwords *passwords, struct error *error)
{
    enum status status = role__password_none(passwords->nobody, error);
    return status == STATUS_OK
               ? thread_create("passwords", passwords_run, passwords, &passwords->thread, error)
               : status;
}

void role__passwords_stop(struct passwords *passwords)
{
    mailbox_close(passwords->mailbox);
    thread_join(&passwords->thread);
}

void role__passwords_destroy(struct passwords **passwords)
{
    struct passwords *gone = *passwords;
    *passwords = NULL;
    mailbox_destroy(&gone->mailbox);
    memory_destroy(gone);
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

static enum status job_send(struct roles *roles, const struct password_job *asked, struct bytes name,
                            struct bytes password, struct error *error)
{
    struct password_job *job = memory_copy(asked, sizeof(*asked));
    buffer_put(&job->name, name);
    buffer_put(&job->password, password);
    enum status status = mailbox_send(roles->passwords->mailbox, &job->message);
    if (status == STATUS_OK) {
        return status;
    }
    job_destroy(job);
    return status == STATUS_BUSY
               ? error_set(error, status, "too many passwords wait to be checked (%d); try again",
                           ROLE_PASSWORDS_WAITING_MAX)
               : error_set(error, status, "the server is stopping");
}

enum status role_login(struct roles *roles, struct bytes name, struct bytes password,
                       void (*done)(void *context, enum role_login_result result), void *context,
                       struct error *error)
{
    struct password_job job = {.login_done = done, .context = context};
    return job_send(roles, &job, name, password, error);
}

enum status role_hash(struct roles *roles, struct bytes password,
                      void (*done)(void *context, const char *hash), void *context, struct error *error)
{
    struct password_job job = {.hash_done = done, .context = context};
    enum status status = role__password_check(password, error);
    return status == STATUS_OK ? job_send(roles, &job, (struct bytes){0}, password, error) : status;
}
