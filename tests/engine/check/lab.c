#include "tests/engine/check/lab.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/encode.h"
#include "engine/blob/blob_set.h"
#include "engine/manifest/version_writer.h"
#include "engine/repository/session.h"
#include "io/store/memory.h"
#include "tests/engine/repository/made.h"
#include "tests/support/torture.h"

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

/* Ids are always the same, and so is the order of keys: time alone is the system's. */
static enum muster_code count_up(void *state, void *out, size_t len, struct muster_error *err)
{
	uint64_t *count = state;
	uint8_t digest[32];

	(void)err;
	++*count;
	sha256_of(view_of(count, sizeof(*count)), digest);
	memcpy(out, digest, len < sizeof(digest) ? len : sizeof(digest));
	return MUSTER_OK;
}

static uint64_t system_wall_ns(void *state)
{
	(void)state;
	return effects_wall_ns(effects_system());
}

static uint64_t system_boot_ns(void *state)
{
	(void)state;
	return effects_boot_ns(effects_system());
}

static const char *no_environment(void *state, const char *name)
{
	(void)state;
	(void)name;
	return NULL;
}

void lab_make(struct lab *lab, const struct lab_options *options)
{
	struct repository_options settings = { .algorithm = DIGEST_MD5 };

	if (options)
		settings = (struct repository_options){ options->algorithm, options->has_identity };
	*lab = (struct lab){ 0 };
	MUST(store_memory_new(&lab->store, err));
	lab->effects = (struct effects){ &lab->random_count, system_wall_ns, system_boot_ns,
					 count_up, no_environment };
	test_repository_make(lab->store, &settings);
	lab_open(lab);
}

void lab_open(struct lab *lab)
{
	repository_close(lab->repository);
	MUST(repository_open(&lab->repository, lab->store, &lab->effects, err));
	repository_assume_proved(lab->repository);
}

void lab_release(struct lab *lab)
{
	repository_close(lab->repository);
	store_free(lab->store);
}

/* --- versions -------------------------------------------------------------------------------- */

#define LAB_PATH_BYTES 320

struct saving {
	struct lab *lab;
	const struct lab_version *version;
	struct collection *collection;
	struct session *session;
	struct version_reader *base;
	struct blob_set *blobs;
	struct blob_packer *packer;
	struct hasher *hasher;
	struct version_writer *writer;
	struct blob_place *places; /* of all entries: they resolve when the packer was flushed */
	struct entry *entries;
	char (*paths)[LAB_PATH_BYTES];
	uint8_t version_id[16];
};

static struct collection *open_collection(struct lab *lab, const char *name)
{
	struct collection_name names = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"), view_text(name) };
	struct collection *collection = NULL;

	MUST(collection_open(&collection, lab->repository, &names, "", err));
	return collection;
}

static void begin(struct saving *saving)
{
	struct repository *repository = saving->lab->repository;
	struct blob_set_options blobs = { .algorithm = repository_algorithm(repository),
					  .has_identity = repository_has_identity(repository),
					  .table_bytes = 16u << 20,
					  .next_id = session_next_object };
	struct hash_options hashing = { .algorithm = blobs.algorithm,
					.has_identity = blobs.has_identity };
	struct version_writer_options versions = { .algorithm = blobs.algorithm,
						   .next_id = session_next_object };
	struct version_reader_options with_placement = { .with_placement = true };
	const struct version *latest;

	saving->collection = open_collection(saving->lab, saving->version->name);
	MUST(session_begin(&saving->session, repository, "lab", NULL, err));
	MUST(effects_random(&saving->lab->effects, saving->version_id, 16, err));
	blobs.next_id_state = versions.next_id_state = saving->session;
	memcpy(blobs.repository_id, repository_id(repository), 16);
	MUST(blob_set_open(&saving->blobs, saving->lab->store, &blobs, err));
	MUST(blob_packer_open(&saving->packer, saving->blobs, err));
	MUST(hasher_new(&saving->hasher, hashing, err));
	latest = collection_latest(saving->collection);
	if (latest)
		MUST(version_reader_open(&saving->base, saving->lab->store, &latest->manifest,
					 &with_placement, err));
	versions.base = saving->base;
	MUST(version_writer_open(&saving->writer, saving->lab->store, &versions, err));
}

