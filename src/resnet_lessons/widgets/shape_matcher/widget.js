// Chapter 6: x takes two paths through a block; do the ends have the same shape?

const SHORTCUTS = {
  identity: "x itself", A: "A: pad", B: "B: project", C: "C: always project",
  pool: "pool: average first", none: "none",
};
const NAMES = { ...SHORTCUTS, A: "Option A", B: "Option B", C: "Option C",
  pool: "Averaging first", none: "No shortcut" };
const SHEET = 16; // channels that one drawn sheet stands for
const [CELL, STEP] = [12, 7]; // px: a position, and from sheet to sheet

/** A tensor as sheets, the front one with its positions. read(k) fills position k;
 *  the last `empty` sheets hold zeros. room: [sheets, side] of the largest. */
function sheets([channels, side], { read = () => true, empty = 0, room, label }) {
  const count = Math.max(1, Math.round(channels / SHEET));
  const [deep, wide] = room;
  const size = wide * CELL + (deep - 1) * STEP + 2;
  const drop = size - 1 - side * CELL;
  const order = Array.from({ length: count }, (_, i) => count - 1 - i); // back to front
  const back = order.map((i) => s("rect", { x: 1 + i * STEP, y: drop - i * STEP,
    width: side * CELL, height: side * CELL,
    class: `match-sheet${i >= count - empty ? " match-empty" : ""}` }));
  const cells = Array.from({ length: side * side }, (_, k) => s("rect", {
    x: 1 + (k % side) * CELL, y: drop + Math.floor(k / side) * CELL, width: CELL,
    height: CELL, class: read(k) ? "match-cell" : "match-cell match-unread" }));
  return s("svg", { viewBox: `0 0 ${size} ${size}`, width: size, height: size,
    role: "img", "aria-label": label }, ...back, ...cells);
}

/** One step of the picture: a name, what happens there, a tensor, its shape. */
class Card {
  constructor(place, name) {
    this.what = h("p", { class: "match-what" });
    this.art = h("div", { class: "match-art" });
    this.shape = h("p", { class: "match-shape" });
    this.cost = h("p", { class: "match-cost" });
    this.node = h("div", { class: `match-card match-${place}` },
      h("p", { class: "match-name", text: name }), this.art,
      h("div", { class: "match-text" }, this.what, this.shape, this.cost));
  }

  show({ what, art = [], shape, cost = "" }) {
    this.what.textContent = what;
    this.art.replaceChildren(...art);
    this.shape.textContent = shape;
    this.cost.textContent = cost;
  }
}

class ShapeMatcher {
  constructor(data, el) {
    this.data = data;
    const end = (list) => list.length - 1;
    this.at = { i: 0, o: 1, s: end(data.strides), n: end(data.sizes), option: 0 };
    this.room = [Math.round(data.channels.at(-1) / SHEET), data.sizes.at(-1)];
    this.frame = new Frame(el, {
      title: "Can F(x) and the shortcut be added?",
      lead: "x goes two ways: through the two convolutions of F, and through the " +
        "shortcut. A sum needs two tensors of the same shape.",
      caption: "Shapes read channels × rows × columns. One sheet stands for " +
        `${SHEET} channels; its squares are positions. In x, filled positions are ` +
        "read by the shortcut and hollow ones are not; dashed sheets are zeros. " +
        "Every shape, cost and message was taken from running modules.",
    });
    this.frame.controls.classList.add("match-controls");
    this.cards = { x: new Card("x", "x"), f: new Card("f", "F(x)"),
      short: new Card("short", "shortcut(x)"), sum: new Card("sum", "the sum") };
    this.addControls();
    this.frame.body.append(h("div", { class: "match-picture" },
      ...Object.values(this.cards).map((card) => card.node)));
    this.draw();
  }

  addControls() {
    const { channels, strides, sizes, options } = this.data;
    const pick = (label, list, key) => choice({ label, options: list,
      index: this.at[key], act: (i) => { this.at[key] = i; this.draw(); } });
    this.frame.controls.append(
      pick("Channels in", channels, "i"), pick("Channels out", channels, "o"),
      pick("Stride", strides, "s"),
      pick("Grid of x", sizes.map(square), "n"),
      pick("Shortcut", options.map((name) => SHORTCUTS[name]), "option"));
  }

  draw() {
    const { data, at } = this;
    const side = data.sizes[at.n];
    const whole3 = [data.channels[at.i], side, side];
    const f = data.residuals[at.i][at.o][at.s][at.n];
    const found = data.cases[at.option][at.i][at.o][at.s][at.n];
    const reads = found.shape ? data.patterns[found.reads] : "0".repeat(side * side);
    const seen = [...reads].filter((bit) => bit === "1").length;
    this.drawPaths(whole3, f, found, reads, seen);
    this.drawSum(f, found);
    this.frame.say(this.sentence(whole3, f, found, seen));
  }

  drawPaths(x, f, found, reads, seen) {
    const { room } = this;
    const picture = (shape, name, more = {}) => [sheets(shape,
      { room, label: `${name}: ${dims(shape)}`, ...more })];
    const told = `the shortcut reads ${seen} of ${reads.length} positions`;
    this.cards.x.show({ what: "what arrives", shape: dims(x), cost: told,
      art: picture(x, `x, ${told}`, { read: (k) => reads[k] === "1" }) });
    const cost = (of) => `${whole(of.parameters)} parameters, ${whole(of.macs)} MACs`;
    const stride = this.data.strides[this.at.s];
    this.cards.f.show({
      what: `${square(3)} convolution with stride ${stride}, then another`,
      art: picture(f.shape, "F of x"), shape: dims(f.shape), cost: cost(f) });
    const drawn = found.shape && found.shape.length;
    this.cards.short.node.classList.toggle("match-gone", !drawn);
    this.cards.short.show({ what: this.data.texts[found.text],
      art: drawn ? picture(found.shape, "shortcut of x",
        { empty: Math.round(found.zeros / SHEET) }) : [],
      shape: drawn ? dims(found.shape) : "no tensor",
      cost: found.shape ? cost(found) : "" });
  }

  drawSum(f, found) {
    const plain = found.shape && !found.shape.length;
    const { sum } = this.cards;
    sum.node.classList.toggle("match-misfit", Boolean(found.error));
    sum.show(found.error
      ? { what: "✗ Does not fit", shape: "", cost: found.error }
      : { what: plain ? "✓ Runs, but nothing is added" : "✓ Fits",
        art: [sheets(f.shape, { room: this.room, label: `the sum: ${dims(f.shape)}` })],
        shape: dims(f.shape), cost: plain ? "a plain block" : "" });
  }

  sentence(x, f, found, seen) {
    const name = NAMES[this.data.options[this.at.option]];
    const start = `F takes ${dims(x)} to ${dims(f.shape)}. `;
    const only = (rest) => `${start}${name}${rest}`;
    if (!found.shape) return only(" cannot be built here: it can only add channels.");
    if (found.error) return only(` is still ${dims(found.shape)}: there is no sum.`);
    if (!found.shape.length) return only(": x reaches the end through F alone.");
    const share = ((100 * found.parameters) / f.parameters).toPrecision(2);
    const cost = found.parameters === 0 ? "costs no parameters"
      : `costs ${whole(found.parameters)} parameters, ${share}\u00a0% of what F has`;
    const all = seen === x[1] * x[2] ? "all" : `${seen} of ${x[1] * x[2]}`;
    const zeros = found.zeros ? `; ${found.zeros} channels are zeros` : "";
    return only(` gives the same shape, ${cost} and reads ${all} positions${zeros}.`);
  }
}

export default rendering(ShapeMatcher);
