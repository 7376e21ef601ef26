/* Limits of access keys. */
#ifndef IDENTITY_BOUNDS_H
#define IDENTITY_BOUNDS_H

enum {
    IDENTITY_CREDENTIALS_MAX = 10000, /* access keys; over it: STATUS_TOO_LARGE */
    IDENTITY_NAME_BYTES_MAX = 64,     /* of a principal */
    IDENTITY_ID_BYTES = 20,           /* of an access key id that is made here */
    IDENTITY_SECRET_BYTES = 40,       /* of a secret that is made here: 240 random bits */
};

#endif
