// Chapter 1: one convolution, place by place, and its cost. Everything is computed
// here, in whole numbers: the largest is below 2^53, where they stay exact.
const count = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const CHANNELS = [1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256, 512];
const SETTINGS = { // label, values, how one is said
  size: ["Picture", count(1, 32), square],
  kernel: ["Kernel", count(1, 9), square],
  stride: ["Stride", count(1, 4), String],
  padding: ["Padding", count(0, 4), String],
  in_channels: ["Channels in", CHANNELS, String],
  out_channels: ["Channels out", CHANNELS, String],
};
const MOST_PLACES = 40 * 40; // 32 px, padded by 4 on each side, 1 × 1 kernel

/** How many places a kernel finds along one side; 0 where it does not fit. */
function places({ size, kernel, stride, padding }) {
  const room = size + 2 * padding - kernel;
  return room < 0 ? 0 : Math.floor(room / stride) + 1;
}

/** How often the kernel covers each row of the picture, padding left out. */
function coverage(at) {
  const times = new Array(at.size + 2 * at.padding).fill(0);
  for (let p = 0; p < places(at); p += 1) {
    for (let k = 0; k < at.kernel; k += 1) times[p * at.stride + k] += 1;
  }
  return times.slice(at.padding, at.padding + at.size);
}

/** dense: weights of the linear layer that does the same; used: those not zero. */
function cost(at) {
  const side = places(at);
  const pairs = at.out_channels * at.in_channels;
  const weights = pairs * at.kernel ** 2;
  const along = sum(coverage(at)); // pairs of cells, one side
  return { side, weights, parameters: weights + (at.bias ? at.out_channels : 0),
    macs: side ** 2 * weights, dense: side ** 2 * at.size ** 2 * pairs,
    used: along ** 2 * pairs };
}

const plural = (n, one) => `${whole(n)} ${one}${n === 1 ? "" : "s"}`;
const span = (one, from, length) => (length === 1 ? `${one} ${from}`
  : `${one}s ${from} to ${from + length - 1}`);

/** A grid of n × n cells, with `marks` under its lines, in units of cells. */
function grid(title, n, marks, on = {}) {
  const lines = count(0, n).map((i) => `M${i} 0V${n}M0 ${i}H${n}`).join("");
  const rects = marks.map(([x, y, width, height, look]) =>
    s("rect", { x, y, width, height, class: `conv-${look}` }));
  return h("figure", {}, h("figcaption", { text: title }),
    s("svg", { viewBox: `0 0 ${n} ${n}`, role: "img", "aria-label": title, on,
      class: "conv-grid", style: `--n:${n}` }, ...rects,
    s("path", { d: lines, class: "conv-lines" })));
}

class Convolution {
  constructor(data, el) {
    this.layers = data.layers;
    this.at = { ...data.layers[0], place: 0 };
    this.frame = new Frame(el, {
      title: "What a convolution costs",
      lead: "The kernel moves over the picture. At each place it multiplies what it " +
        "covers by its weights; the sum becomes one cell of the output.",
      caption: "Empty cells around the picture are padding: zeros. Grey ones are " +
        "never read. One channel of each grid is drawn; the kernel reads all " +
        "channels at the same place. Click a cell of the output to see what it reads.",
    });
    this.addControls();
    this.grids = h("div", { class: "conv-grids" });
    this.facts = h("div", { class: "conv-facts" });
    this.frame.body.append(this.scan, this.grids, this.facts);
    this.move(0);
  }

  addControls() {
    this.pick = choice({ label: "Layer", options: this.layers.map((l) => l.name),
      index: 0, act: (i) => this.set(this.layers[i]) });
    this.bias = toggle({ label: "with a bias", on: this.at.bias,
      act: (bias) => { Object.assign(this.at, { bias }); this.draw(); } });
    this.scan = range({ label: "Output cell", values: count(0, MOST_PLACES - 1),
      index: 0, show: (place) => this.cellName(place),
      act: (i) => { this.at.place = i; this.draw(); } });
    this.scan.classList.add("conv-scan");
    this.knobs = Object.entries(SETTINGS).map(([key, [label, offered, show]]) => {
      const own = this.layers.map((layer) => layer[key]);
      const values = [...new Set([...offered, ...own])].sort((a, b) => a - b);
      const node = range({ label, values, index: values.indexOf(this.at[key]), show,
        act: (i) => { this.at[key] = values[i]; this.move(this.at.place); } });
      return { key, node, values };
    });
    this.frame.controls.classList.add("conv-controls");
    this.frame.controls.append(...this.knobs.map((knob) => knob.node),
      h("div", { class: "conv-pick" }, this.pick, this.bias));
  }

