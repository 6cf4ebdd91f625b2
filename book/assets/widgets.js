// Shows the page's anywidgets without kernel, network or widget manager: reads the
// widget state that the book builder wrote into the page, and draws each widget in front
// of its view script. Plain JSON traits only: nothing is set, and nobody listens.
(function () {
  "use strict";
  const MIME = "application/vnd.jupyter.widget-";
  const modules = new Map(); // script text -> promise of its module
  const styles = new Set();
  let models = null; // model id -> its traits, once the state has been found

  async function load(script) {
    if (!modules.has(script)) {
      const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
      modules.set(script, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    return (await modules.get(script)).default;
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
    let [wide, phone] = [0, 0];
    // One column up to 40rem, as in kit.css; again when the window is turned or resized.
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const keep = () => {
      el.style.minHeight = `${el.clientWidth > 40 * rem ? wide : phone}px`;
    };
    window.addEventListener("resize", keep);
    try {
      const state = models.get(JSON.parse(view.textContent).model_id);
      if (!state) throw new Error("it needs a running notebook");
      [wide, phone] = state.reserve;
      keep();
      style(state._css);
      const widget = await load(state._esm);
      // Nobody to ask: widgets leave out what would need a kernel.
      await widget.render({ model: { get: (name) => state[name], kernel: false }, el });
    } catch (error) {
      [wide, phone] = [0, 0];
      keep();
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
        .map(([id, entry]) => [id, entry.state]));
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
