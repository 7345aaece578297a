#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/store/local.h"
#include "tests/engine/repository/place.h"
#include "tests/io/store/scratch.h"

#define WRITERS 12
#define EACH	10

struct writer {
	struct repository *repository;
	uint8_t number;
	int failures;
	pthread_barrier_t *start;
};

/* Opens the collection, which may not be there yet, and saves EACH versions nobody else has. */
static int save_some(struct repository *repository, uint8_t number)
{
	struct collection_name name = test_name("images");
	struct collection *c = NULL;
	struct muster_error err = { 0 };

	if (collection_open(&c, repository, &name, "dataset", &err)) {
		fprintf(stderr, "writer %u: %s\n", number, err.message);
		return 1;
	}
	for (uint8_t i = 0; i < EACH; i++) {
		uint8_t id = (uint8_t)(number * EACH + i + 1);
		struct test_version v;
		struct save_result result;

		test_version_init(&v, id, id, id);
		if (collection_save(c, &v.request, &result, &err) || !result.is_new) {
			fprintf(stderr, "writer %u: %s\n", number, err.message);
			collection_close(c);
			return 1;
		}
	}
	collection_close(c);
	return 0;
}

static void *writer_thread(void *arg)
{
	struct writer *writer = arg;

	pthread_barrier_wait(writer->start);
	writer->failures = save_some(writer->repository, writer->number);
	return NULL;
}

/* Every version that anybody saved is there once. */
static void check_all(struct repository *repository)
{
	struct collection_name name = test_name("images");
	struct collection *c = NULL;
	struct muster_error err = { 0 };
	const struct collection_state *state;
	uint8_t seen[256] = { 0 };

	if (collection_open(&c, repository, &name, NULL, &err))
		fail_msg("%s", err.message);
	state = collection_versions(c);
	assert_int_equal(state->version_count, WRITERS * EACH);
	for (size_t i = 0; i < state->version_count; i++)
		seen[state->versions[i].id[0]]++;
	for (int id = 1; id <= WRITERS * EACH; id++)
		assert_int_equal(seen[id], 1);
	assert_int_equal(collection_head(c), 1 + WRITERS * EACH);
	collection_close(c);
}

