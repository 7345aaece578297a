#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "engine/repository/version_words.h"
#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

static enum muster_code try_link(struct collection *portfolio, struct collection *from,
				 uint64_t version, const char *alias, struct link_result *result,
				 struct muster_error *err)
{
	struct link_request request = {
		.from = from, .version = version, .aliases = &alias, .alias_count = alias ? 1 : 0
	};

	return collection_link(portfolio, &request, result, err);
}

static struct link_result make_link(struct collection *portfolio, struct collection *from,
				    uint64_t version, const char *alias)
{
	struct link_result result;
	struct muster_error err = { 0 };

	if (try_link(portfolio, from, version, alias, &result, &err))
		fail_msg("%s", err.message);
	return result;
}

/* "images" with v0 and v1, and "chosen" without any version. */
struct links {
	struct place place;
	struct collection *images, *chosen;
};

static void links_make(struct links *links)
{
	place_make(&links->place, NULL);
	links->images = test_open(&links->place, "images", "dataset");
	links->chosen = test_open(&links->place, "chosen", "dataset");
	test_save(links->images, 1, 1, 1);
	test_save(links->images, 2, 2, 2);
}

static void links_release(struct links *links)
{
	collection_close(links->images);
	collection_close(links->chosen);
	place_release(&links->place);
}

static void links_number_on_their_own_and_latest_moves(void **state)
{
	struct links l;
	const struct version *link, *source;

	(void)state;
	links_make(&l);
	assert_int_equal(make_link(l.chosen, l.images, 1, "prod").version_number, 0);
	assert_int_equal(make_link(l.chosen, l.images, 0, NULL).version_number, 1);
	assert_true(collection_versions(l.chosen)->is_portfolio);
	link = collection_resolve(l.chosen, VIEW_LITERAL("prod"));
	source = collection_state_version(collection_versions(l.images), 1);
	assert_int_equal(link->number, 0);
	assert_true(link->is_link);
	assert_memory_equal(link->id, source->id, 16);
	assert_memory_equal(link->digest, source->digest, 16);
	assert_memory_equal(link->root, source->root, 32);
	assert_memory_equal(&link->manifest, &source->manifest, sizeof(link->manifest));
	assert_memory_equal(link->source.collection_id, collection_id(l.images), 16);
	assert_int_equal(link->source.version, 1);
	assert_true(view_equal(link->source.name, VIEW_LITERAL("images")));
	assert_int_equal(collection_latest(l.chosen)->number, 1);
	links_release(&l);
}

static void a_version_is_linked_once_and_gets_the_aliases(void **state)
{
	struct link_result again;
	struct links l;

	(void)state;
	links_make(&l);
	assert_true(make_link(l.chosen, l.images, 0, "a").is_new);
	assert_true(make_link(l.chosen, l.images, 1, "b").is_new);
	again = make_link(l.chosen, l.images, 0, "b");
	assert_false(again.is_new);
	assert_int_equal(again.version_number, 0);
	assert_int_equal(collection_state_alias(collection_versions(l.chosen), VIEW_LITERAL("b")),
			 0);
	assert_int_equal(collection_head(l.chosen), 4); /* open, two links, one alias */
	make_link(l.chosen, l.images, 0, "b");
	assert_int_equal(collection_head(l.chosen), 4);
	/* Once it is unlinked it may come again, under another number. */
	assert_int_equal(collection_delete_version(l.chosen, 0, false, NULL), MUSTER_OK);
	assert_int_equal(make_link(l.chosen, l.images, 0, NULL).version_number, 2);
	links_release(&l);
}

