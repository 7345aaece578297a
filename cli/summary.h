/**
 * summary - what a command has done, told once at its end: lines for people on standard error, or
 * the members of the last JSON object.
 *
 * A command describes its report as a table of rows: one row is one field. What of it is a metric
 * (cli/metrics.c) is noted as such.
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/cli.h"

enum summary_kind { SUMMARY_COUNT, SUMMARY_SIZE, SUMMARY_TEXT, SUMMARY_FLAG };
/** When people see a row; JSON has all. */
enum summary_when { WHEN_ALWAYS, WHEN_NOT_ZERO, WHEN_VERBOSE, WHEN_JSON };

struct summary_row {
	const char *key, *label; /* the label is for people */
	enum summary_kind kind;
	enum summary_when when;
	size_t offset; /* of a uint64_t, of an array of char (text), or of a bool */
};

#define SUMMARY_ROW(key, label, kind, when, type)                                                  \
	{                                                                                          \
#key, label, kind, when, offsetof(type, key)                                       \
	}

void summary_add(struct cli *cli, const struct summary_row *rows, size_t row_count,
		 const void *report);
/** One text; `label` NULL: for JSON only. */
void summary_add_text(struct cli *cli, const char *key, const char *label, const char *text);
void summary_add_u64(struct cli *cli, const char *key, uint64_t value); /* JSON only */
void summary_add_bool(struct cli *cli, const char *key, bool value);	/* JSON only */
/** People also want to know how fast it was. */
void summary_add_speed(struct cli *cli, uint64_t files, uint64_t bytes);

/** The peak of this process's memory, as the kernel counted it (proc(5): VmHWM). */
uint64_t summary_peak_memory_bytes(void);

void summary_begin(struct cli *cli);
/** Write it. `exit_code` is what the program will end with. */
void summary_end(struct cli *cli, enum exit_code exit_code);

#endif
