// What is known of the daemon, and how it is asked.

export const state = {
  status: null, ready: null, nodes: [], gateways: [], airtime: [], history: [], verdicts: {}, timing: null,
  frames: [], held: null, filter: {}, // held: the frames as they were when the list was paused
  sort: ["name", 1], find: "",
  detail: {}, // of the node that is shown
};

export async function ask(path, options) {
  const r = await fetch(path, { headers: { "X-Gatewayd": "page" }, ...options });
  const body = await r.json().catch(() => ({}));
  if (!r.ok && r.status !== 503) throw new Error(body.error ? body.error.detail : r.statusText);
  return body;
}

export const pathOf = (device) => `/v1/nodes/${encodeURIComponent(device)}`;

// redraw and refresh are what app.js does.
export const again = { redraw: () => {}, refresh: () => {} };
