/**
 * aws_config - ~/.aws/config and ~/.aws/credentials, as the AWS CLI reads them.
 *
 *	[profile dev]             of the config file; [dev] of the credentials file; [default] of
 *both region = eu-west-1        keys in any case; the first '=' or ':' ends the key s3 = an empty
 *value may have sub-keys, which are indented: addressing_style = path     "s3.addressing_style" #
 *and ; begin a comment, on a line of their own [sso-session x]  [services x]
 *
 * Threads: pure functions. Memory: FIELDS_TEXT_MAX_BYTES a section.
 * Errors:  MUSTER_E_FORMAT names the line, never what stands in it. Only the section that is asked
 *for is looked at. Source:  botocore, configloader.
 */
#ifndef IO_CLOUD_AWS_CONFIG_H
#define IO_CLOUD_AWS_CONFIG_H

#include "io/cloud/fields.h"

enum aws_section {
	AWS_SECTION_CREDENTIALS, /* [name] */
	AWS_SECTION_PROFILE,	 /* [profile name], [default] */
	AWS_SECTION_SSO_SESSION, /* [sso-session name] */
	AWS_SECTION_SERVICES,	 /* [services name] */
};

/** Keys that mean something here; others are passed over. */
enum aws_key {
	AWS_KEY_ACCESS_KEY_ID = 1,
	AWS_KEY_REGION,
	AWS_KEY_ROLE_ARN,
	AWS_KEY_ROLE_SESSION_NAME,
	AWS_KEY_SOURCE_PROFILE,
	AWS_KEY_CREDENTIAL_SOURCE,
	AWS_KEY_EXTERNAL_ID,
	AWS_KEY_MFA_SERIAL,
	AWS_KEY_DURATION_SECONDS,
	AWS_KEY_WEB_IDENTITY_TOKEN_FILE,
	AWS_KEY_CREDENTIAL_PROCESS,
	AWS_KEY_SSO_SESSION,
	AWS_KEY_SSO_ACCOUNT_ID,
	AWS_KEY_SSO_ROLE_NAME,
	AWS_KEY_SSO_REGION,
	AWS_KEY_SSO_START_URL,
	AWS_KEY_LOGIN_SESSION,
	AWS_KEY_ENDPOINT_URL,
	AWS_KEY_S3_ENDPOINT_URL,  /* services: s3.endpoint_url */
	AWS_KEY_STS_ENDPOINT_URL, /* services: sts.endpoint_url */
	AWS_KEY_S3_ADDRESSING_STYLE,
	AWS_KEY_SERVICES,
	AWS_KEY_IGNORE_ENDPOINT_URLS,
	AWS_KEY_USE_DUALSTACK,
	AWS_KEY_USE_FIPS,
	AWS_KEY_CA_BUNDLE,
	AWS_KEY_MAX_ATTEMPTS,
	AWS_KEY_RETRY_MODE,
	/* secrets: not to be got, but in the struct */
	AWS_KEY_SECRET_ACCESS_KEY,
	AWS_KEY_SESSION_TOKEN,
	AWS_KEY_COUNT,
};

/** A zeroed struct is empty. */
struct aws_profile {
	struct secret secret_key, session_token;
	struct fields fields; /* private */
};

/**
 * Add what a section of a file has to `profile`: keys that it has already stay as they are, so the
 * file that counts more is read first. MUSTER_ABSENT: no such section.
 */
enum muster_code aws_profile_read(struct aws_profile *profile, struct view text,
				  enum aws_section section, struct view name,
				  struct muster_error *err);
/** Empty: not set. Lent until the profile changes. */
struct view aws_profile_get(const struct aws_profile *profile, enum aws_key key);
void aws_profile_release(struct aws_profile *profile);

#endif
