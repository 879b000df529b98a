// SPDX-License-Identifier: Apache-2.0
// Runs three linters on the corpus and prints what each of them catches. Called by scripts/compare-linters.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const [program, linters, corpus] = process.argv.slice(2);
const kinds = JSON.parse(readFileSync(join(corpus, 'kinds.json'), 'utf8'));
const names = ['pgsluice', 'squawk', 'pgfence'];

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw result.error;
  return result;
}

function parsed(command, args) {
  const { stdout } = run(command, args);
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return path.endsWith('.sql') ? [path] : [];
  });
}

/// A file by itself, or a folder of files that run one after the other.
function cases() {
  const areas = readdirSync(corpus, { withFileTypes: true }).filter((e) => e.isDirectory() && e.name !== 'histories');
  return areas.flatMap((area) =>
    readdirSync(join(corpus, area.name)).map((name) => {
      const path = join(corpus, area.name, name);
      const files = path.endsWith('.sql') ? [path] : filesBelow(path);
      const paths = path.endsWith('.sql') ? [path] : [...new Set(files.map(dirname))];
      const versions = files.map((file) => /^-- pg: (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1]);
      return { files, paths, version: versions.find(Boolean) ?? '17' };
    }),
  );
}

function label(file) {
  const text = readFileSync(file, 'utf8');
  const [, judgement, kind] = /^-- (dangerous|safe): (\S+)$/m.exec(text);
  const finds = new Set();
  text.split('\n').forEach((line, i) => {
    const match = /-- finds( below)?: (.*)$/.exec(line);
    if (!match) return;
    for (const word of match[2].split(', ')) finds.add(`${i + (match[1] ? 2 : 1)} ${word.split(' ')[0]}`);
  });
  // What only our own directives make safe, others cannot know.
  const ours = /^-- pgsluice: (allow|batch|phase|transaction=off phase)/m.test(text);
  return { dangerous: judgement === 'dangerous', kind, finds, ours };
}

/// For each file the set of "line finding" that lint says.
function ownFindings() {
  const said = new Map();
  for (const one of cases()) {
    const document = parsed(program, ['lint', '--format', 'json', '--pg-version', one.version, ...one.paths]);
    if (!document) throw new Error(`${program} says nothing of ${one.paths.join(' ')}`);
    for (const file of document.files) {
      const findings = file.findings.filter((f) => f.severity !== 'info' && !f.allowed);
      said.set(file.path, new Set(findings.map((f) => `${f.line} ${f.finding}`)));
    }
  }
  return said;
}

function squawkRules(files) {
  const said = new Map(files.map((file) => [file, new Set()]));
  for (const finding of parsed(join(linters, 'squawk'), ['--reporter', 'json', ...files]) ?? []) {
    said.get(finding.file)?.add(finding.rule_name);
  }
  return said;
}

/// One file at a time, for one that it cannot parse stops it.
function pgfenceRules(files) {
  const options = ['analyze', '--format', 'sql', '--output', 'json', '--min-pg-version', '17'];
  return new Map(
    files.map((file) => {
      const document = parsed(join(linters, 'pgfence'), [...options, file]);
      if (!document) return [file, new Set(['ERROR'])];
      const checks = document.results.flatMap((r) => r.checks).filter((check) => check.risk !== 'SAFE');
      const rest = document.results.flatMap((r) => r.policyViolations);
      // What it calls a low risk counts when it points at a danger, and is no alarm.
      return [file, new Set([...checks.map((c) => (c.risk === 'LOW' ? `low ${c.ruleId}` : c.ruleId)), ...rest.map((v) => v.ruleId)])];
    }),
  );
}

function countsAsAlarm(linter, rule, kind) {
  if (rule.startsWith('low ')) return false;
  if ((kinds.not_counted[linter] ?? []).includes(rule)) return false;
  return !kinds.counted_where_named.includes(rule) || kinds.kinds[kind][linter].includes(rule);
}

const files = cases().flatMap((one) => one.files);
const own = ownFindings();
const others = { squawk: squawkRules(files), pgfence: pgfenceRules(files) };
const rows = new Map();
const row = (kind) => {
  if (!rows.has(kind)) {
    rows.set(kind, { dangerous: 0, safe: 0, caught: { pgsluice: 0, squawk: 0, pgfence: 0 }, alarms: { pgsluice: 0, squawk: 0, pgfence: 0 } });
  }
  return rows.get(kind);
};
for (const file of files) {
  const { dangerous, kind, finds, ours } = label(file);
  for (const at of [row(kind), row('all')]) {
    at[dangerous ? 'dangerous' : 'safe'] += 1;
    const said = own.get(file) ?? own.get(relative(process.cwd(), file));
    if (dangerous && [...finds].every((find) => said.has(find))) at.caught.pgsluice += 1;
    if (!dangerous && said.size > 0) at.alarms.pgsluice += 1;
    for (const linter of ['squawk', 'pgfence']) {
      const rules = [...others[linter].get(file)];
      if (dangerous && rules.some((rule) => kinds.kinds[kind][linter].includes(rule.replace('low ', '')))) at.caught[linter] += 1;
      if (!dangerous && !ours && rules.some((rule) => countsAsAlarm(linter, rule, kind))) at.alarms[linter] += 1;
    }
  }
}

const columns = (values) => values.map((value) => String(value).padStart(9)).join('');
console.log(`${'caught, of the dangerous'.padStart(36)}${'false alarms, of the safe'.padStart(36)}`);
console.log(`${columns(['files', ...names, 'files', ...names])}   kind`);
const order = [...rows.keys()].filter((kind) => kind !== 'all').sort();
for (const kind of [...order, 'all']) {
  const { dangerous, safe, caught, alarms } = rows.get(kind);
  const title = kind === 'all' ? 'all' : kinds.kinds[kind].title;
  console.log(`${columns([dangerous, ...names.map((n) => caught[n]), safe, ...names.map((n) => alarms[n])])}   ${title}`);
}
