#include "io/tree/walk_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <time.h>

#define THREAD_DEFAULT	  2
#define AHEAD_ENTRIES_MAX 65536
#define FD_SHARE	  4 /* a quarter of what the process may open; the rest is for others */
#define FD_LEAST	  16
#define FD_MOST		  2048

/* --- readers ---------------------------------------------------------------------------- */

static void reader_free(struct walk_reader *reader)
{
	if (!reader)
		return;
	closing_flush(reader->walk, &reader->closing);
	free(reader->dents);
	names_release(&reader->names);
	bytes_release(&reader->path);
	free(reader);
}

static struct walk_reader *reader_new(struct walk *walk)
{
	struct walk_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->walk = walk;
	TAILQ_INIT(&reader->items);
	reader->dents = malloc(WALK_DENTS_BYTES);
	if (!reader->dents) {
		free(reader);
		return NULL;
	}
	return reader;
}

/* Closes what is to be closed. True if that was something: the lock was not held meanwhile. */
static bool flush_locked(struct walk *walk, struct walk_closing *closing)
{
	if (!closing->count)
		return false;
	walk_unlock(walk);
	closing_flush(walk, closing);
	pthread_mutex_lock(&walk->shared.lock);
	return true;
}

/* Thread body: takes work until there never will be any. */
static void *reader_run(void *arg)
{
	struct walk_reader *reader = arg;
	struct walk *walk = reader->walk;

	pthread_mutex_lock(&walk->shared.lock);
	while (!atomic_load(&walk->is_stopped) && !TAILQ_EMPTY(&walk->shared.pending)) {
		struct walk_dir *dir = order_take_locked(walk, &reader->closing);

		if (dir) {
			order_wake_locked(walk); /* there may be more than this one can do */
			work_run_locked(reader, dir);
			continue;
		}
		if (flush_locked(walk, &reader->closing))
			continue;
		order_wake_consumer_locked(walk);
		walk->shared.idle_count++;
		walk_wait_locked(walk, &walk->shared.work, NULL);
		walk->shared.idle_count--;
	}
	order_wake_consumer_locked(walk);
	walk_unlock(walk);
	reader_free(reader);
	return NULL;
}

/* As many as can be had: the walk goes on with any number, even none. */
static enum muster_code readers_start(struct walk *walk, unsigned count, struct muster_error *err)
{
	sigset_t all, before;

	walk->threads = calloc(count, sizeof(*walk->threads));
	if (!walk->threads)
		return muster_fail_memory(err, "the threads of a walk");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's threads */
	for (unsigned i = 0; i < count; i++) {
		struct walk_reader *reader = reader_new(walk);

		if (!reader) {
			pthread_sigmask(SIG_SETMASK, &before, NULL);
			return muster_fail_memory(err, "a reader of a walk");
		}
		if (pthread_create(&walk->threads[walk->thread_count], NULL, reader_run, reader)) {
			reader_free(reader);
			break;
		}
		walk->thread_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return MUSTER_OK;
}

/* --- opening ---------------------------------------------------------------------------- */

static unsigned fd_max_default(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / FD_SHARE > FD_MOST)
		return FD_MOST;
	if (limit.rlim_cur / FD_SHARE < FD_LEAST)
		return FD_LEAST;
	return (unsigned)(limit.rlim_cur / FD_SHARE);
}

static void walk_configure(struct walk *walk, const struct walk_options *options,
			   const struct walk_tuning *tuning)
{
	walk->calls = tuning->calls ? tuning->calls : walk_calls_system();
	walk->wanted = options->wanted;
	walk->wanted_state = options->wanted_state;
	walk->one_file_system = options->one_file_system;
	walk->types_only = options->types_only;
	walk->ahead_entry_max =
		options->ahead_entry_max ? options->ahead_entry_max : AHEAD_ENTRIES_MAX;
	walk->names_limits = (struct names_limits){
		.count_max = tuning->sort_max ? tuning->sort_max : WALK_SORT_MAX,
		.bytes_max = tuning->names_max_bytes	? tuning->names_max_bytes
			     : options->names_max_bytes ? options->names_max_bytes
							: WALK_NAMES_MAX_BYTES,
		.spill_memory_bytes = tuning->spill_memory_bytes,
	};
	walk->shared.fd_max = tuning->fd_max ? tuning->fd_max : fd_max_default();
}

