/* Runs on AArch64, by neon_test.py: MD5 in NEON lanes gives the published digests, and what the
 * scalar kernel gives. Exits with the number of the check that failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash/lanes.h"

#define LEN_MAX	     1200
#define DIGEST_BYTES 16

static uint8_t data[2 * LEN_MAX];

static void require(bool is_true, const char *what, size_t which)
{
	if (is_true)
		return;
	printf("%s, case %zu, is wrong\n", what, which);
	exit(1);
}

static struct lanes *lanes_of(enum hash_cpu cpu)
{
	struct lanes *lanes;

	require(lanes_new(&lanes, md5_kernel_of(cpu), NULL) == MUSTER_OK, "making lanes", cpu);
	return lanes;
}

/* RFC 1321, A.5 */
static void check_published(void)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "0",
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};
	struct lanes *lanes = lanes_of(HASH_CPU_NEON);
	uint8_t digests[sizeof(cases) / sizeof(cases[0])][DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		lanes_push(lanes, view_text(cases[i].text), digests[i], NULL);
	lanes_drain(lanes);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < DIGEST_BYTES; k++)
			snprintf(hex + 2 * k, 3, "%02x", digests[i][k]);
		require(strcmp(hex, cases[i].hex) == 0, "a published digest", i);
	}
	lanes_free(lanes);
}

static void hash_all(enum hash_cpu cpu, uint8_t digests[LEN_MAX][DIGEST_BYTES])
{
	struct lanes *lanes = lanes_of(cpu);

	for (size_t len = 0; len < LEN_MAX; len++)
		lanes_push(lanes, view_of(data + len % 64, len), digests[len], NULL);
	lanes_drain(lanes);
	lanes_free(lanes);
}

static void check_against_scalar(void)
{
	static uint8_t neon[LEN_MAX][DIGEST_BYTES], scalar[LEN_MAX][DIGEST_BYTES];

	hash_all(HASH_CPU_NEON, neon);
	hash_all(HASH_CPU_SCALAR, scalar);
	for (size_t len = 0; len < LEN_MAX; len++)
		require(memcmp(neon[len], scalar[len], DIGEST_BYTES) == 0, "a length", len);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 41 + (i >> 6));
	require(hash_cpu_resolve(HASH_CPU_BEST) == HASH_CPU_NEON, "the best form", 0);
	check_published();
	check_against_scalar();
	printf("%d published digests and %d lengths are right\n", 7, LEN_MAX);
	return 0;
}
