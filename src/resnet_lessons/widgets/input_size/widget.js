// Chapter 3: one image size through two nets that differ only in their head.

const WORDS = {
  flatten: { title: "Flatten", how: "keeps every cell of every channel" },
  pool: { title: "Average pool", how: "keeps the mean of each channel" },
};

/** A sketch of one channel: how strong it is at cell (i, j) of n × n, one soft spot. */
function strength(i, j, n) {
  const away = Math.hypot((i + 0.5) / n - 0.6, (j + 0.5) / n - 0.4);
  return 0.12 + 0.85 * Math.exp(-10 * away ** 2);
}

/** One channel of the last grid, and what the head passes on of it. */
function headPicture(kind, n) {
  const cell = 96 / n;
  const places = Array.from({ length: n * n }, (_, k) => [k % n, Math.floor(k / n)]);
  const values = places.map(([i, j]) => strength(i, j, n));
  const tile = (x, y, width, height, opacity) =>
    s("rect", { x, y, width, height, class: "size-cell", "fill-opacity": opacity });
  const grid = values.map((v, k) =>
    tile(places[k][0] * cell, places[k][1] * cell, cell, cell, v));
  const high = 96 / values.length;
  const passed = kind === "pool" ? [tile(184, 36, 24, 24, average(values))]
    : values.map((v, k) => tile(184, k * high, 24, high, v));
  return [...grid, s("path", { d: "M112 48H166m-8 -7l8 7l-8 7", class: "size-arrow" }),
    ...passed];
}

/** Whether the numbers that arrive fit the linear layer, in one line with a sign. */
function verdict(net, i, made) {
  if (net.features[i] !== net.expects) return "✗ Does not fit: it cannot run.";
  if (net.head === "pool") return "✓ Fits, as at every size.";
  if (i === made) return "✓ Fits: it was made for this size.";
  return "✓ Fits: the last grid is the same size.";
}

/** A card for one head: its picture, two bars on one scale, a verdict, its cost. */
class Head {
  constructor(net, most, made) {
    Object.assign(this, { net, most, made });
    const { title, how } = WORDS[net.head];
    const box = { viewBox: "0 0 210 96", class: "size-head", "aria-hidden": "true" };
    this.svg = s("svg", box);
    this.arrive = this.bar("numbers arriving");
    this.expects = this.bar("numbers expected");
    this.verdict = h("p", { class: "size-verdict" });
    this.parameters = h("dd");
    this.macs = h("dd");
    this.node = h("li", { class: "size-card" },
      h("div", { class: "size-top" }, h("div", {},
        h("p", { class: "size-name", text: title }),
        h("p", { class: "size-how", text: how })), this.svg),
      this.arrive.node, this.expects.node, this.verdict,
      h("dl", {}, h("dt", { text: "head parameters" }), this.parameters,
        h("dt", { text: "MACs" }), this.macs));
  }

  bar(label) {
    const value = h("b");
    const fill = h("span", { class: "size-fill" });
    const node = h("div", { class: "size-bar" },
      h("span", { class: "size-text" },
        h("span", { text: label }), value),
      fill);
    return { node, show: (v) => {
      value.textContent = whole(v);
      fill.style.width = `${(100 * v) / this.most}%`;
    } };
  }

  show(i, side) {
    const { net } = this;
    this.svg.replaceChildren(...headPicture(net.head, side));
    this.arrive.show(net.features[i]);
    this.expects.show(net.expects);
    this.verdict.textContent = verdict(net, i, this.made);
    this.node.classList.toggle("size-misfit", net.features[i] !== net.expects);
    this.parameters.textContent = whole(net.head_parameters[i]);
    this.macs.textContent = `${(net.macs[i] / 1e6).toFixed(1)} million`;
  }
}

class InputSize {
  constructor(data, el) {
    this.data = data;
    const { sizes, made_for: made, nets } = data;
    this.index = sizes.indexOf(made);
    this.frame = new Frame(el, {
      stay: true,
      title: "One net, any image size?",
      lead: "Two nets share the same convolutions, each stage of stride 2, and " +
        `differ only in the head. The first was made for ${made} px.`,
      caption: "Squares are drawn to one scale, pale frames show the largest " +
        "picture; labels read channels × rows × columns. " +
        "The shaded cells are a sketch of one channel of the last grid. " +
        "Costs are for one picture, on nets built for the size shown.",
    });
    this.frame.controls.append(range({
      label: "Image size", values: sizes, index: this.index, show: (v) => `${v} px`,
      mark: { index: this.index, text: "made for this" },
      act: (i) => { this.index = i; this.draw(); },
    }));
    const most = Math.max(...nets.flatMap((net) => net.features));
    this.heads = nets.map((net) => new Head(net, most, this.index));
    this.stages = data.channels.map((channels, k) => this.stage(channels, k));
    this.frame.body.append(
      h("ol", { class: "size-stages" }, ...this.stages.map((stage) => stage.node)),
      h("ul", { class: "size-heads" }, ...this.heads.map((head) => head.node)));
    this.draw();
  }

  /** One square with its label; `room` keeps its place at the largest size. */
  stage(channels, k) {
    const { grids, sizes } = this.data;
    const most = sizes.at(-1);
    const tile = h("span", { class: "size-square" });
    const shape = h("span", { class: "size-shape" });
    const room = grids.at(-1)[k] / most;
    const node = h("li", {},
      h("span", { class: "size-room", style: `--room:${room}` }, tile),
      h("span", { class: "size-label" },
        h("b", { text: k === 0 ? "picture" : `stage ${k}` }), shape));
    return { node, show: (side) => {
      tile.style.setProperty("--side", side / most);
      shape.textContent = `${channels} × ${square(side)}`;
    } };
  }

  draw() {
    const sides = this.data.grids[this.index];
    this.stages.forEach((stage, k) => stage.show(sides[k]));
    const last = sides.at(-1);
    this.heads.forEach((head) => head.show(this.index, last));
    this.frame.say(this.sentence(last));
  }

  sentence(side) {
    const [flat, pool] = this.data.nets;
    const numbers = flat.features[this.index];
    const end = numbers === flat.expects ? "just what its linear layer expects"
      : `but its linear layer expects ${whole(flat.expects)}: that net stops ` +
        "with an error";
    return `At ${this.data.sizes[this.index]} px the last grid has ${square(side)} ` +
      `cells. Flattened they make ${whole(numbers)} numbers, ${end}. Averaged they ` +
      `make ${whole(pool.features[this.index])}, as at every size.`;
  }
}

export default rendering(InputSize);