static void twelve_threads_lose_no_version(void **state)
{
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	pthread_barrier_t start;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	pthread_barrier_init(&start, NULL, WRITERS);
	for (uint8_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ place.repository, i, 0, &start };
		assert_int_equal(pthread_create(&threads[i], NULL, writer_thread, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(writers[i].failures, 0);
	check_all(place.repository);
	pthread_barrier_destroy(&start);
	place_release(&place);
}

static int run_process(const char *path, uint8_t number, int (*work)(struct repository *, uint8_t))
{
	struct store *store = NULL;
	struct repository *repository = NULL;
	struct muster_error err = { 0 };
	int failures = 1;

	if (store_local_open(&store, path, NULL, &err) ||
	    repository_open(&repository, store, effects_system(), &err)) {
		fprintf(stderr, "process %u: %s\n", number, err.message);
	} else {
		repository_assume_proved(repository); /* by who made it */
		failures = work(repository, number);
	}
	repository_close(repository);
	store_free(store);
	return failures;
}

/* Each process does `work`; the repository is given when all have ended. */
static struct repository *run_processes(const char *path, struct store **store,
					int (*work)(struct repository *, uint8_t))
{
	struct repository *repository = NULL;
	struct muster_error err = { 0 };
	pid_t children[WRITERS];

	if (store_local_open(store, path, NULL, &err) ||
	    repository_init(*store, NULL, effects_system(), &err))
		fail_msg("%s", err.message);
	for (uint8_t i = 0; i < WRITERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(run_process(path, i, work));
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	if (repository_open(&repository, *store, effects_system(), &err))
		fail_msg("%s", err.message);
	return repository;
}

static void twelve_processes_lose_no_version(void **state)
{
	char path[4096];
	struct store *store = NULL;
	struct repository *repository;

	(void)state;
	assert_int_equal(scratch_make(path, sizeof(path)), 0);
	repository = run_processes(path, &store, save_some);
	check_all(repository);
	repository_close(repository);
	store_free(store);
	scratch_remove(path);
}

/* --- links ------------------------------------------------------------------------------------ */

/* Each process links EACH versions of its own collection into one portfolio, and moves an alias. */
static int link_some(struct repository *repository, uint8_t number)
{
	char text[16];
	const char *alias = "newest";
	struct collection_name name, portfolio = test_name("chosen");
	struct collection *from = NULL, *to = NULL;
	struct muster_error err = { 0 };
	enum muster_code code;

	snprintf(text, sizeof(text), "images-%u", number);
	name = test_name(text);
	code = collection_open(&from, repository, &name, "dataset", &err);
	if (!code)
		code = collection_open_or_intend(&to, repository, &portfolio, "dataset", &err);
	for (uint8_t i = 0; i < EACH && !code; i++) {
		struct link_request request = { from, i, &alias, 1 };
		struct link_result linked;

		test_save(from, (uint8_t)(i + 1), i, (uint8_t)(number * EACH + i + 1));
		code = collection_link(to, &request, &linked, &err);
	}
	collection_close(from);
	collection_close(to);
	if (code)
		fprintf(stderr, "process %u: %s\n", number, err.message);
	return code != MUSTER_OK;
}

static void twelve_processes_lose_no_link(void **state)
{
	char path[4096];
	struct store *store = NULL;
	struct repository *repository;
	struct collection_name name = test_name("chosen");
	struct collection *c = NULL;
	const struct collection_state *links;
	uint8_t seen[256] = { 0 };

	(void)state;
	assert_int_equal(scratch_make(path, sizeof(path)), 0);
	repository = run_processes(path, &store, link_some);
	assert_int_equal(collection_open(&c, repository, &name, NULL, NULL), MUSTER_OK);
	links = collection_versions(c);
	assert_int_equal(links->version_count, WRITERS * EACH);
	for (size_t i = 0; i < links->version_count; i++)
		seen[links->versions[i].id[0]]++;
	for (int id = 1; id <= WRITERS * EACH; id++)
		assert_int_equal(seen[id], 1);
	assert_int_equal(collection_state_alias(links, VIEW_LITERAL("newest")), WRITERS * EACH - 1);
	collection_close(c);
	repository_close(repository);
	store_free(store);
	scratch_remove(path);
}

/* --- renaming --------------------------------------------------------------------------------- */

static void own_name(char text[16], uint8_t number)
{
	snprintf(text, 16, "images-%u", number);
}

/* Each process wants the same name for a collection of its own; every third one makes a new one
 * under it. Who does not get it keeps what it had. */
static int want_prize(struct repository *repository, uint8_t number)
{
	char text[16];
	struct collection_name name, prize = test_name("prize");
	struct collection *c = NULL;
	struct muster_error err = { 0 };
	enum muster_code code;

	own_name(text, number);
	name = test_name(text);
	code = collection_open(&c, repository, &name, "dataset", &err);
	if (!code)
		test_save(c, number, number, (uint8_t)(number + 1));
	if (!code && number % 3 == 0) {
		collection_close(c);
		code = collection_open(&c, repository, &prize, "dataset", &err);
	} else if (!code) {
		code = collection_rename(c, &prize, &err);
	}
	collection_close(c);
	if (code && code != MUSTER_E_REFUSED)
		fprintf(stderr, "process %u: %s\n", number, err.message);
	return code && code != MUSTER_E_REFUSED;
}

static void twelve_processes_want_one_name(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		char path[4096];
		struct store *store = NULL;
		struct repository *repository;
		struct collection_name prize = test_name("prize");
		struct collection *c = NULL;
		int found = 0;

		assert_int_equal(scratch_make(path, sizeof(path)), 0);
		repository = run_processes(path, &store, want_prize);
		for (uint8_t i = 0; i < WRITERS; i++) {
			char text[16];
			struct collection_name name;

			own_name(text, i);
			name = test_name(text);
			found += !collection_open(&c, repository, &name, NULL, NULL);
			collection_close(c);
		}
		assert_int_equal(collection_open(&c, repository, &prize, NULL, NULL), MUSTER_OK);
		assert_int_equal(found, WRITERS - (collection_latest(c) ? 1 : 0));
		collection_close(c);
		repository_close(repository);
		store_free(store);
		scratch_remove(path);
	}
}

/* All rename one collection, each to a name of its own: it has one of them in the end, and the
 * others are free. */
struct renamer {
	struct repository *repository;
	pthread_barrier_t *start;
	uint8_t number;
	enum muster_code code;
};

static void *renamer_thread(void *arg)
{
	struct renamer *renamer = arg;
	char text[16];
	struct collection_name name = test_name("images"), to;
	struct collection *c = NULL;

	own_name(text, renamer->number);
	to = test_name(text);
	renamer->code = collection_open(&c, renamer->repository, &name, NULL, NULL);
	pthread_barrier_wait(renamer->start);
	if (!renamer->code)
		renamer->code = collection_rename(c, &to, NULL);
	collection_close(c);
	return NULL;
}

static int count_names(struct repository *repository, const char *type)
{
	int found = 0;

	for (uint8_t i = 0; i < WRITERS; i++) {
		char text[16];
		struct collection_name name;
		struct collection *c = NULL;

		own_name(text, i);
		name = test_name(text);
		found += !collection_open(&c, repository, &name, type, NULL);
		collection_close(c);
	}
	return found;
}

static void twelve_renamers_leave_one_name(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct renamer renamers[WRITERS];
		pthread_t threads[WRITERS];
		pthread_barrier_t start;
		struct place place;
		int renamed = 0;

		place_make(&place, NULL);
		collection_close(test_open(&place, "images", "dataset"));
		pthread_barrier_init(&start, NULL, WRITERS);
		for (uint8_t i = 0; i < WRITERS; i++) {
			renamers[i] = (struct renamer){ place.repository, &start, i, MUSTER_OK };
			assert_int_equal(
				pthread_create(&threads[i], NULL, renamer_thread, &renamers[i]), 0);
		}
		for (int i = 0; i < WRITERS; i++)
			pthread_join(threads[i], NULL);
		for (int i = 0; i < WRITERS; i++) {
			assert_true(!renamers[i].code || renamers[i].code == MUSTER_E_CONFLICT);
			renamed += !renamers[i].code;
		}
		assert_true(renamed > 0);
		assert_int_equal(count_names(place.repository, NULL), 1);
		assert_int_equal(count_names(place.repository, ""), WRITERS);
		pthread_barrier_destroy(&start);
		place_release(&place);
	}
}

/* Many want to make the same collection: all get the same one. */
struct maker {
	struct repository *repository;
	pthread_barrier_t *start;
	uint8_t id[16];
	enum muster_code code;
};

static void *maker_thread(void *arg)
{
	struct maker *maker = arg;
	struct collection_name name = test_name("images");
	struct collection *c = NULL;

	pthread_barrier_wait(maker->start);
	maker->code = collection_open(&c, maker->repository, &name, "dataset", NULL);
	if (!maker->code)
		memcpy(maker->id, collection_id(c), 16);
	collection_close(c);
	return NULL;
}

static void many_makers_make_one_collection(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct maker makers[WRITERS];
		pthread_t threads[WRITERS];
		pthread_barrier_t start;
		struct place place;

		place_make(&place, NULL);
		pthread_barrier_init(&start, NULL, WRITERS);
		for (int i = 0; i < WRITERS; i++) {
			makers[i] =
				(struct maker){ .repository = place.repository, .start = &start };
			assert_int_equal(
				pthread_create(&threads[i], NULL, maker_thread, &makers[i]), 0);
		}
		for (int i = 0; i < WRITERS; i++)
			pthread_join(threads[i], NULL);
		for (int i = 0; i < WRITERS; i++) {
			assert_int_equal(makers[i].code, MUSTER_OK);
			assert_memory_equal(makers[i].id, makers[0].id, 16);
		}
		pthread_barrier_destroy(&start);
		place_release(&place);
	}
}

