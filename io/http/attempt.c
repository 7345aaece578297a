/*
 * One request and its reply. The easy handles stay with their loop: curl_easy_reset() keeps
 * their share, and costs less than a new one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/http/http_internal.h"

#define BUFFER_SMALL_BYTES (16L << 10)
#define BUFFER_LARGE_BYTES (256L << 10)
#define UPLOAD_MAX_BYTES   (512u << 10)
/* What one attempt may keep of a collected body for the next. */
#define TEXT_KEPT_BYTES (64u << 10)

static void attempt_watch(struct timer *timer, void *loop);

enum muster_code attempt_take(struct attempt **out, struct http_loop *loop,
			      struct muster_error *err)
{
	struct link *link = links_pop(&loop->idle);
	struct attempt *attempt;

	*out = NULL;
	if (link) {
		*out = LINK_OWNER(link, struct attempt, link);
		return MUSTER_OK;
	}
	attempt = calloc(1, sizeof(*attempt));
	if (!attempt)
		return muster_fail_memory(err, "an HTTP request");
	attempt->easy = libcurl.easy_init();
	if (!attempt->easy) {
		free(attempt);
		return muster_fail_memory(err, "an HTTP request");
	}
	attempt->loop = loop;
	attempt->watch.fire = attempt_watch;
	memcpy(attempt->no_expect_text, "Expect:", sizeof(attempt->no_expect_text));
	*out = attempt;
	return MUSTER_OK;
}

void attempt_free(struct attempt *attempt)
{
	libcurl.easy_cleanup(attempt->easy);
	bytes_release(&attempt->text);
	free(attempt);
}

/* --- options --------------------------------------------------------------------------------- */

/* The first failure stays; there is none but memory. */
#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (!rc)                                                                           \
			rc = libcurl.easy_setopt(attempt->easy, option, value);                    \
	} while (0)

static CURLcode set_callbacks(struct attempt *attempt)
{
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_PRIVATE, attempt);
	SET(CURLOPT_ERRORBUFFER, attempt->curl_text);
	SET(CURLOPT_HEADERFUNCTION, receive_line);
	SET(CURLOPT_HEADERDATA, attempt);
	SET(CURLOPT_WRITEFUNCTION, receive_body);
	SET(CURLOPT_WRITEDATA, attempt);
	SET(CURLOPT_READFUNCTION, send_body);
	SET(CURLOPT_READDATA, attempt);
	SET(CURLOPT_SEEKFUNCTION, seek_body);
	SET(CURLOPT_SEEKDATA, attempt);
	return rc;
}

