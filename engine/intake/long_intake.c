#include "engine/intake/long_intake.h"

#include <stdlib.h>
#include <unistd.h>

/* So many chunks are worth lanes (base/hash/hash_stream.h). */
#define LANES_MIN 4

struct slot {
	struct long_file file;
	bool is_live;
	bool is_new; /* began, and was not read from yet */
	int fd;
	struct file_stat found;
	uint64_t done_bytes;
	struct hash_stream *stream;
	enum digest_algorithm algorithm; /* of the stream */
	uint8_t *chunk;
	size_t chunk_room, chunk_len; /* of this round: what may come, what came */
};

struct long_intake {
	struct hash_options hashing;
	struct long_ops ops;
	struct hasher *hasher;
	unsigned live_count;
	size_t waited;	 /* for whose room last */
	uint8_t *chunks; /* NULL until the first file comes */
	struct slot slots[LONG_INTAKE_FILES];
};

enum muster_code long_intake_open(struct long_intake **out, const struct hash_options *hashing,
				  const struct long_ops *ops, struct muster_error *err)
{
	struct long_intake *intake = calloc(1, sizeof(*intake));
	/* Its lanes are all that streams need of it: those of MD5, which some file may want. */
	struct hash_options lanes = { .algorithm = DIGEST_MD5, .cpu = hashing->cpu };
	enum muster_code code;

	*out = NULL;
	if (!intake)
		return muster_fail_memory(err, "an intake of large files");
	intake->hashing = *hashing;
	intake->ops = *ops;
	code = hasher_new(&intake->hasher, lanes, err);
	if (code)
		long_intake_close(intake);
	else
		*out = intake;
	return code;
}

void long_intake_close(struct long_intake *intake)
{
	if (!intake)
		return;
	for (size_t i = 0; i < LONG_INTAKE_FILES; i++)
		hash_stream_free(intake->slots[i].stream);
	free(intake->chunks);
	hasher_free(intake->hasher);
	free(intake);
}

unsigned long_intake_count(const struct long_intake *intake)
{
	return intake ? intake->live_count : 0;
}

bool long_intake_may_take(unsigned count, size_t waiting, unsigned idle)
{
	size_t share = (count + waiting + idle) / (idle + 1);

	return waiting && count < share;
}

static enum muster_code need_chunks(struct long_intake *intake, struct muster_error *err)
{
	if (intake->chunks)
		return MUSTER_OK;
	intake->chunks = malloc((size_t)LONG_INTAKE_FILES * LONG_INTAKE_CHUNK_BYTES);
	if (!intake->chunks)
		return muster_fail_memory(err, "chunks of large files");
	for (size_t i = 0; i < LONG_INTAKE_FILES; i++)
		intake->slots[i].chunk = intake->chunks + i * LONG_INTAKE_CHUNK_BYTES;
	return MUSTER_OK;
}

static enum muster_code need_stream(struct long_intake *intake, struct slot *slot,
				    struct muster_error *err)
{
	struct hash_options hashing = intake->hashing;

	if (slot->file.algorithm != DIGEST_TEXT)
		hashing.algorithm = slot->file.algorithm;
	if (slot->stream && slot->algorithm == hashing.algorithm) {
		hash_stream_begin(slot->stream);
		return MUSTER_OK;
	}
	hash_stream_free(slot->stream);
	slot->algorithm = hashing.algorithm;
	return hash_stream_new(&slot->stream, hashing, err);
}

/* --- one file ------------------------------------------------------------------------------- */

static void slot_leave(struct long_intake *intake, struct slot *slot)
{
	slot->is_live = false;
	intake->live_count--;
}

static void close_file(struct slot *slot)
{
	if (slot->fd >= 0)
		close(slot->fd); /* opened read-only: nothing can be lost here */
	slot->fd = -1;
}

static enum muster_code slot_end(struct long_intake *intake, struct slot *slot,
				 enum muster_code code, const struct muster_error *error,
				 struct muster_error *err);

static enum muster_code open_file(struct long_intake *intake, struct slot *slot,
				  struct muster_error *error)
{
	const struct long_ops *ops = &intake->ops;

