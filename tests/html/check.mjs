// Looks at the page in a real browser. Every check can fail; what is only measured is printed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , home, browserPath] = process.argv;
const load = createRequire(join(home, 'package.json'));
const puppeteer = load('puppeteer-core');
const axe = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');
const sample = join(home, 'sample/out/report.html'), madeUp = join(home, 'made-up/report.html');
const browser = await puppeteer.launch({ executablePath: browserPath, headless: true, args: ['--no-sandbox', '--disable-dev-shm-usage'], protocolTimeout: 300_000 });
const failed = [];

async function check(name, body) {
  const start = Date.now();
  try { await body(); console.log(`ok    ${name} (${Date.now() - start} ms)`); } catch (e) { failed.push(name); console.log(`FAIL  ${name}\n${e.stack}`); }
}

// A page that tells of dialogs, of what breaks the content security policy, of errors and of requests.
async function open(file, { scripts = true, scheme = 'light', width = 1280, height = 1000, hash = '' } = {}) {
  const page = await browser.newPage(), said = { dialogs: [], errors: [], requests: [] };
  page.on('dialog', d => { said.dialogs.push(d.message()); d.dismiss(); });
  page.on('pageerror', e => said.errors.push(e.message));
  page.on('console', m => { if (['error', 'warn'].includes(m.type())) said.errors.push(m.text()); });
  page.on('request', r => { if (!r.url().startsWith('file:')) said.requests.push(r.url()); });
  await page.setJavaScriptEnabled(scripts);
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.evaluateOnNewDocument(() => { addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI)); });
  await page.goto(pathToFileURL(file).href + hash, { timeout: 120_000 });
  return { page, said };
}
function quiet(said) { assert.deepEqual(said, { dialogs: [], errors: [], requests: [] }); }
const picture = (page, name, more = {}) => page.screenshot({ path: join(home, 'pictures', name + '.png'), ...more });
const rows = (page, table) => page.evaluate(id => [...document.getElementById(id).tBodies[0].rows].filter(r => getComputedStyle(r).display !== 'none').length, table);
const column = (page, table, at) => page.$$eval(`#${table} tbody tr`, (all, at) => all.map(r => r.cells[at].textContent), at);

for (const scheme of ['light', 'dark']) {
  for (const scripts of [true, false]) {
    for (const width of [1280, 400]) {
      const name = `${scheme}-${scripts ? 'script' : 'no-script'}-${width}`;
      await check(`the sample, ${name}`, async () => {
        const { page, said } = await open(sample, { scripts, scheme, width });
        await picture(page, name);
        if (width === 1280) await picture(page, name + '-whole', { fullPage: true });
        const text = await page.$eval('body', b => b.innerText);
        for (const words of ['What to do first', 'What changed tonight', 'How far to trust this', 'Coverage, method and limits']) assert.ok(text.includes(words), words);
        assert.ok(await rows(page, 'findings-table') >= 20, 'all findings are there');
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page itself is never wider than the window');
        quiet(said);
        await page.close();
      });
    }
  }
}

await check('without a script filters work', async () => {
  const { page, said } = await open(sample, { scripts: false });
  const before = await rows(page, 'findings-table'), medium = await page.$$eval('#findings-table tr.s2', r => r.length);
  await page.click('#f-s2');
  assert.equal(await rows(page, 'findings-table'), before - medium);
  await page.click('#f-s2');
  const first = await page.$$eval('#findings-table tr.a0', r => r.length);
  await page.click('#f-a0');
  assert.equal(await rows(page, 'findings-table'), before - first);
  assert.equal(await page.$('th button'), null, 'no button that does nothing');
  quiet(said);
  await page.close();
});

