// SPDX-License-Identifier: Apache-2.0
// Whether YAML is what Kubernetes and Argo CD take: by the schemas of npm's kubernetes-models (types, what is required)
// and the attributes of Kubernetes' own client (a member that no version knows is a typing error).
//   node validate.mjs FOLDER…      folders that `pgsluice init argocd` has written, with an application in app/
// KUBE_MODELS names the folder whose node_modules has the packages.

import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {merge, read} from './merge.mjs';

const packages = createRequire(path.join(process.env.KUBE_MODELS, 'package.json'));
const client = await import(pathToFileURL(packages.resolve('@kubernetes/client-node')));

const groups = {
  'argoproj.io/v1alpha1': '@kubernetes-models/argo-cd/argoproj.io/v1alpha1',
  'kyverno.io/v1': '@kubernetes-models/kyverno/kyverno.io/v1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
  'postgresql.cnpg.io/v1': '@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1',
};
// No package has a schema of it: kubectl builds it.
const unchecked = new Set(['kustomize.config.k8s.io/v1beta1']);

let problems = 0;
const complain = (...words) => {
  console.log(...words);
  problems += 1;
};

const className = (object) => {
  const version = object.apiVersion.split('/').at(-1);
  return version[0].toUpperCase() + version.slice(1) + object.kind;
};

// Every member must be an attribute that the client's class of the object has.
function findUnknown(value, type, place) {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type);
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (list && Array.isArray(value)) {
    value.forEach((one, index) => findUnknown(one, list[1], `${place}[${index}]`));
  } else if (map && value && typeof value === 'object') {
    for (const [key, one] of Object.entries(value)) findUnknown(one, map[1], `${place}.${key}`);
  } else if (client[type]?.getAttributeTypeMap && value && typeof value === 'object') {
    const known = new Map(client[type].getAttributeTypeMap().map((one) => [one.baseName, one.type]));
    for (const [key, one] of Object.entries(value)) {
      if (known.has(key)) findUnknown(one, known.get(key), `${place}.${key}`);
      else complain(place, 'has an unknown member', key);
    }
  } else if (type === 'string' && typeof value !== 'string') {
    complain(place, 'is no string but', JSON.stringify(value));
  }
}

function check(object, place) {
  if (unchecked.has(object.apiVersion)) return;
  const name = groups[object.apiVersion] ?? `kubernetes-models/${object.apiVersion}`;
  const Model = packages(name)[object.kind];
  if (!Model) {
    complain(place, 'has an unknown kind', object.kind);
    return;
  }
  try {
    new Model(object).validate();
  } catch (error) {
    complain(place, error.message);
  }
  if (groups[object.apiVersion]) return;
  findUnknown(object, className(object), place);
}

function checkKustomization(file, folder) {
  const [object] = read(file);
  const names = [...(object.resources ?? []), ...(object.patches ?? []).map((one) => one.path)];
  for (const name of names) {
    if (!fs.existsSync(path.join(folder, name))) complain(file, 'names', name, 'which is not there');
  }
}

// What a patch is laid over, for it to be a whole object.
function patched(name, folder) {
  if (name === path.join('base', 'guard.yaml')) return read(path.join(folder, 'app', 'deployment.yaml'))[0];
  if (name === path.join('database', 'cluster-patch.yaml')) return {spec: {instances: 3}};
  return undefined;
}

function checkFolder(folder) {
  const files = fs.readdirSync(folder, {recursive: true}).filter((name) => name.endsWith('.yaml'));
  for (const name of files) {
    const file = path.join(folder, name);
    if (path.basename(name) === 'kustomization.yaml') checkKustomization(file, path.dirname(file));
    for (const object of read(file)) check(merge(patched(name, folder) ?? {}, object), file);
  }
  if (files.length === 0) complain(folder, 'has no YAML');
}

for (const folder of process.argv.slice(2)) checkFolder(folder);
process.exit(problems === 0 ? 0 : 1);
