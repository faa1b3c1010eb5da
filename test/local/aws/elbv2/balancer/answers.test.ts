import { describe, expect, it } from 'vitest';
import { errorAnswer, redirectLocation } from '../../../../../src/local/aws/elbv2/balancer/answers.ts';

const keep = {
  type: 'redirect',
  statusCode: 'HTTP_302',
  protocol: '#{protocol}',
  port: '#{port}',
  host: '#{host}',
  path: '/#{path}',
  query: '#{query}',
} as const;
const request = { host: 'a.localhost:8000', url: '/x/y?z=1', port: 8000 };

describe('redirects', () => {
  it.each([
    ['to another host', { host: 'b.localhost' }, 'http://b.localhost:8000/x/y?z=1'],
    ['to a host made of the old one', { host: 'www.#{host}' }, 'http://www.a.localhost:8000/x/y?z=1'],
    ['to the port that needs no naming', { port: '80' }, 'http://a.localhost/x/y?z=1'],
    ['to HTTPS', { protocol: 'HTTPS', port: '443' }, 'https://a.localhost/x/y?z=1'],
    [
      'to a path made of parts',
      { path: '/#{host}/#{port}/#{path}' },
      'http://a.localhost:8000/a.localhost/8000/x/y?z=1',
    ],
    ['without the query', { query: '' }, 'http://a.localhost:8000/x/y'],
    ['with more of a query', { query: '#{query}&new=1' }, 'http://a.localhost:8000/x/y?z=1&new=1'],
    ['leaving unknown placeholders', { path: '/#{other}' }, 'http://a.localhost:8000/#{other}?z=1'],
  ])('%s', (_name, change, expected) => {
    expect(redirectLocation({ ...keep, ...change }, request)).toBe(expected);
  });
});

describe('errors of the load balancer itself', () => {
  it.each([
    [502, '502 Bad Gateway'],
    [503, '503 Service Temporarily Unavailable'],
    [504, '504 Gateway Time-out'],
  ] as const)('%i', (status, title) => {
    expect(errorAnswer(status).body).toBe(
      `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
    );
  });
});
