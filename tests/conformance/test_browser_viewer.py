"""The viewer in a web browser: what the page is told, and what it tells the program."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.graphics.browser_viewer import BrowserViewer

pytest.importorskip("viser", reason="the extra browser is not installed")
from web_page import WebPage, until

VISUAL = gymapi.MESH_VISUAL
SPACING = 2.0
MIXED = """<mujoco><default><geom contype="0" conaffinity="0"/></default>
<worldbody><body><freejoint/>
<geom type="box" size="0.1 0.2 0.3" pos="1 0 0" rgba="1 0 0 1"/>
<geom type="capsule" size="0.1 0.3" pos="0 1 0" quat="0.6 0 0.8 0" rgba="0 1 0 1"/>
<geom type="cylinder" size="0.2 0.4" pos="0 0 1" rgba="0 0 1 0.5"/>
<geom type="ellipsoid" size="0.1 0.2 0.3" pos="0 -1 0" rgba="1 1 0 1"/>
</body></worldbody></mujoco>"""


class Watched:
    """A prepared world with a viewer that a page can be opened of."""

    opened = False
    """Whether one was, which pictures are not drawn before."""

    def __init__(self, world, place, monkeypatch, edit=None, **params):
        monkeypatch.setenv("HUMANOID_GYM_VIEWER", "browser:0")
        self.world = world(**params)
        self.gym, self.sim = self.world.gym, self.world.sim
        self.sim.graphics_device = 0  # World creates its simulations without one
        place(self.world)
        self.world.start(spacing=SPACING, edit=edit)
        self.envs = self.world.envs
        properties = gymapi.CameraProperties()
        properties.width, properties.height = 160, 120
        self.viewer = self.gym.create_viewer(self.sim, properties)
        assert isinstance(self.viewer, BrowserViewer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gym.destroy_sim(self.sim)

    def page(self):
        self.opened = True
        return WebPage(self.viewer.address)

    def look(self, eye, target):
        points = gymapi.Vec3(*eye), gymapi.Vec3(*target)
        self.gym.viewer_camera_look_at(self.viewer, None, *points)

    def draw(self):
        assert not self.opened or until(self.viewer.watched)
        self.gym.step_graphics(self.sim)
        self.viewer._next_picture = 0.0  # whatever the time
        self.gym.draw_viewer(self.viewer, self.sim, True)


def one_box(world):
    world.place(world.box(0.5, 0.5, 0.5), (0, 0, 1.0))


def shapes(page, count):
    """What the page shows: centre, extents along the world's axes and RGB of each shape."""
    found = []
    for name, node in list(page.nodes.items()):
        if not name.startswith("/shapes/"):
            continue
        vertices = np.reshape(node["vertices"], (-1, 3))
        places = np.reshape(node["batched_positions"], (-1, 3))
        quats = np.reshape(node["batched_wxyzs"], (-1, 4))
        scales = np.reshape(node["batched_scales"], (-1, 3))
        colors = np.broadcast_to(np.reshape(node["batched_colors"], (-1, 3)), places.shape)
        for place, quat, scale, color in zip(places, quats, scales, colors, strict=True):
            corners = rotated(quat, vertices * scale) + place
            extents = np.ptp(corners, axis=0)
            found.append((corners.min(axis=0) + extents / 2, extents, tuple(color.tolist())))
    return found if len(found) == count else None


def rotated(wxyz, vectors):
    """By q v q*, the vectors' scalar part being 0."""
    w, axis = wxyz[0], wxyz[1:]
    across = np.cross(axis, vectors)
    return vectors + 2 * (w * across + np.cross(axis, across))


