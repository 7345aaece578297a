#include "engine/repository/collection_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "artifact/name.h"
#include "base/text/utf8.h"
#include "engine/repository/run.h"

#define LATEST VIEW_LITERAL("latest")

/* A save that was checked once and is decided again after each lost number. */
struct save {
	struct save_request request;
	struct save_result *result;
	struct texts aliases, tags; /* each once, without `latest`; views into the request */
	struct bytes metadata;	    /* canonical */
	struct view description;
	struct run_id run;	 /* if request->run */
	bool is_synced, is_told; /* the run was told what it is about to log */
};

static enum muster_code check_alias(struct view alias, struct muster_error *err)
{
	return alias_check(alias, err);
}

/* Checked, each once, in their order. Few enough that looking through all of them is no matter. */
static enum muster_code take_texts(struct texts *out, const char *const *from, size_t count,
				   enum muster_code (*check)(struct view, struct muster_error *),
				   struct muster_error *err)
{
	if (count > VERSION_TAGS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "%zu aliases or tags, over %u", count,
				   VERSION_TAGS_MAX);
	out->items = calloc(count + 1, sizeof(*out->items));
	if (!out->items)
		return muster_fail_memory(err, "aliases and tags");
	for (size_t i = 0; i < count; i++) {
		struct view text = view_text(from[i]);
		enum muster_code code;

		if (view_equal(text, LATEST) && check == check_alias)
			continue; /* moves by itself */
		code = check(text, err);
		if (code)
			return code;
		if (!texts_have(out, text))
			out->items[out->count++] = text;
	}
	return MUSTER_OK;
}

enum muster_code collection_take_aliases(struct texts *out, const char *const *from, size_t count,
					 struct muster_error *err)
{
	return take_texts(out, from, count, check_alias, err);
}

static enum muster_code check_texts(const struct save_request *request, struct muster_error *err)
{
	struct view description = view_text(request->description ? request->description : "");

	if (description.len > EVENT_DESCRIPTION_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a description of %zu bytes is over %u",
				   description.len, EVENT_DESCRIPTION_MAX_BYTES);
	if (!utf8_valid(description))
		return muster_fail(err, MUSTER_E_USAGE, "the description is not UTF-8");
	return MUSTER_OK;
}

static enum muster_code prepare(struct save *save, struct muster_error *err)
{
	const struct save_request *request = &save->request;
	enum muster_code code = check_texts(request, err);

	if (!code && request->run && !run_id_parse(view_text(request->run), &save->run))
		code = muster_fail(err, MUSTER_E_USAGE, "'%s' is no id of a run", request->run);
	if (!code)
		code = collection_take_aliases(&save->aliases, request->aliases,
					       request->alias_count, err);
	if (!code)
		code = take_texts(&save->tags, request->tags, request->tag_count, tag_check, err);
	if (!code && request->metadata)
		code = metadata_canonical(view_text(request->metadata), &save->metadata, err);
	save->description = view_text(request->description ? request->description : "");
	return code;
}

static bool digest_equals(const struct version *version, const struct manifest_footer *footer)
{
	return version->algorithm == footer->algorithm &&
	       memcmp(version->digest, footer->artifact_digest, sizeof(version->digest)) == 0;
}

static bool content_equals(const struct version *version, const struct manifest_footer *footer)
{
	return digest_equals(version, footer) &&
	       memcmp(version->root, footer->content_root, sizeof(version->root)) == 0;
}

static void tell(struct save_result *result, enum save_reason reason, uint64_t version)
{
	unsigned long long number = (unsigned long long)version;

	result->reason_code = reason;
	result->reason[0] = '\0';
	if (reason == SAVE_ROOT)
		snprintf(result->reason, sizeof(result->reason),
			 "the digest equals that of v%llu, which covers only paths and digests; "
			 "sizes, "
			 "checksums, references or extra differ",
			 number);
	else if (reason == SAVE_UNCHANGED)
		snprintf(result->reason, sizeof(result->reason),
			 "the content equals that of v%llu: no version was made", number);
	else if (reason == SAVE_REPEATED)
		snprintf(result->reason, sizeof(result->reason), "it was saved before, as v%llu",
			 number);
}

