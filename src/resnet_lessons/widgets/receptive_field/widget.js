// Chapter 2: what one place behind a stack of layers sees of the picture.

const SIDE = { left: 122, right: 326, bottom: 296, rows: 236, ways: 44 };
const SQUARE = { left: 42, top: 8, size: 276 };

/** 3 -> "three". */
const inWords = (n) => ["no", "one", "two", "three", "four", "five", "six", "seven",
  "eight", "nine", "ten"][n] ?? String(n);

const layerName = ({ kernel, stride, pool }) =>
  `${pool ? "pool " : ""}${square(kernel)}${stride > 1 ? `, stride ${stride}` : ""}`;

function box(x, y, width, height) {
  const across = width.toFixed(2);
  return `M${x.toFixed(2)} ${y.toFixed(1)}h${across}v${height}h-${across}z`;
}

class ReceptiveField {
  constructor(data, el) {
    this.stacks = data.stacks;
    this.stack = 0;
    this.wanted = 3; // layers that the reader has chosen; a stack may have fewer
    this.frame = new Frame(el, {
      title: "What one place sees",
      lead: "A stack of layers, the picture at the bottom. Blue is what one place of " +
        "the top layer depends on, layer by layer.",
      caption: "The fields were measured by running the layers. The bars at the foot " +
        "show in how many ways each pixel reaches the place, relative to the pixel " +
        "with the most: all pixels of the field are seen, but not equally often. At " +
        "stride 1 the middle ones of a deep stack lead by far; strides make it uneven. " +
        "Weights are for each pair of channels, if all layers have equally many; " +
        "pools have none. A ReLU follows each convolution.",
    });
    this.side = this.figure("From the side", "0 0 360 300");
    this.above = this.figure("On the picture", "0 0 360 300");
    this.above.node.append(this.legend());
    this.cost = h("div", { class: "field-cost", role: "table",
      "aria-label": "The stack against one kernel" });
    this.frame.body.append(
      h("div", { class: "rl-charts" }, this.side.node, this.above.node), this.cost);
    this.depthAt = h("div", { class: "field-depth" });
    this.frame.controls.classList.add("field-controls");
    this.frame.controls.append(choice({ label: "Stack", index: 0,
      options: this.stacks.map(({ name }) => name),
      act: (i) => this.choose(i) }), this.depthAt);
    this.choose(0);
  }

  figure(title, viewBox) {
    const svg = s("svg", { viewBox, role: "img", "aria-label": title });
    return { svg, node: h("figure", { class: "rl-chart" },
      h("figcaption", { text: title }), svg) };
  }

  legend() {
    const entry = (look, text) => h("li", {}, h("span", { class: look,
      "aria-hidden": "true" }), h("span", { text }));
    return h("ul", { class: "rl-legend" }, entry("field-key", "seen by this place"),
      entry("field-key field-dashed", "by its neighbour"));
  }

  /** Take another stack; its slider ends at its last layer. */
  choose(i) {
    this.stack = i;
    const { layers } = this.stacks[i];
    this.depth = Math.min(this.wanted, layers.length);
    this.depthAt.replaceChildren(range({ label: "Layers",
      values: layers.map((_, l) => l + 1), index: this.depth - 1,
      show: (d) => `${d}, last: ${layerName(layers[d - 1])}`,
      act: (l) => { this.wanted = this.depth = l + 1; this.draw(); } }));
    this.draw();
  }

  draw() {
    const { layers, depths } = this.stacks[this.stack];
    const found = depths[this.depth - 1];
    const last = depths.at(-1);
    // one scale for the whole stack: the largest field and its neighbour's
    this.span = last.seen[0] + 2 * last.steps[depths.length];
    this.drawSide(layers, found);
    this.drawAbove(found);
    this.drawCost(found);
    this.frame.say(this.sentence(found));
  }

  drawSide(layers, found) {
    const pitch = Math.min(27, SIDE.rows / (layers.length + 1));
    const scale = (SIDE.right - SIDE.left) / this.span;
    const middle = (SIDE.left + SIDE.right) / 2;
    const floor = SIDE.bottom - SIDE.ways - pitch;
    const height = pitch * 0.62;
    const y = (row) => floor - row * pitch;
    const half = (row) => found.seen[row] * found.steps[row] * scale / 2;
    const nodes = [];
    found.seen.forEach((count, row) => {
      const name = row === 0 ? "picture" : layerName(layers[row - 1]);
      if (row > 0) {
        const [a, b] = [half(row), half(row - 1)];
        nodes.push(s("path", { class: "field-cone",
          d: `M${middle - a} ${y(row) + height}H${middle + a}` +
            `L${middle + b} ${y(row - 1)}H${middle - b}z` }));
      }
      const text = { y: y(row) + height / 2 + 4 };
      nodes.push(this.cells(found, row, y(row), height, scale, middle),
        s("text", { ...text, x: 2, class: "field-name", text: name }),
        s("text", { ...text, x: 358, "text-anchor": "end", class: "field-count",
          text: count }));
    });
    const rows = found.seen.map((count, row) =>
      `${row === 0 ? "picture" : layerName(layers[row - 1])}: ${count}`);
    this.side.svg.setAttribute("aria-label",
      `From the side, places seen: ${rows.reverse().join(", ")}`);
    this.side.svg.replaceChildren(...nodes, this.bars(found, scale, middle),
      s("text", { x: 2, y: SIDE.bottom - 6, class: "field-name", text: "ways to it" }));
  }

