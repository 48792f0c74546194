import assert from 'node:assert/strict';
import test from 'node:test';
import { parseEarlyEvent } from '../../src/core/early-event.js';

test('an event that was put aside is read as udev told it, with what its rule gave the hook', () => {
  assert.deepEqual(
    parseEarlyEvent('ACTION=add\nID_MODEL_ENC=a=b\nDEVNUM=\nargument=--verbose\nargument=\nargument=my vm\nend\n'),
    {
      environment: { ACTION: 'add', ID_MODEL_ENC: 'a=b' },
      args: ['--verbose', '', 'my vm'],
    },
  );
});

test('an event that is still being written is none yet', () => {
  const whole = 'ACTION=add\nargument=end\nend\n';
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(parseEarlyEvent(whole.slice(0, length)), undefined, whole.slice(0, length));
  }
});
