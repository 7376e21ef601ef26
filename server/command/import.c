/* import: JSON lines or CSV, many puts under way at a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/memory.h"
#include "columns.h"
#include "command_private.h"

/* A line whose answer has not come. */
struct import_sent {
    uint64_t number;
    struct buffer text; /* when it may have to be put aside */
};

struct import {
    struct client *client;
    const char *table;
    FILE *file;
    bool is_csv;
    struct buffer line;        /* NUL-terminated */
    uint64_t line_number;      /* of its beginning */
    uint64_t line_ends;        /* within it */
    struct arena header_arena; /* CSV: the first line, and what it names */
    struct bytes header;
    struct columns columns;
    uint64_t sent;
    uint64_t answered;
    uint64_t written;
    FILE *rejects; /* where lines go that cannot be taken; NULL: they end the import */
    uint64_t rejected;
    struct import_sent under_way[COMMAND_IMPORT_UNDER_WAY_MAX + 1]; /* by their requests' ids */
};

static bool reject_put(FILE *file, struct bytes line)
{
    return fwrite(line.data, 1, line.size, file) == line.size && fputc('\n', file) == '\n';
}

/* Whether a line that cannot be taken was put aside, so that the import goes on. Of CSV the file begins with the names of the
 * columns, so that it can be imported when it was mended. */
static bool import_reject(struct import *import, enum status status, struct bytes text,
                          const struct error *error)
{
    bool is_of_line = status == STATUS_INVALID || status == STATUS_TOO_LARGE || status == STATUS_UNSUPPORTED;
    if (import->rejects == NULL || !is_of_line) {
        return false;
    }
    bool is_first =
        import->header.size > 0 && fseeko(import->rejects, 0, SEEK_END) == 0 && ftello(import->rejects) == 0;
    bool is_kept = (!is_first || reject_put(import->rejects, import->header)) &&
                   reject_put(import->rejects, text) && fflush(import->rejects) == 0;
    if (is_kept) {
        (void)fprintf(stderr, "oxbow import: %s\n", error->text);
        import->rejected++;
    }
    return is_kept;
}

/* One answer; a refusal names its line. Patient as long as the connection stands: a disk that is slow for a while should not end
 * an import. */
static enum status import_receive(struct import *import, struct arena *arena, struct error *error)
{
    struct value answer;
    uint64_t id = 0;
    enum status status =
        client_receive(import->client, COMMAND_IMPORT_TIMEOUT_MS, arena, &id, &answer, error);
    const struct import_sent *sent = &import->under_way[id % ARRAY_COUNT(import->under_way)];
    import->written += status == STATUS_OK;
    import->answered += id != 0;
    if (status != STATUS_OK && id != 0) {
        error_prefix(error, "line %llu", (unsigned long long)sent->number);
        status = import_reject(import, status, buffer_bytes(&sent->text), error) ? STATUS_OK : status;
    }
    return status;
}

static enum status import_wait(struct import *import, uint64_t under_way_max, struct error *error)
{
    struct arena arena = {0};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && import->sent - import->answered > under_way_max) {
        status = import_receive(import, &arena, error);
    }
    arena_reset(&arena);
    return status;
}

/* After a failure: what was on its way comes to its end, as far as answers still come. */
static void import_settle(struct import *import)
{
    struct arena arena = {0};
    struct error error;
    bool is_answered = true;
    while (import->sent > import->answered && is_answered) {
        uint64_t answered = import->answered;
        (void)import_receive(import, &arena, &error);
        is_answered = import->answered > answered;
    }
    arena_reset(&arena);
}

/* The line at hand, without its NUL. */
static struct bytes import_text(const struct import *import)
{
    return bytes_of(import->line.data, import->line.size - 1);
}

static enum status import_send(struct import *import, const struct value *item, struct error *error)
{
    struct buffer body = {0};
    struct command_request request = {0};
    uint64_t id = 0;
    command__put_text(&request, WIRE_FIELD_TABLE, import->table);
    command__put_value(&request, WIRE_FIELD_ITEM, item);
    command__finish(&request, &body);
    enum status status = client_send(import->client, WIRE_PUT, &body, &id, error);
    struct import_sent *sent = &import->under_way[id % ARRAY_COUNT(import->under_way)];
    sent->number = import->line_number;
    buffer_clear(&sent->text);
    if (import->rejects != NULL) {
        buffer_put(&sent->text, import_text(import));
    }
    import->sent += status == STATUS_OK;
    buffer_reset(&body);
    return status;
}

static enum status import_line(struct import *import, struct error *error)
{
    struct arena arena = {0};
    struct value item;
    enum status status = import->is_csv
                             ? columns_item(&import->columns, import_text(import), &arena, &item, error)
                             : command__object("item", (const char *)import->line.data, &arena, &item, error);
    if (status != STATUS_OK) {
        error_prefix(error, "line %llu", (unsigned long long)import->line_number);
        status = import_reject(import, status, import_text(import), error) ? STATUS_OK : status;
    } else {
        status = import_send(import, &item, error);
    }
    if (status == STATUS_OK) {
        status = import_wait(import, COMMAND_IMPORT_UNDER_WAY_MAX, error);
    }
    arena_reset(&arena);
    return status;
}

static void import_progress(const struct import *import, bool is_last)
{
    if (isatty(STDERR_FILENO) == 1 && (is_last || import->written % 1000 == 0)) {
        (void)fprintf(stderr, "\r%llu items written%s", (unsigned long long)import->written,
                      is_last ? "\n" : "");
    }
}

