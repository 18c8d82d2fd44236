// The page of gatewayd. Whatever comes from the air or the configuration goes
// into text nodes, never into markup.

const main = document.getElementById("main");
const state = { status: null, ready: null, nodes: [], gateways: [], airtime: [], frames: [], history: [], sort: ["name", 1], find: "", filter: {} };
const keptFrames = 1000;

// element makes a node: attributes that are functions are listeners.
function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (typeof v === "function") e.addEventListener(k, v);
    else if (v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null).map((c) => (c instanceof Node ? c : String(c))));
  return e;
}

async function ask(path, options) {
  const r = await fetch(path, { headers: { "X-Gatewayd": "page" }, ...options });
  const body = await r.json().catch(() => ({}));
  if (!r.ok && r.status !== 503) throw new Error(body.error ? body.error.detail : r.statusText);
  return body;
}

const pad = (n) => String(n).padStart(2, "0");
function clock(t) {
  const d = new Date(t);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}
function ago(t) {
  if (!t) return "never";
  const s = Math.max(0, Math.round((Date.now() - new Date(t)) / 1000));
  if (s < 90) return `${s} s ago`;
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  if (s < 172800) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} days ago`;
}
function size(n) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (n < 1000) return `${n < 10 && unit !== "B" ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1000;
  }
  return `${n.toFixed(1)} TB`;
}

// What each verdict means, and what to do about it.
const verdicts = {
  accepted: "Accepted, on disk, on its way to the hub.",
  joined: "A join request; the node was given a session.",
  sent: "Sent by the concentrator.",
  not_sent: "No concentrator sent it.",
  unknown_dev_addr: "No node of yours has this address: a neighbour's, or one missing in the configuration.",
  unknown_dev_eui: "No node of yours has this DevEUI: a neighbour's, or one missing in the configuration.",
  bad_mic: "No key of the nodes with this address fits: a mistyped key, or a stranger's node.",
  wrong_join_eui: "The node joins with another JoinEUI than configured: correct one of them.",
  replay: "The frame counter did not rise: a replay, or an ABP node that restarted.",
  f_cnt_gap: "The counter jumped by more than 16,384: let the node join again.",
  dev_nonce_used: "This join request came before: a replay, or a node that forgets its DevNonce (gatewayd reset-nonces).",
  retransmission: "The same frame again, from the node: it may not hear the acknowledgements.",
  duplicate: "The same transmission, heard twice.",
  store_failed: "It could not be written to disk, and was not acknowledged.",
  malformed: "Not a LoRaWAN frame.",
  not_uplink: "Not an uplink: another gateway's downlink, or another protocol.",
  unsupported: "LoRaWAN of a kind that is not served.",
  no_dev_addr: "The address block of net_id is used up.",
};
const fine = new Set(["accepted", "joined", "sent"]);

function table(columns, rows, { empty, onSort } = {}) {
  const head = columns.map((c) => element("th", { scope: "col", class: c.number ? "number" : undefined, "aria-sort": onSort && state.sort[0] === c.key ? (state.sort[1] > 0 ? "ascending" : "descending") : undefined },
    onSort && c.key ? element("button", { type: "button", id: `sort-${c.key}`, click: () => onSort(c.key) }, c.title) : c.title));
  const body = rows.map((r) => element("tr", {}, columns.map((c) => element("td", { class: c.number ? "number" : c.wide ? "wide" : undefined }, c.cell(r)))));
  if (!rows.length) body.push(element("tr", {}, element("td", { colspan: columns.length, class: "note" }, empty || "nothing yet")));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "table" }, element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)));
}

