#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

static enum muster_code try_rename(struct collection *c, const char *to, struct muster_error *err)
{
	struct collection_name name = test_name(to);

	return collection_rename(c, &name, err);
}

static void rename_to(struct collection *c, const char *to)
{
	struct muster_error err = { 0 };

	if (try_rename(c, to, &err))
		fail_msg("%s", err.message);
}

static enum muster_code open_code(struct place *place, const char *name, struct muster_error *err)
{
	struct collection_name names = test_name(name);
	struct collection *c = NULL;
	enum muster_code code = collection_open(&c, place->repository, &names, NULL, err);

	collection_close(c);
	return code;
}

static bool is_there(struct place *place, const char *name)
{
	struct muster_error err = { 0 };
	enum muster_code code = open_code(place, name, &err);

	if (code && code != MUSTER_E_NAME)
		fail_msg("%s", err.message);
	return !code;
}

static struct collection *make_images(struct place *place)
{
	struct collection *c = test_open(place, "images", "dataset");

	test_save(c, 1, 1, 1);
	test_save(c, 2, 2, 2);
	return c;
}

static void a_collection_keeps_all_but_its_name(void **state)
{
	struct collection *c, *again;
	struct place place;
	uint8_t id[16];

	(void)state;
	place_make(&place, NULL);
	c = make_images(&place);
	memcpy(id, collection_id(c), 16);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("best"), NULL, NULL), MUSTER_OK);
	rename_to(c, "pictures");
	assert_true(view_equal(collection_versions(c)->name, VIEW_LITERAL("pictures")));
	assert_false(is_there(&place, "images"));
	again = test_open(&place, "pictures", "dataset");
	assert_memory_equal(collection_id(again), id, 16);
	assert_int_equal(collection_resolve(again, VIEW_LITERAL("best"))->number, 0);
	assert_int_equal(test_save(again, 3, 3, 3).version_number, 2);
	assert_int_equal(test_save(c, 4, 4, 4).version_number, 3); /* who has it open goes on */
	collection_close(again);
	again = test_open(&place, "images", "model"); /* the old name is free */
	assert_memory_not_equal(collection_id(again), id, 16);
	assert_null(collection_latest(again));
	collection_close(again);
	collection_close(c);
	place_release(&place);
}

static void it_may_go_back_and_elsewhere(void **state)
{
	struct collection_name far = { view_text("you"), view_text("dogs"), view_text("images") };
	struct collection *c, *d;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = make_images(&place);
	d = test_open(&place, "others", "model");
	for (int i = 0; i < 3; i++) {
		rename_to(c, "pictures");
		rename_to(c, "images");
	}
	rename_to(c, "images"); /* is called so: nothing to do */
	assert_int_equal(collection_head(c), 3 + 6);
	rename_to(c, "pictures");
	rename_to(d, "images");
	assert_int_equal(try_rename(c, "images", NULL), MUSTER_E_REFUSED);
	assert_int_equal(collection_rename(c, &far, NULL), MUSTER_OK);
	assert_false(is_there(&place, "pictures"));
	collection_close(d);
	assert_int_equal(collection_open(&d, place.repository, &far, NULL, NULL), MUSTER_OK);
	assert_memory_equal(collection_id(c), collection_id(d), 16);
	collection_close(c);
	collection_close(d);
	place_release(&place);
}

static void names_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *name;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "a/b", MUSTER_E_USAGE, "alphanumeric" },
		{ "", MUSTER_E_USAGE, "empty" },
		{ "others", MUSTER_E_REFUSED, "there is an artifact 'others' in 'me/cats'" },
		{ "source-x", MUSTER_E_USAGE, "reserved" },
	};
	struct collection *c, *others;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "code");
	others = test_open(&place, "others", "dataset");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(try_rename(c, cases[i].name, &err), cases[i].code);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("'%s': %s", cases[i].name, err.message);
	}
	assert_true(is_there(&place, "images"));
	assert_int_equal(collection_head(c), 1);
	assert_int_equal(collection_delete(c, NULL), MUSTER_OK);
	assert_int_equal(try_rename(c, "new", NULL), MUSTER_E_NAME);
	assert_false(is_there(&place, "new"));
	collection_close(c);
	collection_close(others);
	place_release(&place);
}

