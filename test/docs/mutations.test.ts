import { readFileSync } from 'node:fs';
import { mutations } from '../../scripts/mutations/list';
import { projectPath } from '../../src/platform/paths';

test.each(mutations.map((each) => [each.effect, each] as const))(
  'the text of the mutation "%s" occurs once',
  (_effect, { file, find }) => {
    expect(readFileSync(projectPath(file), 'utf8').split(find)).toHaveLength(2);
  },
);
