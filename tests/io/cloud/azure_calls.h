/**
 * azure_calls - one call of each verb to Azure, and a protocol that says and judges them.
 *
 * Threads: one. Failures end the test.
 */
#ifndef TESTS_IO_CLOUD_AZURE_CALLS_H
#define TESTS_IO_CLOUD_AZURE_CALLS_H

#include "io/cloud/azure.h"
#include "tests/io/cloud/keys_still.h"
#include "tests/io/cloud/protocol_lab.h"

#define BASE   "https://acct.blob.core.windows.net"
#define NONCE  "00112233445566778899aabbccddeeff"
#define UPLOAD "abababababababab00000000"
#define KEY    "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="

/** By verb; cases begin from these. */
extern const struct cloud_call *const azure_calls[CLOUD_VERBS];

/** The credentials of what azure_calls_open() gives. */
extern struct keys azure_calls_keys;

struct cloud_protocol *azure_calls_open(void);
struct cloud_protocol *azure_calls_open_with(const struct azure_protocol_options *options);
/** The protocol, and the credentials. */
void azure_calls_close(struct cloud_protocol *protocol);

#endif
