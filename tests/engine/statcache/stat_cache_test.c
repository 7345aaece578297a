#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/statcache/stat_cache.h"

static const uint8_t repository[16] = { 1 };

struct place {
	char cache[64], tree[64];
};

static struct place make_place(void)
{
	struct place place = { "/tmp/muster-test-cache-XXXXXX", "/tmp/muster-test-tree-XXXXXX" };

	assert_non_null(mkdtemp(place.cache));
	assert_non_null(mkdtemp(place.tree));
	return place;
}

static void remove_place(const struct place *place)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s' '%s'", place->cache, place->tree);
	assert_int_equal(system(command), 0);
}

static struct stat_record record(const char *path, uint64_t size)
{
	return (struct stat_record){ .path = view_text(path),
				     .size_bytes = size,
				     .is_trusted = true,
				     .algorithm = DIGEST_MD5 };
}

static struct stat_cache *open_cache(const struct place *place)
{
	struct muster_error err = { 0 };
	struct stat_cache *cache;
	enum muster_code code =
		stat_cache_open(&cache, place->cache, place->tree, NULL, NULL, &err);

	if (code)
		print_message("%s\n", err.message);
	assert_int_equal(code, MUSTER_OK);
	return cache;
}

/* One put: `paths` in order with this size, `late` in any order. */
static void put(const struct place *place, uint8_t session, const char *const *paths,
		const char *const *late, uint64_t size, bool finishes)
{
	uint8_t id[16] = { session };
	struct stat_cache *cache = open_cache(place);
	struct stat_journal *journal;

	assert_int_equal(stat_journal_open(&journal, cache, repository, id, NULL), MUSTER_OK);
	for (; paths && *paths; paths++) {
		struct stat_record one = record(*paths, size);

		assert_int_equal(stat_journal_add(journal, &one, NULL), MUSTER_OK);
	}
	for (; late && *late; late++) {
		struct stat_record one = record(*late, size);

		assert_int_equal(stat_journal_add_late(journal, &one, NULL), MUSTER_OK);
	}
	if (finishes)
		assert_int_equal(stat_journal_finish(journal, NULL), MUSTER_OK);
	stat_journal_close(journal);
	stat_cache_close(cache);
}

static void assert_sizes(const struct place *place, const char *const *paths, const int64_t *sizes)
{
	struct stat_cache *cache = open_cache(place);

	for (size_t i = 0; paths[i]; i++) {
		const struct stat_record *found = stat_cache_find(cache, view_text(paths[i]));

		if (sizes[i] < 0)
			assert_null(found);
		else
			assert_int_equal(found->size_bytes, sizes[i]);
	}
	stat_cache_close(cache);
}

static const char *const abc[] = { "a", "b", "c", NULL };
static const char *const b_only[] = { "b", NULL };
static const char *const late[] = { "z", "d", "m", NULL };
static const char *const asked[] = { "a", "aa", "b", "c", "d", "m", "z", NULL };

static void the_newest_run_of_a_path_counts(void **state)
{
	struct place place = make_place();

	(void)state;
	put(&place, 1, abc, NULL, 10, true);
	put(&place, 2, b_only, late, 20, true);
	assert_sizes(&place, asked, (int64_t[]){ 10, -1, 20, 10, 20, 20, 20 });
	remove_place(&place);
}

static void many_runs_are_merged_and_still_right(void **state)
{
	struct place place = make_place();
	unsigned files = 0;
	char command[160];
	FILE *pipe;

	(void)state;
	put(&place, 1, abc, late, 1, true);
	for (uint8_t i = 2; i < 40; i++)
		put(&place, i, b_only, NULL, i, true);
	assert_sizes(&place, asked, (int64_t[]){ 1, -1, 39, 1, 1, 1, 1 });
	snprintf(command, sizeof(command), "find '%s' -name '*.stat' | wc -l", place.cache);
	pipe = popen(command, "r");
	assert_int_equal(fscanf(pipe, "%u", &files), 1);
	pclose(pipe);
	assert_in_range(files, 1, STAT_CACHE_RUNS_MAX);
	remove_place(&place);
}

struct dead {
	unsigned count;
	uint8_t session;
};

static enum muster_code note_dead(void *state, const uint8_t repository_id[16],
				  const uint8_t session[16], struct muster_error *err)
{
	struct dead *dead = state;

	(void)err;
	assert_memory_equal(repository_id, repository, 16);
	dead->session = session[0];
	dead->count++;
	return MUSTER_OK;
}

static void what_a_killed_put_learnt_is_found_and_its_session_named(void **state)
{
	struct place place = make_place();
	uint8_t session[16] = { 7 };
	struct stat_cache *cache;
	struct dead dead = { 0 };
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		put(&place, 7, abc, late, 10, false);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	for (int round = 0; round < 2; round++) { /* said until it is forgotten */
		dead.count = 0;
		assert_int_equal(
			stat_cache_open(&cache, place.cache, place.tree, note_dead, &dead, NULL),
			MUSTER_OK);
		assert_int_equal(dead.count, 1);
		assert_int_equal(dead.session, 7);
		assert_non_null(stat_cache_find(cache, view_text("b")));
		if (round == 1)
			stat_cache_forget_dead(cache, repository, session);
		stat_cache_close(cache);
	}
	dead.count = 0;
	assert_int_equal(stat_cache_open(&cache, place.cache, place.tree, note_dead, &dead, NULL),
			 MUSTER_OK);
	assert_int_equal(dead.count, 0);
	stat_cache_close(cache);
	assert_sizes(&place, asked, (int64_t[]){ 10, -1, 10, 10, 10, 10, 10 });
	remove_place(&place);
}

static void a_live_journal_is_left_alone(void **state)
{
	struct place place = make_place();
	uint8_t id[16] = { 3 };
	struct stat_cache *cache = open_cache(&place);
	struct stat_record one = record("x", 1);
	struct stat_journal *journal;

	(void)state;
	assert_int_equal(stat_journal_open(&journal, cache, repository, id, NULL), MUSTER_OK);
	assert_int_equal(stat_journal_add(journal, &one, NULL), MUSTER_OK);
	put(&place, 4, abc, NULL, 5, true); /* opens the cache meanwhile */
	assert_int_equal(stat_journal_finish(journal, NULL), MUSTER_OK);
	stat_journal_close(journal);
	stat_cache_close(cache);
	assert_sizes(&place, (const char *[]){ "a", "x", NULL }, (int64_t[]){ 5, 1 });
	remove_place(&place);
}

static void damage_costs_time_only(void **state)
{
	struct place place = make_place();
	char command[200];
	struct stat_cache *cache;

	(void)state;
	put(&place, 1, abc, NULL, 10, true);
	snprintf(command, sizeof(command),
		 "for f in %s/trees/*/*.stat; do printf 'XX' | dd of=$f bs=1 seek=40 conv=notrunc "
		 "2>/dev/null; done",
		 place.cache);
	assert_int_equal(system(command), 0);
	cache = open_cache(&place);
	assert_null(stat_cache_find(cache, view_text("b")));
	stat_cache_close(cache);
	remove_place(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_run_of_a_path_counts),
		cmocka_unit_test(many_runs_are_merged_and_still_right),
		cmocka_unit_test(what_a_killed_put_learnt_is_found_and_its_session_named),
		cmocka_unit_test(a_live_journal_is_left_alone),
		cmocka_unit_test(damage_costs_time_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
