/**
 * endpoint - the host and the path before a key that requests go to.
 *
 * Threads: pure functions. Errors: MUSTER_E_USAGE, naming what is wrong; MUSTER_E_MEMORY.
 */
#ifndef IO_CLOUD_ENDPOINT_H
#define IO_CLOUD_ENDPOINT_H

#include "base/bytes.h"

/** A zeroed struct is none. */
struct endpoint {
	bool is_tls;
	struct bytes
		host; /* as in the Host header: lower case, with a port unless it is the scheme's */
	struct bytes path; /* "", or what stands before "/key": "/s3", "/bucket"; percent-encoded */
};
void endpoint_release(struct endpoint *endpoint);

/** Read "https://host:port/path". Without a scheme it is http if `is_scheme_optional`
 *  (STORAGE_EMULATOR_HOST). No user, query or fragment. */
enum muster_code endpoint_parse(struct endpoint *out, struct view url, bool is_scheme_optional,
				struct muster_error *err);
/** Is the host an IP address, which no bucket can stand before? */
bool endpoint_is_address(const struct endpoint *endpoint);

enum s3_style {
	S3_STYLE_AUTO, /* virtual host at AWS; path at a custom endpoint, or a bucket with dots */
	S3_STYLE_PATH, /* https://host/bucket/key */
	S3_STYLE_VIRTUAL, /* https://bucket.host/key */
};

/** Borrowed. */
struct s3_endpoint_options {
	struct view url;    /* a custom endpoint; empty: AWS's of `region` */
	struct view region; /* "eu-west-1" */
	struct view bucket; /* empty: none, the service itself */
	enum s3_style style;
	bool is_dualstack, is_fips; /* of AWS's */
};

enum muster_code s3_endpoint_compute(struct endpoint *out,
				     const struct s3_endpoint_options *options,
				     struct muster_error *err);

#endif
