/* A version, or a part of a draft, entry by entry: blocks, leaves, totals, content root, W&B
 * digest.
 *
 * Versions share most leaves with the one before. So the walk goes beside that one's list: a leaf
 * that stands in both was checked there, and is read only for the digest of its entries; blocks
 * that are equal from the beginning on are not even that, because the MD5 state behind them was
 * proved there. */
#include "engine/check/check_internal.h"

#include <stdlib.h>
#include <string.h>

#include "artifact/digest.h"
#include "artifact/format/leaf.h"
#include "artifact/path.h"

struct manifest_check {
	struct check_run *run;
	struct ranges *ranges;
	struct leaf_reader *reader;
	struct sha256 *root;
	struct artifact_digest digest;

	struct manifest_file file, before_file;
	struct leaf_list list, before;
	bool before_is_whole; /* nothing was wrong with it */
	bool is_of_removals;  /* of a part: its paths are removed */

	/* of the walk */
	bool is_whole, all_blocks, all_entries;
	bool may_skip;	 /* all blocks so far are the same as the ones before */
	bool is_skipped; /* this one is, too */
	uint64_t size_bytes, block_references;
};

enum muster_code manifest_check_open(struct manifest_check **out, struct check_run *run,
				     struct muster_error *err)
{
	struct manifest_check *check = calloc(1, sizeof(*check));
	enum muster_code code;

	*out = check;
	if (!check)
		return muster_fail_memory(err, "the check of manifests");
	check->run = run;
	check->list.file = &check->file;
	check->before.file = &check->before_file;
	code = ranges_open(&check->ranges, run, err);
	if (!code)
		code = leaf_reader_new(&check->reader, err);
	return code ? code : sha256_new(&check->root, err);
}

void manifest_check_close(struct manifest_check *check)
{
	if (!check)
		return;
	leaf_list_release(&check->list);
	leaf_list_release(&check->before);
	manifest_file_close(&check->file);
	manifest_file_close(&check->before_file);
	artifact_digest_release(&check->digest);
	sha256_free(check->root);
	leaf_reader_free(check->reader);
	ranges_close(check->ranges);
	free(check);
}

/* --- one leaf -------------------------------------------------------------------------------- */

static bool is_same_leaf(const struct leaf_record *a, const struct leaf_record *b)
{
	return a->in_manifest == b->in_manifest && a->offset_bytes == b->offset_bytes &&
	       a->content_bytes == b->content_bytes && a->placement_bytes == b->placement_bytes &&
	       a->entry_count == b->entry_count && a->size_bytes == b->size_bytes &&
	       object_id_equal(&a->object, &b->object) &&
	       memcmp(a->content_sha256, b->content_sha256, 32) == 0 &&
	       memcmp(a->placement_checksum, b->placement_checksum, 16) == 0;
}

/* Has the version before this very leaf? Steps along its list. */
static enum muster_code find_before(struct manifest_check *check, const struct leaf_record *record,
				    bool *out, struct muster_error *err)
{
	struct leaf_list *before = &check->before;
	struct muster_error unused = { 0 };
	enum muster_code code = MUSTER_OK;

	*out = false;
	if (!check->before_file.object)
		return MUSTER_OK;
	while (!(code = leaf_list_need(before, &unused))) {
		const struct leaf_record *other = &before->records[before->at];
		int order = view_compare(other->first_path, record->first_path);

		if (order < 0) {
			before->at++;
			continue;
		}
		*out = order == 0 && is_same_leaf(other, record);
		return MUSTER_OK;
	}
	if (muster_ends_job(code)) {
		*err = unused;
		return code;
	}
	if (code != MUSTER_END) /* told when that version was checked: go on without it */
		manifest_file_close(&check->before_file);
	return MUSTER_OK;
}

static enum muster_code prove_leaf(const struct leaf_record *record, struct view content,
				   struct view placement, bool with_placement,
				   struct muster_error *err)
{
	uint8_t sha256[32], checksum[16];

