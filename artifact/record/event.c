#include "artifact/record/event.h"

#include <assert.h>

#define K(kind)			   (1u << EVENT_##kind)
#define NAMING			   (K(NAME) | K(OPEN) | K(CLAIM))
#define HAS_NAMES		   (NAMING | K(RENAME))
#define OF_COLLECTION		   (NAMING | K(RELEASE) | K(UNCLAIM))
#define TEXTUAL			   (K(DESCRIBE) | K(METADATA))
#define MADE			   (K(SAVE) | K(LINK)) /* they make a version */
#define OF_VERSION		   (MADE | K(ALIAS) | K(TAG) | TEXTUAL | K(TTL) | K(DELETE))
#define DESCRIBES		   (K(DESCRIBE) | K(DESCRIBE_COLLECTION))
#define TAGS			   (K(TAG) | K(TAG_COLLECTION))
#define OBJECT_KEYS		   (K(CONDEMN) | K(SWEEP))
#define SIGNED			   (~(K(CREATE) | K(NAME) | K(OPEN)))
#define FEATURE_MAX		   64
#define KEY_TEXT_MAX		   (KEY_MAX_BYTES + 16)
#define F(text, form, member, ...) RECORD_FIELD(text, form, struct event, member, __VA_ARGS__)
#define M(text, form, member, ...)                                                                 \
	RECORD_FIELD(text, form, struct manifest_pointer, member, __VA_ARGS__)
#define S(text, form, member, ...) RECORD_FIELD(text, form, struct link_source, member, __VA_ARGS__)
#define COUNT(array)		   (sizeof(array) / sizeof((array)[0]))

static const char *const kind_names[EVENT_KINDS] = {
	[EVENT_UNKNOWN] = "unknown",
	[EVENT_CREATE] = "create",
	[EVENT_NAME] = "name",
	[EVENT_RELEASE] = "release",
	[EVENT_OPEN] = "open",
	[EVENT_SAVE] = "save",
	[EVENT_ALIAS] = "alias",
	[EVENT_TAG] = "tag",
	[EVENT_DESCRIBE] = "describe",
	[EVENT_METADATA] = "metadata",
	[EVENT_TTL] = "ttl",
	[EVENT_LINK] = "link",
	[EVENT_DESCRIBE_COLLECTION] = "describe_collection",
	[EVENT_TAG_COLLECTION] = "tag_collection",
	[EVENT_DELETE] = "delete",
	[EVENT_CLAIM] = "claim",
	[EVENT_UNCLAIM] = "unclaim",
	[EVENT_RENAME] = "rename",
	[EVENT_STAY] = "stay",
	[EVENT_CLOSE] = "close",
	[EVENT_CONDEMN] = "condemn",
	[EVENT_SWEEP] = "sweep",
	[EVENT_BAD] = "bad",
};
static const char *const algorithms[] = { [DIGEST_MD5] = "md5", [DIGEST_XXH128] = "xxh128" };
static const char *const identities[] = { [IDENTITY_NONE] = "none", [IDENTITY_SHA256] = "sha256" };
static const char *const actions[] = { [ACTION_ADD] = "add", [ACTION_REMOVE] = "remove" };

static const struct field manifest_fields[] = {
	M("id", OBJECT, id, 0, KINDS_ALL, KINDS_ALL),
	M("bytes", U64, object_bytes, 0, KINDS_ALL, KINDS_ALL),
	M("footer_bytes", U64, footer_bytes, 0, KINDS_ALL, KINDS_ALL),
	M("footer_sha256", SHA256, footer_sha256, 0, KINDS_ALL, KINDS_ALL),
};
const struct record_schema manifest_pointer_schema = { .fields = manifest_fields,
						       .field_count = COUNT(manifest_fields) };

static const struct field source_fields[] = {
	S("collection", ID, collection_id, 0, KINDS_ALL, KINDS_ALL),
	S("entity", TEXT, entity, EVENT_NAME_MAX_BYTES, KINDS_ALL, KINDS_ALL),
	S("project", TEXT, project, EVENT_NAME_MAX_BYTES, KINDS_ALL, KINDS_ALL),
	S("name", TEXT, name, EVENT_NAME_MAX_BYTES, KINDS_ALL, KINDS_ALL),
	S("version", U64, version, COLLECTION_VERSIONS_MAX - 1, KINDS_ALL, KINDS_ALL),
	S("event", U64, event, LOG_NUMBER_MAX, KINDS_ALL, KINDS_ALL),
	S("time", TIME, created_ms, 0, KINDS_ALL, KINDS_ALL),
};
const struct record_schema link_source_schema = { .fields = source_fields,
						  .field_count = COUNT(source_fields) };

