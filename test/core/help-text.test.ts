import assert from 'node:assert/strict';
import test from 'node:test';
import { complete } from '../../src/core/completion.js';
import { parseHelp } from '../../src/core/help-text.js';
import { helpOfVerbs, writeManPage } from '../../src/core/man-page.js';

/** A program with a verb that holds a verb. */
const helps: Record<string, string> = {
  '': `prog VERB

Does it. Really.

Commands:
  prog attach <device> <domain>  Give it
  prog import                    Read what others wrote

Options:
      --help     Show help  [boolean]
  -q, --quiet    Say less  [boolean] [default: false]

Exit codes: 0 done, 1 failed
.dotted and 'quoted' \\ notes`,
  attach: `prog attach <device> <domain>

Give it

Positionals:
  device  Which  [string] [required]
  domain  Whose  [string] [required]

Options:
      --help  Show help  [boolean]
  -u, --uri   Where  [string]`,
  import: `prog import

Read what others wrote

Commands:
  prog import eve <file>  EVE's

Options:
  --help  Show help  [boolean]`,
  'import eve': `prog import eve <file>

EVE's

Positionals:
  file  A file  [string] [required]

Options:
  --help  Show help  [boolean]`,
};
const helpOf = (words: readonly string[]) => Promise.resolve(parseHelp(helps[words.join(' ')] ?? '', 'prog'));

test('help is taken apart into what it tells', async () => {
  const help = await helpOf([]);
  assert.equal(help.about, 'Does it. Really.');
  assert.deepEqual(
    help.verbs.map(({ term }) => term),
    ['attach <device> <domain>', 'import'],
  );
  assert.deepEqual(help.options[1], { term: '-q, --quiet', text: 'Say less', values: '[boolean] [default: false]' });
  assert.equal(help.notes.length, 2);
});

for (const [words, expected] of [
  [['attach', ''], 'devices'],
  [['attach', '1-1', ''], 'domains'],
  [['attach', '-u', 'x', '1-1', ''], 'domains'],
  [['attach', '-u', ''], 'nothing'],
  [['attach', '1-1', 'win10', ''], 'nothing'],
  [['attach', '-'], '--help -u --uri'],
  [['imp'], 'attach import'],
  [['import', ''], 'eve'],
  [['import', 'eve', ''], 'nothing'],
] as const) {
  test(`after "${words.join(' ')}" comes: ${expected}`, async () => {
    const completion = await complete(words, helpOf);
    assert.equal(
      completion.kind === 'words' ? completion.words.map(({ term }) => term).join(' ') : completion.kind,
      expected,
    );
  });
}

test('a verb that holds verbs is told by those in the manual page, and nothing in it is an order to roff', async () => {
  const help = await helpOf([]);
  const page = writeManPage('prog', '1.0', help, await helpOfVerbs(help, helpOf));
  assert.deepEqual(
    [...page.matchAll(/^\.SS (.*)$/gm)].map(([, verb]) => verb),
    ['attach <device> <domain>', 'import eve <file>'],
  );
  assert.match(page, /^\.B \\-u, \\-\\-uri \\fIWORD\\fR\nWhere$/m);
  assert.match(page, /^\.SH EXIT CODES\n0 done, 1 failed$/m);
  assert.match(page, /^\\&\.dotted and 'quoted' \\e notes$/m);
});
