/* One version: its blobs, its entries, its save. */
#include <stdio.h>
#include <stdlib.h>

#include "artifact/digest.h"
#include "base/text/text.h"
#include "engine/copy/copy_internal.h"
#include "engine/manifest/version_edit.h"

/* --- which it is ------------------------------------------------------------------------------ */

enum muster_code copy_id(const struct version *version, const struct collection_name *to,
			 uint8_t out[16], struct muster_error *err)
{
	const struct view parts[] = { VIEW_LITERAL("muster copy"), to->entity, to->project,
				      to->name };
	struct bytes text = { 0 };
	uint8_t sha256[32];
	enum muster_code code = bytes_append(&text, version->id, sizeof(version->id), err);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !code; i++) {
		code = bytes_append_view(&text, parts[i], err);
		if (!code)
			code = bytes_append_byte(&text, '\0', err);
	}
	sha256_of(bytes_view(&text), sha256);
	memcpy(out, sha256, 16);
	bytes_release(&text);
	return code;
}

/* Identities are part of what a root covers: where only one side keeps them roots differ always. */
bool copy_is_equal(const struct copy *copy, const struct version *source,
		   const struct version *target)
{
	if (target->is_deleted || source->algorithm != target->algorithm ||
	    memcmp(source->digest, target->digest, sizeof(source->digest)) != 0)
		return false;
	if (repository_has_identity(copy->source) == copy->has_identity)
		return memcmp(source->root, target->root, sizeof(source->root)) == 0;
	return source->entry_count == target->entry_count &&
	       source->size_bytes == target->size_bytes;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void write_name(char out[COPY_NAME_TEXT_BYTES], const struct collection *collection,
		       uint64_t number)
{
	const struct collection_state *state = collection_versions(collection);

	snprintf(out, COPY_NAME_TEXT_BYTES, "%.*s/%.*s/%.*s:v%llu", VIEW_ARGS(state->entity),
		 VIEW_ARGS(state->project), VIEW_ARGS(state->name), (unsigned long long)number);
}

void copy_count_done(struct copy *copy, const struct version *version)
{
	get_count(&copy->progress->done_files, version->entry_count);
	get_count(&copy->progress->done_bytes, version->size_bytes);
}

void copy_tell(struct copy *copy, const struct collection *from, const struct collection *to,
	       const struct version *version, struct muster_copied_version *told, uint64_t number)
{
	char from_text[COPY_NAME_TEXT_BYTES], to_text[COPY_NAME_TEXT_BYTES];
	char digest[ARTIFACT_DIGEST_HEX_BYTES];
	const struct version *made = collection_state_version(collection_versions(to), number);

	if (!copy->options->on_version || !made)
		return;
	write_name(from_text, from, version->number);
	write_name(to_text, to, number);
	artifact_digest_hex(made->digest, digest);
	told->from = from_text;
	told->to = to_text;
	told->digest = digest;
	told->entry_count = made->entry_count;
	told->size_bytes = made->size_bytes;
	copy->options->on_version(copy->options->on_version_state, told);
}

enum muster_code copy_present(struct copy *copy, struct collection *from, struct collection *to,
			      const struct version *version, uint64_t number,
			      struct muster_error *err)
{
	struct muster_copied_version told = { .reason = COPY_IS_PRESENT,
					      .note = "",
					      .is_link = collection_versions(to)->is_portfolio };
	struct version_words words = { 0 };
	enum muster_code code = version_words_read(&words, from, version, err);

	if (!code)
		code = copy_words_apply(&words, to, number, err);
	version_words_release(&words);
	if (code)
		return code;
	copy->report->present_versions++;
	copy_count_done(copy, version);
	copy_tell(copy, from, to, version, &told, number);
	return MUSTER_OK;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void init(struct copy_version *one, struct copy *copy, struct collection *from,
		 struct collection *to, const struct version *version)
{
	one->copy = copy;
	one->from = from;
	one->to = to;
	one->version = version;
	one->start = (struct get_start){ .repository = copy->source,
					 .version = version,
					 .version_text = copy->version_text };
	pthread_mutex_init(&one->places.lock, NULL);
}

static void release(struct copy_version *one)
{
	session_close(one->copy->session.session);
	one->copy->session.session = NULL;
	spill_free(one->places.spill);
	version_writer_close(one->writer);
	version_reader_close(one->base);
	version_reader_close(one->source);
	get_job_release(&one->job);
	version_words_release(&one->words);
	pthread_mutex_destroy(&one->places.lock);
	free(one);
}

static const struct version_reader_options whole = { .with_placement = true, .reads_on = true };

static enum muster_code open_job(struct copy_version *one, struct muster_error *err)
{
	struct copy *copy = one->copy;
	bool source_has = repository_has_identity(copy->source);
	enum muster_code code = get_job_init(&one->job, &one->start, &copy->job, err);

	one->job.progress = copy->progress;
	one->job.worker_count = copy->worker_count;
	one->job.has_identity = source_has || copy->has_identity;
	one->job.adds_identity = copy->has_identity && !source_has;
	return code ? code
		    : version_reader_open(&one->source, one->job.store, &one->version->manifest,
					  &whole, err);
}

/* Entries are kept from the target's latest version, and leaves shared with it, if it vouches. */
static enum muster_code open_base(struct copy_version *one, struct muster_error *err)
{
	const struct version *latest = collection_latest(one->to);

	if (!latest ||
	    !repository_vouches(one->copy->target, collection_log_name(one->to), latest->event))
		return MUSTER_OK;
	return version_reader_open(&one->base, one->copy->store, &latest->manifest, &whole, err);
}

/* An id that is taken is of a copy that was committed without some of its items. */
static enum muster_code choose_id(struct copy_version *one, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(one->to);
	enum muster_code code = copy_id(one->version, &one->copy->to, one->id, err);

	if (!code && collection_state_by_id(state, one->id))
		code = effects_random(repository_effects(one->copy->target), one->id,
				      sizeof(one->id), err);
	return code;
}

static enum muster_code begin(struct copy_version *one, struct muster_error *err)
{
	struct spill_options spill = { .memory_max_bytes = one->copy->spill_bytes };
	enum muster_code code = open_job(one, err);

	if (!code)
		code = repository_read_gc(one->copy->target, err);
	one->gc_head = repository_gc_head(one->copy->target);
	if (!code)
		code = choose_id(one, err);
	if (!code)
		code = version_words_read(&one->words, one->from, one->version, err);
	if (!code)
		code = open_base(one, err);
	return code ? code : spill_new(&one->places.spill, &spill, err);
}

/* --- its content ------------------------------------------------------------------------------ */

static enum muster_code fail_cancelled(struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_CANCELLED,
			   "interrupted: what was done is kept, the same command continues");
}

static enum muster_code fail_items(const struct copy_version *one, bool is_committed,
				   struct muster_error *err)
{
	unsigned long long failed = (unsigned long long)one->job.failed_items;

	if (is_committed)
		return muster_fail(err, MUSTER_E_ITEMS,
				   "%llu %s of '%s' failed; the others were committed", failed,
				   text_plural(failed, "item", "items"), one->copy->version_text);
	return muster_fail(err, MUSTER_E_ITEMS,
			   "%llu %s of '%s' failed: nothing was committed (--commit-partial "
			   "commits the others)",
			   failed, text_plural(failed, "item", "items"), one->copy->version_text);
}

static enum muster_code copy_entries(struct copy_version *one, struct muster_error *err)
{
	enum muster_code code = copy_blobs(one, err), kept = MUSTER_OK;

	if (!code)
		kept = copy_keep_blobs(one->copy, err);
	if (!code)
		code = kept;
	if (!code && get_is_cancelled(&one->job))
		return fail_cancelled(err);
	if (!code && one->job.failed_items && !one->copy->options->commit_partial)
		return fail_items(one, false, err);
	return code ? code : copy_complete(one, err);
}

/* Within one repository every leaf is there already, and what it points to. */
static bool may_take_over(const struct copy_version *one)
{
	return one->copy->source == one->copy->target &&
	       repository_vouches(one->copy->source, collection_log_name(one->from),
				  one->version->event);
}

static enum muster_code take_over(struct copy_version *one, struct muster_error *err)
{
	struct version_writer_options options = {
		.algorithm = version_reader_footer(one->source)->algorithm,
		.next_id = copy_next_id,
		.next_id_state = one->copy,
	};
	struct version_edit *edit = NULL;
	enum muster_code code = version_writer_open(&one->writer, one->copy->store, &options, err);

	if (!code)
		code = version_edit_open(&edit, one->source, one->writer, NULL, err);
	if (!code)
		code = version_edit_finish(edit, err);
	version_edit_close(edit);
	if (!code)
		code = version_writer_complete(one->writer, &one->footer, err);
	copy_count_done(one->copy, one->version);
	return code;
}

/* --- its save --------------------------------------------------------------------------------- */

static enum muster_code still_relies(void *state, struct repository *repository,
				     struct muster_error *err)
{
	const struct copy_version *one = state;

	if (repository_gc_head(repository) == one->gc_head)
		return MUSTER_OK;
	return muster_fail(
		err, MUSTER_E_CONFLICT,
		"the repository was collected meanwhile: the same command does it again");
}

static enum muster_code write_manifest(void *state, struct save_request *request,
				       struct muster_error *err)
{
	struct copy_version *one = state;
	enum muster_code code;

	code = version_writer_write(one->writer, collection_id(one->to), request->version_id,
				    &request->manifest, err);
	request->session = one->copy->session.session; /* made by now */
	return code;
}

static enum muster_code save(struct copy_version *one, struct save_result *result,
			     struct muster_error *err)
{
	struct save_request request = { .session = one->copy->session.session,
					.footer = one->footer,
					.write = write_manifest,
					.write_state = one,
					.description = one->words.description,
					.metadata = one->words.metadata,
					.aliases = one->words.aliases,
					.alias_count = one->words.alias_count,
					.tags = one->words.tags,
					.tag_count = one->words.tag_count,
					.ttl_days = one->version->ttl_days,
					.ttl_disabled = one->version->ttl_disabled,
					.relies = still_relies,
					.relies_state = one };

	memcpy(request.version_id, one->id, sizeof(one->id));
	return collection_save(one->to, &request, result, err);
}

static void count_saved(struct copy_version *one, const struct save_result *result)
{
	struct muster_copy_report *report = one->copy->report;
	struct muster_copied_version told = { .is_new = result->is_new,
					      .reason = result->is_new ? "" : result->reason,
					      .note = result->is_new ? one->copy->note : "",
					      .failed_items = one->job.failed_items };

	report->written_bytes += version_writer_counts(one->writer).written_bytes;
	if (result->is_new) {
		report->new_versions++;
		report->entry_count += one->footer->entry_count;
		report->size_bytes += one->footer->size_bytes;
		report->unlinked_versions += one->copy->note[0] != '\0';
	} else {
		report->present_versions++;
	}
	copy_tell(one->copy, one->from, one->to, one->version, &told, result->version_number);
}

static enum muster_code run(struct copy_version *one, struct muster_error *err)
{
	struct save_result result = { 0 };
	enum muster_code code = begin(one, err);

	if (!code)
		code = may_take_over(one) ? take_over(one, err) : copy_entries(one, err);
	if (!code)
		code = save(one, &result, err);
	if (code == MUSTER_E_ITEMS)
		one->copy->report->failed_versions++;
	if (code)
		return code;
	count_saved(one, &result);
	return one->job.failed_items ? fail_items(one, true, err) : MUSTER_OK;
}

enum muster_code copy_make(struct copy *copy, struct collection *from, struct collection *to,
			   const struct version *version, struct muster_error *err)
{
	struct copy_version *one = calloc(1, sizeof(*one));
	char text[COPY_NAME_TEXT_BYTES];
	enum muster_code code;

	if (!one)
		return muster_fail_memory(err, "a copy");
	write_name(text, from, version->number);
	copy->version_text = text;
	init(one, copy, from, to, version);
	code = run(one, err);
	release(one);
	copy->version_text = NULL;
	return code;
}
