import pLimit from 'p-limit';
import { findDomain, type DomainName } from '../core/domain.js';
import type { Hostdev } from '../core/hostdev.js';
import type { Domain, Hypervisor, Situation } from '../core/plan.js';
import { isSamePlugId, type Want } from '../core/want.js';
import type { Answer } from '../host/virsh.js';
import type { Lanes } from './lanes.js';
import type { World } from './world.js';

/**
 * What was read of libvirt and has not been changed by us since: looking again costs only what changed.
 * An answer that came too late for its look is here for the next one. A failure serves one look only.
 */
export interface Memory {
  readonly running: Map<string, Answer<DomainName[]>>;
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

/** What was read of a lane's domain, by whatever name its hypervisor was asked: qemu+unix:///system is qemu:///system. */
export function forgetLive({ live }: Memory, lane: string): void {
  const uuid = lane.slice(lane.lastIndexOf(' '));
  for (const key of live.keys()) if (key.endsWith(uuid)) live.delete(key);
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
      text: `${fileName} under wants/ is no want of this version; it was removed, and "usb-libvirt-hotplug sync --rescan" brings it back from the rules`,
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
      if (hypervisor?.kind === 'failed') memory.running.delete(uri);
      if (hypervisor !== undefined) hypervisors.set(uri, hypervisor);
    }),
  );
  const replugged = new Set(
    wants.filter((want) => {
      const record = world.records.read(want);
      return record !== undefined && !isSamePlugId(record.plugId, want.plugId);
    }),
  );
  // sysfs last: what came or went during the look is seen as it is now, and its own wake follows.
  return { wants, replugged, plugged: world.readPlugged(), hypervisors };
}

async function readHypervisor(
  uri: string,
  wants: readonly Want[],
  world: World,
  lanes: Lanes,
  memory: Memory,
): Promise<Hypervisor> {
  const answer = memory.running.get(uri) ?? (await world.virsh.list(uri, 'running'));
  memory.running.set(uri, answer);
  if (answer.kind === 'failed') return answer;
  const running = answer.value;

  const limit = pLimit(readAtOnce);
  const domains = await Promise.all(
    running.map((domain) =>
      limit(async (): Promise<Domain> => ({ ...domain, live: await readLive(uri, domain, world, lanes, memory) })),
    ),
  );
  if (wants.every((want) => findDomain(domains, want.domain) !== undefined)) return { kind: 'reached', domains };

  // Somebody wants a domain that does not run: does it exist?
  const all = await world.virsh.list(uri, 'all');
  if (all.kind === 'failed') {
    memory.running.set(uri, all);
    return all;
  }
  const off = all.value.filter(({ uuid }) => !domains.some((domain) => domain.uuid === uuid));
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
  if (known?.kind === 'unread') memory.live.delete(lane);
  if (known !== undefined) return known;
  // Half the time that the whole look has, so that one domain that hangs is left out and not all.
  const live = await lanes.within(lane, patienceMs / 2, async () => {
    const found = asLive(await world.virsh.readLive(uri, domain.uuid));
    memory.live.set(lane, found);
    // It may have gone since it was listed.
    if (found.kind === 'unread') memory.running.delete(uri);
    return found;
  });
  if (live?.kind === 'unread') memory.live.delete(lane);
  return live ?? { kind: 'unread', failure: undefined };
}

function asLive(answer: Answer<Hostdev[] | 'off'>): Domain['live'] {
  if (answer.kind === 'failed') return { kind: 'unread', failure: answer.failure };
  return answer.value === 'off' ? { kind: 'off' } : { kind: 'read', hostdevs: answer.value };
}
