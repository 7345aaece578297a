#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/engine/get/checkout.h"
#include "tests/support/torture.h"

/* --- random trees ----------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13, *random ^= *random >> 17, *random ^= *random << 5;
	return *random;
}

static const char *const names[] = { "a", "b/a",   "b/b", "b/c/a", "b-c", "c/d/e/f",
				     "d", "d.x/y", "e",	  "e/x",   "f/a", "f/b" };
#define NAMES (sizeof(names) / sizeof(names[0]))
static const char *const texts[] = { "one", "two", "six", "three" };

/* Which text every name has; -1: none. */
struct model {
	int text[NAMES];
};

/* "e" is a file or a directory. */
static void settle_clash(struct model *model)
{
	if (model->text[8] >= 0)
		model->text[9] = -1;
}

static struct model random_model(uint32_t *random)
{
	struct model model;

	for (size_t i = 0; i < NAMES; i++)
		model.text[i] = next_random(random) % 3 == 0 ? -1 : (int)(next_random(random) % 4);
	settle_clash(&model);
	return model;
}

static size_t model_specs(const struct model *model, struct spec *specs)
{
	size_t count = 0;

	for (size_t i = 0; i < NAMES; i++)
		if (model->text[i] >= 0)
			specs[count++] = (struct spec){ names[i], texts[model->text[i]], 0, NULL };
	return count;
}

static bool same_text(int a, int b)
{
	return a == b;
}

/* What the rules say of a tree `now`, which a checkout left as `left`, against `wanted`. */
static bool is_refused(const struct model *left, const struct model *now,
		       const struct model *wanted, bool delete_others, bool overwrite)
{
	for (size_t i = 0; i < NAMES; i++) {
		bool is_ours = now->text[i] >= 0 && same_text(now->text[i], left->text[i]);

		if (now->text[i] < 0 || same_text(now->text[i], wanted->text[i]) || is_ours)
			continue;
		if (wanted->text[i] >= 0 ? !overwrite : !delete_others)
			return true;
	}
	return false;
}

static void change_tree(const char *tree, struct model *now, uint32_t *random)
{
	struct model before = *now;

	for (size_t i = 0; i < NAMES; i++)
		if (next_random(random) % 4 == 0)
			now->text[i] =
				next_random(random) % 4 == 0 ? -1 : (int)(next_random(random) % 4);
	settle_clash(now);
	for (size_t i = 0; i < NAMES; i++)
		if (now->text[i] != before.text[i] && before.text[i] >= 0)
			place_run("rm %s/%s", tree, names[i]);
	if (now->text[8] >= 0)
		place_run("cd %s; [ ! -d e ] || rmdir e", tree);
	for (size_t i = 0; i < NAMES; i++)
		if (now->text[i] != before.text[i] && now->text[i] >= 0)
			place_write(tree, names[i], texts[now->text[i]]);
}

static void any_tree_becomes_the_version_or_stays_as_it_was(void **state)
{
	struct both *both = *state;
	const char *tree = both->place->tree;
	struct spec specs[NAMES];
	struct model left, now, wanted;
	uint32_t random = 2463534242u;
	unsigned refused = 0;
	struct version version;
	size_t count;

	left = now = random_model(&random);
	count = model_specs(&left, specs);
	version = place_version(both->place, specs, count);
	checkout(both, &version,
		 &(struct muster_checkout_options){ .job = { .worker_count = 2 },
						    .directory = tree },
		 MUSTER_OK, NULL);
	for (int round = 0; round < 80; round++) {
		struct muster_checkout_options options = options_of(both);
		bool is_expected;
		char *before, *after;

		if (next_random(&random) % 3 == 0)
			change_tree(tree, &now, &random);
		wanted = random_model(&random);
		count = model_specs(&wanted, specs);
		version = place_version(both->place, specs, count);
		options.delete_others = next_random(&random) % 2;
		options.overwrite = next_random(&random) % 2;
		is_expected =
			is_refused(&left, &now, &wanted, options.delete_others, options.overwrite);
		before = snapshot(tree);
		checkout(both, &version, &options, is_expected ? MUSTER_E_REFUSED : MUSTER_OK,
			 NULL);
		after = snapshot(tree);
		if (is_expected) {
			assert_string_equal(before, after);
			refused++;
		} else {
			assert_tree(tree, specs, count);
			left = now = wanted;
		}
		free(before);
		free(after);
	}
	assert_in_range(refused, 5, 75); /* both were met */
}

