/**
 * gcs_calls - one call of each verb to Google, and a protocol that says and judges them.
 *
 * Threads: one. Failures end the test.
 */
#ifndef TESTS_IO_CLOUD_GCS_CALLS_H
#define TESTS_IO_CLOUD_GCS_CALLS_H

#include "io/cloud/gcs.h"
#include "tests/io/cloud/keys_still.h"
#include "tests/io/cloud/protocol_lab.h"

#define BASE	"https://storage.googleapis.com"
#define NONCE	"00112233445566778899aabbccddeeff"
#define SESSION "/upload/storage/v1/b/bkt/o?uploadType=resumable&upload_id=SECRET"

/** By verb; cases begin from these. */
extern const struct cloud_call *const gcs_calls[CLOUD_VERBS];
extern const struct cloud_part gcs_calls_parts[2]; /* "1234", "56789" */
/** The credentials of what gcs_calls_open() gives. */
extern struct keys gcs_calls_keys;

struct cloud_protocol *gcs_calls_open(void);
struct cloud_protocol *gcs_calls_open_with(const struct gcs_options *options);
/** The protocol, and the credentials. */
void gcs_calls_close(struct cloud_protocol *protocol);

#endif
