/**
 * sys_fault - a table of system calls that counts them and fails the n-th.
 *
 * Closing and sleeping are counted but never failed: they cannot do harm or good. Sleeping takes
 * no time. Counters are atomic; arming is for one thread.
 */
#ifndef TESTS_IO_STORE_SYS_FAULT_H
#define TESTS_IO_STORE_SYS_FAULT_H

#include <stdatomic.h>

#include "io/store/sys.h"

enum sys_call {
	SYS_CALL_OPENAT,
	SYS_CALL_OPENAT_BENEATH,
	SYS_CALL_CLOSE,
	SYS_CALL_READ,
	SYS_CALL_PREAD,
	SYS_CALL_WRITE,
	SYS_CALL_WRITEV,
	SYS_CALL_FSTAT,
	SYS_CALL_FSTATAT,
	SYS_CALL_FDATASYNC,
	SYS_CALL_FSYNC,
	SYS_CALL_SYNCFS,
	SYS_CALL_SYNC_FILE_RANGE,
	SYS_CALL_FADVISE,
	SYS_CALL_CLONE_RANGE,
	SYS_CALL_RENAMEAT2,
	SYS_CALL_LINKAT,
	SYS_CALL_UNLINKAT,
	SYS_CALL_MKDIRAT,
	SYS_CALL_TOUCHAT,
	SYS_CALL_SLEEP,
	SYS_CALL_COUNT,
};

struct sys_fault {
	struct sys_ops ops; /* give this to who is tested */
	atomic_ullong call_count;
	atomic_ullong calls[SYS_CALL_COUNT];
	atomic_ullong fail_at; /* of call_count; 0: never */
	atomic_int fail_errno;
	atomic_bool hit;
	bool exits;		    /* the call to fail is never made: the process ends (99) */
	bool has_no_unnamed;	    /* files: O_TMPFILE is not known */
	int always[SYS_CALL_COUNT]; /* an errno that this call always answers; 0: none */
	size_t short_bytes;	    /* not 0: no read or write moves more at once */
};

void sys_fault_init(struct sys_fault *fault);
/** Count anew; call number `n` answers `failure`. 0: none fails. */
void sys_fault_arm(struct sys_fault *fault, uint64_t n, int failure);

#endif