static char *text_copy(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = malloc(len);

	return copy ? memcpy(copy, text, len) : NULL;
}

static enum muster_code root_open(struct walk *walk, const char *root, struct muster_error *err)
{
	struct statx stx;

	walk->root_fd = walk->calls->openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (walk->root_fd < 0) {
		enum muster_code code = muster_fail_errno(err, "open directory '%s'", root);

		if (err && (errno == ENOENT || errno == ENOTDIR))
			err->code = MUSTER_E_NAME;
		return errno == ENOENT || errno == ENOTDIR ? MUSTER_E_NAME : code;
	}
	if (!walk->one_file_system)
		return MUSTER_OK;
	if (walk->calls->statx(walk->root_fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx))
		return muster_fail_errno(err, "stat directory '%s'", root);
	walk->root_device = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	return MUSTER_OK;
}

/* The list begins with the root alone. */
static enum muster_code root_put(struct walk *walk, struct muster_error *err)
{
	struct walk_dir *dir;
	enum muster_code code = dir_new(&dir, walk, NULL, view_of("", 0), false, err);

	if (code)
		return code;
	dir->fd = walk->root_fd;
	dir->use_count = 1; /* always: all paths start here */
	atomic_store(&walk->open_fd_count, 1);
	TAILQ_INSERT_TAIL(&walk->shared.order, &dir->item, order);
	TAILQ_INSERT_TAIL(&walk->shared.pending, dir, pending);
	return MUSTER_OK;
}

static void walk_destroy(struct walk *walk)
{
	pthread_cond_destroy(&walk->shared.ready);
	pthread_cond_destroy(&walk->shared.work);
	pthread_mutex_destroy(&walk->shared.lock);
	free(walk->spill_dir);
	free(walk);
}

static struct walk *walk_alloc(void)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	if (!walk)
		return NULL;
	walk->root_fd = -1;
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_ADAPTIVE_NP); /* it is held briefly */
	pthread_condattr_init(&cond);
	pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
	pthread_mutex_init(&walk->shared.lock, &mutex);
	pthread_cond_init(&walk->shared.work, NULL);
	pthread_cond_init(&walk->shared.ready, &cond);
	pthread_condattr_destroy(&cond);
	pthread_mutexattr_destroy(&mutex);
	TAILQ_INIT(&walk->shared.order);
	TAILQ_INIT(&walk->shared.pending);
	return walk;
}

enum muster_code walk_open_tuned(struct walk **out, const char *root,
				 const struct walk_options *options,
				 const struct walk_tuning *tuning, struct muster_error *err)
{
	unsigned thread_count = options->thread_count ? options->thread_count : THREAD_DEFAULT;
	struct walk *walk = walk_alloc();
	enum muster_code code;

	*out = NULL;
	if (!walk)
		return muster_fail_memory(err, "a walk");
	walk_configure(walk, options, tuning);
	walk->reader = reader_new(walk);
	if (options->spill_dir)
		walk->spill_dir = text_copy(options->spill_dir);
	walk->names_limits.spill_dir = walk->spill_dir;
	if (!walk->reader || (options->spill_dir && !walk->spill_dir))
		code = muster_fail_memory(err, "a walk");
	else
		code = root_open(walk, root, err);
	if (!code)
		code = root_put(walk, err);
	if (code && walk->root_fd >= 0)
		walk->calls->close(walk->root_fd);
	if (!code)
		code = readers_start(
			walk, thread_count < WALK_THREAD_MAX ? thread_count : WALK_THREAD_MAX, err);
	if (code)
		walk_close(walk);
	else
		*out = walk;
	return code;
}

enum muster_code walk_open(struct walk **out, const char *root, const struct walk_options *options,
			   struct muster_error *err)
{
	static const struct walk_options default_options;
	static const struct walk_tuning no_tuning;

	return walk_open_tuned(out, root, options ? options : &default_options, &no_tuning, err);
}

/* --- batches ---------------------------------------------------------------------------- */

