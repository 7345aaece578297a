/*
 * One component of a pattern on one name.
 *
 * Only the last '*' is ever tried again: where it matched less, all that an earlier one could do by
 * matching more can be done by this one. So each pair of a place in the pattern and one in the name
 * is seen at most once for each place of the last '*'.
 */
#include "base/filter/glob_internal.h"

#include "base/text/utf8.h"

/* A byte that is not UTF-8 counts as a character of its own, beyond Unicode. */
#define NOT_UTF8 0x110000u

static size_t take_point(struct view text, uint32_t *point)
{
	size_t len = utf8_decode(text, point);

	if (len)
		return len;
	*point = NOT_UTF8 + text.ptr[0];
	return 1;
}

static struct view view_from(struct view text, size_t at)
{
	return view_of(text.ptr + at, text.len - at);
}

static bool is_between(uint32_t point, char first, char last)
{
	return point >= (uint32_t)first && point <= (uint32_t)last;
}

static bool is_alpha(uint32_t point)
{
	return is_between(point | 0x20, 'a', 'z') && point < 0x80;
}

static bool is_digit(uint32_t point)
{
	return is_between(point, '0', '9');
}

static bool is_alnum(uint32_t point)
{
	return is_alpha(point) || is_digit(point);
}

static bool is_blank(uint32_t point)
{
	return point == ' ' || point == '\t';
}

static bool is_cntrl(uint32_t point)
{
	return point < 0x20 || point == 0x7f;
}

static bool is_graph(uint32_t point)
{
	return is_between(point, '!', '~');
}

static bool is_lower(uint32_t point)
{
	return is_between(point, 'a', 'z');
}

static bool is_print(uint32_t point)
{
	return is_between(point, ' ', '~');
}

static bool is_punct(uint32_t point)
{
	return is_graph(point) && !is_alnum(point);
}

static bool is_space(uint32_t point)
{
	return point == ' ' || is_between(point, '\t', '\r');
}

static bool is_upper(uint32_t point)
{
	return is_between(point, 'A', 'Z');
}

static bool is_xdigit(uint32_t point)
{
	return is_digit(point) || is_between(point, 'a', 'f') || is_between(point, 'A', 'F');
}

typedef bool class_fn(uint32_t point);

