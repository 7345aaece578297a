/* Portfolios: "chosen" links versions of "data". */
#include <stdio.h>
#include <string.h>

#include "engine/put/put.h"
#include "tests/engine/copy/lab.h"
#include "tests/support/torture.h"

/* --- material --------------------------------------------------------------------------------- */

static void put(struct fixture *fixture, const char *text)
{
	fixture_write_text(fixture, "file", text);
	fixture_put(fixture);
}

static void tag(struct repository *repository, const char *name, uint64_t number, const char *text)
{
	struct collection *collection = lab_open(repository, name);

	assert_int_equal(collection_tag_add(collection, number, view_text(text), NULL), MUSTER_OK);
	collection_close(collection);
}

/* Three versions of "data"; "chosen" links v2 as v0, v0 as v1. */
static void make_source(struct fixture *fixture)
{
	put(fixture, "zero");
	put(fixture, "one");
	put(fixture, "two");
	lab_link(fixture->repository, "data", 2, "chosen", "prod");
	lab_link(fixture->repository, "data", 0, "chosen", NULL);
}

static const struct lab_copy every = { .every = true };
static const struct lab_copy data = { .all = true };
static const struct lab_copy chosen = { .name = "chosen", .all = true };

/* --- looking ---------------------------------------------------------------------------------- */

static bool is_portfolio(struct repository *repository, const char *name)
{
	struct collection *collection = lab_open(repository, name);
	bool is = collection_versions(collection)->is_portfolio;

	collection_close(collection);
	return is;
}

/* Version `number` of `portfolio` links `version` of `name`, as a link that is made there does. */
static void assert_links(struct repository *repository, const char *portfolio, uint64_t number,
			 const char *name, uint64_t version)
{
	struct collection *links = lab_open(repository, portfolio);
	struct collection *from = lab_open(repository, name);
	const struct version *link = collection_state_version(collection_versions(links), number);
	const struct version *linked = collection_state_version(collection_versions(from), version);

	assert_non_null(link);
	assert_non_null(linked);
	assert_true(link->is_link);
	assert_memory_equal(link->source.collection_id, collection_id(from), 16);
	assert_memory_equal(link->id, linked->id, 16);
	assert_true(view_equal(link->source.name, view_text(name)));
	assert_int_equal(link->source.version, version);
	assert_int_equal(link->source.event, linked->event);
	assert_memory_equal(&link->manifest.id, &linked->manifest.id, sizeof(link->manifest.id));
	collection_close(from);
	collection_close(links);
}

static bool has_tag(struct repository *repository, const char *name, uint64_t number,
		    const char *tag)
{
	struct collection *collection = lab_open(repository, name);
	bool has = version_has_tag(
		collection_state_version(collection_versions(collection), number), view_text(tag));

	collection_close(collection);
	return has;
}

static bool has_alias(struct repository *repository, const char *name, const char *alias,
		      uint64_t number)
{
	struct collection *collection = lab_open(repository, name);
	uint64_t found = collection_state_alias(collection_versions(collection), view_text(alias));

	collection_close(collection);
	return found == number;
}

/* --- links that stay links -------------------------------------------------------------------- */

static void a_portfolio_is_one_there(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_source(fixture);
	lab_target_open(&target, NULL);
	for (int again = 0; again < 2; again++) {
		lab_target_reopen(&target);
		report = lab_must_copy(fixture->repository, target.repository, &every);
		assert_int_equal(report.new_versions, again ? 0 : 5);
		assert_int_equal(report.new_links, again ? 0 : 2);
		assert_int_equal(report.present_versions, again ? 5 : 0);
		assert_int_equal(report.unlinked_versions, 0);
	}
	assert_int_equal(report.written_bytes, 0);
	assert_int_equal(store_fault_effects(target.store), 0);
	assert_links(target.repository, "chosen", 0, "data", 2);
	assert_links(target.repository, "chosen", 1, "data", 0);
	assert_true(has_alias(target.repository, "chosen", "prod", 0));
	lab_assert_equal(fixture->repository, "chosen", 0, target.repository, "chosen", 0);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* "chosen" comes before "data" in a listing; so does what links a version that is linked twice. */
static void what_is_linked_comes_first(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };

	make_source(fixture);
	lab_link(fixture->repository, "chosen", 0, "a-first", NULL); /* a link of a link */
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &every);
	assert_links(target.repository, "a-first", 0, "data", 2);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* v2 is v0 there: the link names it as it is called there. */
