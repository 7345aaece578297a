#include "artifact/record/key.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text/encode.h"

#define SHORTENED_HEAD_BYTES 100
#define NUMBER_DIGITS	     10

/* Of percent escapes; ids are in lower case (base/text/encode.h). */
static const char HEX_DIGITS[] = "0123456789ABCDEF";

void hex_put(char *out, const uint8_t *bytes, size_t len)
{
	hex_encode(out, bytes, len);
	out[HEX_TEXT_LEN(len)] = '\0';
}

static int hex_value(uint8_t c)
{
	const char *at = c ? strchr(HEX_DIGITS, c) : NULL;

	return at ? (int)(at - HEX_DIGITS) : -1;
}

static bool is_plain(uint8_t c, bool is_first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c == '_' || c == '-' || (c == '.' && !is_first);
}

/* The escaped form of byte `i`; 1 or 3 bytes. */
static size_t escape_byte(char out[3], struct view text, size_t i)
{
	uint8_t c = text.ptr[i];

	if (is_plain(c, i == 0)) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '%';
	out[1] = HEX_DIGITS[c >> 4];
	out[2] = HEX_DIGITS[c & 15];
	return 3;
}

static void shorten(char out[KEY_COMPONENT_MAX_BYTES + 1], struct view text)
{
	uint8_t sha256[IDENTITY_BYTES];

	sha256_of(text, sha256);
	out[SHORTENED_HEAD_BYTES] = '~';
	hex_put(out + SHORTENED_HEAD_BYTES + 1, sha256, sizeof(sha256));
}

void key_component(char out[KEY_COMPONENT_MAX_BYTES + 1], struct view text)
{
	size_t used = 0;

	if (!text.len)
		out[used++] = '%';
	for (size_t i = 0; i < text.len; i++) {
		char escaped[3];
		size_t len = escape_byte(escaped, text, i);

		if (used + len > KEY_COMPONENT_MAX_BYTES) {
			shorten(out, text);
			return;
		}
		memcpy(out + used, escaped, len);
		used += len;
	}
	out[used] = '\0';
}

