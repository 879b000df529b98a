// SPDX-License-Identifier: Apache-2.0
// Which bars the data of a preview asks for. Written from what the page promises, not from the program that draws it.

const blocksReads = (mode) => mode === 'AccessExclusiveLock';
const blocksWrites = (mode) =>
  ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'].includes(mode);

/// Bars of one kind that are narrower than a hundredth of the axis, each a three-hundredth behind the other or less, are one
/// bar: that of the first.
export function toldApart(bars) {
  const all = [];
  const open = new Map();
  for (const bar of bars) {
    const before = open.get(bar.style);
    const narrow = bar.until - bar.from <= 0.01;
    if (narrow && before && bar.from - before.until <= 1 / 300) {
      before.until = Math.max(before.until, bar.until);
      continue;
    }
    all.push({...bar});
    if (narrow) open.set(bar.style, all.at(-1));
    else open.delete(bar.style);
  }
  return all;
}

/// The relations whose readers or writers were kept out: label → bars, as parts of the axis. What is held since an earlier
/// statement is in the bar of that one. `work` of the bars: when rows were worked through, but for those of index builds.
export function locksOf(report) {
  const ran = report.files.flatMap((file) => file.statements).filter((one) => one.observed);
  const begin = Math.min(...ran.map((one) => one.observed.begin_ms));
  const length = Math.max(...ran.map((one) => one.observed.released_ms)) - begin;
  const rows = new Map();
  for (const {sql, observed} of ran) {
    for (const lock of observed.locks) {
      if (lock.new || lock.held || 'iI'.includes(lock.relkind) || !blocksWrites(lock.mode)) continue;
      if (!rows.has(lock.relation)) rows.set(lock.relation, []);
      rows.get(lock.relation).push({
        from: (observed.begin_ms - begin) / length,
        until: (observed.released_ms - begin) / length,
        style: blocksReads(lock.mode) ? 'error' : 'warning',
        sql,
      });
    }
  }
  for (const {observed} of ran) {
    const written = observed.locks.filter((lock) => lock.mode === 'RowExclusiveLock').map((lock) => lock.relation);
    const from = (observed.begin_ms - begin) / length;
    const until = from + observed.ms / length;
    for (const relation of [...observed.rewrites, ...observed.scans, ...written]) {
      const bars = rows.get(relation) ?? [];
      if (bars.some((bar) => bar.from <= from && until <= bar.until)) (bars.work ??= []).push({from, until});
    }
  }
  return rows;
}

/// A run beside an application: what kept writers out, what was only queued for, and below it when the slowest query took
/// 100 ms or more, and 1 s or more.
export function runOf(run, length) {
  const rows = new Map();
  for (const {relation, mode, queued, from_ms: from, until_ms: until} of run.locks) {
    if (!rows.has(relation)) rows.set(relation, []);
    const style = queued ? undefined : blocksReads(mode) ? 'error' : 'warning';
    rows.get(relation).push({from: from / length, until: until / length, style});
  }
  const bars = [];
  run.latency_ms.forEach((ms, i) => {
    const style = ms >= 1000 ? 'error' : ms >= 100 ? 'warning' : '';
    const last = bars.at(-1);
    if (last && last.style === style && last.end === i) last.end = i + 1;
    else if (style) bars.push({style, begin: i, end: i + 1});
  });
  const parts = run.latency_ms.length;
  rows.set('slowest query', bars.map(({style, begin, end}) => ({style, from: begin / parts, until: end / parts})));
  return rows;
}