	sha256_of(content, sha256);
	if (memcmp(sha256, record->content_sha256, 32) != 0)
		return muster_fail(err, MUSTER_E_DIGEST,
				   "the SHA-256 of its content is not the one in its manifest");
	if (!with_placement)
		return MUSTER_OK;
	xxh128_of(placement, checksum);
	if (memcmp(checksum, record->placement_checksum, 16) != 0)
		return muster_fail(err, MUSTER_E_DIGEST,
				   "the checksum of its placement is not the one in its manifest");
	return MUSTER_OK;
}

/* What is known of a leaf while its entries pass. */
struct leaf_walk {
	const struct leaf_record *record;
	bool is_shared;
	uint32_t entry_count;
	uint64_t size_bytes;
};

/* A directory that is removed ends with a slash. */
static enum muster_code check_path(const struct manifest_check *check, struct view path,
				   struct muster_error *err)
{
	if (check->is_of_removals && path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	return entry_path_check(path, err);
}

static enum muster_code check_entry(struct manifest_check *check, struct leaf_walk *leaf,
				    const struct entry *entry, struct muster_error *err)
{
	struct view behind;
	enum muster_code code = MUSTER_OK;

	if (!leaf->entry_count++ && !view_equal(entry->path, leaf->record->first_path))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "its first path is not the one in its manifest");
	if (leaf->entry_count == leaf->record->entry_count &&
	    leaf_list_behind(&check->list, &behind) && view_compare(entry->path, behind) >= 0)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "its last path is not before the next leaf");
	leaf->size_bytes += entry->has_size ? entry->size_bytes : 0;
	check->block_references += entry->ref.len > 0;
	artifact_digest_add(&check->digest, entry);
	if (leaf->is_shared)
		return MUSTER_OK;
	code = check_path(check, entry->path, err);
	return code ? code : check_need_blob(check->run, entry, err);
}

static enum muster_code check_entries(struct manifest_check *check, struct leaf_walk *leaf,
				      struct muster_error *err)
{
	struct entry entry;
	enum muster_code code;

	while (!(code = leaf_reader_next(check->reader, &entry, err))) {
		code = check_entry(check, leaf, &entry, err);
		if (code)
			return code;
	}
	if (code != MUSTER_END)
		return code;
	if (leaf->entry_count != leaf->record->entry_count)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "it has not the entries that its manifest says");
	if (leaf->size_bytes != leaf->record->size_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "its size is not the one in its manifest");
	return MUSTER_OK;
}

static enum muster_code read_leaf(struct manifest_check *check, struct leaf_walk *leaf,
				  struct view bytes, struct muster_error *err)
{
	const struct leaf_record *record = leaf->record;
	struct view content = view_of(bytes.ptr, record->content_bytes), placement = { 0 };
	enum muster_code code;

	if (!leaf->is_shared)
		placement = view_of(bytes.ptr + content.len, record->placement_bytes);
	code = prove_leaf(record, content, placement, !leaf->is_shared, err);
	if (!code)
		code = leaf_reader_open(check->reader, content, placement, err);
	return code ? code : check_entries(check, leaf, err);
}

/* A leaf that is wrong is a finding of its object. It was one before where it is shared. */
static enum muster_code judge_leaf(struct manifest_check *check, const struct leaf_walk *leaf,
				   enum muster_code code, struct muster_error *err)
{
	struct key key;

	if (!code || muster_ends_job(code) || code == MUSTER_E_IO)
		return code; /* of a sort: the leaf is in memory */
	check->is_whole = check->all_entries = false;
	if (leaf->is_shared)
		return MUSTER_OK;
	muster_context(err, "the leaf at %llu", (unsigned long long)leaf->record->offset_bytes);
	key_object(&key, leaf->record->in_manifest ? OBJECT_MANIFEST : OBJECT_LEAVES,
		   &leaf->record->object);
	check_judge(check->run, key.text, code, err);
	return MUSTER_OK;
}

static enum muster_code check_leaf(struct manifest_check *check, const struct leaf_record *record,
				   struct muster_error *err)
{
	struct leaf_walk leaf = { .record = record };
	struct view bytes;
	size_t len = record->content_bytes;
	enum muster_code code = find_before(check, record, &leaf.is_shared, err);

