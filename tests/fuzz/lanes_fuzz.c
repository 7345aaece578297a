/* Whatever lengths messages have and in whatever order they are finished: every kernel of this
 * machine gives OpenSSL's MD5, and a ring delivers its files in order, with their bytes.
 *
 * The input is a list of messages, each three bytes: a length (two, little endian) and an action;
 * then the bytes that all messages consist of, again and again. */
#include <stdlib.h>

#include "base/hash/hash.h"
#include "base/hash/hash_ring.h"
#include "base/hash/lanes.h"

#define MESSAGE_MAX  200
#define RECORD_BYTES 3
#define POOL_BYTES   (128u << 10)
#define RING_BYTES   (96u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct message {
	struct view data;
	uint8_t action;
	bool is_done;
	uint8_t digest[DIGEST_BYTES], expected[DIGEST_BYTES];
};

struct messages {
	struct message all[MESSAGE_MAX];
	size_t count, delivered_count;
	uint8_t pool[POOL_BYTES];
};

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void parse(struct messages *messages, const uint8_t *data, size_t size)
{
	size_t count = size ? data[0] % MESSAGE_MAX : 0, at = 1;

	messages->count = messages->delivered_count = 0;
	for (; messages->count < count && at + RECORD_BYTES <= size; at += RECORD_BYTES) {
		struct message *message = &messages->all[messages->count++];
		size_t max = data[at + 2] % 8 == 2 ? 65536 : 4096; /* few long ones: speed */
		size_t len = (size_t)(data[at] | data[at + 1] << 8) % max;

		message->data = view_of(messages->pool + messages->count * 13, len);
		message->action = data[at + 2];
	}
	for (size_t i = 0; i < POOL_BYTES; i++)
		messages->pool[i] = at < size ? data[at + i % (size - at)] : (uint8_t)i;
	for (size_t i = 0; i < messages->count; i++)
		md5_of(messages->all[i].data, messages->all[i].expected);
}

static void check_lanes(struct messages *messages, enum hash_cpu cpu)
{
	struct lanes *lanes;

	require(lanes_new(&lanes, md5_kernel_of(cpu), NULL) == MUSTER_OK);
	for (size_t i = 0; i < messages->count; i++) {
		struct message *message = &messages->all[i];
		struct message *other = &messages->all[message->action % (i + 1)];

		lanes_push(lanes, message->data, message->digest, &message->is_done);
		if (message->action % 3 == 0) {
			lanes_finish(lanes, other->digest);
			require(other->is_done);
		} else if (message->action % 16 == 1) {
			lanes_drain(lanes);
			require(message->is_done);
		}
	}
	lanes_drain(lanes);
	for (size_t i = 0; i < messages->count; i++) {
		struct message *message = &messages->all[i];

		require(message->is_done);
		require(memcmp(message->digest, message->expected, DIGEST_BYTES) == 0);
	}
	lanes_free(lanes);
}

static enum muster_code receive(void *state, void *cookie, struct view data,
				const struct fingerprint *fingerprint, struct muster_error *err)
{
	struct messages *messages = state;
	const struct message *message = &messages->all[messages->delivered_count++];

	require(message == cookie);
	require(view_equal(data, message->data));
	require(memcmp(fingerprint->digest, message->expected, DIGEST_BYTES) == 0);
	return message->action == 255 ? muster_fail(err, MUSTER_E_IO, "refused") : MUSTER_OK;
}

/* A failed delivery leaves the ring usable: the same call succeeds when repeated. */
static void check_ring(struct messages *messages)
{
	struct hash_ring_options options = {
		.hashing.algorithm = DIGEST_MD5,
		.bytes = RING_BYTES,
		.item_max = 1 + (uint32_t)messages->count / 2,
		.done_fn = receive,
		.state = messages,
	};
	struct hash_ring *ring;
	uint8_t *room;

	require(hash_ring_new(&ring, options, NULL) == MUSTER_OK);
	for (size_t i = 0; i < messages->count; i++) {
		struct message *message = &messages->all[i];

		while (hash_ring_room(ring, message->data.len, &room, NULL))
			;
		memcpy(room, message->data.ptr, message->data.len);
		(void)hash_ring_push(ring, message->data.len, message, NULL);
	}
	while (hash_ring_drain(ring, NULL))
		;
	require(messages->delivered_count == messages->count);
	hash_ring_free(ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct messages *messages = malloc(sizeof(*messages));

	require(messages);
	parse(messages, data, size);
	for (int cpu = HASH_CPU_SCALAR; cpu < HASH_CPU_COUNT; cpu++)
		if (hash_cpu_is_available((enum hash_cpu)cpu))
			check_lanes(messages, (enum hash_cpu)cpu);
	check_ring(messages);
	free(messages);
	return 0;
}
