/**
 * corpus - trees of files to measure on: what main(), generation and edits share.
 *
 * Threads: corpus_generate() starts its own; everything else belongs to one thread.
 * Errors:  false after a message on standard error: these are parts of a program.
 */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CORPUS_MAX_FILES   100000000ULL
#define CORPUS_MAX_BYTES   (1ULL << 40)
#define CORPUS_MAX_FANOUT  100000000ULL
#define CORPUS_MAX_THREADS 256
#define CORPUS_MAX_SIGMA   10.0
/* Eight bytes tell 2^64 contents apart: smaller files could not all differ. */
#define CORPUS_MIN_BYTES 8

struct corpus {
	const char *root;
	uint64_t file_count;
	uint64_t median_bytes;
	uint64_t max_bytes;   /* of files whose size is random */
	uint64_t large_count; /* of the files: evenly spread among the others */
	uint64_t large_bytes;
	double sigma;
	uint32_t fanout; /* files, and folders, in one folder; 0: all files in the root */
	uint32_t empty_percent;
	uint32_t duplicate_percent; /* files that repeat the content of an earlier one */
	uint32_t thread_count;
	bool scatter; /* names in no order of creation */
	bool sparse;  /* only the first bytes are written, the rest is a hole */
	uint64_t seed;
	uint64_t written_files; /* results */
	uint64_t written_bytes;
};

struct corpus_edit {
	bool wanted;
	uint64_t change_count;
	uint64_t add_count;
	uint64_t delete_count;
	const char *lists_prefix; /* NULL: the root */
};

/** Bytes of one file: where its content comes from. */
struct corpus_content {
	uint64_t id; /* equal only for equal contents */
	uint64_t size_bytes;
	bool sparse;
};

/** A bijection of 64 bits that looks random (the finaliser of splitmix64). */
static inline uint64_t corpus_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/** Size of the content with this id: log-normal around the median, within the limits. */
uint64_t corpus_size(const struct corpus *corpus, uint64_t id);

/** Create or replace the file `path` below the folder `dir_fd`. */
bool corpus_write_file(int dir_fd, const char *path, const struct corpus_content *content);

/** Write the tree into `root`, which must not exist or be empty. */
bool corpus_generate(struct corpus *corpus);

/** Change, delete and add files of an existing tree, and write the three lists. */
bool corpus_apply(struct corpus *corpus, const struct corpus_edit *edit);

#endif
