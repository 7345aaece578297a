#include "cli/completion.h"

#include <assert.h>
#include <stdio.h>

#include "cli/help.h"

/* What help calls a value, and what completes it. */
static const struct {
	const char *name;
	unsigned kinds;
} values[] = {
	{ "A", COMPLETE_VERSIONS | COMPLETE_DIRECTORIES },
	{ "ALIAS", 0 },
	{ "B", COMPLETE_VERSIONS | COMPLETE_DIRECTORIES },
	{ "COMMAND", COMPLETE_COMMANDS },
	{ "DAYS", 0 },
	{ "DIR", COMPLETE_DIRECTORIES },
	{ "ENTITY", COMPLETE_PLACE },
	{ "ENTRY", 0 },
	{ "FILE", COMPLETE_FILES },
	{ "FORMAT", 0 },
	{ "HEX", 0 },
	{ "ID", 0 },
	{ "JSON", COMPLETE_NAMED_FILES },
	{ "N", 0 },
	{ "NAME", COMPLETE_ARTIFACTS },
	{ "NAME:ALIAS", COMPLETE_VERSIONS },
	{ "NAME=PATH", COMPLETE_NAMED_FILES },
	{ "PATH", COMPLETE_FILES },
	{ "PATTERN", 0 },
	{ "PREFIX", 0 },
	{ "PROJECT", COMPLETE_PLACE },
	{ "RUN", 0 },
	{ "SHARD", 0 },
	{ "SIZE", 0 },
	{ "TAG", 0 },
	{ "TEXT", 0 },
	{ "TO", COMPLETE_DIRECTORIES },
	{ "TYPE", 0 },
	{ "URL", COMPLETE_DIRECTORIES | COMPLETE_PLACE },
	{ "VERSION", COMPLETE_VERSIONS },
};

/* Names of enum completion_kind in its order. */
static const char *const kind_names[] = { "files",    "directories", "named-files", "artifacts",
					  "versions", "commands",    "place" };

static unsigned kinds_of(struct view name)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (view_equal(view_text(values[i].name), name))
			return values[i].kinds;
	assert(!"a value that help names has a row above");
	return 0;
}

/* "a|b" as "a b", behind what is there. */
static void add_fixed(struct completion_value *value, struct view choices)
{
	size_t len = strlen(value->fixed);

	assert(len + 1 + choices.len < sizeof(value->fixed));
	if (len)
		value->fixed[len++] = ' ';
	for (size_t i = 0; i < choices.len; i++)
		value->fixed[len + i] = choices.ptr[i] == '|' ? ' ' : (char)choices.ptr[i];
	value->fixed[len + choices.len] = '\0';
}

struct completion_value completion_of_option(const struct option_spec *spec)
{
	struct completion_value value = { .name = view_text(spec->value) };

	if (spec->kind == OPTION_CHOICE)
		add_fixed(&value, view_text(spec->choices));
	else
		value.kinds = kinds_of(value.name);
	return value;
}

const struct option_spec *completion_option(const struct command *command, size_t index)
{
	if (index < command->option_count)
		return &command->options[index];
	index -= command->option_count;
	return index < global_spec_count ? &global_specs[index] : NULL;
}

const struct command *completion_command(size_t index)
{
	for (size_t i = 0; i < command_group_count; i++)
		for (size_t j = 0; command_groups[i].commands[j]; j++)
			if (index-- == 0)
				return command_groups[i].commands[j];
	return NULL;
}

/* Is `text` an option of usage ("-n", "--from") that takes a value? */
static bool takes_value(const struct command *command, struct view text)
{
	const struct option_spec *spec;

	for (size_t i = 0; (spec = completion_option(command, i)); i++) {
		bool is_letter = text.ptr[1] != '-';

		if (is_letter ? spec->letters && strchr(spec->letters, text.ptr[1])
			      : view_equal(view_of(text.ptr + 2, text.len - 2),
					   view_text(spec->name)))
			return spec->kind != OPTION_FLAG;
	}
	return false;
}

/* The next part of a line of usage, without brackets and dots; false at the end of the line. */
static bool next_part(const char **at, struct view *out)
{
	size_t len = strcspn(*at, " \n");
	const char *begin = *at + (**at == '[');

	*at += len + ((*at)[len] == ' ');
	*out = view_of(begin, strcspn(begin, " \n]."));
	return len > 0;
}

/* The word at `index` of the line of usage at `at`, which is neither an option nor its value. */
static bool word_of_line(const struct command *command, const char *at, size_t index,
			 struct view *out)
{
	bool is_value = false;

	while (next_part(&at, out)) {
		if (is_value) {
			is_value = false;
		} else if (out->ptr[0] == '-') {
			is_value = takes_value(command, *out);
		} else if (!view_equal(*out, VIEW_LITERAL("options")) && index-- == 0) {
			return true;
		}
	}
	return false;
}

static bool has_fixed(const struct completion_value *value, struct view word)
{
	for (const char *at = value->fixed; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (view_equal(view_of(at, len), word))
			return true;
		at += len;
	}
	return false;
}

/* "VERSION", "bash|zsh|fish", "DAYS|inherit": what is in small letters is a word itself. */
static void add_word(struct completion_value *value, struct view words)
{
	if (!value->name.len)
		value->name = words;
	while (words.len) {
		const uint8_t *bar = memchr(words.ptr, '|', words.len);
		struct view word = view_of(words.ptr, bar ? (size_t)(bar - words.ptr) : words.len);
		bool is_itself = word.ptr[0] >= 'a' && word.ptr[0] <= 'z';

		if (!is_itself)
			value->kinds |= kinds_of(word);
		else if (!has_fixed(value, word))
			add_fixed(value, word);
		words = bar ? view_of(bar + 1, words.len - word.len - 1) : (struct view){ 0 };
	}
}

bool completion_of_word(const struct command *command, size_t index, struct completion_value *out)
{
	const char *line = command->usage;

	*out = (struct completion_value){ 0 };
	while (*line) {
		size_t len = strcspn(line, "\n");
		struct view word;

		if (word_of_line(command, line, index, &word))
			add_word(out, word);
		line += len + (line[len] == '\n');
	}
	if (out->kinds & COMPLETE_VERSIONS)
		out->kinds &= ~(unsigned)COMPLETE_ARTIFACTS; /* they are among them */
	return out->name.len > 0;
}

bool completion_repeats(const struct command *command, size_t index)
{
	struct completion_value next;

	return command->word_max == ANY_WORDS && !completion_of_word(command, index + 1, &next);
}

void completion_append_kinds(struct bytes *out, unsigned kinds)
{
	const char *between = "";

	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (!(kinds & 1u << i))
			continue;
		bytes_append_text(out, between, NULL);
		bytes_append_text(out, kind_names[i], NULL);
		between = " ";
	}
}

void completion_append_script(struct bytes *out, const char *text,
			      void (*append_tables)(struct bytes *out))
{
	static const char mark[] = "# (tables)\n";
	const char *found = strstr(text, mark);

	assert(found);
	bytes_append(out, text, (size_t)(found - text), NULL);
	append_tables(out);
	bytes_append_text(out, found + strlen(mark), NULL);
}
