// Chapter 7: what flows through a fresh net when each block's last γ starts at a value.

const show = (gamma) => `γ = ${gamma}`;

class GammaAtStart {
  constructor(data, el) {
    this.data = data;
    this.at = { depth: data.depths.length - 1, gamma: 0, all: true };
    this.frame = new Frame(el, {
      stay: true,
      title: "How loud should a block start?",
      lead: "Each block adds F(x) to x. The last BatchNorm inside F multiplies by γ, " +
        "so γ at the start is the volume of F before any training.",
      caption: data.note,
    });
    this.forward = new LineChart({
      title: "Forward: activations", xLabel: "after block (0 = input)",
      yLabel: "standard deviation", legend: [{ look: "accent", label: "at this γ" }],
    });
    this.backward = new LineChart({
      title: "Backward: gradients", xLabel: "block",
      yLabel: "norm, log scale", legend: [
        { look: "accent", label: "at the block’s output" },
        { look: "second", label: "at the weights of its first convolution" }],
    });
    const charts = [this.forward.node, this.backward.node];
    this.frame.body.append(h("div", { class: "rl-charts" }, ...charts));
    this.addControls();
    this.rescale();
  }

  addControls() {
    const { gammas, depths } = this.data;
    this.frame.controls.append(
      range({ label: "γ at the start", values: gammas, index: 0, show,
        act: (i) => { this.at.gamma = i; this.draw(); } }),
      choice({ label: "Blocks", options: depths, index: this.at.depth,
        act: (i) => { this.at.depth = i; this.rescale(); } }),
      toggle({ label: "All γ in grey", on: true,
        act: (on) => { this.at.all = on; this.draw(); } }));
  }

  /** One range for all γ of this depth: the slider moves the lines, not the axes. */
  rescale() {
    const { std, gradient, inner_gradient: inner } = this.data;
    const { depth } = this.at;
    const blocks = this.data.depths[depth];
    const norms = [...gradient[depth], ...inner[depth]].flat();
    const top = Math.max(...std[depth].flat()) * 1.05;
    this.forward.scale({ x: [0, blocks], y: [0, top] });
    this.backward.scale({ x: [1, Math.max(blocks, 2)], y: decadeSpan(norms), log: true,
      zeros: norms.includes(0) });
    this.draw();
  }

  draw() {
    const { std, gradient, inner_gradient: inner } = this.data;
    const { depth, gamma, all } = this.at;
    const line = (values, look, first) =>
      ({ look, points: values.map((value, i) => [i + first, value]) });
    const ghosts = (curves, first) =>
      (all ? curves : []).map((curve) => line(curve, "ghost", first));
    this.forward.draw([...ghosts(std[depth], 0), line(std[depth][gamma], "accent", 0)]);
    this.backward.draw([
      ...ghosts(gradient[depth], 1), line(inner[depth][gamma], "second", 1),
      line(gradient[depth][gamma], "accent", 1)]);
    this.frame.say(this.sentence());
  }

  sentence() {
    const { depth, gamma } = this.at;
    const [std, outer, inner] = ["std", "gradient", "inner_gradient"]
      .map((name) => this.data[name][depth][gamma]);
    const last = std.length - 1;
    const quiet = inner.every((norm) => norm === 0);
    return `At ${show(this.data.gammas[gamma])}, ${last} blocks take the spread from ` +
      `${short(std[0])} to ${short(std[last])}. The gradient is ` +
      `${short(outer[last - 1])} at the last block and ${short(outer[0])} at the ` +
      "first. " + (quiet
        ? "The convolutions inside get exactly 0: in the first step only the last " +
          "BatchNorm of F moves."
        : `The first block’s first convolution gets ${short(inner[0])}.`);
  }
}

export default rendering(GammaAtStart);
