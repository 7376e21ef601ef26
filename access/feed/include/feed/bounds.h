/* Limits of the feed. */
#ifndef FEED_BOUNDS_H
#define FEED_BOUNDS_H

enum {
    FEED_SUBSCRIPTIONS_MAX = 1000, /* at a time, over all doors; over it: STATUS_BUSY */
    FEED_CREDIT_MAX = 100000,      /* records a subscriber may ask for at once */
};

#endif