/* --- cancelling, faults ------------------------------------------------------------------ */

struct canceller {
	struct muster_progress progress;
	atomic_int left;
};

static bool cancel_after_some(const void *state, const char *path, uint64_t path_bytes,
			      bool is_directory)
{
	struct canceller *canceller = *(struct canceller *const *)state;

	(void)path;
	(void)path_bytes;
	(void)is_directory;
	if (atomic_fetch_sub(&canceller->left, 1) == 1)
		atomic_store(&canceller->progress.cancel, true);
	return true;
}

/* Wherever it is cancelled, the same command continues. */
static void an_interrupted_checkout_continues(void **state)
{
	unsigned cancelled = 0;

	for (int at = 1; at < 200; at++) {
		struct both *both = *state;
		struct muster_checkout_options options = options_of(both);
		struct canceller canceller = { .left = at }, *pointer = &canceller;
		struct get_start start = place_start(both->place, &both->second);
		struct muster_get_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		checkout_first(both);
		options.job.progress = &canceller.progress;
		options.rules.wanted = cancel_after_some;
		options.rules.state = &pointer;
		code = checkout_run_with(&start, &options, &report, &err);
		assert_true(code == MUSTER_OK || code == MUSTER_E_CANCELLED);
		cancelled += code == MUSTER_E_CANCELLED;
		options = options_of(both);
		checkout(both, &both->second, &options, MUSTER_OK, NULL);
		assert_tree(both->place->tree, second, SECOND);
		checkout_first(both);
		if (code == MUSTER_OK && atomic_load(&canceller.left) > 0)
			break;
	}
	assert_true(cancelled > 10);
}

/* Whatever call fails, no file is half of anything; what is known of it stays true. */
static void a_failing_system_call_loses_nothing(void **state)
{
	for (uint64_t n = 1; n < 1000; n += TORTURE_STEP) {
		struct both *both = *state;
		struct get_start start = place_start(both->place, &both->second);
		struct muster_checkout_options options = options_of(both);
		struct muster_get_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		checkout_first(both);
		options.job.worker_count = 1;
		start.sys = &both->place->sys.ops;
		sys_fault_arm(&both->place->sys, n, n % 2 ? EIO : ENOSPC);
		code = checkout_run_with(&start, &options, &report, &err);
		if (!atomic_load(&both->place->sys.hit)) {
			assert_int_equal(code, MUSTER_OK);
			assert_true(n > 20);
			return;
		}
		/* A file that could not be read is taken for changed. */
		assert_true(code == MUSTER_OK || code == MUSTER_E_ITEMS || code == MUSTER_E_IO ||
			    code == MUSTER_E_REFUSED);
		for (size_t i = 0; i < SECOND; i++) {
			struct stat st;
			char full[4200];

			place_path(both->place->tree, second[i].path, full);
			if (lstat(full, &st) == 0 && second[i].size)
				assert_true((uint64_t)st.st_size == first[4].size ||
					    (uint64_t)st.st_size == second[2].size);
		}
		options = options_of(both);
		checkout(both, &both->second, &options, MUSTER_OK, NULL);
		assert_tree(both->place->tree, second, SECOND);
	}
	fail_msg("the calls never end");
}

int main(void)
{
#define PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)
	const struct CMUnitTest tests[] = {
		PLACE(any_tree_becomes_the_version_or_stays_as_it_was),
		PLACE(an_interrupted_checkout_continues),
		PLACE(a_failing_system_call_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
