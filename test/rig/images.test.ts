// Made before the scenarios want them, beside the quick tests: two of those do not fill the time of two processors.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everyRelease, extremeHosts, oneHost } from './hosts.js';
import { installation } from './product.js';
import { whyNoRig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

describe('hosts to test on', { skip }, () => {
  for (const host of new Set([...oneHost(), ...everyRelease(), ...extremeHosts()])) {
    test(`${host.name} is built and boots, and install.sh finds nothing amiss there`, async (context) => {
      const printed = await installation(host, (line) => {
        context.diagnostic(line);
      });
      assert.match(printed, /^ok: the hook runs/m);
      assert.doesNotMatch(printed, /^FAILED/m);
    });
  }
});
