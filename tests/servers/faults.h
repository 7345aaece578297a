/**
 * faults - when the line of ./delay.c breaks, by chance from a seed, and how many answers passed.
 */
#ifndef TESTS_SERVERS_FAULTS_H
#define TESTS_SERVERS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The first three are of so many, one; 0: never. */
struct faults {
	uint64_t cut_each;  /* chunks of bytes: their connection is reset */
	uint64_t lose_each; /* answers: the same as they begin, so the request was applied */
	uint64_t tell_each; /* answers: a line `answers N CUT LOST` is printed */
	uint64_t random_state;
	uint64_t answers, cut, lost; /* until now */
};

/** Bytes have come on a connection. Shall it break? `is_asked` is the connection's, false at first:
 *  the client has sent something that is not answered. "100 Continue" is no answer. */
bool faults_break(struct faults *faults, bool *is_asked, bool is_from_client, const char *data,
		  size_t len);

#endif
