/* A cache in a scratch directory, and blobs that are made of a number. */
#ifndef TESTS_ENGINE_CACHE_LAB_H
#define TESTS_ENGINE_CACHE_LAB_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash/hash.h"
#include "engine/cache/blob_cache.h"
#include "tests/io/store/sys_fault.h"

#define KIB	  1024u
#define MIB	  (1u << 20)
#define LAB_TABLE (1u << 20) /* bytes of a table: tests have few blobs */
#define LAB_LARGE (5u << 20) /* of a blob that is a segment of its own */
#define SECOND_NS 1000000000ull

struct lab {
	char base[48], directory[64];
	struct sys_fault sys;
	struct hasher *hasher;
	uint8_t *buffer; /* what blob() made last */
	struct {	 /* the last one that is a segment of its own: it takes long to make */
		unsigned number;
		size_t len; /* 0: none yet */
		struct blob_key key;
		uint8_t *buffer;
	} large;
	struct blob_cache *cache;
	struct cache_worker *worker;
	uint64_t limit_bytes;
	struct muster_cache_use use; /* of the run that was closed last */
};

static inline void lab_init(struct lab *lab)
{
	const char *above = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	struct hash_options hashing = { .algorithm = DIGEST_MD5 };

	*lab = (struct lab){ .limit_bytes = 64 * MIB };
	snprintf(lab->base, sizeof(lab->base), "%s/muster-cache-XXXXXX", above);
	assert_non_null(mkdtemp(lab->base));
	snprintf(lab->directory, sizeof(lab->directory), "%s/a/blobs", lab->base);
	sys_fault_init(&lab->sys);
	assert_int_equal(hasher_new(&lab->hasher, hashing, NULL), MUSTER_OK);
	lab->buffer = malloc(PACK_BLOB_MAX_BYTES);
	lab->large.buffer = malloc(LAB_LARGE);
	assert_true(lab->buffer && lab->large.buffer);
}

static inline void lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void lab_run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command))
		fail_msg("%s", command);
}

static inline void lab_release(struct lab *lab)
{
	hasher_free(lab->hasher);
	free(lab->buffer);
	free(lab->large.buffer);
	lab_run("chmod -R u+rwx '%s' && rm -rf '%s'", lab->base, lab->base);
}

/* --- a run: one worker ----------------------------------------------------------------------- */

static inline struct blob_cache_options lab_options(struct lab *lab)
{
	return (struct blob_cache_options){ .directory = lab->directory,
					    .limit_bytes = lab->limit_bytes,
					    .table_bytes = LAB_TABLE,
					    .sys = &lab->sys.ops };
}

static inline enum muster_code lab_try_open(struct lab *lab)
{
	struct blob_cache_options options = lab_options(lab);
	enum muster_code code = blob_cache_open(&lab->cache, &options, NULL);

	lab->worker = NULL;
	if (!code && cache_worker_open(&lab->worker, lab->cache, NULL)) {
		blob_cache_close(lab->cache, NULL);
		lab->cache = NULL;
		return MUSTER_E_MEMORY;
	}
	return code;
}

static inline void lab_open(struct lab *lab)
{
	assert_int_equal(lab_try_open(lab), MUSTER_OK);
}

static inline void lab_close(struct lab *lab)
{
	cache_worker_close(lab->worker);
	blob_cache_close(lab->cache, &lab->use);
	lab->worker = NULL;
	lab->cache = NULL;
}

/* --- blobs ----------------------------------------------------------------------------------- */

static inline void make_blob(struct lab *lab, unsigned number, struct view data,
			     struct blob_key *key)
{
	struct hash_request request = { .data = data };
	uint8_t *out = data.len > PACK_BLOB_MAX_BYTES ? lab->large.buffer : lab->buffer;
	uint64_t x = number * 0x9e3779b97f4a7c15u + 1;

