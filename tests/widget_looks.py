"""Reading what a widget shows on an open page, and the scripts that measure it."""

from page_measures import thread_seconds

POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def inside(page, which, css):
    """The elements of one widget that fit `css`; `which` counts from 0."""
    return page.js(INSIDE, which, css)


def text(page, which, css):
    """What can be read on each of these elements; "" where it is hidden."""
    return page.js(TEXT, which, css)


def said(page, which=0):
    """The sentence on what is seen."""
    (sentence,) = text(page, which, ".rl-seen")
    return sentence


def drawing(page, which):
    """All that is drawn, as one string: changes when anything in it does."""
    script = "return document.querySelectorAll('.rl-body')[arguments[0]].outerHTML"
    return page.js(script, which)


def shares(page, css):
    """How much of its track each bar covers, from 0 to 1; `css` finds the bars."""
    return page.js(SHARES, css)


def values(page, chart, look):
    """What the dots of one look say, read off against the numbers on the axis.

    On an axis of powers of ten these are the powers; None is the band marked 0.
    """
    dots, labels = page.js(HEIGHTS, chart, look)
    zero = [y for text, y in labels if text == "0"]
    powers = any(text.startswith("10") for text, _ in labels)
    axis = sorted(
        (int(text[2:].translate(POWERS)) if powers else float(text), y)
        for text, y in labels
        if not (powers and text == "0")
    )
    (low, bottom), (high, top) = axis[0], axis[-1]
    assert bottom > top
    return [
        None
        if powers and zero and abs(y - zero[0]) < 1
        else low + (high - low) * (bottom - y) / (bottom - top)
        for y in dots
    ]


def cpu_ms(page, script, *values):
    """(CPU time of the page's thread in ms, what `script` returns)."""
    page.driver.execute_cdp_cmd("Performance.enable", {})
    before = thread_seconds(page)
    found = page.js(script, *values)
    spent = 1000 * (thread_seconds(page) - before)
    page.driver.execute_cdp_cmd("Performance.disable", {})
    return spent, found


INSIDE = """
const root = document.querySelectorAll('.rl-inner')[arguments[0]];
return [...root.querySelectorAll(arguments[1])];
"""
TEXT = """
const shows = { opacityProperty: true, visibilityProperty: true };
const root = document.querySelectorAll('.rl-inner')[arguments[0]];
return [...root.querySelectorAll(arguments[1])].map(node => node.checkVisibility(shows)
  ? (node.innerText ?? node.textContent).replaceAll('\\u00a0', ' ').trim() : '');
"""
SHARES = """return [...document.querySelectorAll(arguments[0])].map(bar =>
  bar.getBoundingClientRect().width / bar.parentNode.getBoundingClientRect().width)"""

# Heights of the dots of one look, and [text, height] of the numbers on the axis.
HEIGHTS = """
const chart = document.querySelectorAll('.rl-chart')[arguments[0]];
const middle = node => { const b = node.getBBox(); return b.y + b.height / 2; };
return [[...chart.querySelectorAll(`svg[role=img] .rl-dot.rl-${arguments[1]}`)]
  .map(middle), [...chart.querySelectorAll('.rl-axes text[text-anchor=end]')]
  .map(text => [text.textContent, Number(text.getAttribute('y')) - 4])];
"""

# Elements of a widget that stick out of it on the right.
SPILLED = """
return [...document.querySelectorAll('.rl-inner')].flatMap(root => {
  const right = root.getBoundingClientRect().right;
  return [...root.querySelectorAll('*:not(.rl-live)')]
    .filter(node => node.getBoundingClientRect().right > right)
    .map(node => node.className || node.tagName);
});
"""

# [contrast with the nearest painted ground, text] of each text in a widget.
CONTRAST = """
const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = c => { const [r, g, b] = parse(c).slice(0, 3).map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = node => { const c = getComputedStyle(node).backgroundColor;
  const [, , , a = 1] = parse(c); return a > 0.5 ? c : ground(node.parentElement); };
return [...document.querySelectorAll('.rl-inner *')]
  .filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
  .map(n => { const style = getComputedStyle(n);
    const text = light(n instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [text, light(ground(n))].sort((p, q) => q - p);
    return [(a + 0.05) / (b + 0.05), n.textContent]; });
"""

# [height in px on the screen, text] of each text in a widget.
FONTS = """
return [...document.querySelectorAll('.rl-inner *')]
  .filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
  .map(n => { const size = parseFloat(getComputedStyle(n).fontSize);
    const svg = n.ownerSVGElement;
    return [svg ? size * svg.getScreenCTM().a : size, n.textContent]; });
"""

# How much of the page moved while it loaded, as Chromium counts it.
SHIFTS = """
return new Promise(done => {
  const seen = [];
  new PerformanceObserver(list => seen.push(...list.getEntries().map(e => e.value)))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(seen), 300);
});
"""

# 30 steps or more through the values of a slider, with layout, and back to the first;
# returns how many.
STEP = """
const root = document.querySelectorAll('.rl-inner')[arguments[0]];
const input = root.querySelectorAll('input[type=range]')[arguments[1] ?? 0];
const { value: start, max } = input;
const step = (value) => {
  input.value = value;
  input.dispatchEvent(new Event('input'));
  root.getBoundingClientRect();
};
let steps = 0;
while (steps < 30) {
  for (let value = 0; value <= max; value += 1, steps += 1) step(value);
}
step(start);
return steps + 1;
"""

# What is written into a live region that was there before: that is read out.
HEAR = """<script>
window.heard = [];
const known = new Set();
new MutationObserver((records) => {
  const live = records.map((one) => one.target)
    .filter((node) => known.has(node) && node.ariaLive !== 'off');
  heard.push(...live.map((node) => node.textContent));
  document.querySelectorAll('.rl-live').forEach((node) => known.add(node));
}).observe(document, { childList: true, subtree: true });
</script>"""
HEARD = "return new Promise(done => setTimeout(() => done(window.heard), 600))"
