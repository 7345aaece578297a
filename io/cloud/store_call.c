#include "io/cloud/store_internal.h"

/* Below it, the time of a request is the round trip's. */
#define SMALL_BYTES (256u << 10)
/* S3 puts parts together for minutes before it answers. */
#define COMPLETE_TIMEOUT_MS 300000
/* 5000 names of 1024 characters, percent-encoded; a usual page has some 500 KiB. */
#define PAGE_MAX_BYTES	 (64u << 20)
#define PAGE_USUAL_BYTES (512u << 10)
#define TEXT_MAX_BYTES	 (1u << 20)

void cloud_call_release(struct cloud_call *call)
{
	bytes_release(&call->out.body);
	bytes_release(&call->out.upload);
}

/* --- what the engine asks -------------------------------------------------------------------- */

static enum muster_code prepare(void *state, unsigned attempt, struct http_head *head,
				struct muster_error *err)
{
	struct cloud_flight *flight = state;
	struct cloud_protocol *protocol = flight->cloud->protocol;

	flight->sent_ns[attempt % 2] = cloud_clock_wall_ns(&protocol->clock);
	return protocol->ops->prepare(protocol, &flight->call, head, err);
}

static enum muster_code take_body(void *state, struct view data, struct muster_error *err)
{
	struct cloud_flight *flight = state;

	if (data.len > flight->out_cap - flight->got)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the server sends more than the %zu bytes asked for",
				   flight->out_cap);
	if (data.len)
		memcpy(flight->out + flight->got, data.ptr, data.len);
	flight->got += data.len;
	return MUSTER_OK;
}

/* A reply broke off. Where the object is known by its ETag, the rest of it will do; a server that
 * then sends all of it again is not listened to. */
static void go_on(void *state)
{
	struct cloud_flight *flight = state;
	size_t more = flight->got - flight->kept;

	if (flight->call.verb != CLOUD_READ || !flight->call.etag.len ||
	    flight->got == flight->out_cap) {
		flight->call.offset_bytes -= flight->kept;
		flight->call.len += flight->kept;
		flight->got = flight->kept = 0;
		return;
	}
	flight->call.offset_bytes += more;
	flight->call.len -= more;
	flight->kept = flight->got;
}

static void note_statuses(struct cloud_flight *flight)
{
	uint16_t *success = flight->exchange.request.success;

	success[0] = 206;
	/* 200 is all of the object, from its first byte on. */
	success[1] = flight->call.verb == CLOUD_TAIL || !flight->call.offset_bytes ? 200 : 0;
}

static void on_rewind(void *state)
{
	go_on(state);
	note_statuses(state);
}

static enum muster_code judge(void *state, const struct http_reply *reply,
			      enum pacer_outcome *outcome, struct muster_error *err)
{
	struct cloud_flight *flight = state;
	struct cloud_protocol *protocol = flight->cloud->protocol;
	enum muster_code code;

	cloud_clock_learn(&protocol->clock, reply, flight->sent_ns[reply->attempt % 2]);
	code = protocol->ops->judge(protocol, &flight->call, reply, outcome, err);
	if (!code && flight->is_exact && flight->got != flight->out_cap)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the server sends %zu bytes where %zu were asked for",
				   flight->got, flight->out_cap);
	return code;
}

static bool has_page(const struct cloud_call *call)
{
	return call->verb == CLOUD_LIST || call->verb == CLOUD_PARTS;
}

static void on_done(void *state, enum muster_code code, const struct muster_error *error,
		    const struct http_reply *reply)
{
	struct cloud_flight *flight = state;

	flight->code = code;
	if (muster_failed(code))
		flight->error = *error;
	if (!code && has_page(&flight->call))
		flight->code = bytes_append_view(&flight->page, reply->body, &flight->error);
	sem_post(&flight->over); /* from here on it may be no more */
}

static const struct http_ops to_memory = {
	.prepare = prepare, .body = take_body, .rewind = on_rewind, .judge = judge, .done = on_done
};
static const struct http_ops collected = { .prepare = prepare, .judge = judge, .done = on_done };

/* --- a flight -------------------------------------------------------------------------------- */

