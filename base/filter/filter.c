#include "base/filter/filter.h"

#include <stdlib.h>

struct pattern {
	struct glob *glob;
	bool is_name; /* held against the last component only */
	bool is_negated;
	bool directories_only;
};

struct pattern_list {
	struct pattern *items;
	size_t count, cap;
};

struct filter {
	struct pattern_list include, exclude;
};

/** What a list says of one path. */
enum verdict { NO_VERDICT, MATCHED, NEGATED };

enum muster_code filter_new(struct filter **out, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? MUSTER_OK : muster_fail_memory(err, "a filter");
}

static void list_release(struct pattern_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		glob_free(list->items[i].glob);
	free(list->items);
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	list_release(&filter->include);
	list_release(&filter->exclude);
	free(filter);
}

static enum muster_code list_reserve(struct pattern_list *list, struct muster_error *err)
{
	size_t cap = list->cap ? list->cap * 2 : 8;
	struct pattern *items;

	if (list->count < list->cap)
		return MUSTER_OK;
	items = realloc(list->items, cap * sizeof(*items));
	if (!items)
		return muster_fail_memory(err, "patterns");
	list->items = items;
	list->cap = cap;
	return MUSTER_OK;
}

/* Takes the marks off a pattern and compiles the rest. */
static enum muster_code pattern_parse(struct pattern *out, struct view text,
				      struct muster_error *err)
{
	struct view rest = text;
	bool is_anchored = false;
	enum muster_code code;

	*out = (struct pattern){ 0 };
	if (rest.len && rest.ptr[0] == '!') {
		out->is_negated = true;
		rest = view_of(rest.ptr + 1, rest.len - 1);
	}
	if (rest.len && rest.ptr[rest.len - 1] == '/') {
		out->directories_only = true;
		rest.len--;
	}
	if (rest.len && rest.ptr[0] == '/') {
		is_anchored = true;
		rest = view_of(rest.ptr + 1, rest.len - 1);
	}
	if (rest.len == 0)
		return muster_fail(err, MUSTER_E_USAGE, "pattern '%.*s' names nothing",
				   VIEW_ARGS(text));
	code = glob_new(&out->glob, rest, err);
	if (!code)
		out->is_name = !is_anchored && glob_is_name(out->glob);
	return code;
}

enum muster_code filter_add(struct filter *filter, struct view pattern, enum filter_kind kind,
			    struct muster_error *err)
{
	struct pattern_list *list = kind == FILTER_INCLUDE ? &filter->include : &filter->exclude;
	enum muster_code code;

	if (filter->include.count + filter->exclude.count == FILTER_PATTERNS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "more than %d patterns",
				   FILTER_PATTERNS_MAX);
	code = list_reserve(list, err);
	if (!code)
		code = pattern_parse(&list->items[list->count], pattern, err);
	if (!code)
		list->count++;
	return code;
}

static struct view trim_line(struct view line)
{
	size_t len = 0;

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	/* up to the last byte that is no space, or is an escaped one */
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '\\')
			i++;
		else if (line.ptr[i] == ' ')
			continue;
		len = i + 1;
	}
	return view_of(line.ptr, len < line.len ? len : line.len);
}

static struct view take_line(struct view *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	struct view line = view_of(text->ptr, len);

	len += end != NULL;
	*text = view_of(text->ptr + len, text->len - len);
	return line;
}

enum muster_code filter_add_file_text(struct filter *filter, struct view text,
				      struct muster_error *err)
{
	struct view mark = VIEW_LITERAL("\xef\xbb\xbf");
	size_t number = 0;

	if (view_starts_with(text, mark))
		text = view_of(text.ptr + mark.len, text.len - mark.len);
	while (text.len) {
		struct view line = trim_line(take_line(&text));
		enum muster_code code;

		number++;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		code = filter_add(filter, line, FILTER_EXCLUDE, err);
		if (code) {
			muster_context(err, "line %zu", number);
			return code;
		}
	}
	return MUSTER_OK;
}

static struct view last_component(struct view path)
{
	const uint8_t *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	size_t at = slash ? (size_t)(slash - path.ptr) + 1 : 0;

	return view_of(path.ptr + at, path.len - at);
}

static enum verdict list_judge(const struct pattern_list *list, struct view path, bool is_directory)
{
	struct view name = last_component(path);

	for (size_t i = list->count; i-- > 0;) {
		const struct pattern *pattern = &list->items[i];

		if (pattern->directories_only && !is_directory)
			continue;
		if (glob_match(pattern->glob, pattern->is_name ? name : path))
			return pattern->is_negated ? NEGATED : MATCHED;
	}
	return NO_VERDICT;
}

static bool is_included(const struct pattern_list *list, struct view path)
{
	bool is_directory = false;

	while (path.len) {
		enum verdict verdict = list_judge(list, path, is_directory);
		struct view name = last_component(path);

		if (verdict)
			return verdict == MATCHED;
		path.len -= name.len;
		if (path.len)
			path.len--; /* the '/' */
		is_directory = true;
	}
	return false;
}

/* Is a directory above `path` excluded? */
static bool is_below_excluded(const struct pattern_list *list, struct view path)
{
	for (size_t len = 0; len < path.len; len++)
		if (path.ptr[len] == '/' &&
		    list_judge(list, view_of(path.ptr, len), true) == MATCHED)
			return true;
	return false;
}

bool filter_wants_in_walk(const void *filter, struct view path, bool is_directory)
{
	const struct filter *self = filter;

	if (self->exclude.count && list_judge(&self->exclude, path, is_directory) == MATCHED)
		return false;
	return is_directory || !self->include.count || is_included(&self->include, path);
}

bool filter_wants(const struct filter *filter, struct view path, bool is_directory)
{
	if (filter->exclude.count && is_below_excluded(&filter->exclude, path))
		return false;
	return filter_wants_in_walk(filter, path, is_directory);
}
