/*
 * A record in the arena is
 *
 *	[struct walk_stat, of NAME_KNOWN_FILE only] [sys_errno] [kind] | key | NUL
 *
 * where key is the name, and a slash behind that of a directory: comparing keys gives the order.
 * A spilled record has what lies before the key as its value.
 */
#include "io/tree/names.h"

#include <assert.h>
#include <stdlib.h>

#include "io/spill/spill.h"

#define INFO_BYTES 2
#define SLOTS_MIN  512

void names_reset(struct names *names)
{
	spill_free(names->spill);
	names->spill = NULL;
	names->arena.len = names->lent.len = names->last.len = 0;
	names->count = names->next = 0;
}

void names_release(struct names *names)
{
	names_reset(names);
	bytes_release(&names->arena);
	bytes_release(&names->lent);
	bytes_release(&names->last);
	free(names->slots);
	*names = (struct names){ 0 };
}

static size_t info_bytes(enum name_kind kind)
{
	return INFO_BYTES + (kind == NAME_KNOWN_FILE ? sizeof(struct walk_stat) : 0);
}

/* `out` has room for info, key and NUL; gives the key's length. */
static size_t record_write(uint8_t *out, const struct name *name)
{
	if (name->kind == NAME_KNOWN_FILE) {
		memcpy(out, name->stat_bytes, sizeof(struct walk_stat));
		out += sizeof(struct walk_stat);
	}
	*out++ = name->sys_errno;
	*out++ = (uint8_t)name->kind;
	memcpy(out, name->text.ptr, name->text.len);
	out += name->text.len;
	if (name->is_directory)
		*out++ = '/';
	*out = '\0';
	return name->text.len + name->is_directory;
}

static struct name record_read(const uint8_t *key, size_t key_len)
{
	struct name name = { .kind = (enum name_kind)key[-1], .sys_errno = key[-2] };

	name.is_directory = key[key_len - 1] == '/';
	name.text = view_of(key, key_len - name.is_directory);
	if (name.kind == NAME_KNOWN_FILE)
		name.stat_bytes = key - INFO_BYTES - sizeof(struct walk_stat);
	return name;
}

static struct view slot_key(const struct names *names, size_t index)
{
	return view_of(names->arena.ptr + names->slots[index].offset, names->slots[index].len);
}

static enum muster_code spill_key(struct names *names, struct view key, struct muster_error *err)
{
	size_t info = info_bytes((enum name_kind)key.ptr[-1]);

	return spill_add(names->spill, key, view_of(key.ptr - info, info), err);
}

/* Too many for memory: all go to the spill, and so will those that follow. */
static enum muster_code spill_start(struct names *names, const struct names_limits *limits,
				    struct muster_error *err)
{
	const struct spill_options options = { limits->spill_dir, limits->spill_memory_bytes };
	enum muster_code code = spill_new(&names->spill, &options, err);

	for (size_t i = 0; i < names->count && !code; i++)
		code = spill_key(names, slot_key(names, i), err);
	free(names->slots);
	names->slots = NULL;
	names->count = names->cap = 0;
	bytes_release(&names->arena);
	return code;
}

static enum muster_code slots_grow(struct names *names, struct muster_error *err)
{
	size_t cap = names->cap ? 2 * names->cap : SLOTS_MIN;
	struct key_slot *slots = malloc(2 * cap * sizeof(*slots));

	if (!slots)
		return muster_fail_memory(err, "the names of a directory");
	if (names->count)
		memcpy(slots, names->slots, names->count * sizeof(*slots));
	free(names->slots);
	names->slots = slots;
	names->cap = cap;
	return MUSTER_OK;
}

enum muster_code names_add(struct names *names, const struct names_limits *limits,
			   const struct name *name, struct muster_error *err)
{
	size_t info = info_bytes(name->kind);
	size_t record = info + name->text.len + 2;
	enum muster_code code;
	size_t key_len;

	if (!names->spill &&
	    (names->count >= limits->count_max || names->arena.len + record > limits->bytes_max)) {
		code = spill_start(names, limits, err);
		if (code)
			return code;
	}
	if (names->arena.cap - names->arena.len < record) {
		code = bytes_reserve(&names->arena, record, err);
		if (code)
			return code;
	}
	key_len = record_write(names->arena.ptr + names->arena.len, name);
	if (names->spill)
		return spill_key(names, view_of(names->arena.ptr + info, key_len), err);
	if (names->count == names->cap) {
		code = slots_grow(names, err);
		if (code)
			return code;
	}
	names->slots[names->count++] = (struct key_slot){
		.offset = (uint32_t)(names->arena.len + info),
		.len = (uint32_t)key_len,
	};
	names->arena.len += info + key_len + 1;
	return MUSTER_OK;
}

enum muster_code names_sort(struct names *names, struct muster_error *err)
{
	if (names->spill)
		return spill_sort(names->spill, err);
	key_sort(names->slots, names->slots + names->cap, names->count, names->arena.ptr);
	return MUSTER_OK;
}

static void take_from_memory(struct names *names, struct name *out, size_t max, size_t *count)
{
	for (*count = 0; *count < max && names->next < names->count; names->next++) {
		struct view key = slot_key(names, names->next);

		if (names->next && view_equal(key, slot_key(names, names->next - 1)))
			continue;
		out[(*count)++] = record_read(key.ptr, key.len);
	}
}

/* Copies a spilled record behind those that are lent already; `at`: where its key lies then. */
static enum muster_code lend_copy(struct names *names, size_t *at, struct view key,
				  struct view info, struct muster_error *err)
{
	enum muster_code code = bytes_append_view(&names->lent, info, err);

	*at = names->lent.len;
	if (!code)
		code = bytes_append_view(&names->lent, key, err);
	if (!code)
		code = bytes_append_byte(&names->lent, '\0', err);
	if (code)
		return code;
	names->last.len = 0;
	return bytes_append_view(&names->last, key, err);
}

static enum muster_code take_from_spill(struct names *names, struct name *out, size_t max,
					size_t *count, struct muster_error *err)
{
	size_t at[NAMES_TAKE_MAX];
	enum muster_code code = MUSTER_OK;
	struct view key, info;

	names->lent.len = 0;
	*count = 0;
	while (*count < max && !(code = spill_next(names->spill, &key, &info, err))) {
		if (view_equal(key, bytes_view(&names->last)))
			continue;
		code = lend_copy(names, &at[*count], key, info, err);
		if (code)
			return code;
		(*count)++;
	}
	if (code && code != MUSTER_END)
		return code;
	for (size_t i = 0; i < *count; i++) { /* the buffer stays where it is from now on */
		const uint8_t *text = names->lent.ptr + at[i];

		out[i] = record_read(text, strlen((const char *)text));
	}
	if (code == MUSTER_END) {
		spill_free(names->spill);
		names->spill = NULL;
	}
	return MUSTER_OK;
}

enum muster_code names_take(struct names *names, struct name *out, size_t max, size_t *count,
			    struct muster_error *err)
{
	assert(max <= NAMES_TAKE_MAX);
	if (names->spill)
		return take_from_spill(names, out, max, count, err);
	take_from_memory(names, out, max, count);
	return MUSTER_OK;
}

size_t names_held(const struct names *names)
{
	return names->count;
}

bool names_may_have_more(const struct names *names)
{
	return names->spill || names->next < names->count;
}
