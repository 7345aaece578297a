/*
 * A pattern as a list of components. Most components that people write are a name, *.suffix or
 * prefix*, which need one comparison of memory; only others go through glob_name_match().
 *
 * Only the last ** is ever tried again, for the same reason as the last '*' within a component: a
 * pair of component and name is compared at most once for each ** before it.
 */
#include "base/filter/glob_internal.h"

#include <stdlib.h>

enum part_kind {
	PART_NAME,   /* exactly the text */
	PART_SUFFIX, /* ends in the text */
	PART_PREFIX, /* begins with the text */
	PART_WILD,   /* the text is a pattern */
	PART_ANY,    /* **: any number of names */
};

/** One component. */
struct part {
	uint8_t kind;	      /* enum part_kind */
	uint16_t offset, len; /* of its text */
};

_Static_assert(GLOB_PATTERN_MAX_BYTES < UINT16_MAX, "struct part has 16 bits for a place");

struct glob {
	size_t part_count;
	uint8_t *text; /* in the same allocation, behind the parts */
	struct part parts[];
};

static struct view part_text(const struct glob *glob, const struct part *part)
{
	return view_of(glob->text + part->offset, part->len);
}

static bool part_match(const struct glob *glob, const struct part *part, struct view name)
{
	struct view text = part_text(glob, part);

	switch (part->kind) {
	case PART_NAME:
		return view_equal(name, text);
	case PART_PREFIX:
		return view_starts_with(name, text);
	case PART_SUFFIX:
		return name.len >= text.len &&
		       view_equal(view_of(name.ptr + name.len - text.len, text.len), text);
	case PART_WILD:
		return glob_name_match(text, name);
	}
	return false;
}

/* Takes the first component off `path`. */
static struct view take_name(struct view *path)
{
	const uint8_t *slash = memchr(path->ptr, '/', path->len);
	size_t len = slash ? (size_t)(slash - path->ptr) : path->len;
	struct view name = view_of(path->ptr, len);

	len += slash != NULL;
	*path = view_of(path->ptr + len, path->len - len);
	return name;
}

bool glob_match(const struct glob *glob, struct view path)
{
	size_t at = 0, retry_at = 0; /* 0: there was no ** yet */
	struct view rest = path, retry_rest = path;

	while (rest.len) {
		const struct part *part = at < glob->part_count ? &glob->parts[at] : NULL;

		if (part && part->kind == PART_ANY) {
			retry_at = ++at;
			retry_rest = rest;
			if (at == glob->part_count)
				return true; /* at the end: one name or more */
		} else if (part && part_match(glob, part, take_name(&rest))) {
			at++;
		} else {
			if (!retry_at)
				return false;
			take_name(&retry_rest);
			rest = retry_rest;
			at = retry_at;
		}
	}
	return at == glob->part_count;
}

bool glob_is_name(const struct glob *glob)
{
	return glob->part_count == 1;
}

/** What of a pattern is still to be read, and why it is refused. */
struct compile {
	struct view rest;
	const char *reason;
};

/* The length of the component at the front of `rest`, and of the separator behind it (0 at the
 * end). False with a reason if it cannot be read. */
static bool measure_component(struct compile *compile, size_t *len, size_t *separator_len)
{
	struct view rest = compile->rest;
	size_t at = 0;

	*separator_len = 0;
	while (at < rest.len && !*separator_len) {
		struct view here = view_of(rest.ptr + at, rest.len - at);
		size_t step = 1;

		if (here.ptr[0] == '\\' && here.len == 1) {
			compile->reason = "ends in a bare backslash";
			return false;
		}
		if (here.ptr[0] == '[')
			step = glob_set_len(here, &compile->reason);
		else if (here.ptr[0] == '\\')
			step = 2;
		if (!step)
			return false;
		if (here.ptr[step - 1] == '/' && here.ptr[0] != '[')
			*separator_len = step;
		else
			at += step;
	}
	*len = at;
	return true;
}

static size_t count_stars(struct view text)
{
	size_t count = 0;

	while (count < text.len && text.ptr[count] == '*')
		count++;
	return count;
}