/* Enough room for readers to go on for a while: being woken for each little bit is dear. */
static bool is_worth_resuming(const struct walk *walk)
{
	size_t entry_max = walk->ahead_entry_max;
	unsigned fd_max = walk->shared.fd_max;

	return walk->shared.held_entry_count <= entry_max - entry_max / 8 &&
	       atomic_load(&walk->open_fd_count) <= fd_max - fd_max / 8;
}

/* Takes the chunk at the head off the list; its directory is in use from now on. */
static void chunk_give_locked(struct walk *walk, struct walk_chunk *chunk)
{
	order_remove_chunk_locked(chunk);
	walk->shared.given_count++;
	if (chunk->dir) {
		chunk->dir->use_count++;
		if (chunk->dir->fd < 0)
			fd_reserve_locked(walk, &walk->reader->closing);
		chunk->batch.dir_fd = chunk->dir->fd;
	}
	if (is_worth_resuming(walk))
		order_wake_locked(walk);
}

/* The directory was closed meanwhile, for want of descriptors. MUSTER_ABSENT: it is gone, and
 * the batch with it. */
static enum muster_code chunk_reopen(struct walk *walk, struct walk_chunk *chunk,
				     struct muster_error *err)
{
	struct walk_closing *closing = &walk->reader->closing;
	struct muster_error error = { 0 };
	int fd = dir_open(walk->reader, chunk->dir, -1);
	int cause = errno;

	if (fd < 0)
		muster_fail_errno(&error, "open directory '" PATH_SHOWN "'", dir_shown(chunk->dir));
	pthread_mutex_lock(&walk->shared.lock);
	if (fd >= 0)
		dir_put_fd_locked(chunk->dir, fd, closing);
	else
		atomic_fetch_sub(&walk->open_fd_count, 1);
	chunk->batch.dir_fd = chunk->dir->fd;
	walk_unlock(walk);
	closing_flush(walk, closing);
	if (chunk->batch.dir_fd >= 0)
		return MUSTER_OK;
	if (cause != ENOENT && cause != ENOTDIR && cause != ELOOP)
		return chunk_fail(chunk, &error, err);
	atomic_fetch_add_explicit(&walk->counts.vanished, chunk->batch.entry_count,
				  memory_order_relaxed);
	return MUSTER_ABSENT;
}

static enum muster_code chunk_make_ready(struct walk *walk, struct walk_chunk *chunk,
					 struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (chunk->dir && chunk->batch.dir_fd < 0)
		code = chunk_reopen(walk, chunk, err);
	if (code)
		walk_batch_free(&chunk->batch);
	else
		chunk->batch.sequence = walk->next_sequence++;
	return code;
}

/* Waits until the head has changed. Patient for a while, so that it is woken once for much. */
static void consumer_wait_locked(struct walk *walk)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WALK_PATIENCE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	walk->shared.is_consumer_waiting = walk->shared.is_consumer_patient = true;
	walk_wait_locked(walk, &walk->shared.ready, &until);
	walk->shared.is_consumer_patient = false;
	if (!order_head_is_actionable_locked(walk)) {
		walk->shared.is_consumer_waiting = true;
		walk_wait_locked(walk, &walk->shared.ready, NULL);
	}
	walk->shared.is_consumer_waiting = false;
}

/* One step towards the next batch, with the lock held. */
static enum muster_code next_step_locked(struct walk *walk, struct walk_chunk **out,
					 struct muster_error *err)
{
	struct walk_item *head = TAILQ_FIRST(&walk->shared.order);
	struct walk_dir *dir;

	*out = NULL;
	if (walk->shared.failure.code) {
		if (err)
			*err = walk->shared.failure;
		return walk->shared.failure.code;
	}
	if (!head)
		return MUSTER_END;
	if (head->state == ITEM_READY) { /* a chunk */
		*out = (struct walk_chunk *)(void *)head;
		chunk_give_locked(walk, *out);
		return MUSTER_OK;
	}
	dir = order_head_is_actionable_locked(walk)
		      ? order_take_locked(walk, &walk->reader->closing)
		      : NULL;
	if (dir) {
		work_run_locked(walk->reader, dir);
		return MUSTER_OK;
	}
	if (flush_locked(walk, &walk->reader->closing))
		return MUSTER_OK;
	consumer_wait_locked(walk);
	return MUSTER_OK;
}

