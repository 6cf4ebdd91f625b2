// Chapter 10: what the order inside a block does to the signal, before any step.

const PITCH = 36; // px from box to box in the drawing
const SIZE = { width: 104, height: 26 };
const LEFT = 96; // the shortcut
const RIGHT = 244; // the column of F
const TOP = 50;

/** "conv BN + ReLU" -> { before: ["conv", "BN"], after: ["ReLU"] } */
function parts(order) {
  const words = order.trim().split(/\s+/);
  const place = words.indexOf("+");
  return { before: words.slice(0, place), after: words.slice(place + 1) };
}

class BlockOrder {
  constructor(data, el) {
    this.data = data;
    this.at = { order: 0, depth: data.depths.length - 1 };
    this.frame = new Frame(el, {
      title: "The same layers in another order",
      lead: "Choose where batch normalisation and ReLU stand. A stack of such blocks " +
        "is measured before any training.",
      caption: `${data.note} Pale lines are the other orders, in the first chart their ` +
        "means. Untouched: the share of values that nothing after a sum changes, from " +
        "there to the end. Gradient: norm of the loss gradient, divided by that at the " +
        "end of the stack.",
    });
    this.drawing = s("svg", { viewBox: "0 0 360 356", role: "img" });
    this.signal = new LineChart({ title: "Forward: values", xLabel: "after block (0 = input)",
      yLabel: "mean and deviation", legend: [{ look: "accent", label: "mean" },
        { look: "second", label: "standard deviation" }] });
    this.open = new LineChart({ title: "Direct path: untouched to the end",
      xLabel: "from block (0 = input)", yLabel: "% of values",
      legend: [{ look: "accent", label: "this order" }] });
    this.back = new LineChart({ title: "Backward: gradient", xLabel: "at block (0 = input)",
      yLabel: "relative, log scale", legend: [{ look: "accent", label: "this order" }] });
    this.frame.body.append(h("div", { class: "rl-charts" }, this.picture(),
      this.signal.node, this.open.node, this.back.node));
    this.addControls();
    this.rescale();
  }

  picture() {
    const key = (look, label) => h("li", {},
      s("svg", { viewBox: "0 0 28 12", "aria-hidden": "true" },
        s("path", { class: `order-path order-${look}`, d: "M1 6H27" })),
      h("span", { text: label }));
    return h("figure", { class: "rl-chart" }, h("figcaption", { text: "The block" }),
      this.drawing, h("ul", { class: "rl-legend" }, key("clean", "x runs as it is"),
        key("changed", "x is changed on the way")));
  }

  addControls() {
    const { orders, depths } = this.data;
    this.frame.controls.append(
      choice({ label: "Order", options: orders.map(({ name }) => name), index: 0,
        act: (i) => { this.at.order = i; this.draw(); } }),
      range({ label: "Depth", values: depths, index: this.at.depth,
        show: (blocks) => `${blocks} blocks, ${2 * blocks + 2} layers`,
        act: (i) => { this.at.depth = i; this.rescale(); } }));
  }

  /** One range for all orders of this depth: a button moves the lines, not the axes. */
  rescale() {
    const blocks = this.data.depths[this.at.depth];
    const all = this.data.cases.map((row) => row[this.at.depth]);
    const values = all.flatMap(({ mean, std }) => [...mean, ...std]);
    const x = [0, blocks];
    this.signal.scale({ x, y: [Math.min(0, ...values), Math.max(...values) * 1.05] });
    this.open.scale({ x, y: [0, 100] });
    const ratios = all.flatMap((found) => relative(found.gradient));
    this.back.scale({ x, y: decadeSpan([...ratios, 1]), log: true,
      zeros: ratios.includes(0) });
    this.draw();
  }

  draw() {
    const { order, depth } = this.at;
    const found = this.data.cases[order][depth];
    const others = this.data.cases.filter((_, i) => i !== order).map((row) => row[depth]);
    const line = (values, look) =>
      ({ look, points: values.map((value, i) => [i, value]) });
    const open = ({ untouched }) => untouched.map((share) => 100 * share);
    this.signal.draw([...others.map((one) => line(one.mean, "ghost")),
      line(found.std, "second"), line(found.mean, "accent")]);
    this.open.draw([...others.map((one) => line(open(one), "ghost")),
      line(open(found), "accent")]);
    this.back.draw([...others.map((one) => line(relative(one.gradient), "ghost")),
      line(relative(found.gradient), "accent")]);
    this.drawBlock();
    this.frame.say(this.sentence(found));
  }

  /** x runs down on the left; F stands on the right, what follows the sum below it. */
  drawBlock() {
    const { order } = this.data.orders[this.at.order];
    const { before, after } = parts(order);
    const sum = TOP + PITCH * before.length + 14;
    const end = sum + 34 + PITCH * after.length;
    const text = (words, x, y, anchor = "middle") =>
      s("text", { x, y, "text-anchor": anchor, text: words });
    const box = (word, x, y, look = "") => [
      s("rect", { ...SIZE, x: x - SIZE.width / 2, y, rx: 6,
        class: `order-box order-${word} ${look}` }), text(word, x, y + 18)];
    const look = after.length ? "changed" : "clean";
    this.drawing.replaceChildren(
      text("x", LEFT, 16),
      s("path", { class: "order-path order-clean", d: `M${LEFT} 24V${sum - 11}` }),
      s("path", { class: `order-path order-${look}`, d: `M${LEFT} ${sum + 11}V${end}` }),
      s("path", { class: "order-branch",
        d: `M${LEFT} 36H${RIGHT}V${sum}H${LEFT + 11}` }),
      ...before.flatMap((word, i) => box(word, RIGHT, TOP + PITCH * i)),
      ...after.flatMap((word, i) => box(word, LEFT, sum + 22 + PITCH * i, "order-on")),
      s("circle", { cx: LEFT, cy: sum, r: 11, class: "order-sum" }),
      text("+", LEFT, sum + 5), text("F", RIGHT + 74, TOP + 18),
      ...(after.length ? [text("f", LEFT - 74, sum + 40)] : []),
      text("next x", LEFT, end + 16));
    this.drawing.setAttribute("aria-label", `The block. F: ${before.join(", ")}. ` +
      `Then x is added. After the sum: ${after.join(", ") || "nothing"}.`);
  }

  sentence(found) {
    const { name, order } = this.data.orders[this.at.order];
    const { after } = parts(order);
    const last = found.mean.length - 1;
    const [first] = relative(found.gradient);
    const [share] = found.untouched;
    const how = after.length ? `; ${after.join(" and ")} after each sum ` +
      `${after.length > 1 ? "change" : "changes"} the rest` : "";
    return `${name[0].toUpperCase()}${name.slice(1)}, ${last} blocks: ` +
      `the mean goes from ${short(found.mean[0])} to ` +
      `${short(found.mean[last])}, the spread from ${short(found.std[0])} to ` +
      `${short(found.std[last])}. Of the input, ${portion(share)} of the values reach ` +
      `the end untouched${how}. The gradient at the input is ${short(first)} times ` +
      "that at the end.";
  }
}

const relative = (norms) => norms.map((norm) => norm / norms.at(-1));

export default rendering(BlockOrder);
