"""LossSurface and CamLayer: their data against the real thing, and in Chromium."""

import io
from base64 import b64decode

import numpy as np
import pytest
import torch
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from resnet_lessons import data, figures, nets, probes
from resnet_lessons.figures.cam import DIGITS, letters
from resnet_lessons.widgets.cam_layer import DIGITS as THEIRS
from widget_data_seeing import surface_records
from widget_looks import POWERS, inside, said, shares, text
from widget_page import slide
from widget_registry import data_of, widget

SURFACE, CAM = 0, 1  # their order on the page


# Their data --------------------------------------------------------------------------


def test_the_surfaces_are_those_of_the_records():
    found, records = data_of("LossSurface"), surface_records()
    for net, record in zip(found["nets"], records, strict=True):
        assert net["name"] == record.title
        for one, seed in zip(net["seeds"], record.seeds, strict=True):
            assert one["seed"] == seed.seed
            for shown, plane in zip(
                one["planes"], seed.measured["planes"], strict=True
            ):
                assert shown["batch"] == plane["batch"]
                assert shown["running"] == plane["running"]
    assert found["axis"] == records[0].seeds[0].measured["axis"]


def test_letters_are_the_numbers_up_to_a_sixty_fourth():
    assert DIGITS == THEIRS and len(set(DIGITS)) == 64
    grid = torch.rand(12, 12)
    rows = letters(grid.tolist())
    back = torch.tensor([[DIGITS.index(c) / 63 for c in row] for row in rows])
    assert (back - grid).abs().max() <= 0.5 / 63 + 1e-6
    large = torch.rand(48, 48)
    rows = letters(large.tolist())
    back = torch.tensor([[DIGITS.index(c) / 63 for c in row] for row in rows])
    means = torch.nn.functional.avg_pool2d(large[None], 3)[0]
    assert (back - means).abs().max() <= 0.5 / 63 + 1e-6


def test_pictures_masks_and_maps_are_those_of_the_net():
    found = data_of("CamLayer")
    images, labels, masks = data.shapes(48, 4)
    names = data.find("pictures").classes
    for picture, image, label, mask in zip(
        found["pictures"], images, labels, masks.any(1), strict=True
    ):
        raw = b64decode(picture["image"].partition(",")[2])
        shown = np.asarray(Image.open(io.BytesIO(raw))).astype(int)
        assert np.abs(shown - image).mean() < 20  # JPEG of noise
        rows = ["".join(f"{int(c, 16):04b}" for c in row) for row in picture["mask"]]
        assert (np.array([[c == "1" for c in row] for row in rows]) == mask).all()
        assert picture["name"] == picture["classes"][0] == names[label]
    torch.manual_seed(0)
    net = nets.build("resnet-14-cifar", width=4)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 128 - 1
    with torch.no_grad():
        for _ in range(3):
            net.train()(x)
    block = net.stages[2][0]
    other = torch.tensor([(int(label) + 3) % 10 for label in labels])
    want = probes.grad_cam(net, block, x, other)
    layer = found["layers"][5]
    assert layer["name"] == "stage 3, block 1" and layer["side"] == 12
    share = probes.mass_inside(
        probes.enlarged(want, 48), torch.from_numpy(masks.any(1))
    )
    for number in range(4):
        rows = layer["maps"][number][1]
        shown = torch.tensor([[DIGITS.index(c) / 63 for c in row] for row in rows])
        top = want[number].max()
        if top == 0:
            assert layer["inside"][number][1] is None and not shown.any()
            continue
        torch.testing.assert_close(shown, want[number] / top, atol=0.009, rtol=0)
        assert layer["inside"][number][1] == pytest.approx(share[number].item(), 1e-4)


# In the browser ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    return [widget("LossSurface"), widget("CamLayer")]


def press(page, which, label, name):
    (group,) = [
        g
        for g in inside(page, which, ".rl-control[role=group]")
        if g.accessible_name == label
    ]
    (button,) = [b for b in group.find_elements("css selector", "button")
                 if b.text == name]  # fmt: skip
    button.click()


# Of surface k: the height on the screen of each corner of the grid, seen from the side.
CORNERS = """
const chart = document.querySelectorAll('.surf-stage svg')[arguments[0]];
const polygons = [...chart.querySelectorAll('.surf-cells polygon')];
return polygons.flatMap(p => p.getAttribute('points').split(' ')
  .map(c => c.split(',').map(Number)));
"""
AXIS = """
const chart = document.querySelectorAll('.surf-stage svg')[arguments[0]];
return [...chart.querySelectorAll('.surf-front text')].map(t =>
  [t.textContent, Number(t.getAttribute('y')) - 4]);
"""


