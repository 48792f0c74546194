import { describeGhost } from './core/message.js';
import { plan, pluggedDevice, type Action, type Situation } from './core/plan.js';
import { isFleeting, isToldAlready, recordKey, type Standing } from './core/standing.js';
import type { Want } from './core/want.js';
import type { Clock } from './host/clock.js';
import type { Lock } from './host/lock.js';
import { removeLeftovers } from './host/leftovers.js';
import type { Places } from './host/places.js';
import { carryOut } from './worker/carry-out.js';
import { leaveFlappingAlone } from './worker/flap-guard.js';
import { openLanes } from './worker/lanes.js';
import { openLedger } from './worker/ledger.js';
import { emptyMemory, forgetLive, laneOf, look } from './worker/look.js';
import { openRetries, type Trouble } from './worker/retries.js';
import { openWorld, type World } from './worker/world.js';

export interface WorkOptions {
  /** How long to stay when all is done, so that a burst or a second plug meets a warm worker. */
  readonly lingerMs: number;
  /** When to end whatever is under way; what is left undone the next worker does. */
  readonly limitMs?: number;
  /** Ends as soon as this holds. */
  readonly until?: () => boolean;
}

/**
 * Works as the only worker of the host, in the real world, and lets go of the lock at the end, or when it is lost.
 */
export async function runWorker(
  lock: Lock,
  places: Places,
  defaultUri: string,
  log: World['log'],
  options: WorkOptions,
): Promise<void> {
  try {
    removeLeftovers(places.runDirectory);
    const until = () => (options.until?.() ?? false) || lock.isLost();
    await work(openWorld(places, defaultUri, log), { ...options, until });
  } finally {
    lock.release();
  }
}

/**
 * Makes the domains hold what the wants say, and nothing else of ours: look, plan, act, look again, until
 * there is nothing to do and nothing to try again. The caller holds the lock.
 */
