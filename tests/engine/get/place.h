/* Repositories with versions of given files, directories to put them into, and looks at both. */
#ifndef TESTS_ENGINE_GET_PLACE_H
#define TESTS_ENGINE_GET_PLACE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/blob/blob_set.h"
#include "engine/get/job.h"
#include "engine/manifest/version_writer.h"
#include "io/store/local.h"
#include "io/store/memory.h"
#include "tests/engine/repository/made.h"
#include "tests/io/store/sys_fault.h"

/* One file of a version: `text` again and again up to `size` bytes (0: once). */
struct spec {
	const char *path, *text;
	uint64_t size;
	const char *ref; /* a reference: no bytes are stored, the digest is that of the text */
};

struct place {
	char base[48], tree[64], cache[64], repo[64], other[64];
	struct sys_fault sys;	    /* of the tree */
	struct sys_fault store_sys; /* of a local store */
	struct store *store;
	struct repository *repository;
	struct blob_set *blobs;
	pthread_mutex_t lock;
	struct object_id next;
	bool has_no_sizes; /* entries do not tell them */
};

static inline void place_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void place_run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command))
		fail_msg("%s", command);
}

static inline enum muster_code place_next_id(void *state, struct object_id *out,
					     struct muster_error *err)
{
	struct place *place = state;

	(void)err;
	pthread_mutex_lock(&place->lock);
	*out = place->next;
	place->next.number++;
	pthread_mutex_unlock(&place->lock);
	return MUSTER_OK;
}

static inline struct place *place_new(bool is_local)
{
	const char *above = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	struct place *place = calloc(1, sizeof(*place));
	struct store_local_options options = { .sys = &place->store_sys.ops };
	struct muster_error err = { 0 };

	pthread_mutex_init(&place->lock, NULL);
	place->next = (struct object_id){ .session = { 1 }, .number = 1 };
	snprintf(place->base, sizeof(place->base), "%s/muster-get-XXXXXX", above);
	assert_non_null(mkdtemp(place->base));
	snprintf(place->tree, sizeof(place->tree), "%s/tree", place->base);
	snprintf(place->cache, sizeof(place->cache), "%s/cache", place->base);
	snprintf(place->repo, sizeof(place->repo), "%s/repo", place->base);
	snprintf(place->other, sizeof(place->other), "%s/other", place->base);
	assert_int_equal(mkdir(place->repo, 0755), 0);
	assert_int_equal(mkdir(place->other, 0755), 0);
	sys_fault_init(&place->sys);
	sys_fault_init(&place->store_sys);
	if (is_local ? store_local_open(&place->store, place->repo, &options, &err)
		     : store_memory_new(&place->store, &err))
		fail_msg("%s", err.message);
	test_repository_make(place->store, NULL);
	if (repository_open(&place->repository, place->store, effects_system(), &err))
		fail_msg("%s", err.message);
	repository_assume_proved(place->repository);
	return place;
}

static inline void place_free(struct place *place)
{
	repository_close(place->repository);
	store_free(place->store);
	place_run("chmod -R u+rwx '%s'; rm -rf '%s'", place->base, place->base);
	pthread_mutex_destroy(&place->lock);
	free(place);
}

/* --- versions ------------------------------------------------------------------------------- */

static inline uint8_t *spec_bytes(const struct spec *spec, size_t *len)
{
	size_t text_len = strlen(spec->text);
	uint8_t *bytes;

	*len = spec->size ? spec->size : text_len;
	bytes = malloc(*len + 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < *len; i++)
		bytes[i] = (uint8_t)spec->text[i % text_len];
	return bytes;
}

static inline int spec_compare(const void *a, const void *b)
{
	return strcmp(((const struct spec *)a)->path, ((const struct spec *)b)->path);
}

static inline struct blob_key place_key(struct view data)
{
	struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = data.len };

	md5_of(data, key.digest);
	xxh128_of(data, key.checksum);
	return key;
}

static inline void place_pack(struct place *place, struct blob_packer *packer, struct view data,
			      struct blob_place *out)
{
	struct blob_key key = place_key(data);
	struct blob_stream *stream;
	struct muster_error err = { 0 };

