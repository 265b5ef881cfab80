"""The viewer: what the window shows, its camera, lines, and the events of keys and mouse.

Windows open on a virtual display, where there is an X server for one (package xvfb).
"""

import os
import shutil
import subprocess
import time

import numpy as np
import pytest
from PIL import Image, ImageGrab

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.graphics.window_viewer import WindowViewer

VISUAL = gymapi.MESH_VISUAL
WIDTH, HEIGHT = 160, 120


@pytest.fixture(scope="session")
def display():
    """Name of a virtual display."""
    if shutil.which("Xvfb") is None or os.environ.get("MUJOCO_GL") == "osmesa":
        pytest.skip("no virtual display (Xvfb), or windows are switched off (MUJOCO_GL=osmesa)")
    if os.environ.get("DISPLAY"):
        pytest.skip("GLFW knows one display per process: unset DISPLAY to use a virtual one")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "320x240x24"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        name = f":{answer.readline().strip()}"
    yield name
    import glfw

    glfw.terminate()  # before the server goes, which would end this process
    server.terminate()
    server.wait()


@pytest.fixture
def on_display(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return display


class Show:
    """A prepared world with a viewer."""

    def __init__(self, world, place, **params):
        self.world = world(**params)
        self.gym, self.sim = self.world.gym, self.world.sim
        self.sim.graphics_device = 0  # World creates its simulations without one
        place(self.world)
        self.world.start(spacing=2.0)
        self.envs = self.world.envs
        size = gymapi.CameraProperties()
        size.width, size.height, size.horizontal_fov = WIDTH, HEIGHT, 60
        self.viewer = self.gym.create_viewer(self.sim, size)
        assert isinstance(self.viewer, WindowViewer)

    def look(self, eye, target, env=None):
        points = gymapi.Vec3(*eye), gymapi.Vec3(*target)
        self.gym.viewer_camera_look_at(self.viewer, env, *points)

    def draw(self, path):
        """The window's picture, shape (HEIGHT, WIDTH, 3)."""
        self.gym.step_graphics(self.sim)
        self.gym.draw_viewer(self.viewer, self.sim, True)
        self.gym.write_viewer_image_to_file(self.viewer, str(path / "window.png"))
        with Image.open(path / "window.png") as image:
            return np.asarray(image).astype(int)

    def pixel(self, point, eye, target):
        """Column and row where a global point appears."""
        forward = np.subtract(target, eye) / np.linalg.norm(np.subtract(target, eye))
        right = np.cross(forward, [0, 0, 1])
        right /= np.linalg.norm(right)
        ray = np.subtract(point, eye)
        scale = 0.5 * WIDTH / np.tan(np.radians(30)) / (ray @ forward)
        up = np.cross(right, forward)
        return int(WIDTH / 2 + scale * (ray @ right)), int(HEIGHT / 2 - scale * (ray @ up))


def one_box(world):
    world.place(world.box(0.5, 0.5, 0.5), (0, 0, 1.0))


def test_without_display_or_graphics_device_there_is_no_viewer(world, monkeypatch, caplog):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    w = world()
    assert w.gym.create_viewer(w.sim, gymapi.CameraProperties()) is None
    assert "graphics device -1" in caplog.text
    w.sim.graphics_device = 0
    assert w.gym.create_viewer(w.sim, gymapi.CameraProperties()) is None
    assert "no display" in caplog.text
    with pytest.raises(RuntimeError, match="run the program headless"):
        w.gym.subscribe_viewer_keyboard_event(None, gymapi.KEY_V, "sync")
    with pytest.raises(TypeError, match="viewer from create_viewer"):
        w.gym.poll_viewer_events(w.sim)


def test_the_window_shows_all_environments_side_by_side(world, on_display, tmp_path):
    show = Show(world, one_box, num_envs=3, gravity=(0, 0, 0))
    colors = np.eye(3)
    for env, color in zip(show.envs, colors, strict=True):
        show.gym.set_rigid_body_color(env, 0, 0, VISUAL, gymapi.Vec3(*color))
    eye, target = (4.0, -9.0, 3.0), (4.0, 0.0, 1.0)
    show.look(eye, target)
    picture = show.draw(tmp_path)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    for channel, x in enumerate((0.0, 4.0, 8.0)):
        column, row = show.pixel((x, -0.25, 1.0), eye, target)
        pixel = picture[row, column]
        assert pixel[channel] > 60
        assert pixel.sum() - pixel[channel] < 60
    grabbed = np.asarray(ImageGrab.grab(xdisplay=on_display)).astype(int)[..., :3]
    matches = [  # a bare X server may put the window anywhere
        np.abs(grabbed[y : y + HEIGHT, x : x + WIDTH] - picture).mean()
        for y in range(0, 240 - HEIGHT + 1, 4)
        for x in range(0, 320 - WIDTH + 1, 4)
    ]
    assert picture.std() > 20
    assert min(matches) < 3.0
    size = show.gym.get_viewer_size(show.viewer)
    assert (size.x, size.y) == (WIDTH, HEIGHT)
    show.gym.destroy_viewer(show.viewer)
    with pytest.raises(RuntimeError, match="destroyed"):
        show.gym.draw_viewer(show.viewer, show.sim, True)
    show.gym.destroy_sim(show.sim)


def test_the_window_follows_step_graphics(world, on_display, tmp_path):
    show = Show(world, one_box)
    eye, target = (3.0, 0.0, 1.0), (0.0, 0.0, 1.0)
    show.look(eye, target)
    show.gym.set_rigid_body_color(show.envs[0], 0, 0, VISUAL, gymapi.Vec3(1, 0, 0))
    assert show.draw(tmp_path)[60, 80, 0] > 100
    show.world.seconds(1.0)  # it falls to the ground
    show.gym.draw_viewer(show.viewer, show.sim, True)
    show.gym.write_viewer_image_to_file(show.viewer, str(tmp_path / "again.png"))
    with Image.open(tmp_path / "again.png") as image:
        assert image.getpixel((80, 60))[0] > 100
    assert show.draw(tmp_path)[60, 80].max() - show.draw(tmp_path)[60, 80].min() < 60
    show.gym.destroy_sim(show.sim)


def test_camera_transforms_are_global_or_relative(world, on_display):
    show = Show(world, one_box, num_envs=2)
    show.look((1.0, 2.0, 3.0), (1.0, 5.0, 3.0), show.envs[1])  # whose origin is (4, 0, 0)
    at = show.gym.get_viewer_camera_transform
    here, there = at(show.viewer, show.envs[1]), at(show.viewer, None)
    assert (here.p.x, here.p.y, here.p.z) == pytest.approx((1, 2, 3))
    assert (there.p.x, there.p.y, there.p.z) == pytest.approx((5, 2, 3))
    ahead, up = there.r.rotate(gymapi.Vec3(0, 0, 1)), there.r.rotate(gymapi.Vec3(0, 1, 0))
    assert (ahead.x, ahead.y, ahead.z) == pytest.approx((0, 1, 0), abs=1e-6)
    assert (up.x, up.y, up.z) == pytest.approx((0, 0, 1), abs=1e-6)
    assert isinstance(show.gym.get_viewer_camera_handle(show.viewer), int)
    show.gym.destroy_sim(show.sim)


@pytest.mark.parametrize("kind", ["float32", "list", "Vec3"])
def test_lines_are_drawn_until_they_are_cleared(world, on_display, tmp_path, kind):
    show = Show(world, one_box, num_envs=2, ground=None, gravity=(0, 0, 0))
    eye, target = (4.0, -3.0, 1.0), (4.0, 0.0, 1.0)
    show.look(eye, target)
    ends = np.array([[-0.5, -1.0, 1.2, 0.5, -1.0, 1.2]], np.float32)
    colors = np.array([[1, 0, 1]], np.float32)
    if kind == "Vec3":
        ends = ends.view(gymapi.Vec3.dtype).reshape(1, 2)
        colors = colors.view(gymapi.Vec3.dtype).reshape(1)
    elif kind == "list":
        ends, colors = ends.tolist(), colors.tolist()

    def is_magenta(picture, x):
        column, row = show.pixel((x, -1.0, 1.2), eye, target)
        near = picture[row - 2 : row + 3, column]
        return bool(((near[:, 0] > 150) & (near[:, 2] > 150) & (near[:, 1] < 110)).any())

    show.gym.add_lines(show.viewer, show.envs[1], 1, ends, colors)
    picture = show.draw(tmp_path)
    assert is_magenta(picture, 4.0)
    show.gym.clear_lines(show.viewer)
    assert not is_magenta(show.draw(tmp_path), 4.0)
    show.gym.add_lines(show.viewer, None, 1, ends, colors)  # global: at the other environment
    assert not is_magenta(show.draw(tmp_path), 4.0)
    with pytest.raises(ValueError, match="vertices hold 6 numbers, 12 are needed"):
        show.gym.add_lines(show.viewer, None, 2, ends, colors)
    show.gym.destroy_sim(show.sim)


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool presses the keys")
def test_keys_and_buttons_make_events_when_pressed_and_released(world, on_display, tmp_path):
    show = Show(world, one_box)
    show.draw(tmp_path)
    gym, viewer = show.gym, show.viewer
    gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_ESCAPE, "QUIT")
    gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_V, "sync")
    gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_UP, "sync")
    gym.subscribe_viewer_mouse_event(viewer, gymapi.MOUSE_LEFT_BUTTON, "click")
    x, y = (int(part) for part in find_window(on_display))
    do(on_display, "mousemove", str(x + 40), str(y + 90), "key", "v", "key", "Up", "key", "Escape")
    do(on_display, "key", "b", "click", "1")
    events = collect(lambda: gym.query_viewer_action_events(viewer), 8)
    named = [(event.action, event.value) for event in events]
    expected = [("sync", 1.0), ("sync", 0.0)] * 2 + [("QUIT", 1.0), ("QUIT", 0.0)]
    assert named == [*expected, ("click", 1.0), ("click", 0.0)]
    assert gym.query_viewer_action_events(viewer) == []
    mouse = gym.get_viewer_mouse_position(viewer)
    assert (mouse.x, mouse.y) == pytest.approx((0.25, 0.75), abs=0.02)
    assert gym.query_viewer_has_closed(viewer) is False
    gym.destroy_sim(show.sim)


