/**
 * delay - a TCP proxy on loopback that makes a network of it: latency, bandwidth, broken lines.
 *
 *   delay [-l MS] [-b BYTES_PER_S] [-p PORT] [-c N] [-a N] [-s SEED] [-n N] TARGET_PORT
 *
 * Prints `port N` when it listens on 127.0.0.1:N (a free port unless -p names one), and forwards
 * each connection to 127.0.0.1:TARGET_PORT. Bytes leave -l milliseconds after they came, each way,
 * so a round trip grows by twice that; -b bounds each way of all connections together. SIGUSR1
 * resets all connections; SIGTERM ends it. A connection is accepted at once: only its bytes are
 * late.
 *
 * Of N chunks of bytes that come, about one resets its connection (-c): a line that is cut at any
 * moment. Of N answers about one is lost (-a): its first bytes came, so the request was applied,
 * and then the connection is reset. An answer is what comes behind bytes of the client's; "100
 * Continue" is none. Which ones follows from SEED and the order in which bytes come. After each N
 * answers (-n) it prints a line `answers N CUT LOST`, what there was until then: so others can act
 * when something has been done, and not after some time.
 *
 * One thread, epoll, no sleep: each direction of a connection is a queue of chunks with the time at
 * which they may leave, and one timer is set for the first of all. So any number of requests are
 * under way at once, as on a long wire. The end of a stream is a chunk too, and keeps its place.
 *
 * Memory: WIRE_BYTES for each direction; a full wire is not read from, which is what a sender's
 * window does. Weakness: that bounds one connection to WIRE_BYTES per latency.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/servers/faults.h"

enum {
	CHUNK_BYTES = 32 << 10,
	WIRE_BYTES = 4 << 20, /* 64 streams of 60 MB/s at 2 × 35 ms */
	EVENT_COUNT = 256,
};

struct chunk {
	struct chunk *next;
	uint64_t leaves_ns;
	size_t done_bytes, len_bytes; /* an empty chunk is the end of the stream */
	char data[];
};

/** One direction: from one socket of a pair to the other. */
struct wire {
	struct chunk *first, **end;
	size_t held_bytes;
	bool is_read_to_end, is_blocked; /* blocked: the receiver's window is full */
};

struct pair;

struct side {
	struct pair *pair;
	int fd;
	uint32_t events; /* what it is watched for */
	bool is_unwatched;
	struct wire in; /* what came from this socket, for the other */
};

struct pair {
	struct pair *next, **link;
	struct side sides[2];
	bool is_asked; /* bytes of the client's came, and no answer since */
	bool is_dead;  /* freed after the events at hand */
};

struct proxy {
	int epoll_fd, listen_fd, timer_fd, signal_fd;
	uint16_t target_port;
	uint64_t latency_ns, bytes_per_s;
	uint64_t line_free_ns[2]; /* when the last byte so far has passed the bottleneck, by
				     direction */
	struct pair *pairs;
	struct faults faults;
};

