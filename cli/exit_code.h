/**
 * exit_code - what the program ends with (DESIGN §8).
 */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

#include "base/error.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_DIFFERENCE = 1,
	EXIT_USAGE = 2,
	EXIT_ITEMS = 3,
	EXIT_STORE = 4,
	EXIT_CONFLICT = 5,
	EXIT_INTERRUPTED = 130,
};

/** The one mapping from codes. */
enum exit_code exit_code_of(enum muster_code code);
/** Which of two is told: the largest of 1, 3, 4 and 5; refused and interrupted stand above them. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b);

#endif
