/* Limits of signed requests and of what is said about them. */
#ifndef AWS_BOUNDS_H
#define AWS_BOUNDS_H

enum {
    AWS_SKEW_SECONDS_MAX = 300,         /* a signature's time against ours, both ways */
    AWS_EXPIRES_SECONDS_MAX = 604800,   /* of a presigned request: a week; over it: refused */
    AWS_SIGNED_HEADERS_MAX = 100,       /* over it: refused */
    AWS_QUERY_PARAMETERS_MAX = 1000,    /* of one request; over it: refused */
    AWS_AUTHORIZATION_BYTES_MAX = 8192, /* of the header; over it: refused */
    AWS_TOLD_BYTES_MAX = 65536, /* of a refused value in the message about it; what is more is cut: "..." */
};

#endif
