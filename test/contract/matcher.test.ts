/** Finding the operation of a request: the matcher of paths and the reader of targets. */
import { contractDocument, readContract } from '../../src/platform/contract/document/contract';
import { Matcher } from '../../src/platform/contract/http/matcher';
import { splitTarget } from '../../src/platform/contract/http/target';

function matcherOf(...paths: string[]): Matcher<string> {
  const matcher = new Matcher<string>();
  for (const path of paths) matcher.add('GET', path, path);
  return matcher;
}

const matched = (matcher: Matcher<string>, path: string) => {
  const found = matcher.match(path);
  return found && [found.route.methods.get('GET'), found.params];
};

test('every operation of the contract is found at its path, with the values of its parameters', () => {
  const { operations } = readContract(contractDocument);
  const matcher = new Matcher<string>();
  for (const { method, path, id } of operations) matcher.add(method.toUpperCase(), path, id);
  for (const { method, path, id } of operations) {
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name as string);
    const found = matcher.match(path.replace(/\{([^}]+)\}/g, 'x-$1'));
    expect(found?.route.methods.get(method.toUpperCase())).toBe(id);
    expect(found?.params).toEqual(Object.fromEntries(names.map((name) => [name, `x-${name}`])));
  }
});

test('a concrete path matches before a templated one, in either order', () => {
  for (const paths of [
    ['/a/{x}', '/a/b'],
    ['/a/b', '/a/{x}'],
  ]) {
    const matcher = matcherOf(...paths);
    expect(matched(matcher, '/a/b')).toEqual(['/a/b', {}]);
    expect(matched(matcher, '/a/c')).toEqual(['/a/{x}', { x: 'c' }]);
  }
});

test('a concrete segment that leads nowhere does not hide a templated one', () => {
  const matcher = matcherOf('/a/b/c', '/a/{x}/d');
  expect(matched(matcher, '/a/b/d')).toEqual(['/a/{x}/d', { x: 'b' }]);
  expect(matched(matcher, '/a/b/e')).toBeUndefined();
});

test('a parameter is decoded, is not empty and does not contain a slash', () => {
  const matcher = matcherOf('/a/{x}/c', '/f/{secret}.ics');
  expect(matched(matcher, '/a/%C3%A9%2Fb/c')).toEqual(['/a/{x}/c', { x: 'é/b' }]);
  expect(matched(matcher, '/a//c')).toBeUndefined();
  expect(matched(matcher, '/a/b/c/')).toBeUndefined();
  expect(matched(matcher, '/f/a.b.ics')).toEqual(['/f/{secret}.ics', { secret: 'a.b' }]);
  expect(matched(matcher, '/f/.ics')).toBeUndefined();
});

test('names of Object.prototype are ordinary segments', () => {
  const matcher = matcherOf('/a/{x}');
  expect(matched(matcher, '/__proto__/constructor')).toBeUndefined();
  expect(matched(matcher, '/a/__proto__')).toEqual(['/a/{x}', { x: '__proto__' }]);
});

test('Allow lists the methods of the path, and HEAD where there is a GET', () => {
  const matcher = matcherOf('/a');
  matcher.add('PATCH', '/a', 'change');
  matcher.add('POST', '/b', 'create');
  expect(matcher.match('/a')?.route.allow).toBe('GET, PATCH, HEAD, OPTIONS');
  expect(matcher.match('/b')?.route.allow).toBe('POST, OPTIONS');
  expect(matcher.match('/a')?.route.methods.get('HEAD')).toBe('/a');
});

test.each([
  ['/a', '/a', ''],
  ['/a?b=c?d', '/a', 'b=c?d'],
  ['/a?', '/a', ''],
  ['/a#b?c', '/a', ''],
  ['http://host:80/a?b', '/a', 'b'],
  ['HTTPS://host/a', '/a', ''],
  ['http://host?b', '', 'b'],
  ['//host/a', '//host/a', ''],
  ['*', '*', ''],
])('the target %s has the path %s and the query %s', (target, path, query) => {
  expect(splitTarget(target)).toEqual({ path, query });
});
