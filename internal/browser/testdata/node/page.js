// The page of gatewayd in Chromium. The one argument is a task in JSON, see
// page_test.go. Prints one line of JSON for each check.
'use strict';

const http = require('node:http');
const path = require('node:path');
const { chromium } = require('playwright-core');
const look = require('./look.js');

const task = JSON.parse(process.argv[2]);
const patience = 20000;

// check runs one check; a failure is told and the others go on.
async function check(name, run) {
  let failure = '';
  try {
    await run();
  } catch (err) {
    failure = String(err && err.stack ? err.stack : err);
  }
  console.log(JSON.stringify({ check: name, ok: failure === '', detail: failure }));
}

function want(condition, what) {
  if (!condition) throw new Error(what);
}

const views = [
  { name: 'overview', hash: '#/', ready: 'text=/[0-9] devices connected/' },
  { name: 'frames', hash: '#/frames', ready: 'tbody tr:nth-child(5)' },
  { name: 'nodes', hash: '#/nodes', ready: 'tbody a' },
  { name: 'node', hash: '#/nodes/greenhouse', ready: 'form' },
  { name: 'hostile', hash: '#/nodes/hostile', ready: 'form' },
  { name: 'concentrators', hash: '#/concentrators', ready: 'main .card' },
];

// watched is a page of a browser that complains: whatever it logs as an error,
// throws, or asks of others is noted.
async function watched(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints = [];
  page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') complaints.push(`console: ${m.text()}`); });
  page.on('pageerror', (err) => complaints.push(`exception: ${err}`));
  page.on('dialog', (d) => { complaints.push(`dialog: ${d.message()}`); d.dismiss(); });
  page.on('request', (r) => {
    if (!r.url().startsWith(`${task.page}/`) && !r.url().startsWith('data:')) complaints.push(`asks ${r.url()}`);
  });
  return { context, page, complaints };
}

async function visit(page, view) {
  await page.goto(`${task.page}/${view.hash}`);
  await page.locator(view.ready).first().waitFor();
}

async function looks(browser) {
  for (const scheme of ['light', 'dark']) {
    for (const width of [1280, 360]) {
      const { context, page, complaints } = await watched(browser, { viewport: { width, height: 900 }, colorScheme: scheme });
      for (const view of views) {
        const at = `${view.name}, ${scheme}, ${width} px`;
        await check(at, async () => {
          complaints.length = 0;
          await visit(page, view);
          await page.screenshot({ path: path.join(task.shots, `${view.name}-${scheme}-${width}.png`), fullPage: true });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          want(wide <= 0, `the body scrolls sideways by ${wide} px: ${await page.evaluate(look.sticksOut)}`);
          const pale = await page.evaluate(look.contrast);
          want(pale.length === 0, `too little contrast: ${pale.join('; ')}`);
          const nameless = await page.evaluate(look.nameless);
          want(nameless.length === 0, `without a name for those who cannot see: ${nameless.join('; ')}`);
          want(await page.evaluate(() => window.pwned === undefined && document.querySelector('main img, main script') === null), 'a name became markup');
          want(complaints.length === 0, complaints.join('\n'));
        });
      }
      await context.close();
    }
  }
}

// tabs presses Tab until the focus is where it began, and says where it was.
async function tabs(page) {
  const stops = [];
  await page.evaluate(look.fromTheTop);
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(look.focused);
    if (stop.what === 'body' || stop.again) break;
    stops.push(stop);
  }
  return stops;
}

