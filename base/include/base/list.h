/* A list of objects that each know their place in it: joined and left at any time in constant time, without memory of its own. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Embedded in what is listed. Zeroed: in no list. */
struct list_entry {
    struct list_entry *next;
    struct list_entry **at; /* what points at this entry; NULL: in no list */
    void *object;           /* it is embedded in */
};

/* Zeroed: empty. Walked from `first` by `next`; whoever is in it stays where it is in memory. */
struct list {
    struct list_entry *first;
};

static inline bool list_has(const struct list_entry *entry)
{
    return entry->at != NULL;
}

/* Puts `object`, which `entry` is embedded in and which is in no list, first. */
static inline void list_add(struct list *list, struct list_entry *entry, void *object)
{
    *entry = (struct list_entry){.next = list->first, .at = &list->first, .object = object};
    if (entry->next != NULL) {
        entry->next->at = &entry->next;
    }
    list->first = entry;
}

/* Leaves the list it is in, if it is in one. */
static inline void list_remove(struct list_entry *entry)
{
    if (entry->at != NULL) {
        *entry->at = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->at = entry->at;
    }
    *entry = (struct list_entry){0};
}

/* The object put last; NULL: the list is empty. */
static inline void *list_first(const struct list *list)
{
    return list->first == NULL ? NULL : list->first->object;
}

#endif
