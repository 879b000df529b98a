// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a page that is open in a browser. Each complaint begins with its kind.

import {toldApart} from './time_line.mjs';

/// Nothing is wider than the screen.
export async function forOverflow(page, wrong) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (wide > screen) wrong(`overflow: ${wide} px on a screen of ${screen}`);
}

/// Paper does not scroll: what is outside of the sheet or of its box is lost. Nor does it have backgrounds by itself.
export async function forClipping(page, wrong) {
  await forOverflow(page, wrong);
  const [clipped, bars] = await page.evaluate(() => {
    const styleOf = (element) => getComputedStyle(element);
    const clips = (element) => styleOf(element).overflowX !== 'visible' && element.scrollWidth > element.clientWidth;
    return [[...document.querySelectorAll('main *')].filter(clips).map((one) => one.textContent.slice(0, 40)),
      [...document.querySelectorAll('.bar')].filter((one) => styleOf(one).printColorAdjust !== 'exact').length];
  });
  for (const text of clipped) wrong(`clipped: ${text}`);
  if (bars > 0) wrong(`paper: ${bars} bars are not printed`);
}

/// What keeps people out who cannot see well.
export async function forViolations(page, axe, wrong) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await axe.run()).violations.map(({id, impact, nodes}) =>
    ({id, impact, first: nodes[0].html.slice(0, 120), count: nodes.length})));
  for (const {id, impact, first, count} of violations) {
    if (['serious', 'critical'].includes(impact)) wrong(`axe: ${id} (${impact}), ${count} times, such as ${first}`);
  }
}

const mostRows = 15;  // relations of a time line
const words = (text) => text.replace(/\s+/g, ' ').trim();

/// Each bar stands where the data says, within 2 px or 1 % of the axis, and none hides one that is worse.
export async function forTimeLines(page, expected, wrong) {
  const lines = await page.evaluate(() => [...document.querySelectorAll('.timeline')].map((line) =>
    [...line.querySelectorAll('.row')].map((row) => {
      const track = row.querySelector('.track').getBoundingClientRect();
      const inTrack = (bar) => {
        const box = bar.getBoundingClientRect();
        const link = bar.getAttribute('href');
        return {
          left: box.left - track.left, right: box.right - track.left, height: box.height,
          style: ['error', 'warning'].find((one) => bar.classList.contains(one)),
          link, row: link && document.getElementById(link.slice(1))?.closest('tr')?.textContent,
        };
      };
      const bars = [...row.querySelectorAll('.bar')];
      // Of what overlaps, what is on top in the middle of each bar.
      row.scrollIntoView({block: 'center'});
      const hidden = bars.filter((bar) => {
        const box = bar.getBoundingClientRect();
        const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        return bar.classList.contains('error') && !top?.classList.contains('error');
      }).length;
      const work = [...row.querySelectorAll('.work')].map(inTrack);
      return {label: row.querySelector('code').textContent, width: track.width, bars: bars.map(inTrack), work, hidden};
    })));
  const wanted = expected.filter((rows) => rows?.size > 0);
  if (lines.length !== wanted.length) return wrong(`bar: ${lines.length} time lines, not ${wanted.length}`);
  lines.forEach((rows, i) => {
    if (rows.length !== Math.min(wanted[i].size, mostRows)) wrong(`bar: ${rows.length} rows, not ${wanted[i].size}`);
    for (const row of rows) {
      const bars = wanted[i].get(row.label) ?? [];
      compare(row, toldApart(bars), wrong);
      compareWork(row, bars.work, wrong);
    }
  });
}

function compare(row, wanted, wrong) {
  if (row.hidden > 0) wrong(`bar: ${row.label}: ${row.hidden} are hidden by what is less bad`);
  if (row.bars.length !== wanted.length) return wrong(`bar: ${row.label} has ${row.bars.length}, not ${wanted.length}`);
  const tolerance = Math.max(2, row.width / 100);
  const away = (is, part) => Math.abs(is - part * row.width) > tolerance;
  row.bars.forEach((bar, i) => {
    const {from, until, style, sql} = wanted[i];
    const right = Math.max(until * row.width, from * row.width + 3) / row.width;  // so wide that it can be seen
    if (bar.height < 3 || away(bar.left, from) || away(bar.right, right) || bar.style !== style) {
      wrong(`bar: ${row.label} ${i}: ${bar.style} ${bar.left} to ${bar.right} px of ${row.width}, ` +
        `not ${style} ${from} to ${until}`);
    }
    if (sql && !words(bar.row ?? '').includes(words(sql).slice(0, 40))) wrong(`link: ${bar.link} is not ${sql}`);
  });
}

