/**
 * libcurl - its functions, loaded when the first HTTP engine is opened.
 *
 * libcurl draws in some twenty libraries more: linked, they cost every start of the program 5 ms
 * and 5 MiB, and only those whose repository lies in a bucket want them. Its types and constants
 * come from its header. Functions have their names without "curl_".
 */
#ifndef IO_HTTP_LIBCURL_H
#define IO_HTTP_LIBCURL_H

#include <curl/curl.h>

#include "base/error.h"

#define LIBCURL_FUNCTIONS(X)                                                                       \
	X(global_init)                                                                             \
	X(global_cleanup)                                                                          \
	X(version_info)                                                                            \
	X(easy_init)                                                                               \
	X(easy_cleanup)                                                                            \
	X(easy_reset)                                                                              \
	X(easy_setopt)                                                                             \
	X(easy_getinfo)                                                                            \
	X(easy_strerror)                                                                           \
	X(multi_init)                                                                              \
	X(multi_cleanup)                                                                           \
	X(multi_setopt)                                                                            \
	X(multi_add_handle)                                                                        \
	X(multi_remove_handle)                                                                     \
	X(multi_perform)                                                                           \
	X(multi_socket_action)                                                                     \
	X(multi_info_read)                                                                         \
	X(share_init)                                                                              \
	X(share_setopt)                                                                            \
	X(share_cleanup)

#define LIBCURL_MEMBER(name) __typeof__(curl_##name) *name;
struct libcurl {
	LIBCURL_FUNCTIONS(LIBCURL_MEMBER)
};
#undef LIBCURL_MEMBER

/** Set by libcurl_load(), then read only. */
extern struct libcurl libcurl;

/** Load it, once for the process. MUSTER_E_UNSUPPORTED, saying why, where it is not installed,
 *  lacks a function, is older than 7.87, or has no TLS. Any thread. */
enum muster_code libcurl_load(struct muster_error *err);

#endif