static struct blob_key hash(struct saving *saving, struct view bytes, struct entry *entry)
{
	struct hash_request request = { .data = bytes };
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = bytes.len,
				.has_identity = entry->has_identity };

	hash_batch(saving->hasher, &request, 1);
	entry->fingerprint = request.fingerprint;
	memcpy(key.digest, request.fingerprint.digest, 16);
	memcpy(key.checksum, request.fingerprint.checksum, 16);
	memcpy(key.identity, request.fingerprint.identity, 32);
	return key;
}

static void start_entry(struct saving *saving, unsigned i, const char *path, size_t size_bytes)
{
	struct repository *repository = saving->lab->repository;

	snprintf(saving->paths[i], sizeof(saving->paths[i]), "%s", path);
	saving->entries[i] = (struct entry){ .path = view_text(saving->paths[i]),
					     .algorithm = repository_algorithm(repository),
					     .size_bytes = size_bytes,
					     .has_size = true,
					     .has_checksum = true,
					     .has_identity = repository_has_identity(repository),
					     .is_placed = true };
}

static void put_small(struct saving *saving, unsigned i)
{
	const struct lab_version *version = saving->version;
	bool is_changed = !version->changes || i % version->changes == 0;
	unsigned blob = i % 50 == 49 ? i - 1 : i;
	char path[LAB_PATH_BYTES], text[128], hex[41];
	uint8_t digest[32];
	struct blob_key key;

	snprintf(text, sizeof(text), "path %u", i);
	sha256_of(view_text(text), digest);
	hex_encode(hex, digest, 20);
	hex[40] = '\0';
	snprintf(path, sizeof(path), "d%03u/%05u-%s%.*d", i / 1000, i, hex,
		 version->has_long_paths ? 240 : 0, 0);
	snprintf(text, sizeof(text), "blob %u of %s, %u", blob,
		 version->content ? version->content : version->name,
		 is_changed && blob == i ? version->salt : 0);
	start_entry(saving, i, path, strlen(text));
	key = hash(saving, view_text(text), &saving->entries[i]);
	MUST(blob_packer_put(saving->packer, &key, view_text(text), &saving->places[i], err));
}

static void put_large(struct saving *saving, unsigned i)
{
	size_t len = saving->version->large_bytes;
	uint8_t *bytes = malloc(len);
	struct blob_stream *stream = NULL;
	struct blob_key key;

	for (size_t at = 0; at < len; at++)
		bytes[at] = (uint8_t)(at * 7 + at / 251);
	start_entry(saving, i, "large", len);
	key = hash(saving, view_of(bytes, len), &saving->entries[i]);
	MUST(blob_stream_begin(&stream, saving->blobs, NULL, err));
	MUST(blob_stream_append(stream, view_of(bytes, len), err));
	MUST(blob_stream_finish(stream, &key, &saving->places[i], err));
	free(bytes);
}

static void write_version(struct saving *saving, unsigned count, struct manifest_pointer *pointer,
			  const struct manifest_footer **footer)
{
	for (unsigned i = 0; i < count; i++) {
		assert_true(blob_place_resolve(&saving->places[i], &saving->entries[i].placement));
		MUST(version_writer_add(saving->writer, &saving->entries[i], err));
	}
	MUST(version_writer_complete(saving->writer, footer, err));
	MUST(version_writer_write(saving->writer, collection_id(saving->collection),
				  saving->version_id, pointer, err));
}

