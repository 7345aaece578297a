#include "tests/io/tree/faults.h"

#include <pthread.h>

struct workers {
	pthread_mutex_t turn;
	struct walk *walk;
	atomic_ullong file_count, next_sequence;
};

/* Takes a batch in its turn, and works on it and frees it out of turn. */
static void *worker_run(void *arg)
{
	struct workers *workers = arg;
	struct walk_batch *batch;
	enum muster_code code;
	struct stat st;

	do {
		pthread_mutex_lock(&workers->turn);
		code = walk_next(workers->walk, &batch, NULL);
		if (!code)
			assert_int_equal(batch->sequence,
					 atomic_fetch_add(&workers->next_sequence, 1));
		pthread_mutex_unlock(&workers->turn);
		for (size_t i = 0; !code && i < batch->entry_count; i++) {
			const struct walk_entry *entry = &batch->entries[i];

			if (!entry->error && !fstatat(batch->dir_fd, entry->name, &st, 0) &&
			    st.st_ino == entry->stat.inode)
				atomic_fetch_add(&workers->file_count, 1);
		}
		walk_batch_free(batch);
	} while (!code);
	return NULL;
}

static void workers_may_take_turns(void **state)
{
	struct walk_tuning tuning = { .fd_max = 5 };
	struct walk_options options = { .thread_count = 2, .ahead_entry_max = 1000 };
	struct workers workers = { .turn = PTHREAD_MUTEX_INITIALIZER };
	pthread_t threads[4];

	(void)state;
	make_tree(100, 20);
	assert_int_equal(walk_open_tuned(&workers.walk, tree_root, &options, &tuning, NULL),
			 MUSTER_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker_run, &workers), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	walk_close(workers.walk);
	assert_int_equal(atomic_load(&workers.file_count), 2000 + 20 + 4);
}

static void *free_slowly(void *arg)
{
	struct walk_batch **batches = arg;

	for (size_t i = 0; i < 20; i++)
		walk_batch_free(batches[i]);
	return NULL;
}

static void batches_may_be_freed_while_the_walk_is_closed(void **state)
{
	(void)state;
	make_tree(20, 2);
	for (unsigned round = 0; round < 50; round++) {
		struct walk_batch *batches[20];
		struct walk *walk;
		pthread_t thread;

		assert_int_equal(walk_open(&walk, tree_root, NULL, NULL), MUSTER_OK);
		for (size_t i = 0; i < 20; i++)
			assert_int_equal(walk_next(walk, &batches[i], NULL), MUSTER_OK);
		assert_int_equal(pthread_create(&thread, NULL, free_slowly, batches), 0);
		walk_close(walk);
		pthread_join(thread, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(workers_may_take_turns),
		FAULT_TEST(batches_may_be_freed_while_the_walk_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
