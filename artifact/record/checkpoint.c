#include "artifact/record/collection_state_internal.h"

#include <assert.h>
#include <stdlib.h>

/* What this program folds. A checkpoint folded with more or less is ignored: whoever knows more
 * may have kept things that were not understood when it was written. */
#define FEATURE VIEW_LITERAL("collection 1")

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define V(text, form, member, maximum, needing)                                                    \
	RECORD_FIELD(text, form, struct version, member, maximum, KINDS_ALL, needing)
#define C(text, form, member, maximum, needing, ...)                                               \
	RECORD_FIELD(text, form, struct checkpoint, member, maximum, KINDS_ALL, needing,           \
		     __VA_ARGS__)

static const char *const algorithms[] = { [DIGEST_MD5] = "md5", [DIGEST_XXH128] = "xxh128" };

static const struct field version_fields[] = {
	V("version", U64, number, COLLECTION_VERSIONS_MAX - 1, KINDS_ALL),
	V("version_id", ID, id, 0, KINDS_ALL),
	V("event", U64, event, LOG_NUMBER_MAX, KINDS_ALL),
	V("time", TIME, created_ms, 0, KINDS_ALL),
	RECORD_FIELD("manifest", RECORD, struct version, manifest, 0, KINDS_ALL, KINDS_ALL,
		     .record = &manifest_pointer_schema),
	RECORD_FIELD("algorithm", NAMED, struct version, algorithm, 0, KINDS_ALL, KINDS_ALL,
		     .names = algorithms, .name_count = COUNT(algorithms)),
	V("digest", ID, digest, 0, KINDS_ALL),
	V("root", SHA256, root, 0, KINDS_ALL),
	V("entries", U64, entry_count, 0, KINDS_ALL),
	V("references", U64, reference_count, 0, KINDS_ALL),
	V("size", U64, size_bytes, 0, KINDS_ALL),
	V("description_event", U64, description_event, LOG_NUMBER_MAX, 0),
	V("metadata_event", U64, metadata_event, LOG_NUMBER_MAX, 0),
	V("ttl_days", U64, ttl_days, 0, 0),
	V("ttl_disabled", BOOL, ttl_disabled, 0, 0),
	V("tags", TEXTS, tags, EVENT_NAME_MAX_BYTES, 0),
	RECORD_FIELD("source", RECORD, struct version, source, 0, KINDS_ALL, 0,
		     .record = &link_source_schema),
};
static const struct record_schema version_schema = { .fields = version_fields,
						     .field_count = COUNT(version_fields) };

static const struct field alias_fields[] = {
	RECORD_FIELD("alias", TEXT, struct alias_target, name, EVENT_NAME_MAX_BYTES, KINDS_ALL,
		     KINDS_ALL),
	RECORD_FIELD("version", U64, struct alias_target, version, COLLECTION_VERSIONS_MAX - 1,
		     KINDS_ALL, KINDS_ALL),
};
static const struct record_schema alias_schema = { .fields = alias_fields,
						   .field_count = COUNT(alias_fields) };

struct checkpoint {
	uint64_t number;
	uint8_t sha256[32];
	struct texts features;
	uint8_t collection_id[16];
	struct view entity, project, name, type;
	bool is_closed;
	uint64_t settled; /* 0: by event 1 */
	uint64_t next;	  /* version number */
	uint64_t default_ttl_days;
	bool is_portfolio;
	uint64_t description_event;
	struct texts tags;
	struct records versions, aliases;
};

static const struct field checkpoint_fields[] = {
	C("n", U64, number, LOG_NUMBER_MAX, KINDS_ALL),
	C("event_sha256", SHA256, sha256, 0, KINDS_ALL),
	C("features", TEXTS, features, 64, KINDS_ALL),
	C("collection", ID, collection_id, 0, KINDS_ALL),
	C("entity", TEXT, entity, EVENT_NAME_MAX_BYTES, KINDS_ALL),
	C("project", TEXT, project, EVENT_NAME_MAX_BYTES, KINDS_ALL),
	C("name", TEXT, name, EVENT_NAME_MAX_BYTES, KINDS_ALL),
	C("type", TEXT, type, EVENT_NAME_MAX_BYTES, KINDS_ALL),
	C("closed", BOOL, is_closed, 0, 0),
	C("settled", U64, settled, LOG_NUMBER_MAX, 0),
	C("next", U64, next, COLLECTION_VERSIONS_MAX, KINDS_ALL),
	C("default_ttl_days", U64, default_ttl_days, 0, 0),
	C("portfolio", BOOL, is_portfolio, 0, 0),
	C("description_event", U64, description_event, LOG_NUMBER_MAX, 0),
	C("tags", TEXTS, tags, EVENT_NAME_MAX_BYTES, 0),
	C("versions", RECORDS, versions, 0, KINDS_ALL, .record = &version_schema,
	  .item_bytes = sizeof(struct version)),
	C("aliases", RECORDS, aliases, 0, KINDS_ALL, .record = &alias_schema,
	  .item_bytes = sizeof(struct alias_target)),
};
static const struct record_schema checkpoint_schema = { .what = "checkpoint",
							.version = 1,
							.fields = checkpoint_fields,
							.field_count = COUNT(checkpoint_fields),
							.max_bytes = CHECKPOINT_MAX_BYTES };

