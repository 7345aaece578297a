#include "io/tree/walk_internal.h"

#define FD_SLACK                                                                                   \
	8 /* beyond fd_max, for readers at the head; closing makes room for more at once           \
	   */

/* --- taking ----------------------------------------------------------------------------- */

static bool is_head(const struct walk_dir *dir)
{
	return TAILQ_FIRST(&dir->walk->shared.order) == &dir->item;
}

/* Ahead of what the consumer needs. */
static bool is_within_budgets(const struct walk *walk, const struct walk_dir *dir)
{
	bool has_fd = atomic_load(&walk->open_fd_count) < walk->shared.fd_max;

	if (walk->shared.held_entry_count + WALK_BATCH_MAX > walk->ahead_entry_max)
		return false;
	if (dir->item.state == ITEM_OPEN)
		return dir->fd >= 0 || has_fd;
	return has_fd && walk->shared.listed_name_count < walk->names_limits.count_max;
}

/* The head must go on, so it may take more descriptors than there should be. But each reader that
 * works keeps one open, so many readers in a deep tree must wait for each other then. */
static bool is_allowed(const struct walk *walk, const struct walk_dir *dir)
{
	if (!is_head(dir))
		return is_within_budgets(walk, dir);
	return !walk->shared.busy_count ||
	       atomic_load(&walk->open_fd_count) < walk->shared.fd_max + FD_SLACK;
}

/* The first dir nobody works on, unless the budgets are used up. Those being worked on are few:
 * one a thread. Nothing behind the first free one is looked at, so that ahead means next. */
static struct walk_dir *first_allowed(const struct walk *walk)
{
	struct walk_dir *dir;

	TAILQ_FOREACH(dir, &walk->shared.pending, pending)
	{
		if (dir->item.state != ITEM_BUSY)
			return is_allowed(walk, dir) ? dir : NULL;
	}
	return NULL;
}

struct walk_dir *order_take_locked(struct walk *walk, struct walk_closing *closing)
{
	struct walk_dir *dir = first_allowed(walk);

	if (!dir)
		return NULL;
	dir->item.state = ITEM_BUSY;
	dir->parent_fd = -1;
	if (dir->is_listed) {
		dir->use_count++;
	} else if (dir->parent && dir->parent->fd >= 0) {
		dir->parent->use_count++;
		dir->parent_fd = dir->parent->fd;
	}
	if (dir->fd < 0)
		fd_reserve_locked(walk, closing);
	walk->shared.held_entry_count += WALK_BATCH_MAX;
	walk->shared.busy_count++;
	return dir;
}

bool order_head_is_actionable_locked(const struct walk *walk)
{
	const struct walk_item *head = TAILQ_FIRST(&walk->shared.order);

	if (!head || walk->shared.failure.code)
		return true;
	if (head->kind == ITEM_CHUNK)
		return head->state == ITEM_READY;
	return first_allowed(walk) == (const void *)head;
}

void order_wake_consumer_locked(struct walk *walk)
{
	if (walk->shared.is_consumer_waiting && order_head_is_actionable_locked(walk))
		walk->shared.wakes_consumer = true;
}

void order_wake_locked(struct walk *walk)
{
	if (!walk->shared.is_consumer_patient || walk->shared.failure.code ||
	    walk->shared.ready_entry_count >= WALK_WAKE_ENTRIES)
		order_wake_consumer_locked(walk);
	if (walk->shared.idle_count && (walk->shared.failure.code || first_allowed(walk) ||
					TAILQ_EMPTY(&walk->shared.pending)))
		walk->shared.wakes_reader = true;
}

/* What is to be woken, once; the flags are cleared. `is_last`: no reader has anything to do. */
static void take_wakes_locked(struct walk *walk, bool *consumer, bool *reader, bool *is_last)
{
	*consumer = walk->shared.wakes_consumer;
	*reader = walk->shared.wakes_reader;
	*is_last = walk->shared.failure.code || TAILQ_EMPTY(&walk->shared.pending);
	walk->shared.wakes_consumer = walk->shared.wakes_reader = false;
	if (*consumer)
		walk->shared.is_consumer_waiting = false;
}

static void wake(struct walk *walk, bool consumer, bool reader, bool is_last)
{
	if (consumer)
		pthread_cond_signal(&walk->shared.ready);
	if (reader && is_last)
		pthread_cond_broadcast(&walk->shared.work);
	else if (reader)
		pthread_cond_signal(&walk->shared.work);
}

void walk_unlock(struct walk *walk)
{
	bool consumer, reader, is_last;

	take_wakes_locked(walk, &consumer, &reader, &is_last);
	pthread_mutex_unlock(&walk->shared.lock);
	wake(walk, consumer, reader, is_last);
}

void walk_wait_locked(struct walk *walk, pthread_cond_t *cond, const struct timespec *until)
{
	bool consumer, reader, is_last;

	take_wakes_locked(walk, &consumer, &reader, &is_last);
	wake(walk, consumer, reader, is_last);
	if (until)
		pthread_cond_timedwait(cond, &walk->shared.lock, until);
	else
		pthread_cond_wait(cond, &walk->shared.lock);
}

void order_fail_locked(struct walk *walk, const struct muster_error *error)
{
	if (!walk->shared.failure.code)
		walk->shared.failure = *error;
	atomic_store(&walk->is_stopped, true);
	order_wake_locked(walk);
}

/* --- leaving the list ------------------------------------------------------------------- */

void order_remove_chunk_locked(struct walk_chunk *chunk)
{
	struct walk *walk = chunk->walk;

	TAILQ_REMOVE(&walk->shared.order, &chunk->item, order);
	walk->shared.held_entry_count -= chunk->charge;
	if (chunk->item.state != ITEM_READY)
		return;
	walk->shared.ready_entry_count -= chunk->charge;
	if (chunk->dir)
		chunk->dir->ready_count--;
}

void order_chunk_ready_locked(struct walk_chunk *chunk)
{
	chunk->item.state = ITEM_READY;
	chunk->walk->shared.ready_entry_count += chunk->charge;
	if (chunk->dir)
		chunk->dir->ready_count++;
}

void order_leave_parent_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	struct walk_dir *parent = dir->parent;

	if (!parent)
		return;
	if (dir->parent_fd >= 0)
		parent->use_count--;
	dir->parent_fd = -1;
	parent->unopened_count--;
	dir_settle_locked(parent, closing);
}

void order_remove_dir_locked(struct walk_dir *dir, struct walk_closing *closing)
{
	struct walk *walk = dir->walk;

	TAILQ_REMOVE(&walk->shared.order, &dir->item, order);
	TAILQ_REMOVE(&walk->shared.pending, dir, pending);
	if (!dir->is_listed)
		order_leave_parent_locked(dir, closing);
	walk->shared.listed_name_count -= dir->names_charged;
	dir->names_charged = 0;
	dir->item.state = ITEM_BUSY; /* and for good */
	dir_settle_locked(dir, closing);
	dir_unref_locked(dir, closing);
}
