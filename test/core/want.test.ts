import assert from 'node:assert/strict';
import test from 'node:test';
import { claim, parseWant, parseWantFileName, wantFileName } from '../../src/core/want.js';
import { wantOf } from '../wants.js';

test("a want's file is named by port and number as udev prints them", () => {
  assert.equal(wantFileName(wantOf({ device: '1-1.2', deviceNumber: 37 })), '1-1.2@037.json');
  assert.deepEqual(parseWantFileName('1-1.2@037.json'), { device: '1-1.2', deviceNumber: 37 });
  for (const name of ['1-1.2.json', '1-1.2@37.json', '../x@037.json', '1-1:1.0@037.json', '@037.json', 'wake']) {
    assert.equal(parseWantFileName(name), undefined, name);
  }
});

test('a want is read back as it was written', () => {
  const want = wantOf({ domain: 'my "vm" ü', rivals: ['other'] });
  assert.deepEqual(parseWant(wantFileName(want), JSON.stringify(want)), want);
});

test('a file that is no want of its device is not taken for one', () => {
  const want = wantOf({});
  const fileName = wantFileName(want);
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...want, device: '1-2' }),
    JSON.stringify({ ...want, deviceNumber: 3 }),
    JSON.stringify({ ...want, domain: 7 }),
    JSON.stringify({ ...want, rivals: [1] }),
    JSON.stringify({ ...want, released: undefined }),
    JSON.stringify(want).slice(0, -9),
  ]) {
    assert.equal(parseWant(fileName, text), undefined, text);
  }
});

const owner = wantOf({ domain: 'a', seqnum: 100 });

test('a first claim is written and wakes the worker', () => {
  assert.deepEqual(claim(undefined, owner), { kind: 'write', want: owner, wake: true });
});

test('the same claim in the later events of a plug changes nothing', () => {
  assert.deepEqual(claim(owner, { ...owner, seqnum: 103, claimedAtMs: 9 }), { kind: 'unchanged' });
});

test('two rules for one event: the first stands, the second is refused and remembered once', () => {
  const rival = { ...owner, domain: 'b' };
  const refused = claim(owner, rival);
  assert.deepEqual(refused, { kind: 'refused', owner, rewrite: { ...owner, rivals: ['b'] } });
  const told = { ...owner, rivals: ['b'] };
  assert.deepEqual(claim(told, rival), { kind: 'refused', owner: told, rewrite: undefined });
});

test('with a rival about, the owner keeps the device over add, change and bind', () => {
  let onFile = { ...owner, rivals: ['b'] };
  for (const seqnum of [101, 104, 109]) {
    const outcome = claim(onFile, { ...owner, seqnum });
    assert.ok(outcome.kind === 'write' && !outcome.wake);
    onFile = { ...outcome.want, rivals: ['b'] };
    assert.deepEqual(claim(onFile, { ...owner, domain: 'b', seqnum }), {
      kind: 'refused',
      owner: onFile,
      rewrite: undefined,
    });
  }
});

test('when the rules were edited, the next event gives the device to the new domain', () => {
  const next = { ...owner, domain: 'b', seqnum: 200 };
  assert.deepEqual(claim({ ...owner, rivals: ['b'] }, next), { kind: 'write', want: next, wake: true });
});

test('an event that is heard of late does not undo what a newer one said', () => {
  assert.deepEqual(claim(owner, { ...owner, domain: 'b', seqnum: 99 }), { kind: 'unchanged' });
  const adopted = { ...owner, seqnum: 1 };
  const next = { ...owner, domain: 'b', seqnum: 99 };
  assert.deepEqual(claim(adopted, next), { kind: 'write', want: next, wake: true });
});

test('what a person took back stays so whatever the rules say, until a person gives it again', () => {
  const released = { ...owner, released: true };
  assert.deepEqual(claim(released, { ...owner, seqnum: 300 }), { kind: 'unchanged' });
  const byHand = { ...owner, domain: 'c', seqnum: 0 };
  assert.deepEqual(claim(released, byHand), { kind: 'write', want: byHand, wake: true });
});

test("a person's word stands against the rules until the device is plugged in again", () => {
  const byHand = { ...owner, domain: 'c', seqnum: 0 };
  assert.deepEqual(claim(byHand, { ...owner, seqnum: 300 }), {
    kind: 'refused',
    owner: byHand,
    rewrite: { ...byHand, rivals: ['a'] },
  });
  const replugged = { ...owner, deviceNumber: 3, seqnum: 310 };
  assert.deepEqual(claim(undefined, replugged), { kind: 'write', want: replugged, wake: true });
});

test('another device under a number that was given before is a new plug', () => {
  const other = { ...owner, vendorId: '046d', seqnum: 400 };
  assert.deepEqual(claim({ ...owner, released: true }, other), { kind: 'write', want: other, wake: true });
});