/// All work that the data has is drawn, on a bar.
function compareWork(row, wanted, wrong) {
  const near = Math.max(3, row.width / 100);
  for (const {from, until} of wanted ?? []) {
    const isIt = (one) => Math.abs(one.left - from * row.width) <= near && Math.abs(one.right - until * row.width) <= near;
    if (!row.work.some(isIt)) wrong(`work: ${row.label} from ${from} to ${until} is not drawn`);
  }
  for (const one of row.work) {
    const within = row.bars.some((bar) => bar.left - near <= one.left && one.right <= bar.right + near);
    if (!within || one.height < 3) wrong(`work: ${row.label} ${one.left} to ${one.right} px is on no bar`);
  }
}

/// Whether there is one.
const focusLast = (page, selector) => page.evaluate((selector) => {
  const last = [...document.querySelectorAll(selector)].at(-1);
  last?.focus();
  return Boolean(last);
}, selector);

/// Enter opens what is folded, and what was in it can be seen then.
async function forDetails(page, wrong) {
  if (!await focusLast(page, 'summary')) return;
  await page.keyboard.press('Enter');
  const height = await page.evaluate(() => document.activeElement.parentElement.querySelector('pre').clientHeight);
  if (height < 10) wrong('details: Enter does not show them');
}

/// Files that stand below each other have their columns in the same places.
export async function forColumns(page, wrong) {
  const places = await page.evaluate(() => [...document.querySelectorAll('.detailed')].map((table) =>
    [...table.querySelectorAll(':scope > thead th')].map((one) => Math.round(one.getBoundingClientRect().left)).join(' ')));
  if (new Set(places).size > 1) wrong(`columns: they begin at ${[...new Set(places)].join(', and at ')} px`);
}

/// One link leads past the bars, however many they are.
async function forSkips(page, wrong) {
  const skips = await page.evaluate(() => [...document.querySelectorAll('.timeline')].map((line) => {
    const bars = line.querySelectorAll('a.bar').length;
    return {bars, skip: line.querySelector('a')?.classList.contains('skip')};
  }));
  for (const {bars, skip} of skips) if (bars > 1 && !skip) wrong(`skip: ${bars} bars have to be gone through`);
  for (let i = 0; i < skips.length; ++i) {
    if (!skips[i].skip) continue;
    await page.evaluate((i) => document.querySelectorAll('.timeline')[i].querySelector('.skip').focus(), i);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const behind = await page.evaluate((i) => {
      const line = document.querySelectorAll('.timeline')[i];
      const at = document.activeElement;
      const rest = [...document.querySelectorAll('a[href], summary')].filter((one) =>
        line.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING && !line.contains(one));
      return rest.length === 0 || at === rest[0];
    }, i);
    if (!behind) wrong('skip: it does not lead behind the bars');
  }
}

/// Tab goes through all that can be used, in the order of the page, and shows where it is; Enter does what it says.
export async function forKeyboard(page, wrong) {
  const count = await page.evaluate(() => {
    window.all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
    return window.all.length;
  });
  for (let i = 0; i < count; ++i) {
    await page.keyboard.press('Tab');
    const problem = await page.evaluate((i) => {
      const at = document.activeElement;
      if (at !== window.all[i]) return `Tab ${i + 1} is at ${at.outerHTML.slice(0, 60)}`;
      const {outlineStyle, outlineWidth} = getComputedStyle(at);
      if (outlineStyle === 'none' || parseFloat(outlineWidth) < 1) return `of ${at.outerHTML.slice(0, 60)} cannot be seen`;
      const box = at.getBoundingClientRect();
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return at.contains(top) ? null : `of ${at.outerHTML.slice(0, 60)} is hidden by ${top?.outerHTML.slice(0, 60)}`;
    }, i);
    if (problem) return wrong(`focus: ${problem}`);
  }
  await forSkips(page, wrong);
  await forDetails(page, wrong);
  if (!await focusLast(page, 'a[href]')) return;
  await page.keyboard.press('Enter');
  const shown = await page.evaluate(() => {
    const row = document.querySelector(':target')?.closest('tr');
    const box = row?.getBoundingClientRect();
    const plain = getComputedStyle(document.body).backgroundColor;
    const mark = row && getComputedStyle(row).backgroundColor;
    return row && box.top < innerHeight && box.bottom > 0 && mark !== 'rgba(0, 0, 0, 0)' && mark !== plain;
  });
  if (!shown) wrong('link: Enter does not show the statement');
}