static void a_link_names_what_is_there(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };

	make_source(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ .alias = "v2" });
	lab_must_copy(fixture->repository, target.repository,
		      &(struct lab_copy){ .name = "chosen", .alias = "prod", .as = "best" });
	assert_links(target.repository, "best", 0, "data", 0);
	assert_true(has_alias(target.repository, "best", "prod", 0));
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* Put there by somebody else: equal content under the same name will do. */
static void content_is_enough(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };

	put(fixture, "zero");
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ .as = "other" });
	lab_must_copy(target.repository, target.repository,
		      &(struct lab_copy){ .name = "other", .as = "data" }); /* another id */
	lab_link(fixture->repository, "data", 0, "chosen", NULL);
	for (int again = 0; again < 2; again++)
		lab_must_copy(fixture->repository, target.repository, &chosen);
	assert_int_equal(lab_version_count(target.repository, "chosen"), 1);
	assert_links(target.repository, "chosen", 0, "data", 0);
	lab_target_close(&target);
}

static void later_links_and_aliases_follow(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_source(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &every);
	put(fixture, "three");
	lab_link(fixture->repository, "data", 3, "chosen", "next");
	lab_link(fixture->repository, "data", 0, "chosen", "prod"); /* it moves */
	tag(fixture->repository, "data", 0, "seen");
	report = lab_must_copy(fixture->repository, target.repository, &every);
	assert_int_equal(report.new_versions, 2);
	assert_int_equal(report.new_links, 1);
	assert_links(target.repository, "chosen", 2, "data", 3);
	assert_true(has_alias(target.repository, "chosen", "next", 2));
	assert_true(has_alias(target.repository, "chosen", "prod", 1));
	assert_true(has_tag(target.repository, "data", 0, "seen"));
	assert_false(has_tag(target.repository, "chosen", 1, "seen")); /* it is the source's */
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* The copy has what was deleted here: its links stay, and more can come. */
static void a_source_that_was_deleted_here_may_be_there(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_source(fixture);
	lab_link(fixture->repository, "data", 1, "later", NULL);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &data);
	lab_delete(fixture->repository, "data", 0);
	lab_delete(fixture->repository, "data", 1);
	report = lab_must_copy(fixture->repository, target.repository, &every);
	assert_int_equal(report.new_links, 3);
	assert_links(target.repository, "chosen", 1, "data", 0);
	assert_links(target.repository, "later", 0, "data", 1);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

static void a_source_is_found_under_its_present_name(void **state)
{
	struct fixture *fixture = *state;
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("images") };
	struct lab_target target = { 0 };
	struct collection *renamed;

	make_source(fixture);
	renamed = lab_open(fixture->repository, "data");
	assert_int_equal(collection_rename(renamed, &name, NULL), MUSTER_OK);
	collection_close(renamed);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &every);
	assert_links(target.repository, "chosen", 0, "images", 2);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* Equal versions of two artifacts are two links, and stay two. */
static void links_of_equal_content_are_not_mixed_up(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };

	put(fixture, "zero");
	lab_must_copy(fixture->repository, fixture->repository, &(struct lab_copy){ .as = "twin" });
	lab_link(fixture->repository, "data", 0, "chosen", NULL);
	lab_link(fixture->repository, "twin", 0, "chosen", "twin");
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &every);
	lab_delete(fixture->repository, "chosen", 0);
	lab_must_copy(fixture->repository, target.repository, &every);
	assert_int_equal(lab_version_count(target.repository, "chosen"), 2);
	assert_links(target.repository, "chosen", 0, "data", 0);
	assert_links(target.repository, "chosen", 1, "twin", 0);
	assert_true(has_alias(target.repository, "chosen", "twin", 1));
	lab_target_close(&target);
}

/* --- links that cannot stay ------------------------------------------------------------------- */

static struct muster_copy_report copy_noted(struct fixture *fixture, struct lab_target *target,
					    struct lab_copy what, const char *note)
{
	struct muster_copy_report report;
	struct bytes notes = { 0 };

