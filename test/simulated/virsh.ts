// The fake virsh inside this process and in simulated time, for one libvirt.
import { isDeepStrictEqual } from 'node:util';
import type { Ending, Program } from '../../src/host/program.js';
import { parseMark } from '../../src/core/mark.js';
import { answer } from '../fake/libvirt.mjs';
import { newState, plugHostDevice, unplugHostDevice, type State } from '../fake/world.mjs';
import { Killed, operate, realFs, type SimulatedProcess } from './process.js';
import type { Time } from './time.js';
import { kinds, type Plugged } from './usb.js';

/** From the start of a virsh to what it does, and from there to its answer. */
const toEffectMs = 15;
const toAnswerMs = 15;

/** A run of virsh on its way. */
interface Run {
  readonly owner: SimulatedProcess;
  /** What it does is not done yet, and will not be. */
  forget: () => void;
  /** The same is done, but so much later. */
  delay: (byMs: number) => void;
}

/** A domain, and the alias of a hostdev of it. */
interface Place {
  readonly domain: string;
  readonly alias: string;
}

export function openLibvirt(time: Time) {
  const runs = new Set<Run>();
  const faults: string[] = [];
  const attached: Place[] = [];
  const tornOut: Place[] = [];
  const libvirt = {
    state: newState(),
    /** The next runs whose arguments hold the word take effect that much later: a domain's job lock. */
    slow: [] as { word: string; ms: number }[],
    /** What the product did that it must never do. */
    faults,
    /** Every attachment that was made, in order. */
    attached,
    /** Every device that was taken from a guest which had it, while it was plugged in. */
    tornOut,

    virshOf:
      (owner: SimulatedProcess): Program =>
      (args, limitMs) =>
        new Promise((resolve) => {
          try {
            operate(owner);
          } catch (death) {
            if (death instanceof Killed) return;
            throw death;
          }
          start(owner, args, limitMs, resolve);
        }),

    plug({ kind, busNumber, deviceNumber }: Plugged): void {
      const { vendorId, productId } = kinds[kind];
      plugHostDevice(libvirt.state, { bus: busNumber, device: deviceNumber, vendorId, productId });
    },

    unplug({ busNumber, deviceNumber }: Plugged): void {
      unplugHostDevice(libvirt.state, { bus: busNumber, device: deviceNumber });
    },

    /** Whether a domain has a hostdev of that number that is not ours. */
    isOthers: (busNumber: number, deviceNumber: number): boolean =>
      libvirt.state.domains.some(({ hostdevs }) =>
        hostdevs.some(
          ({ bus, device, alias }) => bus === busNumber && device === deviceNumber && parseMark(alias) === undefined,
        ),
      ),

    /** Its runs of virsh die with it. What libvirt has been asked already it may do all the same, and late. */
    abandon(owner: SimulatedProcess, stillDone: boolean, lateMs: number): void {
      for (const run of runs) {
        if (run.owner !== owner) continue;
        if (stillDone) run.delay(lateMs);
        else run.forget();
      }
    },
  };
  return libvirt;

  function start(
    owner: SimulatedProcess,
    args: readonly string[],
    limitMs: number,
    resolve: (ending: Ending) => void,
  ): void {
    const document = readDocument(args.at(-1) ?? '');
    const slowness = libvirt.slow.findIndex(({ word }) => args.includes(word));
    const slowMs = slowness < 0 ? 0 : (libvirt.slow.splice(slowness, 1)[0]?.ms ?? 0);
    let forgetAnswer: () => void = () => undefined;
    const run: Run = { owner, forget: time.after(toEffectMs + slowMs, takeEffect), delay };
    runs.add(run);
    const forgetLimit = time.after(limitMs, () => {
      end({ kind: 'timed-out', stdout: '', stderr: '', status: 'SIGTERM' });
    });

    function delay(byMs: number) {
      run.forget();
      run.forget = time.after(byMs, takeEffect);
    }

    function takeEffect() {
      runs.delete(run);
      const { state, stdout, stderr, exitCode, hangMs, killed } = answer(libvirt.state, args, () => document());
      watch(args, libvirt.state, state);
      libvirt.state = state;
      forgetAnswer = time.after(toAnswerMs + hangMs, () => {
        end({ kind: exitCode === 0 ? 'done' : 'failed', stdout, stderr, status: killed ? 'SIGKILL' : exitCode });
      });
    }

    function end(ending: Ending) {
      forgetLimit();
      forgetAnswer();
      try {
        operate(owner);
      } catch (death) {
        if (death instanceof Killed) return;
        throw death;
      }
      resolve(ending);
    }
  }

  function watch(args: readonly string[], before: State, after: State): void {
    const theirs = foreignHostdevs(before);
    if (!isDeepStrictEqual(theirs, foreignHostdevs(after))) {
      faults.push(`virsh ${args.slice(3).join(' ')} changed a hostdev that is not ours: ${JSON.stringify(theirs)}`);
    }
    for (const [index, { name, hostdevs }] of after.domains.entries()) {
      const held = before.domains[index]?.hostdevs ?? [];
      for (const { alias } of hostdevs) {
        if (held.every((hostdev) => hostdev.alias !== alias)) attached.push({ domain: name, alias });
      }
      for (const { alias, lost, missing } of held) {
        const stays = hostdevs.some((hostdev) => hostdev.alias === alias);
        if (!stays && !lost && !missing) tornOut.push({ domain: name, alias });
      }
    }
  }
}

export type Libvirt = ReturnType<typeof openLibvirt>;

/** All that do not carry our mark, by domain. No rule names their devices. */
function foreignHostdevs({ domains }: State) {
  return domains.map(({ name, hostdevs }) => [name, hostdevs.filter(({ alias }) => parseMark(alias) === undefined)]);
}

/** virsh reads it when it starts, and finds it missing only when it is at it. */
function readDocument(path: string): () => string {
  try {
    const text = path.endsWith('.xml') ? realFs.readFileSync(path, 'utf8') : '';
    return () => text;
  } catch (error) {
    return () => {
      throw error as Error;
    };
  }
}
