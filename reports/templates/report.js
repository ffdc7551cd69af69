(() => {
  'use strict';
  // Only comfort: the page is complete without it. No text is ever made into markup here.
  const d = document, root = d.documentElement;
  const all = (s, e = d) => [...e.querySelectorAll(s)];
  const make = (tag, props = {}, ...inside) => { const e = Object.assign(d.createElement(tag), props); e.append(...inside); return e; };
  const store = { get: k => { try { return localStorage.getItem(k); } catch { return null; } }, set: (k, v) => { try { localStorage.setItem(k, v); } catch { /* a file may have no storage */ } } };
  const tables = new Map();
  root.classList.add('js');

  // Light, dark, or as the system has it.
  const themes = ['auto', 'light', 'dark'];
  const theme = make('button', { type: 'button', className: 'theme' });
  const paint = t => { if (t === 'auto') delete root.dataset.theme; else root.dataset.theme = t; theme.textContent = 'Colours: ' + t; theme.value = t; };
  paint(themes.includes(store.get('trailtrim-theme')) ? store.get('trailtrim-theme') : 'auto');
  theme.addEventListener('click', () => { const t = themes[(themes.indexOf(theme.value) + 1) % 3]; paint(t); store.set('trailtrim-theme', t); });
  d.querySelector('nav')?.append(theme);

  // Sorting and searching.
  const value = (cell, isNumber) => {
    const text = cell.dataset.v ?? cell.textContent;
    if (!isNumber) return text.toLowerCase();
    const n = parseFloat(text.replace(/,/g, ''));
    return Number.isNaN(n) ? -Infinity : n;
  };
  const sort = (t, column, down) => {
    const state = tables.get(t), head = state.heads[column], body = t.tBodies[0];
    const isNumber = head.dataset.s === 'n', way = down ? -1 : 1;
    const rows = [...body.rows].map(row => ({ row, key: value(row.cells[column], isNumber) }));
    const order = isNumber ? (a, b) => a.key - b.key || 0 : (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    rows.sort((a, b) => way * order(a, b));
    const next = body.nextSibling;
    body.remove();
    for (const { row } of rows) body.append(row);
    t.insertBefore(body, next);
    state.heads.forEach((h, at) => { if (at === column) h.setAttribute('aria-sort', down ? 'descending' : 'ascending'); else h.removeAttribute('aria-sort'); });
    state.sort = [column, down];
  };
  const off = () => all('.facets input:not(:checked)').map(i => i.id);
  // Classes of rows that the filters hide in a table; the style does the hiding.
  const hiddenIn = t => new Set(off().filter(id => id.startsWith('f-p-') ? t.id === 'policies-table' : /^f-[sc]/.test(id) ? t.id === 'findings-table' : t.closest('#accounts ~ section')).map(id => id.slice(2)));
  const isShown = (row, hidden) => !row.hidden && !(hidden.size && [...row.classList].some(c => hidden.has(c)));
  const tell = t => {
    const state = tables.get(t), rows = [...t.tBodies[0].rows], hidden = hiddenIn(t);
    const shown = rows.filter(r => isShown(r, hidden)).length;
    if (state.says) state.says.textContent = shown === rows.length ? rows.length.toLocaleString('en') + ' rows' : shown.toLocaleString('en') + ' of ' + rows.length.toLocaleString('en') + ' rows';
  };
  const search = (t, text) => {
    const state = tables.get(t), words = text.toLowerCase().split(/\s+/).filter(Boolean);
    state.texts ??= new Map([...t.tBodies[0].rows].map(r => [r, r.textContent.toLowerCase()]));
    for (const [row, has] of state.texts) { const hide = !words.every(w => has.includes(w)); if (row.hidden !== hide) row.hidden = hide; }
    tell(t);
  };
  const hideColumn = (t, at, hide) => { t.classList.toggle('h' + (at + 1), hide); const s = tables.get(t).hidden; if (hide) s.add(at); else s.delete(at); t.classList.toggle('hid', s.size > 0); };

  for (const t of all('table.sortable')) {
    const heads = [...t.tHead.rows[0].cells], state = { heads, hidden: new Set() };
    tables.set(t, state);
    heads.forEach((head, at) => {
      if (!head.dataset.s) return;
      const name = head.textContent, button = make('button', { type: 'button', textContent: name });
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const [last, down] = state.sort ?? [];
        sort(t, at, last === at ? !down : head.dataset.s === 'n' && !head.textContent.startsWith('severity'));
        remember();
      });
    });
    if (t.tBodies[0].rows.length < 8) continue;
    const find = make('input', { type: 'search', autocomplete: 'off', spellcheck: false });
    find.setAttribute('aria-label', 'Search: ' + t.caption.textContent);
    find.placeholder = 'search';
    let timer;
    find.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => { search(t, find.value); remember(); }, 150); });
    state.find = find;
    state.says = make('output');
    const boxes = heads.map((h, at) => {
      const box = make('input', { type: 'checkbox', checked: true });
      box.addEventListener('change', () => { hideColumn(t, at, !box.checked); remember(); });
      return make('label', {}, box, ' ' + h.textContent);
    });
    state.boxes = boxes.map(b => b.firstChild);
    const menu = make('details', { className: 'menu' }, make('summary', { textContent: 'columns' }), make('div', {}, ...boxes));
    t.parentNode.before(make('div', { className: 'tools' }, find, state.says, menu));
    tell(t);
  }

  // The state of filters lives in the address, so that a link shows what its sender saw.
  let reading = false;
  function remember() {
    if (reading) return;
    const p = new URLSearchParams(), unchecked = off();
    if (unchecked.length) p.set('off', unchecked.join(','));
    for (const [t, s] of tables) {
      if (s.find?.value) p.set(t.id + '.q', s.find.value);
      if (s.sort) p.set(t.id + '.s', s.sort[0] + (s.sort[1] ? 'd' : 'u'));
      if (s.hidden.size) p.set(t.id + '.h', [...s.hidden].join('.'));
    }
    const text = p.toString();
    try { history.replaceState(null, '', text ? '#!' + text : location.href.split('#')[0]); } catch { /* some viewers forbid it */ }
  }
  function recall() {
    if (!location.hash.startsWith('#!')) return;
    reading = true;
    const p = new URLSearchParams(location.hash.slice(2)), unchecked = new Set((p.get('off') ?? '').split(','));
    for (const i of all('.facets input')) i.checked = !unchecked.has(i.id);
    for (const [t, s] of tables) {
      const q = p.get(t.id + '.q'), by = /^(\d+)([du])$/.exec(p.get(t.id + '.s') ?? '');
      if (s.find && q) { s.find.value = q; search(t, q); }
      if (by && s.heads[+by[1]]?.dataset.s) sort(t, +by[1], by[2] === 'd');
      for (const at of (p.get(t.id + '.h') ?? '').split('.').filter(Boolean).map(Number)) if (s.boxes?.[at]) { s.boxes[at].checked = false; hideColumn(t, at, true); }
      tell(t);
    }
    reading = false;
  }
  for (const i of all('.facets input')) i.addEventListener('change', () => { for (const t of tables.keys()) tell(t); remember(); });
  for (const f of all('fieldset.facets')) {
    const boxes = all('input', f);
    if (boxes.length < 3) continue;
    const set = to => { boxes.forEach(b => { b.checked = to; }); boxes[0].dispatchEvent(new Event('change')); };
    for (const [word, to] of [['all', true], ['none', false]]) { const b = make('button', { type: 'button', textContent: word }); b.addEventListener('click', () => set(to)); f.append(b); }
  }

  // What a link leads to is opened, and shown even if a filter hid it.
  function arrive() {
    if (location.hash.startsWith('#!')) return recall();
    const to = location.hash.length > 1 && d.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!to) return;
    for (let e = to; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
    if (to.tagName === 'TR') {
      const s = tables.get(to.closest('table'));
      if (to.hidden && s?.find) { s.find.value = ''; search(to.closest('table'), ''); }
      if (!isShown(to, hiddenIn(to.closest('table')))) { for (const i of all('.facets input')) i.checked = true; for (const t of tables.keys()) tell(t); }
    }
    to.scrollIntoView({ block: to.tagName === 'TR' ? 'center' : 'start' });
  }
  addEventListener('hashchange', arrive);
  arrive();

  // Copying.
  const copy = async (text, button) => {
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch {
      const area = make('textarea', { value: text, className: 'off' });
      d.body.append(area); area.select();
      try { done = d.execCommand('copy'); } catch { done = false; }
      area.remove();
    }
    button.textContent = done ? 'copied' : 'not copied';
    setTimeout(() => { button.textContent = 'copy'; }, 1500);
  };
  const copier = of => { const b = make('button', { type: 'button', className: 'copy', textContent: 'copy' }); b.setAttribute('aria-label', 'copy: ' + of.textContent.slice(0, 80)); b.addEventListener('click', () => copy(of.textContent, b)); return b; };
  for (const c of all('code.cmd')) c.after(' ', copier(c));
  d.addEventListener('toggle', e => {
    if (!e.target.open) return;
    for (const p of all('pre', e.target)) if (!p.nextElementSibling?.classList.contains('copy')) p.after(copier(p));
  }, true);

  // Paper shows what is folded away, as long as that is not a book.
  let opened = [];
  addEventListener('beforeprint', () => { const folded = all('details:not([open]):not(.menu)'); if (folded.length <= 60) { opened = folded; folded.forEach(e => { e.open = true; }); } });
  addEventListener('afterprint', () => { opened.forEach(e => { e.open = false; }); opened = []; });
})();
