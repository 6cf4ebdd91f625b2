// The tables of the results page: a click on a heading sorts by its column.
// Without this script they are plain tables.

/** The number at the start of a cell, such as 66.3 of "66.3 ± 0.3 (3)", or its text. */
function key(cell) {
  const text = cell.textContent.trim();
  const [number] = text.match(/^[\d,]*\.?\d+(?=$|[ –])/) ?? [];
  return number ? Number(number.replaceAll(",", "")) : text;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "rl-sort";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const at = (row) => key(row.cells[column]);
      const rows = [...body.rows].sort((a, b) => sign * compare(at(a), at(b)));
      body.append(...rows);
    });
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("section#results table").forEach(sortable);
});
