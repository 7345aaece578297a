/*
 * A file on its way is a slot: FREE -> READING -> (AGAIN -> READING ->) HASHING -> FREE.
 *
 * Rooms of the ring are lent in the order of requests, and the reader answers in that order: the
 * oldest room is always the one of the next answer. A file that has to be read again cannot take a
 * room while an answer is taken, so those wait in a list until a file is put, or all are read.
 */
#include "engine/intake/intake.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/intake/guess.h"

/* Room for so many files at least, whatever is guessed: half may wait to be read, lanes want the
 * rest (with 128 rooms, digest of 4 KiB files took twice the processor time). */
#define GUESS_ROOMS 256

enum slot_phase { SLOT_FREE, SLOT_READING, SLOT_AGAIN, SLOT_HASHING };

struct slot {
	struct intake_file file;
	struct file_stat after;
	enum slot_phase phase;
	bool is_second;	   /* it changed once */
	struct slot *next; /* of the free ones, or of those to be read again */
};

struct intake {
	struct intake_options options;
	struct reader *reader;
	struct hash_ring *ring;
	struct slot *slots, *free, *again;
	struct slot *lent; /* its user reads it; NULL: none */
	struct guess guess;
};

/* --- slots ---------------------------------------------------------------------------------- */

static void slot_free(struct intake *intake, struct slot *slot)
{
	slot->phase = SLOT_FREE;
	slot->next = intake->free;
	intake->free = slot;
}

static enum muster_code tell_done(struct intake *intake, struct slot *slot,
				  struct intake_answer *answer, struct muster_error *err)
{
	void *cookie = slot->file.cookie;

	answer->after = slot->after;
	answer->was_read = slot->phase == SLOT_HASHING;
	slot_free(intake, slot);
	return intake->options.done(intake->options.state, cookie, answer, err);
}

/* It ends without having been hashed. */
static enum muster_code tell_end(struct intake *intake, struct slot *slot, enum muster_code code,
				 const struct muster_error *error, struct muster_error *err)
{
	struct intake_answer answer = { .code = code, .error = error };

	return tell_done(intake, slot, &answer, err);
}

/* --- lifetime ------------------------------------------------------------------------------- */

/* A hash_ring_done_fn. */
static enum muster_code hashed(void *state, void *cookie, struct view data,
			       const struct fingerprint *fingerprint, struct muster_error *err)
{
	struct intake_answer answer = { .data = data, .fingerprint = fingerprint };

	return tell_done(state, cookie, &answer, err);
}

static enum muster_code open_parts(struct intake *intake, struct muster_error *err)
{
	struct hash_ring_options ring = { .hashing = intake->options.hashing,
					  .bytes = intake->options.ring_bytes,
					  .item_max = intake->options.file_max,
					  .done_fn = hashed,
					  .state = intake };
	enum muster_code code;

	intake->slots = calloc(intake->options.file_max, sizeof(*intake->slots));
	if (!intake->slots)
		return muster_fail_memory(err, "files on their way");
	for (size_t i = intake->options.file_max; i-- > 0;)
		slot_free(intake, &intake->slots[i]);
	code = hash_ring_new(&intake->ring, ring, err);
	if (!code && !intake->options.size_max)
		intake->options.size_max = hash_ring_size_max(intake->ring);
	return code ? code : reader_open(&intake->reader, &intake->options.reader, err);
}

enum muster_code intake_open(struct intake **out, const struct intake_options *options,
			     struct muster_error *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	enum muster_code code;

	assert(options->done);
	*out = NULL;
	if (!intake)
		return muster_fail_memory(err, "an intake");
	intake->options = *options;
	if (!options->ring_bytes)
		intake->options.ring_bytes = INTAKE_RING_BYTES;
	if (!options->file_max)
		intake->options.file_max = INTAKE_FILE_MAX;
	code = open_parts(intake, err);
	if (code)
		intake_close(intake);
	else
		*out = intake;
	return code;
}

static void count_lanes(const struct intake *intake)
{
	struct muster_progress *progress = intake->options.progress;
	struct hash_ring_use use;

	if (!progress || !intake->ring)
		return;
	use = hash_ring_use(intake->ring);
	atomic_fetch_add_explicit(&progress->busy_lane_steps, use.busy_blocks,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&progress->lane_steps, use.total_blocks, memory_order_relaxed);
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	count_lanes(intake);
	reader_close(intake->reader); /* no buffer is touched after */
	hash_ring_free(intake->ring);
	free(intake->slots);
	free(intake);
}

uint64_t intake_size_max(const struct intake *intake)
{
	return hash_ring_size_max(intake->ring);
}

struct hash_ring_use intake_use(const struct intake *intake)
{
	return hash_ring_use(intake->ring);
}

/* --- answers of the reader ------------------------------------------------------------------ */

