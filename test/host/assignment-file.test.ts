import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { withAssignment } from '../../src/core/assignment-list.js';
import { defaultUri } from '../../src/core/domain.js';
import { assignmentFileIn } from '../../src/host/assignment-file.js';

const assignmentOf = (domain: string) => ({
  match: { kind: 'id', ids: { vendorId: '046d', productId: 'c52b' }, controller: undefined } as const,
  domain,
  uri: defaultUri,
  note: '',
});

test('of two commands at the same moment the second writes nothing, and says so', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-rules-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  const [one, other] = [assignmentFileIn(directory), assignmentFileIn(directory)];
  const [items, otherItems] = [one.read(), other.read()];
  one.write(withAssignment(items, assignmentOf('guest1')));
  assert.throws(() => {
    other.write(withAssignment(otherItems, assignmentOf('guest2')));
  }, /was changed by somebody else just now, and nothing was written; try it again/);
  assert.match(readFileSync(one.path, 'utf8'), /guest1/);
  assert.doesNotMatch(readFileSync(one.path, 'utf8'), /guest2/);

  other.write(withAssignment(other.read(), assignmentOf('guest2')));
  assert.match(readFileSync(one.path, 'utf8'), /guest2/);
});

test('a line that is no UTF-8 is not written over', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'usb-hotplug-rules-'));
  context.after(() => {
    rmSync(directory, { recursive: true });
  });
  const file = assignmentFileIn(directory);
  const line = Buffer.from([0x23, 0x20, 0xe4, 0x0a]);
  writeFileSync(file.path, line);
  assert.throws(() => {
    file.write(withAssignment(file.read(), assignmentOf('guest1')));
  }, /characters that are no UTF-8/);
  assert.deepEqual(readFileSync(file.path), line);
});
