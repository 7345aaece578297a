#include "tests/planners/pacing/sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/planners/pacing/sim_events.h"
#include "tests/planners/pacing/sim_server.h"

#define NONE	      UINT32_MAX
#define ATTEMPTS_MAX  (1u << 13)
#define EXCHANGES_MAX (1u << 13)
#define ELAPSED_MAX   (1u << 20)

struct attempt {
	uint32_t exchange, generation;
	uint64_t began_ns;
	uint64_t byte_count;
	enum pacer_outcome outcome;
	bool is_live;
};

struct exchange {
	enum pacer_kind kind;
	uint64_t byte_count, about_bytes, begins_ns, admitted_ns;
	uint32_t attempts[2]; /* the first, and the one that races it */
	uint32_t generation, next_waiting;
	unsigned number;
	bool races; /* it waits for leave to race its first attempt */
};

struct waiting {
	uint32_t first, last;
	uint64_t wake_ns; /* 0: no event is on its way */
};

struct sim {
	const struct sim_options *options;
	const struct sim_limits *limits;
	struct pacer *pacer;
	struct sim_result *out;
	struct sim_server server;
	uint64_t now_ns, random_state, in_flight_ns;
	struct events events;
	struct attempt attempts[ATTEMPTS_MAX];
	uint32_t free_attempts[ATTEMPTS_MAX], free_count;
	struct exchange exchanges[EXCHANGES_MAX];
	uint32_t exchange_count;
	struct waiting waiting[PACER_KIND_COUNT];
	unsigned in_flight;
	uint64_t *elapsed_ns;
	uint64_t *begun_ns; /* a ring: the last that one second may hold */
	uint64_t begun_count, begun_max;
	uint64_t moved_bytes, largest_bytes;
};

static void add_event(struct sim *sim, uint64_t at_ns, enum event_kind kind, uint32_t index,
		      uint32_t generation)
{
	events_add(&sim->events, (struct event){ at_ns, 0, kind, index, generation });
}

static struct sim_second *second_of(struct sim *sim)
{
	return &sim->out->seconds[sim->now_ns / SIM_S];
}

static void count_in_flight(struct sim *sim, int change)
{
	second_of(sim)->in_flight +=
		(double)sim->in_flight * (double)(sim->now_ns - sim->in_flight_ns) / SIM_S;
	sim->in_flight_ns = sim->now_ns;
	sim->in_flight += (unsigned)change;
	if (sim->in_flight > sim->out->in_flight_max)
		sim->out->in_flight_max = sim->in_flight;
}

static void check_limits(struct sim *sim)
{
	const struct sim_limits *limits = sim->limits;
	uint64_t rate = limits->bandwidth_bytes_per_second;
	double allowed;

	if (limits->connections_max && sim->in_flight > limits->connections_max)
		sim->out->has_broken = true;
	if (sim->begun_max) {
		uint64_t *oldest = &sim->begun_ns[sim->begun_count++ % sim->begun_max];

		if (*oldest && sim->now_ns - *oldest < SIM_S)
			sim->out->has_broken = true;
		*oldest = sim->now_ns;
	}
	if (!rate)
		return;
	allowed = (double)rate * ((double)sim->now_ns / SIM_S + 0.1);
	allowed += (double)sim->largest_bytes * (sim->out->in_flight_max + 1);
	if ((double)sim->moved_bytes > allowed)
		sim->out->has_broken = true;
}

static void begin_attempt(struct sim *sim, uint32_t exchange_index, unsigned place)
{
	struct exchange *exchange = &sim->exchanges[exchange_index];
	struct sim_answer answer = sim_server_ask(&sim->server, exchange->byte_count, sim->now_ns);
	uint64_t hedge_ns;
	uint32_t index;

	assert(sim->free_count);
	index = sim->free_attempts[--sim->free_count];
	sim->attempts[index].exchange = exchange_index;
	sim->attempts[index].began_ns = sim->now_ns;
	sim->attempts[index].outcome = answer.outcome;
	sim->attempts[index].is_live = true;
	exchange->attempts[place] = index;
	add_event(sim, answer.at_ns, EVENT_END, index, sim->attempts[index].generation);
	count_in_flight(sim, 1);
	check_limits(sim);
	sim->out->attempts++;
	second_of(sim)->attempts++;
	if (place)
		return;
	if (!exchange->admitted_ns)
		exchange->admitted_ns = sim->now_ns;
	exchange->number++;
	hedge_ns = sim->pacer->ops->hedge_after(sim->pacer, exchange->kind, exchange->byte_count);
	if (hedge_ns != PACER_NEVER)
		add_event(sim, sim->now_ns + hedge_ns, EVENT_HEDGE, index,
			  sim->attempts[index].generation);
}

static void wake_later(struct sim *sim, enum pacer_kind kind, uint64_t wake_ns)
{
	struct waiting *waiting = &sim->waiting[kind];

	if (waiting->wake_ns && waiting->wake_ns <= wake_ns)
		return;
	waiting->wake_ns = wake_ns;
	add_event(sim, wake_ns, EVENT_WAKE, kind, 0);
}

