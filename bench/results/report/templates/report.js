"use strict";
(() => {
  const say = (text) => { document.getElementById("status").textContent = text; };
  const keyOf = (row, index, kind) => {
    const cell = row.cells[index];
    if (kind === "text") return cell.textContent.trim();
    return !cell.dataset.key ? NaN : Number(cell.dataset.key);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en"));
  const sort = (table, head, kind) => {
    const descending = head.getAttribute("aria-sort") === "ascending";
    const body = table.tBodies[0];
    const index = head.cellIndex;
    const rows = Array.from(body.rows, (row, place) => ({ row, place, key: keyOf(row, index, kind) }));
    rows.sort((a, b) => {
      const missing = Number.isNaN(a.key) - Number.isNaN(b.key);
      if (missing || Number.isNaN(a.key)) return missing || a.place - b.place;
      return (descending ? compare(b.key, a.key) : compare(a.key, b.key)) || a.place - b.place;
    });
    body.append(...rows.map((one) => one.row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    say(`Sorted by ${head.textContent}, ${descending ? "descending" : "ascending"}.`);
  };
  const addSorting = (table) => {
    for (const head of table.tHead.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, head, head.dataset.sort));
    }
  };
  const labelled = (type, text) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = type;
    label.append(...(type === "checkbox" ? [input, ` ${text}`] : [`${text} `, input]));
    return { label, input };
  };
  const addFilter = (table) => {
    const words = labelled("search", "Filter rows");
    const variants = labelled("checkbox", "without variants");
    const rows = () => Array.from(table.tBodies[0].rows);
    const apply = () => {
      const wanted = words.input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows()) {
        const text = row.textContent.toLowerCase();
        const hidden = variants.input.checked && row.classList.contains("variant");
        row.hidden = hidden || !wanted.every((word) => text.includes(word));
      }
      say(`${rows().filter((row) => !row.hidden).length} of ${rows().length} rows shown.`);
    };
    words.input.addEventListener("input", apply);
    variants.input.addEventListener("change", apply);
    const controls = document.createElement("div");
    controls.className = "controls";
    controls.append(words.label);
    if (table.querySelector("tr.variant")) controls.append(variants.label);
    table.parentNode.before(controls);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    addSorting(table);
    if (table.tBodies[0].rows.length > 2 && table.parentNode.classList.contains("scroll")) addFilter(table);
  }
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
    if (target.tabIndex >= -1 && target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
  };
  addEventListener("hashchange", open);
  if (location.hash) open();
})();
