/* used-by and logged-by: the runs beside a version. */
#include "cli/commands.h"
#include "cli/run_info.h"
#include "cli/version_info.h"

typedef enum muster_code find_fn(struct muster_repository *repository, const char *version,
				 muster_run_fn *fn, void *state, struct muster_error *err);

static enum muster_code list(struct cli *cli, find_fn *find, const char *none,
			     struct muster_error *err)
{
	struct run_table *table = NULL;
	enum muster_code code = cli_open(cli, false, err);

	if (!code)
		code = run_table_new(&table, cli, err);
	if (!code)
		code = find(cli->repository, cli_word(cli, 0), run_table_add, table, err);
	if (code == MUSTER_ABSENT)
		code = MUSTER_OK;
	if (!code && !table->count)
		cli_say(cli, "no run %s", none);
	run_table_free(table);
	return hint_names(cli, code);
}

static enum muster_code used_by(struct cli *cli, struct muster_error *err)
{
	return list(cli, muster_used_by, "used it", err);
}

static enum muster_code logged_by(struct cli *cli, struct muster_error *err)
{
	return list(cli, muster_logged_by, "logged it: it was made outside of a run", err);
}

const struct command command_used_by = {
	.name = "used-by",
	.summary = "the runs that used a version",
	.usage = "[options] VERSION",
	.description = "Prints the runs that used VERSION: it was got or checked out while "
		       "MUSTER_RUN held their ids, or 'muster run use' said so.",
	.examples = "muster used-by photos:v0\nmuster used-by photos --json",
	.word_min = 1,
	.word_max = 1,
	.run = used_by,
};

const struct command command_logged_by = {
	.name = "logged-by",
	.summary = "the run that made a version",
	.usage = "[options] VERSION",
	.description = "Prints the run that logged VERSION, if one did: the one that MUSTER_RUN "
		       "named when it was put or imported.",
	.examples = "muster logged-by photos:v0\nmuster logged-by photos --json",
	.word_min = 1,
	.word_max = 1,
	.run = logged_by,
};
