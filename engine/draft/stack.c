#include "engine/draft/stack.h"

static const struct version_reader_options with_placement = { .with_placement = true };

void stack_init(struct stack *stack, struct store *store, const struct part_stack *parts)
{
	*stack = (struct stack){ .store = store, .parts = parts };
}

void stack_release(struct stack *stack)
{
	version_reader_close(stack->version);
	version_reader_close(stack->part);
	*stack = (struct stack){ 0 };
}

enum muster_code path_each_above(struct view path, path_above_fn *fn, void *state,
				 struct muster_error *err)
{
	enum muster_code code = MUSTER_ABSENT;

	/* The last byte is no end of a directory above: "a/" itself is not above "a/". */
	for (size_t i = 0; i + 1 < path.len && code == MUSTER_ABSENT; i++)
		if (path.ptr[i] == '/')
			code = fn(state, view_of(path.ptr, i + 1), err);
	return code;
}

static enum muster_code find_above(void *state, struct view directory, struct muster_error *err)
{
	struct entry entry;

	return version_reader_find(state, directory, &entry, err);
}

/* Does the part remove the path, or a directory above it? MUSTER_ABSENT: it does not. */
static enum muster_code is_removed(struct stack *stack, const struct part_content *part,
				   struct view path, struct muster_error *err)
{
	struct version_reader *removed = NULL;
	struct entry entry;
	enum muster_code code;

	if (!part->has_removed)
		return MUSTER_ABSENT;
	code = version_reader_open(&removed, stack->store, &part->removed, NULL, err);
	if (!code)
		code = version_reader_find(removed, path, &entry, err);
	if (code == MUSTER_ABSENT)
		code = path_each_above(path, find_above, removed, err);
	version_reader_close(removed);
	return code;
}

static enum muster_code open_part(struct stack *stack, const struct part_content *part,
				  struct muster_error *err)
{
	version_reader_close(stack->part);
	stack->part = NULL;
	if (!part->has_added)
		return MUSTER_ABSENT;
	return version_reader_open(&stack->part, stack->store, &part->added, &with_placement, err);
}

static enum muster_code need_version(struct stack *stack, struct muster_error *err)
{
	if (!stack->parts->version)
		return MUSTER_ABSENT;
	if (stack->version)
		return MUSTER_OK;
	return version_reader_open(&stack->version, stack->store, stack->parts->version,
				   &with_placement, err);
}

enum muster_code stack_find(struct stack *stack, struct view path, struct entry *out,
			    struct muster_error *err)
{
	enum muster_code code;

	for (size_t i = stack->parts->part_count; i-- > 0;) {
		const struct part_content *part = &stack->parts->parts[i];

		code = open_part(stack, part, err);
		if (!code)
			code = version_reader_find(stack->part, path, out, err);
		if (code != MUSTER_ABSENT)
			return code;
		code = is_removed(stack, part, path, err);
		if (code != MUSTER_ABSENT)
			return code ? code : MUSTER_ABSENT;
	}
	code = need_version(stack, err);
	return code ? code : version_reader_find(stack->version, path, out, err);
}

/* Does one of the parts above the layer remove it? */
static enum muster_code is_hidden(struct stack *stack, size_t layer, struct view path,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_ABSENT;

	for (size_t i = stack->parts->part_count; i-- > layer && code == MUSTER_ABSENT;)
		code = is_removed(stack, &stack->parts->parts[i], path, err);
	return code;
}

/* `layer`: how many parts are beneath what stands above it. MUSTER_ABSENT: none is to be seen. */
static enum muster_code look_beneath(struct stack *stack, struct version_reader *reader,
				     size_t layer, struct view directory, struct muster_error *err)
{
	enum muster_code code = is_hidden(stack, layer, directory, err);
	struct entry entry;

	if (code != MUSTER_ABSENT) /* all of it is */
		return code ? code : MUSTER_ABSENT;
	version_reader_seek(reader, directory);
	while (!(code = version_reader_next(reader, &entry, err))) {
		if (entry.path.len < directory.len ||
		    memcmp(entry.path.ptr, directory.ptr, directory.len) != 0)
			return MUSTER_ABSENT;
		code = is_hidden(stack, layer, entry.path, err);
		if (code)
			return code == MUSTER_ABSENT ? MUSTER_OK : code;
	}
	return code == MUSTER_END ? MUSTER_ABSENT : code;
}

enum muster_code stack_has_beneath(struct stack *stack, struct view directory, bool *out,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_ABSENT;

	for (size_t i = stack->parts->part_count; i-- > 0 && code == MUSTER_ABSENT;) {
		code = open_part(stack, &stack->parts->parts[i], err);
		if (!code)
			code = look_beneath(stack, stack->part, i + 1, directory, err);
	}
	if (code == MUSTER_ABSENT)
		code = need_version(stack, err);
	else if (!code) {
		*out = true;
		return MUSTER_OK;
	}
	if (!code)
		code = look_beneath(stack, stack->version, 0, directory, err);
	*out = code == MUSTER_OK;
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}