/* Copies `text` without its escapes; false (nothing of worth copied) if it has a wildcard. */
static bool unescape(uint8_t *out, struct view text, size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];

		if (byte == '*' || byte == '?' || byte == '[')
			return false;
		out[(*len)++] = byte == '\\' ? text.ptr[++i] : byte;
	}
	return true;
}

/* The stars at the end of `text` that are not escaped: all or none, as only the first can be. */
static size_t count_last_stars(struct view text)
{
	size_t stars = 0, backslashes = 0;

	while (stars < text.len && text.ptr[text.len - 1 - stars] == '*')
		stars++;
	while (stars + backslashes < text.len &&
	       text.ptr[text.len - 1 - stars - backslashes] == '\\')
		backslashes++;
	return stars - (stars && backslashes % 2);
}

/* Sorts a component by kind and puts its text at `offset`. */
static struct part make_part(struct glob *glob, struct view text, size_t offset)
{
	struct part part = { .offset = (uint16_t)offset };
	size_t first = count_stars(text), last = count_last_stars(text), len;
	uint8_t *out = glob->text + offset;

	if (first == text.len && first > 1) {
		part.kind = PART_ANY;
		return part;
	}
	if (unescape(out, view_of(text.ptr + first, text.len - first), &len)) {
		part.kind = first ? PART_SUFFIX : PART_NAME;
	} else if (!first && last && unescape(out, view_of(text.ptr, text.len - last), &len)) {
		part.kind = PART_PREFIX;
	} else {
		memcpy(out, text.ptr, text.len);
		part.kind = PART_WILD;
		len = text.len;
	}
	part.len = (uint16_t)len;
	return part;
}

static bool is_dots(const struct glob *glob, const struct part *part)
{
	struct view text = part_text(glob, part);

	return part->kind == PART_NAME &&
	       (view_equal(text, VIEW_LITERAL(".")) || view_equal(text, VIEW_LITERAL("..")));
}

static bool add_part(struct glob *glob, struct compile *compile, struct view text, size_t offset)
{
	struct part part;

	if (text.len == 0) {
		compile->reason = "has an empty component";
		return false;
	}
	part = make_part(glob, text, offset);
	if (is_dots(glob, &part)) {
		compile->reason = "has a component '.' or '..', which no path has";
		return false;
	}
	/* ** behind ** says nothing more */
	if (part.kind != PART_ANY || !glob->part_count ||
	    glob->parts[glob->part_count - 1].kind != PART_ANY)
		glob->parts[glob->part_count++] = part;
	return true;
}

static bool compile_parts(struct glob *glob, struct compile *compile)
{
	const uint8_t *start = compile->rest.ptr;
	size_t len, separator_len;

	do {
		struct view rest = compile->rest;

		if (!measure_component(compile, &len, &separator_len) ||
		    !add_part(glob, compile, view_of(rest.ptr, len), (size_t)(rest.ptr - start)))
			return false;
		len += separator_len;
		compile->rest = view_of(rest.ptr + len, rest.len - len);
	} while (separator_len);
	return true;
}

static size_t count_slashes(struct view text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '/';
	return count;
}

/* What of a pattern a message has room for, beside the reason. */
static struct view shown(struct view pattern)
{
	return view_of(pattern.ptr, pattern.len < 200 ? pattern.len : 200);
}

enum muster_code glob_new(struct glob **out, struct view pattern, struct muster_error *err)
{
	struct compile compile = { .rest = pattern };
	size_t part_max, parts_bytes;
	struct glob *glob;

	*out = NULL;
	if (pattern.len > GLOB_PATTERN_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a pattern of more than %d bytes",
				   GLOB_PATTERN_MAX_BYTES);
	part_max = count_slashes(pattern) + 1;
	parts_bytes = part_max * sizeof(struct part);
	glob = calloc(1, sizeof(*glob) + parts_bytes + pattern.len);
	if (!glob)
		return muster_fail_memory(err, "a pattern");
	glob->text = (uint8_t *)(glob->parts + part_max);
	if (!compile_parts(glob, &compile)) {
		free(glob);
		return muster_fail(err, MUSTER_E_USAGE, "pattern '%.*s' %s",
				   VIEW_ARGS(shown(pattern)), compile.reason);
	}
	*out = glob;
	return MUSTER_OK;
}

void glob_free(struct glob *glob)
{
	free(glob);
}