def do(display, *arguments):
    subprocess.run(["xdotool", *arguments], check=True, env={**os.environ, "DISPLAY": display})


def find_window(display):
    """Upper left corner of the viewer on the screen."""
    command = ["xdotool", "search", "--name", "Isaac Gym", "getwindowgeometry", "--shell"]
    text = subprocess.run(
        command, check=True, env={**os.environ, "DISPLAY": display}, capture_output=True, text=True
    ).stdout
    values = dict(line.split("=") for line in text.split())
    return values["X"], values["Y"]


def collect(query, count):
    """What queries return until there are `count` events, or two seconds passed."""
    found, end = [], time.monotonic() + 2.0
    while len(found) < count and time.monotonic() < end:
        found += query()
        time.sleep(0.01)
    return found


class FakeScreen:
    """A window without a display, for what happens behind it."""

    def __init__(self):
        self.waiting = []

    def poll(self):
        for event in self.waiting:
            self.on_input(*event)
        self.waiting = []

    def size(self):
        return (200, 100)


def test_keys_and_buttons_of_the_same_number_are_told_apart(world):
    w = world()
    screen = FakeScreen()
    viewer = WindowViewer(w.sim.graphics, screen, gymapi.CameraProperties())
    assert gymapi.KEY_SPACE == gymapi.MOUSE_LEFT_BUTTON  # as integers
    w.gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_SPACE, "pause")
    w.gym.subscribe_viewer_mouse_event(viewer, gymapi.MOUSE_LEFT_BUTTON, "click")
    screen.waiting = [(gymapi.KEY_SPACE, 1.0), (gymapi.MOUSE_LEFT_BUTTON, 1.0)]
    events = w.gym.query_viewer_action_events(viewer)
    assert [event.action for event in events] == ["pause", "click"]