/* What an import did that came to its end. */
static void import_report(const struct import *import)
{
    (void)printf("%llu %s imported into %s\n", (unsigned long long)import->written,
                 import->written == 1 ? "item" : "items", import->table);
    if (import->rejected > 0) {
        (void)fprintf(stderr, "oxbow import: %llu %s refused and put aside\n",
                      (unsigned long long)import->rejected,
                      import->rejected == 1 ? "line was" : "lines were");
    }
}

/* What an import that failed did until then. */
static void import_tell(const struct import *import)
{
    (void)fprintf(stderr, "oxbow import: %llu %s written", (unsigned long long)import->written,
                  import->written == 1 ? "item was" : "items were");
    if (import->sent > import->answered) {
        (void)fprintf(stderr, "; whether %llu more were is not known",
                      (unsigned long long)(import->sent - import->answered));
    }
    (void)fprintf(stderr, "\n");
}

static int import_getc(const struct import *import)
{
    return getc_unlocked(import->file); /* NOLINT(concurrency-mt-unsafe): one thread reads it */
}

/* `scan` is NULL behind what is wrong: the rest of that line is passed over. */
static bool line_ends(const struct import *import, struct csv_scan *scan, int c)
{
    return import->is_csv && scan != NULL ? csv_scan_ends(scan, (uint8_t)c) : c == '\n';
}

/* The bytes of the next line, or CSV record; of one that is refused those before what is wrong. STATUS_END. */
static enum status line_fetch(struct import *import, struct error *error)
{
    struct csv_scan scan = {.delimiter = ','};
    int c = import_getc(import);
    enum status status = STATUS_OK;
    import->line_number += 1 + import->line_ends;
    import->line_ends = 0;
    buffer_clear(&import->line);
    if (c == EOF && ferror(import->file) == 0) {
        return STATUS_END;
    }
    for (; c != EOF && !line_ends(import, status == STATUS_OK ? &scan : NULL, c); c = import_getc(import)) {
        import->line_ends += c == '\n';
        if (status != STATUS_OK) {
            continue;
        }
        if (c == '\0') {
            status = error_set(error, STATUS_INVALID, "a NUL byte, which no text has");
        } else if (import->line.size == COMMAND_LINE_BYTES_MAX) {
            status = error_set(error, STATUS_INVALID, "more than %d bytes", COMMAND_LINE_BYTES_MAX);
        } else {
            buffer_put_u8(&import->line, (uint8_t)c);
        }
    }
    return ferror(import->file) == 0 ? status : error_set_errno(error, errno, "cannot be read");
}

/* The next line, without its end and without the mark of UTF-8 that some programs begin a file with. STATUS_END. */
static enum status import_read_line(struct import *import, struct error *error)
{
    struct buffer *line = &import->line;
    const struct bytes mark = bytes_of_text("\xEF\xBB\xBF");
    enum status status = line_fetch(import, error);
    if (status != STATUS_OK && status != STATUS_END) {
        error_prefix(error, "line %llu", (unsigned long long)import->line_number);
    }
    if (status == STATUS_OK && import->line_number == 1 && bytes_start_with(buffer_bytes(line), mark)) {
        line->size -= mark.size;
        memmove(line->data, line->data + mark.size, line->size);
    }
    while (line->size > 0 && line->data[line->size - 1] == '\r') {
        line->size--;
    }
    buffer_put_u8(line, '\0');
    if (status != STATUS_OK && status != STATUS_END &&
        import_reject(import, status, import_text(import), error)) {
        buffer_clear(line); /* goes on as behind an empty one */
        buffer_put_u8(line, '\0');
        status = STATUS_OK;
    }
    return status;
}

static enum status import_run(struct import *import, struct error *error)
{
    enum status status = import_read_line(import, error);
    if (status == STATUS_OK && import->is_csv) {
        import->header = arena_copy(&import->header_arena, import_text(import));
        status = columns_read(import->header, &import->header_arena, &import->columns, error);
        status = status == STATUS_OK ? import_read_line(import, error) : status;
    }
    while (status == STATUS_OK) {
        if (import->line.data[0] != '\0') {
            status = import_line(import, error);
        }
        import_progress(import, false);
        status = status == STATUS_OK ? import_read_line(import, error) : status;
    }
    if (status == STATUS_END) {
        status = import_wait(import, 0, error);
    }
    import_progress(import, true);
    if (status == STATUS_OK) {
        import_report(import);
    } else {
        if (status != STATUS_TIMEOUT && status != STATUS_UNKNOWN && status != STATUS_CLOSED) {
            import_settle(import);
        }
        import_tell(import);
    }
    return status;
}

enum status command__import(struct client *client, const struct command_line *line, struct error *error)
{
    const char *path = line->words[1];
    size_t size = strlen(path);
    struct import import = {.client = client, .table = line->words[0]};
    import.is_csv = line->csv || (size > 4 && strcmp(path + size - 4, ".csv") == 0);
    import.file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (import.file == NULL) {
        return error_set(error, STATUS_NOT_FOUND, "cannot read %s", path);
    }
    import.rejects = line->rejects == NULL ? NULL : fopen(line->rejects, "ae");
    enum status status = line->rejects != NULL && import.rejects == NULL
                             ? error_set_errno(error, errno, "cannot write %s", line->rejects)
                             : import_run(&import, error);
    if (import.rejects != NULL && fclose(import.rejects) != 0 && status == STATUS_OK) {
        status = error_set_errno(error, errno, "cannot write %s", line->rejects);
    }
    if (import.file != stdin) {
        (void)fclose(import.file);
    }
    for (size_t i = 0; i < ARRAY_COUNT(import.under_way); i++) {
        buffer_reset(&import.under_way[i].text);
    }
    buffer_reset(&import.line);
    arena_reset(&import.header_arena);
    return status;
}