	if (data.len <= PACK_BLOB_MAX_BYTES) {
		if (blob_packer_put(packer, &key, data, out, &err))
			fail_msg("%s", err.message);
		return;
	}
	assert_int_equal(blob_stream_begin(&stream, place->blobs, NULL, &err), MUSTER_OK);
	assert_int_equal(blob_stream_append(stream, data, &err), MUSTER_OK);
	assert_int_equal(blob_stream_finish(stream, &key, out, &err), MUSTER_OK);
}

/* Pack all that is stored, so that all places are known. */
static inline void place_pack_all(struct place *place, const struct spec *specs, size_t count,
				  struct blob_place *places)
{
	struct blob_set_options options = { .algorithm = DIGEST_MD5,
					    .next_id = place_next_id,
					    .next_id_state = place };
	struct blob_packer *packer;
	struct muster_error err = { 0 };

	memcpy(options.repository_id, repository_id(place->repository), 16);
	assert_int_equal(blob_set_open(&place->blobs, place->store, &options, &err), MUSTER_OK);
	assert_int_equal(blob_packer_open(&packer, place->blobs, &err), MUSTER_OK);
	for (size_t i = 0; i < count; i++) {
		size_t len;
		uint8_t *bytes = spec_bytes(&specs[i], &len);

		if (!specs[i].ref)
			place_pack(place, packer, view_of(bytes, len), &places[i]);
		free(bytes);
	}
	assert_int_equal(blob_packer_flush(packer, &err), MUSTER_OK);
	blob_packer_close(packer);
	assert_int_equal(blob_set_finish(place->blobs, &err), MUSTER_OK);
}

static inline struct entry spec_entry(const struct spec *spec)
{
	struct entry entry = { .path = view_text(spec->path),
			       .algorithm = DIGEST_MD5,
			       .has_size = true };
	size_t len;
	uint8_t *bytes = spec_bytes(spec, &len);

	md5_of(view_of(bytes, len), entry.fingerprint.digest);
	entry.size_bytes = len;
	if (spec->ref) {
		entry.ref = view_text(spec->ref);
	} else {
		entry.has_checksum = true;
		xxh128_of(view_of(bytes, len), entry.fingerprint.checksum);
	}
	free(bytes);
	return entry;
}

/* A version of these files, in any order. */
static inline struct version place_version(struct place *place, const struct spec *unsorted,
					   size_t count)
{
	struct version_writer_options options = { .algorithm = DIGEST_MD5,
						  .next_id = place_next_id,
						  .next_id_state = place };
	struct spec *specs = malloc((count + 1) * sizeof(*specs));
	struct blob_place *places = calloc(count + 1, sizeof(*places));
	struct version version = { .number = place->next.number };
	struct version_writer *writer;
	const struct manifest_footer *footer;
	struct muster_error err = { 0 };

	if (count)
		memcpy(specs, unsorted, count * sizeof(*specs));
	qsort(specs, count, sizeof(*specs), spec_compare);
	place_pack_all(place, specs, count, places);
	assert_int_equal(version_writer_open(&writer, place->store, &options, &err), MUSTER_OK);
	for (size_t i = 0; i < count; i++) {
		struct entry entry = spec_entry(&specs[i]);

		entry.has_size = !place->has_no_sizes;
		entry.is_placed = !specs[i].ref && blob_place_resolve(&places[i], &entry.placement);
		if (version_writer_add(writer, &entry, &err))
			fail_msg("%s", err.message);
	}
	if (version_writer_complete(writer, &footer, &err) ||
	    version_writer_write(writer, NULL, NULL, &version.manifest, &err))
		fail_msg("%s", err.message);
	memcpy(version.root, footer->content_root, 32);
	put_u64(version.id, version.number);
	version_writer_close(writer);
	blob_set_close(place->blobs);
	free(places);
	free(specs);
	return version;
}

static inline struct get_start place_start(struct place *place, const struct version *version)
{
	return (struct get_start){ .repository = place->repository,
				   .version = version,
				   .version_text = "me/tests/data:v1",
				   .cache_dir = place->cache };
}

/* --- directories ---------------------------------------------------------------------------- */