	if (!leaf.is_shared)
		len += record->placement_bytes;
	if (!code)
		code = ranges_read(check->ranges, record, len, &bytes, err);
	if (code == MUSTER_ABSENT) {
		check->is_whole = check->all_entries = false;
		return MUSTER_OK;
	}
	if (code)
		return code;
	if (!leaf.is_shared) {
		check->run->report->leaf_count++;
		check->run->report->entry_count += record->entry_count;
	}
	return judge_leaf(check, &leaf, read_leaf(check, &leaf, bytes, err), err);
}

/* --- one block ------------------------------------------------------------------------------- */

static void tell(struct manifest_check *check, const char *reason)
{
	check->is_whole = false;
	check_found(check->run, check->file.key.text, MUSTER_E_FORMAT, "%s", reason);
}

static bool is_state_equal(const struct md5_state *a, const struct md5_state *b)
{
	return memcmp(a->word, b->word, sizeof(a->word)) == 0 &&
	       a->length_bytes == b->length_bytes &&
	       memcmp(a->tail, b->tail, a->length_bytes % 64) == 0;
}

/* Is block `at` the same in both versions, behind equal entries, and not the last of either? */
static bool is_same_block(const struct manifest_check *check, size_t at)
{
	const struct manifest_footer *a = &check->file.footer, *b = &check->before_file.footer;

	return at + 1 < a->fence_count && at + 1 < b->fence_count &&
	       memcmp(a->fences[at].sha256, b->fences[at].sha256, 32) == 0 &&
	       is_state_equal(&a->fences[at].digest_state, &b->fences[at].digest_state);
}

static enum muster_code begin_block(struct manifest_check *check, struct muster_error *err)
{
	const struct manifest_footer *footer = &check->file.footer;
	size_t at = check->list.block;
	struct md5_state state;
	enum muster_code code = MUSTER_OK;

	check->block_references = 0;
	check->is_skipped = check->may_skip && is_same_block(check, at);
	if (check->is_skipped) {
		check->before.block = at + 1;
		check->before.at = check->before.count = 0;
		return MUSTER_OK;
	}
	if (check->may_skip && at) /* what was skipped led to this state, there as here */
		code = artifact_digest_resume(
			&check->digest, &check->before_file.footer.fences[at].digest_state, err);
	check->may_skip = false;
	if (code || !check->all_entries || footer->algorithm != DIGEST_MD5)
		return code;
	artifact_digest_save(&check->digest, &state);
	if (!is_state_equal(&state, &footer->fences[at].digest_state))
		tell(check,
		     "the state of the W&B digest before a block is not the one in the footer");
	return MUSTER_OK;
}

static void end_block(struct manifest_check *check)
{
	const struct manifest_fence *fence = &check->file.footer.fences[check->list.block];

	if (!check->is_skipped && check->all_entries &&
	    check->block_references != fence->reference_count)
		tell(check, "a block has not the references that the footer says");
}

static enum muster_code check_record(struct manifest_check *check, struct muster_error *err)
{
	const struct leaf_record *record = &check->list.records[check->list.at];
	enum muster_code code;

	sha256_update(check->root, view_of(record->content_sha256, 32));
	check->size_bytes += record->size_bytes;
	code = check_need_object(check->run, &record->object, record->in_manifest, err);
	if (!code && !check->is_skipped)
		code = check_leaf(check, record, err);
	if (!code && check->list.at + 1 == check->list.count)
		end_block(check);
	check->list.at++;
	return code;
}

/* A block that cannot be read is a finding; its leaves are not known. */
static enum muster_code lose_block(struct manifest_check *check, enum muster_code code,
				   struct muster_error *err)
{
	code = check_judge(check->run, check->file.key.text, code, err);
	if (code != MUSTER_ABSENT)
		return code;
	check->is_whole = check->all_blocks = check->all_entries = check->may_skip = false;
	leaf_list_skip_block(&check->list);
	return MUSTER_OK;
}

/* --- one manifest ---------------------------------------------------------------------------- */

static enum muster_code walk_leaves(struct manifest_check *check, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code) {
		code = check_cancelled(check->run, err);
		if (code)
			break;
		code = leaf_list_need(&check->list, err);
		if (code == MUSTER_END)
			return MUSTER_OK;
		if (code) {
			code = lose_block(check, code, err);
			continue;
		}
		if (check->list.at == 0)
			code = begin_block(check, err);
		if (!code)
			code = check_record(check, err);
	}
	return code;
}