enum muster_code walk_next(struct walk *walk, struct walk_batch **out, struct muster_error *err)
{
	struct walk_chunk *chunk;
	enum muster_code code;

	*out = NULL;
	do {
		pthread_mutex_lock(&walk->shared.lock);
		do
			code = next_step_locked(walk, &chunk, err);
		while (!code && !chunk);
		walk_unlock(walk);
		closing_flush(walk, &walk->reader->closing);
		if (!code)
			code = chunk_make_ready(walk, chunk, err);
	} while (code == MUSTER_ABSENT);
	if (!code)
		*out = &chunk->batch;
	return code;
}

/* A chunk that is in no list any more. */
static void chunk_release_locked(struct walk_chunk *chunk, struct walk_closing *closing)
{
	if (chunk->dir) {
		dir_settle_locked(chunk->dir, closing);
		dir_unref_locked(chunk->dir, closing);
	}
	chunk_free(chunk);
}

/* The caller's last touch of the walk, under the lock: another thread may then destroy it. */
static void walk_leave_locked(struct walk *walk)
{
	bool is_last = walk->shared.is_closed && !walk->shared.given_count;

	pthread_mutex_unlock(&walk->shared.lock);
	if (is_last)
		walk_destroy(walk);
}

void walk_batch_free(struct walk_batch *batch)
{
	struct walk_closing closing = { 0 };
	struct walk_chunk *chunk;
	struct walk *walk;

	if (!batch)
		return;
	chunk = chunk_of(batch);
	walk = chunk->walk;
	pthread_mutex_lock(&walk->shared.lock);
	if (chunk->dir)
		chunk->dir->use_count--;
	chunk_release_locked(chunk, &closing);
	flush_locked(walk, &closing);
	walk->shared.given_count--;
	walk_leave_locked(walk);
}

void walk_batch_leave(struct walk_batch *batch)
{
	struct walk_closing closing = { 0 };
	struct walk_chunk *chunk = chunk_of(batch);
	struct walk *walk = chunk->walk;

	pthread_mutex_lock(&walk->shared.lock);
	if (chunk->dir) {
		chunk->dir->use_count--;
		dir_settle_locked(chunk->dir, &closing);
		dir_unref_locked(chunk->dir, &closing);
		chunk->dir = NULL;
	}
	batch->dir_fd = -1;
	flush_locked(walk, &closing);
	walk_leave_locked(walk);
}

/* --- the rest --------------------------------------------------------------------------- */

static uint64_t counted(const atomic_uint_least64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

struct walk_counts walk_counted(const struct walk *walk)
{
	return (struct walk_counts){
		.file_count = counted(&walk->counts.files),
		.directory_count = counted(&walk->counts.directories),
		.special_count = counted(&walk->counts.specials),
		.error_count = counted(&walk->counts.errors),
		.vanished_count = counted(&walk->counts.vanished),
		.other_device_count = counted(&walk->counts.foreign),
	};
}

static void readers_join(struct walk *walk)
{
	atomic_store(&walk->is_stopped, true);
	pthread_mutex_lock(&walk->shared.lock);
	pthread_cond_broadcast(&walk->shared.work);
	walk_unlock(walk);
	for (unsigned i = 0; i < walk->thread_count; i++)
		pthread_join(walk->threads[i], NULL);
	free(walk->threads);
}

static void items_free_locked(struct walk *walk, struct walk_closing *closing)
{
	struct walk_item *item;

	while ((item = TAILQ_FIRST(&walk->shared.order))) {
		struct walk_chunk *chunk = (struct walk_chunk *)(void *)item;

		if (item->kind == ITEM_DIR) {
			order_remove_dir_locked((struct walk_dir *)(void *)item, closing);
			continue;
		}
		order_remove_chunk_locked(chunk);
		chunk_release_locked(chunk, closing);
	}
}

void walk_close(struct walk *walk)
{
	struct walk_closing closing = { 0 };

	if (!walk)
		return;
	readers_join(walk);
	reader_free(walk->reader);
	pthread_mutex_lock(&walk->shared.lock);
	items_free_locked(walk, &closing);
	flush_locked(walk, &closing);
	walk->shared.is_closed = true;
	walk_leave_locked(walk);
}
