/*
 * change_driver - changes names and links in a local repository, and dies where it is told to.
 *
 *	change_driver make REPOSITORY NAME                        an artifact without versions
 *	change_driver rename REPOSITORY NAME NEW-NAME
 *	change_driver link REPOSITORY NAME NUMBER PORTFOLIO ALIAS
 *	change_driver unlink REPOSITORY PORTFOLIO NUMBER
 *	change_driver names REPOSITORY                            what each name means
 *
 * Behind them [--at N [--after]]: the process ends with code 99 at the N-th effect on the store,
 * before or after it was applied. All print one JSON object; the code is 0, or 1 when something
 * failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/json.h"
#include "engine/repository/collection.h"
#include "tests/faults/struck.h"

#define WORDS_MAX 6

struct arguments {
	const char *words[WORDS_MAX]; /* the command, the repository, and what else it takes */
	int count;
	struct struck_options struck;
};

static void usage(void)
{
	fprintf(stderr, "usage: see tests/faults/change_driver.c\n");
	exit(2);
}

static struct arguments parse(int argc, char **argv)
{
	struct arguments out = { 0 };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--after") == 0)
			out.struck.after = true;
		else if (strcmp(argv[i], "--at") == 0 && i + 1 < argc)
			out.struck.at = strtoull(argv[++i], NULL, 10);
		else if (out.count < WORDS_MAX)
			out.words[out.count++] = argv[i];
		else
			usage();
	}
	if (out.count < 2)
		usage();
	return out;
}

static struct collection_name name_of(const char *name)
{
	return (struct collection_name){ VIEW_LITERAL("me"), VIEW_LITERAL("faults"),
					 view_text(name) };
}

/* As collection_open(). */
static enum muster_code open_named(struct repository *repository, const char *name,
				   const char *type, struct collection **out,
				   struct muster_error *err)
{
	struct collection_name full = name_of(name);

	return collection_open(out, repository, &full, type, err);
}

/* --- changes --------------------------------------------------------------------------------- */

static enum muster_code make(struct repository *repository, const char *const *words,
			     struct muster_error *err)
{
	struct collection *collection = NULL;
	enum muster_code code = open_named(repository, words[0], "", &collection, err);

	collection_close(collection);
	return code;
}

static enum muster_code rename_it(struct repository *repository, const char *const *words,
				  struct muster_error *err)
{
	struct collection_name to = name_of(words[1]);
	struct collection *collection = NULL;
	enum muster_code code = open_named(repository, words[0], NULL, &collection, err);

	if (!code)
		code = collection_rename(collection, &to, err);
	collection_close(collection);
	return code;
}

static enum muster_code link_it(struct repository *repository, const char *const *words,
				struct muster_error *err)
{
	struct collection_name to = name_of(words[2]);
	struct collection *from = NULL, *portfolio = NULL;
	struct link_request request = { .version = strtoull(words[1], NULL, 10),
					.aliases = &words[3],
					.alias_count = 1 };
	struct link_result result;
	enum muster_code code = open_named(repository, words[0], NULL, &from, err);

	if (!code)
		code = collection_open_or_intend(&portfolio, repository, &to, "", err);
	request.from = from;
	if (!code)
		code = collection_link(portfolio, &request, &result, err);
	collection_close(portfolio);
	collection_close(from);
	return code;
}

static enum muster_code unlink_it(struct repository *repository, const char *const *words,
				  struct muster_error *err)
{
	struct collection *portfolio = NULL;
	enum muster_code code = open_named(repository, words[0], NULL, &portfolio, err);

	if (!code)
		code = collection_delete_version(portfolio, strtoull(words[1], NULL, 10), true,
						 err);
	collection_close(portfolio);
	return code;
}

static const struct {
	const char *command;
	int word_count;
	enum muster_code (*run)(struct repository *repository, const char *const *words,
				struct muster_error *err);
} changes[] = {
	{ "make", 1, make },
	{ "rename", 2, rename_it },
	{ "link", 4, link_it },
	{ "unlink", 2, unlink_it },
};

/* --- what each name means -------------------------------------------------------------------- */

static void write_versions(struct json_writer *json, const struct collection_state *state)
{
	json_write_key(json, "versions");
	json_write_object_begin(json);
	for (size_t i = 0; i < state->version_count; i++) {
		const struct version *version = &state->versions[i];
		char number[24];

		if (version->is_deleted)
			continue;
		snprintf(number, sizeof(number), "v%zu", i);
		json_write_key(json, number);
		json_write_string(json, version->source.name); /* "": it is no link */
	}
	json_write_object_end(json);
	json_write_key(json, "aliases");
	json_write_object_begin(json);
	for (size_t i = 0; i < state->alias_count; i++) {
		json_write_key_view(json, state->aliases[i].name);
		json_write_u64(json, state->aliases[i].version);
	}
	json_write_object_end(json);
}

struct telling {
	struct repository *repository;
	struct json_writer json;
};

/* A name that is bound, and means nothing, is passed over, as a listing does. */
static enum muster_code tell_name(void *state, const struct collection_listing *listing,
				  struct muster_error *err)
{
	struct telling *telling = state;
	struct collection_name name = { listing->entity, listing->project, listing->name };
	struct collection *collection = NULL;
	enum muster_code code = collection_open(&collection, telling->repository, &name, NULL, err);

	if (code)
		return code == MUSTER_E_NAME ? MUSTER_OK : code;
	json_write_key_view(&telling->json, listing->name);
	json_write_object_begin(&telling->json);
	json_write_key(&telling->json, "log");
	json_write_text(&telling->json, collection_log_name(collection));
	write_versions(&telling->json, collection_versions(collection));
	json_write_object_end(&telling->json);
	collection_close(collection);
	return MUSTER_OK;
}

static enum muster_code tell_names(struct repository *repository, struct muster_error *err)
{
	static const struct view all = { 0 };
	struct bytes text = { 0 };
	struct telling telling = { .repository = repository, .json.out = &text };
	enum muster_code code;

	json_write_object_begin(&telling.json);
	code = repository_collections(repository, all, all, tell_name, &telling, err);
	json_write_object_end(&telling.json);
	if (!code)
		printf("%.*s\n", VIEW_ARGS(bytes_view(&text)));
	bytes_release(&text);
	return code;
}

/* --- the command ----------------------------------------------------------------------------- */

static int run(const struct arguments *arguments, struct repository *repository,
	       struct muster_error *err)
{
	if (strcmp(arguments->words[0], "names") == 0)
		return tell_names(repository, err) ? struck_say_failure(err) : 0;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (strcmp(changes[i].command, arguments->words[0]) != 0 ||
		    changes[i].word_count != arguments->count - 2)
			continue;
		if (changes[i].run(repository, arguments->words + 2, err))
			return struck_say_failure(err);
		printf("{\"code\": 0}\n");
		return 0;
	}
	usage();
	return 2;
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse(argc, argv);
	struct muster_error err = { 0 };
	struct struck struck = { 0 };
	int answer;

	if (struck_open(&struck, arguments.words[1], &arguments.struck, &err))
		answer = struck_say_failure(&err);
	else
		answer = run(&arguments, struck.repository, &err);
	struck_close(&struck);
	return answer;
}
