// The concentrators: how they are, how long they have sent, what they hear
// besides, and how early answers reach them.
import { bar, histogram } from "./chart.js";
import { ago, element, pairs } from "./dom.js";
import { state } from "./state.js";

function median(list) {
  const sorted = list.slice().sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

// heard sums up frames: how many, and their usual signal.
function heard(frames) {
  const list = frames.filter((f) => f.rssi);
  return list.length ? `${list.length} frames, median ${median(list.map((f) => f.rssi)).toFixed(0)} dBm, SNR ${median(list.map((f) => f.snr || 0)).toFixed(1)} dB` : "none";
}

function gateway(g) {
  const same = (x) => x.concentrator === g.concentrator && (!x.gatewayEui || !g.gatewayEui || x.gatewayEui === g.gatewayEui);
  const ups = state.frames.filter((f) => f.direction === "up" && same(f)), own = ups.filter((f) => f.device);
  const total = g.received + g.crcBad;
  return element("section", { class: `card ${/^(receiving|listening)/.test(g.state) ? "ok" : "bad"}` },
    element("h2", {}, g.concentrator), element("p", { class: "mark" }, g.state),
    g.lastError ? element("p", { class: "what" }, g.lastError) : null,
    pairs([["kind", g.type], ["EUI", g.gatewayEui], ["received", g.received], ["bad CRC", total ? `${g.crcBad} (${Math.round((100 * g.crcBad) / total)} %)` : g.crcBad], ["dropped", g.dropped], ["sent", g.sent],
      ["not sent", Object.entries(g.notSent || {}).map(([k, v]) => `${v} ${k.replaceAll("_", " ")}`).join(", ")], ["last seen", ago(g.lastSeen)], ["counter drift", `${g.counterDriftPpm.toFixed(1)} ppm`],
      ["your nodes, lately", heard(own)], ["all others, lately", heard(ups.filter((f) => !f.device))],
      ["sent by channel", Object.entries(g.airtimeSeconds || {}).map(([f, s]) => `${(f / 1e6).toFixed(3)} MHz ${s.toFixed(1)} s`).join(", ")]]),
    element("h3", {}, "Airtime of the last hour"),
    state.airtime.filter(same).map((a) => bar(a.band, a.usedSeconds, a.limitSeconds, "s")));
}

export function concentrators() {
  const t = state.timing;
  const ms = (s) => (s < 1 ? `${Math.round(1000 * s)} ms` : `${s} s`);
  const names = t && t.boundsSeconds ? [...t.boundsSeconds.map((s) => `up to ${ms(s)}`), `more than ${ms(t.boundsSeconds[t.boundsSeconds.length - 1])}`] : [];
  return [element("div", { class: "cards" }, state.gateways.length ? state.gateways.map(gateway) : element("p", { class: "note" }, "No concentrator yet.")),
    names.length ? histogram("How early answers are", names, t.counts, "The time between handing an answer over and its window. A PicoCell needs 30 ms, a packet forwarder on a slow line some hundreds: what is later misses its window.") : null];
}
