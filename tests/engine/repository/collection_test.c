#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

static enum muster_code open_code(struct place *place, const char *name, const char *type,
				  struct muster_error *err)
{
	struct collection_name names = test_name(name);
	struct collection *collection = NULL;
	enum muster_code code = collection_open(&collection, place->repository, &names, type, err);

	collection_close(collection);
	return code;
}

static void a_name_makes_a_collection_once(void **state)
{
	struct collection *first, *second, *third;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	first = test_open(&place, "images", "dataset");
	second = test_open(&place, "images", NULL);
	third = test_open(&place, "images", "");
	assert_memory_equal(collection_id(first), collection_id(second), 16);
	assert_memory_equal(collection_id(first), collection_id(third), 16);
	assert_true(view_equal(collection_versions(second)->type, VIEW_LITERAL("dataset")));
	assert_true(view_equal(collection_versions(second)->name, VIEW_LITERAL("images")));
	assert_int_equal(collection_head(second), 1);
	collection_close(first);
	collection_close(second);
	collection_close(third);
	place_release(&place);
}

static struct collection *intend(struct place *place, const char *name, const char *type)
{
	struct collection_name names = test_name(name);
	struct collection *collection = NULL;
	struct muster_error err = { 0 };

	if (collection_open_or_intend(&collection, place->repository, &names, type, &err))
		fail_msg("%s", err.message);
	return collection;
}

static void an_intended_collection_is_made_by_its_first_change(void **state)
{
	struct collection *first, *second, *third;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	first = intend(&place, "images", "model");
	second = intend(&place, "images", "");
	assert_null(collection_latest(first));
	assert_null(collection_resolve(first, VIEW_LITERAL("latest")));
	assert_int_equal(collection_head(first), 0);
	assert_string_equal(collection_log_name(first), "");
	assert_int_equal(collection_refresh(first, NULL), MUSTER_OK);
	assert_int_equal(open_code(&place, "images", NULL, NULL), MUSTER_E_NAME);
	assert_int_equal(test_save(first, 1, 1, 1).version_number, 0);
	assert_int_equal(test_save(second, 2, 2, 2).version_number, 1);
	assert_memory_equal(collection_id(first), collection_id(second), 16);
	third = intend(&place, "images", "model");
	assert_int_equal(collection_latest(third)->number, 1);
	assert_int_equal(collection_delete(third, NULL), MUSTER_OK);
	collection_close(third);
	third = intend(&place, "images", "dataset"); /* the name is free again */
	assert_null(collection_latest(third));
	assert_int_equal(test_save(third, 3, 3, 3).version_number, 0);
	assert_memory_not_equal(collection_id(first), collection_id(third), 16);
	collection_close(first);
	collection_close(second);
	collection_close(third);
	place_release(&place);
}

static void intentions_are_checked_at_once(void **state)
{
	static const struct {
		const char *name, *type;
		enum muster_code code;
	} cases[] = {
		{ "made", "model", MUSTER_E_REFUSED },
		{ "a/b", "dataset", MUSTER_E_USAGE },
		{ "new", "wandb-history", MUSTER_E_USAGE },
	};
	struct place place;

	(void)state;
	place_make(&place, NULL);
	collection_close(test_open(&place, "made", "dataset"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct collection_name names = test_name(cases[i].name);
		struct collection *collection;

		assert_int_equal(collection_open_or_intend(&collection, place.repository, &names,
							   cases[i].type, NULL),
				 cases[i].code);
		assert_null(collection);
	}
	place_release(&place);
}

/* Both intend the name, with different types: who is first decides. */
static void an_intention_that_lost_is_told_the_type(void **state)
{
	struct test_version version;
	struct save_result result;
	struct muster_error err = { 0 };
	struct collection *model, *dataset;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	model = intend(&place, "images", "model");
	dataset = intend(&place, "images", "dataset");
	test_save(model, 1, 1, 1);
	test_version_init(&version, 2, 2, 2);
	assert_int_equal(collection_save(dataset, &version.request, &result, &err),
			 MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "already exists with type 'model'"));
	collection_close(model);
	collection_close(dataset);
	place_release(&place);
}

static void wrong_names_and_types_are_refused(void **state)
{
	static const struct {
		const char *name, *type;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "images", "model", MUSTER_E_REFUSED, "already exists with type 'dataset'" },
		{ "other", NULL, MUSTER_E_NAME, "no artifact 'other'" },
		{ "a/b", "dataset", MUSTER_E_USAGE, "" },
		{ "new", "wandb-history", MUSTER_E_USAGE, "" },
		{ "new", "", MUSTER_OK, "" },
		{ "new", "model", MUSTER_E_REFUSED, "already exists with type 'dataset'" },
	};
	struct place place;

	(void)state;
	place_make(&place, NULL);
	collection_close(test_open(&place, "images", "dataset"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		enum muster_code code = open_code(&place, cases[i].name, cases[i].type, &err);

		if (code != cases[i].code || !strstr(err.message, cases[i].reason))
			fail_msg("%s: %d %s", cases[i].name, code, err.message);
	}
	place_release(&place);
}

