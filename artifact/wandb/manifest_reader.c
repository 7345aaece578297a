/*
 * One token of the document at a time moves a reader on:
 *
 *	state         a key               a value                     the end
 *	START                             {  -> TOP
 *	TOP           remembered          by its key                  the document's
 *	CONFIG        remembered          by its key                  -> TOP
 *	CONTENTS      the path            {  -> ENTRY                 -> TOP
 *	ENTRY         remembered          by its key; { -> EXTRA      -> CONTENTS, an entry
 *	EXTRA         copied, or "alg"    copied                      -> ENTRY
 *	SKIP          ignored up to the end of the value, then as before
 */
#include <stdlib.h>

#include "artifact/path.h"
#include "artifact/wandb/manifest_json.h"
#include "base/json/json.h"
#include "base/text/encode.h"

enum state { AT_START, IN_TOP, IN_CONFIG, IN_CONTENTS, IN_ENTRY, IN_EXTRA, IN_SKIP };

/* The keys that mean something; bit `key` of a mask of seen ones tells repeated keys. */
enum key {
	KEY_UNKNOWN,
	KEY_VERSION,
	KEY_POLICY,
	KEY_CONFIG,
	KEY_CONTENTS,
	KEY_LAYOUT,
	KEY_REGION,
	KEY_DIGEST,
	KEY_REF,
	KEY_BIRTH,
	KEY_SIZE,
	KEY_EXTRA,
};

static const struct key_name {
	enum state state;
	enum key key;
	struct view name;
} key_names[] = {
	{ IN_TOP, KEY_VERSION, VIEW_LITERAL("version") },
	{ IN_TOP, KEY_POLICY, VIEW_LITERAL("storagePolicy") },
	{ IN_TOP, KEY_CONFIG, VIEW_LITERAL("storagePolicyConfig") },
	{ IN_TOP, KEY_CONTENTS, VIEW_LITERAL("contents") },
	{ IN_CONFIG, KEY_LAYOUT, VIEW_LITERAL("storageLayout") },
	{ IN_CONFIG, KEY_REGION, VIEW_LITERAL("storageRegion") },
	{ IN_ENTRY, KEY_DIGEST, VIEW_LITERAL("digest") },
	{ IN_ENTRY, KEY_REF, VIEW_LITERAL("ref") },
	{ IN_ENTRY, KEY_BIRTH, VIEW_LITERAL("birthArtifactID") },
	{ IN_ENTRY, KEY_SIZE, VIEW_LITERAL("size") },
	{ IN_ENTRY, KEY_EXTRA, VIEW_LITERAL("extra") },
};

struct wandb_reader {
	struct json_reader *json;
	struct wandb_manifest manifest;
	struct bytes region;
	enum state state, skip_back; /* skip_back: where to go on behind a skipped value */
	unsigned skip_depth;
	enum key key; /* whose value comes next */
	uint32_t seen;

	/* The entry that is being read. */
	bool is_complete;
	struct bytes path, digest, ref, birth, extra;
	struct json_writer extra_writer; /* into `extra` */
	unsigned extra_depth;
	bool is_alg_next; /* the next value of `extra` is that of "alg" */
	bool is_xxh128, has_size;
	uint64_t size_bytes;
};

enum muster_code wandb_reader_new(struct wandb_reader **out, struct muster_error *err)
{
	struct wandb_reader *reader = calloc(1, sizeof(*reader));
	enum muster_code code;

	*out = NULL;
	if (!reader)
		return muster_fail_memory(err, "a W&B manifest reader");
	code = json_reader_new(&reader->json, err);
	if (code) {
		free(reader);
		return code;
	}
	reader->manifest.storage_layout = 1; /* what a manifest means that does not say */
	*out = reader;
	return MUSTER_OK;
}

void wandb_reader_free(struct wandb_reader *reader)
{
	if (!reader)
		return;
	json_reader_free(reader->json);
	bytes_release(&reader->region);
	bytes_release(&reader->path);
	bytes_release(&reader->digest);
	bytes_release(&reader->ref);
	bytes_release(&reader->birth);
	bytes_release(&reader->extra);
	free(reader);
}

void wandb_reader_feed(struct wandb_reader *reader, struct view piece)
{
	json_feed(reader->json, piece);
}

void wandb_reader_finish(struct wandb_reader *reader)
{
	json_finish(reader->json);
}

const struct wandb_manifest *wandb_reader_manifest(const struct wandb_reader *reader)
{
	return &reader->manifest;
}

static bool is_begin(const struct json_token *token)
{
	return token->kind == JSON_OBJECT_BEGIN || token->kind == JSON_ARRAY_BEGIN;
}

