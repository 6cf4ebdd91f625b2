// The playground's pictures: losses, values layer by layer, the plane, digits.

const SIDE = 40; // places of the plane on a side
const SPAN = 1.15; // it reaches from -SPAN to SPAN
const HUES = [[0, 114, 178], [213, 94, 0]]; // Okabe and Ito's blue and vermillion
const WALL = 24; // digits that are shown
const MOST = 10; // a larger loss is drawn as this one

/** `values` that can stand on a scale of powers of ten, with what is there already. */
function grown(span, values) {
  const drawn = values.filter((v) => v > 0 && Number.isFinite(v));
  return decadeSpan([...(span ?? []), ...drawn, ...(span || drawn.length ? [] : [1])]);
}

/** Loss of training and of held-out data, an earlier run, and the loss of guessing. A
 *  net with batch normalisation that is not yet itself can have a held-out loss of any
 *  size: its running averages lag behind. */
class LossChart extends LineChart {
  constructor() {
    super({ title: "Loss", xLabel: "step", yLabel: "loss", legend: [
      { look: "accent", label: "training batches" },
      { look: "second", label: "held-out data" },
      { look: "ghost", label: "training, an earlier run" },
      { look: "guess", label: "guessing" }] });
    this.node.classList.add("play-loss");
  }

  show(curve, before, chance) {
    const last = curve.at(-1).step;
    const end = 250 * 2 ** Math.max(0, Math.ceil(Math.log2(last / 250)));
    const line = (list, key) => list.filter((p) => p[key] > 0 && p.step <= end)
      .map((p) => [p.step, Math.min(p[key], MOST)]);
    const lines = [{ look: "ghost", points: line(before, "train") },
      { look: "second", points: line(curve, "held") },
      { look: "accent", points: line(curve, "train") },
      { look: "guess", points: [[0, chance], [end, chance]] }];
    const heights = lines.flatMap(({ points }) => points.map(([, v]) => v));
    this.scale({ x: [0, end], y: grown([0.1, 1], heights), log: true });
    this.lines.replaceChildren(...lines.map(({ look, points }) =>
      path(points.map(([x, y]) => [this.x(x), this.y(y)]), look)));
    this.describe(lines);
  }
}

/** One value for each layer, by powers of ten; the scale only grows during a run. */
class LayerChart extends LineChart {
  constructor(title, yLabel) {
    super({ title, yLabel, xLabel: "layer (0 is the stem)", legend: [] });
  }

  restart() {
    this.span = this.drawn = null;
  }

  show(values) {
    this.span = grown(this.span, values);
    const zeros = values.includes(0);
    const kind = [this.span, values.length, zeros].join();
    if (kind !== this.drawn) {
      this.scale({ x: [0, values.length - 1], y: this.span, log: true, zeros });
    }
    this.drawn = kind;
    const good = values.map((v, k) => [k, v]).filter(([, v]) => Number.isFinite(v));
    this.draw([{ points: good, look: "accent" }]);
  }
}

/** What the net says at each place of the plane, a part of it at a time. */
class Plane {
  constructor() {
    const canvas = (side, look) => h("canvas", { width: side, height: side, class: look });
    this.ground = canvas(SIDE, "play-ground");
    this.dots = canvas(2 * 272, "play-dots");
    this.image = new ImageData(SIDE, SIDE);
    const title = "What the net says, and the training points";
    this.node = h("figure", { class: "rl-chart" }, h("figcaption", { text: title }),
      h("div", { class: "play-map", role: "img", "aria-label": title },
        this.ground, this.dots));
  }

  /** A blue disc for class 0, an orange square for class 1. */
  restart({ train }) {
    this.from = 0;
    const { x, labels } = train;
    const ink = this.dots.getContext("2d");
    const { width } = this.dots;
    const at = (v) => ((v / SPAN + 1) / 2) * width;
    ink.clearRect(0, 0, width, width);
    labels.forEach((label, i) => {
      ink.fillStyle = `rgb(${HUES[label]})`;
      ink.strokeStyle = "#ffffff";
      ink.lineWidth = 2;
      ink.beginPath();
      const [px, py] = [at(x[2 * i]), at(-x[2 * i + 1])];
      if (label) ink.rect(px - 5.5, py - 5.5, 11, 11);
      else ink.arc(px, py, 6, 0, 2 * Math.PI);
      ink.fill();
      ink.stroke();
    });
  }

  /** Go on until `end` (ms); an untrained net says nothing yet. Returns whether the
   *  picture is whole. */
  work({ net, steps }, end) {
    const ink = this.ground.getContext("2d");
    if (!steps) ink.clearRect(0, 0, SIDE, SIDE);
    if (!steps) return true;
    const places = Math.min(net.rows, SIDE);
    const x = new Float64Array(2 * net.rows);
    while (this.from < SIDE * SIDE && performance.now() < end) {
      for (let r = 0; r < places; r += 1) {
        const [row, column] = [Math.floor((this.from + r) / SIDE), (this.from + r) % SIDE];
        x[2 * r] = SPAN * ((2 * column + 1) / SIDE - 1);
        x[2 * r + 1] = SPAN * (1 - (2 * row + 1) / SIDE);
      }
      const scores = net.forward(x, places, false);
      for (let r = 0; r < places; r += 1) this.paint(this.from + r, scores, r);
      this.from += places;
    }
    if (this.from < SIDE * SIDE) return false;
    ink.putImageData(this.image, 0, 0);
    this.from = 0;
    return true;
  }

  /** The likelier class in its colour, the stronger the surer. */
  paint(place, scores, r) {
    const second = 1 / (1 + Math.exp(scores[2 * r] - scores[2 * r + 1]));
    const sure = Number.isFinite(second) ? Math.abs(2 * second - 1) : 0;
    this.image.data.set([...HUES[second > 0.5 ? 1 : 0], 25 + 190 * sure], 4 * place);
  }
}

/** Some held-out digits, and what the net says to each. */
class Wall {
  constructor() {
    this.says = Array.from({ length: WALL }, () => h("span"));
    this.pixels = this.says.map(() => h("canvas", { width: 8, height: 8,
      "aria-hidden": "true" }));
    this.node = h("figure", { class: "rl-chart" },
      h("figcaption", { text: "Held-out digits, and what the net says" }),
      h("ul", { class: "play-wall" }, ...this.says.map((says, i) =>
        h("li", {}, this.pixels[i], says))));
  }

  restart({ held: { x, labels } }) {
    this.labels = labels;
    this.pixels.forEach((canvas, i) => {
      const image = new ImageData(8, 8);
      x.subarray(64 * i, 64 * i + 64).forEach((v, k) => {
        const grey = Math.round(127.5 * (1 - v));
        image.data.set([grey, grey, grey, 255], 4 * k);
      });
      canvas.getContext("2d").putImageData(image, 0, 0);
    });
  }

  work({ net, data }) {
    const scores = net.forward(data.held.x, WALL, false);
    this.says.forEach((says, i) => {
      const row = scores.subarray(10 * i, 10 * i + 10);
      const answer = row.indexOf(Math.max(...row));
      const right = answer === this.labels[i];
      says.textContent = `${answer < 0 ? "–" : answer} ${right ? "✓" : "✗"}`;
      says.className = right ? "" : "play-wrong";
    });
    return true;
  }
}