/* --- some save, some delete by rules ---------------------------------------------------------- */

#define KEPT 3

struct expirer {
	struct repository *repository;
	pthread_barrier_t *start;
	uint64_t deleted[WRITERS * EACH]; /* how often each was told as deleted, by this one */
	int failures;
};

static bool note_deleted(void *state, const struct version *version,
			 const struct retention_version *decision)
{
	struct expirer *expirer = state;

	expirer->deleted[version->number] += !decision->kept_by;
	return true;
}

static int expire_once(struct expirer *expirer)
{
	static const struct retention_rules rules = { .last_count = KEPT };
	struct collection_name name = test_name("images");
	struct collection *c = NULL;
	struct muster_error err = { 0 };
	enum muster_code code = collection_open(&c, expirer->repository, &name, "dataset", &err);

	if (!code)
		code = collection_expire(c, &rules, false, note_deleted, expirer, &err);
	collection_close(c);
	if (code)
		fprintf(stderr, "expirer: %s\n", err.message);
	return code != MUSTER_OK;
}

static void *expirer_thread(void *arg)
{
	struct expirer *expirer = arg;

	pthread_barrier_wait(expirer->start);
	for (int i = 0; i < EACH; i++)
		expirer->failures += expire_once(expirer);
	return NULL;
}

/* However they meet: each version is deleted by one of them at most, the newest few by none. */
static void rules_hold_among_many(void **state)
{
	static struct expirer expirers[WRITERS / 2];
	struct writer writers[WRITERS / 2];
	pthread_t threads[WRITERS];
	pthread_barrier_t start;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	pthread_barrier_init(&start, NULL, WRITERS);
	for (uint8_t i = 0; i < WRITERS / 2; i++) {
		writers[i] = (struct writer){ place.repository, i, 0, &start };
		expirers[i] = (struct expirer){ .repository = place.repository, .start = &start };
		assert_int_equal(pthread_create(&threads[2 * i], NULL, writer_thread, &writers[i]),
				 0);
		assert_int_equal(
			pthread_create(&threads[2 * i + 1], NULL, expirer_thread, &expirers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(expire_once(&expirers[0]), 0);
	for (uint64_t version = 0; version < WRITERS * EACH / 2; version++) {
		uint64_t deleted = 0;

		for (int i = 0; i < WRITERS / 2; i++)
			deleted += expirers[i].deleted[version];
		assert_int_equal(deleted, version < WRITERS * EACH / 2 - KEPT);
	}
	for (int i = 0; i < WRITERS / 2; i++)
		assert_int_equal(writers[i].failures + expirers[i].failures, 0);
	pthread_barrier_destroy(&start);
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twelve_threads_lose_no_version),
		cmocka_unit_test(twelve_processes_lose_no_version),
		cmocka_unit_test(twelve_processes_lose_no_link),
		cmocka_unit_test(twelve_processes_want_one_name),
		cmocka_unit_test(twelve_renamers_leave_one_name),
		cmocka_unit_test(rules_hold_among_many),
		cmocka_unit_test(many_makers_make_one_collection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
