"""A small Azure Blob client with SharedKey, and what a server of it can do."""
import base64
import email.utils
import hashlib
import hmac
import re
import urllib.parse
import xml.etree.ElementTree

import wire

VERSION = "2023-11-03"
STALE = '"0x0000000000000000"'
SIGNED = ["content-encoding", "content-language", "content-length", "content-md5", "content-type",
          "date", "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"]


class Client:
    def __init__(self, port, container, account, key):
        self.wire, self.container = wire.Wire(port), container
        self.host, self.account, self.key = f"127.0.0.1:{port}", account, key

    def call(self, method, blob="", query=None, headers=None, body=b"", key=None):
        path = f"/{self.account}/{self.container}" + ("/" + wire.quote(blob) if blob else "")
        query = query or {}
        sent = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION,
                **{name.lower(): value for name, value in (headers or {}).items()}}
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body))
        lines = [method] + [sent.get(name, "") for name in SIGNED]
        lines[3] = "" if lines[3] == "0" else lines[3]
        lines += [f"{name}:{sent[name]}" for name in sorted(sent) if name.startswith("x-ms-")]
        # The emulator has the account in its path too, so it stands twice.
        lines += [f"/{self.account}{path}"]
        lines += [f"{name.lower()}:{query[name]}" for name in sorted(query, key=str.lower)]
        digest = hmac.new(base64.b64decode(key or self.key), "\n".join(lines).encode(),
                          hashlib.sha256).digest()
        sent["authorization"] = f"SharedKey {self.account}:{base64.b64encode(digest).decode()}"
        sent["host"] = self.host
        text = wire.query_text(query)
        return self.wire.send(method, path + ("?" + text if text else ""), sent, body)

    def make_bucket(self):
        reply = self.call("PUT", query={"restype": "container"})
        if reply.status != 201:
            raise RuntimeError(f"cannot make the container: {reply}")

    def put(self, blob, body, **headers):
        return self.call("PUT", blob, headers={"x-ms-blob-type": "BlockBlob", **dashed(headers)},
                         body=body)

    def get(self, blob, **headers):
        return self.call("GET", blob, headers=dashed(headers))

    def put_blocks(self, blob, blocks, **headers):
        """Stages the blocks and commits them; the reply to the commit."""
        names = [base64.b64encode(b"muster-%05d" % n).decode() for n in range(len(blocks))]
        for name, block in zip(names, blocks):
            reply = self.call("PUT", blob, {"comp": "block", "blockid": name}, body=block)
            if reply.status != 201:
                return reply
        body = "".join(f"<Latest>{name}</Latest>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{body}</BlockList>'.encode()
        return self.call("PUT", blob, {"comp": "blocklist"}, dashed(headers), body)

    def list_page(self, **query):
        reply = self.call("GET", query={"restype": "container", "comp": "list", **query})
        if reply.status != 200:
            raise RuntimeError(f"cannot list: {reply}")
        return Page(reply.body)

    def list_all(self, prefix, size=1000):
        names, sizes, more = [], [], {}
        while True:
            page = self.list_page(prefix=prefix, maxresults=str(size), **more)
            names += page.names
            sizes.append(len(page.names))
            if not page.marker or len(sizes) > 10000:
                return names, sizes
            more = {"marker": page.marker}


class Page:
    def __init__(self, body):
        # Names that XML cannot hold come escaped; a server that forgets that is read anyway.
        text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]",
                      lambda match: "\ue000%02x" % ord(match.group()), body.decode())
        text = re.sub("&#x([0-8bcef]|1[0-9a-f]);", lambda match: "\ue000%02x" % int(
            match.group(1), 16), text)
        root = xml.etree.ElementTree.fromstring(text.lstrip("\ufeff"))
        self.names = [decode(node.find("Name")) for node in root.iter("Blob")]
        self.prefixes = [decode(node.find("Name")) for node in root.iter("BlobPrefix")]
        self.marker = root.findtext("NextMarker") or ""


def decode(node):
    text = node.text or ""
    if node.get("Encoded") == "true":
        return urllib.parse.unquote(text)
    return re.sub("\ue000(..)", lambda match: chr(int(match.group(1), 16)), text)


