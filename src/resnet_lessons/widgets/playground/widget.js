// The residual playground: a small net that trains where it is shown.

const SETS = { spirals: "two spirals", rings: "rings", moons: "moons", digits: "digits" };
const NORMS = [["none", {}], ["BatchNorm", { norm: true }],
  ["BatchNorm, last γ = 0", { norm: true, zero: true }]];
const INITS = { PyTorch: "PyTorch’s default", He: "He" };
const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const DEPTHS = Array.from({ length: 32 }, (_, i) => 2 * i + 2);
const START = { depth: 40, skip: false, norm: true, zero: false, init: "PyTorch",
  lr: 0.01, optimiser: "SGD", data: "spirals", seed: 0 };
const [FIRST, MORE] = [200, 5000]; // steps until it pauses by itself, then and again
const LONG = 50; // steps after which a run is worth a grey line: a slider starts many
// Milliseconds of a frame for training, and with the plane; and between drawings.
const [TRAINING, PLANE, DRAWING] = [7, 9.5, 60];

class ResidualPlayground {
  constructor(trait, el) {
    Object.assign(this, { trait, settings: { ...START }, playing: false, before: [] });
    const digits = trait ? `Or real digits of ${square(8)} pixels: ` +
      `${trait.train.labels.length}, and ${trait.held.labels.length} held out. ` : "";
    this.frame = new Frame(el, {
      title: "The residual playground",
      lead: "A small net trains here, in your browser. Each change starts a new one; the " +
        `grey line keeps the last one that ran for ${LONG} steps, or diverged.`,
      caption: `Fully connected, ${WIDTH} wide; layers 1 and 2 are a block, 3 and 4 the ` +
        `next. A batch has ${BATCH} of ${POINTS.train} training points; ${POINTS.held} ` +
        `are held out. ${digits}Gradients and outputs are ` +
        "of the last batch. Training losses are means since the last point, held-out losses " +
        `use the running averages. A loss above ${MOST} is drawn at ${MOST}. Pauses at ` +
        `step ${FIRST}; Play goes on.`,
    });
    this.pictures = { loss: new LossChart(), plane: new Plane(), wall: new Wall(),
      gradient: new LayerChart("Gradient of each layer", "length, weights’ gradient"),
      activation: new LayerChart("Output of each layer", "root mean square") };
    this.quiet();
    this.addControls();
    this.frame.body.append(this.buttons(), h("div", { class: "rl-charts play" },
      ...["loss", "plane", "wall", "gradient", "activation"].map((key) =>
        this.pictures[key].node)));
    this.restart();
    this.watch();
  }

  addControls() {
    const set = (changes) => {
      if (Object.keys(changes).every((key) => changes[key] === this.settings[key])) return;
      Object.assign(this.settings, changes);
      const { steps, broken, curve } = this.run;
      if (steps >= LONG || broken) this.before = curve;
      this.restart();
    };
    const pick = (label, names, key) => choice({ label, options: Object.values(names),
      index: Object.keys(names).indexOf(START[key]),
      act: (i) => set({ [key]: Object.keys(names)[i] }) });
    const slide = (label, values, key, show) => range({ label, values,
      index: values.indexOf(START[key]), show, act: (i) => set({ [key]: values[i] }) });
    this.frame.controls.classList.add("play-controls");
    this.frame.controls.append(
      slide("Hidden layers", DEPTHS, "depth", String),
      toggle({ label: "Skip connections", on: START.skip, act: (skip) => set({ skip }) }),
      choice({ label: "Normalisation", options: NORMS.map(([name]) => name), index: 1,
        act: (i) => set({ norm: false, zero: false, ...NORMS[i][1] }) }),
      pick("Initialisation", INITS, "init"),
      pick("Optimiser", { SGD: "SGD, momentum 0.9", Adam: "Adam" }, "optimiser"),
      slide("Learning rate", RATES, "lr", String),
      pick("Data", SETS, "data"),
      slide("Seed", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "seed", String));
  }

  buttons() {
    const button = (text, click) => h("button", { type: "button", text, on: { click } });
    this.playButton = button("Play", () => this.play(!this.playing));
    return h("div", { class: "rl-row play-buttons" }, this.playButton,
      button("One step", () => { this.play(false); this.advance(); this.show(true); }),
      button("Reset", () => { this.play(false); this.restart(); }));
  }