static const char *key_name(enum key key)
{
	for (size_t i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++) {
		if (key_names[i].key == key)
			return (const char *)key_names[i].name.ptr;
	}
	return "?";
}

static enum muster_code fail_value(const struct wandb_reader *reader,
				   const struct json_token *token, const char *expected,
				   struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "byte %llu: '%s' is not %s",
			   (unsigned long long)token->offset_bytes, key_name(reader->key),
			   expected);
}

static enum muster_code take_key(struct wandb_reader *reader, const struct json_token *token,
				 struct muster_error *err)
{
	reader->key = KEY_UNKNOWN;
	for (size_t i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++) {
		const struct key_name *name = &key_names[i];

		if (name->state == reader->state && view_equal(token->text, name->name))
			reader->key = name->key;
	}
	if (reader->key == KEY_UNKNOWN)
		return MUSTER_OK;
	if (reader->seen >> reader->key & 1)
		return muster_fail(err, MUSTER_E_FORMAT, "byte %llu: the key '%s' is repeated",
				   (unsigned long long)token->offset_bytes, key_name(reader->key));
	reader->seen |= 1u << reader->key;
	return MUSTER_OK;
}

/* Ignore the value that begins with `token`. */
static void skip_value(struct wandb_reader *reader, const struct json_token *token)
{
	if (!is_begin(token))
		return;
	reader->skip_back = reader->state;
	reader->skip_depth = token->depth;
	reader->state = IN_SKIP;
}

static enum muster_code take_text(struct wandb_reader *reader, const struct json_token *token,
				  size_t max_bytes, struct bytes *out, struct muster_error *err)
{
	if (token->kind != JSON_STRING)
		return fail_value(reader, token, "a string", err);
	if (token->text.len > max_bytes)
		return muster_fail(err, MUSTER_E_LIMIT, "byte %llu: '%s' is longer than %zu bytes",
				   (unsigned long long)token->offset_bytes, key_name(reader->key),
				   max_bytes);
	out->len = 0;
	return bytes_append_view(out, token->text, err);
}

static enum muster_code take_size(struct wandb_reader *reader, const struct json_token *token,
				  struct muster_error *err)
{
	if (json_u64(token, &reader->size_bytes, NULL) || reader->size_bytes > INT64_MAX)
		return fail_value(reader, token, "a size in bytes", err);
	reader->has_size = true;
	return MUSTER_OK;
}

static enum muster_code begin_object(struct wandb_reader *reader, const struct json_token *token,
				     enum state state, struct muster_error *err)
{
	if (token->kind != JSON_OBJECT_BEGIN)
		return fail_value(reader, token, "an object", err);
	reader->state = state;
	return MUSTER_OK;
}

static enum muster_code begin_extra(struct wandb_reader *reader, const struct json_token *token,
				    struct muster_error *err)
{
	enum muster_code code = begin_object(reader, token, IN_EXTRA, err);

	if (code)
		return code;
	reader->extra_depth = token->depth;
	reader->is_alg_next = false;
	reader->extra_writer = (struct json_writer){ .out = &reader->extra, .err = err };
	json_write_object_begin(&reader->extra_writer);
	return reader->extra_writer.code;
}

static enum muster_code start_step(struct wandb_reader *reader, const struct json_token *token,
				   struct muster_error *err)
{
	if (token->kind != JSON_OBJECT_BEGIN)
		return muster_fail(err, MUSTER_E_FORMAT, "it is not a JSON object");
	reader->state = IN_TOP;
	return MUSTER_OK;
}

static enum muster_code take_version(const struct json_token *token, struct muster_error *err)
{
	if (token->kind == JSON_NUMBER && view_equal(token->text, VIEW_LITERAL("1")))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_UNSUPPORTED,
			   "byte %llu: Invalid manifest version. Only version 1 is known",
			   (unsigned long long)token->offset_bytes);
}

static enum muster_code take_policy(struct wandb_reader *reader, const struct json_token *token,
				    struct muster_error *err)
{
	if (token->kind != JSON_STRING)
		return fail_value(reader, token, "a string", err);
	if (view_equal(token->text, VIEW_LITERAL("wandb-storage-policy-v1")))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_UNSUPPORTED, "Failed to find storage policy '%.*s'",
			   (int)(token->text.len < 128 ? token->text.len : 128),
			   (const char *)token->text.ptr);
}

static enum muster_code top_step(struct wandb_reader *reader, const struct json_token *token,
				 struct muster_error *err)
{
	if (token->kind == JSON_KEY)
		return take_key(reader, token, err);
	if (token->kind == JSON_OBJECT_END)
		return MUSTER_OK; /* only white space may follow: the JSON reader sees to it */
	switch (reader->key) {
	case KEY_VERSION:
		return take_version(token, err);
	case KEY_POLICY:
		return take_policy(reader, token, err);
	case KEY_CONFIG:
		if (token->kind == JSON_NULL)
			return MUSTER_OK;
		return begin_object(reader, token, IN_CONFIG, err);
	case KEY_CONTENTS:
		return begin_object(reader, token, IN_CONTENTS, err);
	default:
		skip_value(reader, token);
		return MUSTER_OK;
	}
}

