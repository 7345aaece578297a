/*
 * Digests, one thread, data in cache: `hash_bench [--json] [--rounds N] [NAME...]`.
 *
 * Each line is one form of one digest at one size of message: GB/s, the median of N rounds with the
 * least and the most, and how many times OpenSSL's MD5 (or the plain form of the same digest) it
 * is. Time is that of the thread, so other work on the machine disturbs little. NAME: only lines
 * that begin with it. `ring` lines hash files of log-normal sizes (median 16 KiB, empty to 4 MiB)
 * through a hash_ring and say how busy its lanes were.
 */
#include <math.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash/crc.h"
#include "base/hash/hash.h"
#include "base/hash/hash_ring.h"
#include "base/hash/lanes.h"
#include "base/hash/xxh3.h"

#define ROUND_MAX      101
#define ROUND_BYTES    ((size_t)8 << 20)   /* a round takes 1 to 10 ms */
#define MIX_BYTES      ((size_t)256 << 20) /* a round of the ring */
#define MIX_MEDIAN     16384.0
#define MIX_MAX	       (4 << 20)
#define MESSAGE_COUNT  64 /* different ones; more would not stay in cache */
#define MESSAGE_STRIDE 64 /* beyond the message: not all in the same set of the cache */

static struct {
	bool is_json, has_line;
	unsigned long round_count;
	char **names; /* NULL: all */
	double openssl_gb_per_s;
} options = { .round_count = 9 };

static uint8_t *memory; /* MESSAGE_COUNT messages */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "hash_bench: %s\n", what);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* --- one line --------------------------------------------------------------------------- */

struct line {
	const char *digest, *form;
	size_t message_bytes;				     /* 0: a mix */
	size_t (*run)(const struct line *line, void *state); /* one round; gives the bytes */
	void *state;
	double busy; /* of the lanes, 0..1; negative: not known */
	double gb_per_s;
};

static int by_value(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static bool is_wanted(const char *digest)
{
	if (!options.names)
		return true;
	for (char **name = options.names; *name; name++)
		if (strncmp(digest, *name, strlen(*name)) == 0)
			return true;
	return false;
}

static void print_line(const struct line *line, const double *sorted)
{
	double ratio = line->gb_per_s / options.openssl_gb_per_s;

	if (options.is_json) {
		printf("%s{\"digest\":\"%s\",\"form\":\"%s\",\"message_bytes\":%zu,"
		       "\"gb_per_s\":{\"median\":%.3f,\"least\":%.3f,\"most\":%.3f},"
		       "\"times_openssl_md5\":%.2f",
		       options.has_line ? ",\n" : "[", line->digest, line->form,
		       line->message_bytes, line->gb_per_s, sorted[0],
		       sorted[options.round_count - 1], ratio);
		if (line->busy >= 0)
			printf(",\"lanes_busy\":%.3f", line->busy);
		printf("}");
	} else {
		if (!options.has_line)
			printf("%-12s %-12s %9s %9s %9s %9s %8s %6s\n", "digest", "form", "bytes",
			       "GB/s", "least", "most", "x md5", "busy");
		printf("%-12s %-12s %9zu %9.2f %9.2f %9.2f %8.1f", line->digest, line->form,
		       line->message_bytes, line->gb_per_s, sorted[0],
		       sorted[options.round_count - 1], ratio);
		if (line->busy >= 0)
			printf(" %5.1f%%", 100 * line->busy);
		printf("\n");
	}
	options.has_line = true;
	fflush(stdout);
}

static void measure(struct line *line)
{
	bool is_first = options.openssl_gb_per_s == 0;
	double gb_per_s[ROUND_MAX];

	if (!is_first && !is_wanted(line->digest))
		return;
	for (unsigned long round = 0; round <= options.round_count; round++) {
		double begin = now_s();
		size_t bytes = line->run(line, line->state);

		if (round) /* the first one warms the caches */
			gb_per_s[round - 1] = (double)bytes / (now_s() - begin) * 1e-9;
	}
	qsort(gb_per_s, options.round_count, sizeof(*gb_per_s), by_value);
	line->gb_per_s = gb_per_s[options.round_count / 2];
	if (is_first) /* OpenSSL's MD5 */
		options.openssl_gb_per_s = line->gb_per_s;
	if (is_wanted(line->digest))
		print_line(line, gb_per_s);
}

static struct view message(size_t index, size_t len)
{
	return view_of(memory + index % MESSAGE_COUNT * (len + MESSAGE_STRIDE), len);
}

/* --- the digests ------------------------------------------------------------------------ */

static size_t run_evp(const struct line *line, void *state)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t count = ROUND_BYTES / line->message_bytes / 8;
	uint8_t out[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct view data = message(i, line->message_bytes);

		EVP_DigestInit_ex2(ctx, state, NULL);
		EVP_DigestUpdate(ctx, data.ptr, data.len);
		EVP_DigestFinal_ex(ctx, out, NULL);
	}
	EVP_MD_CTX_free(ctx);
	return count * line->message_bytes;
}

