import { isAllowedOrigin } from '../../../src/platform/auth/origin';
import { requestWith } from './support';

const ALLOWED = new Set([
  'https://app.example.com',
  'http://localhost:3000',
  'https://*.example.com',
  'null',
]);

const isAllowed = (...origins: string[]) =>
  isAllowedOrigin(requestWith(origins.map((origin) => ['Origin', origin])), ALLOWED);

test.each(['https://app.example.com', 'http://localhost:3000'])('%s is allowed', (origin) => {
  expect(isAllowed(origin)).toBe(true);
});

test.each([
  'null',
  '',
  'https://app.example.com/',
  'https://APP.example.com',
  'https://app.example.com:443',
  'http://app.example.com',
  'https://preview.example.com',
  'https://app.example.com.evil.example',
  'https://evil.example/https://app.example.com',
  'https://app.example.com https://evil.example',
  'localhost:3000',
])('%j is not allowed', (origin) => {
  expect(isAllowed(origin)).toBe(false);
});

test('a missing origin is not allowed', () => {
  expect(isAllowed()).toBe(false);
});

test('two origins are not allowed', () => {
  expect(isAllowed('https://app.example.com', 'https://app.example.com')).toBe(false);
});

test('a Referer header does not replace a missing origin', () => {
  expect(isAllowedOrigin(requestWith([['Referer', 'https://app.example.com/']]), ALLOWED)).toBe(false);
});