def dashed(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def md5_base64(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def probe_basics(client):
    body = b"hello world"
    put, got = client.put("basic", body), client.get("basic")
    part = client.get("basic", x_ms_range="bytes=6-")
    client.put("empty", b"")
    client.put("nonce", body, x_ms_meta_musternonce="n1")
    wrong = base64.b64encode(b"wrong").decode()
    found = {
        "put, get": [put.status, got.status, got.body == body],
        "Content-MD5 stored": got.headers.get("content-md5") == md5_base64(body),
        "range": [part.status, part.body == b"world"],
        "range of an empty blob": client.get("empty", x_ms_range="bytes=0-9").status,
        "metadata kept": client.call("HEAD", "nonce").headers.get("x-ms-meta-musternonce") == "n1",
        "wrong key": client.call("GET", "basic", key=wrong).status,
        "wrong Content-MD5": wire.verdict(client.put("chk", body,
                                                     content_md5=md5_base64(b"other"))),
        "right x-ms-content-crc64": client.put("chk", body,
                                               x_ms_content_crc64="vo7q9sPVKY0=").status,
        "if-match on get, wrong": client.get("basic", if_match=STALE).status,
    }
    found["delete"] = [client.call("DELETE", "basic").status, client.get("basic").status,
                       client.call("DELETE", "basic").status]
    return found


def probe_conditions(client):
    etag = client.put("cond", b"first", if_none_match="*").headers.get("etag", "")
    found = {"create-only put": wire.verdict(client.put("cond", b"second", if_none_match="*"),
                                             "overwrites"),
             "create-only put keeps the first": client.get("cond").body == b"first",
             "replace-if": client.put("cond", b"third", if_match=etag).status,
             "replace-if, wrong": wire.verdict(client.put("cond", b"4", if_match=etag)),
             "replace-if, missing": wire.verdict(client.put("cond-missing", b"4",
                                                            if_match=etag)),
             "delete-if, wrong": wire.verdict(client.call("DELETE", "cond",
                                                          headers={"if-match": STALE}))}
    winners = wire.race(lambda n: client.put("race", b"racer %d" % n, if_none_match="*"))
    found["race: winners of 12"] = len(winners)
    found["race: the winner's bytes stand"] = (client.get("race").body
                                               in [b"racer %d" % n for n in winners])
    winners = wire.race(lambda n: client.put_blocks("race-blocks", [b"racer %d" % n],
                                                    if_none_match="*"))
    found["race of block lists: winners of 12"] = len(winners)
    return found


def probe_blocks(client):
    blocks = [b"\x01" * (1 << 20), b"\x02" * 10]
    reply = client.put_blocks("blocks", blocks)
    again = client.put_blocks("blocks", [b"other"], if_none_match="*")
    return {"blocks": [reply.status, client.get("blocks").body == b"".join(blocks)],
            "create-only block list": wire.verdict(again, "overwrites"),
            "create-only block list keeps the first": len(client.get("blocks").body) > 10,
            "block ids of two lengths": wire.verdict(client.call(
                "PUT", "blocks-ids", {"comp": "block", "blockid": "YWE="}, body=b"x"), 201) and
            client.call("PUT", "blocks-ids", {"comp": "block", "blockid": "YWFh"},
                        body=b"x").status}


def probe_listing(client):
    names = [f"list/{name}" for name in ("a-", "a/b", "a/c", "a0", "b", "c", "\u00e9", "Z")]
    for name in names:
        client.put(name, b"x")
    in_order = sorted(names, key=str.encode)
    listed, sizes = client.list_all("list/", 3)
    folded = client.list_page(prefix="list/", delimiter="/")
    started = client.list_page(prefix="list/", startFrom="list/b").names
    return {"list in byte order": listed == in_order,
            "list pages of 3": sizes,
            "list pages of 1 give the same": client.list_all("list/", 1)[0] == listed,
            "list delimiter": [folded.prefixes, len(folded.names)],
            "list startFrom": "ignored" if started == listed else started[:1]}


def probe(client):
    found = {}
    for step in (probe_basics, probe_conditions, probe_blocks, probe_listing):
        found.update(step(client))
    found.update(wire.odd_keys(lambda key, body: client.put("odd/" + key, body),
                               lambda key: client.get("odd/" + key),
                               lambda prefix: [key[4:] for key in
                                               client.list_all("odd/" + prefix)[0]]))
    return found
