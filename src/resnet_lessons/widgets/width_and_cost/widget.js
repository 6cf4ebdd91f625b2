// Chapter 9: blocks of the same channels, drawn to scale, and what they cost.

const cost = (block) => sum(block.macs);
const puts = (block) => sum(block.channels.slice(1));
const ROWS = [
  { key: "macs", label: "MACs", of: cost },
  { key: "values", label: "values put out", of: puts },
];

/** 16.94 -> "16.9", 0.944 -> "0.94": a ratio in words that can be read. */
const times = (value) => (value >= 9.95 ? value.toFixed(value >= 99.5 ? 0 : 1)
  : value.toFixed(2));

/** A block as a stack: bars as wide as its channels, a funnel for each convolution. */
const DRAWING = { left: 34, right: 240, thick: 9, funnel: 33 };

class WidthAndCost {
  constructor(data, el) {
    this.data = data;
    const start = (list, value) => Math.max(0, list.indexOf(value));
    this.at = { channels: start(data.channels, 256), squeeze: start(data.squeezes, 4) };
    this.top = Math.max(...data.channels);
    this.frame = new Frame(el, {
      stay: true,
      title: "How wide for how much?",
      lead: "Two blocks with the same channels in and out, and a third that is as " +
        "narrow as the middle of the bottleneck. All drawn to one scale.",
      caption: "Counted on the blocks themselves, at stride 1 with the identity as " +
        "shortcut, for one place of the grid. Values put out are those of the " +
        "convolutions; training has to keep them for the backward pass.",
    });
    this.cards = h("div", { class: "wide-cards" });
    this.chart = new LineChart({ title: "MACs at each place",
      xLabel: "channels in and out", yLabel: "MACs", legend: [
        { look: "accent", label: "basic block" },
        { look: "second", label: "bottleneck" },
        { look: "ghost", label: "the same cost" }] });
    this.frame.body.append(this.cards, h("div", { class: "rl-charts wide-charts" },
      this.chart.node, h("p", { class: "wide-how", text: "From the bottleneck that " +
        "you have chosen, follow the dotted line to the left. Where it meets the " +
        "other curve, a basic block costs as much: go down to its channels. The " +
        "scale is logarithmic: equal distances between the curves are equal " +
        "ratios." })));
    this.addControls();
    this.draw();
  }

  addControls() {
    const { channels, squeezes } = this.data;
    const move = (key) => (i) => { this.at[key] = i; this.draw(); };
    this.frame.controls.append(
      range({ label: "Channels in and out", values: channels,
        index: this.at.channels, show: String, act: move("channels") }),
      choice({ label: "Middle of the bottleneck", index: this.at.squeeze,
        options: squeezes.map((s) => (s === 1 ? "as wide" : `÷\u00a0${s}`)),
        act: move("squeeze") }));
  }

  /** The three blocks that are compared: [{ look, name, block }, …]. */
  blocks() {
    const { channels, squeeze } = this.at;
    const { basic, bottleneck, narrow } = this.data;
    return [
      { look: "accent", name: "Basic block", block: basic[channels] },
      { look: "second", name: "Bottleneck", block: bottleneck[channels][squeeze] },
      { look: "third", name: "Narrow basic block", block: narrow[channels][squeeze] },
    ];
  }

  draw() {
    const blocks = this.blocks();
    const most = ROWS.map((row) => Math.max(...blocks.map((b) => row.of(b.block))));
    this.cards.replaceChildren(...blocks.map(({ look, name, block }) =>
      h("div", { role: "group", class: `wide-card wide-${look}`, "aria-label": name },
        h("p", { class: "wide-name", text: name }),
        this.stack(name, block),
        h("div", { class: "wide-rows" }, ...ROWS.map((row, i) =>
          this.row(row, row.of(block), most[i]))))));
    this.drawChart();
    this.frame.say(this.sentence(blocks.map((each) => each.block)));
  }

  row({ key, label }, value, most) {
    return h("div", { class: `wide-row wide-of-${key}` },
      h("span", { class: "wide-text" }, h("span", { text: label }),
        h("b", { text: whole(value) })),
      bar(value / most));
  }

  stack(name, { channels, kernels, macs }) {
    const { left, right, thick, funnel } = DRAWING;
    const middle = (left + right) / 2;
    const half = (count) => Math.max(0.75, ((right - left) / 2) * (count / this.top));
    const nodes = channels.flatMap((count, i) => {
      const y = i * (thick + funnel);
      const w = half(count);
      return [
        s("rect", { class: "wide-channels", x: middle - w, y, width: 2 * w,
          height: thick }),
        s("text", { x: 0, y: y + thick, text: whole(count) }),
      ];
    });
    const funnels = kernels.flatMap((side, i) => {
      const y = i * (thick + funnel) + thick;
      const [a, b] = [half(channels[i]), half(channels[i + 1])];
      const d = `M${middle - a} ${y}H${middle + a}L${middle + b} ${y + funnel}` +
        `H${middle - b}Z`;
      return [
        s("path", { class: "wide-funnel", d }),
        s("text", { class: "wide-kernel", x: middle, y: y + funnel / 2 + 5,
          "text-anchor": "middle", text: `${square(side)}: ${whole(macs[i])}` }),
      ];
    });
    const height = kernels.length * (thick + funnel) + thick + 4;
    return s("svg", { viewBox: `0 -4 ${right} ${height + 4}`, role: "img",
      "aria-label": `${name}: ${channels.join(", ")} channels; MACs: ` +
        kernels.map((side, i) => `${square(side)}, ${whole(macs[i])}`).join("; "),
    }, ...funnels, ...nodes);
  }

  drawChart() {
    const { channels, basic, bottleneck } = this.data;
    const squeezed = bottleneck.map((row) => row[this.at.squeeze]);
    const y = decadeSpan([basic, ...bottleneck].flat().map(cost));
    this.chart.scale({ x: [0, this.top], y, log: true });
    const line = (list) => list.map((block, i) => [channels[i], cost(block)]);
    const [here, same] = [channels[this.at.channels], this.equal()];
    const deep = cost(squeezed[this.at.channels]);
    this.chart.draw([
      { look: "accent", points: [...line(basic), [same, deep]].sort(([a], [b]) => a - b) },
      { look: "second", points: line(squeezed) },
      { look: "ghost", points: [[here, deep], [same, deep], [same, y[0]]] },
    ]);
  }

  /** Channels at which a basic block does the work of the bottleneck: it grows with
   *  their square. */
  equal() {
    const [wide, deep] = this.blocks().map(({ block }) => cost(block));
    return this.data.channels[this.at.channels] * Math.sqrt(deep / wide);
  }

  sentence([wide, deep, narrow]) {
    const [channels, middle] = deep.channels;
    return `With ${channels} channels in and out, a basic block does ` +
      `${whole(cost(wide))} MACs at each place, a bottleneck with ${middle} ` +
      `in the middle ${whole(cost(deep))}. That is a ratio of ` +
      `${times(cost(wide) / cost(deep))}: the work of this bottleneck would pay for ` +
      `a basic block of ${this.equal().toFixed(0)} channels. Beside the narrow block ` +
      `the bottleneck does ${times(cost(deep) / cost(narrow))} times the work and ` +
      `puts out ${times(puts(deep) / puts(narrow))} times the values.`;
  }
}

export default rendering(WidthAndCost);
