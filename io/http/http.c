/* The callers' side of the engine: what may be called from any thread. */
#include "io/http/http.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "io/http/http_internal.h"

/* --- open and close -------------------------------------------------------------------------- */

static enum muster_code check(const struct http_options *options, struct muster_error *err)
{
	if (options->thread_count > HTTP_THREADS_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "%u network threads: at most %u",
				   options->thread_count, HTTP_THREADS_MAX);
	return libcurl_load(err);
}

static void default_to(unsigned *value, unsigned fallback)
{
	if (!*value)
		*value = fallback;
}

static void fill_defaults(struct http_options *options)
{
	default_to(&options->thread_count, 1);
	default_to(&options->connections, HTTP_CONNECTIONS_DEFAULT);
	default_to(&options->connect_timeout_ms, HTTP_CONNECT_TIMEOUT_MS);
	default_to(&options->stall_timeout_ms, HTTP_STALL_TIMEOUT_MS);
	default_to(&options->idle_connection_s, HTTP_IDLE_CONNECTION_S);
	if (!options->effects)
		options->effects = effects_system();
}

static bool copy_text(char **out, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;

	*out = NULL;
	if (!text)
		return true;
	*out = malloc(size);
	if (*out)
		memcpy(*out, text, size);
	return *out;
}

/* The share of one loop; the first get what is left over. */
static unsigned connections_of(const struct http *http, unsigned index)
{
	unsigned threads = http->options.thread_count, all = http->options.connections;
	unsigned share = all / threads + (index < all % threads);

	if (share > HTTP_LOOP_CONNECTIONS_MAX)
		return HTTP_LOOP_CONNECTIONS_MAX;
	return share ? share : 1;
}

/* Signals are for the other threads; SIGPIPE of a TLS connection is for nobody. */
static enum muster_code start_thread(struct http_loop *loop, struct muster_error *err)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&loop->thread, NULL, loop_run, loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = rc;
	return rc ? muster_fail_errno(err, "make a network thread") : MUSTER_OK;
}

static enum muster_code start_all(struct http *http, struct muster_error *err)
{
	unsigned threads = http->options.thread_count;
	enum muster_code code = MUSTER_OK;

	for (unsigned i = 0; i < threads && !code; i++) {
		http->loop_count++;
		code = loop_init(&http->loops[i], http, connections_of(http, i), err);
	}
	for (unsigned i = 0; i < threads && !code; i++) {
		code = start_thread(&http->loops[i], err);
		http->thread_count += !code;
	}
	return code;
}

enum muster_code http_open(struct http **out, const struct http_options *options,
			   struct muster_error *err)
{
	struct http_options filled = *options;
	enum muster_code code = check(options, err);
	struct http *http;

	*out = NULL;
	if (code)
		return code;
	fill_defaults(&filled);
	http = calloc(1, sizeof(*http) + filled.thread_count * sizeof(http->loops[0]));
	if (!http)
		return muster_fail_memory(err, "an HTTP engine");
	http->options = filled;
	if (libcurl.global_init(CURL_GLOBAL_DEFAULT)) {
		free(http);
		return muster_fail_memory(err, "an HTTP engine");
	}
	if (!copy_text(&http->ca_file, filled.ca_file) ||
	    !copy_text(&http->user_agent, filled.user_agent ? filled.user_agent : "muster"))
		code = muster_fail_memory(err, "an HTTP engine");
	if (!code)
		code = start_all(http, err);
	if (code) {
		http_close(http);
		return code;
	}
	*out = http;
	return MUSTER_OK;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	for (unsigned i = 0; i < http->loop_count; i++) {
		pthread_mutex_lock(&http->loops[i].shared.lock);
		http->loops[i].shared.is_closing = true;
		pthread_mutex_unlock(&http->loops[i].shared.lock);
	}
	for (unsigned i = 0; i < http->thread_count; i++)
		loop_wake(&http->loops[i]);
	for (unsigned i = 0; i < http->thread_count; i++)
		pthread_join(http->loops[i].thread, NULL);
	for (unsigned i = 0; i < http->loop_count; i++)
		loop_release(&http->loops[i]);
	libcurl.global_cleanup();
	free(http->ca_file);
	free(http->user_agent);
	free(http);
}

