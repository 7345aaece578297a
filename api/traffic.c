#include "api/api_internal.h"

#define NS_PER_US 1000

static struct muster_requests requests_of(const char *name, const struct host_pacer_kind *kind)
{
	return (struct muster_requests){ .kind = name,
					 .at_once = kind->in_flight_max,
					 .served = kind->served,
					 .served_bytes = kind->served_bytes,
					 .throttled = kind->throttled,
					 .failed = kind->failed,
					 .timed_out = kind->timed_out,
					 .hedged = kind->hedged,
					 .given_up = kind->given_up,
					 .median_us = kind->latency_p50_ns / NS_PER_US,
					 .p99_us = kind->latency_p99_ns / NS_PER_US };
}

bool muster_repository_traffic(const struct muster_repository *repository,
			       struct muster_traffic *out)
{
	static const char *const names[MUSTER_REQUEST_KINDS] = {
		[PACER_SMALL] = "small", [PACER_READ] = "read",	    [PACER_WRITE] = "write",
		[PACER_LIST] = "list",	 [PACER_DELETE] = "delete",
	};
	struct remote_report report;

	*out = (struct muster_traffic){ 0 };
	if (!repository->remote)
		return false;
	remote_report(repository->remote, &report);
	for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++)
		out->requests += report.http.requests[i];
	out->sent_bytes = report.http.sent_bytes;
	out->received_bytes = report.http.received_bytes;
	out->connections = report.http.connections;
	out->at_once = report.pacing.in_flight_max;
	for (unsigned i = 0; i < MUSTER_REQUEST_KINDS; i++)
		out->kinds[i] = requests_of(names[i], &report.pacing.kinds[i]);
	return true;
}
