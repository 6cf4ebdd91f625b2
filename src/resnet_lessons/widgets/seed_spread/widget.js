// Chapter 11: accuracy and confusions on n test pictures, for each seed.

const DRAWS = 30;
const STRIP = { left: 12, right: 348, first: 46, row: 62 };

/** `count` places from 0 to count − 1, the same for a seed everywhere. A place may come
 *  more than once. */
function places(count, seed) {
  const uniform = uniforms(seed);
  return Uint32Array.from({ length: count }, () => Math.floor(uniform() * count));
}

const standardError = (share, n) => Math.sqrt((share * (1 - share)) / n);
const points = (share) => (100 * share).toFixed(1);

class SeedSpread {
  constructor(data, el) {
    this.data = data;
    this.labels = [...data.labels].map(Number);
    this.answers = data.answers.map((text) => [...text].map(Number));
    const all = this.labels.length;
    this.whole = this.answers.map((found) =>
      found.filter((answer, i) => answer === this.labels[i]).length / all);
    this.drawn = Array.from({ length: DRAWS }, (_, d) => places(all, d + 1));
    this.sizes = [50, 100, 200, 500, 1000, 2000, 5000, 10000].filter((n) => n < all);
    this.sizes.push(all);
    this.shares = this.answers.map((found) =>
      this.drawn.map((places) => this.shareRight(found, places)));
    this.at = { size: Math.min(2, this.sizes.length - 1), draw: 0, seed: 0 };
    this.frame = new Frame(el, {
      title: "How sure is an accuracy?",
      lead: "Draw some test pictures, and see what each net gets right among them. " +
        "Then draw others, or more.",
      caption: `${data.note} Each draw has the same pictures for all seeds. Pictures ` +
        "are put back before the next is taken, as if there were many more of the " +
        "same kind.",
    });
    this.addPictures();
    this.makeTable();
    this.addControls();
    this.draw();
  }

  addPictures() {
    this.strip = s("svg", { role: "img" });
    this.title = h("figcaption");
    this.most = h("p", { class: "spread-most" });
    this.table = h("div", { class: "spread-table", role: "table" });
    const key = (look, text) => h("li", { class: `spread-key spread-${look}`, text });
    this.frame.body.append(h("div", { class: "rl-charts" },
      h("figure", { class: "rl-chart" },
        h("figcaption", { text: "Accuracy on the pictures drawn (%)" }), this.strip,
        h("ul", { class: "rl-legend" }, key("key-dot", "this draw"),
          key("key-bar", "± 2 standard errors"),
          key("key-ghost", `${DRAWS - 1} other draws`),
          key("key-tick", "all test pictures"))),
      h("figure", { class: "rl-chart" }, this.title, this.table, this.most)));
  }

  addControls() {
    const set = (key) => (i) => { this.at[key] = i; this.draw(); };
    const numbers = Array.from({ length: DRAWS }, (_, i) => i + 1);
    this.frame.controls.append(
      range({ label: "Test pictures drawn", values: this.sizes, index: this.at.size,
        show: whole, act: set("size") }),
      range({ label: "Draw", values: numbers, index: 0,
        show: (i) => `number ${i}`, act: set("draw") }),
      choice({ label: "Net of seed", options: this.data.seeds, index: 0,
        act: set("seed") }));
  }

  /** Of one draw, the share right among its first pictures, for each size: counted
   *  once, so that a slider need not. */
  shareRight(answers, places) {
    let sum = 0, i = 0;
    return this.sizes.map((size) => {
      for (; i < size; i += 1) sum += answers[places[i]] === this.labels[places[i]];
      return sum / size;
    });
  }

  draw() {
    const n = this.sizes[this.at.size];
    const shares = this.shares.map((draws) =>
      draws.map((sizes) => sizes[this.at.size]));
    this.drawStrip(shares, n);
    this.drawTable(n);
    this.frame.say(this.sentence(shares.map((row) => row[this.at.draw]), n));
  }

  drawStrip(shares, n) {
    const errors = this.whole.map((p) => standardError(p, this.sizes[0]));
    const room = 5 * Math.max(0.01, ...errors);
    const domain = [Math.max(0, Math.min(...this.whole) - room),
      Math.min(1, Math.max(...this.whole) + room)].map((v) => 100 * v);
    const x = linear(domain, [STRIP.left, STRIP.right]);
    const inside = (share) => x(Math.min(domain[1], Math.max(domain[0], 100 * share)));
    const foot = STRIP.first + STRIP.row * (shares.length - 1) + 28;
    const axis = ticks(domain, 6).flatMap((v) => [
      s("path", { class: "rl-grid", d: `M${x(v)} 8V${foot}` }),
      s("text", { x: x(v), y: foot + 18, "text-anchor": "middle", text: tick(v) })]);
    const rows = shares.flatMap((row, seed) => this.row(row, seed, n, inside));
    this.strip.setAttribute("viewBox", `0 0 360 ${foot + 24}`);
    const found = shares.map((row, i) =>
      `seed ${this.data.seeds[i]}: ${percent(row[this.at.draw])}`);
    this.strip.setAttribute("aria-label", `Accuracy on ${whole(n)} pictures, ` +
      `${found.join(", ")}`);
    this.strip.replaceChildren(...axis, ...rows);
  }

