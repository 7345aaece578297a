#include "cli/traffic.h"

#include <stdio.h>

#include "base/text/text.h"

#define NS_PER_US UINT64_C(1000)
#define NS_PER_S  1000000000.0
/* 79 columns */
#define ROW_FORMAT "   %-6s %8s %5s %7s %7s %9s %9s %6s %5s %5s\n"

static bool is_used(const struct muster_requests *kind)
{
	return kind->at_once;
}

static uint64_t goodput(const struct muster_traffic *traffic, uint64_t elapsed_ns)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < MUSTER_REQUEST_KINDS; i++)
		bytes += traffic->kinds[i].served_bytes;
	return elapsed_ns ? (uint64_t)((double)bytes * NS_PER_S / (double)elapsed_ns) : 0;
}

/* --- for people ------------------------------------------------------------------------------ */

static const char *latency_text(char out[TEXT_DURATION_BYTES], uint64_t us)
{
	if (us >= 1000)
		text_duration(out, us * NS_PER_US);
	else
		snprintf(out, TEXT_DURATION_BYTES, "%u us", (unsigned)us);
	return out;
}

static void show_kind(struct bytes *out, const struct muster_requests *kind)
{
	char served[TEXT_COUNT_BYTES], once[TEXT_COUNT_BYTES], moved[TEXT_SIZE_BYTES];
	char median[TEXT_DURATION_BYTES], p99[TEXT_DURATION_BYTES];
	char throttled[TEXT_COUNT_BYTES], failed[TEXT_COUNT_BYTES], late[TEXT_COUNT_BYTES],
		raced[TEXT_COUNT_BYTES];

	bytes_printf(out, NULL, ROW_FORMAT, kind->kind, text_count(served, kind->served),
		     text_count(once, kind->at_once), latency_text(median, kind->median_us),
		     latency_text(p99, kind->p99_us), text_size(moved, kind->served_bytes),
		     text_count(throttled, kind->throttled), text_count(failed, kind->failed),
		     text_count(late, kind->timed_out), text_count(raced, kind->hedged));
}

void traffic_show(struct bytes *out, const struct cli *cli, uint64_t elapsed_ns)
{
	char requests[TEXT_COUNT_BYTES], once[TEXT_COUNT_BYTES], opened[TEXT_COUNT_BYTES];
	char sent[TEXT_SIZE_BYTES], received[TEXT_SIZE_BYTES], rate[TEXT_SIZE_BYTES];
	struct muster_traffic traffic;

	if (!cli->repository || !muster_repository_traffic(cli->repository, &traffic))
		return;
	bytes_printf(out, NULL,
		     "   %-18s%s over %s %s, at most %s at once\n"
		     "   %-18s%s up, %s down, %s/s\n",
		     "requests", text_count(requests, traffic.requests),
		     text_count(opened, traffic.connections),
		     text_plural(traffic.connections, "connection", "connections"),
		     text_count(once, traffic.at_once), "moved",
		     text_size(sent, traffic.sent_bytes),
		     text_size(received, traffic.received_bytes),
		     text_size(rate, goodput(&traffic, elapsed_ns)));
	bytes_printf(out, NULL, ROW_FORMAT, "KIND", "SERVED", "CONNS", "MEDIAN", "99 %", "MOVED",
		     "THROTTLED", "FAILED", "LATE", "RACED");
	for (unsigned i = 0; i < MUSTER_REQUEST_KINDS; i++)
		if (is_used(&traffic.kinds[i]))
			show_kind(out, &traffic.kinds[i]);
}

/* --- for programs ---------------------------------------------------------------------------- */

static void json_kind(struct json_writer *json, const struct muster_requests *kind)
{
	json_write_object_begin(json);
	json_member_text(json, "kind", kind->kind);
	json_member_u64(json, "at_once", kind->at_once);
	json_member_u64(json, "served", kind->served);
	json_member_u64(json, "served_bytes", kind->served_bytes);
	json_member_u64(json, "throttled", kind->throttled);
	json_member_u64(json, "failed", kind->failed);
	json_member_u64(json, "timed_out", kind->timed_out);
	json_member_u64(json, "hedged", kind->hedged);
	json_member_u64(json, "given_up", kind->given_up);
	json_member_u64(json, "median_us", kind->median_us);
	json_member_u64(json, "p99_us", kind->p99_us);
	json_write_object_end(json);
}

void traffic_json(struct cli *cli, uint64_t elapsed_ns)
{
	struct json_writer *json = &cli->summary;
	struct muster_traffic traffic;

	if (!cli->repository || !muster_repository_traffic(cli->repository, &traffic))
		return;
	json_write_key(json, "cloud");
	json_write_object_begin(json);
	json_member_u64(json, "requests", traffic.requests);
	json_member_u64(json, "sent_bytes", traffic.sent_bytes);
	json_member_u64(json, "received_bytes", traffic.received_bytes);
	json_member_u64(json, "bytes_per_s", goodput(&traffic, elapsed_ns));
	json_member_u64(json, "connections", traffic.connections);
	json_member_u64(json, "at_once", traffic.at_once);
	json_write_key(json, "kinds");
	json_write_array_begin(json);
	for (unsigned i = 0; i < MUSTER_REQUEST_KINDS; i++)
		if (is_used(&traffic.kinds[i]))
			json_kind(json, &traffic.kinds[i]);
	json_write_array_end(json);
	json_write_object_end(json);
}