void cloud_flight_init(struct cloud_flight *flight, struct cloud_store *cloud, enum cloud_verb verb,
		       struct view key)
{
	*flight = (struct cloud_flight){ .cloud = cloud, .call = { .verb = verb, .key = key } };
}

static enum pacer_kind kind_of(const struct cloud_call *call)
{
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
		return call->len > SMALL_BYTES ? PACER_READ : PACER_SMALL;
	case CLOUD_CREATE:
	case CLOUD_PART:
		return call->body.len > SMALL_BYTES ? PACER_WRITE : PACER_SMALL;
	case CLOUD_LIST:
		return PACER_LIST;
	case CLOUD_REMOVE:
	case CLOUD_ABORT:
		return PACER_DELETE;
	default:
		return PACER_SMALL;
	}
}

static uint64_t byte_count_of(const struct cloud_call *call)
{
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
		return call->len;
	case CLOUD_LIST:
		return PAGE_USUAL_BYTES;
	default:
		return 0;
	}
}

static enum muster_code fill_request(struct cloud_flight *flight, struct muster_error *err)
{
	struct cloud_call *call = &flight->call;
	struct cloud_protocol *protocol = flight->cloud->protocol;
	bool is_read = call->verb == CLOUD_READ || call->verb == CLOUD_TAIL;
	struct view body = call->body;
	enum muster_code code = MUSTER_OK;

	if (protocol->ops->make_body)
		code = protocol->ops->make_body(protocol, call, &body, err);
	if (code)
		return code;
	flight->exchange = (struct http_exchange){
		.ops = is_read ? &to_memory : &collected,
		.state = flight,
		.request = {
			.method = protocol->ops->method(protocol, call),
			.kind = kind_of(call),
			.pacer = flight->cloud->pacer,
			.body = body,
			.byte_count = byte_count_of(call),
			.collect_max = has_page(call) ? PAGE_MAX_BYTES : TEXT_MAX_BYTES,
			.may_hedge = is_read || call->verb == CLOUD_HEAD || call->verb == CLOUD_LIST,
			.expects_continue = true,
			.ends_when_cut = call->verb == CLOUD_CREATE,
			.first_byte_timeout_ms = call->verb == CLOUD_COMPLETE ? COMPLETE_TIMEOUT_MS : 0,
		},
	};
	if (is_read)
		note_statuses(flight);
	return MUSTER_OK;
}

enum muster_code cloud_flight_start(struct cloud_flight *flight, struct muster_error *err)
{
	enum muster_code code = fill_request(flight, err);

	if (code)
		return code;
	sem_init(&flight->over, 0, 0);
	flight->is_started = true;
	code = http_start(flight->cloud->http, &flight->exchange, err);
	if (code) {
		flight->is_started = false;
		sem_destroy(&flight->over);
	}
	return code;
}

enum muster_code cloud_flight_wait(struct cloud_flight *flight, struct muster_error *err)
{
	while (!flight->is_awaited && sem_wait(&flight->over))
		; /* a signal */
	flight->is_awaited = true;
	if (muster_failed(flight->code) && err)
		*err = flight->error;
	return flight->code;
}

bool cloud_flight_is_over(struct cloud_flight *flight)
{
	if (!flight->is_awaited && sem_trywait(&flight->over) == 0)
		flight->is_awaited = true;
	return flight->is_awaited;
}

enum muster_code cloud_flight_perform(struct cloud_flight *flight, struct muster_error *err)
{
	enum muster_code code = cloud_flight_start(flight, err);

	return code ? code : cloud_flight_wait(flight, err);
}

void cloud_flight_cancel(struct cloud_flight *flight)
{
	if (flight->is_started && !flight->is_awaited)
		http_cancel(&flight->exchange);
}

void cloud_flight_release(struct cloud_flight *flight)
{
	if (flight->is_started) {
		cloud_flight_cancel(flight);
		cloud_flight_wait(flight, NULL);
		sem_destroy(&flight->over);
		flight->is_started = false;
	}
	cloud_call_release(&flight->call);
	bytes_release(&flight->page);
}