/* Not the inode: it changes on some network file systems, and a file that took the place of
 * another with all of its times and its size is as good. */
static bool is_as_found(const struct slot *slot, const struct file_stat *after)
{
	const struct file_stat *found = &slot->file.found;

	return !slot->file.has_found ||
	       (found->size_bytes == after->size_bytes && found->mtime_ns == after->mtime_ns &&
		found->ctime_ns == after->ctime_ns);
}

/* What it has become is what it should be. */
static void as_found(struct slot *slot)
{
	slot->file.has_no_size = false;
	slot->file.has_found = true;
	slot->file.found = slot->after;
	slot->file.size_bytes = slot->after.size_bytes;
}

static enum muster_code read_as_found(struct intake *intake, struct slot *slot,
				      struct muster_error *err)
{
	if (slot->after.size_bytes > intake->options.size_max)
		return tell_end(intake, slot, MUSTER_FULL, NULL, err);
	as_found(slot);
	slot->phase = SLOT_AGAIN;
	slot->next = intake->again;
	intake->again = slot;
	return MUSTER_OK;
}

static enum muster_code read_again(struct intake *intake, struct slot *slot,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;

	if (!slot->is_second) {
		slot->is_second = true;
		return read_as_found(intake, slot, err);
	}
	code = muster_fail(&error, MUSTER_E_CHANGED, "it changed while it was read, twice");
	return tell_end(intake, slot, code, &error, err);
}

static enum muster_code hash_slot(struct intake *intake, struct slot *slot,
				  struct muster_error *err)
{
	slot->phase = SLOT_HASHING;
	if (intake->options.read)
		intake->options.read(intake->options.state, slot->file.cookie);
	return hash_ring_push(intake->ring, slot->file.size_bytes, slot, err);
}

/* Nothing has touched it since before it was opened. */
static bool is_settled(const struct intake *intake, const struct file_stat *after)
{
	return after->mtime_ns < intake->options.begun_ns &&
	       after->ctime_ns < intake->options.begun_ns;
}

/* Its room was guessed. What is known of it now is as good as a walk's stat. */
static enum muster_code take_guessed(struct intake *intake, struct slot *slot,
				     enum muster_code code, const struct muster_error *error,
				     struct muster_error *err)
{
	if (!code || code == MUSTER_E_CHANGED)
		guess_observe(&intake->guess, slot->after.size_bytes);
	if (!code && is_settled(intake, &slot->after)) {
		slot->file.size_bytes = slot->after.size_bytes;
		return hash_slot(intake, slot, err);
	}
	hash_ring_drop(intake->ring);
	if (!code || code == MUSTER_E_CHANGED)
		return read_as_found(intake, slot, err);
	return tell_end(intake, slot, code, error, err);
}

static enum muster_code take_answer(struct intake *intake, struct muster_error *err)
{
	struct reader_answer answer;
	struct muster_error error = { 0 };
	struct slot *slot;
	enum muster_code code = reader_next(intake->reader, &answer, &error);

	assert(code == MUSTER_OK); /* something was in flight */
	(void)code;
	slot = answer.cookie;
	slot->after = answer.after;
	if (slot->file.has_no_size)
		return take_guessed(intake, slot, answer.code, &error, err);
	if (!answer.code && is_as_found(slot, &answer.after))
		return hash_slot(intake, slot, err);
	hash_ring_drop(intake->ring);
	if (slot->file.has_found && (!answer.code || answer.code == MUSTER_E_CHANGED))
		return read_again(intake, slot, err);
	return tell_end(intake, slot, answer.code, &error, err);
}

static enum muster_code take_all(struct intake *intake, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && reader_in_flight(intake->reader))
		code = take_answer(intake, err);
	return code;
}

/* --- requests ------------------------------------------------------------------------------- */

/* Room for one file more. Whatever older files hold is read and hashed first. */
static enum muster_code need_room(struct intake *intake, uint64_t size_bytes, uint8_t **out,
				  struct muster_error *err)
{
	enum muster_code code;

	while ((code = hash_ring_room(intake->ring, size_bytes, out, err)) == MUSTER_FULL) {
		code = take_answer(intake, err); /* the oldest room is not filled yet */
		if (code)
			return code;
	}
	return code;
}

static enum muster_code request(struct intake *intake, struct slot *slot, struct muster_error *err)
{
	struct reader_request request = { .dir_fd = slot->file.dir_fd,
					  .name = slot->file.name,
					  .size_bytes = slot->file.size_bytes,
					  .is_at_most = slot->file.has_no_size,
					  .cap_bytes = slot->file.size_bytes + 1,
					  .cookie = slot };
	enum muster_code code = need_room(intake, slot->file.size_bytes, &request.buffer, err);

