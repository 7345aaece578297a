/* Runs and lineage: each record, damaged or lost, is a finding; what a killed process leaves is
 * none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "engine/repository/run.h"
#include "tests/engine/check/lab.h"

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

static struct lab lab;
static struct lab_findings findings;
static struct run_id run = { "job-1" };
static struct key logged, used, use, saved;

/* One version that a run logged and used, and changes of its config. */
static int fill(void **state)
{
	struct run_options options = { .id = run.text, .entity = "me", .project = "lab" };
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"),
					VIEW_LITERAL("empty") };
	struct manifest_footer footer = { .algorithm = DIGEST_MD5 };
	struct save_request request = { .footer = &footer, .run = run.text };
	struct save_result result;
	struct collection *collection;
	const struct version *version;

	(void)state;
	lab_make(&lab, NULL);
	MUST(run_start(lab.repository, &options, &run, err));
	lab_save(&lab, &(struct lab_version){ .name = "data", .entry_count = 5 });
	/* A save that names the run: it is deleted, so that nobody asks for its manifest. */
	MUST(collection_open(&collection, lab.repository, &name, "", err));
	request.version_id[0] = 7;
	request.manifest = (struct manifest_pointer){ .object_bytes = 4096, .footer_bytes = 100 };
	memset(request.manifest.footer_sha256, 1, 32);
	MUST(collection_save(collection, &request, &result, err));
	version = collection_latest(collection);
	key_run_version(&logged, &run, LINEAGE_LOGGED, version->id);
	key_event(&saved, collection_log_name(collection), version->event);
	MUST(run_use(lab.repository, &run, collection_id(collection), version, err));
	key_run_version(&used, &run, LINEAGE_USED, version->id);
	key_use(&use, version->id, &run);
	MUST(collection_delete_version(collection, 0, true, err));
	collection_close(collection);
	for (int i = 0; i < 3; i++)
		MUST(run_configure(lab.repository, view_text(run.text), "{\"a\":1}", err));
	MUST(run_finish(lab.repository, view_text(run.text), RUN_FINISHED, err));
	return 0;
}

static int empty(void **state)
{
	(void)state;
	lab_release(&lab);
	return 0;
}

static void a_sound_one_has_no_finding(void **state)
{
	(void)state;
	lab_check(&lab, false, &findings);
	if (findings.count)
		lab_findings_print(&findings);
	assert_int_equal(findings.count, 0);
	assert_int_equal(findings.report.run_count, 1);
	assert_int_equal(findings.report.use_count, 1);
	assert_int_equal(findings.report.unreferenced_objects, 0);
}

/* The findings while `key` is gone (NULL bytes), or is something else. */
static void check_with(const char *key, const char *text)
{
	struct bytes before = lab_get(&lab, key);

	if (text)
		lab_set(&lab, key, view_text(text));
	else
		MUST(store_remove(lab.store, key, err));
	lab_check(&lab, false, &findings);
	lab_set(&lab, key, bytes_view(&before));
	bytes_release(&before);
}

static void assert_found(const char *object, const char *text, size_t count)
{
	if (findings.count != count || !lab_findings_has(&findings, object, text)) {
		lab_findings_print(&findings);
		fail_msg("%zu findings, and not '%s' of '%s'", findings.count, text, object);
	}
}

static void what_is_lost_is_found(void **state)
{
	struct key note, start;

	(void)state;
	key_run(&start, &run);
	key_run_note(&note, &run, 2);
	check_with(start.text, NULL); /* told by the event, what is below the run, and the use */
	assert_found(start.text, "is of this run", 3);
	check_with(logged.text, NULL);
	assert_found(logged.text, "says that this run logged it", 1);
	check_with(used.text, NULL);
	assert_found(used.text, "tells the same", 1);
	check_with(note.text, NULL);
	assert_found(note.text, "there are notes behind it", 1);
	check_with(saved.text, NULL);
	assert_true(lab_findings_has(&findings, saved.text, "is of the version that it saved"));
}

/* A process that was killed has told the run, and no more. */
static void an_intention_is_no_finding(void **state)
{
	(void)state;
	check_with(use.text, NULL);
	assert_int_equal(findings.count, 0);
}

static void every_flipped_byte_is_found_or_harmless(void **state)
{
	const char *keys[] = { "runs/job-1.json", logged.text, used.text, use.text };

	(void)state;
	lab_flip_each(&lab, keys, sizeof(keys) / sizeof(keys[0]));
}

static void what_is_of_another_place_is_found(void **state)
{
	static const char of_another_run[] =
		"{\"muster\": \"run 1\", \"run\": \"job-2\", \"time\": "
		"\"2026-01-01T00:00:00.000Z\", \"kind\": \"start\", \"entity\": \"e\", "
		"\"project\": \"p\"}\n";
	struct bytes text = lab_get(&lab, logged.text);
	struct key note;

	(void)state;
	key_run_note(&note, &run, 4);
	check_with("runs/job-1.json", of_another_run);
	assert_found("runs/job-1.json", "another place", 1);
	check_with("runs/job-1.json", "{}");
	assert_true(lab_findings_has(&findings, "runs/job-1.json", ""));
	MUST(bytes_append(&text, "", 1, err));
	check_with(used.text, (const char *)text.ptr); /* a log where a use belongs */
	assert_found(used.text, "another place", 1);
	check_with(use.text, (const char *)text.ptr);
	assert_found(use.text, "another place", 1);
	check_with(note.text, (const char *)text.ptr);
	assert_found(note.text, "another place", 1);
	bytes_release(&text);
}

static void strange_keys_are_none_of_ours(void **state)
{
	static const char *const keys[] = { "runs/.x", "runs/a/b.json", "uses/zz/a.json",
					    "lineage/x", "lineage/job-1/other/1.json" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		MUST(store_create(lab.store, keys[i], VIEW_LITERAL("x"), err));
	lab_check(&lab, false, &findings);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		MUST(store_remove(lab.store, keys[i], err));
	assert_int_equal(findings.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_one_has_no_finding),
		cmocka_unit_test(what_is_lost_is_found),
		cmocka_unit_test(an_intention_is_no_finding),
		cmocka_unit_test(every_flipped_byte_is_found_or_harmless),
		cmocka_unit_test(what_is_of_another_place_is_found),
		cmocka_unit_test(strange_keys_are_none_of_ours),
	};

	return cmocka_run_group_tests(tests, fill, empty);
}
