#include "io/cloud/errand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/cloud/header.h"
#include "io/cloud/percent.h"
#include "io/cloud/reply.h"

#define RETRY_DELAY_NS UINT64_C(200000000)
/* Of what a server says for a person. */
#define SENTENCE_MAX_BYTES 200

enum muster_code errand_init(struct errand *errand, struct http *http,
			     const struct effects *effects, struct muster_error *err)
{
	*errand = (struct errand){ .http = http, .effects = effects };
	errand->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (errand->cancel_fd < 0)
		return muster_fail_errno(err, "make an event for cancellation");
	pacer_simple_init(&errand->pacer);
	errand->pacer.delay_ns = RETRY_DELAY_NS;
	pthread_mutex_init(&errand->shared.lock, NULL);
	pthread_cond_init(&errand->shared.ended, NULL);
	return MUSTER_OK;
}

void errand_release(struct errand *errand)
{
	pthread_cond_destroy(&errand->shared.ended);
	pthread_mutex_destroy(&errand->shared.lock);
	close(errand->cancel_fd); /* an event: nothing can be lost */
}

void errand_cancel(struct errand *errand)
{
	(void)eventfd_write(errand->cancel_fd, 1);
	pthread_mutex_lock(&errand->shared.lock);
	errand->shared.is_cancelled = true;
	if (errand->shared.exchange)
		http_cancel(errand->shared.exchange);
	pthread_mutex_unlock(&errand->shared.lock);
}

struct view errand_env(const struct errand *errand, const char *name)
{
	const char *value = errand->effects->getenv(errand->effects->state, name);

	return value ? view_text(value) : VIEW_LITERAL("");
}

bool errand_env_is_true(const struct errand *errand, const char *name)
{
	struct view value = errand_env(errand, name);

	return header_compare(value, VIEW_LITERAL("true")) == 0 ||
	       view_equal(value, VIEW_LITERAL("1"));
}

/* --- a request ------------------------------------------------------------------------------- */

/** What an exchange has in hand; `is_over` is guarded by the errand's lock. */
struct asking {
	struct errand *errand;
	const struct errand_ask *ask;
	struct errand_reply *reply;
	uint8_t *buffer; /* ERRAND_REPLY_MAX_BYTES */
	struct muster_error *err;
	enum muster_code code;
	bool is_over;
};

static struct view revealed_view(const struct secret *secret)
{
	struct revealed revealed = secret_reveal(secret);

	return view_of(revealed.secret_ptr, revealed.secret_len);
}

static enum muster_code add_header(struct http_head *head, const struct errand_header *header,
				   struct muster_error *err)
{
	struct bytes text = { 0 };
	enum muster_code code;

	/* at once: a buffer that moves leaves a copy behind */
	code = bytes_reserve(&text,
			     (header->prefix ? strlen(header->prefix) : 0) + header->value.len +
				     (header->secret ? revealed_view(header->secret).len : 0),
			     err);
	if (!code && header->prefix)
		code = bytes_append_text(&text, header->prefix, err);
	if (!code)
		code = bytes_append_view(&text, header->value, err);
	if (!code && header->secret)
		code = bytes_append_view(&text, revealed_view(header->secret), err);
	if (!code)
		http_head_add(head, header->name, bytes_view(&text));
	secret_scrub(&text);
	return code;
}

static enum muster_code prepare(void *state, unsigned attempt, struct http_head *head,
				struct muster_error *err)
{
	const struct asking *asking = state;
	const struct errand_ask *ask = asking->ask;
	enum muster_code code = MUSTER_OK;

	(void)attempt;
	http_head_url(head, ask->url);
	for (size_t i = 0; !code && i < ERRAND_HEADERS_MAX && ask->headers[i].name; i++)
		code = add_header(head, &ask->headers[i], err);
	return code;
}

static bool is_in(struct view text, struct view secret)
{
	return secret.len >= 4 && text.len && memmem(text.ptr, text.len, secret.ptr, secret.len);
}

/* client_secret, refresh_token, WebIdentityToken, assertion, … */
static bool is_secret_name(struct view name)
{
	static const char *const parts[] = { "ecret", "oken", "ssertion" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (is_in(name, view_text(parts[i])))
			return true;
	}
	return false;
}

/* Some servers repeat what they were sent. */
static bool tells_secret(const struct errand_ask *ask, struct view text)
{
	struct view body = ask->body ? revealed_view(ask->body) : VIEW_LITERAL("");
	struct percent_pair pair;

	for (size_t i = 0; i < ERRAND_HEADERS_MAX && ask->headers[i].name; i++) {
		if (ask->headers[i].secret && is_in(text, revealed_view(ask->headers[i].secret)))
			return true;
	}
	while (percent_take_pair(&body, &pair)) {
		if (is_secret_name(pair.name) && is_in(text, pair.value))
			return true;
	}
	return false;
}

