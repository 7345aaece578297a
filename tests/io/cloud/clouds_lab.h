/**
 * clouds_lab - a store of Google or Azure, over a fake, or over the server that the environment
 * names (tests/servers/serve).
 *
 * Threads: one. Failures end the test.
 */
#ifndef TESTS_IO_CLOUD_CLOUDS_LAB_H
#define TESTS_IO_CLOUD_CLOUDS_LAB_H

#include "io/cloud/store.h"
#include "io/http/pacer_simple.h"
#include "tests/io/cloud/azure_fake.h"
#include "tests/io/cloud/gcs_fake.h"
#include "tests/io/cloud/keys_still.h"

#define CLOUDS_LAB_TRIES      4
#define CLOUDS_LAB_PART_BYTES (256u << 10)

enum clouds_kind { CLOUDS_GCS, CLOUDS_AZURE, CLOUDS_COUNT };

/** Zero is a fake of Google without faults. Set what is to be other, then open. */
struct clouds_lab {
	enum clouds_kind kind;
	const struct scripted_rule *rules;
	size_t rule_count;
	struct gcs_fake gcs;
	struct azure_fake azure;
	struct store_cloud_options options; /* protocol, http and pacer are the lab's */

	struct scripted *server; /* NULL: a real one */
	struct http *http;
	struct keys keys;
	struct pacer_simple pacer;
	struct store *store;
};

const char *clouds_name(enum clouds_kind kind);
void clouds_lab_open(struct clouds_lab *lab);
/** Over STORAGE_EMULATOR_HOST or AZURE_STORAGE_CONNECTION_STRING, and MUSTER_TEST_BUCKET; what lies
 *  there is removed. False: they are not set. */
bool clouds_lab_open_real(struct clouds_lab *lab);
void clouds_lab_close(struct clouds_lab *lab);

/** Write an object of `len` bytes that tell where they belong; the code of the first function that
 *  does not answer MUSTER_OK. */
enum muster_code clouds_write(struct store *store, const char *key, size_t len,
			      struct muster_error *err);
/** Is it such an object? */
void clouds_check(struct store *store, const char *key, size_t len);
/** Its keys, a line for each; until the next call. `after` NULL: from the first one. */
const char *clouds_list(struct store *store, const char *prefix, const char *after);

#endif
