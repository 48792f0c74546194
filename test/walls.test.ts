import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

test('core is pure: it imports nothing of the world', () => {
  for (const [file, imports] of importsUnder('src/core')) {
    for (const name of imports) {
      const allowed =
        /^\.\/[a-z-]+\.js$/.test(name) || ['node:path', 'node:url', 'get-east-asian-width', 'xml2js'].includes(name);
      assert.ok(allowed, `${file} imports ${name}`);
    }
  }
});

test('programs of the host have one door: execa is imported by one file', () => {
  const files = importsUnder('src').filter(([, imports]) => imports.includes('execa'));
  assert.deepEqual(
    files.map(([file]) => file),
    ['src/host/program.ts'],
  );
});

test('only entry points touch the process', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const touching = files.filter((file) => /process\.(env|argv|exit)/.test(readFileSync(`src/${file}`, 'utf8')));
  assert.deepEqual(
    touching.filter((file) => !['hook.ts', 'service.ts', 'cli.ts'].includes(file) && !file.startsWith('commands/')),
    [],
  );
});

function importsUnder(folder: string): [string, string[]][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      return [
        `${folder}/${file}`,
        [...text.matchAll(/(?:from |import |import\()'([^']+)'/g)].map((match) => match[1] ?? ''),
      ];
    });
}
