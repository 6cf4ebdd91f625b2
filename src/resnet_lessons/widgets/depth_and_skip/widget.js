// Chapter 4: the recorded training of plain and residual nets, depth by depth.

const KINDS = ["plain", "residual"];
const LOOKS = { plain: "second", residual: "accent" };
const NAMES = { plain: "without shortcuts", residual: "with shortcuts" };
const FACTS = [
  ["parameters", (net) => whole(net.parameters)],
  ["MACs a picture", (net) => `${(net.macs / 1e6).toFixed(1)} million`],
  ["gradient at the first layer, before training", (net) => short(net.gradient)],
  ["training loss, last epoch", (net) => ending(net).toFixed(2)],
];

const lasts = (net) => net.losses.map((curve) => curve.at(-1));
const ending = (net) => average(lasts(net));
/** Sample standard deviation of the last losses; of one seed it is not a number. */
const spread = (net) => Math.sqrt(sum(lasts(net).map((loss) =>
  (loss - ending(net)) ** 2)) / (lasts(net).length - 1));
const meanCurve = (net) =>
  net.losses[0].map((_, i) => average(net.losses.map((curve) => curve[i])));

class DepthAndSkip {
  constructor(model, el) {
    const data = model.get("data");
    this.data = data;
    this.at = { depth: data.depths.length - 1, kind: "plain" };
    this.frame = new Frame(el, {
      stay: true,
      title: "Deeper, with and without shortcuts",
      lead: "Every net was trained by the same recipe on the same pictures. Choose " +
        "one: its curve stands out, the others stay pale.",
      caption: `${data.note} Thin lines are single seeds, thick ones their mean.`,
    });
    const legend = KINDS.map((kind) => ({ look: LOOKS[kind], label: NAMES[kind] }));
    this.course = new LineChart({ title: "While it trains", xLabel: "epoch",
      yLabel: "training loss", legend });
    this.ends = new LineChart({ title: "After the last epoch",
      xLabel: "layers", yLabel: "training loss", legend });
    this.facts = h("table", { class: "depth-facts" });
    this.frame.body.append(
      h("div", { class: "rl-charts" }, this.course.node, this.ends.node), this.facts);
    this.addControls();
    if (model.get("asks") && model.kernel !== false) this.asking = new Asking(model, this);
    this.scale();
    this.draw();
  }

  addControls() {
    const { depths } = this.data;
    this.frame.controls.append(
      range({ label: "Depth", values: depths, index: this.at.depth,
        show: (depth) => `${depth} layers`,
        act: (i) => { this.at.depth = i; this.draw(); } }),
      toggle({ label: "Shortcuts", on: false,
        act: (on) => { this.at.kind = KINDS[Number(on)]; this.draw(); } }));
  }

  /** One range for all nets: the controls move the lines, never the axes. */
  scale() {
    const { depths, nets } = this.data;
    const all = KINDS.flatMap((kind) => nets[kind]).flatMap((net) => net.losses).flat();
    const y = [Math.floor(2 * Math.min(...all)) / 2, Math.max(...all) * 1.05];
    this.epochs = nets.plain[0].losses[0].length;
    this.course.scale({ x: [1, Math.max(this.epochs, 2)], y });
    this.ends.scale({ x: [0, depths.at(-1)], y });
  }

  draw() {
    this.drawCourse();
    this.drawEnds();
    this.drawFacts();
    this.frame.say(this.sentence());
  }

  drawCourse() {
    const net = this.chosen();
    const points = (curve) => curve.map((loss, i) => [i + 1, loss]);
    const others = KINDS.flatMap((kind) => this.data.nets[kind])
      .filter((other) => other !== net)
      .map((other) => ({ points: points(meanCurve(other)), look: "ghost" }));
    const look = LOOKS[this.at.kind];
    this.course.draw([...others, { points: points(meanCurve(net)), look }]);
    const seeds = net.losses.map((curve) => path(
      points(curve).map(([x, y]) => [this.course.x(x), this.course.y(y)]),
      `${look} depth-seed`));
    const bold = this.course.lines.querySelector(`.rl-line.rl-${look}`);
    bold.classList.add("depth-chosen");
    bold.before(...seeds);
  }

  drawEnds() {
    const { depths, nets } = this.data;
    this.ends.draw(KINDS.map((kind) => ({ look: LOOKS[kind],
      points: nets[kind].map((net, i) => [depths[i], ending(net)]) })));
    const [cx, cy] = [this.ends.x(depths[this.at.depth]),
      this.ends.y(ending(this.chosen()))];
    this.ends.lines.append(s("circle", { class: "depth-ring", r: 8, cx, cy }));
  }

  drawFacts() {
    const { depth, kind } = this.at;
    const on = (name) => (name === kind ? { class: "depth-on" } : {});
    const head = KINDS.map((name) =>
      h("th", { scope: "col", text: NAMES[name], ...on(name) }));
    const line = ([label, show]) => h("tr", {}, h("th", { scope: "row", text: label }),
      ...KINDS.map((name) =>
        h("td", { text: show(this.data.nets[name][depth]), ...on(name) })));
    this.facts.replaceChildren(
      h("thead", {}, h("tr", {},
        h("th", { scope: "col", text: `${this.data.depths[depth]} layers` }), ...head)),
      h("tbody", {}, ...FACTS.map(line)));
  }

  chosen() {
    return this.data.nets[this.at.kind][this.at.depth];
  }

  sentence() {
    const { depths, nets } = this.data;
    const { depth, kind } = this.at;
    const net = this.chosen();
    const [low, high] = [Math.min(...lasts(net)), Math.max(...lasts(net))];
    const seeds = lasts(net).length === 1 ? "one seed"
      : `${lasts(net).length} seeds, ${low.toFixed(2)} to ${high.toFixed(2)}`;
    const other = nets[KINDS[1 - KINDS.indexOf(kind)]][depth];
    return `${depths[depth]} layers ${NAMES[kind]} end at a training loss of ` +
      `${ending(net).toFixed(2)} (${seeds}); ` +
      `${NAMES[KINDS[1 - KINDS.indexOf(kind)]]} it is ${ending(other).toFixed(2)}. ` +
      `Of the nets ${NAMES[kind]}, ${this.lowest()}.`;
  }

  /** The depth with the lowest loss, and those within twice the spread of the seeds. */
  lowest() {
    const nets = this.data.nets[this.at.kind];
    const best = nets.reduce((a, b) => (ending(b) < ending(a) ? b : a));
    const near = this.data.depths.filter((_, i) => nets[i] === best ||
      ending(nets[i]) - ending(best) <= 2 * Math.max(spread(nets[i]), spread(best)));
    if (near.length === 1) return `${near[0]} layers give the lowest`;
    const last = near.pop();
    return `${near.join(", ")} and ${last} layers give the lowest, too close to tell apart`;
  }
}

export default {
  render({ model, el }) {
    const widget = new DepthAndSkip(model, el);
    return () => { widget.asking?.close(); widget.frame.close(); };
  },
};
