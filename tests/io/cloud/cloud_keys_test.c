/* Credentials are renewed in time, by a clock that the test sets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>

#include "tests/io/cloud/keys_lab.h"
#include "tests/support/torture.h"

#define MINUTE (60 * LAB_S)

/** A source that gives "token-1", "token-2", …, or what the test wants. */
struct source {
	struct keys_lab *lab;
	uint64_t lifetime_ns; /* 0: for ever */
	atomic_bool fails, repeats, blocks;
	atomic_uint fetched, freed;
	atomic_ullong last_boot_ns,
		pause_ns; /* the last fetch began; so long after the one before */
	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
		bool is_cancelled;
	} shared;
};

static struct keys_lab lab;
static struct source source;

static void wait_for_cancel(struct source *from)
{
	pthread_mutex_lock(&from->shared.lock);
	while (!from->shared.is_cancelled)
		pthread_cond_wait(&from->shared.changed, &from->shared.lock);
	pthread_mutex_unlock(&from->shared.lock);
}

static enum muster_code fetch(void *state, struct key_set *out, struct muster_error *err)
{
	struct source *from = state;
	unsigned number = atomic_load(&from->fetched) + 1;
	uint64_t now = atomic_load(&from->lab->boot_ns);
	char token[32];

	atomic_store(&from->pause_ns, now - atomic_exchange(&from->last_boot_ns, now));
	atomic_store(&from->fetched, number);
	if (atomic_load(&from->blocks))
		wait_for_cancel(from);
	if (atomic_load(&from->fails))
		return muster_fail(err, MUSTER_E_IO, "the server answers 503");
	snprintf(token, sizeof(token), "token-%u", atomic_load(&from->repeats) ? 1 : number);
	if (from->lifetime_ns)
		out->expires_ns = atomic_load(&from->lab->wall_ns) + from->lifetime_ns;
	if (bytes_append_text(&out->id, "id", err))
		return MUSTER_E_MEMORY;
	return secret_set(&out->token, view_text(token), err);
}

static const char *name(void *state)
{
	(void)state;
	return "a test";
}

static void cancel(void *state)
{
	struct source *from = state;

	pthread_mutex_lock(&from->shared.lock);
	from->shared.is_cancelled = true;
	pthread_cond_broadcast(&from->shared.changed);
	pthread_mutex_unlock(&from->shared.lock);
}

static void source_free(void *state)
{
	struct source *from = state;

	atomic_fetch_add(&from->freed, 1);
}

static enum muster_code open_keys(struct keys **out, uint64_t lifetime_ns, uint64_t window_ns,
				  struct muster_error *err)
{
	static const struct keys_source_ops ops = {
		.fetch = fetch, .name = name, .cancel = cancel, .free = source_free
	};

	memset(&source, 0, sizeof(source));
	pthread_mutex_init(&source.shared.lock, NULL);
	pthread_cond_init(&source.shared.changed, NULL);
	source.lab = &lab;
	source.lifetime_ns = lifetime_ns;
	return keys_open(out,
			 &(struct keys_options){ .ops = &ops,
						 .state = &source,
						 .effects = &lab.effects,
						 .window_ns = window_ns },
			 err);
}

static struct keys *opened(uint64_t lifetime_ns, uint64_t window_ns)
{
	struct keys *keys;

	assert_int_equal(open_keys(&keys, lifetime_ns, window_ns, NULL), MUSTER_OK);
	return keys;
}

static void pass(struct keys *keys, uint64_t ns)
{
	atomic_fetch_add(&lab.wall_ns, ns);
	atomic_fetch_add(&lab.boot_ns, ns);
	keys_wake(keys);
}

static bool has_token(struct keys *keys, const char *text)
{
	struct key_set set;
	bool is_it;

	assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
	is_it = strcmp((const char *)secret_reveal(&set.token).secret_ptr, text) == 0;
	key_set_release(&set);
	return is_it;
}

static void await_token(struct keys *keys, const char *text)
{
	while (!has_token(keys, text))
		sched_yield();
}

static void await_fetched(unsigned count)
{
	while (atomic_load(&source.fetched) < count)
		sched_yield();
}

/* In steps: one may come before the pause that it is meant for begins. Wall time stands still. */
static void wait_until_fetched(struct keys *keys, unsigned count)
{
	while (atomic_load(&source.fetched) < count) {
		atomic_fetch_add(&lab.boot_ns, LAB_S / 4);
		keys_wake(keys);
		sched_yield();
	}
}

static void keys_that_do_not_expire_are_fetched_once(void **state)
{
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	keys = opened(0, 0);
	lab_has_keys(keys, "id", NULL, "token-1");
	assert_string_equal(keys_source(keys), "a test");
	pass(keys, 1000 * 24 * 60 * MINUTE);
	assert_false(keys_refuse(keys));
	lab_has_keys(keys, "id", NULL, "token-1");
	keys_close(keys);
	keys_close(NULL);
	assert_int_equal(atomic_load(&source.fetched), 1);
	assert_int_equal(atomic_load(&source.freed), 1);
	lab_close(&lab);
}

static void keys_are_renewed_when_their_window_opens(void **state)
{
	static const struct {
		uint64_t lifetime_ns, window_ns, opens_ns;
	} cases[] = {
		{ 60 * MINUTE, 15 * MINUTE, 45 * MINUTE }, /* AWS */
		{ 15 * MINUTE, 15 * MINUTE, 15 * MINUTE / 2 },
		{ 60 * MINUTE, 0, 48 * MINUTE }, /* OAuth: at 80 % */
	};

	(void)state;
	lab_init(&lab);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct keys *keys = opened(cases[i].lifetime_ns, cases[i].window_ns);

		pass(keys, cases[i].opens_ns - 1);
		lab_has_keys(keys, "id", NULL, "token-1");
		assert_int_equal(atomic_load(&source.fetched), 1);
		pass(keys, 1);
		await_token(keys, "token-2");
		pass(keys, cases[i].opens_ns);
		await_token(keys, "token-3");
		keys_close(keys);
		assert_int_equal(atomic_load(&source.fetched), 3);
	}
	lab_close(&lab);
}