await check('drawings: bars by number without a script, hours of the week', async () => {
  const { page, said } = await open(sample, { scripts: false });
  const shown = kind => page.$$eval(`#gap-people svg.${kind}`, all => all.filter(e => getComputedStyle(e).display !== 'none').map(e => e.getBoundingClientRect().width));
  const shares = await shown('lin');
  assert.ok(shares.length > 3 && new Set(shares).size === 1 && (await shown('lg')).length === 0, 'shares: all of one length');
  await page.click('#by-number');
  const numbers = await shown('lg');
  assert.ok(numbers.length === shares.length && new Set(numbers).size > 1 && (await shown('lin')).length === 0, 'numbers: each of its own');
  assert.equal((await page.$$('[aria-labelledby^=hours-grid] rect')).length, 7 * 24);
  const drawn = await page.$$eval('[aria-labelledby^=hours-grid] rect title', all => all.map(t => parseFloat(t.textContent.split(': ')[1].replace(/,/g, ''))));
  await page.$eval('#hours-table', t => { t.closest('details').open = true; });
  const told = await page.$$eval('#hours-table tbody tr', all => all.flatMap(r => [...r.cells].slice(1).map(c => parseFloat(c.textContent.replace(/,/g, '')) || 0)));
  assert.deepEqual(drawn, told, 'drawing and table say the same');
  await page.$eval('#hours', h => h.scrollIntoView());
  await picture(page, 'hours');
  quiet(said);
  await page.close();
});

await check('sorting, searching, columns and the address', async () => {
  const { page, said } = await open(sample);
  await page.click('#findings-table th:nth-child(5) button');
  assert.equal(await page.$eval('#findings-table th:nth-child(5)', h => h.getAttribute('aria-sort')), 'ascending');
  const up = await column(page, 'findings-table', 4);
  assert.deepEqual(up, [...up].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : a.toLowerCase() > b.toLowerCase() ? 1 : 0)));
  await page.focus('#findings-table th:nth-child(5) button');
  await page.keyboard.press('Enter');
  assert.equal(await page.$eval('#findings-table th:nth-child(5)', h => h.getAttribute('aria-sort')), 'descending');
  await page.click('#principals-table th:nth-child(6) button');
  const granted = (await column(page, 'principals-table', 5)).map(t => parseFloat(t.replace(/,/g, '')));
  assert.deepEqual(granted, [...granted].sort((a, b) => b - a));
  await page.type('#findings .tools input[type=search]', 'old-partner');
  await page.waitForFunction(() => document.querySelector('#findings output').textContent.includes(' of '));
  const found = await rows(page, 'findings-table');
  assert.ok(found >= 1 && found < 20, `${found} rows`);
  await page.click('#f-s1');
  const hash = await page.evaluate(() => location.hash);
  assert.ok(hash.includes('findings-table.q=old-partner') && hash.includes('off=f-s1'), hash);
  const left = await rows(page, 'findings-table');
  const again = await open(sample, { hash });
  assert.equal(await rows(again.page, 'findings-table'), left, 'the address shows what its sender saw');
  assert.equal(await again.page.$eval('#findings-table th:nth-child(5)', h => h.getAttribute('aria-sort')), 'descending');
  quiet(said);
  quiet(again.said);
  await again.page.close();
  await page.close();
});

await check('links lead to open details, colours can be chosen', async () => {
  const { page, said } = await open(sample);
  const to = await page.$eval('#principals-table tbody a', a => a.getAttribute('href'));
  await page.$eval('#principals-table tbody a', a => a.click());
  await page.waitForFunction(to => document.querySelector(to).open, {}, to);
  await picture(page, 'details');
  const before = await page.$eval('body', b => getComputedStyle(b).backgroundColor);
  for (let n = 0; n < 2; n++) await page.$eval('button.theme', b => b.click());
  assert.notEqual(await page.$eval('body', b => getComputedStyle(b).backgroundColor), before, 'dark by choice');
  quiet(said);
  await page.close();
});

await check('the first stop of the keyboard leads past the navigation', async () => {
  const { page } = await open(sample);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '#main');
  await page.close();
});

