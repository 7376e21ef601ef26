/* The process as the kernel sees it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "watch.h"

enum {
    WATCH_DESCRIPTORS = 65536, /* as LimitNOFILE in package/oxbow.service.in */
};

/* Pages of memory that are resident: the second number of statm (proc(5)); 0: unknown. */
static uint64_t resident_pages(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    const char *line = fgets(text, sizeof(text), file);
    (void)fclose(file);
    const char *second = line == NULL ? NULL : strchr(line, ' ');
    return second == NULL ? 0 : strtoull(second + 1, NULL, 10);
}

static uint64_t folder_entries(const char *path)
{
    uint64_t count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return 0;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's readdir is safe for a stream of one thread */
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(directory);
    return count;
}

void run__watch_descriptors(uint64_t *ret_open, uint64_t *ret_most)
{
    struct rlimit limit = {0};
    uint64_t open = folder_entries("/proc/self/fd");
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    *ret_open = open > 0 ? open - 1 : 0; /* without the one that looked */
    *ret_most = limit.rlim_cur;
}

void run__watch_raise_descriptors(void)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < WATCH_DESCRIPTORS) {
        limit.rlim_cur = limit.rlim_max < WATCH_DESCRIPTORS ? limit.rlim_max : WATCH_DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE,
                        &limit); /* fails: it stays, and `descriptors_low` tells when it is too low */
    }
}

void run__watch_show_process(const struct metric_sink *sink, int64_t started_us)
{
    struct rusage usage = {0};
    uint64_t open = 0;
    uint64_t most = 0;
    (void)getrusage(RUSAGE_SELF, &usage);
    run__watch_descriptors(&open, &most);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    metric_show(sink, "oxbow_process_resident_memory_bytes", METRIC_GAUGE,
                "Memory of the server that is resident, pages of the store among it.",
                (double)resident_pages() * (double)sysconf(_SC_PAGESIZE));
    metric_show(sink, "oxbow_process_cpu_seconds_total", METRIC_COUNTER,
                "Processor time of the server, its workers not included.", cpu);
    metric_show(sink, "oxbow_process_open_descriptors", METRIC_GAUGE, "File descriptors that are open.",
                (double)open);
    metric_show(sink, "oxbow_process_descriptors_max", METRIC_GAUGE, "File descriptors that may be open.",
                (double)most);
    metric_show(sink, "oxbow_process_threads", METRIC_GAUGE, "Threads of the server.",
                (double)folder_entries("/proc/self/task"));
    metric_show(sink, "oxbow_process_start_time_seconds", METRIC_GAUGE,
                "When the server started, in seconds since 1970.", (double)started_us / 1e6);
}
