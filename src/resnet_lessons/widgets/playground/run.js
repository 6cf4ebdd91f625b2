// One training run of the playground: a net, its data, its optimiser, what it measured.

const WIDTH = 16; // of every hidden layer
const BATCH = 32;
const KEPT = 200; // points of a loss curve before every second one is dropped

/** Start values. "PyTorch": U(-1/√n, 1/√n) with n inputs; "He": N(0, 2/n), biases 0.
 *  zero: the last γ of each block starts at 0. */
function initialise(net, { init, zero }, uniform) {
  const normal = normals(uniform);
  const fill = (values, draw) => { // by hand: `map` of a typed array is slow
    for (let i = 0; i < values.length; i += 1) values[i] = draw();
  };
  [...net.layers, net.head].forEach((layer, k) => {
    const reach = 1 / Math.sqrt(layer.inputs);
    const spread = Math.sqrt(2 / layer.inputs);
    const flat = () => reach * (2 * uniform() - 1);
    const draw = init === "He" ? () => spread * normal() : flat;
    fill(layer.weight.value, draw);
    if (layer.norm) layer.scale.value.fill(zero && k > 0 && k % 2 === 0 ? 0 : 1);
    if (!layer.norm && init !== "He") fill(layer.shift.value, draw);
  });
}

/** The steps of torch.optim.SGD(momentum=0.9) and torch.optim.Adam. */
const OPTIMISERS = {
  SGD({ theta, grad }, { first }, lr) {
    for (let i = 0; i < theta.length; i += 1) {
      first[i] = 0.9 * first[i] + grad[i];
      theta[i] -= lr * first[i];
    }
  },
  Adam({ theta, grad }, { first, second }, lr, step) {
    const [b1, b2] = [0.9, 0.999];
    const size = lr / (1 - b1 ** step);
    const root = Math.sqrt(1 - b2 ** step);
    for (let i = 0; i < theta.length; i += 1) {
      first[i] = b1 * first[i] + (1 - b1) * grad[i];
      second[i] = b2 * second[i] + (1 - b2) * grad[i] ** 2;
      theta[i] -= (size * first[i]) / (Math.sqrt(second[i]) / root + 1e-8);
    }
  },
};

class Run {
  /** settings: depth, skip, norm, zero, init, lr, optimiser, data, seed. */
  constructor(settings, trait) {
    this.settings = settings;
    this.data = dataSet(settings.data, settings.seed, trait);
    const { inputs, classes } = this.data;
    const { depth, skip, norm } = settings;
    this.net = new Net({ inputs, width: WIDTH, depth, classes, skip, norm, rows: BATCH });
    initialise(this.net, settings, uniforms(4 * settings.seed + 1));
    this.batches = uniforms(4 * settings.seed + 2);
    this.state = { first: new Float64Array(this.net.theta.length),
      second: new Float64Array(this.net.theta.length) };
    this.x = new Float64Array(BATCH * inputs);
    this.d = new Float64Array(BATCH * classes);
    Object.assign(this, { steps: 0, order: [], every: 8, since: [], curve: [],
      broken: false });
    this.look();
  }

  /** Before the first step: losses and gradients on the first rows, nothing changed. */
  look() {
    const loss = this.pass(Array.from({ length: BATCH }, (_, i) => i));
    for (const { norm, mean, variance } of this.net.layers) {
      if (norm) [mean.fill(0), variance.fill(1)];
    }
    this.record(loss);
  }

  /** The places of the next batch; a part of a batch at the end of a pass is left out. */
  next() {
    const count = this.data.train.labels.length;
    if (this.order.length < BATCH) this.order = shuffled(count, this.batches);
    return this.order.splice(0, BATCH);
  }

  /** Put rows `places` of a part into this.x; returns their labels. */
  load(part, places) {
    const { inputs } = this.data;
    places.forEach((from, r) => {
      this.x.set(part.x.subarray(from * inputs, (from + 1) * inputs), r * inputs);
    });
    return places.map((from) => part.labels[from]);
  }

  /** Forward and backward over one batch; the parameters stay. */
  pass(places) {
    const labels = this.load(this.data.train, places);
    const scores = this.net.forward(this.x, places.length, true);
    const { loss } = crossEntropy(scores, labels, this.data.classes, this.d);
    this.net.backward(this.d, places.length);
    const size = (layer) => places.length * layer.outputs;
    this.gradients = this.net.layers.map((layer) => lengthOf(layer.weight.grad));
    this.activations = this.net.layers.map((layer) =>
      lengthOf(layer.out, size(layer)) / Math.sqrt(size(layer)));
    return loss;
  }

  /** One step of the optimiser. Returns whether all numbers are still finite; once they
   *  are not, the run has ended. */
  step() {
    if (this.broken) return false;
    this.loss = this.pass(this.next());
    this.broken = !Number.isFinite(this.loss + lengthOf(this.net.grad));
    if (this.broken) return false;
    this.steps += 1;
    const { optimiser, lr } = this.settings;
    OPTIMISERS[optimiser](this.net, this.state, lr, this.steps);
    this.since.push(this.loss);
    if (this.steps % this.every === 0) {
      this.record(average(this.since));
    }
    return true;
  }

  /** Loss and accuracy on all of a part, with the running averages. */
  evaluate(part) {
    const { classes } = this.data;
    const every = part.labels.map((_, i) => i);
    let [loss, right] = [0, 0];
    for (let from = 0; from < every.length; from += BATCH) {
      const labels = this.load(part, every.slice(from, from + BATCH));
      const scores = this.net.forward(this.x, labels.length, false);
      const found = crossEntropy(scores, labels, classes, this.d);
      loss += found.loss * labels.length;
      right += found.right;
    }
    return { loss: loss / every.length, accuracy: right / every.length };
  }

  /** Add a point to the curve; a full curve keeps every second point from then on. */
  record(train) {
    this.since = [];
    const { loss, accuracy } = this.evaluate(this.data.held);
    this.curve.push({ step: this.steps, train, held: loss, accuracy });
    if (this.curve.length <= KEPT) return;
    this.every *= 2;
    this.curve = this.curve.filter(({ step }) => step % this.every === 0);
  }
}