  /** Move all knobs to the settings of a layer. */
  set(layer) {
    Object.assign(this.at, layer);
    this.bias.querySelector("input").checked = layer.bias;
    this.knobs.forEach(({ key, node, values }) =>
      turn(node, values.indexOf(layer[key])));
  }

  /** Choose the output cell `place`, or the last one if there are fewer; then draw. */
  move(place) {
    this.scan.querySelector("input").max = Math.max(places(this.at) ** 2 - 1, 0);
    turn(this.scan, place);
  }

  cellName(place) {
    const side = places(this.at);
    return side ? `row ${Math.floor(place / side) + 1}, column ${(place % side) + 1}`
      : "none";
  }

  draw() {
    const { at, layers } = this;
    const same = (layer) =>
      [...Object.keys(SETTINGS), "bias"].every((key) => layer[key] === at[key]);
    this.pick.querySelectorAll("button").forEach((button, i) =>
      button.setAttribute("aria-pressed", same(layers[i])));
    const found = cost(at);
    const { side } = found;
    const corner = [at.place % side, Math.floor(at.place / side)];
    this.drawGrids(side, corner);
    this.drawFacts(found);
    this.frame.say(side ? this.sentence(found, corner)
      : `A ${square(at.kernel)} kernel does not fit into ` +
        `${square(at.size + 2 * at.padding)} cells: PyTorch stops with an error.`);
  }

  drawGrids(side, [x, y]) {
    const { size, padding, kernel, stride, in_channels, out_channels } = this.at;
    const padded = size + 2 * padding;
    const unread = coverage(this.at).flatMap((times, i) => (times ? [] : [
      [padding, padding + i, size, 1, "unread"],
      [padding + i, padding, 1, size, "unread"]]));
    const marks = [[0, 0, padded, padded, "padding"],
      [padding, padding, size, size, "picture"], ...unread];
    if (side) marks.push([x * stride, y * stride, kernel, kernel, "kernel"]);
    const click = (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const cell = (part) => // the frame of a cell sticks out of the grid
        Math.max(0, Math.min(Math.floor(part * side), side - 1));
      this.move(cell((event.clientY - box.top) / box.height) * side
        + cell((event.clientX - box.left) / box.width));
    };
    this.grids.style.setProperty("--sum", padded + side);
    this.grids.style.setProperty("--padded", padded);
    this.grids.replaceChildren(
      grid(`in: ${dims([in_channels, size, size])}`, padded, marks),
      side ? grid(`out: ${dims([out_channels, side, side])}`, side,
        [[0, 0, side, side, "picture"], [x, y, 1, 1, "cell"]], { click })
        : h("p", { text: "No output: the kernel does not fit." }));
  }

  drawFacts({ side, weights, parameters, macs, dense, used }) {
    const { size, padding, kernel, stride, in_channels, out_channels, bias } = this.at;
    const room = `${size} + 2·${padding} − ${kernel}`;
    const fact = (name, value, how) => h("div", {}, h("p", { text: name }),
      h("b", { text: value }), h("span", { text: how }));
    const ifFits = (value) => (side ? whole(value) : "none");
    this.facts.replaceChildren(
      fact("Side of the output", ifFits(side),
        side ? `⌊(${room}) / ${stride}⌋ + 1` : `${room} is below 0`),
      fact("Parameters", whole(parameters), `${out_channels} · ${in_channels} · ` +
        `${kernel}²${bias ? ` + ${out_channels}` : ""}`),
      fact("MACs", ifFits(macs),
        `${plural(side ** 2, "place")} × ${plural(weights, "weight")}`),
      fact("Weights of a linear layer instead", ifFits(dense),
        side ? `${portion(used / dense)} of them not zero` : ""));
  }

  sentence({ side, weights, macs }, corner) {
    const { kernel, stride, in_channels } = this.at;
    const [column, row] = corner.map((v) => v * stride + 1);
    const lost = coverage(this.at).filter((times) => times === 0).length;
    const unread = ` ${plural(lost, "row")} and ${plural(lost, "column")} of the picture ` +
      "are never read.";
    return `The cell in ${this.cellName(this.at.place)} reads ` +
      `${span("row", row, kernel)} and ${span("column", column, kernel)} of the ` +
      `padded picture: ${plural(in_channels * kernel ** 2, "number")} for each channel ` +
      `out. ${plural(weights, "weight")} at ${plural(side ** 2, "place")} ` +
      `${weights === 1 ? "makes" : "make"} ` +
      `${plural(macs, "MAC")}.${lost ? unread : ""}`;
  }
}

/** Move the slider in `node` as a reader would. */
function turn(node, value) {
  const input = node.querySelector("input");
  Object.assign(input, { value }).dispatchEvent(new Event("input"));
}

export default rendering(Convolution);
