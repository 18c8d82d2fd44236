// The list of nodes, and the page of one.
import { chart } from "./chart.js";
import { ago, element, moment, pairs, sheet, table, words } from "./dom.js";
import { frameColumns } from "./frames.js";
import { again, ask, pathOf, state } from "./state.js";

const level = (connection) => (connection === "connected" || connection === "idle" ? "ok" : "watch");

const columns = [
  { key: "name", title: "Node", cell: (n) => element("a", { id: `node-${n.device}`, href: `#/nodes/${encodeURIComponent(n.device)}` }, n.session.node), of: (n) => n.session.node },
  { key: "device", title: "Device", cell: (n) => n.device, of: (n) => n.device },
  { key: "seen", title: "Heard", cell: (n) => ago(n.session.lastSeen), of: (n) => n.session.lastSeen || "" },
  { key: "rssi", title: "RSSI", number: true, cell: (n) => (n.session.lastSeen ? (n.session.rssi || 0).toFixed(0) : "–"), of: (n) => n.session.rssi || -999 },
  { key: "snr", title: "SNR", number: true, cell: (n) => (n.session.lastSeen ? (n.session.snr || 0).toFixed(1) : "–"), of: (n) => n.session.snr || -99 },
  { key: "rate", title: "Rate", cell: (n) => n.session.dataRate || "–", of: (n) => n.session.dataRate || "" },
  { key: "count", title: "FCnt", number: true, cell: (n) => n.session.fCntUp ?? "–", of: (n) => n.session.fCntUp || 0 },
  { key: "battery", title: "Battery", number: true, cell: (n) => battery(n.session.battery), of: (n) => n.session.battery ?? -1 },
  { key: "waiting", title: "Waiting", number: true, cell: (n) => n.waiting, of: (n) => n.waiting },
  { key: "connection", title: "Connection", cell: (n) => element("span", { class: level(n.connection) }, element("span", { class: "mark" }, words(n.connection))), of: (n) => n.connection },
];

function battery(b) {
  if (b === undefined || b === null || b === 255) return "–";
  return b === 0 ? "mains" : `${Math.round((100 * b) / 254)} %`;
}

export function nodes() {
  const [key, way] = state.sort;
  const of = columns.find((c) => c.key === key).of;
  const list = state.nodes.filter((n) => JSON.stringify([n.session.node, n.device, n.session.devEui, n.session.devAddr]).toLowerCase().includes(JSON.stringify(state.find).slice(1, -1).toLowerCase()))
    .sort((a, b) => (of(a) < of(b) ? -way : of(a) > of(b) ? way : 0));
  const onSort = (k) => { state.sort = [k, state.sort[0] === k ? -state.sort[1] : 1]; again.redraw(); };
  return [
    element("div", { class: "tools" }, element("label", {}, "Name, device, DevEUI or address", element("input", { id: "find", type: "search", value: state.find, input: (e) => { state.find = e.target.value; again.redraw(); } }))),
    element("div", { class: "sheet" }, table(columns, list, { empty: "No node is called that.", order: state.sort, onSort })),
  ];
}

// ask for what only the page of a node shows: the past more rarely.
export async function refreshNode(device) {
  const old = state.detail.device === device ? state.detail : { device, at: 0 };
  const due = Date.now() - old.at > 30000;
  const [queue, twin, past] = await Promise.all([ask(`${pathOf(device)}/queue`), ask(`${pathOf(device)}/twin`), due ? ask(`${pathOf(device)}/history`) : old.past]);
  state.detail = { device, queue, twin, past, at: due ? Date.now() : old.at };
}

export function node(device) {
  const n = state.nodes.find((x) => x.device === device);
  if (!n) return [element("p", { class: "note" }, state.status ? "There is no such node." : "Asking the daemon …")];
  const s = n.session, mine = state.frames.filter((f) => f.device === device);
  const detail = state.detail.device === device ? state.detail : {};
  return [
    element("p", {}, element("a", { href: "#/nodes" }, "← all nodes")),
    element("div", { class: "cards" },
      element("section", { class: "card" }, element("h2", {}, s.node), pairs([["DevEUI", s.devEui], ["DevAddr", s.devAddr], ["LoRaWAN", `${s.version}, class ${s.class}`], ["FCntUp", s.fCntUp], ["next FCntDown", s.fCntDown], ["heard", ago(s.lastSeen)], ["link", s.lastSeen ? `${s.dataRate}, ${(s.rssi || 0).toFixed(0)} dBm, SNR ${(s.snr || 0).toFixed(1)} dB` : ""], ["battery", battery(s.battery)], ["margin", s.margin === undefined ? "" : `${s.margin} dB`]])),
      element("section", { class: `card ${n.connection === "connected" || n.connection === "idle" ? "ok" : "bad"}` }, element("h2", {}, "In the hub"), element("p", { class: "mark" }, words(n.connection)), pairs([["device", n.device], ["since", ago(n.since)], ["why", n.reason], ["messages that wait", n.waiting]])),
      twin(detail.twin)),
    downlinks(device, s, detail.queue || []),
    charts(mine, detail.past),
    connections(detail.past),
    sheet("Last frames", element("p", {}, element("a", { href: "#/frames", id: "its-frames", click: () => { state.filter = { node: device }; state.held = null; } }, "Follow its frames")),
      table(frameColumns.filter((c) => c.title !== "Node"), mine.slice(-25).reverse(), { empty: "None since the daemon started." })),
  ];
}

