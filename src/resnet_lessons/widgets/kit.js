// The kit: what the widgets of the book share. It is joined in front of each
// widget.js. Text goes in through textContent only; nothing is parsed as HTML.

// Sixty-four steps, one letter each, as Python writes them into the data.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SVG = "http://www.w3.org/2000/svg";
const KEYS = /^(Arrow|Page|Home|End|Enter| )/;

/** An HTML element: h("p", { class: "x", text: "hello", on: {…} }, child, …). */
function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** An SVG element, with the same arguments as h. */
function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, { text, on = {}, ...attributes } = {}, children = []) {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  if (text !== undefined) node.textContent = text;
  for (const [event, act] of Object.entries(on)) node.addEventListener(event, act);
  node.append(...children);
  return node;
}

const sum = (values) => values.reduce((a, b) => a + b, 0);
// Rounded: a tie, such as 61.65, must not hang on the last bit of a sum.
const average = (values) => Number((sum(values) / values.length).toPrecision(12));

/** Uniform numbers from 0 to 1, the same for the same seed (mulberry32). */
function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 40970 -> "40,970". */
const whole = (value) => Math.round(value).toLocaleString("en-US");

/** A number in a text, to so many digits, as `figures.number` writes it: "1.00",
 *  "27,200", "2.00 × 10⁻¹¹"; a true zero is "0". */
