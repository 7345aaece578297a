/*
 * A network thread: what came in, what is due, who may begin, what libcurl has done; then it sleeps
 * until a socket, a timer or another thread wakes it.
 *
 * Attempts that libcurl holds are at most its connections: beyond them it would keep handles
 * pending and wake only the first of them.
 */
#include <stdlib.h>

#include "io/http/http_internal.h"

uint64_t loop_now_ns(const struct http_loop *loop)
{
	return effects_boot_ns(loop->http->options.effects);
}

void loop_wake(struct http_loop *loop)
{
	sockets_wake(&loop->sockets);
}

/* --- lanes ----------------------------------------------------------------------------------- */

static struct lane *new_lane(struct http_loop *loop)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	links_init(&lane->waiting);
	links_push_back(&loop->lanes, &lane->link);
	return lane;
}

/* The lane of that pacer and kind; else one that nobody uses any more. */
static struct lane *find_lane(struct http_loop *loop, struct pacer *pacer, enum pacer_kind kind)
{
	struct lane *unused = NULL;

	for (struct link *at = loop->lanes.next; at != &loop->lanes; at = at->next) {
		struct lane *lane = LINK_OWNER(at, struct lane, link);

		if (lane->pacer == pacer && lane->kind == kind)
			return lane;
		if (!lane->pacer)
			unused = lane;
	}
	if (!unused)
		unused = new_lane(loop);
	if (unused) {
		unused->pacer = pacer;
		unused->kind = kind;
		unused->ask_ns = 0;
	}
	return unused;
}

void loop_queue(struct http_loop *loop, struct http_exchange *exchange, bool is_first)
{
	struct http_request *request = &exchange->request;
	struct lane *lane = find_lane(loop, request->pacer, request->kind);
	struct muster_error error = { 0 };

	link_remove(&exchange->engine.link);
	if (!lane) {
		muster_fail_memory(&error, "a queue of HTTP requests");
		exchange_finish(exchange, MUSTER_E_MEMORY, &error, NULL);
	} else if (is_first) {
		links_push_front(&lane->waiting, &exchange->engine.link);
	} else {
		links_push_back(&lane->waiting, &exchange->engine.link);
	}
}

/* All lanes of a pacer (NULL: of every one) may ask it again. */
static void ask_again(struct http_loop *loop, const struct pacer *pacer)
{
	for (struct link *at = loop->lanes.next; at != &loop->lanes; at = at->next) {
		struct lane *lane = LINK_OWNER(at, struct lane, link);

		if (!pacer || lane->pacer == pacer)
			lane->ask_ns = 0;
	}
}

void loop_ended(struct http_loop *loop, const struct pacer *pacer)
{
	struct http *http = loop->http;

	ask_again(loop, pacer);
	for (unsigned i = 0; i < http->loop_count; i++) {
		struct http_loop *other = &http->loops[i];

		if (other != loop && atomic_exchange(&other->is_refused, false)) {
			atomic_store(&other->asks_again, true);
			loop_wake(other);
		}
	}
}

/* Begin the first of a lane if its pacer lets it, or end it if its host is lost. False: it waits.
 */
static bool admit_one(struct http_loop *loop, struct lane *lane, bool *is_refused)
{
	struct http_exchange *exchange;
	uint64_t now_ns, wait_ns;

	if (links_are_empty(&lane->waiting)) {
		lane->pacer = NULL;
		return false;
	}
	now_ns = loop_now_ns(loop);
	if (now_ns < lane->ask_ns) {
		*is_refused = true;
		return false;
	}
	exchange = LINK_OWNER(lane->waiting.next, struct http_exchange, engine.link);
	wait_ns = lane->pacer->ops->admit(lane->pacer, lane->kind, exchange_byte_count(exchange),
					  now_ns);
	if (wait_ns && lost_ends(loop, exchange))
		return true;
	if (wait_ns) {
		lane->ask_ns = wait_ns < UINT64_MAX - now_ns ? now_ns + wait_ns : UINT64_MAX;
		*is_refused = true;
		return false;
	}
	exchange_begin(loop, exchange, false);
	return true;
}

/* One of each lane in turn, so that none waits for another kind. */
static void admit(struct http_loop *loop)
{
	bool has_begun = true, is_refused = false;

	/* Before asking: an attempt that ends elsewhere after a refusal must find it set. */
	atomic_store(&loop->is_refused, true);
	while (has_begun && loop->active_count < loop->connections) {
		has_begun = is_refused = false;
		for (struct link *at = loop->lanes.next; at != &loop->lanes; at = at->next) {
			if (loop->active_count >= loop->connections)
				break;
			has_begun |=
				admit_one(loop, LINK_OWNER(at, struct lane, link), &is_refused);
		}
	}
	if (!is_refused)
		atomic_store(&loop->is_refused, false);
	/* The next round begins with another lane: with few connections all get their turn. */
	if (!links_are_empty(&loop->lanes))
		links_push_back(&loop->lanes, links_pop(&loop->lanes));
}

/* --- what others ask for --------------------------------------------------------------------- */

static struct http_exchange *pop_cancelled(struct http_loop *loop, struct link *list)
{
	struct link *link;