function chart(title, points, unit, { dots } = {}) {
  const box = element("section", { class: "sheet" }, element("h2", {}, title));
  if (points.length < 2) return box.append(element("p", { class: "note" }, "Too little yet for a chart.")), box;
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const x0 = Math.min(...xs), x1 = Math.max(...xs);
  let y0 = Math.min(...ys), y1 = Math.max(...ys);
  if (y0 === y1) [y0, y1] = y0 === 0 ? [0, 1] : [y0 - 1, y1 + 1];
  const at = ([x, y]) => [(1000 * (x - x0)) / (x1 - x0 || 1), 100 - (100 * (y - y0)) / (y1 - y0)];
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "chart");
  svg.setAttribute("viewBox", "-5 -5 1010 110");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${title}: from ${y0} to ${y1} ${unit}, now ${ys[ys.length - 1]} ${unit}`);
  const axis = document.createElementNS(ns, "line");
  for (const [k, v] of [["x1", 0], ["x2", 1000], ["y1", 100], ["y2", 100], ["class", "axis"]]) axis.setAttribute(k, v);
  svg.append(axis);
  const path = document.createElementNS(ns, "polyline");
  path.setAttribute("points", points.map((p) => at(p).map((v) => v.toFixed(1)).join(",")).join(" "));
  path.setAttribute("class", "stroke");
  svg.append(path);
  box.append(svg, element("p", { class: "caption" }, element("span", {}, clock(x0)), element("span", {}, `${y0} to ${y1} ${unit}, now ${ys[ys.length - 1]}`), element("span", {}, clock(x1))));
  return box;
}

function card(title, level, lines) {
  const word = { ok: "● well", watch: "▲ watch", bad: "■ needs you" }[level];
  return element("section", { class: `card ${level}` }, element("h2", {}, title), element("p", { class: "mark" }, word), lines.filter(Boolean).map((l) => element("p", { class: "what" }, l)));
}

const fixes = {
  radio: "Look at Concentrators; gatewayd doctor checks port and permissions.",
  clock: "Devices connect when the time can be believed: timedatectl.",
  queue: "Frames wait in memory, unacknowledged. df -h, dmesg.",
  hub: "Frames wait on disk meanwhile. The node's page says why.",
};

function overview() {
  const s = state.status;
  if (!s) return [element("p", { class: "note" }, "Asking the daemon …")];
  const parts = Object.fromEntries((state.ready ? state.ready.parts : []).map((p) => [p.name, p]));
  const part = (name) => parts[name] || { ok: true };
  const level = (name) => (part(name).ok ? "ok" : "bad");
  const why = (name) => (part(name).ok ? [] : [part(name).reason, fixes[name]]);
  const dropped = Object.values(s.frames.dropped || {}).reduce((a, b) => a + b, 0);
  const quota = (s.quota || []).map((q) => `${q.hub}: ${q.used} of ${q.limit} today, ${q.forecast} foreseen`);
  return [
    element("div", { class: "cards" },
      card("Radio", level("radio"), [...(s.concentrators || []).map((c) => `${c.name}: ${c.state}`), ...why("radio").slice(1)]),
      card("Hub", level("hub"), [`${s.connected} of ${s.devices} devices connected`, ...why("hub"), ...quota]),
      card("Clock", level("clock"), [part("clock").ok ? "can be believed" : "", ...why("clock")]),
      card("Queue", level("queue") === "ok" && s.outbox.messages > 1000 ? "watch" : level("queue"),
        [s.outbox.messages ? `${s.outbox.messages} messages wait, ${size(s.outbox.bytes)}` : "nothing waits", s.outbox.messages ? `the oldest for ${Math.round(s.outbox.oldestAgeSeconds / 60)} min` : "", s.outbox.dropped ? `${s.outbox.dropped} were dropped: raise [outbox] max_bytes or max_age` : "", ...why("queue")]),
      card("Frames", "ok", [`${s.frames.accepted} accepted, ${s.frames.joined} joins`, `${dropped} dropped, see Frames`, `${s.frames.sent} downlinks sent, ${s.frames.unsent} not`]),
      card("Disk", "ok", [`${size(s.outbox.deviceBytes)} written`, s.outbox.deviceBytesPerYear ? `${size(s.outbox.deviceBytesPerYear)} a year if it goes on like this` : ""])),
    chart("Messages that wait for the hub", state.history.map((h) => [new Date(h.at).getTime(), h.messages]), "messages"),
    chart("Uplinks a minute", state.history.slice(1).map((h, i) => [new Date(h.at).getTime(), Math.max(0, Math.round(((h.accepted - state.history[i].accepted) * 60000) / (new Date(h.at) - new Date(state.history[i].at))))]), "a minute"),
  ];
}

const frameColumns = [
  { title: "Time", cell: (f) => clock(f.at) },
  { title: "", cell: (f) => (f.direction === "up" ? "↑ up" : "↓ down") },
  { title: "Node", cell: (f) => (f.device ? element("a", { id: `frame-${f.seq}`, href: `#/nodes/${encodeURIComponent(f.device)}` }, f.node || f.device) : "–") },
  { title: "Verdict", cell: (f) => element("span", { class: fine.has(f.verdict) ? "ok" : "bad" }, element("span", { class: "mark" }, f.verdict.replaceAll("_", " "))) },
  { title: "What that means", wide: true, cell: (f) => `${verdicts[f.verdict] || ""} ${f.direction === "down" ? (f.delaySeconds ? `In the window ${f.delaySeconds} s behind the uplink.` : "At once.") : ""} ${f.detail || ""}`.trim() },
  { title: "FCnt", number: true, cell: (f) => f.fCnt ?? "" },
  { title: "FPort", number: true, cell: (f) => f.fPort ?? "" },
  { title: "Bytes", number: true, cell: (f) => f.size },
  { title: "Rate", cell: (f) => f.dataRate || "" },
  { title: "MHz", number: true, cell: (f) => (f.frequency ? (f.frequency / 1e6).toFixed(3) : "") },
  { title: "RSSI", number: true, cell: (f) => (f.rssi ? f.rssi.toFixed(0) : "") },
  { title: "SNR", number: true, cell: (f) => (f.rssi ? (f.snr || 0).toFixed(1) : "") },
  { title: "Concentrator", cell: (f) => f.concentrator || "" },
];