@pytest.mark.parametrize("up", [(0.0, 0.0, 1.0), (0.0, 1.0, 0.0)])
def test_the_mouse_turns_moves_and_zooms_the_camera(world, up):
    axis = gymapi.UP_AXIS_Z if up[2] else gymapi.UP_AXIS_Y
    w = world(ground=None, up_axis=axis)
    screen = FakeScreen()
    viewer = WindowViewer(w.sim.graphics, screen, gymapi.CameraProperties())
    eye, target = np.array([3.0, 0.0, 0.0]), np.zeros(3)
    viewer.camera.place(eye, target)
    # A drag to the right by half the window's height turns the scene with the mouse
    drag = [(gymapi.MOUSE_LEFT_BUTTON, 1.0), (gymapi.MOUSE_MOVE_RIGHT, 50.0)]
    screen.waiting = [*drag, (gymapi.MOUSE_LEFT_BUTTON, 0.0), (gymapi.MOUSE_MOVE_RIGHT, 50.0)]
    viewer.poll()
    turned = np.cross(eye, up)  # a quarter turn clockwise from above
    np.testing.assert_allclose(viewer.camera.eye, turned, atol=1e-9)
    screen.waiting = [(gymapi.MOUSE_LEFT_BUTTON, 1.0), (gymapi.MOUSE_MOVE_DOWN, 25.0)]
    screen.waiting += [(gymapi.MOUSE_LEFT_BUTTON, 0.0)]
    viewer.poll()
    assert viewer.camera.eye @ up == pytest.approx(3 * np.sin(np.pi / 4))
    assert viewer.camera.distance == pytest.approx(3.0)
    screen.waiting = [(gymapi.MOUSE_SCROLL_UP, 2.0)]
    viewer.poll()
    assert viewer.camera.distance == pytest.approx(3 * 0.9**2)
    np.testing.assert_allclose(viewer.camera.target, target)
    screen.waiting = [(gymapi.MOUSE_RIGHT_BUTTON, 1.0), (gymapi.MOUSE_MOVE_UP, 10.0)]
    viewer.poll()
    assert viewer.camera.distance == pytest.approx(3 * 0.9**2)
    assert np.linalg.norm(viewer.camera.target) > 0.1
