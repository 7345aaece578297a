/**
 * declare - what stands around declarations of the public headers: C linkage for C++, and the only
 * symbols of the shared library that a program sees.
 */
#ifndef MUSTER_DECLARE_H
#define MUSTER_DECLARE_H

#if defined(__GNUC__)
#define MUSTER_VISIBLE_BEGIN _Pragma("GCC visibility push(default)")
#define MUSTER_VISIBLE_END   _Pragma("GCC visibility pop")
#else
#define MUSTER_VISIBLE_BEGIN
#define MUSTER_VISIBLE_END
#endif

#ifdef __cplusplus
#define MUSTER_DECLARE_BEGIN                                                                       \
	extern "C" {                                                                               \
	MUSTER_VISIBLE_BEGIN
#define MUSTER_DECLARE_END                                                                         \
	MUSTER_VISIBLE_END                                                                         \
	}
#else
#define MUSTER_DECLARE_BEGIN MUSTER_VISIBLE_BEGIN
#define MUSTER_DECLARE_END   MUSTER_VISIBLE_END
#endif

#endif
