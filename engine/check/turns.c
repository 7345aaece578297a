/* Which packs are read this time, and what is known of all when it is over.
 *
 *	listing (by id) + marks of earlier checks (by id) -> line (by turn) -> turns (by id)
 *	                              marks of all packs + marks of those that were read -> file
 *
 * Of two marks of one pack the later one counts, so that a check that is cut short keeps what it
 * has read and forgets nothing of the rest. */
#include "engine/check/check_internal.h"
#include "engine/check/marks_file.h"

#include <stdio.h>

#define LINE_KEY_BYTES (TURN_KEY_BYTES + CHECK_ID_BYTES)

/* --- what was known before ------------------------------------------------------------------ */

/* A state that cannot be had is as good as none; what is wrong with one is told. */
static enum muster_code open_marks(struct check_run *run, struct marks_reader *marks,
				   struct muster_error *err)
{
	struct muster_error why = { 0 };
	const char *path = run->options->state_path;
	enum muster_code code = MUSTER_ABSENT;

	*marks = (struct marks_reader){ .fd = -1 };
	if (path)
		code = marks_reader_open(marks, path, repository_id(run->repository), &why);
	if (code == MUSTER_E_MEMORY) {
		*err = why;
		return code;
	}
	run->report->began_anew = code != MUSTER_OK;
	if (muster_failed(code)) {
		muster_context(&why, "'%s'", path);
		snprintf(run->report->state_problem, sizeof(run->report->state_problem), "%s",
			 why.message);
	}
	if (code)
		marks_reader_close(marks);
	return MUSTER_OK;
}

/* Marks stand in the order of ids, as packs are asked for. */
struct known_marks {
	struct marks_reader reader;
	struct pack_mark next;
	uint8_t next_key[CHECK_ID_BYTES];
	bool has_next;
};

static enum muster_code advance(struct known_marks *known, struct muster_error *err)
{
	enum muster_code code = marks_reader_next(&known->reader, &known->next, err);

	known->has_next = !code;
	if (!code)
		check_id_put(known->next_key, &known->next.id);
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* The mark of a pack, or one that says that it was first seen now. */
static enum muster_code find_mark(struct check_run *run, struct known_marks *known,
				  const uint8_t id_key[CHECK_ID_BYTES], struct pack_mark *out,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && known->has_next && memcmp(known->next_key, id_key, CHECK_ID_BYTES) < 0)
		code = advance(known, err);
	*out = (struct pack_mark){ .id = check_id_get(id_key), .seen_ms = run->rules.now_ms };
	if (known->has_next && memcmp(known->next_key, id_key, CHECK_ID_BYTES) == 0)
		*out = known->next;
	return code;
}

static enum muster_code note_mark(struct check_run *run, const struct pack_mark *mark,
				  struct muster_error *err)
{
	uint8_t key[CHECK_ID_BYTES], value[MARK_BYTES];

	check_id_put(key, &mark->id);
	pack_mark_put(value, mark);
	return spill_add(run->marks.sorted, view_of(key, sizeof(key)),
			 view_of(value, sizeof(value)), err);
}

static struct turn_pack turn_of(const struct check_run *run, const struct pack_mark *mark,
				uint64_t size_bytes)
{
	return (struct turn_pack){ .size_bytes = size_bytes,
				   .seen_ms = mark->seen_ms,
				   .read_ms = run->options->quick ? mark->summed_ms : mark->read_ms,
				   .is_broken = mark->is_broken };
}

/* --- in line --------------------------------------------------------------------------------- */

static enum muster_code line_up(struct check_run *run, struct spill *line,
				const struct pack_state *state, struct muster_error *err)
{
	struct turn_pack turn = turn_of(run, &state->mark, state->size_bytes);
	uint8_t key[LINE_KEY_BYTES];
	enum muster_code code = note_mark(run, &state->mark, err);

	turn_key(&run->rules, &turn, key);
	check_id_put(key + TURN_KEY_BYTES, &state->mark.id);
	run->report->stored_bytes += state->size_bytes;
	run->marks.pack_count++;
	return code ? code
		    : spill_add(line, view_of(key, sizeof(key)), view_of(state, sizeof(*state)),
				err);
}

static enum muster_code line_up_all(struct check_run *run, struct spill *listed, struct spill *line,
				    struct muster_error *err)
{
	struct known_marks known = { 0 };
	struct check_stream packs = { 0 };
	enum muster_code code = open_marks(run, &known.reader, err);

	if (!code)
		code = advance(&known, err);
	if (!code)
		code = check_stream_begin(&packs, listed, err);
	while (!code && packs.has) {
		struct pack_state state = { .size_bytes = get_u64(packs.value.ptr) };

		code = find_mark(run, &known, packs.key.ptr, &state.mark, err);
		if (!code)
			code = line_up(run, line, &state, err);
		if (!code)
			code = check_stream_next(&packs, err);
	}
	run->marks.is_whole = !code;
	marks_reader_close(&known.reader);
	return code;
}

static void count_chosen(struct muster_progress *progress, uint64_t size_bytes)
{
	atomic_fetch_add_explicit(&progress->total_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&progress->total_bytes, size_bytes, memory_order_relaxed);
}