/* The live versions, side by side; their texts stay the state's. */
static enum muster_code collect_live(const struct collection_state *state, struct records *out,
				     struct muster_error *err)
{
	struct version *items = calloc(state->version_count + 1, sizeof(*items));

	if (!items)
		return muster_fail_memory(err, "a checkpoint");
	for (size_t i = 0; i < state->version_count; i++)
		if (!state->versions[i].is_deleted)
			items[out->count++] = state->versions[i];
	out->items = items;
	return MUSTER_OK;
}

/* What came after FEATURE. Each is named where there is something to keep of it, so that a program
 * that does not know it does not take a checkpoint for all there is. */
static bool has_ttl(const struct collection_state *state)
{
	for (size_t i = 0; i < state->version_count; i++)
		if (state->versions[i].ttl_disabled)
			return true;
	return state->default_ttl_days;
}

static bool has_links(const struct collection_state *state)
{
	return state->is_portfolio;
}

static bool has_words(const struct collection_state *state)
{
	return state->description_event || state->tags.count;
}

static bool has_names(const struct collection_state *state)
{
	return state->settled > 1;
}

static const struct later_feature {
	struct view name;
	bool (*is_used)(const struct collection_state *state);
} later[] = { /* in the order in which they are named */
	      { { (const uint8_t *)"ttl 1", 5 }, has_ttl },
	      { { (const uint8_t *)"links 1", 7 }, has_links },
	      { { (const uint8_t *)"words 1", 7 }, has_words },
	      { { (const uint8_t *)"names 1", 7 }, has_names }
};

static void name_features(const struct collection_state *state, struct texts *out)
{
	out->items[out->count++] = FEATURE;
	for (size_t i = 0; i < COUNT(later); i++)
		if (later[i].is_used(state))
			out->items[out->count++] = later[i].name;
}

enum muster_code checkpoint_encode(const struct collection_state *state, uint64_t number,
				   const uint8_t sha256[32], struct bytes *out,
				   struct muster_error *err)
{
	struct view features[1 + COUNT(later)];
	struct checkpoint checkpoint = {
		.number = number,
		.features = { features, 0 },
		.entity = state->entity,
		.project = state->project,
		.name = state->name,
		.type = state->type,
		.is_closed = state->is_closed,
		.settled = has_names(state) ? state->settled : 0,
		.next = state->version_count,
		.default_ttl_days = state->default_ttl_days,
		.is_portfolio = state->is_portfolio,
		.description_event = state->description_event,
		.tags = state->tags,
		.aliases = { state->aliases, state->alias_count },
	};
	enum muster_code code;

	assert(state->is_open && !state->is_foreign);
	memcpy(checkpoint.sha256, sha256, sizeof(checkpoint.sha256));
	memcpy(checkpoint.collection_id, state->id, sizeof(checkpoint.collection_id));
	name_features(state, &checkpoint.features);
	code = collect_live(state, &checkpoint.versions, err);
	if (!code)
		code = record_encode(&checkpoint_schema, &checkpoint, 0, out, err);
	free(checkpoint.versions.items);
	return code;
}

static bool is_ours(const struct checkpoint *checkpoint)
{
	const struct texts *features = &checkpoint->features;
	size_t at = 1;

	if (!features->count || !view_equal(features->items[0], FEATURE))
		return false;
	for (size_t i = 0; i < COUNT(later) && at < features->count; i++)
		at += view_equal(features->items[at], later[i].name);
	return at == features->count;
}

