// Chapter 8: the share of every stage in the work and in the weights of a net.

const KINDS = ["macs", "parameters"];
const HEADS = { macs: "MACs", parameters: "Parameters" };

const put = (shape) => (shape.length > 1 ? dims(shape) : `${shape[0]} classes`);

class ComputeByStage {
  constructor(data, el) {
    this.data = data;
    const size = Math.max(0, data.sizes.indexOf(224));
    this.at = { net: 0, stem: 0, size };
    this.frame = new Frame(el, {
      title: "Where the work is done, and where the weights are",
      lead: "Each row is a part of the net, from the picture at the top to the " +
        "classes at the bottom. The bars are its share of the whole net; in the second " +
        "table they compare whole nets, on one scale.",
      caption: "MACs for one picture, in convolutions and the linear layer. " +
        "The shape is what the part puts out: channels × rows × columns. Every " +
        "number was counted on the net itself; all have 10 classes.",
    });
    [this.parts, this.stems] = ["Part", "Stem"].map((first) => ({ first,
      title: h("p", { class: "cost-title" }),
      table: h("div", { class: "cost-table", role: "table" }) }));
    this.frame.body.append(...[this.parts, this.stems].flatMap(({ title, table }) =>
      [title, table]));
    this.addControls();
    this.draw();
  }

  addControls() {
    const { nets, stems, sizes } = this.data;
    const pick = (label, options, key) => choice({ label, options,
      index: this.at[key], act: (i) => { this.at[key] = i; this.draw(); } });
    this.frame.controls.append(pick("Net", nets, "net"), pick("Stem", stems, "stem"),
      range({ label: "Picture", values: sizes, index: this.at.size,
        show: (size) => `${square(size)} px`,
        act: (i) => { this.at.size = i; this.draw(); } }));
  }

  /** The costs of one case at the size chosen: { parts, shapes, macs, parameters }. */
  costs(stem = this.at.stem) {
    const { parts, parameters, macs, shapes } = this.data.cases[this.at.net][stem];
    const { size } = this.at;
    return { parts, parameters, macs: macs[size], shapes: shapes[size] };
  }

  draw() {
    const found = this.costs();
    const rows = found.parts.map((part, i) => row("cost-row",
      cell("rowheader", "cost-part", h("b", { text: part }),
        h("span", { class: "cost-shape", text: put(found.shapes[i]) })),
      ...KINDS.map((kind) => this.share(kind, found[kind][i], sum(found[kind])))));
    const total = row("cost-row cost-total", cell("rowheader", "cost-part", "together"),
      ...KINDS.map((kind) => cell("cell", "cost-sum", large(sum(found[kind])))));
    const { nets, stems } = this.data;
    this.fill(this.parts, `${nets[this.at.net]} at ${this.side} px, ` +
      `stem ${stems[this.at.stem]}: share of each part`, [...rows, total]);
    this.drawStems();
    this.frame.say(this.sentence(found));
  }

  get side() { return this.data.sizes[this.at.size]; }

  /** Both tables have the same columns; the title above is the name, too. */
  fill({ first, title, table }, name, rows) {
    const head = row("cost-row cost-head", cell("columnheader", "cost-part", first),
      ...KINDS.map((kind) => cell("columnheader", "", HEADS[kind])));
    title.textContent = name;
    table.setAttribute("aria-label", name);
    table.replaceChildren(head, ...rows);
  }

  /** The whole net once with each stem, to one scale. */
  drawStems() {
    const { nets, stems } = this.data;
    const each = stems.map((_, i) => this.costs(i));
    const top = (kind) => Math.max(...each.map((found) => sum(found[kind])));
    const name = `The whole of ${nets[this.at.net]} at ${this.side} px, with each stem`;
    this.fill(this.stems, name, stems.map((stem, i) => row(
      `cost-row${i === this.at.stem ? " cost-on" : ""}`,
      cell("rowheader", "cost-part", stem), ...KINDS.map((kind) => {
        const value = sum(each[i][kind]);
        return cell("cell", `cost-of-${kind}`,
          h("span", { class: "cost-text" }, h("span", { text: large(value) })),
          bar(value / top(kind)));
      }))));
  }

  share(kind, value, total) {
    return cell("cell", `cost-${kind}`, h("span", { class: "cost-text" },
      h("b", { text: portion(value / total) }), h("span", { text: large(value) })),
    bar(value / total));
  }

  sentence(found) {
    const { nets, stems } = this.data;
    const early = (kind) =>
      portion((found[kind][0] + found[kind][1]) / sum(found[kind]));
    const last = found.parts.length - 2;
    const late = (kind) => portion(found[kind][last] / sum(found[kind]));
    const name = nets[this.at.net];
    return `${name} at ${this.side} px: ${large(sum(found.macs))} MACs. ` +
      `The stem and stage 1 do ${early("macs")} of them with ` +
      `${early("parameters")} of the parameters; ${found.parts[last]} does ` +
      `${late("macs")} with ${late("parameters")} of the parameters. ` +
      this.against(found, stems);
  }

  /** How the work behind the stem compares with that behind the first stem. */
  against(found, stems) {
    const behind = ({ macs }) => sum(macs.slice(1));
    if (this.at.stem === 0) {
      return `The stem hands ${dims(found.shapes[0].slice(1))} places on.`;
    }
    const ratio = behind(found) / behind(this.costs(0));
    const times = ratio.toFixed(ratio < 10 ? 2 : 0);
    return Math.abs(ratio - 1) < 0.005
      ? `Behind the stem the work is the same as behind ${stems[0]}.`
      : `Behind the stem the work is ${times} times that behind ${stems[0]}.`;
  }
}

export default rendering(ComputeByStage);
