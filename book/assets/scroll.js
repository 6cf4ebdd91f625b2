// What scrolls sideways in its box can be reached by Tab and scrolled by arrow keys.
// The theme sees to it while a page loads; this, too, for folds that open later. What
// no longer scrolls, on a wider page, is no stop any more.
(function () {
  "use strict";
  const BOXES = ".bd-article :is(pre, table, .cell_output, .pst-scrollable-table-container)";

  const given = new WeakSet(); // those that have their stop from here

  function reach(box) {
    const scrolls = box.scrollWidth > box.clientWidth
      && ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
    if (scrolls && box.tabIndex !== 0) {
      box.tabIndex = 0;
      given.add(box);
    } else if (!scrolls && given.delete(box)) box.removeAttribute("tabindex");
  }

  document.addEventListener("DOMContentLoaded", () => {
    const watch = new ResizeObserver((seen) => seen.forEach((one) => reach(one.target)));
    document.querySelectorAll(BOXES).forEach((box) => watch.observe(box));
  });
})();
