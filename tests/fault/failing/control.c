#include "control.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): an interposed library has nowhere else */
static struct control *_Atomic control;

/* By system calls of its own, since those of the C library are interposed. */
__attribute__((constructor)) static void control_attach(void)
{
    const char *path = getenv("FAULT_CONTROL"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    long descriptor = path == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    uint64_t nobody = 0;
    if (descriptor < 0) {
        return;
    }
    struct control *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, (int)descriptor, 0);
    (void)syscall(SYS_close, descriptor);
    if (shared != MAP_FAILED && atomic_compare_exchange_strong(&shared->owner, &nobody, (uint64_t)getpid())) {
        atomic_store(&control, shared);
    }
}

bool control_wants(enum control_kind kind)
{
    struct control *shared = atomic_load(&control);
    return shared != NULL && (atomic_load(&shared->kinds) & (uint64_t)kind) != 0 &&
           atomic_load(&shared->owner) == (uint64_t)getpid(); /* a fork of it is another process */
}

static void control_note(struct control *shared, const char *what, const char *where)
{
    size_t size = strlen(what) < CONTROL_TEXT_BYTES / 4 ? strlen(what) : CONTROL_TEXT_BYTES / 4;
    size_t left = CONTROL_TEXT_BYTES - 2 - size;
    memcpy(shared->text, what, size);
    shared->text[size] = ' ';
    strncpy(shared->text + size + 1, where, left);
}

bool control_fails(enum control_kind kind, const char *what, const char *where)
{
    if (!control_wants(kind)) {
        return false;
    }
    struct control *shared = atomic_load(&control);
    uint64_t count = atomic_fetch_add(&shared->seen, 1) + 1;
    uint64_t first = atomic_load(&shared->fails_at);
    bool fails = first != 0 && count >= first && count - first < atomic_load(&shared->lasts);
    if (fails && atomic_fetch_add(&shared->failed, 1) == 0) {
        control_note(shared, what, where);
    }
    return fails;
}

void control_hold(void)
{
    struct control *shared = atomic_load(&control);
    uint64_t wanted = 1;
    if (shared == NULL || !atomic_compare_exchange_strong(&shared->held, &wanted, 2)) {
        return;
    }
    while (atomic_load(&shared->held) == 2) {
        (void)usleep(1000);
    }
}

int control_number(void)
{
    return (int)atomic_load(&atomic_load(&control)->number);
}