static void commit(struct saving *saving, const struct manifest_pointer *pointer,
		   const struct manifest_footer *footer)
{
	struct save_request request = { .session = saving->session,
					.manifest = *pointer,
					.footer = footer };
	struct save_result result;

	memcpy(request.version_id, saving->version_id, 16);
	MUST(collection_save(saving->collection, &request, &result, err));
}

static void end(struct saving *saving)
{
	version_writer_close(saving->writer);
	blob_packer_close(saving->packer);
	blob_set_close(saving->blobs);
	version_reader_close(saving->base);
	hasher_free(saving->hasher);
	session_close(saving->session);
	collection_close(saving->collection);
	free(saving->places);
	free(saving->entries);
	free(saving->paths);
}

void lab_save(struct lab *lab, const struct lab_version *version)
{
	unsigned count = version->entry_count + (version->large_bytes ? 1 : 0);
	struct saving saving = { .lab = lab, .version = version };
	struct manifest_pointer pointer;
	const struct manifest_footer *footer;

	saving.places = calloc(count + 1, sizeof(*saving.places));
	saving.entries = calloc(count + 1, sizeof(*saving.entries));
	saving.paths = calloc(count + 1, sizeof(*saving.paths));
	begin(&saving);
	for (unsigned i = 0; i < version->entry_count; i++)
		put_small(&saving, i);
	if (version->large_bytes)
		put_large(&saving, version->entry_count);
	MUST(blob_packer_flush(saving.packer, err));
	MUST(blob_set_finish(saving.blobs, err));
	write_version(&saving, count, &pointer, &footer);
	if (!version->is_abandoned)
		commit(&saving, &pointer, footer);
	end(&saving);
}

void lab_move_alias(struct lab *lab, const char *name, unsigned count)
{
	struct collection *collection = open_collection(lab, name);

	for (unsigned i = 0; i < count; i++)
		MUST(collection_alias_add(collection, i % 2, VIEW_LITERAL("best"), NULL, err));
	collection_close(collection);
}

void lab_fill(struct lab *lab)
{
	static const struct lab_version versions[] = {
		{ .name = "data",
		  .entry_count = 4000,
		  .large_bytes = 5000000,
		  .has_long_paths = true },
		{ .name = "data",
		  .entry_count = 4000,
		  .salt = 1,
		  .changes = 1000,
		  .large_bytes = 5000000,
		  .has_long_paths = true },
		{ .name = "data",
		  .entry_count = 4100,
		  .salt = 2,
		  .changes = 2000,
		  .has_long_paths = true },
		{ .name = "other", .entry_count = 60 },
	};

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		lab_save(lab, &versions[i]);
	lab_move_alias(lab, "data", 103);
}

/* --- objects --------------------------------------------------------------------------------- */

static enum muster_code note_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	struct lab_keys *keys = state;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	keys->keys = reallocarray(keys->keys, keys->count + 1, sizeof(*keys->keys));
	snprintf(keys->keys[keys->count++], sizeof(*keys->keys), "%s", key);
	return MUSTER_OK;
}

struct lab_keys lab_list(struct lab *lab, const char *prefix)
{
	struct lab_keys keys = { 0 };

	MUST(store_list(lab->store, prefix, NULL, note_key, &keys, err));
	return keys;
}

void lab_keys_release(struct lab_keys *keys)
{
	free(keys->keys);
}

void lab_key(struct lab *lab, const char *prefix, int n, char out[512])
{
	struct lab_keys keys = lab_list(lab, prefix);
	size_t at = n < 0 ? keys.count - (size_t)-n : (size_t)n;

	if (at >= keys.count)
		fail_msg("'%s' has %zu keys, not %d", prefix, keys.count, n);
	memcpy(out, keys.keys[at], 512);
	lab_keys_release(&keys);
}

struct bytes lab_get(struct lab *lab, const char *key)
{
	struct bytes bytes = { 0 };

	MUST(store_get(lab->store, key, &bytes, 64u << 20, err));
	return bytes;
}

void lab_set(struct lab *lab, const char *key, struct view bytes)
{
	MUST(store_remove(lab->store, key, err));
	MUST(store_create(lab->store, key, bytes, err));
}

