// Chapter 13: two loss surfaces that turn together.

const VIEW = { width: 360, height: 312, cx: 186, cy: 158, reach: 102, rise: 138 };
// Viridis in eight steps: dark is low, and told apart without colours too.
const VIRIDIS = [[68, 1, 84], [70, 50, 127], [54, 92, 141], [39, 127, 142],
  [31, 161, 135], [74, 194, 109], [159, 218, 58], [253, 231, 37]];
const RAYS = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [i, j]))
  .filter(([i, j]) => i || j);

function shade(part) {
  const at = Math.min(1, Math.max(0, part)) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const mix = VIRIDIS[low].map((v, k) => v + (at - low) * (VIRIDIS[low + 1][k] - v));
  return `rgb(${mix.map(Math.round).join(",")})`;
}

/** [steps outwards on eight rays, the dents: those that fall after a climb] */
function denting(grid) {
  const middle = (grid.length - 1) / 2;
  let dents = 0;
  for (const [i, j] of RAYS) {
    let climbed = false;
    const ray = grid.slice(middle).map((_, k) => grid[middle + i * k][middle + j * k]);
    for (let k = 0; k < middle; k += 1) {
      dents += climbed && ray[k + 1] < ray[k];
      climbed ||= ray[k + 1] > ray[k];
    }
  }
  return [RAYS.length * middle, dents];
}

/** One surface in SVG: scale() for heights and colours, draw() for each angle. */
class Surface {
  constructor(name) {
    this.behind = s("g", { class: "surf-behind" });
    this.cells = s("g", { class: "surf-cells" });
    this.front = s("g", { class: "surf-front" });
    this.svg = s("svg", { viewBox: `0 0 ${VIEW.width} ${VIEW.height}`, role: "img",
      "aria-label": name }, this.behind, this.cells, this.front);
    this.node = h("figure", { class: "rl-chart" },
      h("figcaption", { text: name }), this.svg);
  }

  /** Take a grid of losses; height(loss) is 0 at the floor, 1 at the top. */
  take(grid, height) {
    this.heights = grid.map((row) => row.map(height));
    const side = grid.length - 1;
    if (this.cells.childNodes.length !== side * side) {
      this.polygons = Array.from({ length: side * side }, () => s("polygon"));
    }
    this.polygons.forEach((polygon, k) => {
      const [i, j] = [Math.floor(k / side), k % side], z = this.heights;
      const corners = [z[i][j], z[i + 1][j], z[i][j + 1], z[i + 1][j + 1]];
      polygon.setAttribute("fill", shade(average(corners)));
    });
  }

  /** Project x, y from -1 to 1 and height z: [right, down]. */
  place(x, y, z) {
    const { cx, reach, rise } = VIEW;
    const cy = VIEW.cy + (rise * this.tall) / 2; // the box stays in the middle
    return [cx + reach * (x * this.cos - y * this.sin),
      cy + reach * (x * this.sin + y * this.cos) * this.flat - rise * z * this.tall];
  }

  draw({ turn, tilt }, marks) {
    [this.cos, this.sin] = [Math.cos(turn), Math.sin(turn)];
    [this.flat, this.tall] = [Math.sin(tilt), Math.cos(tilt)];
    const side = this.heights.length - 1;
    const at = (i, j) => this.place(2 * j / side - 1, 2 * i / side - 1,
      this.heights[i][j]);
    const points = this.heights.map((row, i) => row.map((_, j) =>
      at(i, j).map((v) => v.toFixed(1)).join(",")));
    // From far to near, so that what is near covers what is behind it.
    const run = (rising) => Array.from({ length: side },
      (_, k) => (rising ? k : side - 1 - k));
    const order = run(this.cos > 0).flatMap((i) =>
      run(this.sin > 0).map((j) => [i, j]));
    for (const [i, j] of order) {
      this.polygons[i * side + j].setAttribute("points", [points[i][j],
        points[i][j + 1], points[i + 1][j + 1], points[i + 1][j]].join(" "));
    }
    this.cells.replaceChildren(...order.map(([i, j]) => this.polygons[i * side + j]));
    this.drawBox(marks);
  }