static size_t run_lanes(const struct line *line, void *state)
{
	size_t count = ROUND_BYTES / line->message_bytes;
	uint8_t out[MESSAGE_COUNT][IDENTITY_BYTES];

	for (size_t i = 0; i < count; i++)
		lanes_push(state, message(i, line->message_bytes), out[i % MESSAGE_COUNT], NULL);
	lanes_drain(state);
	return count * line->message_bytes;
}

static size_t run_xxh3(const struct line *line, void *state)
{
	const struct xxh3_form *form = *(const struct xxh3_form **)state;
	size_t count = 4 * ROUND_BYTES / line->message_bytes;
	uint8_t out[CHECKSUM_BYTES];

	for (size_t i = 0; i < count; i++)
		form->hash128(message(i, line->message_bytes), out);
	return count * line->message_bytes;
}

struct crc_form {
	enum crc_kind kind;
	enum hash_cpu cpu;
};

static size_t run_crc(const struct line *line, void *state)
{
	const struct crc_form *form = state;
	size_t count = 4 * ROUND_BYTES / line->message_bytes;
	struct crc crc;

	crc_begin(&crc, form->kind, form->cpu);
	for (size_t i = 0; i < count; i++)
		crc_update(&crc, message(i, line->message_bytes));
	return count * line->message_bytes;
}

static void measure_sizes(struct line line)
{
	static const size_t sizes[] = { 4096, 65536 };

	line.busy = -1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		line.message_bytes = sizes[i];
		measure(&line);
	}
}

static void measure_openssl(void)
{
	EVP_MD *md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	struct line first = { .digest = "md5",
			      .form = "openssl",
			      .message_bytes = 16384,
			      .run = run_evp,
			      .state = md5,
			      .busy = -1 };

	measure(&first); /* what all are compared with */
	measure_sizes((struct line){
		.digest = "sha256", .form = "openssl", .run = run_evp, .state = sha256 });
	EVP_MD_free(sha256);
	EVP_MD_free(md5);
}

static void measure_forms(void)
{
	for (int cpu = HASH_CPU_SCALAR; cpu < HASH_CPU_COUNT; cpu++) {
		const char *form = hash_cpu_name((enum hash_cpu)cpu);
		const struct xxh3_form *xxh3 = xxh3_form_of((enum hash_cpu)cpu);
		struct lanes *lanes;

		if (!hash_cpu_is_available((enum hash_cpu)cpu))
			continue;
		if (lanes_new(&lanes, md5_kernel_of((enum hash_cpu)cpu), NULL))
			die("no memory");
		measure_sizes((struct line){
			.digest = "md5", .form = form, .run = run_lanes, .state = lanes });
		lanes_free(lanes);
		measure_sizes((struct line){ .digest = "xxh3-128",
					     .form = xxh3 == &xxh3_form_library ? "library" : form,
					     .run = run_xxh3,
					     .state = &xxh3 });
	}
}

static void measure_pair(void)
{
	const struct lane_kernel *kernel = sha256_kernel_of(HASH_CPU_BEST);
	struct lanes *lanes;

	if (!kernel)
		return;
	if (lanes_new(&lanes, kernel, NULL))
		die("no memory");
	measure_sizes((struct line){
		.digest = "sha256", .form = "sha-ni pair", .run = run_lanes, .state = lanes });
	lanes_free(lanes);
}

static void measure_crcs(void)
{
	static const char *const names[CRC_KIND_COUNT] = { "crc32c", "crc64nvme" };
	static const enum hash_cpu cpus[] = { HASH_CPU_SCALAR, HASH_CPU_AVX2, HASH_CPU_AVX512 };
	static const char *const forms[] = { "table", "clmul", "wide clmul" };

	for (int kind = 0; kind < CRC_KIND_COUNT; kind++) {
		for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
			struct crc_form form = { (enum crc_kind)kind, cpus[i] };

			if (hash_cpu_is_available(cpus[i]))
				measure_sizes((struct line){ .digest = names[kind],
							     .form = forms[i],
							     .run = run_crc,
							     .state = &form });
		}
	}
}