/* An earlier attempt, whose answer was lost for good, has made this very version. */
static enum muster_code tell_repeated(struct save *save, const struct version *version)
{
	save->result->version_number = version->number;
	save->result->is_new = true;
	save->result->event = 0;
	tell(save->result, SAVE_REPEATED, version->number);
	return MUSTER_END;
}

/* The first alias or tag that the equal version lacks, as an event of its own. */
static enum muster_code decide_unchanged(struct collection *collection, struct save *save,
					 const struct version *latest, struct event *event)
{
	save->result->version_number = latest->number;
	save->result->is_new = false;
	tell(save->result, SAVE_UNCHANGED, latest->number);
	event->version = latest->number;
	event->action = ACTION_ADD;
	for (size_t i = 0; i < save->aliases.count; i++) {
		event->kind.id = EVENT_ALIAS;
		event->alias = save->aliases.items[i];
		if (collection_state_alias(&collection->state, event->alias) != latest->number)
			return MUSTER_OK;
	}
	for (size_t i = 0; i < save->tags.count; i++) {
		event->kind.id = EVENT_TAG;
		event->tag = save->tags.items[i];
		if (!version_has_tag(latest, event->tag))
			return MUSTER_OK;
	}
	return MUSTER_END;
}

static bool is_head(const struct base_version *base, const struct version *latest)
{
	if (!latest)
		return !base->is_named;
	return base->is_named && memcmp(base->id, latest->id, sizeof(base->id)) == 0;
}

static void fill_event(const struct save *save, uint64_t number, struct event *event)
{
	const struct save_request *request = &save->request;
	const struct manifest_footer *footer = request->footer;

	event->kind.id = EVENT_SAVE;
	event->version = number;
	event->manifest = request->manifest;
	event->algorithm = footer->algorithm;
	event->entry_count = footer->entry_count;
	event->reference_count = footer->reference_count;
	event->size_bytes = footer->size_bytes;
	event->base = request->base;
	event->description = save->description;
	event->metadata = bytes_view(&save->metadata);
	event->aliases = save->aliases;
	event->tags = save->tags;
	event->ttl_days = request->ttl_days;
	event->ttl_disabled = request->ttl_disabled;
	event->must_understand = request->ttl_disabled; /* decision 0018 */
	event->run = view_text(request->run ? request->run : "");
	memcpy(event->version_id, request->version_id, sizeof(event->version_id));
	memcpy(event->digest, footer->artifact_digest, sizeof(event->digest));
	memcpy(event->root, footer->content_root, sizeof(event->root));
}

enum muster_code collection_check_room(const struct collection *collection, size_t alias_count,
				       struct muster_error *err)
{
	if (collection->state.version_count >= COLLECTION_VERSIONS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "an artifact has at most %u versions",
				   COLLECTION_VERSIONS_MAX);
	if (collection->state.alias_count + alias_count > COLLECTION_ALIASES_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "an artifact has at most %u aliases",
				   COLLECTION_ALIASES_MAX);
	return MUSTER_OK;
}

static enum muster_code decide_new(struct collection *collection, struct save *save,
				   const struct version *latest, struct event *event,
				   struct muster_error *err)
{
	const struct save_request *request = &save->request;
	enum muster_code code;

