/* The launcher process: one byte asks for a worker, the answer carries two descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "pool_private.h"

struct launcher {
    int socket;
    pid_t process;
};

enum {
    WORKER_SOCKET = 3,
};

/* The child of the launcher becomes a worker. */
static _Noreturn void launcher_become_worker(const char *program, int socket)
{
    char *const arguments[] = {(char *)"oxbow", (char *)"worker", NULL};
    char *const environment[] = {NULL};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)signal(SIGCHLD, SIG_DFL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0) {
        _exit(126);
    }
    if (socket == WORKER_SOCKET) {
        (void)fcntl(socket, F_SETFD, 0);
    } else if (dup2(socket, WORKER_SOCKET) < 0) {
        _exit(126);
    }
    (void)close_range(WORKER_SOCKET + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    (void)execve(program, arguments, environment);
    _exit(127);
}

/* Sends the descriptors, or none with an errno. */
static bool launcher_answer(int control, int number, const int *descriptors)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } room = {0};
    struct iovec part = {.iov_base = &number, .iov_len = sizeof(number)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptors != NULL) {
        message.msg_control = room.bytes;
        message.msg_controllen = sizeof(room.bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(2 * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, 2 * sizeof(int));
    }
    return sendmsg(control, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(number);
}

static bool launcher_spawn_one(int control, const char *program)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return launcher_answer(control, errno, NULL);
    }
    pid_t child = fork();
    if (child == 0) {
        launcher_become_worker(program, pair[1]);
    }
    int number = child < 0 ? errno : 0;
    (void)close(pair[1]);
    int process = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
    if (child > 0 && process < 0) {
        number = errno; /* it is gone already, or ends with its socket */
    }
    bool is_sent = number != 0 ? launcher_answer(control, number, NULL)
                               : launcher_answer(control, 0, (const int[2]){pair[0], process});
    (void)close(pair[0]);
    if (process >= 0) {
        (void)close(process);
    }
    return is_sent;
}

static _Noreturn void launcher_run(int control, const char *program)
{
    char command = 0;
    struct sigaction ignore = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
    sigset_t none;
    (void)sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGINT, SIG_IGN); /* the terminal's Ctrl-C is the server's to hear */
    (void)sigaction(SIGCHLD, &ignore, NULL);
    while (recv(control, &command, 1, 0) == 1 && launcher_spawn_one(control, program)) {
    }
    _exit(0);
}

enum status launcher_start(const char *program, struct launcher **ret_launcher, struct error *error)
{
    int pair[2];
    char *path = program == NULL ? realpath("/proc/self/exe", NULL) : realpath(program, NULL);
    if (path == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(path);
        return error_set_errno(error, errno, "starting the launcher of functions");
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(pair[0]);
        launcher_run(pair[1], path);
    }
    free(path);
    (void)close(pair[1]);
    if (child < 0) {
        (void)close(pair[0]);
        return error_set_errno(error, errno, "starting the launcher of functions");
    }
    struct launcher *launcher = memory_create(sizeof(*launcher));
    *launcher = (struct launcher){.socket = pair[0], .process = child};
    *ret_launcher = launcher;
    return STATUS_OK;
}

void launcher_stop(struct launcher **launcher)
{
    struct launcher *gone = *launcher;
    *launcher = NULL;
    if (gone != NULL) {
        (void)close(gone->socket);
        while (waitpid(gone->process, NULL, 0) < 0 && errno == EINTR) {
        }
        memory_destroy(gone);
    }
}

enum status pool__spawn(struct launcher *launcher, int *ret_socket, int *ret_process, struct error *error)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } room = {0};
    int number = 0;
    int descriptors[2];
    struct iovec part = {.iov_base = &number, .iov_len = sizeof(number)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = room.bytes,
                             .msg_controllen = sizeof(room.bytes)};
    ssize_t count = -1;
    if (send(launcher->socket, "s", 1, MSG_NOSIGNAL) == 1) {
        do {
            count = recvmsg(launcher->socket, &message, MSG_CMSG_CLOEXEC);
        } while (count < 0 && errno == EINTR);
    }
    struct cmsghdr *header = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (count != (ssize_t)sizeof(number) || number != 0 || header == NULL ||
        header->cmsg_len != CMSG_LEN(sizeof(descriptors))) {
        return count > 0 && number != 0
                   ? error_set_errno(error, number, "starting a worker process")
                   : error_set(error, STATUS_IO, "the launcher of functions is gone; restart the server");
    }
    memcpy(descriptors, CMSG_DATA(header), sizeof(descriptors));
    *ret_socket = descriptors[0];
    *ret_process = descriptors[1];
    return STATUS_OK;
}
