/**
 * poison - tell AddressSanitizer that memory of our own pools is free; without it, nothing.
 *
 * Ranges that begin and end at multiples of 8 are exact.
 */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MUSTER_POISONS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(MUSTER_POISONS)
#include <sanitizer/asan_interface.h>
static inline void memory_poison(void *ptr, size_t len_bytes)
{
	/* Hides where it comes from: gcc 12 would warn that the call reads what nobody wrote. */
	__asm__("" : "+r"(ptr));
	__asan_poison_memory_region(ptr, len_bytes);
}
#define memory_unpoison(ptr, len_bytes) __asan_unpoison_memory_region(ptr, len_bytes)
#define ADDRESS_IS_POISONED(ptr)	__asan_address_is_poisoned(ptr) /* for tests */
#else
static inline void memory_poison(void *ptr, size_t len_bytes)
{
	(void)ptr;
	(void)len_bytes;
}

static inline void memory_unpoison(void *ptr, size_t len_bytes)
{
	(void)ptr;
	(void)len_bytes;
}
#endif

#endif
