// Random stories of a whole host, thousands of them, the same at each run so that what is green stays so:
// `USB_HOTPLUG_RUNS=50000 npm test -- converge` tells as many others, and the USB_HOTPLUG_STORY of a failure that one
// again.
import assert from 'node:assert/strict';
import process from 'node:process';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { anyStory, everydayStory } from './simulated/draw.js';
import { describeStory, tell, type Story } from './simulated/happening.js';
import { openHosts } from './simulated/host.js';
import { findFaults } from './simulated/verdict.js';

const { USB_HOTPLUG_RUNS: runs, USB_HOTPLUG_STORY: known = '' } = process.env;

const usualSeed = 20_261_121;

const hosts = openHosts();
after(() => {
  hosts.close();
});

test('in daily life every device comes to where it belongs by itself, though the worker is killed and libvirt restarted', async () => {
  await holdsFor('everyday', everydayStory);
});

test('whatever happens, when the dust has settled and after one sync every device is where it belongs', async () => {
  await holdsFor('any', anyStory);
});

async function holdsFor(name: string, stories: fc.Arbitrary<Story>): Promise<void> {
  // As a failure names it: "any/-1031946458/170:1:1".
  const [knownName, seed, path] = known.split('/');
  if (known !== '' && knownName !== name) return;
  const property = fc.asyncProperty(stories, async (story) => {
    assert.deepEqual((await play(story)).faults, []);
  });
  const details = await fc.check(property, {
    numRuns: Number(runs ?? 1000),
    ...(seed === undefined && runs !== undefined ? {} : { seed: Number(seed ?? usualSeed) }),
    ...(path === undefined ? {} : { path }),
  });
  const story = details.counterexample?.[0];
  if (story === undefined) return;
  const { faults, lines } = await play(story);
  assert.fail(
    [
      ...faults,
      '',
      describeStory(story),
      '',
      'The log, in seconds:',
      ...lines,
      '',
      `After ${details.numRuns} stories. Again: USB_HOTPLUG_STORY=${name}/${details.seed}/${details.counterexamplePath ?? ''} npm test -- converge`,
    ].join('\n'),
  );
}

async function play(story: Story): Promise<{ faults: string[]; lines: readonly string[] }> {
  const host = hosts.open(story);
  try {
    await tell(host, story);
    return { faults: findFaults(host, story.ending), lines: host.lines };
  } catch (error) {
    return { faults: [String(error)], lines: host.lines };
  }
}
