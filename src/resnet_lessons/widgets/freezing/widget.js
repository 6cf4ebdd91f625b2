// Chapter 12: which parts of a net learn, what that costs, and what it brought.

/** "81.0 % (3 seeds, 79.5 to 82.1)", or "81.0 % (one seed)". */
function seeds(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
    .map((v) => (100 * v).toFixed(1));
  const spread = values.length === 1 ? "one seed"
    : `${values.length} seeds, ${low} to ${high}`;
  return `${percent(average(values))} (${spread})`;
}

class Freezing {
  constructor(data, el) {
    this.data = data;
    this.at = { free: 0, count: 0 };
    this.frame = new Frame(el, {
      stay: true,
      title: "How much is frozen?",
      lead: "The body learned other classes first. Choose how much of it may go on " +
        "learning, and from how many pictures of each new class " +
        `(${data.classes.join(", ")}).`,
      caption: data.note,
    });
    this.net = h("div", { role: "table",
      "aria-label": "The parts of the net" });
    this.chart = new LineChart({ title: "Accuracy on new pictures (%)",
      xLabel: "parts that learn besides the head", yLabel: "accuracy (%)",
      legend: [{ look: "accent", label: "from the body" },
        { look: "second", label: "from scratch, same pictures and steps" },
        { look: "ghost", label: "other numbers of pictures" }] });
    this.facts = h("table", { class: "freeze-facts" });
    this.frame.body.append(h("div", { class: "rl-charts" }, this.net, this.chart.node),
      this.facts);
    this.addControls();
    this.scale();
    this.draw();
  }

  addControls() {
    const { parts, counts } = this.data;
    const names = parts.map((_, free) => this.learners(free));
    this.frame.controls.append(
      range({ label: "Learns", values: names, index: 0, show: (name) => name,
        act: (i) => { this.at.free = i; this.draw(); } }),
      choice({ label: "Pictures of each class", options: counts.map(String), index: 0,
        act: (i) => { this.at.count = i; this.draw(); } }));
  }

  /** The parts that learn, in words. */
  learners(free) {
    const { parts } = this.data;
    if (free === 0) return "the head";
    if (free === parts.length - 1) return "everything";
    const first = parts[parts.length - 1 - free];
    return free === 1 ? `${first} and the head` : `${first} to the head`;
  }

  /** One range for all counts: the controls move the lines, never the axes. */
  scale() {
    const { accuracy, scratch, parts } = this.data;
    const all = [...accuracy.flat(), ...scratch].map(average).map((v) => 100 * v);
    const low = 5 * Math.floor(Math.min(...all) / 5);
    const high = Math.max(low + 5, 5 * Math.ceil(Math.max(...all) / 5));
    this.chart.scale({ x: [0, parts.length - 1], y: [low, high] });
  }

  draw() {
    this.drawNet();
    this.drawChart();
    this.drawFacts();
    this.frame.say(this.sentence());
  }

  learns(i) {
    return i >= this.data.parts.length - 1 - this.at.free;
  }

  drawNet() {
    const { parts, parameters } = this.data;
    const top = Math.max(...parameters);
    this.net.replaceChildren(
      row("freeze-row freeze-head", ...["Part", "", "Parameters"].map((head) =>
        cell("columnheader", "", head))),
      ...parts.map((part, i) => row(
        `freeze-row ${this.learns(i) ? "freeze-learns" : "freeze-still"}`,
        cell("rowheader", "freeze-part", part),
        cell("cell", "freeze-state", this.learns(i) ? "learns" : "frozen"),
        cell("cell", "freeze-size", h("span", { text: whole(parameters[i]) }),
          bar(parameters[i] / top)))));
  }

  drawChart() {
    const { accuracy, scratch, parts } = this.data;
    const { count, free } = this.at;
    const line = (values) => values.map((v, i) => [i, 100 * average(v)]);
    const others = accuracy.filter((_, i) => i !== count)
      .map((values) => ({ points: line(values), look: "ghost" }));
    const level = 100 * average(scratch[count]);
    this.chart.draw([...others,
      { points: parts.map((_, i) => [i, level]), look: "second" },
      { points: line(accuracy[count]), look: "accent" }]);
    const [cx, cy] = [this.chart.x(free),
      this.chart.y(100 * average(accuracy[count][free]))];
    this.chart.lines.append(s("circle", { class: "freeze-ring", r: 8, cx, cy }));
  }

  drawFacts() {
    const { learning, backward, macs, seconds } = this.data;
    const { free } = this.at;
    const all = learning.length - 1;
    const rows = [
      ["parameters that learn", whole(learning[free]), whole(learning[all])],
      ["MACs forward, a picture", large(sum(macs)), large(sum(macs))],
      ["MACs backward, a picture", large(backward[free]),
        large(backward[all])],
      ["seconds of training", seconds[free].toFixed(1), seconds[all].toFixed(1)],
    ];
    const line = ([label, here, most]) => h("tr", {},
      h("th", { scope: "row", text: label }),
      h("td", { text: here, class: "freeze-on" }), h("td", { text: most }));
    this.facts.replaceChildren(
      h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "What it costs" }),
        h("th", { scope: "col", class: "freeze-on", text: "as chosen" }),
        h("th", { scope: "col", text: "everything learns" }))),
      h("tbody", {}, ...rows.map(line)));
  }

  sentence() {
    const { accuracy, scratch, counts, learning, backward, macs } = this.data;
    const { count, free } = this.at;
    const last = backward.length - 1;
    const work = (i) => sum(macs) + backward[i];
    const who = this.learners(free);
    return `If ${who} ${free > 0 && who !== "everything" ? "learn" : "learns"}, ` +
      `${percent(learning[free] / learning[last])} of the parameters move, and a ` +
      `picture costs ${percent(work(free) / work(last), 0)} of the work ` +
      `of training everything. With ${counts[count]} pictures of each class that ` +
      `gave ${seeds(accuracy[count][free])}; from scratch it was ` +
      `${seeds(scratch[count])}.`;
  }
}

export default rendering(Freezing);
