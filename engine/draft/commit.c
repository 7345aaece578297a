/* A version of a base and parts.
 *
 *	base ─────────────► edit ──► writer ──► manifest ──► save event
 *	parts ─► changes ──────┘
 *
 * Parts whose ranges do not meet, over nothing: each is appended as it is, leaf by leaf. */
#include <stdlib.h>
#include <string.h>

#include "base/text/encode.h"
#include "engine/draft/changes.h"
#include "engine/draft/draft.h"
#include "engine/draft/files_above.h"
#include "engine/manifest/version_edit.h"
#include "engine/reliance/reliance.h"
#include "planners/clash/clash.h"

#define ATTEMPTS	3 /* where the repository is collected meanwhile */
#define SORT_MIN_BYTES	(16u << 20)
#define SORT_OF_MEMORY	8
#define CANCEL_INTERVAL 1024

struct committing {
	struct repository *repository;
	struct store *store;
	struct collection *collection;
	const struct draft_commit *commit;
	struct draft_result *result;
	struct session *session; /* NULL until an object needs an id */
	struct blob_set *blobs;	 /* to look up in */
	struct reliance reliance;
	struct version_reader *base, *shared;
	struct version_writer *writer;
	struct version_edit *edit; /* of the base; NULL: there is none */
	struct changes *changes;
	struct files_above above; /* files beneath files: of what is added, and of the base */
	struct clash clash;	  /* the same of parts that are appended */
	const struct manifest_footer *footer;
};

/* A blob_next_id_fn. */
static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct committing *committing = state;
	const struct part_stack *content = &committing->commit->content;
	struct session_options options = { .base.is_named = content->version != NULL };
	enum muster_code code = MUSTER_OK;

	memcpy(options.base.id, content->version_id, sizeof(options.base.id));
	if (!committing->session)
		code = session_begin(&committing->session, committing->repository, "save a draft",
				     &options, err);
	return code ? code : session_next_object(committing->session, out, err);
}

static bool is_usable(void *state, const struct object_id *pack, uint32_t ordinal)
{
	return repository_standing(state, pack) == GC_LIVE &&
	       !repository_is_bad(state, pack, ordinal);
}

static enum muster_code open_blobs(struct committing *committing, struct muster_error *err)
{
	struct repository *repository = committing->repository;
	struct blob_set_options options = { .algorithm = repository_algorithm(repository),
					    .has_identity = repository_has_identity(repository),
					    .is_usable = is_usable,
					    .usable_state = repository };
	enum muster_code code;

	memcpy(options.repository_id, repository_id(repository), 16);
	code = blob_set_open(&committing->blobs, committing->store, &options, err);
	reliance_begin(&committing->reliance, repository, committing->blobs);
	return code;
}

static enum muster_code open_version(struct committing *committing, struct version_reader **out,
				     struct muster_error *err)
{
	static const struct version_reader_options with_placement = { .with_placement = true };
	const struct manifest_pointer *version = committing->commit->content.version;

	if (!version)
		return MUSTER_OK;
	return version_reader_open(out, committing->store, version, &with_placement, err);
}

static enum muster_code open_writer(struct committing *committing, struct muster_error *err)
{
	struct version_writer_options options = { .algorithm = repository_algorithm(
							  committing->repository),
						  .next_id = next_id,
						  .next_id_state = committing,
						  .base = committing->shared };

	return version_writer_open(&committing->writer, committing->store, &options, err);
}

static enum muster_code open_edit(struct committing *committing, struct muster_error *err)
{
	struct version_edit_options options = { .may_rely_on = reliance_on_pack,
						.take_over = reliance_take_over,
						.state = &committing->reliance };

	if (!committing->base)
		return MUSTER_OK;
	return version_edit_open(&committing->edit, committing->base, committing->writer, &options,
				 err);
}

static enum muster_code open_changes(struct committing *committing, struct muster_error *err)
{
	const struct draft_commit *commit = committing->commit;
	struct changes_options options = { .parts = commit->content.parts,
					   .part_count = commit->content.part_count,
					   .is_disjoint = commit->parts_are == DRAFT_RANGES,
					   .refuses_two_digests = commit->parts_are == DRAFT_EQUALS,
					   .memory_max_bytes =
						   commit->job.memory_bytes / SORT_OF_MEMORY };

	if (options.memory_max_bytes < SORT_MIN_BYTES)
		options.memory_max_bytes = SORT_MIN_BYTES;
	return changes_open(&committing->changes, committing->store, &options, err);
}

