#include "engine/repository/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "artifact/name.h"
#include "artifact/record/metadata_merge.h"
#include "base/text/text.h"
#include "base/text/utf8.h"
#include "engine/repository/who.h"

#define ID_CHARACTERS 8 /* as W&B's: 2.8 million million of them */
#define ATTEMPTS      100

static uint64_t now_ms(struct repository *repository)
{
	return effects_wall_ns(repository_effects(repository)) / 1000000;
}

/* --- records -------------------------------------------------------------------------------- */

static enum muster_code write_record(struct repository *repository, const char *key,
				     struct run_record *record, struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code;

	record->time_ms = now_ms(repository);
	code = run_record_encode(record, &bytes, err);
	if (!code)
		code = store_create(repository_store(repository), key, bytes_view(&bytes), err);
	bytes_release(&bytes);
	return code;
}

enum muster_code run_record_read(struct run_record *out, struct store *store, const char *key,
				 const struct run_id *run, enum run_kind kind,
				 struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code = store_get(store, key, &bytes, RUN_RECORD_MAX_BYTES, err);

	*out = (struct run_record){ 0 };
	if (!code)
		code = run_record_parse(out, bytes_view(&bytes), err);
	bytes_release(&bytes);
	if (!code && (!view_equal(out->run, view_text(run->text)) ||
		      (kind != RUN_UNKNOWN && out->kind.id != kind))) {
		code = muster_fail(err, MUSTER_E_FORMAT, "it is a record of another place");
		run_record_release(out);
	}
	if (muster_failed(code))
		muster_context(err, "'%s'", key);
	return code;
}

/* --- starting ------------------------------------------------------------------------------- */

static enum muster_code check_text(const char *what, struct view text, struct muster_error *err)
{
	if (text.len > RUN_TEXT_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "the %s of a run has %zu bytes, over %u",
				   what, text.len, RUN_TEXT_MAX_BYTES);
	if (!utf8_valid(text))
		return muster_fail(err, MUSTER_E_USAGE, "the %s of a run is not UTF-8", what);
	return MUSTER_OK;
}

static enum muster_code take_id(struct view text, struct run_id *out, struct muster_error *err)
{
	if (run_id_parse(text, out))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%.*s' is no id of a run: 1 to %u letters, digits, '-', '_' and '.', "
			   "no '.' in front",
			   VIEW_ARGS(text), RUN_ID_MAX_BYTES);
}

static enum muster_code random_id(struct repository *repository, struct run_id *out,
				  struct muster_error *err)
{
	static const char characters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint8_t bytes[8];
	enum muster_code code =
		effects_random(repository_effects(repository), bytes, sizeof(bytes), err);
	uint64_t value = get_u64(bytes);

	for (size_t i = 0; i < ID_CHARACTERS; i++) {
		out->text[i] = characters[value % (sizeof(characters) - 1)];
		value /= sizeof(characters) - 1;
	}
	out->text[ID_CHARACTERS] = '\0';
	return code;
}

/* "me@host 1234": who to ask about a run that never ends. */
static enum muster_code write_who(struct repository *repository, struct bytes *out,
				  struct muster_error *err)
{
	enum muster_code code = who_append(repository_effects(repository), out, err);

	return code ? code : bytes_printf(out, err, " %ld", (long)getpid());
}

static struct view text_or_empty(const char *text)
{
	return view_text(text ? text : "");
}

static enum muster_code fill_start(struct run_record *record, const struct run_options *options,
				   struct bytes *config, struct muster_error *err)
{
	enum muster_code code;

	record->kind.id = RUN_START;
	record->entity = view_text(options->entity);
	record->project = view_text(options->project);
	record->name = text_or_empty(options->name);
	record->job_type = text_or_empty(options->job_type);
	record->group = text_or_empty(options->group);
	code = entity_check(record->entity, err);
	if (!code)
		code = project_check(record->project, err);
	if (!code)
		code = check_text("name", record->name, err);
	if (!code)
		code = check_text("job type", record->job_type, err);
	if (!code)
		code = check_text("group", record->group, err);
	if (!code && options->config)
		code = config_canonical(view_text(options->config), config, err);
	record->config = bytes_view(config);
	return code;
}

