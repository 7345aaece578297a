/* A blob of a pack: how it is hashed, whether it is right, and how it is told of if it is not. */
#include "engine/check/bytes_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/text/encode.h"
#include "base/text/text.h"

#define TOLD_MAX 16 /* findings of one pack, then one for all others */

void check_blob_text(const struct blob_key *key, char out[BLOB_TEXT_BYTES])
{
	char hex[2 * DIGEST_BYTES];

	hex_encode(hex, key->digest, DIGEST_BYTES);
	snprintf(out, BLOB_TEXT_BYTES, "%s %.32s of %llu %s",
		 key->algorithm == DIGEST_MD5 ? "md5" : "xxh128", hex,
		 (unsigned long long)key->size_bytes,
		 text_plural(key->size_bytes, "byte", "bytes"));
}

void bytes_tell_blob(struct check_run *run, struct pack_job *job, uint32_t ordinal,
		     enum muster_code code, const char *reason)
{
	const struct pack_blob *blob = &job->pack.blobs[ordinal];
	char text[BLOB_TEXT_BYTES];

	if (repository_is_bad(run->repository, &job->pack.id, ordinal))
		return;
	if (job->told_count++ >= TOLD_MAX)
		return;
	check_blob_text(&blob->key, text);
	check_found(run, job->key.text, code, "blob %u (%s, at %llu): %s", ordinal, text,
		    (unsigned long long)blob->offset_bytes, reason);
}

void bytes_tell_rest(struct check_run *run, const struct pack_job *job)
{
	if (job->told_count > TOLD_MAX)
		check_found(run, job->key.text, MUSTER_E_DIGEST, "%u more of its blobs are broken",
			    job->told_count - TOLD_MAX);
}

struct hash_options bytes_hashing_of(const struct byte_worker *worker, const struct blob_key *key)
{
	const struct check_run *run = worker->check->run;

	if (run->options->quick)
		return (struct hash_options){ .algorithm = DIGEST_XXH128, .cpu = run->cpu };
	return (struct hash_options){ .algorithm = (enum digest_algorithm)key->algorithm,
				      .has_identity = key->has_identity,
				      .cpu = run->cpu };
}

bool bytes_is_hashed_alike(const struct byte_worker *worker, const struct blob_key *a,
			   const struct blob_key *b)
{
	return worker->check->run->options->quick ||
	       (a->algorithm == b->algorithm && a->has_identity == b->has_identity);
}

enum muster_code bytes_need_hasher(struct byte_worker *worker, const struct blob_key *key,
				   struct hasher **out, struct muster_error *err)
{
	struct hash_options options = bytes_hashing_of(worker, key);
	struct hasher **slot =
		&worker->hashers[2 * (options.algorithm == DIGEST_XXH128) + options.has_identity];
	enum muster_code code = MUSTER_OK;

	if (!*slot)
		code = hasher_new(slot, options, err);
	*out = *slot;
	return code;
}

const char *bytes_judge(const struct byte_worker *worker, const struct blob_key *key,
			const struct fingerprint *found)
{
	if (memcmp(found->checksum, key->checksum, CHECKSUM_BYTES) != 0)
		return "its bytes have another checksum";
	if (worker->check->run->options->quick)
		return NULL;
	if (memcmp(found->digest, key->digest, DIGEST_BYTES) != 0)
		return "its bytes have another digest";
	if (key->has_identity && memcmp(found->identity, key->identity, IDENTITY_BYTES) != 0)
		return "its bytes have another SHA-256";
	return NULL;
}
