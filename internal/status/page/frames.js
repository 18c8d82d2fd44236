// The list of frames.
import { clock, element, table, words } from "./dom.js";
import { again, state } from "./state.js";

const fine = new Set(["accepted", "joined", "sent"]);

// meaning is what became of a frame and what to do, in a sentence or two.
function meaning(f) {
  const window = f.direction === "down" ? (f.delaySeconds ? `In the window ${f.delaySeconds} s behind the uplink.` : "At once.") : "";
  const copies = f.receivers > 1 ? `Heard by ${f.receivers} gateways.` : "";
  return [state.verdicts[f.verdict], window, copies, f.detail].filter(Boolean).join(" ");
}

export const frameColumns = [
  { title: "Time", short: true, cell: (f) => `${clock(f.at)} ${f.direction === "up" ? "↑" : "↓"}` },
  { title: "Node", cell: (f) => (f.device ? element("a", { id: `frame-${f.seq}`, href: `#/nodes/${encodeURIComponent(f.device)}` }, f.node || f.device) : f.devAddr || "–") },
  { title: "Verdict", cell: (f) => element("span", { class: fine.has(f.verdict) ? "ok" : "bad" }, element("span", { class: "mark" }, words(f.verdict))) },
  { title: "What that means", wide: true, cell: meaning },
  { title: "FCnt", number: true, cell: (f) => f.fCnt ?? "–" },
  { title: "FPort", number: true, cell: (f) => f.fPort ?? "–" },
  { title: "Bytes", number: true, cell: (f) => f.size },
  { title: "Sent at", cell: (f) => [f.dataRate, f.frequency ? `${(f.frequency / 1e6).toFixed(3)}\u00a0MHz` : ""].filter(Boolean).join(", ") || "–" },
  { title: "Signal", cell: (f) => (f.rssi ? `${f.rssi.toFixed(0)}\u00a0dBm, SNR\u00a0${(f.snr || 0).toFixed(1)}` : "–") },
  { title: "Through", cell: (f) => f.concentrator || "–" },
];

function wanted(f) {
  const { node, verdict, direction } = state.filter;
  return (!node || `${f.node} ${f.device} ${f.devAddr}`.toLowerCase().includes(node.toLowerCase())) &&
    (!verdict || (verdict === "dropped" ? !fine.has(f.verdict) && f.verdict !== "not_sent" : f.verdict === verdict)) &&
    (!direction || f.direction === direction);
}

export function frames() {
  const list = state.held || state.frames, filter = state.filter;
  const set = (key) => (e) => { filter[key] = e.target.value; again.redraw(); };
  const choose = (key, options) => element("select", { id: `by-${key}`, change: set(key) }, options.map(([v, t]) => element("option", { value: v, selected: (filter[key] || "") === v }, t)));
  const seen = [...new Set(state.frames.map((f) => f.verdict).concat(filter.verdict && filter.verdict !== "dropped" ? filter.verdict : []))].sort();
  return [
    element("div", { class: "tools" },
      element("label", {}, "Node or address", element("input", { id: "by-node", type: "search", value: filter.node || "", input: set("node") })),
      element("label", {}, "Verdict", choose("verdict", [["", "all"], ["dropped", "everything dropped"], ...seen.map((v) => [v, words(v)])])),
      element("label", {}, "Direction", choose("direction", [["", "both"], ["up", "up"], ["down", "down"]])),
      element("label", {}, "Paused", element("input", { id: "paused", type: "checkbox", checked: state.held !== null, change: (e) => { state.held = e.target.checked ? state.frames.slice() : null; again.redraw(); } }))),
    element("div", { class: "sheet" }, table(frameColumns, list.filter(wanted).slice(-200).reverse(), { empty: "No frame like that yet. Frames of your nodes, and of others in reach, appear here as they are heard." })),
  ];
}
