/** Checks the AsyncAPI document: its form, and its examples against its schemas. */
import { Document, Spectral } from '@stoplight/spectral-core';
import { Json } from '@stoplight/spectral-parsers';
import { asyncapi } from '@stoplight/spectral-rulesets';
import { asyncApiText, errorsOfEvent, eventSchemas } from '../support/asyncapi';

const document = JSON.parse(asyncApiText);

test('the document follows all rules of Spectral for AsyncAPI', async () => {
  const spectral = new Spectral();
  spectral.setRuleset({ extends: [[asyncapi as never, 'all']] });
  const found = await spectral.run(new Document(asyncApiText, Json));
  const messages = found.map(({ code, path, message }) => `${code} ${path.join('/')}: ${message}`);
  // The operator of the service is the contact and has the servers. Fewer tools know AsyncAPI 3.1 than 3.0.
  const exceptions =
    /^asyncapi-(3-)?(info-contact|info-license-url|tags|latest-version|server-not-example-com) /;
  expect(messages.filter((each) => !exceptions.test(each))).toEqual([]);
});

test('the document describes every webhook except the test', () => {
  expect(eventSchemas).toEqual([
    'TaskEvent',
    'ProfileEvent',
    'ProjectEvent',
    'TagEvent',
    'CompletionEvent',
    'ChangeEvent',
    'ResetEvent',
  ]);
});

test.each(eventSchemas)('the example of %s fits its schema, and no other event without its type', (name) => {
  const [{ payload }] = document.components.messages[name].examples;
  expect(errorsOfEvent(name, payload)).toEqual([]);
  expect(errorsOfEvent(name, { ...payload, specversion: '2.0' })).toHaveLength(1);
  if (name !== 'ChangeEvent')
    expect(errorsOfEvent(name, { ...payload, type: 'other.created' })).toHaveLength(1);
});
