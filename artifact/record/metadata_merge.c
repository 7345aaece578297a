#include "artifact/record/metadata_merge.h"

#include "base/json/json.h"

/* The members of `changes`, as places in one buffer that grows. */
struct members {
	struct bytes text;
	struct member {
		size_t key_at, key_len, value_at, value_len;
		bool is_written;
	} items[CONFIG_MAX_KEYS];
	size_t count;
};

static struct view key_of(const struct members *members, const struct member *member)
{
	return view_of(members->text.ptr + member->key_at, member->key_len);
}

static struct member *find(struct members *members, struct view key)
{
	for (size_t i = 0; i < members->count; i++)
		if (view_equal(key_of(members, &members->items[i]), key))
			return &members->items[i];
	return NULL;
}

static enum muster_code next(struct json_reader *reader, struct json_token *token,
			     struct muster_error *err)
{
	enum muster_code code = json_next(reader, token, err);

	if (code == MUSTER_END || code == MUSTER_FULL)
		return muster_fail(err, MUSTER_E_FORMAT, "the metadata ends too early");
	return code;
}

/* Called for each member: `key` is lent until the value is read from `reader`. */
typedef enum muster_code member_fn(void *state, struct view key, struct json_reader *reader,
				   struct muster_error *err);

static enum muster_code each_member(struct view document, member_fn *fn, void *state,
				    struct muster_error *err)
{
	struct json_reader *reader = NULL;
	struct json_token token;
	enum muster_code code = json_reader_over(&reader, document, err);

	if (!code)
		code = next(reader, &token, err);
	if (!code && token.kind != JSON_OBJECT_BEGIN)
		code = muster_fail(err, MUSTER_E_FORMAT, "the metadata is not an object");
	while (!code) {
		code = next(reader, &token, err);
		if (!code && token.kind == JSON_OBJECT_END)
			break;
		if (!code)
			code = fn(state, token.text, reader, err);
	}
	json_reader_free(reader);
	return code;
}

static enum muster_code copy_value(struct json_reader *reader, struct bytes *out,
				   struct muster_error *err)
{
	struct json_token token;
	enum muster_code code = next(reader, &token, err);

	return code ? code : json_copy(reader, &token, out, METADATA_MAX_BYTES, err);
}

static enum muster_code keep_member(void *state, struct view key, struct json_reader *reader,
				    struct muster_error *err)
{
	struct members *members = state;
	struct member *member = &members->items[members->count];
	enum muster_code code;

	if (members->count == CONFIG_MAX_KEYS)
		return muster_fail(err, MUSTER_E_LIMIT, "the changes have more than %d keys",
				   CONFIG_MAX_KEYS);
	*member = (struct member){ .key_at = members->text.len, .key_len = key.len };
	code = bytes_append_view(&members->text, key, err);
	member->value_at = members->text.len;
	if (!code)
		code = copy_value(reader, &members->text, err);
	member->value_len = members->text.len - member->value_at;
	members->count += !code;
	return code;
}

struct merge {
	struct json_writer w;
	struct members *changes;
	struct bytes value;
};

/* A null takes the member away. */
static void write_change(struct merge *merge, struct member *member)
{
	const struct members *changes = merge->changes;
	struct view value = view_of(changes->text.ptr + member->value_at, member->value_len);

	member->is_written = true;
	if (view_equal(value, VIEW_LITERAL("null")))
		return;
	json_write_key_view(&merge->w, key_of(changes, member));
	json_write_raw(&merge->w, value);
}

static enum muster_code merge_member(void *state, struct view key, struct json_reader *reader,
				     struct muster_error *err)
{
	struct merge *merge = state;
	struct member *change = find(merge->changes, key);
	enum muster_code code;

	if (change)
		write_change(merge, change);
	else
		json_write_key_view(&merge->w, key);
	merge->value.len = 0;
	code = copy_value(reader, &merge->value, err);
	if (!code && !change)
		json_write_raw(&merge->w, bytes_view(&merge->value));
	return code ? code : merge->w.code;
}

static enum muster_code merge_into(struct merge *merge, struct view old, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	json_write_object_begin(&merge->w);
	if (old.len)
		code = each_member(old, merge_member, merge, err);
	if (code)
		return code;
	for (size_t i = 0; i < merge->changes->count; i++)
		if (!merge->changes->items[i].is_written)
			write_change(merge, &merge->changes->items[i]);
	json_write_object_end(&merge->w);
	return merge->w.code;
}

enum muster_code metadata_merge(struct view old, struct view changes, struct bytes *out,
				struct muster_error *err)
{
	struct members members = { .count = 0 };
	struct merge merge = { .w = { .out = out, .err = err }, .changes = &members };
	size_t start = out->len;
	enum muster_code code = each_member(changes, keep_member, &members, err);

	if (!code)
		code = merge_into(&merge, old, err);
	if (code)
		out->len = start;
	bytes_release(&merge.value);
	bytes_release(&members.text);
	return code;
}