  /** The places of one row: those that are seen, between others that are not. */
  cells(found, row, y, height, scale, middle) {
    const step = found.steps[row] * scale;
    const count = found.seen[row];
    const gap = step > 4 ? step * 0.12 : 0;
    const at = (i) => middle + (i - count / 2) * step + gap / 2;
    const beside = Math.floor(((SIDE.right - SIDE.left) / step - count) / 2);
    const cut = (from, to) => Array.from({ length: Math.max(0, to - from) },
      (_, i) => box(at(from + i), y, step - gap, height)).join("");
    return s("g", {},
      s("path", { class: "field-other",
        d: cut(-beside, 0) + cut(count, count + beside) }),
      s("path", { class: "field-cell", d: cut(0, count) }));
  }

  /** In how many ways each pixel reaches the place: the half that is given, twice. */
  bars({ seen: [count], ways }, scale, middle) {
    const d = Array.from({ length: count }, (_, i) => {
      const way = ways[Math.min(i, count - 1 - i)];
      const height = Math.max(0.6, way * (SIDE.ways - 6));
      return box(middle + (i - count / 2) * scale, SIDE.bottom - height, scale, height);
    });
    return s("path", { class: "field-way", d: d.join("") });
  }

  drawAbove({ seen: [count], steps }) {
    const { left, top, size } = SQUARE;
    const scale = size / this.span;
    const step = steps.at(-1) * scale;
    const side = count * scale;
    const middle = size / 2;
    const inner = this.span > 40 ? 0 : this.span - 1;
    const lines = Array.from({ length: inner }, (_, i) => {
      const at = (i + 1) * scale;
      return `M${left + at} ${top}v${size}M${left} ${top + at}h${size}`;
    });
    const field = (shift, look) => s("rect", { class: look, width: side, height: side,
      x: left + middle - side / 2 + shift, y: top + middle - side / 2 });
    this.above.svg.replaceChildren(
      s("rect", { x: left, y: top, width: size, height: size, class: "field-frame" }),
      s("path", { class: "field-pixels", d: lines.join("") }),
      field(0, "field-square"), field(step, "field-next"));
  }

  drawCost({ seen: [count], weights, convolutions }) {
    const most = Math.max(weights, count ** 2);
    const line = (look, name, value, relus) => row(`field-row ${look}`,
      cell("rowheader", "", name),
      cell("cell", "", h("span", { class: "field-text", text: whole(value) }),
        bar(value / most)),
      cell("cell", "", relus));
    const heads = ["To see as far", "Weights", "ReLUs"];
    this.cost.replaceChildren(
      row("field-row field-head", ...heads.map((head) => cell("columnheader", "", head))),
      line("", "this stack", weights, convolutions),
      line("field-big", `one ${square(count)} kernel`, count ** 2, 1));
  }

  sentence({ seen: [count], steps, weights, convolutions }) {
    const { name } = this.stacks[this.stack];
    const step = steps.at(-1);
    const layers = this.depth === 1 ? "the first layer" :
      `the first ${inWords(this.depth)} layers`;
    const further = step === 1 ? "one pixel further" : `${step} pixels further`;
    const sees = `${name}: one place behind ${layers} sees ${square(count)} pixels; ` +
      `its neighbour sees as many, ${further}. `;
    const ratio = count ** 2 / weights;
    const more = weights === 0 ? "" : // pools alone
      ` ${ratio < 10 ? ratio.toFixed(1) : whole(ratio)} times as many,`;
    return sees + (weights === count ** 2 ?
      "A stack of one is that kernel itself." :
      `The stack has ${whole(weights)} weights for each pair of channels and ` +
      `${convolutions} ${convolutions === 1 ? "ReLU" : "ReLUs"}. One kernel that ` +
      `sees as far has ${whole(count ** 2)},${more} and one ReLU.`);
  }
}

export default rendering(ReceptiveField);
