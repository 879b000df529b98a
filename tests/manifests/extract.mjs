// SPDX-License-Identifier: Apache-2.0
// What stands inside manifests, as a file of its own: a value of the first document, as text or, when it is none, as YAML.
//   node extract.mjs FILE MEMBER…
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const yaml = createRequire(path.join(process.env.KUBE_MODELS, 'package.json'))('js-yaml');
const [file, ...members] = process.argv.slice(2);
const value = members.reduce((at, member) => at[member], yaml.load(fs.readFileSync(file, 'utf8')));
if (value === undefined) throw new Error(`${file} has no ${members.join(' ')}`);
process.stdout.write(typeof value === 'string' ? value : yaml.dump(value));
