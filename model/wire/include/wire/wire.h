/* The native protocol's numbers. model/wire/README.md tells the whole protocol. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

enum {
    WIRE_VERSION = 1,
    WIRE_REPLY = 0x80, /* added to the request's type */
    WIRE_ID_BYTES = 8,
    WIRE_MESSAGE_BYTES_MAX = 16 * 1024 * 1024 + 64 * 1024, /* of one frame; ZeroMQ drops the peer beyond it */
    WIRE_RECORDS_PER_MESSAGE = 64,
};

/* Request types. Append only. */
enum wire_type {
    WIRE_STATUS = 1,
    WIRE_TABLE_CREATE = 2,
    WIRE_TABLE_LIST = 3,
    WIRE_TABLE_DESCRIBE = 4,
    WIRE_TABLE_DROP = 5,
    WIRE_PUT = 6,
    WIRE_GET = 7,
    WIRE_DELETE = 8,
    WIRE_SCAN = 9,
    WIRE_HISTORY = 10,
    WIRE_SUBSCRIBE = 11,
    WIRE_CREDIT = 12,
};

/* Fields of requests and replies. One number means one thing everywhere. Append only. */
enum wire_field {
    WIRE_FIELD_STATUS = 0, /* number of enum status; absent: OK */
    WIRE_FIELD_TEXT = 1,   /* for a person */
    WIRE_FIELD_TABLE = 2,  /* name */
    WIRE_FIELD_ITEM = 3,   /* map of attributes */
    WIRE_FIELD_KEY = 4,    /* map of the key attributes */
    WIRE_FIELD_ITEMS = 5,  /* array of items */
    WIRE_FIELD_LSN = 6,
    WIRE_FIELD_TERM = 7,
    WIRE_FIELD_TIME = 8,      /* microseconds since 1970 */
    WIRE_FIELD_CONDITION = 9, /* 1: the row must not be there, 2: it must */
    WIRE_FIELD_OLD = 10,      /* in a request true: give the old item; in a reply: that item */
    WIRE_FIELD_LIMIT = 11,
    WIRE_FIELD_REVERSE = 12,
    WIRE_FIELD_NEXT = 13,       /* opaque: where the next page begins */
    WIRE_FIELD_PARTITION = 14,  /* array of [name, type] */
    WIRE_FIELD_SORT = 15,       /* array of [name, type, descending] */
    WIRE_FIELD_DURABILITY = 16, /* "sync" or "periodic" */
    WIRE_FIELD_INTERVAL = 17,   /* milliseconds, of "periodic" */
    WIRE_FIELD_TABLES = 18,     /* array of descriptions */
    WIRE_FIELD_RECORDS = 19,    /* array of records */
    WIRE_FIELD_CREDIT = 20,     /* records the subscriber is ready for */
    WIRE_FIELD_START = 21,      /* "latest", "oldest", or an LSN */
    WIRE_FIELD_OPERATION = 22,  /* "insert" … */
    WIRE_FIELD_ACTOR = 23,
    WIRE_FIELD_CAUSE = 24,
    WIRE_FIELD_HORIZON = 25, /* oldest LSN still in the log */
    WIRE_FIELD_SUBSCRIPTION = 26,
    WIRE_FIELD_VERSION = 27, /* of the server, or of a schema */
    WIRE_FIELD_AS_OF = 28,   /* LSN */
    WIRE_FIELD_FACTS = 29,   /* map of names and numbers */
    WIRE_FIELD_NEW = 30,     /* item after the change */
    WIRE_FIELD_SHARD = 31,
    WIRE_FIELD_TABLE_ID = 32,
};

/* "put" …; never NULL. */
const char *wire_type_name(enum wire_type type);

#endif