static void compare_totals(struct manifest_check *check)
{
	const struct manifest_footer *footer = &check->file.footer;
	uint8_t root[32], digest[DIGEST_BYTES];

	sha256_end(check->root, root);
	artifact_digest_end(&check->digest, digest);
	if (check->all_blocks && memcmp(root, footer->content_root, 32) != 0)
		tell(check, "its content root is not the one of its leaves");
	if (check->all_blocks && check->size_bytes != footer->size_bytes)
		tell(check, "its size is not the sum of its leaves'");
	if (check->all_entries && memcmp(digest, footer->artifact_digest, DIGEST_BYTES) != 0)
		tell(check, "its W&B digest is not the one of its entries");
}

/* The footer is what the event's SHA-256 proves; the event tells the same once more. */
static void compare_with_event(struct manifest_check *check, const struct saved_version *version)
{
	const struct manifest_footer *footer = &check->file.footer;
	struct key log, key;

	if (footer->algorithm == version->algorithm &&
	    footer->entry_count == version->entry_count &&
	    footer->reference_count == version->reference_count &&
	    footer->size_bytes == version->size_bytes &&
	    memcmp(footer->artifact_digest, version->digest, 16) == 0 &&
	    memcmp(footer->content_root, version->root, 32) == 0)
		return;
	key_collection_log(&log, version->collection_id);
	key_event(&key, log.text, version->event);
	check_found(check->run, key.text, MUSTER_E_FORMAT,
		    "it tells other digests or totals of version v%llu than its manifest",
		    (unsigned long long)version->number);
}

static void start_list(struct leaf_list *list)
{
	list->block = list->at = list->count = 0;
}

static enum muster_code walk_manifest(struct manifest_check *check, struct muster_error *err)
{
	enum digest_algorithm algorithm = check->file.footer.algorithm;
	enum muster_code code = artifact_digest_begin(&check->digest, algorithm, err);

	if (code)
		return code;
	check->is_whole = check->all_blocks = check->all_entries = true;
	check->may_skip = check->before_file.object && check->before_is_whole &&
			  algorithm == DIGEST_MD5 &&
			  check->before_file.footer.algorithm == DIGEST_MD5;
	check->size_bytes = 0;
	start_list(&check->list);
	start_list(&check->before);
	code = walk_leaves(check, err);
	if (!code)
		compare_totals(check);
	return code;
}

/* MUSTER_ABSENT: it cannot be used, there is a finding. */
static enum muster_code begin(struct manifest_check *check, const struct manifest_claim *claim,
			      struct muster_error *err)
{
	enum muster_code code;

	check->run->report->manifest_count++;
	code = check_need_object(check->run, &claim->pointer.id, true, err);
	return code ? code : manifest_file_open(&check->file, check->run, claim, err);
}

static enum muster_code walk(struct manifest_check *check, struct muster_error *err)
{
	enum muster_code code = walk_manifest(check, err);

	manifest_file_close(&check->before_file);
	check->before_file = check->file;
	check->before_is_whole = check->is_whole;
	check->file = (struct manifest_file){ 0 };
	return code;
}

enum muster_code manifest_check_version(struct manifest_check *check,
					const struct saved_version *version,
					struct muster_error *err)
{
	struct manifest_claim claim = { .pointer = version->manifest, .version = version->number };
	enum muster_code code;

	memcpy(claim.owner_id, version->owner_id, sizeof(claim.owner_id));
	memcpy(claim.version_id, version->id, sizeof(claim.version_id));
	code = begin(check, &claim, err);
	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	compare_with_event(check, version);
	return walk(check, err);
}

enum muster_code manifest_check_part(struct manifest_check *check, const struct part_manifest *part,
				     struct muster_error *err)
{
	struct manifest_claim claim = { .pointer = part->manifest, .version = VERSION_NONE };
	enum muster_code code = begin(check, &claim, err);

	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	if (check->file.footer.entry_count != part->entry_count ||
	    check->file.footer.size_bytes != part->size_bytes)
		check_found(check->run, check->file.key.text, MUSTER_E_FORMAT,
			    "its totals are not those that the part's record tells");
	check->is_of_removals = part->is_of_removals;
	code = walk(check, err);
	check->is_of_removals = false;
	return code;
}
