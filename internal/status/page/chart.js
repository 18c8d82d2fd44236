// Pictures of figures. Each says in words what it shows.
import { drawn, element, moment, sheet } from "./dom.js";

const round = (v) => Number(v.toFixed(Math.abs(v) < 10 ? 2 : 1));

// chart is a line through points, pairs of a time and a figure, oldest first.
// What is counted has zero at its ground.
export function chart(title, points, unit, { counted } = {}) {
  unit = unit && ` ${unit}`;
  if (points.length < 2) return sheet(title, element("p", { class: "note" }, points.length ? `${round(points[0][1])}${unit}; too little yet for a chart.` : "Too little yet for a chart."));
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const x0 = xs[0], x1 = xs[xs.length - 1], least = Math.min(...ys), most = Math.max(...ys);
  const [y0, y1] = counted ? [0, most || 1] : least < most ? [least, most] : least === 0 ? [0, 1] : [least - 1, most + 1];
  const at = ([x, y]) => `${((1000 * (x - x0)) / (x1 - x0 || 1)).toFixed(1)},${(100 - (100 * (y - y0)) / (y1 - y0)).toFixed(1)}`;
  const now = round(ys[ys.length - 1]);
  const text = least < most ? `${round(least)} to ${round(most)}${unit}, now ${now}` : `always ${now}${unit}`;
  return sheet(title,
    drawn("svg", { class: "chart", viewBox: "-5 -5 1010 110", preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${text}` },
      drawn("line", { x1: 0, x2: 1000, y1: 100, y2: 100, class: "axis" }),
      drawn("polyline", { points: points.map(at).join(" "), class: "stroke" })),
    element("p", { class: "caption" }, element("span", {}, moment(x0)), element("span", {}, text), element("span", {}, moment(x1))));
}

// bar is how much of limit is used; without a limit there is nothing to draw.
export function bar(title, used, limit, unit) {
  const text = limit ? `${title}: ${used.toFixed(1)} of ${limit.toFixed(0)} ${unit}` : `${title}: ${used.toFixed(1)} ${unit}, no limit`;
  const share = limit ? Math.min(1, used / limit) : 0;
  return [element("p", { class: "what" }, text),
    limit ? drawn("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img", "aria-label": `${Math.round(100 * share)} % used` },
      drawn("rect", { width: 100, height: 4, class: "ground" }),
      drawn("rect", { width: (100 * share).toFixed(1), height: 4, class: share > 0.8 ? "full" : "fill" })) : null];
}

// histogram is one bar for each count, with its name below.
export function histogram(title, names, counts, note) {
  const all = counts.reduce((a, b) => a + b, 0), most = Math.max(...counts, 1);
  if (!all) return sheet(title, element("p", { class: "note" }, "None yet."));
  return sheet(title, element("p", { class: "note" }, note),
    element("ul", { class: "histogram" }, names.map((name, i) => element("li", {},
      element("span", {}, name),
      drawn("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, drawn("rect", { width: ((100 * counts[i]) / most).toFixed(1), height: 4, class: "fill" })),
      element("span", { class: "number" }, counts[i])))));
}
