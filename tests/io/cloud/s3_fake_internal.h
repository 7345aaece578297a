/*
 *   s3_fake.c         what a request must be; objects
 *   s3_fake_list.c    listings
 *   s3_fake_upload.c  uploads in parts
 */
#ifndef TESTS_IO_CLOUD_S3_FAKE_INTERNAL_H
#define TESTS_IO_CLOUD_S3_FAKE_INTERNAL_H

#include "tests/io/cloud/s3_fake.h"
#include "tests/servers/scripted/scripted_internal.h"

/** One request, taken apart. */
struct asked {
	struct s3_fake *fake;
	const struct scripted_request *request;
	struct scripted_reply *reply;
	char *key;	   /* "" for the bucket */
	const char *query; /* "" */
};

/* Memory that lives until the fake ends, zeroed; a byte more than asked for. */
void *fake_keep(struct s3_fake *fake, size_t bytes);
char *fake_print(struct s3_fake *fake, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Percent-encoding. */
char *fake_encoded(struct s3_fake *fake, const char *text);
char *fake_decoded(struct s3_fake *fake, const char *text, size_t len);
/* NULL: there is none. Decoded. */
char *fake_parameter(const struct asked *asked, const char *name);
char *fake_header(const struct asked *asked, const char *name);

void fake_answer(const struct asked *asked, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4))); /* header lines */
void fake_text(const struct asked *asked, const char *text);
void fake_refuse(const struct asked *asked, unsigned status, const char *word, const char *more);

struct s3_fake_object *fake_store(struct s3_fake *fake, const char *key, const void *data,
				  size_t len);
void fake_set_etag(struct s3_fake_object *object);
void fake_take_nonce(const struct asked *asked, char nonce[64]);
/* False: it was refused. */
bool fake_check_body(const struct asked *asked);
bool fake_may_create(const struct asked *asked);

void fake_list(const struct asked *asked);
void fake_begin(const struct asked *asked);
void fake_put_part(const struct asked *asked);
void fake_complete(const struct asked *asked);
void fake_abort(const struct asked *asked);
void fake_list_parts(const struct asked *asked);

#endif
