#include "tests/io/cloud/store_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/io/cloud/test_keys.h"

static void open_engine(struct store_lab *lab)
{
	struct http_options options = { .thread_count = lab->thread_count,
					.ignores_proxies = true };

	lab->pacer = (struct pacer_simple){ .tries = STORE_LAB_TRIES, .delay_ns = 1000000 };
	pacer_simple_init(&lab->pacer);
	assert_int_equal(http_open(&lab->http, &options, NULL), MUSTER_OK);
}

static void open_store(struct store_lab *lab)
{
	struct muster_error err = { 0 };

	lab->s3.keys = lab->keys;
	if (s3_protocol_open(&lab->options.protocol, &lab->s3, &err))
		fail_msg("%s", err.message);
	lab->ops = *lab->options.protocol->ops;
	lab->ops.has_tail &= !lab->has_no_tail;
	lab->ops.parts_in_order |= lab->parts_in_order;
	lab->options.protocol->ops = &lab->ops;
	lab->options.http = lab->http;
	lab->options.pacer = &lab->pacer.pacer;
	if (store_cloud_open(&lab->store, &lab->options, &err))
		fail_msg("%s", err.message);
}

void store_lab_open(struct store_lab *lab)
{
	struct scripted_options served = { .rules = lab->rules,
					   .rule_count = lab->rule_count,
					   .serve = s3_fake_serve,
					   .state = &lab->fake,
					   .keeps_bodies = true };

	lab->server = scripted_open(&served);
	open_engine(lab);
	if (!lab->fake.takes_anonymous)
		lab->keys = test_keys_new("AKIDTEST", "secret-of-the-test", lab->token);
	if (!lab->s3.endpoint.url.len)
		lab->s3.endpoint.url = view_text(scripted_url(lab->server));
	lab->s3.endpoint.bucket = VIEW_LITERAL(S3_FAKE_BUCKET);
	open_store(lab);
}

/* --- a real server --------------------------------------------------------------------------- */

static enum muster_code remove_one(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct store *store = state;

	(void)size_bytes, (void)modified_ns;
	/* Not store_remove(): what a test left may be no key of ours. */
	return store->ops->remove(store, key, err);
}

bool store_lab_open_real(struct store_lab *lab)
{
	const char *url = getenv("AWS_ENDPOINT_URL_S3"), *bucket = getenv("MUSTER_TEST_BUCKET");
	const char *region = getenv("AWS_REGION");
	struct muster_error err = { 0 };

	if (!url || !bucket)
		return false;
	open_engine(lab);
	lab->keys =
		test_keys_new(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), NULL);
	lab->s3.endpoint =
		(struct s3_endpoint_options){ .url = view_text(url),
					      .bucket = view_text(bucket),
					      .region = view_text(region ? region : "") };
	open_store(lab);
	if (store_list(lab->store, "", NULL, remove_one, lab->store, &err))
		fail_msg("%s", err.message);
	return true;
}

void store_lab_close(struct store_lab *lab)
{
	store_free(lab->store);
	http_close(lab->http);
	assert_int_equal(atomic_load(&lab->pacer.in_flight), 0);
	keys_close(lab->keys);
	scripted_close(lab->server);
	s3_fake_release(&lab->fake);
	memset(lab, 0, sizeof(*lab));
}

size_t store_lab_requests(const struct store_lab *lab)
{
	return scripted_request_count(lab->server);
}

void store_lab_renew(struct store_lab *lab, const char *token)
{
	test_keys_set_next(lab->keys, token);
}

/* --- objects --------------------------------------------------------------------------------- */

void store_lab_fill(uint8_t *out, uint64_t offset_bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = offset_bytes + i;

		out[i] = (uint8_t)((at >> 3) * 0x9e3779b97f4a7c15u >> 56 ^ at);
	}
}

enum muster_code store_lab_write(struct store_lab *lab, const char *key, size_t len,
				 struct muster_error *err)
{
	static uint8_t piece[100003];
	struct store_writer *writer;
	enum muster_code code = store_write_begin(lab->store, key, &writer, err);

	if (code)
		return code;
	for (size_t at = 0; at < len; at += sizeof(piece)) {
		size_t some = len - at < sizeof(piece) ? len - at : sizeof(piece);

		store_lab_fill(piece, at, some);
		code = store_write_append(writer, view_of(piece, some), err);
		if (code) {
			store_write_abort(writer);
			return code;
		}
	}
	return store_write_finish(writer, err);
}

void store_lab_check(struct store_lab *lab, const char *key, size_t len, size_t step)
{
	struct store_object *object = NULL;
	uint8_t *got = test_malloc(step), *expected = test_malloc(step);
	struct muster_error err = { 0 };

	if (store_open(lab->store, key, &object, &err))
		fail_msg("%s", err.message);
	assert_int_equal(object->size_bytes, len);
	for (size_t at = 0; at < len; at += step) {
		size_t some = len - at < step ? len - at : step;

		if (store_read(object, at, got, some, &err))
			fail_msg("%s", err.message);
		store_lab_fill(expected, at, some);
		assert_memory_equal(got, expected, some);
	}
	store_close(object);
	test_free(got);
	test_free(expected);
}

void lab_create(struct store_lab *lab, const char *key, struct view data)
{
	struct muster_error err = { 0 };

	if (store_create(lab->store, key, data, &err))
		fail_msg("%s", err.message);
}

const char *lab_sent(const struct store_lab *lab, size_t index, const char *name)
{
	static char value[256];

	value[0] = 0;
	scripted_header(scripted_request_at(lab->server, index), name, value, sizeof(value));
	return value;
}