static void a_checkpoint_knows_the_new_name(void **state)
{
	struct collection *c;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = make_images(&place);
	rename_to(c, "pictures");
	for (int i = 0; i < 2 * LOG_CHECKPOINT_EVENTS; i++)
		assert_int_equal(collection_alias_add(c, (uint64_t)i % 2, VIEW_LITERAL("moving"),
						      NULL, NULL),
				 MUSTER_OK);
	collection_close(c);
	place_open(&place);
	c = test_open(&place, "pictures", NULL);
	assert_int_equal(collection_head(c), 4 + 2 * LOG_CHECKPOINT_EVENTS);
	assert_int_equal(collection_versions(c)->settled, 4);
	rename_to(c, "images");
	assert_int_equal(collection_delete(c, NULL), MUSTER_OK);
	assert_false(is_there(&place, "images"));
	collection_close(c);
	c = test_open(&place, "pictures", "model");
	collection_close(c);
	place_release(&place);
}

static void who_has_it_open_renames_what_it_is_called_now(void **state)
{
	struct collection *first, *second;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	first = make_images(&place);
	second = test_open(&place, "images", NULL);
	rename_to(first, "pictures");
	rename_to(second, "photos");
	rename_to(first, "photos");
	assert_true(is_there(&place, "photos"));
	assert_false(is_there(&place, "pictures"));
	assert_int_equal(collection_delete(first, NULL), MUSTER_OK);
	assert_int_equal(try_rename(second, "images", NULL), MUSTER_E_NAME);
	collection_close(first);
	collection_close(second);
	place_release(&place);
}

static void an_id_finds_it_whatever_it_is_called(void **state)
{
	struct collection *c, *found = NULL;
	struct place place;
	uint8_t id[16];

	(void)state;
	place_make(&place, NULL);
	c = make_images(&place);
	memcpy(id, collection_id(c), 16);
	rename_to(c, "pictures");
	assert_int_equal(collection_open_id(&found, place.repository, id, NULL), MUSTER_OK);
	assert_true(view_equal(collection_versions(found)->name, VIEW_LITERAL("pictures")));
	collection_close(c);
	c = found;
	rename_to(c, "photos");
	assert_true(is_there(&place, "photos"));
	assert_int_equal(collection_delete(c, NULL), MUSTER_OK);
	assert_int_equal(collection_open_id(&found, place.repository, id, NULL), MUSTER_OK);
	assert_true(collection_versions(found)->is_closed);
	assert_int_equal(try_rename(found, "images", NULL), MUSTER_E_NAME);
	collection_close(found);
	collection_close(c);
	place_release(&place);
}

/* --- dying, and failing, at every step -------------------------------------------------------- */

static bool list_name(const char *wanted, const struct collection_listing *listing)
{
	return view_equal(listing->name, view_text(wanted));
}

struct listed {
	int images, pictures;
};

static enum muster_code count_names(void *state, const struct collection_listing *listing,
				    struct muster_error *err)
{
	struct listed *listed = state;

	(void)err;
	listed->images += list_name("images", listing);
	listed->pictures += list_name("pictures", listing);
	return MUSTER_OK;
}

/* It has exactly one of the two names, and whoever wants the other one gets it. */
static bool check_one_name(struct place *place, const uint8_t id[16])
{
	static const struct view nowhere = { 0 };
	bool is_renamed = is_there(place, "pictures");
	struct listed listed = { 0 };
	struct collection *c;

	assert_int_not_equal(is_renamed, is_there(place, "images"));
	assert_int_equal(repository_collections(place->repository, nowhere, nowhere, count_names,
						&listed, NULL),
			 MUSTER_OK);
	assert_true(is_renamed ? listed.pictures : listed.images);
	c = test_open(place, is_renamed ? "pictures" : "images", NULL);
	assert_memory_equal(collection_id(c), id, 16);
	assert_int_equal(collection_versions(c)->version_count, 2);
	collection_close(c);
	return is_renamed;
}

static void take_other_name(struct place *place, bool is_renamed)
{
	struct collection *c = test_open(place, is_renamed ? "images" : "pictures", "model");

	assert_null(collection_latest(c));
	test_save(c, 9, 9, 9);
	collection_close(c);
	assert_true(is_there(place, "images"));
	assert_true(is_there(place, "pictures"));
}

