"""A small server on loopback that speaks the file routes of ModelScope and Hugging Face, and misbehaves on demand."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Hub:
    """What the server has and how it behaves; ``requests`` records (path, Range header) of every file request."""

    files: dict[str, bytes] = field(default_factory=dict)
    die_at: list[int] = field(default_factory=list)
    """For the next requests: bytes after which the connection is cut."""
    statuses: list[int] = field(default_factory=list)
    """For the next requests: answers instead of the file."""
    ranges: bool = True
    etag: bool = True
    length: bool = True
    redirect_to: str = ""
    """Host:port that the file routes redirect to."""
    state_digest: str = "right"
    """right, wrong, or none"""
    pause: float = 0.0
    """Seconds between two pieces of 64 KiB."""
    ranges_off_by: int = 0
    listing: object = None
    """What the list of files says instead of the truth."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def digest(self, name: str) -> str:
        if self.state_digest == "wrong":
            return "0" * 64
        return hashlib.sha256(self.files[name]).hexdigest() if self.state_digest == "right" else ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        pieces = [unquote(piece) for piece in parts.path.strip("/").split("/")]
        self.hub.headers.append({k.lower(): v for k, v in self.headers.items()})
        if pieces[:3] == ["api", "v1", "models"] and pieces[-1] == "files":
            return self.modelscope_list()
        if pieces[:3] == ["api", "v1", "models"]:
            return self.file(query["FilePath"])
        if pieces[:2] == ["api", "models"]:
            return self.huggingface_list("/".join(pieces[6:]), recursive="recursive" in query)
        if pieces[0] == "cdn":
            return self.file("/".join(pieces[1:]))
        if "resolve" in pieces:
            return self.file("/".join(pieces[4:]))
        return self.answer(404)

    def json(self, data, **headers):
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def modelscope_list(self):
        files = [
            {"Path": n, "Size": len(c), "Sha256": self.hub.digest(n), "Type": "blob"} for n, c in self.hub.files.items()
        ]
        tree = [{"Path": "folder", "Type": "tree", "Size": 0}]
        self.json(self.hub.listing if self.hub.listing is not None else {"Code": 200, "Data": {"Files": tree + files}})

    def huggingface_list(self, folder, *, recursive):
        if self.hub.listing is not None:
            return self.json(self.hub.listing)
        items = []
        for name, content in self.hub.files.items():
            if folder and not name.startswith(f"{folder}/"):
                continue
            if not recursive and "/" in name[len(folder) :].lstrip("/"):
                continue
            item = {"type": "file", "path": name, "size": len(content)}
            item["oid"] = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            if not name.endswith(".json"):
                item["oid"] = "f" * 40
                item["lfs"] = {"oid": self.hub.digest(name), "size": len(content)}
            items.append(item)
        half, query = len(items) // 2, parse_qs(urlsplit(self.path).query)
        if recursive and len(items) > 1 and "cursor" not in query:  # two pages
            link = f"<{self.hub.address}{self.path}&cursor=2>"
            return self.json(items[:half], Link=f'{link}; rel="next"')
        return self.json(items[half:] if "cursor" in query else items)

    def answer(self, status, **headers):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def file(self, name):
        hub = self.hub
        if hub.redirect_to and not self.path.startswith("/cdn"):
            return self.answer(302, Location=f"http://{hub.redirect_to}/cdn/{name}")
        hub.requests.append((name, self.headers.get("Range", "")))
        if hub.statuses:
            return self.answer(hub.statuses.pop(0))
        if name not in hub.files:
            return self.answer(404)
        content = hub.files[name]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        start = 0
        range_header = self.headers.get("Range", "")
        if hub.ranges and range_header and self.headers.get("If-Range", etag) == etag:
            start = int(range_header.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.answer(416)
            self.send_response(206)
            announced_start = start + hub.ranges_off_by
            self.send_header("Content-Range", f"bytes {announced_start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if hub.etag:
            self.send_header("ETag", etag)
        if hub.length:
            self.send_header("Content-Length", str(len(content) - start))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        return self.send(content[start:], hub.die_at.pop(0) if hub.die_at else None)

    def send(self, content, die_at):
        piece = 2**16 if die_at is None else 1024
        for position in range(0, len(content), piece):
            if die_at is not None and position >= die_at:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            try:
                self.wfile.write(content[position : position + piece])
            except OSError:
                self.close_connection = True
                return
            if self.hub.pause:
                time.sleep(self.hub.pause)


class Server:
    """Runs a Hub while the ``with`` block lasts."""

    def __init__(self, hub: Hub | None = None) -> None:
        self.hub = hub or Hub()

    def __enter__(self) -> Hub:
        handler = type("Bound", (Handler,), {"hub": self.hub})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.hub.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self.hub

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