/* --- exchanges ------------------------------------------------------------------------------- */

struct http_waiter {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_over;
	enum muster_code code;
	struct muster_error *err;
};

static enum muster_code start(struct http *http, struct http_exchange *exchange,
			      struct http_waiter *waiter, struct muster_error *err)
{
	struct http_loop *loop =
		&http->loops[atomic_fetch_add(&http->next_loop, 1) % http->loop_count];
	bool is_closing, was_empty;

	exchange->engine = (struct http_exchange_engine){ .loop = loop, .waiter = waiter };
	pthread_mutex_lock(&loop->shared.lock);
	is_closing = loop->shared.is_closing;
	was_empty = links_are_empty(&loop->shared.incoming);
	if (is_closing)
		exchange->engine.is_finished = true;
	else
		links_push_back(&loop->shared.incoming, &exchange->engine.link);
	pthread_mutex_unlock(&loop->shared.lock);
	if (is_closing)
		return muster_fail(err, MUSTER_E_CANCELLED, "the HTTP engine closes");
	if (was_empty) /* else it was woken, and has not looked yet */
		loop_wake(loop);
	return MUSTER_OK;
}

enum muster_code http_start(struct http *http, struct http_exchange *exchange,
			    struct muster_error *err)
{
	return start(http, exchange, NULL, err);
}

void http_cancel(struct http_exchange *exchange)
{
	struct http_exchange_engine *engine = &exchange->engine;
	struct http_loop *loop = engine->loop;

	if (!loop)
		return;
	pthread_mutex_lock(&loop->shared.lock);
	if (!engine->is_finished && !link_is_in(&engine->cancel_link)) {
		links_push_back(&loop->shared.cancelled, &engine->cancel_link);
		loop_wake(loop);
	}
	pthread_mutex_unlock(&loop->shared.lock);
}

void exchange_signal(struct http_waiter *waiter, enum muster_code code,
		     const struct muster_error *error)
{
	pthread_mutex_lock(&waiter->lock);
	waiter->code = code;
	if (waiter->err && muster_failed(code))
		*waiter->err = *error;
	waiter->is_over = true;
	pthread_cond_signal(&waiter->ended);
	pthread_mutex_unlock(&waiter->lock);
}

enum muster_code http_perform(struct http *http, struct http_exchange *exchange,
			      struct muster_error *err)
{
	struct http_waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER,
				      .ended = PTHREAD_COND_INITIALIZER,
				      .err = err };
	enum muster_code code = start(http, exchange, &waiter, err);

	if (code)
		return code;
	pthread_mutex_lock(&waiter.lock);
	while (!waiter.is_over)
		pthread_cond_wait(&waiter.ended, &waiter.lock);
	pthread_mutex_unlock(&waiter.lock);
	pthread_cond_destroy(&waiter.ended);
	pthread_mutex_destroy(&waiter.lock);
	return waiter.code;
}

void http_wake(struct http *http)
{
	for (unsigned i = 0; i < http->loop_count; i++) {
		atomic_store(&http->loops[i].asks_again, true);
		loop_wake(&http->loops[i]);
	}
}

void http_counts(const struct http *http, struct http_counts *out)
{
	*out = (struct http_counts){ 0 };
	for (unsigned i = 0; i < http->loop_count; i++) {
		const struct loop_counts *counts = &http->loops[i].counts;

		for (unsigned m = 0; m < HTTP_METHOD_COUNT; m++)
			out->requests[m] += atomic_load(&counts->requests[m]);
		out->sent_bytes += atomic_load(&counts->sent_bytes);
		out->received_bytes += atomic_load(&counts->received_bytes);
		out->connections += atomic_load(&counts->connections);
		out->retries += atomic_load(&counts->retries);
		out->hedges += atomic_load(&counts->hedges);
		out->hedges_won += atomic_load(&counts->hedges_won);
		out->exchanges += atomic_load(&counts->exchanges);
	}
}
