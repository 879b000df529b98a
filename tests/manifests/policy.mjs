// SPDX-License-Identifier: Apache-2.0
// What the policies that `init argocd` writes say of Deployments with and without the guard: their expressions are run by
// an evaluator of CEL.
//   node policy.mjs FOLDER      that `pgsluice init argocd` has written, with an application in app/
// KUBE_MODELS and CEL name the folders whose node_modules have the packages.

import path from 'node:path';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {merge, read} from './merge.mjs';

const cel = await import(pathToFileURL(createRequire(path.join(process.env.CEL, 'package.json')).resolve('@marcbachmann/cel-js')));
const [folder] = process.argv.slice(2);

// ---- ValidatingAdmissionPolicy --------------------------------------------------------------------------------------

const hasLabels = (object, selector) =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => object.metadata.labels?.[key] === value);

// Namespaces have their own name as a label.
const inNamespace = (object, selector) =>
  hasLabels({metadata: {labels: {'kubernetes.io/metadata.name': object.metadata.namespace}}}, selector);

function isTrue(expression, object) {
  try {
    return cel.evaluate(expression, {object}) === true;
  } catch {
    return false; // failurePolicy: Fail
  }
}

function admissionPolicy([policy, binding]) {
  const {matchConstraints, matchConditions, validations} = policy.spec;
  const denies = binding.spec.policyName === policy.metadata.name && binding.spec.validationActions.includes('Deny');
  return (object) => {
    const concerned = matchConstraints.resourceRules.some((rule) =>
      rule.apiGroups.includes('apps') && rule.operations.includes('CREATE') && rule.operations.includes('UPDATE') &&
      rule.resources.includes(`${object.kind.toLowerCase()}s`)) &&
      inNamespace(object, matchConstraints.namespaceSelector) && hasLabels(object, matchConstraints.objectSelector) &&
      (matchConditions ?? []).every((one) => isTrue(one.expression, object));
    return !concerned || !denies || validations.every((one) => isTrue(one.expression, object));
  };
}

// ---- Kyverno --------------------------------------------------------------------------------------------------------

function kyvernoPolicy([policy]) {
  return (object) => policy.spec.rules.every(({match, celPreconditions, validate}) => {
    const concerned = match.any.some(({resources}) => resources.kinds.includes(object.kind) &&
      resources.namespaces.includes(object.metadata.namespace)) &&
      celPreconditions.every((one) => isTrue(one.expression, object));
    return !concerned || validate.failureAction !== 'Enforce' ||
      validate.cel.expressions.every((one) => isTrue(one.expression, object));
  });
}

// ---- Deployments ----------------------------------------------------------------------------------------------------

const [application] = read(path.join(folder, 'app', 'deployment.yaml'));
const [guard] = read(path.join(folder, 'base', 'guard.yaml'));
const guarded = merge(application, guard);
const changed = (change) => {
  const object = structuredClone(guarded);
  change(object);
  return object;
};
const template = (object) => object.spec.template;

const cases = [
  ['with the guard', true, guarded],
  ['with the guard behind another init container', true, changed((one) => template(one).spec.initContainers.unshift({name: 'fetch'}))],
  ['as the application has it', false, changed((one) => delete template(one).spec.initContainers)],
  ['with no init container left', false, changed((one) => { template(one).spec.initContainers = []; })],
  ['with another init container', false, changed((one) => { template(one).spec.initContainers[0].name = 'fetch'; })],
  ['with the guard beside the application', false, changed((one) => {
    template(one).spec.containers.push(template(one).spec.initContainers.pop());
  })],
  ['without the annotation', false, changed((one) => delete template(one).metadata.annotations['pgsluice/needs'])],
  ['without the label', false, changed((one) => delete template(one).metadata.labels['app.kubernetes.io/version'])],
  ['with an empty label', false, changed((one) => { template(one).metadata.labels['app.kubernetes.io/version'] = ''; })],
  ['without annotations', false, changed((one) => delete template(one).metadata.annotations)],
  ['with an empty annotation', false, changed((one) => { template(one).metadata.annotations['pgsluice/needs'] = ''; })],
  ['with a guard whose command another replaces', false, changed((one) => {
    template(one).spec.initContainers[0].command = ['true'];
  })],
  ['with a guard that is told to do something else', false, changed((one) => {
    template(one).spec.initContainers[0].args = ['version'];
  })],
  ['with a guard that is only a word behind another', false, changed((one) => {
    template(one).spec.initContainers[0].args = ['version', 'guard'];
  })],
  ...['--help', '-h', '--version', '--digest=m'].map((word) =>
    [`with a guard that is only told ${word}`, false, changed((one) => {
      template(one).spec.initContainers[0].args = ['guard', '--needs', '0001.sql', word];
    })]),
  ['with a guard that nobody waits for', false, changed((one) => {
    template(one).spec.initContainers[0].restartPolicy = 'Always';
  })],
  ['with a guard without arguments', false, changed((one) => delete template(one).spec.initContainers[0].args)],
  ['as the application has it, without labels of its own', false, changed((one) => {
    delete one.metadata.labels;
    delete template(one).spec.initContainers;
  })],
  ['as the application has it, whose pods have another label', false, changed((one) => {
    template(one).metadata.labels['app.kubernetes.io/name'] = 'another';
    delete template(one).spec.initContainers;
  })],
  ['as the application has it, under another name', false, changed((one) => {
    one.metadata.name = 'another';
    delete one.metadata.labels;
    delete template(one).spec.initContainers;
  })],
  ['of another application', true, changed((one) => {
    one.metadata.name = 'another';
    one.metadata.labels['app.kubernetes.io/name'] = 'another';
    template(one).metadata.labels['app.kubernetes.io/name'] = 'another';
    delete template(one).spec.initContainers;
  })],
  ['in another namespace', true, changed((one) => {
    one.metadata.namespace = 'another';
    delete template(one).spec.initContainers;
  })],
];

let problems = 0;
const policies = {
  'kyverno.yaml': kyvernoPolicy,
  'admission-policy.yaml': admissionPolicy,
};
for (const [file, judge] of Object.entries(policies)) {
  const admits = judge(read(path.join(folder, 'policy', file)));
  for (const [what, expected, object] of cases) {
    if (admits(object) === expected) continue;
    console.log(file, expected ? 'rejects' : 'admits', 'a Deployment', what);
    problems += 1;
  }
}
process.exit(problems === 0 ? 0 : 1);
