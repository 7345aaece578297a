#include "engine/check/check_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/intake/form.h"

#define MIB		 (1ull << 20)
#define SMALL_SORT_BYTES (1u << 20)
#define LARGE_SORT_MIN	 (4 * MIB)
#define LARGE_SORT_MAX	 (64 * MIB)
#define NS_PER_MS	 UINT64_C(1000000)
#define SORT_SHARE	 8 /* of the job's memory for each of the two large sorts */

/* --- findings ------------------------------------------------------------------------------- */

void check_finding(struct check_run *run, const char *object, const struct muster_error *error)
{
	struct muster_error told = *error;

	if (run->is_silent)
		return;
	if (run->needed_by[0])
		muster_context(&told, "%s needs it", run->needed_by);
	pthread_mutex_lock(&run->findings.lock);
	run->report->finding_count++;
	if (run->options->on_finding)
		run->options->on_finding(run->options->on_finding_state, object, &told);
	pthread_mutex_unlock(&run->findings.lock);
}

void check_found(struct check_run *run, const char *object, enum muster_code code,
		 const char *format, ...)
{
	struct muster_error error = { 0 };
	char text[MUSTER_ERROR_MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	muster_fail(&error, code, "%s", text);
	check_finding(run, object, &error);
}

enum muster_code check_judge(struct check_run *run, const char *object, enum muster_code code,
			     struct muster_error *err)
{
	if (!muster_failed(code) || muster_ends_job(code) || code == MUSTER_E_CANCELLED)
		return code;
	check_finding(run, object, err);
	*err = (struct muster_error){ 0 };
	return MUSTER_ABSENT;
}

enum muster_code check_cancelled(struct check_run *run, struct muster_error *err)
{
	if (!atomic_load_explicit(&run->progress->cancel, memory_order_relaxed))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_CANCELLED, "interrupted: not everything was checked");
}

static enum muster_code is_there(struct check_run *run, const char *key, bool *out,
				 struct muster_error *err)
{
	struct store_object *object = NULL;
	enum muster_code code = store_open(run->store, key, &object, err);

	*out = !code;
	if (!code)
		store_close(object);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

enum muster_code check_need_key(struct check_run *run, const char *object, const char *key,
				const char *why, struct muster_error *err)
{
	bool has_it = false;
	enum muster_code code = is_there(run, key, &has_it, err);

	if (!code && !has_it)
		check_found(run, key, MUSTER_E_FORMAT, "it is missing: '%s' %s", object, why);
	code = check_judge(run, key, code, err);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* --- sorts and lists ------------------------------------------------------------------------ */

enum muster_code check_sort_new(struct check_run *run, struct spill **out, bool is_large,
				struct muster_error *err)
{
	struct spill_options options = { .memory_max_bytes =
						 is_large ? run->sort_bytes : SMALL_SORT_BYTES };

	return spill_new(out, &options, err);
}

enum muster_code check_stream_begin(struct check_stream *stream, struct spill *spill,
				    struct muster_error *err)
{
	enum muster_code code = spill_sort(spill, err);

	*stream = (struct check_stream){ .spill = spill };
	return code ? code : check_stream_next(stream, err);
}

enum muster_code check_stream_next(struct check_stream *stream, struct muster_error *err)
{
	enum muster_code code = spill_next(stream->spill, &stream->key, &stream->value, err);

	stream->has = code == MUSTER_OK;
	return code == MUSTER_END ? MUSTER_OK : code;
}

struct lister {
	check_parse_fn *parse;
	struct spill *out;
};

static enum muster_code note_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	struct lister *lister = state;
	uint8_t item[CHECK_ITEM_BYTES], size[8];
	size_t len = lister->parse(key, item);

	(void)modified_ns;
	if (!len)
		return MUSTER_OK;
	put_u64(size, size_bytes);
	return spill_add(lister->out, view_of(item, len), view_of(size, sizeof(size)), err);
}

enum muster_code check_list(struct check_run *run, const char *prefix, check_parse_fn *parse,
			    struct spill **out, struct muster_error *err)
{
	struct lister lister = { .parse = parse };
	enum muster_code code = check_sort_new(run, out, false, err);

	lister.out = *out;
	return code ? code : store_list(run->store, prefix, NULL, note_key, &lister, err);
}

static enum muster_code note_text(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	(void)size_bytes;
	(void)modified_ns;
	return spill_add(state, view_text(key), (struct view){ 0 }, err);
}

enum muster_code check_each_key(struct check_run *run, const char *prefix, check_key_fn *fn,
				void *state, struct muster_error *err)
{
	struct check_stream keys = { 0 };
	struct spill *list = NULL;
	char key[STORE_KEY_MAX_BYTES + 1];
	enum muster_code code = check_sort_new(run, &list, false, err);

	if (!code)
		code = store_list(run->store, prefix, NULL, note_text, list, err);
	if (!code)
		code = check_stream_begin(&keys, list, err);
	while (!code && keys.has) {
		if (keys.key.len < sizeof(key)) {
			memcpy(key, keys.key.ptr, keys.key.len);
			key[keys.key.len] = '\0';
			code = fn(state, key, err);
		}
		if (code == MUSTER_ABSENT) /* a finding */
			code = MUSTER_OK;
		if (!code)
			code = check_cancelled(run, err);
		if (!code)
			code = check_stream_next(&keys, err);
	}
	spill_free(list);
	return code;
}

void check_id_put(uint8_t out[CHECK_ID_BYTES], const struct object_id *id)
{
	uint32_t number = htobe32(id->number);

	memcpy(out, id->session, 16);
	memcpy(out + 16, &number, 4);
}

struct object_id check_id_get(const uint8_t in[CHECK_ID_BYTES])
{
	struct object_id id;
	uint32_t number;