def portion(share):
    """As the widget says a share."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.{int(0 < share < 0.0995)}f} %"


def seen_losses(page, which, log=False):
    """All losses of a surface, read off its drawing: tilt 0 shows it from the side."""
    marks = page.js(AXIS, which)
    assert len(marks) > 1
    value = [
        float(label.translate(POWERS)[2:]) if log else float(label)
        for label, _ in marks
    ]
    slope, start = np.polyfit([y for _, y in marks], value, 1)
    found = {round(start + slope * y, 2) for _, y in page.js(CORNERS, which)}
    return sorted(found)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("seed", "cut", "plane", "kind"),
    [
        (0, "plane 1", 0, "batch"),
        (1, "plane 2", 1, "batch"),
        (1, "plane 1, running statistics", 0, "running"),
    ],
)
def test_heights_are_the_losses_of_the_data(page, shown, seed, cut, plane, kind):
    press(page, SURFACE, "Seed", str(seed))
    press(page, SURFACE, "Cut", cut)
    slider = inside(page, SURFACE, "input[type=range]")[1]
    slider.send_keys(Keys.HOME)
    assert slider.get_attribute("aria-valuetext") == "0°"
    log = kind == "running"
    for number, net in enumerate(shown[SURFACE].data["nets"]):
        grid = np.array(net["seeds"][seed]["planes"][plane][kind])
        want = np.log10(grid) if log else grid
        seen = seen_losses(page, number, log)
        assert seen[0] == pytest.approx(want.min(), abs=0.02)
        assert seen[-1] == pytest.approx(want.max(), abs=0.02)
        middle = grid[len(grid) // 2][len(grid) // 2]
        words = f"{net['name']}: {figures.number(middle, 3)} in the middle"
        assert words in said(page, SURFACE)
        dents = probes.dents(grid.tolist())
        steps = 8 * (len(grid) // 2)
        count = round(dents * steps)
        go = "goes" if count == 1 else "go"
        words = f"{count} of {steps} steps outwards {go} down after"
        assert words in said(page, 0)
    assert ("powers of ten" in said(page, SURFACE)) == log


@pytest.mark.browser
def test_near_cells_cover_far_ones_at_every_angle(page):
    """Drawn last is nearest: seen from above, that is lowest on the screen."""
    script = """
    const chart = document.querySelector('.surf-stage svg');
    return [...chart.querySelectorAll('.surf-cells polygon')].map(p => {
      const ys = p.getAttribute('points').split(' ').map(c => Number(c.split(',')[1]));
      return ys.reduce((a, b) => a + b) / ys.length; });
    """
    turn, tilt = inside(page, SURFACE, "input[type=range]")[:2]
    tilt.send_keys(Keys.END)  # from above heights do not count
    turn.send_keys(Keys.HOME)
    for _ in range(12):
        heights = np.array(page.js(script))
        side = round(len(heights) ** 0.5)
        # Within each row of the loop, and from row to row, never back to the far side.
        rows = heights.reshape(side, side)
        assert (np.diff(rows, axis=1) > -0.3).all()
        assert (np.diff(rows, axis=0) > -0.3).all()
        turn.send_keys(Keys.ARROW_RIGHT * 6)


@pytest.mark.browser
def test_both_surfaces_turn_together_by_keys_and_by_mouse(page):
    before = [page.js(CORNERS, k) for k in (0, 1)]
    slider = inside(page, SURFACE, "input[type=range]")[0]
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "−30°"
    keyed = [page.js(CORNERS, k) for k in (0, 1)]
    assert all(a != b for a, b in zip(before, keyed, strict=True))
    stage = inside(page, SURFACE, ".surf-stage")[0]
    tilt = inside(page, SURFACE, "input[type=range]")[1]
    start = tilt.get_attribute("aria-valuetext")
    ActionChains(page.driver).click_and_hold(stage).move_by_offset(60, 45).release(
    ).perform()  # fmt: skip
    dragged = [page.js(CORNERS, k) for k in (0, 1)]
    assert all(a != b for a, b in zip(keyed, dragged, strict=True))
    assert slider.get_attribute("aria-valuetext") == "−60°"  # half a degree a pixel
    assert tilt.get_attribute("aria-valuetext") != start
    assert page.driver.switch_to.active_element == slider  # arrow keys go on from here
    ActionChains(page.driver).move_by_offset(30, 0).perform()  # the button is up
    assert [page.js(CORNERS, k) for k in (0, 1)] == dragged


@pytest.mark.browser
def test_a_finger_turns_and_leaves_scrolling_to_the_page(page):
    script = """
    const stage = document.querySelector('.surf-stage');
    const finger = { pointerId: 7, pointerType: 'touch', buttons: 1, bubbles: true };
    const send = (type, x, y) => stage.dispatchEvent(new PointerEvent(type,
      { ...finger, clientX: x, clientY: y }));
    stage.setPointerCapture = () => {};
    send('pointerdown', 100, 100); send('pointermove', 140, 180); send('pointerup');
    return getComputedStyle(stage).touchAction;
    """
    turn, tilt = inside(page, SURFACE, "input[type=range]")[:2]
    start = tilt.get_attribute("aria-valuetext")
    assert page.js(script) == "pan-y"
    assert turn.get_attribute("aria-valuetext") == "−55°"
    assert tilt.get_attribute("aria-valuetext") == start


@pytest.mark.browser
def test_of_two_fingers_only_the_last_one_turns(page):
    turn = inside(page, SURFACE, "input[type=range]")[0]
    start = page.js("""
    const stage = document.querySelector('.surf-stage');
    const send = (type, pointerId, clientX) =>
      stage.dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 100,
        pointerType: 'touch', buttons: 1, bubbles: true }));
    stage.setPointerCapture = () => {};
    const value = document.querySelectorAll('input[type=range]')[0].value;
    send('pointerdown', 2, 100); send('pointerdown', 3, 400);
    send('pointermove', 2, 90); send('pointermove', 3, 400);
    send('pointerup', 3, 400); send('pointerup', 2, 90);
    return value;
    """)
    assert turn.get_attribute("value") == start


@pytest.mark.browser
def test_only_the_first_button_turns_and_only_while_it_is_down(page):
    script = """
    const stage = document.querySelector('.surf-stage');
    const send = (type, clientX, button, buttons) =>
      stage.dispatchEvent(new PointerEvent(type,
        { pointerId: 1, clientX, clientY: 100, button, buttons, bubbles: true }));
    stage.setPointerCapture = () => {};
    const [button, after] = arguments;
    send('pointerdown', 100, button, button ? 2 : 1);
    send('pointermove', 160, -1, after);  // pointerup was not heard
    send('pointermove', 220, -1, 1);  // down again, elsewhere
    """
    before = page.js(CORNERS, 0)
    page.js(script, 2, 2)
    assert page.js(CORNERS, 0) == before
    page.js(script, 0, 0)
    assert page.js(CORNERS, 0) == before
    page.js(script, 0, 1)
    assert page.js(CORNERS, 0) != before


@pytest.mark.browser
def test_turning_goes_all_the_way_round(page):
    turn = inside(page, SURFACE, "input[type=range]")[0]
    turn.send_keys(Keys.HOME)
    start = page.js(CORNERS, 0)
    turn.send_keys(Keys.END)
    assert sorted(map(tuple, page.js(CORNERS, 0))) == sorted(map(tuple, start))


@pytest.mark.browser
def test_the_angle_is_read_out_for_the_buttons_and_not_twice_for_the_slider(page):
    """No sentence has it, and a slider says its own value."""
    script = "return [document.querySelector('output').ariaLive, arguments[0].value]"
    turn = inside(page, SURFACE, "input[type=range]")[0]
    assert page.js(script, turn)[0] == "off"
    more = inside(page, SURFACE, "[aria-label='Turn: more']")[0]
    before = int(turn.get_attribute("value"))
    more.click()
    assert page.js(script, turn) == ["polite", str(before + 1)]
    turn.send_keys(Keys.ARROW_LEFT)
    assert page.js(script, turn) == ["off", str(before)]
    more.send_keys(Keys.ENTER)
    assert page.js(script, turn) == ["polite", str(before + 1)]


CANVAS = """
const canvas = document.querySelectorAll('.cam-heat')[1];
const { width, height } = canvas;
const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
return [width, [...data].filter((_, k) => k % 4 === 3)];
"""


@pytest.mark.browser
@pytest.mark.parametrize(("picture", "layer", "asked"), [(0, 0, 0), (2, 5, 1)])
def test_the_map_is_that_of_the_data(page, shown, picture, layer, asked):
    found = shown[CAM].data
    inside(page, CAM, ".rl-choice")[0].find_elements("css selector", "button")[
        picture
    ].click()
    slide(page, CAM, layer)
    of = found["pictures"][picture]
    press(page, CAM, "Ask about", of["classes"][asked])
    chosen = found["layers"][layer]
    width, opaque = page.js(CANVAS)
    rows = chosen["maps"][picture][asked]
    assert width == len(rows)
    want = [DIGITS.index(c) / 63 for row in rows for c in row]
    want = [round(255 * min(1, 0.25 + 0.9 * v)) for v in want]
    assert opaque == pytest.approx(want, abs=1)
    share = chosen["inside"][picture][asked]
    sentence = said(page, CAM)
    assert f"{of['classes'][asked]}: the net gives it" in sentence
    assert f"gives it {portion(of['probabilities'][asked])}." in sentence
    words = "no place" if share is None else f"{portion(share)} of the map"
    assert words in sentence and chosen["name"] in sentence
    assert text(page, CAM, ".cam-on .cam-share") == [
        "–" if share is None else portion(share)
    ]
    wanted = [row["inside"][picture][asked] or 0 for row in found["layers"]]
    assert shares(page, ".cam-row .rl-bar span") == pytest.approx(wanted, abs=0.01)


@pytest.mark.browser
def test_the_outline_encloses_the_shapes_and_can_be_hidden(page, shown):
    rows = shown[CAM].data["pictures"][0]["mask"]
    cells = "".join(f"{int(c, 16):04b}" for row in rows for c in row)
    area = cells.count("1") / len(cells)
    assert f"cover {round(100 * area)} % of the picture" in said(page, CAM)
    script = """
    const path = document.querySelector('.cam-over');
    return path.getAttribute('d').split('M').slice(1).map(step =>
      [step.includes('h'), ...step.split(/[ hv]/).map(Number).slice(0, 2)]);
    """
    mask = np.array([[c == "1" for c in f"{int(row, 16):048b}"] for row in rows])
    padded = np.pad(mask, 1)
    edges = sum(np.diff(padded.astype(int), axis=a).astype(bool).sum() for a in (0, 1))
    assert len(page.js(script)) == edges
    edge = inside(page, CAM, ".cam-edge")[1]
    assert edge.is_displayed()
    inside(page, CAM, "input[type=checkbox]")[0].click()
    assert not edge.is_displayed()


@pytest.mark.browser
def test_the_table_names_its_columns_and_what_it_holds(page, shown):
    heads = text(page, CAM, "[role=columnheader]")
    assert heads == ["Layer", "Share"]
    layers = shown[CAM].data["layers"]
    rows = [t.split("\n") for t in text(page, CAM, "[role=row]")][1:]
    assert [row[0] for row in rows] == [layer["name"] for layer in layers]
    of = shown[CAM].data["pictures"][0]
    (table,) = inside(page, CAM, "[role=table]")
    press(page, CAM, "Ask about", of["classes"][1])
    asked = f"{of['name']}, asked about {of['classes'][1]}"
    assert table.accessible_name.endswith(asked)
    key, share = text(page, CAM, ".cam-title")[0].split("picture, ")
    assert key.startswith("Share of the map on the shapes")
    assert f"cover {share} of the picture" in said(page, CAM)


@pytest.mark.browser
def test_the_picture_that_is_shown_keeps_what_was_asked(page, shown):
    of = shown[CAM].data["pictures"][0]
    press(page, CAM, "Ask about", of["classes"][1])
    before = said(page, CAM)
    press(page, CAM, "Picture", of["name"])
    assert said(page, CAM) == before and before.startswith(of["classes"][1])
    press(page, CAM, "Picture", shown[CAM].data["pictures"][1]["name"])
    assert said(page, CAM) != before


@pytest.mark.browser
def test_another_picture_brings_its_own_classes(page, shown):
    for picture in shown[CAM].data["pictures"]:
        press(page, CAM, "Picture", picture["name"])
        assert text(page, CAM, ".cam-classes button") == picture["classes"]
        images = inside(page, CAM, ".cam-stack img")
        assert [i.get_attribute("src") for i in images] == [picture["image"]] * 2