/* --- files through a ring --------------------------------------------------------------- */

struct mix {
	struct hash_ring *ring;
	double sigma;
	struct hash_ring_use before, after;
};

static double random_unit(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return ((double)(*seed >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller's normal deviate. */
static size_t random_size(uint64_t *seed, double sigma)
{
	double radius = sqrt(-2 * log(random_unit(seed)));
	double size = MIX_MEDIAN * exp(sigma * radius * cos(6.283185307179586 * random_unit(seed)));

	return size < MIX_MAX ? (size_t)size : MIX_MAX;
}

static enum muster_code ignore(void *state, void *cookie, struct view data,
			       const struct fingerprint *fingerprint, struct muster_error *err)
{
	(void)state;
	(void)cookie;
	(void)data;
	(void)fingerprint;
	(void)err;
	return MUSTER_OK;
}

static size_t run_ring(const struct line *line, void *state)
{
	struct mix *mix = state;
	size_t bytes = 0;
	uint64_t seed = 1;

	(void)line;
	mix->before = hash_ring_use(mix->ring);
	while (bytes < MIX_BYTES) {
		size_t size = random_size(&seed, mix->sigma);
		uint8_t *room;

		/* What lies in the ring is hashed as it is: reading is not measured here. */
		if (hash_ring_room(mix->ring, size, &room, NULL) ||
		    hash_ring_push(mix->ring, size, NULL, NULL))
			die("the ring failed");
		bytes += size;
	}
	if (hash_ring_drain(mix->ring, NULL))
		die("the ring failed");
	mix->after = hash_ring_use(mix->ring);
	return bytes;
}

static void measure_ring(enum hash_cpu cpu, double sigma, size_t ring_bytes)
{
	struct hash_ring_options ring_options = {
		.hashing = { .algorithm = DIGEST_MD5, .cpu = cpu },
		.bytes = ring_bytes,
		.done_fn = ignore,
	};
	struct mix mix = { .sigma = sigma };
	char digest[32];
	struct line line = {
		.digest = digest, .form = hash_cpu_name(cpu), .run = run_ring, .state = &mix
	};
	uint64_t busy, total;

	snprintf(digest, sizeof(digest), "ring%zu s=%.1f", ring_bytes >> 20, sigma);
	if (!is_wanted(digest))
		return;
	if (hash_ring_new(&mix.ring, ring_options, NULL))
		die("no memory");
	run_ring(&line, &mix);
	busy = mix.after.busy_blocks - mix.before.busy_blocks;
	total = mix.after.total_blocks - mix.before.total_blocks;
	line.busy = total ? (double)busy / (double)total : 0;
	measure(&line);
	hash_ring_free(mix.ring);
}

static void measure_rings(void)
{
	static const double sigmas[] = { 1.0, 1.5, 2.0 };

	for (size_t i = 0; i < sizeof(sigmas) / sizeof(sigmas[0]); i++)
		for (size_t mib = 8; mib <= 64; mib *= 2)
			for (int cpu = HASH_CPU_SCALAR; cpu < HASH_CPU_COUNT; cpu++)
				if (hash_cpu_is_available((enum hash_cpu)cpu))
					measure_ring((enum hash_cpu)cpu, sigmas[i], mib << 20);
}

int main(int argc, char **argv)
{
	int at = 1;

	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
		if (strcmp(argv[at], "--json") == 0)
			options.is_json = true;
		else if (strcmp(argv[at], "--rounds") == 0 && at + 1 < argc)
			options.round_count = strtoul(argv[++at], NULL, 10);
		else
			options.round_count = 0;
	}
	if (options.round_count < 1 || options.round_count > ROUND_MAX) {
		fprintf(stderr, "usage: hash_bench [--json] [--rounds 1..%d] [NAME...]\n",
			ROUND_MAX);
		return 2;
	}
	options.names = at < argc ? argv + at : NULL;
	memory = malloc(MESSAGE_COUNT * ((size_t)65536 + MESSAGE_STRIDE));
	if (!memory)
		die("no memory");
	for (size_t i = 0; i < MESSAGE_COUNT * ((size_t)65536 + MESSAGE_STRIDE); i++)
		memory[i] = (uint8_t)(i * 7 + (i >> 8));
	measure_openssl();
	measure_pair();
	measure_forms();
	measure_crcs();
	measure_rings();
	if (options.is_json)
		printf("]\n");
	free(memory);
	return 0;
}