	memcpy(id.session, in, 16);
	memcpy(&number, in + 16, 4);
	id.number = be32toh(number);
	return id;
}

static size_t parse_id(const char *key, enum object_kind kind, uint8_t out[CHECK_ITEM_BYTES])
{
	struct object_id id;

	if (!key_parse_object(key, kind, &id))
		return 0;
	check_id_put(out, &id);
	return CHECK_ID_BYTES;
}

static size_t parse_pack(const char *key, uint8_t out[CHECK_ITEM_BYTES])
{
	return parse_id(key, OBJECT_PACK, out);
}

static size_t parse_index(const char *key, uint8_t out[CHECK_ITEM_BYTES])
{
	return parse_id(key, OBJECT_INDEX, out);
}

static size_t parse_leaves(const char *key, uint8_t out[CHECK_ITEM_BYTES])
{
	return parse_id(key, OBJECT_LEAVES, out);
}

static size_t parse_manifest(const char *key, uint8_t out[CHECK_ITEM_BYTES])
{
	return parse_id(key, OBJECT_MANIFEST, out);
}

enum muster_code check_list_objects(struct check_run *run, enum object_kind kind,
				    struct spill **out, struct muster_error *err)
{
	static check_parse_fn *const parse[] = {
		[OBJECT_PACK] = parse_pack,
		[OBJECT_INDEX] = parse_index,
		[OBJECT_LEAVES] = parse_leaves,
		[OBJECT_MANIFEST] = parse_manifest,
	};

	return check_list(run, key_object_prefix(kind), parse[kind], out, err);
}

/* --- the run -------------------------------------------------------------------------------- */

static enum muster_code init_run(struct check_run *run, struct repository *repository,
				 const struct muster_check_options *options,
				 struct muster_check_report *report, struct muster_progress *own,
				 struct muster_error *err)
{
	const struct muster_job *job = &options->job;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct intake_form form;
	enum muster_code code = intake_form_of(job, &form, err);
	uint64_t share;

	*run = (struct check_run){ .repository = repository,
				   .store = repository_store(repository),
				   .options = options,
				   .report = report,
				   .progress = job->progress ? job->progress : own,
				   .worker_count = job->worker_count,
				   .buffer_bytes = CHECK_BUFFER_BYTES,
				   .cpu = form.cpu };
	if (!run->worker_count)
		run->worker_count = processors > 0 ? (unsigned)processors : 1;
	share = job->memory_bytes / SORT_SHARE;
	run->sort_bytes = share < LARGE_SORT_MIN   ? LARGE_SORT_MIN
			  : share > LARGE_SORT_MAX ? LARGE_SORT_MAX
						   : (size_t)share;
	run->rules = (struct turn_rules){
		.now_ms = effects_wall_ns(repository_effects(repository)) / NS_PER_MS,
		.budget_bytes = options->budget_bytes,
		.max_age_days = options->max_age_days,
	};
	pthread_mutex_init(&run->findings.lock, NULL);
	return code;
}

static void release_run(struct check_run *run)
{
	spill_free(run->marks.sorted);
	spill_free(run->missed);
	spill_free(run->claims);
	spill_free(run->needs);
	spill_free(run->objects);
	pthread_mutex_destroy(&run->findings.lock);
}

static enum muster_code open_sorts(struct check_run *run, struct muster_error *err)
{
	enum muster_code code = check_sort_new(run, &run->objects, false, err);

	if (!code)
		code = check_sort_new(run, &run->needs, true, err);
	if (!code)
		code = check_sort_new(run, &run->claims, false, err);
	if (!code)
		code = check_sort_new(run, &run->marks.sorted, false, err);
	return code ? code : check_sort_new(run, &run->missed, true, err);
}

/* Which objects gc has swept must be known before any is missed. If its log is broken that is found
 * when the log is walked; nothing counts as swept then. */
static enum muster_code read_gc(struct check_run *run, struct muster_error *err)
{
	enum muster_code code = repository_read_gc(run->repository, err);

	if (muster_ends_job(code))
		return code;
	*err = (struct muster_error){ 0 };
	return MUSTER_OK;
}

/* Logs before index files before packs: whatever an event rests on was there before it. */
static enum muster_code check_all(struct check_run *run, struct muster_error *err)
{
	static enum muster_code (*const stages[])(struct check_run *, struct muster_error *) = {
		open_sorts,	read_gc,      check_small_logs, check_collections,
		check_sessions, check_runs,   check_drafts,	check_indexes,
		check_packs,	check_copies, check_objects,
	};
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) && !code; i++) {
		code = check_cancelled(run, err);
		if (!code)
			code = stages[i](run, err);
	}
	return code;
}

enum muster_code check_run(struct repository *repository,
			   const struct muster_check_options *options,
			   struct muster_check_report *report, struct muster_error *err)
{
	struct muster_progress progress = { 0 };
	struct muster_error own = { 0 }, unkept = { 0 };
	struct check_run run;
	enum muster_code code, kept;

	if (!err)
		err = &own;
	*report = (struct muster_check_report){ 0 };
	code = init_run(&run, repository, options, report, &progress, err);
	if (!code)
		code = check_all(&run, err);
	kept = check_marks_keep(&run, &unkept);
	if (kept && !code) {
		*err = unkept;
		code = kept;
	}
	release_run(&run);
	return code;
}