static void a_creator_that_died_is_finished_by_the_next(void **state)
{
	struct collection *collection;
	struct place place;
	struct key key;
	uint8_t id[16];

	(void)state;
	place_make(&place, NULL);
	collection = test_open(&place, "images", "dataset");
	memcpy(id, collection_id(collection), 16);
	key_event(&key, collection_log_name(collection), 1);
	collection_close(collection);
	assert_int_equal(store_remove(place.store, key.text, NULL), MUSTER_OK); /* as if it died */
	collection = test_open(&place, "images", NULL); /* a reader sees it empty */
	assert_null(collection_latest(collection));
	assert_int_equal(collection_head(collection), 0);
	assert_true(test_save(collection, 1, 1, 1).is_new); /* a writer finishes it */
	assert_int_equal(collection_head(collection), 2);
	assert_memory_equal(collection_id(collection), id, 16);
	collection_close(collection);
	place_release(&place);
}

static void aliases_move_as_asked(void **state)
{
	static const struct expected none = { EXPECT_NONE, 0 }, zero = { EXPECT_VERSION, 0 };
	struct collection *c;
	struct muster_error err = { 0 };
	struct place place;
	struct view prod = VIEW_LITERAL("prod");

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	test_save(c, 2, 2, 2);
	assert_int_equal(collection_alias_add(c, 0, prod, &none, &err), MUSTER_OK);
	assert_int_equal(collection_resolve(c, prod)->number, 0);
	assert_int_equal(collection_alias_add(c, 0, prod, NULL, &err), MUSTER_OK); /* is there */
	assert_int_equal(collection_head(c), 4);
	assert_int_equal(collection_alias_add(c, 1, prod, &none, &err), MUSTER_E_CONFLICT);
	assert_non_null(strstr(err.message, "v0"));
	assert_int_equal(collection_alias_add(c, 1, prod, &zero, &err), MUSTER_OK);
	assert_int_equal(collection_resolve(c, prod)->number, 1);
	assert_int_equal(collection_alias_add(c, 7, prod, NULL, &err), MUSTER_E_NAME);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("latest"), NULL, &err),
			 MUSTER_E_REFUSED);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("v7"), NULL, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("a/b"), NULL, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(collection_alias_remove(c, prod, &zero, &err), MUSTER_E_CONFLICT);
	assert_int_equal(collection_alias_remove(c, prod, NULL, &err), MUSTER_OK);
	assert_null(collection_resolve(c, prod));
	assert_int_equal(collection_alias_remove(c, prod, NULL, &err), MUSTER_E_NAME);
	collection_close(c);
	place_release(&place);
}