static enum muster_code create_start(struct repository *repository, const struct run_id *id,
				     struct run_record *record, struct muster_error *err)
{
	struct key key;

	key_run(&key, id);
	record->run = view_text(id->text);
	return write_record(repository, key.text, record, err);
}

enum muster_code run_start(struct repository *repository, const struct run_options *options,
			   struct run_id *out, struct muster_error *err)
{
	struct run_record record = { 0 };
	struct bytes config = { 0 }, who = { 0 };
	enum muster_code code = fill_start(&record, options, &config, err);

	if (!code && options->id)
		code = take_id(view_text(options->id), out, err);
	if (!code)
		code = write_who(repository, &who, err);
	record.who = bytes_view(&who);
	if (!code)
		code = repository_gate(repository, err);
	if (!code && options->id) {
		code = create_start(repository, out, &record, err);
		if (code == MUSTER_EXISTS)
			code = muster_fail(err, MUSTER_E_REFUSED, "there is a run '%s' already",
					   out->text);
	} else if (!code) {
		code = MUSTER_EXISTS;
		for (int i = 0; i < ATTEMPTS && code == MUSTER_EXISTS; i++) {
			code = random_id(repository, out, err);
			if (!code)
				code = create_start(repository, out, &record, err);
		}
		if (code == MUSTER_EXISTS)
			code = muster_fail(err, MUSTER_E_CONFLICT, "no id for a run is free");
	}
	bytes_release(&config);
	bytes_release(&who);
	return code;
}

/* --- what it is now ------------------------------------------------------------------------- */

/* The highest note there is. Notes are made one after the other: one below that is missing, and not
 * only listed before it was made, is a loss. */
static enum muster_code note_number(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	struct run *run = state;
	enum lineage_part part;
	uint8_t version_id[16];
	struct run_id id;
	uint64_t number;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_lineage(key, &id, &part, &number, version_id) || part != LINEAGE_NOTES)
		return MUSTER_OK;
	if (number > RUN_NOTES_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "run '%s' has more than %u notes",
				   run->id.text, RUN_NOTES_MAX);
	run->note_count = number;
	return MUSTER_OK;
}

static enum muster_code change_config(struct run *run, struct view changes,
				      struct muster_error *err)
{
	struct bytes merged = { 0 };
	enum muster_code code = metadata_merge(bytes_view(&run->config), changes, &merged, err);

	if (code) {
		bytes_release(&merged);
		return code;
	}
	bytes_release(&run->config);
	run->config = merged;
	return MUSTER_OK;
}

static enum muster_code apply_note(struct run *run, const struct run_record *note,
				   struct muster_error *err)
{
	if (note->kind.id == RUN_CONFIG)
		return change_config(run, note->config, err);
	if (note->kind.id == RUN_FINISH) {
		run->is_finished = true;
		run->state = note->state;
		run->finished_ms = note->time_ms;
	}
	return MUSTER_OK;
}

static enum muster_code read_note(struct run *run, struct store *store, uint64_t number,
				  struct muster_error *err)
{
	struct run_record note;
	struct key key;
	enum muster_code code;

	key_run_note(&key, &run->id, number);
	code = run_record_read(&note, store, key.text, &run->id, RUN_UNKNOWN, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT, "'%s' is missing", key.text);
	if (!code)
		code = apply_note(run, &note, err);
	run_record_release(&note);
	return code;
}

/* What comes behind the finish came too late. */
static enum muster_code read_notes(struct run *run, struct store *store, struct muster_error *err)
{
	struct key prefix;
	enum muster_code code;

	key_lineage_prefix(&prefix, &run->id, LINEAGE_NOTES);
	code = store_list(store, prefix.text, NULL, note_number, run, err);
	for (uint64_t n = 1; n <= run->note_count && !code && !run->is_finished; n++)
		code = read_note(run, store, n, err);
	return code;
}

enum muster_code run_open(struct run *out, struct repository *repository, struct view id,
			  struct muster_error *err)
{
	struct store *store = repository_store(repository);
	struct key key;
	enum muster_code code;

