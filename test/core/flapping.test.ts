import assert from 'node:assert/strict';
import test from 'node:test';
import {
  attachLimit,
  attachWindowMs,
  isPast,
  noteAttach,
  parsePortHistory,
  type PortHistory,
} from '../../src/core/flapping.js';
import { nameOf, wantOf } from '../wants.js';

/** The history after a device was attached under these numbers, one every `everyMs`. */
function historyOf(numbers: readonly number[], everyMs: number): PortHistory {
  let history: PortHistory | undefined;
  for (const [index, deviceNumber] of numbers.entries())
    history = noteAttach(history, wantOf({ deviceNumber }), index * everyMs);
  assert.ok(history !== undefined);
  return history;
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 2);

test('as many replugs within a minute as a person can want are no flapping', () => {
  assert.equal(historyOf(upTo(attachLimit), 1000).stopped, 'no');
});

test('a device that comes once too often within a minute is stopped, and stays so while it goes on', () => {
  assert.equal(historyOf(upTo(attachLimit + 1), 1000).stopped, 'first');
  assert.equal(historyOf(upTo(attachLimit + 2), 1000).stopped, 'again');
  assert.equal(historyOf(upTo(500), 1000).stopped, 'again');
});

test('what is replugged all day long, but at leisure, is never stopped', () => {
  assert.equal(historyOf(upTo(500), attachWindowMs / attachLimit).stopped, 'no');
});

test('a second try for the same plug counts once', () => {
  assert.equal(
    historyOf(
      Array.from({ length: 50 }, () => 2),
      1000,
    ).attaches.length,
    1,
  );
});

test('after a rest of a minute, the next plug is attached', () => {
  const stopped = historyOf(upTo(attachLimit + 1), 1000);
  assert.equal(noteAttach(stopped, wantOf({ deviceNumber: 99 }), attachLimit * 1000 + attachWindowMs).stopped, 'no');
});

test('a person who gives it by hand is not contradicted', () => {
  const stopped = historyOf(upTo(attachLimit + 1), 1000);
  const byHand = noteAttach(stopped, wantOf({ deviceNumber: attachLimit + 2, seqnum: 0 }), 8000);
  assert.equal(byHand.stopped, 'no');
  assert.equal(noteAttach(byHand, wantOf({ deviceNumber: attachLimit + 2, seqnum: 0 }), 9000), byHand);
});

test('a clock that was set back by years stops nothing', () => {
  const history = historyOf(upTo(attachLimit), 1000);
  assert.equal(noteAttach(history, wantOf({ deviceNumber: 99 }), -1e12).stopped, 'no');
  assert.ok(isPast(history, -1e12));
});

test("a port's file that is torn or another port's is none", () => {
  const text = JSON.stringify(historyOf([2], 1000));
  assert.deepEqual(parsePortHistory(nameOf('1-1'), text), historyOf([2], 1000));
  assert.equal(parsePortHistory(nameOf('1-2'), text), undefined);
  assert.equal(parsePortHistory(nameOf('1-1'), text.slice(0, -4)), undefined);
  assert.equal(parsePortHistory(nameOf('1-1'), 'null'), undefined);
});