static CURLcode set_connection(struct attempt *attempt)
{
	const struct http *http = attempt->loop->http;
	const struct http_options *options = &http->options;
	const struct http_request *request = &attempt->exchange->request;
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_SHARE, attempt->loop->share);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (http->ca_file)
		SET(CURLOPT_CAINFO, http->ca_file);
	SET(CURLOPT_OPENSOCKETFUNCTION, sockets_make);
	SET(CURLOPT_OPENSOCKETDATA, &attempt->loop->sockets);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_MAXAGE_CONN, (long)options->idle_connection_s);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
	SET(CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
	/* Giving up while a name is looked up would else wait for the resolver's own time-out. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (options->ignores_proxies || request->avoids_proxies)
		SET(CURLOPT_PROXY, "");
	if (request->on_fresh_connection)
		SET(CURLOPT_FRESH_CONNECT, 1L);
	return rc;
}

static bool has_body(const struct http_request *request)
{
	return request->method == HTTP_PUT || request->method == HTTP_POST;
}

static CURLcode set_method(struct attempt *attempt)
{
	const struct http_request *request = &attempt->exchange->request;
	CURLcode rc = CURLE_OK;

	if (request->method == HTTP_HEAD)
		SET(CURLOPT_NOBODY, 1L);
	else if (request->method == HTTP_DELETE)
		SET(CURLOPT_CUSTOMREQUEST, "DELETE");
	if (!has_body(request))
		return rc;
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.len);
	if (request->method == HTTP_POST)
		SET(CURLOPT_CUSTOMREQUEST, "POST");
	if (request->body.len > BUFFER_SMALL_BYTES)
		SET(CURLOPT_UPLOAD_BUFFERSIZE,
		    (long)(request->body.len < UPLOAD_MAX_BYTES ? request->body.len
								: UPLOAD_MAX_BYTES));
	return rc;
}

static CURLcode set_request(struct attempt *attempt)
{
	const struct http_request *request = &attempt->exchange->request;
	struct curl_slist *lines = attempt->head.lines;
	CURLcode rc = CURLE_OK;

	if (!request->expects_continue || request->body.len < HTTP_EXPECT_MIN_BYTES) {
		attempt->no_expect.data = attempt->no_expect_text;
		attempt->no_expect.next = lines;
		lines = &attempt->no_expect;
	}
	SET(CURLOPT_URL, attempt->head.url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_HTTPHEADER, lines);
	SET(CURLOPT_USERAGENT, attempt->loop->http->user_agent);
	/* A handle whose host was not found keeps its buffer, and then refuses another size. */
	libcurl.easy_setopt(attempt->easy, CURLOPT_BUFFERSIZE,
			    exchange_byte_count(attempt->exchange) >= BUFFER_LARGE_BYTES
				    ? BUFFER_LARGE_BYTES
				    : BUFFER_SMALL_BYTES);
	return rc;
}

static CURLcode set_all(struct attempt *attempt)
{
	CURLcode rc;

	libcurl.easy_reset(attempt->easy);
	rc = set_callbacks(attempt);
	rc = rc ? rc : set_connection(attempt);
	rc = rc ? rc : set_method(attempt);
	return rc ? rc : set_request(attempt);
}

/* --- its life -------------------------------------------------------------------------------- */

static uint64_t watch_ns(const struct attempt *attempt)
{
	const struct http_options *options = &attempt->loop->http->options;
	unsigned first_ms = attempt->exchange->request.first_byte_timeout_ms;

	if (attempt->has_answered)
		return options->stall_timeout_ms * NS_PER_MS;
	return (first_ms ? first_ms : HTTP_FIRST_BYTE_TIMEOUT_MS) * NS_PER_MS;
}

static void watch(struct attempt *attempt)
{
	attempt->watched_bytes = attempt_moved_bytes(attempt);
	attempt->watched_answer = attempt->has_answered;
	timers_arm(&attempt->loop->timers, &attempt->watch,
		   loop_now_ns(attempt->loop) + watch_ns(attempt));
}

/* The watch ends: have enough bytes moved in its time? */
static void attempt_watch(struct timer *timer, void *loop)
{
	struct attempt *attempt = LINK_OWNER(timer, struct attempt, watch);
	uint64_t moved = attempt_moved_bytes(attempt) - attempt->watched_bytes;
	uint64_t enough = watch_ns(attempt) / NS_PER_MS * HTTP_STALL_BYTES_PER_S / 1000;

	(void)loop;
	if (moved >= (enough ? enough : 1) || attempt->has_answered != attempt->watched_answer) {
		watch(attempt);
		return;
	}
	attempt->failure =
		failure_io(&attempt->error, ETIMEDOUT,
			   attempt->has_answered ? "the reply stalls" : "no reply comes in time");
	attempt->failure_outcome = PACER_TIMED_OUT;
	exchange_attempt_over(attempt, CURLE_OPERATION_TIMEDOUT);
}

static enum muster_code prepare(struct attempt *attempt, struct muster_error *err)
{
	struct http_exchange *exchange = attempt->exchange;
	struct http_head *head = &attempt->head;
	enum muster_code code;

