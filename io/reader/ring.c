/*
 * Two requests a file, the second when the first has completed: open into a real descriptor, then
 * read one byte more than the size. Chains of open, read and close over direct descriptors save one
 * trip through the queue and were no faster (docs/decisions/0007), and a direct descriptor cannot
 * be stat-ed, which the rule about racy files needs after the last byte.
 *
 * Only the common case is done here: a regular file of the expected size. Whatever else is met
 * (gone, changed, refused, short read, no descriptor left) ends in SLOT_REDO.
 *
 * Known weakness: the kernel opens what is not cached with a worker thread of its own, of which it
 * starts at most four a processor: depth helps the reads more than the opens.
 */
#include "io/reader/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A quarter of the depth goes in together, and an eighth is waited for, while there are so many:
 * few calls, and the device is never left idle. */
#define BATCH_SHARE 4
#define WAIT_SHARE  8
/* Times 1 ms. EAGAIN and EBUSY mean that memory or the completion queue is short: that passes. */
#define REFUSALS_MAX 100
#define REFUSAL_NS   1000000

struct ring {
	struct io_uring uring;
	struct ring_options options;
	unsigned flying_count; /* slots between add and DONE or REDO */
	unsigned refusal_count;
	int failure;
	bool is_given_up; /* open files are closed, not read */
	bool needs_async; /* the file system cannot tell whether a read would wait */
};

/* --- the kernel's side ----------------------------------------------------------------------- */

static bool has_operations(struct io_uring *uring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(uring);
	bool has = probe && io_uring_opcode_supported(probe, IORING_OP_OPENAT) &&
		   io_uring_opcode_supported(probe, IORING_OP_READ);

	io_uring_free_probe(probe);
	return has;
}

/* The newest flags first: kernels refuse what they do not know. Each slot has one request at a
 * time, so neither queue can be too short. */
static int system_setup(void *state, struct io_uring *uring, unsigned depth)
{
	static const unsigned flags[] = {
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
			IORING_SETUP_DEFER_TASKRUN,		     /* 6.1 */
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN, /* 5.19 */
		0,
	};
	int failed = -ENOSYS;

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		failed = io_uring_queue_init(depth, uring, flags[i]);
		if (failed != -EINVAL)
			break;
	}
	if (failed)
		return failed;
	if (has_operations(uring))
		return 0;
	io_uring_queue_exit(uring);
	return -ENOSYS;
}

static int system_enter(void *state, struct io_uring *uring, unsigned wait_count)
{
	(void)state;
	return wait_count ? io_uring_submit_and_wait(uring, wait_count)
			  : io_uring_submit_and_get_events(uring);
}

const struct ring_ops *ring_system(void)
{
	static const struct ring_ops ops = { NULL, system_setup, system_enter };

	return &ops;
}

/* --- one slot -------------------------------------------------------------------------------- */

static void settle(struct ring *ring, struct slot *slot, enum slot_state state)
{
	slot->state = state;
	ring->flying_count--;
}

static void settle_open(struct ring *ring, struct slot *slot, enum slot_state state)
{
	sys_close(ring->options.sys, slot->fd);
	settle(ring, slot, state);
}

static void queue_read(struct ring *ring, struct slot *slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	assert(sqe); /* as many as slots */
	io_uring_prep_read(sqe, slot->fd, slot->request.buffer,
			   (unsigned)slot->request.size_bytes + 1, 0);
	if (ring->needs_async)
		io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_sqe_set_data(sqe, slot);
	slot->state = SLOT_READING;
}

/* A ring would wait for the writer of a FIFO as long as it takes, O_NONBLOCK or not. */
static bool is_regular(int fd)
{
	struct statx found;

	return !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &found) &&
	       S_ISREG(found.stx_mode);
}

static void opened(struct ring *ring, struct slot *slot, int result)
{
	if (result < 0) {
		settle(ring, slot, SLOT_REDO);
		return;
	}
	slot->fd = result;
	if (!ring->is_given_up && is_regular(slot->fd))
		queue_read(ring, slot);
	else
		settle_open(ring, slot, SLOT_REDO);
}

/* Before the descriptor is closed: so it is the state of the file that was read. */
static bool stat_after(const struct ring *ring, struct slot *slot)
{
	const struct sys_ops *sys = ring->options.sys;
	struct stat st;

	if (!ring->options.wants_stat && !slot->request.is_at_most)
		return true;
	if (sys->fstat(sys->state, slot->fd, &st))
		return false;
	file_stat_from(&st, &slot->after);
	return true;
}

static bool is_expected(const struct slot *slot, uint64_t got)
{
	return slot->request.is_at_most ? got <= slot->request.size_bytes
					: got == slot->request.size_bytes;
}

static bool is_whole(const struct slot *slot, uint64_t got)
{
	return !slot->request.is_at_most || got == slot->after.size_bytes;
}

