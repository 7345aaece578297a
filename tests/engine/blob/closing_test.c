/* How packs end on a store whose finish waits for a server: side by side, in any order, and what
 * is named by an index is durable all the same. */
#include "tests/engine/blob/lab.h"

#define AT_ONCE 4

/* A store in memory whose finishes wait for the test. */
struct waiting {
	struct store_ops ops;
	const struct store_ops *inner;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_open; /* finishes of packs go on */
	unsigned waits, waited_max, begun;
	unsigned fail_at; /* this finish of a pack fails; 0: none */
	unsigned hold_at; /* only this one waits; 0: all */
};

static struct waiting waiting;

static enum muster_code wait_and_finish(struct store_writer *writer, struct muster_error *err)
{
	struct waiting *w = &waiting;
	enum muster_code code = MUSTER_OK;
	unsigned number;

	pthread_mutex_lock(&w->lock);
	number = ++w->begun;
	if (++w->waits > w->waited_max)
		w->waited_max = w->waits;
	pthread_cond_broadcast(&w->changed);
	while (!w->is_open && (!w->hold_at || w->hold_at == number))
		pthread_cond_wait(&w->changed, &w->lock);
	w->waits--;
	if (number == w->fail_at)
		code = muster_fail(err, MUSTER_E_IO, "the server is gone");
	pthread_mutex_unlock(&w->lock);
	if (!code)
		return w->inner->write_finish(writer, err);
	w->inner->write_abort(writer);
	return code;
}

static struct store *waiting_store(void)
{
	struct store *store;

	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	waiting = (struct waiting){ .ops = *store->ops, .inner = store->ops };
	pthread_mutex_init(&waiting.lock, NULL);
	pthread_cond_init(&waiting.changed, NULL);
	waiting.ops.write_finish = wait_and_finish;
	waiting.ops.finish_max = AT_ONCE;
	store->ops = &waiting.ops;
	return store;
}

static void await_waits(unsigned count)
{
	pthread_mutex_lock(&waiting.lock);
	while (waiting.waits < count)
		pthread_cond_wait(&waiting.changed, &waiting.lock);
	pthread_mutex_unlock(&waiting.lock);
}

static void let_go(void)
{
	pthread_mutex_lock(&waiting.lock);
	waiting.is_open = true;
	pthread_cond_broadcast(&waiting.changed);
	pthread_mutex_unlock(&waiting.lock);
}

/* Packs of 100 blobs each, numbered from 0. */
static void put_packs(struct blob_set *set, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		put_range(set, i * 100, (i + 1) * 100);
}

static bool is_indexed(struct store *store, uint32_t n)
{
	struct index_set *index;
	struct placement place;
	char buffer[512];
	struct blob_key key = key_of(content(n, buffer));
	enum muster_code code;

	assert_int_equal(index_set_open(&index, store, repository, NULL), MUSTER_OK);
	code = index_set_find(index, &key, &place, NULL);
	index_set_close(index);
	assert_true(code == MUSTER_OK || code == MUSTER_ABSENT);
	return code == MUSTER_OK;
}

static void packs_end_side_by_side_where_a_store_waits(void **state)
{
	struct store *store = waiting_store();
	struct blob_set *set = open_set(store, 0);

	(void)state;
	put_packs(set, 0, AT_ONCE);
	await_waits(AT_ONCE); /* all of them, and none has ended */
	let_go();
	put_packs(set, AT_ONCE, 20);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	assert_int_equal(waiting.waited_max, AT_ONCE);
	assert_int_equal(blob_set_counts(set).pack_count, 20);
	blob_set_close(set);
	read_range(store, 0, 2000);
	store_free(store);
}

/* A disk writes one after the other. */
static void packs_end_one_by_one_where_it_does_not(void **state)
{
	struct store *store = waiting_store();
	struct blob_set *set;

	(void)state;
	waiting.ops.finish_max = 0;
	set = open_set(store, 0);
	put_packs(set, 0, 2);
	await_waits(1);
	let_go();
	put_packs(set, 2, 10);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	assert_int_equal(waiting.waited_max, 1);
	blob_set_close(set);
	store_free(store);
}

/* The table is full while one pack has not ended: an index names the others. */
static void an_index_names_only_what_has_ended(void **state)
{
	struct store *store = waiting_store();
	struct blob_set *set;

	(void)state;
	waiting.hold_at = 1;
	set = open_set(store, 1); /* the smallest table: 1,024 records, packs of 16 blobs */
	put_range(set, 0, 16);
	await_waits(1);
	put_range(set, 16, 1200);
	assert_true(blob_set_counts(set).index_count > 0);
	assert_true(is_indexed(store, 500));
	for (uint32_t n = 0; n < 16; n++)
		assert_false(is_indexed(store, n));
	let_go();
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
	read_range(store, 0, 1200);
	store_free(store);
}

static void one_that_fails_fails_the_run_whatever_the_others_do(void **state)
{
	struct muster_error err = { 0 };
	struct store *store = waiting_store();
	struct blob_set *set = open_set(store, 0);

	(void)state;
	waiting.fail_at = 2;
	put_packs(set, 0, AT_ONCE);
	await_waits(AT_ONCE);
	let_go();
	assert_int_equal(blob_set_finish(set, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "the server is gone"));
	assert_int_equal(put_blobs(set, 9000, 9100, &err), MUSTER_E_IO); /* and no more is taken */
	assert_int_equal(blob_set_counts(set).index_count, 0);
	blob_set_close(set);
	for (uint32_t i = 0; i < AT_ONCE; i++)
		assert_false(is_indexed(store, i * 100));
	store_free(store);
}

static void *open_later(void *arg)
{
	(void)arg;
	await_waits(AT_ONCE);
	let_go();
	return NULL;
}

/* As of a run that was cancelled: what was on its way has ended, and is left to gc. */
static void a_set_that_closes_waits_for_what_is_on_its_way(void **state)
{
	struct store *store = waiting_store();
	struct blob_set *set = open_set(store, 0);
	pthread_t opener;

	(void)state;
	put_packs(set, 0, AT_ONCE + 1);
	assert_int_equal(pthread_create(&opener, NULL, open_later, NULL), 0);
	blob_set_close(set);
	assert_int_equal(pthread_join(opener, NULL), 0);
	assert_int_equal(waiting.begun, AT_ONCE + 1);
	assert_int_equal(waiting.waits, 0);
	assert_false(is_indexed(store, 0));
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_end_side_by_side_where_a_store_waits),
		cmocka_unit_test(packs_end_one_by_one_where_it_does_not),
		cmocka_unit_test(an_index_names_only_what_has_ended),
		cmocka_unit_test(one_that_fails_fails_the_run_whatever_the_others_do),
		cmocka_unit_test(a_set_that_closes_waits_for_what_is_on_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
