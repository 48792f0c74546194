import pLimit from 'p-limit';
import { findDomain, type DomainName } from '../core/domain.js';
import type { Domain, Hypervisor, Situation } from '../core/plan.js';
import type { Want } from '../core/want.js';
import type { Lanes } from './lanes.js';
import type { World } from './world.js';

/** What was read of libvirt and has not been changed by us since: looking again costs only what changed. */
export interface Memory {
  readonly running: Map<string, readonly DomainName[]>;
  /** By lane. */
  readonly live: Map<string, Domain['live']>;
}

export function emptyMemory(): Memory {
  return { running: new Map(), live: new Map() };
}

/** The lane of a domain, and its key in the memory. */
export function laneOf(uri: string, { uuid }: DomainName): string {
  return `${uri} ${uuid}`;
}

// Long enough for a slow machine's virsh; what hangs longer is left behind and looked at when it comes.
const patienceMs = 5000;
const readAtOnce = 8;

/** One look at wants, sysfs and libvirt. A hypervisor or domain that does not answer in time is left out. */
export async function look(world: World, lanes: Lanes, memory: Memory): Promise<Situation> {
  const { wants, unreadable } = world.wants.readAll();
  for (const fileName of unreadable) {
    world.log({
      severity: 'warning',
      text: `${fileName} under wants/ is no want of this version; it was removed, and "udevadm trigger --subsystem-match=usb" brings it back from the rules`,
    });
    world.wants.removeUnreadable(fileName);
  }
  const uris = new Set([world.defaultUri, ...wants.map(({ uri }) => uri)]);
  const hypervisors = new Map<string, Hypervisor>();
  await Promise.all(
    [...uris].map(async (uri) => {
      const hypervisor = await lanes.within(uri, patienceMs, () =>
        readHypervisor(
          uri,
          wants.filter((want) => want.uri === uri),
          world,
          lanes,
          memory,
        ),
      );
      if (hypervisor !== undefined) hypervisors.set(uri, hypervisor);
    }),
  );
  // sysfs last: what came or went during the look is seen as it is now, and its own wake follows.
  return { wants, plugged: world.readPlugged(), hypervisors };
}

async function readHypervisor(
  uri: string,
  wants: readonly Want[],
  world: World,
  lanes: Lanes,
  memory: Memory,
): Promise<Hypervisor> {
  let running = memory.running.get(uri);
  if (running === undefined) {
    const answer = await world.virsh.list(uri, 'running');
    if (answer.kind === 'failed') return answer;
    running = answer.value;
    memory.running.set(uri, running);
  }

  const limit = pLimit(readAtOnce);
  const domains = await Promise.all(
    running.map((domain) =>
      limit(async (): Promise<Domain> => ({ ...domain, live: await readLive(uri, domain, world, lanes, memory) })),
    ),
  );
  if (wants.every((want) => findDomain(domains, want.domain) !== undefined)) return { kind: 'reached', domains };

  // Somebody wants a domain that does not run: does it exist?
  const answer = await world.virsh.list(uri, 'all');
  if (answer.kind === 'failed') return answer;
  const off = answer.value.filter(({ uuid }) => !domains.some((domain) => domain.uuid === uuid));
  return {
    kind: 'reached',
    domains: [...domains, ...off.map((domain): Domain => ({ ...domain, live: { kind: 'off' } }))],
  };
}

async function readLive(
  uri: string,
  domain: DomainName,
  world: World,
  lanes: Lanes,
  memory: Memory,
): Promise<Domain['live']> {
  const lane = laneOf(uri, domain);
  const known = memory.live.get(lane);
  if (known !== undefined) return known;
  // Half the time that the whole look has, so that one domain that hangs is left out and not all.
  const answer = await lanes.within(lane, patienceMs / 2, () => world.virsh.readLive(uri, domain.uuid));
  if (answer === undefined) return { kind: 'unread', failure: undefined };
  if (answer.kind === 'failed') {
    // It may have gone since it was listed.
    memory.running.delete(uri);
    return { kind: 'unread', failure: answer.failure };
  }
  const live: Domain['live'] = answer.value === 'off' ? { kind: 'off' } : { kind: 'read', hostdevs: answer.value };
  memory.live.set(lane, live);
  return live;
}
