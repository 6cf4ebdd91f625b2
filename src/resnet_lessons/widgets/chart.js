// A line chart in SVG, part of the kit. Lines have a look of their own in colour,
// dash and dot, so that no two differ by colour alone.

const BOX = { left: 54, right: 350, top: 12, bottom: 218, band: 20, gap: 9 };

const linear = ([lo, hi], [a, b]) => (v) => a + ((v - lo) / (hi - lo)) * (b - a);

/** Round values from lo to hi, about `most` of them at most. */
function ticks([lo, hi], most = 6) {
  const size = 10 ** Math.floor(Math.log10((hi - lo) / most));
  const step = [1, 2, 5, 10].map((k) => k * size).find((k) => (hi - lo) / k <= most);
  const values = [];
  for (let i = Math.ceil(lo / step); i * step <= hi * (1 + 1e-9); i += 1) {
    values.push(Number((i * step).toPrecision(12)));
  }
  return values;
}

/** A number on an axis: 0.5, 20, −1, 2.0 × 10³. */
function tick(value) {
  if (value < 0) return `−${tick(-value)}`;
  if (value === 0) return "0";
  if (value >= 0.001 && value < 1000) return String(Number(value.toPrecision(3)));
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits} × ${ten(Number(power))}`;
}

/** Powers of ten from lo to hi, thinned to about `most`. */
function decades([lo, hi], most = 6) {
  const from = Math.ceil(Math.log10(lo) - 1e-9);
  const to = Math.floor(Math.log10(hi) + 1e-9);
  const step = Math.ceil((to - from + 1) / most);
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return powers.filter((power) => power % step === 0).map((power) => 10 ** power);
}

/** The powers of ten that hold all values above zero between them. */
function decadeSpan(values) {
  const logs = values.filter((v) => v > 0).map(Math.log10);
  const [lo, hi] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  return [10 ** lo, 10 ** Math.max(hi, lo + 1)];
}

/** A path through points; `broken(p, q)` says where not to join two neighbours. */
function path(points, look, broken = () => false) {
  const d = points.map((p, i) => {
    const move = i === 0 || broken(points[i - 1], p);
    return `${move ? "M" : "L"}${p[0].toFixed(1)} ${p[1].toFixed(1)}`;
  });
  return s("path", { d: d.join(""), class: `rl-line rl-${look}` });
}

function dot([cx, cy], look) {
  const at = { class: `rl-dot rl-${look}` };
  if (look !== "second") return s("circle", { ...at, cx, cy, r: 3 });
  return s("path", { ...at, d: `M${cx - 3.2} ${cy - 3.2}h6.4v6.4h-6.4z` });
}

/** Pale lines are many, and have none. */
const dots = (points, look) =>
  (look === "ghost" ? [] : points.map((p) => dot(p, look)));

/** A chart with a legend of { look, label }. Call scale, then draw at each change. */
class LineChart {
  constructor({ title, xLabel, yLabel, legend }) {
    Object.assign(this, { title, xLabel, yLabel, legend });
    this.axes = s("g", { class: "rl-axes" });
    this.lines = s("g");
    this.svg = s("svg", { viewBox: "0 0 360 262", role: "img", "aria-label": title },
      this.axes, this.lines);
    const key = ({ look, label }) => h("li", {},
      s("svg", { viewBox: "0 0 28 12", "aria-hidden": "true" },
        path([[1, 6], [27, 6]], look), ...dots([[14, 6]], look)),
      h("span", { text: label }));
    this.node = h("figure", { class: "rl-chart" }, h("figcaption", { text: title }),
      this.svg, h("ul", { class: "rl-legend" }, ...legend.map(key)));
  }

  /** Set the ranges. log: powers of ten; zeros: a band of its own for exact zeros. */
  scale({ x, y, log = false, zeros = false }) {
    const floor = BOX.bottom - (zeros ? BOX.band + BOX.gap : 0);
    const height = [floor, BOX.top];
    this.zeros = zeros;
    this.zero = zeros ? BOX.bottom - BOX.band / 2 : BOX.bottom;
    this.x = linear(x, [BOX.left + 8, BOX.right - 8]);
    const line = linear(log ? y.map(Math.log10) : y, height);
    this.y = log ? (v) => (v === 0 ? this.zero : line(Math.log10(v))) : line;
    this.axes.replaceChildren(
      ...(zeros ? this.zeroBand() : []),
      ...(log ? decades(y) : ticks(y, 5)).flatMap((v) => this.yTick(v, log)),
      ...ticks(x, 8).filter(Number.isInteger).map((v) => this.text(
        { x: this.x(v), y: BOX.bottom + 16, "text-anchor": "middle" }, v)),
      s("path", { d: `M${BOX.left} ${BOX.bottom}H${BOX.right}`, class: "rl-axis" }),
      this.text({ x: (BOX.left + BOX.right) / 2, y: 252, "text-anchor": "middle" },
        this.xLabel),
      this.text({ transform: `translate(9 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)`,
        "text-anchor": "middle" }, this.yLabel));
  }

  text(attributes, text) {
    return s("text", { ...attributes, text });
  }

  yTick(value, log) {
    const y = this.y(value);
    const text = log ? ten(Math.round(Math.log10(value))) : tick(value);
    return [
      s("path", { d: `M${BOX.left} ${y}H${BOX.right}`, class: "rl-grid" }),
      this.text({ x: BOX.left - 6, y: y + 4, "text-anchor": "end" }, text),
    ];
  }

  zeroBand() {
    const y = BOX.bottom - BOX.band;
    const size = { x: BOX.left, y, width: BOX.right - BOX.left, height: BOX.band };
    return [
      s("rect", { ...size, class: "rl-band" }),
      this.text({ x: BOX.left - 6, y: this.zero + 4, "text-anchor": "end" }, "0"),
    ];
  }

  /** Draw lines: [{ points: [[x, y], …], look: "accent" | "second" | "ghost" }, …]. */
  draw(lines) {
    const nodes = lines.flatMap(({ points, look }) => {
      const at = points.map(([x, y]) => [this.x(x), this.y(y)]);
      const cut = (p, q) => this.zeros && (p[1] === this.zero) !== (q[1] === this.zero);
      return [path(at, look, cut), ...dots(at, look)];
    });
    this.lines.replaceChildren(...nodes);
    this.describe(lines);
  }

  /** In words: where each line begins and ends. */
  describe(lines) {
    const drawn = lines.filter(({ points, look }) => look !== "ghost" && points.length);
    const words = drawn.map(({ points, look }) => {
      const { label } = this.legend.find((key) => key.look === look)
        ?? { label: this.yLabel };
      const [first, last] = [points[0], points.at(-1)].map(([, y]) => short(y));
      return `${label}: ${first} to ${last}`;
    });
    this.svg.setAttribute("aria-label", [this.title, words.join("; ")].join(". "));
  }
}
