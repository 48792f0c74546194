// What systemd starts: the worker, which lingers a little and ends.
import { parseArgs } from 'node:util';
import { defaultUriFrom } from './core/domain.js';
import { takeLock } from './host/lock.js';
import { openLog } from './host/log.js';
import { placesFrom } from './host/places.js';
import { wakeIn } from './host/wake.js';

const lingerDefault = '10';
// A command that works by itself keeps the lock for two minutes, and for as long as its last virsh takes.
const lockWaitMs = 180_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      verbose: { type: 'boolean', default: false },
      'linger-seconds': { type: 'string', default: lingerDefault },
    },
  });
  const places = placesFrom(process.env);
  const log = openLog({
    verbose: values.verbose,
    terminal: () => process.stderr.isTTY,
    syslogSocket: places.syslogSocket,
    path: places.path,
    journal: process.env['JOURNAL_STREAM'] !== undefined,
    print: (line) => process.stderr.write(`${line}\n`),
  });
  try {
    const uri = defaultUriFrom(process.env);
    const wake = wakeIn(places.runDirectory);
    const { runWorker } = await import('./worker.js');
    const lock = await takeLock(places, lockWaitMs);
    if (lock === undefined) {
      throw new Error(`another worker has kept the lock in ${places.runDirectory} for ${lockWaitMs / 1000} s`);
    }
    await runWorker(lock, places, uri, log.write, {
      lingerMs: (Number(values['linger-seconds']) || 0) * 1000,
      until: () => wake.isHandoverAsked(),
    });
  } catch (error) {
    log.write({ severity: 'error', text: `the worker failed and is started again: ${String(error)}` });
    process.exitCode = 1;
  } finally {
    await log.close();
  }
}

void main();
