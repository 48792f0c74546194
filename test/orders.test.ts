// Whatever comes first: the rule (written, and `udevadm trigger`), the device or the domain.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { DomainName } from './simulated/domains.js';
import { openHosts, type Host, type Pause } from './simulated/host.js';
import type { Rule } from './simulated/udev.js';
import type { Port } from './simulated/usb.js';
import { findFaults } from './simulated/verdict.js';

const hosts = openHosts();
after(() => {
  hosts.close();
});

const styles = ['RUN', 'ENV'] as const;
const pauses: Pause[] = [
  { kind: 'quiet' },
  { kind: 'none' },
  // In the midst of whatever the one before set going.
  { kind: 'time', ms: 100 },
  { kind: 'operations', count: 20 },
];

type What = 'rule' | 'device' | 'domain';

for (const order of permutationsOf<What>(['rule', 'device', 'domain'])) {
  test(`${order.join(', ')}: attached`, async () => {
    for (const style of styles) {
      for (const pause of pauses) {
        const steps = order.map((what) => ({ what, port: '1-1' as const, domain: 'alpha' as const }));
        assert.deepEqual(await live(steps, style, pause), { alpha: ['ua-usbhp-1-1-2'], beta: [] });
      }
    }
  });
}

for (const style of styles) {
  test(`two devices of two domains, in all 720 orders, by rules with ${style}: each is attached to its own`, async () => {
    const both = (['rule', 'device', 'domain'] as const).flatMap((what) => [
      { what, port: '1-1' as const, domain: 'alpha' as const },
      { what, port: '1-2' as const, domain: 'beta' as const },
    ]);
    for (const [index, order] of permutationsOf(both).entries()) {
      // Numbers are given in the order of the plugs.
      const first = order.find(({ what }) => what === 'device')?.port === '1-1';
      const expected = {
        alpha: [`ua-usbhp-1-1-${first ? 2 : 3}`],
        beta: [`ua-usbhp-1-2-${first ? 3 : 2}`],
      };
      const pause = pauses[index % pauses.length] ?? assert.fail();
      const said = order.map(({ what, domain }) => `${what} of ${domain}`).join(', ');
      assert.deepEqual(await live(order, style, pause), expected, `${said}; ${pause.kind}`);
    }
  });
}

interface Step {
  readonly what: What;
  readonly port: Port;
  readonly domain: DomainName;
}

/** What the domains hold of ours when all of that has happened and nobody has anything to do any more. */
async function live(steps: readonly Step[], style: Rule['style'], pause: Pause) {
  const host = hosts.open({ lastNumber: 127 });
  for (const name of ['alpha', 'beta'] as const) host.domains.define(name, false);
  for (const step of steps) {
    await host.goOn(pause, () => {
      appear(host, step, style);
    });
  }
  await host.comeToRest();
  assert.deepEqual(findFaults(host, 'left alone'), []);
  const heldBy = (name: DomainName) => host.domains.find(name)?.hostdevs.map(({ alias }) => alias);
  return { alpha: heldBy('alpha'), beta: heldBy('beta') };
}

function appear(host: Host, { what, port, domain }: Step, style: Rule['style']): void {
  switch (what) {
    case 'rule':
      host.udev.rules = [...host.udev.rules, { port, domain, style, addOnly: false }];
      host.udev.trigger('change');
      return;
    case 'device':
      host.plug(port, 'keyboard');
      return;
    case 'domain':
      host.domains.start(domain);
  }
}

function permutationsOf<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((thing, index) =>
    permutationsOf(things.filter((_, other) => other !== index)).map((rest) => [thing, ...rest]),
  );
}
