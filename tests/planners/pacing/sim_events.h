/** sim_events - what will happen in a simulation, the earliest first; at the same time, in turn. */
#ifndef TESTS_PLANNERS_PACING_SIM_EVENTS_H
#define TESTS_PLANNERS_PACING_SIM_EVENTS_H

#include <stdint.h>

#define EVENTS_MAX (1u << 17)

enum event_kind { EVENT_BEGIN, EVENT_END, EVENT_HEDGE, EVENT_AGAIN, EVENT_WAKE };

struct event {
	uint64_t at_ns, order; /* events_add() fills the order */
	enum event_kind kind;
	uint32_t index, generation; /* of an attempt, of an exchange, or a kind to wake */
};

struct events {
	struct event heap[EVENTS_MAX];
	uint32_t count;
	uint64_t order;
};

void events_add(struct events *events, struct event event);

/** There is one. */
struct event events_take(struct events *events);

#endif
