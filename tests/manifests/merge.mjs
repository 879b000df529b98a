// SPDX-License-Identifier: Apache-2.0
// YAML files, and Kustomize's strategic merge as far as a patch of a Deployment needs it.

import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const yaml = createRequire(path.join(process.env.KUBE_MODELS, 'package.json'))('js-yaml');

export const read = (file) => yaml.loadAll(fs.readFileSync(file, 'utf8')).filter((one) => one);

// Lists of named things are merged by name.
export function merge(target, patch) {
  if (Array.isArray(target) && Array.isArray(patch) && patch.every((one) => one?.name)) {
    const rest = target.filter((one) => !patch.some((other) => other.name === one.name));
    const merged = patch.map((one) => merge(target.find((other) => other.name === one.name) ?? {}, one));
    return [...merged, ...rest];
  }
  if (!patch || typeof patch !== 'object' || Array.isArray(patch) || !target || typeof target !== 'object') return patch;
  const merged = {...target};
  for (const [key, value] of Object.entries(patch)) merged[key] = merge(target[key], value);
  return merged;
}
