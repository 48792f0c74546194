import type { Hostdev } from '../core/hostdev.js';
import { markOf, parseMark } from '../core/mark.js';
import type { Action } from '../core/plan.js';
import type { Clock } from '../host/clock.js';
import type { Answer, Virsh } from '../host/virsh.js';
import type { Trouble } from './retries.js';

/**
 * Does one planned change to a domain, and tells what is wrong afterwards. Of an attach that virsh calls done
 * that is "not in the live XML", until the next look has seen it there.
 */
export async function carryOut(action: Action, { virsh, clock }: Hands): Promise<Trouble | undefined> {
  switch (action.kind) {
    case 'attach': {
      const { uri, domain, want } = action;
      return (
        troubleOf(await virsh.attach(uri, domain.uuid, want, markOf(want))) ?? { reason: 'not-in-live-xml', said: '' }
      );
    }
    case 'detach':
      return detach(action, { virsh, clock });
  }
}

/** What a change is made with. */
interface Hands {
  readonly virsh: Virsh;
  readonly clock: Clock;
}

/** By our mark first, then by bus and device: what counts is that the live XML holds it no more. */
async function detach(
  { uri, domain, hostdev }: Extract<Action, { kind: 'detach' }>,
  { virsh, clock }: Hands,
): Promise<Trouble | undefined> {
  const ways: (() => Promise<Answer<void>>)[] = [];
  const { address } = hostdev;
  if (parseMark(hostdev.alias) !== undefined) ways.push(() => virsh.detachAlias(uri, domain.uuid, hostdev.alias));
  if (address !== undefined) ways.push(() => virsh.detachAddress(uri, domain.uuid, address));

  let trouble: Trouble | undefined;
  for (const way of ways) {
    trouble = troubleOf(await way());
    if (trouble !== undefined && asWellLater.includes(trouble.reason)) return trouble;
    const pausesMs = trouble === undefined ? [0, ...detachPausesMs] : [0];
    for (const pauseMs of pausesMs) {
      if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
      const live = await virsh.readLive(uri, domain.uuid);
      if (live.kind === 'failed') break;
      if (!holds(live.value, hostdev)) return undefined;
    }
  }
  return trouble ?? { reason: 'still-attached', said: '' };
}

/** Troubles that another way of asking would meet as well. */
const asWellLater: readonly string[] = [
  'hypervisor-unreachable',
  'timed-out',
  'domain-busy',
  'denied',
  'virsh-missing',
];

/** A detach returns when the request is made: how often to look whether the device is out. */
const detachPausesMs = [100, 200, 400, 800, 1600, 3200];

function holds(live: Hostdev[] | 'off', { alias }: Hostdev): boolean {
  return live !== 'off' && live.some((hostdev) => hostdev.alias === alias);
}

function troubleOf(answer: Answer<void>): Trouble | undefined {
  return answer.kind === 'failed' ? { reason: answer.failure.kind, said: answer.failure.said } : undefined;
}
