// SPDX-License-Identifier: Apache-2.0
// Whether what `pgsluice init github|gitlab|pre-commit` has written, and what those files name in this repository, is YAML
// of the shape that each of them is read in.
//   node ci.mjs FOLDER REPOSITORY
// KUBE_MODELS names the folder whose node_modules has js-yaml.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const yaml = createRequire(path.join(process.env.KUBE_MODELS, 'package.json'))('js-yaml');
const [folder, repository] = process.argv.slice(2);
const load = (root, file) => yaml.load(fs.readFileSync(path.join(root, file), 'utf8'));
const isText = (value) => typeof value === 'string' && value !== '';

const action = load(repository, 'action.yml');
assert.equal(action.runs.using, 'composite');
for (const step of action.runs.steps) {
  assert.equal(step.shell, 'bash');
  assert.ok(!step.run.includes('${{'), 'an input reaches a script through its environment, never as text of it');
}

const workflow = load(folder, '.github/workflows/migrations.yml');
assert.ok(workflow.on.pull_request.paths.every(isText));
const steps = workflow.jobs.lint.steps;
assert.ok(steps.every((step) => isText(step.run) !== isText(step.uses)));
const ours = steps.find((step) => step.uses?.includes('pgsluice'));
for (const input of Object.keys(ours.with)) assert.ok(input in action.inputs, `no input ${input}`);
assert.equal(steps.find((step) => step.uses?.startsWith('actions/checkout')).with['fetch-depth'], 0);

assert.equal(load(folder, '.gitlab-ci.yml').include, '.gitlab/pgsluice.yml');
const job = load(folder, '.gitlab/pgsluice.yml')['pgsluice-lint'];
assert.ok([...job.before_script, ...job.script].every(isText));
assert.equal(job.variables.GIT_DEPTH, 0);
const reports = job.artifacts.reports;
for (const file of [reports.codequality, reports.junit]) assert.ok(job.script[0].includes(`=${file}`));

const [used] = load(folder, '.pre-commit-config.yaml').repos;
const hooks = load(repository, '.pre-commit-hooks.yaml');
for (const {id, args} of used.hooks) {
  const hook = hooks.find((one) => one.id === id);
  assert.ok(hook, `no hook ${id}`);
  assert.equal(hook.language, 'script');
  fs.accessSync(path.join(repository, hook.entry), fs.constants.X_OK);
  assert.ok(args.every(isText));
}
