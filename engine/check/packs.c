/* Packs: what is listed, what indexes claim, what versions and drafts need, merged by id. The
 * directory of each pack is read here; its bytes are the workers', of those whose turn it is. */
#include "engine/check/check_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text/text.h"
#include "engine/blob/blob_reader.h"

#define NS_PER_MS UINT64_C(1000000)

struct pack_merge {
	struct check_run *run;
	struct check_stream listed, claims, needs;
	struct byte_check *bytes;

	/* of the pack that is looked at */
	struct object_id id;
	uint8_t id_key[CHECK_ID_BYTES];
	struct key key;
	bool is_listed, is_swept;
	struct pack_state state; /* if is_listed */
	uint64_t claim_count;
	uint64_t found_count;  /* needs that it has */
	struct open_pack open; /* blobs NULL: it cannot be used */
};

/* --- streams --------------------------------------------------------------------------------- */

static void take_least(uint8_t least[CHECK_ID_BYTES], bool *has, const struct check_stream *stream)
{
	if (!stream->has || (*has && memcmp(stream->key.ptr, least, CHECK_ID_BYTES) >= 0))
		return;
	memcpy(least, stream->key.ptr, CHECK_ID_BYTES);
	*has = true;
}

/* The next pack that anybody speaks of; false at the end. */
static bool next_pack(struct pack_merge *merge)
{
	bool has = false;

	take_least(merge->id_key, &has, &merge->listed);
	take_least(merge->id_key, &has, &merge->claims);
	take_least(merge->id_key, &has, &merge->needs);
	merge->id = check_id_get(merge->id_key);
	key_object(&merge->key, OBJECT_PACK, &merge->id);
	merge->claim_count = merge->found_count = 0;
	return has;
}

static bool is_of_pack(const struct pack_merge *merge, const struct check_stream *stream)
{
	return stream->has && memcmp(stream->key.ptr, merge->id_key, CHECK_ID_BYTES) == 0;
}

/* --- the pack -------------------------------------------------------------------------------- */

static bool is_swept(struct pack_merge *merge)
{
	return repository_standing(merge->run->repository, &merge->id) == GC_SWEPT;
}

/* Listed and not there, or claimed and not listed: has gc taken it since its log was read? */
static enum muster_code was_swept_since(struct pack_merge *merge, bool *out,
					struct muster_error *err)
{
	struct muster_error unused = { 0 };
	enum muster_code code = repository_read_gc(merge->run->repository, &unused);

	if (muster_ends_job(code)) {
		*err = unused;
		return code;
	}
	*out = is_swept(merge);
	return MUSTER_OK;
}

static enum muster_code open_listed(struct pack_merge *merge, struct muster_error *err)
{
	struct check_run *run = merge->run;
	enum muster_code code;

	merge->is_listed = is_of_pack(merge, &merge->listed);
	if (merge->is_listed)
		memcpy(&merge->state, merge->listed.value.ptr, sizeof(merge->state));
	merge->is_swept = is_swept(merge);
	if (!merge->is_listed || merge->is_swept) {
		if (merge->is_listed)
			run->report->unreferenced_objects++;
		return merge->is_listed ? check_stream_next(&merge->listed, err) : MUSTER_OK;
	}
	run->report->pack_count++;
	code = open_pack_open(&merge->open, run->store, repository_id(run->repository), &merge->id,
			      err);
	if (code == MUSTER_ABSENT)
		merge->is_listed = false;
	code = check_judge(run, merge->key.text, code, err);
	if (code == MUSTER_ABSENT)
		code = MUSTER_OK;
	return code ? code : check_stream_next(&merge->listed, err);
}

/* --- claims ---------------------------------------------------------------------------------- */

static void sum_checksums(const struct open_pack *pack, uint8_t sum[CHECKSUM_BYTES])
{
	memset(sum, 0, CHECKSUM_BYTES);
	for (uint32_t i = 0; i < pack->trailer.blob_count; i++)
		checksum_sum_add(sum, pack->blobs[i].key.checksum);
}

static void compare_claim(struct pack_merge *merge, const struct index_claim *claim)
{
	const struct pack_trailer *trailer = &merge->open.trailer;
	uint8_t sum[CHECKSUM_BYTES];
	struct key key;

	sum_checksums(&merge->open, sum);
	if (claim->pack.pack_bytes == trailer->pack_bytes &&
	    claim->pack.blob_count == trailer->blob_count &&
	    claim->pack.is_single == trailer->is_single &&
	    memcmp(claim->pack.checksum_sum, sum, sizeof(sum)) == 0)
		return;
	key_object(&key, OBJECT_INDEX, &claim->index);
	check_found(merge->run, key.text, MUSTER_E_FORMAT,
		    "what it says of '%s' is not what that pack's directory says", merge->key.text);
}

static enum muster_code tell_missing(struct pack_merge *merge, const struct index_claim *claim,
				     struct muster_error *err)
{
	struct key key;
	bool is_gone = false;
	enum muster_code code = was_swept_since(merge, &is_gone, err);

