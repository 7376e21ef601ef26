#include "base/thread.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"

struct thread {
    pthread_t id;
    void (*run)(void *context);
    void *context;
    char name[16];
    sem_t started;
};

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    (void)pthread_setname_np(pthread_self(), thread->name);
    (void)sem_post(&thread->started);
    thread->run(thread->context);
    return NULL;
}

enum status thread_create(const char *name, void (*run)(void *context), void *context,
                          struct thread **ret_thread, struct error *error)
{
    struct thread *thread = memory_create(sizeof(*thread));
    thread->run = run;
    thread->context = context;
    (void)snprintf(thread->name, sizeof(thread->name), "%s", name);
    CHECK(sem_init(&thread->started, 0, 0) == 0);
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    *ret_thread = thread; /* before the thread runs: it may ask whether it is the owner */
    int number = pthread_create(&thread->id, NULL, thread_main, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0) {
        (void)sem_destroy(&thread->started);
        memory_destroy(thread);
        *ret_thread = NULL;
        return error_set_errno(error, number, "cannot start thread %s", name);
    }
    while (sem_wait(&thread->started) != 0) {
    }
    return STATUS_OK;
}

void thread_join(struct thread **thread)
{
    struct thread *gone = *thread;
    *thread = NULL;
    if (gone != NULL) {
        CHECK(pthread_join(gone->id, NULL) == 0);
        (void)sem_destroy(&gone->started);
        memory_destroy(gone);
    }
}

bool thread_is_current(const struct thread *thread)
{
    return pthread_equal(thread->id, pthread_self()) != 0;
}

void thread_sleep_exactly(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
}

void thread_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(condition, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
}

struct timespec thread_time_in(int64_t us)
{
    struct timespec until;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    int64_t nanoseconds = until.tv_nsec + us % 1000000 * 1000;
    until.tv_sec += us / 1000000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    return until;
}

void thread_be_nice(int nice)
{
    int before = getpriority(PRIO_PROCESS, (id_t)getpid());
    int ignored = setpriority(PRIO_PROCESS, (id_t)gettid(), before + nice); /* a matter of pace only */
    (void)ignored;
}
