#include "artifact/metadata.h"

#include <math.h>
#include <stdlib.h>

#include "base/json/json.h"

/* Longer fractions than any writer makes; it bounds the copy that strtod() needs. */
#define FLOAT_MAX_BYTES 1024

/* What a document is called, and how much it may hold. */
struct rules {
	const char *what;
	size_t max_keys; /* at most CONFIG_MAX_KEYS */
};

static const struct rules of_metadata = { "Metadata", METADATA_MAX_KEYS };
static const struct rules of_config = { "Config", CONFIG_MAX_KEYS };

/* The top-level keys seen so far, back to back with a NUL behind each. */
struct key_list {
	const struct rules *rules;
	struct bytes text;
	size_t ends[CONFIG_MAX_KEYS];
	size_t count;
};

static bool has_key(const struct key_list *list, struct view key)
{
	size_t begin = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (view_equal(key, view_of(list->text.ptr + begin, list->ends[i] - begin - 1)))
			return true;
		begin = list->ends[i];
	}
	return false;
}

static enum muster_code add_key(struct key_list *list, struct view key, struct muster_error *err)
{
	enum muster_code code;

	if (has_key(list, key))
		return muster_fail(err, MUSTER_E_USAGE, "%s has the key '%.*s' more than once",
				   list->rules->what, (int)(key.len < 128 ? key.len : 128),
				   (const char *)key.ptr);
	if (list->count == list->rules->max_keys)
		return muster_fail(err, MUSTER_E_USAGE, "%s has more than %zu keys",
				   list->rules->what, list->rules->max_keys);
	code = bytes_append_view(&list->text, key, err);
	if (!code)
		code = bytes_append_byte(&list->text, '\0', err);
	if (!code)
		list->ends[list->count++] = list->text.len;
	return code;
}

static bool is_float(struct view number)
{
	for (size_t i = 0; i < number.len; i++) {
		if (number.ptr[i] == 'e' || number.ptr[i] == 'E' || number.ptr[i] == '.')
			return true;
	}
	return false;
}

static enum muster_code number_check(struct view number, const struct rules *rules,
				     struct muster_error *err)
{
	char text[FLOAT_MAX_BYTES + 1];

	if (!is_float(number))
		return MUSTER_OK; /* whole numbers have no largest one */
	if (number.len > FLOAT_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "%s has a number of %zu digits",
				   rules->what, number.len);
	memcpy(text, number.ptr, number.len);
	text[number.len] = '\0';
	if (isinf(strtod(text, NULL)))
		return muster_fail(err, MUSTER_E_USAGE, "%s has an infinite number: %.64s",
				   rules->what, text);
	return MUSTER_OK;
}

/* Walk all tokens of a document that is known to be valid. */
static enum muster_code tokens_check(struct json_reader *reader, struct key_list *keys,
				     struct muster_error *err)
{
	struct json_token token;
	enum muster_code code;
	unsigned open_count = 0;

	while ((code = json_next(reader, &token, err)) == MUSTER_OK) {
		if (token.kind == JSON_OBJECT_BEGIN || token.kind == JSON_ARRAY_BEGIN)
			open_count++;
		else if (token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END)
			open_count--;
		else if (token.kind == JSON_NUMBER)
			code = number_check(token.text, keys->rules, err);
		else if (token.kind == JSON_KEY && open_count == 1)
			code = add_key(keys, token.text, err);
		if (code)
			return code;
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code rules_check(struct view canonical, const struct rules *rules,
				    struct muster_error *err)
{
	struct json_reader *reader = NULL;
	struct key_list keys = { .rules = rules };
	enum muster_code code = json_reader_over(&reader, canonical, err);

	if (!code)
		code = tokens_check(reader, &keys, err);
	bytes_release(&keys.text);
	json_reader_free(reader);
	return code;
}

/* JSON that is not valid is what the user gave, not what a store holds. */
static enum muster_code as_usage(enum muster_code code, const struct rules *rules,
				 struct muster_error *err)
{
	if (code != MUSTER_E_FORMAT)
		return code;
	if (err)
		err->code = MUSTER_E_USAGE;
	muster_context(err, "%s is not valid JSON", rules->what);
	return MUSTER_E_USAGE;
}

/* Append the whole document, compact; nothing may follow its one value. */
static enum muster_code document_copy(struct view document, const struct rules *rules,
				      struct bytes *out, struct muster_error *err)
{
	struct json_reader *reader = NULL;
	struct json_token token;
	enum muster_code code = json_reader_over(&reader, document, err);

	if (!code)
		code = json_next(reader, &token, err);
	if (code)
		goto out;
	if (token.kind != JSON_OBJECT_BEGIN) {
		code = muster_fail(err, MUSTER_E_USAGE, "%s is not a JSON object", rules->what);
		goto out;
	}
	code = json_copy(reader, &token, out, METADATA_MAX_BYTES, err);
	if (code)
		goto out;
	code = json_next(reader, &token, err);
	if (code == MUSTER_END)
		code = MUSTER_OK;
out:
	json_reader_free(reader);
	return as_usage(code, rules, err);
}

static enum muster_code canonical(struct view document, const struct rules *rules,
				  struct bytes *out, struct muster_error *err)
{
	size_t begin = out->len;
	enum muster_code code;

	if (document.len > METADATA_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "%s is longer than %u bytes", rules->what,
				   METADATA_MAX_BYTES);
	code = document_copy(document, rules, out, err);
	if (!code)
		code = rules_check(view_of(out->ptr + begin, out->len - begin), rules, err);
	if (code)
		out->len = begin;
	return code;
}

enum muster_code metadata_canonical(struct view document, struct bytes *out,
				    struct muster_error *err)
{
	return canonical(document, &of_metadata, out, err);
}

enum muster_code config_canonical(struct view document, struct bytes *out, struct muster_error *err)
{
	return canonical(document, &of_config, out, err);
}