/* The first in line fails at once, where its host is given up; its client comes again later. */
static bool lose_first(struct sim *sim, struct waiting *waiting)
{
	uint32_t index = waiting->first;
	const struct pacer_ops *ops = sim->pacer->ops;

	if (!ops->lost_for || !ops->lost_for(sim->pacer, sim->now_ns))
		return false;
	waiting->first = sim->exchanges[index].next_waiting;
	sim->out->lost++;
	add_event(sim, sim->now_ns + SIM_S, EVENT_BEGIN, index, 0);
	return true;
}

/* Those that wait go in turn, as long as the pacer says yes. */
static void admit_waiting(struct sim *sim, enum pacer_kind kind)
{
	struct waiting *waiting = &sim->waiting[kind];

	while (waiting->first != NONE) {
		uint32_t index = waiting->first;
		struct exchange *exchange = &sim->exchanges[index];
		uint64_t wait_ns;

		wait_ns = sim->pacer->ops->admit(sim->pacer, kind, exchange->about_bytes,
						 sim->now_ns);
		if (wait_ns && lose_first(sim, waiting))
			continue;
		if (wait_ns) {
			wake_later(sim, kind, sim->now_ns + wait_ns);
			return;
		}
		waiting->first = exchange->next_waiting;
		begin_attempt(sim, index, exchange->races);
		exchange->races = false;
	}
}

static void wait_in_line(struct sim *sim, uint32_t index)
{
	struct waiting *waiting = &sim->waiting[sim->exchanges[index].kind];

	sim->exchanges[index].next_waiting = NONE;
	if (waiting->first == NONE)
		waiting->first = index;
	else
		sim->exchanges[waiting->last].next_waiting = index;
	waiting->last = index;
}

/* What has begun goes before what has not: races, and what is tried again. */
static void go_first_in_line(struct sim *sim, uint32_t index)
{
	struct waiting *waiting = &sim->waiting[sim->exchanges[index].kind];

	sim->exchanges[index].next_waiting = waiting->first;
	if (waiting->first == NONE)
		waiting->last = index;
	waiting->first = index;
}

static void begin_exchange(struct sim *sim, uint32_t index)
{
	struct exchange *exchange = &sim->exchanges[index];

	exchange->byte_count =
		(uint64_t)((double)exchange->about_bytes * (0.5 + sim_share(&sim->random_state)));
	if (exchange->byte_count > sim->largest_bytes)
		sim->largest_bytes = exchange->byte_count;
	exchange->admitted_ns = 0;
	exchange->number = 0;
	exchange->generation++;
	exchange->attempts[0] = exchange->attempts[1] = NONE;
	wait_in_line(sim, index);
}

static uint64_t end_attempt(struct sim *sim, uint32_t index, enum pacer_outcome outcome)
{
	struct attempt *attempt = &sim->attempts[index];
	struct exchange *exchange = &sim->exchanges[attempt->exchange];
	const struct pacer_report report = {
		.kind = exchange->kind,
		.outcome = outcome,
		.began_ns = attempt->began_ns,
		.ended_ns = sim->now_ns,
		.byte_count = outcome == PACER_SERVED ? exchange->byte_count : 0,
		.attempt = exchange->number,
	};

	attempt->generation++;
	attempt->is_live = false;
	sim->free_attempts[sim->free_count++] = index;
	exchange->attempts[exchange->attempts[1] == index] = NONE;
	sim->moved_bytes += report.byte_count;
	count_in_flight(sim, -1);
	return sim->pacer->ops->ended(sim->pacer, &report);
}

/* Its first attempt has ended before the race could begin. */
static void leave_line(struct sim *sim, uint32_t index)
{
	struct waiting *waiting = &sim->waiting[sim->exchanges[index].kind];
	uint32_t before = NONE, at = waiting->first;

	if (!sim->exchanges[index].races)
		return;
	sim->exchanges[index].races = false;
	for (; at != index; at = sim->exchanges[at].next_waiting)
		before = at;
	if (before == NONE)
		waiting->first = sim->exchanges[index].next_waiting;
	else
		sim->exchanges[before].next_waiting = sim->exchanges[index].next_waiting;
	if (waiting->last == index)
		waiting->last = before;
}

static void serve_exchange(struct sim *sim, struct exchange *exchange)
{
	struct sim_result *out = sim->out;

	if (out->served < ELAPSED_MAX)
		sim->elapsed_ns[out->served] = sim->now_ns - exchange->admitted_ns;
	out->served++;
	out->served_of[exchange->kind]++;
	second_of(sim)->served++;
	second_of(sim)->served_bytes += exchange->byte_count;
	if (!out->first_served_ns && sim->now_ns >= sim->options->store.outage_ends_ns)
		out->first_served_ns = sim->now_ns;
}

