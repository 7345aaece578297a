/*
 * corpus - writes trees of files to measure on, the same for the same seed, and edits them.
 *
 *	corpus DIR --files N [--median BYTES] [--sigma S] [--max BYTES] [--large K]
 *		[--large-bytes BYTES] [--sparse] [--dirs-fanout F] [--empty-percent P]
 *		[--duplicates P] [--scatter] [--seed N] [--threads N]
 *	corpus --edit DIR [--change N] [--add N] [--delete N] [--seed N] [--lists PREFIX]
 *
 * Sizes are log-normal (sigma 0: all the median), contents do not compress. A file of content
 * begins with eight bytes that no other file of the tree has (a bijection of its number), so no
 * two are equal unless --duplicates asks for it. What a file holds follows from its number and
 * the seed alone, so the number of threads changes nothing but the time.
 */
#include "bench/corpus.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum option_id {
	OPTION_FILES = 256,
	OPTION_MEDIAN,
	OPTION_SIGMA,
	OPTION_MAX,
	OPTION_LARGE,
	OPTION_LARGE_BYTES,
	OPTION_SPARSE,
	OPTION_FANOUT,
	OPTION_EMPTY,
	OPTION_DUPLICATES,
	OPTION_SCATTER,
	OPTION_SEED,
	OPTION_THREADS,
	OPTION_EDIT,
	OPTION_CHANGE,
	OPTION_ADD,
	OPTION_DELETE,
	OPTION_LISTS,
	OPTION_HELP,
};

static const struct option options[] = {
	{ "files", required_argument, NULL, OPTION_FILES },
	{ "median", required_argument, NULL, OPTION_MEDIAN },
	{ "sigma", required_argument, NULL, OPTION_SIGMA },
	{ "max", required_argument, NULL, OPTION_MAX },
	{ "large", required_argument, NULL, OPTION_LARGE },
	{ "large-bytes", required_argument, NULL, OPTION_LARGE_BYTES },
	{ "sparse", no_argument, NULL, OPTION_SPARSE },
	{ "dirs-fanout", required_argument, NULL, OPTION_FANOUT },
	{ "empty-percent", required_argument, NULL, OPTION_EMPTY },
	{ "duplicates", required_argument, NULL, OPTION_DUPLICATES },
	{ "scatter", no_argument, NULL, OPTION_SCATTER },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "threads", required_argument, NULL, OPTION_THREADS },
	{ "edit", no_argument, NULL, OPTION_EDIT },
	{ "change", required_argument, NULL, OPTION_CHANGE },
	{ "add", required_argument, NULL, OPTION_ADD },
	{ "delete", required_argument, NULL, OPTION_DELETE },
	{ "lists", required_argument, NULL, OPTION_LISTS },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static void print_usage(FILE *file)
{
	fputs("corpus DIR --files N [--median BYTES] [--sigma S] [--max BYTES] [--large K]\n"
	      "       [--large-bytes BYTES] [--sparse] [--dirs-fanout F] [--empty-percent P]\n"
	      "       [--duplicates P] [--scatter] [--seed N] [--threads N]\n"
	      "corpus --edit DIR [--change N] [--add N] [--delete N] [--seed N] [--lists PREFIX]\n"
	      "Sizes take K, M and G. --sigma 0 (the default): all files have the median, "
	      "whatever\n"
	      "--max says. --large: so many of the files have --large-bytes (256M). --sparse: "
	      "files\n"
	      "are holes after their first 8 bytes. --dirs-fanout 0: all files in one directory.\n"
	      "--scatter: names in no order of creation. --edit writes PREFIX.changed, .added and "
	      ".deleted (default PREFIX: DIR).\n",
	      file);
}

/** A whole number with an optional K, M or G (1024 each), at most `max`. Ends the program. */
static uint64_t parse_number(const char *name, const char *text, uint64_t max)
{
	static const char suffixes[] = "KMG";
	unsigned long long value;
	const char *suffix;
	char *end;
	unsigned shift = 0;

	errno = 0;
	value = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (suffix) {
		shift = 10 * (unsigned)(suffix - suffixes + 1);
		end++;
	}
	if (errno || end == text || *end || *text == '-' || value > max >> shift) {
		fprintf(stderr, "corpus: --%s '%s': a number up to %llu expected\n", name, text,
			(unsigned long long)max);
		exit(2);
	}
	return (uint64_t)value << shift;
}

