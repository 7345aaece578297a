/** sim_server - the store of sim.h: when does an attempt end, and as what? */
#ifndef TESTS_PLANNERS_PACING_SIM_SERVER_H
#define TESTS_PLANNERS_PACING_SIM_SERVER_H

#include "tests/planners/pacing/sim.h"

#define SIM_SERVERS_MAX 64

struct sim_server {
	const struct sim_store *store;
	uint64_t random_state;
	double tokens;
	uint64_t tokens_ns;
	uint64_t link_free_ns;
	uint64_t servers_free_ns[SIM_SERVERS_MAX];
};

struct sim_answer {
	uint64_t at_ns;
	enum pacer_outcome outcome;
};

void sim_server_init(struct sim_server *server, const struct sim_store *store, uint64_t seed);
struct sim_answer sim_server_ask(struct sim_server *server, uint64_t byte_count, uint64_t now_ns);

uint64_t sim_random(uint64_t *state);
/** At least 0, less than 1. */
double sim_share(uint64_t *state);

#endif