	for (size_t i = 0; i < data.len; i += sizeof(x)) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		memcpy(out + i, &x, data.len - i < sizeof(x) ? data.len - i : sizeof(x));
	}
	hash_batch(lab->hasher, &request, 1);
	*key = (struct blob_key){ .algorithm = DIGEST_MD5, .size_bytes = data.len };
	memcpy(key->digest, request.fingerprint.digest, DIGEST_BYTES);
	memcpy(key->checksum, request.fingerprint.checksum, CHECKSUM_BYTES);
}

static inline struct view blob(struct lab *lab, unsigned number, size_t len, struct blob_key *key)
{
	struct view large = view_of(lab->large.buffer, len);

	if (len <= PACK_BLOB_MAX_BYTES) {
		make_blob(lab, number, view_of(lab->buffer, len), key);
		return view_of(lab->buffer, len);
	}
	if (lab->large.len != len || lab->large.number != number)
		make_blob(lab, number, large, &lab->large.key);
	lab->large.len = len;
	lab->large.number = number;
	*key = lab->large.key;
	return large;
}

static inline void put(struct lab *lab, unsigned number, size_t len)
{
	struct blob_key key;
	struct view data = blob(lab, number, len, &key);
	struct blob_stream *stream;

	if (len <= PACK_BLOB_MAX_BYTES) {
		cache_worker_put(lab->worker, &key, data);
		return;
	}
	stream = cache_worker_begin(lab->worker, len);
	cache_worker_append(lab->worker, &stream, view_of(data.ptr, len / 2));
	cache_worker_append(lab->worker, &stream, view_of(data.ptr + len / 2, len - len / 2));
	cache_worker_end(lab->worker, &stream, &key);
	assert_null(stream);
}

/* As get does: what is wrong is dropped, and not in the cache. */
static inline bool has(struct lab *lab, unsigned number, size_t len)
{
	struct blob_key key;
	struct view data = blob(lab, number, len, &key);
	struct placement place;
	struct blob_at at;
	uint8_t *found;
	bool is_right;

	if (!cache_worker_find(lab->worker, &key, &place) ||
	    !cache_worker_at(lab->worker, &key, &place, &at))
		return false;
	assert_int_equal(at.size_bytes, len);
	found = malloc(len + 1);
	is_right = found && !store_read(at.object, at.offset_bytes, found, len, NULL) &&
		   memcmp(found, data.ptr, len) == 0;
	free(found);
	if (is_right)
		cache_worker_hit(lab->worker, &place, len);
	else
		cache_worker_spoil(lab->worker, &place);
	return is_right;
}

/* A run that only puts these blobs: a segment. */
static inline void put_run(struct lab *lab, unsigned first, unsigned count, size_t len)
{
	lab_open(lab);
	for (unsigned i = 0; i < count; i++)
		put(lab, first + i, len);
	lab_close(lab);
}

static inline unsigned has_count(struct lab *lab, unsigned first, unsigned count, size_t len)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += has(lab, first + i, len);
	return found;
}

/* --- what lies there -------------------------------------------------------------------------- */

static inline struct muster_cache_info info(struct lab *lab)
{
	struct blob_cache_options options = lab_options(lab);
	struct muster_cache_info found;

	assert_int_equal(blob_cache_info(&options, &found, NULL), MUSTER_OK);
	return found;
}

/* Calls `fn` with the path of each file below "<cache>/<folder>". */
static inline unsigned each_file(struct lab *lab, const char *folder, void (*fn)(const char *path))
{
	char path[512];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", lab->directory, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && entry->d_name[1] != 't')
			continue;
		count++;
		if (!fn)
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", lab->directory, folder, entry->d_name);
		fn(path);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* An hour and a half ago. */
static inline void make_old(const char *path)
{
	struct timespec old[2] = { { .tv_sec = time(NULL) - 5400 },
				   { .tv_sec = time(NULL) - 5400 } };

	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static inline void flip_at(const char *path, off_t offset)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	if (offset < 0)
		offset += lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

#endif
