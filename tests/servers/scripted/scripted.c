#include "tests/servers/scripted/scripted.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/servers/scripted/scripted_internal.h"

void scripted_must(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "scripted server: %s: %s\n", what, strerror(errno));
	abort();
}

void *scripted_memory(void *old, size_t count, size_t size)
{
	void *ptr = reallocarray(old, count, size);

	scripted_must(ptr, "memory");
	return ptr;
}

/* --- what was asked, and what is answered ---------------------------------------------------- */

static bool fits(const struct scripted_rule *rule, const struct scripted_request *request)
{
	return (!rule->method || strcmp(rule->method, request->method) == 0) &&
	       (!rule->path || fnmatch(rule->path, request->target, 0) == 0);
}

/* The first rule whose turn it is; each that fits counts the request. */
static const struct scripted_rule *find_rule_locked(struct scripted *server,
						    const struct scripted_request *request)
{
	const struct scripted_rule *found = NULL;

	for (size_t i = 0; i < server->options.rule_count; i++) {
		const struct scripted_rule *rule = &server->options.rules[i];
		unsigned from = rule->from ? rule->from : 1, nth;

		if (!fits(rule, request))
			continue;
		nth = ++server->fits[i];
		if (!found && nth >= from && (!rule->count || nth - from < rule->count))
			found = rule;
	}
	return found;
}

static void keep_locked(struct scripted *server, struct scripted_request *request)
{
	size_t count = server->shared.kept_count;

	if ((count & (count - 1)) == 0)
		server->shared.kept =
			scripted_memory(server->shared.kept, count ? 2 * count : 1, sizeof(void *));
	server->shared.kept[server->shared.kept_count++] = request;
	pthread_cond_broadcast(&server->shared.changed);
}

static bool is_applied(enum scripted_fault fault)
{
	return fault != SCRIPTED_RESET_BEFORE && fault != SCRIPTED_CLOSE_BEFORE;
}

void scripted_answer(struct scripted *server, struct scripted_request *request,
		     struct scripted_reply *reply)
{
	const struct scripted_rule *rule;

	*reply = (struct scripted_reply){ .status = 404 };
	pthread_mutex_lock(&server->shared.lock);
	rule = find_rule_locked(server, request);
	keep_locked(server, request);
	pthread_mutex_unlock(&server->shared.lock);
	if (rule && (rule->reply.status || !is_applied(rule->reply.fault))) {
		*reply = rule->reply;
		return;
	}
	if (server->options.serve) {
		pthread_mutex_lock(&server->serve_lock);
		server->options.serve(server->options.state, request, reply);
		pthread_mutex_unlock(&server->serve_lock);
	}
	if (rule) {
		reply->fault = rule->reply.fault;
		reply->at = rule->reply.at;
	}
}

void scripted_hold(struct scripted *server)
{
	pthread_mutex_lock(&server->shared.lock);
	server->shared.held_count++;
	pthread_cond_broadcast(&server->shared.changed);
	while (!server->shared.is_released)
		pthread_cond_wait(&server->shared.changed, &server->shared.lock);
	pthread_mutex_unlock(&server->shared.lock);
}

void scripted_release(struct scripted *server)
{
	pthread_mutex_lock(&server->shared.lock);
	server->shared.is_released = true;
	pthread_cond_broadcast(&server->shared.changed);
	pthread_mutex_unlock(&server->shared.lock);
}

static void await(struct scripted *server, const size_t *value, size_t least)
{
	pthread_mutex_lock(&server->shared.lock);
	while (*value < least)
		pthread_cond_wait(&server->shared.changed, &server->shared.lock);
	pthread_mutex_unlock(&server->shared.lock);
}

void scripted_await_requests(struct scripted *server, size_t count)
{
	await(server, &server->shared.kept_count, count);
}

void scripted_await_held(struct scripted *server, size_t count)
{
	await(server, &server->shared.held_count, count);
}

static size_t locked_count(struct scripted *server, const size_t *value)
{
	size_t count;

	pthread_mutex_lock(&server->shared.lock);
	count = *value;
	pthread_mutex_unlock(&server->shared.lock);
	return count;
}

size_t scripted_request_count(struct scripted *server)
{
	return locked_count(server, &server->shared.kept_count);
}

size_t scripted_connection_count(struct scripted *server)
{
	return locked_count(server, &server->shared.connection_count);
}

const struct scripted_request *scripted_request_at(struct scripted *server, size_t index)
{
	const struct scripted_request *request;

	pthread_mutex_lock(&server->shared.lock);
	scripted_must(index < server->shared.kept_count, "no such request");
	request = server->shared.kept[index];
	pthread_mutex_unlock(&server->shared.lock);
	return request;
}

