/** Renders the samples for React, as a server does. */
import { transformSync } from '@swc/core';
import { createElement, type FunctionComponent } from 'react';
import { renderToString } from 'react-dom/server';
import { samplesOf } from '../../scripts/samples/samples';
import { contractDocument } from '../../src/platform/contract/document/contract';
import * as react from '../src/react/index';

const samples = [...samplesOf(contractDocument)].flatMap(([id, each]) =>
  each.filter(({ label }) => label === 'React').map(({ source }) => [id, source] as const),
);

test.each(samples)('%s', (_id, source) => {
  const { code } = transformSync(source, {
    jsc: {
      target: 'es2024',
      parser: { syntax: 'typescript', tsx: true },
      transform: { react: { runtime: 'automatic' } },
    },
    module: { type: 'commonjs' },
  });
  const exported: Record<string, FunctionComponent> = {};
  const load = (name: string) => (name === '@tasklane/sdk/react' ? react : require(name));
  new Function('exports', 'require', code)(exported, load);
  const [component] = Object.values(exported) as [FunctionComponent];
  const page = createElement(
    react.TasklaneProvider,
    { baseUrl: 'http://127.0.0.1:8000', auth: 'none' },
    createElement(component),
  );
  expect(renderToString(page)).toMatch(/^<(button|ul|p)>/);
});
