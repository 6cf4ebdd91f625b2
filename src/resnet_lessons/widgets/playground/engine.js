// The playground's net on typed arrays: forward, backward, batch normalisation. Layer 0
// is the stem, layers 1 … depth are the hidden ones, two to a block; then the head.

const EPS = 1e-5; // of batch normalisation, and the next too, as in PyTorch
const RUNNING = 0.1;

/** c[r, k] = Σ_j a[r, j] b[k, j]; a and b with their strides. In tiles of four rows and
 *  two columns, so that what is read once is used often; `columns` must be even. */
function product(c, a, [ar, aj], b, [bk, bj], [rows, columns, inner]) {
  const four = rows - (rows % 4);
  for (let k = 0; k < columns; k += 2) {
    for (let r = 0; r < four; r += 4) {
      let p = r * ar, q = k * bk;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0, t0 = 0, t1 = 0, t2 = 0, t3 = 0;
      for (let j = 0; j < inner; j += 1) {
        const v = b[q], w = b[q + bk];
        const x0 = a[p], x1 = a[p + ar], x2 = a[p + 2 * ar], x3 = a[p + 3 * ar];
        s0 += x0 * v; s1 += x1 * v; s2 += x2 * v; s3 += x3 * v;
        t0 += x0 * w; t1 += x1 * w; t2 += x2 * w; t3 += x3 * w;
        p += aj;
        q += bj;
      }
      let at = r * columns + k;
      c[at] = s0; c[at + 1] = t0; at += columns;
      c[at] = s1; c[at + 1] = t1; at += columns;
      c[at] = s2; c[at + 1] = t2; at += columns;
      c[at] = s3; c[at + 1] = t3;
    }
  }
  for (let r = four; r < rows; r += 1) {
    for (let k = 0; k < columns; k += 1) {
      let sum = 0;
      for (let j = 0; j < inner; j += 1) sum += a[r * ar + j * aj] * b[k * bk + j * bj];
      c[r * columns + k] = sum;
    }
  }
}

/** One linear layer, with a bias or with batch normalisation (scale γ, shift β). */
class Layer {
  constructor(net, inputs, outputs, norm) {
    Object.assign(this, { inputs, outputs, norm });
    this.weight = net.take(inputs * outputs); // (outputs, inputs), as in PyTorch
    this.shift = net.take(outputs);
    this.out = new Float64Array(net.rows * outputs);
    this.back = new Float64Array(net.rows * inputs);
    if (!norm) return;
    this.scale = net.take(outputs);
    this.hat = new Float64Array(net.rows * outputs);
    this.inverse = new Float64Array(outputs);
    this.mean = new Float64Array(outputs); // running averages, for held-out data
    this.variance = new Float64Array(outputs).fill(1);
  }

  /** x (rows, inputs) -> (rows, outputs), before any activation. */
  forward(x, rows, training) {
    const { inputs, outputs, out } = this;
    this.x = x;
    product(out, x, [inputs, 1], this.weight.value, [inputs, 1], [rows, outputs, inputs]);
    for (let k = 0; k < outputs; k += 1) {
      if (this.norm) this.normalise(k, rows, training);
      const shift = this.shift.value[k], end = rows * outputs;
      for (let at = k; at < end; at += outputs) out[at] += shift;
    }
    return out;
  }

  normalise(k, rows, training) {
    const { out, hat, outputs } = this;
    const end = rows * outputs;
    let mean = this.mean[k], variance = this.variance[k];
    if (training) {
      mean = variance = 0;
      for (let at = k; at < end; at += outputs) mean += out[at];
      mean /= rows;
      for (let at = k; at < end; at += outputs) variance += (out[at] - mean) ** 2;
      this.mean[k] += RUNNING * (mean - this.mean[k]);
      this.variance[k] += RUNNING * (variance / (rows - 1) - this.variance[k]);
      variance /= rows;
    }
    const inverse = 1 / Math.sqrt(variance + EPS), scale = this.scale.value[k];
    this.inverse[k] = inverse;
    for (let at = k; at < end; at += outputs) {
      const value = (out[at] - mean) * inverse;
      hat[at] = value;
      out[at] = scale * value;
    }
  }