  /** Floor and guessing line: two sides behind the surface, two before it; a scale. */
  drawBox({ ticks, guess }) {
    const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
    const near = ([x, y]) => x * this.sin + y * this.cos;
    const sides = corners.map((a, k) => [a, corners[(k + 1) % 4]]);
    const edge = ([a, b], z, look) => s("path", { class: look,
      d: `M${this.place(...a, z).join(" ")}L${this.place(...b, z).join(" ")}` });
    const back = ([a, b]) => near(a) + near(b) <= 0;
    const lines = (kept) => sides.filter(kept).flatMap((side) => [
      edge(side, 0, "surf-floor"), edge(side, guess.height, "surf-guess")]);
    this.behind.replaceChildren(...lines(back));
    const left = corners.reduce((a, b) =>
      (this.place(...a, 0)[0] <= this.place(...b, 0)[0] ? a : b));
    const [x, floor] = this.place(...left, 0);
    const [, top] = this.place(...left, 1);
    const text = (z, label) => s("text", { x: x - 8, y: this.place(...left, z)[1] + 4,
      "text-anchor": "end", text: label });
    this.front.replaceChildren(...lines((side) => !back(side)),
      s("path", { class: "rl-axis", d: `M${x} ${floor}V${top}` }),
      ...ticks.map(({ height, label }) => text(height, label)));
  }
}

class LossSurface {
  constructor(data, el) {
    this.data = data;
    this.at = { seed: 0, cut: 0, turn: -35, tilt: 30 };
    const planes = data.nets[0].seeds[0].planes;
    const cuts = (kind) => planes.flatMap((p, k) =>
      (p[kind] ? [{ plane: k, kind }] : []));
    this.cuts = [...cuts("batch"), ...cuts("running")];
    this.frame = new Frame(el, {
      title: "The loss around two nets",
      lead: "In the middle of each square floor is a trained net; the height is its " +
        "loss after steps along two random directions. Turn the surfaces by dragging " +
        "them, or with the arrow keys on the sliders.",
      caption: `${data.note} Directions are filter-normalised: from the middle straight ` +
        "to a side each filter moves by its own length. The dashed line is guessing.",
    });
    this.surfaces = data.nets.map((net) => new Surface(net.name));
    this.stage = h("div", { class: "rl-charts surf-stage" },
      ...this.surfaces.map((surface) => surface.node));
    this.frame.body.append(this.stage);
    this.addControls();
    this.addDragging();
    this.take();
  }

  addControls() {
    const { seeds } = this.data.nets[0];
    const angle = (label, key, low, high) => {
      const values = [];
      for (let v = low; v <= high; v += 5) values.push(v);
      return range({ label, values, index: values.indexOf(this.at[key]),
        show: (v) => `${String(v).replace("-", "−")}°`,
        act: (i) => { this.at[key] = values[i]; if (!this.turning) this.draw(); } });
    };
    this.knobs = { turn: angle("Turn", "turn", -180, 180),
      tilt: angle("Tilt", "tilt", 0, 90) };
    const name = ({ plane, kind }) =>
      `plane ${plane + 1}${kind === "running" ? ", running statistics" : ""}`;
    const pick = (label, options, key) => choice({ label, options, index: 0,
      act: (i) => { this.at[key] = i; this.take(); } });
    this.frame.controls.classList.add("surf-controls");
    this.frame.controls.append(pick("Seed", seeds.map(({ seed }) => seed), "seed"),
      pick("Cut", this.cuts.map(name), "cut"), this.knobs.turn, this.knobs.tilt);
  }

