// Chapter 5: the gradient of each layer before any step, for each way to start.

const CHOICES = [
  { key: "init", label: "Initialisation", values: ["default", "He"] },
  { key: "norm", label: "Normalisation", values: ["none", "BatchNorm"] },
];
const STEADY = 10; // up to this factor between first and last layer it "holds"
const STRONG = 100; // from this factor on it "vanishes" or "explodes"
const FAINT = 1e-3; // when the largest norm of all layers lies below, we say so

/** First layer against last: below 1 the gradient shrinks on its way back. */
const ratio = (norms) => norms[0] / norms.at(-1);

function verdict(norms) {
  const change = ratio(norms);
  if (change === 0) return "it vanishes so far that the number format holds only 0";
  const factor = Math.max(change, 1 / change);
  if (factor < STEADY) return "it holds, within a factor of ten";
  const words = change < 1 ? ["shrinks", "vanishes"] : ["grows", "explodes"];
  return `it ${words[Number(factor >= STRONG)]} on its way back, ` +
    `by a factor of ${short(factor, 2)}`;
}

class GradientNorms {
  constructor(data, el) {
    this.data = data;
    this.at = { depth: Math.min(2, data.depths.length - 1), init: "default",
      norm: "none", skip: "off" };
    this.frame = new Frame(el, {
      stay: true,
      title: "How much gradient reaches each layer?",
      lead: "Fresh nets, one batch, one backward pass, no step yet. The gradient " +
        "enters at the last layer, on the right, and travels to the first.",
      caption: `${data.note} Pale lines: in the first chart the same net at other ` +
        "depths, in the second the other seven ways to start. On the dashed line " +
        "the first and the last layer get gradients of the same norm.",
    });
    this.layers = new LineChart({ title: "Gradient by layer", yLabel: "norm, log scale",
      xLabel: "convolution (1 = first)",
      legend: [{ look: "accent", label: "this net, one dot a layer" }] });
    this.ends = new LineChart({ title: "First layer against last",
      xLabel: "layers", yLabel: "ratio, log scale",
      legend: [{ look: "accent", label: "this way to start" }] });
    this.frame.body.append(
      h("div", { class: "rl-charts" }, this.layers.node, this.ends.node));
    this.addControls();
    this.rescale();
  }

  addControls() {
    const { depths } = this.data;
    this.frame.controls.append(
      range({ label: "Depth", values: depths, index: this.at.depth,
        show: (depth) => `${depth} layers`,
        act: (i) => { this.at.depth = i; this.draw(); } }),
      ...CHOICES.map(({ key, label, values }) => choice({ label, options: values,
        index: values.indexOf(this.at[key]),
        act: (i) => { this.at[key] = values[i]; this.rescale(); } })),
      toggle({ label: "Skip connections", on: false,
        act: (on) => { this.at.skip = on ? "on" : "off"; this.rescale(); } }));
  }

  /** The net that the knobs have chosen, at all depths. */
  chosen() {
    const { init, norm, skip } = this.at;
    return this.data.nets.find((net) =>
      net.init === init && net.norm === norm && net.skip === skip);
  }

  /** Left: one range for all depths, six decades at least, so that flat looks flat.
   *  Right: one range for all nets. */
  rescale() {
    const { depths, nets } = this.data;
    const deepest = depths.at(-1);
    const norms = this.chosen().norms.flat();
    this.layers.scale({ x: [1, deepest], y: decadeSpan([...norms, 1e-3, 1e3]),
      log: true, zeros: norms.includes(0) });
    const ratios = nets.flatMap((net) => net.norms.map(ratio));
    this.ends.scale({ x: [0, deepest], y: decadeSpan([...ratios, 1]), log: true,
      zeros: ratios.includes(0) });
    this.draw();
  }

  draw() {
    const { depths, nets } = this.data;
    const net = this.chosen();
    const curve = (norms, look) =>
      ({ look, points: norms.map((norm, i) => [i + 1, norm]) });
    const others = net.norms.filter((_, i) => i !== this.at.depth);
    this.layers.draw([...others.map((norms) => curve(norms, "ghost")),
      curve(net.norms[this.at.depth], "accent")]);
    const ladder = ({ norms }, look) =>
      ({ look, points: norms.map((one, i) => [depths[i], ratio(one)]) });
    this.ends.draw([
      ...nets.filter((other) => other !== net).map((other) => ladder(other, "ghost")),
      ladder(net, "accent")]);
    this.mark(net);
    this.frame.say(this.sentence(net.norms[this.at.depth]));
  }

  /** The line where first and last agree, and a ring around the chosen depth. */
  mark(net) {
    const { x, y, lines } = this.ends;
    const one = y(1);
    lines.prepend(s("path", { class: "norms-even",
      d: `M${BOX.left} ${one}H${BOX.right}` }));
    lines.append(s("circle", { class: "norms-ring", r: 8,
      cx: x(this.data.depths[this.at.depth]),
      cy: y(ratio(net.norms[this.at.depth])) }));
  }

  sentence(norms) {
    const { init, norm, skip } = this.at;
    const how = `${init} initialisation, ` +
      `${norm === "none" ? "no normalisation" : norm}, ` +
      `${skip === "on" ? "with" : "without"} skips`;
    const faint = Math.max(...norms) < FAINT
      ? " Every layer gets little: the signal fades on its way forward, too." : "";
    return `${this.data.depths[this.at.depth]} layers, ${how}: the first convolution ` +
      `gets ${short(norms[0])}, the last ${short(norms.at(-1))}; ` +
      `${verdict(norms)}.${faint}`;
  }
}

export default rendering(GradientNorms);
