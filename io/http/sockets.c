/*
 * libcurl 7.88 closes a socket that never came to connect without telling, and tells later, if at
 * all: when it says REMOVE, the number may be that of another thread's file; and where the next
 * socket of the same transfer gets the number, it says nothing, because to it nothing has changed.
 * (lib/cf-socket.c: cf_socket_close() of one that is not active; lib/multi.c: singlesocket().)
 * So numbers are only touched when they are known to be ours:
 *
 *   libcurl makes a socket   sockets_make(): watched at once, if its number is wanted already
 *   libcurl wants events     it is open: EPOLL_CTL_MOD, or ADD
 *   libcurl wants no more    only noted. Whoever is closed has left the epoll by itself
 *   an event nobody wants    it is open: EPOLL_CTL_DEL. Mostly a server that closes an idle one
 *
 * Connections that wait to be used again therefore stay watched: that saves two calls a request.
 */
#include "io/http/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  1000000000ULL
#define NS_PER_MS 1000000ULL

/* Ready at once; more wait for the next call. */
#define EVENTS_MAX 64

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- what libcurl tells ---------------------------------------------------------------------- */

/* One that cannot be watched, for want of kernel memory, is not told to libcurl: it would take the
 * whole multi for dead. Its transfer ends by its watch. */
static void watch(struct sockets *sockets, int fd)
{
	struct epoll_event event = { .events = sockets->wanted[fd], .data.fd = fd };

	if (epoll_ctl(sockets->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
		epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	static const uint8_t events[] = { [CURL_POLL_IN] = EPOLLIN,
					  [CURL_POLL_OUT] = EPOLLOUT,
					  [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
					  [CURL_POLL_REMOVE] = 0 };
	struct sockets *sockets = arg;

	(void)easy;
	(void)unused;
	if (fd >= SOCKETS_FD_MAX) /* not made here: a resolver's, which has a timer, too */
		return 0;
	sockets->wanted[fd] = events[what];
	if (sockets->wanted[fd])
		watch(sockets, fd);
	return 0;
}

curl_socket_t sockets_make(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct sockets *sockets = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (fd >= SOCKETS_FD_MAX) {
		close(fd);
		errno = EMFILE;
		return CURL_SOCKET_BAD;
	}
	if (fd >= 0 && sockets->wanted[fd])
		watch(sockets, fd);
	return fd;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct sockets *sockets = arg;

	(void)multi;
	sockets->due_ns =
		timeout_ms < 0 ? UINT64_MAX : monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	return 0;
}

/* --- what libcurl is told -------------------------------------------------------------------- */

static int wait_ms(const struct sockets *sockets, uint64_t wait_ns)
{
	uint64_t now_ns = monotonic_ns(), until_libcurl_ns;

	until_libcurl_ns = sockets->due_ns > now_ns ? sockets->due_ns - now_ns : 0;
	if (until_libcurl_ns < wait_ns)
		wait_ns = until_libcurl_ns;
	if (wait_ns > 60 * NS_PER_S)
		return 60000;
	return (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* Before libcurl works: later, the number of an event may be another's. */
static void forget_unwanted(struct sockets *sockets, const struct epoll_event *event)
{
	uint64_t wakes;
	int fd = event->data.fd;

	if (fd != sockets->wake_fd) {
		if (!sockets->wanted[fd])
			epoll_ctl(sockets->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return;
	}
	while (read(fd, &wakes, sizeof(wakes)) > 0)
		;
}

/* Servers that leave Nagle's algorithm on (radosgw as it is configured by itself) hold the end of a
 * reply back until its beginning is acknowledged, which our kernel delays by 40 ms. It takes this
 * back by itself, so it is said again. */
static void acknowledge(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static void act(struct sockets *sockets, const struct epoll_event *event)
{
	int running, what = 0;

	if (!sockets->wanted[event->data.fd])
		return;
	if (event->events & (EPOLLIN | EPOLLHUP)) {
		acknowledge(event->data.fd);
		what |= CURL_CSELECT_IN;
	}
	if (event->events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (event->events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	libcurl.multi_socket_action(sockets->multi, event->data.fd, what, &running);
}

void sockets_run(struct sockets *sockets, uint64_t wait_ns)
{
	struct epoll_event events[EVENTS_MAX];
	int running, count = epoll_wait(sockets->epoll_fd, events, EVENTS_MAX,
					wait_ms(sockets, wait_ns));

	for (int i = 0; i < count; i++)
		forget_unwanted(sockets, &events[i]);
	for (int i = 0; i < count; i++)
		act(sockets, &events[i]);
	if (sockets->due_ns <= monotonic_ns()) {
		sockets->due_ns = UINT64_MAX; /* unless it tells another */
		libcurl.multi_socket_action(sockets->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
}

void sockets_wake(struct sockets *sockets)
{
	uint64_t one = 1;

	/* It can only fail where it is about to wake anyway. */
	if (write(sockets->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/* --- its life -------------------------------------------------------------------------------- */

static CURLMcode set_functions(struct sockets *sockets)
{
	CURLM *multi = sockets->multi;
	CURLMcode rc = libcurl.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);

	rc = rc ? rc : libcurl.multi_setopt(multi, CURLMOPT_SOCKETDATA, sockets);
	rc = rc ? rc : libcurl.multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	return rc ? rc : libcurl.multi_setopt(multi, CURLMOPT_TIMERDATA, sockets);
}

enum muster_code sockets_init(struct sockets *sockets, CURLM *multi, struct muster_error *err)
{
	struct epoll_event wake = { .events = EPOLLIN };

	sockets->multi = multi;
	sockets->wake_fd = -1;
	sockets->due_ns = UINT64_MAX;
	sockets->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (sockets->epoll_fd >= 0)
		sockets->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	wake.data.fd = sockets->wake_fd;
	if (sockets->wake_fd < 0 || sockets->wake_fd >= SOCKETS_FD_MAX ||
	    epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, sockets->wake_fd, &wake) < 0)
		return muster_fail_errno(err, "wait for sockets");
	return set_functions(sockets) ? muster_fail_memory(err, "an HTTP engine") : MUSTER_OK;
}

void sockets_release(struct sockets *sockets)
{
	if (!sockets->multi)
		return;
	if (sockets->wake_fd >= 0)
		close(sockets->wake_fd);
	if (sockets->epoll_fd >= 0)
		close(sockets->epoll_fd);
}