static void tags_ttl_and_texts_change(void **state)
{
	struct collection *c, *other;
	struct muster_error err = { 0 };
	struct bytes text = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	assert_int_equal(collection_tag_add(c, 0, VIEW_LITERAL("good one"), &err), MUSTER_OK);
	assert_int_equal(collection_tag_add(c, 0, VIEW_LITERAL("good one"), &err), MUSTER_OK);
	assert_int_equal(collection_tag_add(c, 0, VIEW_LITERAL("a:b"), &err), MUSTER_E_USAGE);
	assert_int_equal(collection_latest(c)->tags.count, 1);
	assert_int_equal(collection_tag_remove(c, 0, VIEW_LITERAL("bad"), &err), MUSTER_E_NAME);
	assert_int_equal(collection_tag_remove(c, 0, VIEW_LITERAL("good one"), &err), MUSTER_OK);
	assert_int_equal(collection_latest(c)->tags.count, 0);
	assert_int_equal(collection_ttl(c, 0, 30, false, &err), MUSTER_OK);
	assert_int_equal(collection_latest(c)->ttl_days, 30);

	assert_int_equal(collection_description(c, collection_latest(c), &text, &err), MUSTER_OK);
	assert_int_equal(text.len, 0);
	assert_int_equal(collection_describe(c, 0, VIEW_LITERAL("the first\n"), &err), MUSTER_OK);
	assert_int_equal(collection_set_metadata(c, 0, VIEW_LITERAL(" {\"a\": 1} "), false, &err),
			 MUSTER_OK);
	assert_int_equal(
		collection_set_metadata(c, 0, VIEW_LITERAL("{\"b\":[2],\"a\":3}"), true, &err),
		MUSTER_OK);
	assert_int_equal(collection_set_metadata(c, 0, VIEW_LITERAL("[]"), false, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(collection_set_metadata(c, 3, VIEW_LITERAL("{}"), false, &err),
			 MUSTER_E_NAME);
	other = test_open(&place, "images", NULL);
	assert_int_equal(collection_description(other, collection_latest(other), &text, &err),
			 MUSTER_OK);
	assert_true(view_equal(bytes_view(&text), VIEW_LITERAL("the first\n")));
	text.len = 0;
	assert_int_equal(collection_metadata(other, collection_latest(other), &text, &err),
			 MUSTER_OK);
	if (!view_equal(bytes_view(&text), VIEW_LITERAL("{\"a\":3,\"b\":[2]}")))
		fail_msg("%.*s", VIEW_ARGS(text));
	bytes_release(&text);
	collection_close(other);
	collection_close(c);
	place_release(&place);
}

static void two_merges_of_metadata_lose_nothing(void **state)
{
	struct collection *a, *b;
	struct bytes text = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	a = test_open(&place, "images", "dataset");
	test_save(a, 1, 1, 1);
	b = test_open(&place, "images", NULL);
	assert_int_equal(collection_set_metadata(a, 0, VIEW_LITERAL("{\"a\":1}"), true, NULL),
			 MUSTER_OK);
	assert_int_equal(collection_set_metadata(b, 0, VIEW_LITERAL("{\"b\":2}"), true, NULL),
			 MUSTER_OK);
	assert_int_equal(collection_metadata(b, collection_latest(b), &text, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&text), VIEW_LITERAL("{\"a\":1,\"b\":2}")));
	bytes_release(&text);
	collection_close(a);
	collection_close(b);
	place_release(&place);
}

static void a_version_with_aliases_is_deleted_only_with_them(void **state)
{
	struct collection *c;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	test_save(c, 2, 2, 2);
	assert_int_equal(collection_alias_add(c, 1, VIEW_LITERAL("prod"), NULL, &err), MUSTER_OK);
	assert_int_equal(collection_delete_version(c, 1, false, &err), MUSTER_E_REFUSED);
	assert_int_equal(collection_delete_version(c, 1, true, &err), MUSTER_OK);
	assert_int_equal(collection_latest(c)->number, 0);
	assert_null(collection_resolve(c, VIEW_LITERAL("prod")));
	assert_int_equal(collection_delete_version(c, 1, true, &err), MUSTER_E_NAME);
	assert_int_equal(collection_delete_version(c, 0, false, &err),
			 MUSTER_OK); /* `latest` only */
	assert_null(collection_latest(c));
	assert_int_equal(test_save(c, 2, 2, 3).version_number, 2);
	collection_close(c);
	place_release(&place);
}

static void a_deleted_collection_frees_its_name(void **state)
{
	struct collection *old, *stale, *new;
	struct muster_error err = { 0 };
	struct test_version version;
	struct save_result result;
	struct place place;
	struct key key;
	uint8_t id[16];

	(void)state;
	for (int dies = 0; dies < 2; dies++) { /* before it could release the name */
		place_make(&place, NULL);
		old = test_open(&place, "images", "dataset");
		stale = test_open(&place, "images", NULL);
		memcpy(id, collection_id(old), 16);
		test_save(old, 1, 1, 1);
		assert_int_equal(collection_delete(old, &err), MUSTER_OK);
		if (dies) {
			key_event(&key, "names/me/cats/images/log", 2);
			assert_int_equal(store_remove(place.store, key.text, NULL), MUSTER_OK);
		}
		test_version_init(&version, 2, 2, 2);
		assert_int_equal(collection_save(stale, &version.request, &result, &err),
				 MUSTER_E_CONFLICT);
		assert_non_null(strstr(err.message, "deleted"));
		assert_int_equal(collection_refresh(stale, &err), MUSTER_E_NAME);
		assert_int_equal(open_code(&place, "images", NULL, &err), MUSTER_E_NAME);
		new = test_open(&place, "images", "model");
		assert_memory_not_equal(collection_id(new), id, 16);
		assert_int_equal(test_save(new, 1, 1, 3).version_number, 0);
		collection_close(old);
		collection_close(stale);
		collection_close(new);
		place_release(&place);
	}
}

static enum muster_code note_event(void *state, const struct event *event, struct view bytes,
				   struct muster_error *err)
{
	struct bytes *out = state;

	(void)bytes;
	return bytes_printf(out, err, "%.*s ", VIEW_ARGS(event->kind.text));
}

static void the_history_tells_all(void **state)
{
	struct collection *c;
	struct bytes kinds = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("prod"), NULL, NULL), MUSTER_OK);
	test_add_unknown(place.store, collection_log_name(c), 4, false);
	assert_int_equal(collection_refresh(c, NULL), MUSTER_OK);
	assert_int_equal(collection_history(c, 0, note_event, &kinds, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&kinds), VIEW_LITERAL("open save alias later ")));
	bytes_release(&kinds);
	collection_close(c);
	place_release(&place);
}

