/**
 * queue - a bounded queue of pointers between threads.
 *
 * What travels in it is a batch, never a single file: a hop costs more than hashing 64 bytes.
 * Threads:  any number put and take.
 * Pressure: queue_put() waits while full; this is the back-pressure.
 * Shutdown: queue_close() wakes all; takers drain what is left, then answer false; a put into a
 *           closed queue answers false and the caller keeps the item.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct queue;

enum muster_code queue_new(struct queue **out, size_t capacity, struct muster_error *err);
void queue_free(struct queue *queue); /* takes NULL; nobody may use it any more */
bool queue_put(struct queue *queue, void *item);
/** Like queue_put(), but answers false at once when full or closed. */
bool queue_try_put(struct queue *queue, void *item);
bool queue_take(struct queue *queue, void **item);
/** Like queue_take(), but answers false at once when empty. */
bool queue_try_take(struct queue *queue, void **item);
/** How many wait: as it was a moment ago. */
size_t queue_count(struct queue *queue);
void queue_close(struct queue *queue);

#endif
