"use strict";
// Searching and filtering of the findings; the page is complete without it.
for (const section of document.querySelectorAll(".findings")) {
  const filters = section.querySelector(".filters");
  const search = filters.querySelector("input[type=search]");
  const output = filters.querySelector("output");
  const rows = Array.from(section.querySelectorAll("tbody tr"), (row) => ({
    row,
    text: row.textContent.toLowerCase(),
  }));
  const isOn = (name) => filters.querySelector("input[name=" + name + "]")?.checked ?? false;
  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const boxes = filters.querySelectorAll("input[name=severity]:checked");
    const severities = new Set(Array.from(boxes, (box) => box.value));
    const flags = ["fixable", "exploited", "own"].filter(isOn);
    let shown = 0;
    for (const { row, text } of rows) {
      const visible =
        severities.has(row.dataset.severity) &&
        flags.every((flag) => flag in row.dataset) &&
        words.every((word) => text.includes(word));
      row.hidden = !visible;
      shown += visible;
    }
    output.textContent = shown + " of " + rows.length + " findings";
  };
  filters.hidden = false;
  filters.addEventListener("input", update);
  update();
}