static enum muster_code take_layout(struct wandb_reader *reader, const struct json_token *token,
				    struct muster_error *err)
{
	if (token->kind != JSON_STRING)
		return fail_value(reader, token, "a string", err);
	if (view_equal(token->text, VIEW_LITERAL("V1")))
		reader->manifest.storage_layout = 1;
	else if (view_equal(token->text, VIEW_LITERAL("V2")))
		reader->manifest.storage_layout = 2;
	else
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "unknown storage layout '%.*s'",
				   (int)(token->text.len < 128 ? token->text.len : 128),
				   (const char *)token->text.ptr);
	return MUSTER_OK;
}

static enum muster_code take_region(struct wandb_reader *reader, const struct json_token *token,
				    struct muster_error *err)
{
	enum muster_code code =
		take_text(reader, token, WANDB_REGION_MAX_BYTES, &reader->region, err);

	reader->manifest.storage_region = bytes_view(&reader->region);
	return code;
}

static enum muster_code config_step(struct wandb_reader *reader, const struct json_token *token,
				    struct muster_error *err)
{
	if (token->kind == JSON_KEY)
		return take_key(reader, token, err);
	if (token->kind == JSON_OBJECT_END) {
		reader->state = IN_TOP;
		return MUSTER_OK;
	}
	if (reader->key == KEY_LAYOUT)
		return take_layout(reader, token, err);
	if (reader->key == KEY_REGION && token->kind != JSON_NULL)
		return take_region(reader, token, err);
	skip_value(reader, token);
	return MUSTER_OK;
}

/* The rule for paths is the user's; here a document breaks it. */
static enum muster_code take_path(struct wandb_reader *reader, const struct json_token *token,
				  struct muster_error *err)
{
	enum muster_code code = entry_path_check(token->text, err);

	if (!code) {
		reader->path.len = 0;
		return bytes_append_view(&reader->path, token->text, err);
	}
	if (err)
		err->code = MUSTER_E_FORMAT;
	muster_context(err, "byte %llu", (unsigned long long)token->offset_bytes);
	return MUSTER_E_FORMAT;
}

static void begin_entry(struct wandb_reader *reader)
{
	reader->state = IN_ENTRY;
	reader->seen &= (1u << KEY_DIGEST) - 1;
	reader->digest.len = reader->ref.len = reader->birth.len = reader->extra.len = 0;
	reader->is_xxh128 = reader->has_size = false;
	reader->size_bytes = 0;
}

static enum muster_code contents_step(struct wandb_reader *reader, const struct json_token *token,
				      struct muster_error *err)
{
	if (token->kind == JSON_KEY)
		return take_path(reader, token, err);
	if (token->kind == JSON_OBJECT_END) {
		reader->state = IN_TOP;
		return MUSTER_OK;
	}
	if (token->kind != JSON_OBJECT_BEGIN)
		return muster_fail(err, MUSTER_E_FORMAT, "byte %llu: entry '%.*s' is not an object",
				   (unsigned long long)token->offset_bytes,
				   VIEW_ARGS(reader->path));
	begin_entry(reader);
	return MUSTER_OK;
}

static enum muster_code end_entry(struct wandb_reader *reader, const struct json_token *token,
				  struct muster_error *err)
{
	if (!(reader->seen >> KEY_DIGEST & 1))
		return muster_fail(err, MUSTER_E_FORMAT, "byte %llu: entry '%.*s' has no digest",
				   (unsigned long long)token->offset_bytes,
				   VIEW_ARGS(reader->path));
	reader->state = IN_CONTENTS;
	reader->is_complete = true;
	return MUSTER_OK;
}

static enum muster_code entry_step(struct wandb_reader *reader, const struct json_token *token,
				   struct muster_error *err)
{
	if (token->kind == JSON_KEY)
		return take_key(reader, token, err);
	if (token->kind == JSON_OBJECT_END)
		return end_entry(reader, token, err);
	if (token->kind == JSON_NULL && reader->key != KEY_DIGEST)
		return MUSTER_OK; /* as if it were not there */
	switch (reader->key) {
	case KEY_DIGEST:
		return take_text(reader, token, ENTRY_TEXT_MAX_BYTES, &reader->digest, err);
	case KEY_REF:
		return take_text(reader, token, ENTRY_TEXT_MAX_BYTES, &reader->ref, err);
	case KEY_BIRTH:
		return take_text(reader, token, ENTRY_TEXT_MAX_BYTES, &reader->birth, err);
	case KEY_SIZE:
		return take_size(reader, token, err);
	case KEY_EXTRA:
		return begin_extra(reader, token, err);
	default:
		skip_value(reader, token);
		return MUSTER_OK;
	}
}

