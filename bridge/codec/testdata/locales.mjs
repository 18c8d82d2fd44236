// Prints ../locales.json: how Node writes dates and numbers, for
// Date.prototype.toLocaleString and its kin. Run it with Node 20:
//
//	node testdata/locales.mjs > locales.json
const locales = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-IN', 'en-ZA', 'de-DE', 'de-AT', 'de-CH', 'fr-FR', 'fr-CH', 'fr-CA', 'it-IT', 'es-ES', 'es-MX',
  'pt-BR', 'pt-PT', 'nl-NL', 'nl-BE', 'sv-SE', 'da-DK', 'nb-NO', 'fi-FI', 'pl-PL', 'cs-CZ', 'sk-SK', 'hu-HU', 'ro-RO', 'sl-SI', 'hr-HR', 'tr-TR',
  'ru-RU', 'uk-UA', 'ja-JP', 'zh-CN', 'ko-KR', 'en-IE', 'en-NZ', 'es-AR', 'zh-TW', 'he-IL', 'id-ID', 'el-GR', 'bg-BG', 'et-EE', 'lt-LT', 'lv-LV'];
const sample = new Date(Date.UTC(2024, 0, 5, 3, 4, 5)); // a Friday

const letters = { year: 'y', month: 'M', day: 'd', weekday: 'E', hour: 'h', minute: 'm', second: 's', dayPeriod: 'a' };

// pattern is what parts make: letters for fields, twice for two digits, and
// everything else between apostrophes.
// The narrow space before AM is one that format, unlike formatToParts, writes
// as a plain one.
function pattern(locale, options) {
  const f = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
  return f.formatToParts(sample).map((p) => {
    const l = letters[p.type];
    if (!l) return "'" + p.value.replaceAll('\u202f', ' ') + "'";
    if (p.type === 'weekday') return 'E';
    if (p.type === 'month' && !/^\d+$/.test(p.value)) return 'L';
    if (p.type === 'dayPeriod') return 'a';
    if (p.type === 'minute' || p.type === 'second') return l;
    return p.value.length === 2 ? l + l : l;
  }).join('');
}

const fields = { y: { year: 'numeric' }, d: { day: 'numeric' }, M: { month: 'numeric' }, L: { month: 'short' }, LL: { month: 'long' } };
const dates = {};
for (const month of ['M', 'L', 'LL']) {
  for (const key of ['y' + month + 'd', 'y' + month, month + 'd', month]) {
    dates[key] = { ...(key.startsWith('y') ? fields.y : {}), ...fields[month], ...(key.endsWith('d') ? fields.d : {}) };
    if (key.endsWith('d')) dates['E' + key] = { ...dates[key], weekday: month === 'LL' ? 'long' : 'short' };
  }
}
dates.y = fields.y;
dates.d = fields.d;
dates.E = { weekday: 'short' };
const times = { hms: { hour: 'numeric', minute: 'numeric', second: 'numeric' }, hm: { hour: 'numeric', minute: 'numeric' }, h: { hour: 'numeric' } };

function names(locale, count, date, options, type) {
  const f = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
  return Array.from({ length: count }, (_, i) => f.formatToParts(date(i)).find((p) => p.type === type).value);
}

function glue(locale, date) {
  const both = pattern(locale, { ...dates[date], ...times.hm });
  const a = pattern(locale, dates[date]), b = pattern(locale, times.hm);
  if (!both.startsWith(a) && a.endsWith("'") && both.startsWith(a.slice(0, -1)) && both.endsWith(b)) {
    return both.slice(a.length - 1, both.length - b.length).slice(0, -1); // a date that ends with a point of its own
  }
  return both.startsWith(a) && both.endsWith(b) ? both.slice(a.length, both.length - b.length).slice(1, -1) : ', ';
}

const out = {};
for (const locale of locales) {
  const l = { dates: {}, h12: {}, h23: {}, usual: {}, glue: {}, style: {} };
  for (const key in dates) l.dates[key] = pattern(locale, dates[key]);
  for (const key in times) {
    l.usual[key] = pattern(locale, times[key]);
    l.h12[key] = pattern(locale, { ...times[key], hourCycle: 'h12' });
    l.h23[key] = pattern(locale, { ...times[key], hourCycle: 'h23' });
  }
  l.cycle = new Intl.DateTimeFormat(locale, times.hms).resolvedOptions().hourCycle;
  for (const key in dates) l.glue[key] = glue(locale, key);
  for (const style of ['full', 'long', 'medium', 'short']) {
    l.style[style] = pattern(locale, { dateStyle: style });
    const a = l.style[style], both = pattern(locale, { dateStyle: style, timeStyle: 'short' }), b = pattern(locale, { timeStyle: 'short' });
    l.glue[style] = both.startsWith(a) && both.endsWith(b) ? both.slice(a.length, both.length - b.length).slice(1, -1) : ', ';
  }
  const month = (i) => new Date(Date.UTC(2024, i, 5)), day = (i) => new Date(Date.UTC(2024, 8, 1 + i)); // a Sunday
  l.monthsLong = names(locale, 12, month, { month: 'long', day: 'numeric', year: 'numeric' }, 'month');
  l.monthsShort = names(locale, 12, month, { month: 'short', day: 'numeric', year: 'numeric' }, 'month');
  l.monthsAlone = names(locale, 12, month, { month: 'long' }, 'month');
  l.daysLong = names(locale, 7, day, { weekday: 'long' }, 'weekday');
  l.daysShort = names(locale, 7, day, { weekday: 'short' }, 'weekday');
  const ampm = new Intl.DateTimeFormat(locale, { hour: 'numeric', hourCycle: 'h12', timeZone: 'UTC' });
  l.ampm = [3, 15].map((h) => ampm.formatToParts(new Date(Date.UTC(2024, 0, 1, h))).find((p) => p.type === 'dayPeriod').value);
  const parts = new Intl.NumberFormat(locale).formatToParts(12345678.5);
  l.decimal = parts.find((p) => p.type === 'decimal').value;
  l.group = parts.find((p) => p.type === 'group').value;
  l.groups = parts.filter((p) => p.type === 'integer').map((p) => p.value.length);
  l.fourDigits = new Intl.NumberFormat(locale).format(1234).length > 4;
  l.minus = new Intl.NumberFormat(locale).formatToParts(-1)[0].value;
  l.percent = new Intl.NumberFormat(locale, { style: 'percent' }).format(0.5).replace('50', '');
  out[locale] = l;
}
console.log(JSON.stringify(out));