static enum muster_code open_all(struct committing *committing, struct muster_error *err)
{
	enum muster_code code = repository_read_gc(committing->repository, err);

	if (!code)
		code = open_blobs(committing, err);
	if (!code)
		code = open_version(committing, &committing->base, err);
	if (!code)
		code = open_version(committing, &committing->shared, err);
	if (!code)
		code = open_writer(committing, err);
	return code ? code : open_edit(committing, err);
}

static void release(struct committing *committing)
{
	files_above_release(&committing->above);
	clash_release(&committing->clash);
	changes_close(committing->changes);
	version_edit_close(committing->edit);
	version_writer_close(committing->writer);
	version_reader_close(committing->shared);
	version_reader_close(committing->base);
	blob_set_close(committing->blobs);
	session_close(committing->session);
}

/* --- what it is made of ---------------------------------------------------------------------- */

static bool is_cancelled(const struct committing *committing)
{
	const struct muster_progress *progress = committing->commit->job.progress;

	return progress && atomic_load_explicit(&progress->cancel, memory_order_relaxed);
}

static enum muster_code add(struct committing *committing, struct entry *entry,
			    struct muster_error *err)
{
	enum muster_code code = reliance_take_over(&committing->reliance, entry, err);

	if (code)
		return code;
	return committing->edit ? version_edit_put(committing->edit, entry, err)
				: version_writer_add(committing->writer, entry, err);
}

static enum muster_code drop(struct committing *committing, struct view path,
			     struct muster_error *err)
{
	struct version_edit *edit = committing->edit;

	if (!edit)
		return MUSTER_OK;
	return path.ptr[path.len - 1] == '/' ? version_edit_remove_tree(edit, path, err)
					     : version_edit_remove(edit, path, err);
}

static enum muster_code apply(struct committing *committing, struct muster_error *err)
{
	struct view path;
	struct kept kept;
	uint64_t count = 0;
	enum muster_code code = open_changes(committing, err);

	files_above_init(&committing->above, committing->edit, committing->shared);
	while (!code && !(code = changes_next(committing->changes, &path, &kept, err))) {
		if (++count % CANCEL_INTERVAL == 0 && is_cancelled(committing))
			return muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
		code = files_above_step(&committing->above, path, kept.kind == KEPT_REMOVED, err);
		if (!code)
			code = kept.kind == KEPT_ADDED ? add(committing, &kept.entry, err)
						       : drop(committing, path, err);
	}
	if (code != MUSTER_END)
		return code;
	code = files_above_end(&committing->above, err);
	if (!code && committing->edit)
		code = version_edit_finish(committing->edit, err);
	return code;
}

/* For version_edit: each entry of a part that is appended. */
static enum muster_code check_clash(void *state, const struct entry *entry,
				    struct muster_error *err)
{
	return clash_next(state, entry->path, err);
}

static enum muster_code append_part(struct committing *committing, const struct part_content *part,
				    bool is_last, struct muster_error *err)
{
	static const struct version_reader_options whole = { .with_placement = true,
							     .reads_on = true };
	struct version_edit_options options = { .may_rely_on = reliance_on_pack,
						.take_over = reliance_take_over,
						.state = &committing->reliance,
						.each = check_clash,
						.each_state = &committing->clash,
						.goes_on = true,
						.is_to_go_on = !is_last };
	struct version_reader *reader = NULL;
	struct version_edit *edit = NULL;
	enum muster_code code;

	if (!part->has_added)
		return MUSTER_OK;
	code = version_reader_open(&reader, committing->store, &part->added, &whole, err);
	if (!code)
		code = version_edit_open(&edit, reader, committing->writer, &options, err);
	if (!code)
		code = version_edit_finish(edit, err);
	version_edit_close(edit);
	version_reader_close(reader);
	return code;
}

static enum muster_code append_all(struct committing *committing, struct muster_error *err)
{
	const struct part_stack *content = &committing->commit->content;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < content->part_count && !code; i++) {
		if (is_cancelled(committing))
			return muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
		code = append_part(committing, &content->parts[i], i + 1 == content->part_count,
				   err);
	}
	return code;
}

static enum muster_code make(struct committing *committing, struct muster_error *err)
{
	const struct draft_commit *commit = committing->commit;
	bool as_they_are = commit->parts_are == DRAFT_RANGES || commit->content.part_count == 1;
	enum muster_code code = !committing->base && as_they_are ? append_all(committing, err)
								 : apply(committing, err);

