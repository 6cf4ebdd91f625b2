// Chapter 13: two loss surfaces that turn together.

const RAYS = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [i, j]))
  .filter(([i, j]) => i || j);

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
    const label = (v) => (log ? ten(Math.round(Math.log10(v))) : tick(v));
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
    const rim = [...grid[0], ...grid.at(-1),
      ...grid.slice(1, -1).flatMap((row) => [row[0], row.at(-1)])];
    const [steps, dents] = denting(grid);
    const go = dents === 1 ? "goes" : "go";
    return `${short(middle)} in the middle, ${short(average(rim))} on average at the ` +
      `rim; ${dents} of ${steps} steps outwards ${go} down after a climb.`;
  }

  draw() {
    const [turn, tilt] = [this.at.turn, this.at.tilt].map((v) => (v * Math.PI) / 180);
    for (const surface of this.surfaces) surface.draw({ turn, tilt }, this.marks);
  }
}

export default rendering(LossSurface);