	pthread_mutex_lock(&loop->shared.lock);
	link = links_pop(list);
	pthread_mutex_unlock(&loop->shared.lock);
	return link ? LINK_OWNER(link, struct http_exchange, engine.cancel_link) : NULL;
}

static void cancel_all(struct link *list)
{
	while (!links_are_empty(list))
		exchange_cancel(LINK_OWNER(list->next, struct http_exchange, engine.link));
}

static void cancel_everything(struct http_loop *loop)
{
	for (struct link *at = loop->lanes.next; at != &loop->lanes; at = at->next)
		cancel_all(&LINK_OWNER(at, struct lane, link)->waiting);
	cancel_all(&loop->delayed);
	cancel_all(&loop->running);
}

/* True: it closes, and nothing is left. */
static bool take_shared(struct http_loop *loop)
{
	struct link incoming, cancelled, *link;
	struct http_exchange *exchange;
	bool is_closing;

	links_init(&incoming);
	links_init(&cancelled);
	pthread_mutex_lock(&loop->shared.lock);
	links_move(&incoming, &loop->shared.incoming);
	links_move(&cancelled, &loop->shared.cancelled);
	is_closing = loop->shared.is_closing;
	pthread_mutex_unlock(&loop->shared.lock);
	while ((link = incoming.next) != &incoming)
		loop_queue(loop, LINK_OWNER(link, struct http_exchange, engine.link), false);
	while ((exchange = pop_cancelled(loop, &cancelled)))
		exchange_cancel(exchange);
	if (is_closing)
		cancel_everything(loop);
	if (atomic_exchange(&loop->asks_again, false))
		ask_again(loop, NULL);
	return is_closing;
}

/* --- libcurl --------------------------------------------------------------------------------- */

static void reap(struct http_loop *loop)
{
	struct attempt *attempt;
	struct link *link;
	CURLMsg *message;
	int left;

	while ((message = libcurl.multi_info_read(loop->multi, &left))) {
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		libcurl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &attempt);
		exchange_attempt_over(attempt, result);
	}
	while ((link = loop->doomed.next) != &loop->doomed)
		exchange_abandon(LINK_OWNER(link, struct attempt, link));
}

static uint64_t next_ns(const struct http_loop *loop)
{
	uint64_t due_ns = timers_next_ns(&loop->timers);

	if (loop->active_count >= loop->connections)
		return due_ns;
	for (struct link *at = loop->lanes.next; at != &loop->lanes; at = at->next) {
		const struct lane *lane = LINK_OWNER(at, struct lane, link);

		if (!links_are_empty(&lane->waiting) && lane->ask_ns < due_ns)
			due_ns = lane->ask_ns;
	}
	return due_ns;
}

static uint64_t wait_ns(const struct http_loop *loop)
{
	uint64_t due_ns = next_ns(loop), now_ns = loop_now_ns(loop);

	return due_ns > now_ns ? due_ns - now_ns : 0;
}

void *loop_run(void *arg)
{
	struct http_loop *loop = arg;

	while (!take_shared(loop)) {
		timers_fire(&loop->timers, loop_now_ns(loop), loop);
		admit(loop);
		sockets_run(&loop->sockets, wait_ns(loop));
		reap(loop);
	}
	return NULL;
}

/* --- its life -------------------------------------------------------------------------------- */

static CURLMcode set_multi(struct http_loop *loop)
{
	long connections = (long)loop->connections;
	CURLMcode rc =
		libcurl.multi_setopt(loop->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);

	rc = rc ? rc
		: libcurl.multi_setopt(loop->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	rc = rc ? rc : libcurl.multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, connections);
	return rc ? rc
		  : libcurl.multi_setopt(loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

/* One thread uses the share, so it needs no locks. */
static bool make_share(struct http_loop *loop)
{
	loop->share = libcurl.share_init();
	return loop->share &&
	       !libcurl.share_setopt(loop->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) &&
	       !libcurl.share_setopt(loop->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

enum muster_code loop_init(struct http_loop *loop, struct http *http, unsigned connections,
			   struct muster_error *err)
{
	loop->http = http;
	loop->connections = connections;
	links_init(&loop->running);
	links_init(&loop->delayed);
	links_init(&loop->lanes);
	links_init(&loop->idle);
	links_init(&loop->doomed);
	links_init(&loop->shared.incoming);
	links_init(&loop->shared.cancelled);
	pthread_mutex_init(&loop->shared.lock, NULL);
	loop->multi = libcurl.multi_init();
	if (!loop->multi || set_multi(loop) || !make_share(loop))
		return muster_fail_memory(err, "an HTTP engine");
	return sockets_init(&loop->sockets, loop->multi, err);
}

void loop_release(struct http_loop *loop)
{
	struct link *at, *next;

	for (at = loop->idle.next; at != &loop->idle; at = next) {
		next = at->next;
		attempt_free(LINK_OWNER(at, struct attempt, link));
	}
	for (at = loop->lanes.next; at != &loop->lanes; at = next) {
		next = at->next;
		free(LINK_OWNER(at, struct lane, link));
	}
	libcurl.multi_cleanup(loop->multi); /* tells which sockets it closes */
	sockets_release(&loop->sockets);
	libcurl.share_cleanup(loop->share);
	pthread_mutex_destroy(&loop->shared.lock);
}
