/* `oxbow top`: rates, times and lags, from two looks at the server's metrics. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command_private.h"
#include "sample.h"

/* One look. */
struct look {
    struct arena arena;
    struct value answer;
    struct value status;
    struct arena status_arena;
    struct sample_set set;
};

struct row {
    const struct value *sample; /* of the durations */
    double rate;
    double trouble; /* a second: what was refused, throttled or failed */
};

struct top {
    struct look looks[2];
    size_t now; /* which look is the newest */
    bool has_before;
    double seconds; /* between the two; without a first one, since the server started */
    struct row rows[COMMAND_TOP_ROWS_MAX];
    size_t rows_count;
};

static const struct sample_set *top_now(const struct top *top)
{
    return &top->looks[top->now].set;
}

/* The look before, or an empty one. */
static const struct sample_set *top_before(const struct top *top)
{
    static const struct sample_set none = {0};
    return top->has_before ? &top->looks[1 - top->now].set : &none;
}

static enum status top_look(struct top *top, struct client *client, struct error *error)
{
    struct command_request request = {0};
    struct look *look = &top->looks[1 - top->now];
    enum status status = command__ask(client, WIRE_METRICS, &request, &look->arena, &look->answer, error);
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_STATUS, &request, &look->status_arena, &look->status, error);
    }
    if (status == STATUS_OK) {
        top->has_before = top->looks[top->now].set.families != NULL;
        look->set = (struct sample_set){.families = codec_field(&look->answer, WIRE_FIELD_METRICS),
                                        .at_s = (double)clock_steady_us(clock_system()) / 1e6};
        top->now = 1 - top->now;
        double started_s = sample_sum(top_now(top), "oxbow_process_start_time_seconds", NULL);
        double up_s = (double)clock_wall_us(clock_system()) / 1e6 - started_s;
        top->seconds = top->has_before ? top_now(top)->at_s - top_before(top)->at_s : up_s;
        top->seconds = top->seconds < 0.001 ? 0.001 : top->seconds;
    }
    return status;
}

/* --- figures ---------------------------------------------------------------------------------------------------- */

static double rate_of(const struct top *top, const char *family, const char *part)
{
    double difference = sample_sum(top_now(top), family, part) - sample_sum(top_before(top), family, part);
    return difference < 0 ? 0 : difference / top->seconds; /* below 0: the server was restarted */
}

static double quantile_of(const struct top *top, const char *family, double q)
{
    struct bytes none = {0};
    return sample_quantile(sample_find(top_now(top), family, none),
                           sample_find(top_before(top), family, none), q);
}

static double mean_of(const struct top *top, const char *family)
{
    struct bytes none = {0};
    return sample_mean(sample_find(top_now(top), family, none), sample_find(top_before(top), family, none));
}

/* A time as "1.25 ms", into `text`; "-" when there is none. */
static const char *put_time(char text[16], double seconds)
{
    if (seconds < 0) {
        (void)snprintf(text, 16, "-");
    } else if (seconds < 1) {
        (void)snprintf(text, 16, "%.3g ms", seconds * 1000);
    } else {
        (void)snprintf(text, 16, "%.3g s", seconds);
    }
    return text;
}