static enum muster_code add_deleted(struct collection_state *state, uint64_t until,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (state->version_count < until && !code) {
		struct version gone = { .number = state->version_count, .is_deleted = true };

		code = collection_state_add_version(state, &gone, err);
	}
	return code;
}

/* The version with tags of its own; those of `from` point into the parsed text. */
static enum muster_code add_copy(struct collection_state *state, const struct version *from,
				 struct muster_error *err)
{
	struct version version = *from;
	enum muster_code code = MUSTER_OK;

	version.tags = (struct texts){ 0 };
	if ((from->source.name.len != 0) != state->is_portfolio)
		return muster_fail(err, MUSTER_E_FORMAT, "v%llu is %s",
				   (unsigned long long)from->number,
				   state->is_portfolio ? "no link, in a portfolio"
						       : "a link, in no portfolio");
	if (state->is_portfolio)
		code = version_set_source(&version, &from->source, err);
	if (!code)
		code = collection_state_add_version(state, &version, err);
	if (code)
		free(version.source_text);
	for (size_t i = 0; i < from->tags.count && !code; i++)
		code = add_tag(&state->versions[from->number].tags, from->tags.items[i], err);
	return code;
}

static enum muster_code restore_versions(struct collection_state *state,
					 const struct checkpoint *checkpoint,
					 struct muster_error *err)
{
	const struct version *versions = checkpoint->versions.items;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < checkpoint->versions.count && !code; i++) {
		if (versions[i].number < state->version_count ||
		    versions[i].number >= checkpoint->next)
			return muster_fail(err, MUSTER_E_FORMAT, "v%llu is out of order",
					   (unsigned long long)versions[i].number);
		code = add_deleted(state, versions[i].number, err);
		if (!code)
			code = add_copy(state, &versions[i], err);
	}
	return code ? code : add_deleted(state, checkpoint->next, err);
}

static enum muster_code restore_aliases(struct collection_state *state,
					const struct checkpoint *checkpoint,
					struct muster_error *err)
{
	const struct alias_target *aliases = checkpoint->aliases.items;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < checkpoint->aliases.count && !code; i++) {
		if (i && view_compare(aliases[i - 1].name, aliases[i].name) >= 0)
			return muster_fail(err, MUSTER_E_FORMAT, "the aliases are out of order");
		if (!collection_state_version(state, aliases[i].version))
			return muster_fail(err, MUSTER_E_FORMAT,
					   "an alias names v%llu, which is not there",
					   (unsigned long long)aliases[i].version);
		code = collection_state_set_alias(state, aliases[i].name, aliases[i].version, err);
	}
	return code;
}

static enum muster_code restore(struct collection_state *state, const struct checkpoint *checkpoint,
				struct muster_error *err)
{
	struct view names[4] = { checkpoint->entity, checkpoint->project, checkpoint->name,
				 checkpoint->type };
	enum muster_code code;

	if (checkpoint->number < 1)
		return muster_fail(err, MUSTER_E_FORMAT, "member 'n' is 0");
	state->settled = checkpoint->settled ? checkpoint->settled : 1;
	state->is_portfolio = checkpoint->is_portfolio;
	state->description_event = checkpoint->description_event;
	code = collection_state_set_names(state, checkpoint->collection_id, names, err);
	for (size_t i = 0; i < checkpoint->tags.count && !code; i++)
		code = add_tag(&state->tags, checkpoint->tags.items[i], err);
	if (!code)
		code = restore_versions(state, checkpoint, err);
	if (!code)
		code = restore_aliases(state, checkpoint, err);
	state->is_closed = checkpoint->is_closed;
	state->default_ttl_days = checkpoint->default_ttl_days;
	return code;
}

enum muster_code checkpoint_parse(struct collection_state *state, uint64_t *number,
				  uint8_t sha256[32], struct view text, struct muster_error *err)
{
	struct checkpoint checkpoint = { 0 };
	struct bytes memory = { 0 };
	bool has_unknown = false;
	enum muster_code code;

	code = record_parse_document(&checkpoint_schema, text, &checkpoint, &memory, &has_unknown,
				     err);
	if (!code && !is_ours(&checkpoint))
		code = MUSTER_ABSENT;
	if (!code)
		code = restore(state, &checkpoint, err);
	if (!code) {
		*number = checkpoint.number;
		memcpy(sha256, checkpoint.sha256, sizeof(checkpoint.sha256));
	} else {
		collection_state_release(state);
	}
	record_release(&checkpoint_schema, &checkpoint);
	bytes_release(&memory);
	return code;
}