function short(value, digits = 3) {
  if (!Number.isFinite(value)) return "beyond all numbers";
  if (value < 0) return `−${short(-value, digits)}`;
  if (value === 0) return "0";
  const rounded = value.toExponential(digits - 1);
  const [head, power] = rounded.split("e");
  if (power < -3 || power > 5) return `${head}\u00a0×\u00a0${ten(Number(power))}`;
  const places = Math.max(0, digits - 1 - power);
  return Number(rounded).toLocaleString("en-US",
    { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** [3, 8, 8] -> "3 × 8 × 8". No line breaks in it, nor before the % below. */
const dims = (shape) => shape.join("\u00a0×\u00a0");

/** 3 -> "3 × 3". */
const square = (side) => dims([whole(side), whole(side)]);

/** 0.864 -> "86 %", 0.008 -> "0.8 %"; a true zero is "0 %". */
function portion(share) {
  if (share > 0 && share < 0.0005) return "<\u00a00.1\u00a0%";
  return percent(share, share < 0.0995 && share > 0 ? 1 : 0);
}

/** 0.8642 -> "86.4 %": always as many digits behind the point. */
const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u00a0%`;

/** 15470264320 -> "15.5 billion", 7079424 -> "7.08 million", 38720 -> "38,720". */
function large(value) {
  if (value < 1e6) return whole(value);
  const [size, name] = value < 9.995e8 ? [1e6, "million"] : [1e9, "billion"];
  return `${(value / size).toPrecision(3)} ${name}`;
}

/** -3 -> "10⁻³". */
function ten(power) {
  const raise = (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)];
  return "10" + String(power).replace(/./g, raise);
}

/** A bar on its track, in as many parts as there are shares. The text beside it says the
 *  same, so it is not read out. */
const bar = (...shares) => h("span", { class: "rl-bar", "aria-hidden": "true" },
  ...shares.map((share) => h("span", { style: `width:${(100 * share).toFixed(2)}%` })));

/** A row and a cell of a table that is not a <table>: its rows are grids, so that on a
 *  phone cells can go below each other. */
const row = (look, ...cells) => h("div", { role: "row", class: look }, ...cells);
const cell = (role, look, ...shown) => h("span", { role, class: look }, ...shown);

/** Title, lead, controls, one sentence on what is seen, picture, caption; in that order.
 *  stay: on a phone the controls stay in view while the picture is scrolled. */
class Frame {
  constructor(el, { title, lead, caption, stay = false }) {
    this.controls = h("div", { class: `rl-controls${stay ? " rl-stay" : ""}` });
    this.body = h("div", { class: "rl-body" });
    this.seen = h("p", { class: "rl-seen", "aria-hidden": "true" });
    this.live = h("p", { class: "rl-live", "aria-live": "polite" });
    this.root = h("div", { class: "rl-inner", role: "group", "aria-label": title },
      h("p", { class: "rl-title", text: title }),
      h("p", { class: "rl-lead", text: lead }),
      this.controls, this.seen, this.live, this.body,
      h("p", { class: "rl-caption", text: caption }));
    const box = h("div", { class: "rl" }, this.root);
    const root = parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (root < 12) box.style.zoom = 16 / root; // Notebook 6 has 10 px: too small to read
    el.append(box);
    window.addEventListener("keydown", this, true);
  }

  /** JupyterLab takes arrow keys on the document; stop them one step before it. */
  handleEvent(event) {
    const ours = KEYS.test(event.key) && this.root.contains(event.target);
    if (ours) event.stopPropagation();
  }

  /** Show a sentence now; let a screen reader have it once the slider rests. The first
   *  one is part of the page that opens: said later, it would be read out unasked. */
  say(sentence) {
    this.seen.textContent = sentence;
    clearTimeout(this.timer);
    if (!this.live.textContent) {
      this.live.textContent = sentence;
      return;
    }
    this.timer = setTimeout(() => { // the same once more is read if it differs
      const again = this.live.textContent === sentence ? "\u00a0" : "";
      this.live.textContent = sentence + again;
    }, 400);
  }

  close() {
    clearTimeout(this.timer);
    window.removeEventListener("keydown", this, true);
  }
}

/** The buttons – and + of a slider, and what marks the one that leads no further. It
 *  keeps the focus, so that who has pressed it to the end can press the other. */
function steps(label, input, moved) {
  const step = (text, name, by) => h("button", {
    type: "button", class: "rl-step", "aria-label": `${label}: ${name}`, text,
    on: { click: () => {
      const before = input.value;
      input.value = Number(before) + by;
      if (input.value !== before) moved();
    } },
  });
  const [less, more] = [step("−", "less", -1), step("+", "more", 1)];
  const mark = () => {
    less.setAttribute("aria-disabled", input.value === input.min);
    more.setAttribute("aria-disabled", input.value === input.max);
  };
  return { less, more, mark };
}

/** A slider over a list of values, with – and + beside it. act(index) on each change.
 *  mark: { index, text } points at one value below the track. */
function range({ label, values, index, show, mark, act }) {
  const input = h("input", {
    type: "range", min: 0, max: values.length - 1, step: 1, value: index,
    "aria-label": label, on: { input: () => moved() },
  });
  // The slider says its value itself; for − and + this must.
  const output = h("output", { class: "rl-value", "aria-live": "off" });
  const moved = () => { tell(); act(Number(input.value)); };
  const { less, more, mark: markEnds } = steps(label, input, moved);
  const tell = () => {
    output.textContent = show(values[input.value]);
    input.setAttribute("aria-valuetext", show(values[input.value]));
    markEnds();
  };
  const track = h("span", { class: "rl-track" }, input);
  if (mark) {
    const at = mark.index / (values.length - 1);
    track.append(h("span", { class: "rl-mark", text: mark.text, style: `--at:${at}` }));
  }
  tell();
  const node = h("div", { class: "rl-control rl-range" },
    h("span", { class: "rl-label" }, h("span", { text: label }), output),
    h("span", { class: "rl-row" }, less, track, more));
  const live = ({ target }) => output.setAttribute("aria-live",
    target.matches("button") ? "polite" : "off");
  for (const event of ["focusin", "click"]) node.addEventListener(event, live, true);
  return node;
}

/** One of a few: buttons side by side, each reached by Tab. act(index). */
function choice({ label, options, index, act }) {
  const buttons = options.map((text, i) => h("button", {
    type: "button", "aria-pressed": i === index, text, on: { click: () => pick(i) },
  }));
  const pick = (i) => {
    buttons.forEach((b, j) => b.setAttribute("aria-pressed", i === j));
    act(i);
  };
  return h("div", { class: "rl-control", role: "group", "aria-label": label },
    h("span", { class: "rl-label", text: label }),
    h("span", { class: "rl-row rl-choice" }, ...buttons));
}

/** On or off. act(on). */
function toggle({ label, on, act }) {
  const change = () => act(input.checked);
  const input = h("input", { type: "checkbox", on: { change } });
  input.checked = on;
  const name = h("span", { text: label });
  return h("label", { class: "rl-control rl-toggle" }, input, name);
}

/** What anywidget asks of a module: render() makes a `Widget`, and what it returns ends
 *  that one. */
const rendering = (Widget) => ({
  render({ model, el }) {
    const widget = new Widget(model.get("data"), el);
    return () => widget.frame.close();
  },
});