  /** One seed: the other draws, the bar around this one, and the whole test set. */
  row(row, seed, n, x) {
    const y = STRIP.first + STRIP.row * seed;
    const share = row[this.at.draw];
    const reach = 2 * standardError(share, n);
    const look = seed === this.at.seed ? "spread-on" : "";
    const ghosts = row.map((other, d) => s("circle", { class: "spread-ghost",
      cx: x(other), cy: y + 4 * ((d % 5) - 2), r: 2.2 }));
    ghosts.splice(this.at.draw, 1); // this draw has the dot
    return [s("g", { class: look },
      s("text", { x: STRIP.left, y: y - 22, text: `seed ${this.data.seeds[seed]}` }),
      s("text", { x: STRIP.right, y: y - 22, "text-anchor": "end",
        text: `${percent(share)} ±\u00a0${points(reach)}` }),
      ...ghosts,
      s("path", { class: "spread-tick", d: `M${x(this.whole[seed])} ${y - 16}v32` }),
      s("path", { class: "spread-bar",
        d: `M${x(share - reach)} ${y}H${x(share + reach)}` }),
      s("circle", { class: "spread-dot", cx: x(share), cy: y, r: 5 }))];
  }

  /** Rows: what a picture shows; columns: what the net takes it for. Made once: a
   *  slider changes texts and shades only. */
  makeTable() {
    const { classes } = this.data;
    const head = ["is", ...classes].map((name, i) =>
      cell("columnheader", `spread-${i === 0 ? "corner" : "column"}`, name));
    this.cells = classes.map((_, i) => classes.map((_, j) =>
      cell("cell", `spread-cell${i === j ? " spread-hit" : ""}`, h("span"))));
    this.table.style.setProperty("--classes", classes.length);
    this.table.append(row("spread-row", ...head), ...this.cells.map((cells, i) =>
      row("spread-row", cell("rowheader", "spread-name", classes[i]), ...cells)));
  }

  drawTable(n) {
    const counts = this.confusion(n);
    this.title.textContent = `Seed ${this.data.seeds[this.at.seed]}: ` +
      "what is taken for what";
    this.table.setAttribute("aria-label", `${this.title.textContent}, ` +
      `${whole(n)} pictures. Rows show what it is, columns the answer.`);
    counts.forEach((row, i) => {
      const total = Math.max(1, sum(row));
      row.forEach((count, j) => {
        const cell = this.cells[i][j];
        cell.style.setProperty("--share", Math.sqrt(count / total).toFixed(2));
        cell.firstChild.textContent = count || "·";
      });
    });
    this.most.textContent = this.mostOften(counts);
  }

  confusion(n) {
    const k = this.data.classes.length;
    const counts = Array.from({ length: k }, () => new Array(k).fill(0));
    for (let i = 0; i < n; i += 1) {
      const at = this.drawn[this.at.draw][i];
      counts[this.labels[at]][this.answers[this.at.seed][at]] += 1;
    }
    return counts;
  }

  mostOften(counts) {
    const { classes } = this.data;
    const errors = counts.flatMap((row, i) => row.map((count, j) => ({ count, i, j })))
      .filter(({ i, j }) => i !== j);
    const count = Math.max(...errors.map((error) => error.count));
    const [{ i, j }, ...others] = errors.filter((error) => error.count === count);
    const times = count === 1 ? "once" : `${whole(count)} times`;
    const ties = others.length === 0 ? "" : others.length === 1
      ? "; one other pair as often" : `; ${others.length} other pairs as often`;
    return count === 0 ? "No picture of this draw is taken for another class."
      : `Most often: ${classes[i]} taken for ${classes[j]}, ${times}${ties}.`;
  }

  sentence(shares, n) {
    const { seeds } = this.data, { seed } = this.at;
    const share = shares[seed];
    const reach = 2 * standardError(share, n);
    const ends = [Math.max(0, share - reach), Math.min(1, share + reach)];
    const doubt = reach > 0
      ? `Two standard errors are ${points(reach)} points: on many more like them ` +
        `it would get ${points(ends[0])} to ${percent(ends[1])}, unless this draw is ` +
        "one of the unlucky five in a hundred. "
      : "The formula now says ±\u00a00, and that is too sure: draw more. ";
    return `The net of seed ${seeds[seed]} gets ${percent(share)} of these ` +
      `${whole(n)} pictures right. ${doubt}${this.between(reach)}`;
  }

  /** The seeds against each other, on all test pictures. */
  between(reach) {
    if (this.whole.length === 1) return "";
    const gap = Math.max(...this.whole) - Math.min(...this.whole);
    const than = gap === reach ? "" : `, ${gap < reach ? "less" : "more"} than that`;
    return `On all ${whole(this.labels.length)} test pictures the seeds lie ` +
      `${points(gap)} points apart${than}.`;
  }
}

export default rendering(SeedSpread);
