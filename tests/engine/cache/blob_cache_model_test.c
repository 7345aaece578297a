/* Random runs against a model: what a cache gives was put, and stays until room is needed. */
#include "tests/engine/cache/lab.h"
#include "tests/support/torture.h"

#define BLOBS 60
#define STEPS TORTURE_SHARE(400)

struct model {
	struct lab *lab;
	bool was_put[BLOBS];   /* ever: nothing else may be found */
	bool must_have[BLOBS]; /* put, and nothing was removed since */
};

static size_t size_of(unsigned number)
{
	return number % 20 == 19 ? LAB_LARGE - number : (size_t)number * 997 % (60 * KIB);
}

static void forget(struct model *model)
{
	memset(model->must_have, 0, sizeof(model->must_have));
}

static void look(struct model *model, unsigned number)
{
	bool found = has(model->lab, number, size_of(number));

	if (found)
		assert_true(model->was_put[number]);
	if (model->must_have[number])
		assert_true(found);
}

static void add(struct model *model, unsigned number)
{
	put(model->lab, number, size_of(number));
	model->was_put[number] = true;
}

/* What this run put counts as kept when it has ended without need for room. */
static void reopen(struct model *model)
{
	struct lab *lab = model->lab;
	struct muster_cache_info found;

	lab_close(lab);
	found = info(lab);
	assert_true(found.size_bytes <= lab->limit_bytes);
	assert_int_equal(lab->use.damaged_segments, 0);
	assert_string_equal(lab->use.note, "");
	if (lab->use.evicted_bytes)
		forget(model);
	lab_open(lab);
	for (unsigned i = 0; i < BLOBS; i++)
		model->must_have[i] |= !lab->use.evicted_bytes && has(lab, i, size_of(i));
}

static void clean(struct model *model)
{
	struct blob_cache_options options = lab_options(model->lab);
	struct muster_cache_cleaned cleaned;
	uint64_t keep_bytes = (uint64_t)(rand() % 8) * MIB;

	lab_close(model->lab);
	assert_int_equal(blob_cache_clean(&options, keep_bytes, false, &cleaned, NULL), MUSTER_OK);
	assert_true(info(model->lab).size_bytes <= keep_bytes || !keep_bytes);
	assert_int_equal(info(model->lab).size_bytes, cleaned.left_bytes);
	forget(model);
	if (!keep_bytes) { /* then nothing is left, and all that is found was put from now on */
		assert_int_equal(cleaned.left_bytes, 0);
		memset(model->was_put, 0, sizeof(model->was_put));
	}
	lab_open(model->lab);
}

static void step(struct model *model)
{
	unsigned number = (unsigned)(rand() % BLOBS), what = (unsigned)(rand() % 100);

	if (what < 55)
		look(model, number);
	else if (what < 85)
		add(model, number);
	else if (what < 97)
		reopen(model);
	else
		clean(model);
}

static void random_runs_find_what_they_put(void **state)
{
	struct lab lab;
	struct model model = { .lab = &lab };

	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++) {
		srand(seed);
		lab_init(&lab);
		lab.limit_bytes = seed % 2 ? 8 * MIB : 64 * MIB;
		memset(&model.was_put, 0, sizeof(model.was_put));
		forget(&model);
		lab_open(&lab);
		for (unsigned i = 0; i < STEPS; i++)
			step(&model);
		lab_close(&lab);
		lab_release(&lab);
	}
}

/* --- several processes ------------------------------------------------------------------------ */

#define PROCESSES 4
#define RUNS	  TORTURE_SHARE(25)

/* Nothing that is found is wrong, and nothing is told to be damaged. 0: all was well. */
static int run_some(struct lab *lab, unsigned seed)
{
	srand(seed);
	for (unsigned run = 0; run < RUNS; run++) {
		if (lab_try_open(lab))
			return 1;
		for (unsigned i = 0; i < 20; i++) {
			unsigned number = (unsigned)(rand() % BLOBS);

			if (!has(lab, number, size_of(number)))
				put(lab, number, size_of(number));
		}
		lab_close(lab);
		if (lab->use.damaged_segments || lab->use.note[0]) {
			print_error("%s\n", lab->use.note);
			return 2;
		}
	}
	return 0;
}

static void processes_share_a_place(void **state)
{
	pid_t children[PROCESSES];
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab.limit_bytes = 12 * MIB;
	for (unsigned i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i])
			_exit(run_some(&lab, i + 1));
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	lab_open(&lab); /* and one alone keeps the limit */
	put(&lab, BLOBS, KIB);
	lab_close(&lab);
	assert_true(info(&lab).size_bytes <= lab.limit_bytes);
	assert_int_equal(info(&lab).temporary_count, 0);
	lab_release(&lab);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_runs_find_what_they_put),
		cmocka_unit_test(processes_share_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