function frames() {
  const f = state.filter;
  const shown = state.frames.filter((x) => (!f.node || `${x.node} ${x.device} ${x.devAddr}`.toLowerCase().includes(f.node.toLowerCase())) && (!f.verdict || (f.verdict === "dropped" ? !fine.has(x.verdict) : x.verdict === f.verdict)) && (!f.direction || x.direction === f.direction));
  const seen = [...new Set(state.frames.map((x) => x.verdict))].sort();
  const choose = (key, options) => element("select", { id: `by-${key}`, change: (e) => { f[key] = e.target.value; show(); } }, options.map(([v, t]) => element("option", { value: v, selected: f[key] === v }, t)));
  return [
    element("div", { class: "tools" },
      element("label", {}, "Node or address", element("input", { id: "by-node", type: "search", value: f.node || "", input: (e) => { f.node = e.target.value; show(); } })),
      element("label", {}, "Verdict", choose("verdict", [["", "all"], ["dropped", "everything dropped"], ...seen.map((v) => [v, v.replaceAll("_", " ")])])),
      element("label", {}, "Direction", choose("direction", [["", "both"], ["up", "up"], ["down", "down"]])),
      element("label", {}, "Paused", element("input", { id: "paused", type: "checkbox", checked: state.paused, change: (e) => { state.paused = e.target.checked; } }))),
    element("div", { class: "sheet" }, table(frameColumns, shown.slice(-200).reverse(), { empty: "No frame yet. Frames of your nodes, and of others in reach, appear here as they are heard." })),
  ];
}