static void on_end(struct sim *sim, uint32_t index)
{
	enum pacer_outcome outcome = sim->attempts[index].outcome;
	uint32_t exchange_index = sim->attempts[index].exchange;
	struct exchange *exchange = &sim->exchanges[exchange_index];
	uint64_t again_ns = end_attempt(sim, index, outcome);
	uint32_t other = exchange->attempts[exchange->attempts[0] == NONE];

	leave_line(sim, exchange_index);
	if (outcome == PACER_SERVED) {
		if (other != NONE) {
			end_attempt(sim, other, PACER_CANCELLED);
			sim->out->hedged++;
		}
		serve_exchange(sim, exchange);
		begin_exchange(sim, exchange_index);
		return;
	}
	if (outcome == PACER_THROTTLED)
		second_of(sim)->throttled++;
	sim->out->throttled += outcome == PACER_THROTTLED;
	sim->out->failed += outcome != PACER_THROTTLED;
	if (other != NONE)
		return;
	if (again_ns != PACER_NEVER) {
		add_event(sim, sim->now_ns + again_ns, EVENT_AGAIN, exchange_index,
			  exchange->generation);
		return;
	}
	sim->out->lost++;
	begin_exchange(sim, exchange_index);
}

static void on_event(struct sim *sim, const struct event *event)
{
	uint32_t exchange;

	switch (event->kind) {
	case EVENT_BEGIN:
		begin_exchange(sim, event->index);
		break;
	case EVENT_END:
		if (event->generation == sim->attempts[event->index].generation)
			on_end(sim, event->index);
		break;
	case EVENT_HEDGE:
		if (event->generation != sim->attempts[event->index].generation)
			break;
		exchange = sim->attempts[event->index].exchange;
		sim->exchanges[exchange].races = true;
		go_first_in_line(sim, exchange);
		break;
	case EVENT_AGAIN:
		if (event->generation == sim->exchanges[event->index].generation)
			go_first_in_line(sim, event->index);
		break;
	case EVENT_WAKE:
		if (sim->waiting[event->index].wake_ns <= sim->now_ns)
			sim->waiting[event->index].wake_ns = 0;
		break;
	}
}

static int compare_elapsed(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void summarise(struct sim *sim)
{
	struct sim_result *out = sim->out;
	uint64_t count = out->served < ELAPSED_MAX ? out->served : ELAPSED_MAX;

	if (!count)
		return;
	qsort(sim->elapsed_ns, count, sizeof(*sim->elapsed_ns), compare_elapsed);
	out->p50_ns = sim->elapsed_ns[count / 2];
	out->p99_ns = sim->elapsed_ns[count * 99 / 100];
	out->p999_ns = sim->elapsed_ns[count * 999 / 1000];
	out->max_ns = sim->elapsed_ns[count - 1];
}

static void begin(struct sim *sim)
{
	const struct sim_options *options = sim->options;
	uint64_t rate = sim->limits->requests_per_second;

	sim->random_state = options->seed;
	sim_server_init(&sim->server, &options->store, options->seed);
	sim->elapsed_ns = calloc(ELAPSED_MAX, sizeof(*sim->elapsed_ns));
	sim->begun_max = rate ? rate + rate / 10 + 2 : 0;
	sim->begun_ns = calloc(sim->begun_max + 1, sizeof(*sim->begun_ns));
	for (uint32_t i = 0; i < ATTEMPTS_MAX; i++)
		sim->free_attempts[sim->free_count++] = i;
	for (unsigned i = 0; i < PACER_KIND_COUNT; i++)
		sim->waiting[i].first = NONE;
	for (unsigned i = 0; i < options->load_count; i++) {
		const struct sim_load *load = &options->loads[i];

		for (unsigned k = 0; k < load->client_count; k++) {
			assert(sim->exchange_count < EXCHANGES_MAX);
			sim->exchanges[sim->exchange_count].kind = load->kind;
			sim->exchanges[sim->exchange_count].about_bytes = load->byte_count;
			add_event(sim, load->begins_ns + 1, EVENT_BEGIN, sim->exchange_count++, 0);
		}
	}
}

void sim_run(const struct sim_options *options, const struct sim_limits *limits,
	     struct pacer *pacer, struct sim_result *out)
{
	static const struct sim_limits no_limits;
	struct sim *sim = calloc(1, sizeof(*sim));
	unsigned turn = 0;

	assert(sim && options->duration_ns <= SIM_SECONDS * SIM_S);
	memset(out, 0, sizeof(*out));
	sim->options = options;
	sim->limits = limits ? limits : &no_limits;
	sim->pacer = pacer;
	sim->out = out;
	begin(sim);
	while (sim->events.count && sim->events.heap[0].at_ns < options->duration_ns) {
		struct event event = events_take(&sim->events);

		sim->now_ns = event.at_ns;
		on_event(sim, &event);
		turn++;
		for (unsigned i = 0; i < PACER_KIND_COUNT; i++)
			admit_waiting(sim, (enum pacer_kind)((turn + i) % PACER_KIND_COUNT));
	}
	for (uint32_t i = 0; i < ATTEMPTS_MAX; i++)
		if (sim->attempts[i].is_live)
			end_attempt(sim, i, PACER_CANCELLED);
	summarise(sim);
	free(sim->begun_ns);
	free(sim->elapsed_ns);
	free(sim);
}