	if (code)
		return code;
	slot->phase = SLOT_READING;
	while (reader_submit(intake->reader, &request) == MUSTER_FULL) {
		code = take_answer(intake, err);
		if (code)
			return code;
	}
	return MUSTER_OK;
}

/* Those that changed, or whose room was too small, behind what was asked for meanwhile. */
static enum muster_code request_again(struct intake *intake, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && intake->again) {
		struct slot *slot = intake->again;

		intake->again = slot->next;
		code = request(intake, slot, err);
	}
	return code;
}

/* A slot is free when its file is done: hash the oldest; where none waits for that, read on. */
static enum muster_code free_slot(struct intake *intake, struct muster_error *err)
{
	enum muster_code code = hash_ring_finish(intake->ring, err);

	if (code != MUSTER_END)
		return code;
	return reader_in_flight(intake->reader) ? take_answer(intake, err)
						: request_again(intake, err);
}

static enum muster_code need_slot(struct intake *intake, struct slot **out,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && !intake->free)
		code = free_slot(intake, err);
	if (code)
		return code;
	*out = intake->free;
	intake->free = (*out)->next;
	return MUSTER_OK;
}

/* MUSTER_END: it has ended already. */
static enum muster_code ask_size(struct intake *intake, struct slot *slot, struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;

	code = file_stat_at(slot->file.dir_fd, slot->file.name, &slot->after, &error);
	if (!code)
		guess_observe(&intake->guess, slot->after.size_bytes);
	if (!code && slot->after.size_bytes > intake->options.size_max)
		code = MUSTER_FULL;
	if (code) {
		code = tell_end(intake, slot, code, &error, err);
		return code ? code : MUSTER_END;
	}
	as_found(slot);
	return MUSTER_OK;
}

static enum muster_code need_size(struct intake *intake, struct slot *slot,
				  struct muster_error *err)
{
	uint64_t room_max = intake->options.ring_bytes / GUESS_ROOMS;

	if (!slot->file.has_no_size || guess_next(&intake->guess, room_max, &slot->file.size_bytes))
		return MUSTER_OK;
	return ask_size(intake, slot, err);
}

enum muster_code intake_put(struct intake *intake, const struct intake_file *file,
			    struct muster_error *err)
{
	struct slot *slot;
	enum muster_code code = request_again(intake, err);

	if (!code)
		code = need_slot(intake, &slot, err);
	if (code)
		return code;
	*slot = (struct slot){ .file = *file, .phase = SLOT_READING };
	code = need_size(intake, slot, err);
	if (code) /* its slot is free again */
		return code == MUSTER_END ? MUSTER_OK : code;
	code = request(intake, slot, err);
	if (code)
		slot_free(intake, slot);
	return code;
}

enum muster_code intake_read_all(struct intake *intake, struct muster_error *err)
{
	enum muster_code code;

	do {
		code = request_again(intake, err);
		if (!code)
			code = take_all(intake, err);
	} while (!code && intake->again);
	return code;
}

enum muster_code intake_lend(struct intake *intake, uint64_t size_bytes, uint8_t **out,
			     struct muster_error *err)
{
	struct slot *slot;
	enum muster_code code = intake_read_all(intake, err); /* rooms are filled in order */

	assert(!intake->lent);
	if (!code)
		code = need_slot(intake, &slot, err);
	if (code)
		return code;
	*slot = (struct slot){ .file.size_bytes = size_bytes };
	code = need_room(intake, size_bytes, out, err);
	if (code)
		slot_free(intake, slot);
	else
		intake->lent = slot;
	return code;
}

enum muster_code intake_fill(struct intake *intake, void *cookie, struct muster_error *err)
{
	struct slot *slot = intake->lent;

	intake->lent = NULL;
	slot->file.cookie = cookie;
	return hash_slot(intake, slot, err);
}

void intake_drop(struct intake *intake)
{
	hash_ring_drop(intake->ring);
	slot_free(intake, intake->lent);
	intake->lent = NULL;
}

enum muster_code intake_drain(struct intake *intake, struct muster_error *err)
{
	enum muster_code code = intake_read_all(intake, err);

	return code ? code : hash_ring_drain(intake->ring, err);
}

void intake_cancel(struct intake *intake)
{
	struct muster_error error = { 0 };
	enum muster_code code = muster_fail(&error, MUSTER_E_CANCELLED, "interrupted");

	reader_cancel(intake->reader);
	hash_ring_reset(intake->ring);
	intake->again = NULL;
	for (uint32_t i = 0; i < intake->options.file_max; i++) {
		struct slot *slot = &intake->slots[i];
		struct intake_answer answer = { .code = code, .error = &error };

		if (slot->phase != SLOT_FREE)
			tell_done(intake, slot, &answer, NULL); /* what it says changes nothing */
	}
}
