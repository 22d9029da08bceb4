import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkFrozen, frozenFault } from '../../../cache/code/frozen-list.ts';
import { verifyCode } from '../../../cache/code/verify-code.ts';
import { type Frozen, freeze, scanModules } from '../../../cache/code/typescript.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function scene(t: TestContext): Promise<{ again: () => Promise<Frozen>; frozen: Frozen; home: string }> {
  const folder = tempFolder(t);
  const root = join(folder, 'project');
  mkdirSync(join(root, 'lib'), { recursive: true });
  mkdirSync(join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'main.ts'), "import { two } from './lib/two.ts';\nexport const value: number = two;\n");
  writeFileSync(join(root, 'lib', 'two.ts'), 'export const two = 2;\n');
  const again = (): Promise<Frozen> => freeze(scanModules(join(root, 'main.ts'), { root }), join(folder, 'code'));
  const frozen = await again();
  return { again, frozen, home: dirname(frozen.entry) };
}

test('frozen code that was edited, cut off, added to, removed or replaced is noticed and made again as it was', async (t) => {
  const damages: ((home: string) => void)[] = [
    (home) => writeFileSync(join(home, 'lib', 'two.js'), 'export const two = 3;\n'),
    (home) => truncateSync(join(home, 'main.js'), 10),
    (home) => rmSync(join(home, 'lib'), { recursive: true }),
    (home) => writeFileSync(join(home, 'lib', 'two.json'), '{}'),
    (home) => writeFileSync(join(home, 'package.json'), '{"type":"commonjs"}'),
    (home) => truncateSync(join(home, 'frozen.json'), 5),
    (home) => rmSync(join(home, 'frozen.json')),
    (home) => {
      rmSync(join(home, 'node_modules'));
      symlinkSync('/tmp', join(home, 'node_modules'));
    },
    (home) => {
      renameSync(join(home, 'lib'), join(home, '..', 'elsewhere'));
      symlinkSync(join(home, '..', 'elsewhere'), join(home, 'lib'));
    },
  ];
  for (const damage of damages) {
    const { again, frozen, home } = await scene(t);
    const before = readFileSync(join(home, 'lib', 'two.js'), 'utf8');
    damage(home);
    assert.throws(() => checkFrozen(frozen.entry, frozen.seal), { code: 'frozen-code-damaged' }, String(damage));
    const after = await again();
    assert.deepEqual([after.entry, after.seal], [frozen.entry, frozen.seal]);
    assert.equal(readFileSync(join(home, 'lib', 'two.js'), 'utf8'), before, String(damage));
    assert.equal(frozenFault(home), undefined);
    checkFrozen(after.entry, after.seal);
    assert.equal(existsSync(join(home, 'lib', 'two.json')), false);
  }
});

test('a whole copy of other code is not what a worker was told to run', async (t) => {
  const { frozen, home } = await scene(t);
  const other = await scene(t);
  writeFileSync(join(other.home, 'main.js'), '');
  rmSync(home, { recursive: true });
  renameSync(other.home, home);
  assert.throws(() => checkFrozen(frozen.entry, frozen.seal), { code: 'frozen-code-damaged' });
});

test('verifying names frozen code that is not as it was frozen, and what lies beside it is none', async (t) => {
  const { frozen, home } = await scene(t);
  const code = dirname(home);
  mkdirSync(join(code, 'of-an-older-version'));
  assert.deepEqual(verifyCode(code), []);
  writeFileSync(frozen.entry, 'export default 2;');
  assert.deepEqual(verifyCode(code), [{ place: home, what: 'main.js has other content' }]);
});