static struct view first_sentence(struct view text)
{
	size_t len = 0;

	while (len < text.len && len < SENTENCE_MAX_BYTES && text.ptr[len] >= ' ' &&
	       !(text.ptr[len] == '.' && (len + 1 == text.len || text.ptr[len + 1] <= ' ')))
		len++;
	return view_of(text.ptr, len);
}

static void fail_status(const struct errand_ask *ask, const struct http_reply *reply,
			struct muster_error *err)
{
	struct cloud_error error;
	struct view word, sentence;

	if (cloud_error_parse(&error, reply->body, NULL)) {
		muster_fail(err, MUSTER_E_IO, "the server answers %u", reply->status);
		return;
	}
	word = first_sentence(error.code);
	sentence = first_sentence(error.message);
	if (tells_secret(ask, word) || tells_secret(ask, sentence))
		word = sentence = VIEW_LITERAL("");
	muster_fail(err, MUSTER_E_IO, "the server answers %u%s%.*s%s%.*s", reply->status,
		    word.len ? ": " : "", VIEW_ARGS(word), sentence.len ? ": " : "",
		    VIEW_ARGS(sentence));
	cloud_error_release(&error);
}

static enum muster_code check_proof(const struct errand_ask *ask, const struct http_reply *reply,
				    struct muster_error *err)
{
	struct view value;

	if (!ask->proof_name || (http_reply_header(reply, ask->proof_name, &value) &&
				 view_equal(value, view_text(ask->proof_value))))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_IO, "who answers is no metadata server: its %s is missing",
			   ask->proof_name);
}

static enum muster_code judge(void *state, const struct http_reply *reply,
			      enum pacer_outcome *outcome, struct muster_error *err)
{
	struct asking *asking = state;
	enum muster_code code;

	asking->reply->status = reply->status;
	if (reply->status >= 200 && reply->status < 300) {
		code = check_proof(asking->ask, reply, err);
		return code ? code
			    : secret_set(&asking->reply->body,
					 view_of(asking->buffer, (size_t)reply->body_bytes), err);
	}
	(void)http_reply_judge(reply, outcome, NULL);
	fail_status(asking->ask, reply, err);
	return MUSTER_E_IO;
}

static void done(void *state, enum muster_code code, const struct muster_error *error,
		 const struct http_reply *reply)
{
	struct asking *asking = state;
	struct errand *errand = asking->errand;

	(void)reply;
	pthread_mutex_lock(&errand->shared.lock);
	asking->code = code;
	if (code && asking->err)
		*asking->err = *error;
	asking->is_over = true;
	pthread_cond_broadcast(&errand->shared.ended);
	pthread_mutex_unlock(&errand->shared.lock);
}

static enum muster_code perform(struct asking *asking, struct http_exchange *exchange)
{
	struct errand *errand = asking->errand;
	enum muster_code code = http_start(errand->http, exchange, asking->err);

	if (code)
		return code;
	pthread_mutex_lock(&errand->shared.lock);
	errand->shared.exchange = exchange;
	if (errand->shared.is_cancelled)
		http_cancel(exchange);
	while (!asking->is_over)
		pthread_cond_wait(&errand->shared.ended, &errand->shared.lock);
	errand->shared.exchange = NULL;
	pthread_mutex_unlock(&errand->shared.lock);
	return asking->code;
}

enum muster_code errand_ask(struct errand *errand, const struct errand_ask *ask,
			    struct errand_reply *reply, struct muster_error *err)
{
	static const struct http_ops ops = { .prepare = prepare, .judge = judge, .done = done };
	struct asking asking = { .errand = errand, .ask = ask, .reply = reply, .err = err };
	struct http_exchange exchange = { .ops = &ops, .state = &asking };
	enum muster_code code;

	*reply = (struct errand_reply){ 0 };
	asking.buffer = malloc(ERRAND_REPLY_MAX_BYTES);
	if (!asking.buffer)
		return muster_fail_memory(err, "a reply");
	exchange.request = (struct http_request){
		.method = ask->method,
		.pacer = &errand->pacer.pacer,
		.out = asking.buffer,
		.out_cap = ERRAND_REPLY_MAX_BYTES,
		.avoids_proxies = ask->is_metadata,
		.first_byte_timeout_ms = ask->timeout_ms ? ask->timeout_ms : ERRAND_TIMEOUT_MS,
	};
	if (ask->body)
		exchange.request.body = revealed_view(ask->body);
	errand->pacer.tries = ask->tries ? ask->tries : ask->is_metadata ? 1 : 3;
	code = perform(&asking, &exchange);
	secret_wipe(asking.buffer, ERRAND_REPLY_MAX_BYTES);
	free(asking.buffer);
	return code;
}

void errand_reply_release(struct errand_reply *reply)
{
	secret_release(&reply->body);
}
