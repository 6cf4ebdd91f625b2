// Chapter 14: one defect in a piece of code. Which line is it, and what does it do?

const WORDS = { "-": "taken out", "+": "put in" };

/** Text with `code` between backticks. */
const rich = (text) => text.split("`").map((part, i) =>
  (i % 2 ? h("code", { text: part }) : part));

const seen = (count, all) =>
  (count === all ? "You have found all of them." : `Found ${count} of ${all}.`);

class DiffQuiz {
  constructor(data, el) {
    this.data = data;
    this.at = 0;
    this.found = new Set();
    this.picks = data.questions.map(() => ({ line: null, effect: null, open: false }));
    this.frame = new Frame(el, {
      title: "Which line is wrong, and what does it do?",
      lead: "Each piece of code has one defect. Pick a line, pick an effect, and " +
        "check. Where a line is missing, the lines beside the gap count.",
      caption: data.note,
    });
    this.frame.root.classList.add("quiz");
    const values = data.questions.map((_, i) => i + 1);
    this.frame.controls.append(range({ label: "Defect", values, index: 0,
      show: (n) => `${n} of ${values.length}`,
      act: (i) => { this.at = i; this.draw(); } }));
    this.verdict = h("p", { class: "quiz-verdict" });
    this.answer = h("div", { class: "quiz-answer" });
    this.draw();
  }

  get question() { return this.data.questions[this.at]; }

  get pick() { return this.picks[this.at]; }

  /** The lines of the broken code. */
  get lines() {
    return this.question.rows.filter(([mark]) => mark !== "+").map(([, line]) => line);
  }

  draw() {
    const { origin, effects } = this.question;
    const submit = (event) => { event.preventDefault(); this.check(); };
    const form = h("form", { on: { submit } },
      h("p", { class: "quiz-origin", text: `${origin}. Our code, with its defect.` }),
      this.group("line", "Which line?",
        this.lines.map((line, i) => this.line(line, i))),
      this.group("effect", "What does it do?", effects.map((text, i) =>
        this.option("effect", i, `effect ${i + 1}: ${text}`,
          h("span", { class: "quiz-effect" }, ...rich(text))))),
      h("div", { class: "rl-row quiz-buttons" },
        h("button", { type: "submit", class: "quiz-check", text: "Check" }),
        h("button", { type: "button", class: "quiz-show", text: "Show the answer",
          on: { click: () => this.reveal("The answer: ") } })));
    this.verdict.textContent = "";
    this.frame.body.replaceChildren(form, this.verdict, this.answer);
    this.drawAnswer();
    this.say(`Defect ${this.at + 1}, ${this.lines.length} lines of code. `);
  }

  /** To a screen reader the sentence too; it stands beside the button already. */
  say(sentence) {
    const one = this.found.has(this.at) ? "You have found this one. " : "";
    const progress = one + seen(this.found.size, this.picks.length);
    this.frame.say(sentence + progress);
    this.frame.seen.textContent = progress;
  }

  group(kind, title, options) {
    return h("fieldset", { class: `quiz-group quiz-of-${kind}` },
      h("legend", { text: title }), ...options);
  }

  line(text, i) {
    if (!text.trim()) return h("div", { class: "quiz-empty", text: i + 1 });
    const indent = text.length - text.trimStart().length;
    const code = h("code", { class: "quiz-code", style: `--indent:${indent}ch`,
      text: text.trimStart() });
    const number = h("span", { class: "quiz-number", text: i + 1 });
    return this.option("line", i, `line ${i + 1}: ${text.trim()}`, number, code);
  }

  option(kind, i, name, ...shown) {
    const input = h("input", { type: "radio", name: kind, value: i,
      "aria-label": name, on: { change: () => { this.pick[kind] = i; } } });
    input.checked = this.pick[kind] === i;
    return h("label", { class: "quiz-option" }, input, ...shown);
  }

  check() {
    const { line, effect } = this.pick;
    if (line === null || effect === null) {
      this.tell(`Pick a line and an effect first: ${line === null
        ? "the line" : "the effect"} is missing.`);
      return;
    }
    const place = this.question.wrong.includes(line);
    const what = effect === this.question.right;
    if (place && what) {
      this.found.add(this.at);
      this.reveal("Right. ");
    } else if (place) {
      this.tell(`It is line ${line + 1}, but it does something else.`);
    } else {
      this.tell(`It is not line ${line + 1}.${what
        ? " The effect is right." : " And it does something else."}`);
    }
  }

  tell(sentence) {
    this.verdict.textContent = sentence;
    this.say(`${sentence} `);
  }

  reveal(word) {
    const { title, effects, right } = this.question;
    this.pick.open = true;
    this.tell(`${word}${title}. ${effects[right].replaceAll("`", "")}`);
    this.drawAnswer();
  }

  drawAnswer() {
    this.answer.hidden = !this.pick.open;
    if (!this.pick.open) return;
    const { why, caught } = this.question;
    const seers = caught.length ? `Seen by: ${caught.join("; ")}.`
      : "None of the tests of this chapter sees it.";
    this.answer.replaceChildren(
      h("p", { class: "quiz-head", text: "The repair" }), this.diff(),
      h("p", { class: "quiz-why" }, ...rich(why)),
      this.table(), h("p", { class: "quiz-caught", text: seers }));
  }

  /** The changed lines, each with its neighbours; dots for what lies between. */
  diff() {
    const rows = this.question.rows.filter(([, line]) => line.trim());
    const changed = (i) => rows[i] && rows[i][0] !== " ";
    const near = rows.map((_, i) => changed(i - 1) || changed(i) || changed(i + 1));
    const first = near.indexOf(true);
    const gap = (i) => (i > first && !near[i - 1]
      ? [h("li", { class: "quiz-row quiz-gap", text: "⋯" })] : []);
    const shown = rows.flatMap(([mark, line], i) => (near[i]
      ? [...gap(i), h("li", { class: `quiz-row${mark === " " ? "" : ` quiz-${WORDS[mark]
        .replace(" ", "-")}`}` },
      h("span", { class: "quiz-mark", "aria-hidden": "true",
        text: { "-": "−", "+": "+", " ": " " }[mark] }),
      h("span", { class: "rl-live", text: WORDS[mark] ? `${WORDS[mark]}: ` : "" }),
      h("code", { class: "quiz-code", text: line.trimStart(),
        style: `--indent:${line.length - line.trimStart().length}ch` }))] : []));
    return h("ul", { class: "quiz-diff" }, ...shown);
  }

  table() {
    const line = (look, first, role, texts) => row(`quiz-sign ${look}`,
      ...texts.map((text, i) => cell(i ? role : first, i ? "quiz-value" : "quiz-what",
        ...rich(text))));
    const heads = ["measured", "with the defect", "repaired"];
    return h("div", { role: "table", class: "quiz-signs", "aria-label": "Measured" },
      line("quiz-signs-head", "columnheader", "columnheader", heads),
      ...this.question.signs.map((sign) => line("", "rowheader", "cell", sign)));
  }
}

export default rendering(DiffQuiz);