static bool unescape(struct view component, struct bytes *out)
{
	size_t start = out->len;

	if (view_equal(component, VIEW_LITERAL("%")))
		return true;
	for (size_t i = 0; i < component.len; i++) {
		uint8_t c = component.ptr[i];

		if (c == '%') {
			int high = i + 2 < component.len ? hex_value(component.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_value(component.ptr[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (uint8_t)(high << 4 | low);
			if (is_plain(c, out->len == start))
				return false; /* another spelling of the same text */
			i += 2;
		} else if (!is_plain(c, out->len == start)) {
			return false;
		}
		if (bytes_append_byte(out, c, NULL))
			return false;
	}
	return component.len > 0 && component.len <= KEY_COMPONENT_MAX_BYTES;
}

bool key_component_text(struct view component, struct bytes *out)
{
	size_t start = out->len;
	bool is_good = unescape(component, out);

	if (!is_good)
		out->len = start;
	return is_good;
}

static void __attribute__((format(printf, 2, 3))) set_key(struct key *out, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
	assert(len > 0 && (size_t)len < sizeof(out->text));
	(void)len;
}

/* Takes `prefix` from the front of `key`; false if it does not begin so. */
static bool take_prefix(struct view *key, const char *prefix)
{
	struct view ignored, text = view_text(prefix);

	return view_starts_with(*key, text) && take_bytes(key, text.len, &ignored);
}

static bool take_hex(struct view *key, uint8_t *out, size_t len)
{
	struct view text;

	return take_bytes(key, 2 * len, &text) && hex_decode(out, len, text);
}

/* Takes "<ten digits>.json", which must be all that is left; 1 <= number. */
static bool take_number(struct view key, uint64_t *number)
{
	uint64_t value = 0;

	if (key.len != NUMBER_DIGITS + 5 || memcmp(key.ptr + NUMBER_DIGITS, ".json", 5) != 0)
		return false;
	for (size_t i = 0; i < NUMBER_DIGITS; i++) {
		if (key.ptr[i] < '0' || key.ptr[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(key.ptr[i] - '0');
	}
	*number = value;
	return true;
}

static const struct {
	const char *prefix, *suffix;
} object_kinds[] = {
	[OBJECT_PACK] = { "packs/", ".pack" },
	[OBJECT_INDEX] = { "index/", ".index" },
	[OBJECT_LEAVES] = { "leaves/", ".leaves" },
	[OBJECT_MANIFEST] = { "manifests/", ".manifest" },
};

const char *key_object_prefix(enum object_kind kind)
{
	return object_kinds[kind].prefix;
}

void key_object(struct key *out, enum object_kind kind, const struct object_id *id)
{
	char text[OBJECT_ID_TEXT_BYTES];

	object_id_text(id, text);
	set_key(out, "%s%s%s", object_kinds[kind].prefix, text, object_kinds[kind].suffix);
}

bool key_parse_object(const char *key, enum object_kind kind, struct object_id *out)
{
	struct view rest = view_text(key), id;

	return take_prefix(&rest, object_kinds[kind].prefix) &&
	       take_bytes(&rest, OBJECT_ID_TEXT_BYTES - 1, &id) && object_id_parse(id, out) &&
	       view_equal(rest, view_text(object_kinds[kind].suffix));
}

bool key_parse_any_object(const char *key, enum object_kind *kind, struct object_id *out)
{
	for (enum object_kind k = OBJECT_PACK; k <= OBJECT_MANIFEST; k++) {
		if (key_parse_object(key, k, out)) {
			*kind = k;
			return true;
		}
	}
	return false;
}

void key_names_log(struct key *out, struct view entity, struct view project, struct view name)
{
	char parts[3][KEY_COMPONENT_MAX_BYTES + 1];

	key_component(parts[0], entity);
	key_component(parts[1], project);
	key_component(parts[2], name);
	set_key(out, "names/%s/%s/%s/log", parts[0], parts[1], parts[2]);
}

void key_names_prefix(struct key *out, struct view entity, struct view project)
{
	char parts[2][KEY_COMPONENT_MAX_BYTES + 1];

	key_component(parts[0], entity);
	key_component(parts[1], project);
	if (!entity.len)
		set_key(out, "names/");
	else if (!project.len)
		set_key(out, "names/%s/", parts[0]);
	else
		set_key(out, "names/%s/%s/", parts[0], parts[1]);
}

bool key_parse_names_log(const char *key, struct key *log)
{
	struct view rest = view_text(key);
	const char *end;
	uint64_t number;
	unsigned slashes = 0;

	if (rest.len >= KEY_MAX_BYTES || rest.len <= NUMBER_DIGITS + 6 ||
	    !view_starts_with(rest, VIEW_LITERAL("names/")))
		return false;
	end = key + rest.len - NUMBER_DIGITS - 6;
	if (*end != '/' || !take_number(view_text(end + 1), &number))
		return false;
	set_key(log, "%.*s", (int)(end - key), key);
	for (const char *at = log->text; *at; at++)
		slashes += *at == '/';
	return slashes == 4 && strcmp(strrchr(log->text, '/'), "/log") == 0;
}

void key_collection_log(struct key *out, const uint8_t collection_id[16])
{
	char id[33];

	hex_put(id, collection_id, 16);
	set_key(out, "collections/%s/log", id);
}

void key_event(struct key *out, const char *log, uint64_t number)
{
	assert(number >= 1 && number <= LOG_NUMBER_MAX);
	set_key(out, "%s/%010llu.json", log, (unsigned long long)number);
}

bool key_parse_event(const char *key, const char *log, uint64_t *number)
{
	struct view rest = view_text(key);

	return take_prefix(&rest, log) && take_prefix(&rest, "/") && take_number(rest, number) &&
	       *number >= 1;
}

void key_checkpoint_prefix(struct key *out, const uint8_t collection_id[16])
{
	char id[33];

	hex_put(id, collection_id, 16);
	set_key(out, "collections/%s/checkpoint/", id);
}

void key_checkpoint(struct key *out, const uint8_t collection_id[16], uint64_t number)
{
	char id[33];

	assert(number >= 1 && number <= LOG_NUMBER_MAX);
	hex_put(id, collection_id, 16);
	set_key(out, "collections/%s/checkpoint/%010llu.json", id,
		(unsigned long long)(LOG_NUMBER_MAX - number));
}

bool key_parse_checkpoint(const char *key, const uint8_t collection_id[16], uint64_t *number)
{
	struct view rest = view_text(key);
	struct key prefix;

	key_checkpoint_prefix(&prefix, collection_id);
	if (!take_prefix(&rest, prefix.text) || !take_number(rest, number))
		return false;
	*number = LOG_NUMBER_MAX - *number;
	return *number >= 1;
}

void key_session_prefix(struct key *out, const uint8_t session_id[16])
{
	char id[33];

	hex_put(id, session_id, 16);
	set_key(out, "sessions/%s/", id);
}

void key_session(struct key *out, const uint8_t session_id[16], uint64_t number)
{
	char id[33];

	assert(number >= 1 && number <= LOG_NUMBER_MAX);
	hex_put(id, session_id, 16);
	set_key(out, "sessions/%s/%010llu.json", id, (unsigned long long)number);
}

bool key_parse_session(const char *key, uint8_t session_id[16], uint64_t *number)
{
	struct view rest = view_text(key);

	return take_prefix(&rest, "sessions/") && take_hex(&rest, session_id, 16) &&
	       take_prefix(&rest, "/") && take_number(rest, number) && *number >= 1;
}

void key_draft(struct key *out, const uint8_t draft_id[16], const char *record)
{
	char id[33];

	hex_put(id, draft_id, 16);
	set_key(out, KEY_DRAFTS_PREFIX "%s/%s.json", id, record);
}

void key_draft_part(struct key *out, const uint8_t draft_id[16], struct view shard)
{
	char id[33], part[KEY_COMPONENT_MAX_BYTES + 1];

	hex_put(id, draft_id, 16);
	key_component(part, shard);
	set_key(out, KEY_DRAFTS_PREFIX "%s/parts/%s.json", id, part);
}

bool key_parse_draft(const char *key, uint8_t draft_id[16], struct view *rest)
{
	*rest = view_text(key);
	return take_prefix(rest, KEY_DRAFTS_PREFIX) && take_hex(rest, draft_id, 16) &&
	       take_prefix(rest, "/");
}

/* --- runs ----------------------------------------------------------------------------------- */

static const char *const lineage_parts[] = {
	[LINEAGE_NOTES] = "notes/",
	[LINEAGE_USED] = "used/",
	[LINEAGE_LOGGED] = "logged/",
};

bool run_id_parse(struct view text, struct run_id *out)
{
	if (!text.len || text.len > RUN_ID_MAX_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_plain(text.ptr[i], i == 0))
			return false;
	memcpy(out->text, text.ptr, text.len);
	out->text[text.len] = '\0';
	return true;
}

/* Takes "<run>" and the '/', or the ".json" that must be the end, behind it. */
static bool take_run(struct view *key, struct run_id *run, bool is_last)
{
	static const char end[] = ".json";
	const uint8_t *slash = memchr(key->ptr, '/', key->len);
	size_t tail = is_last ? sizeof(end) - 1 : 1;
	struct view text, ignored;

	if (!slash == !is_last || key->len < tail)
		return false;
	if (!take_bytes(key, is_last ? key->len - tail : (size_t)(slash - key->ptr), &text) ||
	    !take_bytes(key, tail, &ignored))
		return false;
	return run_id_parse(text, run) && (!is_last || memcmp(ignored.ptr, end, tail) == 0);
}

void key_run(struct key *out, const struct run_id *run)
{
	set_key(out, KEY_RUNS_PREFIX "%s.json", run->text);
}

bool key_parse_run(const char *key, struct run_id *run)
{
	struct view rest = view_text(key);

	return take_prefix(&rest, KEY_RUNS_PREFIX) && take_run(&rest, run, true);
}

void key_uses_prefix(struct key *out, const uint8_t version_id[16])
{
	char id[33];

	hex_put(id, version_id, 16);
	set_key(out, KEY_USES_PREFIX "%s/", id);
}

void key_use(struct key *out, const uint8_t version_id[16], const struct run_id *run)
{
	char id[33];

	hex_put(id, version_id, 16);
	set_key(out, KEY_USES_PREFIX "%s/%s.json", id, run->text);
}

bool key_parse_use(const char *key, uint8_t version_id[16], struct run_id *run)
{
	struct view rest = view_text(key);

	return take_prefix(&rest, KEY_USES_PREFIX) && take_hex(&rest, version_id, 16) &&
	       take_prefix(&rest, "/") && take_run(&rest, run, true);
}

void key_lineage_of_run(struct key *out, const struct run_id *run)
{
	set_key(out, KEY_LINEAGE_PREFIX "%s/", run->text);
}

void key_lineage_prefix(struct key *out, const struct run_id *run, enum lineage_part part)
{
	set_key(out, KEY_LINEAGE_PREFIX "%s/%s", run->text, lineage_parts[part]);
}

void key_run_note(struct key *out, const struct run_id *run, uint64_t number)
{
	assert(number >= 1 && number <= LOG_NUMBER_MAX);
	set_key(out, KEY_LINEAGE_PREFIX "%s/%s%010llu.json", run->text,
		lineage_parts[LINEAGE_NOTES], (unsigned long long)number);
}

void key_run_version(struct key *out, const struct run_id *run, enum lineage_part part,
		     const uint8_t version_id[16])
{
	char id[33];

	hex_put(id, version_id, 16);
	set_key(out, KEY_LINEAGE_PREFIX "%s/%s%s.json", run->text, lineage_parts[part], id);
}

bool key_parse_lineage(const char *key, struct run_id *run, enum lineage_part *part,
		       uint64_t *number, uint8_t version_id[16])
{
	struct view rest = view_text(key);

	if (!take_prefix(&rest, KEY_LINEAGE_PREFIX) || !take_run(&rest, run, false))
		return false;
	for (*part = LINEAGE_NOTES; *part <= LINEAGE_LOGGED; (*part)++)
		if (take_prefix(&rest, lineage_parts[*part]))
			break;
	if (*part == LINEAGE_NOTES)
		return take_number(rest, number) && *number >= 1;
	return *part <= LINEAGE_LOGGED && take_hex(&rest, version_id, 16) &&
	       view_equal(rest, VIEW_LITERAL(".json"));
}
