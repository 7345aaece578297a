/**
 * option - one parser for every option of every command, driven by tables.
 *
 * Forms:   --name VALUE, --name=VALUE, -n VALUE, -nVALUE, several flags as -qv; "--" ends the
 *          options; "-" is a word. Names are not abbreviated: a script means what it says even when
 *          a later version has more options.
 * Memory:  lists and words are gathered in arrays; their texts are lent by argv.
 * Threads: one, at the start of the program.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *; the last one given counts */
	OPTION_LIST,   /* struct option_list; all count, in the order given */
	OPTION_NUMBER, /* uint64_t, min to max */
	OPTION_SIZE,   /* uint64_t, as text_parse_size() reads it */
	OPTION_CHOICE, /* const char *, one of `choices` */
};

/** One option: how it is written, and which field of which kind it fills. */
struct option_spec {
	const char *letters; /* the first is shown in help; NULL: none */
	const char *name;    /* without "--" */
	enum option_kind kind;
	char tag;      /* OPTION_LIST: which option an item came from, if several share a list */
	size_t offset; /* of the field in the struct that is filled */
	const char *value; /* what help calls the value; NULL for a flag */
	const char *help;
	uint64_t min, max;   /* OPTION_NUMBER; OPTION_SIZE has a min only */
	const char *choices; /* OPTION_CHOICE: "a|b|c" */
};

struct option_item {
	char tag;
	const char *text;
};

struct option_list {
	struct option_item *items;
	size_t count;
};

void option_list_release(struct option_list *list);

/** Options that are accepted together, and the struct that they fill. */
struct option_set {
	const struct option_spec *specs;
	size_t count;
	void *target;
};

/** What is no option. */
struct word_list {
	const char **items;
	size_t count;
};

void word_list_release(struct word_list *words);

struct option_request {
	const struct option_set *sets;
	size_t set_count;
	char **argv; /* `argc` of them */
	size_t argc;
	bool stop_at_word; /* the first word ends it, and is not taken */
};

/** Fill the targets and `words`. `*used` is how many of argv were taken.
 *  Errors: MUSTER_E_USAGE naming the option, with the nearest one if it is unknown. */
enum muster_code options_parse(const struct option_request *request, struct word_list *words,
			       size_t *used, struct muster_error *err);

/** Free the lists that options_parse() filled. */
void options_release(const struct option_set *set);

#endif
