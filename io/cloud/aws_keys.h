/**
 * aws_keys - AWS credentials, found where the AWS CLI finds them, in its order:
 *
 *	environment            AWS_ACCESS_KEY_ID …; not if a profile is named by an option
 *	role                   role_arn with source_profile or credential_source, by STS
 *	web identity           AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's, by STS
 *	SSO                    the login that `aws sso login` keeps below ~/.aws/sso/cache
 *	credentials file       ~/.aws/credentials
 *	credential_process     of the profile
 *	config file            keys in ~/.aws/config
 *	container              AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, …_FULL_URI
 *	machine                IMDSv2
 *
 * The first one that is configured gives the keys, or the error; it is asked again before they
 * expire. A login or role that expires is renewed when less than 15 minutes are left.
 *
 * Errors: MUSTER_E_NAME: no such profile; MUSTER_E_USAGE, MUSTER_E_FORMAT, MUSTER_E_IO,
 *         MUSTER_E_UNSUPPORTED, MUSTER_E_MEMORY. Where there are no credentials (MUSTER_E_IO with
 *         EACCES) all sources are named, each with what it lacks; no message has a value.
 */
#ifndef IO_CLOUD_AWS_KEYS_H
#define IO_CLOUD_AWS_KEYS_H

#include "io/cloud/endpoint.h"
#include "io/cloud/keys.h"
#include "io/http/http.h"

/** Zero is a good default but for `http`. Texts are copied. */
struct aws_options {
	struct http *http; /* outlives the keys. Settings take NULL: a machine is then not asked */
	const struct effects *effects; /* NULL: the system's */
	struct view profile, region, endpoint_url;
	bool is_anonymous; /* --no-sign-request */
	/* For tests: in the place of "http://169.254.170.2". NULL: it. */
	const char *container_url;
	unsigned process_timeout_ms; /* 0: a minute */
};

/** May block: a second for a machine, half a minute for STS, a minute for a process. */
enum muster_code aws_keys_open(struct keys **out, const struct aws_options *options,
			       struct muster_error *err);

/** Where requests go, from options, environment and profile. A zeroed struct is none. */
struct aws_settings {
	struct bytes region;
	bool is_region_guessed;	   /* nothing named one: "us-east-1" */
	struct bytes endpoint_url; /* empty: AWS's own */
	struct bytes ca_bundle;	   /* a PEM file; empty: the system's */
	enum s3_style style;
	bool is_dualstack, is_fips;
};
enum muster_code aws_settings_load(struct aws_settings *out, const struct aws_options *options,
				   struct muster_error *err);
void aws_settings_release(struct aws_settings *settings);

#endif