	http_head_init(head);
	code = exchange->ops->prepare(exchange->state, attempt->number, head, err);
	if (code)
		return code;
	if (head->code) {
		if (err)
			*err = head->error;
		return head->code;
	}
	if (!head->url)
		return muster_fail(err, MUSTER_E_USAGE, "a request without a URL");
	return MUSTER_OK;
}

static void attempt_clear(struct attempt *attempt, struct http_exchange *exchange)
{
	attempt->exchange = exchange;
	attempt->number = exchange->engine.attempt_count;
	attempt->is_doomed = attempt->is_added = false;
	attempt->sent = 0;
	attempt->has_answered = attempt->is_wanted = attempt->gave_bytes = false;
	attempt->status = 0;
	attempt->declared_bytes = -1;
	attempt->received = 0;
	attempt->failure = MUSTER_OK;
	attempt->curl_text[0] = 0;
	attempt->lines.len = 0;
	attempt->reply = (struct http_reply){ .method = exchange->request.method };
}

enum muster_code attempt_begin(struct attempt *attempt, struct http_exchange *exchange,
			       struct muster_error *err)
{
	struct http_loop *loop = attempt->loop;
	enum muster_code code;

	attempt_clear(attempt, exchange);
	attempt->began_ns = loop_now_ns(loop);
	loop->active_count++;
	code = prepare(attempt, err);
	if (!code && (set_all(attempt) || libcurl.multi_add_handle(loop->multi, attempt->easy)))
		code = muster_fail_memory(err, "an HTTP request");
	if (code) {
		loop->active_count--;
		return code;
	}
	attempt->is_added = true;
	watch(attempt);
	count_add(&loop->counts.requests[exchange->request.method], 1);
	return MUSTER_OK;
}

static uint64_t info_bytes(const struct attempt *attempt, CURLINFO info)
{
	curl_off_t bytes = 0;

	libcurl.easy_getinfo(attempt->easy, info, &bytes);
	return bytes > 0 ? (uint64_t)bytes : 0;
}

uint64_t attempt_moved_bytes(const struct attempt *attempt)
{
	return info_bytes(attempt, CURLINFO_SIZE_UPLOAD_T) +
	       info_bytes(attempt, CURLINFO_SIZE_DOWNLOAD_T);
}

void attempt_stop(struct attempt *attempt)
{
	struct loop_counts *counts = &attempt->loop->counts;
	long connections = 0;

	if (!attempt->is_added)
		return;
	attempt->is_added = false;
	timers_remove(&attempt->loop->timers, &attempt->watch);
	libcurl.multi_remove_handle(attempt->loop->multi, attempt->easy);
	libcurl.easy_getinfo(attempt->easy, CURLINFO_NUM_CONNECTS, &connections);
	count_add(&counts->connections, (uint64_t)connections);
	count_add(&counts->sent_bytes, info_bytes(attempt, CURLINFO_SIZE_UPLOAD_T));
	count_add(&counts->received_bytes, info_bytes(attempt, CURLINFO_SIZE_DOWNLOAD_T));
	attempt->loop->active_count--;
}

const struct http_reply *attempt_reply(struct attempt *attempt)
{
	struct http_reply *reply = &attempt->reply;

	reply->status = attempt->status;
	reply->attempt = attempt->number;
	reply->body_bytes = attempt->received;
	reply->retry_after_ns =
		http_retry_after_ns(&attempt->lines, attempt->loop->http->options.effects);
	reply->body = bytes_view(&attempt->text);
	reply->lines = &attempt->lines;
	return reply;
}

void attempt_release(struct attempt *attempt)
{
	link_remove(&attempt->link);
	attempt->exchange = NULL;
	http_head_wipe(&attempt->head);
	attempt->text.len = 0;
	if (attempt->text.cap > TEXT_KEPT_BYTES)
		bytes_release(&attempt->text);
	links_push_front(&attempt->loop->idle, &attempt->link);
}