void lab_flip(struct lab *lab, const char *key, size_t at)
{
	struct bytes bytes = lab_get(lab, key);

	assert_true(at < bytes.len);
	bytes.ptr[at] ^= 1;
	lab_set(lab, key, bytes_view(&bytes));
	bytes_release(&bytes);
}

/* --- findings -------------------------------------------------------------------------------- */

static void note_finding(void *state, const char *object, const struct muster_error *error)
{
	struct lab_findings *findings = state;
	size_t at = findings->count++;

	if (at >= LAB_FINDINGS)
		return;
	snprintf(findings->list[at].object, sizeof(findings->list[at].object), "%s", object);
	findings->list[at].error = *error;
}

void lab_check(struct lab *lab, bool quick, struct lab_findings *out)
{
	lab_check_with(lab, &(struct muster_check_options){ .quick = quick }, out);
}

void lab_check_with(struct lab *lab, const struct muster_check_options *how,
		    struct lab_findings *out)
{
	struct muster_check_options options = *how;

	options.job.worker_count = 2;
	options.job.memory_bytes = 64u << 20;
	options.on_finding = note_finding;
	options.on_finding_state = out;
	out->count = 0;
	lab_open(lab);
	MUST(check_run(lab->repository, &options, &out->report, err));
	assert_int_equal(out->count, out->report.finding_count);
}

void lab_findings_print(const struct lab_findings *findings)
{
	print_message("%zu findings\n", findings->count);
	for (size_t i = 0; i < findings->count && i < LAB_FINDINGS; i++)
		print_message("  %s: %s\n", findings->list[i].object,
			      findings->list[i].error.message);
}

bool lab_findings_has(const struct lab_findings *findings, const char *object, const char *text)
{
	for (size_t i = 0; i < findings->count && i < LAB_FINDINGS; i++)
		if (strcmp(findings->list[i].object, object) == 0 &&
		    (!text || strstr(findings->list[i].error.message, text)))
			return true;
	return false;
}

void lab_expect(struct lab *lab, size_t count, const char *object, const char *text,
		struct lab_findings *out)
{
	lab_check(lab, true, out);
	if (out->count == count && (!count || lab_findings_has(out, object, text)))
		return;
	lab_findings_print(out);
	fail_msg("%zu findings, not %zu, or not '%s' of '%s'", out->count, count, text, object);
}

void lab_make_whole(struct lab *lab)
{
	lab_make(lab, NULL);
	lab_save(lab, &(struct lab_version){
			      .name = "data", .entry_count = 100, .large_bytes = 4300000 });
	lab_save(lab, &(struct lab_version){ .name = "data", .entry_count = 101 });
	lab_move_alias(lab, "data", 101);
}

void lab_make_without_a_pack(struct lab *lab)
{
	char key[512];

	lab_make(lab, NULL);
	lab_save(lab, &(struct lab_version){ .name = "data", .entry_count = 100 });
	lab_key(lab, "packs/", 0, key);
	assert_int_equal(store_remove(lab->store, key, NULL), MUSTER_OK);
}

static void flip_each_of(struct lab *lab, const char *key)
{
	struct lab_findings findings;
	struct bytes bytes = lab_get(lab, key);
	size_t found = 0, flipped = 0;

	for (size_t at = 0; at < bytes.len; at += TORTURE_STEP, flipped++) {
		lab_flip(lab, key, at);
		lab_check(lab, true, &findings);
		found += findings.count > 0;
		for (size_t i = 0; i < findings.count && i < LAB_FINDINGS; i++)
			assert_true(strlen(findings.list[i].error.message) > 0);
		lab_flip(lab, key, at);
	}
	assert_true(2 * found > flipped); /* digits of times, and names, may be others */
	bytes_release(&bytes);
}

void lab_flip_each(struct lab *lab, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		flip_each_of(lab, keys[i]);
}