	if (request->write)
		return MUSTER_ABSENT;
	code = collection_check_room(collection, save->aliases.count, err);
	if (code)
		return code;
	if (request->against == SAVE_AGAINST_HEAD && !is_head(&request->base, latest)) {
		save->result->version_number = latest ? latest->number : VERSION_NONE;
		return muster_fail(
			err, MUSTER_E_CONFLICT,
			"the latest version of '%.*s' is not the one that this was computed "
			"against",
			VIEW_ARGS(collection->state.name));
	}
	if (!save->is_synced) {
		code = store_sync(repository_store(collection->repository), err);
		if (code)
			return code;
		save->is_synced = true;
	}
	if (request->run && !save->is_told) {
		code = run_will_log(collection->repository, &save->run, collection_id(collection),
				    request->version_id, err);
		if (code)
			return code;
		save->is_told = true;
	}
	save->result->version_number = collection->state.version_count;
	save->result->is_new = true;
	tell(save->result,
	     !latest				      ? SAVE_FIRST
	     : digest_equals(latest, request->footer) ? SAVE_ROOT
						      : SAVE_CONTENT,
	     latest ? latest->number : 0);
	fill_event(save, collection->state.version_count, event);
	return MUSTER_OK;
}

static enum muster_code decide_save(struct collection *collection, void *request,
				    struct event *event, struct muster_error *err)
{
	struct save *save = request;
	const struct version *latest = collection_state_latest(&collection->state);
	const struct version *same =
		collection_state_by_id(&collection->state, save->request.version_id);
	enum muster_code code = collection_check_saves(collection, err);

	if (code)
		return code;
	if (same)
		return tell_repeated(save, same);
	if (latest && content_equals(latest, save->request.footer))
		return decide_unchanged(collection, save, latest, event);
	return decide_new(collection, save, latest, event, err);
}

/* An equal version gets its aliases and tags one event at a time. */
static enum muster_code run_save(struct collection *collection, struct save *save,
				 struct muster_error *err)
{
	struct change change = { .decide = decide_save,
				 .request = save,
				 .session = save->request.write ? NULL : save->request.session,
				 .relies = save->request.relies,
				 .relies_state = save->request.relies_state };
	enum muster_code code;

	do {
		change.event = 0;
		code = collection_change(collection, &change, err);
	} while (!code && change.event && !save->result->is_new);
	if (!code && save->result->reason_code != SAVE_REPEATED) {
		save->result->event = change.event;
		memcpy(save->result->event_sha256, change.event_sha256,
		       sizeof(save->result->event_sha256));
	}
	return code;
}

/* That the end of the session could not be told is no failure of the save: gc keeps its objects
 * the longer. What was stored and got no manifest belongs to no version: gc may have it. Else a
 * repeated save's event is not at hand, and its session is not ended for nothing. */
static void end_session(struct collection *collection, const struct save *save)
{
	struct session *session = save->request.session;
	const struct save_result *result = save->result;
	bool is_unwritten = save->request.write != NULL;

	if (!session || (result->reason_code == SAVE_REPEATED && !is_unwritten))
		return;
	if (result->event && !is_unwritten)
		session_end(session, log_name(collection->log), result->event, result->event_sha256,
			    NULL);
	else
		session_end(session, NULL, 0, NULL, NULL);
}

static enum muster_code write_manifest(struct save *save, struct muster_error *err)
{
	save_write_fn *write = save->request.write;

	save->request.write = NULL;
	return write(save->request.write_state, &save->request, err);
}

enum muster_code collection_save(struct collection *collection, const struct save_request *request,
				 struct save_result *result, struct muster_error *err)
{
	struct save save = { .request = *request, .result = result };
	enum muster_code code;

	*result = (struct save_result){ 0 };
	code = prepare(&save, err);
	if (!code)
		code = run_save(collection, &save, err);
	if (code == MUSTER_ABSENT) {
		code = write_manifest(&save, err);
		if (!code)
			code = run_save(collection, &save, err);
	}
	if (!code)
		end_session(collection, &save);
	else
		muster_context(err, "save '%.*s'", VIEW_ARGS(collection->state.name));
	free(save.aliases.items);
	free(save.tags.items);
	bytes_release(&save.metadata);
	return code;
}
