/*
 *   s3.c          its table, its life
 *   s3_request.c  what a call becomes: path, query, header lines, signature
 *   s3_answer.c   what an answer has
 *   s3_error.c    what a failure means, and what is done about it
 *   s3_place.c    where the bucket is: endpoint and region, and how they change
 */
#ifndef IO_CLOUD_S3_INTERNAL_H
#define IO_CLOUD_S3_INTERNAL_H

#include <pthread.h>

#include "io/cloud/reply.h"
#include "io/cloud/s3.h"
#include "io/cloud/sigv4.h"

/* Up to here a body is hashed for its signature wherever it goes: it costs less than the request.
 */
#define S3_SMALL_BYTES (64u << 10)

struct s3 {
	struct cloud_protocol base;
	struct keys *keys;
	enum s3_signed_bodies signed_bodies;
	struct bytes place_text;
	/* What an endpoint is computed from. */
	struct bytes url, bucket;
	enum s3_style style;
	bool is_dualstack, is_fips, is_aws;

	pthread_mutex_t lock;
	struct { /* under `lock` */
		struct endpoint endpoint;
		struct bytes region;
		bool completes_anyway; /* If-None-Match is unknown there */
		/* A request in the making: one at a time, some 20 us. */
		struct sigv4 *sigv4;
		struct sigv4_signed signature;
		struct bytes path, query, url;
	} shared;
};

static inline struct s3 *s3_of(struct cloud_protocol *protocol)
{
	return (struct s3 *)protocol;
}

/* s3_place.c */
bool s3_host_is_aws(const struct endpoint *endpoint);
/** The endpoint of `region`. */
enum muster_code s3_place_compute(struct endpoint *out, const struct s3 *s3, struct view region,
				  struct muster_error *err);
/** Go where the answer says that the bucket is. True: it told, so it is worth another try. */
bool s3_place_move(struct s3 *s3, const struct http_reply *reply, const struct cloud_error *error);

/* s3_request.c */
/** Does the signature cover the SHA-256 of every body, also of large ones? Any thread. */
bool s3_signs_bodies(struct s3 *s3);
enum muster_code s3_make_body(struct cloud_protocol *protocol, struct cloud_call *call,
			      struct view *body, struct muster_error *err);
enum muster_code s3_prepare(struct cloud_protocol *protocol, const struct cloud_call *call,
			    struct http_head *head, struct muster_error *err);

/* s3_error.c */
/** What the failure comes to: an answer of the verb, or MUSTER_E_IO and others, told; `outcome`
 *  where it is worth another try. `error` may be none. */
enum muster_code s3_judge_error(struct s3 *s3, struct cloud_call *call,
				const struct http_reply *reply, const struct cloud_error *error,
				enum pacer_outcome *outcome, struct muster_error *err);
/** The same, with the error that the reply's body is. */
enum muster_code s3_judge_status(struct s3 *s3, struct cloud_call *call,
				 const struct http_reply *reply, enum pacer_outcome *outcome,
				 struct muster_error *err);
/** MUSTER_E_FORMAT: "the answer has <what>". */
enum muster_code s3_tell_format(const struct s3 *s3, const struct cloud_call *call,
				const char *what, struct muster_error *err);

/* s3_answer.c */
enum muster_code s3_judge(struct cloud_protocol *protocol, struct cloud_call *call,
			  const struct http_reply *reply, enum pacer_outcome *outcome,
			  struct muster_error *err);

#endif
