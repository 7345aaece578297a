#include "cli/option.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/text.h"
#include "cli/suggest.h"

/* An option that was found, and what it fills. */
struct found {
	const struct option_spec *spec;
	void *target;
};

struct parser {
	const struct option_request *request;
	size_t next; /* of argv */
	struct muster_error *err;
};

void option_list_release(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){ 0 };
}

void word_list_release(struct word_list *words)
{
	free(words->items);
	*words = (struct word_list){ 0 };
}

void options_release(const struct option_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->specs[i].kind == OPTION_LIST)
			option_list_release((void *)((char *)set->target + set->specs[i].offset));
}

/* Arrays double: their capacity is the power of two at or above the count. */
static void *grown(void *items, size_t count, size_t item_bytes)
{
	if (count & (count - 1))
		return items;
	return realloc(items, (count ? count * 2 : 1) * item_bytes); /* argv is finite */
}

static enum muster_code list_add(struct option_list *list, char tag, const char *text,
				 struct muster_error *err)
{
	struct option_item *items = grown(list->items, list->count, sizeof(*items));

	if (!items)
		return muster_fail_memory(err, "the options");
	list->items = items;
	list->items[list->count++] = (struct option_item){ tag, text };
	return MUSTER_OK;
}

static enum muster_code word_add(struct word_list *words, const char *text,
				 struct muster_error *err)
{
	const char **items = grown(words->items, words->count, sizeof(*items));

	if (!items)
		return muster_fail_memory(err, "the arguments");
	words->items = items;
	words->items[words->count++] = text;
	return MUSTER_OK;
}

static bool find_name(const struct parser *parser, struct view name, struct found *out)
{
	for (size_t i = 0; i < parser->request->set_count; i++) {
		const struct option_set *set = &parser->request->sets[i];

		for (size_t j = 0; j < set->count; j++) {
			if (!view_equal(view_text(set->specs[j].name), name))
				continue;
			*out = (struct found){ &set->specs[j], set->target };
			return true;
		}
	}
	return false;
}

static bool find_letter(const struct parser *parser, char letter, struct found *out)
{
	for (size_t i = 0; i < parser->request->set_count; i++) {
		const struct option_set *set = &parser->request->sets[i];

		for (size_t j = 0; j < set->count; j++) {
			const char *letters = set->specs[j].letters;

			if (!letters || !strchr(letters, letter))
				continue;
			*out = (struct found){ &set->specs[j], set->target };
			return true;
		}
	}
	return false;
}

static enum muster_code fail_unknown(const struct parser *parser, struct view name)
{
	struct suggestion nearest = { 0 };

	for (size_t i = 0; i < parser->request->set_count; i++)
		for (size_t j = 0; j < parser->request->sets[i].count; j++)
			suggestion_offer(&nearest, name, parser->request->sets[i].specs[j].name);
	if (nearest.text)
		return muster_fail(parser->err, MUSTER_E_USAGE,
				   "unknown option '--%.*s'; did you mean --%s?", VIEW_ARGS(name),
				   nearest.text);
	return muster_fail(parser->err, MUSTER_E_USAGE, "unknown option '--%.*s'", VIEW_ARGS(name));
}

static enum muster_code set_number(const struct option_spec *spec, uint64_t *out, const char *value,
				   struct muster_error *err)
{
	char low[TEXT_COUNT_BYTES], high[TEXT_COUNT_BYTES];
	uint64_t number;

	if (text_parse_u64(view_text(value), &number) && number >= spec->min &&
	    number <= spec->max) {
		*out = number;
		return MUSTER_OK;
	}
	return muster_fail(err, MUSTER_E_USAGE, "--%s: '%s' is not a number from %s to %s",
			   spec->name, value, text_count(low, spec->min),
			   text_count(high, spec->max));
}

static enum muster_code check_size(const struct option_spec *spec, uint64_t size_bytes,
				   const char *value, struct muster_error *err)
{
	char low[TEXT_SIZE_BYTES];

	if (size_bytes >= spec->min)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "--%s: '%s' is less than %s", spec->name, value,
			   text_size(low, spec->min));
}

