/* Writing and opening runs. */
#include "segment/run.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/memory.h"
#include "segment/merge.h"
#include "segment_private.h"

uint64_t segment_run_span(unsigned level)
{
    uint64_t span = 1;
    for (unsigned i = 0; i < level; i++) {
        span *= SEGMENT_RUN_FAN_IN;
    }
    return span;
}

/* What the file of a run of `level` ends with. */
static const char *run_suffix(unsigned level)
{
    static const char *const suffixes[SEGMENT_RUN_LEVELS + 1] = {"seg", "k1", "k2", "k3"};
    CHECK(level >= 1 && level <= SEGMENT_RUN_LEVELS);
    return suffixes[level];
}

static struct segment *run_create(const char *directory, uint64_t number, unsigned level,
                                  const struct log_identity *identity)
{
    struct segment *run = segment__create(directory, number, identity, true);
    run->range.level = (uint8_t)level;
    return run;
}

enum status segment_run_open(const char *directory, uint64_t number, unsigned level,
                             const struct log_identity *identity, struct segment **ret_run,
                             struct error *error)
{
    struct segment *run = run_create(directory, number, level, identity);
    return segment__open(run, run_suffix(level), ret_run, error);
}

bool segment_run_fits(struct segment *const *children, size_t count)
{
    enum {
        LINE_BYTES_MAX = SEGMENT_KEY_BYTES_MAX + SEGMENT_KEY_HASH_BYTES + 24,
    };
    uint64_t blocks = 0;
    for (size_t i = 0; i < count; i++) {
        blocks += children[i]->index_blocks_count;
    }
    return blocks * LINE_BYTES_MAX < SEGMENT_FOOTER_BYTES_MAX / 2; /* the other half is for presences */
}

/* What a run says of its records: all that its children say. */
static void run_join(struct segment *run, struct segment *const *children, size_t count)
{
    struct segment_range *range = &run->range;
    const struct segment_range *first = &children[0]->range;
    const struct segment_range *last = &children[count - 1]->range;
    range->first_lsn = first->first_lsn;
    range->first_time_us = first->first_time_us;
    range->next_lsn = last->next_lsn;
    range->last_time_us = last->last_time_us;
    range->last_term = last->last_term;
    for (size_t i = 0; i < count; i++) {
        const struct segment_presences *presences = &children[i]->presences;
        for (size_t k = 0; k < presences->count; k++) {
            segment__presences_note(&run->presences, &presences->list[k]);
        }
    }
}

static enum status run_write_entries(struct segment_index_writer *writer, struct segment_merge *merge,
                                     const atomic_bool *is_cancelled, struct error *error)
{
    struct bytes key;
    uint64_t lsn = 0;
    enum status status = segment_merge_next(merge, &key, &lsn, error);
    while (status == STATUS_OK) {
        status = segment__index_add(writer, key, lsn, error);
        if (status == STATUS_OK && writer->block.size == 0 && atomic_load(is_cancelled)) {
            status = error_set(error, STATUS_CLOSED, "the log is closing");
        }
        if (status == STATUS_OK) {
            status = segment_merge_next(merge, &key, &lsn, error);
        }
    }
    return status == STATUS_END ? segment__index_finish(writer, error) : status;
}

/* Header, entries, footer, synced. */
static enum status run_write_file(struct segment *run, struct file *file, struct segment_merge *merge,
                                  const atomic_bool *is_cancelled, struct error *error)
{
    uint8_t header[SEGMENT_HEADER_USED];
    segment__header_encode(&run->identity, SEGMENT_MAGIC_RUN, run->range.number, run->range.level, run->seed,
                           header);
    struct segment_index_writer writer = {.file = file,
                                          .offset = SEGMENT_HEADER_USED,
                                          .seed = run->seed,
                                          .first_lsn = run->range.first_lsn};
    enum status status = file_write_at(file, bytes_of(header, sizeof(header)), 0, error);
    if (status == STATUS_OK) {
        status = run_write_entries(&writer, merge, is_cancelled, error);
    }
    if (status == STATUS_OK) {
        run->blocks_end = SEGMENT_HEADER_USED;
        run->index_end = writer.offset;
        run->index_blocks = writer.blocks;
        run->index_blocks_count = writer.count;
        status = segment__footer_write(run, file, writer.offset, error);
    }
    if (status == STATUS_OK) {
        status = file_sync(file, error);
    }
    segment__index_writer_reset(&writer);
    return status;
}

enum status segment_run_write(struct segment *const *children, size_t count, uint64_t number, unsigned level,
                              const atomic_bool *is_cancelled, struct segment **ret_run, struct error *error)
{
    CHECK(count > 0);
    const char *directory = children[0]->directory;
    const struct log_identity *identity = &children[0]->identity;
    struct segment *run = run_create(directory, number, level, identity);
    run_join(run, children, count);
    struct segment_merge *merge =
        segment_merge_create(children, count, NULL, &(struct segment_merge_range){.until_lsn = UINT64_MAX});
    struct file file = FILE_CLOSED;
    char *path = segment__path(directory, number, run_suffix(level));
    char *path_new = segment__path(directory, number, "merge");
    enum status status = file_open(path_new, O_RDWR | O_CREAT | O_TRUNC, &file, error);
    if (status == STATUS_OK) {
        status = run_write_file(run, &file, merge, is_cancelled, error);
        file_close(&file);
        status = status == STATUS_OK ? file_rename(path_new, path, error) : status;
        if (status != STATUS_OK) {
            enum status ignored = file_remove(path_new, NULL); /* what is half made only takes space */
            (void)ignored;
        }
    }
    if (status == STATUS_OK) {
        status = file_directory_sync(directory, error);
    }
    if (status == STATUS_OK) {
        status = segment_run_open(directory, number, level, identity, ret_run, error);
    }
    segment_merge_destroy(&merge);
    segment_release(&run);
    memory_destroy(path);
    memory_destroy(path_new);
    return status;
}
