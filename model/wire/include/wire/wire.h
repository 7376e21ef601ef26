/* The native protocol's numbers. model/wire/README.md tells the whole protocol. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>

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
    WIRE_UPDATE = 13,
    WIRE_TRANSACT = 14,
    WIRE_TABLE_TRUNCATE = 15,
    WIRE_TABLE_ALTER = 16,
    WIRE_RESTORE = 17,
    WIRE_FUNCTION_DEPLOY = 18,
    WIRE_FUNCTION_LIST = 19,
    WIRE_FUNCTION_INVOKE = 20,
    WIRE_FUNCTION_DELETE = 21,
    WIRE_MAPPING_CREATE = 22,
    WIRE_MAPPING_LIST = 23,
    WIRE_MAPPING_DELETE = 24,
    WIRE_UNSUBSCRIBE = 25,
    WIRE_CREDENTIAL_CREATE = 26,
    WIRE_CREDENTIAL_LIST = 27,
    WIRE_CREDENTIAL_REMOVE = 28,
    WIRE_METRICS = 29,
    WIRE_SCRUB = 30,
    WIRE_PARKED_DELETE = 31,
    WIRE_COMPARE = 32,
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
    WIRE_FIELD_START = 21,      /* "latest", "oldest", or an LSN; of a history where its next page begins */
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
    WIRE_FIELD_EXPRESSION = 33, /* text of a condition */
    WIRE_FIELD_NAMES = 34,      /* map "#name" → text, for all expressions of the request or change */
    WIRE_FIELD_VALUES = 35,     /* map ":value" → value */
    WIRE_FIELD_UPDATE = 36,     /* text of an update */
    WIRE_FIELD_KEY_CONDITION = 37,
    WIRE_FIELD_FILTER = 38,     /* text of a condition on items, or on changes in a subscription */
    WIRE_FIELD_PROJECTION = 39, /* text */
    WIRE_FIELD_INDEX = 40,      /* name */
    WIRE_FIELD_SEGMENT = 41,
    WIRE_FIELD_SEGMENTS = 42,
    WIRE_FIELD_SCANNED = 43, /* rows looked at */
    WIRE_FIELD_TOKEN = 44,   /* text: the request counts once however often it comes within ten minutes */
    WIRE_FIELD_CHANGES = 45, /* array of maps */
    WIRE_FIELD_WANT_NEW = 46,
    WIRE_FIELD_INDEXES = 47, /* array of maps: INDEX, PARTITION, SORT, STATE, ROWS */
    WIRE_FIELD_TTL = 48,     /* attribute that holds the second after which an item goes */
    WIRE_FIELD_ROWS = 49,
    WIRE_FIELD_BYTES = 50,
    WIRE_FIELD_STATE = 51,
    WIRE_FIELD_AS_OF_TIME = 52, /* microseconds since 1970 */
    WIRE_FIELD_START_TIME = 53, /* microseconds since 1970 */
    WIRE_FIELD_META = 54,       /* marked records too */
    WIRE_FIELD_KIND = 55,       /* of a change: "put", "delete", "update", "check" */
    WIRE_FIELD_DROP_INDEX = 56, /* name */
    WIRE_FIELD_TARGET = 57,     /* name of a table */
    WIRE_FIELD_REPEAT = 58,     /* the token was known */
    WIRE_FIELD_FUNCTION = 59,   /* name */
    WIRE_FIELD_SOURCE = 60,     /* Lua source, or a map of module names and sources */
    WIRE_FIELD_FUNCTIONS = 61,
    WIRE_FIELD_MAPPINGS = 62,
    WIRE_FIELD_MAPPING = 63, /* name */
    WIRE_FIELD_BATCH = 64,   /* records */
    WIRE_FIELD_EVENT = 65,
    WIRE_FIELD_RESULT = 66,
    WIRE_FIELD_LINES = 67,       /* array of text: what the function logged */
    WIRE_FIELD_TIMEOUT = 68,     /* milliseconds */
    WIRE_FIELD_MEMORY = 69,      /* bytes */
    WIRE_FIELD_HASH = 70,        /* 16 bytes */
    WIRE_FIELD_META_FLAG = 71,   /* of a record: it is marked */
    WIRE_FIELD_TRANSACTION = 72, /* of a record: LSN of the first record of its transaction */
    WIRE_FIELD_HOPS = 73,
    WIRE_FIELD_JOB = 74, /* id of a row of system.jobs */
    WIRE_FIELD_RETRIES = 75,
    WIRE_FIELD_DRY = 76,         /* what a function writes is shown, not committed */
    WIRE_FIELD_PRINCIPAL = 77,   /* name */
    WIRE_FIELD_ACCESS_KEY = 78,  /* id */
    WIRE_FIELD_SECRET = 79,      /* in the answer that gives an access key out, and nowhere else */
    WIRE_FIELD_CREDENTIALS = 80, /* array of maps */
    WIRE_FIELD_METRICS = 81,     /* array of maps */
    WIRE_FIELD_CONDITIONS = 82,  /* array of maps: what is unusual */
    WIRE_FIELD_STAGE = 83,       /* of a scrub */
    WIRE_FIELD_DAMAGE = 84,      /* text; absent: none */
    WIRE_FIELD_PARKED = 85,      /* LSN of the first record of a parked batch */
    WIRE_FIELD_PROGRESS =
        86, /* true: the subscriber is told how far it is, also when there is nothing to send */
    WIRE_FIELD_SINCE = 87,      /* LSN */
    WIRE_FIELD_SINCE_TIME = 88, /* microseconds since 1970 */
};

/* Whether a request of the type may change something. */
bool wire_type_is_write(enum wire_type type);

#endif
