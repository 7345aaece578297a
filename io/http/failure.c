/*
 * Which of libcurl's codes may be tried again, and what people are told. Of libcurl's own texts
 * only those about connections and certificates are told: others may hold parts of a URL.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "io/http/http_internal.h"

struct meaning {
	CURLcode code;
	enum pacer_outcome outcome; /* PACER_CANCELLED: not tried again */
	int sys_errno;
	bool tells; /* libcurl's text is told, too */
};

static const struct meaning meanings[] = {
	{ CURLE_COULDNT_RESOLVE_PROXY, PACER_FAILED, EHOSTUNREACH, true },
	{ CURLE_COULDNT_RESOLVE_HOST, PACER_FAILED, EHOSTUNREACH, true },
	{ CURLE_COULDNT_CONNECT, PACER_FAILED, ECONNREFUSED, true },
	{ CURLE_PARTIAL_FILE, PACER_FAILED, ECONNRESET, false },
	{ CURLE_OPERATION_TIMEDOUT, PACER_TIMED_OUT, ETIMEDOUT, false },
	{ CURLE_SSL_CONNECT_ERROR, PACER_FAILED, EPROTO, true },
	{ CURLE_GOT_NOTHING, PACER_FAILED, ECONNRESET, false },
	{ CURLE_SEND_ERROR, PACER_FAILED, ECONNRESET, false },
	{ CURLE_RECV_ERROR, PACER_FAILED, ECONNRESET, false },
	{ CURLE_SEND_FAIL_REWIND, PACER_FAILED, ECONNRESET, false },
	{ CURLE_AGAIN, PACER_FAILED, ECONNRESET, false },
	{ CURLE_NO_CONNECTION_AVAILABLE, PACER_FAILED, EAGAIN, false },
	{ CURLE_PEER_FAILED_VERIFICATION, PACER_CANCELLED, EPROTO, true },
	{ CURLE_SSL_CERTPROBLEM, PACER_CANCELLED, EPROTO, true },
	{ CURLE_SSL_CACERT_BADFILE, PACER_CANCELLED, EPROTO, true },
	{ CURLE_SSL_CIPHER, PACER_CANCELLED, EPROTO, true },
};

static const struct meaning *meaning_of(CURLcode code)
{
	static const struct meaning other = { CURLE_OK, PACER_CANCELLED, EPROTO, false };

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return &other;
}

enum muster_code failure_io(struct muster_error *err, int sys_errno, const char *format, ...)
{
	char text[MUSTER_ERROR_MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	muster_fail(err, MUSTER_E_IO, "%s", text);
	if (err)
		err->sys_errno = sys_errno;
	return MUSTER_E_IO;
}

static int errno_of(const struct attempt *attempt, const struct meaning *meaning)
{
	long os_errno = 0;

	if (meaning->code == CURLE_COULDNT_CONNECT)
		libcurl.easy_getinfo(attempt->easy, CURLINFO_OS_ERRNO, &os_errno);
	return os_errno ? (int)os_errno : meaning->sys_errno;
}

enum muster_code failure_of(const struct attempt *attempt, CURLcode result,
			    enum pacer_outcome *outcome, struct muster_error *err)
{
	const struct meaning *meaning = meaning_of(result);

	if (attempt->failure) {
		*outcome = attempt->failure_outcome;
		*err = attempt->error;
		return attempt->failure;
	}
	if (result == CURLE_OK)
		return MUSTER_OK;
	*outcome = meaning->outcome;
	if (result == CURLE_OUT_OF_MEMORY)
		return muster_fail_memory(err, "an HTTP request");
	return failure_io(err, errno_of(attempt, meaning), "%s",
			  meaning->tells && attempt->curl_text[0] ? attempt->curl_text
								  : libcurl.easy_strerror(result));
}

void failure_name(const struct attempt *attempt, struct muster_error *err)
{
	const char *method = http_method_name(attempt->exchange->request.method);
	struct view where = http_head_where(&attempt->head);

	if (where.len > 256)
		where.len = 256;
	if (attempt->number > 1)
		muster_context(err, "%s %.*s, attempt %u", method, VIEW_ARGS(where),
			       attempt->number);
	else
		muster_context(err, "%s %.*s", method, VIEW_ARGS(where));
}