static void what_cannot_be_renewed_is_lent_until_it_expires(void **state)
{
	struct muster_error err = { 0 };
	struct key_set set;
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	keys = opened(60 * MINUTE, 15 * MINUTE);
	atomic_store(&source.fails, true);
	pass(keys, 45 * MINUTE);
	await_fetched(2);
	for (unsigned i = 0; i < 8; i++) { /* after 1, 2, 4 … s */
		uint64_t pause_ns = i < 6 ? LAB_S << i : MINUTE;

		wait_until_fetched(keys, 3 + i);
		assert_true(atomic_load(&source.pause_ns) >= pause_ns);
		lab_has_keys(keys, "id", NULL, "token-1");
	}
	pass(keys, 15 * MINUTE);
	while (!keys_get(keys, &set, &err))
		key_set_release(&set);
	assert_int_equal(err.code, MUSTER_E_IO);
	assert_non_null(strstr(err.message, "credentials of a test have expired"));
	assert_non_null(strstr(err.message, "the server answers 503"));
	atomic_store(&source.fails, false);
	while (keys_get(keys, &set, NULL)) {
		atomic_fetch_add(&lab.boot_ns, LAB_S);
		keys_wake(keys);
		sched_yield();
	}
	key_set_release(&set);
	keys_close(keys);
	lab_close(&lab);
}

static void who_slept_past_the_end_lends_until_a_renewal_failed(void **state)
{
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	keys = opened(60 * MINUTE, 15 * MINUTE);
	atomic_fetch_add(&lab.wall_ns, 120 * MINUTE); /* nobody was woken */
	lab_has_keys(keys, "id", NULL, "token-1");
	keys_wake(keys);
	atomic_fetch_add(&lab.boot_ns, 120 * MINUTE);
	keys_wake(keys);
	await_token(keys, "token-2");
	keys_close(keys);
	lab_close(&lab);
}

static void a_refusal_renews_but_not_again_and_again(void **state)
{
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	keys = opened(60 * MINUTE, 15 * MINUTE);
	assert_false(keys_refuse(keys)); /* they are as new as can be */
	pass(keys, 11 * LAB_S);
	assert_true(keys_refuse(keys));
	await_token(keys, "token-2");
	assert_true(keys_refuse(keys)); /* of a request with the old ones */
	atomic_store(&source.repeats, true);
	pass(keys, 11 * LAB_S);
	assert_true(keys_refuse(keys));
	await_token(keys, "token-1");
	pass(keys, 11 * LAB_S);
	assert_true(keys_refuse(keys));
	await_fetched(4);
	while (keys_refuse(keys)) /* the same came again: no use */
		sched_yield();
	assert_int_equal(atomic_load(&source.fetched), 4);
	keys_close(keys);
	lab_close(&lab);
}

static void closing_ends_a_fetch_that_runs(void **state)
{
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	keys = opened(60 * MINUTE, 15 * MINUTE);
	atomic_store(&source.blocks, true);
	pass(keys, 45 * MINUTE);
	await_fetched(2);
	lab_has_keys(keys, "id", NULL, "token-1"); /* nobody waits */
	assert_true(keys_refuse(keys));
	keys_close(keys);
	assert_int_equal(atomic_load(&source.freed), 1);
	lab_close(&lab);
}

static void a_first_fetch_that_fails_is_told(void **state)
{
	static const struct keys_source_ops ops = { .fetch = fetch,
						    .name = name,
						    .free = source_free };
	struct muster_error err = { 0 };
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	memset(&source, 0, sizeof(source));
	source.lab = &lab;
	atomic_store(&source.fails, true);
	assert_int_equal(
		keys_open(&keys, &(struct keys_options){ .ops = &ops, .state = &source }, &err),
		MUSTER_E_IO);
	assert_null(keys);
	assert_string_equal(err.message, "the server answers 503");
	assert_int_equal(atomic_load(&source.freed), 1);
	lab_close(&lab);
}

static void expired_keys_are_none(void **state)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	(void)state;
	lab_init(&lab);
	assert_int_equal(open_keys(&keys, 1, 0, &err), MUSTER_OK);
	keys_close(keys);
	atomic_store(&lab.wall_ns, 1000);
	/* the sum wraps: a time that is past */
	assert_int_equal(open_keys(&keys, UINT64_MAX - 500, 0, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "have expired"));
	lab_close(&lab);
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	lab_init(&lab);
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct key_set set = { 0 };
		struct keys *keys;
		enum muster_code code = open_keys(&keys, 0, 0, NULL);
		bool was_hit;

		if (!code)
			code = keys_get(keys, &set, NULL);
		was_hit = torture_hit();
		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		key_set_release(&set);
		keys_close(keys);
		assert_int_equal(atomic_load(&source.freed), 1);
		if (!was_hit)
			break;
	}
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_do_not_expire_are_fetched_once),
		cmocka_unit_test(keys_are_renewed_when_their_window_opens),
		cmocka_unit_test(what_cannot_be_renewed_is_lent_until_it_expires),
		cmocka_unit_test(who_slept_past_the_end_lends_until_a_renewal_failed),
		cmocka_unit_test(a_refusal_renews_but_not_again_and_again),
		cmocka_unit_test(closing_ends_a_fetch_that_runs),
		cmocka_unit_test(a_first_fetch_that_fails_is_told),
		cmocka_unit_test(expired_keys_are_none),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