bool scripted_header(const struct scripted_request *request, const char *name, char *out,
		     size_t cap)
{
	size_t len = strlen(name);

	for (const char *line = request->head; *line;) {
		const char *end = strstr(line, "\r\n");

		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			const char *value = line + len + 1;

			while (*value == ' ')
				value++;
			snprintf(out, cap, "%.*s", (int)(end - value), value);
			return true;
		}
		line = end + 2;
	}
	return false;
}

/* --- connections ----------------------------------------------------------------------------- */

static bool add_locked(struct scripted *server, struct connection *connection)
{
	size_t count = server->shared.connection_count;

	if (server->shared.is_closing)
		return false;
	if ((count & (count - 1)) == 0)
		server->shared.connections = scripted_memory(server->shared.connections,
							     count ? 2 * count : 1, sizeof(void *));
	server->shared.connections[server->shared.connection_count++] = connection;
	connection->number = (unsigned)count;
	scripted_must(!pthread_create(&connection->thread, NULL, connection_run, connection),
		      "make a thread");
	return true;
}

static void begin(struct scripted *server, int fd)
{
	struct connection *connection = scripted_memory(NULL, 1, sizeof(*connection));
	bool is_added;
	int on = 1;

	*connection = (struct connection){ .server = server, .fd = fd };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pthread_mutex_lock(&server->shared.lock);
	is_added = add_locked(server, connection);
	pthread_mutex_unlock(&server->shared.lock);
	if (!is_added) {
		close(fd);
		free(connection);
	}
}

static void *accept_run(void *arg)
{
	struct scripted *server = arg;
	int fd;

	while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		begin(server, fd);
	return NULL;
}

/* --- its life -------------------------------------------------------------------------------- */

static void listen_on_loopback(struct scripted *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	scripted_must(server->listen_fd >= 0, "socket");
	scripted_must(!bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)),
		      "bind");
	scripted_must(!listen(server->listen_fd, 1024), "listen");
	scripted_must(!getsockname(server->listen_fd, (struct sockaddr *)&address, &len),
		      "getsockname");
	snprintf(server->url, sizeof(server->url), "%s://127.0.0.1:%u",
		 server->options.is_tls ? "https" : "http", ntohs(address.sin_port));
}

struct scripted *scripted_open(const struct scripted_options *options)
{
	struct scripted *server = scripted_memory(NULL, 1, sizeof(*server));
	sigset_t all, before;

	*server = (struct scripted){ .options = *options };
	server->fits = scripted_memory(NULL, options->rule_count + 1, sizeof(*server->fits));
	memset(server->fits, 0, (options->rule_count + 1) * sizeof(*server->fits));
	pthread_mutex_init(&server->shared.lock, NULL);
	pthread_cond_init(&server->shared.changed, NULL);
	pthread_mutex_init(&server->serve_lock, NULL);
	if (options->is_tls)
		server->tls = tls_new(server->ca_file, sizeof(server->ca_file));
	listen_on_loopback(server);
	sigfillset(&all); /* SIGPIPE: clients come and go */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	scripted_must(!pthread_create(&server->thread, NULL, accept_run, server), "make a thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return server;
}

static void end_connections(struct scripted *server)
{
	pthread_mutex_lock(&server->shared.lock);
	server->shared.is_closing = server->shared.is_released = true;
	pthread_cond_broadcast(&server->shared.changed);
	for (size_t i = 0; i < server->shared.connection_count; i++)
		if (server->shared.connections[i]->fd >= 0)
			shutdown(server->shared.connections[i]->fd, SHUT_RDWR);
	pthread_mutex_unlock(&server->shared.lock);
	for (size_t i = 0; i < server->shared.connection_count; i++) {
		pthread_join(server->shared.connections[i]->thread, NULL);
		free(server->shared.connections[i]);
	}
	free(server->shared.connections);
}

void scripted_close(struct scripted *server)
{
	if (!server)
		return;
	shutdown(server->listen_fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listen_fd);
	end_connections(server);
	for (size_t i = 0; i < server->shared.kept_count; i++)
		free(server->shared.kept[i]);
	free(server->shared.kept);
	if (server->options.is_tls)
		unlink(server->ca_file);
	SSL_CTX_free(server->tls);
	pthread_mutex_destroy(&server->shared.lock);
	pthread_cond_destroy(&server->shared.changed);
	pthread_mutex_destroy(&server->serve_lock);
	free(server->fits);
	free(server);
}

const char *scripted_url(const struct scripted *server)
{
	return server->url;
}

const char *scripted_ca_file(const struct scripted *server)
{
	return server->ca_file;
}
