/**
 * google_credentials - the JSON file of GOOGLE_APPLICATION_CREDENTIALS, and gcloud's.
 *
 * Threads: pure functions. Memory, errors: as aws_credentials.h; MUSTER_E_UNSUPPORTED for a type,
 * or a source of a subject token, that is not known here.
 */
#ifndef IO_CLOUD_GOOGLE_CREDENTIALS_H
#define IO_CLOUD_GOOGLE_CREDENTIALS_H

#include "io/cloud/fields.h"

#define GOOGLE_TOKEN_URI     "https://oauth2.googleapis.com/token"
#define GOOGLE_STS_TOKEN_URL "https://sts.googleapis.com/v1/token"

enum google_type {
	GOOGLE_SERVICE_ACCOUNT,
	GOOGLE_AUTHORIZED_USER,
	GOOGLE_EXTERNAL_ACCOUNT, /* subject token from a file or URL */
	GOOGLE_IMPERSONATED,	 /* its own source: google_credentials_parse_source() */
};

/** Views last until it is released; empty: not told. */
struct google_credentials {
	enum google_type type;
	struct view token_uri; /* where to ask; the default where none is told */
	struct view quota_project;
	struct view impersonation_url; /* impersonated; external accounts: optional */
	/* service account */
	struct view client_email, private_key_id;
	struct secret private_key; /* PEM */
	/* user */
	struct view client_id;
	struct secret client_secret, refresh_token;
	/* external account */
	struct view audience, subject_token_type;
	struct view source_file, source_url; /* one of them */
	struct view source_field;	     /* a JSON source: the member that holds the token */
	struct fields fields;		     /* private */
};

enum muster_code google_credentials_parse(struct google_credentials *out, struct view document,
					  struct muster_error *err);
/** The credentials with which another account is impersonated, from the same document. */
enum muster_code google_credentials_parse_source(struct google_credentials *out,
						 struct view document, struct muster_error *err);
void google_credentials_release(struct google_credentials *credentials);

#endif
