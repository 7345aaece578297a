"""A small S3 client with Signature Version 4, and what a server of S3 can do."""
import base64
import datetime
import hashlib
import hmac
import re
import urllib.parse
import xml.etree.ElementTree
import zlib

import wire

PART_BYTES = 5 << 20  # the smallest part that may be followed by another
NEVER_MATCHES = '"00000000000000000000000000000000"'


def sign(secret, date, region, text):
    key = ("AWS4" + secret).encode()
    for word in (date, region, "s3", "aws4_request", text):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key.hex()


class Client:
    def __init__(self, port, bucket, access_key, secret_key, region):
        self.wire, self.bucket, self.region = wire.Wire(port), bucket, region
        self.host = f"127.0.0.1:{port}"
        self.access_key, self.secret_key = access_key, secret_key

    def call(self, method, key="", query=None, headers=None, body=b"", secret=None, skew_s=0,
             payload=None):
        """One signed request. Headers are all signed; `payload` is the claimed hash of the body."""
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew_s)
        stamp, path = now.strftime("%Y%m%dT%H%M%SZ"), f"/{self.bucket}"
        if key:
            path += "/" + wire.quote(key)
        query = wire.query_text(query or {})
        payload = payload or hashlib.sha256(body).hexdigest()
        sent = {"host": self.host, "x-amz-content-sha256": payload, "x-amz-date": stamp}
        sent.update({name.lower(): value for name, value in (headers or {}).items()})
        names = sorted(sent)
        canonical = "\n".join([method, path, query, *(f"{name}:{sent[name]}" for name in names),
                               "", ";".join(names), payload])
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        signature = sign(secret or self.secret_key, stamp[:8], self.region, text)
        sent["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                 f"SignedHeaders={';'.join(names)}, Signature={signature}")
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body))
        return self.wire.send(method, path + ("?" + query if query else ""), sent, body)

    def make_bucket(self):
        reply = self.call("PUT")
        if reply.status != 200:
            raise RuntimeError(f"cannot make the bucket: {reply}")

    def put(self, key, body, **headers):
        return self.call("PUT", key, body=body, headers=dashed(headers))

    def get(self, key, **headers):
        return self.call("GET", key, headers=dashed(headers))

    def list_page(self, **query):
        query = {name.replace("_", "-"): value for name, value in query.items()}
        reply = self.call("GET", query={"list-type": "2", "encoding-type": "url", **query})
        if reply.status != 200:
            raise RuntimeError(f"cannot list: {reply}")
        return Page(reply.body)

    def list_all(self, prefix, size=1000):
        """All keys below a prefix, and the number of keys of each page."""
        keys, sizes, more = [], [], {}
        while True:
            page = self.list_page(prefix=prefix, max_keys=str(size), **more)
            keys += page.keys
            sizes.append(len(page.keys))
            if not page.token or len(sizes) > 10000:
                return keys, sizes
            more = {"continuation_token": page.token}

    def upload(self, key, parts, complete_headers=None, do_complete=True):
        """A multipart upload; the reply to its last request, and the upload's id."""
        reply = self.call("POST", key, {"uploads": ""})
        if reply.status != 200:
            return reply, None
        upload = find_text(reply.body, "UploadId")
        listed = ""
        for number, part in enumerate(parts, 1):
            reply = self.call("PUT", key, {"partNumber": str(number), "uploadId": upload},
                              body=part)
            if reply.status != 200:
                return reply, upload
            listed += (f"<Part><PartNumber>{number}</PartNumber>"
                       f"<ETag>{reply.headers['etag']}</ETag></Part>")
        if not do_complete:
            return reply, upload
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        return self.complete(key, upload, body, complete_headers), upload

    def complete(self, key, upload, body, headers=None):
        """Completes. An error inside a 200 is an error."""
        reply = self.call("POST", key, {"uploadId": upload}, headers, body)
        if reply.status == 200 and b"<Error" in reply.body:
            reply.status = 500
        return reply


class Page:
    """One page of a listing, its names decoded."""

    def __init__(self, body):
        root = xml.etree.ElementTree.fromstring(body)
        for node in root.iter():
            node.tag = node.tag.rpartition("}")[2]  # servers disagree about the name space
        is_encoded = root.findtext("EncodingType") == "url"
        decode = urllib.parse.unquote_plus if is_encoded else str
        self.is_encoded = is_encoded
        self.keys = [decode(node.findtext("Key")) for node in root.iter("Contents")]
        self.prefixes = [decode(node.findtext("Prefix")) for node in root.iter("CommonPrefixes")]
        self.max_keys = int(root.findtext("MaxKeys") or 0)
        more = root.findtext("IsTruncated") == "true"
        self.token = root.findtext("NextContinuationToken") if more else None


