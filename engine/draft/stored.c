/* Stored drafts: their records, and finding them. */
#include "engine/draft/stored_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash/hash.h"
#include "base/text/encode.h"

#define NS_PER_MS	1000000u
#define CREATE_ATTEMPTS 3
#define ID_DIGITS	32
#define ID_DIGITS_MIN	4

/* --- records --------------------------------------------------------------------------------- */

enum muster_code draft_read(struct store *store, const uint8_t id[16], const char *key,
			    struct draft_record *out, uint8_t sha256[32], struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code = store_get(store, key, &bytes, DRAFT_RECORD_MAX_BYTES, err);

	*out = (struct draft_record){ 0 };
	if (!code)
		code = draft_record_parse(out, bytes_view(&bytes), err);
	if (!code && memcmp(out->draft, id, sizeof(out->draft)) != 0) {
		draft_record_release(out);
		code = muster_fail(err, MUSTER_E_FORMAT, "it is a record of another draft");
	}
	if (!code && sha256)
		sha256_of(bytes_view(&bytes), sha256);
	bytes_release(&bytes);
	if (muster_failed(code))
		muster_context(err, "'%s'", key);
	return code;
}

enum muster_code draft_read_named(const struct draft *draft, const char *name,
				  struct draft_record *out, struct muster_error *err)
{
	struct key key;

	key_draft(&key, draft->id, name);
	return draft_read(draft->store, draft->id, key.text, out, NULL, err);
}

/* Is what stands under `key` these bytes? */
static bool is_stored(struct store *store, const char *key, struct view ours)
{
	struct bytes stored = { 0 };
	bool is_ours = store_get(store, key, &stored, DRAFT_RECORD_MAX_BYTES, NULL) == MUSTER_OK &&
		       view_equal(bytes_view(&stored), ours);

	bytes_release(&stored);
	return is_ours;
}

enum muster_code draft_write(struct repository *repository, const char *key,
			     const struct draft_record *record, struct muster_error *err)
{
	struct store *store = repository_store(repository);
	struct bytes bytes = { 0 };
	enum muster_code code = draft_record_encode(record, &bytes, err);
	bool is_encoded = !code;

	for (int attempt = 0; is_encoded && attempt < CREATE_ATTEMPTS; attempt++) {
		code = store_create(store, key, bytes_view(&bytes), err);
		if (code && is_stored(store, key, bytes_view(&bytes)))
			code = MUSTER_OK;
		if (code != MUSTER_E_IO)
			break;
	}
	if (!code && err) /* an attempt that failed is overcome */
		*err = (struct muster_error){ 0 };
	bytes_release(&bytes);
	return code;
}

static uint64_t now_ms(struct repository *repository)
{
	return effects_wall_ns(repository_effects(repository)) / NS_PER_MS;
}

struct draft_record draft_record_of(const struct draft *draft, enum draft_kind kind)
{
	struct draft_record record = { .kind.id = kind, .time_ms = now_ms(draft->repository) };

	memcpy(record.draft, draft->id, sizeof(record.draft));
	return record;
}

/* --- making ---------------------------------------------------------------------------------- */

static enum muster_code begin_session(struct repository *repository,
				      const struct draft_record *plan, struct session **out,
				      struct muster_error *err)
{
	struct session_options options = { .base = plan->base, .life_ms = DRAFT_LIFE_MS };
	struct bytes what = { 0 };
	enum muster_code code = bytes_printf(&what, err, "draft of %.*s", VIEW_ARGS(plan->name));

	if (!code)
		code = bytes_append_byte(&what, 0, err);
	if (!code)
		code = session_begin(out, repository, (const char *)what.ptr, &options, err);
	bytes_release(&what);
	return code;
}

enum muster_code draft_new(struct repository *repository, const struct draft_record *plan,
			   uint8_t id[16], struct muster_error *err)
{
	static const uint8_t zero[16];
	struct draft_record record = *plan;
	struct session *session = NULL;
	struct key key;
	enum muster_code code = MUSTER_OK;

	if (memcmp(id, zero, sizeof(zero)) == 0)
		code = effects_random(repository_effects(repository), id, 16, err);
	if (!code)
		code = begin_session(repository, plan, &session, err);
	if (!code)
		code = repository_gate(repository, err);
	if (!code) {
		record.kind.id = DRAFT_PLAN;
		record.time_ms = now_ms(repository);
		memcpy(record.draft, id, sizeof(record.draft));
		memcpy(record.session, session_id(session), sizeof(record.session));
		key_draft(&key, id, "plan");
		code = draft_write(repository, key.text, &record, err);
	}
	if (code && session)
		session_end(session, NULL, 0, NULL, NULL);
	session_close(session);
	return code;
}

/* --- opening --------------------------------------------------------------------------------- */

enum muster_code draft_need_collection(struct draft *draft, struct muster_error *err)
{
	const struct draft_record *plan = &draft->plan;
	struct collection_name name = { plan->entity, plan->project, plan->name };
	struct bytes type = { 0 };
	enum muster_code code;

	if (draft->collection)
		return collection_log_name(draft->collection)[0]
			       ? collection_refresh(draft->collection, err)
			       : MUSTER_OK;
	code = bytes_append_view(&type, plan->type, err);
	if (!code)
		code = bytes_append_byte(&type, 0, err);
	if (!code)
		code = collection_open_or_intend(&draft->collection, draft->repository, &name,
						 (const char *)type.ptr, err);
	bytes_release(&type);
	return code;
}

static enum muster_code find_base(struct draft *draft, struct muster_error *err)
{
	const struct base_version *base = &draft->plan.base;
	const struct version *version;
	enum muster_code code;

