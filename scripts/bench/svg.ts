/** Parts of the SVG plots. */

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function svgText(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${y}"${attributes}>${escapeText(content)}</text>`;
}

/** @returns a complete SVG document, with a white background so that it is readable on any page */
export function svgDocument(
  title: string,
  { width, height, fontSize }: { width: number; height: number; fontSize: number },
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"` +
      ` font-family="system-ui, sans-serif" font-size="${fontSize}" fill="#1f2328">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}
