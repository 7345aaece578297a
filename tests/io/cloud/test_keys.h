/**
 * test_keys - credentials that a test says, behind io/cloud/keys.h.
 */
#ifndef TESTS_IO_CLOUD_TEST_KEYS_H
#define TESTS_IO_CLOUD_TEST_KEYS_H

#include "io/cloud/keys.h"

/** Copies; `token` NULL: none. What keys_refuse() makes current is the `next` token, where one is
 *  set. */
struct keys *test_keys_new(const char *id, const char *secret, const char *token);
void test_keys_set_next(struct keys *keys, const char *token);

#endif
