// Chapter 13: where Grad-CAM looks, layer by layer, on pictures whose truth is known.

// Inferno in six steps: nothing is see-through, the most is pale yellow.
const INFERNO = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58],
  [252, 165, 10], [252, 255, 164]];

/** "AZ/" -> [0, 0.4, 1] */
const values = (row) => [...row].map((c) => LETTERS.indexOf(c) / (LETTERS.length - 1));

function glow(value) {
  const at = value * (INFERNO.length - 1);
  const low = Math.min(INFERNO.length - 2, Math.floor(at));
  const mix = INFERNO[low].map((v, k) => v + (at - low) * (INFERNO[low + 1][k] - v));
  return [...mix.map(Math.round), Math.round(255 * Math.min(1, 0.25 + 0.9 * value))];
}

/** Draw the rows of a map on a canvas, one pixel a cell; the page smooths it. */
function paint(canvas, rows) {
  const side = rows.length;
  Object.assign(canvas, { width: side, height: side });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(side, side);
  image.data.set(rows.flatMap((row) => values(row).flatMap(glow)));
  pen.putImageData(image, 0, 0);
}

/** "3f" -> "00111111" */
const bits = (row) => [...row].map((c) => parseInt(c, 16).toString(2).padStart(4, "0"))
  .join("");

/** The border of a mask of "0" and "1" as a path on its grid. */
function outline(mask) {
  const at = (y, x) => (mask[y] || "")[x] === "1";
  const steps = [];
  for (let y = 0; y <= mask.length; y += 1) {
    for (let x = 0; x <= mask.length; x += 1) {
      if (at(y, x) !== at(y - 1, x)) steps.push(`M${x} ${y}h1`);
      if (at(y, x) !== at(y, x - 1)) steps.push(`M${x} ${y}v1`);
    }
  }
  return steps.join("");
}

class CamLayer {
  constructor(data, el) {
    this.data = data;
    this.at = { picture: 0, layer: data.layers.length - 1, asked: 0, outlined: true };
    this.frame = new Frame(el, {
      title: "Where does Grad-CAM look?",
      lead: "On the left is a picture the net has never seen. On the right lies the " +
        "map of one layer: bright places speak for the class you ask about.",
      caption: `${data.note} Each map is drawn from 0 to its own largest value; grids ` +
        "of more than 16 places a side are shown in fewer cells. Shares are those of " +
        "the map at the size of the picture.",
    });
    this.classes = h("div", { class: "cam-classes" });
    this.left = this.panel("the picture");
    this.right = this.panel("");
    this.key = h("span", { class: "cam-key" });
    this.bars = h("div", { role: "table" });
    this.frame.body.append(h("div", { class: "cam-panels" }, this.left.node,
      this.right.node), h("p", { class: "cam-title" },
      h("span", { text: "Share of the map on the shapes" }), this.key), this.bars);
    this.addControls();
    this.choose(0);
  }

  panel(title) {
    const image = h("img", { alt: "" });
    const heat = h("canvas", { class: "cam-heat", "aria-hidden": "true" });
    const edge = s("svg", { class: "cam-edge", "aria-hidden": "true" },
      s("path", { class: "cam-under" }), s("path", { class: "cam-over" }));
    const stack = h("div", { class: "cam-stack", role: "img" }, image, heat, edge);
    const caption = h("figcaption", { text: title });
    const node = h("figure", { class: "rl-chart" }, caption, stack);
    return { node, image, heat, edge, stack, caption };
  }

  addControls() {
    const { pictures, layers } = this.data;
    const slider = range({ label: "Layer", values: layers, index: this.at.layer,
      show: (layer) => layer.name, act: (i) => { this.at.layer = i; this.draw(); } });
    this.frame.controls.append(
      choice({ label: "Picture", options: pictures.map((p) => p.name), index: 0,
        act: (i) => { if (i !== this.at.picture) this.choose(i); } }),
      this.classes, slider,
      toggle({ label: "Outline the shapes", on: true,
        act: (on) => { this.at.outlined = on; this.draw(); } }));
  }

  /** Another picture: its classes, its outline. */
  choose(picture) {
    Object.assign(this.at, { picture, asked: 0 });
    const { image, classes, name, mask: rows } = this.data.pictures[picture];
    const mask = rows.map(bits);
    this.classes.replaceChildren(choice({ label: "Ask about", options: classes,
      index: 0, act: (i) => { this.at.asked = i; this.draw(); } }));
    const cells = mask.join("");
    this.area = [...cells].filter((c) => c === "1").length / cells.length;
    for (const { image: shown, edge, stack } of [this.left, this.right]) {
      shown.src = image;
      stack.setAttribute("aria-label", `A drawn picture: ${name}`);
      edge.setAttribute("viewBox", `0 0 ${mask.length} ${mask.length}`);
      for (const path of edge.children) path.setAttribute("d", outline(mask));
    }
    this.draw();
  }

  draw() {
    const { picture, layer, asked, outlined } = this.at;
    const { name, side, maps, inside } = this.data.layers[layer];
    const { classes, probabilities } = this.data.pictures[picture];
    paint(this.right.heat, maps[picture][asked]);
    this.right.caption.textContent = `${name}, ${square(side)} places`;
    this.right.stack.setAttribute("aria-label",
      `Grad-CAM at ${name} for ${classes[asked]}`);
    this.frame.body.classList.toggle("cam-bare", !outlined);
    this.drawBars();
    const share = inside[picture][asked];
    const found = share === null
      ? "no place speaks for the class"
      : `${portion(share)} of the map lies on the shapes, ` +
        `which cover ${portion(this.area)} of the picture`;
    this.frame.say(`${classes[asked]}: the net gives it ` +
      `${portion(probabilities[asked])}. At ${name}, ${found}.`);
  }

  /** A row for each layer: how much of its map lies on the shapes. */
  drawBars() {
    const { picture, layer, asked } = this.at;
    const rows = this.data.layers.map(({ name, inside }, i) => {
      const share = inside[picture][asked];
      return row(`cam-row${i === layer ? " cam-on" : ""}`, cell("rowheader", "", name),
        bar(share ?? 0), cell("cell", "cam-share", share === null ? "–" : portion(share)));
    });
    const { name, classes } = this.data.pictures[picture];
    this.key.textContent = `their share of the picture, ${portion(this.area)}`;
    this.bars.setAttribute("aria-label",
      `Share of the map on the shapes: ${name}, asked about ${classes[asked]}`);
    this.bars.style.setProperty("--area", this.area);
    this.bars.replaceChildren(row("cam-row cam-head", cell("columnheader", "", "Layer"),
      cell("columnheader", "cam-share", "Share")), ...rows);
  }
}

export default rendering(CamLayer);