static enum muster_code set_choice(const struct option_spec *spec, const char **out,
				   const char *value, struct muster_error *err)
{
	size_t len = strlen(value);

	for (const char *choice = spec->choices; *choice;) {
		size_t choice_len = strcspn(choice, "|");

		if (choice_len == len && memcmp(choice, value, len) == 0) {
			*out = value;
			return MUSTER_OK;
		}
		choice += choice_len + (choice[choice_len] == '|');
	}
	return muster_fail(err, MUSTER_E_USAGE, "--%s: '%s' is none of %s", spec->name, value,
			   spec->choices);
}

/* `value` is NULL for a flag only. */
static enum muster_code set_field(const struct found *found, const char *value,
				  struct muster_error *err)
{
	const struct option_spec *spec = found->spec;
	void *field = (char *)found->target + spec->offset;
	enum muster_code code = MUSTER_OK;

	assert(value || spec->kind == OPTION_FLAG);
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return MUSTER_OK;
	case OPTION_TEXT:
		*(const char **)field = value;
		return MUSTER_OK;
	case OPTION_LIST:
		return list_add(field, spec->tag, value, err);
	case OPTION_NUMBER:
		return set_number(spec, field, value, err);
	case OPTION_SIZE:
		code = text_parse_size(view_text(value), field, err);
		if (code)
			muster_context(err, "--%s", spec->name);
		return code ? code : check_size(spec, *(const uint64_t *)field, value, err);
	case OPTION_CHOICE:
		return set_choice(spec, field, value, err);
	}
	return code;
}

/* The value behind an option: what is written with it, or the next argument. */
static enum muster_code take_value(struct parser *parser, const struct option_spec *spec,
				   const char *attached, const char **out)
{
	*out = attached;
	if (attached)
		return MUSTER_OK;
	if (parser->next == parser->request->argc)
		return muster_fail(parser->err, MUSTER_E_USAGE,
				   "option --%s needs a value: --%s %s", spec->name, spec->name,
				   spec->value);
	*out = parser->request->argv[parser->next++];
	return MUSTER_OK;
}

static enum muster_code parse_long(struct parser *parser, const char *text)
{
	const char *equals = strchr(text, '='), *value = NULL;
	struct view name = equals ? view_of(text, (size_t)(equals - text)) : view_text(text);
	struct found found;
	enum muster_code code = MUSTER_OK;

	if (!find_name(parser, name, &found))
		return fail_unknown(parser, name);
	if (found.spec->kind == OPTION_FLAG && equals)
		return muster_fail(parser->err, MUSTER_E_USAGE, "option --%s takes no value",
				   found.spec->name);
	if (found.spec->kind != OPTION_FLAG)
		code = take_value(parser, found.spec, equals ? equals + 1 : NULL, &value);
	return code ? code : set_field(&found, value, parser->err);
}

/* "-qvn NAME" and "-qvnNAME" are the flags q and v and the option n. */
static enum muster_code parse_letters(struct parser *parser, const char *text)
{
	enum muster_code code = MUSTER_OK;

	while (*text && !code) {
		const char *value = NULL;
		struct found found;

		if (!find_letter(parser, *text, &found))
			return muster_fail(parser->err, MUSTER_E_USAGE, "unknown option '-%c'",
					   *text);
		text++;
		if (found.spec->kind != OPTION_FLAG) {
			code = take_value(parser, found.spec, *text ? text : NULL, &value);
			text = "";
		}
		if (!code)
			code = set_field(&found, value, parser->err);
	}
	return code;
}

enum muster_code options_parse(const struct option_request *request, struct word_list *words,
			       size_t *used, struct muster_error *err)
{
	struct parser parser = { .request = request, .err = err };
	bool only_words = false;
	enum muster_code code = MUSTER_OK;

	while (parser.next < request->argc && !code) {
		const char *text = request->argv[parser.next];
		bool is_word = only_words || text[0] != '-' || !text[1];

		if (is_word && request->stop_at_word)
			break;
		parser.next++;
		if (is_word)
			code = word_add(words, text, err);
		else if (strcmp(text, "--") == 0)
			only_words = true;
		else if (text[1] == '-')
			code = parse_long(&parser, text + 2);
		else
			code = parse_letters(&parser, text + 1);
	}
	*used = parser.next;
	return code;
}
