#include "cli/exit_code.h"

enum exit_code exit_code_of(enum muster_code code)
{
	switch (code) {
	case MUSTER_OK:
	case MUSTER_END:
		return EXIT_DONE;
	case MUSTER_ABSENT:
	case MUSTER_E_USAGE:
	case MUSTER_E_NAME:
	case MUSTER_E_REFUSED:
	case MUSTER_E_NOT_LOGGED:
	case MUSTER_E_FINALIZED:
		return EXIT_USAGE;
	case MUSTER_E_ITEMS:
	case MUSTER_E_CHANGED:
	case MUSTER_E_VANISHED:
		return EXIT_ITEMS;
	case MUSTER_FULL:
	case MUSTER_E_IO:
	case MUSTER_E_FORMAT:
	case MUSTER_E_DIGEST:
	case MUSTER_E_LIMIT:
	case MUSTER_E_MEMORY:
	case MUSTER_E_UNSUPPORTED:
	case MUSTER_E_LOST:
		return EXIT_STORE;
	case MUSTER_EXISTS:
	case MUSTER_E_CONFLICT:
		return EXIT_CONFLICT;
	case MUSTER_E_CANCELLED:
		return EXIT_INTERRUPTED;
	}
	return EXIT_STORE;
}

/* What was refused or interrupted says nothing else; of the others the largest wins. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b)
{
	if (a == EXIT_INTERRUPTED || b == EXIT_INTERRUPTED)
		return EXIT_INTERRUPTED;
	if (a == EXIT_USAGE || b == EXIT_USAGE)
		return EXIT_USAGE;
	return a > b ? a : b;
}
