// Elements of the page. Whatever comes from the air or the configuration goes
// into text nodes, never into markup.

// element makes a node: attributes that are functions are listeners.
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

// drawn is the same for pictures.
export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(e, attributes, children) {
  for (const [k, v] of Object.entries(attributes)) {
    if (typeof v === "function") e.addEventListener(k, v);
    else if (v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null).map((c) => (c instanceof Node ? c : String(c))));
  return e;
}

const pad = (n) => String(n).padStart(2, "0");
export function clock(t) {
  const d = new Date(t);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}
// moment is clock with the day, if that is another one.
export function moment(t) {
  const d = new Date(t);
  return d.toDateString() === new Date().toDateString() ? clock(d) : `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock(d).slice(0, 5)}`;
}
export function ago(t) {
  if (!t) return "never";
  const s = Math.max(0, Math.round((Date.now() - new Date(t)) / 1000));
  if (s < 90) return `${s} s ago`;
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  if (s < 172800) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} days ago`;
}
export function size(n) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (n < 1000) return `${n < 10 && unit !== "B" ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1000;
  }
  return `${n.toFixed(1)} TB`;
}
export const words = (text) => text.replaceAll("_", " ").replaceAll("-", " ");

// table has a row for each of rows; on a narrow screen each becomes a card.
// order is what it is sorted by, onSort what a click on a title does.
export function table(columns, rows, { empty = "nothing yet", order, onSort } = {}) {
  const head = columns.map((c) => element("th", { scope: "col", class: c.number ? "number" : undefined, "aria-sort": order && order[0] === c.key ? (order[1] > 0 ? "ascending" : "descending") : undefined },
    onSort && c.key ? element("button", { type: "button", id: `sort-${c.key}`, click: () => onSort(c.key) }, c.title) : c.title));
  const cell = (c, content) => element("td", { class: [c.number ? "number" : "", c.wide ? "wide" : "", c.short ? "short" : "", content === "–" ? "none" : ""].join(" ").trim() || undefined, "data-title": c.title }, content);
  const body = rows.map((r) => element("tr", {}, columns.map((c) => cell(c, c.cell(r)))));
  if (!rows.length) body.push(element("tr", {}, element("td", { colspan: columns.length, class: "note" }, empty)));
  return element("table", { class: onSort ? "sorted" : undefined }, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body));
}

export function pairs(list) {
  return element("dl", {}, list.filter((p) => p[1] !== undefined && p[1] !== null && p[1] !== "").map(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]));
}

export function card(title, level, lines) {
  const word = { ok: "● well", watch: "▲ watch", bad: "■ needs you" }[level];
  return element("section", { class: `card ${level}` }, element("h2", {}, title), element("p", { class: "mark" }, word), lines.filter(Boolean).map((l) => element("p", { class: "what" }, l)));
}

export function sheet(title, ...content) {
  return element("section", { class: "sheet" }, element("h2", {}, title), content);
}