	return code ? code : version_writer_complete(committing->writer, &committing->footer, err);
}

/* --- its save -------------------------------------------------------------------------------- */

static enum muster_code write_manifest(void *state, struct save_request *request,
				       struct muster_error *err)
{
	struct committing *committing = state;
	enum muster_code code;

	if (committing->commit->is_settled)
		return muster_fail(err, MUSTER_E_CONFLICT,
				   "the draft was saved before, when its content was that of the "
				   "latest version: it makes no version any more");
	code = version_writer_write(committing->writer, collection_id(committing->collection),
				    request->version_id, &request->manifest, err);
	request->session = committing->session; /* made by now */
	return code;
}

static enum muster_code fill_request(struct committing *committing, struct save_request *request,
				     struct muster_error *err)
{
	static const uint8_t zero[16];
	const struct part_stack *content = &committing->commit->content;

	*request = committing->commit->request;
	request->session = committing->session;
	request->footer = committing->footer;
	request->write = write_manifest;
	request->write_state = committing;
	request->relies = reliance_still_holds;
	request->relies_state = &committing->reliance;
	request->against = content->version ? SAVE_AGAINST_VERSION : SAVE_AGAINST_NOTHING;
	request->base = (struct base_version){ .is_named = content->version != NULL };
	if (content->version)
		memcpy(request->base.id, content->version_id, sizeof(request->base.id));
	if (memcmp(request->version_id, zero, sizeof(zero)) != 0)
		return MUSTER_OK;
	return effects_random(repository_effects(committing->repository), request->version_id,
			      sizeof(request->version_id), err);
}

static enum muster_code save(struct committing *committing, struct muster_error *err)
{
	const struct draft_commit *commit = committing->commit;
	struct save_request request;
	enum muster_code code = fill_request(committing, &request, err);

	if (!code && commit->ready)
		code = commit->ready(commit->ready_state, err);
	return code ? code
		    : collection_save(committing->collection, &request, &committing->result->save,
				      err);
}

/* The version that was the latest just before this one. */
static uint64_t latest_before(const struct committing *committing)
{
	const struct save_result *result = &committing->result->save;
	const struct collection_state *state = collection_versions(committing->collection);
	uint64_t number = result->is_new ? result->version_number : result->version_number + 1;

	while (number-- > 0) {
		const struct version *version = collection_state_version(state, number);

		if (version && !version->is_deleted)
			return number;
	}
	return VERSION_NONE;
}

static void describe(struct committing *committing)
{
	const struct manifest_footer *footer = committing->footer;
	struct draft_result *result = committing->result;

	hex_encode(result->digest, footer->artifact_digest, 16);
	result->digest[32] = '\0';
	hex_encode(result->root, footer->content_root, 32);
	result->root[64] = '\0';
	result->entry_count = footer->entry_count;
	result->size_bytes = footer->size_bytes;
	result->latest = latest_before(committing);
	result->is_base_latest = committing->commit->content.version &&
				 result->latest == committing->commit->base_number;
	result->written_bytes = version_writer_counts(committing->writer).written_bytes;
}

static enum muster_code commit_once(struct repository *repository, struct collection *collection,
				    const struct draft_commit *commit, struct draft_result *result,
				    bool *was_collected, struct muster_error *err)
{
	struct committing committing = { .repository = repository,
					 .store = repository_store(repository),
					 .collection = collection,
					 .commit = commit,
					 .result = result };
	enum muster_code code = open_all(&committing, err);

	*result = (struct draft_result){ 0 };
	if (!code)
		code = make(&committing, err);
	if (!code)
		code = save(&committing, err);
	if (!code)
		describe(&committing);
	*was_collected = code == MUSTER_E_CONFLICT &&
			 repository_gc_head(repository) != committing.reliance.gc_head;
	release(&committing);
	return code;
}

enum muster_code draft_commit(struct repository *repository, struct collection *collection,
			      const struct draft_commit *commit, struct draft_result *result,
			      struct muster_error *err)
{
	bool was_collected = true;
	enum muster_code code = MUSTER_E_CONFLICT;

	for (int attempt = 0; attempt < ATTEMPTS && was_collected; attempt++)
		code = commit_once(repository, collection, commit, result, &was_collected, err);
	if (!code && err) /* an attempt that failed is overcome */
		*err = (struct muster_error){ 0 };
	return code;
}
