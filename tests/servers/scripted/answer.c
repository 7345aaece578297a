/* One connection: requests are read whole, one after the other; replies and faults go out. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/servers/scripted/scripted_internal.h"

/* --- bytes ----------------------------------------------------------------------------------- */

static bool send_all(struct connection *connection, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t sent = connection->ssl ? SSL_write(connection->ssl, at,
							   len < 1 << 20 ? (int)len : 1 << 20)
					       : send(connection->fd, at, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* More of what the client sends; room for `want` bytes at least. */
static bool receive_some(struct connection *connection, size_t want)
{
	ssize_t got;

	if (connection->cap - connection->len < want) {
		connection->cap = connection->len + want;
		connection->buffer = scripted_memory(connection->buffer, connection->cap, 1);
	}
	want = connection->cap - connection->len;
	got = connection->ssl ? SSL_read(connection->ssl, connection->buffer + connection->len,
					 want < 1 << 20 ? (int)want : 1 << 20)
			      : recv(connection->fd, connection->buffer + connection->len, want, 0);
	if (got <= 0)
		return false;
	connection->len += (size_t)got;
	return true;
}

/* --- a request ------------------------------------------------------------------------------- */

/* Length of the head with its blank line; 0: the client has gone. */
static size_t receive_head(struct connection *connection)
{
	const char *end;

	while (!(end = connection->len >= 4
			       ? memmem(connection->buffer, connection->len, "\r\n\r\n", 4)
			       : NULL))
		if (!receive_some(connection, 16 << 10))
			return 0;
	return (size_t)(end - connection->buffer) + 4;
}

/* A request with its text in one block: "METHOD\0TARGET\0VERSION\r\n" and lines, body. */
static struct scripted_request *new_request(const struct connection *connection, size_t head_len)
{
	struct scripted_request *request =
		scripted_memory(NULL, sizeof(*request) + head_len + 1, 1);
	char *text = (char *)(request + 1), *target, *version, *lines;

	memcpy(text, connection->buffer, head_len);
	text[head_len - 2] = 0; /* the blank line */
	target = strchr(text, ' ');
	version = target ? strchr(target + 1, ' ') : NULL;
	lines = strstr(text, "\r\n");
	if (!version || !lines || version > lines) {
		free(request);
		return NULL;
	}
	*target = *version = 0;
	*request = (struct scripted_request){ .method = text,
					      .target = target + 1,
					      .head = lines + 2,
					      .connection = connection->number };
	return request;
}

static struct scripted_request *with_body(struct scripted_request *request, const char *body)
{
	size_t head_len =
		(size_t)(request->head - (const char *)(request + 1)) + strlen(request->head) + 1;
	size_t method = (size_t)(request->method - (const char *)request);
	size_t target = (size_t)(request->target - (const char *)request);
	size_t head = (size_t)(request->head - (const char *)request);
	char *block = scripted_memory(request, sizeof(*request) + head_len + request->body_len, 1);

	request = (struct scripted_request *)(void *)block;
	request->method = block + method;
	request->target = block + target;
	request->head = block + head;
	request->body = (uint8_t *)block + sizeof(*request) + head_len;
	memcpy(block + sizeof(*request) + head_len, body, request->body_len);
	return request;
}

/* NULL: the client has gone, or speaks something else. The whole request is left in front of the
 * buffer: `size` bytes of it. */
static struct scripted_request *receive_request(struct connection *connection, size_t *size)
{
	size_t head_len = receive_head(connection);
	struct scripted_request *request = head_len ? new_request(connection, head_len) : NULL;
	char value[64];

	if (!request)
		return NULL;
	if (scripted_header(request, "content-length", value, sizeof(value)))
		request->body_len = strtoull(value, NULL, 10);
	if (scripted_header(request, "expect", value, sizeof(value)))
		send_all(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	*size = head_len + request->body_len;
	while (connection->len < *size)
		if (!receive_some(connection, *size - connection->len)) {
			free(request);
			return NULL;
		}
	if (connection->server->options.keeps_bodies)
		request = with_body(request, connection->buffer + head_len);
	return request;
}

/* --- a reply --------------------------------------------------------------------------------- */

static bool has_no_body(const struct scripted_request *request, const struct scripted_reply *reply)
{
	return strcmp(request->method, "HEAD") == 0 || reply->status == 204 || reply->status == 304;
}

static size_t write_head(char *out, size_t cap, const struct scripted_reply *reply)
{
	long long length =
		reply->declared_len ? (long long)reply->declared_len : (long long)reply->body_len;
	int len = snprintf(out, cap, "HTTP/1.1 %u Scripted\r\n%s", reply->status,
			   reply->headers ? reply->headers : "");

	scripted_must(len > 0 && (size_t)len + 100 < cap, "a longer header than there is room");
	if (reply->fault == SCRIPTED_CHUNKED)
		len += snprintf(out + len, cap - (size_t)len, "Transfer-Encoding: chunked\r\n");
	else if (length >= 0 && reply->status != 204)
		len += snprintf(out + len, cap - (size_t)len, "Content-Length: %lld\r\n", length);
	if (reply->fault == SCRIPTED_CLOSE_TOLD)
		len += snprintf(out + len, cap - (size_t)len, "Connection: close\r\n");
	len += snprintf(out + len, cap - (size_t)len, "\r\n");
	return (size_t)len;
}

static bool send_chunks(struct connection *connection, const struct scripted_reply *reply)
{
	size_t step = reply->at ? reply->at : reply->body_len;
	char size[32];

	for (size_t at = 0; at < reply->body_len; at += step) {
		size_t len = reply->body_len - at < step ? reply->body_len - at : step;

		snprintf(size, sizeof(size), "%zx\r\n", len);
		if (!send_all(connection, size, strlen(size)) ||
		    !send_all(connection, (const char *)reply->body + at, len) ||
		    !send_all(connection, "\r\n", 2))
			return false;
	}
	return send_all(connection, "0\r\n\r\n", 5);
}

static bool ends_within_body(enum scripted_fault fault)
{
	return fault == SCRIPTED_CUT_BODY || fault == SCRIPTED_RESET_BODY ||
	       fault == SCRIPTED_HOLD_BODY;
}

static bool send_body(struct connection *connection, const struct scripted_reply *reply)
{
	size_t len = reply->body_len;

	if (reply->fault == SCRIPTED_CHUNKED)
		return send_chunks(connection, reply);
	if (ends_within_body(reply->fault) && reply->at < len)
		len = reply->at;
	if (!send_all(connection, reply->body, len))
		return false;
	if (reply->fault != SCRIPTED_HOLD_BODY)
		return true;
	scripted_hold(connection->server);
	return send_all(connection, (const char *)reply->body + len, reply->body_len - len);
}

/* Small replies go in one packet. */
static bool send_reply(struct connection *connection, const struct scripted_request *request,
		       const struct scripted_reply *reply)
{
	char text[16 << 10];
	size_t len = reply->fault == SCRIPTED_RAW ? 0 : write_head(text, sizeof(text), reply);
	bool is_plain = reply->fault != SCRIPTED_CHUNKED && !ends_within_body(reply->fault);

	if (has_no_body(request, reply))
		return send_all(connection, text, len);
	if (is_plain && reply->body_len <= sizeof(text) - len) {
		if (reply->body_len)
			memcpy(text + len, reply->body, reply->body_len);
		return send_all(connection, text, len + reply->body_len);
	}
	return send_all(connection, text, len) && send_body(connection, reply);
}

static void reset(struct connection *connection)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* False: the connection ends. */
static bool answer(struct connection *connection, const struct scripted_request *request,
		   const struct scripted_reply *reply)
{
	switch (reply->fault) {
	case SCRIPTED_RESET_BEFORE:
	case SCRIPTED_RESET_AFTER:
		reset(connection);
		return false;
	case SCRIPTED_CLOSE_BEFORE:
		return false;
	case SCRIPTED_HOLD_HEAD:
		scripted_hold(connection->server);
		break;
	default:
		break;
	}
	if (!send_reply(connection, request, reply))
		return false;
	if (reply->fault == SCRIPTED_RESET_BODY)
		reset(connection);
	return reply->fault != SCRIPTED_RESET_BODY && reply->fault != SCRIPTED_CUT_BODY &&
	       reply->fault != SCRIPTED_CLOSE_TOLD && reply->fault != SCRIPTED_CLOSE_UNTOLD &&
	       reply->fault != SCRIPTED_RAW;
}

/* --- its life -------------------------------------------------------------------------------- */

static bool greet(struct connection *connection)
{
	if (!connection->server->tls)
		return true;
	connection->ssl = SSL_new(connection->server->tls);
	return connection->ssl && SSL_set_fd(connection->ssl, connection->fd) == 1 &&
	       SSL_accept(connection->ssl) == 1;
}

static void end(struct connection *connection)
{
	struct scripted *server = connection->server;
	int fd = connection->fd;

	SSL_free(connection->ssl);
	free(connection->buffer);
	/* scripted_close() looks at it, too. */
	pthread_mutex_lock(&server->shared.lock);
	connection->fd = -1;
	pthread_mutex_unlock(&server->shared.lock);
	close(fd);
}

void *connection_run(void *arg)
{
	struct connection *connection = arg;
	struct scripted_request *request;
	struct scripted_reply reply;
	bool goes_on = greet(connection);
	size_t size;

	while (goes_on && (request = receive_request(connection, &size))) {
		connection->len -= size;
		memmove(connection->buffer, connection->buffer + size, connection->len);
		scripted_answer(connection->server, request, &reply);
		goes_on = answer(connection, request, &reply);
	}
	end(connection);
	return NULL;
}
