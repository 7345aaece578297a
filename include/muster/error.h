/**
 * error - one code for the program, one message for the person.
 *
 * Memory: fixed; reporting never allocates. A zeroed struct is "no error".
 */
#ifndef MUSTER_ERROR_H
#define MUSTER_ERROR_H

#include "muster/declare.h"

MUSTER_DECLARE_BEGIN

enum muster_code {
	MUSTER_OK = 0,
	/* Answers, not failures: they leave the error struct alone. */
	MUSTER_END,    /* nothing more will come */
	MUSTER_FULL,   /* no room now */
	MUSTER_ABSENT, /* no such object, entry or name */
	MUSTER_EXISTS, /* already there: create-if-absent lost */
	/* Failures: each fills the error struct. */
	MUSTER_E_USAGE = 16,  /* the caller asked for something that has no meaning: exit 2 */
	MUSTER_E_NAME,	      /* unknown repository, collection, version or path: exit 2 */
	MUSTER_E_REFUSED,     /* a guard said no, before anything was changed: exit 2 */
	MUSTER_E_ITEMS,	      /* some items of a batch failed: exit 3 */
	MUSTER_E_IO,	      /* a system call failed; sys_errno says which way: exit 4 */
	MUSTER_E_FORMAT,      /* stored bytes are not what their format says: exit 4 */
	MUSTER_E_DIGEST,      /* bytes do not have the digest they should have: exit 4 */
	MUSTER_E_LIMIT,	      /* a size from outside is over its named maximum: exit 4 */
	MUSTER_E_MEMORY,      /* out of memory: exit 4 */
	MUSTER_E_UNSUPPORTED, /* a kind, feature or version this program does not know: exit 4 */
	MUSTER_E_CHANGED,     /* a file changed while it was read */
	MUSTER_E_VANISHED,    /* a file was gone when it was opened */
	MUSTER_E_CONFLICT,    /* another writer won and the run cannot go on by itself: exit 5 */
	MUSTER_E_CANCELLED,   /* interrupted in order: exit 130 */
	MUSTER_E_LOST,	      /* the host of a store has served nothing for so long that no more is
				 tried: exit 4 */
	MUSTER_E_NOT_LOGGED,  /* an artifact must be saved before it can do that: exit 2 */
	MUSTER_E_FINALIZED,   /* an artifact is finalized: its content cannot change: exit 2 */
};

#define MUSTER_ERROR_MESSAGE_BYTES 512

struct muster_error {
	enum muster_code code;
	int sys_errno;				  /* 0 unless code is MUSTER_E_IO */
	char message[MUSTER_ERROR_MESSAGE_BYTES]; /* outermost context first; safe to print */
};

MUSTER_DECLARE_END

#endif