static inline void place_path(const char *root, const char *path, char out[4200])
{
	int len = snprintf(out, 4200, "%s/%s", root, path);

	assert_in_range(len, 1, 4199);
}

static inline void place_write(const char *root, const char *path, const char *text)
{
	char full[4200];
	FILE *file;

	place_path(root, path, full);
	place_run("mkdir -p \"$(dirname '%s')\"", full);
	file = fopen(full, "w");
	if (!file)
		fail_msg("%s: %s", full, strerror(errno));
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

/* A file equals what the version says. */
static inline void assert_is_spec(const char *root, const struct spec *spec)
{
	char full[4200];
	size_t len;
	uint8_t *expected = spec_bytes(spec, &len), *found = malloc(len + 2);
	int fd;

	place_path(root, spec->path, full);
	fd = open(full, O_RDONLY | O_NOFOLLOW);
	if (fd < 0)
		fail_msg("%s: %s", full, strerror(errno));
	assert_int_equal(sys_read_full(sys_system(), fd, found, len + 1), len);
	assert_memory_equal(found, expected, len);
	close(fd);
	free(expected);
	free(found);
}

static inline void assert_text(const char *root, const char *path, const char *text)
{
	struct spec spec = { path, text, 0, NULL };

	assert_is_spec(root, &spec);
}

static inline bool place_has(const char *root, const char *path)
{
	struct stat st;
	char full[4200];

	place_path(root, path, full);
	return lstat(full, &st) == 0;
}

/* Names below a directory that are no directories. */
static inline size_t count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char full[4200];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		place_path(path, entry->d_name, full);
		count += entry->d_type == DT_DIR ? count_files(full) : 1;
	}
	closedir(dir);
	return count;
}

/* Exactly these files, and nothing else. */
static inline void assert_tree(const char *root, const struct spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_is_spec(root, &specs[i]);
	assert_int_equal(count_files(root), count);
}

/* --- objects -------------------------------------------------------------------------------- */

struct place_keys {
	size_t count;
	char keys[64][128];
};

static inline enum muster_code place_add_key(void *state, const char *key, uint64_t size_bytes,
					     uint64_t modified_ns, struct muster_error *err)
{
	struct place_keys *keys = state;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	assert_true(keys->count < 64);
	snprintf(keys->keys[keys->count++], 128, "%s", key);
	return MUSTER_OK;
}

static inline struct place_keys place_list(struct place *place, const char *prefix)
{
	struct place_keys keys = { 0 };

	assert_int_equal(store_list(place->store, prefix, NULL, place_add_key, &keys, NULL),
			 MUSTER_OK);
	return keys;
}

/* One byte of an object gets another value. */
static inline void place_flip(struct place *place, const char *key, size_t at)
{
	struct bytes bytes = { 0 };

	assert_int_equal(store_get(place->store, key, &bytes, 64u << 20, NULL), MUSTER_OK);
	assert_true(at < bytes.len);
	bytes.ptr[at] ^= 1;
	assert_int_equal(store_remove(place->store, key, NULL), MUSTER_OK);
	assert_int_equal(store_create(place->store, key, bytes_view(&bytes), NULL), MUSTER_OK);
	bytes_release(&bytes);
}

/* Where a text begins in an object, or SIZE_MAX. */
static inline size_t place_offset_of(struct place *place, const char *key, const char *text)
{
	struct bytes bytes = { 0 };
	uint8_t *at;
	size_t offset;

	assert_int_equal(store_get(place->store, key, &bytes, 64u << 20, NULL), MUSTER_OK);
	at = memmem(bytes.ptr, bytes.len, text, strlen(text));
	offset = at ? (size_t)(at - bytes.ptr) : SIZE_MAX;
	bytes_release(&bytes);
	return offset;
}

/* --- failures of items ----------------------------------------------------------------------- */

struct place_failures {
	size_t count;
	char paths[64][128];
	struct muster_error errors[64];
};

static inline void place_on_failure(void *state, const char *path, uint64_t path_bytes,
				    const struct muster_error *error)
{
	struct place_failures *failures = state;

	if (failures->count == 64)
		return;
	snprintf(failures->paths[failures->count], 128, "%.*s", (int)path_bytes, path);
	failures->errors[failures->count++] = *error;
}

#endif
