/*
 * Any order of questions and answers, at any times: limits hold, windows stay within theirs, and
 * what was admitted can always end.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "planners/pacing/pacing.h"
#include "planners/retry/retry.h"

#define IN_FLIGHT_MAX 64

struct flight {
	enum attempt_kind kind;
	uint64_t began_ns;
};

struct input {
	const uint8_t *bytes;
	size_t len, at;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static unsigned next(struct input *input)
{
	return input->at < input->len ? input->bytes[input->at++] : 0;
}

/* A power of two or near it: from nothing to more than any real value. */
static uint64_t any_amount(struct input *input)
{
	return ((uint64_t)1 << next(input) % 64) - 1 + next(input);
}

static void check(const struct pacing *pacing, unsigned in_flight)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < ATTEMPT_KIND_COUNT; i++) {
		const struct window *window = &pacing->kinds[i].window;

		sum += window->in_flight;
		require(window->size >= 1 && window->size <= pacing->connections_max);
	}
	require(sum == in_flight && pacing->in_flight == in_flight);
	require(in_flight <= pacing->connections_max);
}

static void end(struct pacing *pacing, struct retry *retry, const struct flight *flight,
		struct input *input, uint64_t now_ns)
{
	const struct attempt attempt = {
		.kind = flight->kind,
		.outcome = (enum attempt_outcome)(next(input) % (ATTEMPT_CANCELLED + 1)),
		.began_ns = flight->began_ns,
		.ended_ns = now_ns,
		.byte_count = any_amount(input),
		.retry_after_ns = any_amount(input),
		.number = next(input),
	};
	uint64_t again_ns;

	pacing_ended(pacing, &attempt);
	again_ns = retry_after(retry, &attempt, &pacing->outage, any_amount(input));
	require(again_ns == ATTEMPT_NEVER || again_ns <= 80000000000);
	if (attempt.outcome == ATTEMPT_SERVED || attempt.outcome == ATTEMPT_CANCELLED)
		require(again_ns == ATTEMPT_NEVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size, 0 };
	const struct pacing_options options = {
		.connections_max = 1 + next(&input) % IN_FLIGHT_MAX,
		.start = next(&input) % 16,
		.requests_per_second = next(&input) % 2 ? any_amount(&input) : 0,
		.bandwidth_bytes_per_s = next(&input) % 2 ? any_amount(&input) : 0,
	};
	struct pacing pacing = pacing_of(&options);
	struct retry retry = retry_of(next(&input));
	struct flight flights[IN_FLIGHT_MAX];
	unsigned in_flight = 0;
	uint64_t now_ns = any_amount(&input);

	while (input.at < input.len) {
		unsigned what = next(&input);
		enum attempt_kind kind = (enum attempt_kind)(what % ATTEMPT_KIND_COUNT);

		now_ns = what & 64 ? any_amount(&input) : now_ns + next(&input) * 100000ull;
		pacing_hedge_after(&pacing, kind);
		if (what & 128 && in_flight) {
			unsigned which = next(&input) % in_flight;
			struct flight flight = flights[which];

			flights[which] = flights[--in_flight];
			end(&pacing, &retry, &flight, &input, now_ns);
		} else if (!pacing_admit(&pacing, kind, any_amount(&input), now_ns)) {
			require(in_flight < options.connections_max);
			flights[in_flight++] = (struct flight){ kind, now_ns };
		}
		check(&pacing, in_flight);
	}
	return 0;
}