const nodeColumns = [
  { key: "name", title: "Node", cell: (n) => element("a", { id: `node-${n.device}`, href: `#/nodes/${encodeURIComponent(n.device)}` }, n.session.node), of: (n) => n.session.node },
  { key: "device", title: "Device", cell: (n) => n.device, of: (n) => n.device },
  { key: "seen", title: "Heard", cell: (n) => ago(n.session.lastSeen), of: (n) => n.session.lastSeen || "" },
  { key: "rssi", title: "RSSI", number: true, cell: (n) => (n.session.lastSeen ? (n.session.rssi || 0).toFixed(0) : "–"), of: (n) => n.session.rssi || -999 },
  { key: "snr", title: "SNR", number: true, cell: (n) => (n.session.lastSeen ? (n.session.snr || 0).toFixed(1) : "–"), of: (n) => n.session.snr || -99 },
  { key: "rate", title: "Rate", cell: (n) => n.session.dataRate || "–", of: (n) => n.session.dataRate || "" },
  { key: "count", title: "FCnt", number: true, cell: (n) => n.session.fCntUp ?? "–", of: (n) => n.session.fCntUp || 0 },
  { key: "battery", title: "Battery", number: true, cell: (n) => battery(n.session.battery), of: (n) => n.session.battery ?? -1 },
  { key: "waiting", title: "Waiting", number: true, cell: (n) => n.waiting, of: (n) => n.waiting },
  { key: "connection", title: "Connection", cell: (n) => element("span", { class: n.connection === "connected" || n.connection === "idle" ? "ok" : "watch" }, element("span", { class: "mark" }, n.connection)), of: (n) => n.connection },
];

function battery(b) {
  if (b === undefined || b === null || b === 255) return "–";
  return b === 0 ? "mains" : `${Math.round((100 * b) / 254)} %`;
}

function nodes() {
  const [key, way] = state.sort;
  const of = nodeColumns.find((c) => c.key === key).of;
  const list = state.nodes.filter((n) => JSON.stringify([n.session.node, n.device, n.session.devEui, n.session.devAddr]).toLowerCase().includes(state.find.toLowerCase()))
    .sort((a, b) => (of(a) < of(b) ? -way : of(a) > of(b) ? way : 0));
  return [
    element("div", { class: "tools" }, element("label", {}, "Name, device, DevEUI or address", element("input", { id: "find", type: "search", value: state.find, input: (e) => { state.find = e.target.value; show(); } }))),
    element("div", { class: "sheet" }, table(nodeColumns, list, { empty: "No node is called that.", onSort: (k) => { state.sort = [k, state.sort[0] === k ? -state.sort[1] : 1]; show(); } })),
  ];
}

function pairs(list) {
  return element("dl", {}, list.filter((p) => p[1] !== undefined && p[1] !== "").map(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]));
}

function node(device) {
  const n = state.nodes.find((x) => x.device === device);
  if (!n) return [element("p", { class: "note" }, state.status ? "There is no such node." : "Asking the daemon …")];
  const s = n.session, mine = state.frames.filter((f) => f.device === device);
  const ups = mine.filter((f) => f.verdict === "accepted");
  const sf = (f) => Number((/SF(\d+)/.exec(f.dataRate) || [])[1]);
  const series = (value) => ups.filter((f) => Number.isFinite(value(f))).map((f) => [new Date(f.at).getTime(), value(f)]);
  const { form, answer } = downlinkForm(device);
  return [
    element("p", {}, element("a", { href: "#/nodes" }, "← all nodes")),
    element("div", { class: "cards" },
      element("section", { class: "card" }, element("h2", {}, s.node), pairs([["DevEUI", s.devEui], ["DevAddr", s.devAddr], ["LoRaWAN", `${s.version}, class ${s.class}`], ["FCntUp", s.fCntUp], ["next FCntDown", s.fCntDown], ["heard", ago(s.lastSeen)], ["link", s.lastSeen ? `${s.dataRate}, ${(s.rssi || 0).toFixed(0)} dBm, SNR ${(s.snr || 0).toFixed(1)} dB` : ""], ["battery", battery(s.battery)]])),
      element("section", { class: `card ${n.connection === "connected" || n.connection === "idle" ? "ok" : "bad"}` }, element("h2", {}, "In the hub"), element("p", { class: "mark" }, n.connection), pairs([["device", n.device], ["since", ago(n.since)], ["why", n.reason], ["messages that wait", n.waiting]]))),
    element("section", { class: "sheet" }, element("h2", {}, `Downlinks: ${s.queued} wait`), form, answer),
    chart("RSSI", series((f) => f.rssi), "dBm"), chart("SNR", series((f) => f.snr || 0), "dB"), chart("Spreading factor", series(sf), ""),
    element("section", { class: "sheet" }, element("h2", {}, "Last frames"), table(frameColumns.filter((c) => c.title !== "Node"), mine.slice(-50).reverse())),
  ];
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
    const r = await ask(`/v1/nodes/${encodeURIComponent(device)}/downlinks`, { method: "POST", body: JSON.stringify({ fPort: Number(data.get("fPort")), payloadHex: data.get("payloadHex"), confirmed: data.has("confirmed") }) });
    answer.textContent = `Queued as ${r.id}. It goes out with the node's next uplink, or at once in class C.`;
    refresh();
  } catch (err) {
    answer.textContent = `Not queued: ${err.message}`;
  }
}