	what.notes = &notes;
	report = lab_must_copy(fixture->repository, target->repository, &what);
	assert_int_equal(bytes_append_byte(&notes, '\0', NULL), MUSTER_OK);
	if (!strstr((const char *)notes.ptr, note))
		fail_msg("'%s' does not say '%s'", (const char *)notes.ptr, note);
	bytes_release(&notes);
	return report;
}

static void without_its_source_a_link_is_a_version_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_source(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &(struct lab_copy){ .alias = "v2" });
	report = copy_noted(fixture, &target, chosen,
			    "'me/tests/data:v0', which v1 links, is not there");
	assert_int_equal(report.new_links, 0);
	assert_int_equal(report.unlinked_versions, 2);
	assert_false(is_portfolio(target.repository, "chosen"));
	lab_assert_equal(fixture->repository, "chosen", 0, target.repository, "chosen", 0);
	lab_assert_equal(fixture->repository, "chosen", 1, target.repository, "chosen", 1);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* It has gone on with versions of its own, and does so when what it links is there. */
static void what_has_versions_of_its_own_keeps_to_them(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;

	make_source(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &chosen);
	lab_link(fixture->repository, "data", 1, "chosen", NULL);
	report = copy_noted(fixture, &target, every, "'me/tests/chosen' has versions of its own");
	assert_int_equal(report.new_versions, 4);
	assert_int_equal(report.unlinked_versions, 1);
	assert_int_equal(lab_version_count(target.repository, "chosen"), 3);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

static void a_deleted_artifact_leaves_versions_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct collection *gone;

	make_source(fixture);
	gone = lab_open(fixture->repository, "data");
	assert_int_equal(collection_delete(gone, NULL), MUSTER_OK);
	collection_close(gone);
	lab_target_open(&target, NULL);
	copy_noted(fixture, &target, every, "'me/tests/data:v2', which v0 links, is not there");
	lab_assert_equal(fixture->repository, "chosen", 1, target.repository, "chosen", 1);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* A portfolio takes nothing else; the rest waits, or goes on without it. */
static void a_portfolio_does_not_take_what_is_no_link(void **state)
{
	static const struct lab_copy partial = { .every = true, .commit_partial = true };
	struct fixture *fixture = *state;
	struct lab_target target = { 0 };
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	make_source(fixture);
	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &every);
	put(fixture, "three");
	put(fixture, "four");
	lab_link(fixture->repository, "data", 3, "chosen", NULL);
	lab_link(fixture->repository, "data", 4, "chosen", NULL);
	lab_delete(fixture->repository, "data", 3);
	assert_int_equal(lab_copy(fixture->repository, target.repository, &every, &report, &err),
			 MUSTER_E_ITEMS);
	assert_non_null(strstr(err.message, "'me/tests/data:v3', which v2 links, is not there"));
	assert_int_equal(report.failed_versions, 1);
	assert_int_equal(lab_version_count(target.repository, "chosen"), 2);
	assert_int_equal(lab_copy(fixture->repository, target.repository, &partial, &report, &err),
			 MUSTER_E_ITEMS);
	assert_int_equal(report.new_links, 1);
	assert_links(target.repository, "chosen", 2, "data", 3); /* what was v4 */
	lab_must_copy(fixture->repository, target.repository,
		      &(struct lab_copy){ .name = "chosen", .all = true, .as = "rescued" });
	lab_assert_equal(fixture->repository, "chosen", 2, target.repository, "rescued", 2);
	lab_assert_sound(target.repository);
	lab_target_close(&target);
}

/* Though it has the name, and the content. */
static void an_artifact_of_another_type_is_another(void **state)
{
	struct fixture *fixture = *state;
	struct muster_source source = { .path = fixture->tree };
	struct muster_put_options model = {
		.job = { .worker_count = 1, .memory_bytes = FIXTURE_MEMORY_BYTES },
		.sources = &source,
		.source_count = 1,
		.entity = "me",
		.project = "tests",
		.name = "data",
		.type = "model",
	};
	struct lab_target target = { 0 };
	struct muster_put_report report;

	make_source(fixture); /* the tree is as v2 now, which v0 links */
	lab_target_open(&target, NULL);
	assert_int_equal(put_run(target.repository, NULL, &model, &report, NULL), MUSTER_OK);
	copy_noted(fixture, &target, chosen, "'me/tests/data:v2', which v0 links, is not there");
	assert_false(is_portfolio(target.repository, "chosen"));
	lab_target_close(&target);
}

