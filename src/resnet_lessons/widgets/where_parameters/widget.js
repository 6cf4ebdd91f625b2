// Chapter 2: parameters and MACs of whole nets, by the grid they work on.

const KINDS = ["parameters", "macs"];
const HEADS = { parameters: "Parameters", macs: "MACs" };
const isLinear = (part) => part.startsWith("linear"); // a grid may be 1 × 1, too

class WhereParameters {
  constructor(data, el) {
    this.data = data;
    const classes = Math.max(0, data.classes.indexOf(1000));
    this.at = { net: Math.min(1, data.nets.length - 1), head: 0, classes };
    this.frame = new Frame(el, {
      title: "Where the parameters are, and where the work is",
      lead: "All nets to one scale, then one net from its largest grid down to the " +
        "classes. A weight on a grid works once at each place; behind the grid, once.",
      caption: `A row such as ${square(28)} holds all layers that put out a grid of ` +
        `that size, for one picture of ${square(data.size)} px. MACs are ` +
        "those of convolutions and linear layers. Everything was counted on the " +
        "nets themselves. AlexNet is the paper's, with two groups; GoogLeNet is " +
        `torchvision's, with ${square(3)} where the paper has ${square(5)}.`,
    });
    this.all = h("div", { class: "where-table", role: "table",
      "aria-label": "All nets to one scale" });
    this.one = h("div", { class: "where-wings" });
    this.frame.body.append(this.all, this.legend(), this.one);
    this.addControls(classes);
    this.draw();
  }

  legend() {
    const entry = (look, text) => h("li", {}, h("span", { "aria-hidden": "true",
      class: `where-key ${look}` }), h("span", { text }));
    return h("ul", { class: "rl-legend where-legend" },
      entry("", "convolutions"), entry("where-linear", "linear layers"));
  }

  addControls(imagenet) {
    const { nets, heads, classes } = this.data;
    const pick = (label, options, key) => choice({ label, options,
      index: this.at[key], act: (i) => { this.at[key] = i; this.draw(); } });
    const mark = classes[imagenet] === 1000 && { index: imagenet, text: "ImageNet" };
    this.frame.controls.append(pick("Net", nets, "net"), pick("Head", heads, "head"),
      range({ label: "Classes", values: classes, index: this.at.classes, show: whole,
        mark, act: (i) => { this.at.classes = i; this.draw(); } }));
  }

  /** The counts of one net at the classes chosen: { parts, places, layers, … }. */
  found(net = this.at.net, head = this.at.head) {
    const { parameters, macs, ...rest } = this.data.cases[net][head];
    const { classes } = this.at;
    return { ...rest, parameters: parameters[classes], macs: macs[classes] };
  }

  /** The sum of one kind over the linear layers. */
  linear(found, kind) {
    return sum(found[kind].filter((_, i) => isLinear(found.parts[i])));
  }

  draw() {
    this.drawAll();
    this.drawOne(this.found());
    this.frame.say(this.sentence(this.found()));
  }

  drawAll() {
    const { nets, heads } = this.data;
    const top = (kind) => Math.max(...nets.flatMap((_, n) =>
      heads.map((_, head) => sum(this.found(n, head)[kind]))));
    this.all.replaceChildren(
      row("where-row where-head", cell("columnheader", "", "Net"),
        ...KINDS.map((kind) => cell("columnheader", "", HEADS[kind]))),
      ...nets.map((name, n) => {
        const found = this.found(n);
        return row(`where-row${n === this.at.net ? " where-on" : ""}`,
          cell("rowheader", "", name), ...KINDS.map((kind) => {
            const [total, behind] = [sum(found[kind]), this.linear(found, kind)];
            return cell("cell", `where-${kind}`,
              this.text(total, `${portion(behind / total)} linear`),
              bar((total - behind) / top(kind), behind / top(kind)));
          }));
      }));
  }

  text(value, share) {
    return h("span", { class: "where-text", text: `${large(value)} ` },
      h("i", { text: share }));
  }

  /** One net: parameters to the left, work to the right, the grid between them. */
  drawOne(found) {
    const name = this.data.nets[this.at.net];
    const head = this.data.heads[this.at.head];
    const [parameters, macs] = KINDS.map((kind) => sum(found[kind]));
    const wing = (value, total, side) => cell("cell", side,
      this.text(value, portion(value / total)), bar(value / total));
    const rows = found.parts.map((part, i) => {
      const linear = isLinear(part);
      return row(`where-wing${linear ? " where-linear" : ""}`,
        wing(found.parameters[i], parameters, "where-left"),
        cell("rowheader", "where-part", h("b", { text: part }),
          h("span", { text: this.layers(found.layers[i], linear) })),
        wing(found.macs[i], macs, "where-right"));
    });
    const table = h("div", { role: "table", "aria-label": `${name}, part by part` },
      row("where-wing where-head", cell("columnheader", "where-left", HEADS.parameters),
        cell("columnheader", "where-part"),
        cell("columnheader", "where-right", HEADS.macs)), ...rows,
      row("where-wing where-total", cell("cell", "where-left", large(parameters)),
        cell("rowheader", "where-part", "together"),
        cell("cell", "where-right", large(macs))));
    this.one.replaceChildren(
      h("p", { class: "where-title", text: `${name}, head: ${head}` }), table);
  }

  layers(number, linear) {
    if (linear) return "behind the grid";
    return number === 1 ? "1 convolution" : `${number} convolutions`;
  }

  sentence(found) {
    const { nets, classes } = this.data;
    const [parameters, macs] = KINDS.map((kind) => sum(found[kind]));
    const share = (kind, total) => portion(this.linear(found, kind) / total);
    return `${nets[this.at.net]} for ${whole(classes[this.at.classes])} classes: ` +
      `${large(parameters)} parameters, ${share("parameters", parameters)} of them ` +
      `in linear layers, which do ${share("macs", macs)} of the work. ` +
      this.against();
  }

  /** What the other head would change. */
  against() {
    const [published, average] = [0, 1].map((head) => this.found(this.at.net, head));
    const [before, after] = [published, average].map((f) => sum(f.parameters));
    if (before === after) return "It ends in a global average as it was published.";
    const work = 1 - sum(average.macs) / sum(published.macs);
    const saves = `${portion(1 - after / before)} of the parameters and ` +
      `${portion(work)} of the work.`;
    return this.at.head === 0 ? `A global average would save ${saves}` :
      `The global average has saved ${saves}`;
  }
}

export default rendering(WhereParameters);