async function keyboard(browser) {
  const { context, page } = await watched(browser, { viewport: { width: 1280, height: 900 } });
  const needed = {
    frames: ['#/', '#/frames', '#/nodes', '#/concentrators', 'by-node', 'by-verdict', 'by-direction', 'paused'],
    nodes: ['find', 'sort-name', 'sort-rssi', '#/nodes/greenhouse'],
    node: ['form-port', 'form-payload', 'form-confirmed', 'form-send'],
  };
  for (const [name, ids] of Object.entries(needed)) {
    await check(`keyboard reaches everything: ${name}`, async () => {
      await visit(page, views.find((v) => v.name === name));
      if (name === 'frames') await page.locator('#paused').check(); // rows that come would move the focus' surroundings
      const stops = await tabs(page);
      const missed = ids.filter((id) => !stops.some((s) => s.what === id));
      want(missed.length === 0, `not reached: ${missed}; reached ${stops.map((s) => s.what)}`);
      const unseen = stops.filter((s) => !s.visible).map((s) => s.what);
      want(unseen.length === 0, `the focus cannot be seen on ${unseen}`);
    });
  }
  await check('keyboard: the skip link leads to the content', async () => {
    await page.goto('about:blank');
    await visit(page, views[0]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    want((await page.evaluate(() => document.activeElement.id)) === 'main', 'the focus is elsewhere');
    want(await page.locator('text=/[0-9] devices connected/').isVisible(), 'and so is the page');
  });
  await check('keyboard: sorting keeps the focus', async () => {
    await visit(page, views.find((v) => v.name === 'nodes'));
    await page.locator('#sort-rssi').focus();
    await page.keyboard.press('Enter');
    want((await page.evaluate(() => document.activeElement.id)) === 'sort-rssi', 'the focus is lost');
  });
  await context.close();
}

async function uses(browser) {
  const { context, page, complaints } = await watched(browser, { viewport: { width: 1280, height: 900 } });
  const api = async (url) => (await context.request.get(task.page + url)).json();

  await check('frames arrive as server-sent events', async () => {
    await visit(page, views[1]);
    // Nothing but the stream may bring them.
    await page.route(/\/v1\/(frames|status|nodes|gateways|history|airtime)/, (r) => r.abort());
    const newest = () => page.locator('tbody tr').first().innerText();
    const before = await newest();
    await page.waitForFunction((old) => document.querySelector('tbody tr').innerText !== old, before, { timeout: patience });
    await page.unroute(/\/v1\/(frames|status|nodes|gateways|history|airtime)/);
    complaints.length = 0; // of the requests that were not let through
  });

  await check('frames are filtered', async () => {
    await visit(page, views[1]);
    await page.locator('#by-node').fill('greenhouse');
    await page.locator('#by-verdict option[value=accepted]').waitFor({ state: 'attached' });
    await page.locator('#by-verdict').selectOption('accepted');
    await page.waitForFunction(() => {
      const rows = [...document.querySelectorAll('tbody tr')];
      return rows.length > 1 && rows.every((r) => /greenhouse/.test(r.innerText) && /accepted/i.test(r.innerText));
    });
    await page.locator('#by-node').fill('no such node');
    await page.locator('text=No frame').waitFor();
    await page.locator('#by-node').fill('');
    await page.locator('#by-verdict').selectOption('dropped');
    await page.waitForFunction(() => {
      const rows = [...document.querySelectorAll('tbody tr')];
      return rows.length > 1 && rows.every((r) => !/accepted/i.test(r.innerText));
    });
  });

  await check('nodes are found and sorted', async () => {
    await visit(page, views.find((v) => v.name === 'nodes'));
    const names = () => page.locator('tbody tr td:first-child').allInnerTexts();
    want((await names()).length === 5, `${(await names()).length} nodes`);
    await page.locator('#find').fill('beehive');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    await page.locator('#find').fill('');
    await page.locator('#sort-name').click();
    const down = await names();
    await page.locator('#sort-name').click();
    const up = await names();
    want(JSON.stringify(up) === JSON.stringify([...down].reverse()) && up[0] !== down[0], `${up} and ${down}`);
  });

  await check('hostile names are text', async () => {
    await visit(page, views.find((v) => v.name === 'nodes'));
    const text = await page.locator('main').innerText();
    want(text.includes(task.hostileName) && text.includes(task.hostileText), 'the names are not shown as they are');
    await page.locator('#node-hostile').click();
    await page.waitForFunction((name) => document.querySelector('main h2').textContent === name, task.hostileName);
    want(await page.evaluate(() => window.pwned === undefined), 'a script ran');
  });

  await check('a downlink is queued and shown', async () => {
    // This one is never on the air, so what is queued stays.
    await page.goto(`${task.page}/#/nodes/mute`);
    await page.locator('#form-port').fill('7');
    await page.locator('#form-payload').fill('0a1b2c');
    await page.locator('#form-confirmed').check();
    await page.locator('#form-send').click();
    await page.locator('text=Queued as').waitFor();
    const queue = await api('/v1/nodes/mute/queue');
    want(queue.length === 1 && queue[0].fPort === 7 && queue[0].size === 3 && queue[0].confirmed, JSON.stringify(queue));
    await page.locator('text=Downlinks: 1 wait').waitFor();
  });

  await check('a downlink is dropped, and all are', async () => {
    const row = page.locator('tr', { hasText: 'confirmed' });
    await row.getByRole('button', { name: /^Drop/ }).click();
    await page.locator('text=Downlinks: 0 wait').waitFor();
    want((await api('/v1/nodes/mute/queue')).length === 0, 'it is still queued');
    for (const payload of ['01', '02']) {
      await page.locator('#form-payload').fill(payload);
      await page.locator('#form-send').click();
      await page.locator(`text=Downlinks: ${Number(payload)} wait`).waitFor();
    }
    await page.locator('#drop-all').click();
    await page.locator('text=2 downlinks are dropped').waitFor();
    want((await api('/v1/nodes/mute/queue')).length === 0, 'they are still queued');
  });

  await check('a node page has charts, values, twin and connections', async () => {
    await visit(page, views.find((v) => v.name === 'node'));
    await page.getByRole('img', { name: /^RSSI: / }).waitFor();
    await page.getByRole('img', { name: /^SNR: / }).waitFor();
    for (const text of ['temperature_1', 'statusInterval', 'class is not applied', 'Connection to the hub, lately']) await page.locator(`text=${text}`).first().waitFor();
    // Connections are looked at every ten seconds.
    let past;
    for (const end = Date.now() + patience; Date.now() < end; await page.waitForTimeout(300)) {
      past = await api('/v1/nodes/greenhouse/history');
      if (past.connections.length > 0) break;
    }
    want(past.uplinks.length > 0 && past.connections.length > 0, JSON.stringify(past));
    await page.locator('#its-frames').click();
    await page.waitForFunction(() => document.getElementById('by-node')?.value === 'greenhouse');
  });

  await check('concentrators have airtime, noise and timing', async () => {
    await visit(page, views.find((v) => v.name === 'concentrators'));
    await page.getByRole('img', { name: /% used$/ }).first().waitFor();
    for (const text of ['all others, lately', 'How early answers are', 'up to 30 ms']) await page.locator(`text=${text}`).waitFor();
    want(/median -\d+ dBm/.test(await page.locator('main').innerText()), 'no signal of others');
  });

  await check('frames of one node, of one verdict, over the API', async () => {
    const lines = async (query) => (await (await context.request.get(`${task.page}/v1/frames?${query}`)).text()).trim().split('\n').map((l) => JSON.parse(l));
    const accepted = await lines('node=greenhouse&verdict=accepted'), dropped = await lines('verdict=dropped');
    want(accepted.length > 0 && accepted.every((f) => f.device === 'greenhouse' && f.verdict === 'accepted'), JSON.stringify(accepted[0]));
    want(dropped.length > 0 && dropped.every((f) => !['accepted', 'joined', 'sent', 'not_sent'].includes(f.verdict)), JSON.stringify(dropped[0]));
  });

  await check('a downlink that cannot be is refused with the reason', async () => {
    await page.goto(`${task.page}/#/nodes/cellar`);
    await page.locator('#form-payload').fill('00'.repeat(300));
    await page.locator('#form-send').click();
    await page.locator('text=Not queued').waitFor();
    complaints.splice(0, complaints.length, ...complaints.filter((c) => !/409/.test(c)));
  });

  await check('what is typed stays while frames arrive', async () => {
    await page.goto(`${task.page}/#/nodes/greenhouse`);
    await page.locator('#form-payload').fill('aabb');
    const before = (await api('/v1/nodes/greenhouse')).session.fCntUp;
    for (let end = Date.now() + patience; (await api('/v1/nodes/greenhouse')).session.fCntUp < before + 2 && Date.now() < end;) await page.waitForTimeout(200);
    await page.waitForTimeout(600);
    want((await page.locator('#form-payload').inputValue()) === 'aabb', 'it is gone');
    want((await page.evaluate(() => document.activeElement.id)) === 'form-payload', 'the focus is gone');
  });

  await check('the whole session without a complaint', async () => want(complaints.length === 0, complaints.join('\n')));
  await context.close();
}

// foreign is a page of another site, on this machine, that tries to use ours.
async function foreign(browser) {
  const server = http.createServer((_, w) => {
    w.setHeader('Content-Type', 'text/html');
    w.end(`<form id="f" method="post" enctype="text/plain" action="${task.page}/v1/nodes/cellar/downlinks"><input name='{"fPort":9,"payloadHex":"66","x":"' value='"}'></form>`);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const context = await browser.newContext();
  const page = await context.newPage();
  const queued = async () => (await (await context.request.get(`${task.page}/v1/frames`)).text()).split('\n').filter((l) => l.includes('"down"') && l.includes('"fPort":9')).length
    + (await (await context.request.get(`${task.page}/v1/nodes/cellar/queue`)).json()).filter((q) => q.fPort === 9).length;
  const body = '{"fPort":9,"payloadHex":"66"}';

  await check('another site: its script cannot post', async () => {
    await page.goto(origin);
    // The browser does not show even the refusal to another site.
    const answer = page.waitForEvent('requestfailed', (r) => r.method() === 'POST');
    await page.evaluate(([url, text]) => fetch(url, { method: 'POST', mode: 'no-cors', body: text }).catch(() => {}), [`${task.page}/v1/nodes/cellar/downlinks`, body]);
    await answer;
    want((await queued()) === 0, 'it is queued');
  });
  await check('another site: its form cannot post', async () => {
    await page.goto(origin);
    const answer = page.waitForResponse((r) => r.request().method() === 'POST');
    const arrival = page.waitForURL(/downlinks/);
    await page.evaluate(() => document.getElementById('f').submit());
    want((await answer).status() === 403, `status ${(await answer).status()}`);
    await arrival;
    want((await queued()) === 0, 'it is queued');
  });
  await check('another site: its script cannot read', async () => {
    await page.goto(origin);
    const got = await page.evaluate((url) => fetch(url).then((r) => r.text(), (err) => `refused: ${err}`), `${task.page}/v1/nodes`);
    want(got.startsWith('refused'), got.slice(0, 200));
  });
  await check('another site: it cannot frame the page', async () => {
    await page.goto(origin);
    await page.evaluate((url) => new Promise((done) => {
      const f = document.createElement('iframe');
      f.onload = done;
      f.src = url;
      document.body.append(f);
    }), `${task.page}/`);
    const inside = page.frames()[1];
    want(!inside || (await inside.locator('nav').count()) === 0, 'it is framed');
  });
  await context.close();
  server.close();
}

async function login(browser) {
  const status = async (credentials) => {
    const context = await browser.newContext(credentials ? { httpCredentials: credentials } : {});
    const page = await context.newPage();
    const answer = await page.goto(`${task.closed}/`).catch((err) => ({ status: () => String(err) }));
    const code = answer.status();
    if (code === 200) {
      // The stream and the polls need the password, too.
      await page.locator('text=/[0-9] devices connected/').waitFor({ timeout: patience });
      want((await page.content()).includes(task.token) === false, 'the page has the token in it');
    }
    await context.close();
    return code;
  };
  await check('login: the token opens', async () => {
    const code = await status({ username: 'gatewayd', password: task.token });
    want(code === 200, `status ${code}`);
  });
  await check('login: a wrong token does not', async () => {
    const code = await status({ username: 'gatewayd', password: 'guess' });
    want(code === 401, `status ${code}`);
  });
  await check('login: neither does none', async () => {
    const context = await browser.newContext();
    for (const url of ['/', '/app.js', '/v1/nodes', '/v1/events', '/metrics']) {
      const code = (await context.request.get(task.closed + url)).status();
      want(code === 401, `${url}: status ${code}`);
    }
    await context.close();
  });
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  for (const part of [uses, looks, keyboard, foreign, login]) await part(browser);
  await browser.close();
}

main().catch((err) => { console.error(err); process.exit(1); });
