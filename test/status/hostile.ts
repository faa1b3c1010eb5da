/** Text that tries to be more than text, and trees of HTML to see whether it succeeded. */
import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, parse, parseFragment } from 'parse5';

type Node = DefaultTreeAdapterTypes.Node;

const PIECES = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '</code></td></tr></table>',
  '</pre><h1>owned</h1>',
  '<!--',
  '-->',
  '<!-- mayfly:main:tt-other -->',
  '@octocat',
  '#12',
  'https://evil.example/x',
  'www.evil.example',
  'mail@evil.example',
  '[link](https://evil.example)',
  '![pixel](https://evil.example/p.png)',
  '| a | b |',
  '\\|',
  '`',
  '```',
  '~~~~',
  '````js',
  '\n\n# heading\n\n',
  '\r\n',
  '\n</details>\n',
  '"',
  "'",
  '&lt;b&gt;',
  '&#64;octocat',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  '\u2028',
  '\ud800',
  '$& $1',
  '${7*7}',
];

export const hostile: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ unit: 'binary', maxLength: 8 })), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

export interface Shape {
  /** Names of all elements, each with its attributes, in order. */
  readonly elements: readonly string[];
  /** Text outside `<code>` and `<pre>`, where GitHub looks for mentions and links. */
  readonly prose: string;
  /** All text inside `<pre>`. */
  readonly pre: string;
}

export function shapeOfPage(html: string): Shape {
  return shapeOf(parse(html));
}

export function shapeOfFragment(html: string): Shape {
  return shapeOf(parseFragment(html));
}

function shapeOf(root: Node): Shape {
  const elements: string[] = [];
  let prose = '';
  let pre = '';
  const walk = (node: Node, within: ReadonlySet<string>): void => {
    if ('value' in node && !within.has('code') && !within.has('pre')) prose += node.value;
    if ('value' in node && within.has('pre')) pre += node.value;
    if ('tagName' in node) elements.push([node.tagName, ...node.attrs.map(({ name }) => name)].join(' '));
    const inner = 'tagName' in node ? new Set([...within, node.tagName]) : within;
    for (const child of 'childNodes' in node ? node.childNodes : []) walk(child, inner);
  };
  walk(root, new Set());
  return { elements, prose, pre };
}
