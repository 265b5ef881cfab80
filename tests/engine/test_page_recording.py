"""Recordings as web pages: what was recorded is in the page, which needs nothing else."""

import base64
import re

import numpy as np
import pytest
from worlds import World

pytest.importorskip("viser", reason="the extra browser is not installed")
import msgspec
import zstandard
from web_page import with_arrays


def recorded(html):
    """Duration [s] and the messages with their times [s] in a page."""
    data = base64.b64decode(re.search(r'__VISER_EMBED_DATA__="([^"]+)"', html)[1])
    size = int.from_bytes(data[:8], "little")
    inner = zstandard.ZstdDecompressor().decompress(data[8:], max_output_size=size)
    length = int.from_bytes(inner[:8], "little")
    content = msgspec.msgpack.decode(inner[8 : 8 + length])
    arrays, start = [], 8 + length
    for count in content["binaryBufferLengths"]:
        start += -start % 8
        arrays.append(inner[start : start + count])
        start += count
    messages = [(at, with_arrays(message, arrays)) for at, message in content["messages"]]
    return content["durationSeconds"], messages


def test_a_page_holds_what_happened(tmp_path, capsys):
    world = World(tmp_path, num_envs=2, ground=None)
    world.place(world.box(0.5, 0.5, 0.5), (0, 0, 5.0)).start(spacing=2.0)
    recording = world.gym.extensions.record_page(world.sim, 1, (3.0, 0.0, 1.0))
    with pytest.raises(RuntimeError, match="add_frame first"):
        recording.html()
    heights = []
    for _ in range(3):
        heights.append(world.root[1, 2].item())
        recording.add_frame((0.0, 0.0, 1.0), 0.1)
        world.step(6)
    duration, messages = recorded(recording.html())
    recording.close()
    assert duration == pytest.approx(0.3)
    frames = {
        round(at, 6): message["updates"]["batched_positions"].reshape(-1, 3)
        for at, message in messages
        if "batched_positions" in message.get("updates", {})
    }
    assert sorted(frames) == pytest.approx([0.1, 0.2])  # the first is the scene itself
    for at, places in frames.items():
        expected = heights[round(at / 0.1)] - 1.0  # the camera follows a point 1 m high
        expected = round(4096 * expected) / 4096  # which compresses better
        np.testing.assert_allclose(places, [[-4, 0, expected], [0, 0, expected]], atol=1e-5)
    assert heights[0] - heights[2] > 0.1
    cameras = {m["type"]: m for _, m in messages if m["type"].startswith("SetCamera")}
    assert cameras["SetCameraPositionMessage"]["position"] == [3.0, 0.0, 1.0]
    assert capsys.readouterr().out == ""
    world.gym.destroy_sim(world.sim)


def test_a_page_refers_to_nothing_outside(tmp_path):
    world = World(tmp_path)
    world.place(world.box(0.5, 0.5, 0.5), (0, 0, 5.0)).start()
    recording = world.gym.extensions.record_page(world.sim, 0, (3.0, 0.0, 1.0))
    recording.add_frame((0.0, 0.0, 1.0), 0.1)
    html = recording.html()
    recording.close()
    head = html[: html.index("<script")] + html[html.rindex("</script>") :]
    assert not re.search(r'(src|href)="(https?:)?//', head)
    assert not re.search(r'<script[^>]+src="http', html)
    world.gym.destroy_sim(world.sim)


def test_a_recording_that_becomes_too_large_is_told_once(tmp_path, caplog, monkeypatch):
    from humanoid_gym.engine.graphics import page_recording

    monkeypatch.setattr(page_recording, "LARGE", 2 * 2 * 28)  # two frames of two shapes
    world = World(tmp_path, num_envs=2)
    world.place(world.box(0.5, 0.5, 0.5), (0, 0, 5.0)).start()
    recording = world.gym.extensions.record_page(world.sim, 0, (3.0, 0.0, 1.0))
    told = []
    for _ in range(4):
        recording.add_frame((0.0, 0.0, 1.0), 0.1)
        told.append(caplog.text.count("record fewer environments"))
    recording.close()
    assert told == [0, 0, 1, 1]
    world.gym.destroy_sim(world.sim)
