// The page of gatewayd: asks the daemon, and draws what the address names.
import { chart } from "./chart.js";
import { concentrators } from "./concentrators.js";
import { card, element, size } from "./dom.js";
import { frames } from "./frames.js";
import { node, nodes, refreshNode } from "./nodes.js";
import { again, ask, state } from "./state.js";

const main = document.getElementById("main");
const keptFrames = 2000;

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
  const times = state.history.map((h) => new Date(h.at).getTime());
  return [
    element("div", { class: "cards" },
      card("Radio", level("radio"), [...(s.concentrators || []).map((c) => `${c.name}: ${c.state}`), ...why("radio").slice(1)]),
      card("Hub", level("hub"), [`${s.connected} of ${s.devices} devices connected`, ...why("hub"), ...quota]),
      card("Clock", level("clock"), [part("clock").ok ? "can be believed" : "", ...why("clock")]),
      card("Queue", level("queue") === "ok" && s.outbox.messages > 1000 ? "watch" : level("queue"),
        [s.outbox.messages ? `${s.outbox.messages} messages wait, ${size(s.outbox.bytes)}` : "nothing waits", s.outbox.messages ? `the oldest for ${Math.round(s.outbox.oldestAgeSeconds / 60)} min` : "", s.outbox.dropped ? `${s.outbox.dropped} were dropped: raise [outbox] max_bytes or max_age` : "", ...why("queue")]),
      card("Frames", "ok", [`${s.frames.accepted} accepted, ${s.frames.joined} joins`, `${dropped} dropped, see Frames`, `${s.frames.sent} downlinks sent, ${s.frames.unsent} not`]),
      card("Disk", "ok", [`${size(s.outbox.deviceBytes)} written`, s.outbox.deviceBytesPerYear ? `${size(s.outbox.deviceBytesPerYear)} a year if it goes on like this` : ""])),
    element("div", { class: "charts" },
      chart("Messages that wait for the hub", state.history.map((h, i) => [times[i], h.messages]), "messages", { counted: true }),
      chart("Uplinks a minute", state.history.slice(1).map((h, i) => [times[i + 1], Math.max(0, Math.round(((h.accepted - state.history[i].accepted) * 60000) / (times[i + 1] - times[i] || 1)))]), "a minute", { counted: true }),
      chart("Devices connected", state.history.map((h, i) => [times[i], h.connected]), "devices", { counted: true })),
  ];
}

const pages = { overview, frames, nodes, concentrators };

// place is what the address names: a page, and a node.
function place() {
  const [, page, name] = location.hash.split("/");
  try {
    return [page || "overview", name && decodeURIComponent(name)];
  } catch {
    return ["nodes"]; // somebody mistyped an address
  }
}

// show draws the page that the address names. What is being typed stays.
function show() {
  const [key, name] = place();
  for (const a of document.querySelectorAll("nav a")) {
    if (a.dataset.page === key) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  const active = document.activeElement, id = active && active.id, at = active && active.selectionStart;
  main.replaceChildren(...(name ? node(name) : (pages[key] || overview)()).filter(Boolean));
  const same = id && document.getElementById(id);
  if (same && same !== document.activeElement) {
    same.focus({ preventScroll: true });
    if (at !== null && at !== undefined && ["search", "text"].includes(same.type)) same.setSelectionRange(at, at);
  }
}

async function refresh() {
  try {
    const [key, name] = place();
    [state.status, state.ready, state.nodes, state.gateways, state.airtime, state.history, state.timing] = await Promise.all(
      ["/v1/status", "/readyz", "/v1/nodes", "/v1/gateways", "/v1/airtime", "/v1/history", "/v1/timing"].map((p) => ask(p)));
    if (!Object.keys(state.verdicts).length) state.verdicts = await ask("/v1/verdicts");
    if (key === "nodes" && state.nodes.some((n) => n.device === name)) await refreshNode(name);
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
    if (due || state.held) return;
    due = true;
    setTimeout(() => { due = false; show(); }, 300);
  });
}

again.redraw = show;
again.refresh = refresh;
addEventListener("hashchange", () => { show(); main.focus({ preventScroll: true }); scrollTo(0, 0); refresh(); });
refresh();
follow();
setInterval(refresh, 5000);
