#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

static void versions_follow_content_and_root(void **state)
{
	static const struct {
		uint8_t content, root;
		bool is_new;
		uint64_t version;
		enum save_reason reason;
	} cases[] = {
		{ 1, 1, true, 0, SAVE_FIRST },
		{ 1, 1, false, 0, SAVE_UNCHANGED },
		{ 2, 2, true, 1, SAVE_CONTENT },
		{ 1, 1, true, 2, SAVE_CONTENT }, /* compared with the latest only */
		{ 1, 3, true, 3, SAVE_ROOT },
		{ 1, 3, false, 3, SAVE_UNCHANGED },
		{ 4, 3, true, 4, SAVE_CONTENT },
	};
	struct collection *c;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct save_result result =
			test_save(c, cases[i].content, cases[i].root, (uint8_t)(i + 1));

		assert_int_equal(result.is_new, cases[i].is_new);
		assert_int_equal(result.version_number, cases[i].version);
		assert_int_equal(result.reason_code, cases[i].reason);
		assert_int_equal(result.event != 0, cases[i].is_new);
		if (cases[i].reason == SAVE_ROOT)
			assert_non_null(strstr(result.reason, "v2"));
		if (cases[i].is_new)
			assert_memory_equal(result.event_sha256, collection_head_sha256(c), 32);
	}
	assert_int_equal(collection_latest(c)->number, 4);
	collection_close(c);
	place_release(&place);
}

static void all_that_was_given_is_stored(void **state)
{
	static const char *const aliases[] = { "prod", "latest", "best", "prod" }, *const tags[] = {
		"t", "t"
	};
	struct collection *c, *other;
	const struct version *version;
	struct test_version v;
	struct save_result result;
	struct muster_error err = { 0 };
	struct bytes text = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_version_init(&v, 1, 1, 1);
	v.request.aliases = aliases;
	v.request.alias_count = 4;
	v.request.tags = tags;
	v.request.tag_count = 2;
	v.request.description = "what \"it\" is";
	v.request.metadata = "{ \"lr\": 0.10 }";
	v.request.ttl_days = 9;
	v.request.run = "run-1";
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_OK);
	other = test_open(&place, "images", NULL);
	version = collection_resolve(other, VIEW_LITERAL("best"));
	assert_non_null(version);
	assert_int_equal(version->number, 0);
	assert_int_equal(version->tags.count, 1);
	assert_int_equal(version->ttl_days, 9);
	assert_int_equal(version->size_bytes, 1001);
	assert_int_equal(version->created_ms, 1767225600123u);
	assert_memory_equal(&version->manifest, &v.request.manifest, sizeof(version->manifest));
	assert_int_equal(collection_versions(other)->alias_count, 2);
	assert_int_equal(collection_metadata(other, version, &text, &err), MUSTER_OK);
	assert_true(view_equal(bytes_view(&text), VIEW_LITERAL("{\"lr\":0.10}")));
	text.len = 0;
	assert_int_equal(collection_description(other, version, &text, &err), MUSTER_OK);
	assert_true(view_equal(bytes_view(&text), view_text(v.request.description)));
	bytes_release(&text);
	collection_close(c);
	collection_close(other);
	place_release(&place);
}

static void an_unchanged_save_still_names(void **state)
{
	static const char *const aliases[] = { "prod", "best" }, *const tags[] = { "good" };
	struct collection *c;
	struct test_version v;
	struct save_result result;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	for (int again = 0; again < 2; again++) {
		test_version_init(&v, 1, 1, (uint8_t)(2 + again));
		v.request.aliases = aliases;
		v.request.alias_count = 2;
		v.request.tags = tags;
		v.request.tag_count = 1;
		assert_int_equal(collection_save(c, &v.request, &result, NULL), MUSTER_OK);
		assert_false(result.is_new);
		assert_int_equal(result.event, 0);
		assert_int_equal(collection_resolve(c, VIEW_LITERAL("prod"))->number, 0);
		assert_int_equal(collection_resolve(c, VIEW_LITERAL("best"))->number, 0);
		assert_true(version_has_tag(collection_latest(c), VIEW_LITERAL("good")));
		assert_int_equal(collection_head(c),
				 2 + 3); /* the second time there is nothing to do */
	}
	collection_close(c);
	place_release(&place);
}