/* name, type, place, maximum, kinds that have it, kinds that need it */
static const struct field fields[] = {
	F("n", U64, number, LOG_NUMBER_MAX, KINDS_ALL, KINDS_ALL),
	F("id", ID, id, 0, KINDS_ALL, KINDS_ALL),
	F("previous", SHA256, previous, 0, KINDS_ALL, 0),
	F("session", ID, session, 0, KINDS_ALL, 0),
	F("time", TIME, time_ms, 0, KINDS_ALL, KINDS_ALL),
	F("kind", KIND, kind, 64, KINDS_ALL, KINDS_ALL),
	F("must_understand", BOOL, must_understand, 0, KINDS_ALL, 0),
	F("by", TEXT, by, EVENT_BY_MAX_BYTES, SIGNED, 0),

	F("repository", ID, repository_id, 0, K(CREATE), K(CREATE)),
	F("format", U64, format, 0, K(CREATE), K(CREATE)),
	F("algorithm", NAMED, algorithm, 0, K(CREATE) | MADE, K(CREATE) | MADE, .names = algorithms,
	  .name_count = COUNT(algorithms)),
	F("identity", NAMED, identity, 0, K(CREATE), K(CREATE), .names = identities,
	  .name_count = COUNT(identities)),
	F("read", TEXTS, read, FEATURE_MAX, K(CREATE), K(CREATE)),
	F("write", TEXTS, write, FEATURE_MAX, K(CREATE), K(CREATE)),
	F("collect", TEXTS, collect, FEATURE_MAX, K(CREATE), K(CREATE)),

	F("collection", ID, collection_id, 0, OF_COLLECTION, OF_COLLECTION),
	F("entity", TEXT, entity, EVENT_NAME_MAX_BYTES, HAS_NAMES, HAS_NAMES),
	F("project", TEXT, project, EVENT_NAME_MAX_BYTES, HAS_NAMES, HAS_NAMES),
	F("name", TEXT, name, EVENT_NAME_MAX_BYTES, HAS_NAMES, HAS_NAMES),
	F("type", TEXT, type, EVENT_NAME_MAX_BYTES, NAMING, NAMING),
	F("after", U64, after, LOG_NUMBER_MAX, K(CLAIM), K(CLAIM)),
	F("claim", SHA256, claim, 0, K(RENAME), K(RENAME)),

	F("version", U64, version, COLLECTION_VERSIONS_MAX - 1, OF_VERSION, OF_VERSION),
	F("version_id", ID, version_id, 0, MADE, MADE),
	F("manifest", RECORD, manifest, 0, MADE, MADE, .record = &manifest_pointer_schema),
	F("digest", ID, digest, 0, MADE, MADE),
	F("root", SHA256, root, 0, MADE, MADE),
	F("entries", U64, entry_count, 0, MADE, MADE),
	F("references", U64, reference_count, 0, MADE, MADE),
	F("size", U64, size_bytes, 0, MADE, MADE),
	F("base", BASE, base, 0, K(SAVE), K(SAVE)),
	F("description", TEXT, description, EVENT_DESCRIPTION_MAX_BYTES, MADE | DESCRIBES,
	  DESCRIBES),
	F("metadata", JSON, metadata, EVENT_METADATA_MAX_BYTES, MADE | K(METADATA), K(METADATA)),
	F("aliases", TEXTS, aliases, EVENT_NAME_MAX_BYTES, MADE, 0),
	F("tags", TEXTS, tags, EVENT_NAME_MAX_BYTES, MADE, 0),
	F("ttl_days", U64, ttl_days, 0, K(SAVE) | K(TTL), K(TTL)),
	F("ttl_disabled", BOOL, ttl_disabled, 0, K(SAVE) | K(TTL), 0),
	F("sets_default", BOOL, sets_default, 0, K(TTL), 0),
	F("default_ttl_days", U64, default_ttl_days, 0, K(TTL), 0),
	F("run", TEXT, run, EVENT_RUN_MAX_BYTES, K(SAVE), 0),
	F("source", RECORD, source, 0, K(LINK), K(LINK), .record = &link_source_schema),

	F("action", NAMED, action, 0, K(ALIAS) | TAGS, K(ALIAS) | TAGS, .names = actions,
	  .name_count = COUNT(actions)),
	F("alias", TEXT, alias, EVENT_NAME_MAX_BYTES, K(ALIAS), K(ALIAS)),
	F("expected", EXPECTED, expected, COLLECTION_VERSIONS_MAX - 1, K(ALIAS), 0),
	F("tag", TEXT, tag, EVENT_NAME_MAX_BYTES, TAGS, TAGS),
	F("delete_aliases", BOOL, delete_aliases, 0, K(DELETE), K(DELETE)),

	F("condemned", U64, condemned, LOG_NUMBER_MAX, K(SWEEP), K(SWEEP)),
	F("heads", TEXTS, heads, KEY_TEXT_MAX, K(CONDEMN), K(CONDEMN)),
	F("objects", TEXTS, objects, KEY_TEXT_MAX, OBJECT_KEYS, OBJECT_KEYS),
	F("copies", TEXTS, copies, KEY_TEXT_MAX, K(BAD), K(BAD)),
};

static const struct record_schema schema = {
	.what = "event",
	.version = 1,
	.fields = fields,
	.field_count = COUNT(fields),
	.kinds = kind_names,
	.kind_count = EVENT_KINDS,
	.max_bytes = EVENT_MAX_BYTES,
};

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind < EVENT_KINDS ? kind : EVENT_UNKNOWN];
}

bool event_may_say_by(const struct event *event)
{
	return (SIGNED & 1u << event->kind.id) && !event->must_understand;
}

void event_release(struct event *event)
{
	record_release(&schema, event);
	bytes_release(&event->text);
	*event = (struct event){ 0 };
}

enum muster_code event_encode(const struct event *event, struct bytes *out,
			      struct muster_error *err)
{
	assert(event->kind.id != EVENT_UNKNOWN && event->number >= 1);
	return record_encode(&schema, event, event->kind.id, out, err);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return !any;
}

enum muster_code event_parse(struct event *out, struct view text, struct muster_error *err)
{
	bool has_unknown = false;
	enum muster_code code;

	*out = (struct event){ 0 };
	code = record_parse_document(&schema, text, out, &out->text, &has_unknown, err);
	if (!code && out->number < 1)
		code = muster_fail(err, MUSTER_E_FORMAT, "member 'n' is 0");
	if (!code && (out->number == 1) != is_zero(out->previous, sizeof(out->previous)))
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "event %llu and its member 'previous' do not fit",
				   (unsigned long long)out->number);
	out->is_understood =
		out->kind.id != EVENT_UNKNOWN && !(out->must_understand && has_unknown);
	if (code)
		event_release(out);
	return code;
}
