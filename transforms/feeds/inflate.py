"""Undo a body's Content-Encoding, never making more than a cap of it."""

from __future__ import annotations

import zlib

ACCEPTED = "gzip, deflate"
_GZIP_MAGIC = b"\x1f\x8b\x08"
_STEP = 256 * 1024


class Unusable(Exception):
    """A body that cannot be had. `code` is a short word, `reason` a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Inflater:
    """Takes a body's bytes as they come and keeps them decoded.

    `encoding` is the Content-Encoding header; no more than `cap` bytes are made. A body that is a gzip file by its
    first bytes is taken for one whatever the header says. Raises Unusable: "encoding" for one that we did not ask for,
    "inflated" above the cap, "corrupt" for a stream that does not decode or ends early.
    """

    def __init__(self, encoding: str, cap: int) -> None:
        layers = [name.strip().lower() for name in encoding.split(",") if name.strip().lower() not in ("", "identity")]
        if len(layers) > 1 or any(name not in ("gzip", "x-gzip", "deflate") for name in layers):
            raise Unusable("encoding", "the body is compressed in a way that was not asked for")
        self._layer = layers[0].removeprefix("x-") if layers else ""
        self._cap, self._out, self._head = cap, bytearray(), b""
        self._tool: zlib._Decompress | None = None
        self._started = False

    def feed(self, data: bytes) -> None:
        """The next bytes of the body as sent."""
        if not self._started:
            self._head += data
            if len(self._head) < len(_GZIP_MAGIC):
                return
            data, self._head = self._begin(), b""
        self._add(data)

    def result(self) -> bytes:
        """The decoded body, once all has been fed."""
        if not self._started:
            self._add(self._begin())
        if self._tool is not None and not self._tool.eof:
            raise Unusable("corrupt", "the compressed body ends early")
        return bytes(self._out)

    def _begin(self) -> bytes:
        self._started = True
        head = self._head
        if head.startswith(_GZIP_MAGIC):
            self._layer = "gzip"
        elif self._layer == "gzip":
            # Some servers announce gzip and send plain text.
            self._layer = ""
        if self._layer == "gzip":
            self._tool = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif self._layer == "deflate" and head:
            # "deflate" is zlib by the standard and raw deflate in the wild; zlib's two-byte header tells.
            wrapped = len(head) > 1 and head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
            self._tool = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        return head

    def _add(self, data: bytes) -> None:
        if self._tool is None:
            self._keep(data)
            return
        while data:
            if self._tool.eof:
                if not data.startswith(_GZIP_MAGIC[:2]) or self._layer != "gzip":
                    return
                self._tool = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                self._keep(self._tool.decompress(data, min(_STEP, self._cap + 1)))
            except zlib.error:
                raise Unusable("corrupt", "the compressed body cannot be decoded") from None
            data = self._tool.unconsumed_tail or self._tool.unused_data

    def _keep(self, data: bytes) -> None:
        if len(self._out) + len(data) > self._cap:
            raise Unusable("inflated", f"the body is larger than {self._cap} bytes when decoded")
        self._out += data
