// Runs the tests: first the quick ones, with the making of the rig's machines beside them, then the rig's, each of which
// is a whole machine, two at a time.
// `npm test` runs all; `npm test -- test/core` only those files whose path holds one of the words.
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const words = process.argv.slice(2);
const chosen = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file}`)
  .filter((file) => /\.test\.(ts|mjs)$/.test(file) && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort();
const images = 'test/rig/images.test.ts';
// The longest first, so that at the end neither of the two waits long for the other.
const longest = ['boots', 'replugging', 'plug-and-unplug', 'installed-host', 'commands', 'starts-and-saves'].map(
  (name) => `test/rig/${name}.test.ts`,
);
const quick = chosen.filter((file) => !file.startsWith('test/rig/'));
const others = chosen.filter((file) => file !== images && ![...quick, ...longest].includes(file));

const counts = { pass: 0, fail: 0, skipped: 0 };
await runFiles([...chosen.filter((file) => file === images), ...quick], 3);
await runFiles([...longest.filter((file) => chosen.includes(file)), ...others], 2);

if (process.env['CI'] !== undefined && counts.skipped > 0) {
  process.stdout.write('Here nothing may be skipped: what was skipped counts as failed.\n');
  counts.fail += counts.skipped;
}
if (counts.pass + counts.fail === 0) process.exitCode = 1;
if (counts.fail > 0) process.exitCode = 1;
process.stdout.write(
  `${counts.pass} passed, ${counts.fail} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`,
);

async function runFiles(files: string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const results = run({ files, concurrency, timeout: 30 * 60_000 });
  results.on('test:diagnostic', ({ nesting, message }) => {
    const match = /^(pass|fail|cancelled|skipped) (\d+)$/.exec(message);
    if (nesting > 0 || match === null) return;
    const kind = match[1] === 'cancelled' ? 'fail' : (match[1] as keyof typeof counts);
    counts[kind] += Number(match[2]);
  });
  for await (const chunk of results.pipe(new spec())) process.stdout.write(String(chunk));
}