  /** Gradient of the output -> that of the input; d is overwritten. */
  backward(d, rows) {
    const { inputs, outputs } = this;
    const end = rows * outputs;
    for (let k = 0; k < outputs; k += 1) {
      let sum = 0;
      for (let at = k; at < end; at += outputs) sum += d[at];
      this.shift.grad[k] = sum;
      if (this.norm) this.through(k, d, rows, sum);
    }
    product(this.weight.grad, d, [1, outputs], this.x, [1, inputs],
      [outputs, inputs, rows]);
    product(this.back, d, [outputs, 1], this.weight.value, [1, inputs],
      [rows, inputs, outputs]);
    return this.back;
  }

  /** Back through the normalisation of feature k, whose mean and spread depend on x. */
  through(k, d, rows, sum) {
    const { hat, outputs } = this;
    const end = rows * outputs;
    let along = 0;
    for (let at = k; at < end; at += outputs) along += d[at] * hat[at];
    this.scale.grad[k] = along;
    const factor = this.scale.value[k] * this.inverse[k];
    const level = sum / rows, slope = along / rows;
    for (let at = k; at < end; at += outputs) {
      d[at] = factor * (d[at] - level - slope * hat[at]);
    }
  }
}

class Net {
  constructor({ inputs, width, depth, classes, skip, norm, rows }) {
    Object.assign(this, { depth, classes, skip, rows, used: 0 });
    const sizes = [[inputs, width], ...Array(depth).fill([width, width])];
    const count = sizes.reduce((n, [a, b]) => n + (a + (norm ? 2 : 1)) * b, 0);
    this.theta = new Float64Array(count + (width + 1) * classes); // every parameter
    this.grad = new Float64Array(this.theta.length);
    this.layers = sizes.map(([a, b]) => new Layer(this, a, b, norm));
    this.head = new Layer(this, width, classes, false);
    this.past = new Float64Array(rows * width); // the gradient that takes the shortcut
  }

  take(count) {
    const ends = [this.used, (this.used += count)];
    return { value: this.theta.subarray(...ends), grad: this.grad.subarray(...ends) };
  }

  /** Whether layer k is the last of a block, and there is a shortcut round it. */
  joins(k) {
    return this.skip && k > 0 && k % 2 === 0;
  }

  /** x (rows, inputs) -> scores (rows, classes). A block is y = ReLU(F(x) + x), and
   *  y = ReLU(F(x)) without skip; F is linear, norm, ReLU, linear, norm. */
  forward(x, rows, training) {
    let [h, shortcut] = [x, null];
    this.layers.forEach((layer, k) => {
      if (k % 2 === 1) shortcut = h;
      h = layer.forward(h, rows, training);
      const size = rows * layer.outputs;
      if (this.joins(k)) for (let at = 0; at < size; at += 1) h[at] += shortcut[at];
      for (let at = 0; at < size; at += 1) if (h[at] < 0) h[at] = 0;
    });
    return this.head.forward(h, rows, training);
  }

  /** From the gradient of the scores to those of all parameters. */
  backward(dScores, rows) {
    let d = this.head.backward(dScores, rows);
    for (let k = this.depth; k >= 0; k -= 1) {
      const layer = this.layers[k];
      const size = rows * layer.outputs;
      for (let at = 0; at < size; at += 1) if (!(layer.out[at] > 0)) d[at] = 0;
      if (this.joins(k)) this.past.set(d);
      d = layer.backward(d, rows);
      if (this.skip && k % 2 === 1) {
        for (let at = 0; at < size; at += 1) d[at] += this.past[at];
      }
    }
  }
}

/** Length of the vector of the first `size` values. */
function lengthOf(values, size = values.length) {
  let sum = 0;
  for (let at = 0; at < size; at += 1) sum += values[at] ** 2;
  return Math.sqrt(sum);
}

/** Mean cross-entropy of scores (rows, classes) and how many are right; writes the
 *  gradient of the loss into d. */
function crossEntropy(scores, labels, classes, d) {
  const rows = labels.length;
  let [loss, right] = [0, 0];
  for (let r = 0; r < rows; r += 1) {
    const row = scores.subarray(r * classes, (r + 1) * classes);
    const top = Math.max(...row);
    let sum = 0;
    for (const score of row) sum += Math.exp(score - top);
    loss += (Math.log(sum) + top - row[labels[r]]) / rows;
    right += row.indexOf(top) === labels[r] ? 1 : 0;
    for (let k = 0; k < classes; k += 1) {
      const chance = Math.exp(row[k] - top) / sum;
      d[r * classes + k] = (chance - (k === labels[r] ? 1 : 0)) / rows;
    }
  }
  return { loss, right };
}