static void wrong_requests_change_nothing(void **state)
{
	static const char *const bad_alias[] = { "a/b" }, *const bad_tag[] = { "#" },
				 *const version_alias[] = { "v3" };
	struct collection *c;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	for (int i = 0; i < 6; i++) {
		struct test_version v;
		struct save_result result;
		struct muster_error err = { 0 };

		test_version_init(&v, 1, 1, 1);
		v.request.aliases = i == 0 ? bad_alias : version_alias;
		v.request.alias_count = i < 2;
		v.request.tags = bad_tag;
		v.request.tag_count = i == 2;
		v.request.metadata = i == 3 ? "[1]" : NULL;
		v.request.description = i == 4 ? "\xff" : NULL;
		v.request.run = i == 5 ? "\xff" : NULL;
		assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_E_USAGE);
		assert_non_null(strstr(err.message, "save 'images'"));
		assert_int_equal(collection_head(c), 1);
	}
	collection_close(c);
	place_release(&place);
}

static void a_save_against_the_head_knows_when_it_moved(void **state)
{
	struct collection *c, *other;
	struct test_version v;
	struct save_result result;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	other = test_open(&place, "images", NULL);
	test_version_init(&v, 1, 1, 1);
	v.request.against = SAVE_AGAINST_HEAD; /* computed against nothing, and nothing is there */
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_OK);
	test_version_init(&v, 2, 2, 2);
	v.request.against = SAVE_AGAINST_HEAD;
	assert_int_equal(collection_save(other, &v.request, &result, &err), MUSTER_E_CONFLICT);
	assert_int_equal(result.version_number, 0);
	v.request.base = (struct base_version){ true, { 0 } };
	memcpy(v.request.base.id, collection_latest(other)->id, 16);
	assert_int_equal(collection_save(other, &v.request, &result, &err), MUSTER_OK);
	assert_int_equal(result.version_number, 1);
	test_version_init(&v, 3, 3, 3);
	v.request.against = SAVE_AGAINST_VERSION; /* whatever came meanwhile */
	v.request.base = (struct base_version){ true, { 1 } };
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_OK);
	assert_int_equal(result.version_number, 2);
	collection_close(c);
	collection_close(other);
	place_release(&place);
}

struct order {
	uint64_t now, sync_ended, event_began;
	char log[128];
};

static void note_order(void *state, const struct store_fault_event *event)
{
	struct order *order = state;

	order->now++;
	if (event->effect == STORE_EFFECT_SYNC && event->ended)
		order->sync_ended = order->now;
	if (event->effect == STORE_EFFECT_CREATE && !event->ended && order->log[0] &&
	    strncmp(event->key, order->log, strlen(order->log)) == 0)
		order->event_began = order->now;
}

static void an_event_follows_the_sync(void **state)
{
	struct order order = { 0 };
	struct store_fault_options fault = { .log = note_order, .log_state = &order };
	struct collection *c;
	struct place place;

	(void)state;
	place_make(&place, &fault);
	c = test_open(&place, "images", "dataset");
	snprintf(order.log, sizeof(order.log), "%s", collection_log_name(c));
	test_save(c, 1, 1, 1);
	assert_true(order.sync_ended > 0);
	assert_true(order.event_began > order.sync_ended);
	collection_close(c);
	place_release(&place);
}

static enum muster_code refuse(void *state, struct repository *repository, struct muster_error *err)
{
	assert_true(repository_gate_is_fresh(repository));
	++*(int *)state;
	return muster_fail(err, MUSTER_E_CONFLICT, "a pack was condemned");
}

static void a_save_asks_what_it_relies_on(void **state)
{
	struct collection *c;
	struct test_version v;
	struct save_result result;
	struct muster_error err = { 0 };
	struct place place;
	int asked = 0;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_version_init(&v, 1, 1, 1);
	v.request.relies = refuse;
	v.request.relies_state = &asked;
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_E_CONFLICT);
	assert_int_equal(asked, 1);
	assert_non_null(strstr(err.message, "condemned"));
	assert_int_equal(collection_head(c), 1);
	collection_close(c);
	place_release(&place);
}

static void a_version_is_saved_once_however_often_it_is_tried(void **state)
{
	struct collection *c;
	struct save_result result;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	test_save(c, 2, 2, 2); /* by somebody else, before the first one tries again */
	result = test_save(c, 1, 1, 1);
	assert_int_equal(result.reason_code, SAVE_REPEATED);
	assert_int_equal(result.version_number, 0);
	assert_int_equal(collection_versions(c)->version_count, 2);
	collection_close(c);
	place_release(&place);
}

