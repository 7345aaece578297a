/* Runs, and what they used and logged, told one by one. */
#include "engine/lineage/lineage.h"

#include "base/text/encode.h"
#include "engine/lineage/finder.h"
#include "engine/look/named_version.h"

struct run_teller {
	struct repository *repository;
	muster_run_fn *fn;
	void *state;
};

/* The texts of a run, each with a NUL behind it. */
struct run_texts {
	struct bytes text;
	size_t at[7];
};

static enum muster_code add_text(struct run_texts *texts, size_t index, struct view text,
				 struct muster_error *err)
{
	enum muster_code code;

	texts->at[index] = texts->text.len;
	code = bytes_append_view(&texts->text, text, err);
	return code ? code : bytes_append_byte(&texts->text, '\0', err);
}

/* Of one that goes on, or is dead: nobody else can tell. */
static enum muster_code last_ms(const struct run_teller *teller, const struct run *run,
				uint64_t *out, struct muster_error *err)
{
	enum muster_code code;

	*out = run->finished_ms;
	if (run->is_finished)
		return MUSTER_OK;
	code = run_last_ms(teller->repository, &run->id, out, err);
	if (*out < run->start.time_ms)
		*out = run->start.time_ms;
	return code;
}

static enum muster_code tell(const struct run_teller *teller, const struct run *run,
			     struct muster_error *err)
{
	const struct run_record *start = &run->start;
	const struct view given[] = { start->entity,	       start->project, start->name,
				      start->job_type,	       start->group,   start->who,
				      bytes_view(&run->config) };
	struct run_texts texts = { 0 };
	struct muster_run_info info;
	uint64_t heard_ms;
	enum muster_code code = last_ms(teller, run, &heard_ms, err);

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]) && !code; i++)
		code = add_text(&texts, i, given[i], err);
	if (!code) {
		const char *text = (const char *)texts.text.ptr;

		info = (struct muster_run_info){
			.id = run->id.text,
			.entity = text + texts.at[0],
			.project = text + texts.at[1],
			.name = text + texts.at[2],
			.job_type = text + texts.at[3],
			.group = text + texts.at[4],
			.who = text + texts.at[5],
			.config = text + texts.at[6],
			.state = !run->is_finished	      ? MUSTER_RUN_RUNNING
				 : run->state == RUN_FINISHED ? MUSTER_RUN_FINISHED
							      : MUSTER_RUN_FAILED,
			.started_ms = start->time_ms,
			.finished_ms = run->finished_ms,
			.last_ms = heard_ms,
		};
		code = teller->fn(teller->state, &info) ? MUSTER_OK : MUSTER_END;
	}
	bytes_release(&texts.text);
	return code;
}

static enum muster_code tell_id(void *state, const struct run_id *id, struct muster_error *err)
{
	const struct run_teller *teller = state;
	struct run run;
	enum muster_code code = run_open(&run, teller->repository, view_text(id->text), err);

	if (!code)
		code = tell(teller, &run, err);
	run_release(&run);
	return code;
}

/* That the caller has heard enough is no error. */
static enum muster_code ended(enum muster_code code)
{
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code lineage_tell_run(struct repository *repository, const char *run, muster_run_fn *fn,
				  void *state, struct muster_error *err)
{
	struct run_teller teller = { repository, fn, state };
	struct run found;
	enum muster_code code = run_open(&found, repository, view_text(run), err);

	if (!code)
		code = tell(&teller, &found, err);
	run_release(&found);
	return ended(code);
}

enum muster_code lineage_tell_runs(struct repository *repository, uint64_t max, muster_run_fn *fn,
				   void *state, uint64_t *more, struct muster_error *err)
{
	struct run_teller teller = { repository, fn, state };

	return ended(run_each(repository, max, tell_id, &teller, more, err));
}

enum muster_code lineage_tell_users(struct repository *repository,
				    const struct artifact_address *address, muster_run_fn *fn,
				    void *state, struct muster_error *err)
{
	struct run_teller teller = { repository, fn, state };
	struct named_version named;
	enum muster_code code = named_version_open(&named, repository, address, err);

	if (!code)
		code = run_each_user(repository, named.version->id, tell_id, &teller, err);
	named_version_release(&named);
	return ended(code);
}

enum muster_code lineage_tell_logger(struct repository *repository,
				     const struct artifact_address *address, muster_run_fn *fn,
				     void *state, struct muster_error *err)
{
	struct run_teller teller = { repository, fn, state };
	struct finder finder = { .repository = repository };
	struct found_version found;
	struct named_version named;
	struct run_id run;
	enum muster_code code = named_version_open(&named, repository, address, err);

	if (!code)
		code = finder_find_named(&finder, &named, &found, err);
	if (!code)
		code = finder_run_of(&finder, &found, &run, err);
	if (!code)
		code = tell_id(&teller, &run, err);
	finder_release(&finder);
	named_version_release(&named);
	return ended(code);
}

/* --- versions of a run ---------------------------------------------------------------------- */

struct version_teller {
	struct finder finder;
	muster_run_version_fn *fn;
	void *state;
};

static enum muster_code tell_found(struct version_teller *teller, const struct run_record *record,
				   const struct found_version *found, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(found->collection);
	const struct view given[] = { state->entity, state->project, state->name, state->type };
	struct run_texts texts = { 0 };
	char id[33];
	enum muster_code code = MUSTER_OK;

	hex_put(id, found->id, 16);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]) && !code; i++)
		code = add_text(&texts, i, given[i], err);
	if (!code) {
		const char *text = (const char *)texts.text.ptr;
		struct muster_run_version_info info = {
			.id = id,
			.entity = text + texts.at[0],
			.project = text + texts.at[1],
			.name = text + texts.at[2],
			.type = text + texts.at[3],
			.number = found->number,
			.is_deleted = found->is_deleted,
			.time_ms = record->time_ms,
		};

		code = teller->fn(teller->state, &info) ? MUSTER_OK : MUSTER_END;
	}
	bytes_release(&texts.text);
	return code;
}

static enum muster_code tell_version(void *state, const struct run_record *record,
				     struct muster_error *err)
{
	struct version_teller *teller = state;
	struct found_version found;
	enum muster_code code = finder_find_saved(&teller->finder, record, &found, err);

	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	return code ? code : tell_found(teller, record, &found, err);
}

enum muster_code lineage_tell_versions(struct repository *repository, const char *run,
				       enum lineage_part part, muster_run_version_fn *fn,
				       void *state, struct muster_error *err)
{
	struct version_teller teller = { .finder.repository = repository,
					 .fn = fn,
					 .state = state };
	struct run found;
	enum muster_code code = run_open(&found, repository, view_text(run), err);

	if (!code)
		code = run_each_version(repository, &found.id, part, tell_version, &teller, err);
	finder_release(&teller.finder);
	run_release(&found);
	return ended(code);
}
