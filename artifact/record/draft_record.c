#include "artifact/record/draft_record.h"

#include <assert.h>
#include <string.h>

#define K(kind) (1u << DRAFT_##kind)
#define F(text, form, member, ...)                                                                 \
	RECORD_FIELD(text, form, struct draft_record, member, __VA_ARGS__)
#define R(text, form, member, ...) RECORD_FIELD(text, form, struct draft_range, member, __VA_ARGS__)
#define N(text, form, member, ...)                                                                 \
	RECORD_FIELD(text, form, struct draft_named_part, member, __VA_ARGS__)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kind_names[DRAFT_KINDS] = {
	[DRAFT_UNKNOWN] = "unknown", [DRAFT_PLAN] = "plan",   [DRAFT_PART] = "part",
	[DRAFT_SEAL] = "seal",	     [DRAFT_FINAL] = "final",
};
static const char *const outcomes[] = { [DRAFT_SAVED] = "saved", [DRAFT_DROPPED] = "dropped" };

static const struct field range_fields[] = {
	R("shard", TEXT, shard, DRAFT_SHARD_MAX_BYTES, KINDS_ALL, KINDS_ALL),
	R("begin", TEXT, begin, ENTRY_PATH_MAX_BYTES, KINDS_ALL, 0),
	R("end", TEXT, end, ENTRY_PATH_MAX_BYTES, KINDS_ALL, 0),
};
static const struct record_schema range_schema = { .fields = range_fields,
						   .field_count = COUNT(range_fields) };

static const struct field named_fields[] = {
	N("shard", TEXT, shard, DRAFT_SHARD_MAX_BYTES, KINDS_ALL, KINDS_ALL),
	N("sha256", SHA256, sha256, 0, KINDS_ALL, KINDS_ALL),
};
static const struct record_schema named_schema = { .fields = named_fields,
						   .field_count = COUNT(named_fields) };

static const struct field fields[] = {
	F("draft", ID, draft, 0, KINDS_ALL, KINDS_ALL),
	F("time", TIME, time_ms, 0, KINDS_ALL, KINDS_ALL),
	F("kind", KIND, kind, 64, KINDS_ALL, KINDS_ALL),
	F("session", ID, session, 0, K(PLAN) | K(PART), K(PLAN)),

	F("entity", TEXT, entity, EVENT_NAME_MAX_BYTES, K(PLAN), K(PLAN)),
	F("project", TEXT, project, EVENT_NAME_MAX_BYTES, K(PLAN), K(PLAN)),
	F("name", TEXT, name, EVENT_NAME_MAX_BYTES, K(PLAN), K(PLAN)),
	F("type", TEXT, type, EVENT_NAME_MAX_BYTES, K(PLAN), 0),
	F("base", BASE, base, 0, K(PLAN), K(PLAN)),
	F("base_version", U64, base_number, COLLECTION_VERSIONS_MAX - 1, K(PLAN), 0),
	F("description", TEXT, description, EVENT_DESCRIPTION_MAX_BYTES, K(PLAN), 0),
	F("metadata", JSON, metadata, EVENT_METADATA_MAX_BYTES, K(PLAN), 0),
	F("aliases", TEXTS, aliases, EVENT_NAME_MAX_BYTES, K(PLAN), 0),
	F("tags", TEXTS, tags, EVENT_NAME_MAX_BYTES, K(PLAN), 0),
	F("ttl_days", U64, ttl_days, EVENT_TTL_MAX_DAYS, K(PLAN), 0),
	F("ttl_disabled", BOOL, ttl_disabled, 0, K(PLAN), 0),
	F("distributed", TEXT, distributed_id, DRAFT_TEXT_MAX_BYTES, K(PLAN), 0),
	F("shards", RECORDS, ranges, DRAFT_PARTS_MAX, K(PLAN), 0, .record = &range_schema,
	  .item_bytes = sizeof(struct draft_range)),

	F("shard", TEXT, shard, DRAFT_SHARD_MAX_BYTES, K(PART), K(PART)),
	F("added", RECORD, added, 0, K(PART), 0, .record = &manifest_pointer_schema,
	  .item_bytes = sizeof(struct manifest_pointer)),
	F("removed", RECORD, removed, 0, K(PART), 0, .record = &manifest_pointer_schema,
	  .item_bytes = sizeof(struct manifest_pointer)),
	F("added_entries", U64, added_count, 0, K(PART), 0),
	F("added_bytes", U64, added_bytes, 0, K(PART), 0),
	F("removed_paths", U64, removed_count, 0, K(PART), 0),

	F("outcome", NAMED, outcome, 0, K(FINAL), K(FINAL), .names = outcomes,
	  .name_count = COUNT(outcomes)),
	F("version_id", ID, version_id, 0, K(FINAL), 0),
	F("parts", RECORDS, parts, DRAFT_PARTS_MAX, K(FINAL), 0, .record = &named_schema,
	  .item_bytes = sizeof(struct draft_named_part)),
};

static const struct record_schema schema = {
	.what = "draft",
	.version = 1,
	.fields = fields,
	.field_count = COUNT(fields),
	.kinds = kind_names,
	.kind_count = DRAFT_KINDS,
	.max_bytes = DRAFT_RECORD_MAX_BYTES,
};

void draft_record_release(struct draft_record *record)
{
	record_release(&schema, record);
	bytes_release(&record->text);
	*record = (struct draft_record){ 0 };
}

enum muster_code draft_record_encode(const struct draft_record *record, struct bytes *out,
				     struct muster_error *err)
{
	assert(record->kind.id != DRAFT_UNKNOWN);
	return record_encode(&schema, record, record->kind.id, out, err);
}

/* Each begins where the one before ends, or behind; only the last one may have no end. */
static enum muster_code check_ranges(const struct records *records, struct muster_error *err)
{
	const struct draft_range *ranges = records->items;

	for (size_t i = 0; i < records->count; i++) {
		const struct draft_range *range = &ranges[i];
		bool is_last = i + 1 == records->count;

		if ((!is_last &&
		     (!range->end.len || view_compare(range->end, ranges[i + 1].begin) > 0)) ||
		    (range->end.len && view_compare(range->begin, range->end) >= 0))
			return muster_fail(err, MUSTER_E_FORMAT, "its shards do not ascend");
	}
	return MUSTER_OK;
}

static enum muster_code check_record(const struct draft_record *record, struct muster_error *err)
{
	if (record->ranges.count > DRAFT_PARTS_MAX || record->parts.count > DRAFT_PARTS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a draft has at most %u parts",
				   DRAFT_PARTS_MAX);
	if (record->kind.id == DRAFT_PART && !record->shard.len)
		return muster_fail(err, MUSTER_E_FORMAT, "member 'shard' is empty");
	return check_ranges(&record->ranges, err);
}

enum muster_code draft_record_parse(struct draft_record *out, struct view text,
				    struct muster_error *err)
{
	bool has_unknown = false;
	enum muster_code code;

	*out = (struct draft_record){ 0 };
	code = record_parse_document(&schema, text, out, &out->text, &has_unknown, err);
	if (!code)
		code = check_record(out, err);
	if (code)
		draft_record_release(out);
	return code;
}