static void within_one_repository_they_are_versions_of_their_own(void **state)
{
	struct fixture *fixture = *state;
	struct muster_copy_report report;

	make_source(fixture);
	report = lab_must_copy(fixture->repository, fixture->repository,
			       &(struct lab_copy){ .name = "chosen", .all = true, .as = "own" });
	assert_int_equal(report.new_links, 0);
	assert_int_equal(report.unlinked_versions, 0);
	assert_false(is_portfolio(fixture->repository, "own"));
	lab_assert_equal(fixture->repository, "chosen", 0, fixture->repository, "own", 0);
	lab_assert_sound(fixture->repository);
}

/* --- failures --------------------------------------------------------------------------------- */

/* The target fails at one effect: the same command again ends with the same links. False: there are
 * fewer effects. */
static bool survives(struct fixture *fixture, uint64_t at, bool after)
{
	struct lab_target target = { .faults.after = after };
	struct muster_copy_report report;
	bool was_hit;

	lab_target_open(&target, NULL);
	lab_must_copy(fixture->repository, target.repository, &data);
	store_fault_arm(target.store, at);
	(void)!lab_copy(fixture->repository, target.repository, &chosen, &report, NULL);
	was_hit = store_fault_hit(target.store);
	lab_target_reopen(&target);
	lab_assert_sound(target.repository);
	lab_must_copy(fixture->repository, target.repository, &chosen);
	assert_int_equal(lab_version_count(target.repository, "chosen"), 2);
	assert_links(target.repository, "chosen", 0, "data", 2);
	assert_links(target.repository, "chosen", 1, "data", 0);
	lab_target_close(&target);
	return was_hit;
}

static void a_failure_at_any_effect_leaves_no_half_portfolio(void **state)
{
	struct fixture *fixture = *state;
	uint64_t at;

	make_source(fixture);
	for (int after = 0; after < 2; after++) {
		for (at = 1; survives(fixture, at, after); at++)
			assert_in_range(at, 1, 100);
		assert_in_range(at, 4, 100);
	}
}

static void every_failed_allocation_is_reported(void **state)
{
	struct fixture *fixture = *state;
	bool is_done = false;

	make_source(fixture);
	for (uint64_t n = 1; !is_done; n++) {
		struct lab_target target = { 0 };
		struct muster_copy_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		lab_target_open(&target, NULL);
		lab_must_copy(fixture->repository, target.repository, &data);
		torture_allocation(n);
		code = lab_copy(fixture->repository, target.repository, &chosen, &report, &err);
		is_done = !torture_hit();
		torture_off();
		/* What is only of help may be missing: who made an event, say. */
		if (code != MUSTER_OK && (is_done || code != MUSTER_E_MEMORY))
			fail_msg("allocation %u: code %d, %s", (unsigned)n, code, err.message);
		lab_target_reopen(&target);
		lab_must_copy(fixture->repository, target.repository, &chosen);
		assert_links(target.repository, "chosen", 1, "data", 0);
		lab_target_close(&target);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_portfolio_is_one_there),
		T(what_is_linked_comes_first),
		T(a_link_names_what_is_there),
		T(content_is_enough),
		T(later_links_and_aliases_follow),
		T(a_source_that_was_deleted_here_may_be_there),
		T(a_source_is_found_under_its_present_name),
		T(links_of_equal_content_are_not_mixed_up),
		T(without_its_source_a_link_is_a_version_of_its_own),
		T(what_has_versions_of_its_own_keeps_to_them),
		T(a_deleted_artifact_leaves_versions_of_its_own),
		T(a_portfolio_does_not_take_what_is_no_link),
		T(an_artifact_of_another_type_is_another),
		T(within_one_repository_they_are_versions_of_their_own),
		T(a_failure_at_any_effect_leaves_no_half_portfolio),
		T(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
