/**
 * aws_files - a profile of ~/.aws/credentials and ~/.aws/config, found as the AWS CLI finds them.
 *
 * Threads: one at a time. Memory: a file at a time, and FIELDS_TEXT_MAX_BYTES a section.
 */
#ifndef IO_CLOUD_AWS_FILES_H
#define IO_CLOUD_AWS_FILES_H

#include "io/cloud/aws_config.h"
#include "io/cloud/errand.h"

/** A zeroed struct is none. */
struct aws_files {
	struct bytes name;		/* of the profile */
	struct bytes credentials_path;	/* AWS_SHARED_CREDENTIALS_FILE */
	struct bytes config_path;	/* AWS_CONFIG_FILE */
	struct aws_profile credentials; /* what each file has of the profile */
	struct aws_profile config;
	struct aws_profile services;	/* the section that the profile's `services` names */
	struct aws_profile sso_session; /* and its `sso_session` */
};

/** `profile`: empty: AWS_DEFAULT_PROFILE, AWS_PROFILE, "default". Errors: MUSTER_E_NAME where a
 *  profile that was named is in neither file; MUSTER_E_FORMAT, naming file and line; MUSTER_E_IO;
 *  MUSTER_E_USAGE: a path needs HOME, which is not set. */
enum muster_code aws_files_load(struct aws_files *out, const struct errand *errand,
				struct view profile, struct muster_error *err);
void aws_files_release(struct aws_files *files);

/** What the profile says: the credentials file before the config file. Empty: nothing. */
struct view aws_files_get(const struct aws_files *files, enum aws_key key);
bool aws_files_is_true(const struct aws_files *files, enum aws_key key);

/** The endpoint that is set for a service: its variable, AWS_ENDPOINT_URL, the `services` section,
 *  the profile's endpoint_url. Empty: none, or they are to be ignored. */
struct view aws_files_endpoint(const struct aws_files *files, const struct errand *errand,
			       const char *variable, enum aws_key key);

#endif
