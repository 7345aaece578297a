/**
 * azure_keys - Azure credentials for one storage account, found where Azure's own tools find them,
 * in this order:
 *
 *	connection string    AZURE_STORAGE_CONNECTION_STRING
 *	account key          AZURE_STORAGE_KEY or AZURE_STORAGE_ACCESS_KEY, AZURE_STORAGE_ACCOUNT
 *	SAS                  AZURE_STORAGE_SAS_TOKEN, AZURE_STORAGE_ACCOUNT
 *	emulator             account devstoreaccount1: the key that everybody knows
 *	client secret        AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET
 *	workload identity    AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE
 *	App Service          IDENTITY_ENDPOINT, IDENTITY_HEADER
 *	machine              IMDS
 *	az                   the login of the command line
 *
 * The first three are passed over with AZURE_STORAGE_AUTH_MODE=login, and where they name another
 * account: keys of one are of no use to the other. Tokens are renewed when a fifth of their
 * lifetime is left.
 *
 * Errors: as google_keys.h.
 */
#ifndef IO_CLOUD_AZURE_KEYS_H
#define IO_CLOUD_AZURE_KEYS_H

#include "io/cloud/keys.h"
#include "io/http/http.h"

/** Zero is a good default but for `http`. Texts are copied. */
struct azure_options {
	struct http *http;	       /* outlives the keys; settings do not need it */
	const struct effects *effects; /* NULL: the system's */
	struct view account; /* of the URL; empty: the connection string's, AZURE_STORAGE_ACCOUNT */
	struct view endpoint; /* of the URL; empty: to be found */
	bool is_anonymous;    /* a public container */
	/* For tests: in the place of "http://169.254.169.254". NULL: it. */
	const char *machine_url;
	unsigned process_timeout_ms; /* of az; 0: a minute */
};

/** May block for as long as its source does. */
enum muster_code azure_keys_open(struct keys **out, const struct azure_options *options,
				 struct muster_error *err);

/** A zeroed struct is none. */
struct azure_settings {
	struct bytes account;
	struct bytes endpoint; /* "https://a.blob.core.windows.net", without a slash at its end */
	bool is_emulator;
};
/** Errors: MUSTER_E_USAGE: nothing names an account, or the connection string is none. */
enum muster_code azure_settings_load(struct azure_settings *out,
				     const struct azure_options *options, struct muster_error *err);
void azure_settings_release(struct azure_settings *settings);

#endif