	if (ops->open)
		return ops->open(ops->state, slot->file.cookie, &slot->fd, &slot->found, error);
	return file_open(slot->file.dir_fd, slot->file.name, &slot->fd, &slot->found, error);
}

static enum muster_code tell_begin(struct long_intake *intake, struct slot *slot,
				   struct muster_error *err)
{
	const struct long_ops *ops = &intake->ops;
	enum muster_code code = MUSTER_OK;

	if (ops->begin)
		code = ops->begin(ops->state, slot->file.cookie, &slot->found, err);
	return code == MUSTER_END ? slot_end(intake, slot, code, NULL, err) : code;
}

/* Open it and begin. That it cannot be opened is its end. */
static enum muster_code slot_begin(struct long_intake *intake, struct slot *slot,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;

	slot->found = (struct file_stat){ 0 };
	slot->done_bytes = 0;
	slot->is_new = true;
	code = need_stream(intake, slot, err);
	if (code)
		return code;
	code = open_file(intake, slot, &error);
	return code ? slot_end(intake, slot, code, &error, err) : tell_begin(intake, slot, err);
}

static enum muster_code slot_end(struct long_intake *intake, struct slot *slot,
				 enum muster_code code, const struct muster_error *error,
				 struct muster_error *err)
{
	struct fingerprint fingerprint;
	struct long_answer answer = {
		.code = code, .error = error, .fingerprint = &fingerprint, .found = slot->found
	};
	bool again = false;

	close_file(slot);
	hash_stream_end(slot->stream, &fingerprint);
	code = intake->ops.end(intake->ops.state, slot->file.cookie, &answer, &again, err);
	if (!code && again)
		return slot_begin(intake, slot, err);
	slot_leave(intake, slot);
	return code;
}

/* The last byte was read: was it one state of the file, from the first? */
static enum muster_code slot_finish(struct long_intake *intake, struct slot *slot,
				    struct muster_error *err)
{
	struct muster_error error = { 0 };
	struct file_stat after = slot->found;
	enum muster_code code = MUSTER_OK;

	if (slot->fd >= 0)
		code = file_stat_fd(slot->fd, &after, &error);
	if (!code &&
	    (slot->done_bytes != slot->found.size_bytes || !file_stat_equal(&slot->found, &after)))
		code = muster_fail(&error, MUSTER_E_CHANGED, "it changed while it was read");
	return slot_end(intake, slot, code, &error, err);
}

/* --- rounds --------------------------------------------------------------------------------- */

static enum muster_code take_files(struct long_intake *intake, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < LONG_INTAKE_FILES && !code; i++) {
		struct slot *slot = &intake->slots[i];

		if (slot->is_live)
			continue;
		code = need_chunks(intake, err);
		if (!code)
			code = intake->ops.next(intake->ops.state, &slot->file, err);
		if (code)
			break;
		slot->is_live = true;
		slot->fd = -1;
		intake->live_count++;
		code = slot_begin(intake, slot, err);
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static bool need_room(struct long_intake *intake, struct slot *slot, bool may_wait)
{
	const struct long_ops *ops = &intake->ops;
	size_t room = LONG_INTAKE_CHUNK_BYTES;

	/* Where it ends, perhaps nothing more is written. */
	if (ops->room && slot->done_bytes < slot->found.size_bytes)
		room = ops->room(ops->state, slot->file.cookie, may_wait);
	slot->chunk_room = room < LONG_INTAKE_CHUNK_BYTES ? room : LONG_INTAKE_CHUNK_BYTES;
	return room;
}

/* Who has no room stands still while others go on: as long as they are enough for lanes, or there
 * never were so many. Whose room is waited for goes round. */
static void find_room(struct long_intake *intake)
{
	unsigned wanted = intake->live_count < LANES_MIN ? 1 : LANES_MIN, count = 0;

	for (size_t i = 0; i < LONG_INTAKE_FILES; i++) {
		struct slot *slot = &intake->slots[i];

		slot->chunk_room = 0;
		if (slot->is_live)
			count += need_room(intake, slot, false);
	}
	for (size_t i = 0; i < LONG_INTAKE_FILES && count < wanted; i++) {
		struct slot *slot = &intake->slots[++intake->waited % LONG_INTAKE_FILES];

		if (slot->is_live && !slot->chunk_room)
			count += need_room(intake, slot, true);
	}
}

static enum muster_code read_chunk(struct long_intake *intake, struct slot *slot,
				   struct muster_error *error)
{
	const struct long_ops *ops = &intake->ops;