/* Effects from `at` on fail. False: there were not so many. */
static bool rename_through(const struct store_fault_options *fault, uint64_t at, bool is_retried)
{
	struct muster_error err = { 0 };
	struct collection *c;
	struct place place;
	uint8_t id[16];
	enum muster_code code;
	bool was_hit, is_renamed;

	place_make(&place, fault);
	c = make_images(&place);
	memcpy(id, collection_id(c), 16);
	store_fault_arm(place.store, at);
	code = try_rename(c, "pictures", &err);
	was_hit = store_fault_hit(place.store);
	store_fault_arm(place.store, 0);
	if (!was_hit)
		assert_int_equal(code, MUSTER_OK);
	collection_close(c);
	place_open(&place);
	is_renamed = check_one_name(&place, id);
	if (code == MUSTER_OK)
		assert_true(is_renamed);
	if (is_retried) {
		c = test_open(&place, is_renamed ? "pictures" : "images", NULL);
		rename_to(c, "pictures");
		collection_close(c);
		is_renamed = check_one_name(&place, id);
		assert_true(is_renamed);
	}
	take_other_name(&place, is_renamed);
	place_release(&place);
	return was_hit;
}

static void whatever_fails_it_has_one_name_and_the_other_is_free(void **state)
{
	static const uint64_t lengths[] = { 1, UINT32_MAX }; /* a failure; a crash */

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct store_fault_options fault = { .after = i & 1,
						     .length = lengths[i >> 1 & 1],
						     .sys_errno = EIO,
						     .count_reads = true };
		uint64_t at = 1;

		while (rename_through(&fault, at, i & 4))
			at++;
		assert_true(at > 6);
	}
}

static void every_failed_allocation_leaves_one_name(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		struct collection *c;
		struct place place;
		uint8_t id[16];
		enum muster_code code;
		bool is_renamed;

		place_make(&place, NULL);
		c = make_images(&place);
		memcpy(id, collection_id(c), 16);
		torture_allocation(n);
		code = try_rename(c, "pictures", &err);
		is_done = !torture_hit();
		torture_off();
		assert_true(code == MUSTER_OK || code == MUSTER_E_MEMORY);
		collection_close(c);
		place_open(&place);
		is_renamed = check_one_name(&place, id);
		assert_true(code || is_renamed);
		take_other_name(&place, is_renamed);
		place_release(&place);
	}
}

/* --- what older and newer programs leave ------------------------------------------------------ */

static void where_an_event_is_unknown_nothing_is_renamed(void **state)
{
	static const char *const logs[] = { "names/me/cats/images/log",
					    "names/me/cats/pictures/log", NULL };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct muster_error err = { 0 };
		struct collection *c;
		struct place place;
		char own[128];

		place_make(&place, NULL);
		c = make_images(&place);
		snprintf(own, sizeof(own), "%s", logs[i] ? logs[i] : collection_log_name(c));
		test_add_unknown(place.store, own, i == 0 ? 2 : i == 1 ? 1 : 4, false);
		if (i == 0) { /* the old name's: it can be committed, not tidied up */
			rename_to(c, "pictures");
			assert_false(is_there(&place, "images"));
		} else {
			assert_int_equal(try_rename(c, "pictures", &err), MUSTER_E_UNSUPPORTED);
			assert_true(is_there(&place, "images"));
			assert_false(is_there(&place, "pictures"));
		}
		collection_close(c);
		place_release(&place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collection_keeps_all_but_its_name),
		cmocka_unit_test(it_may_go_back_and_elsewhere),
		cmocka_unit_test(names_that_cannot_be_are_refused),
		cmocka_unit_test(a_checkpoint_knows_the_new_name),
		cmocka_unit_test(who_has_it_open_renames_what_it_is_called_now),
		cmocka_unit_test(an_id_finds_it_whatever_it_is_called),
		cmocka_unit_test(whatever_fails_it_has_one_name_and_the_other_is_free),
		cmocka_unit_test(every_failed_allocation_leaves_one_name),
		cmocka_unit_test(where_an_event_is_unknown_nothing_is_renamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
