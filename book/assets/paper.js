// Paper is white: browsers print no dark ground, and the pale text of the dark theme would
// be lost on it. While a page is printed it has the light theme.
(function () {
  "use strict";
  const page = document.documentElement;
  let theme = null;

  window.addEventListener("beforeprint", () => {
    theme ??= page.dataset.theme;
    page.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    if (theme === null) return;
    page.dataset.theme = theme;
    theme = null;
  });
})();