/* NULL if there is no such class. */
static class_fn *find_class(struct view name)
{
	static const struct {
		const char *name;
		class_fn *is_in;
	} classes[] = {
		{ "alnum", is_alnum }, { "alpha", is_alpha }, { "blank", is_blank },
		{ "cntrl", is_cntrl }, { "digit", is_digit }, { "graph", is_graph },
		{ "lower", is_lower }, { "print", is_print }, { "punct", is_punct },
		{ "space", is_space }, { "upper", is_upper }, { "xdigit", is_xdigit },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (view_equal(name, view_text(classes[i].name)))
			return classes[i].is_in;
	return NULL;
}

/** What stands between the brackets, one piece of it: a class, a range, or one character. */
struct set_item {
	class_fn *is_in; /* if it is a class */
	uint32_t first, last;
};

/* "[:name:]" at the front of `text`: its length, 0 if it is none. */
static size_t take_class(struct view text, struct view *name)
{
	const uint8_t *end;
	size_t len;

	if (text.len < 2 || text.ptr[1] != ':')
		return 0;
	end = memchr(text.ptr + 2, ']', text.len - 2);
	len = end ? (size_t)(end - text.ptr) : 0;
	if (len < 3 || text.ptr[len - 1] != ':')
		return 0;
	*name = view_of(text.ptr + 2, len - 3);
	return len + 1;
}

/* One character, maybe escaped, at the front of `text`: its length, 0 if nothing is left. */
static size_t take_member(struct view text, uint32_t *point)
{
	size_t skip = text.len && text.ptr[0] == '\\';

	if (text.len == skip)
		return 0;
	return skip + take_point(view_from(text, skip), point);
}

/* The length of the item at the front of `text`; 0 and a reason if it is none. */
static size_t take_item(struct view text, struct set_item *item, const char **reason)
{
	struct view name;
	size_t len, more;

	*item = (struct set_item){ 0 };
	len = text.len && text.ptr[0] == '[' ? take_class(text, &name) : 0;
	if (len) {
		item->is_in = find_class(name);
		*reason = "has an unknown [:class:]";
		return item->is_in ? len : 0;
	}
	*reason = "has a '[' without its ']'";
	len = take_member(text, &item->first);
	item->last = item->first;
	if (!len || text.len < len + 2 || text.ptr[len] != '-' || text.ptr[len + 1] == ']')
		return len;
	more = take_member(view_from(text, len + 1), &item->last);
	return more ? len + 1 + more : 0;
}

/* Where the items of a set begin: behind the bracket and a negation. */
static size_t set_start(struct view set)
{
	return set.len > 1 && (set.ptr[1] == '!' || set.ptr[1] == '^') ? 2 : 1;
}

size_t glob_set_len(struct view pattern, const char **reason)
{
	size_t at = set_start(pattern);

	do { /* a ']' at the front is a member */
		struct set_item item;
		size_t len = take_item(view_from(pattern, at), &item, reason);

		if (!len)
			return 0;
		at += len;
	} while (at < pattern.len && pattern.ptr[at] != ']');
	*reason = "has a '[' without its ']'";
	return at < pattern.len ? at + 1 : 0;
}

bool glob_set_match(struct view set, uint32_t point)
{
	size_t start = set_start(set);
	struct view rest = view_of(set.ptr + start, set.len - start - 1);
	bool is_in = false;

	while (rest.len && !is_in) {
		const char *reason;
		struct set_item item;
		/* the ']' stays in sight, as it ends a range: [a-] */
		size_t len = take_item(view_of(rest.ptr, rest.len + 1), &item, &reason);

		is_in = item.is_in ? item.is_in(point) : point >= item.first && point <= item.last;
		rest = view_from(rest, len);
	}
	return is_in == (start == 1);
}

/** How far a match has come: what is left of both. */
struct match {
	struct view pattern, name;
};

/* One element of the pattern that is no '*' on the front of the name; takes both if it matches. */
static bool match_element(struct match *match)
{
	struct view pattern = match->pattern, name = match->name;
	uint32_t point = 0;
	size_t len = 1, point_len = 1;
	const char *reason;
	bool is_match;

	switch (pattern.ptr[0]) {
	case '?':
		point_len = take_point(name, &point);
		is_match = true;
		break;
	case '[':
		point_len = take_point(name, &point);
		len = glob_set_len(pattern, &reason);
		is_match = glob_set_match(view_of(pattern.ptr, len), point);
		break;
	case '\\':
		is_match = pattern.ptr[1] == name.ptr[0];
		len = 2;
		break;
	default:
		is_match = pattern.ptr[0] == name.ptr[0];
		break;
	}
	if (!is_match)
		return false;
	match->pattern = view_from(pattern, len);
	match->name = view_from(name, point_len);
	return true;
}

static bool take_star(struct match *match)
{
	if (match->pattern.len == 0 || match->pattern.ptr[0] != '*')
		return false;
	match->pattern = view_from(match->pattern, 1);
	return true;
}

bool glob_name_match(struct view pattern, struct view name)
{
	struct match match = { pattern, name };
	struct match retry = { { 0 },
			       { 0 } }; /* behind the last '*', with what it left of the name */
	bool can_retry = false;

	while (match.name.len) {
		uint32_t point;

		if (take_star(&match)) {
			retry = match;
			can_retry = true;
		} else if (match.pattern.len == 0 || !match_element(&match)) {
			if (!can_retry)
				return false;
			retry.name = view_from(retry.name, take_point(retry.name, &point));
			match = retry;
		}
	}
	while (take_star(&match))
		;
	return match.pattern.len == 0;
}
