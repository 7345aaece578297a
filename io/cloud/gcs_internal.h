/*
 *   gcs.c          options, tables
 *   gcs_request.c  what is sent
 *   gcs_judge.c    what a reply means, and who may try again
 *   gcs_object.c   what a reply tells of an object
 */
#ifndef IO_CLOUD_GCS_INTERNAL_H
#define IO_CLOUD_GCS_INTERNAL_H

#include "io/cloud/endpoint.h"
#include "io/cloud/gcs.h"

#define GCS_PART_MULTIPLE_BYTES (256u << 10)

struct gcs {
	struct cloud_protocol protocol;
	struct endpoint endpoint;
	struct bytes bucket, user_project, place;
	struct keys *keys; /* NULL: anonymous */
	bool lists_details, forgets_parts;
};

/* gcs_request.c */
enum http_method gcs_method(const struct cloud_protocol *protocol, const struct cloud_call *call);
enum muster_code gcs_make_body(struct cloud_protocol *protocol, struct cloud_call *call,
			       struct view *body, struct muster_error *err);
enum muster_code gcs_prepare(struct cloud_protocol *protocol, const struct cloud_call *call,
			     struct http_head *head, struct muster_error *err);

/* gcs_judge.c */
enum muster_code gcs_judge(struct cloud_protocol *protocol, struct cloud_call *call,
			   const struct http_reply *reply, enum pacer_outcome *outcome,
			   struct muster_error *err);

/* gcs_object.c: fill call->out; failures are MUSTER_E_FORMAT and MUSTER_E_MEMORY. */
/* From an object's resource. */
enum muster_code gcs_take_resource(struct cloud_call *call, struct view document,
				   struct muster_error *err);
/* From the headers of a download; MUSTER_E_CHANGED where it is of another generation. */
enum muster_code gcs_take_media(struct cloud_call *call, const struct http_reply *reply,
				struct muster_error *err);
/* The CRC-32C of an object whose last part this is; false: it is not known. */
bool gcs_expect_crc(const struct cloud_call *call, uint32_t *crc);
/* From the answer to the beginning of an upload. */
enum muster_code gcs_take_session(struct cloud_call *call, const struct http_reply *reply,
				  struct muster_error *err);

#endif
