/*
 *   azure.c          options, the table
 *   azure_request.c  what is sent
 *   azure_sign.c     by which right
 *   azure_judge.c    what a reply means, and who may try again
 */
#ifndef IO_CLOUD_AZURE_INTERNAL_H
#define IO_CLOUD_AZURE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/cloud/azure.h"
#include "io/cloud/endpoint.h"
#include "io/cloud/request.h"
#include "io/cloud/sharedkey.h"

#define AZURE_VERSION	  "2023-11-03"
#define AZURE_HEADERS_MAX 16
/* "muster-", 32 characters of the upload, "-", five digits; as base64. A service takes 64 bytes. */
#define AZURE_UPLOAD_MAX_BYTES 32
#define AZURE_BLOCK_ID_TEXT    64

struct azure {
	struct cloud_protocol protocol;
	struct endpoint endpoint;
	struct bytes container, account, place;
	struct keys *keys; /* NULL: anonymous */
	bool has_crc64;
	char id_head[17]; /* random, of this protocol's requests and uploads */
	atomic_uint id_count;
	struct {
		pthread_mutex_t lock;
		struct sharedkey *sharedkey;
	} signer;
};

/* A request while it is put together. */
struct azure_request {
	struct request_url url;
	struct cloud_header headers[AZURE_HEADERS_MAX];
	size_t header_count;
	char text[1024]; /* of values */
	size_t text_len;
};

/* azure.c */
/* 24 characters that no other call gets. */
#define AZURE_ID_TEXT 25
void azure_make_id(struct azure *azure, char out[AZURE_ID_TEXT]);

/* azure_request.c */
enum http_method azure_method(const struct cloud_protocol *protocol, const struct cloud_call *call);
enum muster_code azure_make_body(struct cloud_protocol *protocol, struct cloud_call *call,
				 struct view *body, struct muster_error *err);
/* What a block of this call is called, in base64; returns the length of the text. All of one
 * length, as a service wants those of a blob to be. */
size_t azure_block_id(char out[AZURE_BLOCK_ID_TEXT], const struct cloud_call *call);
/* As cloud_protocol_ops.name_part. */
bool azure_name_part(const struct upload_item *item, uint32_t *number, struct view *name);
enum muster_code azure_prepare(struct cloud_protocol *protocol, const struct cloud_call *call,
			       struct http_head *head, struct muster_error *err);

/* azure_sign.c: fill `head` with URL and authorization; the other headers are there already. */
enum muster_code azure_authorize(struct azure *azure, const struct cloud_call *call,
				 const struct azure_request *request, struct http_head *head,
				 struct muster_error *err);

/* azure_judge.c */
enum muster_code azure_judge(struct cloud_protocol *protocol, struct cloud_call *call,
			     const struct http_reply *reply, enum pacer_outcome *outcome,
			     struct muster_error *err);

#endif
