import assert from 'node:assert/strict';
import test from 'node:test';
import { openClock } from '../../src/host/clock.js';

test("a host's clock that is set back or forward neither holds up nor hurries what waits", (context) => {
  let showsMs = 1_000_000;
  context.mock.method(Date, 'now', () => showsMs);
  const clock = openClock();
  assert.ok(Math.abs(clock.now() - 1_000_000) < 100, 'it begins with what the host shows');
  for (const setMs of [0, 9_000_000]) {
    showsMs = setMs;
    assert.ok(Math.abs(clock.now() - 1_000_000) < 100);
  }
});
