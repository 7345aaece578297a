#include "muster/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/draft_internal.h"
#include "base/text/text.h"

_Static_assert(DRAFT_LIFE_MS == MUSTER_DRAFT_DAYS * 24ull * 3600 * 1000, "days a draft lives");

/* --- new -------------------------------------------------------------------------------------- */

static struct texts texts_of(const char *const *from, size_t count, struct view *items)
{
	for (size_t i = 0; i < count; i++)
		items[i] = view_text(from[i]);
	return (struct texts){ items, count };
}

static enum muster_code check_new(const struct muster_draft_options *options,
				  const struct artifact_address *address, struct muster_error *err)
{
	struct api_new_version version = {
		.name = address->name,
		.type = options->type,
		.description = options->description,
		.metadata = options->metadata,
		.aliases = options->aliases,
		.alias_count = options->alias_count,
		.tags = options->tags,
		.tag_count = options->tag_count,
	};
	enum muster_code code = api_check_new_version(&version, err);

	if (!code && address->alias.len && options->is_empty)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%s' names a base, and the draft is to be empty",
				   options->name);
	if (!code && options->ttl_days > MUSTER_TTL_MAX_DAYS)
		code = muster_fail(err, MUSTER_E_USAGE, "a ttl of %u days is over %u",
				   options->ttl_days, MUSTER_TTL_MAX_DAYS);
	return code;
}

/* The base: what the alias names, else the latest, if there is one. */
static enum muster_code choose_base(struct collection *collection, struct view alias,
				    const char *name, struct draft_record *plan,
				    struct muster_error *err)
{
	const struct version *base =
		alias.len ? collection_resolve(collection, alias) : collection_latest(collection);

	if (!base && alias.len)
		return muster_fail(err, MUSTER_E_NAME, "there is no version '%s'", name);
	if (!base)
		return MUSTER_OK;
	plan->base.is_named = true;
	memcpy(plan->base.id, base->id, sizeof(base->id));
	plan->base_number = base->number;
	return MUSTER_OK;
}

static enum muster_code fill_plan(struct muster_repository *repository,
				  const struct muster_draft_options *options,
				  const struct artifact_address *address, struct draft_record *plan,
				  struct muster_error *err)
{
	struct collection_name name = { address->entity, address->project, address->name };
	struct collection *collection;
	enum muster_code code = collection_open_or_intend(&collection, repository->engine, &name,
							  options->type ? options->type : "", err);

	if (code)
		return code;
	plan->entity = name.entity;
	plan->project = name.project;
	plan->name = name.name;
	plan->type = view_text(options->type ? options->type : "");
	plan->description = view_text(options->description ? options->description : "");
	plan->metadata = view_text(options->metadata ? options->metadata : "");
	plan->ttl_days = options->ttl_days;
	code = collection_check_saves(collection, err);
	if (!code && !options->is_empty)
		code = choose_base(collection, address->alias, options->name, plan, err);
	collection_close(collection);
	return code;
}

enum muster_code api_draft_new(struct muster_repository *repository,
			       const struct muster_draft_options *options,
			       const struct records *ranges, char id[MUSTER_DRAFT_ID_BYTES],
			       struct muster_error *err)
{
	struct view *items = calloc(options->alias_count + options->tag_count + 1, sizeof(*items));
	struct draft_record plan = { 0 };
	struct artifact_address address;
	uint8_t bytes[16] = { 0 };
	enum muster_code code;

	if (!items)
		return muster_fail_memory(err, "a draft");
	code = api_address(repository, options->name, &address, err);
	if (!code)
		code = check_new(options, &address, err);
	if (!code)
		code = api_prepare_write(repository, err);
	if (!code)
		code = fill_plan(repository, options, &address, &plan, err);
	plan.aliases = texts_of(options->aliases, options->alias_count, items);
	plan.tags = texts_of(options->tags, options->tag_count, items + options->alias_count);
	if (ranges)
		plan.ranges = *ranges;
	if (!code)
		code = draft_new(repository->engine, &plan, bytes, err);
	if (!code)
		hex_put(id, bytes, sizeof(bytes));
	free(items);
	return code;
}

enum muster_code muster_draft_new(struct muster_repository *repository,
				  const struct muster_draft_options *options,
				  char id[MUSTER_DRAFT_ID_BYTES], struct muster_error *err)
{
	return api_draft_new(repository, options, NULL, id, err);
}

/* --- looking ---------------------------------------------------------------------------------- */

enum muster_code api_draft_open(struct muster_repository *repository, const char *text,
				struct draft **out, struct muster_error *err)
{
	uint8_t id[16];
	enum muster_code code = draft_find(repository->engine, text, id, err);

