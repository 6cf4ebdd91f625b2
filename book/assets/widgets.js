// Shows the page's anywidgets without kernel, network or widget manager: reads the
// widget state that the book builder wrote into the page, gives each widget a small
// model, and draws it in front of its view script. Plain JSON traits only.
(function () {
  "use strict";
  const MIME = "application/vnd.jupyter.widget-";
  const modules = new Map(); // script text -> promise of its module
  const styles = new Set();
  let models = null; // model id -> Model, once the state has been found

  class Model {
    constructor(state) {
      this.state = state;
      this.listeners = []; // [event, callback]
      this.kernel = false; // nobody to ask: widgets leave out what would need one
    }
    get(name) { return this.state[name]; }
    set(name, value) {
      if (this.state[name] === value) return;
      this.state[name] = value;
      this.tell(`change:${name}`, value);
      this.tell("change");
    }
    tell(event, value) {
      const called = this.listeners.filter(([name]) => name === event);
      called.forEach(([, callback]) => callback(this, value));
    }
    on(events, callback) {
      events.split(" ").forEach((event) => this.listeners.push([event, callback]));
    }
    off(event, callback) {
      this.listeners = this.listeners.filter(([name, known]) =>
        (event && name !== event) || (callback && known !== callback));
    }
    save_changes() {} // there is no kernel to save to,
    send() {} // and none to answer
    ready() { // run the widget's initialize once, before its first view
      this.started ??= load(this.state._esm).then(async (widget) => {
        await widget.initialize?.({ model: this });
        return widget;
      });
      return this.started;
    }
  }

  async function load(script) {
    if (!modules.has(script)) {
      const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
      modules.set(script, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    const { default: widget } = await modules.get(script);
    return typeof widget === "function" ? widget() : widget;
  }

  function style(css) {
    if (!css || styles.has(css)) return;
    styles.add(css);
    const node = document.createElement("style");
    node.textContent = css;
    document.head.append(node);
  }

  async function show(view) {
    const el = document.createElement("div");
    view.before(el);
    try {
      const model = models.get(JSON.parse(view.textContent).model_id);
      if (!model) throw new Error("it needs a running notebook");
      const [wide, phone] = model.get("reserve") ?? [0, 0];
      el.style.minHeight = `${window.innerWidth < 768 ? phone : wide}px`;
      style(model.get("_css"));
      const widget = await model.ready();
      await widget.render({ model, el });
    } catch (error) {
      el.setAttribute("role", "note");
      el.textContent = `This picture could not be drawn: ${error.message}.`;
      console.error(error);
    }
  }

  /** A script that is still arriving is the last of its siblings. */
  const whole = (node) =>
    node && (document.readyState !== "loading" || node.nextSibling);

  /** Called again as the page arrives, so that each picture has its place at once. */
  function scan() {
    const state = document.querySelector(`script[type="${MIME}state+json"]`);
    if (!models && whole(state)) {
      const known = Object.entries(JSON.parse(state.textContent).state);
      models = new Map(known.filter(([, entry]) => entry.state._esm)
        .map(([id, entry]) => [id, new Model(entry.state)]));
    }
    if (!models) return;
    for (const view of document.querySelectorAll(`script[type="${MIME}view+json"]`)) {
      if (view.dataset.shown || !whole(view)) continue;
      view.dataset.shown = "yes";
      show(view);
    }
  }

  const watch = new MutationObserver(scan);
  watch.observe(document, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => { scan(); watch.disconnect(); });
  if (document.readyState !== "loading") { scan(); watch.disconnect(); }
})();