	if (code || is_gone)
		return code;
	key_object(&key, OBJECT_INDEX, &claim->index);
	check_found(merge->run, merge->key.text, MUSTER_E_FORMAT, "it is missing: '%s' names it",
		    key.text);
	return MUSTER_OK;
}

static enum muster_code take_claims(struct pack_merge *merge, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && is_of_pack(merge, &merge->claims)) {
		struct index_claim claim;

		memcpy(&claim, merge->claims.value.ptr, sizeof(claim));
		if (merge->open.blobs)
			compare_claim(merge, &claim);
		else if (!merge->is_listed && !merge->is_swept && !merge->claim_count)
			code = tell_missing(merge, &claim, err);
		merge->claim_count++;
		if (!code)
			code = check_stream_next(&merge->claims, err);
	}
	return code;
}

/* --- needs ----------------------------------------------------------------------------------- */

static bool has_need(struct pack_merge *merge, uint32_t ordinal, uint64_t pack_bytes,
		     const struct blob_key *key)
{
	const struct open_pack *open = &merge->open;

	return open->blobs && ordinal < open->trailer.blob_count &&
	       pack_bytes == open->trailer.pack_bytes &&
	       blob_is_same(key, &open->blobs[ordinal].key) &&
	       !repository_is_bad(merge->run->repository, &merge->id, ordinal);
}

static enum muster_code take_need(struct pack_merge *merge, struct muster_error *err)
{
	const struct check_stream *needs = &merge->needs;
	struct view needed_by;
	struct blob_key key;
	uint64_t pack_bytes;
	uint32_t ordinal;

	memcpy(&ordinal, needs->key.ptr + CHECK_ID_BYTES, 4);
	need_value_get(needs->value, &pack_bytes, &key, &needed_by);
	if (has_need(merge, be32toh(ordinal), pack_bytes, &key)) {
		merge->found_count++;
		return MUSTER_OK;
	}
	return check_miss_blob(merge->run, &key, needs->key, needed_by, err);
}

static enum muster_code take_needs(struct pack_merge *merge, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && is_of_pack(merge, &merge->needs)) {
		code = take_need(merge, err);
		if (!code)
			code = check_stream_next(&merge->needs, err);
	}
	return code;
}

/* --- all packs ------------------------------------------------------------------------------- */

/* What was found the last time is still so, as far as anybody knows; unless it was dealt with. */
static void tell_again(struct pack_merge *merge)
{
	uint64_t read_ms = merge->state.mark.summed_ms;
	char time[TEXT_TIME_BYTES];

	if (!merge->state.mark.is_broken || repository_has_bad(merge->run->repository, &merge->id))
		return;
	text_time(time, read_ms * NS_PER_MS);
	check_found(merge->run, merge->key.text, MUSTER_E_DIGEST,
		    "it was broken when its bytes were read, at %s; they were not read again",
		    time);
}

static enum muster_code check_bytes(struct pack_merge *merge, struct muster_error *err)
{
	if (!merge->open.blobs)
		return MUSTER_OK;
	if (merge->state.is_chosen)
		return byte_check_put(merge->bytes, &merge->open, &merge->state.mark, err);
	tell_again(merge);
	return MUSTER_OK;
}

static enum muster_code check_pack(struct pack_merge *merge, struct muster_error *err)
{
	struct check_run *run = merge->run;
	enum muster_code code = open_listed(merge, err);

	if (!code)
		code = take_claims(merge, err);
	if (!code)
		code = take_needs(merge, err);
	if (code)
		return code;
	if (merge->found_count && !merge->claim_count && run->index_is_whole)
		check_found(run, merge->key.text, MUSTER_E_FORMAT,
			    "no index names it, and it is needed");
	if (merge->open.blobs && !merge->found_count)
		run->report->unreferenced_objects++;
	return check_bytes(merge, err);
}

static enum muster_code merge_all(struct pack_merge *merge, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && next_pack(merge)) {
		code = check_pack(merge, err);
		open_pack_release(&merge->open);
		if (!code)
			code = check_cancelled(merge->run, err);
	}
	return code;
}

enum muster_code check_packs(struct check_run *run, struct muster_error *err)
{
	struct pack_merge merge = { .run = run };
	struct spill *list = NULL;
	struct muster_error failure = { 0 };
	enum muster_code code = check_turns(run, &list, err), finished;

	if (!code)
		code = check_stream_begin(&merge.listed, list, err);
	if (!code)
		code = check_stream_begin(&merge.claims, run->claims, err);
	if (!code)
		code = check_stream_begin(&merge.needs, run->needs, err);
	if (!code)
		code = byte_check_start(&merge.bytes, run, err);
	if (!code)
		code = merge_all(&merge, err);
	finished = byte_check_finish(merge.bytes, &failure);
	if (!code && finished) {
		*err = failure;
		code = finished;
	}
	spill_free(list);
	return code;
}
