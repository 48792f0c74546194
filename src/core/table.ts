import { eastAsianWidth } from 'get-east-asian-width';

/**
 * Rows as columns, two blanks between them, no wider than `width`: the column `yielding` is made narrower first, and
 * what is too long then is cut, with "…" at its end. Widths are a terminal's: some characters take two columns, some none.
 */
export function formatTable(rows: readonly (readonly string[])[], width: number, yielding?: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  if (yielding !== undefined) {
    const natural = widths[yielding] ?? 0;
    const excess = widths.reduce((sum, one) => sum + one + gap, -gap) - width;
    widths[yielding] = Math.min(natural, Math.max(narrowest, natural - Math.max(0, excess)));
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const shown = column === yielding ? cut(cell, widths[column] ?? 0) : cell;
      return shown + ' '.repeat((widths[column] ?? 0) - widthOf(shown));
    });
    return cut(cells.join(' '.repeat(gap)).trimEnd(), width);
  });
}

const gap = 2;
const narrowest = 16;

/** A text that is no wider than so many columns, "…" in place of what is too much. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

/** In a terminal's columns. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!/\p{Mark}|\p{Cf}/u.test(character)) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  }
  return width;
}
