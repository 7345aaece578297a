/**
 * google_keys - Google credentials, found where Google's own libraries find them, in their order:
 *
 *	emulator         STORAGE_EMULATOR_HOST: nobody signs
 *	file             GOOGLE_APPLICATION_CREDENTIALS
 *	gcloud           application_default_credentials.json of CLOUDSDK_CONFIG or ~/.config/gcloud
 *	machine          the metadata server (GCE_METADATA_HOST)
 *
 * A file holds a service account, a user's login, an external account (its subject token in a file
 * or behind a URL), or an account to impersonate with one of these. Tokens are renewed when a fifth
 * of their lifetime is left.
 *
 * Errors: MUSTER_E_USAGE, MUSTER_E_FORMAT, MUSTER_E_IO, MUSTER_E_UNSUPPORTED, MUSTER_E_MEMORY.
 *         Where there are no credentials (MUSTER_E_IO with EACCES) all places are named; no message
 *         has a value.
 */
#ifndef IO_CLOUD_GOOGLE_KEYS_H
#define IO_CLOUD_GOOGLE_KEYS_H

#include "io/cloud/keys.h"
#include "io/http/http.h"

/** Zero is a good default but for `http`. Texts are copied. */
struct google_options {
	struct http *http;	       /* outlives the keys; settings do not need it */
	const struct effects *effects; /* NULL: the system's */
	struct view file;	       /* in the place of GOOGLE_APPLICATION_CREDENTIALS */
	bool is_anonymous;
};

/** May block for as long as servers take, at most about half a minute. */
enum muster_code google_keys_open(struct keys **out, const struct google_options *options,
				  struct muster_error *err);

/** A zeroed struct is none. */
struct google_settings {
	struct bytes endpoint; /* "https://storage.googleapis.com", or the emulator's */
	bool is_emulator;
	/* Who pays for requests (x-goog-user-project): GOOGLE_CLOUD_QUOTA_PROJECT, else what the
	 * file says. Empty: the bucket's project. */
	struct bytes quota_project;
};
enum muster_code google_settings_load(struct google_settings *out,
				      const struct google_options *options,
				      struct muster_error *err);
void google_settings_release(struct google_settings *settings);

#endif
