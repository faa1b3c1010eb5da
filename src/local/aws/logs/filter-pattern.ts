/** CloudWatch's filter patterns for plain text: all terms, `?any ?of`, `-none`, `"a phrase"`. */
import { ApiError } from '../service.ts';

/** Throws InvalidParameterException for patterns over JSON or space-delimited fields: they are not offered here. */
export function compilePattern(pattern: string): (message: string) => boolean {
  if (/^\s*[{[%]/.test(pattern)) {
    throw new ApiError('InvalidParameterException', 'Invalid filter pattern: only plain terms are supported locally');
  }
  const terms = [...pattern.matchAll(/([?-]?)(?:"([^"]*)"|(\S+))/g)].map((match) => ({
    kind: match[1],
    text: match[2] ?? match[3] ?? '',
  }));
  const required = terms.filter((term) => term.kind === '');
  const optional = terms.filter((term) => term.kind === '?');
  const excluded = terms.filter((term) => term.kind === '-');
  return (message) => {
    const has = (term: { text: string }): boolean => message.includes(term.text);
    // CloudWatch ignores ? terms beside required ones.
    const any = optional.length === 0 || required.length > 0 || optional.some(has);
    return any && required.every(has) && !excluded.some(has);
  };
}
