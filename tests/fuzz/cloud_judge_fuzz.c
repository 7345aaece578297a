/* The first byte says of which cloud a reply is, the second to which verb, two more its status;
 * then come its header lines, an empty line and its body. Whatever it is: a failure is told, with
 * the place in it, and no other code comes than those that a store expects. */
#include <stdlib.h>

#include "io/cloud/azure.h"
#include "io/cloud/gcs.h"

#define VERB_COUNT CLOUD_VERBS
#define SESSION	   "/upload/storage/v1/b/bkt/o?upload_id=1"
#define NONCE	   "00112233445566778899aabbccddeeff"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Credentials are of no account here: they can only be refused. */
struct keys {
	bool is_refused;
};
static struct keys keys;

enum muster_code keys_get(struct keys *all, struct key_set *out, struct muster_error *err)
{
	(void)all;
	*out = (struct key_set){ 0 };
	return muster_fail(err, MUSTER_E_IO, "no credentials were found");
}

bool keys_refuse(struct keys *all)
{
	all->is_refused = !all->is_refused;
	return all->is_refused;
}

void key_set_release(struct key_set *set)
{
	(void)set;
}

static struct cloud_protocol *open_cloud(bool is_azure)
{
	struct cloud_protocol *protocol = NULL;
	enum muster_code code;

	if (is_azure)
		code = azure_open(
			&protocol,
			&(struct azure_protocol_options){ .container = VIEW_LITERAL("cont"),
							  .account = VIEW_LITERAL("acct"),
							  .keys = &keys },
			NULL);
	else
		code = gcs_open(
			&protocol,
			&(struct gcs_options){ .bucket = VIEW_LITERAL("bkt"), .keys = &keys },
			NULL);
	if (code)
		abort();
	return protocol;
}

/* What it was that was asked; the reply does not choose it. Azure's uploads are called by a nonce,
 * as its begin does. */
static struct cloud_call call_of(uint8_t verb, uint8_t other, bool is_azure)
{
	struct cloud_call call = {
		.verb = (enum cloud_verb)(verb % VERB_COUNT),
		.key = VIEW_LITERAL("k"),
		.offset_bytes = other & 1 ? 5 : 0,
		.len = 10,
		.body = VIEW_LITERAL("1234"),
		.upload = is_azure ? VIEW_LITERAL(NONCE) : VIEW_LITERAL(SESSION),
		.number = 1,
		.is_last = other & 2,
		.nonce = NONCE,
	};

	if (other & 4)
		call.etag = VIEW_LITERAL("17");
	return call;
}

/* Returns what is behind the empty line. */
static struct view read_lines(struct http_lines *lines, struct view text)
{
	while (text.len) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		if (len)
			http_lines_add(lines, view_of(text.ptr, len));
		text = view_of(text.ptr + len + !!end, text.len - len - !!end);
		if (!len)
			break;
	}
	return text;
}

static void check(const struct cloud_protocol *protocol, enum muster_code code,
		  const struct muster_error *error)
{
	if (muster_failed(code) &&
	    (error->code != code || !strstr(error->message, protocol->place)))
		abort();
	if (!muster_failed(code) && code != MUSTER_OK && code != MUSTER_ABSENT &&
	    code != MUSTER_EXISTS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_lines lines;
	struct muster_error error = { 0 };
	enum pacer_outcome outcome;
	struct cloud_protocol *protocol;
	struct http_reply reply;
	struct cloud_call call;

	if (size < 4)
		return 0;
	lines.len = 0;
	protocol = open_cloud(data[0] & 1);
	call = call_of(data[1], data[0] >> 1, data[0] & 1);
	reply = (struct http_reply){
		.method = protocol->ops->method(protocol, &call),
		.status = 200 + (data[2] << 8 | data[3]) % 400u,
		.attempt = 1 + data[1] / VERB_COUNT % 4,
		.lines = &lines,
	};
	reply.body = read_lines(&lines, view_of(data + 4, size - 4));
	reply.body_bytes = reply.body.len;
	check(protocol, protocol->ops->judge(protocol, &call, &reply, &outcome, &error), &error);
	if (outcome > PACER_CANCELLED)
		abort();
	bytes_release(&call.out.upload);
	protocol->ops->free(protocol);
	return 0;
}