// twin is the twin in short: what is wanted of the node, and what is not possible.
function twin(t) {
  if (!t) return null;
  const text = (v) => (typeof v === "string" ? v : JSON.stringify(v));
  const wanted = Object.entries(t.desired || {}).map(([k, v]) => [k, text(v)]);
  const bad = Object.entries(t.errors || {}).filter(([, why]) => why);
  return element("section", { class: `card ${bad.length ? "bad" : ""}` }, element("h2", {}, "Twin"),
    pairs([["desired, version", t.version || "none"], ...wanted, ["state reported", t.stateReported ? ago(t.stateReported) : "not yet"]]),
    bad.map(([k, why]) => element("p", { class: "mark" }, `${k} is not applied: ${why}`)));
}

function downlinks(device, session, queue) {
  const { form, answer } = downlinkForm(device);
  const drop = async (e, path) => {
    e.target.disabled = true;
    try {
      const r = await ask(path, { method: "DELETE" });
      answer.textContent = r.dropped === 1 ? "One downlink is dropped." : `${r.dropped} downlinks are dropped.`;
    } catch (err) {
      answer.textContent = `Not dropped: ${err.message}`;
    }
    again.refresh();
  };
  const path = `${pathOf(device)}/queue`;
  const list = [
    { title: "Id", wide: true, cell: (q) => q.id },
    { title: "FPort", number: true, cell: (q) => q.fPort },
    { title: "Bytes", number: true, cell: (q) => q.size },
    { title: "Kind", cell: (q) => (q.confirmed ? "confirmed" : "unconfirmed") },
    { title: "State", cell: (q) => `${words(q.state)}${q.tried ? `, sent ${q.tried} times` : ""}` },
    { title: "Until", cell: (q) => moment(q.expires) },
    { title: "Drop", cell: (q) => element("button", { type: "button", id: `drop-${q.id}`, class: "act", "aria-label": `Drop ${q.id}`, click: (e) => drop(e, `${path}/${encodeURIComponent(q.id)}`) }, "Drop") },
  ];
  return sheet(`Downlinks: ${session.queued} wait`, form, answer,
    queue.length ? [table(list, queue), element("p", {}, element("button", { type: "button", id: "drop-all", class: "act", click: (e) => drop(e, path) }, "Drop all"))] : null);
}

// charts are of the past, and of the frames since the daemon started.
function charts(frames, past) {
  const live = frames.filter((f) => f.verdict === "accepted");
  const first = live.length ? new Date(live[0].at) : Infinity;
  const uplinks = past ? past.uplinks : [];
  const all = [...uplinks.filter((u) => new Date(u.at) < first), ...live];
  const sf = (u) => Number((/SF(\d+)/.exec(u.dataRate) || [])[1]);
  const series = (list, value) => list.map((u) => [new Date(u.at).getTime(), value(u)]).filter(([, v]) => Number.isFinite(v)).sort((a, b) => a[0] - b[0]);
  const names = [...new Set(uplinks.flatMap((u) => Object.keys(u.values || {})))].sort().slice(0, 8);
  return element("div", { class: "charts" },
    chart("RSSI", series(all, (u) => u.rssi || 0), "dBm"), chart("SNR", series(all, (u) => u.snr || 0), "dB"), chart("Spreading factor", series(all, sf), ""),
    names.map((name) => chart(name, series(uplinks, (u) => (u.values || {})[name]), "")));
}

function connections(past) {
  const list = past ? past.connections.slice(-20).reverse() : [];
  return sheet("Connection to the hub, lately", table([
    { title: "When", cell: (c) => moment(c.at) },
    { title: "State", cell: (c) => element("span", { class: level(c.state) }, element("span", { class: "mark" }, words(c.state))) },
    { title: "Why", wide: true, cell: (c) => c.reason || "–" },
  ], list, { empty: "No change is on record." }));
}

// downlinkForm is the same one for a node each time the page is drawn, so that
// what is being typed, and the answer, stay.
function downlinkForm(device) {
  if (state.form && state.form.device === device) return state.form;
  const answer = element("p", { role: "status", "aria-live": "polite" });
  const form = element("form", { class: "tools", submit: (e) => send(e, device, answer) },
    element("label", {}, "FPort", element("input", { id: "form-port", name: "fPort", type: "number", min: 1, max: 223, value: 1, required: true })),
    element("label", {}, "Payload, hexadecimal", element("input", { id: "form-payload", type: "text", name: "payloadHex", pattern: "([0-9A-Fa-f]{2})*", placeholder: "0a1b" })),
    element("label", {}, "Confirmed", element("input", { id: "form-confirmed", name: "confirmed", type: "checkbox" })),
    element("button", { id: "form-send", class: "act" }, "Queue it"));
  state.form = { device, form, answer };
  return state.form;
}

async function send(e, device, answer) {
  e.preventDefault();
  const data = new FormData(e.target);
  try {
    const r = await ask(`${pathOf(device)}/downlinks`, { method: "POST", body: JSON.stringify({ fPort: Number(data.get("fPort")), payloadHex: data.get("payloadHex"), confirmed: data.has("confirmed") }) });
    answer.textContent = `Queued as ${r.id}. It goes out with the node's next uplink, or at once in class C.`;
    again.refresh();
  } catch (err) {
    answer.textContent = `Not queued: ${err.message}`;
  }
}
