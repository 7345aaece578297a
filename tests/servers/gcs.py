"""A small client of Google Cloud Storage's JSON API, and what a server of it can do."""
import base64
import hashlib
import json
import re

import wire


class Client:
    """Without credentials: emulators ask for none."""

    def __init__(self, port, bucket):
        self.wire, self.bucket, self.host = wire.Wire(port), bucket, f"127.0.0.1:{port}"

    def call(self, method, path, query=None, headers=None, body=b""):
        sent = {"host": self.host, **(headers or {})}
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body))
        text = wire.query_text(query or {})
        return self.wire.send(method, path + ("?" + text if text else ""), sent, body)

    def make_bucket(self):
        reply = self.call("POST", "/storage/v1/b", {"project": "test"},
                          {"content-type": "application/json"},
                          json.dumps({"name": self.bucket}).encode())
        if reply.status != 200:
            raise RuntimeError(f"cannot make the bucket: {reply}")

    def path(self, name):
        return f"/storage/v1/b/{self.bucket}/o/{wire.quote(name, '')}"

    def put(self, name, body, **query):
        return self.call("POST", f"/upload/storage/v1/b/{self.bucket}/o",
                         {"uploadType": "media", "name": name, **query},
                         {"content-type": "application/octet-stream"}, body)

    def put_described(self, name, body, about, **query):
        """An upload with metadata: multipart/related."""
        text = (b"--=frontier\r\ncontent-type: application/json\r\n\r\n"
                + json.dumps({"name": name, **about}).encode()
                + b"\r\n--=frontier\r\ncontent-type: application/octet-stream\r\n\r\n" + body
                + b"\r\n--=frontier--\r\n")
        return self.call("POST", f"/upload/storage/v1/b/{self.bucket}/o",
                         {"uploadType": "multipart", **query},
                         {"content-type": 'multipart/related; boundary="=frontier"'}, text)

    def put_resumable(self, name, chunks, **query):
        """The replies to the first request and to each chunk; all but the last of 256 KiB."""
        begun = self.call("POST", f"/upload/storage/v1/b/{self.bucket}/o",
                          {"uploadType": "resumable", "name": name, **query},
                          {"content-type": "application/json"}, b"{}")
        replies = [begun]
        session = re.sub("^https?://[^/]*", "", begun.headers.get("location", ""))
        at, total = 0, sum(map(len, chunks))
        for chunk in chunks if session else []:
            is_last = at + len(chunk) == total
            span = f"bytes {at}-{at + len(chunk) - 1}/{total if is_last else '*'}"
            replies.append(self.call("PUT", session, headers={"content-range": span}, body=chunk))
            at += len(chunk)
        return replies

    def get(self, name, **headers):
        return self.call("GET", self.path(name), {"alt": "media"}, headers)

    def describe(self, name, **query):
        return json.loads(self.call("GET", self.path(name), query).body)

    def delete(self, name, **query):
        return self.call("DELETE", self.path(name), query)

    def list_page(self, **query):
        reply = self.call("GET", f"/storage/v1/b/{self.bucket}/o", query)
        if reply.status != 200:
            raise RuntimeError(f"cannot list: {reply}")
        return json.loads(reply.body)

    def list_all(self, prefix, size=1000, **query):
        names, sizes, more = [], [], {}
        while True:
            page = self.list_page(prefix=prefix, maxResults=str(size), **query, **more)
            names += [item["name"] for item in page.get("items", [])]
            sizes.append(len(page.get("items", [])))
            if not page.get("nextPageToken") or len(sizes) > 10000:
                return names, sizes
            more = {"pageToken": page["nextPageToken"]}


