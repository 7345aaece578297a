/* Each system call of a put to a local repository fails once: the put says so, every object that
 * has its final name is whole, and the next run makes the version. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "artifact/format/manifest.h"
#include "io/store/local.h"
#include "tests/faults/put_place.h"
#include "tests/io/store/sys_fault.h"
#include "tests/support/torture.h"

static struct put_place place;

static int make(void **state)
{
	(void)state;
	put_place_make(&place);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	put_place_remove(&place);
	return 0;
}

/* A put during which call `n` fails. */
static enum muster_code put_failing(struct sys_fault *fault, struct muster_error *err)
{
	struct store_local_options options = { .sys = &fault->ops };
	struct repository *repository = NULL;
	struct store *store = NULL;
	struct muster_put_report report;
	enum muster_code code = store_local_open(&store, place.repository, &options, err);

	if (!code)
		code = repository_open(&repository, store, effects_system(), err);
	if (!code) {
		repository_assume_proved(repository);
		code = put_place_put(&place, repository, &report, err);
	}
	repository_close(repository);
	store_free(store);
	return code;
}

/* check reads packs and index files whether a version needs them or not, but not manifests. */
static enum muster_code check_manifest(void *state, const char *key, uint64_t size_bytes,
				       uint64_t modified_ns, struct muster_error *err)
{
	struct manifest_trailer trailer;
	uint8_t raw[MANIFEST_TRAILER_BYTES];
	struct store_object *object = NULL;
	enum muster_code code = store_open(state, key, &object, err);

	(void)modified_ns;
	if (!code)
		code = store_read(object, size_bytes - sizeof(raw), raw, sizeof(raw), err);
	if (!code)
		code = manifest_trailer_parse(&trailer, view_of(raw, sizeof(raw)), size_bytes, err);
	store_close(object);
	return code;
}

static void go_on(void)
{
	struct store *store = NULL;
	struct muster_error err = { 0 };

	assert_int_equal(store_local_open(&store, place.repository, NULL, &err), MUSTER_OK);
	if (store_list(store, "manifests/", NULL, check_manifest, store, &err))
		fail_msg("%s", err.message);
	put_place_finish(&place, store);
	store_free(store);
}

/* What a failed call may come to. A call whose failure does no harm (advice, a name that is removed
 * later) is passed over. */
static void judge(uint64_t n, int failure, enum muster_code code, const struct muster_error *err)
{
	if (code == MUSTER_OK || (code == MUSTER_E_IO && err->sys_errno == failure))
		return;
	if (code == MUSTER_E_IO && strstr(err->message, strerror(failure)))
		return;
	fail_msg("call %llu, %s: code %d, %s", (unsigned long long)n, strerror(failure), code,
		 err->message);
}

static uint64_t fail_each_call(int failure)
{
	uint64_t ok_count = 0, tries = 0, n;

	for (n = 1;; n += TORTURE_STEP) {
		struct sys_fault fault;
		struct muster_error err = { 0 };
		enum muster_code code;
		bool hit;

		put_place_start_anew(&place);
		sys_fault_init(&fault);
		sys_fault_arm(&fault, n, failure);
		code = put_failing(&fault, &err);
		hit = atomic_load(&fault.hit);
		judge(n, failure, code, &err);
		ok_count += code == MUSTER_OK;
		tries++;
		go_on();
		if (!hit)
			break;
	}
	assert_true(n > 100);
	assert_true(ok_count < tries / 2); /* most failures must not be passed over */
	return n;
}

static void a_full_disk_fails_the_put_and_nothing_else(void **state)
{
	(void)state;
	fail_each_call(ENOSPC);
}

static void a_broken_disk_does_so_too(void **state)
{
	(void)state;
	fail_each_call(EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_fails_the_put_and_nothing_else),
		cmocka_unit_test(a_broken_disk_does_so_too),
	};

	return cmocka_run_group_tests(tests, make, remove_all);
}
