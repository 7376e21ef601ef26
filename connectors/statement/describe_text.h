/* What there is as the statements that would make it again, in Cassandra 4.1's layout: what DESCRIBE tells. */
#ifndef CQL_DESCRIBE_TEXT_H
#define CQL_DESCRIBE_TEXT_H

#include "base/buffer.h"
#include "described.h"

struct describe_style {
    bool is_virtual;    /* of a keyspace that no statement makes: told as a comment */
    bool has_internals; /* WITH INTERNALS: a table's id and the columns that it lost */
    struct arena *arena;
};

/* Each appends one statement with its semicolon; `element` is the struct that its name says. */
void statement__describe_keyspace(const struct described_keyspace *keyspace,
                                  const struct describe_style *style, struct buffer *buffer);
void statement__describe_table(const struct described_keyspace *keyspace, const void *element,
                               const struct describe_style *style, struct buffer *buffer);
void statement__describe_view(const struct described_keyspace *keyspace, const void *element,
                              const struct describe_style *style, struct buffer *buffer);
void statement__describe_type(const struct described_keyspace *keyspace, const void *element,
                              const struct describe_style *style, struct buffer *buffer);
void statement__describe_function(const struct described_keyspace *keyspace, const void *element,
                                  const struct describe_style *style, struct buffer *buffer);
void statement__describe_aggregate(const struct described_keyspace *keyspace, const void *element,
                                   const struct describe_style *style, struct buffer *buffer);
void statement__describe_index(const struct described_keyspace *keyspace, struct bytes table,
                               const struct described_index *index, const struct describe_style *style,
                               struct buffer *buffer);

/* Appends texts with commas between them. */
void statement__describe_texts(const struct described_texts *texts, struct buffer *buffer);

#endif
