"""A page of the browser viewer without a browser: it speaks viser's protocol and keeps its scene.

A message of the server is 16 bytes of lengths, messages as compressed MessagePack, and arrays, each
at a multiple of 8 bytes.
"""

import threading
import time

import msgspec
import numpy as np
import viser
import zstandard
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SECONDS = 10.0
"""To wait for an answer at most."""


class WebPage:
    """Opens a page and follows what the server tells it; use it as a context."""

    def __init__(self, address, position=(3.0, 3.0, 3.0), look_at=(0.0, 0.0, 0.0)):
        protocol = f"viser-v{viser.__version__}"
        self.nodes, self.buttons, self.commands, self.html = {}, {}, {}, {}
        self.camera = {"position": position, "look_at": look_at}
        self.clicks_wanted = False
        self._socket = connect(
            address.replace("http", "ws"), subprotocols=[protocol], max_size=None
        )
        self._thread = threading.Thread(target=self._listen)
        self._opened = threading.Event()

    def __enter__(self):
        self._thread.start()
        assert self._opened.wait(SECONDS)
        self.look(**self.camera)  # as the server had it, if it said so
        return self

    def __exit__(self, *_):
        self._socket.close()
        self._thread.join()

    def send(self, kind, **content):
        self._socket.send(msgspec.msgpack.encode({"type": kind, **content}))

    def look(self, position, look_at):
        """The user has turned the camera."""
        self.camera = {"position": position, "look_at": look_at}
        self.send(
            "ViewerCameraMessage",
            **self.camera,
            wxyz=(1.0, 0.0, 0.0, 0.0),
            fov=1.0,
            near=0.01,
            far=100.0,
            image_height=300,
            image_width=400,
            up_direction=(0.0, 0.0, 1.0),
        )

    def press_button(self, label):
        uuid = next(uuid for uuid, own in self.buttons.items() if own == label)
        self.send("GuiUpdateMessage", uuid=uuid, updates={"value": True})

    def press_key(self, hotkey):
        uuid = next(uuid for uuid, own in self.commands.items() if own == hotkey)
        self.send("CommandTriggerMessage", uuid=uuid)

    def _listen(self):
        try:
            for raw in self._socket:
                for message in unpack(raw):
                    handler = getattr(self, f"_on_{message['type']}", None)
                    if handler is not None:
                        handler(message)
                    elif "props" in message and "name" in message:
                        self.nodes[message["name"]] = {**message["props"], "position": np.zeros(3)}
        except ConnectionClosed:
            pass

    def _on_SceneNodeUpdateMessage(self, message):
        self.nodes[message["name"]].update(message["updates"])

    def _on_SetPositionMessage(self, message):
        if message["name"] in self.nodes:
            self.nodes[message["name"]]["position"] = np.array(message["position"])

    def _on_RemoveSceneNodeMessage(self, message):
        gone = message["name"]
        self.nodes = {n: v for n, v in self.nodes.items() if n != gone and gone + "/" not in n}

    def _on_ReplayDoneMessage(self, message):
        self._opened.set()

    def _on_SetCameraPositionMessage(self, message):
        if not (message["initial"] and self._opened.is_set()):  # it is for pages still to come
            self.camera["position"] = message["position"]

    def _on_SetCameraLookAtMessage(self, message):
        if not (message["initial"] and self._opened.is_set()):
            self.camera["look_at"] = message["look_at"]

    def _on_GuiHtmlMessage(self, message):
        self.html[message["uuid"]] = message["props"]["content"]

    def _on_GuiUpdateMessage(self, message):
        if message["uuid"] in self.html:
            self.html[message["uuid"]] = message["updates"]["content"]

    def _on_GuiButtonMessage(self, message):
        self.buttons[message["uuid"]] = message["props"]["label"]

    def _on_RegisterCommandMessage(self, message):
        self.commands[message["uuid"]] = message["props"]["hotkey"]

    def _on_ScenePointerEnableMessage(self, message):
        self.clicks_wanted = bool(message["modifiers"])


def unpack(raw):
    """The messages of one packet, with their arrays."""
    length = int.from_bytes(raw[8:16], "little")
    content = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(raw[16 : 16 + length]))
    arrays, start = [], 16 + length
    for size in content["binaryBufferLengths"]:
        start += -start % 8
        arrays.append(raw[start : start + size])
        start += size
    return [with_arrays(message, arrays) for message in content["messages"]]


def with_arrays(value, arrays):
    if isinstance(value, dict) and "__binary_index" in value:
        return np.frombuffer(arrays[value["__binary_index"]], value["dtype"])
    if isinstance(value, dict):
        return {key: with_arrays(item, arrays) for key, item in value.items()}
    return value


def until(condition):
    """Wait until a condition holds; return whether it ever did."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False