def test_the_page_shows_shapes_where_they_are(world, monkeypatch):
    def place(w):
        w.place(w.mjcf(MIXED), (0, 0, 1))

    with Watched(world, place, monkeypatch, num_envs=2, gravity=(0, 0, 0)) as show:
        poses = show.world.root.clone()
        half = 0.5**0.5
        poses[1, :3] = torch.tensor([0.5, -0.25, 2.0])
        poses[1, 3:7] = torch.tensor([0.0, 0.0, half, half])  # a quarter turn about z
        show.world.set("actor_root_state", poses)
        eye, target = (9.0, 1.0, 3.0), (4.0, 1.0, 1.0)
        show.look(eye, target)
        with show.page() as page:
            show.draw()
            expected = {  # place and extents in the body; (x, y) -> (-y, x) for the second
                (255, 0, 0): ((1, 0, 0), (0.2, 0.4, 0.6)),
                (0, 255, 0): ((0, 1, 0), (0.2 + 0.6 * 0.96, 0.2, 0.2 + 0.6 * 0.28)),
                (0, 0, 255): ((0, 0, 1), (0.4, 0.4, 0.8)),
                (255, 255, 0): ((0, -1, 0), (0.2, 0.4, 0.6)),
            }
            assert until(lambda: len(colors_of(shapes(page, 8))) == 4), shapes(page, 8)
            for center, extents, color in shapes(page, 8):
                at, size = (np.array(values) for values in expected[color])
                first = np.array([0.0, 0.0, 1.0]) + at - target
                second = np.array([4.5 - at[1], -0.25 + at[0], 2.0 + at[2]]) - target
                is_second = np.abs(center - second).max() < np.abs(center - first).max()
                place, size = (second, size[[1, 0, 2]]) if is_second else (first, size)
                np.testing.assert_allclose(center, place, atol=1e-5)
                np.testing.assert_allclose(extents, size, rtol=0.01)  # of polygons
            opacities = [
                set(node["batched_opacities"].tolist())
                for name, node in list(page.nodes.items())
                if name.startswith("/shapes/")
            ]
            assert sorted(opacities, key=min) == [{0.5}, {1.0}, {1.0}, {1.0}]


def colors_of(found):
    return {color for _, _, color in found or []}


def test_the_page_follows_step_graphics_and_colors(world, monkeypatch):
    with Watched(world, one_box, monkeypatch, num_envs=2) as show, show.page() as page:
        show.look((4.0, 0.0, 1.0), (0.0, 0.0, 1.0))
        show.draw()
        assert until(lambda: shapes(page, 2))
        np.testing.assert_allclose(min(c[2] for c, *_ in shapes(page, 2)), 0.0, atol=1e-5)
        show.world.seconds(1.0)  # they fall to the ground
        show.gym.set_rigid_body_color(show.envs[1], 0, 0, VISUAL, gymapi.Vec3(0, 1, 0))
        show.draw()
        rest = 0.25 - 1.0
        assert until(lambda: abs(shapes(page, 2)[0][0][2] - rest) < 0.01)
        assert until(lambda: (0, 255, 0) in colors_of(shapes(page, 2)))
        assert len(colors_of(shapes(page, 2))) == 2


def test_scaled_actors_are_shown_scaled(world, monkeypatch):
    def edit(gym, env, index):
        gym.set_actor_scale(env, 0, 1.0 + index)

    options = {"num_envs": 2, "edit": edit, "gravity": (0, 0, 0)}
    with Watched(world, one_box, monkeypatch, **options) as show, show.page() as page:
        show.draw()
        assert until(lambda: shapes(page, 2))
        assert sizes(page) == pytest.approx([0.5, 1.0], rel=1e-6)
        show.gym.set_actor_scale(show.envs[0], 0, 3.0)  # while it is watched
        show.world.step()
        show.draw()
        assert until(lambda: sizes(page) == pytest.approx([1.0, 1.5], rel=1e-6))


def sizes(page):
    return sorted(extents[0] for _, extents, _ in shapes(page, 2) or [])