static void was_read(struct ring *ring, struct slot *slot, int result)
{
	const struct sys_ops *sys = ring->options.sys;

	/* Some file systems (FUSE, older NFS) cannot say whether a read would wait; the kernel then
	 * takes O_NONBLOCK at its word. Its worker threads read such files. */
	if (result == -EAGAIN && !ring->needs_async && !ring->is_given_up) {
		ring->needs_async = true;
		queue_read(ring, slot);
		return;
	}
	if (result < 0 || !is_expected(slot, (uint64_t)result) || !stat_after(ring, slot) ||
	    !is_whole(slot, (uint64_t)result)) {
		settle_open(ring, slot, SLOT_REDO);
		return;
	}
	if (ring->options.drop_cache)
		sys->fadvise(sys->state, slot->fd, 0, 0, POSIX_FADV_DONTNEED);
	settle_open(ring, slot, SLOT_DONE);
}

/* --- the ring -------------------------------------------------------------------------------- */

static void take_completions(struct ring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head, count = 0;

	io_uring_for_each_cqe(&ring->uring, head, cqe)
	{
		struct slot *slot = io_uring_cqe_get_data(cqe);

		count++;
		if (slot->state == SLOT_OPENING)
			opened(ring, slot, cqe->res);
		else
			was_read(ring, slot, cqe->res);
	}
	io_uring_cq_advance(&ring->uring, count);
}

/* The kernel has not seen these, and will not. */
static void take_back_queued(struct ring *ring)
{
	const struct io_uring_sq *sq = &ring->uring.sq;
	unsigned mask = *sq->kring_mask;

	for (unsigned at = __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE); at != sq->sqe_tail; at++) {
		struct slot *slot = (struct slot *)(uintptr_t)sq->sqes[at & mask].user_data;

		if (slot->state == SLOT_READING)
			settle_open(ring, slot, SLOT_REDO);
		else
			settle(ring, slot, SLOT_REDO);
	}
}

/* Nothing more can be submitted. What the kernel has must come back: it writes to memory that is
 * not ours to keep. */
static void give_ring_up(struct ring *ring, int failure)
{
	const struct sys_ops *sys = ring->options.sys;
	struct io_uring_cqe *cqe;

	ring->failure = failure;
	ring->is_given_up = true;
	take_back_queued(ring);
	while (ring->flying_count) {
		if (io_uring_wait_cqe(&ring->uring, &cqe))
			sys->sleep_ns(sys->state, REFUSAL_NS);
		else
			take_completions(ring);
	}
}

static bool is_passing(int failure)
{
	return failure == EINTR || failure == EAGAIN || failure == EBUSY || failure == ENOMEM;
}

/* One call of the kernel. False: the ring is broken. */
static bool enter(struct ring *ring, unsigned wait_count)
{
	const struct sys_ops *sys = ring->options.sys;
	int done = ring->options.ops->enter(ring->options.ops->state, &ring->uring, wait_count);

	++*ring->options.enter_count;
	take_completions(ring);
	if (done >= 0) {
		ring->refusal_count = 0;
		return true;
	}
	if (is_passing(-done) && ++ring->refusal_count < REFUSALS_MAX) {
		if (done != -EINTR)
			sys->sleep_ns(sys->state, REFUSAL_NS);
		return true;
	}
	give_ring_up(ring, -done);
	return false;
}

int ring_open(struct ring **out, const struct ring_options *options)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int failed = ring ? 0 : -ENOMEM;

	*out = NULL;
	if (!failed)
		failed = options->ops->setup(options->ops->state, &ring->uring, options->depth);
	if (failed) {
		free(ring);
		return -failed;
	}
	ring->options = *options;
	*out = ring;
	return 0;
}

void ring_add(struct ring *ring, struct slot *slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	assert(sqe && ring->flying_count < ring->options.depth && !ring->failure);
	io_uring_prep_openat(sqe, slot->request.dir_fd, slot->request.name, file_read_flags(), 0);
	io_uring_sqe_set_data(sqe, slot);
	slot->state = SLOT_OPENING;
	ring->flying_count++;
	if (io_uring_sq_ready(&ring->uring) * BATCH_SHARE >= ring->options.depth)
		enter(ring, 0);
}

void ring_submit(struct ring *ring)
{
	if (!ring->failure && io_uring_sq_ready(&ring->uring))
		enter(ring, 0);
}

bool ring_wait(struct ring *ring)
{
	unsigned share = ring->options.depth / WAIT_SHARE;

	return !ring->failure && enter(ring, share && ring->flying_count > share ? share : 1);
}

void ring_drain(struct ring *ring, bool is_given_up)
{
	ring->is_given_up = is_given_up || ring->failure;
	while (ring->flying_count && ring_wait(ring))
		;
	ring->is_given_up = ring->failure;
}

int ring_failure(const struct ring *ring)
{
	return ring->failure;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	ring_drain(ring, true);
	io_uring_queue_exit(&ring->uring);
	free(ring);
}