	if (ops->read)
		return ops->read(ops->state, slot->file.cookie, slot->done_bytes, slot->chunk,
				 slot->chunk_room, &slot->chunk_len, error);
	return file_read_at(slot->fd, slot->done_bytes, slot->chunk, slot->chunk_room,
			    &slot->chunk_len, error);
}

static void count(atomic_ullong *counter, size_t more)
{
	if (counter)
		atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static enum muster_code read_chunks(struct long_intake *intake, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < LONG_INTAKE_FILES && !code; i++) {
		struct slot *slot = &intake->slots[i];
		struct muster_error error = { 0 };
		enum muster_code failed;

		slot->chunk_len = 0;
		if (!slot->is_live || !slot->chunk_room)
			continue;
		slot->is_new = false;
		failed = read_chunk(intake, slot, &error);
		if (failed) {
			slot->chunk_len = 0;
			code = slot_end(intake, slot, failed, &error, err);
		}
		count(intake->ops.read_bytes, slot->chunk_len);
		count(intake->ops.done_bytes, slot->chunk_len);
	}
	return code;
}

static void hash_chunks(struct long_intake *intake)
{
	struct hash_stream *streams[LONG_INTAKE_FILES];
	struct view chunks[LONG_INTAKE_FILES];
	size_t count = 0;

	for (size_t i = 0; i < LONG_INTAKE_FILES; i++) {
		struct slot *slot = &intake->slots[i];

		if (!slot->chunk_len)
			continue;
		streams[count] = slot->stream;
		chunks[count++] = view_of(slot->chunk, slot->chunk_len);
	}
	hash_stream_update(intake->hasher, streams, chunks, count);
}

/* A short read was the last one. */
static enum muster_code give_chunk(struct long_intake *intake, struct slot *slot,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (slot->chunk_len && intake->ops.chunk)
		code = intake->ops.chunk(intake->ops.state, slot->file.cookie,
					 view_of(slot->chunk, slot->chunk_len), err);
	if (code == MUSTER_END)
		return slot_end(intake, slot, code, NULL, err);
	slot->done_bytes += slot->chunk_len;
	if (!code && slot->chunk_len < slot->chunk_room)
		code = slot_finish(intake, slot, err);
	return code;
}

static enum muster_code give_chunks(struct long_intake *intake, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < LONG_INTAKE_FILES && !code; i++) {
		struct slot *slot = &intake->slots[i];

		if (slot->is_live && !slot->is_new && slot->chunk_room)
			code = give_chunk(intake, slot, err);
	}
	return code;
}

/* Every file that goes on is told, whatever they say. */
static void cancel_all(struct long_intake *intake)
{
	struct muster_error error = { 0 };
	enum muster_code code = muster_fail(&error, MUSTER_E_CANCELLED, "interrupted");

	for (size_t i = 0; i < LONG_INTAKE_FILES; i++) {
		struct slot *slot = &intake->slots[i];
		struct long_answer answer = { .code = code, .error = &error, .found = slot->found };
		bool again = false;

		if (!slot->is_live)
			continue;
		close_file(slot);
		intake->ops.end(intake->ops.state, slot->file.cookie, &answer, &again, NULL);
		slot_leave(intake, slot);
	}
}

static enum muster_code one_round(struct long_intake *intake, struct muster_error *err)
{
	enum muster_code code;

	find_room(intake);
	code = read_chunks(intake, err);
	if (!code)
		hash_chunks(intake);
	return code ? code : give_chunks(intake, err);
}

static bool is_stopping(const struct long_intake *intake)
{
	const struct long_ops *ops = &intake->ops;

	return ops->is_stopping(ops->run ? ops->run : ops->state);
}

enum muster_code long_intake_run(struct long_intake *intake, struct muster_error *err)
{
	enum muster_code code = take_files(intake, err);

	while (!code && intake->live_count && !is_stopping(intake)) {
		code = one_round(intake, err);
		if (!code)
			code = take_files(intake, err);
	}
	cancel_all(intake);
	return code;
}