def md5_base64(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def generation_of(reply):
    return json.loads(reply.body)["generation"] if reply.status == 200 else "1"


def probe_basics(client):
    body = b"hello world"
    put, got = client.put("basic", body), client.get("basic")
    part = client.get("basic", Range="bytes=6-")
    about = client.describe("basic")
    found = {
        "put, get": [put.status, got.status, got.body == body],
        "md5Hash, crc32c": [about.get("md5Hash") == md5_base64(body),
                            about.get("crc32c") == "yZRlqg=="],
        "numbers are strings": [type(about.get(name)).__name__
                                for name in ("size", "generation", "metageneration")],
        "x-goog-hash on get": got.headers.get("x-goog-hash"),
        "range": [part.status, part.body == b"world"],
        "upload with metadata": client.put_described(
            "described", body, {"metadata": {"musternonce": "n1"}}).status,
        "metadata kept": client.describe("described").get("metadata") == {"musternonce": "n1"},
        "right md5Hash": client.put_described("chk", body, {"md5Hash": md5_base64(body)}).status,
        "wrong md5Hash": wire.verdict(
            client.put_described("chk", body, {"md5Hash": md5_base64(b"other")})),
        "wrong crc32c": wire.verdict(client.put_described("chk", body, {"crc32c": "4waSgw=="})),
    }
    found["delete"] = [client.delete("basic").status, client.get("basic").status,
                       client.delete("basic").status]
    return found


def probe_conditions(client):
    first = client.put("cond", b"first", ifGenerationMatch="0")
    again = client.put("cond", b"second", ifGenerationMatch="0")
    described = client.put_described("cond", b"second", {}, ifGenerationMatch="0")
    generation = generation_of(first)
    found = {
        "create-only put": [first.status, wire.verdict(again, "overwrites")],
        "create-only upload with metadata": wire.verdict(described, "overwrites"),
        "create-only keeps the first": client.get("cond").body == b"first",
    }
    replaced = client.put("cond", b"third", ifGenerationMatch=generation)
    found["replace-if"] = replaced.status
    found["replace-if, stale"] = wire.verdict(client.put("cond", b"4",
                                                         ifGenerationMatch=generation))
    found["generation grows"] = int(generation_of(replaced)) > int(generation)
    found["old generation readable"] = client.call(
        "GET", client.path("cond"), {"alt": "media", "generation": generation}).status
    found["delete-if, stale"] = wire.verdict(client.delete("cond", ifGenerationMatch=generation))
    winners = wire.race(lambda n: client.put("race", b"racer %d" % n, ifGenerationMatch="0"))
    found["race: winners of 12"] = len(winners)
    found["race: the winner's bytes stand"] = (client.get("race").body
                                               in [b"racer %d" % n for n in winners])
    return found


def probe_large(client):
    chunks = [b"\x01" * (256 << 10), b"\x02" * (256 << 10), b"\x03" * 10]
    replies = client.put_resumable("resumable", chunks)
    again = client.put_resumable("resumable", [b"other"], ifGenerationMatch="0")
    found = {"resumable": [reply.status for reply in replies],
             "resumable keeps the bytes": client.get("resumable").body == b"".join(chunks),
             "create-only resumable": [wire.verdict(reply, reply.status) for reply in again]}
    for name in ("piece1", "piece2"):
        client.put(name, name.encode())
    body = json.dumps({"sourceObjects": [{"name": "piece1"}, {"name": "piece2"}]}).encode()
    reply = client.call("POST", client.path("composed") + "/compose", {},
                        {"content-type": "application/json"}, body)
    found["compose"] = [reply.status, client.get("composed").body == b"piece1piece2"]
    reply = client.call("POST", f"{client.path('piece1')}/rewriteTo/b/{client.bucket}/o/copied")
    found["rewrite"] = [reply.status, client.get("copied").body == b"piece1"]
    reply = client.call("POST", f"/{client.bucket}/xml-multi", {"uploads": ""})
    found["XML multipart"] = [reply.status, b"<UploadId>" in reply.body]
    return found


def probe_batch(client):
    client.put("batch/a", b"a")
    call = f"DELETE {client.path('batch/a')} HTTP/1.1\r\n\r\n".encode()
    body = (b"--frontier\r\ncontent-type: application/http\r\ncontent-id: <1>\r\n\r\n" + call
            + b"\r\n--frontier--\r\n")
    reply = client.call("POST", "/batch/storage/v1", {},
                        {"content-type": "multipart/mixed; boundary=frontier"}, body)
    return {"batch delete": [reply.status, client.get("batch/a").status]}


def probe_listing(client):
    names = [f"list/{name}" for name in ("a-", "a/b", "a/c", "a0", "b", "c", "\u00e9", "Z")]
    for name in names:
        client.put(name, b"x")
    in_order = sorted(names, key=str.encode)
    listed, sizes = client.list_all("list/", 3)
    folded = client.list_page(prefix="list/", delimiter="/")
    span = client.list_all("list/", startOffset="list/a/c", endOffset="list/c")[0]
    fields = client.list_page(prefix="list/", fields="nextPageToken,items(name,size)")
    return {"list in byte order": listed == in_order,
            "list pages of 3": sizes,
            "list pages of 1 give the same": client.list_all("list/", 1)[0] == listed,
            "list startOffset, endOffset": span == [key for key in in_order if
                                                    b"list/a/c" <= key.encode() < b"list/c"],
            "list delimiter": [folded.get("prefixes"), len(folded.get("items", []))],
            "list fields": sorted(fields["items"][0]) == ["name", "size"]}


def probe(client):
    found = {}
    for step in (probe_basics, probe_conditions, probe_large, probe_batch, probe_listing):
        found.update(step(client))
    found.update(wire.odd_keys(lambda key, body: client.put("odd/" + key, body),
                               lambda key: client.get("odd/" + key),
                               lambda prefix: [key[4:] for key in
                                               client.list_all("odd/" + prefix)[0]]))
    return found