def test_the_world_moves_in_place_of_the_users_camera(world, monkeypatch):
    with Watched(world, one_box, monkeypatch, gravity=(0, 0, 0)) as show, show.page() as page:
        show.look((5.0, 0.0, 3.0), (0.0, 0.0, 1.0))
        show.draw()
        assert until(lambda: page.camera["position"] == pytest.approx((5, 0, 2)))
        assert until(lambda: page.camera["look_at"] == pytest.approx((0, 0, 0)))
        assert until(lambda: world_position(page) == pytest.approx((0, 0, -1)))
        ground = page.nodes["/world"]
        page.look((0.0, 4.0, 2.0), (0.0, 0.0, 0.5))  # the user looks from elsewhere
        assert until(lambda: transform(show)[:3] == pytest.approx((0, 4, 3)))
        show.look((2.0, 4.0, 3.0), (2.0, 0.0, 1.5))  # the program follows by 2 m along x
        show.draw()
        assert until(lambda: world_position(page) == pytest.approx((-2, 0, -1)))
        assert page.camera["position"] == (0.0, 4.0, 2.0)
        center = shapes(page, 1)[0][0]
        np.testing.assert_allclose(center, (-2, 0, 0), atol=1e-5)
        assert ground is page.nodes["/world"]  # nothing was sent anew


def test_what_program_and_user_do_to_the_camera_at_once_both_counts(world, monkeypatch):
    with Watched(world, one_box, monkeypatch, gravity=(0, 0, 0)) as show, show.page() as page:
        show.look((5.0, 0.0, 3.0), (0.0, 0.0, 1.0))
        show.draw()
        assert until(lambda: page.camera["position"] == pytest.approx((5, 0, 2)))
        page.look((5.0, 0.0, 2.0), (0.0, 0.0, 0.0))
        assert until(lambda: not show.viewer._inbox.empty())
        show.look((6.0, 0.0, 3.0), (1.0, 0.0, 1.0))
        show.draw()
        assert transform(show)[:3] == pytest.approx((6, 0, 3))
        assert until(lambda: world_position(page) == pytest.approx((-1, 0, -1)))


def world_position(page):
    return tuple(page.nodes.get("/world", {"position": ()})["position"])


def transform(show):
    """Where the program is told its camera is."""
    show.gym.poll_viewer_events(show.viewer)
    pose = show.gym.get_viewer_camera_transform(show.viewer, None)
    return pose.p.x, pose.p.y, pose.p.z


def test_keys_are_buttons_and_clicks_are_told(world, monkeypatch):
    with Watched(world, one_box, monkeypatch) as show, show.page() as page:
        gym, viewer = show.gym, show.viewer
        gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_SPACE, "pause")
        gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_PAGE_UP, "faster")
        gym.subscribe_viewer_keyboard_event(viewer, gymapi.KEY_F1, "help")
        gym.subscribe_viewer_mouse_event(viewer, gymapi.MOUSE_LEFT_BUTTON, "shoot")
        labels = {"Close viewer", "pause (space)", "faster (page_up)", "help (f1)"}
        assert until(lambda: set(page.buttons.values()) == labels)
        assert until(lambda: set(page.commands.values()) == {"space", "pageup"})
        assert until(lambda: page.clicks_wanted)
        show.draw()
        page.press_key("space")
        assert events(show) == [("pause", 1.0), ("pause", 0.0)]
        page.press_button("help (f1)")
        assert events(show) == [("help", 1.0), ("help", 0.0)]
        ray = {"ray_origin": (0.0, 0.0, 5.0), "ray_direction": (0.0, 0.0, -1.0), "modifier": None}
        page.send("ScenePointerMessage", event_type="click", screen_pos=((0.25, 0.75),), **ray)
        assert events(show) == [("shoot", 1.0), ("shoot", 0.0)]
        mouse = gym.get_viewer_mouse_position(viewer)
        assert (mouse.x, mouse.y) == pytest.approx((0.25, 0.75))
        assert gym.query_viewer_action_events(viewer) == []
        assert not gym.query_viewer_has_closed(viewer)
        page.press_button("Close viewer")
        assert until(lambda: gym.query_viewer_has_closed(viewer))


