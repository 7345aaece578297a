#include "io/http/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define LIBCURL_FILE	    "libcurl.so.4"
#define LIBCURL_VERSION_MIN 0x075700 /* 7.87: CURLOPT_QUICK_EXIT, one copy of the CAs for all */

struct libcurl libcurl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum muster_code load_code;
static struct muster_error load_error;

static const struct function {
	const char *name;
	size_t offset;
} functions[] = {
#define LIBCURL_FUNCTION(name) { "curl_" #name, offsetof(struct libcurl, name) },
	LIBCURL_FUNCTIONS(LIBCURL_FUNCTION)
#undef LIBCURL_FUNCTION
};

static enum muster_code find_functions(void *library, struct muster_error *err)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *found = dlsym(library, functions[i].name);

		if (!found)
			return muster_fail(err, MUSTER_E_UNSUPPORTED, "%s has no %s()",
					   LIBCURL_FILE, functions[i].name);
		memcpy((char *)&libcurl + functions[i].offset, &found, sizeof(found));
	}
	return MUSTER_OK;
}

static enum muster_code check_version(struct muster_error *err)
{
	const curl_version_info_data *version = libcurl.version_info(CURLVERSION_NOW);

	if (version->version_num < LIBCURL_VERSION_MIN || !(version->features & CURL_VERSION_SSL))
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "libcurl %s: muster needs 7.87 or later, with TLS",
				   version->version);
	return MUSTER_OK;
}

/* It stays loaded: threads and TLS libraries of its own do not like to be taken away. */
static void load(void)
{
	void *library = dlopen(LIBCURL_FILE, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		load_code =
			muster_fail(&load_error, MUSTER_E_UNSUPPORTED,
				    "buckets need libcurl, which cannot be loaded: %s", dlerror());
		return;
	}
	load_code = find_functions(library, &load_error);
	if (!load_code)
		load_code = check_version(&load_error);
}

enum muster_code libcurl_load(struct muster_error *err)
{
	pthread_once(&once, load);
	if (load_code && err)
		*err = load_error;
	return load_code;
}
