// Functions that run in the page and say what a person would see.
'use strict';

// contrast lists the texts with less than 4.5 to 1, as WCAG 2 computes it.
function contrast() {
  const channels = (css) => {
    const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const light = ({ r, g, b }) => {
    const linear = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = channels(getComputedStyle(e).backgroundColor);
      if (c.a === 1) return c;
    }
    return channels('rgb(255, 255, 255)');
  };
  const pale = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || !e.getClientRects().length || e.closest('script, noscript')) continue;
    const style = getComputedStyle(e);
    const colour = channels(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(colour), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) pale.add(`${ratio.toFixed(2)} "${text.slice(0, 40)}" <${e.localName} class="${e.getAttribute('class') || ''}">`);
  }
  return [...pale];
}

// fromTheTop puts the focus on the first that can be reached.
function fromTheTop() {
  document.querySelector('.skip').focus();
  window.reached = new Set();
}

// focused says what has the focus, and whether that can be seen.
function focused() {
  const e = document.activeElement;
  if (!e || e === document.body) return { what: 'body', visible: true, again: false };
  const again = window.reached.has(e);
  window.reached.add(e);
  const style = getComputedStyle(e);
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const box = e.getBoundingClientRect();
  return {
    again,
    what: e.id && e.localName !== 'a' ? e.id : e.getAttribute('href') || e.id || `${e.localName} ${e.getAttribute('aria-label') || e.textContent.slice(0, 30)}`,
    visible: ring && box.width > 0 && box.height > 0 && box.right > 0,
  };
}

// sticksOut names the first element that is wider than the window.
function sticksOut() {
  const wide = [...document.body.querySelectorAll('*')].find((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'));
  return wide ? `<${wide.localName} class="${wide.getAttribute('class') || ''}"> ${wide.textContent.slice(0, 60)}` : 'nothing in particular';
}

// nameless lists what can be used, or is a picture, and has no name.
function nameless() {
  return [...document.querySelectorAll('a, button, input, select, svg, [role=region]')].filter((e) => {
    if (!e.getClientRects().length || e.getAttribute('aria-hidden') === 'true') return false;
    return !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && [...e.labels].some((l) => l.textContent.trim())));
  }).map((e) => e.outerHTML.slice(0, 100));
}

module.exports = { contrast, focused, fromTheTop, sticksOut, nameless };
