import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { wantFilesIn } from '../../src/host/want-files.js';
import { wantOf } from '../wants.js';

test('what is done with a plug leaves alone the want of the next one under the same number', (context) => {
  const { directory, wants } = openFiles(context);
  const [earlier, later] = [wantOf({ plugId: '11' }), wantOf({ plugId: '12', claimedAtMs: 2000 })];
  wants.write(earlier);
  wants.write(later);
  wants.remove(earlier);
  assert.deepEqual(wants.readAll().wants, [later]);
  wants.remove(later);
  assert.deepEqual(readdirSync(join(directory, 'wants')), []);
});

test('a want that a rival was noted in since it was read is removed all the same, and one that is gone is no matter', (context) => {
  const { directory, wants } = openFiles(context);
  wants.write({ ...wantOf({}), rivals: ['guest2'] });
  for (let times = 0; times < 2; times += 1) wants.remove(wantOf({}));
  assert.deepEqual(readdirSync(join(directory, 'wants')), []);
});

function openFiles(context: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-wants-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  return { directory, wants: wantFilesIn(directory) };
}