  /** Drag to turn. A finger tilts with the slider: up and down scrolls the page. */
  addDragging() {
    let last = null;
    const at = ({ pointerId: id, clientX: x, clientY: y }) => ({ id, x, y });
    const move = (event) => {
      if (!event.buttons) stop(); // let go where this page does not hear of it
      if (last?.id !== event.pointerId) return; // of two fingers the last one turns
      const finger = event.pointerType === "touch";
      this.turnBy("turn", (event.clientX - last.x) / 2, -180, 180);
      if (!finger) this.turnBy("tilt", (event.clientY - last.y) / 3, 0, 90);
      this.draw();
      last = at(event);
    };
    const stop = () => { last = null; };
    const start = (event) => {
      if (event.button) return; // another button than the first
      last = at(event);
      this.stage.setPointerCapture(event.pointerId);
      event.preventDefault();
      // Arrow keys go on from here.
      this.knobs.turn.querySelector("input").focus({ preventScroll: true });
    };
    for (const [name, act] of Object.entries({ pointerdown: start, pointermove: move,
      pointerup: stop, pointercancel: stop })) this.stage.addEventListener(name, act);
  }

  /** Turn by a few degrees; the slider shows the nearest of its values. */
  turnBy(key, by, low, high) {
    const exact = key === "turn" ? ((this.at.turn - by + 540) % 360) - 180
      : Math.min(high, Math.max(low, this.at[key] + by));
    const input = this.knobs[key].querySelector("input");
    input.value = Math.round((exact - low) / 5);
    this.turning = true; // the slider tells, and the drawing waits for both angles
    input.dispatchEvent(new Event("input"));
    this.turning = false;
    this.at[key] = exact;
  }

  grids() {
    const { plane, kind } = this.cuts[this.at.cut];
    return this.data.nets.map((net) => net.seeds[this.at.seed].planes[plane][kind]);
  }

  /** Another seed or cut: new heights, on a scale that all cuts of this kind share. */
  take() {
    const { kind } = this.cuts[this.at.cut];
    const every = this.data.nets.flatMap((net) => net.seeds.flatMap((seed) =>
      seed.planes.flatMap((p) => (p[kind] || []).flat())));
    const log = kind === "running";
    const [lo, hi] = log ? decadeSpan(every) : [0, Math.max(...every)];
    const height = log
      ? (v) => (Math.log10(v) - Math.log10(lo)) / (Math.log10(hi) - Math.log10(lo))
      : (v) => v / hi;
    const marks = log ? decades([lo, hi], 5) : ticks([0, hi], 5);
    const label = (v) => (log ? ten(Math.round(Math.log10(v))) : short(v));
    this.marks = { guess: { height: height(this.data.guess) },
      ticks: marks.map((v) => ({ height: height(v), label: label(v) })) };
    const grids = this.grids();
    this.surfaces.forEach((surface, k) => surface.take(grids[k], height));
    this.draw();
    const names = this.data.nets.map((net, k) => `${net.name}: ${this.words(grids[k])}`);
    this.frame.say(`${names.join(" ")} Guessing is ${this.data.guess.toFixed(2)}.` +
      (log ? " The scale is one of powers of ten." : ""));
  }

  words(grid) {
    const middle = grid[(grid.length - 1) / 2][(grid.length - 1) / 2];
    const rim = [...grid[0], ...grid[grid.length - 1],
      ...grid.slice(1, -1).flatMap((row) => [row[0], row[row.length - 1]])];
    const [steps, dents] = denting(grid);
    return `${short(middle)} in the middle, ${short(average(rim))} on average at the ` +
      `rim; ${dents} of ${steps} steps outwards go down after a climb.`;
  }

  draw() {
    const [turn, tilt] = [this.at.turn, this.at.tilt].map((v) => (v * Math.PI) / 180);
    for (const surface of this.surfaces) surface.draw({ turn, tilt }, this.marks);
  }
}

export default {
  render({ model, el }) {
    const widget = new LossSurface(model.get("data"), el);
    return () => widget.frame.close();
  },
};