static void die(const char *what)
{
	fprintf(stderr, "delay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct side *other(struct side *side)
{
	return &side->pair->sides[side == &side->pair->sides[0]];
}

static void watch(struct proxy *proxy, int operation, int fd, uint32_t events, void *cookie)
{
	struct epoll_event event = { .events = events, .data.ptr = cookie };

	if (epoll_ctl(proxy->epoll_fd, operation, fd, &event))
		die("epoll_ctl");
}

static bool is_finished(const struct wire *wire)
{
	return wire->is_read_to_end && !wire->first;
}

/**
 * Level-triggered: a socket is watched for what its wires can take or have to give. One that has
 * nothing more to do, while its pair still has, would report its hang-up for ever.
 */
static void watch_side(struct proxy *proxy, struct side *side)
{
	struct wire *out = &other(side)->in;
	bool can_read = !side->in.is_read_to_end && side->in.held_bytes < WIRE_BYTES;
	uint32_t events = (can_read ? EPOLLIN : 0) | (out->is_blocked ? EPOLLOUT : 0);

	if (side->is_unwatched)
		return;
	side->is_unwatched = side->in.is_read_to_end && is_finished(out);
	if (events == side->events && !side->is_unwatched)
		return; /* the usual case, for all pairs but one or two: no system call */
	side->events = events;
	watch(proxy, side->is_unwatched ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, side->fd, events, side);
}

static void pair_kill(struct pair *pair)
{
	if (pair->is_dead)
		return;
	pair->is_dead = true;
	for (int i = 0; i < 2; i++) {
		struct linger reset = { .l_onoff = 1 };
		struct wire *wire = &pair->sides[i].in;

		if (!is_finished(wire))
			setsockopt(pair->sides[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	}
	for (int i = 0; i < 2; i++) {
		struct wire *wire = &pair->sides[i].in;

		while (wire->first) {
			struct chunk *chunk = wire->first;

			wire->first = chunk->next;
			free(chunk);
		}
		close(pair->sides[i].fd); /* leaves epoll by itself */
	}
}

static void kill_all(struct proxy *proxy)
{
	for (struct pair *pair = proxy->pairs; pair; pair = pair->next)
		pair_kill(pair);
}

static void reap(struct proxy *proxy)
{
	for (struct pair *pair = proxy->pairs, *next; pair; pair = next) {
		next = pair->next;
		if (!pair->is_dead)
			continue;
		*pair->link = next;
		if (next)
			next->link = pair->link;
		free(pair);
	}
}

/** When a chunk that came now has passed the bottleneck and the length of the wire. */
static uint64_t release_time(struct proxy *proxy, int direction, size_t len_bytes)
{
	uint64_t now = now_ns(), *line = &proxy->line_free_ns[direction];

	if (proxy->bytes_per_s) {
		*line = (*line > now ? *line : now) + len_bytes * 1000000000u / proxy->bytes_per_s;
		now = *line;
	}
	return now + proxy->latency_ns;
}

/** Read what came, up to one chunk: the fair share when many connections are busy. */
static void side_read(struct proxy *proxy, struct side *side)
{
	char data[CHUNK_BYTES];
	ssize_t got = read(side->fd, data, sizeof(data));
	struct chunk *chunk;
	int on = 1;

	/* A sender that waits to be acknowledged would add our kernel's 40 ms to the delay. The
	 * kernel forgets this, so it is said each time. */
	setsockopt(side->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));

	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			pair_kill(side->pair);
		return;
	}
	if (got && faults_break(&proxy->faults, &side->pair->is_asked, side == &side->pair->sides[0],
				data, (size_t)got)) {
		pair_kill(side->pair);
		return;
	}
	chunk = malloc(sizeof(*chunk) + (size_t)got);
	if (!chunk)
		die("malloc");
	memcpy(chunk->data, data, (size_t)got);
	chunk->next = NULL;
	chunk->done_bytes = 0;
	chunk->len_bytes = (size_t)got;
	chunk->leaves_ns = release_time(proxy, side == &side->pair->sides[1], chunk->len_bytes);
	*side->in.end = chunk;
	side->in.end = &chunk->next;
	side->in.held_bytes += chunk->len_bytes;
	side->in.is_read_to_end = !got;
}

/** Send on what came from `side` and is due. */
static void wire_write(struct side *side, uint64_t now)
{
	struct wire *wire = &side->in;
	int fd = other(side)->fd;

	wire->is_blocked = false;
	while (wire->first && wire->first->leaves_ns <= now) {
		struct chunk *chunk = wire->first;
		size_t left_bytes = chunk->len_bytes - chunk->done_bytes;
		ssize_t sent = 0;

		if (!chunk->len_bytes)
			shutdown(fd, SHUT_WR);
		else
			sent = send(fd, chunk->data + chunk->done_bytes, left_bytes, MSG_NOSIGNAL);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
			wire->is_blocked = true;
			return;
		}
		if (sent < 0) {
			pair_kill(side->pair);
			return;
		}
		chunk->done_bytes += (size_t)sent;
		wire->held_bytes -= (size_t)sent;
		if (chunk->done_bytes < chunk->len_bytes)
			continue;
		wire->first = chunk->next;
		if (!wire->first)
			wire->end = &wire->first;
		free(chunk);
	}
}

/** Move what is due on all wires, and set the timer for what will be next. */
static void pump(struct proxy *proxy)
{
	struct itimerspec alarm = { 0 };
	uint64_t now = now_ns(), next_ns = UINT64_MAX;

	for (struct pair *pair = proxy->pairs; pair; pair = pair->next) {
		for (int i = 0; i < 2 && !pair->is_dead; i++)
			wire_write(&pair->sides[i], now);
		if (!pair->is_dead && is_finished(&pair->sides[0].in) &&
		    is_finished(&pair->sides[1].in))
			pair_kill(pair);
		for (int i = 0; i < 2 && !pair->is_dead; i++) {
			struct wire *wire = &pair->sides[i].in;

			if (wire->first && !wire->is_blocked && wire->first->leaves_ns < next_ns)
				next_ns = wire->first->leaves_ns;
			watch_side(proxy, &pair->sides[i]);
		}
	}
	reap(proxy);
	if (next_ns != UINT64_MAX) {
		alarm.it_value.tv_sec = (time_t)(next_ns / 1000000000u);
		alarm.it_value.tv_nsec = (long)(next_ns % 1000000000u);
	}
	if (timerfd_settime(proxy->timer_fd, TFD_TIMER_ABSTIME, &alarm, NULL))
		die("timerfd_settime");
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/** A connection to the target. On loopback it is there, or refused, at once. */
static int connect_target(struct proxy *proxy)
{
	struct sockaddr_in address = loopback(proxy->target_port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

static void accept_one(struct proxy *proxy)
{
	int fd = accept4(proxy->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
	int target_fd = fd < 0 ? -1 : connect_target(proxy);
	struct pair *pair = target_fd < 0 ? NULL : calloc(1, sizeof(*pair));

	if (!pair) {
		struct linger reset = { .l_onoff = 1 };

		if (fd >= 0) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			close(fd);
		}
		if (target_fd >= 0)
			close(target_fd);
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct side *side = &pair->sides[i];

		side->pair = pair;
		side->fd = i ? target_fd : fd;
		side->in.end = &side->in.first;
		setsockopt(side->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		side->events = EPOLLIN;
		watch(proxy, EPOLL_CTL_ADD, side->fd, EPOLLIN, side);
	}
	pair->next = proxy->pairs;
	pair->link = &proxy->pairs;
	if (pair->next)
		pair->next->link = &pair->next;
	proxy->pairs = pair;
}

/** True when it is time to end. */
static bool take_signal(struct proxy *proxy)
{
	struct signalfd_siginfo info;

	if (read(proxy->signal_fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGUSR1)
		return true;
	kill_all(proxy);
	return false;
}

static bool handle(struct proxy *proxy, const struct epoll_event *event)
{
	struct side *side = event->data.ptr;
	uint64_t count;

	if (event->data.ptr == &proxy->signal_fd)
		return take_signal(proxy);
	if (event->data.ptr == &proxy->timer_fd)
		return read(proxy->timer_fd, &count, sizeof(count)) < 0 && errno != EAGAIN;
	if (event->data.ptr == &proxy->listen_fd) {
		accept_one(proxy);
		return false;
	}
	if (side->pair->is_dead)
		return false;
	/* A server may answer and reset at once: what came before is still there to be read. */
	if (event->events & EPOLLIN)
		side_read(proxy, side);
	else if (event->events & EPOLLERR)
		pair_kill(side->pair);
	return false;
}

static void serve(struct proxy *proxy)
{
	struct epoll_event events[EVENT_COUNT];
	bool is_over = false;

	while (!is_over) {
		int count = epoll_wait(proxy->epoll_fd, events, EVENT_COUNT, -1);

		if (count < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < count && !is_over; i++)
			is_over = handle(proxy, &events[i]);
		pump(proxy);
	}
	kill_all(proxy);
	reap(proxy);
}

/** Listen, and take signals as events. */
static void open_proxy(struct proxy *proxy, uint16_t port)
{
	struct sockaddr_in address = loopback(port);
	socklen_t len_bytes = sizeof(address);
	sigset_t signals;
	int on = 1;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	proxy->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	proxy->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	proxy->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	proxy->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (proxy->signal_fd < 0 || proxy->epoll_fd < 0 || proxy->timer_fd < 0 ||
	    proxy->listen_fd < 0)
		die("open");
	setsockopt(proxy->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(proxy->listen_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(proxy->listen_fd, SOMAXCONN) ||
	    getsockname(proxy->listen_fd, (struct sockaddr *)&address, &len_bytes))
		die("listen");
	watch(proxy, EPOLL_CTL_ADD, proxy->listen_fd, EPOLLIN, &proxy->listen_fd);
	watch(proxy, EPOLL_CTL_ADD, proxy->timer_fd, EPOLLIN, &proxy->timer_fd);
	watch(proxy, EPOLL_CTL_ADD, proxy->signal_fd, EPOLLIN, &proxy->signal_fd);
	printf("port %u\n", ntohs(address.sin_port));
	fflush(stdout);
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > max) {
		fprintf(stderr, "delay: '%s' is no number up to %llu\n", text,
			(unsigned long long)max);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	struct proxy proxy = { 0 };
	uint16_t port = 0;
	int option;

	while ((option = getopt(argc, argv, "l:b:p:c:a:s:n:")) >= 0) {
		if (option == 'l')
			proxy.latency_ns = number(optarg, 60000) * 1000000u;
		else if (option == 'b')
			proxy.bytes_per_s = number(optarg, 1000000000000u);
		else if (option == 'p')
			port = (uint16_t)number(optarg, UINT16_MAX);
		else if (option == 'c')
			proxy.faults.cut_each = number(optarg, UINT32_MAX);
		else if (option == 'a')
			proxy.faults.lose_each = number(optarg, UINT32_MAX);
		else if (option == 's')
			proxy.faults.random_state = number(optarg, UINT32_MAX);
		else if (option == 'n')
			proxy.faults.tell_each = number(optarg, UINT32_MAX);
		else
			return 2;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: delay [-l MS] [-b BYTES_PER_S] [-p PORT] [-c N] [-a N] "
				"[-s SEED] [-n N] TARGET_PORT\n");
		return 2;
	}
	proxy.target_port = (uint16_t)number(argv[optind], UINT16_MAX);
	open_proxy(&proxy, port);
	serve(&proxy);
	return 0;
}
