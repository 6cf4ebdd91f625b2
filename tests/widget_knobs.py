"""Turning any knob of a widget on an open page, whichever widget it is."""

from selenium.webdriver.common.keys import Keys

PARTS = """const control = document.querySelectorAll('.rl-control')[arguments[0]];
return [...control.querySelectorAll(arguments[1])];"""
ENDS = """
return [...document.querySelectorAll(
  '.rl-inner input[type=range], .rl-control[role=group]')].map(node =>
  [node.getAttribute('aria-label'), node.tagName === 'INPUT' ? [0, -1] : [-1]]);
"""
TURN = """
const [label, place] = arguments;
const knob = [...document.querySelectorAll(
  '.rl-inner :is(input[type=range], [role=group], button)')].find(node =>
  [node.getAttribute('aria-label'), node.textContent].includes(label));
if (knob.type === 'range') {
  knob.value = place < 0 ? knob.max : place;
  knob.dispatchEvent(new Event('input', { bubbles: true }));
} else (knob.type ? knob : [...knob.querySelectorAll('button')].at(place)).click();
"""


def ways(page, k):
    """(name, there, back) of each other value of control `k`, by keys and clicks."""

    def parts(css):  # found anew: a widget may replace its controls
        return page.js(PARTS, k, css)

    if parts("input[type=range]"):
        yield slider_way(parts)
    elif parts(".rl-choice button"):
        yield from choice_ways(parts)
    else:
        (box,) = parts("input[type=checkbox]")
        yield (box.accessible_name, *[lambda: box.send_keys(Keys.SPACE)] * 2)


def slider_way(parts):
    """A step by a button, and back by a key; to the left where it stands at its end."""
    (slider,) = parts("input")
    last = slider.get_attribute("value") == slider.get_attribute("max")
    key = Keys.ARROW_RIGHT if last else Keys.ARROW_LEFT
    return (
        slider.accessible_name,
        lambda: parts(".rl-step")[not last].send_keys(Keys.ENTER),
        lambda: parts("input")[0].send_keys(key),
    )


def choice_ways(parts):
    """Each other option by a key, and back by a click; one is always pressed."""

    def pressed():
        (one,) = parts("[aria-pressed=true]")
        return one.text

    def there(i):
        parts("button")[i].send_keys(Keys.SPACE)
        assert pressed() == names[i]

    names = [button.text for button in parts("button")]
    start = names.index(pressed())
    for i in set(range(len(names))) - {start}:
        yield names[i], lambda i=i: there(i), lambda: parts("button")[start].click()


def states(page, more=()):
    """Bring the widget into one state after the other; says what has been turned.

    As it is at first; each slider at both its ends; the last option of each choice;
    `more`: lists of {label: place}, where a button has any place.
    """
    yield "at first"
    for label, places in page.js(ENDS):
        for place in places:
            page.js(TURN, label, place)
            yield f"{label} {place}"
    for knobs in more:
        for label, place in knobs.items():
            page.js(TURN, label, place)
        yield ", ".join(f"{label} {place}" for label, place in knobs.items())


# What is drawn and said, without the controls themselves.
SEEN = """
const all = css => [...document.querySelectorAll(`.rl-inner ${css}`)];
const drawn = all('.rl-body').map(body => {
  const copy = body.cloneNode(true);
  copy.querySelectorAll('.rl-control, [hidden]').forEach(node => node.remove());
  return copy.outerHTML; });
return [...drawn, ...all('.rl-seen').map(node => node.textContent),
  ...all('canvas').filter(node => node.checkVisibility()).map(c => c.toDataURL())];
"""
