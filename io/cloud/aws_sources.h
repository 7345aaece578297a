/**
 * aws_sources - rules about where AWS's credentials lie.
 *
 * Threads: pure functions.
 */
#ifndef IO_CLOUD_AWS_SOURCES_H
#define IO_CLOUD_AWS_SOURCES_H

#include "base/bytes.h"

/** The file below ~/.aws/sso/cache that keeps a login: the SHA-1 of the name of its sso-session,
 * or, in older profiles, of its start URL. Errors: MUSTER_E_MEMORY. */
#define AWS_SSO_CACHE_NAME_BYTES 46
enum muster_code aws_sso_cache_name(char buf[AWS_SSO_CACHE_NAME_BYTES], struct view name_or_url,
				    struct muster_error *err);

/** May AWS_CONTAINER_CREDENTIALS_FULL_URI be asked? Over http only this machine and the addresses
 * of ECS and EKS: whoever else answers would see its token. Errors: MUSTER_E_USAGE. */
enum muster_code aws_container_uri_check(struct view uri, struct muster_error *err);

#endif