export async function work(
  world: World,
  { lingerMs, limitMs = Infinity, until = () => false }: WorkOptions,
): Promise<void> {
  const { clock, wake } = world;
  const bell = openBell();
  const lanes = openLanes(clock, bell.ring);
  const retries = openRetries(clock);
  const ledger = openLedger(world);
  const endMs = clock.now() + limitMs;
  let memory = emptyMemory();
  let idleSinceMs: number | undefined;
  let ending = false;

  const unwatch = wake.watch(bell.ring);
  try {
    for (let first = true; first || !until(); first = false) {
      lanes.throwFaults();
      if (first || wake.isSet()) {
        wake.clear();
        world.takeUpEarlyEvents();
        memory = emptyMemory();
        retries.wake();
        idleSinceMs = undefined;
      }
      const lookedAtMs = clock.now();
      const situation = await look(world, lanes, memory);
      const { actions, standings, adoptions } = leaveFlappingAlone(plan(situation), world);
      for (const adoption of adoptions) ledger.adopt(adoption);
      if (adoptions.length > 0) continue;

      const heldBack = startLanes(actions);
      settle(situation, standings, heldBack);
      const { wants } = world.wants.readAll();
      world.records.keepOnly(wants);
      world.ports.removePast(clock.now(), new Set(wants.map(({ device }) => device)));

      if (until() || clock.now() >= endMs) break;
      const dueInMs = retries.nextDueInMs(lookedAtMs);
      const busy = lanes.anyBusy();
      idleSinceMs = busy || dueInMs !== undefined ? undefined : (idleSinceMs ?? clock.now());
      const lingerLeftMs = idleSinceMs === undefined ? Infinity : idleSinceMs + lingerMs - clock.now();
      if (wake.isSet()) continue;
      if (lingerLeftMs <= 0) break;
      await bell.waitAtMost(Math.min(dueInMs ?? Infinity, lingerLeftMs, endMs - clock.now()), clock);
    }
  } finally {
    unwatch();
    // Nothing may work on when the lock is let go: what virsh does now is waited for, the rest is left to the next.
    ending = true;
    if (lanes.anyBusy() || retries.nextDueInMs(-Infinity) !== undefined) wake.set();
    while (lanes.anyBusy()) await bell.waitAtMost(Infinity, clock);
  }

  /** Starts what is due, a lane a domain, and tells for which wants something has to wait for its next try. */
  function startLanes(actions: readonly Action[]): Set<string> {
    const byLane = new Map<string, Action[]>();
    const heldBack = new Set<string>();
    for (const action of actions) {
      const key = actionKey(action);
      if (!retries.isDue(key)) {
        heldBack.add(key);
        continue;
      }
      if (action.kind === 'attach') ledger.beginAttach(action.want);
      else if (action.want !== undefined) ledger.begin(action.want);
      const lane = laneOf(action.uri, action.domain);
      if (!lanes.isBusy(lane)) byLane.set(lane, [...(byLane.get(lane) ?? []), action]);
    }
    for (const [lane, laneActions] of byLane) {
      lanes.start(lane, async () => {
        for (const action of laneActions) if (!ending) await act(action);
        forgetLive(memory, lane);
      });
    }
    return heldBack;
  }

  /** What else its domain was to be given came first, and took its time. */
  function isStillWanted(want: Want): boolean {
    const onFile = world.wants.read(want);
    if (onFile === undefined || onFile.released || onFile.claimedAtMs !== want.claimedAtMs) return false;
    return pluggedDevice(want, world.readPlugged()) !== undefined;
  }

  async function act(action: Action): Promise<void> {
    // Its number may be another device's by now. The next look tells what became of it.
    if (action.kind === 'attach' && !isStillWanted(action.want)) return;
    const key = actionKey(action);
    const trouble = await carryOut(action, world);
    if (trouble === undefined) {
      retries.clear(key);
      if (action.kind === 'attach') return;
      // A port or a device is free now, which may be what kept another attach back.
      retries.wake();
      if (action.want === undefined) world.log(describeGhost(action.hostdev.alias, action.domain.name));
      else ledger.noteDetached(action.want);
      return;
    }
    // Where virsh failed the domain may have stopped or the daemon gone: ask again who runs.
    if (trouble.reason !== 'not-in-live-xml') memory.running.delete(action.uri);
    retries.note(key, trouble);
    world.log({ severity: 'debug', text: `${action.kind} ${key}: ${trouble.reason} ${trouble.said}` });
  }

  /** Writes down how each want stands: as the plan judged it, or as the last try of its action ended. */
  function settle(
    { wants, plugged }: Situation,
    standings: ReadonlyMap<Want, Standing>,
    heldBack: ReadonlySet<string>,
  ): void {
    for (const want of wants) {
      const keys = [detachKey(want), recordKey(want)];
      const heldKey = keys.find((key) => heldBack.has(key));
      // What keeps a want from being acted on is looked at again at its own pace, and delays no later action.
      const obstacleKey = `${recordKey(want)} obstacle`;
      const judged = standings.get(want);
      if (judged !== undefined) {
        for (const key of keys) retries.clear(key);
        if (judged.kind === 'waiting' || judged.kind === 'leaving') retries.note(obstacleKey, judged);
        else retries.clear(obstacleKey);
      }
      const trouble = heldKey === undefined ? undefined : retries.troubleOf(heldKey);
      const standing = judged ?? standingIn(trouble, want, plugged);
      if (standing === undefined) continue;
      const fleeting = (standing.kind === 'waiting' || standing.kind === 'leaving') && isFleeting(standing.reason);
      ledger.settle(want, standing, {
        announce:
          !isToldAlready(standing) &&
          (!fleeting || retries.isLasting((judged === undefined && heldKey) || obstacleKey)),
        acted: judged === undefined,
      });
    }
  }
}

/** How a want stands whose last action failed. */
function standingIn(trouble: Trouble | undefined, want: Want, plugged: Situation['plugged']): Standing | undefined {
  if (trouble === undefined) return undefined;
  const wanted = pluggedDevice(want, plugged) !== undefined && !want.released;
  const { reason, said } = trouble;
  return wanted ? { kind: 'waiting', reason, said } : { kind: 'leaving', reason, said };
}

/** Wants by device and number; a ghost, which no want speaks for, by its alias. */
function actionKey(action: Action): string {
  if (action.kind === 'attach') return recordKey(action.want);
  return action.want === undefined ? action.hostdev.alias : detachKey(action.want);
}

/** Of its own, for no trouble with an attach may hold back the detach that is the way out of it. */
function detachKey(want: Want): string {
  return `${recordKey(want)} detach`;
}

/** Wakes the loop up: for `wake`, for the end of a lane. A ring while nobody waits is kept. */
function openBell() {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wakeUp?.();
    },
    waitAtMost: async (limitMs: number, clock: Clock) => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const forget = Number.isFinite(limitMs) ? clock.after(limitMs, resolve) : () => undefined;
          wakeUp = () => {
            forget();
            resolve();
          };
        });
      }
      wakeUp = undefined;
      rung = false;
    },
  };
}