  /** A new net with the settings as they are; plays if the one before did until its end. */
  restart() {
    const { pictures, settings } = this;
    this.run = new Run(settings, this.trait);
    this.picture = settings.data === "digits" ? pictures.wall : pictures.plane;
    for (const one of [pictures.plane, pictures.wall]) {
      one.node.hidden = one !== this.picture;
    }
    this.picture.restart(this.run.data);
    pictures.gradient.restart();
    pictures.activation.restart();
    this.limit = FIRST;
    if (this.ended) this.play(true);
    else this.show(true);
  }

  play(on) {
    this.ended = false;
    if (on && this.run.broken) this.restart();
    if (on && this.run.steps >= this.limit) this.limit += MORE;
    this.playing = on;
    this.playButton.textContent = on ? "Pause" : "Play";
    this.show(true);
  }

  /** One step; stops where the numbers, or the steps, have come to an end. */
  advance() {
    const goes = this.run.step() && this.run.steps < this.limit;
    if (!goes && this.playing) {
      this.play(false);
      this.ended = true; // by itself
    }
    return goes;
  }

  /** In each frame: steps for a few ms, a part of the plane, now and then the charts. */
  tick() {
    const start = performance.now();
    this.asked = null;
    while (this.playing && this.advance() && performance.now() < start + TRAINING);
    this.whole = this.picture.work(this.run, start + PLANE) || this.whole;
    if (this.playing && start > this.next) this.show(false);
    this.ask();
  }

  ask() {
    if (!this.seen || (!this.playing && this.whole)) return;
    this.asked ??= requestAnimationFrame(() => this.tick());
  }

  /** Draw the charts. `settled`: not one of many, so that it is said, and the plane is
   *  to be finished with the net as it is. */
  show(settled) {
    const { run, pictures } = this;
    const now = performance.now();
    this.next = now + DRAWING;
    pictures.loss.show(run.curve, this.before, Math.log(run.data.classes));
    pictures.gradient.show(run.gradients);
    pictures.activation.show(run.activations);
    if (settled) {
      this.picture.from = 0;
      this.whole = run.steps === 0 && this.picture.work(run, Infinity);
    }
    if (settled || now > this.spoken + 10000) {
      this.spoken = now;
      this.frame.say(this.sentence());
    } else this.frame.seen.textContent = this.sentence();
    this.ask();
  }

  /** It starts by itself, and nobody has asked it to read out what it does: whoever
   *  reads the page finds the sentence as it is, but hears it only once a control is
   *  touched. */
  quiet() {
    const { root, live } = this.frame;
    live.setAttribute("aria-live", "off");
    const touch = ({ target }) => {
      if (target.closest("button, input")) live.setAttribute("aria-live", "polite");
    };
    for (const event of ["click", "input"]) root.addEventListener(event, touch, true);
  }

  /** Starts when it comes into view, unless motion is unwanted; rests out of view. */
  watch() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let fresh = !still;
    this.observer = new IntersectionObserver((crossings) => {
      const { isIntersecting } = crossings.at(-1);
      this.seen = isIntersecting;
      if (isIntersecting && fresh) this.play(true);
      if (isIntersecting) fresh = false;
      this.ask();
    });
    this.observer.observe(this.frame.root);
  }

  sentence() {
    const { run, settings: { depth, skip, norm, optimiser, lr } } = this;
    const net = `${skip ? "Residual" : "Plain"} net, ${depth} hidden layers, ` +
      `${optimiser} at ${lr}`;
    if (run.broken) {
      return `${net}: in step ${run.steps + 1} the numbers became too large to hold: ` +
        `this run has diverged. Try a lower learning rate${norm ? "" : ", BatchNorm"} ` +
        "or fewer layers.";
    }
    const { step, train, held, accuracy } = run.curve.at(-1);
    const measured = step === run.steps ? "" : `; at step ${whole(step)}`;
    const ratio = run.gradients[1] / run.gradients[depth];
    const flow = Number.isFinite(ratio)
      ? `${short(ratio)} times that of the last hidden layer` : short(run.gradients[1]);
    return `${net}, step ${whole(run.steps)}${measured}: training loss ${short(train)}, ` +
      `held-out loss ${short(held)}, ${portion(accuracy)} of held-out data right (guessing: ` +
      `${portion(1 / run.data.classes)}). The gradient of layer 1 is ${flow}.`;
  }

  close() {
    this.playing = false;
    cancelAnimationFrame(this.asked);
    this.observer.disconnect();
    this.frame.close();
  }
}

export default {
  render({ model, el }) {
    const widget = new ResidualPlayground(model.get("data"), el);
    return () => widget.close();
  },
};
