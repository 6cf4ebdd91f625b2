// One loss surface, drawn at any angle.

const VIEW = { width: 360, height: 312, cx: 186, cy: 158, reach: 102, rise: 138 };
// Viridis in eight steps: dark is low, and told apart without colours too.
const VIRIDIS = [[68, 1, 84], [70, 50, 127], [54, 92, 141], [39, 127, 142],
  [31, 161, 135], [74, 194, 109], [159, 218, 58], [253, 231, 37]];
function shade(part) {
  const at = Math.min(1, Math.max(0, part)) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const mix = VIRIDIS[low].map((v, k) => v + (at - low) * (VIRIDIS[low + 1][k] - v));
  return `rgb(${mix.map(Math.round).join(",")})`;
}

/** One surface in SVG: scale() for heights and colours, draw() for each angle. */
class Surface {
  constructor(name) {
    this.behind = s("g");
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
