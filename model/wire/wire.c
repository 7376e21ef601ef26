#include "wire/wire.h"

bool wire_type_is_write(enum wire_type type)
{
    switch (type) {
    case WIRE_STATUS:
    case WIRE_TABLE_LIST:
    case WIRE_TABLE_DESCRIBE:
    case WIRE_GET:
    case WIRE_SCAN:
    case WIRE_HISTORY:
    case WIRE_COMPARE:
    case WIRE_SUBSCRIBE:
    case WIRE_CREDIT:
    case WIRE_FUNCTION_LIST:
    case WIRE_MAPPING_LIST:
    case WIRE_UNSUBSCRIBE:
    case WIRE_CREDENTIAL_LIST:
    case WIRE_METRICS:
    case WIRE_SCRUB:
        return false;
    case WIRE_TABLE_CREATE:
    case WIRE_TABLE_DROP:
    case WIRE_PUT:
    case WIRE_DELETE:
    case WIRE_UPDATE:
    case WIRE_TRANSACT:
    case WIRE_TABLE_TRUNCATE:
    case WIRE_TABLE_ALTER:
    case WIRE_RESTORE:
    case WIRE_FUNCTION_DEPLOY:
    case WIRE_FUNCTION_INVOKE:
    case WIRE_FUNCTION_DELETE:
    case WIRE_MAPPING_CREATE:
    case WIRE_MAPPING_DELETE:
    case WIRE_PARKED_DELETE:
    case WIRE_CREDENTIAL_CREATE:
    case WIRE_CREDENTIAL_REMOVE:
        break;
    }
    return true;
}