	*out = (struct run){ 0 };
	code = take_id(id, &out->id, err);
	if (code)
		return code;
	key_run(&key, &out->id);
	code = run_record_read(&out->start, store, key.text, &out->id, RUN_START, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_NAME, "there is no run '%s'", out->id.text);
	if (!code)
		code = change_config(
			out, out->start.config.len ? out->start.config : VIEW_LITERAL("{}"), err);
	if (!code)
		code = read_notes(out, store, err);
	if (code)
		run_release(out);
	return code;
}

void run_release(struct run *run)
{
	run_record_release(&run->start);
	bytes_release(&run->config);
	*run = (struct run){ 0 };
}

static enum muster_code refuse_finished(const struct run *run, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_REFUSED, "run '%s' is finished already", run->id.text);
}

enum muster_code run_open_going(struct run *out, struct repository *repository, struct view id,
				struct muster_error *err)
{
	enum muster_code code = run_open(out, repository, id, err);

	if (!code && out->is_finished) {
		code = refuse_finished(out, err);
		run_release(out);
	}
	return code;
}

/* --- changing ------------------------------------------------------------------------------- */

static enum muster_code create_note(struct repository *repository, const struct run *run,
				    struct run_record *note, struct muster_error *err)
{
	struct key key;

	if (run->note_count >= RUN_NOTES_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "run '%s' has %u notes, and no more fit",
				   run->id.text, RUN_NOTES_MAX);
	note->run = view_text(run->id.text);
	note->number = run->note_count + 1;
	key_run_note(&key, &run->id, note->number);
	return write_record(repository, key.text, note, err);
}

/* Would the config still be one with these changes? */
static enum muster_code check_config(struct run *run, const struct run_record *note,
				     struct muster_error *err)
{
	struct bytes canonical = { 0 };
	enum muster_code code;

	if (note->kind.id != RUN_CONFIG)
		return MUSTER_OK;
	code = change_config(run, note->config, err);
	if (!code)
		code = config_canonical(bytes_view(&run->config), &canonical, err);
	bytes_release(&canonical);
	return code;
}

/* One try. MUSTER_EXISTS: somebody else was first with this number; MUSTER_END: it is said. */
static enum muster_code try_note(struct repository *repository, struct view id,
				 struct run_record *note, struct muster_error *err)
{
	struct run run;
	enum muster_code code = run_open(&run, repository, id, err);

	if (code)
		return code;
	if (run.is_finished && note->kind.id == RUN_FINISH && run.state == note->state)
		code = MUSTER_END;
	else if (run.is_finished)
		code = refuse_finished(&run, err);
	if (!code)
		code = check_config(&run, note, err);
	if (!code)
		code = create_note(repository, &run, note, err);
	run_release(&run);
	return code;
}

static enum muster_code add_note(struct repository *repository, struct view id,
				 struct run_record *note, struct muster_error *err)
{
	enum muster_code code = repository_gate(repository, err);

	if (code)
		return code;
	for (int i = 0; i < ATTEMPTS; i++) {
		code = try_note(repository, id, note, err);
		if (code == MUSTER_END)
			return MUSTER_OK;
		if (code != MUSTER_EXISTS)
			return code;
	}
	return muster_fail(err, MUSTER_E_CONFLICT,
			   "others changed the run '%.*s' each of %d times this was tried",
			   VIEW_ARGS(id), ATTEMPTS);
}

enum muster_code run_configure(struct repository *repository, struct view id, const char *config,
			       struct muster_error *err)
{
	struct run_record note = { .kind.id = RUN_CONFIG };
	struct bytes canonical = { 0 };
	enum muster_code code = config_canonical(view_text(config), &canonical, err);

	note.config = bytes_view(&canonical);
	if (!code)
		code = add_note(repository, id, &note, err);
	bytes_release(&canonical);
	return code;
}

enum muster_code run_finish(struct repository *repository, struct view id, enum run_state state,
			    struct muster_error *err)
{
	struct run_record note = { .kind.id = RUN_FINISH, .state = state };

	return add_note(repository, id, &note, err);
}
