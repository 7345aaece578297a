/*
 * A queue of slots, in the order asked: requests are started at its tail, answered at its head.
 * Plain reads are made when their answer is taken, so a reader that finds its files cold can still
 * hand to the ring what was asked before; and an error needs no room in the queue.
 */
#include "io/reader/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/reader/choice.h"
#include "io/reader/ring.h"

struct reader {
	struct reader_options options;
	struct reader_report report;
	struct choice_state choice;
	struct ring *ring;	      /* NULL until it is needed, and where there is none */
	uint64_t head, started, tail; /* of the queue, ever growing: head <= started <= tail */
	struct slot slots[];	      /* depth */
};

enum muster_code reader_open(struct reader **out, const struct reader_options *options,
			     struct muster_error *err)
{
	unsigned depth = options->depth ? options->depth : READER_DEPTH_DEFAULT;
	struct reader *reader;

	*out = NULL;
	if (depth > READER_DEPTH_MAX)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a reader of %u files in flight: at most %u", depth,
				   READER_DEPTH_MAX);
	reader = calloc(1, sizeof(*reader) + depth * sizeof(reader->slots[0]));
	if (!reader)
		return muster_fail_memory(err, "a reader");
	reader->options = *options;
	reader->options.depth = depth;
	if (!reader->options.sys)
		reader->options.sys = sys_system();
	if (!reader->options.effects)
		reader->options.effects = effects_system();
	if (!reader->options.ring_ops)
		reader->options.ring_ops = ring_system();
	*out = reader;
	return MUSTER_OK;
}

static struct slot *slot_at(struct reader *reader, uint64_t index)
{
	return &reader->slots[index % reader->options.depth];
}

/* --- to the ring ----------------------------------------------------------------------------- */

static bool has_ring(struct reader *reader)
{
	struct ring_options options = { .depth = reader->options.depth,
					.wants_stat = reader->options.wants_stat,
					.drop_cache = reader->options.drop_cache,
					.sys = reader->options.sys,
					.ops = reader->options.ring_ops,
					.enter_count = &reader->report.enter_count };

	if (!reader->ring && !reader->report.ring_errno)
		reader->report.ring_errno = ring_open(&reader->ring, &options);
	if (reader->ring && ring_failure(reader->ring)) {
		reader->report.ring_errno = ring_failure(reader->ring);
		ring_close(reader->ring);
		reader->ring = NULL;
	}
	return reader->ring;
}

static bool wants_ring(const struct reader *reader)
{
	return reader->options.kind == READER_RING ||
	       (reader->options.kind == READER_AUTO && reader->choice.is_ring);
}

static bool fits_ring(const struct reader_request *request)
{
	return request->size_bytes <= READER_RING_MAX_BYTES &&
	       request->size_bytes < request->cap_bytes;
}

static enum choice choose(struct reader *reader)
{
	if (reader->options.kind == READER_AUTO && !reader->report.ring_errno)
		return choice_next(&reader->choice);
	return reader->options.kind == READER_RING ? CHOICE_RING : CHOICE_PLAIN;
}

/* Hand to the ring what it should read of all that was not started. */
static void start(struct reader *reader)
{
	while (wants_ring(reader) && reader->started < reader->tail && has_ring(reader)) {
		struct slot *slot = slot_at(reader, reader->started++);
		enum choice how = fits_ring(&slot->request) ? choose(reader) : CHOICE_PLAIN;

		if (how == CHOICE_RING)
			ring_add(reader->ring, slot);
		else if (how == CHOICE_TIMED)
			slot->state = SLOT_TIMED;
	}
}

/* --- answers --------------------------------------------------------------------------------- */

static void read_plainly(struct reader *reader, struct slot *slot, struct reader_answer *answer,
			 struct muster_error *error)
{
	struct file_whole whole = { .dir_fd = slot->request.dir_fd,
				    .name = slot->request.name,
				    .size_bytes = slot->request.size_bytes,
				    .is_at_most = slot->request.is_at_most,
				    .buffer = slot->request.buffer,
				    .cap_bytes = slot->request.cap_bytes,
				    .after = reader->options.wants_stat || slot->request.is_at_most
						     ? &answer->after
						     : NULL,
				    .drop_cache = reader->options.drop_cache,
				    .sys = reader->options.sys };