	*out = NULL;
	return code ? code : draft_open(out, repository->engine, id, err);
}

static const char *state_name(enum draft_state state)
{
	static const char *const names[] = { [DRAFT_OPEN] = "open",
					     [DRAFT_SEALED] = "sealed",
					     [DRAFT_FINISHED] = "finished",
					     [DRAFT_DONE] = "saved",
					     [DRAFT_GONE] = "dropped" };

	return names[state];
}

/* Texts that an info lends. */
struct info_texts {
	char id[MUSTER_DRAFT_ID_BYTES], base[32], version[32];
	struct bytes name, distributed_id;
};

static void write_number(char out[32], bool is_there, uint64_t number)
{
	out[0] = '\0';
	if (is_there)
		snprintf(out, 32, "v%llu", (unsigned long long)number);
}

static enum muster_code fill_texts(struct info_texts *texts, const struct draft *draft,
				   uint64_t version, struct muster_error *err)
{
	const struct draft_record *plan = draft_plan(draft);
	enum muster_code code =
		bytes_printf(&texts->name, err, "%.*s/%.*s/%.*s", VIEW_ARGS(plan->entity),
			     VIEW_ARGS(plan->project), VIEW_ARGS(plan->name));

	hex_put(texts->id, draft_id(draft), 16);
	write_number(texts->base, plan->base.is_named, plan->base_number);
	write_number(texts->version, version != VERSION_NONE, version);
	if (!code)
		code = bytes_append_byte(&texts->name, 0, err);
	if (!code)
		code = bytes_append_view(&texts->distributed_id, plan->distributed_id, err);
	return code ? code : bytes_append_byte(&texts->distributed_id, 0, err);
}

static void count_parts(const struct draft *draft, struct muster_draft_info *info)
{
	const struct part_stack *content = draft_content(draft);

	info->part_count = content->part_count;
	for (size_t i = 0; i < content->part_count; i++) {
		info->added_count += content->parts[i].added_count;
		info->added_bytes += content->parts[i].added_bytes;
		info->removed_count += content->parts[i].removed_count;
	}
}

/* MUSTER_END: `fn` wants no more. */
static enum muster_code tell(struct draft *draft, enum draft_state state, uint64_t version,
			     muster_draft_fn *fn, void *fn_state, struct muster_error *err)
{
	const struct draft_record *plan = draft_plan(draft);
	struct info_texts texts = { 0 };
	struct muster_draft_info info = { .state = state_name(state),
					  .created_ms = plan->time_ms,
					  .shard_count = plan->ranges.count };
	enum muster_code code = fill_texts(&texts, draft, version, err);

	if (!code && state != DRAFT_DONE && state != DRAFT_GONE)
		code = draft_expiry(draft, &info.expiry_ms, err);
	count_parts(draft, &info);
	if (!code) {
		info.id = texts.id;
		info.base = texts.base;
		info.version = texts.version;
		info.name = (const char *)texts.name.ptr;
		info.distributed_id = (const char *)texts.distributed_id.ptr;
		code = fn(fn_state, &info) ? MUSTER_OK : MUSTER_END;
	}
	bytes_release(&texts.name);
	bytes_release(&texts.distributed_id);
	return code;
}

static void tell_parts(const struct draft *draft, muster_draft_part_fn *fn, void *state)
{
	const struct draft_part *parts = draft_parts(draft);
	const struct part_content *contents = draft_content(draft)->parts;

	for (size_t i = 0; i < draft_part_count(draft); i++) {
		struct muster_draft_part_info info = { .shard = parts[i].shard,
						       .created_ms = parts[i].time_ms,
						       .added_count = contents[i].added_count,
						       .added_bytes = contents[i].added_bytes,
						       .removed_count = contents[i].removed_count };

		if (!fn(state, &info))
			return;
	}
}

enum muster_code muster_draft_show(struct muster_repository *repository, const char *id,
				   muster_draft_fn *fn, muster_draft_part_fn *part_fn, void *state,
				   struct muster_error *err)
{
	enum draft_state how_far;
	struct draft *draft;
	uint64_t version;
	enum muster_code code = api_draft_open(repository, id, &draft, err);

	if (!code)
		code = draft_state(draft, &how_far, &version, err);
	if (!code)
		code = tell(draft, how_far, version, fn, state, err);
	if (!code && part_fn)
		tell_parts(draft, part_fn, state);
	draft_close(draft);
	return code == MUSTER_END ? MUSTER_OK : code;
}

struct drafts {
	struct repository *engine;
	bool all;
	muster_draft_fn *fn;
	void *state;
	unsigned long long unreadable_count;
};

