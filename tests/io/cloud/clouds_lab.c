#include "tests/io/cloud/clouds_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "io/cloud/azure.h"
#include "io/cloud/azure_connection.h"
#include "io/cloud/gcs.h"
#include "io/cloud/sharedkey.h"

/* Base64 of 32 bytes; a fake does not look at signatures. */
#define FAKE_KEY "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="

const char *clouds_name(enum clouds_kind kind)
{
	return kind == CLOUDS_GCS ? "gcs" : "azure";
}

/* --- opening --------------------------------------------------------------------------------- */

static void open_store(struct clouds_lab *lab)
{
	struct http_options options = { .ignores_proxies = true };
	struct muster_error err = { 0 };

	lab->pacer = (struct pacer_simple){ .tries = CLOUDS_LAB_TRIES, .delay_ns = 1000000 };
	pacer_simple_init(&lab->pacer);
	assert_int_equal(http_open(&lab->http, &options, &err), MUSTER_OK);
	lab->options.http = lab->http;
	lab->options.pacer = &lab->pacer.pacer;
	if (store_cloud_open(&lab->store, &lab->options, &err))
		fail_msg("%s", err.message);
}

static void open_gcs(struct clouds_lab *lab, const char *endpoint, const char *bucket,
		     bool forgets_parts)
{
	struct gcs_options options = { .bucket = view_text(bucket),
				       .endpoint = view_text(endpoint),
				       .is_emulator = true,
				       .forgets_parts = forgets_parts };

	assert_int_equal(gcs_open(&lab->options.protocol, &options, NULL), MUSTER_OK);
}

static void open_azure(struct clouds_lab *lab, struct view endpoint, const char *container)
{
	struct azure_protocol_options options = { .container = view_text(container),
						  .endpoint = endpoint,
						  .keys = &lab->keys };

	assert_int_equal(azure_open(&lab->options.protocol, &options, NULL), MUSTER_OK);
}

void clouds_lab_open(struct clouds_lab *lab)
{
	bool is_gcs = lab->kind == CLOUDS_GCS;
	struct scripted_options served = {
		.rules = lab->rules,
		.rule_count = lab->rule_count,
		.serve = is_gcs ? gcs_fake_serve : azure_fake_serve,
		.state = is_gcs ? (void *)&lab->gcs : (void *)&lab->azure,
		.keeps_bodies = true,
	};
	char url[128];

	lab->server = scripted_open(&served);
	snprintf(url, sizeof(url), "%s/%s", scripted_url(lab->server), AZURE_FAKE_ACCOUNT);
	keys_still_account(&lab->keys, AZURE_FAKE_ACCOUNT, FAKE_KEY);
	if (is_gcs)
		open_gcs(lab, scripted_url(lab->server), GCS_FAKE_BUCKET, false);
	else
		open_azure(lab, view_text(url), AZURE_FAKE_CONTAINER);
	open_store(lab);
}

static bool open_real_azure(struct clouds_lab *lab, const char *container)
{
	const char *text = getenv("AZURE_STORAGE_CONNECTION_STRING");
	struct azure_connection connection;
	struct secret secret = { 0 };

	if (!text)
		return false;
	assert_int_equal(secret_set(&secret, view_text(text), NULL), MUSTER_OK);
	assert_int_equal(azure_connection_parse(&connection, &secret, NULL), MUSTER_OK);
	lab->keys = (struct keys){ 0 };
	assert_int_equal(
		bytes_append_view(&lab->keys.set.id, bytes_view(&connection.account), NULL),
		MUSTER_OK);
	assert_int_equal(sharedkey_decode(&lab->keys.set.secret, &connection.key, NULL), MUSTER_OK);
	open_azure(lab, bytes_view(&connection.endpoint), container);
	azure_connection_release(&connection);
	secret_release(&secret);
	return true;
}

static enum muster_code remove_one(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct store *store = state;

	(void)size_bytes, (void)modified_ns;
	return store->ops->remove(store, key, err);
}

bool clouds_lab_open_real(struct clouds_lab *lab)
{
	const char *host = getenv("STORAGE_EMULATOR_HOST"), *bucket = getenv("MUSTER_TEST_BUCKET");
	struct muster_error err = { 0 };

	if (!bucket || (lab->kind == CLOUDS_GCS && !host))
		return false;
	if (lab->kind == CLOUDS_GCS)
		open_gcs(lab, host, bucket, true); /* fake-gcs-server */
	else if (!open_real_azure(lab, bucket))
		return false;
	open_store(lab);
	if (store_list(lab->store, "", NULL, remove_one, lab->store, &err))
		fail_msg("%s", err.message);
	return true;
}

void clouds_lab_close(struct clouds_lab *lab)
{
	store_free(lab->store);
	http_close(lab->http);
	assert_int_equal(atomic_load(&lab->pacer.in_flight), 0);
	if (lab->server)
		scripted_close(lab->server);
	keys_still_release(&lab->keys);
	gcs_fake_release(&lab->gcs);
	azure_fake_release(&lab->azure);
	memset(lab, 0, sizeof(*lab));
}

/* --- objects --------------------------------------------------------------------------------- */

static void fill(uint8_t *out, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(((from + i) >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 56 ^
				   (from + i));
}

enum muster_code clouds_write(struct store *store, const char *key, size_t len,
			      struct muster_error *err)
{
	struct store_writer *writer;
	uint8_t piece[10007];
	enum muster_code code = store_write_begin(store, key, &writer, err);

	if (code)
		return code;
	for (size_t at = 0; at < len; at += sizeof(piece)) {
		size_t more = len - at < sizeof(piece) ? len - at : sizeof(piece);

		fill(piece, at, more);
		code = store_write_append(writer, view_of(piece, more), err);
		if (code) {
			store_write_abort(writer);
			return code;
		}
	}
	return store_write_finish(writer, err);
}

void clouds_check(struct store *store, const char *key, size_t len)
{
	uint8_t *got = malloc(len + 1), *expected = malloc(len + 1);
	struct store_object *object;
	struct muster_error err = { 0 };

	if (store_open(store, key, &object, &err))
		fail_msg("%s", err.message);
	assert_int_equal(object->size_bytes, len);
	for (size_t at = 0; at < len; at += 100000) {
		size_t more = len - at < 100000 ? len - at : 100000;

		if (store_read(object, at, got + at, more, &err))
			fail_msg("%s", err.message);
	}
	fill(expected, 0, len);
	assert_memory_equal(got, expected, len);
	store_close(object);
	free(expected);
	free(got);
}

struct listed {
	char text[4096];
	size_t len;
};

static enum muster_code collect(void *state, const char *key, uint64_t size_bytes,
				uint64_t modified_ns, struct muster_error *err)
{
	struct listed *listed = state;

	(void)size_bytes, (void)modified_ns, (void)err;
	listed->len += (size_t)snprintf(listed->text + listed->len,
					sizeof(listed->text) - listed->len, "%s\n", key);
	assert_true(listed->len < sizeof(listed->text));
	return MUSTER_OK;
}

const char *clouds_list(struct store *store, const char *prefix, const char *after)
{
	static struct listed listed;
	struct muster_error err = { 0 };

	listed = (struct listed){ 0 };
	if (store_list(store, prefix, after, collect, &listed, &err))
		fail_msg("%s", err.message);
	return listed.text;
}