	if (!base->is_named)
		return MUSTER_OK;
	code = draft_need_collection(draft, err);
	if (code)
		return code;
	version = collection_state_by_id(collection_versions(draft->collection), base->id);
	draft->is_base_deleted = !version || version->is_deleted;
	if (draft->is_base_deleted)
		return MUSTER_OK;
	draft->base = version->manifest;
	draft->content.version = &draft->base;
	memcpy(draft->content.version_id, base->id, sizeof(base->id));
	return MUSTER_OK;
}

enum muster_code draft_need_base(const struct draft *draft, struct muster_error *err)
{
	if (!draft->is_base_deleted)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_NAME, "its base, v%llu of '%.*s', was deleted",
			   (unsigned long long)draft->plan.base_number,
			   VIEW_ARGS(draft->plan.name));
}

static enum muster_code load(struct draft *draft, struct muster_error *err)
{
	enum muster_code code = draft_read_named(draft, "plan", &draft->plan, err);

	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_NAME, "there is no such draft");
	if (!code && draft->plan.kind.id != DRAFT_PLAN)
		code = muster_fail(err, MUSTER_E_FORMAT, "its plan is no plan");
	if (!code)
		code = find_base(draft, err);
	return code ? code : draft_load_parts(draft, err);
}

enum muster_code draft_open(struct draft **out, struct repository *repository, const uint8_t id[16],
			    struct muster_error *err)
{
	struct draft *draft = calloc(1, sizeof(*draft));
	char text[ID_DIGITS + 1];
	enum muster_code code;

	*out = NULL;
	if (!draft)
		return muster_fail_memory(err, "a draft");
	draft->repository = repository;
	draft->store = repository_store(repository);
	memcpy(draft->id, id, sizeof(draft->id));
	code = load(draft, err);
	if (code) {
		hex_put(text, id, 16);
		draft_close(draft);
		muster_context(err, "draft %.8s", text);
		return code;
	}
	*out = draft;
	return MUSTER_OK;
}

void draft_close(struct draft *draft)
{
	if (!draft)
		return;
	collection_close(draft->collection);
	draft_record_release(&draft->plan);
	free(draft->parts.items);
	free(draft->parts.contents);
	free(draft);
}

enum muster_code draft_latest(struct draft *draft, struct manifest_pointer *out,
			      struct muster_error *err)
{
	const struct version *latest;
	enum muster_code code = draft_need_collection(draft, err);

	if (code)
		return code;
	latest = collection_latest(draft->collection);
	if (!latest)
		return MUSTER_ABSENT;
	*out = latest->manifest;
	return MUSTER_OK;
}

enum muster_code draft_range_of(const struct draft *draft, const char *shard,
				struct draft_range *out, struct muster_error *err)
{
	const struct draft_range *ranges = draft->plan.ranges.items;

	if (!draft->plan.ranges.count)
		return MUSTER_ABSENT;
	for (size_t i = 0; i < draft->plan.ranges.count; i++) {
		*out = ranges[i];
		if (view_equal(out->shard, view_text(shard)))
			return MUSTER_OK;
	}
	return muster_fail(err, MUSTER_E_NAME,
			   "the draft has no shard '%s': there are %zu, from 0 on", shard,
			   draft->plan.ranges.count);
}

const uint8_t *draft_id(const struct draft *draft)
{
	return draft->id;
}

const struct draft_record *draft_plan(const struct draft *draft)
{
	return &draft->plan;
}

size_t draft_part_count(const struct draft *draft)
{
	return draft->parts.count;
}

const struct draft_part *draft_parts(const struct draft *draft)
{
	return draft->parts.items;
}

const struct part_stack *draft_content(const struct draft *draft)
{
	return &draft->content;
}

/* --- finding --------------------------------------------------------------------------------- */

struct listing {
	draft_each_fn *fn;
	void *state;
};

static enum muster_code take_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	struct listing *listing = state;
	struct view rest;
	uint8_t id[16];

	(void)size_bytes, (void)modified_ns;
	if (!key_parse_draft(key, id, &rest) || !view_equal(rest, VIEW_LITERAL("plan.json")))
		return MUSTER_OK;
	return listing->fn(listing->state, id, err);
}

enum muster_code draft_each(struct repository *repository, draft_each_fn *fn, void *state,
			    struct muster_error *err)
{
	struct listing listing = { fn, state };

	return store_list(repository_store(repository), KEY_DRAFTS_PREFIX, NULL, take_key, &listing,
			  err);
}

struct search {
	const char *text;
	uint8_t id[16];
	unsigned count;
};

static enum muster_code take_match(void *state, const uint8_t id[16], struct muster_error *err)
{
	struct search *search = state;
	char hex[ID_DIGITS + 1];

	(void)err;
	hex_put(hex, id, 16);
	if (strncmp(hex, search->text, strlen(search->text)) != 0)
		return MUSTER_OK;
	memcpy(search->id, id, sizeof(search->id));
	search->count++;
	return MUSTER_OK;
}

enum muster_code draft_find(struct repository *repository, const char *text, uint8_t id[16],
			    struct muster_error *err)
{
	struct search search = { .text = text };
	size_t len = strlen(text);
	enum muster_code code;

	if (len < ID_DIGITS_MIN || len > ID_DIGITS || strspn(text, "0123456789abcdef") != len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' is no draft: its id, or %d digits of it or more", text,
				   ID_DIGITS_MIN);
	code = draft_each(repository, take_match, &search, err);
	if (!code && !search.count)
		code = muster_fail(err, MUSTER_E_NAME, "there is no draft '%s'", text);
	if (!code && search.count > 1)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "%u drafts begin with '%s': give more digits", search.count,
				   text);
	memcpy(id, search.id, sizeof(search.id));
	return code;
}