static void saves_and_links_have_collections_of_their_own(void **state)
{
	struct test_version version;
	struct save_result saved;
	struct link_result linked;
	struct muster_error err = { 0 };
	struct links l;

	(void)state;
	links_make(&l);
	make_link(l.chosen, l.images, 0, NULL);
	test_version_init(&version, 3, 3, 3);
	assert_int_equal(collection_save(l.chosen, &version.request, &saved, &err),
			 MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "portfolio"));
	assert_int_equal(collection_check_saves(l.chosen, NULL), MUSTER_E_REFUSED);
	assert_int_equal(collection_check_saves(l.images, NULL), MUSTER_OK);
	assert_int_equal(try_link(l.images, l.chosen, 0, NULL, &linked, &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "versions of its own"));
	assert_int_equal(try_link(l.chosen, l.images, 9, NULL, &linked, NULL), MUSTER_E_NAME);
	assert_int_equal(try_link(l.chosen, l.images, 0, "v3", &linked, NULL), MUSTER_E_USAGE);
	assert_int_equal(collection_ttl(l.chosen, 0, 3, false, NULL), MUSTER_E_REFUSED);
	assert_int_equal(collection_default_ttl(l.chosen, 3, NULL), MUSTER_E_REFUSED);
	links_release(&l);
}

static void a_link_of_a_link_links_its_source(void **state)
{
	struct collection *other;
	struct links l;

	(void)state;
	links_make(&l);
	other = test_open(&l.place, "registry", "dataset");
	make_link(l.chosen, l.images, 1, NULL);
	make_link(other, l.chosen, 0, NULL);
	assert_memory_equal(collection_latest(other)->source.collection_id, collection_id(l.images),
			    16);
	assert_int_equal(collection_latest(other)->source.version, 1);
	/* And without the source, too. */
	assert_int_equal(collection_delete(l.images, NULL), MUSTER_OK);
	assert_int_equal(collection_delete_version(other, 0, false, NULL), MUSTER_OK);
	assert_int_equal(make_link(other, l.chosen, 0, NULL).version_number, 1);
	collection_close(other);
	links_release(&l);
}

static void read_words(struct collection *c, char description[64], size_t *tag_count)
{
	struct version_words words = { 0 };

	assert_int_equal(version_words_read(&words, c, collection_latest(c), NULL), MUSTER_OK);
	snprintf(description, 64, "%s", words.description ? words.description : "");
	*tag_count = words.tag_count;
	version_words_release(&words);
}

static void a_link_says_what_its_source_says_and_what_it_said_at_last(void **state)
{
	char description[64];
	size_t tags;
	struct links l;

	(void)state;
	links_make(&l);
	assert_int_equal(collection_describe(l.images, 0, VIEW_LITERAL("before"), NULL), MUSTER_OK);
	make_link(l.chosen, l.images, 0, "prod");
	assert_int_equal(collection_describe(l.images, 0, VIEW_LITERAL("after"), NULL), MUSTER_OK);
	assert_int_equal(collection_tag_add(l.images, 0, VIEW_LITERAL("good"), NULL), MUSTER_OK);
	read_words(l.chosen, description, &tags);
	assert_string_equal(description, "after");
	assert_int_equal(tags, 1);
	assert_int_equal(collection_delete_version(l.images, 0, true, NULL), MUSTER_OK);
	read_words(l.chosen, description, &tags);
	assert_string_equal(description, "before");
	assert_int_equal(tags, 0);
	links_release(&l);
}

/* A condemn event whose mark did not read the source's save: its objects may be listed in it. */
static void what_gc_may_collect_is_not_linked(void **state)
{
	static struct view heads[1];
	struct event condemn = { .kind.id = EVENT_CONDEMN, .heads = { heads, 1 } };
	struct log_options options = { .name = KEY_GC_LOG };
	struct gc_state gc = { 0 };
	struct link_result result;
	struct muster_error err = { 0 };
	struct log *log = NULL;
	struct links l;
	char head[128];

	(void)state;
	links_make(&l);
	snprintf(head, sizeof(head), "%s/2", collection_log_name(l.images));
	heads[0] = view_text(head);
	options.store = l.place.store;
	options.effects = &l.place.world.effects;
	options.fold = (struct log_fold){ .state = &gc,
					  .reset = (void (*)(void *))gc_state_release,
					  .apply = (enum muster_code(*)(
						  void *, const struct event *,
						  struct muster_error *))gc_state_apply };
	assert_int_equal(log_open(&log, &options, NULL), MUSTER_OK);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	assert_int_equal(log_append(log, &condemn, NULL, NULL), MUSTER_OK);
	assert_true(make_link(l.chosen, l.images, 0, NULL).is_new); /* event 2: it was read */
	assert_int_equal(try_link(l.chosen, l.images, 1, NULL, &result, &err), MUSTER_E_CONFLICT);
	assert_non_null(strstr(err.message, "collected"));
	log_close(log);
	gc_state_release(&gc);
	links_release(&l);
}

