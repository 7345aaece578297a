#include "tests/planners/pacing/sim_server.h"

#define REFUSED_NS SIM_MS
#define BURST_S	   0.1 /* what the store's own bucket holds */

uint64_t sim_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double sim_share(uint64_t *state)
{
	return (double)(sim_random(state) >> 11) / (double)(1ull << 53);
}

void sim_server_init(struct sim_server *server, const struct sim_store *store, uint64_t seed)
{
	*server = (struct sim_server){ .store = store, .random_state = seed ^ 0x5eed };
	server->tokens = store->requests_per_s * BURST_S;
}

static double capacity(const struct sim_store *store, uint64_t now_ns)
{
	return store->change_ns && now_ns >= store->change_ns ? store->change_factor : 1;
}

static bool take_token(struct sim_server *server, uint64_t now_ns)
{
	double rate = server->store->requests_per_s * capacity(server->store, now_ns);

	if (!rate)
		return true;
	server->tokens += rate * (double)(now_ns - server->tokens_ns) / SIM_S;
	server->tokens_ns = now_ns;
	if (server->tokens > rate * BURST_S)
		server->tokens = rate * BURST_S;
	if (server->tokens < 1)
		return false;
	server->tokens -= 1;
	return true;
}

static uint64_t jitter(struct sim_server *server, uint64_t about_ns)
{
	return (uint64_t)((double)about_ns * (0.8 + 0.4 * sim_share(&server->random_state)));
}

/* The server that is free first works on it. */
static uint64_t work(struct sim_server *server, uint64_t now_ns)
{
	const struct sim_store *store = server->store;
	uint64_t *first = &server->servers_free_ns[0];

	if (!store->server_count)
		return now_ns;
	for (unsigned i = 1; i < store->server_count; i++)
		if (server->servers_free_ns[i] < *first)
			first = &server->servers_free_ns[i];
	if (*first < now_ns)
		*first = now_ns;
	*first += (uint64_t)((double)jitter(server, store->service_ns) / capacity(store, now_ns));
	return *first;
}

static uint64_t transfer(struct sim_server *server, uint64_t byte_count, uint64_t now_ns)
{
	const struct sim_store *store = server->store;
	double link = store->link_bytes_per_s * capacity(store, now_ns);
	uint64_t end_ns = now_ns;

	if (store->connection_bytes_per_s)
		end_ns += (uint64_t)((double)byte_count / store->connection_bytes_per_s * SIM_S);
	if (!link)
		return end_ns;
	if (server->link_free_ns < now_ns)
		server->link_free_ns = now_ns;
	server->link_free_ns += (uint64_t)((double)byte_count / link * SIM_S);
	return server->link_free_ns > end_ns ? server->link_free_ns : end_ns;
}

static bool is_away(const struct sim_store *store, uint64_t now_ns)
{
	return now_ns >= store->outage_begins_ns && now_ns < store->outage_ends_ns;
}

static struct sim_answer away(const struct sim_store *store, uint64_t now_ns)
{
	if (store->outage_hangs_ns)
		return (struct sim_answer){ now_ns + store->outage_hangs_ns, PACER_TIMED_OUT };
	return (struct sim_answer){ now_ns + REFUSED_NS, PACER_FAILED };
}

struct sim_answer sim_server_ask(struct sim_server *server, uint64_t byte_count, uint64_t now_ns)
{
	const struct sim_store *store = server->store;
	struct sim_answer answer = { now_ns, PACER_SERVED };

	if (is_away(store, now_ns))
		return away(store, now_ns);
	if (!take_token(server, now_ns))
		return (struct sim_answer){ now_ns + jitter(server, store->latency_ns / 3),
					    PACER_THROTTLED };
	answer.at_ns = transfer(server, byte_count, work(server, now_ns));
	answer.at_ns += jitter(server, store->latency_ns);
	if (sim_share(&server->random_state) < store->straggler_share)
		answer.at_ns += store->straggler_ns;
	if (sim_share(&server->random_state) < store->failed_share)
		answer.outcome = PACER_FAILED;
	if (is_away(store, answer.at_ns) ||
	    (now_ns < store->outage_begins_ns && answer.at_ns >= store->outage_begins_ns))
		return away(store, store->outage_begins_ns);
	return answer;
}
