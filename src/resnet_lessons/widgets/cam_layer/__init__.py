"""Chapter 13: where Grad-CAM looks, layer by layer."""

from string import ascii_lowercase, ascii_uppercase, digits

import traitlets

from resnet_lessons.widgets.base import LessonWidget, need, need_keys, need_numbers

SIDE = 16  # cells of a map on a side, at most
DIGITS = ascii_uppercase + ascii_lowercase + digits + "+/"
KEYS = ("image", "mask", "name", "classes", "probabilities")


class CamLayer(LessonWidget):
    """Slide through the layers; see where Grad-CAM looks on drawn pictures.

    `data` comes from `figures.cam_data`:

    - `pictures`: for each its `image` (a data address), its `mask` (where the shapes
      are: a row is a hexadecimal number, four pixels a digit), its `name`, the
      `classes` that were asked about and the `probabilities` that the net gives them
    - `layers`: for each its `name`, its `side` (places of the layer), `maps[picture]
      [class]`: rows of letters, A for 0 to / for the largest value of the map, on at
      most 16 cells a side; and `inside[picture][class]`, the share of the map that lies
      on the shapes, None for a map of zeros
    - `note`: one line on what was measured

    Raises UsageError when a list has the wrong length. Source: chapter 13.
    """

    reserve = traitlets.List([1152, 1235]).tag(sync=True)

    def check(self, data):
        need_keys(data, ("pictures", "layers", "note"), "CamLayer")
        need(isinstance(data["note"], str), "note must be one line of text.")
        need(data["pictures"], "give at least one picture.")
        need(len(data["layers"]) > 1, "a slider needs two layers or more.")
        for picture in data["pictures"]:
            need_keys(picture, KEYS, "CamLayer, picture")
            self._check_picture(picture, picture["name"])
        for layer in data["layers"]:
            need_keys(layer, ("name", "side", "maps", "inside"), "CamLayer, layer")
            for key in ("maps", "inside"):
                same = len(layer[key]) == len(data["pictures"])
                need(same, f"{layer['name']}: {key} need one entry per picture.")
            for number, picture in enumerate(data["pictures"]):
                self._check_maps(layer, number, picture)

    @staticmethod
    def _check_picture(picture, name):
        image = picture["image"]
        need(image.startswith("data:image/"), f"{name}: image must be a data address.")
        rows = picture["mask"]
        square = rows and {4 * len(row) for row in rows} == {len(rows)}
        good = square and set("".join(rows)) <= set("0123456789abcdef")
        need(good, f"{name}: mask must be square, in hexadecimal rows.")
        need(set("".join(rows)) != {"0"}, f"{name}: the mask is empty.")
        need(picture["classes"], f"{name}: ask about one class or more.")
        shares = picture["probabilities"]
        need_numbers(shares, len(picture["classes"]), f"{name}: probabilities")
        need(max(shares) <= 1, f"{name}: probabilities run from 0 to 1.")

    @staticmethod
    def _check_maps(layer, number, picture):
        name = f"{layer['name']}, {picture['name']}"
        maps, shares = layer["maps"][number], layer["inside"][number]
        asked = len(picture["classes"])
        need(len(maps) == len(shares) == asked, f"{name}: one map for each class.")
        for rows in maps:
            square = rows and {len(row) for row in rows} == {len(rows)}
            need(square and len(rows) <= SIDE, f"{name}: a map has up to {SIDE} rows.")
            need(set("".join(rows)) <= set(DIGITS), f"{name}: a map holds letters.")
        known = [share for share in shares if share is not None]
        need_numbers(known, len(known), f"{name}: inside")
        need(all(share <= 1 for share in known), f"{name}: inside runs from 0 to 1.")

    def summary(self):
        layers, pictures = self.data["layers"], self.data["pictures"]
        ends = f"{layers[0]['name']}…{layers[-1]['name']}"
        return f"{ends}, {len(pictures)} pictures"
