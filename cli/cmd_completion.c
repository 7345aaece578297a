#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/completion.h"
#include "cli/version_info.h"

/* A shell waits for names while a person waits for the shell: it rather gets none. */
#define NAMES_SECONDS 3
/* More than one looks at; a version behind it can be written all the same. */
#define NAMES_MAX 1000

/* Does `text` begin with `prefix`? */
static bool text_begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* --- the scripts ------------------------------------------------------------------------------ */

static const struct {
	const char *shell;
	void (*append)(struct bytes *out);
} scripts[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

static enum muster_code print_script(struct cli *cli, void (*append)(struct bytes *out),
				     struct muster_error *err)
{
	struct bytes text = { 0 };
	enum muster_code code;

	append(&text);
	code = output_bytes(&cli->output, bytes_view(&text), err);
	bytes_release(&text);
	return code;
}

/* --- names, which the scripts ask for: "completion artifacts|versions WORD" ------------------- */

struct names {
	struct cli *cli;
	const char *word;   /* what they begin with */
	const char *prefix; /* of versions: the artifact as it was typed */
	size_t count;	    /* of those printed */
	char last[COLLECTION_NAME_BYTES];
};

/* Standard error is for nobody here, and half of the names are worse than none. */
static void on_alarm(int signal_number)
{
	(void)signal_number;
	_exit(EXIT_STORE);
}

/* False when there are enough. */
static bool print_name(struct names *names, const char *name)
{
	bytes_append_text(output_begin(&names->cli->output), name, NULL);
	output_end(&names->cli->output, '\n');
	return ++names->count < NAMES_MAX;
}

/* As short as it may be written, or as long as it was begun to be. */
static bool on_collection(void *state, const struct muster_collection_info *info)
{
	struct names *names = state;
	char *name = names->last, other[COLLECTION_NAME_BYTES];

	collection_name(other, names->cli->repository, info);
	if (!text_begins(other, names->word))
		snprintf(other, sizeof(other), "%s/%s", info->project, info->name);
	if (!text_begins(other, names->word))
		snprintf(other, sizeof(other), "%s/%s/%s", info->entity, info->project, info->name);
	if (!text_begins(other, names->word))
		return true;
	memcpy(name, other, sizeof(other));
	return print_name(names, name);
}

static bool print_version(struct names *names, const char *alias)
{
	char version[COLLECTION_NAME_BYTES];

	snprintf(version, sizeof(version), "%s:%s", names->prefix, alias);
	return !text_begins(version, names->word) || print_name(names, version);
}

static bool on_version(void *state, const struct muster_version_info *info)
{
	struct names *names = state;
	char number[32];
	bool goes_on;

	snprintf(number, sizeof(number), "v%llu", (unsigned long long)info->number);
	goes_on = print_version(names, number);
	for (size_t i = 0; i < info->alias_count && goes_on; i++)
		goes_on = print_version(names, info->aliases[i]);
	return goes_on;
}

static enum muster_code print_versions(struct names *names, const char *artifact,
				       struct muster_error *err)
{
	names->prefix = artifact;
	return muster_versions(names->cli->repository, artifact, on_version, names, err);
}

/* "photos:be": the versions of photos. "pho": the artifacts, and the versions of the only one. */
static enum muster_code print_names(struct names *names, bool has_versions,
				    struct muster_error *err)
{
	const char *colon = strchr(names->word, ':');
	enum muster_code code;

	if (colon && !has_versions)
		return MUSTER_OK;
	if (colon) {
		snprintf(names->last, sizeof(names->last), "%.*s", (int)(colon - names->word),
			 names->word);
		return print_versions(names, names->last, err);
	}
	code = muster_collections(names->cli->repository, on_collection, names, err);
	if (!code && has_versions && names->count == 1)
		code = print_versions(names, names->last, err);
	return code;
}

static enum muster_code tell_names(struct cli *cli, bool has_versions, struct muster_error *err)
{
	struct names names = { .cli = cli, .word = cli_word(cli, 1) };
	enum muster_code code;

	signal(SIGALRM, on_alarm);
	alarm(NAMES_SECONDS);
	code = cli_open(cli, false, err);
	return code ? code : print_names(&names, has_versions, err);
}

/* --- */

static enum muster_code run(struct cli *cli, struct muster_error *err)
{
	const char *what = cli_word(cli, 0);

	if (cli->words.count == 2) {
		if (strcmp(what, "artifacts") == 0 || strcmp(what, "versions") == 0)
			return tell_names(cli, strcmp(what, "versions") == 0, err);
		return muster_fail(err, MUSTER_E_USAGE, "completion: '%s' is too much",
				   cli_word(cli, 1));
	}
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (strcmp(what, scripts[i].shell) == 0)
			return print_script(cli, scripts[i].append, err);
	return muster_fail(err, MUSTER_E_USAGE,
			   "completion: there is no script for '%s', but for bash, zsh and fish",
			   what);
}

const struct command command_completion = {
	.name = "completion",
	.summary = "a script that completes commands and names in a shell",
	.usage = "bash|zsh|fish",
	.description =
		"Prints a script that makes this shell complete commands, options and their "
		"values, "
		"files, and the artifacts and aliases of the repository that the line names. An "
		"installed muster has it where the shells look for it; the examples are for one "
		"that is not.",
	.examples = "muster completion fish >~/.config/fish/completions/muster.fish\n"
		    "source <(muster completion bash)    # in ~/.bashrc\n"
		    "source <(muster completion zsh)     # in ~/.zshrc, below compinit\n"
		    "muster completion bash >~/.local/share/bash-completion/completions/muster",
	.word_min = 1,
	.word_max = 2, /* the scripts ask for names: see above */
	.writes_bytes = true,
	.run = run,
};
