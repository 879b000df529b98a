// SPDX-License-Identifier: Apache-2.0
// Looks at the pages that tests/browser/check has made, and at some that are spoiled on purpose.
//   node report.mjs FOLDER [PICTURES]    PICTURES: a folder for pictures of the pages
// BROWSER_TOOLS names the folder whose node_modules has playwright-core and axe-core.

import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

import * as look from './look.mjs';
import {locksOf, runOf} from './time_line.mjs';

const tools = createRequire(path.join(process.env.BROWSER_TOOLS, 'package.json'));
const {chromium} = tools('playwright-core');
const axe = fs.readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');
const [folder, pictures] = process.argv.slice(2);

/// Opens the page as it is for somebody, collects what `use` complains about and what the page itself does wrong.
async function opened(browser, file, {scheme, size, media}, use) {
  const context = await browser.newContext({colorScheme: scheme, viewport: size});
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const complaints = [];
  const wrong = (what) => complaints.push(what);
  page.on('console', (message) => wrong(`console: ${message.text()}`));
  page.on('pageerror', (error) => wrong(`console: ${error.message}`));
  page.on('dialog', (dialog) => { wrong(`script: it ran, and said ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url() !== url) wrong(`request: ${request.url()}`); });
  if (media) await page.emulateMedia({media});
  await page.goto(url);
  await use(page, wrong);
  await context.close();
  return complaints;
}

/// Many files on one table have few bars to go through.
async function stops(browser, file) {
  let bars = 0;
  await opened(browser, file, {scheme: 'light', ...places.wide}, async (page) => {
    bars = await page.evaluate(() => document.querySelectorAll('a.bar').length);
  });
  return bars <= 100 ? [] : [`same: ${bars} bars to go through`];
}

/// What is asked of every page, on each kind of screen and on paper.
const places = {
  wide: {
    size: {width: 1280, height: 900},
    async look(page, data, wrong) {
      await look.forOverflow(page, wrong);
      await look.forViolations(page, axe, wrong);
      await look.forColumns(page, wrong);
      const runs = data?.load?.runs.map((run) => runOf(run, data.load.axis_ms)) ?? [];
      if (data) await look.forTimeLines(page, [locksOf(data), ...runs], wrong);
      await look.forKeyboard(page, wrong);
    },
  },
  narrow: {
    size: {width: 360, height: 780},
    async look(page, data, wrong) {
      await look.forOverflow(page, wrong);
      await look.forViolations(page, axe, wrong);
    },
  },
  paper: {
    media: 'print',
    size: {width: 718, height: 1040},  // A4 without its margins
    async look(page, data, wrong) {
      await look.forClipping(page, wrong);
      await look.forViolations(page, axe, wrong);
    },
  },
};

function complaintsOf(browser, file, data, scheme, place) {
  const name = path.basename(file, '.html');
  return opened(browser, file, {scheme, ...places[place]}, async (page, wrong) => {
    if (pictures && !name.startsWith('spoiled-')) {
      await page.screenshot({path: path.join(pictures, `${name}-${scheme}-${place}.png`)});
    }
    await places[place].look(page, data, wrong);
  });
}

/// What complaint, where, what of the page becomes what; of the page of the shop, unless another one is named.
const spoiled = [
  ['request', 'wide', '</main>', '<img src="https://example.invalid/x.png" alt="x"></main>'],
  ['console', 'wide', '</main>', '<script>1</script></main>'],
  ['overflow', 'wide', '</main>', '<div style="width: 1500px">x</div></main>'],
  ['clipped', 'paper', '</main>', `<p style="width: 9rem; overflow: hidden; white-space: pre">${'x'.repeat(99)}</p></main>`],
  ['axe', 'wide', '--faint: #5b6675', '--faint: #c9ced6'],
  ['axe', 'wide', '<html lang="en">', '<html>'],
  ['bar', 'wide', /style="left:[^;]*;/, 'style="left:70%;'],
  ['bar', 'wide', /bar error/g, 'bar warning'],
  ['bar', 'wide', '.bar { position', '.bar { display: none; position'],
  ['work', 'wide', /class="work" aria/g, 'class="works" aria', 'load'],
  ['work', 'wide', /(class="work" aria-hidden="true" style=")left:[^;]*;/g, '$1left:150%;', 'load'],
  ['paper', 'paper', 'print-color-adjust: exact', 'print-color-adjust: economy'],
  ['focus', 'wide', 'outline: 2px solid', 'outline: 0 solid'],
  ['focus', 'wide', /(<a class="bar[^]*?<a) class="bar/, '$1 tabindex="2" class="bar'],
  ['focus', 'wide', 'z-index: 2;', 'z-index: -1;'],
  ['columns', 'wide', '.detailed > thead th { width', '.other > thead th { width'],
  ['skip', 'wide', /<a class="skip"[^]*?<\/a>/, ''],
  ['skip', 'wide', '<div id="statements">', '<div id="nowhere">'],
  ['link', 'wide', /href="#s/g, 'href="#x'],
];

/// Each mistake must be found for what it is.
async function unfound(browser, pages) {
  const missing = await Promise.all(spoiled.map(async ([kind, place, from, to, name = 'shop'], i) => {
    const [source, data] = pages[name];
    const text = fs.readFileSync(source, 'utf8');
    const file = path.join(folder, `spoiled-${i}.html`);
    const bad = text.replace(from, to);
    fs.writeFileSync(file, bad);
    const complaints = await complaintsOf(browser, file, data, 'light', place);
    fs.rmSync(file);
    return bad !== text && complaints.some((one) => one.startsWith(`${kind}:`)) ? [] : [`not found: ${from} → ${to}`];
  }));
  return missing.flat();
}

/// A long page costs per statement what a short one costs.
async function growth(browser, few, many) {
  const nodes = [];
  for (const [file, data] of [few, many]) {
    await opened(browser, file, {scheme: 'light', ...places.wide}, async (page) => {
      const all = await page.evaluate(() => document.querySelectorAll('*').length);
      nodes.push(all / data.summary.statements);
    });
  }
  const ratio = nodes[1] / nodes[0];
  return ratio <= 1.2 ? [] : [`many: ${ratio.toFixed(2)} times the elements per statement of few`];
}

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--headless=new']});
const found = [];
try {
  const pages = {};
  for (const file of fs.readdirSync(folder).filter((one) => one.endsWith('.html')).sort()) {
    const name = path.basename(file, '.html');
    const json = path.join(folder, `${name}.json`);
    const data = fs.existsSync(json) ? JSON.parse(fs.readFileSync(json, 'utf8')) : null;
    pages[name] = [path.join(folder, file), data];
    await Promise.all(['light', 'dark'].map(async (scheme) => {
      for (const place of Object.keys(places)) {
        const complaints = await complaintsOf(browser, path.join(folder, file), data, scheme, place);
        found.push(...complaints.map((one) => `${name}, ${scheme}, ${place}: ${one}`));
      }
    }));
  }
  found.push(...await growth(browser, pages.few, pages.many));
  found.push(...await stops(browser, pages.same[0]));
  found.push(...await unfound(browser, pages));
} finally {
  await browser.close();
}
for (const one of found) console.log(one);
process.exitCode = found.length > 0 ? 1 : 0;