/* The value of "alg"; W&B takes whatever it does not know for MD5. */
static void take_alg(struct wandb_reader *reader, const struct json_token *token)
{
	reader->is_alg_next = false;
	reader->is_xxh128 =
		token->kind == JSON_STRING && view_equal(token->text, VIEW_LITERAL("XXH128"));
	skip_value(reader, token);
}

static void end_extra(struct wandb_reader *reader)
{
	reader->state = IN_ENTRY;
	if (reader->extra.len == 2)
		reader->extra.len = 0; /* an object without members is none */
}

static enum muster_code extra_step(struct wandb_reader *reader, const struct json_token *token,
				   struct muster_error *err)
{
	bool is_own_key = token->kind == JSON_KEY && token->depth == reader->extra_depth + 1;

	if (is_own_key && view_equal(token->text, VIEW_LITERAL("alg"))) {
		reader->is_alg_next = true;
		return MUSTER_OK;
	}
	if (reader->is_alg_next) {
		take_alg(reader, token);
		return MUSTER_OK;
	}
	reader->extra_writer.err = err;
	json_write_token(&reader->extra_writer, token);
	if (reader->extra_writer.code)
		return reader->extra_writer.code;
	if (reader->extra.len > ENTRY_EXTRA_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "byte %llu: 'extra' is longer than %d bytes",
				   (unsigned long long)token->offset_bytes, ENTRY_EXTRA_MAX_BYTES);
	if (token->depth == reader->extra_depth)
		end_extra(reader);
	return MUSTER_OK;
}

static enum muster_code skip_step(struct wandb_reader *reader, const struct json_token *token,
				  struct muster_error *err)
{
	(void)err;
	if (token->depth == reader->skip_depth)
		reader->state = reader->skip_back;
	return MUSTER_OK;
}

static enum muster_code take_token(struct wandb_reader *reader, const struct json_token *token,
				   struct muster_error *err)
{
	switch (reader->state) {
	case AT_START:
		return start_step(reader, token, err);
	case IN_TOP:
		return top_step(reader, token, err);
	case IN_CONFIG:
		return config_step(reader, token, err);
	case IN_CONTENTS:
		return contents_step(reader, token, err);
	case IN_ENTRY:
		return entry_step(reader, token, err);
	case IN_EXTRA:
		return extra_step(reader, token, err);
	case IN_SKIP:
		return skip_step(reader, token, err);
	}
	return MUSTER_E_FORMAT;
}

static void give_entry(struct wandb_reader *reader, struct entry *out)
{
	struct view digest = bytes_view(&reader->digest);

	*out = (struct entry){
		.path = bytes_view(&reader->path),
		.algorithm = reader->is_xxh128 ? DIGEST_XXH128 : DIGEST_MD5,
		.size_bytes = reader->size_bytes,
		.has_size = reader->has_size,
		.ref = bytes_view(&reader->ref),
		.extra = bytes_view(&reader->extra),
		.birth_artifact_id = bytes_view(&reader->birth),
	};
	if (base64_decode(out->fingerprint.digest, DIGEST_BYTES, digest))
		return;
	memset(out->fingerprint.digest, 0, DIGEST_BYTES);
	out->algorithm = DIGEST_TEXT;
	out->digest_text = digest;
}

/* At the end: is all there that a manifest needs? */
static enum muster_code manifest_check(const struct wandb_reader *reader, struct muster_error *err)
{
	static const enum key needed[] = { KEY_POLICY, KEY_CONTENTS };

	if (!(reader->seen >> KEY_VERSION & 1))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "Invalid manifest format. Must contain version field.");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!(reader->seen >> needed[i] & 1))
			return muster_fail(err, MUSTER_E_FORMAT, "it has no '%s'",
					   key_name(needed[i]));
	}
	return MUSTER_END;
}

enum muster_code wandb_reader_next(struct wandb_reader *reader, struct entry *out,
				   struct muster_error *err)
{
	struct json_token token;
	enum muster_code code;

	while ((code = json_next(reader->json, &token, err)) == MUSTER_OK) {
		code = take_token(reader, &token, err);
		if (code)
			break;
		if (reader->is_complete) {
			reader->is_complete = false;
			give_entry(reader, out);
			return MUSTER_OK;
		}
	}
	if (code == MUSTER_END)
		code = manifest_check(reader, err);
	if (muster_failed(code))
		muster_context(err, "W&B manifest");
	return code;
}
