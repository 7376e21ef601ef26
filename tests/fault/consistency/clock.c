/* LD_PRELOAD: moves the wall clock by as many microseconds as the file $CLOCK_OFFSET says (64 bits in the machine's order), which
 * may be changed while the process runs. Other clocks stay as they are. With $CLOCK_DRIFTS nobody keeps it right, as adjtimex tells. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): an interposed library has nowhere else */
static _Atomic int64_t *offset_us;
static int (*_Atomic next)(clockid_t id, struct timespec *ret_now);
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

__attribute__((constructor)) static void clock_attach(void)
{
    const char *path = getenv("CLOCK_OFFSET"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    int descriptor = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return;
    }
    void *shared = mmap(NULL, sizeof(*offset_us), PROT_READ, MAP_SHARED, descriptor, 0);
    (void)close(descriptor);
    offset_us = shared == MAP_FAILED ? NULL : shared;
}

int clock_gettime(clockid_t id, struct timespec *ret_now)
{
    if (atomic_load(&next) == NULL) {
        atomic_store(&next, (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime"));
    }
    int result = atomic_load(&next)(id, ret_now);
    if (result == 0 && id == CLOCK_REALTIME && offset_us != NULL) {
        int64_t offset = atomic_load(offset_us);
        ret_now->tv_sec += offset / 1000000;
    }
    return result;
}

int adjtimex(struct timex *state)
{
    int result = (int)syscall(SYS_adjtimex, state);
    if (getenv("CLOCK_DRIFTS") != NULL) { /* NOLINT(concurrency-mt-unsafe): nobody sets it */
        state->status |= STA_UNSYNC;
        result = TIME_ERROR;
    }
    return result;
}