static void the_gc_log_is_read_before_each_event(void **state)
{
	struct collection *c;
	struct test_version v;
	struct save_result result;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	test_add_unknown(place.store, KEY_GC_LOG, 1, false);
	test_version_init(&v, 2, 2, 2);
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_E_UNSUPPORTED);
	assert_int_equal(collection_alias_add(c, 0, VIEW_LITERAL("prod"), NULL, &err),
			 MUSTER_E_UNSUPPORTED);
	assert_int_equal(collection_head(c), 2);
	collection_close(c);
	place_release(&place);
}

static enum muster_code sleep_through(void *state, struct repository *repository,
				      struct muster_error *err)
{
	struct place *place = state;

	(void)repository;
	(void)err;
	if (place->world.boot_ns < 3 * REPOSITORY_GATE_NS)
		place->world.boot_ns += REPOSITORY_GATE_NS + 1;
	return MUSTER_OK;
}

static void a_gate_that_grew_old_is_read_again(void **state)
{
	struct collection *c;
	struct test_version v;
	struct save_result result;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_version_init(&v, 1, 1, 1);
	v.request.relies = sleep_through;
	v.request.relies_state = &place;
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_OK);
	assert_true(place.world.boot_ns > 3 * REPOSITORY_GATE_NS);
	assert_true(repository_gate_is_fresh(place.repository));
	collection_close(c);
	place_release(&place);
}

/* Open, save version id 1, and close again. */
static enum muster_code save_once(struct place *place, struct save_result *result)
{
	static const char *const aliases[] = { "prod" };
	struct collection_name name = test_name("images");
	struct collection *c = NULL;
	struct test_version v;
	enum muster_code code = collection_open(&c, place->repository, &name, "dataset", NULL);

	test_version_init(&v, 1, 1, 1);
	v.request.aliases = aliases;
	v.request.alias_count = 1;
	if (!code)
		code = collection_save(c, &v.request, result, NULL);
	collection_close(c);
	return code;
}

/* One save with a fault at one effect, and once more without. False when there is no such effect.
 */
static bool save_through(const struct store_fault_options *fault, uint64_t at)
{
	struct save_result result;
	struct collection *c;
	struct place place;
	enum muster_code code;
	bool was_hit;

	place_make(&place, fault);
	store_fault_arm(place.store, at);
	code = save_once(&place, &result);
	was_hit = store_fault_hit(place.store);
	store_fault_arm(place.store, 0);
	assert_true(code == MUSTER_OK || (was_hit && code == MUSTER_E_IO));
	place_open(&place); /* as another process would find it */
	assert_int_equal(save_once(&place, &result), MUSTER_OK);
	assert_int_equal(result.version_number, 0);
	c = test_open(&place, "images", NULL);
	assert_int_equal(collection_versions(c)->version_count, 1);
	assert_int_equal(collection_resolve(c, VIEW_LITERAL("prod"))->number, 0);
	assert_int_equal(collection_head(c), 2);
	collection_close(c);
	place_release(&place);
	return was_hit;
}

/* Whatever effect fails, before it is applied or after, alone or with all that follow (a crash),
 * the save has happened once or not at all, and trying again makes it happen once. */
static void no_failure_saves_twice_or_half(void **state)
{
	static const uint64_t lengths[] = { 1, 2, 3, 4, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct store_fault_options fault = { .after = i % 2,
						     .length = lengths[i / 2],
						     .sys_errno = EIO,
						     .count_reads = true };
		uint64_t at = 1;

		while (save_through(&fault, at))
			at++;
		assert_true(at > 10);
	}
}

static void every_failed_allocation_is_reported(void **state)
{
	struct save_result result;
	struct place place;
	bool is_done = false;

	(void)state;
	place_make(&place, NULL);
	for (uint64_t n = 1; !is_done; n++) {
		enum muster_code code;

		torture_allocation(n);
		code = save_once(&place, &result);
		is_done = !torture_hit();
		torture_off();
		if (code)
			assert_int_equal(code, MUSTER_E_MEMORY);
		assert_true(!is_done || !code);
	}
	assert_int_equal(result.version_number, 0);
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_follow_content_and_root),
		cmocka_unit_test(all_that_was_given_is_stored),
		cmocka_unit_test(an_unchanged_save_still_names),
		cmocka_unit_test(wrong_requests_change_nothing),
		cmocka_unit_test(a_save_against_the_head_knows_when_it_moved),
		cmocka_unit_test(an_event_follows_the_sync),
		cmocka_unit_test(a_save_asks_what_it_relies_on),
		cmocka_unit_test(a_version_is_saved_once_however_often_it_is_tried),
		cmocka_unit_test(the_gc_log_is_read_before_each_event),
		cmocka_unit_test(a_gate_that_grew_old_is_read_again),
		cmocka_unit_test(no_failure_saves_twice_or_half),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
