// Chapter 4: a depth that was not recorded, asked of the kernel of the notebook.

const PATIENCE = 30_000; // milliseconds
const COLUMNS = ["layers", "shortcuts", "parameters", "million MACs",
  "gradient at the first layer"];
const WORDS = { plain: "without", residual: "with" };

class Asking {
  constructor(model, widget) {
    Object.assign(this, { model, widget });
    this.rows = ["plain", "residual"].flatMap((kind) => widget.data.nets[kind]
      .map((net, i) => ({ ...net, kind, depth: widget.data.depths[i] })));
    this.field = h("input", { type: "number", class: "depth-field", min: 8, max: 1202,
      step: 6, value: 110, "aria-label": "Layers to ask for" });
    const button = h("button", { type: "submit", text: "Ask the kernel" });
    this.said = h("p", { class: "depth-said", role: "status" });
    this.table = h("table", { class: "depth-facts depth-asked" });
    const form = h("form", { class: "rl-control", on: { submit: (e) => this.ask(e) } },
      h("span", { class: "rl-label", text: "Any other depth" }),
      h("span", { class: "rl-row" }, this.field, button));
    widget.frame.controls.append(form);
    widget.frame.body.append(this.said, this.table);
    this.hear = (answer) => this.answer(answer);
    model.on("msg:custom", this.hear);
  }

  ask(event) {
    event.preventDefault();
    this.said.textContent = "The kernel builds both nets …";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.said.textContent = "No answer. Run the cell above again, then ask again.";
    }, PATIENCE);
    this.model.send({ ask: this.field.valueAsNumber });
  }

  answer({ depth, nets, problem }) {
    clearTimeout(this.timer);
    this.said.textContent = problem ??
      `${depth} layers, fresh from the kernel and not trained, beside the recorded ones:`;
    if (problem) return;
    this.rows = this.rows.filter((row) => !(row.asked && row.depth === depth));
    for (const kind of ["plain", "residual"]) {
      this.rows.push({ ...nets[kind], kind, depth, asked: true });
    }
    this.draw();
  }

  draw() {
    const rows = [...this.rows].sort((a, b) =>
      a.depth - b.depth || a.kind.localeCompare(b.kind));
    const cells = (row) => [row.depth, WORDS[row.kind], whole(row.parameters),
      (row.macs / 1e6).toFixed(1), short(row.gradient)];
    this.table.replaceChildren(
      h("thead", {}, h("tr", {}, ...COLUMNS.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...rows.map((row) => h("tr", row.asked ? { class: "depth-on" } : {},
        ...cells(row).map((text) => h("td", { text }))))));
  }

  close() {
    clearTimeout(this.timer);
    this.model.off("msg:custom", this.hear);
  }
}