static double parse_sigma(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0) || value > CORPUS_MAX_SIGMA) {
		fprintf(stderr, "corpus: --sigma '%s': a number from 0 to %.0f expected\n", text,
			CORPUS_MAX_SIGMA);
		exit(2);
	}
	return value;
}

static void take_option(struct corpus *corpus, struct corpus_edit *edit, int id, const char *name,
			const char *text)
{
	switch (id) {
	case OPTION_FILES:
		corpus->file_count = parse_number(name, text, CORPUS_MAX_FILES);
		break;
	case OPTION_MEDIAN:
		corpus->median_bytes = parse_number(name, text, CORPUS_MAX_BYTES);
		break;
	case OPTION_SIGMA:
		corpus->sigma = parse_sigma(text);
		break;
	case OPTION_MAX:
		corpus->max_bytes = parse_number(name, text, CORPUS_MAX_BYTES);
		break;
	case OPTION_LARGE:
		corpus->large_count = parse_number(name, text, CORPUS_MAX_FILES);
		break;
	case OPTION_LARGE_BYTES:
		corpus->large_bytes = parse_number(name, text, CORPUS_MAX_BYTES);
		break;
	case OPTION_SPARSE:
		corpus->sparse = true;
		break;
	case OPTION_FANOUT:
		corpus->fanout = (uint32_t)parse_number(name, text, CORPUS_MAX_FANOUT);
		break;
	case OPTION_EMPTY:
		corpus->empty_percent = (uint32_t)parse_number(name, text, 100);
		break;
	case OPTION_DUPLICATES:
		corpus->duplicate_percent = (uint32_t)parse_number(name, text, 100);
		break;
	case OPTION_SCATTER:
		corpus->scatter = true;
		break;
	case OPTION_SEED:
		corpus->seed = parse_number(name, text, UINT64_MAX);
		break;
	case OPTION_THREADS:
		corpus->thread_count = (uint32_t)parse_number(name, text, CORPUS_MAX_THREADS);
		break;
	case OPTION_EDIT:
		edit->wanted = true;
		break;
	case OPTION_CHANGE:
		edit->change_count = parse_number(name, text, CORPUS_MAX_FILES);
		break;
	case OPTION_ADD:
		edit->add_count = parse_number(name, text, CORPUS_MAX_FILES);
		break;
	case OPTION_DELETE:
		edit->delete_count = parse_number(name, text, CORPUS_MAX_FILES);
		break;
	case OPTION_LISTS:
		edit->lists_prefix = text;
		break;
	case OPTION_HELP:
		print_usage(stdout);
		exit(0);
	default:
		print_usage(stderr);
		exit(2);
	}
}

static uint32_t processor_count(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > CORPUS_MAX_THREADS ? CORPUS_MAX_THREADS : (uint32_t)count;
}

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
	struct corpus corpus = {
		.median_bytes = 4096,
		.max_bytes = 16 << 20,
		.large_bytes = 256 << 20,
		.fanout = 100,
		.seed = 1,
		.thread_count = processor_count(),
	};
	struct corpus_edit edit = { 0 };
	struct timespec begin;
	bool done;
	int id, index = 0;

	while ((id = getopt_long(argc, argv, "", options, &index)) != -1)
		take_option(&corpus, &edit, id, id == '?' ? "" : options[index].name, optarg);
	if (optind != argc - 1 || (!edit.wanted && !corpus.file_count)) {
		print_usage(stderr);
		return 2;
	}
	corpus.root = argv[optind];
	if (!edit.wanted && corpus.large_count > corpus.file_count) {
		fprintf(stderr, "corpus: --large: at most as many as --files\n");
		return 2;
	}
	if (corpus.fanout == 1 || !corpus.thread_count ||
	    corpus.thread_count > CORPUS_MAX_THREADS) {
		fprintf(stderr, "corpus: --dirs-fanout is 0 or at least 2, --threads 1 to %d\n",
			CORPUS_MAX_THREADS);
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	done = edit.wanted ? corpus_apply(&corpus, &edit) : corpus_generate(&corpus);
	if (!done)
		return 1;
	printf("{\"files\": %llu, \"bytes\": %llu, \"seconds\": %.3f}\n",
	       (unsigned long long)corpus.written_files, (unsigned long long)corpus.written_bytes,
	       seconds_since(&begin));
	return 0;
}
