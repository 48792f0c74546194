// The host that most scenarios want, made before them and beside the quick tests, which do not fill two processors.
import { describe, test } from 'node:test';
import { oneHost } from './hosts.js';
import { assertWellInstalled } from './product.js';
import { whyNoRig } from './rig.js';

const skip = (await whyNoRig()) ?? false;

describe('hosts to test on', { skip }, () => {
  for (const host of oneHost()) {
    test(`${host.name} is built and boots, and install.sh finds nothing amiss there`, async (context) => {
      await assertWellInstalled(host, (line) => {
        context.diagnostic(line);
      });
    });
  }
});