static void an_unknown_event_ends_writing_not_reading(void **state)
{
	struct collection *c;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	test_add_unknown(place.store, collection_log_name(c), 3, true);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("prod"), NULL, &err),
			 MUSTER_E_UNSUPPORTED);
	assert_int_equal(collection_refresh(c, &err), MUSTER_OK);
	assert_int_equal(collection_latest(c)->number, 0);
	collection_close(c);
	place_release(&place);
}

static enum muster_code note_name(void *state, const struct collection_listing *listing,
				  struct muster_error *err)
{
	return bytes_printf(state, err, "%.*s/%.*s/%.*s:%.*s ", VIEW_ARGS(listing->entity),
			    VIEW_ARGS(listing->project), VIEW_ARGS(listing->name),
			    VIEW_ARGS(listing->type));
}

static void names_are_listed(void **state)
{
	static const struct {
		const char *entity, *project, *listed;
	} cases[] = {
		{ "me", "cats", "me/cats/a:dataset me/cats/b:model " },
		{ "me", "", "me/cats/a:dataset me/cats/b:model me/dogs & co/a:dataset " },
		{ "", "",
		  "me/cats/a:dataset me/cats/b:model me/dogs & co/a:dataset you/cats/a:dataset " },
		{ "nobody", "", "" },
	};
	static const struct {
		const char *entity, *project, *name, *type;
	} made[] = { { "me", "cats", "a", "" },
		     { "me", "cats", "b", "model" },
		     { "me", "cats", "gone", "" },
		     { "me", "dogs & co", "a", "" },
		     { "you", "cats", "a", "" } };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		struct collection_name name = { view_text(made[i].entity),
						view_text(made[i].project),
						view_text(made[i].name) };
		struct collection *c = NULL;

		assert_int_equal(collection_open(&c, place.repository, &name, made[i].type, NULL),
				 MUSTER_OK);
		if (strcmp(made[i].name, "gone") == 0)
			assert_int_equal(collection_delete(c, NULL), MUSTER_OK);
		collection_close(c);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes listed = { 0 };

		assert_int_equal(repository_collections(
					 place.repository, view_text(cases[i].entity),
					 view_text(cases[i].project), note_name, &listed, NULL),
				 MUSTER_OK);
		if (!view_equal(bytes_view(&listed), view_text(cases[i].listed)))
			fail_msg("%.*s", VIEW_ARGS(listed));
		bytes_release(&listed);
	}
	place_release(&place);
}

static enum muster_code open_and_change(struct place *place)
{
	struct collection_name name = test_name("images");
	struct collection *c = NULL;
	struct bytes text = { 0 };
	enum muster_code code = collection_open(&c, place->repository, &name, "dataset", NULL);

	if (!code)
		code = collection_alias_add(c, 0, VIEW_LITERAL("prod"), NULL, NULL);
	if (!code)
		code = collection_alias_remove(c, VIEW_LITERAL("prod"), NULL, NULL);
	if (!code)
		code = collection_set_metadata(c, 0, VIEW_LITERAL("{\"a\":1}"), true, NULL);
	if (!code)
		code = repository_collections(place->repository, view_text("me"), view_text(""),
					      note_name, &text, NULL);
	bytes_release(&text);
	collection_close(c);
	return code;
}

static void every_failed_allocation_is_reported(void **state)
{
	struct collection *c;
	struct place place;
	bool is_done = false;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	collection_close(c);
	for (uint64_t n = 1; !is_done; n += 1 + n / 50) {
		enum muster_code code;

		torture_allocation(n);
		code = open_and_change(&place);
		is_done = !torture_hit();
		torture_off();
		if (code)
			assert_int_equal(code, MUSTER_E_MEMORY);
		assert_true(!is_done || !code);
	}
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_makes_a_collection_once),
		cmocka_unit_test(an_intended_collection_is_made_by_its_first_change),
		cmocka_unit_test(intentions_are_checked_at_once),
		cmocka_unit_test(an_intention_that_lost_is_told_the_type),
		cmocka_unit_test(wrong_names_and_types_are_refused),
		cmocka_unit_test(a_creator_that_died_is_finished_by_the_next),
		cmocka_unit_test(aliases_move_as_asked),
		cmocka_unit_test(tags_ttl_and_texts_change),
		cmocka_unit_test(two_merges_of_metadata_lose_nothing),
		cmocka_unit_test(a_version_with_aliases_is_deleted_only_with_them),
		cmocka_unit_test(a_deleted_collection_frees_its_name),
		cmocka_unit_test(the_history_tells_all),
		cmocka_unit_test(an_unknown_event_ends_writing_not_reading),
		cmocka_unit_test(names_are_listed),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