def events(show):
    found = []
    assert until(
        lambda: found.extend(show.gym.query_viewer_action_events(show.viewer)) or len(found) == 2
    )
    return [(event.action, event.value) for event in found]


def test_lines_come_and_go(world, monkeypatch):
    with Watched(world, one_box, monkeypatch, num_envs=2) as show, show.page() as page:
        ends = np.array([[0.0, 0.0, 1.0, 1.0, 0.0, 1.0]], np.float32)
        colors = np.array([[1.0, 0.0, 1.0]], np.float32)
        show.gym.add_lines(show.viewer, show.envs[1], 1, ends, colors)  # whose origin is (4, 0, 0)
        show.draw()
        assert until(lambda: "/world/lines" in page.nodes)
        lines = page.nodes["/world/lines"]
        np.testing.assert_allclose(lines["points"], [4, 0, 1, 5, 0, 1])
        assert lines["colors"].tolist() == [255, 0, 255] * 2
        show.gym.clear_lines(show.viewer)
        show.draw()
        assert until(lambda: "/world/lines" not in page.nodes)


def test_lines_that_change_are_not_new_ones(world, monkeypatch):
    with Watched(world, one_box, monkeypatch) as show, show.page() as page:
        ends = np.array([[0, 0, 1, 1, 0, 1], [0, 0, np.nan, 1, 0, 1]], np.float32)
        for count in (1, 3):
            show.gym.clear_lines(show.viewer)
            for _ in range(count):  # the second line of each has an end that is nowhere
                show.gym.add_lines(show.viewer, None, 2, ends, np.ones((2, 3), np.float32))
            show.draw()
            assert until(lambda: "/world/lines" in page.nodes)
            lines = page.nodes["/world/lines"]
            if count == 1:
                first = lines
            assert until(lambda: len(lines["points"]) == 6 * count)  # noqa: B023
            np.testing.assert_array_equal(
                np.reshape(lines["points"], (-1, 6)), ends[:1].repeat(count, 0)
            )
        assert lines is first
        assert until(lambda: len(lines["colors"]) == 6 * count)


def test_a_page_is_never_told_of_nan(world, monkeypatch):
    with Watched(world, one_box, monkeypatch, num_envs=2, gravity=(0, 0, 0)) as show:
        with show.page() as page:
            show.look((5.0, 0.0, 3.0), (0.0, 0.0, 1.0))
            show.draw()
            assert until(lambda: shapes(page, 2))
            root = show.world.root.clone()
            root[0, 1], root[1] = 0.5, torch.nan
            show.world.set("actor_root_state", root)
            show.look((torch.nan, 0.0, 3.0), (0.0, 0.0, 1.0))
            show.draw()
            assert until(lambda: shapes(page, 2)[0][0][1] == pytest.approx(0.5))
            centers = np.array([center for center, *_ in shapes(page, 2)])
            np.testing.assert_allclose(centers, [[0, 0.5, 0], [4, 0, 0]], atol=1e-5)
        with show.page() as page:  # one that comes now
            show.draw()
            assert until(lambda: shapes(page, 2))
            assert np.isfinite([center for center, *_ in shapes(page, 2)]).all()


def test_a_first_picture_of_failed_simulations(world, monkeypatch):
    with Watched(world, one_box, monkeypatch, gravity=(0, 0, 0)) as show, show.page() as page:
        show.world.set("actor_root_state", torch.full_like(show.world.root, torch.nan))
        show.draw()
        assert until(lambda: shapes(page, 1))
        assert np.isfinite(shapes(page, 1)[0][0]).all()