def dashed(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def find_text(body, name):
    match = re.search(f"<{name}>([^<]*)</{name}>".encode(), body)
    return match.group(1).decode() if match else ""


def md5_base64(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def probe_basics(client):
    body = b"hello world"
    put = client.put("basic", body)
    got, part = client.get("basic"), client.get("basic", range="bytes=6-")
    head = client.call("HEAD", "basic")
    client.put("empty", b"")
    found = {
        "put, get, head": [put.status, got.status, got.body == body, head.status,
                           head.headers.get("content-length")],
        "etag is the MD5": put.headers.get("etag") == f'"{hashlib.md5(body).hexdigest()}"',
        "range": [part.status, part.body == b"world"],
        "range of an empty object": client.get("empty", range="bytes=0-9").status,
        "if-match on get, wrong": client.get("basic", if_match=NEVER_MATCHES).status,
        "metadata kept": None,
        "copy": None,
    }
    client.put("nonce", body, x_amz_meta_musternonce="n1")
    found["metadata kept"] = (client.call("HEAD", "nonce").headers.get("x-amz-meta-musternonce")
                              == "n1")
    client.put("copied", b"", x_amz_copy_source=f"/{client.bucket}/basic")
    found["copy"] = client.get("copied").body == body
    found["delete"] = [client.call("DELETE", "copied").status, client.get("copied").status,
                       client.call("DELETE", "copied").status]
    return found


def probe_checks(client):
    """What a server notices: bad signatures, clocks, and bytes that are not those announced."""
    body, other = b"hello world", b"other"
    crc32 = base64.b64encode(zlib.crc32(other).to_bytes(4, "big")).decode()
    put = client.call
    return {
        "wrong secret": put("PUT", "chk", body=body, secret="wrong").status,
        "clock 20 minutes off": wire.verdict(put("PUT", "chk", body=body, skew_s=-1200)),
        "wrong payload hash": wire.verdict(
            put("PUT", "chk", body=body, payload=hashlib.sha256(other).hexdigest())),
        "unsigned payload over http": put("PUT", "chk", body=body,
                                          payload="UNSIGNED-PAYLOAD").status,
        "wrong Content-MD5": wire.verdict(client.put("chk", body, content_md5=md5_base64(other))),
        "right crc32": client.put("chk", other, x_amz_checksum_crc32=crc32).status,
        "wrong crc32": wire.verdict(client.put("chk", body, x_amz_checksum_crc32=crc32)),
        "wrong crc32c": wire.verdict(client.put("chk", body, x_amz_checksum_crc32c="4waSgw==")),
        "right crc64nvme": client.put("chk", body, x_amz_checksum_crc64nvme="jSnVw/bqjr4=").status,
        "wrong crc64nvme": wire.verdict(
            client.put("chk", body, x_amz_checksum_crc64nvme="rosUhgp5mIg=")),
        "wrong sha256 checksum": wire.verdict(client.put(
            "chk", body,
            x_amz_checksum_sha256=base64.b64encode(hashlib.sha256(other).digest()).decode())),
    }


def probe_conditions(client):
    first, second = b"first", b"second"
    etag = client.put("cond", first, if_none_match="*").headers.get("etag", '""')
    again = client.put("cond", second, if_none_match="*")
    kept = client.get("cond").body == first
    found = {
        "create-only put": wire.verdict(again, "overwrites") if kept or again.status < 300
                           else f"{again.status} but overwrites",
        "replace-if, quoted": client.put("cond", first, if_match=etag).status,
        "replace-if, bare": client.put("cond", first, if_match=etag.strip('"')).status,
        "replace-if, wrong": wire.verdict(client.put("cond", second, if_match=NEVER_MATCHES)),
        "replace-if, missing": wire.verdict(
            client.put("cond-missing", second, if_match=etag)),
        "delete-if, wrong": wire.verdict(
            client.call("DELETE", "cond", headers={"if-match": NEVER_MATCHES})),
    }
    client.put("cond", first)
    copy = client.put("cond", b"", if_none_match="*",
                      x_amz_copy_source=f"/{client.bucket}/basic")
    found["create-only copy"] = wire.verdict(copy, "overwrites")
    winners = wire.race(lambda n: client.put("race", b"racer %d" % n, if_none_match="*"))
    stands = client.get("race").body
    found["race: winners of 12"] = len(winners)
    found["race: the winner's bytes stand"] = stands in [b"racer %d" % n for n in winners]
    return found


def probe_multipart(client):
    parts = [b"\x01" * PART_BYTES, b"\x02" * 10]
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    reply, upload = client.upload("multi", parts)
    head = client.call("HEAD", "multi")
    found = {
        "multipart": [reply.status, client.get("multi").body == b"".join(parts)],
        "multipart etag": head.headers.get("etag") == f'"{hashlib.md5(digests).hexdigest()}-2"',
        "etag in the answer to Complete": bool(find_text(reply.body, "ETag").strip('"')),
        "HEAD of part 1": wire.verdict(client.call("HEAD", "multi", {"partNumber": "1"}),
                                       "whole" if client.call(
                                           "HEAD", "multi", {"partNumber": "1"}
                                       ).headers.get("content-length") != str(PART_BYTES)
                                       else "the part"),
    }
    small, _ = client.upload("multi-small", [b"a" * 1000, b"b"])
    found["short part before the last"] = wire.verdict(small, "accepted")
    again, _ = client.upload("multi", [b"other"], {"if-none-match": "*"})
    overwritten = client.call("HEAD", "multi").headers.get("content-length") == "5"
    found["create-only Complete"] = "overwrites" if overwritten else again.status
    _, upload = client.upload("multi-left", [b"part"], do_complete=False)
    uploads = client.call("GET", query={"uploads": "", "prefix": "multi-l"})
    parts = client.call("GET", "multi-left", {"uploadId": upload})
    found["list uploads by prefix"] = upload.encode() in uploads.body
    found["list parts"] = b"<PartNumber>1</PartNumber>" in parts.body
    found["abort"] = [client.call("DELETE", "multi-left", {"uploadId": upload}).status,
                      client.call("DELETE", "multi-left", {"uploadId": upload}).status]
    return found


def probe_listing(client):
    names = [f"list/{name}" for name in ("a-", "a/b", "a/c", "a0", "b", "c", "\u00e9", "Z")]
    for name in names:
        client.put(name, b"x")
    in_order = sorted(names, key=str.encode)
    keys, sizes = client.list_all("list/", 3)
    by_one, _ = client.list_all("list/", 1)
    folded = client.list_page(prefix="list/", delimiter="/")
    return {
        "list in byte order": keys == in_order,
        "list pages of 3": sizes,
        "list pages of 1 give the same": by_one == keys,
        "list encoding-type=url": client.list_page(prefix="list/").is_encoded,
        "list start-after": client.list_page(prefix="list/", start_after="list/a/bb").keys
                            == [key for key in in_order if key.encode() > b"list/a/bb"],
        "list delimiter": [folded.prefixes, folded.keys == [key for key in in_order
                                                            if not key.startswith("list/a/")]],
        "list max-keys 5000 is": client.list_page(prefix="list/", max_keys="5000").max_keys,
    }


def probe_delete_many(client):
    for key in ("many/a", "many/b"):
        client.put(key, b"x")
    body = (b"<Delete><Quiet>true</Quiet><Object><Key>many/a</Key></Object>"
            b"<Object><Key>many/b</Key></Object></Delete>")
    bare = client.call("POST", query={"delete": ""}, body=body)
    reply = client.call("POST", query={"delete": ""}, body=body,
                        headers={"content-md5": md5_base64(body)})
    return {"delete many": [reply.status, client.list_all("many/")[0]],
            "delete many without a checksum": bare.status}


def probe_versions(client):
    body = (b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            b"<Status>Enabled</Status></VersioningConfiguration>")
    reply = client.call("PUT", query={"versioning": ""}, body=body,
                        headers={"content-md5": md5_base64(body)})
    found = {"versioning": reply.status}
    if reply.status != 200:
        return found
    version = client.put("versions/v", b"one").headers.get("x-amz-version-id")
    client.put("versions/v", b"two")
    listed = client.call("GET", query={"versions": "", "prefix": "versions/"})
    old = client.call("GET", "versions/v", {"versionId": version}) if version else None
    found["old version readable"] = bool(old) and old.body == b"one"
    found["list versions"] = [listed.status, len(re.findall(b"<VersionId>", listed.body))]
    client.call("DELETE", "versions/v")
    found["create-only put over a delete marker"] = client.put("versions/v", b"three",
                                                               if_none_match="*").status
    return found


def probe(client):
    found = {}
    for step in (probe_basics, probe_checks, probe_conditions, probe_multipart, probe_listing,
                 probe_delete_many):
        found.update(step(client))
    found.update(wire.odd_keys(lambda key, body: client.put("odd/" + key, body),
                               lambda key: client.get("odd/" + key),
                               lambda prefix: [key[4:] for key in
                                               client.list_all("odd/" + prefix)[0]]))
    found.update(probe_versions(client))  # last: it changes the bucket
    return found