static const char *put_bytes(char text[16], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < ARRAY_COUNT(units)) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(text, 16, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

static const char *put_age(char text[16], double seconds)
{
    long long whole = (long long)seconds;
    if (whole >= 86400) {
        (void)snprintf(text, 16, "%lldd %02lldh", whole / 86400 % 100000, whole / 3600 % 24);
    } else {
        (void)snprintf(text, 16, "%02lld:%02lld:%02lld", whole / 3600 % 24, whole / 60 % 60, whole % 60);
    }
    return text;
}

/* --- the table -------------------------------------------------------------------------------------------------- */

static int row_compare(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    if (a->rate != b->rate) {
        return a->rate < b->rate ? 1 : -1;
    }
    return bytes_compare(value_map_text(a->sample, "labels"), value_map_text(b->sample, "labels"));
}

static void top_fill_rows(struct top *top)
{
    static const char *const trouble[] = {"refused", "throttled", "failed"};
    struct value_items samples = sample_list(top_now(top), "oxbow_request_duration_seconds");
    top->rows_count = 0;
    for (size_t i = 0; i < samples.count && top->rows_count < COMMAND_TOP_ROWS_MAX; i++) {
        struct bytes labels = value_map_text(&samples.at[i], "labels");
        struct row *row = &top->rows[top->rows_count++];
        double before = sample_value(sample_find(top_before(top), "oxbow_request_duration_seconds", labels));
        *row = (struct row){.sample = &samples.at[i]};
        row->rate = (sample_value(row->sample) - before) / top->seconds;
        for (size_t k = 0; k < ARRAY_COUNT(trouble); k++) {
            char full[256];
            (void)snprintf(full, sizeof(full), "%.*s,result=\"%s\"", (int)labels.size,
                           (const char *)labels.data, trouble[k]);
            row->trouble += rate_of(top, "oxbow_requests_total", full);
        }
    }
    qsort(top->rows, top->rows_count, sizeof(top->rows[0]), row_compare);
}

static void print_row(const struct top *top, const struct row *row)
{
    char p50[16];
    char p99[16];
    struct bytes door = sample_label(row->sample, "door");
    struct bytes operation = sample_label(row->sample, "operation");
    const struct value *before =
        sample_find(top_before(top), "oxbow_request_duration_seconds", value_map_text(row->sample, "labels"));
    (void)printf("%-9.*s %-28.*s %10.1f %10.1f %10s %10s %12.0f\n", (int)door.size, (const char *)door.data,
                 (int)operation.size, (const char *)operation.data, row->rate, row->trouble,
                 put_time(p50, sample_quantile(row->sample, before, 0.5)),
                 put_time(p99, sample_quantile(row->sample, before, 0.99)), sample_value(row->sample));
}

static void print_writer(const struct top *top)
{
    char sync50[16];
    char sync99[16];
    char bytes[16];
    char checkpoint[16];
    struct bytes none = {0};
    const struct value *now = sample_find(top_now(top), "oxbow_log_append_bytes", none);
    const struct value *before = sample_find(top_before(top), "oxbow_log_append_bytes", none);
    double appended = sample_mean(now, before) * (sample_value(now) - sample_value(before)) / top->seconds;
    double batch = mean_of(top, "oxbow_batch_writes");
    (void)printf("writer    %.1f changes/s   %.1f batches/s of %.1f writes   sync p50 %s p99 %s\n",
                 rate_of(top, "oxbow_log_records_total", NULL), rate_of(top, "oxbow_batch_writes", NULL),
                 batch < 0 ? 0 : batch,
                 put_time(sync50, quantile_of(top, "oxbow_log_sync_duration_seconds", 0.5)),
                 put_time(sync99, quantile_of(top, "oxbow_log_sync_duration_seconds", 0.99)));
    (void)printf("          %s/s to the log   checkpoint p99 %s\n",
                 put_bytes(bytes, appended > 0 ? appended : 0),
                 put_time(checkpoint, quantile_of(top, "oxbow_checkpoint_duration_seconds", 0.99)));
}

static void print_disk(const struct top *top)
{
    char log[16];
    char age[16];
    char free_bytes[16];
    char store[16];
    const struct sample_set *set = top_now(top);
    double page = sample_sum(set, "oxbow_store_page_bytes", NULL);
    double used =
        sample_sum(set, "oxbow_store_pages_used", NULL) - sample_sum(set, "oxbow_store_pages_free", NULL);
    double most = sample_sum(set, "oxbow_store_pages_max", NULL);
    (void)printf("disk      log %s in %.0f segments, %s back   store %s (%.1f%% of its map)   %s free\n",
                 put_bytes(log, sample_sum(set, "oxbow_log_bytes", NULL)),
                 sample_sum(set, "oxbow_log_segments", NULL),
                 put_age(age, sample_sum(set, "oxbow_log_horizon_age_seconds", NULL)),
                 put_bytes(store, used * page), most > 0 ? 100 * used / most : 0,
                 put_bytes(free_bytes, sample_sum(set, "oxbow_disk_free_bytes", NULL)));
}

static void print_process(const struct top *top)
{
    char memory[16];
    char lag[16];
    const struct sample_set *set = top_now(top);
    (void)printf("process   %s   cpu %.0f%%   descriptors %.0f of %.0f   connections",
                 put_bytes(memory, sample_sum(set, "oxbow_process_resident_memory_bytes", NULL)),
                 100 * rate_of(top, "oxbow_process_cpu_seconds_total", NULL),
                 sample_sum(set, "oxbow_process_open_descriptors", NULL),
                 sample_sum(set, "oxbow_process_descriptors_max", NULL));
    struct value_items connections = sample_list(set, "oxbow_connections");
    for (size_t i = 0; i < connections.count; i++) {
        struct bytes door = sample_label(&connections.at[i], "door");
        (void)printf(" %.*s %.0f", (int)door.size, (const char *)door.data, sample_value(&connections.at[i]));
    }
    (void)printf("\nfunctions %.1f/s   workers %.0f (%.0f started, %.0f lost)   mappings %.0f of %zu "
                 "running, lag %s   "
                 "parked %.0f\n",
                 rate_of(top, "oxbow_function_invocations_total", NULL),
                 sample_sum(set, "oxbow_workers", NULL), sample_sum(set, "oxbow_worker_spawns_total", NULL),
                 sample_sum(set, "oxbow_worker_kills_total", NULL),
                 sample_sum(set, "oxbow_mapping_running", NULL),
                 sample_list(set, "oxbow_mapping_running").count,
                 put_time(lag, sample_sum(set, "oxbow_mapping_lag_max_seconds", NULL)),
                 sample_sum(set, "oxbow_parked_batches", NULL));
}

/* Lines that the terminal has; 0: it is none. */
static size_t terminal_lines(void)
{
    struct winsize size = {0};
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

static void top_print(struct top *top)
{
    enum {
        LINES_ABOVE = 9, /* the table's head among them */
    };
    char up[16];
    char time[CLOCK_TEXT_BYTES];
    const struct value *status = &top->looks[top->now].status;
    const struct value *conditions = codec_field(status, WIRE_FIELD_CONDITIONS);
    struct bytes version = {0};
    size_t lines = terminal_lines();
    int64_t now_us = clock_wall_us(clock_system());
    double started_s = sample_sum(top_now(top), "oxbow_process_start_time_seconds", NULL);
    size_t told = conditions != NULL && conditions->kind == VALUE_LIST ? 2 * conditions->items.count : 0;
    size_t most = lines > LINES_ABOVE + told ? lines - LINES_ABOVE - told : lines > 0 ? 1 : top->rows_count;
    clock_format(now_us, time);
    top_fill_rows(top);
    most = lines == 0 ? top->rows_count : most;
    if (codec_field_text(status, WIRE_FIELD_VERSION, &version, NULL) != STATUS_OK) {
        version = bytes_of_text("?");
    }
    (void)printf("oxbow %.*s   %.19sZ   up %s   %s\n", (int)version.size, (const char *)version.data, time,
                 put_age(up, (double)now_us / 1e6 - started_s),
                 sample_sum(top_now(top), "oxbow_ready", NULL) > 0 ? "ready" : "NOT READY");
    print_writer(top);
    print_disk(top);
    print_process(top);
    command__print_conditions(conditions);
    (void)printf("\n%-9s %-28s %10s %10s %10s %10s %12s\n", "DOOR", "OPERATION", "RATE/S", "TROUBLE/S", "P50",
                 "P99", "TOTAL");
    for (size_t i = 0; i < top->rows_count && i < most; i++) {
        print_row(top, &top->rows[i]);
    }
}

/* --- the terminal ----------------------------------------------------------------------------------------------- */

/* Keys come one by one, unseen, and the screen that was there comes back at the end. */
struct terminal {
    bool is_raw;
    bool is_screen;
    struct termios before;
};

static void terminal_open(struct terminal *terminal)
{
    terminal->is_screen = isatty(STDOUT_FILENO);
    terminal->is_raw =
        terminal->is_screen && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal->before) == 0;
    if (terminal->is_raw) {
        struct termios raw = terminal->before;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG); /* ^C is a key too, so the screen comes back */
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        (void)printf("\033[?1049h\033[?25l");
    }
}