static void a_source_that_goes_meanwhile_is_not_linked(void **state)
{
	struct collection *again;
	struct link_result result;
	struct links l;

	(void)state;
	links_make(&l);
	again = test_open(&l.place, "images", NULL); /* as of now */
	assert_int_equal(collection_delete_version(l.images, 1, false, NULL), MUSTER_OK);
	assert_int_equal(try_link(l.chosen, again, 1, NULL, &result, NULL), MUSTER_E_NAME);
	assert_int_equal(collection_versions(l.chosen)->version_count, 0);
	collection_close(again);
	links_release(&l);
}

static void words_of_a_collection_are_its_own(void **state)
{
	struct bytes text = { 0 };
	struct links l;

	(void)state;
	links_make(&l);
	assert_int_equal(collection_describe_all(l.images, VIEW_LITERAL("all"), NULL), MUSTER_OK);
	assert_int_equal(collection_tag_all(l.images, VIEW_LITERAL("a b"), false, NULL), MUSTER_OK);
	assert_int_equal(collection_tag_all(l.images, VIEW_LITERAL("a b"), false, NULL), MUSTER_OK);
	assert_int_equal(collection_head(l.images), 5);
	assert_int_equal(collection_tag_all(l.images, VIEW_LITERAL("a!"), false, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(collection_tag_all(l.images, VIEW_LITERAL("c"), true, NULL),
			 MUSTER_E_NAME);
	assert_int_equal(collection_description_of_all(l.images, &text, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&text), VIEW_LITERAL("all")));
	assert_int_equal(collection_versions(l.images)->tags.count, 1);
	assert_int_equal(collection_latest(l.images)->tags.count, 0);
	assert_int_equal(collection_describe_all(l.images, VIEW_LITERAL(""), NULL), MUSTER_OK);
	assert_int_equal(collection_versions(l.images)->description_event, 0);
	assert_int_equal(collection_tag_all(l.images, VIEW_LITERAL("a b"), true, NULL), MUSTER_OK);
	assert_int_equal(collection_versions(l.images)->tags.count, 0);
	bytes_release(&text);
	links_release(&l);
}

/* Every allocation that fails is told, and leaves no half of a link. */
static void every_failed_allocation_is_reported(void **state)
{
	struct links l;
	bool is_done = false;

	(void)state;
	links_make(&l);
	for (uint64_t n = 1; !is_done; n++) {
		struct link_result result;
		enum muster_code code;

		torture_allocation(n);
		code = try_link(l.chosen, l.images, 0, "prod", &result, NULL);
		is_done = !torture_hit();
		torture_off();
		if (is_done)
			assert_int_equal(code, MUSTER_OK);
		assert_int_equal(collection_refresh(l.chosen, NULL), MUSTER_OK);
		assert_true(collection_versions(l.chosen)->version_count <= 1);
	}
	links_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_number_on_their_own_and_latest_moves),
		cmocka_unit_test(a_version_is_linked_once_and_gets_the_aliases),
		cmocka_unit_test(saves_and_links_have_collections_of_their_own),
		cmocka_unit_test(a_link_of_a_link_links_its_source),
		cmocka_unit_test(a_link_says_what_its_source_says_and_what_it_said_at_last),
		cmocka_unit_test(what_gc_may_collect_is_not_linked),
		cmocka_unit_test(a_source_that_goes_meanwhile_is_not_linked),
		cmocka_unit_test(words_of_a_collection_are_its_own),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