await check('on paper', async () => {
  const { page, said } = await open(sample);
  const pdf = await page.pdf({ path: join(home, 'pictures/paper.pdf'), preferCSSPageSize: true });
  assert.ok(pdf.length > 50_000, `${pdf.length} bytes`);
  await page.emulateMediaType('print');
  await picture(page, 'print', { fullPage: true });
  assert.equal(await page.$eval('nav', n => getComputedStyle(n).display), 'none');
  quiet(said);
  await page.close();
});

for (const [what, file] of [['the sample', sample], ['a file of details', null]]) {
  for (const scheme of ['light', 'dark']) {
    await check(`axe-core: ${what}, ${scheme}`, async () => {
      const { readdirSync } = await import('node:fs');
      const shards = join(home, 'made-up/report/p');
      const { page } = await open(file ?? join(shards, readdirSync(shards).sort()[0]), { scheme });
      await page.$$eval('details', all => all.slice(0, 200).forEach(d => { d.open = true; }));
      await page.evaluate(axe);
      const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      const bad = found.violations.filter(v => ['serious', 'critical'].includes(v.impact));
      console.log(`      axe-core ${found.testEngine.version}: ${found.passes.length} rules pass, ${found.violations.length} do not, ${bad.length} of them serious`);
      for (const v of found.violations) console.log(`      ${v.impact} ${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 160).replace(/\s+/g, ' ')} ${v.nodes[0].failureSummary.slice(0, 300).replace(/\s+/g, ' ')}`);
      assert.deepEqual(bad.map(v => v.id), []);
      await page.close();
    });
  }
}

await check('ten thousand roles, with texts that would like to act', async () => {
  const start = Date.now();
  const { page, said } = await open(madeUp);
  await page.waitForSelector('#principals-table th button');
  console.log(`      ${(statSync(madeUp).size / 1e6).toFixed(2)} MB, usable after ${Date.now() - start} ms`);
  assert.equal(await page.evaluate(() => document.querySelector('#principals-table').tBodies[0].rows.length), 10_000);
  for (const at of [1, 6, 11]) {
    const ms = await page.evaluate(at => new Promise(done => {
      const from = performance.now();
      document.querySelector(`#principals-table th:nth-child(${at}) button`).click();
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from)));
    }), at);
    console.log(`      sorting 10,000 rows by column ${at}, until drawn: ${Math.round(ms)} ms`);
  }
  const ms = await page.evaluate(() => new Promise(done => {
    const from = performance.now(), find = document.querySelector('#principals .tools input[type=search]');
    find.value = '00123';
    find.dispatchEvent(new Event('input'));
    const look = () => (document.querySelector('#principals output').textContent.includes(' of ') ? requestAnimationFrame(() => done(performance.now() - from)) : setTimeout(look, 5));
    look();
  }));
  console.log(`      searching 10,000 rows, with the pause of 150 ms: ${Math.round(ms)} ms`);
  assert.ok(await rows(page, 'principals-table') >= 1);
  const names = await page.evaluate(() => [...new Set([...document.querySelectorAll('body *')].map(e => e.localName))].sort());
  for (const never of ['img', 'iframe', 'object', 'embed', 'link', 'form', 'base']) assert.ok(!names.includes(never), never);
  assert.equal(await page.$$eval('script', s => s.length), 1);
  const handlers = await page.evaluate(() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.name)).filter(n => n.startsWith('on') || n === 'style'));
  assert.deepEqual(handlers, []);
  const addresses = await page.evaluate(() => [...new Set([...document.links].map(a => a.protocol))]);
  assert.deepEqual(addresses, ['file:']);
  await picture(page, 'ten-thousand');
  quiet(said);
  await page.close();
});

await browser.close();
console.log(failed.length ? `${failed.length} failed: ${failed.join('; ')}` : `pictures: ${join(home, 'pictures')}`);
process.exit(failed.length ? 1 : 0);