	answer->kind = READER_PLAIN;
	answer->code = file_read(&whole, error);
	/* The descriptors that ran out may be those in flight. */
	if (answer->code == MUSTER_E_IO && (errno == EMFILE || errno == ENFILE) && reader->ring) {
		ring_drain(reader->ring, false);
		answer->code = file_read(&whole, error);
	}
	reader->report.plain_files++;
}

/* How much of it was read, as far as that is known. */
static uint64_t read_bytes(const struct slot *slot, const struct reader_answer *answer)
{
	uint64_t asked = slot->request.size_bytes, found = answer->after.size_bytes;

	return slot->request.is_at_most && found < asked ? found : asked;
}

static void read_timed(struct reader *reader, struct slot *slot, struct reader_answer *answer,
		       struct muster_error *error)
{
	uint64_t start_ns;

	if (reader->ring)
		ring_submit(reader->ring);
	start_ns = effects_boot_ns(reader->options.effects);
	read_plainly(reader, slot, answer, error);
	choice_observe(&reader->choice, effects_boot_ns(reader->options.effects) - start_ns,
		       read_bytes(slot, answer));
}

static void answer_head(struct reader *reader, struct slot *slot, struct reader_answer *answer,
			struct muster_error *error)
{
	while (slot_is_flying(slot))
		ring_wait(reader->ring);
	switch (slot->state) {
	case SLOT_DONE:
		answer->kind = READER_RING;
		answer->code = MUSTER_OK;
		answer->after = slot->after;
		reader->report.ring_files++;
		break;
	case SLOT_REDO:
		reader->report.redone_files++;
		read_plainly(reader, slot, answer, error);
		break;
	case SLOT_TIMED:
		read_timed(reader, slot, answer, error);
		break;
	default:
		read_plainly(reader, slot, answer, error);
	}
}

enum muster_code reader_submit(struct reader *reader, const struct reader_request *request)
{
	struct slot *slot;

	if (reader_in_flight(reader) == reader->options.depth)
		return MUSTER_FULL;
	slot = slot_at(reader, reader->tail++);
	slot->request = *request;
	slot->state = SLOT_QUEUED;
	start(reader);
	return MUSTER_OK;
}

enum muster_code reader_next(struct reader *reader, struct reader_answer *answer,
			     struct muster_error *error)
{
	struct slot *slot = slot_at(reader, reader->head);

	if (reader->head == reader->tail)
		return MUSTER_END;
	start(reader);
	if (reader->started == reader->head) { /* not the ring's turn */
		reader->started++;
		if (choose(reader) == CHOICE_TIMED)
			slot->state = SLOT_TIMED;
	}
	*answer = (struct reader_answer){ .cookie = slot->request.cookie };
	answer_head(reader, slot, answer, error);
	reader->head++;
	return MUSTER_OK;
}

size_t reader_in_flight(const struct reader *reader)
{
	return (size_t)(reader->tail - reader->head);
}

void reader_cancel(struct reader *reader)
{
	if (reader->ring)
		ring_drain(reader->ring, true);
	reader->head = reader->started = reader->tail;
}

void reader_report(const struct reader *reader, struct reader_report *out)
{
	*out = reader->report;
	if (reader->ring && ring_failure(reader->ring))
		out->ring_errno = ring_failure(reader->ring);
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	reader_cancel(reader);
	ring_close(reader->ring);
	free(reader);
}

enum muster_code reader_kind_parse(const char *text, enum reader_kind *out,
				   struct muster_error *err)
{
	static const struct {
		const char *name;
		enum reader_kind kind;
	} kinds[] = { { "", READER_AUTO },
		      { "auto", READER_AUTO },
		      { "plain", READER_PLAIN },
		      { "ring", READER_RING } };

	*out = READER_AUTO;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(text ? text : "", kinds[i].name) == 0) {
			*out = kinds[i].kind;
			return MUSTER_OK;
		}
	return muster_fail(err, MUSTER_E_USAGE, "no kind of reader: '%.100s' (plain, ring or auto)",
			   text);
}