static enum muster_code tell_unreadable(struct drafts *drafts, const uint8_t id[16],
					struct muster_error *err)
{
	char hex[MUSTER_DRAFT_ID_BYTES];
	struct muster_draft_info info = { .id = hex,
					  .name = "",
					  .base = "",
					  .version = "",
					  .distributed_id = "",
					  .state = "unreadable",
					  .problem = err->message };
	bool goes_on;

	hex_put(hex, id, 16);
	drafts->unreadable_count++;
	goes_on = drafts->fn(drafts->state, &info);
	*err = (struct muster_error){ 0 };
	return goes_on ? MUSTER_OK : MUSTER_END;
}

static enum muster_code tell_one(struct drafts *drafts, const uint8_t id[16],
				 struct muster_error *err)
{
	enum draft_state how_far;
	struct draft *draft;
	uint64_t version;
	enum muster_code code = draft_open(&draft, drafts->engine, id, err);

	if (!code)
		code = draft_state(draft, &how_far, &version, err);
	if (!code && (drafts->all || (how_far != DRAFT_DONE && how_far != DRAFT_GONE)))
		code = tell(draft, how_far, version, drafts->fn, drafts->state, err);
	draft_close(draft);
	return code;
}

/* A draft_each_fn. */
static enum muster_code tell_each(void *state, const uint8_t id[16], struct muster_error *err)
{
	enum muster_code code = tell_one(state, id, err);

	if (!muster_failed(code) || muster_ends_job(code))
		return code;
	return tell_unreadable(state, id, err);
}

enum muster_code muster_drafts(struct muster_repository *repository, bool all, muster_draft_fn *fn,
			       void *state, struct muster_error *err)
{
	struct drafts drafts = { repository->engine, all, fn, state, 0 };
	struct muster_error own = { 0 };
	enum muster_code code;

	if (!err)
		err = &own;
	code = draft_each(repository->engine, tell_each, &drafts, err);
	if (!muster_failed(code) && drafts.unreadable_count)
		return muster_fail(err, MUSTER_E_ITEMS, "%llu %s cannot be read",
				   drafts.unreadable_count,
				   text_plural(drafts.unreadable_count, "draft", "drafts"));
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void fill_report(const struct draft *draft, const struct draft_result *result,
			struct muster_draft_report *report)
{
	const struct draft_record *plan = draft_plan(draft);

	*report = (struct muster_draft_report){ .is_new = result->save.is_new &&
							  result->save.reason_code != SAVE_REPEATED,
						.version_number = result->save.version_number,
						.has_base = plan->base.is_named,
						.is_base_latest = result->is_base_latest,
						.base_number = plan->base_number,
						.latest_number = result->latest,
						.entry_count = result->entry_count,
						.size_bytes = result->size_bytes,
						.written_bytes = result->written_bytes };
	snprintf(report->version, sizeof(report->version), "%.*s/%.*s/%.*s:v%llu",
		 VIEW_ARGS(plan->entity), VIEW_ARGS(plan->project), VIEW_ARGS(plan->name),
		 (unsigned long long)result->save.version_number);
	memcpy(report->reason, result->save.reason, sizeof(report->reason));
	memcpy(report->digest, result->digest, sizeof(report->digest));
	memcpy(report->root, result->root, sizeof(report->root));
}

enum muster_code muster_draft_save(struct muster_repository *repository, const char *id,
				   const struct muster_job *job, struct muster_draft_report *report,
				   struct muster_error *err)
{
	struct muster_draft_report own;
	struct draft_result result;
	struct muster_job full;
	struct draft *draft = NULL;
	struct api_run run = { 0 };
	enum muster_code code = api_job(job, &full, err);

	report = report ? report : &own;
	*report = (struct muster_draft_report){ 0 };
	if (!code)
		code = api_prepare_write(repository, err);
	if (!code)
		code = api_draft_open(repository, id, &draft, err);
	if (!code)
		code = api_run(repository, NULL, &run, err);
	if (!code)
		code = draft_renew(draft, err);
	if (!code)
		code = draft_save(draft, &full, run.text, &result, err);
	if (!code)
		fill_report(draft, &result, report);
	draft_close(draft);
	return code;
}

enum muster_code muster_draft_drop(struct muster_repository *repository, const char *id,
				   struct muster_error *err)
{
	struct draft *draft = NULL;
	enum muster_code code = api_prepare_write(repository, err);

	if (!code)
		code = api_draft_open(repository, id, &draft, err);
	if (!code)
		code = draft_drop(draft, err);
	draft_close(draft);
	return code;
}