static void terminal_close(const struct terminal *terminal)
{
    if (terminal->is_raw) {
        (void)printf("\033[?25h\033[?1049l");
        (void)fflush(stdout);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
    }
}

/* Waits until it is time to look again; false: the user wants no more. */
static bool terminal_wait(const struct terminal *terminal, int64_t ms)
{
    struct pollfd input = {.fd = terminal->is_raw ? STDIN_FILENO : -1, .events = POLLIN};
    char key = 0;
    if (poll(&input, 1, (int)ms) <= 0) {
        return true; /* time is up, or the window has another size */
    }
    return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q' && key != 3 && key != 4;
}

/* How often, and how many times. */
static enum status top_options(const struct command_line *line, uint64_t *ret_interval_ms,
                               uint64_t *ret_count, struct error *error)
{
    enum status status =
        command__number("--interval", line->interval, COMMAND_TOP_INTERVAL_MS, ret_interval_ms, error);
    if (status == STATUS_OK) {
        status = command__number("--count", line->count, line->once ? 1 : UINT64_MAX, ret_count, error);
    }
    bool is_sound =
        *ret_interval_ms >= COMMAND_TOP_INTERVAL_MS_MIN && *ret_interval_ms <= COMMAND_TOP_INTERVAL_MS_MAX;
    return status != STATUS_OK || is_sound
               ? status
               : error_set(error, STATUS_INVALID, "--interval must be %d to %d ms",
                           COMMAND_TOP_INTERVAL_MS_MIN, COMMAND_TOP_INTERVAL_MS_MAX);
}

static void top_reset(struct top *top)
{
    for (size_t i = 0; i < ARRAY_COUNT(top->looks); i++) {
        arena_reset(&top->looks[i].arena);
        arena_reset(&top->looks[i].status_arena);
    }
    memory_destroy(top);
}

enum status command__top(struct client *client, const struct command_line *line, struct error *error)
{
    uint64_t interval_ms = 0;
    uint64_t count = 0;
    struct terminal terminal = {0};
    enum status status = top_options(line, &interval_ms, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct top *top = memory_create(sizeof(*top));
    if (!line->once) {
        terminal_open(&terminal);
    }
    bool goes_on = true;
    for (uint64_t i = 0; status == STATUS_OK && i < count && goes_on; i++) {
        status = top_look(top, client, error);
        if (status == STATUS_OK) {
            (void)printf("%s", terminal.is_raw ? "\033[H\033[2J" : i > 0 ? "\n" : "");
            top_print(top);
            (void)fflush(stdout);
            goes_on = i + 1 == count || terminal_wait(&terminal, (int64_t)interval_ms);
        }
    }
    terminal_close(&terminal);
    top_reset(top);
    return status;
}
