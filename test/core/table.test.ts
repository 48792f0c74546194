import assert from 'node:assert/strict';
import test from 'node:test';
import { cut, formatTable } from '../../src/core/table.js';

test('columns stand under each other, whatever a character is wide', () => {
  assert.deepEqual(
    formatTable(
      [
        ['PORT', 'DEVICE', 'STATE'],
        ['1-1', '鼠标', 'free'],
        ['1-10', 'e\u0301t', 'free'],
      ],
      Infinity,
    ),
    ['PORT  DEVICE  STATE', '1-1   鼠标    free', '1-10  e\u0301t      free'],
  );
  assert.deepEqual(formatTable([], 80), []);
});

test('a line that is too long for the terminal is cut, with a sign that it was', () => {
  assert.deepEqual(formatTable([['1-1', 'waiting: the domain is not running']], 20), ['1-1  waiting: the d…']);
  assert.equal(cut('鼠标鼠标', 5), '鼠标…');
  assert.equal(cut('12345', 5), '12345');
});
