#include "io/cloud/base64url.h"

#include "base/text/encode.h"

enum muster_code base64url_encode(struct bytes *out, struct view plain, struct muster_error *err)
{
	enum muster_code code = bytes_reserve(out, BASE64_TEXT_LEN(plain.len), err);
	uint8_t *at, *end;

	if (code || !plain.len)
		return code;
	at = out->ptr + out->len;
	end = at + BASE64_TEXT_LEN(plain.len);
	base64_encode((char *)at, plain.ptr, plain.len);
	while (end[-1] == '=')
		end--;
	for (; at < end; at++) {
		if (*at == '+')
			*at = '-';
		else if (*at == '/')
			*at = '_';
	}
	out->len = (size_t)(end - out->ptr);
	return MUSTER_OK;
}