function concentrators() {
  const list = state.gateways.map((g) => {
    const mine = state.airtime.filter((a) => a.concentrator === g.concentrator && (a.gatewayEui || "") === (g.gatewayEui || ""));
    const total = g.received + g.crcBad;
    return element("section", { class: `card ${/^(receiving|listening)/.test(g.state) ? "ok" : "bad"}` },
      element("h2", {}, g.concentrator), element("p", { class: "mark" }, g.state),
      g.lastError ? element("p", { class: "what" }, g.lastError) : null,
      pairs([["kind", g.type], ["EUI", g.gatewayEui], ["received", g.received], ["bad CRC", total ? `${g.crcBad} (${Math.round((100 * g.crcBad) / total)} %)` : g.crcBad], ["dropped", g.dropped], ["sent", g.sent], ["not sent", Object.entries(g.notSent || {}).map(([k, v]) => `${v} ${k.replaceAll("_", " ")}`).join(", ")], ["last seen", ago(g.lastSeen)], ["counter drift", `${g.counterDriftPpm.toFixed(1)} ppm`], ["airtime by channel", Object.entries(g.airtimeSeconds || {}).map(([f, s]) => `${(f / 1e6).toFixed(3)} MHz ${s.toFixed(1)} s`).join(", ")]]),
      mine.map((a) => element("p", { class: "what" }, `${a.band}: ${a.usedSeconds.toFixed(1)} s sent in an hour${a.limitSeconds ? ` of ${a.limitSeconds.toFixed(0)} s allowed` : ""}`)));
  });
  return [element("div", { class: "cards" }, list.length ? list : element("p", { class: "note" }, "No concentrator yet."))];
}

const pages = { overview, frames, nodes, concentrators };

// show draws the page that the address names. What is being typed stays.
function show() {
  const [, page = "", name] = location.hash.split("/");
  const key = page || "overview";
  for (const a of document.querySelectorAll("nav a")) {
    if (a.dataset.page === key) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  const active = document.activeElement, id = active && active.id, at = active && active.selectionStart;
  main.replaceChildren(...(name ? node(decodeURIComponent(name)) : (pages[key] || overview)()));
  const again = id && document.getElementById(id);
  if (again && again !== document.activeElement) {
    again.focus({ preventScroll: true });
    if (at !== null && at !== undefined && ["search", "text"].includes(again.type)) again.setSelectionRange(at, at);
  }
}

async function refresh() {
  try {
    [state.status, state.ready, state.nodes, state.gateways, state.airtime, state.history] = await Promise.all(["/v1/status", "/readyz", "/v1/nodes", "/v1/gateways", "/v1/airtime", "/v1/history"].map((p) => ask(p)));
    document.getElementById("version").textContent = state.status.version;
    document.getElementById("link").textContent = "";
    document.title = state.ready.ok ? "gatewayd" : "▲ gatewayd";
  } catch (err) {
    document.getElementById("link").textContent = `The daemon does not answer (${err.message}); trying again`;
  }
  show();
}

function follow() {
  const events = new EventSource("/v1/events");
  let due = false;
  events.addEventListener("message", (e) => {
    state.frames.push(JSON.parse(e.data));
    if (state.frames.length > keptFrames) state.frames.splice(0, state.frames.length - keptFrames);
    if (due || state.paused) return;
    due = true;
    setTimeout(() => { due = false; show(); }, 300);
  });
}

addEventListener("hashchange", () => { show(); main.focus({ preventScroll: true }); scrollTo(0, 0); });
refresh();
follow();
setInterval(refresh, 5000);
