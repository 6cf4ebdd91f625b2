// The playground's data: three point sets, digits from the trait.

/** Normal numbers, by Box and Muller. */
function normals(uniform) {
  return () => {
    const far = Math.sqrt(-2 * Math.log(1 - uniform()));
    return far * Math.cos(2 * Math.PI * uniform());
  };
}

/** 0 … count - 1 in random order (Fisher and Yates). */
function shuffled(count, uniform) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// A point of class 0 or 1 at part t (0 to 1) along its curve.
const CURVES = {
  spirals: (t, label) => {
    const [far, turn] = [0.1 + 0.85 * t, 3.5 * Math.PI * t + Math.PI * label];
    return [far * Math.cos(turn), far * Math.sin(turn)];
  },
  rings: (t, label) => {
    const far = label ? 0.85 : 0.4;
    return [far * Math.cos(2 * Math.PI * t), far * Math.sin(2 * Math.PI * t)];
  },
  moons: (t, label) => {
    const turn = Math.PI * (t + label);
    return [0.6 * Math.cos(turn) + (label ? 0.3 : -0.3),
      0.6 * Math.sin(turn) + (label ? 0.15 : -0.15)];
  },
};
const POINTS = { train: 256, held: 128 };
const NOISE = { spirals: 0.02, rings: 0.08, moons: 0.08 };

/** `count` points of a curve, classes in turn: { x (count, 2), labels }. */
function points(name, count, uniform) {
  const normal = normals(uniform);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const x = labels.flatMap((label) => CURVES[name](uniform(), label)
    .map((v) => v + NOISE[name] * normal()));
  return { x: Float64Array.from(x), labels };
}

/** Digits from the trait: one letter holds two pixels of eight greys each. */
function digits({ pixels, labels }) {
  const x = [...pixels].flatMap((letter) => {
    const code = LETTERS.indexOf(letter);
    return [(code >> 3) / 3.5 - 1, (code & 7) / 3.5 - 1];
  });
  return { x: Float64Array.from(x), labels: [...labels].map(Number) };
}

/** { inputs, classes, train, held } of a data set; points depend on the seed. */
function dataSet(name, seed, trait) {
  if (name === "digits") {
    const [train, held] = [trait.train, trait.held].map(digits);
    return { inputs: 64, classes: 10, train, held };
  }
  const uniform = uniforms(4 * seed);
  const part = (which) => points(name, POINTS[which], uniform);
  return { inputs: 2, classes: 2, train: part("train"), held: part("held") };
}