def test_the_environments_near_what_the_camera_looks_at_are_shown(world, monkeypatch):
    from humanoid_gym.engine.graphics import browser_scene

    with Watched(world, one_box, monkeypatch, num_envs=16, gravity=(0, 0, 0)) as show:
        shapes_of_one = show.sim.graphics.display.shown.model.ngeom
        monkeypatch.setattr(browser_scene, "MAX_SHAPES", 4 * shapes_of_one)
        for index, env in enumerate(show.envs):
            color = gymapi.Vec3(index / 15, 0, 0)
            show.gym.set_rigid_body_color(env, 0, 0, VISUAL, color)
        with show.page() as page:
            for corner in (0, 15):
                place = show.envs[corner].origin
                show.look((place.x + 3.0, place.y, 3.0), (place.x, place.y, 1.0))
                show.draw()
                red = 17 * corner
                assert until(lambda: (red, 0, 0) in colors_of(shapes(page, 4)))  # noqa: B023
                center = next(c for c, _, color in shapes(page, 4) if color == (red, 0, 0))
                np.testing.assert_allclose(center, (0, 0, 0), atol=1e-4)  # where the camera looks


def test_the_programs_keys_do_not_move_the_pages_camera(world, monkeypatch):
    with Watched(world, one_box, monkeypatch) as show, show.page() as page:
        for key in (gymapi.KEY_SPACE, gymapi.KEY_UP, gymapi.KEY_W):
            show.gym.subscribe_viewer_keyboard_event(show.viewer, key, "act")
        assert until(lambda: [c for c in page.html.values() if "'ArrowUp KeyW'" in c])
        assert len(page.html) == 1
        assert "event.repeat" in next(iter(page.html.values()))  # a key that is held: one press


def test_without_a_page_there_is_no_pace(world, monkeypatch):
    with Watched(world, one_box, monkeypatch) as show:
        waits = []
        monkeypatch.setattr(show.sim.clock, "_sleep", waits.append)
        with show.page() as page:
            show.draw()
            assert show.viewer.watched()
            assert until(lambda: show.gym.get_viewer_size(show.viewer).x == 400)
            del page
        assert until(lambda: not show.viewer.watched())
        for _ in range(100):  # of 1/60 s each, without a wait
            show.world.step()
            show.gym.sync_frame_time(show.sim)
        assert not waits
        with show.page():
            assert until(show.viewer.watched)
            show.gym.sync_frame_time(show.sim)
            assert not waits  # what was ahead of real time is not made up for
            show.world.step()
            show.gym.sync_frame_time(show.sim)
            assert len(waits) <= 1
            assert sum(waits) <= show.world.dt


def test_the_first_picture_waits_for_a_page(world, monkeypatch, caplog):
    from humanoid_gym.engine.graphics import browser_viewer

    with Watched(world, one_box, monkeypatch) as show:
        pages = []

        def open_page(_):
            if not pages:
                pages.append(show.page().__enter__())

        monkeypatch.setattr(browser_viewer.time, "sleep", open_page)
        show.draw()
        assert show.viewer.address in caplog.text
        assert until(lambda: shapes(pages[0], 1))
        pages[0].__exit__()


def test_pictures_in_files_need_no_page(world, monkeypatch, tmp_path):
    from PIL import Image

    with Watched(world, one_box, monkeypatch) as show:
        with pytest.raises(RuntimeError, match="call draw_viewer first"):
            show.gym.write_viewer_image_to_file(show.viewer, str(tmp_path / "early.png"))
        show.viewer._awaited = False
        show.look((3.0, 0.0, 1.0), (0.0, 0.0, 1.0))
        show.gym.set_rigid_body_color(show.envs[0], 0, 0, VISUAL, gymapi.Vec3(1, 0, 0))
        show.draw()
        show.gym.write_viewer_image_to_file(show.viewer, str(tmp_path / "picture.png"))
        with Image.open(tmp_path / "picture.png") as image:
            assert image.size == (160, 120)
            red, green, _ = image.getpixel((80, 60))
        assert red > 3 * green
