/* STS: gives keys of a role to who has other keys, or a token of an identity provider. */
#include "io/cloud/aws_keys_internal.h"

#include <stdio.h>

#include "io/cloud/bearer.h"
#include "io/cloud/mac.h"
#include "io/cloud/sigv4.h"

#define NS_PER_S UINT64_C(1000000000)

/* --- where STS is ---------------------------------------------------------------------------- */

/** A zeroed struct is none. */
struct sts {
	struct bytes url;
	struct endpoint endpoint;   /* the same, taken apart */
	struct view region;	    /* to sign for */
	const struct key_set *keys; /* to sign with; NULL: it is not signed */
	struct sigv4_signed signature;
};

static void sts_release(struct sts *sts)
{
	bytes_release(&sts->url);
	endpoint_release(&sts->endpoint);
	sigv4_signed_release(&sts->signature);
}

/* The one of the region, as the CLI; without a region, the old one for all. */
static enum muster_code append_url(struct bytes *out, struct view configured, struct view region,
				   struct muster_error *err)
{
	bool is_china = view_starts_with(region, VIEW_LITERAL("cn-"));

	if (configured.len)
		return bytes_append_view(out, configured, err);
	if (!region.len)
		return bytes_append_text(out, "https://sts.amazonaws.com", err);
	return bytes_printf(out, err, "https://sts.%.*s.amazonaws.com%s", VIEW_ARGS(region),
			    is_china ? ".cn" : "");
}

static enum muster_code sts_find(struct sts *out, const struct aws_chain *chain,
				 const struct aws_files *files, struct muster_error *err)
{
	struct view configured = aws_files_endpoint(files, &chain->errand, "AWS_ENDPOINT_URL_STS",
						    AWS_KEY_STS_ENDPOINT_URL);
	struct view region = aws_region(chain, files);
	enum muster_code code;

	*out = (struct sts){ .region = region.len ? region : VIEW_LITERAL("us-east-1") };
	code = append_url(&out->url, configured, region, err);
	if (!code)
		code = endpoint_parse(&out->endpoint, bytes_view(&out->url), false, err);
	/* exactly what is signed; an endpoint's path has no slash at its end */
	out->url.len = 0;
	if (!code)
		code = bytes_printf(&out->url, err, "%s://%.*s%.*s%s",
				    out->endpoint.is_tls ? "https" : "http",
				    VIEW_ARGS(bytes_view(&out->endpoint.host)),
				    VIEW_ARGS(bytes_view(&out->endpoint.path)),
				    out->endpoint.path.len ? "" : "/");
	if (code) {
		muster_context(err, "endpoint of STS");
		sts_release(out);
	}
	return code;
}

/* --- asking it ------------------------------------------------------------------------------- */

static enum muster_code hash_body(char hex[MAC_HEX_TEXT], const struct secret *body,
				  struct muster_error *err)
{
	struct revealed revealed = secret_reveal(body);
	uint8_t digest[MAC_BYTES];
	struct mac *mac;
	enum muster_code code = mac_new(&mac, err);

	if (code)
		return code;
	code = mac_sha256(mac, view_of(revealed.secret_ptr, revealed.secret_len), digest, err);
	if (!code)
		mac_hex(hex, digest);
	mac_free(mac);
	return code;
}

static enum muster_code sign(const struct aws_chain *chain, struct sts *sts,
			     const struct secret *body, struct muster_error *err)
{
	const struct cloud_header headers[] = {
		{ VIEW_LITERAL("content-type"), VIEW_LITERAL(BEARER_FORM) },
		{ VIEW_LITERAL("host"), bytes_view(&sts->endpoint.host) },
	};
	const struct cloud_request request = {
		.method = VIEW_LITERAL("POST"),
		.path = sts->endpoint.path.len ? bytes_view(&sts->endpoint.path)
					       : VIEW_LITERAL("/"),
		.query = VIEW_LITERAL(""),
		.headers = headers,
		.header_count = 2,
	};
	const struct sigv4_scope scope = {
		.dialect = SIGV4_OTHER,
		.region = sts->region,
		.service = VIEW_LITERAL("sts"),
		.key_id = bytes_view(&sts->keys->id),
		.secret_key = &sts->keys->secret,
		.session_token = &sts->keys->token,
		.wall_ns = effects_wall_ns(chain->errand.effects),
	};
	char hash[MAC_HEX_TEXT];
	struct sigv4 *sigv4;
	enum muster_code code = hash_body(hash, body, err);

	if (code)
		return code;
	code = sigv4_new(&sigv4, err);
	if (code)
		return code;
	code = sigv4_sign(sigv4, &scope, &request, view_text(hash), &sts->signature, err);
	sigv4_free(sigv4);
	return code;
}

static enum muster_code ask(struct aws_chain *chain, const struct sts *sts,
			    const struct secret *body, struct key_set *out,
			    struct muster_error *err)
{
	const struct secret *token = sts->keys ? &sts->keys->token : NULL;
	const struct errand_ask request = {
		.method = HTTP_POST,
		.url = bytes_view(&sts->url),
		.body = body,
		.headers = {
			{ .name = "Content-Type", .value = VIEW_LITERAL(BEARER_FORM) },
			{ .name = sts->keys ? "X-Amz-Date" : NULL,
			  .value = view_text(sts->signature.date) },
			{ .name = "Authorization",
			  .value = bytes_view(&sts->signature.authorization) },
			{ .name = token && secret_is_set(token) ? "X-Amz-Security-Token" : NULL,
			  .secret = token },
		},
	};
	struct errand_reply reply;
	enum muster_code code = errand_ask(&chain->errand, &request, &reply, err);

	if (!code)
		code = aws_take(out, AWS_SOURCE_STS, &reply.body, err);
	errand_reply_release(&reply);
	return code;
}

enum muster_code aws_sts_ask(struct aws_chain *chain, const struct aws_files *files,
			     const struct key_set *keys, const struct secret *body,
			     struct key_set *out, struct muster_error *err)
{
	struct sts sts;
	enum muster_code code = sts_find(&sts, chain, files, err);

	if (code)
		return code;
	sts.keys = keys;
	if (keys)
		code = sign(chain, &sts, body, err);
	if (!code)
		code = ask(chain, &sts, body, out, err);
	sts_release(&sts);
	return code;
}

struct view aws_session_name(const struct aws_chain *chain, struct view configured,
			     char buf[AWS_SESSION_NAME_BYTES])
{
	if (configured.len)
		return configured;
	snprintf(buf, AWS_SESSION_NAME_BYTES, "muster-session-%llu",
		 (unsigned long long)(effects_wall_ns(chain->errand.effects) / NS_PER_S));
	return view_text(buf);
}
