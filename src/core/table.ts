import { eastAsianWidth } from 'get-east-asian-width';

/**
 * Rows as columns, two blanks between them, no wider than `width`: the last column that does not fit is cut, with
 * "…" at its end. Widths are a terminal's: some characters take two columns, some none.
 */
export function formatTable(rows: readonly (readonly string[])[], width: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  return rows.map((row) => {
    const line = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))).join('  ');
    return cut(line.trimEnd(), width);
  });
}

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
