"""A kernel of a real Jupyter server, spoken to as a browser does: REST and one WebSocket."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import websocket

from tests.serving import LiveServer

__all__ = ["Cell", "CellError", "ServerKernel"]


class CellError(AssertionError):
    """A cell raised; its traceback is the message."""


@dataclass
class Cell:
    """What one executed cell left: texts of its streams, its display bundles, the error if it raised.

    ``updates`` are new forms of what was shown, here or by an earlier cell, that came meanwhile.
    """

    stdout: str = ""
    stderr: str = ""
    bundles: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def text(self) -> str:
        """Streams and plain texts, as a person reads them."""
        return self.stdout + self.stderr + "".join(bundle.get("text/plain", "") for bundle in self.bundles)


class ServerKernel:
    """Started by the server; ``execute`` runs a cell to its end."""

    def __init__(self, server: LiveServer, name: str = "python3") -> None:
        self._server = server
        self._headers = {"Authorization": f"token {server.token}"}
        made = server.client.post(server.url + "api/kernels", headers=self._headers, json={"name": name})
        assert made.status_code == 201, made.text
        self.id = str(made.json()["id"])
        self._session = uuid.uuid4().hex
        address = server.url.replace("http", "ws", 1) + f"api/kernels/{self.id}/channels?session_id={self._session}"
        self._socket = websocket.create_connection(
            address, header=[f"Authorization: token {server.token}"], timeout=120
        )
        self.pid = int(self.execute("import os; print(os.getpid())").stdout)

    def execute(self, code: str, timeout: float = 120.0, *, check: bool = True) -> Cell:
        """Run a cell; a raised error is raised here as ``CellError`` unless ``check`` is off."""
        number = self._send(
            "execute_request", {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        )
        cell = Cell()
        for message in self._messages(number, timeout):
            self._take(message, cell)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        if check and cell.error:
            raise CellError(cell.error)
        return cell

    def _take(self, message: dict[str, Any], cell: Cell) -> None:
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                setattr(cell, content["name"], getattr(cell, content["name"]) + content["text"])
                cell.outputs.append({"output_type": "stream", "name": content["name"], "text": content["text"]})
            case "update_display_data":
                cell.updates.append(content["data"])
            case "display_data" | "execute_result":
                cell.bundles.append(content["data"])
                kind = message["msg_type"]
                output = {"output_type": kind, "data": content["data"], "metadata": content["metadata"]}
                cell.outputs.append(output | ({"execution_count": None} if kind == "execute_result" else {}))
            case "error":
                cell.error = "\n".join(content["traceback"]) or f"{content['ename']}: {content['evalue']}"
                cell.outputs.append({"output_type": "error", **content})

    def _send(self, kind: str, content: dict[str, Any]) -> str:
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "session": self._session, "username": "test", "version": "5.4"}
        header["date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._socket.send(json.dumps({**message, "buffers": []}))
        return number

    def _messages(self, number: str, timeout: float) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._socket.settimeout(max(0.1, deadline - time.monotonic()))
            message = json.loads(self._socket.recv())
            if message["channel"] != "iopub":
                continue
            self.heard(message)
            if message["parent_header"].get("msg_id") == number:
                yield message
        raise AssertionError(f"the cell did not end within {timeout:g} s")

    def heard(self, message: dict[str, Any]) -> None:
        """Take note of anything that the kernel publishes, whichever cell it belongs to; here nobody does."""

    def kill(self) -> None:
        """Kill the kernel's process with SIGKILL, and keep the server from starting it again."""
        print(f"SIGKILL to kernel {self.pid}")
        os.kill(self.pid, signal.SIGKILL)
        self.close()

    def disconnect(self) -> None:
        """Go away and leave the kernel."""
        self._socket.close()

    def close(self) -> None:
        """Shut the kernel down."""
        self._socket.close()
        self._server.client.delete(self._server.url + f"api/kernels/{self.id}", headers=self._headers)
