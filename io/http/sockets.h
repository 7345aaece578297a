/*
 * sockets - waits for the sockets and the timer of one curl multi, by epoll.
 *
 * libcurl tells which sockets it waits for as that changes, so what a wake costs follows from the
 * sockets that are ready and not from those that are open.
 *
 * Threads: one, but for sockets_wake().
 */
#ifndef IO_HTTP_SOCKETS_H
#define IO_HTTP_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "io/http/libcurl.h"

#include "base/error.h"

/* Sockets with larger numbers are refused. */
#define SOCKETS_FD_MAX (64 << 10)

struct sockets {
	CURLM *multi;
	int epoll_fd, wake_fd;
	uint64_t due_ns; /* when libcurl wants to be called, by CLOCK_MONOTONIC as it counts */
	uint8_t wanted[SOCKETS_FD_MAX]; /* EPOLLIN, EPOLLOUT: libcurl waits for it now */
};

/** `sockets` is zeroed. Takes over socket and timer functions of the multi. Errors: MUSTER_E_IO,
 * MUSTER_E_MEMORY; then it is as a zeroed one that was initialised: sockets_release() may be
 * called. */
enum muster_code sockets_init(struct sockets *sockets, CURLM *multi, struct muster_error *err);
/** The multi was cleaned up: until then it tells of its sockets. Takes a zeroed one, too. */
void sockets_release(struct sockets *sockets);
/** Wait for a socket, libcurl's timer, a wake, or so long; then let libcurl work. */
void sockets_run(struct sockets *sockets, uint64_t wait_ns);
/** For CURLOPT_OPENSOCKETFUNCTION of every handle; its data is the sockets. */
curl_socket_t sockets_make(void *arg, curlsocktype purpose, struct curl_sockaddr *address);
/** From any thread: the wait that runs or comes next ends at once. */
void sockets_wake(struct sockets *sockets);

#endif