static enum muster_code choose_all(struct check_run *run, struct spill *line, struct spill *out,
				   struct muster_error *err)
{
	struct check_stream packs = { 0 };
	struct turns turns;
	enum muster_code code = check_stream_begin(&packs, line, err);

	turns_begin(&turns, &run->rules, run->report->stored_bytes);
	while (!code && packs.has) {
		struct pack_state state;
		struct turn_pack turn;

		memcpy(&state, packs.value.ptr, sizeof(state));
		turn = turn_of(run, &state.mark, state.size_bytes);
		state.is_chosen = turns_take(&turns, &turn);
		if (state.is_chosen)
			count_chosen(run->progress, state.size_bytes);
		code = spill_add(out, view_of(packs.key.ptr + TURN_KEY_BYTES, CHECK_ID_BYTES),
				 view_of(&state, sizeof(state)), err);
		if (!code)
			code = check_stream_next(&packs, err);
	}
	atomic_store(&run->progress->total_is_known, !code);
	return code;
}

enum muster_code check_turns(struct check_run *run, struct spill **out, struct muster_error *err)
{
	struct spill *listed = NULL, *line = NULL;
	enum muster_code code = check_list_objects(run, OBJECT_PACK, &listed, err);

	*out = NULL;
	if (!code)
		code = check_sort_new(run, &line, false, err);
	if (!code)
		code = line_up_all(run, listed, line, err);
	spill_free(listed);
	if (!code)
		code = check_sort_new(run, out, false, err);
	if (!code)
		code = choose_all(run, line, *out, err);
	spill_free(line);
	run->report->daily_bytes = turn_daily_bytes(&run->rules, run->report->stored_bytes);
	return code;
}

/* --- what is known afterwards --------------------------------------------------------------- */

enum muster_code check_was_read(struct check_run *run, const struct pack_mark *mark, bool is_broken,
				struct muster_error *err)
{
	struct pack_mark now = *mark;
	enum muster_code code;

	now.is_broken = is_broken;
	now.summed_ms = run->rules.now_ms;
	if (!run->options->quick)
		now.read_ms = run->rules.now_ms;
	pthread_mutex_lock(&run->findings.lock);
	code = note_mark(run, &now, err);
	pthread_mutex_unlock(&run->findings.lock);
	return code;
}

static void count_mark(struct check_run *run, const struct pack_mark *mark)
{
	struct muster_check_report *report = run->report;
	struct turn_pack turn = turn_of(run, mark, 0);
	uint64_t age_s = turn_age_ms(&run->rules, &turn) / 1000;

	report->unread_packs += turn.read_ms == 0;
	report->overdue_packs += turn_is_overdue(&run->rules, &turn);
	if (age_s > report->oldest_age_s)
		report->oldest_age_s = age_s;
}

/* The last of those that are of one pack. */
static enum muster_code next_last(struct check_stream *marks, struct pack_mark *out,
				  struct muster_error *err)
{
	uint8_t key[CHECK_ID_BYTES];
	enum muster_code code = MUSTER_OK;

	memcpy(key, marks->key.ptr, sizeof(key));
	while (!code && marks->has && memcmp(marks->key.ptr, key, sizeof(key)) == 0) {
		code = pack_mark_parse(marks->value.ptr, NULL, out, err);
		if (!code)
			code = check_stream_next(marks, err);
	}
	return code;
}

/* Writes marks as they pass; a failure is noted, and no more is written. */
struct keeper {
	struct marks_writer writer;
	enum muster_code code;
	struct muster_error error;
};

static void keeper_begin(struct keeper *keeper, struct check_run *run)
{
	const char *path = run->options->state_path;

	*keeper = (struct keeper){ .code = MUSTER_ABSENT, .writer.fd = -1 };
	if (path)
		keeper->code =
			marks_writer_open(&keeper->writer, path, repository_id(run->repository),
					  run->marks.pack_count, &keeper->error);
}

static void keeper_add(struct keeper *keeper, const struct pack_mark *mark)
{
	if (!keeper->code)
		keeper->code = marks_writer_add(&keeper->writer, mark, &keeper->error);
}

static void keeper_end(struct keeper *keeper, bool is_whole)
{
	if (!keeper->code && is_whole)
		keeper->code = marks_writer_finish(&keeper->writer, &keeper->error);
	marks_writer_close(&keeper->writer);
}

/* A check that does not roll does without. */
static enum muster_code judge_keeper(const struct keeper *keeper, const struct check_run *run,
				     struct muster_error *err)
{
	bool is_rolling = run->rules.budget_bytes || run->rules.max_age_days;

	if (!is_rolling || !muster_failed(keeper->code))
		return MUSTER_OK;
	*err = keeper->error;
	return muster_context(err, "keep when packs were read");
}

enum muster_code check_marks_keep(struct check_run *run, struct muster_error *err)
{
	struct check_stream marks = { 0 };
	struct keeper keeper;
	enum muster_code code;

	if (!run->marks.is_whole)
		return MUSTER_OK;
	keeper_begin(&keeper, run);
	code = check_stream_begin(&marks, run->marks.sorted, err);
	while (!code && marks.has) {
		struct pack_mark mark;

		code = next_last(&marks, &mark, err);
		if (code)
			break;
		keeper_add(&keeper, &mark);
		count_mark(run, &mark);
	}
	keeper_end(&keeper, !code);
	return code ? code : judge_keeper(&keeper, run, err);
}
